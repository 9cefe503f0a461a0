#!/usr/bin/python3
"""check_disk.py BUILD: the readers of volumes and hives against other tools, and against damage.

Volumes are made by BUILD/tests/mkvolume from one tree and read by BUILD/tests/volcat, in a
sandboxed worker as in a scan. What is read must have the hashes of the tree; the volumes
themselves are checked with ntfscat, mcopy, 7z and wimlib-imagex. Damage must end in trouble, or
touch nothing: never in other bytes, never without an end. Status 77: a tool is not there.
"""
import hashlib
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mkhive  # noqa: E402

NTFS = ["ntfs", "ntfs-sparse", "ntfs-fragments", "ntfs-lznt1", "ntfs-xpress4k", "ntfs-xpress8k",
        "ntfs-xpress16k", "ntfs-lzx"]
COMPACT = NTFS[4:]
MANIFESTS = 3000
TARGETING = "Platform\\DeviceTargetingInfo"


class Checks:
    def __init__(self):
        self.done = 0
        self.failed = 0

    def that(self, is_so, what):
        self.done += 1
        if not is_so:
            self.failed += 1
            print("FAILED:", what)


class Place:
    """A folder to work in, and the two programs."""

    def __init__(self, build, folder):
        self.programs = build / "tests"
        self.folder = folder

    def make(self, kind, size, tree, name, *options):
        out = self.folder / name
        run = subprocess.run([self.programs / "mkvolume", *options, kind, size, tree, out],
                             capture_output=True, text=True, timeout=600)
        if run.returncode == 77:
            print("skipped:", run.stderr.strip())
            sys.exit(77)
        if run.returncode != 0:
            sys.exit(f"mkvolume {kind}: {run.stderr}")
        return out

    def cat(self, image, *words):
        """Lines by path, and the lines of the volume itself by their first word."""
        run = subprocess.run([self.programs / "volcat", *[w for w in words if w.startswith("--")],
                              image, *[w for w in words if not w.startswith("--")]],
                             capture_output=True, text=True, timeout=600)
        entries, about = {}, {}
        for line in run.stdout.split("\n"):
            word, _, rest = line.partition(" ")
            if word == "file":
                path, size, digest = rest.rsplit(" ", 2)
                entries[path] = ("file", int(size), digest)
            elif word in ("dir", "link", "absent"):
                entries[rest] = (word,)
            elif word == "trouble":
                kind, _, rest = rest.partition(" ")
                path, _, detail = rest.partition(": ")
                entries[path] = ("trouble", int(kind), detail)
            elif word:
                about[word] = rest
        return entries, about


def write(tree, path, data):
    path = tree / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def build_tree(tree, manifests):
    rng = random.Random(7)
    text = b"".join(b"line %d of %d\n" % (rng.randrange(1000), i) for i in range(30000))
    for i in range(manifests):
        write(tree, f"Windows/Packages/DsmFiles/Company.Component{i:04d}.dsm.xml",
              text[i * 7:i * 7 + rng.randrange(20, 5000)])
    write(tree, "Windows/System32/config/SYSTEM", text)
    write(tree, "Windows/System32/random.bin", rng.randbytes(200000))
    write(tree, "Windows/System32/mixed.bin",
          text[:100000] + rng.randbytes(70000) + bytes(150000) + text[:70000] + b"end")
    for chunk in (4096, 8192, 16384, 32768):
        for more in (-1, 0, 1):
            write(tree, f"Windows/tail/{chunk}{more:+d}.bin", text[:3 * chunk + more])
    write(tree, "Windows/calls.bin", b"".join(b"\xe8" + struct.pack("<i", rng.randrange(
        -40000, 14000000)) + text[i:i + 9] for i in range(5000)))
    write(tree, "Windows/long.bin", (text + rng.randbytes(1000)) * 11)
    write(tree, "Windows/empty.txt", b"")
    write(tree, "Windows/one.txt", b"1")
    write(tree, "Windows/\u00e9t\u00e9 \u4e2d.txt", b"unicode" * 100)
    write(tree, "UPPER/MiXeD Name With Spaces And A Long Tail Of Words.Txt", b"hello")


def expected(tree):
    found = {}
    for folder, folders, files in os.walk(tree):
        for name in folders + files:
            path = pathlib.Path(folder, name)
            key = str(path.relative_to(tree))
            if path.is_symlink():
                found[key] = ("link",)
            elif path.is_dir():
                found[key] = ("dir",)
            else:
                data = path.read_bytes()
                found[key] = ("file", len(data), hashlib.sha256(data).hexdigest())
    return found


def difference(got, wanted):
    for path in sorted(set(got) | set(wanted)):
        if got.get(path) != wanted.get(path):
            return f"{path}: got {got.get(path)}, wanted {wanted.get(path)}"
    return ""


# ---- sound volumes ----

def check_ntfs(checks, place, tree):
    wanted = expected(tree)
    for kind in NTFS:
        image = place.make(kind, "128M", tree, kind)
        for mode in ([], ["--file"]):
            got, about = place.cat(image, *mode)
            checks.that(got == wanted, f"{kind} {mode}: {difference(got, wanted)}")
            checks.that(about.get("kind") == "NTFS" and about.get("images") == "1", f"{kind} kind")
            checks.that(0 < int(about.get("used", "0")) < 128 << 20, f"{kind} used")
    if shutil.which("ntfscat"):
        for kind in NTFS[:4]:
            for path in ("Windows/System32/mixed.bin", "Windows/long.bin", "Windows/one.txt"):
                data = subprocess.run(["ntfscat", place.folder / kind, path], check=True,
                                      capture_output=True).stdout
                checks.that(hashlib.sha256(data).hexdigest() == wanted[path][2],
                            f"ntfscat {kind} {path}")
    if shutil.which("7z"):
        out = place.folder / "7z"
        subprocess.run(["7z", "x", "-y", f"-o{out}", place.folder / "ntfs-lznt1", "Windows/tail",
                        "Windows/long.bin"], check=True, capture_output=True)
        for path in out.rglob("*.bin"):
            key = str(path.relative_to(out))
            checks.that(hashlib.sha256(path.read_bytes()).hexdigest() == wanted[key][2],
                        f"7z {key}")


def check_lookup(checks, place):
    image = place.folder / "ntfs-lzx"
    got, _ = place.cat(image, "windows/ONE.TXT", "Windows/nothing", "nothing/at/all",
                       "Windows/one.txt/below", "Windows", "Data/x", "Windows/link.txt", "Data")
    checks.that(got.get("windows/ONE.TXT", ("",))[0] == "file", f"case is folded: {got}")
    for path in ("Windows/nothing", "nothing/at/all", "Windows/one.txt/below", "Windows"):
        checks.that(got.get(path) == ("absent",), f"{path} is absent: {got.get(path)}")
    for path in ("Data/x", "Windows/link.txt", "Data"):
        checks.that(got.get(path, ("",))[0] == "trouble" and "is a link" in got[path][2],
                    f"{path} is a link: {got.get(path)}")


def check_fat(checks, place, tree):
    wanted = expected(tree)
    for kind, size in (("fat12", "8M"), ("fat16", "32M"), ("fat32", "80M")):
        image = place.make(kind, size, tree, kind)
        for mode in ([], ["--file"]):
            got, about = place.cat(image, *mode)
            checks.that(got == wanted, f"{kind} {mode}: {difference(got, wanted)}")
            checks.that(about.get("kind") == kind.upper(), f"{kind}: {about}")
        got, _ = place.cat(image, "upper/MIXEDN~1.TXT", "upper/nothing")
        checks.that(got.get("upper/MIXEDN~1.TXT", ("",))[0] == "file", f"{kind} short name: {got}")
        checks.that(got.get("upper/nothing") == ("absent",), f"{kind} absent: {got}")
        if shutil.which("mcopy"):
            out = place.folder / f"{kind}.out"
            subprocess.run(["mcopy", "-i", image, "::/Windows/System32/mixed.bin", out], check=True)
            checks.that(hashlib.sha256(out.read_bytes()).hexdigest() ==
                        wanted["Windows/System32/mixed.bin"][2], f"mcopy {kind}")


def check_fat_geometry(checks, place, tree):
    """A total of sectors beyond the partition, as phones have it: what lies inside is read."""
    image = bytearray((place.folder / "fat12").read_bytes())
    total = struct.unpack_from("<H", image, 19)[0]
    struct.pack_into("<H", image, 19, total + 9)
    odd = place.folder / "odd"
    odd.write_bytes(image)
    got, _ = place.cat(odd)
    checks.that(got == expected(tree), f"odd geometry: {difference(got, expected(tree))}")


def check_wim(checks, place, tree, small):
    wanted = expected(tree)
    for kind in ("none", "xpress", "lzx"):
        image = place.make(f"wim-{kind}", "0", tree, f"{kind}.wim")
        for mode in ([], ["--file"]):
            got, about = place.cat(image, *mode)
            checks.that(got == wanted, f"wim {kind} {mode}: {difference(got, wanted)}")
            checks.that(about.get("kind") == "WIM" and about.get("images") == "1", f"{about}")
        place.make(f"wim-{kind}", "0", small, f"{kind}.wim")
        with open(image, "ab") as file:
            file.write(b"a catalog after it")
        got, about = place.cat(image, "--image=1")
        checks.that(got == expected(small) and about.get("images") == "2",
                    f"wim {kind}, second image: {about} {difference(got, expected(small))}")
        if shutil.which("wimlib-imagex"):
            data = subprocess.run(["wimlib-imagex", "extract", image, "1", "--to-stdout",
                                   "/Windows/long.bin"], check=True, capture_output=True).stdout
            checks.that(hashlib.sha256(data).hexdigest() == wanted["Windows/long.bin"][2],
                        f"wimlib {kind}")
    for kind in ("lzms", "solid"):
        got, _ = place.cat(place.make(f"wim-{kind}", "0", small, f"{kind}.wim"))
        checks.that(got.get("(volume)", ("", 0, ""))[1] == 6 and "LZMS" in got["(volume)"][2],
                    f"wim {kind} is refused by name: {got}")


# ---- files that must not come back as bytes ----

def check_refused(checks, place, small):
    """Encrypted, offline, WOF of the other provider or algorithm, unknown reparse points."""
    path = "Windows/System32/mixed.bin"
    wof = "80000017:01000000{}000000010000000{}000000"
    cases = {
        "encrypted": ("ntfs", ["--attributes", f"{path}=0x4000"], "encrypted"),
        "offline": ("ntfs", ["--attributes", f"{path}=0x1000"], "offline"),
        "provider": ("ntfs-lzx", ["--reparse", f"{path}=" + wof.format("01", "1")], ""),
        "algorithm": ("ntfs-lzx", ["--reparse", f"{path}=" + wof.format("02", "7")], ""),
        "no chunks": ("ntfs", ["--reparse", f"{path}=" + wof.format("02", "0")], "not there"),
        "tag": ("ntfs", ["--reparse", f"{path}=80000013:00000000"], "0x80000013"),
    }
    for name, (kind, options, detail) in cases.items():
        image = place.make(kind, "32M", small, "refused", *options)
        got, _ = place.cat(image, path, "Windows/one.txt")
        checks.that(got.get(path, ("",))[0] == "trouble" and got[path][1] == 17 and
                    detail in got[path][2], f"{name}: {got.get(path)}")
        checks.that(got.get("Windows/one.txt", ("",))[0] == "file", f"{name}: the rest is read")
    zeros = place.folder / "zeros"
    write(zeros, "zeros.bin", bytes(300000))
    got, _ = place.cat(place.make("ntfs-xpress8k", "16M", zeros, "refused"))
    checks.that(got.get("zeros.bin", ("",))[0] == "trouble", f"compact zeros: {got}")


# ---- damage ----

def never_wrong(checks, got, wanted, what, may_differ=()):
    """Damage may lose what was damaged, and say so: bytes that are read are the true ones."""
    for path, entry in got.items():
        if entry[0] == "file" and path not in may_differ:
            checks.that(wanted.get(path) == entry, f"{what}: {path}: {entry}")


def check_ntfs_damage(checks, place, small):
    wanted = expected(small)
    image = place.make("ntfs", "32M", small, "whole")
    whole = image.read_bytes()
    record_size, cluster = 1024, 4096
    mft = struct.unpack_from("<Q", whole, 48)[0] * cluster
    hurt = place.folder / "hurt"
    found = 0
    for number in range(64, 64 + 40):
        at = mft + number * record_size
        name = "one.txt".encode("utf-16-le")
        if whole[at:at + 4] != b"FILE" or name not in whole[at:at + record_size]:
            continue
        found += 1
        for what, offset, data in (("signature", 0, b"BAAD"), ("fix-up", 510, b"\xff\xfe"),
                                   ("attribute size", 60, b"\xff\xff\xff\x7f")):
            hurt.write_bytes(whole[:at + offset] + data + whole[at + offset + len(data):])
            got, _ = place.cat(hurt, "Windows/one.txt", "Windows/System32/mixed.bin")
            checks.that(got.get("Windows/one.txt", ("",))[0] == "trouble",
                        f"record's {what}: {got.get('Windows/one.txt')}")
            checks.that(got.get("Windows/System32/mixed.bin") ==
                        wanted["Windows/System32/mixed.bin"], f"record's {what}: the rest is read")
    checks.that(found == 1, "the record of one.txt was found")
    at = whole.find(b"INDX")
    while at >= 0:
        if at % cluster == 0:
            hurt.write_bytes(whole[:at + 510] + b"\xff\xfe" + whole[at + 512:])
            got, _ = place.cat(hurt)
            never_wrong(checks, got, wanted, "index fix-up")
        at = whole.find(b"INDX", at + 1)
    hurt.write_bytes(whole[:mft + 16 * 1024])
    got, _ = place.cat(hurt)
    checks.that("trouble" in [entry[0] for entry in got.values()], "a cut volume is trouble")
    hurt.write_bytes(whole[:60] + b"\xff" * 8 + whole[68:])
    never_wrong(checks, place.cat(hurt)[0], wanted, "mirror's place")


def check_index_damage(checks, place):
    """An index that ends early or names another record is still in order: the files are missed all the same."""
    tree = place.folder / "many"
    (tree / "Windows").mkdir(parents=True)
    for i in range(300):
        (tree / f"Windows/a file with a name of some length {i}.txt").write_text(str(i))
    whole = place.make("ntfs", "8M", tree, "index").read_bytes()
    names = {f"Windows/{path.name}" for path in (tree / "Windows").iterdir()}
    hurt = place.folder / "hurt"
    blocks = 0
    at = whole.find(b"INDX")
    while at >= 0:
        first = at + 24 + struct.unpack_from("<I", whole, at + 24)[0]
        parent = struct.unpack_from("<Q", whole, first + 16)[0] & 0xFFFFFFFFFFFF if at % 4096 == 0 else 5
        if parent != 5:
            blocks += 1
            for what, offset, mask in (("last entry", 12, 2), ("file reference", 0, 1)):
                changed = bytearray(whole)
                changed[first + offset] ^= mask
                hurt.write_bytes(changed)
                got, _ = place.cat(hurt)
                checks.that("trouble" in [entry[0] for entry in got.values()] or names <= set(got),
                            f"index block {blocks}, {what}: files are lost in silence")
        at = whole.find(b"INDX", at + 1)
    checks.that(blocks > 3, f"the directory has blocks: {blocks}")


def check_chunk_damage(checks, place, small):
    """A damaged chunk: trouble, or bytes of the true size (the format has no checksum)."""
    wanted = expected(small)
    for kind in COMPACT:
        image = place.make(kind, "32M", small, "chunks")
        whole = image.read_bytes()
        stream = "WofCompressedData".encode("utf-16-le")
        checks.that(stream in whole, f"{kind} holds compact files")
        path = "Windows/System32/mixed.bin"
        troubles = 0
        rng = random.Random(3)
        # the table of offsets: looked for by what it must begin with
        size = wanted[path][1]
        chunk = {"ntfs-xpress4k": 4096, "ntfs-xpress8k": 8192, "ntfs-xpress16k": 16384,
                 "ntfs-lzx": 32768}[kind]
        table = 4 * ((size + chunk - 1) // chunk - 1)
        for at in range(0, len(whole) - table, 4096):
            first = struct.unpack_from("<I", whole, at)[0]
            second = struct.unpack_from("<I", whole, at + 4)[0]
            if not 0 < first < chunk or not first < second < 2 * chunk:
                continue
            hurt = bytearray(whole)
            hurt[at + table:at + table + 256] = rng.randbytes(256)
            (place.folder / "hurt").write_bytes(hurt)
            got, _ = place.cat(place.folder / "hurt")
            troubles += [entry[0] for entry in got.values()].count("trouble")
        checks.that(troubles > 0, f"{kind}: damaged chunks are trouble")


def check_fat_damage(checks, place, tree):
    wanted = expected(tree)
    whole = bytearray((place.folder / "fat16").read_bytes())
    reserved, = struct.unpack_from("<H", whole, 14)
    table = reserved * struct.unpack_from("<H", whole, 11)[0]
    size = struct.unpack_from("<H", whole, 22)[0] * 512
    words = list(struct.unpack_from(f"<{size // 2}H", whole, table))
    chained = [i for i in range(2, len(words)) if 2 <= words[i] < 0xFFF8]
    rng = random.Random(11)
    troubles = 0
    for what, value in (("cycle", None), ("free", 0), ("bad", 0xFFF7), ("far", 0xFFF0),
                        ("end", 0xFFFF)):
        for cluster in rng.sample(chained, 12):
            hurt = bytearray(whole)
            struct.pack_into("<H", hurt, table + 2 * cluster, cluster if value is None else value)
            (place.folder / "hurt").write_bytes(hurt)
            got, _ = place.cat(place.folder / "hurt")
            never_wrong(checks, got, wanted, f"FAT {what}")
            troubles += "trouble" in [entry[0] for entry in got.values()]
    ends = [i for i in range(2, len(words)) if words[i] >= 0xFFF8]
    for cluster in rng.sample(chained, 12):  # the chain of another file crosses into this one
        hurt = bytearray(whole)
        struct.pack_into("<H", hurt, table + 2 * rng.choice(ends), words[cluster])
        (place.folder / "hurt").write_bytes(hurt)
        got, _ = place.cat(place.folder / "hurt")
        never_wrong(checks, got, wanted, "FAT cross")
        checks.that("trouble" in [entry[0] for entry in got.values()], "FAT cross is trouble")
    checks.that(troubles == 60, f"each of 60 damaged chains is trouble: {troubles}")


def fat_layout(image):
    """Where the first table, the root directory of FAT12 and FAT16, and cluster 2 start; bytes of a cluster."""
    sector, per_cluster, reserved, tables, roots = struct.unpack_from("<HBHBH", image, 11)
    size = struct.unpack_from("<H", image, 22)[0] or struct.unpack_from("<I", image, 36)[0]
    root = (reserved + tables * size) * sector
    return reserved * sector, root, root + roots * 32, per_cluster * sector


def check_fat_entries(checks, place):
    """Entries of directories that start where another one does, or lead back."""
    tree = place.folder / "entries"
    for name in ("A/ONE.TXT", "A/TWO.TXT", "A/THREE.TXT", "B/FOUR.TXT", "B/DEEP/FIVE.TXT"):
        write(tree, name, name.encode() * 300)
    wanted = expected(tree)
    for kind, size in (("fat16", "16M"), ("fat32", "80M")):
        whole = place.make(kind, size, tree, "entries.img").read_bytes()
        _, root, data, cluster = fat_layout(whole)

        def entry(name):
            stem, _, ending = name.partition(".")
            return whole.index(stem.ljust(8).encode() + ending.ljust(3).encode(), root)

        def first(name):
            at = entry(name)
            return struct.unpack_from("<H", whole, at + 26)[0] | struct.unpack_from("<H", whole, at + 20)[0] << 16

        def hurt(name, number):
            image = bytearray(whole)
            at = entry(name)
            struct.pack_into("<H", image, at + 26, number & 0xFFFF)
            struct.pack_into("<H", image, at + 20, number >> 16)
            (place.folder / "hurt").write_bytes(image)
            return place.cat(place.folder / "hurt")[0]

        checks.that(data + (first("ONE.TXT") - 2) * cluster == whole.index(b"A/ONE.TXT"), f"{kind}: the layout")
        checks.that(hurt("TWO.TXT", first("TWO.TXT")) == wanted, f"{kind}: nothing is changed")
        got = hurt("TWO.TXT", first("ONE.TXT"))
        for name in ("A/ONE.TXT", "A/TWO.TXT"):
            checks.that(got[name][0] == "trouble", f"{kind}, two files of one cluster: {got[name]}")
        checks.that(got["A/THREE.TXT"] == wanted["A/THREE.TXT"], f"{kind}: the third file is read")
        got = hurt("FOUR.TXT", first("ONE.TXT"))
        checks.that("trouble" in (got["A/ONE.TXT"][0], got["B/FOUR.TXT"][0]),
                    f"{kind}, a file in two directories: {got}")
        for what, number in (("itself", first("DEEP")), ("its parent", first("B")), ("another", first("A")),
                             ("a file", first("ONE.TXT")), ("the root", 2 if kind == "fat32" else 0),
                             ("nothing", 1), ("beyond the volume", 0xFFF0 if kind == "fat16" else 0xFFFFFF0)):
            got = hurt("DEEP", number)
            checks.that(("trouble" in [e[0] for e in got.values()]) == (what != "itself"),
                        f"{kind}, a directory that is {what}: {got}")
        image = bytearray(whole)  # the table leads a directory's chain back to its own start
        struct.pack_into("<H" if kind == "fat16" else "<I", image,
                         fat_layout(whole)[0] + first("A") * (2 if kind == "fat16" else 4), first("A"))
        (place.folder / "hurt").write_bytes(image)
        got, _ = place.cat(place.folder / "hurt")
        checks.that(got.get("A/ONE.TXT", ("trouble",))[0] == "trouble" and got["B/FOUR.TXT"] == wanted["B/FOUR.TXT"],
                    f"{kind}, a directory's chain in a ring: {got}")


def check_fat_boot(checks, place, tree):
    """A boot sector that calls itself FAT and puts the root directory beyond the volume is no raw partition."""
    for kind, size, at, data in (("fat16", "16M", 14, b"\xff\xff"), ("fat16", "16M", 22, b"\xff\xff"),
                                 ("fat16", "16M", 13, b"\0"), ("fat32", "80M", 36, b"\xff\xff\xff\x0f"),
                                 ("fat32", "80M", 44, b"\xff\xff\xff\x0f"), ("fat32", "80M", 44, b"\0")):
        image = bytearray(place.make(kind, size, tree, "boot.img").read_bytes())
        image[at:at + len(data)] = data
        (place.folder / "hurt").write_bytes(image)
        got, about = place.cat(place.folder / "hurt")
        checks.that(about.get("kind", "").startswith("FAT") and
                    [entry[0] for entry in got.values()] == ["trouble"],
                    f"{kind}, boot sector at {at}: {about} {got}")


def wim_blobs(image):
    """Places of the lookup table's entries: (entry, size as stored, start, whether it is metadata)."""
    size, table = struct.unpack_from("<QQ", image, 48)
    for at in range(table, table + (size & (1 << 56) - 1), 50):
        stored, start = struct.unpack_from("<QQ", image, at)
        yield at, stored & (1 << 56) - 1, start, bool(stored >> 56 & 2)


def check_wim_fields(checks, place, small):
    """One lie at a time, where a random one rarely falls."""
    wanted = expected(small)
    for kind in ("none", "xpress", "lzx"):
        (place.folder / "one.wim").unlink(missing_ok=True)
        whole = place.make(f"wim-{kind}", "0", small, "one.wim").read_bytes()
        path = "Windows/System32/mixed.bin"
        digest = hashlib.sha1((small / path).read_bytes()).digest()
        entry, stored, start, _ = next(b for b in wim_blobs(whole) if whole[b[0] + 30:b[0] + 50] == digest)
        lies = [("SHA-1", entry + 30, b"\0\0\0\0"), ("resource past the end", entry + 8, struct.pack("<Q", len(whole))),
                ("size as stored", entry, struct.pack("<Q", len(whole))[:7]),
                ("size", entry + 16, struct.pack("<Q", 1 << 62)), ("one byte more", entry + 16, struct.pack("<Q", wanted[path][1] + 1))]
        if kind != "none":
            first, second = struct.unpack_from("<II", whole, start)
            checks.that(0 < first < second < stored, f"wim {kind}: the table of chunks")
            lies += [("offsets that go down", start, struct.pack("<II", second, first)),
                     ("offsets that stand still", start, struct.pack("<II", first, first)),
                     ("an offset past the end", start, struct.pack("<I", stored)),
                     ("an offset of 32 bits", start, b"\xff\xff\xff\xff")]
        for what, at, data in lies:
            (place.folder / "hurt").write_bytes(whole[:at] + data + whole[at + len(data):])
            got, _ = place.cat(place.folder / "hurt")
            never_wrong(checks, got, wanted, f"wim {kind}, {what}")
            checks.that(got.get(path, ("",))[0] == "trouble", f"wim {kind}, {what}: {got.get(path)}")
            checks.that(got.get("Windows/one.txt") == wanted["Windows/one.txt"], f"wim {kind}, {what}: the rest")


def check_wim_damage(checks, place, small):
    wanted = expected(small)
    hurt = place.folder / "hurt"
    for kind in ("none", "xpress", "lzx"):
        (place.folder / "one.wim").unlink(missing_ok=True)
        whole = place.make(f"wim-{kind}", "0", small, "one.wim").read_bytes()
        rng = random.Random(5)
        troubles = 0
        for i in range(60):
            at = rng.randrange(208, len(whole)) if i < 40 else rng.randrange(8, 208)
            hurt.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) +
                             whole[at + 1:])
            got, _ = place.cat(hurt)
            never_wrong(checks, got, wanted, f"wim {kind} at {at}")
            troubles += "trouble" in [entry[0] for entry in got.values()]
        checks.that(troubles > 20, f"wim {kind}: damage is seen: {troubles}")
        table, = struct.unpack_from("<Q", whole, 56)
        for offset in (1 << 60, len(whole) - 10):
            hurt.write_bytes(whole[:table + 8] + struct.pack("<Q", offset) + whole[table + 16:])
            got, _ = place.cat(hurt)
            never_wrong(checks, got, wanted, f"wim {kind}, offset of a resource")
            checks.that("trouble" in [entry[0] for entry in got.values()], "offset is trouble")
        hurt.write_bytes(whole[:40] + b"\2\0\3\0" + whole[44:])
        checks.that("split" in place.cat(hurt)[0]["(volume)"][2], "split")


# ---- hives ----

def read_hive(place, data, key):
    path = place.folder / "hive"
    path.write_bytes(data)
    run = subprocess.run([place.programs / "volcat", "--hive", key, path], capture_output=True,
                         text=True, timeout=600)
    return run.stdout.split("\n")[:-1]


def sealed(data):
    total = 0
    for word in struct.unpack("<127I", data[:508]):
        total ^= word
    return bytes(data[:508]) + struct.pack("<I", total) + bytes(data[512:])


def check_hive(checks, place):
    values = {"PhoneManufacturer": "Contoso", "PhoneModelName": "M\u00f6del \u4e2d", "N": "dword:17"}
    wanted = ["value PhoneManufacturer 1 Contoso", "value PhoneModelName 1 M\u00f6del \u4e2d",
              "value N 4 (other)"]
    many = [(f"Select\\Key{i:04d}", {"v": str(i)}) for i in range(1200)]
    data = mkhive.build([(TARGETING, values), ("Setup", {"Compact": "dword:1"})] + many)
    got = read_hive(place, data, TARGETING.lower())
    checks.that(got == wanted, f"hive: {got}")
    if shutil.which("hivexget"):
        reported = subprocess.run(["hivexget", place.folder / "hive", TARGETING], capture_output=True,
                              text=True).stdout
        checks.that('"PhoneManufacturer"="Contoso"' in reported and "dword:00000011" in reported,
                    f"hivexget agrees: {reported}")
    checks.that(read_hive(place, data, "select\\KEY1199") == ["value v 1 1199"], "list of lists")
    for key in ("Select\\Key1200", "Platform\\No", "No\\DeviceTargetingInfo"):
        checks.that(read_hive(place, data, key) == [f"absent {key}"], f"{key} is absent")
    dirty = bytearray(data)
    struct.pack_into("<I", dirty, 8, 2)
    checks.that(read_hive(place, sealed(dirty), TARGETING) == ["dirty"] + wanted, "dirty")
    torn = bytearray(data)
    torn[100] ^= 1
    checks.that("checksum" in read_hive(place, torn, TARGETING)[0], "checksum")
    checks.that("no registry hive" in read_hive(place, data[:4095], TARGETING)[0], "short")
    check_hive_cells(checks, place, data, wanted)


def check_hive_cells(checks, place, data, wanted):
    """Every word of the key's cells replaced: the same values, other ones, or trouble."""
    small = mkhive.build([(TARGETING, {"PhoneManufacturer": "Contoso"})])
    troubles = 0
    for at in range(4096 + 32, 4096 + 32 + 400, 4):
        for word in (0, 0xFFFFFFFF, 0x20, at - 4096):
            hurt = bytearray(small)
            struct.pack_into("<I", hurt, at, word)
            lines = read_hive(place, hurt, TARGETING)
            checks.that(not any(line.startswith("lost") for line in lines), f"hive at {at}: {lines}")
            troubles += any(line.startswith("trouble") for line in lines)
    checks.that(troubles > 50, f"damaged cells are trouble: {troubles}")
    root, = struct.unpack_from("<I", data, 36)
    struct_at = 4096 + root + 4
    loop = bytearray(data)
    struct.pack_into("<I", loop, struct_at + 28, root)
    checks.that("trouble" in read_hive(place, loop, TARGETING)[0], "a list that is a key")
    check_hive_lists(checks, place, data)


def check_hive_lists(checks, place, data):
    """Lists that lead back, cells that are free, too large or nothing; each ends, and is reported."""
    def word(at):
        return struct.unpack_from("<I", data, at)[0]
    root = 4096 + word(36)
    inner = 4096 + word(root + 4 + 28)
    checks.that(data[inner + 4:inner + 6] in (b"lf", b"lh", b"li", b"ri"), "the root's list of keys")
    select = next(4096 + at for at in range(0, len(data) - 4096, 8)
                  if data[4096 + at + 4:4096 + at + 6] == b"nk" and data[4096 + at + 80:4096 + at + 86] == b"Select")
    lists = 4096 + word(select + 4 + 28)
    checks.that(data[lists + 4:lists + 6] == b"ri", "the list of lists of Select")
    cases = [("a list of lists that holds itself", lists + 8, lists - 4096, "Select\\Key1199"),
             ("fewer keys in a list than its key says", inner + 6, 1, "No"),
             ("more keys in a list than it has room for", inner + 6, 0xFFFF, "No"),
             ("a key of more keys than there are", root + 4 + 20, 0xFFFFFFFF, TARGETING),
             ("a key of fewer keys", root + 4 + 20, 1, "No")]
    for what, cell in (("key", root), ("list", inner)):
        cases += [(f"a {what} that is free", cell, -word(cell) & 0xFFFFFFFF, TARGETING),
                  (f"a {what} of nothing", cell, 0, TARGETING), (f"a {what} of 4 bytes", cell, 0xFFFFFFFC, TARGETING),
                  (f"a {what} that is cut", cell, 0xFFFFFFF8, TARGETING),
                  (f"a {what} of 2 GiB", cell, 0x80000000, TARGETING),
                  (f"a {what} out of the hive", cell, -len(data) & 0xFFFFFFF8, TARGETING)]
    for what, at, value, key in cases:
        hurt = bytearray(data)
        struct.pack_into("<H" if at == inner + 6 else "<I", hurt, at, value)
        lines = read_hive(place, hurt, key)
        checks.that(len(lines) == 1 and lines[0].startswith("trouble"), f"{what}: {lines}")
    ring = bytearray(data)  # a key that is its own subkey
    struct.pack_into("<I", ring, inner + 8, root - 4096)
    lines = read_hive(place, ring, "ROOT\\" * 3 + "No")
    checks.that(len(lines) == 1 and lines[0].endswith("a key of the hive lies below itself"), f"a ring of keys: {lines}")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(build, pathlib.Path(folder))
        tree, small = place.folder / "tree", place.folder / "small"
        build_tree(tree, MANIFESTS)
        build_tree(small, 20)
        (small / "Windows/long.bin").unlink()
        check_hive(checks, place)
        check_fat(checks, place, small)
        check_fat_geometry(checks, place, small)
        check_fat_damage(checks, place, small)
        check_fat_entries(checks, place)
        check_fat_boot(checks, place, small)
        check_wim(checks, place, tree, small)
        check_wim_damage(checks, place, small)
        check_wim_fields(checks, place, small)
        check_refused(checks, place, small)
        check_ntfs_damage(checks, place, small)
        check_index_damage(checks, place)
        check_chunk_damage(checks, place, small)
        (tree / "Data").symlink_to("/Data")
        (tree / "Windows/link.txt").symlink_to("one.txt")
        check_ntfs(checks, place, tree)
        check_lookup(checks, place)
    print(f"{checks.done - checks.failed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
