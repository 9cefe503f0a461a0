#!/usr/bin/env python3
"""Images whose tables lie: partitions that overlap, tables and chains that are damaged, data that
many places share. None may pass, and none may cost more than a sound image of its size.

    hostile_images.py --program imgval --builder mkfixture --volumes mkvolume
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import images  # noqa: E402

SECTOR = 512
MIB = 1 << 20
BASIC = bytes.fromhex("a2a0d0ebe5b9334487c068b6b72699c7")
SCAN = ("--no-wspc", "--firmware-version=1.0.0.1", "--manufacturer=CONTOSO", "--model=CT-100",
        "--operator=000-88")
MANIFESTS = 300


class Test(images.Test):
    def judged(self, path, *words):
        """The submission, the exit status, and seconds and bytes that the scan took."""
        started = time.monotonic()
        with open(self.place / "report.json", "wb") as out:
            run = subprocess.Popen([self.program, "scan", "--format=json", *SCAN, *words, path],
                                   cwd=self.place, env=self.env, stdin=subprocess.DEVNULL, stdout=out)
            _, status, usage = os.wait4(run.pid, 0)  # its readers are counted in
        run.returncode = os.waitstatus_to_exitcode(status)
        if run.returncode not in (0, 1, 3):
            sys.exit(f"{path}: {run.returncode}")
        found = json.loads((self.place / "report.json").read_bytes())["submissions"][0]
        return found, run.returncode, (time.monotonic() - started, usage.ru_maxrss)

    def wrong(self, what, path, rule, part, status=1):
        """The image is judged, and never passes: the rule says what is wrong."""
        found, got, _ = self.judged(path)
        reported = [f["message"] for f in found["findings"] if f["id"] == rule]
        self.check(got == status and found["verdict"] != "pass", f"{what}: status {got}")
        self.check(any(part in message for message in reported), f"{what}: {rule} says {reported}")
        return found


# ---- disks ----

def footer(size, kind=2, header=(1 << 64) - 1):
    """The end of a VHD."""
    data = bytearray(struct.pack(">8sIIQ", b"conectix", 2, 0x10000, header).ljust(SECTOR, b"\0"))
    struct.pack_into(">QQII", data, 40, size, size, 0, kind)
    struct.pack_into(">I", data, 64, ~sum(data) & 0xFFFFFFFF)
    return bytes(data)


def gpt_header(lba, other, entries_lba, end, entries, lies):
    fields = {"first": 34, "last": end - 33, "count": len(entries) // 128, "entry": 128, **lies}
    head = bytearray(struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, lba, other,
                                 fields["first"], fields["last"], b"disk".ljust(16, b"d"),
                                 entries_lba, fields["count"], fields["entry"],
                                 zlib.crc32(entries)))
    struct.pack_into("<I", head, 16, zlib.crc32(head))
    return bytes(head)


def gpt_entry(number, name, first, last):
    """A partition of the sectors from first to last."""
    return struct.pack("<16s16sQQQ72s", BASIC, struct.pack("<Q8x", number), first, last, 0,
                       name.encode("utf-16-le"))


def gpt_disk(test, path, partitions, size, volumes=(), backup=None, **lies):
    """A fixed VHD: `partitions` are (name, first sector, last sector), `volumes` (sector, file).
    `backup`: other partitions in the backup; `lies`: fields of both headers."""
    disk = bytearray(size)
    last = size // SECTOR - 1
    disk[446 + 4] = 0xEE
    struct.pack_into("<II", disk, 446 + 8, 1, last)
    disk[510:512] = b"\x55\xAA"
    def table(parts):
        return b"".join(gpt_entry(i + 1, *part) for i, part in enumerate(parts)).ljust(128 * 128, b"\0")
    for lba, other, entries_lba, parts in ((1, last, 2, partitions),
                                           (last, 1, last - 32, backup or partitions)):
        entries = table(parts)
        head = gpt_header(lba, other, entries_lba, last, entries, lies)
        disk[lba * SECTOR:lba * SECTOR + len(head)] = head
        disk[entries_lba * SECTOR:entries_lba * SECTOR + len(entries)] = entries
    for at, file in volumes:
        data = (test.place / file).read_bytes()
        disk[at * SECTOR:at * SECTOR + len(data)] = data
    (test.place / path).write_bytes(bytes(disk) + footer(size))


def mbr_disk(test, path, places, size, records=(), volumes=()):
    """`places`: (type, first sector, sectors); `records`: extended ones, (sector, its two places)."""
    disk = bytearray(size)
    for at, entries in ((0, places), *records):
        for i, (kind, first, count) in enumerate(entries):
            struct.pack_into("<BxxxBxxxII", disk, at * SECTOR + 446 + 16 * i, 0, kind, first, count)
        disk[at * SECTOR + 510:at * SECTOR + 512] = b"\x55\xAA"
    for at, file in volumes:
        data = (test.place / file).read_bytes()
        disk[at * SECTOR:at * SECTOR + len(data)] = data
    (test.place / path).write_bytes(bytes(disk) + footer(size))


# ---- what they are filled with ----

def build(test):
    """main.img: a MainOS of 8 MiB with 300 packages; small.img, other.img: a FAT of 1 MiB."""
    base = ("spkg", "Contoso.BASE.MainOS", "version=1.2.3.4", "")
    test.recipe(images.recipe_of([base], "/"), "loose")
    text = (test.place / "loose/Contoso.BASE.MainOS/man.dsm.xml").read_text(encoding="utf-8")
    folder = test.place / "main/Windows/Packages/DsmFiles"
    folder.mkdir(parents=True)
    for i in range(MANIFESTS):
        name = f"B{i:04}"
        (folder / f"Contoso.{name}.MainOS.dsm.xml").write_text(text.replace("BASE", name))
    test.tool(test.volumes, "ntfs", "8M", "main", "main.img")
    for name in ("small", "other"):
        (test.place / name / f"of {name}").mkdir(parents=True)
        test.tool(test.volumes, "fat12", "1M", name, f"{name}.img")


START = 2048
END = START + 8 * MIB // SECTOR - 1
SIZE = 16 * MIB


# ---- partitions ----

def overlaps(test):
    """One area under 128 names is read once."""
    gpt_disk(test, "one.vhd", [("MainOS", START, END)], SIZE, [(START, "main.img")])
    one, status, base = test.judged("one.vhd")
    test.check(status == 0 and one["counts"]["packages"] == MANIFESTS, f"one partition: {status}")
    gpt_disk(test, "many.vhd", [("MainOS" if i == 0 else f"P{i}", START, END) for i in range(128)],
             SIZE, [(START, "main.img")])
    many = test.wrong("128 partitions", "many.vhd", "IMG201", "partitions MainOS and P1 overlap")
    _, _, taken = test.judged("many.vhd")
    test.check(taken[0] < 5 * base[0] + 5 and taken[1] < 2 * base[1] + 32768,
               f"128 names for one area: {taken} seconds and KiB, one: {base}")
    reported = [f for f in many["findings"] if f["id"] == "IMG202"]
    test.check(reported and all(f["incomplete"] for f in reported) and
               "it overlaps partition MainOS, which was read" in reported[0]["message"],
               f"what is not read twice is reported: {reported[:1]}")
    test.check(sorted(p["path"] for p in many["packages"]) ==
               sorted(p["path"].replace("one.vhd", "many.vhd") for p in one["packages"]),
               "the packages of an area that is shared are counted once")
    # a partition without a file system that reaches into a volume hides nothing
    gpt_disk(test, "raw.vhd", [("DPP", START - 64, START + 8), ("MainOS", START, END)], SIZE,
             [(START, "main.img")])
    found = test.wrong("raw overlap", "raw.vhd", "IMG201", "partitions DPP and MainOS overlap")
    test.check(found["counts"]["packages"] == MANIFESTS, "MainOS is read all the same")
    # a volume inside another one
    gpt_disk(test, "inside.vhd", [("MainOS", START, END), ("PLAT", END - 2047, END)], SIZE,
             [(START, "main.img"), (END - 2047, "small.img")])
    test.wrong("a volume in a volume", "inside.vhd", "IMG202", "it overlaps partition MainOS")


def tables(test):
    """GPTs that cannot be, and what their findings say."""
    volume = [(START, "main.img")]
    main = ("MainOS", START, END)
    for what, partitions, part, lies in (
            ("no length", [main, ("PLAT", END + 9, END + 8)], "partition PLAT has the sectors", {}),
            ("no length at 0", [main, ("PLAT", 0, 0)], "partition PLAT has the sectors 0 to 0", {}),
            ("past the end of the disk", [main, ("PLAT", END + 1, 1 << 40)], "partition PLAT has the sectors", {}),
            ("all of 64 bits", [main, ("PLAT", 1, (1 << 64) - 1)], "to 18446744073709551615", {}),
            ("in the GPT", [main, ("PLAT", 2, 40)], "usable are 34 to", {}),
            ("many entries", [main], "number of entries at offset 80 is 4294967295", {"count": (1 << 32) - 1}),
            ("no entries", [main], "number of entries at offset 80 is 0", {"count": 0}),
            ("large entries", [main], "entry size at offset 84 is 2147483648", {"entry": 1 << 31}),
            ("odd entries", [main], "entry size at offset 84 is 129", {"entry": 129}),
            ("entries without room", [main], "GPT header in sector 1", {"count": 1024, "entry": 4096}),
            ("usable sectors", [main], "last usable sector", {"last": 1 << 50})):
        gpt_disk(test, "table.vhd", partitions, SIZE, volume, **lies)
        test.wrong(what, "table.vhd", "IMG201", part)
    gpt_disk(test, "table.vhd", [main], SIZE, volume, backup=[("MainOS", START, END - 1)])
    test.wrong("another backup", "table.vhd", "IMG201", "differ")
    gpt_disk(test, "table.vhd", [main], SIZE, volume)
    whole = (test.place / "table.vhd").read_bytes()
    for what, at in (("backup's header", SIZE - SECTOR + 40), ("backup's entries", SIZE - 33 * SECTOR + 60),
                     ("header", SECTOR + 40), ("entries", 2 * SECTOR + 60)):
        hurt = bytearray(whole)
        hurt[at] ^= 1
        (test.place / "table.vhd").write_bytes(hurt)
        found = test.wrong(what, "table.vhd", "IMG201", "checksum")
        test.check(found["counts"]["packages"] == MANIFESTS, f"{what}: the other copy is used")


def boot_records(test):
    count = END - START + 1
    main = (7, START, count)
    after = END + 1
    for what, places, records, part in (
            ("no length", [main, (12, after, 0)], [], "MBR partition 2 has 0 sectors"),
            ("past the end of the disk", [main, (12, after, 1 << 31)], [], "MBR partition 2 has 2147483648"),
            ("far away", [main, (12, (1 << 32) - 1, 1)], [], "from 4294967295 on"),
            ("overlap", [main, (12, START + 8, 64)], [], "overlap from byte"),
            ("a ring of one", [main, (5, after, 1000)],
             [(after, [(12, 1, 1), (5, 0, 100)])], "their chain is a ring"),
            ("a ring of two", [main, (5, after, 1000)],
             [(after, [(12, 1, 1), (5, 8, 8)]), (after + 8, [(12, 1, 1), (5, 0, 8)])],
             "their chain is a ring"),
            ("a chain out of the disk", [main, (15, after, 1000)],
             [(after, [(12, 1, 1), (5, 1 << 30, 8)])], "there is no extended boot record"),
            ("itself as its partition", [main, (15, after, 1000)],
             [(after, [(12, 0, 1 << 31), (0, 0, 0)])], "MBR partition 5 has 2147483648")):
        mbr_disk(test, "record.vhd", places, SIZE, records, [(START, "main.img")])
        found = test.wrong(what, "record.vhd", "IMG201", part)
        test.check(found["counts"]["packages"] == MANIFESTS, f"MBR, {what}: MainOS is read")


def sharing(test):
    """An FFU may write one block to many places: as many volumes, of which not all are read."""
    count = 70
    text = "ffu many.ffu platform=P dedupe {\n  store size=128M\n"
    text += f"  partition MainOS file={test.place}/main.img fs=NTFS\n"
    text += "".join(f"  partition P{i} file={test.place}/{('small', 'other')[i % 2]}.img fs=FAT\n"
                    for i in range(count))
    test.recipe(text + "}\n", "shared")
    test.wrong("70 volumes", "shared/many.ffu", "IMG005", "more than 64 file systems", 3)


# ---- VHD ----

def dynamic(test):
    """Fields of a dynamic VHD; its checksums are made right."""
    test.recipe(f"vhd a.vhd kind=dynamic size=16M {{\n  partition MainOS file={test.place}/main.img\n}}\n",
                "dynamic")
    whole = (test.place / "dynamic/a.vhd").read_bytes()
    head, = struct.unpack_from(">Q", whole, 16)
    table, = struct.unpack_from(">Q", whole, head + 16)
    used = [i for i in range(8) if whole[table + 4 * i:table + 4 * i + 4] != b"\xff" * 4]
    first = whole[table + 4 * used[0]:table + 4 * used[0] + 4]
    for what, at, data, part, is_header in (
            ("a block twice", table + 4 * used[1], first, "two entries of the block table share it", False),
            ("half a block", table + 4 * used[1], struct.pack(">I", struct.unpack(">I", first)[0] + 1),
             "two entries of the block table share it", False),
            ("a block past the end of the file", table + 4 * used[1], b"\x7f\xff\xff\xff", "does not lie within the file", False),
            ("the table past the end of the file", head + 16, struct.pack(">Q", 1 << 62), "table offset", True),
            ("many blocks", head + 28, b"\xff" * 4, "number of blocks", True),
            ("few blocks", head + 28, b"\0\0\0\1", "number of blocks", True),
            ("block size", head + 32, b"\0\0\0\0", "block size", True),
            ("checksum", head + 40, b"\1", "header checksum", False)):
        hurt = bytearray(whole)
        hurt[at:at + len(data)] = data
        if is_header:
            hurt[head + 36:head + 40] = bytes(4)
            struct.pack_into(">I", hurt, head + 36, ~sum(hurt[head:head + 1024]) & 0xFFFFFFFF)
        (test.place / "hurt.vhd").write_bytes(hurt)
        test.wrong(what, "hurt.vhd", "IMG101", part)


# ---- a WIM whose directories lead back ----

def wim_cycle(test):
    root = test.place / "ring"
    images.install(test, "loose", ["Contoso.BASE.MainOS"], root)
    (root / "Windows/ImageUpdate/Deep/Deeper").mkdir(parents=True)
    (root / "Windows/ImageUpdate/Deep/Deeper/file").write_bytes(b"x")
    test.tool(test.volumes, "wim-none", "0", "ring", "ring.wim")
    test.check(test.judged("ring.wim")[1] == 0, "the WIM without a ring passes")
    data = bytearray((test.place / "ring.wim").read_bytes())
    size, table = struct.unpack_from("<Q", data, 48)[0] & (1 << 56) - 1, struct.unpack_from("<Q", data, 56)[0]
    entry = next(at for at in range(table, table + size, 50) if data[at + 7] & 2)
    length, start = struct.unpack_from("<Q", data, entry)[0] & (1 << 56) - 1, struct.unpack_from("<Q", data, entry + 8)[0]
    def subdir(name):
        at = data.index(name.encode("utf-16-le"), start, start + length) - 102
        return at + 16
    data[subdir("Deeper"):subdir("Deeper") + 8] = data[subdir("ImageUpdate"):subdir("ImageUpdate") + 8]
    data[entry + 30:entry + 50] = hashlib.sha1(data[start:start + length]).digest()
    (test.place / "ring.wim").write_bytes(data)
    test.wrong("a ring of directories", "ring.wim", "IMG005", "directories", 3)


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "builder", "volumes"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keep", help="build here and leave it")
    given = parser.parse_args()
    place = pathlib.Path(given.keep or tempfile.mkdtemp(prefix="imgval-hostile-"))
    test = Test(given, place)
    try:
        for part in (build, overlaps, tables, boot_records, sharing, dynamic, wim_cycle):
            part(test)
    finally:
        if not given.keep:
            shutil.rmtree(place, ignore_errors=True)
    print("hostile images: failed" if test.failed else "hostile images: passed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
