#!/usr/bin/env python3
"""listings.py IMGVAL MKFIXTURE: the packages that imgval finds in an archive are those that Python's zipfile,
unzip and 7-Zip list, for every form of archive that is read. Those of them that are not installed are
left out."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

import mkzip

FORMS = ["", "stored", "zip64", "descriptor", "descriptor zip64", "no-folders", "windows", "comment=text",
         "name=p000001.spkg=sub/./p000001.spkg", "add=more.spkg=MSCF", "link=in=s0000", "encrypt=p000001.spkg"]
EXTENSIONS = (".spkg", ".cab", ".spkr", ".cbsr", ".spku", ".cbsu")


def run(*words):
    return subprocess.run([str(w) for w in words], capture_output=True, check=False).stdout.decode()


def ours(program, archive):
    report = json.loads(run(program, "scan", "--type=partial", "--context-free", "--format=json", archive))
    return [package["path"][len(str(archive)) + 1:] for package in report["submissions"][0]["packages"]]


def listed(archive):
    """By each tool: the names as it lists them."""
    yield "zipfile", zipfile.ZipFile(archive).namelist()
    if shutil.which("unzip"):
        yield "unzip", run("unzip", "-Z1", archive).split("\n")
    if shutil.which("7z"):
        yield "7z", re.findall(r"^Path = (.*)$", run("7z", "l", "-slt", archive).partition("----------")[2], re.M)


def packages(names):
    """Paths of the packages among them, as they would lie in a folder."""
    plain = ["/".join(p for p in re.split(r"[/\\]", n) if p not in ("", ".")) for n in names]
    return sorted(p for p in plain if p.lower().endswith(EXTENSIONS))


def main():
    program, builder = sys.argv[1:3]
    failed = passed = 0
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-listings-"))
    try:
        subprocess.run([builder, "--generate", "packages=40", "seed=3", "subdirs=3", place / "tree"], check=True)
        first = sorted((place / "tree").rglob("*.spkg"))[0]
        first.rename(place / "tree/p000001.spkg")
        for number, form in enumerate(FORMS):
            archive = place / f"{number}.zip"
            mkzip.make(archive, place / "tree", form.split())
            found = sorted(ours(program, archive))
            for tool, names in listed(archive):
                if found and found == packages(names):
                    passed += 1
                else:
                    failed += 1
                    print(f"FAILED {form or 'plain'}: {tool} lists {len(packages(names))} packages, imgval "
                          f"{len(found)}: {sorted(set(packages(names)) ^ set(found))[:5]}")
    finally:
        shutil.rmtree(place)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
