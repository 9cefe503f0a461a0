#!/usr/bin/python3
"""history.py PROGRAM: imgval diff and imgval rfu from outside: tables of small histories, recorded
as package lists, with what each command must answer; JSON against the shipped schemas."""
import base64
import csv
import hashlib
import html
import importlib.util
import io
import json
import shutil
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

import jsonschema

import support

OEM, OPERATOR, MODEL = "CONTOSO", "000-88", "CT-100"
POP = ["--manufacturer=" + OEM, "--operator=" + OPERATOR, "--model=" + MODEL]
SCHEMAS = support.TOP / "imgval/report/schema"
spec = importlib.util.spec_from_file_location("formats", support.TOP / "tests/report/formats.py")
formats = importlib.util.module_from_spec(spec)
spec.loader.exec_module(formats)


def validator(name):
    root = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    ids = {}
    for one in SCHEMAS.glob("*.schema.json"):
        other = json.loads(one.read_text(encoding="utf-8"))
        ids.update({other["$id"]: other, one.name: other})
    resolver = jsonschema.RefResolver.from_schema(root, store=ids)
    return jsonschema.Draft202012Validator(root, resolver=resolver)


def check_json(checks, schema, done, what):
    document = json.loads(done.out)
    errors = [error.message for error in validator(schema).iter_errors(document)]
    checks.that(not errors, f"{what}: fits its schema", errors[:3])
    return document


# --- request for update --------------------------------------------------------------------------

# Recorded submissions: version -> (packages, is a baseline). Then source, target, and the ids that
# a retail request must bring; the verdict follows from them.
REQUESTS = [
    ("between baselines", {"1": ("ab", 1), "2": ("abc", 1)}, "1", "2", []),
    ("the target is no baseline", {"1": ("ab", 1), "2": ("abc", 0)}, "1", "2", ["RFU001"]),
    ("the source is compliant, no baseline", {"1": ("ab", 1), "2": ("ab", 0), "3": ("ab", 1)},
     "2", "3", ["RFU002"]),
    ("neither is a baseline", {"1": ("ab", 1), "2": ("ab", 0), "3": ("ab", 0)}, "2", "3",
     ["RFU001", "RFU002"]),
    ("not newer", {"1": ("ab", 1), "2": ("ab", 1)}, "2", "1", ["RFU003"]),
    ("the same version", {"1": ("ab", 1)}, "1", "1", ["RFU003"]),
    ("versions are numbers", {"3": ("ab", 1), "12": ("ab", 1)}, "3", "12", []),
    ("legacy migration", {"1": ("ab", 0), "2": ("abc", 1), "3": ("abcd", 1)}, "1", "3", []),
    ("legacy, but the target lacks a package", {"1": ("abx", 0), "2": ("abc", 1)}, "1", "2",
     ["RFU004"]),
    ("not compliant and above a baseline", {"1": ("ab", 1), "2": ("b", 0), "3": ("ab", 1)},
     "2", "3", ["RFU004"]),
    ("baselines, and the target lacks packages: all is reported",
     {"1": ("abc", 1), "2": ("ab", 1)}, "1", "2", ["RFU006"]),
    ("a baseline between the two", {"1": ("ab", 1), "2": ("ab", 1), "3": ("ab", 1)}, "1", "3",
     ["SVC002"]),
    ("everything at once", {"5": ("abc", 1), "2": ("ab", 0)}, "5", "2", ["RFU001", "RFU003"]),
]


def version(number):
    return f"1.0.0.{number}"


def record(place, store, history, **pop):
    """Each submission as a list of packages, imported without judging."""
    words = [f"--{name}={value}" for name, value in pop.items()] or POP
    for number, (packages, is_baseline) in history.items():
        listed = place.path / f"list-{number}.txt"
        listed.write_text("".join(f"Contoso.{p},{version(number)}\n" for p in packages))
        done = place.run("cache", "import", "--cache=" + store, *words,
                         "--firmware-version=" + version(number),
                         *(["--baseline"] if is_baseline else []), listed)
        if done.status != 0:
            raise RuntimeError(done.text_err)


def name_of(number, oem=OEM, operator=OPERATOR, model=MODEL):
    return f"{oem}/{operator}/{model}@{version(number)}"


def check_requests(checks, place):
    for i, (what, history, source, target, wanted) in enumerate(REQUESTS):
        store = f"rfu-{i}.db"
        record(place, store, history)
        words = ["rfu", "--cache=" + store, "--source=" + name_of(source),
                 "--target=" + name_of(target)]
        for kind in ("retail", "trial"):
            done = place.run(*words, "--type=" + kind, "--format=json")
            answer = check_json(checks, "imgval-request-1.schema.json", done, f"{what}, {kind}")
            found = [f["id"] for f in answer["request"]["findings"]]
            checks.same(found, wanted, f"{what}, {kind}: ids")
            severities = {f["severity"] for f in answer["request"]["findings"]}
            broken = [one for one in wanted if one.startswith("RFU")]
            checks.same(severities, {"error" if kind == "retail" and broken else "warning"}
                        if wanted else set(), f"{what}, {kind}: severities")
            refused = bool(broken) and kind == "retail"
            checks.status(done, 1 if refused else 0, f"{what}, {kind}")
            checks.same(answer["verdict"], "fail" if refused else "pass", f"{what}, {kind}")
        text = place.run(*words)
        checks.status(text, 1 if broken else 0, f"{what}, text")
        checks.that(text.text.startswith("REJECTED" if broken else "ALLOWED"), what, text.text)


RETAIL_TARGET = (
    "The target firmware submission is not a Baseline submission, which is required for a retail "
    "servicing update. A retail servicing update is only allowed for the following scenarios: "
    "between a Baseline source submission and a Baseline target submission, or between a legacy "
    "non-WSPC compliant source submission and a Baseline target submission. Please also make sure "
    "you are using the current version of the Windows Phone Ingestion Client, Version {version}.  "
    "Submission status in this request for update: [Target submission: {target}, compliant], "
    "[Source submission: {source}, baseline].")
TRIAL_TARGET = (
    "The target firmware submission is not a Baseline submission, which is required for a retail "
    "servicing update. A retail servicing update is only allowed for the following scenarios: "
    "between a Baseline source submission and a Baseline target submission, or between a legacy "
    "non-WSPC compliant source submission and a Baseline target submission. Since this is a "
    "non-retail RFU, it is being allowed, however the RFU should be made WSPC compliant before "
    "submitting the retail RFU. RFU status in this request for update: [Target submission: "
    "{target}, compliant], [Source submission: {source}, baseline].")


def check_texts(checks, place):
    record(place, "texts.db", {"1": ("ab", 1), "2": ("abc", 0)})
    for kind, text in (("retail", RETAIL_TARGET), ("trial", TRIAL_TARGET)):
        done = place.run("rfu", "--cache=texts.db", "--source=" + name_of("1"),
                         "--target=" + name_of("2"), "--type=" + kind, "--format=json")
        answer = json.loads(done.out)
        request = answer["request"]
        wanted = text.format(version=answer["tool"]["version"], target=request["target"]["id"],
                             source=request["source"]["id"])
        message = request["findings"][0]["message"]
        checks.that(message.startswith(wanted), f"RFU001, {kind}: the document's text", message)
        checks.that(len(message) > len(wanted) + 20, f"RFU001, {kind}: a sentence of ours")
        checks.same(place.run("explain", message).text.split()[0], "RFU001",
                    f"explain finds the {kind} text")


def check_pops(checks, place):
    record(place, "pops.db", {"1": ("ab", 1)})
    record(place, "pops.db", {"2": ("abc", 1)}, manufacturer=OEM, operator="000-44", model=MODEL)
    done = place.run("rfu", "--cache=pops.db", "--source=" + name_of("1"),
                     "--target=" + name_of("2", operator="000-44"), "--type=trial",
                     "--format=json")
    answer = check_json(checks, "imgval-request-1.schema.json", done, "no shared POP")
    checks.same([(f["id"], f["severity"]) for f in answer["request"]["findings"]],
                [("RFU005", "error")], "RFU005 is an error for a trial too")
    checks.status(done, 1, "no shared POP")

    # A source of which the metadata was not read is not one that has none: it is not decided.
    # It stands in one file here: that of an extracted package is read where its manifest is not.
    story = [place.path / f"loose{n}" for n in (1, 2)]
    for number, folder in enumerate(story, 1):
        shutil.copytree(support.STORY / f"v{number}", folder)
        (folder / "Contoso.Device.Customizations.MainOS/2_OEMSett.reg").rename(folder / "OEMSettings.reg")
    answers = [place.run("rfu", "--cache=pops.db", f"--source={story[0]}", f"--target={story[1]}",
                         f"--reader-fault=crash:{slot}") for slot in range(12)]
    checks.that({a.status for a in answers} == {1, 3}, "readers of a request died", answers)
    checks.that(all("as part of it could not be read" in a.text_err for a in answers if a.status == 3),
                "the reason why nothing was decided", answers)

    # Two operators, of which one is a baseline: each POP is judged for itself.
    two = ["--manufacturer=" + OEM, "--operator=000-44", "--operator=000-88", "--model=" + MODEL]
    for number in ("1", "2"):
        listed = place.path / "list.txt"
        listed.write_text(f"Contoso.a,{version(number)}\n")
        place.run("cache", "import", "--cache=two.db", *two, "--baseline",
                  "--firmware-version=" + version(number), listed)
    words = ["rfu", "--cache=two.db", "--source=" + name_of("1"), "--target=" + name_of("2"),
             "--format=json"]
    answer = json.loads(place.run(*words).out)
    checks.same([v["operator"] for v in answer["request"]["variants"]], ["000-44", "000-88"],
                "every shared POP")
    answer = json.loads(place.run(*words, "--operator=000-88").out)
    checks.same([v["operator"] for v in answer["request"]["variants"]], ["000-88"], "--operator")
    done = place.run(*words, "--operator=000-99")
    checks.same([f["id"] for f in json.loads(done.out)["request"]["findings"]], ["RFU005"],
                "--operator of nobody")


def check_features(checks, place):
    """Features of the operating system, of source and target."""
    for number, features in (("1", ("A", "B")), ("2", ("b", "A")), ("3", ("A", "C"))):
        folder = place.path / f"features-{number}"
        write_package(folder, "Contoso.A.One", {})
        (folder / "OEMInput.xml").write_text(
            '<OEMInput xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">'
            "<Features><Microsoft>" + "".join(f"<Feature>{f}</Feature>" for f in features) +
            "</Microsoft></Features></OEMInput>")
        done = place.run("cache", "add", "--baseline", "--cache=features.db", *POP,
                         "--firmware-version=" + version(number), folder)
        checks.status(done, 0, "a submission with features")
    for source, target, wanted in (("1", "2", []), ("2", "3", ["SVC001"])):
        done = place.run("rfu", "--cache=features.db", "--source=" + name_of(source),
                         "--target=" + name_of(target), "--format=json")
        found = json.loads(done.out)["request"]["findings"]
        checks.same([f["id"] for f in found], wanted, f"features of {source} and {target}")
        checks.status(done, 0, "features are advice")
        checks.that(all("added: c; removed: b" in f["message"] for f in found), "which", found)
    shown = place.run("cache", "show", "--cache=features.db", name_of("1")).text
    checks.that("features  a, b\n" in shown, "cache show: features", shown)


def check_paths(checks, place):
    """Submissions named by path: a baseline only if the store has recorded it as one."""
    store = "--cache=paths.db"
    done = place.run("rfu", store, "--source=v1", "--target=v2", "--format=json")
    checks.status(done, 3, "without a store nothing is decided")
    checks.same([f["id"] for f in json.loads(done.out)["request"]["findings"]], ["WSPC006"],
                "without a store")
    checks.same([v["verdict"] for v in json.loads(done.out)["request"]["variants"]], ["incomplete"],
                "without a store: of each phone")
    checks.that(not (place.path / "paths.db").exists(), "rfu makes no store")
    for one in ("v1", "v3"):
        place.run("cache", "add", "--baseline", store, one)
    checks.status(place.run("rfu", store, "--source=v1", "--target=v3"), 0, "baselines by path")
    done = place.run("rfu", store, "--source=v3", "--target=v4")
    checks.status(done, 1, "a target that was never recorded")
    checks.that("RFU001" in done.text, "RFU001 for it", done.text)
    (place.path / "bad.db").write_bytes(b"")
    checks.status(place.run("rfu", "--cache=bad.db", "--source=v1", "--target=v2"), 4,
                  "a store that is none")
    checks.refused(place.run("rfu", store, "--source=v1"), "--target", "no target")
    checks.refused(place.run("rfu", store, "--source=v1", "--target=nobody"), "nobody",
                   "a name of nothing")
    bare = place.path / "bare/Contoso.a"
    bare.mkdir(parents=True)
    (bare / "man.dsm.xml").write_bytes(next((place.path / "v1").rglob("man.dsm.xml")).read_bytes())
    checks.refused(place.run("rfu", store, "--source=v1", "--target=bare"), "firmware version",
                   "a path without metadata")
    (place.path / "v3/Broken.spkg").write_bytes(b"no cabinet")
    done = place.run("rfu", store, "--source=v1", "--target=v3", "--type=trial", "--format=json")
    checks.same(json.loads(done.out)["verdict"], "incomplete", "a side that cannot be read")
    checks.same([v["verdict"] for v in json.loads(done.out)["request"]["variants"]], ["incomplete"],
                "a side that cannot be read: of each phone")
    checks.status(done, 3, "a side that cannot be read")


# --- a recorded submission, judged ----------------------------------------------------------------

def check_records(checks, place):
    store = "--cache=records.db"
    ids = {}
    for one in ("v1", "v3"):
        ids[one] = place.run("cache", "add", "--baseline", store, one).text.strip()
    for name in (ids["v3"], ids["v3"][:8], f"{OEM}/{OPERATOR}/{MODEL}@3012.0.1610.3"):
        done = place.run("scan", store, "--format=json", name)
        checks.status(done, 0, "a recorded submission")
        one = done.report["submissions"][0]
        checks.same((one["kind"], one["id"], one["path"]), ("record", ids["v3"], ids["v3"]), name)
        checks.same(one["variants"][0]["wspc"], "compliant", "compared with the baselines of today")
        checks.same(len(one["packages"]), 8, "its packages")
    direct = place.run("scan", store, "--format=json", "v3").report["submissions"][0]
    checks.same([o for o in one["outcomes"] if o["id"][:3] == "STD"],
                [o for o in direct["outcomes"] if o["id"][:3] == "STD"],
                "the nine rules say of the record what they say of the tree")
    both = place.run("scan", store, "--format=json", ids["v1"], "v4").report["submissions"]
    checks.same([s["kind"] for s in both], ["record", "directory"], "a record and a path")
    checks.status(place.run("inspect", store, ids["v1"]), 0, "inspect of a record")
    checks.status(place.run("fix", store, "--output=o", ids["v1"]), 0, "fix of a record")
    checks.refused(place.run("scan", store, "deadbeef"), "no such", "an id of nothing")
    checks.refused(place.run("scan", store, "--type=partial", ids["v1"]), "image", "no partial")
    (place.path / "deadbeef").mkdir()
    checks.status(place.run("scan", store, "deadbeef"), 3, "an existing path wins")
    (place.path / "bad.db").write_bytes(b"")
    checks.refused(place.run("scan", "--cache=bad.db", "nowhere"), "No such file",
                   "a mistyped path needs no store")
    checks.status(place.run("scan", "--cache=bad.db", ids["v1"]), 4, "a store that is none")

    # A list of names says nothing about what the rules ask of a package.
    record(place, "list.db", {"1": ("ab", 1)})
    done = place.run("scan", "--cache=list.db", "--format=json", name_of("1"))
    checks.status(done, 3, "an imported list is never a pass")
    outcomes = {o["id"]: o["outcome"] for o in done.report["submissions"][0]["outcomes"]}
    checks.same({outcomes[f"STD00{n}"] for n in range(1, 6)}, {"not-evaluated"}, "its packages")


# --- diff ----------------------------------------------------------------------------------------

def check_diff(checks, place):
    done = place.run("diff", "v3", "v4", "--format=json")
    answer = check_json(checks, "imgval-diff-1.schema.json", done, "v3 v4")
    checks.status(done, 1, "v3 v4")
    gone = [p["name"] for p in answer["packages"] if p["what"] == ["removed"]]
    checks.same(gone, ["Contoso.Camera.Phone.MainOS"], "the package that v4 dropped")
    checks.same(answer["counts"]["version-up"], 6, "versions that went up")
    checks.same(answer["metadata"], [{"name": "PhoneFirmwareRevision", "before": "3012.0.1610.3",
                                      "after": "3012.0.1610.4"}], "metadata")
    back = json.loads(place.run("diff", "v4", "v3", "--format=json").out)
    checks.same(back["counts"]["added"], 1, "the other way round: added")
    checks.same(back["counts"]["version-down"], 6, "the other way round: versions went back")
    done = place.run("diff", "v1", "v1")
    checks.status(done, 0, "a submission and itself")
    checks.that("no difference" in done.text, "a submission and itself", done.text)

    # A record keeps four values of the metadata; the others are no difference.
    place.run("cache", "add", "--baseline", "--cache=d.db", "v1")
    done = place.run("diff", "--cache=d.db", f"{OEM}/{OPERATOR}/{MODEL}@3012.0.1610.1", "v1")
    checks.status(done, 0, "a record and its path")
    done = place.run("diff", "--cache=d.db", "ffffffff", "v1")
    checks.refused(done, "no such", "an id of nothing")
    checks.refused(place.run("diff", "v1"), "two submissions", "one side")

    (place.path / "v2/Broken.spkg").write_bytes(b"no cabinet")
    checks.status(place.run("diff", "v1", "v2"), 3, "a side that cannot be read")


def manifest(name, number="1.0.0.1", partition="MainOS", owner_type="OEM", binary=False, file="a",
             size=7):
    owner, component, sub = name.split(".")
    parts = number.split(".")
    flag = "<IsBinaryPartition>true</IsBinaryPartition>" if binary else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<Package xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">'
        f"<Identity><Owner>{owner}</Owner><Component>{component}</Component>"
        f"<SubComponent>{sub}</SubComponent>"
        f'<Version Major="{parts[0]}" Minor="{parts[1]}" QFE="{parts[2]}" Build="{parts[3]}"/>'
        f"</Identity><ReleaseType>Production</ReleaseType><OwnerType>{owner_type}</OwnerType>"
        f"<BuildType>Retail</BuildType><Partition>{partition}</Partition>{flag}<Files><FileEntry>"
        f"<FileType>Regular</FileType><DevicePath>\\Windows\\{file}</DevicePath>"
        f"<CabPath>{file}</CabPath><FileSize>{size}</FileSize></FileEntry></Files></Package>")


# name of the kind -> the package before, the package after (None: it is not there)
CHANGES = {
    "added": (None, {}),
    "removed": ({"file": "gone"}, None),
    "version-up": ({}, {"number": "1.0.0.10"}),
    "version-down": ({"number": "1.0.0.10"}, {"number": "1.0.0.9"}),
    "content": ({}, {"size": 8}),
    "partition": ({}, {"partition": "EFIESP"}),
    "flags": ({}, {"owner_type": "MobileOperator"}),
}


def write_package(folder, name, changes):
    (folder / name).mkdir(parents=True)
    (folder / name / "man.dsm.xml").write_text(manifest(name, **changes), encoding="utf-8")


def check_kinds(checks, place):
    for what, sides in CHANGES.items():
        for side, changes in zip(("before", "after"), sides):
            folder = place.path / "kinds" / side
            write_package(folder, "Contoso.Same.One", {"file": "same"})
            if changes is not None:
                write_package(folder, f"Contoso.Kind.{what.replace('-', '')}",
                              {"file": what, **changes})
            if (folder / "Contoso.Same.One").exists():
                place.path.joinpath("kinds", side).rename(place.path / f"{what}-{side}")
        done = place.run("diff", f"{what}-before", f"{what}-after", "--format=json")
        answer = check_json(checks, "imgval-diff-1.schema.json", done, what)
        checks.same([p["what"] for p in answer["packages"]], [[what]], f"a change of kind {what}")
        checks.same(answer["counts"]["same"], 1, f"{what}: the other package is the same")
        checks.status(done, 1, what)
        text = place.run("diff", f"{what}-before", f"{what}-after").text
        checks.that("Contoso.Kind." in text and "Contoso.Same" not in text, f"{what}: text", text)

    write_package(place.path / "old", "Contoso.Old.Name", {"size": 700})
    write_package(place.path / "new", "Contoso.New.Name", {"size": 700, "number": "1.0.0.2"})
    answer = json.loads(place.run("diff", "old", "new", "--format=json").out)
    checks.same({p["name"]: p["renamed"] for p in answer["packages"]},
                {"Contoso.Old.Name": "Contoso.New.Name", "Contoso.New.Name": "Contoso.Old.Name"},
                "a renamed package is suggested by its content")
    text = place.run("diff", "old", "new").text
    checks.that("renamed to Contoso.New.Name?" in text, "renamed, in text", text)


# --- the other formats of diff and rfu -----------------------------------------------------------

DIFF_FORMATS = ("text", "json", "jsonl", "sarif", "junit", "html", "markdown", "github", "azure",
                "csv")
RFU_FORMATS = DIFF_FORMATS

# What a name of a package may try: a formula, markup, workflow and logging commands, code spans
# that end, a link, an escape sequence, text that runs the other way, bytes that are no UTF-8.
HOSTILE = [b"=cmd|' /C calc'!A1", b"<script>alert(1)</script>", b"::error::x", b"##vso[task.x]y",
           b"` ``` </details> [a](http://b.c) @everyone", b"a|b\\|c", b"\x1b[31mred\x07", "\u202eback".encode(),
           b"\xff\xfe", b"{0} %s %n", b"]]>&amp;\"'", b"a,b;c"]


class Fails(Exception):
    """A format is not what it must be."""


def need(holds, what, seen=""):
    if not holds:
        raise Fails(f"{what}: {seen!r}")


def bytes_of(thing, name):
    return formats.exact(thing, name)


def shown(thing, name, most=None):
    return formats.show(thing, name, most)


def check_page(out):
    """One page: nothing from elsewhere, one style sheet and one script, both named in the policy."""
    page = formats.html_page(out)
    text = out.decode("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text).group(1)
    policy = policy.replace("&#39;", "'")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        need(len(found) == 1 and f"<{tag} " not in text, f"one {tag}", len(found))
        digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        need(f"{directive} 'sha256-{digest}'" in policy, directive, policy)
    need("default-src 'none'" in policy, "the policy", policy)
    for link in page.links:
        need(link.startswith("#") and link[1:] in page.ids, "a link to nowhere", link)
    return page


def diff_csv(out, answer):
    formats.check_no_commands(formats.check_inert(out, "\r\n"))
    rows = list(csv.DictReader(io.StringIO(out.decode("utf-8"), newline=""), strict=True))
    for row in rows:
        need(None not in row and None not in row.values(), "a row of another length", row)
        for value in row.values():
            need(value[:1] not in ("=", "+", "-", "@", "\t", "\r"), "a formula", value)

    def cell(row, column, thing, member):
        value = None if thing is None else bytes_of(thing, member)
        wanted = "" if value is None else formats.shown(value)
        if value and value[:1] in b"=+-@\t\r":
            wanted = "'" + wanted
        need(row[column] == wanted, f"column {column}", (row[column], wanted))

    sides = [s for s in ("before", "after") if answer[s]["incomplete"]]
    first = rows[:len(sides)]
    need([(r["record"], r["what"]) for r in first] == [("incomplete", s) for s in sides], "sides",
         first)
    for row, side in zip(first, sides):
        cell(row, "name", answer[side], "path")
    rest = rows[len(sides):]
    need([r["record"] for r in rest] == ["package"] * len(answer["packages"]) +
         ["metadata"] * len(answer["metadata"]), "rows", len(rest))
    for row, package in zip(rest, answer["packages"]):
        cell(row, "name", package, "name")
        cell(row, "key", package, "key")
        cell(row, "renamed", package, "renamed")
        need(row["what"] == "; ".join(package["what"]), "what", row)
        for side in ("before", "after"):
            one = package[side]
            for name in ("version", "owner_type", "release_type", "path"):
                cell(row, f"{side}_{name}", one, name)
            for name in ("binary_partition", "empty"):
                need(row[f"{side}_{name}"] == ("" if one is None else str(one[name]).lower()),
                     name, row)
            need((row[f"{side}_partition"] == "") == (one is None), "the partition", row)
    for row, value in zip(rest[len(answer["packages"]):], answer["metadata"]):
        cell(row, "name", value, "name")
        cell(row, "before_value", value, "before")
        cell(row, "after_value", value, "after")


def diff_jsonl(out, answer):
    formats.check_no_commands(formats.check_inert(out))
    records = [json.loads(line) for line in out.decode("utf-8").split("\n")[:-1]]
    against = validator("imgval-diff-stream-1.schema.json")
    for record in records:
        errors = [error.message for error in against.iter_errors(record)]
        need(not errors, "fits its schema", (record, errors[:3]))
    kinds = [r.pop("record") for r in records]
    need(kinds == ["header"] + ["package"] * len(answer["packages"]) +
         ["metadata"] * len(answer["metadata"]) + ["end"], "the records", kinds)
    need(records[0] == {n: answer[n] for n in ("schema", "tool", "before", "after")}, "the header",
         records[0])
    need(records[1:-1] == answer["packages"] + answer["metadata"], "the changes")
    need(records[-1] == {"equal": answer["equal"], "counts": answer["counts"],
                         "metadata": len(answer["metadata"])}, "the end", records[-1])


def diff_html(out, answer):
    page = check_page(out)
    whole = formats.plain("".join(page.texts))
    for package in answer["packages"]:
        for thing, name in ((package, "name"), (package, "renamed"), (package["before"], "version"),
                            (package["after"], "version")):
            if thing is not None and thing[name] is not None:
                need(formats.plain(formats.as_html(thing, name)) in whole, "a name", package)
    for value in answer["metadata"]:
        for name in ("name", "before", "after"):
            if value[name] is not None:
                need(formats.plain(formats.as_html(value, name)) in whole, "a value", value)
    rows = out.count(b"<tr>") - 1 - (answer["packages"] != []) - (answer["metadata"] != [])
    need(rows == 2 + len(answer["packages"]) + len(answer["metadata"]), "rows", rows)
    word = "INCOMPLETE" if answer["before"]["incomplete"] or answer["after"]["incomplete"] else \
        "EQUAL" if answer["equal"] else "DIFFERENT"
    need(f">{word}</span>" in out.decode("utf-8"), "the answer", word)


def diff_markdown(out, answer):
    text = formats.check_inert(out)
    need(len(out) <= 60000, "too long for a comment", len(out))
    spans, rest = formats.markdown_spans(text)
    need(not re.search(r"[\[\]@\\~$<>|]|https?:|www\.", rest), "markup", rest)
    for line in rest.split("\n"):
        need(re.fullmatch(r"|## . imgval diff: [a-z, ]+|### [A-Z][a-z]+ \(\d+\)|- .*|\d+ removed, .*"
                          r"|This comment is cut to its greatest length: .*", line), "a line", line)
    lines = sum(line.startswith("- ") for line in rest.split("\n")) - 2
    cut = re.search(r"greatest length: (\d+) more", rest)
    need(lines + (int(cut.group(1)) if cut else 0) ==
         len(answer["packages"]) + len(answer["metadata"]), "lines", lines)
    for package in answer["packages"] if not cut else []:
        need(formats.in_span(shown(package, "name", 600)) in spans, "a name", package["name"])
    incomplete = answer["before"]["incomplete"] or answer["after"]["incomplete"]
    need(("not read in full" in rest.split("\n")[0]) == incomplete, "the heading", rest[:80])


def reported_of(answer):
    """The findings that a difference must come to: (id, name of the package or None), by path."""
    packages = sorted((p for p in answer["packages"] if p["after"]),
                      key=lambda p: bytes_of(p["after"], "path"))
    gone = [("WSPC004", None)] if any(p["what"] == ["removed"] for p in answer["packages"]) else []
    return gone + [("ADV001", p["name"]) for p in packages if "content" in p["what"]] + \
        [("ADV002", p["name"]) for p in packages if "version-down" in p["what"]] + \
        [("ADV010", p["name"]) for p in packages if leaves_firmware(p)]


def leaves_firmware(package):
    before, after = (((package[side] or {}).get("owner_type") or "").lower() for side in ("before", "after"))
    return before not in ("", "microsoft") and after == "microsoft"


REMOVED = ("To be WSPC-compliant, you cannot remove a package. The following packages were removed "
           "'{}'.")


def diff_sarif(out, answer):
    formats.check_no_commands(formats.check_inert(out))
    log = json.loads(out, object_pairs_hook=formats.validate.pairs)
    for error in jsonschema.Draft202012Validator(formats.SARIF).iter_errors(log):
        raise Fails(error.message[:300])
    run = log["runs"][0]
    need([r["id"] for r in run["tool"]["driver"]["rules"]] == ["WSPC004", "ADV001", "ADV002", "ADV010"], "rules")
    results = run["results"]
    need([(r["ruleId"], r["properties"].get("package")) for r in results] == reported_of(answer), "results",
         results)
    need({r["level"] for r in results} <= {"warning"}, "levels")
    incomplete = answer["before"]["incomplete"] or answer["after"]["incomplete"]
    need(run["properties"]["verdict"] == ("incomplete" if incomplete else "pass"), "the verdict")
    need(run["invocations"][0]["executionSuccessful"] == (not incomplete), "executionSuccessful")
    unchecked = [n["associatedRule"]["id"]
                 for n in run["invocations"][0]["toolExecutionNotifications"]]
    need(("WSPC004" in unchecked) == incomplete, "WSPC004 means not checked", unchecked)
    gone = [shown(p, "name") for p in answer["packages"] if p["what"] == ["removed"]]
    if 0 < len(gone) <= 20:
        message = formats.sarif_text(results[0]["message"]["text"]).replace("]\\x28", "](")
        need(message.startswith(REMOVED.format(", ".join(gone))), "the document's text", message)


def diff_junit(out, answer):
    root = xml.etree.ElementTree.fromstring(out)
    cases = {case.get("name").split()[0]: case for case in root.iter("testcase")}
    need({"WSPC004", "ADV001", "ADV002"} <= set(cases), "test cases", list(cases))
    counts = {n: int(root.get(n)) for n in ("tests", "failures", "errors", "skipped")}
    incomplete = answer["before"]["incomplete"] or answer["after"]["incomplete"]
    need(counts["tests"] == len(cases) and counts["failures"] == 0 and
         (counts["errors"] > 0) == incomplete, "counts", counts)
    reported = "".join(cases["WSPC004"].itertext())
    need(("you cannot remove a package" in reported) == (("WSPC004", None) in reported_of(answer)), "WSPC004",
         reported)
    need(all(p.get("value") == "not-applicable" for p in root.iter("property")
             if p.get("name").startswith("wspc ")), "no comparison was made")


def commands(out, answer, parse, members):
    lines = formats.check_inert(out).split("\n")[:-1]
    reported = reported_of(answer)
    need(len(lines) == len(reported) + 1, "other lines than findings", lines)
    seen = set()
    for line, (rule, _) in zip(lines, reported):
        name, properties, message = parse(line)
        need((name, members(properties)) in (("warning", rule), ("task.logissue", rule)), "a line", line)
        need(("\n" in message) == (rule not in seen), "the remedy with the first of its rule", message)
        seen.add(rule)
    incomplete = answer["before"]["incomplete"] or answer["after"]["incomplete"]
    need(re.match("imgval: incomplete\\b" if incomplete else r"imgval: pass\b", lines[-1]), "the last line",
         lines[-1])


def diff_github(out, answer):
    commands(out, answer, formats.github_command, lambda p: p["title"].split()[0])
    need(b"##" not in out, "a build agent could obey this", out)


def diff_azure(out, answer):
    commands(out, answer, formats.azure_command, lambda p: p["code"])


def diff_text(out, answer):
    text = formats.check_inert(out)
    formats.check_no_commands(text)
    for package in answer["packages"]:
        need(formats.plain(shown(package, "name")) in formats.plain(text), "a name", package["name"])


def diff_json(out, answer):
    formats.check_no_commands(formats.check_inert(out))
    need(json.loads(out, object_pairs_hook=formats.validate.pairs) == answer, "the same again")


def check_every_format(checks, place, before, after, status, what):
    answer = json.loads(place.run("diff", before, after, "--format=json").out)
    errors = [e.message for e in validator("imgval-diff-1.schema.json").iter_errors(answer)]
    checks.that(not errors, f"{what}: fits its schema", errors[:3])
    for name in DIFF_FORMATS:
        done = place.run("diff", before, after, "--format=" + name)
        checks.status(done, status, f"{what}, {name}")
        checks.same(done.err, b"", f"{what}, {name}: standard error")
        checks.same(place.run("diff", before, after, "--format=" + name).out, done.out,
                    f"{what}, {name}: twice the same")
        try:
            globals()["diff_" + name](done.out, answer)
            checks.that(True, name)
        except (Fails, formats.Bad, ValueError, KeyError, AttributeError,
                xml.etree.ElementTree.ParseError) as failure:
            checks.that(False, f"{what}, {name}", f"{type(failure).__name__} {failure}")
    return answer


def write_hostile(place):
    """Names by folder and by manifest; of some the version goes back, of some the content changes."""
    for side in ("before", "after"):
        for i, name in enumerate(HOSTILE):
            folder = bytes(place.path / f"hostile-{side}") + b"/" + str(i).encode()
            changes = {"number": "1.0.0.2" if side == "before" or i % 4 else "1.0.0.1",
                       "size": 7 if side == "before" else 8}
            folder = folder + b"-" + name.replace(b"/", b"_")
            if i % 4 == 3 and side == "after":
                continue
            os.makedirs(folder)
            text = manifest("Contoso.X.Y", **changes).encode()
            try:
                inner = name.decode("utf-8")
            except UnicodeDecodeError:
                inner = "bytes"
            inner = html.escape("".join(c for c in inner if c >= " "))
            text = text.replace(b"<SubComponent>Y", b"<SubComponent>Y" + str(i).encode() + inner.encode())
            with open(folder + b"/man.dsm.xml", "wb") as out:
                out.write(text)


def check_formats(checks, place):
    check_every_format(checks, place, "v3", "v4", 1, "v3 v4")
    back = check_every_format(checks, place, "v4", "v3", 1, "v4 v3")
    checks.same([r for r, _ in reported_of(back)], ["ADV002"] * 6, "versions that went back are found")
    check_every_format(checks, place, "v1", "v1", 0, "equal")
    write_hostile(place)
    answer = check_every_format(checks, place, "hostile-before", "hostile-after", 1, "hostile")
    checks.that(len(answer["packages"]) == len(HOSTILE), "hostile: every package differs",
                [p["name"] for p in answer["packages"]])
    checks.same({r for r, _ in reported_of(answer)}, {"WSPC004", "ADV001", "ADV002"}, "hostile: rules")
    check_every_format(checks, place, "hostile-after", "hostile-before", 1, "hostile, back")
    for i in range(1200):
        write_package(place.path / "many", f"Contoso.Many.P{i:04}{'x' * 40}", {"size": i})
    (place.path / "none").mkdir()
    write_package(place.path / "none", "Contoso.Many.One", {})
    check_every_format(checks, place, "none", "many", 1, "many")
    (place.path / "v2/Broken.spkg").write_bytes(b"no cabinet")
    check_every_format(checks, place, "v1", "v2", 3, "a side that cannot be read")
    check_every_format(checks, place, "v2", "v1", 3, "an earlier side that cannot be read")
    check_every_format(checks, place, "v2", "v2", 3, "the same, unread")


def check_rfu_formats(checks, place):
    record(place, "formats.db", {"1": ("ab", 1), "2": ("abc", 0), "3": ("abc", 1), "4": ("a", 1)})
    for source, target, kind, status in (("1", "2", "retail", 1), ("1", "2", "trial", 0),
                                         ("1", "3", "retail", 0), ("3", "4", "retail", 1)):
        words = ["rfu", "--cache=formats.db", "--source=" + name_of(source),
                 "--target=" + name_of(target), "--type=" + kind]
        answer = json.loads(place.run(*words, "--format=json").out)
        for name in RFU_FORMATS:
            done = place.run(*words, "--format=" + name)
            what = f"rfu {source} to {target}, {kind}, {name}"
            checks.status(done, status, what)
            try:
                check_rfu_format(name, done.out, answer)
                checks.that(True, what)
            except (Fails, formats.Bad, ValueError, KeyError,
                    xml.etree.ElementTree.ParseError) as failure:
                checks.that(False, what, f"{type(failure).__name__} {failure}")
    done = place.run("rfu", "--cache=no.db", "--source=v1", "--target=v2", "--format=sarif")
    checks.status(done, 3, "rfu without a store, sarif")
    run = json.loads(done.out)["runs"][0]
    checks.same([r["ruleId"] for r in run["results"]], ["WSPC006"], "rfu without a store, sarif")
    checks.same(run["invocations"][0]["executionSuccessful"], False, "rfu without a store, sarif")
    checks.refused(place.run(*words, "--format=xml"), "expected text|json|jsonl|", "no such format")


def rfu_jsonl(out, answer):
    formats.check_no_commands(formats.check_inert(out))
    records = [json.loads(line) for line in out.decode("utf-8").split("\n")[:-1]]
    against = validator("imgval-request-stream-1.schema.json")
    for record in records:
        errors = [error.message for error in against.iter_errors(record)]
        need(not errors, "fits its schema", (record, errors[:3]))
    kinds = [r.pop("record") for r in records]
    request = answer["request"]
    need(kinds == ["header"] + ["variant"] * len(request["variants"]) +
         ["finding"] * len(request["findings"]) + ["end"], "the records", kinds)
    need(records[0] == {"schema": answer["schema"], "tool": answer["tool"], "type": request["type"],
                        "source": request["source"], "target": request["target"]}, "the header",
         records[0])
    need(records[1:-1] == request["variants"] + request["findings"], "variants and findings")
    need(records[-1] == {"verdict": answer["verdict"],
                         "counts": {"variants": len(request["variants"]),
                                    "findings": len(request["findings"])}}, "the end", records[-1])


ANSWERS = {"pass": "ALLOWED", "incomplete": "NOT DECIDED", "fail": "REJECTED"}


def check_rfu_paths(checks, place):
    """Names that a reader of the format would obey stay text; what is no scan links to no part of one."""
    evil = "<b>&\u202e ##vso[task.complete] ::error::`x`\x1b[31m"
    (place.path / "v1").rename(place.path / evil)
    place.run("cache", "add", "--cache=evil.db", "--baseline", evil)
    words = ["rfu", "--cache=evil.db", "--source=" + evil, "--target=v2"]
    for name in RFU_FORMATS:
        done = place.run(*words, "--format=" + name)
        checks.status(done, 1, f"rfu of an evil name, {name}")
        try:
            if name in ("text", "markdown"):
                need("##vso" not in formats.check_inert(done.out), "a command", done.text)
            if name == "html":
                page = formats.html_page(done.out)
                ids = set(page.ids)
                need(all(link[1:] in ids for link in page.links if link.startswith("#")), "links", page.links)
                need("Nine" not in done.text and "WSPC comparison" not in done.text, "a scan's navigation")
            if name in ("github", "azure"):
                need("\x1b" not in done.text and "\u202e" not in done.text, "a name", done.text)
                formats.check_no_commands(done.text.splitlines()[-1])
            checks.that(True, name)
        except (Fails, formats.Bad) as failure:
            checks.that(False, f"rfu of an evil name, {name}", failure)
    (place.path / "r.xml").write_bytes(place.run(*words, "--format=junit").out)
    done = subprocess.run(["xmllint", "--noout", "--schema", support.TOP / "tests/report/junit.xsd",
                           place.path / "r.xml"], capture_output=True, check=False)
    checks.same(done.returncode, 0, "junit.xsd: " + done.stderr.decode("utf-8", "replace")[:300])
    shut = place.run("rfu", "--cache=no.db", "--source=v2", "--target=v3", "--format=junit").out
    root = xml.etree.ElementTree.fromstring(shut)
    checks.same((root.get("errors"), root.get("failures")), ("1", "0"), "no store: an error, and never green")


def check_rfu_format(name, out, answer):
    ids = [f["id"] for f in answer["request"]["findings"]]
    if name == "jsonl":
        rfu_jsonl(out, answer)
    elif name == "sarif":
        log = json.loads(out, object_pairs_hook=formats.validate.pairs)
        for error in jsonschema.Draft202012Validator(formats.SARIF).iter_errors(log):
            raise Fails(error.message[:300])
        need([r["ruleId"] for r in log["runs"][0]["results"]] == ids, "results", ids)
        need(log["runs"][0]["properties"]["verdict"] == answer["verdict"], "the verdict")
    elif name == "csv":
        rows = list(csv.DictReader(io.StringIO(out.decode("utf-8"), newline=""), strict=True))
        need([r["id"] for r in rows] == ids, "rows", rows)
        need([r["message"] for r in rows] ==
             [shown(f, "message") for f in answer["request"]["findings"]], "messages", rows)
    elif name == "junit":
        root = xml.etree.ElementTree.fromstring(out)
        need((root.get("failures") == "0") == (answer["verdict"] == "pass"), "failures", root.attrib)
        need(root.get("errors") == "0", "errors", root.attrib)
    elif name == "html":
        page = check_page(out)
        whole = formats.plain("".join(page.texts))
        for finding in answer["request"]["findings"]:
            need(formats.plain(formats.as_html(finding, "message")) in whole, "a message", finding)
    elif name == "markdown":
        need(f"imgval rfu: {ANSWERS[answer['verdict']]} (" in out.decode("utf-8"), "the answer", out[:80])
        need(all(i in out.decode("utf-8") for i in ids), "ids", ids)
    elif name in ("github", "azure"):
        lines = formats.check_inert(out).split("\n")[:-1]
        need(len(lines) == len(ids) + 1, "lines", lines)
        need(all(i in line for i, line in zip(ids, lines)), "ids", lines)
        need(lines[-1].startswith(f"imgval rfu: {ANSWERS[answer['verdict']]}: "), "the last line", lines[-1])
    if name in ("text", "html", "markdown", "github", "azure", "junit"):
        said = out.decode("utf-8")
        for side in ("source", "target"):
            for member in ("id", "version", "status", "path"):
                value = answer["request"][side][member]
                need(value in said or value[:12] in said, f"{side}: {member}", said[:300])
        need(ANSWERS[answer["verdict"]] in said, "the answer", said[:300])


def main():
    checks = support.Checks()
    for check in (check_requests, check_texts, check_pops, check_features, check_paths, check_records, check_diff,
                  check_kinds, check_formats, check_rfu_formats, check_rfu_paths):
        with support.Place(sys.argv[1]) as place:
            check(checks, place)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
