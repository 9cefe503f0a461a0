#!/usr/bin/env python3
"""entries.py PROGRAM BUILDER: one odd entry of each kind at each level of a tree, inside an
extracted package, beside an image and below it. None that violates a rule, or that was not read, may
end in exit 0, and a finding names it; what is irrelevant must not change the verdict."""
import sys

import support

OPTIONS = ("--no-wspc", "--firmware-version=1.0.0.1", "--manufacturer=CONTOSO", "--model=CT-100",
           "--operator=000-88")
LEVELS = ("tree/", "tree/sub/", "tree/sub/deep/", "tree/open/", "tree/open/sub/", "image/", "image/sub/",
          "image/sub/deep/")
# Recipe line with the level for %s, and whether it keeps the scan from ending in exit 0.
ODD = {
    "a zero version": ("spkg %sContoso.Zero.spkg component=Zero version=0.0.0.0", True),
    "a removal": ("spkg %sContoso.Gone.spkr component=Gone removal=true", True),
    "a binary package": ("spkg %sContoso.M.spkg component=M binary=true", True),
    "an extracted package": ("spkg %sextracted/ component=Zero version=0.0.0.0", True),
    "a damaged package": ("file %sContoso.Bad.spkg fill=900", True),
    "a bare manifest": ("file %sContoso.Bare.dsm.xml fill=900", True),
    "a linked package": ("symlink %sContoso.L.spkg elsewhere", True),
    "a FIFO": ("fifo %sContoso.F.spkg", True),
    "an archive": ("file %smore.zip fill=900", True),
    "a compressed package": ("file %sContoso.A.spkg.gz fill=900", True),
    "a VHDX": ("file %sdisk.vhdx fill=900", True),
    "a split image": ("file %sflash.swm fill=900", True),
    "a link to a folder outside": ("symlink %soutside /", True),
    "twins": ("spkg %sContoso.T.spkg component=T\nspkg %scontoso.t.spkg component=T", True),
    "a text": ("file %snotes.txt fill=900", False),
    "another document": ("file %sother.xml <<END\n<other/>\nEND", False),
    "a link to nothing": ("symlink %snowhere elsewhere", False),
    "a FIFO of no role": ("fifo %spipe", False),
}
TREE = """
spkg tree/Contoso.A.spkg component=A
spkg tree/open/ component=Open
"""


def check_entry(checks, place, what, level, number):
    line, violates = ODD[what]
    text = line.replace("%s", level)
    is_image = level.startswith("image")
    place.build(("file image/phone.vhd zero=1024\n" if is_image else TREE) + text + "\n", f"p{number}")
    done = place.run("scan", *OPTIONS, "--format=json", f"p{number}/{level.split('/')[0]}")
    path = f"p{number}/{text.split()[-1 if what == 'twins' else 1].rstrip('/')}"
    if what == "twins":
        path = f"p{number}/{level}contoso.t.spkg"
    named = any(str(one["path"]) == path for one in done.report["submissions"][0]["findings"])
    checks.same(named, violates, f"{what} in {level}: a finding names it")
    if not is_image:  # the image itself is damaged
        checks.status(done, (1, 3) if violates else 0, f"{what} in {level}")


def check_levels(checks, place):
    places = [(what, level) for what in ODD for level in LEVELS]
    for number, (what, level) in enumerate(places):
        check_entry(checks, place, what, level, number)


if __name__ == "__main__":
    sys.exit(support.run_groups([check_levels], sys.argv[3:], sys.argv[1], sys.argv[2]))
