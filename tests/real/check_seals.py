#!/usr/bin/env python3
"""Real packages through `scan --verify`: what imgval says of files, catalogs and signatures must be
what cabextract, sha1sum, sha256sum (Python's) and openssl say; and a bit that is flipped anywhere in
a cabinet must be noticed, unless it lies where the format reserves bytes or nobody signs them.
Real catalogs by themselves through `inspect`: signer and digest must be those that osslsigncode
prints (where it is installed), and a signature that openssl refuses must never be called valid.

    check_seals.py PROGRAM [FLIPS]      FLIPS: how many random flips (default 400)

The real files are looked for in $IMGVAL_REAL, else in ../shared/real beside the checkout. Exit status
77 (skipped) where there are none."""
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SCAN = ["scan", "--verify", "--type=partial", "--context-free", "--format=json"]


def real_files():
    for place in (os.environ.get("IMGVAL_REAL"), TOP.parent / "shared/real", TOP.parent.parent / "shared/real"):
        if place and (pathlib.Path(place) / "cab").is_dir():
            return pathlib.Path(place)
    return None


def run(words, **more):
    return subprocess.run(words, capture_output=True, check=False, **more)


def scan(program, place):
    done = run([program, *SCAN, place])
    if done.returncode not in (0, 1, 3):
        sys.exit(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
    return json.loads(done.stdout)["submissions"][0]


def members(cab, place):
    shutil.rmtree(place, ignore_errors=True)
    run(["cabextract", "-q", "-d", place, cab])
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def octets(catalog):
    """Every octet string of 20 or 32 bytes in a catalog, as openssl shows them."""
    text = run(["openssl", "asn1parse", "-inform", "DER"], input=catalog).stdout.decode()
    return {v.lower() for v in re.findall(r"OCTET STRING +\[HEX DUMP\]:([0-9A-F]+)", text)
            if len(v) in (40, 64)}


def is_signed(catalog):
    return b"subject=" in run(["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=catalog).stdout


def trust_list(catalog):
    """The signed bytes of a catalog, and its lines as openssl shows them."""
    lines = run(["openssl", "asn1parse", "-inform", "DER"],
                input=catalog).stdout.decode(errors="replace").splitlines()
    at = next(i for i, line in enumerate(lines) if "1.3.6.1.4.1.311.10.1" in line)
    found = re.match(r" *(\d+):d=\d+ +hl=(\d+) l= *(\d+)", lines[at + 2])
    start, head, size = (int(n) for n in found.groups())
    return catalog[start + head:start + head + size], lines


def has_right_digest(catalog):
    """Whether the signer's message digest is that of the trust list, by openssl alone."""
    content, lines = trust_list(catalog)
    said = re.search(r"messageDigest.*?HEX DUMP\]:([0-9A-F]+)", "\n".join(lines), re.S).group(1)
    return hashlib.sha256(content).hexdigest() == said.lower()


def is_verified(catalog, place):
    """Whether the signature over the trust list is right, by openssl; of the chain nothing is asked."""
    (place / "list").write_bytes(trust_list(catalog)[0])
    return run(["openssl", "smime", "-verify", "-noverify", "-inform", "DER", "-binary", "-content",
                place / "list", "-out", os.devnull], input=catalog).returncode == 0


def inspect(program, path):
    done = run([program, "inspect", "--format=json", path])
    return json.loads(done.stdout)["packages"][0].get("verification") or {}


def check_by_osslsigncode(path, catalog, seal, problems):
    said = run(["osslsigncode", "verify", "-in", path]).stdout.decode(errors="replace")
    signer = re.search(r"Signer #0:\s+Subject: .*?/CN=([^\n]*)", said)
    digest = re.search(r"Message digest: ([0-9A-F]{64})", said)
    if signer is None or digest is None:
        problems.append(f"{path.name}: osslsigncode shows no signer")
    elif signer.group(1) != seal["signer"] or "Message digest algorithm: SHA256" not in said or \
            seal["digest"] != "SHA-256":
        problems.append(f"{path.name}: {seal['signer']}, {seal['digest']}; osslsigncode: {signer.group(1)}")
    elif digest.group(1).lower() != hashlib.sha256(trust_list(catalog)[0]).hexdigest():
        problems.append(f"{path.name}: osslsigncode has another digest of the trust list")


def check_catalog(program, path, place, problems):
    """One catalog, whole and with flipped bits. What openssl finds right may be refused all the same:
    imgval looks at the chain, too."""
    catalog = path.read_bytes()
    seal = inspect(program, path)
    if not is_signed(catalog):
        if seal["signature"] != "unsigned":
            problems.append(f"{path.name}: {seal['signature']}, and there is no signer")
        return
    if seal["signature"] != ("valid" if is_verified(catalog, place) else "invalid"):
        problems.append(f"{path.name}: signature {seal['signature']}, openssl says otherwise")
    if shutil.which("osslsigncode"):
        check_by_osslsigncode(path, catalog, seal, problems)
    chance = random.Random(path.name)
    changed = place / "changed.cat"
    for _ in range(8):
        flipped = bytearray(catalog)
        at = chance.randrange(len(flipped))
        flipped[at] ^= 1 << chance.randrange(8)
        changed.write_bytes(flipped)
        try:
            is_right = is_verified(bytes(flipped), place)
        except (StopIteration, AttributeError, IndexError):  # it is no catalog any more
            is_right = False
        if not is_right and inspect(program, changed).get("signature") == "valid":
            problems.append(f"{path.name}: byte {at} was changed, and openssl alone noticed")


def check_cab(program, cab, place, problems):
    s = scan(program, cab)
    seal = s["packages"][0]["verification"]
    files = members(cab, place)
    catalog = files.pop("update.cat")
    listed = octets(catalog)
    by_others = all(hashlib.sha256(b).hexdigest() in listed and hashlib.sha1(b).hexdigest() in listed
                    for b in files.values())
    if (seal["content"] == "intact") != by_others or seal["covered"] != len(files):
        problems.append(f"{cab.name}: {seal['content']}, {seal['covered']} of {len(files)} files covered")
    signed = is_signed(catalog)
    wanted = "valid" if signed and has_right_digest(catalog) else "invalid" if signed else "unsigned"
    if seal["signature"] != wanted:
        problems.append(f"{cab.name}: signature {seal['signature']}, openssl says {wanted}")
    if seal["root"] != ("test" if signed else "none"):
        problems.append(f"{cab.name}: root {seal['root']}")


def unsigned_places(data):
    """Ranges of a cabinet that the format reserves, or that nothing vouches for; and their names."""
    size, = struct.unpack_from("<I", data, 8)
    files_at, = struct.unpack_from("<I", data, 16)
    folders, count, flags = struct.unpack_from("<HHH", data, 26)
    places = [(4, 8, "reserved1"), (12, 16, "reserved2"), (20, 24, "reserved3"), (24, 25, "versionMinor"),
              (30, 32, "flags"), (32, 36, "setID, iCabinet"), (size, len(data), "the cabinet's own signature")]
    at = 36
    if flags & 4:
        header, folder, _ = struct.unpack_from("<HBB", data, 36)
        places.append((36, 40 + header, "reserve of the header"))
        at = 40 + header
        for i in range(folders):
            places.append((at + i * (8 + folder) + 8, at + (i + 1) * (8 + folder), "reserve of a folder"))
    places.append((at + 6, at + 8, "typeCompress"))
    where = files_at
    for _ in range(count):
        places.append((where + 10, where + 16, "date, time, attributes"))
        where = data.index(b"\0", where + 16) + 1
    return places


def is_case(data, at, bit):
    """Whether the flip makes a capital of a letter in a member's name, or the reverse: names are the
    same whatever their case."""
    files_at, = struct.unpack_from("<I", data, 16)
    start, = struct.unpack_from("<I", data, 36 + (4 + struct.unpack_from("<H", data, 36)[0]
                                                  if struct.unpack_from("<H", data, 30)[0] & 4 else 0))
    return bit == 5 and files_at <= at < start and chr(data[at]).isalpha()


def check_flips(program, cabs, place, flips, problems):
    chance = random.Random(14)
    made = {}
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    plain = {cab: {(f["id"]) for f in scan(program, cab)["findings"]} for cab in cabs}
    for i in range(flips):
        cab = chance.choice(cabs)
        data = bytearray(cab.read_bytes())
        at, bit = chance.randrange(len(data)), chance.randrange(8)
        data[at] ^= 1 << bit
        folder = place / f"{i:05d}"
        folder.mkdir()
        (folder / cab.name).write_bytes(data)
        made[folder.name] = (cab, at, bit)
    s = scan(program, place)
    seen = {name: set() for name in made}
    for finding in s["findings"]:
        name = pathlib.PurePath(finding["path"]).relative_to(place).parts[0]
        if finding["id"] not in ("IMG001",):
            seen[name].add(finding["id"])
    excused = {}
    for name, (cab, at, bit) in made.items():
        if seen[name] - plain[cab]:
            continue
        data = cab.read_bytes()
        why = next((w for a, b, w in unsigned_places(data) if a <= at < b), None)
        if why is None and is_case(data, at, bit):
            why = "case of a name"
        if why is None:
            problems.append(f"{cab.name}: bit {bit} of byte {at} was flipped, and nothing was noticed")
        else:
            excused[why] = excused.get(why, 0) + 1
    print(f"{flips} flips, {sum(excused.values())} of them in bytes that nothing vouches for: {excused}")


def main():
    program = os.path.abspath(sys.argv[1])
    flips = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    real = real_files()
    if real is None:
        print("no real files: skipped")
        return 77
    problems = []
    cabs = sorted((real / "cab").glob("*.cab"))
    with tempfile.TemporaryDirectory() as scratch:
        place = pathlib.Path(scratch)
        for cab in cabs:
            check_cab(program, cab, place / "members", problems)
        catalogs = sorted((real / "cat").glob("*.cat"))
        for catalog in catalogs:
            check_catalog(program, catalog, place, problems)
        check_flips(program, cabs, place / "flips", flips, problems)
    print("\n".join(problems[:40]) or f"{len(cabs)} cabinets and {len(catalogs)} catalogs agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
