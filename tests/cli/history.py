#!/usr/bin/python3
"""history.py PROGRAM: imgval diff and imgval rfu from outside: tables of small histories, recorded
as package lists, with what each command must answer; JSON against the shipped schemas."""
import json
import sys

import jsonschema

import support

OEM, OPERATOR, MODEL = "CONTOSO", "000-88", "CT-100"
POP = ["--manufacturer=" + OEM, "--operator=" + OPERATOR, "--model=" + MODEL]
SCHEMAS = support.TOP / "imgval/report/schema"


def validator(name):
    root = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    other = json.loads((SCHEMAS / "imgval-report-1.schema.json").read_text(encoding="utf-8"))
    ids = {other["$id"]: other, other["$id"].rsplit("/", 1)[1]: other}
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
    ("baselines, and the target lacks packages: all is told",
     {"1": ("abc", 1), "2": ("ab", 1)}, "1", "2", ["RFU006"]),
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
            checks.same(severities, {"error" if kind == "retail" else "warning"} if wanted
                        else set(), f"{what}, {kind}: severities")
            refused = bool(wanted) and kind == "retail"
            checks.status(done, 1 if refused else 0, f"{what}, {kind}")
            checks.same(answer["verdict"], "fail" if refused else "pass", f"{what}, {kind}")
        text = place.run(*words)
        checks.status(text, 1 if wanted else 0, f"{what}, text")
        checks.that(text.text.startswith("REJECTED" if wanted else "ALLOWED"), what, text.text)


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


def check_paths(checks, place):
    """Submissions named by path: a baseline only if the store has recorded it as one."""
    store = "--cache=paths.db"
    done = place.run("rfu", store, "--source=v1", "--target=v2", "--format=json")
    checks.status(done, 3, "without a store nothing is decided")
    checks.same([f["id"] for f in json.loads(done.out)["request"]["findings"]], ["WSPC006"],
                "without a store")
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


def main():
    checks = support.Checks()
    for check in (check_requests, check_texts, check_pops, check_paths, check_records, check_diff, check_kinds):
        with support.Place(sys.argv[1]) as place:
            check(checks, place)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
