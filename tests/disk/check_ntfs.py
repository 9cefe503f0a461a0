#!/usr/bin/python3
"""check_ntfs.py BUILD: the NTFS reader against every geometry, and against volumes that lie.

The volumes are those of mkvolume; what is damaged is found and changed by a small parser of this
script's own, which takes fix-ups back and makes them again, so that nothing but the lie itself is
there to be noticed. Sound volumes are read by ntfscat and 7z as well. Status 77: a tool is not there.
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
from check_disk import Checks, Place, difference, expected, never_wrong, write  # noqa: E402

STANDARD, LIST, NAME, DATA, ROOT, ALLOCATION, BITMAP = 0x10, 0x20, 0x30, 0x80, 0x90, 0xA0, 0xB0
BIG, OTHER, LIST_FILE = "dir/runs.bin", "dir/other.bin", "dir/runs.bin"


class Attribute:
    def __init__(self, block, at):
        self.at = at
        self.type, self.length, self.form, count, name = struct.unpack_from("<IIBBH", block, at)
        self.name = bytes(block[at + name:at + name + 2 * count]).decode("utf-16-le")
        self.id, = struct.unpack_from("<H", block, at + 14)
        self.value = at + struct.unpack_from("<H", block, at + (32 if self.form else 20))[0]
        self.size = self.length - (self.value - at) if self.form else \
            struct.unpack_from("<I", block, at + 16)[0]

    def runs(self, block):
        at, lcn, found = self.value, 0, []
        while block[at]:
            a, b = block[at] & 15, block[at] >> 4
            count = int.from_bytes(block[at + 1:at + 1 + a], "little")
            lcn += int.from_bytes(block[at + 1 + a:at + 1 + a + b], "little", signed=True)
            found.append((lcn if b else None, count, at))
            at += 1 + a + b
        return found


class Volume:
    """A volume in memory. Blocks are taken out by block(), changed, and put back by put()."""

    def __init__(self, data):
        self.data = bytearray(data)
        sector, per = struct.unpack_from("<HB", data, 11)
        self.cluster = sector * (per if per <= 0x80 else 1 << 256 - per)
        self.mft = struct.unpack_from("<Q", data, 48)[0] * self.cluster
        code, = struct.unpack_from("<b", data, 64)
        self.record_size = 1 << -code if code < 0 else code * self.cluster

    def block(self, at):
        offset, count = struct.unpack_from("<HH", self.data, at + 4)
        block = bytearray(self.data[at:at + 512 * (count - 1)])
        for i in range(1, count):
            block[512 * i - 2:512 * i] = block[offset + 2 * i:offset + 2 * i + 2]
        return block

    def put(self, at, block):
        block = bytearray(block)
        offset, count = struct.unpack_from("<HH", block, 4)
        for i in range(1, count):
            block[offset + 2 * i:offset + 2 * i + 2] = block[512 * i - 2:512 * i]
            block[512 * i - 2:512 * i] = block[offset:offset + 2]
        self.data[at:at + len(block)] = block

    def at(self, number):  # the tests have no table of several runs but their own
        return self.mft + number * self.record_size

    def record(self, number):
        return self.block(self.at(number))

    def attributes(self, number):
        block = self.record(number)
        at, = struct.unpack_from("<H", block, 20)
        while struct.unpack_from("<I", block, at)[0] != 0xFFFFFFFF:
            yield Attribute(block, at)
            at += struct.unpack_from("<I", block, at + 4)[0]

    def find(self, number, kind, name=""):
        for attribute in self.attributes(number):
            if (attribute.type, attribute.name) == (kind, name):
                return attribute
        return None

    def holder(self, number, kind, name):
        """The record of a file that has an attribute: itself, or one that continues it."""
        if self.find(number, kind, name) is not None:
            return number
        _, listing = self.list_of(number)
        return next(struct.unpack_from("<Q", listing, at + 16)[0] & 0xFFFFFFFFFFFF
                    for at, entry, _ in entries_of(listing) if entry == kind)

    def number(self, path):
        """Of the record whose name is the last part of a path."""
        wanted = path.rsplit("/", 1)[-1].encode("utf-16-le")
        for number in range(24, 4000):
            if self.data[self.at(number):self.at(number) + 4] != b"FILE":
                continue
            block = self.record(number)
            if block[22] & 1 and struct.unpack_from("<Q", block, 32)[0] == 0:
                for attribute in self.attributes(number):
                    if attribute.type == NAME and \
                            bytes(block[attribute.value + 66:attribute.value + attribute.size]) == wanted:
                        return number
        raise ValueError(path)

    def change(self, number, at, data):
        block = self.record(number)
        block[at:at + len(data)] = data
        self.put(self.at(number), block)

    def put_run(self, number, runs, kind=DATA, name=""):
        """Replaces the run list of a file's attribute, which may grow."""
        data, whole = self.find(number, kind, name), self.record(number)
        record = bytes(whole[:data.value]) + runs
        record += bytes(-len(record) % 8)
        new = bytearray(record + whole[data.at + data.length:struct.unpack_from("<I", whole, 24)[0]])
        struct.pack_into("<I", new, data.at + 4, len(record) - data.at)
        struct.pack_into("<I", new, 24, len(new))
        self.put(self.at(number), new + bytes(len(whole) - len(new)))

    def list_of(self, number):
        """Place and bytes of an attribute list: in the record or in a cluster of its own."""
        block, entry = self.record(number), self.find(number, LIST)
        if entry.form == 0:
            return None, bytearray(block[entry.value:entry.value + entry.size])
        lcn, _, _ = entry.runs(block)[0]
        size, = struct.unpack_from("<Q", block, entry.at + 48)
        return lcn * self.cluster, bytearray(self.data[lcn * self.cluster:lcn * self.cluster + size])

    def put_list(self, number, changed):
        place, old = self.list_of(number)
        assert len(old) == len(changed)
        if place is None:
            self.change(number, self.find(number, LIST).value, changed)
        else:
            self.data[place:place + len(changed)] = changed

    def index_blocks(self, path):
        number = self.number(path)
        root = self.holder(number, ROOT, "$I30")
        size, = struct.unpack_from("<I", self.record(root), self.find(root, ROOT, "$I30").value + 8)
        number = self.holder(number, ALLOCATION, "$I30")
        found = []
        for lcn, count, _ in self.find(number, ALLOCATION, "$I30").runs(self.record(number)):
            start = lcn * self.cluster
            found += [at for at in range(start, start + count * self.cluster, size)
                      if self.data[at:at + 4] == b"INDX"]
        return found


def entries_of(attribute_list):
    at, found = 0, []
    while at < len(attribute_list):
        kind, length = struct.unpack_from("<IH", attribute_list, at)
        found.append((at, kind, length))
        at += length
    return found


class Surgery:
    """One whole volume; each lie is reported on a copy of it."""

    def __init__(self, checks, place, kind, whole, wanted):
        self.checks, self.place, self.kind, self.whole, self.wanted = checks, place, kind, whole, wanted

    def reported(self, what, lie, path, detail, others=(), mode=()):
        """`lie` damages a volume: `path` must be in trouble that says `detail`, all else be true."""
        volume = Volume(self.whole)
        lie(volume)
        hurt = self.place.folder / "hurt"
        hurt.write_bytes(volume.data)
        got, _ = self.place.cat(hurt, *mode, path, *others)
        entry = got.get(path, got.get("(volume)", ("nothing",)))
        self.checks.that(entry[0] == "trouble" and detail in entry[2], f"{self.kind}, {what}: {entry}")
        for other in others:
            self.checks.that(got.get(other) == self.wanted[other], f"{what}: {other}: {got.get(other)}")
        got, _ = self.place.cat(hurt, *mode)
        never_wrong(self.checks, got, self.wanted, f"{self.kind}, {what}")
        self.checks.that("trouble" in [e[0] for e in got.values()], f"{self.kind}, {what}: all is well")


# ---- sound volumes ----

def build_tree(tree):
    rng = random.Random(17)
    text = b"".join(b"line %d of %d\n" % (rng.randrange(1000), i) for i in range(30000))
    write(tree, BIG, text[:300000])
    write(tree, OTHER, text[1000:40000])
    write(tree, "dir/mixed.bin", text[:70000] + bytes(70000) + rng.randbytes(70000) + text[:5000])
    write(tree, "dir/small.txt", b"small")
    for i in range(300):
        write(tree, f"many/a file with a name of some length {i}.txt", str(i).encode())
    return tree


def check_geometry(checks, place, tree):
    """Sectors, clusters, records and index blocks of every size, and two more names."""
    names = ["--short", f"{OTHER}=OTHER~1.BIN", "--link", f"{BIG}=second name.bin"]
    wanted = expected(tree)
    wanted["dir/second name.bin"] = wanted[BIG]
    for sector, cluster, record in ((512, 512, 1024), (512, 1024, 1024), (512, 4096, 1024),
                                    (512, 65536, 1024), (512, 2 << 20, 1024), (4096, 4096, 4096),
                                    (4096, 65536, 4096), (1024, 2048, 1024)):
        for kind in ("ntfs", "ntfs-fragments") if cluster < 65536 else ("ntfs",):
            what = f"{kind}, sectors of {sector}, clusters of {cluster}"
            size = "1G" if cluster > 65536 else "48M"
            image = place.make(kind, size, tree, "geometry", "--sector", str(sector), "--cluster",
                               str(cluster), *names)
            with open(image, "rb") as file:
                volume = Volume(file.read(512))
            checks.that((volume.cluster, volume.record_size) == (cluster, record), f"{what}: made")
            for mode in ([], ["--file"]):
                got, about = place.cat(image, *mode)
                checks.that(got == wanted, f"{what} {mode}: {difference(got, wanted)}")
            info = subprocess.run(["ntfsinfo", "-m", image], capture_output=True, text=True).stdout
            free = [int(line.split()[2]) for line in info.split("\n") if "Free Clusters:" in line]
            total = [int(line.split(":")[1]) for line in info.split("\n") if "Volume Size in Clusters" in line]
            checks.that(not free or int(about["used"]) == (total[0] - free[0]) * cluster,
                        f"{what}: used {about['used']}, not {total} - {free}")
            for path in (BIG, "dir/second name.bin"):
                data = subprocess.run(["ntfscat", image, path], capture_output=True).stdout
                checks.that(hashlib.sha256(data).hexdigest() == wanted[path][2], f"ntfscat: {what}, {path}")
            image.unlink()


def check_lznt1_sizes(checks, place, tree):
    """Compression units of sixteen clusters of every size."""
    wanted = expected(tree)
    for cluster in ("512", "1024", "2048", "4096"):
        image = place.make("ntfs-lznt1", "48M", tree, "lznt1", "--cluster", cluster)
        for mode in ([], ["--file"]):
            got, _ = place.cat(image, *mode)
            checks.that(got == wanted, f"LZNT1, clusters of {cluster} {mode}: {difference(got, wanted)}")
        if shutil.which("7z"):
            out = place.folder / f"7z{cluster}"
            subprocess.run(["7z", "x", "-y", f"-o{out}", image, "dir"], check=True, capture_output=True)
            for path in out.rglob("*.bin"):
                key = str(path.relative_to(out))
                checks.that(hashlib.sha256(path.read_bytes()).hexdigest() == wanted[key][2], f"7z {key}")


def split_table(volume):
    """Splits the master file table in two pieces, the second listed in record 20."""
    block = volume.record(0)
    parts = {a.type: bytes(block[a.at:a.at + a.length]) for a in volume.attributes(0)}
    data = volume.find(0, DATA)
    (lcn, count, _), *rest = data.runs(block)
    assert not rest and count > 12
    first = 12  # clusters: 48 records

    def piece(start, length, at):
        head = bytearray(parts[DATA][:64])
        body = bytes([0x44]) + struct.pack("<Ii", length, at) + bytes(7)
        struct.pack_into("<I", head, 4, 64 + len(body))
        struct.pack_into("<QQH", head, 16, start, start + length - 1, 64)
        if start:
            head[40:64] = bytes(24)
        return bytes(head) + body

    pieces = {0: piece(0, first, lcn), 20: piece(first, count - first, lcn + first)}
    names = sorted(parts)
    entries = b""
    for kind, start, number in sorted([(kind, 0, 0) for kind in names] + [(DATA, first, 20)]):
        sequence = 1 if number == 0 else 20
        ident, = struct.unpack_from("<H", parts[kind], 14)
        entries += struct.pack("<IHBBQQH6x", kind, 32, 0, 26, start, number | sequence << 48, ident)
    listing = struct.pack("<IIBBHHHIHH", LIST, 24 + len(entries), 0, 0, 24, 0, 90, len(entries), 24, 0) + entries
    parts[DATA] = pieces[0]
    parts[LIST] = listing

    def fill(block, attributes):
        at, = struct.unpack_from("<H", block, 20)
        for attribute in attributes:
            block[at:at + len(attribute)] = attribute
            at += len(attribute)
        block[at:at + 8] = b"\xff\xff\xff\xff\0\0\0\0"
        struct.pack_into("<I", block, 24, at + 8)
        return block

    volume.put(volume.at(0), fill(block, [parts[kind] for kind in sorted(parts)]))
    more = volume.record(20)
    struct.pack_into("<H", more, 16, 20)
    struct.pack_into("<H", more, 22, 1)
    struct.pack_into("<Q", more, 32, 1 << 48)
    struct.pack_into("<I", more, 44, 20)
    volume.put(volume.at(20), fill(more, [pieces[20]]))
    mirror = struct.unpack_from("<Q", volume.data, 56)[0] * volume.cluster
    volume.data[mirror:mirror + volume.record_size] = volume.data[volume.at(0):volume.at(1)]


def check_table(checks, place, tree):
    """A master file table in pieces, one of them listed in another record."""
    wanted = expected(tree)
    image = place.make("ntfs", "48M", tree, "table")
    volume = Volume(image.read_bytes())
    split_table(volume)
    image.write_bytes(volume.data)
    got, _ = place.cat(image)
    checks.that(got == wanted, f"a table in pieces: {difference(got, wanted)}")
    data = subprocess.run(["ntfscat", image, BIG], capture_output=True).stdout
    checks.that(hashlib.sha256(data).hexdigest() == wanted[BIG][2], "ntfscat: a table in pieces")
    whole = volume.data
    for what, at, data, detail in (
            ("another base", 32, struct.pack("<Q", 30 | 1 << 48), "does not continue"),
            ("used again", 16, b"\x15\0", "used again"), ("not in use", 22, b"\0\0", "not in use")):
        hurt = Volume(whole)
        hurt.change(20, at, data)
        image.write_bytes(hurt.data)
        got, _ = place.cat(image)
        entry = got.get("(volume)", ("nothing", 0, ""))
        checks.that(entry[0] == "trouble" and detail in entry[2], f"table's second piece, {what}: {entry}")


# ---- lies ----

def check_boot(checks, place, whole):
    hurt = place.folder / "hurt"
    for what, at, data in (("sector", 11, b"\0\0"), ("sector", 11, b"\0\x40"), ("sector", 11, b"\x01\x02"),
                           ("cluster", 13, b"\0"), ("cluster", 13, b"\x03"), ("cluster", 13, b"\x81"),
                           ("cluster", 13, b"\xe0"), ("cluster", 13, b"\xf0"), ("size", 40, bytes(8)),
                           ("table", 48, bytes(8)), ("table", 48, b"\xff" * 8), ("table", 48, b"\xff" * 4),
                           ("record", 64, b"\0"), ("record", 64, b"\x7f"), ("record", 64, b"\xf8"),
                           ("record", 64, b"\xe0"), ("record", 64, b"\x03"), ("record", 64, b"\xf7"),
                           ("mark", 510, b"\0\0")):
        hurt.write_bytes(whole[:at] + data + whole[at + len(data):])
        got, _ = place.cat(hurt)
        checks.that(got.get("(volume)", ("", 0))[:2] == ("trouble", 28) or
                    got.get("(volume)", ("",))[0] == "trouble", f"boot sector's {what} {data}: {list(got)[:3]}")


def check_runs(surgery):
    volume = Volume(surgery.whole)
    number, other = volume.number(OTHER), volume.number(BIG)
    block, data = volume.record(number), volume.find(number, DATA)
    (lcn, count, _), *rest = data.runs(block)
    surgery.checks.that(not rest and count > 4, "a file in one run")
    bitmap_at = volume.find(6, DATA).runs(volume.record(6))[0][0] * volume.cluster
    clusters = len(volume.data) // volume.cluster
    free = next(c for c in range(clusters // 2, clusters)
                if not volume.data[bitmap_at + c // 8] >> c % 8 & 1)
    theirs = volume.find(other, DATA)
    theirs = (theirs.runs(volume.record(other)))[0][0] if theirs else lcn + 1

    def run(length, at, end=b"\0"):
        return lambda changed: changed.put_run(number, bytes([0x44]) + struct.pack("<Ii", length, at) + end)

    def field(at, fmt, value):
        return lambda changed: changed.change(number, data.at + at, struct.pack(fmt, value))

    good = run(count, lcn)
    volume = Volume(surgery.whole)
    good(volume)
    (surgery.place.folder / "hurt").write_bytes(volume.data)
    got, _ = surgery.place.cat(surgery.place.folder / "hurt")
    surgery.checks.that(got == surgery.wanted, "the same run in another form")
    field(34, "<B", 4)(volume)
    (surgery.place.folder / "hurt").write_bytes(volume.data)
    got, _ = surgery.place.cat(surgery.place.folder / "hurt")
    surgery.checks.that(got == surgery.wanted, "units in a plain file, which mean nothing there")
    for what, lie, detail in (
            ("a run past the end of the volume", run(count, clusters + 5), "outside of the volume"),
            ("a run over the volume's end", run(count, clusters - 2), "outside of the volume"),
            ("a run before the volume", run(count, -5), "outside of the volume"),
            ("a run of no cluster", run(0, lcn), "run 1 of its clusters is damaged"),
            ("a run that is too long", run(count + 1, lcn), "run 1 of its clusters is damaged"),
            ("a list that goes on", run(count, lcn, b"\x11\x01\x01\0"), "does not end"),
            ("a list that ends early", run(count - 1, lcn), "run 2 of its clusters is damaged"),
            ("a list that is cut", field(32, "<H", data.length - 4), ""),
            ("a list outside of the attribute", field(32, "<H", 0x7FF0), "points outside"),
            ("a run in free clusters", run(count, free), "is free"),
            ("a run of another file", run(count, theirs), ""),
            ("another first cluster", field(16, "<Q", 1), "do not follow"),
            ("another last cluster", field(24, "<Q", count), "damaged"),
            ("a last cluster without bound", field(24, "<Q", (1 << 63) - 1), "do not follow"),
            ("another allocated size", field(40, "<Q", count * 4096 + 8192), "sizes"),
            ("a size beyond the clusters", field(48, "<Q", 1 << 40), ""),
            ("initialized beyond the size", field(56, "<Q", 1 << 40), "sizes"),
            ("an unknown compression", field(12, "<H", 2), "")):
        surgery.reported(what, lie, OTHER, detail, ["dir/small.txt"])
    hole = run(count, lcn)
    def with_hole(changed):
        hole(changed)
        changed.change(number, data.value, bytes([0x04]) + struct.pack("<I", count) + b"\0")
    surgery.reported("a hole in a plain file", with_hole, OTHER, "neither sparse", ["dir/small.txt"])


def check_shared(surgery):
    """Two files with the same clusters: neither is read."""
    volume = Volume(surgery.whole)
    one, two = volume.number(OTHER), volume.number("dir/mixed.bin")
    mine, theirs = volume.find(one, DATA), volume.find(two, DATA)
    first = mine.runs(volume.record(one))[0]
    second = theirs.runs(volume.record(two))[0]
    at = first[2]
    sizes = volume.record(one)[at]

    def lie(changed):
        data = second[0].to_bytes(sizes >> 4, "little", signed=True)
        changed.change(one, at + 1 + (sizes & 15), data)
    for path in (OTHER, "dir/mixed.bin"):
        surgery.reported("clusters of two files", lie, path, "belongs to another file", ["dir/small.txt"])


def check_claims(surgery):
    """Three files that have all of the volume: no directory can be believed."""
    def lie(changed):
        clusters = len(changed.data) // changed.cluster - 1
        for path in (OTHER, BIG, "dir/mixed.bin"):
            number = changed.number(path)
            changed.put_run(number, bytes([0x14]) + struct.pack("<I", clusters) + b"\0\0")
            changed.change(number, changed.find(number, DATA).at + 24, struct.pack("<Q", clusters - 1))
    surgery.reported("more clusters than there are", lie, OTHER, "more clusters than the volume")


def check_list(surgery):
    """A file of many runs: its pieces are listed in an attribute list."""
    volume = Volume(surgery.whole)
    number = volume.number(LIST_FILE)
    _, listing = volume.list_of(number)
    entries = entries_of(listing)
    pieces = [at for at, kind, _ in entries if kind == DATA]
    surgery.checks.that(len(pieces) > 2, f"a file in pieces: {len(pieces)}")
    second = pieces[1]
    reference, = struct.unpack_from("<Q", listing, second + 16)
    extension = reference & 0xFFFFFFFFFFFF

    def entry(at, fmt, value):
        def lie(changed):
            new = bytearray(listing)
            struct.pack_into(fmt, new, at, value)
            changed.put_list(number, new)
        return lie

    def record(at, fmt, value):
        return lambda changed: changed.change(extension, at, struct.pack(fmt, value))

    def moved(changed):  # both places agree, and the piece overlaps the one before it
        vcn, = struct.unpack_from("<Q", listing, second + 8)
        entry(second + 8, "<Q", vcn - 1)(changed)
        data = changed.find(extension, DATA)
        changed.change(extension, data.at + 16, struct.pack("<Q", vcn - 1))

    def swapped(changed):
        new = bytearray(listing)
        new[pieces[1]:pieces[1] + 32], new[pieces[2]:pieces[2] + 32] = \
            listing[pieces[2]:pieces[2] + 32], listing[pieces[1]:pieces[1] + 32]
        changed.put_list(number, new)

    def repeated(changed):
        new = bytearray(listing)
        new[pieces[2]:pieces[2] + 32] = listing[pieces[1]:pieces[1] + 32]
        changed.put_list(number, new)

    def too_large(changed):
        found = changed.find(number, LIST)
        if found.form:
            for at in (48, 56):
                changed.change(number, found.at + at, struct.pack("<Q", 1 << 30))
        else:
            changed.change(number, found.at + 16, struct.pack("<I", 1 << 30))

    small = volume.number("dir/small.txt")
    for what, lie, detail in (
            ("an entry of no length", entry(second + 4, "<H", 0), "attribute list is damaged"),
            ("an entry that is too long", entry(second + 4, "<H", 0x7FF8), "attribute list is damaged"),
            ("a name outside of the entry", entry(second + 6, "<B", 200), "attribute list is damaged"),
            ("a list that names itself", entry(second, "<I", LIST), "names another one"),
            ("a piece in the file itself", entry(second + 16, "<Q", number | 1 << 48), ""),
            ("a piece in another file", entry(second + 16, "<Q", small | 1 << 48), "does not continue"),
            ("a piece in the root", entry(second + 16, "<Q", 5 | 5 << 48), "does not continue"),
            ("a piece past the end of the table", entry(second + 16, "<Q", (1 << 40) | 1 << 48), "past the end"),
            ("a record used again", entry(second + 22, "<H", 77), "used again"),
            ("another number of the attribute", entry(second + 24, "<H", 777), "has not the attribute"),
            ("pieces in another order", swapped, "do not follow"), ("a piece twice", repeated, ""),
            ("overlapping pieces", moved, ""), ("a list without bound", too_large, ""),
            ("another base", record(32, "<Q", small | 1 << 48), "does not continue"),
            ("another use of the base", record(38, "<H", 99), "does not continue"),
            ("an extension not in use", record(22, "<H", 0), "not in use"),
            ("an extension of its own", record(32, "<Q", 0), "does not continue"),
            ("an extension used again", record(16, "<H", 99), "used again")):
        surgery.reported(what, lie, LIST_FILE, detail, ["dir/small.txt"])


def check_index(surgery):
    path = "many"
    inside = "many/a file with a name of some length 7.txt"
    volume = Volume(surgery.whole)
    blocks = volume.index_blocks(path)
    surgery.checks.that(len(blocks) > 4, f"a directory of {len(blocks)} blocks")
    leaf = next(at for at in blocks if not volume.block(at)[36] & 1)
    number = volume.holder(volume.number(path), ROOT, "$I30")
    root = volume.find(number, ROOT, "$I30")
    bitmaps = volume.holder(volume.number(path), BITMAP, "$I30")

    def block(place, at, fmt, value):
        def lie(changed):
            new = changed.block(place)
            struct.pack_into(fmt, new, at, value)
            changed.put(place, new)
        return lie

    first = 24 + struct.unpack_from("<I", volume.block(leaf), 24)[0]
    record = volume.record(number)
    top = root.value + 16 + struct.unpack_from("<I", record, root.value + 16)[0]
    length, = struct.unpack_from("<H", record, top + 8)
    nodes = [top]
    while not struct.unpack_from("<H", record, nodes[-1] + 12)[0] & 2:
        nodes.append(nodes[-1] + struct.unpack_from("<H", record, nodes[-1] + 8)[0])

    def child(at, value):
        size, = struct.unpack_from("<H", record, at + 8)
        return lambda changed: changed.change(number, at + size - 8, struct.pack("<Q", value))

    def childless(changed):
        place = next(at for at in blocks if changed.block(at)[36] & 1)
        new = changed.block(place)
        new[36] = 0
        at = 24 + struct.unpack_from("<I", new, 24)[0]
        is_last = False
        while not is_last:
            length, flags = struct.unpack_from("<H2xH", new, at + 8)
            new[at + 12] = flags & 2
            is_last = flags & 2 != 0
            at += length
        changed.put(place, new)

    last = nodes[-1]
    last_size, = struct.unpack_from("<H", record, last + 8)
    vcn, = struct.unpack_from("<Q", record, last + last_size - 8)
    bitmap = volume.find(bitmaps, BITMAP, "$I30")
    cycles = []
    if len(nodes) > 1:
        cycles.append(("two entries to one block", child(top, vcn), ""))
    else:  # a node below the root: it leads back to itself
        inner = next(at for at in blocks if volume.block(at)[36] & 1)
        start = 24 + struct.unpack_from("<I", volume.block(inner), 24)[0]
        size, = struct.unpack_from("<H", volume.block(inner), start + 8)
        own, = struct.unpack_from("<Q", volume.block(inner), 16)
        cycles.append(("a block that leads to itself", block(inner, start + size - 8, "<Q", own),
                       "two entries lead to block"))
    for what, lie, detail in cycles + [
            ("an entry of no length", block(leaf, first + 8, "<H", 0), "an entry is 0 bytes long"),
            ("an entry of odd length", block(leaf, first + 8, "<H", 13), "an entry is 13 bytes long"),
            ("an entry that is too long", block(leaf, first + 8, "<H", 0x4000), "bytes long"),
            ("a key that is too long", block(leaf, first + 10, "<H", 0x4000), "has no name"),
            ("a name that is too long", block(leaf, first + 16 + 64, "<B", 255), "has no name"),
            ("an empty name", block(leaf, first + 16 + 64, "<B", 0), "has no name"),
            ("a name with a slash", block(leaf, first + 16 + 66, "<H", ord("/")), "has no name"),
            ("another directory", block(leaf, first + 16, "<Q", 5 | 5 << 48), "another directory"),
            ("a child below a leaf", block(leaf, first + 12, "<H", 1), "bytes long"),
            ("a last entry that is not", block(leaf, first + 12, "<H", 2), "follow the last"),
            ("a block of another number", block(leaf, 16, "<Q", 3 if leaf != blocks[3] else 2), "another block"),
            ("entries past the end of the block", block(leaf, 24 + 4, "<I", 0x10000), "header is damaged"),
            ("entries before the block", block(leaf, 24, "<I", 0), "header is damaged"),
            ("a block after the last", child(last, 1 << 40), "leads to the block"),
            ("a block's signature", lambda v: v.data.__setitem__(slice(leaf, leaf + 4), b"BAAD"), "INDX"),
            ("a block's fix-up", lambda v: v.data.__setitem__(leaf + 510, v.data[leaf + 510] ^ 1), "fix-up"),
            ("a bitmap with fewer blocks", lambda v: v.change(bitmaps, bitmap.value, b"\x01"), "not in use"),
            ("a node that has lost its children", childless, "nothing leads to it"),
            ("a root of another size", lambda v: v.change(number, root.value + 8, b"\0\x03\0\0"), "root"),
            ("a root of another kind", lambda v: v.change(number, root.value, b"\x80\0\0\0"), "root"),
            ("a root's entry of no length", lambda v: v.change(number, top + 8, b"\0\0"), "bytes long")]:
        surgery.reported(what, lie, inside, detail, ["dir/small.txt"])
    surgery.checks.that(length > 0, "the root has an entry")
    block_data = volume.block(leaf)
    reference, = struct.unpack_from("<Q", block_data, first)
    size = block_data[first + 16 + 64]
    name = bytes(block_data[first + 82:first + 82 + 2 * size]).decode("utf-16-le")
    surgery.checks.that(f"many/{name}" != inside, "the first name is another one")
    # what is found needs no whole directory; what is not does
    for what, lie in (("another name", block(leaf, first + 16 + 66, "<H", ord("b"))),
                      ("a short name", block(leaf, first + 16 + 65, "<B", 2))):
        surgery.reported(what, lie, f"many/{name}", "more files", ["dir/small.txt", inside])
        surgery.reported(what, lie, "many/no such file", "more files", ["dir/small.txt", inside])
    surgery.reported("another use of the record", block(leaf, first + 6, "<H", 99), f"many/{name}",
                 "belongs to another file by now", ["dir/small.txt"])
    surgery.reported("a record of another directory", lambda v: v.change(
        reference & 0xFFFFFFFFFFFF, next(a for a in volume.attributes(reference & 0xFFFFFFFFFFFF)
                                         if a.type == NAME).value, struct.pack("<Q", 4000 | 1 << 48)),
        f"many/{name}", "has not the name", ["dir/small.txt"])


def check_records(surgery):
    volume = Volume(surgery.whole)
    number = volume.number("dir/small.txt")
    data, standard = volume.find(number, DATA), volume.find(number, STANDARD)
    lies = {
        "another number": (44, struct.pack("<I", 7)), "not in use": (22, b"\0\0"),
        "a directory without an index": (22, b"\x03\0"), "first attribute": (20, b"\x08\0"),
        "used size": (24, struct.pack("<I", 0x10000)), "allocated size": (28, struct.pack("<I", 512)),
        "a piece of another record": (32, struct.pack("<Q", 5 | 5 << 48)),
        "attribute of no length": (data.at + 4, bytes(4)), "odd attribute": (data.at + 4, b"\x1c\0\0\0"),
        "attribute's value": (data.at + 16, struct.pack("<I", 0x1000)),
        "attribute's place": (data.at + 20, b"\xf8\0"), "attribute's name": (data.at + 9, b"\xff"),
        "attribute's type": (data.at, b"\x85\0\0\0"), "attribute's form": (data.at + 8, b"\x07"),
        "types that descend": (data.at, b"\x10\0\0\0"), "no data": (data.at, b"\xe0\0\0\0"),
        "no standard information": (standard.at + 4, struct.pack("<I", 24)),
        "a lost reparse point": (standard.value + 33, b"\x04"),
        "the end": (data.at + data.length, bytes(4)),
    }
    for what, (at, bytes_) in lies.items():
        surgery.reported(f"record: {what}", lambda v, at=at, b=bytes_: v.change(number, at, b), "dir/small.txt", "",
                     [OTHER])


def check_folders(surgery):
    """A directory whose record is damaged is listed as one; a root must be one."""
    volume = Volume(surgery.whole)
    hurt = surgery.place.folder / "hurt"
    volume.data[volume.at(volume.number("many"))] ^= 1
    hurt.write_bytes(volume.data)
    reported = subprocess.run([surgery.place.programs / "volcat", hurt], capture_output=True, text=True).stdout
    surgery.checks.that("dir many\ntrouble 17 many: " in reported, "a damaged directory is a directory")

    def lie(changed):
        changed.change(5, 22, b"\x01\0")
        changed.change(5, changed.find(5, ROOT, "$I30").at + 24, b"x")
    surgery.reported("a root that is a file", lie, OTHER, "no directory")


def check_lznt1(surgery):
    """What chunks can be wrong in: the headers, and copies from before the chunk."""
    volume = Volume(surgery.whole)
    number = volume.number(BIG)
    data = volume.find(number, DATA)
    lcn = data.runs(volume.record(number))[0][0]
    place = lcn * volume.cluster
    header, = struct.unpack_from("<H", volume.data, place)
    surgery.checks.that(header & 0xF000 == 0xB000, "the first chunk is packed")

    def put(at, data):
        return lambda v: v.data.__setitem__(slice(place + at, place + at + len(data)), data)
    for what, lie in (("a chunk's signature", put(0, struct.pack("<H", header ^ 0x1000))),
                      ("no chunk", put(0, b"\0\0")),
                      ("a chunk that is stored and short", put(0, struct.pack("<H", header ^ 0x8000))),
                      ("a chunk longer than the unit", put(0, b"\xff\xbf") if header != 0xBFFF else put(0, b"\0\0")),
                      ("a copy from before the chunk", put(2, b"\x01\xff\xff")),
                      ("a copy from before the start", put(2, b"\x02A\x00\xf0"))):
        surgery.reported(what, lie, BIG, "", ["dir/small.txt"])
        surgery.reported(what, lie, BIG, "", ["dir/small.txt"], ["--file"])
    block = volume.record(number)
    for what, at, fmt, value, detail in (
            ("no unit", 34, "<B", 0, "not known"), ("a unit without bound", 34, "<B", 63, "not known"),
            ("an unknown method", 12, "<H", 3, "not known"), ("not compressed", 12, "<H", 0, "neither"),
            ("other filled clusters", 64, "<Q", struct.unpack_from("<Q", block, data.at + 64)[0] + 4096, "sizes")):
        surgery.reported(what, lambda v, at=at, f=fmt, x=value: v.change(number, data.at + at, struct.pack(f, x)), BIG,
                     detail, ["dir/small.txt"])


def check_compact(checks, place):
    """A compact file that reads as zeros, by both ways of reading."""
    zeros = place.folder / "zeros"
    write(zeros, "zeros.bin", bytes(300000))
    for kind in ("ntfs-xpress4k", "ntfs-xpress8k", "ntfs-xpress16k", "ntfs-lzx"):
        image = place.make(kind, "16M", zeros, "compact")
        for mode in ([], ["--file"]):
            got, _ = place.cat(image, *mode)
            checks.that(got.get("zeros.bin", ("",))[0] == "trouble" and "zeros" in got["zeros.bin"][2],
                        f"{kind} {mode}: {got}")
    path = "zeros.bin"
    wof = "80000017:01000000{}000000{}00000000000000"
    for name, text in (("provider 1", wof.format("01", "01")), ("provider 7", wof.format("07", "01"))):
        image = place.make("ntfs-lzx", "16M", zeros, "compact", "--reparse", f"{path}={text}")
        got, _ = place.cat(image, path)
        checks.that(name in got.get(path, ("", 0, ""))[2], f"{name}: {got}")


def check_names(checks, place):
    """Names that differ in case alone: each is found by its own."""
    tree = place.folder / "names"
    for name in ("same.txt", "Same.txt", "SAME.TXT"):
        write(tree, f"dir/{name}", name.encode())
    image = place.make("ntfs", "8M", tree, "cases")
    got, _ = place.cat(image)
    checks.that(got == expected(tree), f"names by case: {difference(got, expected(tree))}")
    got, _ = place.cat(image, "dir/sAMe.txt")
    checks.that(got.get("dir/sAMe.txt", ("",))[0] == "file", f"any of them: {got}")


def check_twins(surgery):
    """One name twice in a directory, and in the records: no path could tell which."""
    volume = Volume(surgery.whole)
    one, two = ("many/a file with a name of some length %d.txt" % i for i in (7, 8))
    blocks = volume.index_blocks("many")
    old, new = one.split("/")[1].encode("utf-16-le"), two.split("/")[1].encode("utf-16-le")
    number = volume.number(one)

    def lie(changed):
        for at in blocks:
            block = changed.block(at)
            place = block.find(old)
            if place >= 0:
                block[place:place + len(old)] = new
                changed.put(at, block)
        name = next(a for a in changed.attributes(number) if a.type == NAME)
        changed.change(number, name.value + 66, new)
    surgery.reported("one name twice", lie, two, "one name twice", ["dir/small.txt"])


def check_spaces(checks, place, tree):
    """A record may have a POSIX name more than the index, where a Windows name of the file is listed."""
    image = place.make("ntfs", "8M", tree, "spaces", "--link", f"{OTHER}=second name.bin")
    first, second = "other.bin", "second name.bin"
    wanted = expected(tree)

    def set_space(name, listed, recorded):
        wide = name.encode("utf-16-le")
        number = volume.number(OTHER)
        volume.change(number, volume.record(number).find(wide) - 1, bytes([recorded]))
        blocks = [at for at in volume.index_blocks("dir") if wide in volume.block(at)]
        checks.that(len(blocks) == 1, f"{name} is in a block")
        for at in blocks:
            block = volume.block(at)
            block[block.find(wide) - 1] = listed
            volume.put(at, block)

    for what, spaces, is_fine in (
            ("a POSIX name beside a Windows name", ((first, 1, 1), (second, 2, 0)), True),
            ("a Windows name beside a Windows name", ((first, 1, 1), (second, 2, 1)), False),
            ("a POSIX name beside a POSIX name", ((first, 0, 0), (second, 2, 0)), False),
            ("a POSIX name alone", ((first, 2, 1), (second, 2, 0)), False),
            ("a short name alone", ((first, 2, 2), (second, 2, 2)), False),
            ("a short name beside a long one", ((first, 1, 1), (second, 2, 2)), True)):
        volume = Volume(image.read_bytes())
        for one in spaces:
            set_space(*one)
        (place.folder / "hurt").write_bytes(volume.data)
        got, _ = place.cat(place.folder / "hurt")
        reported = got.get("dir", ("", 0, ""))
        detail = "no other one" if what == "a short name alone" else "more files"
        checks.that(got == wanted if is_fine else reported[0] == "trouble" and detail in reported[2],
                    f"{what} that is not listed: {reported} {difference(got, wanted)[:200]}")


def check_bounds(surgery):
    """A volume that claims 10 GiB, all of it for the table or for one index: reported at once."""
    size = 10 << 30
    for path, kind, name, detail in ((None, DATA, "", "records in the master file table are more"),
                                     ("many", ALLOCATION, "$I30", "blocks")):
        volume = Volume(surgery.whole)
        number = 0 if path is None else volume.number(path)
        attribute = volume.find(number, kind, name)
        runs = volume.find(number, kind, name).runs(volume.record(number))
        far = len(volume.data) // volume.cluster
        more = size // volume.cluster - far
        total = (sum(count for _, count, _ in runs) + more) * volume.cluster
        old = volume.record(number)
        old = bytes(old[attribute.value:runs[-1][2] + 1 + (old[runs[-1][2]] & 15) + (old[runs[-1][2]] >> 4)])
        volume.put_run(number, old + b"\x44" + struct.pack("<Ii", more, far - runs[-1][0]) + b"\0", kind, name)
        volume.change(number, attribute.at + 24, struct.pack("<Q", total // volume.cluster - 1))
        volume.change(number, attribute.at + 40, struct.pack("<QQQ", total, total, total))
        struct.pack_into("<Q", volume.data, 40, size // 512)
        hurt = surgery.place.folder / "large"
        hurt.write_bytes(volume.data)
        os.truncate(hurt, size)
        got, _ = surgery.place.cat(hurt)
        entry = got.get(path or "(volume)", ("", 0, ""))
        surgery.checks.that(entry[0] == "trouble" and detail in entry[2], f"10 GiB for {path}: {entry}")
        hurt.unlink()


def check_many_names(checks, place):
    """Files of many names have long attribute lists: read once for all names in a row, not without end."""
    tree = place.folder / "named"
    write(tree, "dir/one", b"1")
    write(tree, "dir/two", b"2")
    links = [f"{name} {i:04}" for name in ("one", "two") for i in range(1500)]
    words = [word for name in links for word in ("--link", f"dir/{name[:3]}={name}")]
    image = place.make("ntfs", "16M", tree, "links", *words)
    wanted = expected(tree)
    wanted.update((f"dir/{name}", wanted[f"dir/{name[:3]}"]) for name in links)
    got, _ = place.cat(image)
    checks.that(got == wanted, f"3,000 names of two files: {difference(got, wanted)}")
    volume = Volume(image.read_bytes())
    sizes = [len(volume.list_of(number)[1]) for number in range(24, 200)
             if volume.data[volume.at(number):volume.at(number) + 4] == b"FILE" and volume.find(number, LIST)]
    checks.that(sum(size > 1500 * 26 for size in sizes) == 2, f"two long attribute lists: {sizes}")
    alternating = ["dir/one", "dir/two"] * ((1 << 22) // 1500 // 2 + 1)
    run = subprocess.run([place.programs / "volcat", image, *alternating], capture_output=True, text=True, timeout=1700)
    lines = run.stdout.split("\n")
    checks.that("too long to follow" in lines[-2], f"the last of many: {lines[-2:]}")
    reported = [line for line in lines if "too long to follow" in line]
    checks.that(len(reported) < len(alternating) / 2, f"{len(reported)} of {len(alternating)} refused")


def check_flips(checks, place):
    """
    Every bit of records, index blocks and the boot sector. NTFS writes some things once alone, and
    these may change in silence: the content of a resident file, the lower bits of a size.
    """
    tree = place.folder / "flips"
    write(tree, "dir/runs.bin", b"".join(b"%d\n" % i for i in range(9000)) + bytes(30000))
    for i in range(25):
        write(tree, f"dir/a name with some length {i}.txt", str(i).encode())
    for kind in ("ntfs", "ntfs-lznt1", "ntfs-lzx"):
        image = place.make(kind, "2M", tree, "flip")
        volume = Volume(image.read_bytes())
        runs = volume.number("dir/runs.bin")
        numbers = [runs] if kind != "ntfs" else [runs, 0, 5, volume.number("dir")]
        places = [f"{volume.at(n)}:{struct.unpack_from('<I', volume.record(n), 24)[0]}" for n in numbers]
        if kind == "ntfs":
            places += ["0:90", f"{volume.index_blocks('dir')[0]}:512"]
        run = subprocess.run([place.programs / "volflip", image, *places], capture_output=True, text=True,
                             timeout=1700)
        lines = run.stdout.split("\n")[:-1]
        checks.that(run.returncode == 0 and lines and int(lines[-1].split()[0]) > 2000, f"volflip: {run.stderr}")
        data = volume.find(runs, DATA)
        start = volume.at(runs) + data.at
        once = range(start + 48, start + 64)  # size and initialized size of the data
        for line in lines[:-1]:
            at = int(line.split()[1])
            checks.that(at in once and kind != "ntfs-lzx", f"{kind}: a flip is not reported: {line}")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(build, pathlib.Path(folder))
        tree = build_tree(place.folder / "tree")
        wanted = expected(tree)
        check_geometry(checks, place, tree)
        check_lznt1_sizes(checks, place, tree)
        check_table(checks, place, tree)
        whole = place.make("ntfs", "8M", tree, "whole").read_bytes()
        plain = Surgery(checks, place, "ntfs", whole, wanted)
        check_boot(checks, place, whole)
        check_runs(plain)
        check_shared(plain)
        check_claims(plain)
        check_index(plain)
        check_records(plain)
        check_folders(plain)
        check_twins(plain)
        check_names(checks, place)
        check_spaces(checks, place, tree)
        check_bounds(plain)
        check_many_names(checks, place)
        runs = place.make("ntfs-fragments", "8M", tree, "whole", "--cluster", "512").read_bytes()
        check_list(Surgery(checks, place, "ntfs-fragments", runs, wanted))
        packed = place.make("ntfs-lznt1", "8M", tree, "whole").read_bytes()
        check_lznt1(Surgery(checks, place, "ntfs-lznt1", packed, wanted))
        check_compact(checks, place)
        check_flips(checks, place)
    print(f"{checks.done - checks.failed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
