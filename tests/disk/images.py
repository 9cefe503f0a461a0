#!/usr/bin/env python3
"""One firmware in every form: a directory of packages, an extracted tree, FFU, VHD and WIM must be one
submission: the same id, set, metadata and findings. And what only images can be: two in a folder,
with files beside them, damaged, unreadable in part.

    images.py --program imgval --builder mkfixture --volumes mkvolume
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TARGETING = """  reg OEMSettings.reg \\Windows\\Packages\\RegistryFiles\\Contoso.Phone.Customizations.MainOS.reg <<END
[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo]
"PhoneManufacturer"="CONTOSO"
"PhoneManufacturerModelName"="CT-100"
"PhoneMobileOperatorName"="000-88"
"PhoneFirmwareRevision"="3012.0.1610.4"
END
"""

PACKAGES = [  # style, name, words; then the block
    ("spkg", "Contoso.BASE.MainOS", "version=1.2.3.4", ""),
    ("spkg", "Contoso.Modem.UpdateOS", "partition=UpdateOS version=1.2.3.5", ""),
    ("spkg", "Contoso.Radio.PLAT", "partition=PLAT version=1.0.0.9 binary=true", ""),
    ("spkg", "Contoso.Old.MainOS", "version=0.0.0.0", ""),
    ("spkg", "Microsoft.Core.MainOS", "version=8.0.1.2 owner_type=Microsoft", ""),
    ("spkg", "Contoso.Phone.Customizations.MainOS", "version=1.0.0.1", TARGETING),
    ("cbs", "Contoso.Cbs", "version=2.0.0.1", ""),
]

HISTORY = """<?xml version="1.0" encoding="utf-8"?>
<UpdateHistory xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">
  <UpdateEvents>
  </UpdateEvents>
</UpdateHistory>
"""


class Test:
    def __init__(self, given, place):
        self.program, self.builder, self.volumes = (
            os.path.abspath(p) for p in (given.program, given.builder, given.volumes))
        self.place = place
        self.failed = []
        self.env = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}

    def check(self, truth, what):
        if not truth:
            self.failed.append(what)
            print("FAILED", what)

    def tool(self, *words):
        done = subprocess.run(words, cwd=self.place, capture_output=True, check=False)
        if done.returncode == 77:
            sys.exit(77)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: {done.stderr.decode()}")

    def recipe(self, text, out):
        (self.place / "recipe").write_text(text, encoding="utf-8")
        self.tool(self.builder, "recipe", out)

    def run(self, *words):
        return subprocess.run([self.program, *words], cwd=self.place, env=self.env, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)

    def scan(self, *words):
        done = self.run("scan", "--no-wspc", "--format=json", *words)
        if done.returncode not in (0, 1, 3):
            sys.exit(f"scan {' '.join(words)}: {done.returncode}: {done.stderr.decode()}")
        return json.loads(done.stdout)["submissions"]


def recipe_of(packages, suffix):
    text = ""
    for style, name, words, block in packages:
        owner, component, *sub = name.split(".")
        if len(sub) > 1: # Phone.Customizations: the component has a dot
            component, sub = component + "." + sub[0], sub[1:]
        ending = {"/": "/", "": {"spkg": ".spkg", "cbs": ".cab"}[style]}[suffix]
        subtext = f" sub={sub[0]}" if sub else ""
        payload = " payload=true" if suffix == "/" else ""
        text += f"{style} {name}{ending} owner={owner} component={component}{subtext} {words}{payload}"
        text += " {\n" + block + "}\n" if block else "\n"
    return text


def install(test, folder, names, root):
    """Puts the manifests of extracted packages to where a device has them."""
    for name in names:
        source = test.place / folder / name
        mum = source / "update.mum"
        if mum.exists():
            target = root / "Windows/servicing/Packages" / f"{name}~628844477771337a~arm~~2.0.0.1.mum"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(mum, target)
            continue
        target = root / "Windows/Packages/DsmFiles" / f"{name}.dsm.xml"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / "man.dsm.xml", target)
        for reg in source.rglob("*.reg"):
            place = root / "Windows/Packages/RegistryFiles" / f"{name}.reg"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(reg, place)


def facts(submission):
    """What must be the same in every form."""
    keys = ("key", "name", "version", "partition", "owner_type", "removal", "binary_partition", "empty",
            "style")
    packages = sorted(tuple(p[k] for k in keys) for p in submission["packages"])
    device = {k: sorted({v["value"] for v in values}) for k, values in submission["device"].items()}
    findings = sorted((f["id"], f.get("key") or "", f.get("field") or "", str(f.get("actual")))
                      for f in submission["findings"] if not f["id"].startswith(("IMG1", "IMG2")))
    return {"id": submission["id"], "packages": packages, "device": device, "findings": findings,
            "firmware_version": submission["firmware_version"],
            "variants": [(v["oem"], v["operator"], v["model"]) for v in submission["variants"]]}


FFU = """ffu %(name)s.ffu platform=Contoso.QC8960.P1 %(words)s {
  store size=128M
  partition EFIESP file=%(place)s/efiesp.img fs=FAT
  partition PLAT size=1M
  partition MainOS file=%(place)s/%(main)s fs=NTFS
  partition Data file=%(place)s/data.img fs=NTFS
}
"""


def build(test):
    names = [p[1] for p in PACKAGES]
    test.recipe(recipe_of(PACKAGES, ""), "packages")
    test.recipe(recipe_of(PACKAGES, "/"), "loose")
    updateos = test.place / "updateos"
    main = test.place / "main"
    # UpdateOS has a package of its own and one of MainOS again
    install(test, "loose", ["Contoso.Modem.UpdateOS", "Contoso.BASE.MainOS"], updateos)
    install(test, "loose", [n for n in names if n != "Contoso.Modem.UpdateOS"], main)
    (main / "PROGRAMS/UpdateOS").mkdir(parents=True)
    test.tool(test.volumes, "wim-lzx", "0", "updateos", "main/PROGRAMS/UpdateOS/UpdateOS.wim")
    (main / "Windows/System32").mkdir(parents=True)
    (main / "Windows/System32/unrelated.dll").write_bytes(os.urandom(300000))
    for folder in ("efiesp/efi", "data/Users"):
        (test.place / folder).mkdir(parents=True)
    test.tool(test.volumes, "ntfs", "24M", "main", "main.img")
    test.tool(test.volumes, "ntfs-lzx", "24M", "main", "main-lzx.img")
    test.tool(test.volumes, "ntfs-lznt1", "24M", "main", "main-lznt1.img")
    test.tool(test.volumes, "ntfs", "8M", "data", "data.img")
    test.tool(test.volumes, "fat16", "32M", "efiesp", "efiesp.img")
    place = str(test.place)
    text = "".join(FFU % {"name": name, "main": image, "place": place, "words": words}
                   for name, image, words in (
                       ("plain", "main.img", ""), ("v2", "main.img", "version=2 long records=1 dedupe"),
                       ("lzx", "main-lzx.img", ""), ("lznt1", "main-lznt1.img", "")))
    disk = f"""  partition EFIESP file={place}/efiesp.img
  partition MainOS file={place}/main.img
"""
    text += f"vhd fixed.vhd kind=fixed size=128M {{\n{disk}}}\n"
    text += f"vhd dynamic.vhd kind=dynamic size=128M {{\n{disk}}}\n"
    text += f"vhd mbr.vhd kind=dynamic scheme=mbr size=128M {{\n{disk}}}\n"
    text += f"vhd names.vhd scheme=mbr size=128M {{\n{disk}  partition META type=70 size=1M\n}}\n"
    text += "vhd bare.vhd kind=fixed scheme=none size=24M {\n}\n"
    test.recipe(text, "images")
    test.tool(test.volumes, "wim-xpress", "0", "main", "images/whole.wim")
    with open(test.place / "images/bare.vhd", "r+b") as disk: # one volume and no partition table
        disk.write((test.place / "main.img").read_bytes())


def equivalence(test):
    wanted = facts(test.scan("packages")[0])
    test.check(len(wanted["packages"]) == len(PACKAGES), "the directory has all packages")
    test.check(wanted["firmware_version"] == "3012.0.1610.4", "the directory has a firmware version")
    forms = ["loose", "main"] + [f"images/{n}" for n in (
        "plain.ffu", "v2.ffu", "lzx.ffu", "lznt1.ffu", "fixed.vhd", "dynamic.vhd", "mbr.vhd", "names.vhd", "bare.vhd", "whole.wim")]
    for form in forms:
        found = test.scan(form)
        test.check(len(found) == 1, f"{form}: one submission")
        seen = facts(found[0])
        for part, value in wanted.items():
            test.check(seen[part] == value, f"{form}: {part} {seen[part]}, expected {value}")
        image = [f["id"] for f in found[0]["findings"] if f["id"].startswith(("IMG1", "IMG2"))]
        test.check(image == (["IMG105"] if form.endswith(".ffu") else []), f"{form}: {image}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "builder", "volumes"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keep", help="build here and leave it")
    given = parser.parse_args()
    place = pathlib.Path(given.keep or tempfile.mkdtemp(prefix="imgval-images-"))
    test = Test(given, place)
    try:
        build(test)
        equivalence(test)
    finally:
        if not given.keep:
            shutil.rmtree(place, ignore_errors=True)
    print("images: failed" if test.failed else "images: passed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
