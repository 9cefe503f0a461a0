#!/usr/bin/env python3
"""check_images.py MKFIXTURE: images that mkfixture builds, read by others than imgval.

The FFU reader here is written from the format's description alone. It verifies every chunk's hash and
the catalog's digest, puts the disks together again and compares them with the plain disk of the same
recipe; sgdisk, sfdisk and qemu-img read partition tables and virtual hard disks. Exit status 77: those
tools are missing.
"""
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

os.environ["PATH"] += ":/usr/sbin:/sbin"
CHUNK = 131072
CONTENT = """
  partition EFIESP size=1M fill=200K required fs=FAT
  partition MainOS size=3M random=900K fs=NTFS
  partition Data rest zero=256K
"""
FFUS = {
    "v1": "ffu v1.ffu {{ \nstore size=8M{content}}}\n",
    "long": "ffu long.ffu long records=3 {{ \nstore size=8M{content}}}\n",
    "v2": "ffu v2.ffu version=2 dedupe digest=sha256 {{ \nstore size=8M validation=3{content}"
          "store size=8M{content}}}\n",
}
failures = []
checks = 0


def check(condition, text):
    global checks
    checks += 1
    if not condition:
        failures.append(text)
        print("failed:", text)


def padded(at, unit):
    return (at + unit - 1) // unit * unit


def stores_of(data, at):
    """Headers, entries: [(payload blocks' places, block size, entry count)], first payload."""
    stores, count = [], 1
    while len(stores) < count:
        major = struct.unpack_from("<H", data, at + 4)[0]
        block, entries, entry_size, _, validation = struct.unpack_from("<5I", data, at + 204)
        place = at + 248
        if major >= 2:
            count, index, payload, length = struct.unpack_from("<HHQH", data, place)
            check(index == len(stores) + 1 and payload == entries * block, "store header")
            place += 14 + 2 * length
        place += validation
        end = place + entry_size
        places = []
        for _ in range(entries):
            locations, blocks = struct.unpack_from("<II", data, place)
            check(blocks == 1, "block count")
            places.append([struct.unpack_from("<II", data, place + 8 + 8 * i)
                           for i in range(locations)])
            place += 8 + 8 * locations
        check(place == end, "length of the entries")
        stores.append((places, block))
        at = padded(end, block)
    return stores, at


def manifest_sizes(text):
    sizes, sector = [], 0
    for line in text.split("\r\n"):
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "SectorSize":
            sector = int(value)
        elif key == "MinSectorCount":
            sizes.append(int(value) * sector)
    return sizes


def disks_of(path):
    data = path.read_bytes()
    size, signature, kib, algorithm, catalog, table = struct.unpack_from("<I12sIIII", data)
    check((size, signature, kib, algorithm) == (32, b"SignedImage ", 128, 0x800C), "security header")
    base = padded(32 + catalog + table, CHUNK)
    hashes = data[32 + catalog:32 + catalog + table]
    chunks = [data[at:at + CHUNK] for at in range(base, len(data), CHUNK)]
    check(b"".join(hashlib.sha256(c.ljust(CHUNK, b"\0")).digest() for c in chunks) == hashes,
          f"{path.name}: chunk hashes")
    digests = (hashlib.sha1(hashes).digest(), hashlib.sha256(hashes).digest())
    check(any(d in data[32:32 + catalog] for d in digests), f"{path.name}: catalog digest")
    header, signature, length, kib = struct.unpack_from("<I12sII", data, base)
    check(signature == b"ImageFlash  " and kib == 128 and header in (24, 28), "image header")
    at = base + header
    sizes = manifest_sizes(data[at:at + length].decode("ascii"))
    at += length
    for _ in range(struct.unpack_from("<I", data, base + 24)[0] if header == 28 else 0):
        at += 28 + sum(struct.unpack_from("<7I", data, at))
    stores, payload = stores_of(data, padded(at, CHUNK))
    disks = []
    for (places, block), size in zip(stores, sizes):
        disk = bytearray(size)
        for entry in places:
            for method, index in entry:
                start = index * block if method == 0 else size - (index + 1) * block
                disk[start:start + block] = data[payload:payload + block]
            payload += block
        disks.append(bytes(disk))
    check(payload == len(data), f"{path.name}: ends with its payload")
    return disks


def output(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


def check_tools(place):
    (place / "again.img").write_bytes(disks_of(place / "v1.ffu")[0])
    check("No problems found" in output("sgdisk", "-v", place / "again.img"), "sgdisk -v")
    table = json.loads(output("sfdisk", "--json", place / "again.img"))["partitiontable"]
    check([p["name"] for p in table["partitions"]] == ["EFIESP", "MainOS", "Data"], "GPT names")
    check(table["id"] == "AE420040-13DD-41F2-AE7F-0DC35854C8D7", "disk GUID")
    table = json.loads(output("sfdisk", "--json", place / "mbr.img"))["partitiontable"]
    check([p["type"] for p in table["partitions"]] == ["c", "70", "5", "7", "7"], "MBR types")
    plain = (place / "plain.img").read_bytes()
    for name in ("fixed", "dynamic"):
        vhd, raw = place / f"{name}.vhd", place / f"{name}.img"
        output("qemu-img", "convert", "-f", "vpc", "-O", "raw", vhd, raw)
        converted = raw.read_bytes()
        # qemu goes by the geometry of disks that it does not know the maker of
        check(len(converted) > 7 << 20 and plain.startswith(converted), f"qemu-img, {name}")
        output("qemu-img", "convert", "-f", "raw", "-O", "vpc", "-o",
               f"subformat={name},force_size=on", place / "plain.img", place / f"other-{name}.vhd")


def main():
    builder = pathlib.Path(sys.argv[1]).resolve()
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-images-"))
    try:
        recipe = "".join(text.format(content=CONTENT) for text in FFUS.values())
        recipe += f"disk plain.img size=8M {{{CONTENT}}}\n"
        recipe += f"vhd fixed.vhd size=8M {{{CONTENT}}}\n"
        recipe += f"vhd dynamic.vhd kind=dynamic block=512K size=8M {{{CONTENT}}}\n"
        recipe += ("disk mbr.img size=8M scheme=mbr {\n partition A size=1M fill=1M type=c\n"
                   " partition M size=1M type=70\n partition B size=512K fill=1K logical\n"
                   " partition C size=512K fill=1K logical\n}\n")
        subprocess.run([builder, "-", place / "tree"], input=recipe, text=True, check=True)
        plain = (place / "tree" / "plain.img").read_bytes()
        for name in FFUS:
            disks = disks_of(place / "tree" / f"{name}.ffu")
            check(len(disks) == (2 if name == "v2" else 1), f"{name}: number of disks")
            for disk in disks:
                check(disk == plain, f"{name}: the disk is that of the recipe")
        missing = [tool for tool in ("sgdisk", "sfdisk", "qemu-img") if not shutil.which(tool)]
        if not missing:
            check_tools(place / "tree")
    finally:
        shutil.rmtree(place)
    print(f"{checks - len(failures)} passed, {len(failures)} failed"
          + (f"; missing: {' '.join(missing)}" if missing else ""))
    return 1 if failures else 77 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
