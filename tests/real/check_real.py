#!/usr/bin/env python3
"""check_real.py IMGVAL VOLCAT: real files, read by imgval and by others. They are looked for in
$IMGVAL_REAL, else in ../shared/real beside the checkout; where there are none the exit status is 77
(skipped). Each folder that is there is checked against what an independent reader says of it:

    cab, mum    packages: name, version, partition, flags and file list by cabextract and xmllint;
                cab/no-package: a cabinet that is none
    cat         catalogs: every member with tag, digest, data type and file, in NAME.members.txt
    ntfs, fat   volumes: every folder and file with size and SHA-256, in NAME.list.txt
    hive        hives: every key and its values' types and texts, in NAME.list.txt
    names       names of update servers and the key that each is
    xml-phone   OEMInput.xml and DeviceLayout.xml of one phone, by expat

Registry files and further XML: tests/documents/agree.py; signatures: check_seals.py.
"""
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
IU = "{http://schemas.microsoft.com/embedded/2004/10/ImageUpdate}"
HOLE = b"\0" * 65536
# What is known to differ, and why: `ntfs3` has an index that lacks entries (fls finds the files in
# the file table), so imgval says that the folder is damaged.
DAMAGED = {"ntfs3"}


class Checks:
    def __init__(self, program, volcat, real):
        self.program, self.volcat, self.real = program, volcat, real
        self.count, self.problems = 0, []

    def same(self, got, wanted, what):
        self.count += 1
        if got != wanted:
            self.problems.append(f"{what}: {got!r}, expected {wanted!r}")

    def run(self, *words):
        return subprocess.run([str(word) for word in words], capture_output=True, check=False)


def volume_lines(checks, *words):
    return checks.run(checks.volcat, *words).stdout.decode("utf-8", "replace").split("\n")[:-1]


def listed(path):
    """The lines of a listing, without its comments. Names may hold any character but newline."""
    return [line for line in path.read_text(encoding="utf-8").split("\n")[:-1]
            if line and not line.startswith("# ")]


def unpack(path, folder):
    """NAME.gz or NAME.gz.gz as a file of its own, zeros as holes."""
    out = folder / path.name.split(".")[0]
    opened = gzip.open(path)
    if path.name.endswith(".gz.gz"):
        opened = gzip.open(opened)
    with opened as source, open(out, "wb") as target:
        while piece := source.read(len(HOLE)):
            if piece == HOLE[:len(piece)]:
                target.seek(len(piece), 1)
            else:
                target.write(piece)
        target.truncate(target.tell())
    return out


# --- packages ------------------------------------------------------------------------------------

def xpath(manifest, expression):
    done = subprocess.run(["xmllint", "--xpath", expression, "-"], input=manifest,
                          capture_output=True, check=False)
    return done.stdout.decode("utf-8").rstrip("\n")


def facts(manifest):
    """What xmllint says of an update.mum."""
    root = "/*[local-name()='assembly']"
    package = f"{root}/*[local-name()='package']"
    files = f"{package}/*[local-name()='customInformation']/*[local-name()='file']"
    get = lambda e: xpath(manifest, f"string({e})")
    return {
        "identity_name": get(f"{root}/*[local-name()='assemblyIdentity']/@name"),
        "version": get(f"{root}/*[local-name()='assemblyIdentity']/@version"),
        "identifier": get(f"{package}/@identifier"),
        "partition": get(f"{package}/@targetPartition"),
        "binary_partition": get(f"{package}/@binaryPartition").lower() == "true",
        "removal": xpath(manifest, f"count({package}/*[local-name()='recall'])") != "0",
        "owner_type": get(f"{package}/*[local-name()='customInformation']"
                          f"/*[local-name()='phoneInformation']/@phoneOwnerType"),
        "file_count": int(xpath(manifest, f"count({files})")),
        # not sum(): xmllint prints it rounded
        "total_size": sum(int(n) for n in re.findall(r'"(\d+)"', xpath(manifest,
                                                                       f"{files}/@size"))),
    }


def check_package(checks, path, manifest):
    done = checks.run(checks.program, "inspect", "--format=json", path)
    report = json.loads(done.stdout)
    checks.same((done.returncode, report["faults"]), (0, []), f"{path.name}: status and faults")
    if not report["packages"]:
        checks.problems.append(f"{path.name}: no package")
        return
    package = report["packages"][0]
    for name, wanted in facts(manifest).items():
        checks.same(package[name], wanted, f"{path.name}: {name}")
    if path.suffix == ".cab":
        checks.same(package["key"], path.name.removesuffix(".cab").split("~")[0].lower(),
                    f"{path.name}: key")


def check_cab(checks, folder):
    for cab in sorted(folder.glob("*.cab")):
        manifest = checks.run("cabextract", "-q", "-p", "-F", "update.mum", cab).stdout
        check_package(checks, cab, manifest)
    for cab in sorted(folder.glob("no-package/*.cab")):
        done = checks.run(checks.program, "inspect", "--format=json", cab)
        report = json.loads(done.stdout)
        checks.same(any(not p["unreadable"] for p in report["packages"]), False,
                    f"{cab.name}: no package")


def check_mum(checks, folder):
    for mum in sorted(folder.glob("*.mum")):
        check_package(checks, mum, mum.read_bytes())
    # The binary-partition packages among them lie in raw partitions: rules 3 to 5 pass.
    done = checks.run(checks.program, "scan", "--type=partial", "--context-free", "--format=json",
                      folder)
    report = json.loads(done.stdout)["submissions"][0]
    outcomes = {o["id"]: o["outcome"] for o in report["outcomes"]}
    for rule in ("STD001", "STD002", "STD003", "STD004", "STD005"):
        checks.same(outcomes[rule], "passed", f"{rule} on the real manifests")
    wanted = sum(facts(mum.read_bytes())["binary_partition"] for mum in folder.glob("*.mum"))
    checks.same(sum(p["binary_partition"] for p in report["packages"]), wanted,
                "binary-partition packages")


def check_names(checks, folder):
    rows = [line.split("\t") for path in sorted(folder.glob("*.txt")) for line in listed(path)]
    with tempfile.TemporaryDirectory(prefix="imgval-real-") as place:
        for name, _ in rows:
            (pathlib.Path(place) / name).write_bytes(b"MSCF")
        done = checks.run(checks.program, "scan", "--type=partial", "--context-free",
                          "--format=json", place)
        packages = json.loads(done.stdout)["submissions"][0]["packages"]
    keys = {p["path"].rpartition("/")[2]: p["key"] for p in packages}
    for name, wanted in rows:
        checks.same(keys.get(name), wanted, f"{name}: key")


# --- catalogs, volumes, hives --------------------------------------------------------------------

def check_cat(checks, folder):
    for cat in sorted(folder.glob("*.cat")):
        checks.same(volume_lines(checks, "--catalog", cat),
                    listed(cat.with_suffix(".members.txt")), f"{cat.name}: members")


def check_volumes(checks, folder):
    with tempfile.TemporaryDirectory(prefix="imgval-real-") as place:
        for packed in sorted(folder.glob("*.raw.gz*")):
            name = packed.name.split(".")[0]
            wanted = sorted(listed(folder / f"{name}.list.txt"))
            volume = unpack(packed, pathlib.Path(place))
            lines = volume_lines(checks, volume)
            got = sorted(line for line in lines if line.startswith(("dir ", "file ", "link ")))
            trouble = [line for line in lines if line.startswith(("trouble ", "lost "))]
            if name in DAMAGED:
                checks.same(bool(trouble) or got == wanted, True,
                            f"{packed.name}: damage is reported")
            else:
                checks.same((got, trouble), (wanted, []), f"{packed.name}: what lies in it")
            volume.unlink()


def plain(text):
    """%XX of a listing."""
    return re.sub("%([0-9A-F]{2})", lambda match: chr(int(match.group(1), 16)), text)


def check_hive(checks, folder):
    """Each key that the listing has, one by one. Where the other reader refuses a hive or has lost
    something of it, imgval must not read it without a word."""
    with tempfile.TemporaryDirectory(prefix="imgval-real-") as place:
        for packed in sorted(folder.glob("*.gz")):
            name = packed.name.removesuffix(".gz")
            hive = unpack(packed, pathlib.Path(place))
            check_keys(checks, hive, name, listed(folder / f"{name}.list.txt"))
            hive.unlink()


KEYS_MAX = 200  # of one hive: each is a process


def is_same_value(shown, wanted):
    """The listing leaves out long texts and what is no text; both say so in words."""
    for left_out in (" (other)", " (long)", " (damaged)"):
        if wanted.endswith(left_out) or shown.endswith(left_out):
            return shown.rpartition(" ")[0].startswith(wanted.rpartition(" ")[0].split(" (")[0]) or \
                shown.endswith(left_out)
    return shown == wanted


def check_keys(checks, hive, name, lines):
    values = {}
    for line in lines:
        words = line.split("\t")
        if words[0] == "key":
            values.setdefault(words[1], [])
        elif words[0] == "value":
            text = words[6] if len(words) > 6 else ""
            values[words[1]].append((plain(words[2]), words[3], plain(text)))
    if not values:
        got = volume_lines(checks, "--hive", "", hive)
        checks.same(any(line.startswith(("trouble", "lost")) for line in got), True,
                    f"{name}: it is refused")
        return
    step = max(1, len(values) // KEYS_MAX)
    for key in list(values)[::step]:
        if "%" in key:
            continue
        got = [line for line in volume_lines(checks, "--hive", key, hive) if line != "dirty"]
        if any(line.startswith(("trouble", "lost")) for line in got):
            checks.count += 1
            continue  # damaged, and reported
        shown = sorted(line.removeprefix("value ") for line in got if line.startswith("value "))
        wanted = sorted(f"{name_of} {kind} {text}" for name_of, kind, text in values[key])
        checks.same(len(shown) == len(wanted) and all(map(is_same_value, shown, wanted)), True,
                    f"{name}: values of '{key}': {shown}, expected {wanted}")


# --- one phone -----------------------------------------------------------------------------------

def check_phone(checks, folder):
    named = {}
    for path in folder.glob("*.xml"):
        root = xml.etree.ElementTree.parse(path).getroot()
        named[root.tag.removeprefix(IU)] = (path, root)
    with tempfile.TemporaryDirectory(prefix="imgval-real-") as place:
        place = pathlib.Path(place)
        (place / "Contoso.A").mkdir()
        (place / "Contoso.A/man.dsm.xml").write_text(
            f'<Package xmlns="{IU[1:-1]}"><Identity><Owner>Contoso</Owner><Component>A</Component>'
            '<Version Major="1" Minor="0" QFE="0" Build="1"/></Identity></Package>')
        for kind in ("OEMInput", "DeviceLayout"):
            if kind in named:
                (place / f"{kind}.xml").write_bytes(named[kind][0].read_bytes())
        done = checks.run(checks.program, "scan", "--no-wspc", "--format=json", place)
        report = json.loads(done.stdout)["submissions"][0]
    if "OEMInput" in named:
        root = named["OEMInput"][1]
        got = report["oem_input"]
        for member, element in (("product", "Product"), ("soc", "SOC"), ("device", "Device"),
                                ("release_type", "ReleaseType"), ("build_type", "BuildType")):
            checks.same(got[member], (root.findtext(IU + element) or "").strip() or None,
                        f"OEMInput: {member}")
        for member, owner in (("features", "Microsoft"), ("oem_features", "OEM")):
            wanted = [e.text.strip() for e in
                      root.findall(f"{IU}Features/{IU}{owner}/{IU}Feature")]
            checks.same(got[member], wanted, f"OEMInput: {member}")
    if "DeviceLayout" in named:
        root = named["DeviceLayout"][1]
        sector = int(root.findtext(IU + "SectorSize"))
        wanted = [(p.findtext(IU + "Name").strip(),
                   sector * int(p.findtext(IU + "TotalSectors") or 0))
                  for p in root.findall(f"{IU}Partitions/{IU}Partition")]
        checks.same([(p["name"], p["size"]) for p in report["layout"]["partitions"]], wanted,
                    "DeviceLayout: partitions")


FOLDERS = (("cab", check_cab), ("mum", check_mum), ("cat", check_cat), ("ntfs", check_volumes),
           ("fat", check_volumes), ("hive", check_hive), ("names", check_names),
           ("xml-phone", check_phone))


def main():
    program, volcat = map(os.path.abspath, sys.argv[1:3])
    real = pathlib.Path(os.environ.get("IMGVAL_REAL") or TOP.parent / "shared/real")
    if not real.is_dir():
        print("no real files (IMGVAL_REAL, else ../shared/real beside the checkout): skipped")
        return 77
    checks = Checks(program, volcat, real)
    for name, check in FOLDERS:
        before = checks.count
        if (real / name).is_dir():
            check(checks, real / name)
        print(f"{name}: {checks.count - before} checks")
    for problem in checks.problems:
        print(problem[:600])
    print(f"{checks.count - len(checks.problems)} passed, {len(checks.problems)} failed")
    return 1 if checks.problems or checks.count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
