#!/usr/bin/env python3
"""`imgval audit` from outside: the examples of the WSPC document as tables, every place where a
submission may lie, hostile histories, and parts of a list worked on by many processes.

    audit.py IMGVAL MKFIXTURE"""
import csv
import io
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import jsonschema

import support

SCHEMA = json.loads((support.TOP / "imgval/report/schema/imgval-audit-1.schema.json").read_text())
POP = ("CONTOSO", "000-88", "CT-100")


def version(number):
    return f"3012.0.1610.{number}"


def manifest(name, number, size, partition="MainOS", owner_type="OEM"):
    owner, component, sub = name.split(".")
    parts = number.split(".")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<Package xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">'
        f"<Identity><Owner>{owner}</Owner><Component>{component}</Component>"
        f"<SubComponent>{sub}</SubComponent>"
        f'<Version Major="{parts[0]}" Minor="{parts[1]}" QFE="{parts[2]}" Build="{parts[3]}"/>'
        f"</Identity><ReleaseType>Production</ReleaseType><OwnerType>{owner_type}</OwnerType>"
        f"<BuildType>Retail</BuildType><Partition>{partition}</Partition><Files><FileEntry>"
        f"<FileType>Regular</FileType><DevicePath>\\Windows\\{component}</DevicePath>"
        f"<CabPath>a</CabPath><FileSize>{size}</FileSize></FileEntry></Files></Package>")


def write_package(folder, name, number="1.0.0.1", size=7, **more):
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "man.dsm.xml").write_text(manifest(name, number, size, **more),
                                               encoding="utf-8")


def write_device(folder, number, pop=POP):
    folder.mkdir(parents=True, exist_ok=True)
    values = {"PhoneManufacturer": pop[0], "PhoneMobileOperatorName": pop[1],
              "PhoneManufacturerModelName": pop[2], "PhoneFirmwareRevision": number}
    lines = ["Windows Registry Editor Version 5.00", "",
             r"[HKEY_LOCAL_MACHINE\System\Platform\DeviceTargetingInfo]"]
    lines += [f'"{name}"="{value}"' for name, value in values.items()]
    (folder / "OEMSettings.reg").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")


def write_set(folder, number, packages, pop=POP):
    """`packages`: "a1 b2" stands for package a in version 1 and b in version 2."""
    if number is not None:
        write_device(folder, version(number), pop)
    for word in packages.split():
        name, build = word[0], word[1:] or "1"
        write_package(folder, f"Contoso.P{name}.Main", f"1.0.0.{build}", size=ord(name) * 10 + 1)


def name(letter):
    return f"Contoso.P{letter}.Main"


def audit(checks, place, what, *words, status):
    done = place.run("audit", "--format=json", *words)
    checks.status(done, status, what)
    try:
        answer = json.loads(done.out)
        jsonschema.validate(answer, SCHEMA)
    except (ValueError, jsonschema.ValidationError) as error:
        checks.that(False, f"{what}: JSON after its schema", error)
        return {"variants": [], "findings": [], "unjudged": [], "counts": {}, "verdict": None}
    checks.that(True, what)
    return answer


def versions_of(variant):
    return [v["version"].rsplit(".", 1)[1] for v in variant["versions"]]


# name -> version number: packages, in the order of the tree; what must come of it
DOCUMENT = {
    # "Subsequent firmware submissions": baseline, v2, v3, v4
    "subsequent": {
        "sets": {"1": "a1 b1 c1 d1", "2": "a2 b2 c2 d2", "3": "a2 b2 c2 d2 e1", "4": "a2 b2 c2 e1"},
        "broken": {"4": "d"}, "first_break": 3, "longest": ["1", "2", "3"],
        "mends": [("d", "4", "4")], "serviceable": 3,
    },
    # "Out of order firmware submissions": v4 between v3 and v5
    "between, in place": {
        "sets": {"3": "a b", "4": "a b c", "5": "a b c d", "7": "a b c d"},
        "broken": {}, "first_break": None, "longest": ["3", "4", "5", "7"], "mends": [],
        "serviceable": 6,
    },
    "between, lacks a package of v3": {
        "sets": {"3": "a b", "4": "a c", "5": "a b c", "7": "a b c"},
        "broken": {"4": "b"}, "first_break": 1, "longest": ["3", "5", "7"],
        "mends": [("b", "4", "4")], "serviceable": 5,
    },
    "between, has a package that v5 lacks": {
        "sets": {"3": "a b", "4": "a b z", "5": "a b", "7": "a b"},
        "broken": {"5": "z"}, "first_break": 2, "longest": ["3", "5", "7"],
        "mends": [("z", "5", "7")], "serviceable": 4,
    },
    # "Migrating from a legacy non-compliant submission": the target holds the source's set
    "legacy migration": {
        "sets": {"1": "a b", "2": "a c", "3": "a b c", "4": "a b c"},
        "broken": {"2": "b"}, "first_break": 1, "longest": ["1", "3", "4"],
        "mends": [("b", "2", "2")], "serviceable": 5,
    },
}


def check_document(checks, place):
    for what, row in DOCUMENT.items():
        top = place.path / "doc" / what.replace(" ", "-").replace(",", "")
        for number, packages in row["sets"].items():
            write_set(top / f"v{number}", number, packages)
        answer = audit(checks, place, what, top, status=0)
        variant = answer["variants"][0]
        numbers = versions_of(variant)
        checks.same(numbers, list(row["sets"]), f"{what}: versions")
        broken = {numbers[s["to"]]: s["missing"] for s in variant["steps"] if not s["compliant"]}
        checks.same(broken, {k: [name(v)] for k, v in row["broken"].items()}, f"{what}: broken")
        checks.same(variant["first_break"], row["first_break"], f"{what}: first break")
        checks.same([numbers[i] for i in variant["largest_baseline_set"]], row["longest"],
                    f"{what}: baselines")
        checks.same([(p["name"], numbers[p["first"]], numbers[p["last"]])
                     for p in variant["mends"]["packages"]],
                    [(name(p), f, t) for p, f, t in row["mends"]], f"{what}: mends")
        checks.same(variant["matrix"]["serviceable"], row["serviceable"], f"{what}: pairs")
        checks.same([f["id"] for f in answer["findings"]], ["WSPC004"] * len(broken),
                    f"{what}: findings")
        done = place.run("audit", "--fail-on=warning", top)
        checks.status(done, 1 if broken else 0, f"{what}: --fail-on=warning")
    done = place.run("audit", place.path / "doc/subsequent")
    checks.that("BROKEN" in done.text and f"- {name('d')}" in done.text, "text", done.text)
    message = answer = audit(checks, place, "the message", place.path / "doc/subsequent",
                             status=0)["findings"][0]["message"]
    checks.same(message, "To be WSPC-compliant, you cannot remove a package. The following packages "
                f"were removed '{name('d')}'.", "the document's text")


# --- where submissions lie -------------------------------------------------------------------------

def check_places(checks, place):
    top = place.path / "places"
    sets = {"1": "a b", "2": "a b c", "9": "a b c", "10": "a c"}
    for number, packages in sets.items():
        write_set(top / f"v{number}", number, packages)
    plain = audit(checks, place, "folders", top, status=0)
    checks.same(versions_of(plain["variants"][0]), ["1", "2", "9", "10"], "numbers are numbers")
    checks.same([v["path"] for v in plain["variants"][0]["versions"]],
                [str(top / f"v{n}") for n in sets], "paths")
    direct = place.run("audit", "--format=json", top).out

    # Streams, in any order, in parts, and one document: the same audit byte for byte.
    folders = [str(top / f"v{n}") for n in sets]
    (place.path / "streams").mkdir()
    for i, part in enumerate((folders[2:], folders[:2])):
        place.run("scan", "--no-wspc", "--format=jsonl", *part, stdout=place.path / f"streams/{i}.jsonl")
    checks.same(place.run("audit", "--format=json", "streams").out, direct, "streams")
    checks.same(place.run("audit", "--format=json", "streams/1.jsonl", "streams/0.jsonl").out,
                direct, "streams in another order")
    checks.same(place.run("audit", "--format=json", "-", stdin=b"streams/1.jsonl\nstreams/0.jsonl\n").out,
                direct, "a list on standard input")
    place.run("scan", "--no-wspc", "--format=json", *folders, stdout=place.path / "all.json")
    checks.same(place.run("audit", "--format=json", "all.json").out, direct, "a report")
    both = audit(checks, place, "twice", top, "all.json", status=0)
    checks.same(both["counts"]["copies"], 4, "a submission in two places counts once")
    checks.same(both["variants"][0]["counts"], plain["variants"][0]["counts"], "twice: the same")

    # The store: by id, by name, all of it, and as a bundle.
    for folder in folders:
        done = place.run("cache", "import", "--cache=a.db", folder)
        checks.status(done, 0, "import")
    last = done.text.strip()
    stored = audit(checks, place, "the store", "--store", "--cache=a.db", status=0)
    checks.same(stored["variants"][0]["counts"]["broken"], 1, "the store")
    place.run("cache", "export", "--cache=a.db", stdout=place.path / "bundle.jsonl")
    bundled = audit(checks, place, "a bundle", "bundle.jsonl", status=0)
    checks.same(bundled, stored, "a bundle is the store")
    named = audit(checks, place, "names", "--cache=a.db", last[:12],
                  f"{'/'.join(POP)}@{version(2)}", status=0)
    checks.same(versions_of(named["variants"][0]), ["2", "10"], "ids and names")
    checks.refused(place.run("audit", "nowhere", "--cache=a.db"), "nowhere", "a name of nothing")
    checks.refused(place.run("audit", "nowhere", "--cache=none.db"), "nowhere", "no store")
    checks.refused(place.run("audit"), "DIR", "nothing named")
    checks.status(place.run("audit", "--store", "--cache=none.db"), 4, "--store without a store")

    # Sub-folders: partitions belong to one set; a set in a set does not; two phones are two variants.
    split = place.path / "split"
    for number in ("1", "2"):
        write_device(split / f"v{number}", version(number))
        write_set(split / f"v{number}/MainOS", None, "a b")
        write_set(split / f"v{number}/EFIESP", None, "c")
    write_set(split / "other/v1", "1", "x y", ("CONTOSO", "000-44", "CT-100"))
    answer = audit(checks, place, "sub-folders", split, status=0)
    checks.same([(v["operator"], [x["packages"] for x in v["versions"]]) for v in answer["variants"]],
                [("000-44", [2]), ("000-88", [3, 3])], "sub-folders")
    checks.same(place.run("audit", "--list", split).text.split(),
                [str(split / p) for p in ("other/v1", "v1", "v2")], "--list")
    bare = place.path / "bare"
    write_set(bare / "EFIESP", None, "c")
    write_set(bare / "MainOS", None, "a b")
    checks.same(place.run("audit", "--list", bare).text.split(), [str(bare)], "partitions alone")


# --- bad histories -----------------------------------------------------------------------------------

def check_hostile(checks, place):
    top = place.path / "bad"
    write_set(top / "v1", "1", "a b")
    write_set(top / "v2", "2", "a b")
    write_set(top / "v3", "3", "a")
    write_set(top / "nometa", None, "a b")
    (top / "nothing").mkdir()
    write_set(top / "torn", "4", "a")
    (top / "torn/Contoso.Pb.Main.spkg").write_bytes(b"MSCF half")
    (top / "report.json").write_text('{"schema": "imgval-report/1"')
    (top / "stray.jsonl").write_bytes(b"\xff\xfe\x00")
    answer = audit(checks, place, "a bad tree", top, status=1)
    nine = sorted({(f["id"], f["path"].rsplit("/", 1)[1]) for f in answer["findings"]
                   if f["severity"] == "error"})
    checks.same(nine, [(f"STD00{n}", "nometa") for n in (6, 7, 8, 9)],
                "the standard validations of every set that was read")
    variant = answer["variants"][0]
    checks.same(versions_of(variant), ["1", "2", "3", "4"], "one bad set stops nothing")
    checks.same([s["compliant"] for s in variant["steps"]], [True, False, True],
                "steps are judged all the same; a torn package counts by its name")
    checks.same(variant["versions"][3]["unreadable_packages"], 1, "the torn package is counted")
    reasons = {u["path"].rsplit("/", 1)[1]: u["reason"] for u in answer["unjudged"]}
    checks.that("firmware version" in reasons.get("nometa", ""), "missing metadata", reasons)
    checks.that("report.json" in reasons and "stray.jsonl" in reasons, "files that are none", reasons)
    checks.that(answer["counts"]["not_judged"] >= 4, "the summary counts them", answer["counts"])
    checks.status(place.run("audit", top / "nothing"), 3, "an empty folder")

    # Two sets of one version and POP: neither counts in the chain.
    twins = place.path / "twins"
    for folder, number, packages in (("v1", "1", "a b"), ("v2a", "2", "a"), ("v2b", "2", "a b"),
                                     ("v3", "3", "a b")):
        write_set(twins / folder, number, packages)
    answer = audit(checks, place, "twins", twins, status=3)
    variant = answer["variants"][0]
    checks.same([v["state"] for v in variant["versions"]], ["judged", "twin", "twin", "judged"],
                "twins")
    checks.same([(s["from"], s["to"], s["compliant"]) for s in variant["steps"]], [(0, 3, True)],
                "the chain goes round twins")
    checks.same(variant["matrix"]["pairs"], 5, "pairs of twins")

    # Content that changed under one version, a rename, a version that came late.
    odd = place.path / "odd"
    write_set(odd / "1", "1", "a1 b1")
    write_set(odd / "2", "3", "a1 b1")
    write_set(odd / "3", "2", "a1 b1")
    write_package(odd / "2", "Contoso.Pa.Main", "1.0.0.1", size=99)
    write_package(odd / "2", "Contoso.New.Name", "1.0.0.1", size=ord("b") * 10 + 1)
    shutil.rmtree(odd / "2/Contoso.Pb.Main")
    answer = audit(checks, place, "odd", odd, status=0)
    variant = answer["variants"][0]
    checks.same(versions_of(variant), ["1", "2", "3"], "odd: version order")
    checks.same(variant["versions"][1]["out_of_order_after"], 2, "odd: version 2 came after 3")
    checks.same([f["id"] for f in answer["findings"]], ["WSPC004", "ADV001"], "odd: findings")
    checks.that("renamed? Contoso.Pb.Main -> Contoso.New.Name" in answer["findings"][0]["remedy"],
                "odd: renamed", answer["findings"][0])
    checks.same([c["what"] for c in variant["steps"][1]["changes"] if c["name"] == name("a")],
                [["content"]], "odd: changed content")

    # A set that is not judged orders nothing, and a step round it says with what it compares.
    partial = place.path / "partial"
    for folder, number, packages in (("a", "5", "a"), ("v1", "1", "a b"), ("v2", "2", "a b"),
                                     ("v3", "6", "a b c")):
        write_set(partial / folder, number, packages)
    shutil.copy(support.TOP / "testdata/story/partial/UpdateHistory.xml", partial / "a")
    answer = audit(checks, place, "partial", partial, status=3)
    variant = answer["variants"][0]
    checks.same([v["state"] for v in variant["versions"]],
                ["judged", "judged", "not-judged", "judged"], "partial: states")
    checks.same([v["out_of_order_after"] for v in variant["versions"]], [None] * 4,
                "partial: what is not judged puts nothing out of order")
    text = place.run("audit", partial).text
    checks.that(f"compared with {version(2)}" in text and "INCOMPLETE" in text, "partial: text", text)
    page = place.run("audit", "--format=html", partial).text
    checks.same(page.count('<circle class="dot"'), 3, "partial: no dot in the growth")
    checks.same(page.count('<rect class="doubt"'), 2, "partial: a mark and its legend")
    checks.that(f"compared with {version(2)}" in page, "partial: html", page[-2000:])

    # One version is no history: nothing is drawn, and nothing said of pairs and merges.
    write_set(place.path / "single", "1", "a b")
    text = place.run("audit", "single").text
    checks.that("one hop" not in text and "merge" not in text and "PASS" in text, "single: text", text)
    page = place.run("audit", "--format=html", "single").text
    checks.that("<figure" not in page and "merged" not in page, "single: html", page[-2000:])

    # The reader of a document dies: that one is not judged, and the others are.
    for i, folder in enumerate(top / f"v{n}" for n in (1, 2, 3)):
        place.run("scan", "--no-wspc", "--format=jsonl", folder, stdout=place.path / f"alone{i}.jsonl")
    for kind in ("crash", "nonsense", "exit", "huge"):
        answer = audit(checks, place, f"a reader: {kind}", f"--reader-fault={kind}:1",
                       *(f"alone{i}.jsonl" for i in range(3)), status=4)
        checks.that("reader process ended" in json.dumps(answer["unjudged"]) and
                    [u["path"] for u in answer["unjudged"]] == ["alone1.jsonl"] and
                    len([x for v in answer["variants"] for x in v["versions"]]) == 2,
                    f"a reader: {kind}: reported", answer["unjudged"])

    # A stream that was cut off: its last submission is not judged, whatever is left of it.
    folders = [str(top / f"v{n}") for n in (1, 2, 3)]
    stream = place.run("scan", "--no-wspc", "--format=jsonl", *folders).out
    lines = stream.splitlines(keepends=True)
    for cut in (len(lines) - 1, len(lines) - 2, len(lines) - 3, 6, 4, 2, 1):
        (place.path / "cut.jsonl").write_bytes(b"".join(lines[:cut]))
        answer = audit(checks, place, f"a stream of {cut} lines", "cut.jsonl", status=3)
        states = [v["state"] for x in answer["variants"] for v in x["versions"]]
        checks.that("no end record" in json.dumps(answer["unjudged"]), f"cut at {cut}: reported", answer)
        checks.that(not states or states[-1] == "not-judged", f"cut at {cut}: its last one", states)
    (place.path / "cut.jsonl").write_bytes(b"")
    answer = audit(checks, place, "an empty stream", "cut.jsonl", status=3)
    checks.that("empty file" in json.dumps(answer["unjudged"]), "an empty stream is reported", answer["unjudged"])
    (place.path / "cut.jsonl").write_bytes(stream.replace(b'"version":"1.0.0.', b'"version":"1.0.0.x', 1))
    answer = audit(checks, place, "a version that is none", "cut.jsonl", status=3)
    checks.that("not four numbers" in json.dumps(answer["unjudged"]), "a version that is none is reported",
                answer["unjudged"])
    (place.path / "cut.jsonl").write_bytes(stream[:len(stream) // 2])
    audit(checks, place, "cut within a line", "cut.jsonl", status=3)
    (place.path / "cut.jsonl").write_bytes(stream.replace(b'"record":"package"', b'"record":"x"', 1))
    audit(checks, place, "a record of no kind", "cut.jsonl", status=3)
    gone = [line for line in lines if b'"key":"contoso.pb.main"' not in line or b'"package"' not in line]
    (place.path / "cut.jsonl").write_bytes(b"".join(gone))
    answer = audit(checks, place, "a stream without a package record", "cut.jsonl", status=3)
    checks.that("not-judged" in json.dumps(answer), "a submission that lost a record", answer)

    # Names that would command a terminal, a spreadsheet or a browser.
    evil = place.path / "evil"
    write_set(evil / "<script>alert(1)<\x1b[31m", "1", "a b")
    write_set(evil / "=cmd()", "2", "a")
    shown = place.run("audit", evil)
    checks.that(b"\x1b" not in shown.out, "text", shown.out)
    page = place.run("audit", "--format=html", evil).text
    checks.that(page.count("<script") == 1 and "default-src 'none'" in page.replace("&#39;", "'"), "html", page)
    rows = list(csv.reader(io.StringIO(place.run("audit", "--format=csv", "=cmd()", cwd=evil).text)))
    checks.that(any(cell == "'=cmd()" for row in rows for cell in row), "csv", rows)
    rows = list(csv.reader(io.StringIO(place.run("audit", "--format=csv",
                                                 support.STORY).text)))
    checks.same({len(row) for row in rows}, {len(rows[0])}, "csv: every row has every cell")
    unjudged = dict(zip(rows[0], rows[-1]))
    checks.same((unjudged["oem"], unjudged["version"], unjudged["state"]),
                ("", "3012.0.1610.70000", "not-judged"), "csv: what has no variant")


# --- formats -----------------------------------------------------------------------------------------

def check_order(checks, place):
    """One folder that sorts first by its name is out of order, not all that stand after it."""
    for what, folders, after, before, words in (
            ("late", {"a-final": "9", "v1": "1", "v2": "2", "v3": "3"}, {}, {"9": "1"},
             [f"came before {version(1)}"]),
            ("seeds", {"1": "1", "2": "3", "3": "5", "4": "4", "5": "7"}, {"4": "5"}, {},
             [f"came after {version(5)}"]),
            ("both", {"a-new": "9", "v1": "1", "v3": "3", "v4": "2", "v5": "5"}, {"2": "3"}, {"9": "1"},
             [f"came before {version(1)}", f"came after {version(3)}"])):
        top = place.path / "order" / what
        for folder, number in folders.items():
            write_set(top / folder, number, "a b")
        variant = audit(checks, place, f"order: {what}", top, status=0)["variants"][0]
        numbers = versions_of(variant)
        for member, wanted in (("out_of_order_after", after), ("out_of_order_before", before)):
            seen = {n: numbers[v[member]] for n, v in zip(numbers, variant["versions"])
                    if v[member] is not None}
            checks.same(seen, wanted, f"order: {what}: {member}")
        checks.same(variant["counts"]["out_of_order"], len(after) + len(before), f"order: {what}: count")
        text = " ".join(place.run("audit", top).text.split())
        page = place.run("audit", "--format=html", top).text
        for word in words:
            checks.that(word in text and word in page, f"order: {what}: {word}", text)


def check_for_services(checks, place):
    """The formats that list: each broken step and each set that fails is there, and green is a pass."""
    top = place.path / "services"
    for number in range(1, 5):
        write_set(top / f"v{number}.0", str(number), "a b c" if number != 3 else "a b")
    write_set(top / "v4.0-removal", "5", "a b c")
    write_package(top / "v4.0-removal", name("d"), "0.0.0.0")
    (top / "bad").mkdir()
    (top / "bad" / "x.ffu").write_bytes(b"x" * 100)
    gone = name("c")
    lax = place.run("audit", "--format=junit", top / "v1.0", top / "v2.0")
    checks.same((lax.status, b'failures="0" errors="0"' in lax.out), (0, True), "junit: green is a pass")
    for strict in ((), ("--fail-on=warning",)):
        done = place.run("audit", "--format=junit", *strict, top)
        checks.status(done, 1, "junit: a set that fails")
        (place.path / "audit.xml").write_bytes(done.out)
        seen = subprocess.run(["xmllint", "--noout", "--schema", support.TOP / "tests/report/junit.xsd",
                               place.path / "audit.xml"], capture_output=True, check=False)
        checks.same(seen.returncode, 0, "audit: junit.xsd: " + seen.stderr.decode()[:300])
        cases = {pathlib.Path(c.get("file")).name: c for c in ElementTree.fromstring(done.out).iter("testcase")}
        states = {file: next((e.tag for e in case), "passed") for file, case in cases.items()}
        checks.same(states, {"v1.0": "passed", "v2.0": "passed",
                             "v3.0": "failure" if strict else "system-out", "v4.0": "passed",
                             "v4.0-removal": "failure", "x.ffu": "error"}, f"junit {strict}: states")
        checks.that(gone in "".join(cases["v3.0"].itertext()), "junit: the package of the broken step")
        checks.that("STD002" in "".join(cases["v4.0-removal"].itertext()), "junit: why a set fails")
    page = place.run("audit", "--format=markdown", top)
    checks.status(page, 1, "markdown")
    for part in ("FAIL with 1 broken step", f"the first in `{version(3)}`", gone, "STD002", "x.ffu"):
        checks.that(part in page.text, f"markdown: {part}", page.text)
    for form, start in (("github", "::warning file="), ("azure", "##vso[task.logissue type=warning;")):
        lines = place.run("audit", f"--format={form}", top).text.splitlines()
        checks.that(any(line.startswith(start) and gone in line for line in lines), form, lines)
        checks.that(lines[-1].startswith("imgval audit: FAIL with 1 broken step: 1 variant, "), form, lines[-1])
        checks.that(any("x.ffu" in line and "not judged in full" in line for line in lines),
                    f"{form}: what was not judged", lines)
    run = json.loads(place.run("audit", "--format=sarif", top).out)["runs"][0]
    notices = {n["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: n["message"]["text"]
               for n in run["invocations"][0]["toolExecutionNotifications"]}
    bad = [uri for uri in notices if uri.endswith("bad/x.ffu")]
    checks.that(bad and notices[bad[0]].startswith("Not judged in full: cannot be read"), "sarif: x.ffu", notices)
    checks.same(run["invocations"][0]["executionSuccessful"], False, "sarif: a fail that is not whole")
    whole = json.loads(place.run("audit", "--format=sarif", top / "v1.0", top / "v3.0").out)["runs"][0]
    checks.same(whole["invocations"], [{"executionSuccessful": True, "toolExecutionNotifications": []}],
                "sarif: a history that was judged in full")
    checks.that({"WSPC004", "STD002"} <= {result["ruleId"] for result in run["results"]}, "sarif",
                run["results"])
    checks.same(run["properties"]["verdict"], "fail", "sarif: the verdict")


def check_formats(checks, place):
    top = place.path / "formats"
    for number in range(1, 8):
        write_set(top / f"v{number}", str(number), "a b c" if number != 4 else "a b")
    words = ["--report=json:r.json", "--report=csv:r.csv", "--report=html:r.html",
             "--report=text:r.txt", "--matrix=m.csv"]
    done = place.run("audit", top, *words)
    checks.status(done, 0, "every format")
    rows = list(csv.DictReader(io.StringIO((place.path / "r.csv").read_text())))
    checks.same([r["state"] for r in rows],
                ["start", "compliant", "compliant", "broken"] + ["compliant"] * 3, "csv: states")
    pairs = list(csv.DictReader(io.StringIO((place.path / "m.csv").read_text())))
    checks.same((len(pairs), sum(p["serviceable"] == "true" for p in pairs)), (21, 18), "matrix")
    for suffix in ("json", "csv", "html"):
        checks.same((place.path / f"r.{suffix}").read_bytes(),
                    place.run("audit", top, f"--format={suffix}").out, f"--report={suffix}")
    page = (place.path / "r.html").read_text()
    checks.that(page.count('<svg class="draw" width="') >= 3 and
                "http" not in page.replace("http-equiv", ""), "html", page[:300])
    checks.that('<span class="word">PASS</span>' in page and 'class="mark passed"' in page,
                "html: the verdict in the words and marks of a report", page[:300])
    checks.same(page.count(": one hop</title>") + page.count(" missing</title>"), 21,
                "html: a named cell for each pair")
    checks.same(page.count(": 1 package missing</title>"), 3, "html: broken pairs say what they lack")
    checks.that(f"the first in {version(4)}" in page and "Packages that could be merged" in page,
                "html: first break and merges", page)
    checks.that(f"1 of 6 steps broken, the first in {version(4)}" in
                place.run("audit", top).text, "text: first break")
    for bad in ("--report=pdf:x", "--report=json", "--format=jsonl"):
        checks.refused(place.run("audit", top, bad), "expected", bad)
    checks.status(place.run("audit", top, "--report=json:missing/x"), 4, "a report that fails")
    checks.that(not list(place.path.glob("*.json.*")), "nothing is left beside a report")
    check_for_services(checks, place)
    place.run("cache", "import", "--cache=kept.db", next(top.iterdir()))
    before = (place.path / "kept.db").read_bytes()
    for word in ("--report=json:kept.db", "--matrix=kept.db"):
        done = place.run("audit", top, word)
        checks.status(done, 4, f"{word}: a baseline store is not written over")
    checks.same((place.path / "kept.db").read_bytes(), before, "the baseline store is as it was")
    quiet = place.run("audit", "-q", top)
    checks.same(len(quiet.text.strip().splitlines()), 2, "-q")
    checks.that(quiet.text.startswith("broken ") and f": {name('c')}" in quiet.text and
                quiet.text.splitlines()[-1].startswith("PASS with 1 broken step (WSPC004)"),
                "-q names the broken step, and the verdict is the last line", quiet.text)

    # A thousand versions: a page that stays small.
    records = []
    for number in range(1000):
        packages = "".join(f"Contoso.P{k}.Main,1.0.0.{number}\n" for k in range(12)
                           if (number + k) % 97)
        (place.path / "list.txt").write_text(packages)
        done = place.run("cache", "import", "--cache=many.db", "--manufacturer=CONTOSO",
                         "--model=CT-100", "--operator=000-88",
                         f"--firmware-version=1.0.{number}.0", "list.txt")
        records.append(done.status)
        if number == 150 and "--all" not in sys.argv:
            break
    checks.same(set(records), {0}, "imports")
    page = place.run("audit", "--store", "--cache=many.db", "--format=html").out
    checks.that(len(page) < 2_000_000, "the page of many versions is small", len(page))
    checks.that(b'class="draw fine"' in page and b"one hop</title>" not in page,
                "pairs of many versions are drawn together", page[:300])


def check_text(checks, place):
    """What makes an audit fail, or leaves it incomplete, is named in every format for people."""
    top = place.path / "text"
    for number in range(1, 5):
        write_set(top / str(number), number, "a b c")
    (top / "2" / name("a") / "man.dsm.xml").write_text("<Package")
    write_package(top / "3", name("z"), "0.0.0.0")
    write_set(top / "none", None, "a")
    answer = audit(checks, place, "text: json", top, status=1)
    checks.same([answer["counts"]["not_judged"], answer["variants"][0]["counts"]["not_judged"]], [2, 1],
                "text: counts")
    checks.same([p["path"].rsplit("/", 1)[1] for p in answer["not_in_full"]], ["2", "none"],
                "text: which are not judged in full")
    checks.same([v["in_full"] for v in answer["variants"][0]["versions"]], [True, False, True, True],
                "text: a set with an unreadable package is not in full")
    for words in ([], ["-q"], ["--format=html"]):
        text = place.run("audit", *words, top).text
        for word in ("STD002", "zero-version", name("z"), "STD006", "1 package could not be read",
                     str(top / "2"), str(top / "none")):
            checks.that(word in text, f"text: {words}: {word}", text)
        checks.that("--format=html" in words or text.splitlines()[-1].startswith(
            "FAIL with 1 broken step (WSPC004), 5 errors  5 submissions, 1 variant; 2 not judged in full"),
            f"text: {words}: the last line", text)
    rows = [line.split() for line in place.run("audit", top).text.splitlines()]
    states = {row[1]: row[0] for row in rows if len(row) > 1 and row[1].startswith("3012.")}
    checks.same([states[version(n)] for n in range(1, 5)], ["ok", "?", "FAILS", "BROKEN"], "text: marks")

    # Three hundred sets: an overview first, with what is broken before the rest, on one screen.
    top = place.path / "screen"
    for variant in range(6):
        for number in range(50):
            write_set(top / f"{variant}-{number:02}", number, "a b" + " c" * (number < 30 or variant != 4),
                      ("CONTOSO", f"000-{variant:02}", "CT-100"))
    text = place.run("audit", top).text
    lines = text.splitlines()
    checks.that(len(lines) < 50, "three hundred sets on one screen", len(lines))
    checks.that(lines[0].startswith("BROKEN  CONTOSO/000-04/CT-100") and lines[1].startswith("ok"),
                "the overview", lines[:3])
    checks.that("ok × 30" in text or "ok x 30" in text, "runs are folded", text)
    checks.that(lines[-1].startswith("PASS with 1 broken step (WSPC004)  300 submissions"), "the last line",
                lines[-1])
    text = place.run("audit", "-v", top).text
    checks.same(sum(line.lstrip().startswith("ok  ") for line in text.splitlines()), 304, "-v folds nothing")


# --- a fleet -----------------------------------------------------------------------------------------

def generate_history(folder, count, seed):
    """Some phones, each with a history in which packages come, go, and change."""
    pick = random.Random(seed)
    for phone in range(4):
        packages = {"a": 1, "b": 1, "c": 1}
        for number in range(count // 4):
            for letter in list(packages):
                packages[letter] += pick.random() < 0.3
            if pick.random() < 0.1:
                packages[pick.choice("defghij")] = 1
            if pick.random() < 0.04 and len(packages) > 2:
                packages.pop(pick.choice(sorted(packages)))
            write_set(folder / f"phone{phone}/v{number}", str(number),
                      " ".join(f"{k}{v}" for k, v in sorted(packages.items())),
                      ("CONTOSO", f"000-{phone:02}", "CT-100"))


def check_fleet(checks, place):
    generate_history(place.path / "fleet", 200, 1)
    whole = place.run("audit", "--format=json", "fleet")
    checks.status(whole, 0, "200 sets")
    checks.same(json.loads(whole.out)["counts"]["submissions"], 200, "200 sets")
    (place.path / "list").write_bytes(place.run("audit", "--list", "fleet").out)

    def streams(where, count, words, env=None):
        (place.path / where).mkdir()
        for i in range(count):
            done = place.run("scan", "--no-wspc", "--format=jsonl", *words(i), "-",
                             stdin=(place.path / "list").read_bytes(), env=env(i) if env else None,
                             stdout=place.path / where / f"{i}.jsonl")
            checks.status(done, (0, 1), f"{where}: part {i}")
        checks.same(place.run("audit", "--format=json", where).out, whole.out,
                    f"{where}: the same audit, byte for byte")

    streams("shards", 3, lambda i: [f"--shard={i}/3"])
    streams("slurm", 4, lambda i: ["--shard=auto"],
            lambda i: {"SLURM_ARRAY_TASK_ID": 10 + 2 * i, "SLURM_ARRAY_TASK_MIN": 10,
                       "SLURM_ARRAY_TASK_MAX": 16, "SLURM_ARRAY_TASK_STEP": 2,
                       "SLURM_ARRAY_TASK_COUNT": 4})
    streams("kubernetes", 2, lambda i: ["--shard=auto/2"], lambda i: {"JOB_COMPLETION_INDEX": i})
    streams("ci", 2, lambda i: ["--shard=auto"],
            lambda i: {"CI_NODE_INDEX": i + 1, "CI_NODE_TOTAL": 2})
    checks.same(place.run("scan", "--no-wspc", "--shard=7/9", "--format=jsonl", "fleet/phone0/v1").status,
                0, "a part of nothing is a whole stream")
    reported = place.run("scan", "--no-wspc", "--shard=7/9", "fleet/phone0/v1").err.decode()
    checks.that("none of the 1 submissions" in reported, "an empty part is reported", reported)
    for name in ("text", "json", "jsonl", "sarif", "junit", "html", "markdown", "github", "azure", "csv"):
        done = place.run("scan", "--no-wspc", "--shard=7/9", f"--format={name}", "fleet/phone0/v1")
        checks.same(done.status, 0, f"a part of nothing as {name}")
        said = re.sub(rb"(?s)<style.*?</style>|<script.*?</script>|not a pass", b"", done.out)
        checks.that(re.search(rb"(?i)\bpass\b(?!ed)", said) is None, f"a part of nothing is no pass as {name}", said[-400:])
    for name in ("text", "json", "html"):
        done = place.run("audit", "--shard=7/9", f"--format={name}", "fleet/phone0/v1")
        checks.same(done.status, 0, f"an audit of nothing as {name}")
        checks.that(b"none of the 1 submissions" in done.err, f"an audit of nothing is reported as {name}", done.err)
        said = re.sub(rb"(?s)<style.*?</style>|<script.*?</script>|not a pass", b"", done.out)
        checks.that(re.search(rb"(?i)\bpass\b", said) is None, f"an audit of nothing is no pass as {name}", said[-400:])
    answer = audit(checks, place, "an audit of a part", "--shard=0/3", "fleet", status=3)
    checks.that("submissions out" in json.dumps(answer["unjudged"]), "what is left out is reported", answer["unjudged"])
    audit(checks, place, "a part that is all", "--shard=0/1", "fleet/phone0", status=0)
    for bad in ("3/3", "x", "1", "auto", "auto/2", "1/0", "-1/2", "1/2/3"):
        checks.refused(place.run("scan", f"--shard={bad}", "fleet/phone0/v1"), "--shard", bad)

    if shutil.which("parallel") is None:
        checks.skip("GNU parallel", "not installed")
        return
    (place.path / "parallel").mkdir()
    script = ('seq 0 3 | parallel --will-cite -j2 --retries 1 '
              '"$0 scan --no-wspc --format=jsonl --shard={}/4 - < list > parallel/{}.jsonl"')
    subprocess.run(["bash", "-c", script, place.program], cwd=place.path, check=False,
                   env=place.environment(None), stdin=subprocess.DEVNULL)
    checks.same(place.run("audit", "--format=json", "parallel").out, whole.out, "GNU parallel")


# --- the store's own view ------------------------------------------------------------------------------

def check_cache(checks, place):
    schema = json.loads((support.TOP / "imgval/report/schema/imgval-cache-list-1.schema.json").read_text())
    day = 86400
    for number, packages in (("1", "a b"), ("2", "a"), ("3", "a b")):
        folder = place.path / f"v{number}"
        write_set(folder, number, packages)
        done = place.run("cache", "import", "--cache=c.db", folder,
                         env={"SOURCE_DATE_EPOCH": 1480000000 + int(number) * day})
        checks.status(done, 0, "import")
    write_set(place.path / "other", "1", "x", ("CONTOSO", "000-44", "CT-100"))
    place.run("cache", "import", "--cache=c.db", "other")
    for words, wanted in (([], ["1", "1", "2", "3"]), (["--pop=contoso/000-88/ct-100"], ["1", "2", "3"]),
                          (["--since=2016-11-26"], ["2", "3"]), (["--since=2030-01-01"], []),
                          (["--since=2016-11-26", "--pop=CONTOSO/000-44/CT-100"], [])):
        done = place.run("cache", "list", "--cache=c.db", "--json", *words)
        checks.status(done, 0, f"list {words}")
        answer = json.loads(done.out)
        jsonschema.validate(answer, schema)
        checks.same([s["firmware_version"].rsplit(".", 1)[1] for s in answer["submissions"]], wanted,
                    f"list {words}")
        rows = place.run("cache", "list", "--cache=c.db", *words).text.splitlines()
        checks.same(len(rows), len(wanted), f"list {words} as text")
    for bad in ("--since=1", "--since=2016-13-01", "--pop=x", "--pop=a//b", "--pop=a/b/c/d"):
        checks.refused(place.run("cache", "list", "--cache=c.db", bad), bad[:7], bad)
    shown = place.run("cache", "show", "--cache=c.db", "CONTOSO/000-88/CT-100")
    checks.status(shown, 0, "show a variant")
    checks.that("BROKEN" in shown.text and version(3) in shown.text and "000-44" not in shown.text,
                "the history of one variant", shown.text)
    checks.refused(place.run("cache", "show", "--cache=c.db", "CONTOSO/000-99/CT-100"), "000-99",
                   "a variant of nobody")
    checks.status(place.run("cache", "show", "--cache=no.db", "a/b/c"), 4, "no store")


# --- archives: zip and tar are read as the folder that they hold, others are named ---------------
def pack(place, target, source):
    """An archive of a folder, of the kind that its name says."""
    (place.path / target).parent.mkdir(parents=True, exist_ok=True)
    made = shutil.make_archive(str(place.path / "made"), target.rpartition(".")[2], place.path / source)
    pathlib.Path(made).rename(place.path / target)


def check_zips(checks, place):
    for number, packages in ((1, "a1 b1"), (2, "a2 b2"), (3, "a3"), (4, "a4 b4")):
        write_set(place.path / f"zipped/v{number}", number, packages)
    pack(place, "mixed/v2.zip", "zipped/v2")
    pack(place, "mixed/v3/set.tar", "zipped/v3")
    (place.path / "mixed/v3/readme.txt").write_text("what it is")
    for name in ("v1", "v4"):
        shutil.copytree(place.path / "zipped" / name, place.path / "mixed" / name)
    plain = audit(checks, place, "a history of folders", "zipped", status=0)
    mixed = audit(checks, place, "the same, two of them as archives", "mixed", status=0)
    text = json.dumps(mixed).replace("mixed/v2.zip", "zipped/v2").replace("mixed/v3/set.tar", "zipped/v3")
    checks.same(json.loads(text.replace("mixed", "zipped")), plain, "archives in a history are submissions")
    (place.path / "docs").mkdir()
    (place.path / "docs/notes.txt").write_text("words")
    pack(place, "mixed/docs.zip", "docs")
    checks.same(audit(checks, place, "an archive of documents", "mixed", status=0), mixed, "says nothing")

    place.path.joinpath("several").mkdir()
    pack(place, "several/all.zip", "zipped")
    answer = audit(checks, place, "an archive of several submissions", "several", status=3)
    checks.same([u["path"] for u in answer["not_in_full"]], ["several/all.zip"], "is named")
    checks.that("holds 4 submissions" in answer["not_in_full"][0]["reason"], "and how many it holds", answer)
    answer = audit(checks, place, "the same by its path", "several/all.zip", status=3)
    checks.refused(place.run("scan", "several/all.zip"), "imgval audit DIR", "a scan of it")
    checks.refused(place.run("cache", "add", "--cache=zip.db", "several/all.zip"), "Unpack it", "to record it")


def check_zip_commands(checks, place):
    """Each command that takes a PATH, of an archive."""
    pack(place, "one/v2.zip", "zipped/v2")
    folder, archive = "zipped/v2", "one/v2.zip"
    answers = [json.dumps(audit(checks, place, "one set by its path", path, status=0)).replace(path, "")
               for path in (folder, archive)]
    checks.same(answers[0], answers[1], "the same audit")
    checks.status(place.run("diff", folder, archive), 0, "an archive equals its folder")
    checks.status(place.run("diff", "zipped/v1", archive), 1, "and differs from another one")
    recorded = place.run("cache", "add", "--baseline", "--cache=zip.db", archive)
    checks.status(recorded, 0, "an archive is recorded")
    again = place.run("cache", "add", "--baseline", "--cache=zip.db", folder)
    checks.same(again.out, recorded.out, "the folder has the same id")
    checks.status(place.run("rfu", "--cache=zip.db", "--source", "zipped/v1", "--target", archive), (0, 1),
                  "an archive as a target")
    checks.same(place.run("inspect", archive).text.replace(archive, folder), place.run("inspect", folder).text,
                "inspect shows the same")
    fixes = [place.run("fix", f"--output=out-{i}", "--against", f, "zipped/v3") for i, f in
             enumerate((folder, archive))]
    checks.same(fixes[1].text.replace("out-1", "out-0").replace(archive, folder), fixes[0].text, "fix against it")


def check_archives(checks, place):
    check_zips(checks, place)
    check_zip_commands(checks, place)
    write_set(place.path / "kept/v1", 1, "a1")
    write_set(place.path / "kept/v2", 2, "a2")
    audit(checks, place, "without an archive", "kept", status=0)
    for target in ("kept/v3.7z", "kept/v4/set.7z"):
        (place.path / target).parent.mkdir(exist_ok=True)
        (place.path / target).write_bytes(b"7z\xbc\xaf\x27\x1c and more")
    (place.path / "kept/old.ffu.gz").write_bytes(b"\x1f\x8b")
    (place.path / "kept/cut.zip").write_bytes(b"PK\3\4 and no end")
    (place.path / "kept/notes.txt.gz").write_bytes(b"\x1f\x8b")
    pack(place, "kept/v2/inner.zip", "kept/v1")
    answer = audit(checks, place, "archives in a history", "kept", status=3)
    checks.same([v["version"] for v in answer["variants"][0]["versions"]], [version(1), version(2)],
                "the folders are judged")
    checks.same(sorted(u["path"] for u in answer["not_in_full"]),
                ["kept/cut.zip", "kept/old.ffu.gz", "kept/v2", "kept/v3.7z", "kept/v4/set.7z"],
                "each archive that may hold a submission is named")
    answer = audit(checks, place, "an archive by its path", "kept/v3.7z", status=3)
    checks.same([u["reason"] for u in answer["unjudged"]],
                ["an archive, which is not read: unpack it, and name what is in it"],
                "and what to do with it")
    stream = place.run("scan", "--no-wspc", "--format=jsonl", "kept/v3.7z")
    (place.path / "7z.jsonl").write_bytes(stream.out)
    checks.same(audit(checks, place, "a stream of it", "7z.jsonl", status=3), answer,
                "the stream gives the same audit")
    done = place.run("diff", "kept/v2", "kept/v3.7z")
    checks.status(done, 3, "diff with an archive")
    done = place.run("cache", "add", "--cache=7z.db", "kept/v3.7z")
    checks.status(done, 3, "an archive is not recorded")


# --- whether the sets are what was signed ----------------------------------------------------------
def check_verify(checks, place):
    def build(where, number, stale=""):
        (place.path / where).mkdir(parents=True)
        place.build(f"spkg p.spkg component=P sub=Main version=1.0.0.{number} files=1 file_size=4000 "
                    f"catalog=v2 {stale}\n", where)
        write_device(place.path / where, version(number))

    build("seals/v1", 1)
    build("seals/v2", 2, "stale=2_Contoso.dll")
    def changed(where):
        return [("SIG001", f"{where}/p.spkg"), ("SIG002", f"{where}/p.spkg")]

    def errors(answer):
        return [(f["id"], f["path"]) for f in answer["findings"] if f["severity"] == "error"]

    quiet = audit(checks, place, "without --verify", "seals", status=0)
    checks.same([f["id"] for f in quiet["findings"]], [], "without --verify nothing is said of signatures")
    answer = audit(checks, place, "a changed package", "seals", "--verify", status=1)
    checks.same(errors(answer), changed("seals/v2"), "the changed package is named")
    checks.same(versions_of(answer["variants"][0]), ["1", "2"], "the history is judged all the same")
    answer = audit(checks, place, "unsigned", "seals/v1", "--verify", status=0)
    checks.same([f["id"] for f in answer["findings"]], ["SIG004"], "an unsigned package is a note")
    audit(checks, place, "the signature that is expected", "seals/v1", "--verify",
          "--expect-signature=retail", status=1)
    checks.refused(place.run("audit", "--expect-signature=retail", "seals"), "goes with --verify",
                   "--expect-signature without --verify")

    # Equal identities say nothing about the files: a changed copy of a set is no copy of it.
    build("copies/a/v1", 1)
    build("copies/b/v1", 1, "stale=2_Contoso.dll")
    answer = audit(checks, place, "a copy that was changed", "copies", "--verify", status=1)
    checks.same(len(answer["variants"][0]["versions"]), 1, "both are one submission")
    checks.same(errors(answer), changed("copies/b/v1"), "the changed copy is named")

    # A report or a record has no packages to verify.
    done = place.run("scan", "--no-wspc", "--format=json", "seals/v1")
    (place.path / "report.json").write_bytes(done.out)
    answer = audit(checks, place, "a report alone", "report.json", "--verify", status=3)
    checks.same([u["reason"].split(":")[0] for u in answer["not_in_full"]], ["not verified"],
                "a report cannot be verified")
    checks.same(answer["counts"]["not_judged"], 1, "and counts as not judged in full")
    answer = audit(checks, place, "a report beside its set", "report.json", "seals/v1", "--verify",
                   status=0)
    checks.same(answer["not_in_full"], [], "a report beside its set is verified with it")

    checks.status(place.run("cache", "add", "--cache=v.db", "seals/v1"), 0, "recorded")
    listed = place.run("cache", "list", "--cache=v.db").text.split()
    checks.refused(place.run("scan", "--verify", "--cache=v.db", listed[0]), "no files to verify",
                   "scan --verify of a record")

    # A waiver of a signature rule has its use in an audit that verifies.
    (place.path / "seals/.imgval.xml").write_text(
        '<imgval-policy version="1"><waiver rule="SIG00*" reason="a known rebuild" '
        'owner="release team" expires="2099-01-01"/></imgval-policy>', encoding="utf-8")
    answer = audit(checks, place, "a waived finding", "seals", "--verify", status=0)
    checks.same([f["id"] for f in answer["findings"] if f["id"].startswith("POL")], [],
                "the waiver is not called unused")


def main():
    checks = support.Checks()
    for check in (check_document, check_places, check_hostile, check_order, check_formats, check_text,
                  check_fleet, check_cache, check_archives, check_verify):
        with support.Place(sys.argv[1], sys.argv[2], story=False) as place:
            check(checks, place)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
