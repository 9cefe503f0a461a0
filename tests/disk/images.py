#!/usr/bin/env python3
"""One firmware in every form: a directory of packages, an extracted tree, FFU, VHD and WIM must be one
submission: the same id, set, metadata and findings. And what only images can be: two in a folder,
with files beside them, damaged, unreadable in part.

    images.py --program imgval --builder mkfixture --volumes mkvolume
"""
import argparse
import gzip
import json
import os
import pathlib
import random
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
    <UpdateEvent>
      <Sequence>1</Sequence>
      <UpdateOSOutput>
        <OverallResult>0</OverallResult>
        <UpdateState>Update Complete</UpdateState>
        <Packages>
          <Package>
            <Identity>
              <Owner>Contoso</Owner><Component>BASE</Component><SubComponent>MainOS</SubComponent>
              <Version Major="1" Minor="2" QFE="3" Build="4" />
            </Identity>
            <Partition>MainOS</Partition>
            <PackageFile>C:\\out\\Contoso.BASE.MainOS.spkg</PackageFile>
          </Package>
        </Packages>
      </UpdateOSOutput>
    </UpdateEvent>
  </UpdateEvents>
</UpdateHistory>
"""

OEM_INPUT = """<?xml version="1.0" encoding="utf-8"?>
<OEMInput xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">
  <SOC>QC8960</SOC><Device>P1</Device><ReleaseType>Production</ReleaseType>
</OEMInput>
"""

SMALL = """ffu %(name)s.ffu platform=Contoso.QC8960.P1 {
  store size=64M
  partition MainOS file=%(place)s/%(name)s.img fs=NTFS
%(more)s}
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
        program = self.program
        if any(word.startswith("--reader-fault") for word in words): # readers misbehave on request
            program = os.path.join(os.path.dirname(program), "tests", "imgval-faulty")
        return subprocess.run([program, *words], cwd=self.place, env=self.env, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=600)

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


def small(test, name, files, more=""):
    """An FFU with one package and further files {path: bytes} in MainOS."""
    root = test.place / (name + ".tree")
    install(test, "loose", ["Contoso.BASE.MainOS"], root)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    test.tool(test.volumes, "ntfs", "8M", root.name, name + ".img")
    test.recipe(SMALL % {"name": name, "place": test.place, "more": more}, name)
    return f"{name}/{name}.ffu"


def hive_of(test, **values):
    out = test.place / "SYSTEM"
    words = [f"{name}={value}" for name, value in values.items()]
    test.tool(sys.executable, str(pathlib.Path(__file__).parent / "mkhive.py"), str(out),
              "Platform\\DeviceTargetingInfo", *words)
    return out.read_bytes()


HIVE = "Windows/System32/config/SYSTEM"
VALUES = {"PhoneManufacturer": "CONTOSO", "PhoneManufacturerModelName": "CT-100",
          "PhoneMobileOperatorName": "000-88", "PhoneFirmwareRevision": "3012.0.1610.5"}


def metadata(test):
    path = small(test, "hive", {HIVE: hive_of(test, **VALUES)})
    found = test.scan(path)[0]
    value = found["device"]["PhoneFirmwareRevision"][0]
    test.check((value["value"], value["source"], value["rank"]) ==
               ("3012.0.1610.5", f"{path}:MainOS/{HIVE}", "hive"), f"the hive's value {value}")
    test.check(facts(found) == facts(test.scan("hive.tree")[0]), "the tree has the hive's values")

    found = test.scan(small(test, "badhive", {HIVE: b"regf" + bytes(8000)}))[0]
    test.check([f["path"] for f in found["findings"] if f["id"] == "IMG303"] ==
               [f"badhive/badhive.ffu:MainOS/{HIVE}"], "a damaged hive is reported")

    history = HISTORY.encode()
    path = small(test, "history", {"Windows/ImageUpdate/deep/UpdateHistory.xml": history,
                                   "Windows/ImageUpdate/OEMInput.xml": OEM_INPUT.encode()})
    found = test.scan("--type=partial", path)[0]
    test.check(found["history"]["path"] == f"{path}:MainOS/Windows/ImageUpdate/deep/UpdateHistory.xml",
               "the history below ImageUpdate")
    test.check(found["history"]["complete"] and found["history"]["event_count"] == 1,
               "the history's event")
    test.check(found["oem_input"]["soc"] == "QC8960", "OEMInput.xml below ImageUpdate")
    test.check(test.run("scan", "--type=partial", "hive/hive.ffu").returncode == 2,
               "a partial image without a history is a usage error")

    path = small(test, "two", {"Windows/ImageUpdate/a/UpdateHistory.xml": history,
                               "Windows/ImageUpdate/b/UpdateHistory.xml": history})
    found = test.scan(path)[0]
    test.check(any(f["id"] == "IMG303" and "2 update histories" in f["message"]
                   for f in found["findings"]), "two histories are reported")
    (test.place / "UpdateHistory.xml").write_bytes(history)
    found = test.scan("--update-history=UpdateHistory.xml", path)[0]
    test.check(found["history"]["path"] == "UpdateHistory.xml", "a named history counts alone")

    data = test.place / "dushared/SharedData/DuShared"
    data.mkdir(parents=True)
    (data / "UpdateHistory.xml").write_bytes(history)
    test.tool(test.volumes, "ntfs", "8M", "dushared", "dushared.img")
    path = small(test, "shared", {}, f"  partition Data file={test.place}/dushared.img fs=NTFS\n")
    found = test.scan(path)[0]
    test.check(found["history"]["path"] == f"{path}:Data/SharedData/DuShared/UpdateHistory.xml",
               "the history on the Data partition")


def volumes(test):
    """What lies in further volumes: MMOS.wim, two images in one WIM, compressed manifests."""
    install(test, "loose", ["Contoso.Modem.UpdateOS"], test.place / "mmos.tree")
    (test.place / "mmos").mkdir()
    test.tool(test.volumes, "wim-xpress", "0", "mmos.tree", "mmos/MMOS.wim")
    test.tool(test.volumes, "fat12", "4M", "mmos", "mmos.img")
    manifest = (test.place / "loose/Contoso.Old.MainOS/man.dsm.xml").read_bytes()
    path = small(test, "many", {"Windows/Packages/DsmFiles/Contoso.Old.MainOS.dsm.xml": gzip.compress(manifest)},
                 f"  partition MMOS file={test.place}/mmos.img fs=FAT\n")
    found = test.scan(path)[0]
    folder = "Windows/Packages/DsmFiles"
    test.check([p["path"] for p in found["packages"]] == [
        f"{path}:MMOS.wim/{folder}/Contoso.Modem.UpdateOS.dsm.xml",
        f"{path}:MainOS/{folder}/Contoso.BASE.MainOS.dsm.xml",
        f"{path}:MainOS/{folder}/Contoso.Old.MainOS.dsm.xml"],
        f"packages of MMOS.wim {[p['path'] for p in found['packages']]}")
    test.check(found["counts"]["unreadable"] == 0, "gzip manifests are read")

    for tree in ("many.tree", "mmos.tree"): # into one file
        test.tool(test.volumes, "wim-lzx", "0", tree, "both.wim")
    found = test.scan("both.wim")[0]
    test.check([p["path"].split("/", 1)[0] for p in found["packages"]] ==
               ["both.wim:WIM#2", "both.wim:WIM", "both.wim:WIM"], "two images in one WIM")
    test.check([p["name"] for p in found["image"]["partitions"]] == ["WIM", "WIM#2"],
               "both stand among the partitions")


def folders(test):
    alone = test.scan("images/plain.ffu")[0]
    folder = test.place / "fw"
    folder.mkdir()
    shutil.copy(test.place / "images/plain.ffu", folder / "phone.ffu")
    shutil.copy(test.place / "packages/Contoso.Phone.Customizations.MainOS.spkg", folder)
    test.recipe("spkg Contoso.Extra.spkg component=Extra", "extra")
    shutil.copy(test.place / "extra/Contoso.Extra.spkg", folder)
    (folder / "phone.UpdateHistory.xml").write_text(HISTORY)
    (folder / "OEMInput.xml").write_text(OEM_INPUT)
    found = test.scan("fw")
    test.check([(s["path"], s["kind"]) for s in found] == [("fw/phone.ffu", "ffu")],
               "a folder with one image is that image")
    test.check(found[0]["id"] == alone["id"], "packages beside an image are not added")
    test.check(found[0]["history"]["path"] == "fw/phone.UpdateHistory.xml", "the history beside it")
    test.check(found[0]["oem_input"]["path"] == "fw/OEMInput.xml", "OEMInput.xml beside it")
    named = test.scan("fw/phone.ffu")
    test.check((found[0]["id"], found[0]["packages"]) == (named[0]["id"], named[0]["packages"]),
               "the image by its path is the same submission")
    test.check([f["id"] for f in found[0]["findings"] if f not in named[0]["findings"]] == ["IMG011"],
               "of its folder the package beside it is compared")

    shutil.copy(test.place / "hive/hive.ffu", folder / "hive.ffu")
    found = test.scan("fw")
    test.check([s["path"] for s in found] == ["fw/hive.ffu", "fw/phone.ffu"],
               "two images are two submissions")
    test.check(found[1]["id"] == alone["id"], "the second is judged like alone")
    done = test.run("inspect", "fw")
    test.check(done.returncode == 2 and b"fw/hive.ffu, fw/phone.ffu" in done.stderr,
               "inspect asks which one")

    path = small(test, "bare", {})
    shutil.copy(test.place / "packages/Contoso.Phone.Customizations.MainOS.spkg", test.place / "bare")
    found = test.scan(path)[0]
    test.check(found["firmware_version"] == "3012.0.1610.4" and len(found["packages"]) == 1,
               "the targeting package beside an image has its metadata")


def trouble(test):
    path = "images/plain.ffu"
    whole = test.scan(path)[0]
    for kind in ("crash", "hang", "nonsense", "exit", "huge"):
        done = test.run("scan", "--no-wspc", "--format=json", f"--reader-fault={kind}:0", path)
        found = json.loads(done.stdout)["submissions"][0]
        test.check(done.returncode == 3, f"{kind}: status {done.returncode}")
        test.check(found["verdict"] == "incomplete" and found["packages"] == [] and
                   [f["path"] for f in found["findings"] if f["id"] == "IMG007"] == [path],
                   f"{kind}: the lost image is reported")
        done = test.run("scan", "--no-wspc", "--format=json", f"--reader-fault={kind}:1", path)
        found = json.loads(done.stdout)["submissions"][0]
        test.check(found["id"] == whole["id"] and
                   any(f["id"] == "IMG007" and f["incomplete"] for f in found["findings"]),
                   f"{kind}: lost hashes spoil nothing else")
    for jobs in ("0", "1", "3"):
        test.check(test.scan("-j", jobs, path)[0] == whole, f"-j {jobs}")
    test.check(not any(f["id"] == "IMG007" for f in whole["findings"]), "the sandbox holds")


def never_pass(test):
    """One bit of what the hash table covers is flipped: whatever it is, that is no pass."""
    path = small(test, "fine", {HIVE: hive_of(test, **VALUES)})
    test.check(test.run("scan", "--no-wspc", path).returncode == 0, "the whole image passes")
    data = (test.place / path).read_bytes()
    start = test.scan(path)[0]["image"]["image_header_offset"]
    chance = random.Random(1)
    for count in range(60):
        at = chance.randrange(start, start + 0x60000 if count % 2 else len(data))
        changed = bytearray(data)
        changed[at] ^= 1 << chance.randrange(8)
        (test.place / "changed.ffu").write_bytes(changed)
        status = test.run("scan", "--no-wspc", "changed.ffu").returncode
        test.check(status == 1, f"a flipped bit at {at}: status {status}")


def inspect(test):
    text = test.run("inspect", "images/plain.ffu").stdout.decode()
    for part in ("format           FFU", "platform         Contoso.QC8960.P1", "disk of 128.0 MiB",
                 "6 packages", "UpdateOS  WIM", "[#", "unsigned"):
        test.check(part in text, f"inspect shows {part!r}\n{text}")
    test.check("spare chunk" not in text, "no spare chunk where there is none")
    test.recipe("ffu a.ffu platform=P spare=1 {\n  store size=16M\n}\n", "spare")
    for words, status in (((), 0), (("--no-hash",), 3)):
        done = test.run("inspect", *words, "images/plain.ffu")
        test.check(done.returncode == status, f"inspect {words}: unchecked hashes are no success")
    text = test.run("inspect", "spare/a.ffu").stdout.decode()
    test.check("before the image header, which is at offset 262144" in text, f"inspect tells the spare chunk\n{text}")
    layout = b'<DeviceLayout xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate"><Partitions>' \
        b'<Partition><Name>MainOS</Name></Partition></Partitions></DeviceLayout>'
    ids = b'<OEMDevicePlatform xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">' \
        b'<DevicePlatformID>Contoso.QC8960.P7</DevicePlatformID></OEMDevicePlatform>'
    small(test, "layout", {"Windows/ImageUpdate/DeviceLayout.xml": layout,
                           "Windows/ImageUpdate/OEMDevicePlatform.xml": ids})
    test.recipe("vhd a.vhd size=16M {\n  partition MainOS file=../layout.img\n}\n", "layouts")
    text = test.run("inspect", "layouts/a.vhd").stdout.decode()
    for part in ("platform         Contoso.QC8960.P7", "1 partition in DeviceLayout.xml"):
        test.check(part in text, f"inspect shows {part!r}\n{text}")
    shown = json.loads(test.run("inspect", "--format=json", "images/plain.ffu").stdout)["image"]
    test.check([p["name"] for p in shown["partitions"]] ==
               ["EFIESP", "PLAT", "MainOS", "Data", "UpdateOS"], "inspect's partitions as JSON")
    test.check([p["file_system"] for p in shown["partitions"]] ==
               ["FAT16", "raw", "NTFS", "NTFS", "WIM"], "their file systems")


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
        metadata(test)
        volumes(test)
        folders(test)
        trouble(test)
        never_pass(test)
        inspect(test)
    finally:
        if not given.keep:
            shutil.rmtree(place, ignore_errors=True)
    print("images: failed" if test.failed else "images: passed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
