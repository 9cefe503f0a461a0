#!/usr/bin/env python3
"""entries.py PROGRAM BUILDER: one odd entry of each kind at each level of a tree, inside an
extracted package, beside an image and below it. None that violates a rule, or that was not read, may
end in exit 0, and a finding names it; what is irrelevant must not change the verdict. Each entry is
counted once: as read, as reported, or as not relevant for the reason that is due. The same for the
file systems of an image."""
import os
import subprocess
import sys

import support

OPTIONS = ("--no-wspc", "--firmware-version=1.0.0.1", "--manufacturer=CONTOSO", "--model=CT-100",
           "--operator=000-88")
LEVELS = ("tree/", "tree/sub/", "tree/sub/deep/", "tree/open/", "tree/open/sub/", "image/", "image/sub/",
          "image/sub/deep/")
# Recipe line with the level for %s, whether it keeps the scan from ending in exit 0, and what it is
# counted as.
ODD = {
    "a zero version": ("spkg %sContoso.Zero.spkg component=Zero version=0.0.0.0", True, "read"),
    "a removal": ("spkg %sContoso.Gone.spkr component=Gone removal=true", True, "read"),
    "a binary package": ("spkg %sContoso.M.spkg component=M binary=true", True, "read"),
    "an extracted package": ("spkg %sextracted/ component=Zero version=0.0.0.0", True, "read"),
    "a damaged package": ("file %sContoso.Bad.spkg fill=900", True, "reported"),
    "a cabinet of no package": ("cabinet %sother.cab {\n member x.txt fill=9\n}", True, "reported"),
    "a bare manifest": ("file %sContoso.Bare.dsm.xml fill=900", True, "reported"),
    "a linked package": ("symlink %sContoso.L.spkg elsewhere", True, "reported"),
    "a FIFO": ("fifo %sContoso.F.spkg", True, "reported"),
    "an archive": ("file %smore.zip fill=900", True, "reported"),
    "a compressed package": ("file %sContoso.A.spkg.gz fill=900", True, "reported"),
    "a name that ends in a dot": ("file %sContoso.D.spkg. fill=900", True, "reported"),
    "a VHDX": ("file %sdisk.vhdx fill=900", True, "reported"),
    "a split image": ("file %sflash.swm fill=900", True, "reported"),
    "a link to a folder outside": ("symlink %soutside /", True, "reported"),
    "twins": ("spkg %sContoso.T.spkg component=T\nspkg %scontoso.t.spkg component=T", True, "read"),
    "a text": ("file %snotes.txt fill=900", False, "name"),
    "another document": ("file %sother.xml <<END\n<other/>\nEND", False, "document"),
    "a loose registry file": ("file %sloose.reg <<END\nx\nEND", False, "document"),
    "a link to nothing": ("symlink %snowhere elsewhere", False, "link"),
    "a FIFO of no role": ("fifo %spipe", False, "special"),
    "a folder": ("dir %sempty", False, "folder"),
}
# A cabinet that is no package is a warning, and the set is whole without it.
PASSES = {"a cabinet of no package"}
TREE = """
spkg tree/Contoso.A.spkg component=A
spkg tree/open/ component=Open
"""


def counted(done):
    """Counts by fate; their sum is the total."""
    entries = done.report["submissions"][0]["entries"]
    flat = {**entries["irrelevant"], "read": entries["read"], "reported": entries["reported"]}
    return flat, entries["total"] == sum(flat.values())


def on_disk(folder):
    return sum(len(folders) + len(files) for _, folders, files in os.walk(folder))


def check_entry(checks, place, what, level, number):
    line, violates, fate = ODD[what]
    text = line.replace("%s", level)
    is_image = level.startswith("image")
    start = "file image/phone.vhd zero=1024\n" if is_image else TREE
    folder = f"p{number}/{level.split('/')[0]}"
    place.build(start + text + "\n", f"p{number}")
    place.build(start + (f"dir {level}\n" if level.count("/") > 1 and level != "tree/open/" else ""),
                f"without{number}")
    done = place.run("scan", *OPTIONS, "--format=json", folder)
    path = f"p{number}/{text.split()[-1 if what == 'twins' else 1].rstrip('/')}"
    if what == "twins":
        path = f"p{number}/{level}contoso.t.spkg"
    named = any(str(one["path"]) == path for one in done.report["submissions"][0]["findings"])
    checks.same(named, violates, f"{what} in {level}: a finding names it")
    if not is_image:  # the image itself is damaged
        checks.status(done, (0 if what in PASSES else (1, 3)) if violates else 0, f"{what} in {level}")

    before, _ = counted(place.run("scan", *OPTIONS, "--format=json", f"without{number}" + folder[len(f"p{number}"):]))
    after, is_sum = counted(done)
    checks.that(is_sum and sum(after.values()) == on_disk(place.path / folder),
                f"{what} in {level}: every entry is counted once", after)
    changes = {name: after.get(name, 0) - before.get(name, 0) for name in {*before, *after}}
    wanted = {fate: 2 if what == "twins" else 1}
    if what == "an extracted package":
        wanted = {"read": 1, "folder": 1}
    if level == "image/" and what == "a VHDX":
        wanted = {"other": 1}  # the VHDX is a submission, of which the VHD is none
    checks.same({k: v for k, v in changes.items() if v}, wanted, f"{what} in {level}: counted as")


def check_levels(checks, place):
    places = [(what, level) for what in ODD for level in LEVELS]
    for number, (what, level) in enumerate(places):
        check_entry(checks, place, what, level, number)


def check_text(checks, place):
    place.build("spkg tree/Contoso.A.spkg component=A\nfile tree/notes.txt fill=9\nfile tree/x.zip fill=9\n"
                "file tree/OEMInput.xml fill=9\ndir tree/empty\n", "t")
    options = (*OPTIONS, "--type=partial", "--context-free")
    done = place.run("scan", *options, "-v", "t/tree")
    for line in ("entries: 5 in all: 1 read, 2 reported, 2 not relevant",
                 "1  folder  what lies in it is counted by itself",
                 "1  name    by its name no package, image, archive or metadata"):
        checks.that(line in done.text, f"-v shows {line!r}", done.text)
    checks.that("entries:" not in place.run("scan", *options, "t/tree").text, "without -v nothing of it")
    saved = place.run("scan", *options, "--format=json", "t/tree").out
    place.write("saved.json", saved)
    checks.same(place.run("render", "--format=json", "saved.json").out, saved, "read back")
    checks.same(place.run("render", "--format=text", "-v", "saved.json").text, done.text, "read back, as text")
    place.write("lie.json", saved.replace(b'"total": 5', b'"total": 6'))
    checks.refused(place.run("render", "lie.json"), "the total is not the sum", "a sum that is none")


def check_replaced(checks, place):
    """What an option, or another file, stands for."""
    history = "file %s <<END\n<UpdateHistory/>\nEND\n"
    place.build("spkg tree/Contoso.A.spkg component=A\nspkg tree/x/ component=X\n"
                "cbs tree/y/ component=Y\nfile tree/y/man.dsm.xml fill=9\n"
                + history % "tree/UpdateHistory.xml" + history % "other.xml"
                + "file tree/a/Windows/System32/config/SYSTEM.LOG1 fill=9\n", "t")
    counts, is_sum = counted(place.run("scan", *OPTIONS, "--update-history=t/other.xml", "--format=json", "t/tree"))
    checks.that(is_sum and sum(counts.values()) == on_disk(place.path / "t/tree"), "the sum", counts)
    checks.same((counts["replaced"], counts["log"]), (2, 1), "an option, update.mum, a log")


# ---- file systems of an image

MANIFEST = """<Package xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate"><Identity>
<Owner>Contoso</Owner><Component>%s</Component><Version Major="1" Minor="0" QFE="0" Build="1"/></Identity>
<ReleaseType>Production</ReleaseType><OwnerType>OEM</OwnerType><BuildType>Retail</BuildType>
<CpuType>ARM</CpuType><Partition>MainOS</Partition></Package>"""
DSM = "Windows/Packages/DsmFiles/"
VOLUME_LEVELS = ("", "Windows/", "Windows/Packages/", DSM, DSM + "deep/", "Windows/ImageUpdate/",
                 "Windows/ImageUpdate/sub/", "Windows/System32/config/", "other/deep/")


def fate_on_volume(what, level):
    """What an entry is counted as: only in its place it is more than a name."""
    if what == "a folder":
        return "folder"
    if what == "a link":
        return "link"
    if what in ("a manifest", "a damaged manifest") and level == DSM:
        return "read" if what == "a manifest" else "reported"
    if what == "a folder like a manifest":
        return "reported" if level == DSM else "folder"
    if what == "a damaged history" and level.startswith("Windows/ImageUpdate/"):
        return "reported"
    if what == "a damaged hive" and level == "Windows/System32/config/":
        return "reported"
    return "place"


def add_to_volume(top, what, level):
    folder = top / level
    folder.mkdir(parents=True, exist_ok=True)
    if what == "a manifest":
        (folder / "Contoso.X.dsm.xml").write_text(MANIFEST % "X")
    elif what == "a damaged manifest":
        (folder / "Contoso.X.dsm.xml").write_text("<Package")
    elif what in ("a folder", "a folder like a manifest"):
        (folder / ("empty" if what == "a folder" else "Contoso.X.dsm.xml")).mkdir()
    elif what == "a link":
        (folder / "link").symlink_to("/Windows")
    else:
        name = {"a package file": "Contoso.X.spkg", "a text": "notes.txt", "an archive": "more.zip",
                "a damaged history": "UpdateHistory.xml", "a damaged hive": "SYSTEM"}[what]
        (folder / name).write_text("text")


VOLUME_ODD = ("a manifest", "a damaged manifest", "a folder", "a folder like a manifest", "a link",
              "a package file", "a text", "an archive", "a damaged history", "a damaged hive")
FILE_SYSTEMS = {"NTFS": ("ntfs", "4M"), "FAT": ("fat12", "2M"), "WIM": ("wim-xpress", "1M")}


def scan_volume(checks, place, system, top):
    """Puts the tree into a volume, that into an image, and scans it."""
    kind, size = FILE_SYSTEMS[system]
    volumes = os.path.join(os.path.dirname(place.builder), "mkvolume")
    image = place.path / (top.name + (".wim" if system == "WIM" else ".img"))
    made = subprocess.run([volumes, kind, size, str(top), str(image)], capture_output=True, check=False)
    if made.returncode == 77:
        checks.skip(f"{system}: {top.name}", made.stderr.decode().strip())
        return None
    checks.same(made.returncode, 0, f"{system}: the volume is made")
    if system != "WIM":
        where = top.name + ".d"
        place.build(f"ffu phone.ffu {{\nstore size=8M\npartition MainOS file={image}\n}}\n", where)
        image = place.path / where / "phone.ffu"
    done = place.run("scan", *OPTIONS, "--no-hash", "--format=json", image.relative_to(place.path))
    return counted(done)


def check_volumes(checks, place):
    for system in FILE_SYSTEMS:
        for level in VOLUME_LEVELS:
            base = place.path / f"{system}{level.replace('/', '-')}"
            (base / DSM).mkdir(parents=True)
            (base / DSM / "Contoso.A.dsm.xml").write_text(MANIFEST % "A")
            (base / level).mkdir(parents=True, exist_ok=True)
            made = scan_volume(checks, place, system, base)
            if made is None:
                continue
            before, is_sum = made
            own = 0 if system != "NTFS" else sum(before.values()) - on_disk(base) - 1
            checks.that(is_sum and sum(before.values()) == on_disk(base) + 1 + own and own in range(20),
                        f"{system}: {level}: entries of the volume, and the image", before)
            for what in VOLUME_ODD:
                top = place.path / f"{base.name}-{what.replace(' ', '-')}"
                if what == "a link" and system == "FAT":
                    continue
                subprocess.run(["cp", "-a", str(base), str(top)], check=True)
                add_to_volume(top, what, level)
                after, is_sum = scan_volume(checks, place, system, top)
                changes = {n: after.get(n, 0) - before.get(n, 0) for n in {*before, *after}}
                checks.that(is_sum, f"{system}: {what} in {level}: the sum")
                checks.same({k: v for k, v in changes.items() if v}, {fate_on_volume(what, level): 1},
                            f"{system}: {what} in {level}: counted as")


if __name__ == "__main__":
    sys.exit(support.run_groups([check_levels, check_text, check_replaced, check_volumes], sys.argv[3:], sys.argv[1], sys.argv[2]))
