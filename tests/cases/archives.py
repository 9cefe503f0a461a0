#!/usr/bin/env python3
"""An archive is the tree that it holds: every case whose scan names folders is scanned once more with
these folders replaced by archives of the same name, made by Python's zipfile and tarfile. Report and
exit status must be the same bytes. The setup of the case (what goes into the store) runs with archives,
too. By turns: zip with members that are stored, deflated, or have the fields of zip64; tar in the form
of pax and of GNU.

EXCEPT lists the cases that cannot agree, each with the reason.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import stat
import sys
import tarfile
import tempfile
import zipfile

import run_cases

# What a link leads to that leaves the tree is seen only where the tree lies in a file system.
OUTSIDE = re.compile(rb"a symbolic link to a (?:folder|file) outside the tree: links are not followed")
OUT = b"a symbolic link that leads out of the archive: what it leads to is not known"

LARGE = 64 * 1024 * 1024

EXCEPT = {
    "IMG006/document-outside": "a link of any name that leaves the archive may be one to a folder",
    "compare/trailing-slash": "the system takes NAME/ for a folder, and the archive is a file",
    "IMG306/several-oem-inputs-named": "the option names a file in the folder",
    "partial/several-histories-one-named": "the option names a file in the folder",
    "hostile/tree-deep-long-names": "its paths are longer than this script may name",
}


# Names in a tree are bytes; zipfile wants text.
class Info(zipfile.ZipInfo):
    def _encodeFilenameFlags(self):
        return os.fsencode(self.filename), self.flag_bits


def add(archive, root, path, how):
    name = os.path.relpath(path, root)
    mode = os.lstat(path).st_mode
    info = Info(name + ("/" if stat.S_ISDIR(mode) else ""))
    info.external_attr = (mode & 0xFFFF) << 16
    info._compresslevel = 1
    info.compress_type = zipfile.ZIP_STORED if how == 0 else zipfile.ZIP_DEFLATED
    data = b""
    if stat.S_ISLNK(mode):
        data = os.fsencode(os.readlink(path))
    elif stat.S_ISREG(mode):
        with archive.open(info, "w", force_zip64=how == 2) as target, open(path, "rb") as source:
            shutil.copyfileobj(source, target)
        return
    archive.writestr(info, data)


TARS = {3: tarfile.PAX_FORMAT, 4: tarfile.GNU_FORMAT}
HOWS = 5


def pack_tar(folder, made, how):
    entries = [path for path in folder.rglob("*")]
    if not entries or any(path.is_socket() for path in entries):
        raise run_cases.Skip  # one of nothing is zeros alone, and none holds a socket
    with tarfile.open(made, "w", format=TARS[how]) as archive:
        for place, folders, files in os.walk(folder):
            for name in folders + files:
                archive.inodes = {}  # no hard links
                path = os.path.join(place, name)
                archive.add(path, os.path.relpath(path, folder), recursive=False)


def pack(folder, how):
    """Puts an archive of the folder into its place."""
    made = folder.with_name(folder.name + ".made")
    if how in TARS:
        pack_tar(folder, made, how)
        shutil.rmtree(folder)
        made.rename(folder)
        return
    with zipfile.ZipFile(made, "w") as archive:
        for place, folders, files in os.walk(folder):
            for name in folders + files:
                add(archive, folder, os.path.join(place, name), how)
    shutil.rmtree(folder)
    made.rename(folder)


def folders_of(words, tree):
    """The PATH arguments that are folders."""
    return [word.rstrip("/") for word in words if not word.startswith("-") and (tree / word).is_dir()
            and not (tree / word).is_symlink()]


def scan(case, program, tree, place, how):
    """Exit status and report, after the setup; with `how`, of archives."""
    env = {k: v for k, v in os.environ.items() if k not in ("CI", "IMGVAL_CACHE", "NO_COLOR")}
    env.update(HOME=str(place), XDG_DATA_HOME=str(place / f"data-{how}"), LC_ALL="C.UTF-8",
               SOURCE_DATE_EPOCH="1480000000")
    env.update(case["env"])
    words = shlex.split(case["scan"])
    if how is not None:
        for folder in sorted({f for _, setup in case["setup"] for f in folders_of(setup, tree)} |
                             set(folders_of(words, tree))):
            pack(tree / folder, how)
    for _, setup in case["setup"]:
        run_cases.run(program, setup, tree, env)
    done = run_cases.run(program, ["scan", "--format=json", *words], tree, env)
    return done.returncode, OUTSIDE.sub(OUT, done.stdout), done


def is_large(tree, folders):
    """Whether a file is too large for a test that is to be quick."""
    return any(os.lstat(os.path.join(place, name)).st_size > LARGE
               for folder in folders for place, _, files in os.walk(tree / folder) for name in files)


def has_image(tree, folders):
    """Whether a folder is that of an image, or holds one: images in archives are not read."""
    return any(name.lower().endswith((".ffu", ".vhd", ".vhdx", ".wim"))
               for folder in folders for _, _, files in os.walk(tree / folder) for name in files)


def check_image(case, program, place, how):
    """The image is named, and the verdict shows that it was not read."""
    status, report, done = scan(case, program, place / "tree", place, how)
    if status == 2:
        raise run_cases.Skip
    findings = [f for s in json.loads(report)["submissions"] for f in s["findings"]]
    if status == 0 or not any(f["id"] == "IMG008" and "images are not read" in f["message"]
                              for f in findings):
        raise run_cases.Failure("an image in an archive is not named" + run_cases.shown(done))


def compare(path, number, given):
    case = run_cases.parse(path)
    name = f"{path.parent.name}/{path.stem}"
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-archive-"))
    try:
        if name in EXCEPT or (case["needs"] == "user" and os.geteuid() == 0):
            raise run_cases.Skip
        run_cases.build(case["recipe"], given.builder, given.volumes, place)
        folders = folders_of(shlex.split(case["scan"]), place / "tree")
        if not folders or is_large(place / "tree", folders):
            raise run_cases.Skip
        if has_image(place / "tree", folders):
            check_image(case, given.program, place, number % HOWS)
            return
        status, report, _ = scan(case, given.program, place / "tree", place, None)
        other, zipped, done = scan(case, given.program, place / "tree", place, number % HOWS)
        if (status, report) != (other, zipped):
            (pathlib.Path(given.keep) / (name.replace("/", "-") + ".tree.json")).write_bytes(report)
            (pathlib.Path(given.keep) / (name.replace("/", "-") + ".zip.json")).write_bytes(zipped)
            raise run_cases.Failure(f"exit status {status} of the folder, {other} of the archive, "
                                    f"or the reports differ (in {given.keep})"
                                    f"\n  stderr: {done.stderr.decode(errors='replace')[-400:]}")
    finally:
        for folder, _, _ in os.walk(place):
            os.chmod(folder, 0o700)
        shutil.rmtree(place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True, type=os.path.abspath)
    parser.add_argument("--builder", required=True, type=os.path.abspath)
    parser.add_argument("--keep", default=".", help="where reports that differ are put")
    parser.add_argument("names", nargs="*", help="only cases whose path holds one of these")
    given = parser.parse_args()
    given.volumes = os.path.join(os.path.dirname(given.builder), "mkvolume")
    paths = sorted((run_cases.TOP / "testdata/cases").glob("*/*.case"))
    if given.names:
        paths = [p for p in paths if any(n in str(p) for n in given.names)]

    def attempt(item):
        try:
            compare(item[1], item[0], given)
            return None
        except run_cases.Skip:
            return run_cases.Skip
        except run_cases.Failure as failure:
            return str(failure)

    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for path, failure in zip(paths, pool.map(attempt, enumerate(paths))):
            if failure is run_cases.Skip:
                skipped += 1
            elif failure is not None:
                failed += 1
                print(f"FAILED {path.parent.name}/{path.stem}: {failure}", flush=True)
    print(f"{len(paths) - failed - skipped} agree, {failed} failed, {skipped} name no folder")
    return 1 if failed or len(paths) == skipped else 0


if __name__ == "__main__":
    sys.exit(main())
