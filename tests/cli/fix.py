#!/usr/bin/python3
"""fix.py PROGRAM [HISTORIES]: imgval fix from outside. What it writes is built (as extracted
packages, by a builder of this test) and scanned again: on random histories the submission is then
compliant exactly when a compliant superset of it exists."""
import json
import random
import sys
import xml.etree.ElementTree as ElementTree

import support

OEM, MODEL = "CONTOSO", "CT-100"
PROJECT = "{urn:Microsoft.WindowsPhone/PackageSchema.v8.00}"
MANIFEST = "{http://schemas.microsoft.com/embedded/2004/10/ImageUpdate}"
DSM = "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate"
REGISTRY = ("Windows Registry Editor Version 5.00\n\n"
            "[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo]\n")


def version(number):
    return f"1.0.0.{number}"


def write_package(folder, owner, component, sub, number, partition="MainOS", file=None):
    """An extracted package; without a file it is an empty one."""
    name = ".".join(part for part in (owner, component, sub) if part)
    place = folder / name
    place.mkdir(parents=True)
    sub_text = f"<SubComponent>{sub}</SubComponent>" if sub else ""
    entry = "" if file is None else (
        f"<FileEntry><FileType>Regular</FileType><DevicePath>\\Windows\\{file}</DevicePath>"
        f"<CabPath>{file}</CabPath><FileSize>9</FileSize></FileEntry>")
    (place / "man.dsm.xml").write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<Package xmlns="{DSM}"><Identity>'
        f"<Owner>{owner}</Owner><Component>{component}</Component>{sub_text}"
        f'<Version Major="1" Minor="0" QFE="0" Build="{number}"/></Identity>'
        f"<ReleaseType>Production</ReleaseType><OwnerType>OEM</OwnerType>"
        f"<BuildType>Retail</BuildType><Partition>{partition}</Partition>"
        f"<Files>{entry}</Files></Package>", encoding="utf-8")


def write_metadata(folder, number, operators):
    values = {"PhoneManufacturer": OEM, "PhoneFirmwareRevision": version(number),
              "PhoneManufacturerModelName": MODEL}
    lines = "".join(f'"{name}"="{value}"\n' for name, value in values.items())
    (folder / "OEMSettings.reg").write_text(
        REGISTRY + lines + f'"PhoneMobileOperatorName"="{operators[0]}"\n')
    return [f"--operator={operator}" for operator in operators]


def build(out, folder, number):
    """Builds what fix wrote; the names that came out."""
    names = set()
    for project in sorted(out.glob("*.pkg.xml")):
        root = ElementTree.parse(project).getroot()
        assert root.tag == PROJECT + "Package", root.tag
        assert [child.tag for child in root] == [PROJECT + "Components"], list(root)
        assert not list(root[0]), "components"
        one = root.attrib
        write_package(folder, one["Owner"], one["Component"], one.get("SubComponent"), number,
                      one["Partition"])
        names.add(".".join(p for p in (one["Owner"], one["Component"],
                                       one.get("SubComponent")) if p))
    return names


def manifest_names(out):
    root = ElementTree.parse(out / "EmptyPackages.FeatureManifest.xml").getroot()
    return {line.attrib["Name"].rsplit(".", 1)[0]
            for line in root.iter(MANIFEST + "PackageFile")}


# --- random histories ----------------------------------------------------------------------------

def is_fixable(packages, number, baselines):
    """The naive model: a superset of `packages` that is compliant with every operator's baselines."""
    need = set(packages)
    for history in baselines.values():
        older = [n for n in history if n < number]
        if older:
            need |= history[max(older)]
        need |= history.get(number, set())
    return all(need <= history[min(n for n in history if n > number)]
               for history in baselines.values() if any(n > number for n in history))


def random_history(rng, i):
    names = [f"P{k}" for k in range(rng.randint(2, 6))]
    code = f"{i:03d}"
    operators = [f"{code}-A{k}" for k in range(rng.choice((1, 1, 2)))]
    baselines = {}
    for operator in operators:
        chain = sorted(rng.sample(range(1, 9), rng.randint(0, 4)))
        kept = set()
        baselines[operator] = {}
        for number in chain:
            kept = kept | set(rng.sample(names, rng.randint(0, 2)))
            baselines[operator][number] = set(kept) or {names[0]}
            kept = set(baselines[operator][number])
    return names, operators, baselines


def check_random(checks, place, count):
    rng = random.Random(20161021)
    tally = {"fixed": 0, "not fixable": 0, "nothing": 0}
    for i in range(count):
        names, operators, baselines = random_history(rng, i)
        for operator, history in baselines.items():
            for number, packages in history.items():
                listed = place.path / "list.txt"
                listed.write_text("".join(f"Contoso.{p}.x,{version(number)}\n" for p in packages))
                done = place.run("cache", "import", "--cache=s.db", "--baseline",
                                 "--manufacturer=" + OEM, "--model=" + MODEL,
                                 "--operator=" + operator, "--firmware-version=" + version(number),
                                 listed)
                checks.status(done, 0, "import")
        number = rng.randint(1, 9)
        packages = set(rng.sample(names, rng.randint(1, len(names))))
        folder = place.path / f"s{i}"
        folder.mkdir()
        words = write_metadata(folder, number, operators)
        for package in packages:
            write_package(folder, "Contoso", package, "x", number, file=package)
        out = place.path / f"out{i}"
        done = place.run("fix", "--cache=s.db", *words, f"--output={out}", folder)
        fixable = is_fixable(packages, number, baselines)
        what = f"history {i}: {sorted(packages)} at {number}, {baselines}"
        checks.status(done, 0 if fixable else 1, what)
        if out.exists():
            built = build(out, folder, number)
            checks.same(manifest_names(out), built, f"{what}: the manifest names what was built")
            tally["fixed" if fixable else "not fixable"] += 1
        else:
            tally["nothing" if fixable else "not fixable"] += 1
        report = json.loads(place.run("scan", "--cache=s.db", *words, "--format=json",
                                      folder).out)
        states = {v["wspc"] for v in report["submissions"][0]["variants"]}
        checks.same(states <= {"compliant", "first"}, fixable, f"{what}: scanned again: {states}")
    print(tally)
    checks.that(min(tally.values()) > 0, "every kind of history was met", tally)


# --- by hand -------------------------------------------------------------------------------------

def check_story(checks, place):
    for one in ("v1", "v3"):
        place.run("cache", "add", "--baseline", "--cache=s.db", one)
    out = place.path / "out"
    done = place.run("fix", "--cache=s.db", "--output=out", "v4")
    checks.status(done, 0, "v4 lacks one package")
    checks.same(sorted(p.name for p in out.iterdir()),
                ["Contoso.Camera.Phone.MainOS.pkg.xml", "EmptyPackages.FeatureManifest.xml"],
                "what is written")
    checks.that("derived" not in done.text, "the record has the identity", done.text)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    done = place.run("fix", "--cache=s.db", "--output=out", "v4")
    checks.refused(done, "exists", "no file is written over")
    checks.same({p.name: p.read_bytes() for p in out.iterdir()}, before, "the files stay")
    (out / "EmptyPackages.FeatureManifest.xml").unlink()
    checks.refused(place.run("fix", "--cache=s.db", "--output=out", "v4"), "exists",
                   "one taken name is enough")
    checks.same(len(list(out.iterdir())), 1, "then nothing is written")
    done = place.run("fix", "--cache=s.db", "--output=none", "v3")
    checks.status(done, 0, "nothing to fix")
    checks.that(not (place.path / "none").exists(), "then no directory is made")
    checks.refused(place.run("fix", "--cache=s.db", "v4"), "--output", "no --output")
    checks.status(place.run("fix", "--cache=s.db", "--output=v1/OEMSettings.reg/x", "v4"), 4,
                  "a directory that cannot be made")
    done = place.run("fix", "--against=v3", "--output=against", "v4")
    checks.status(done, 0, "--against")
    checks.that((place.path / "against/Contoso.Camera.Phone.MainOS.pkg.xml").exists(), "--against")


def check_lines(checks, place):
    done = place.run("fix", "--no-wspc", "--output=out", "violations")
    checks.status(done, 1, "violations")
    for line in ('- "PhoneManufacturer"="Contoso Ltd."', '+ "PhoneManufacturer"="ContosoLtd"',
                 '+ "PhoneManufacturerModelName"="CT100EU"', '- "PhoneMobileOperatorName"="00088"',
                 '- <Version Major="0" Minor="0" QFE="0" Build="0" />', "STD001", "STD003"):
        checks.that(line in done.text, f"violations: {line}", done.text)
    done = place.run("fix", "--cache=none.db", "--output=out", "v4")
    checks.status(done, 1, "without a store nothing is known to be fixed")
    checks.that("store" in done.text, "and that is said", done.text)


def check_unchecked(checks, place):
    """What was not compared or not read is never "nothing to fix"."""
    place.run("cache", "add", "--baseline", "--cache=s.db", "v3")
    for words in (["--no-wspc"], ["--type=partial", "--context-free"]):
        done = place.run("fix", "--cache=s.db", *words, "--output=none", "v3")
        checks.status(done, 1, "nothing was compared")
        checks.that("Not compared" in done.text and "Nothing to fix" not in done.text,
                    "and that is said", done.text)
    (place.path / "v3/Broken.spkg").symlink_to("nowhere")
    done = place.run("fix", "--cache=s.db", "--output=none", "v3")
    checks.status(done, 1, "a part that was not read")
    checks.that("Not everything was checked" in done.text, "and that is said", done.text)


def check_obstacles(checks, place):
    """Names that no project can be built for, and a submission that has more than a later one."""
    words = ["--manufacturer=" + OEM, "--model=" + MODEL, "--operator=000-88"]
    listed = place.path / "list.txt"
    listed.write_text("Contoso.Base.x\nContoso.Base.x_Lang_de-DE\nContoso.Base.x_Res_480x800\n"
                      "Loner\nContoso.a+b.x\n")
    place.run("cache", "import", "--cache=o.db", "--baseline", *words,
              "--firmware-version=1.0.0.1", listed)
    place.run("cache", "import", "--cache=alone.db", "--baseline", *words,
              "--firmware-version=1.0.0.1", listed)
    listed.write_text("Contoso.Base.x\n")
    place.run("cache", "import", "--cache=o.db", "--baseline", *words,
              "--firmware-version=1.0.0.9", listed)
    folder = place.path / "s"
    folder.mkdir()
    write_metadata(folder, 10, ["000-88"])
    write_package(folder, "Contoso", "Other", "x", 10, file="other")
    done = place.run("fix", "--cache=o.db", "--output=out", folder)
    checks.status(done, 0, "against the last baseline alone")
    checks.that("derived" in done.text, "a name alone was split", done.text)
    text = (place.path / "out/Contoso.Base.x.pkg.xml").read_text()
    checks.that("Derived" in text, "and the project says so", text)

    done = place.run("fix", "--cache=alone.db", "--output=alone", folder)
    checks.status(done, 1, "satellites and odd names")
    for part in ("_Lang_de-DE: it is a language", "_Res_480x800: it is a language",
                 "Loner: its name does not have the parts", "a+b.x: its name or partition"):
        checks.that(part in done.text, f"said: {part}", done.text)
    checks.same(len(list((place.path / "alone").iterdir())), 2, "the one that helps is written")

    (folder / "OEMSettings.reg").unlink()
    write_metadata(folder, 5, ["000-88"])
    done = place.run("fix", "--cache=o.db", "--output=out5", folder)
    checks.status(done, 1, "between two baselines")
    for part in ("Contoso.Other.x: the later baseline", "_Lang_de-DE", "_Res_480x800", "Loner",
                 "a+b"):
        checks.that(part in done.text, f"said: {part}", done.text)
    checks.same(sorted(p.name for p in (place.path / "out5").iterdir()),
                ["Contoso.Base.x.pkg.xml", "EmptyPackages.FeatureManifest.xml"],
                "what helps is written")


def main():
    checks = support.Checks()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for check in (check_story, check_lines, check_unchecked, check_obstacles):
        with support.Place(sys.argv[1]) as place:
            check(checks, place)
    with support.Place(sys.argv[1]) as place:
        check_random(checks, place, count)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
