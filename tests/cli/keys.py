#!/usr/bin/env python3
"""keys.py PROGRAM BUILDER: which package is it, and whose, for the commands other than scan; what
cache import takes, and what it refuses."""
import json
import sqlite3
import sys

import support

POP = ("--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88")
TWINS = """
spkg t1/Contoso.A.spkg component=A
spkg t1/Contoso.B.spkg component=B owner_type=OEM
cbs t1/Contoso.B.cab component=B owner_type=Microsoft
spkg t2/Contoso.A.spkg component=A
"""


def version(number):
    return f"--firmware-version=1.0.0.{number}"


def add(place, store, number, path, *more):
    return place.run("cache", "add", f"--cache={store}", *POP, version(number), *more, path)


def build(place, recipe):
    place.build(recipe, "tree")
    for one in (place.path / "tree").iterdir():
        one.rename(place.path / one.name)


def metadata(place, folder, number):
    place.write(f"{folder}/OEMSettings.reg",
                "Windows Registry Editor Version 5.00\n\n"
                "[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo]\n"
                '"PhoneManufacturer"="CONTOSO"\n"PhoneManufacturerModelName"="CT-100"\n'
                f'"PhoneMobileOperatorName"="000-88"\n"PhoneFirmwareRevision"="1.0.0.{number}"\n')


def check_twins(checks, place):
    """A key with two owners is a firmware package, in whatever form the set comes."""
    build(place, TWINS)
    checks.status(add(place, "s.db", 1, "t1", "--baseline"), 0, "the first baseline")
    checks.status(add(place, "s.db", 2, "t2"), 0, "recorded, not compliant")
    done = place.run("rfu", "--cache=s.db", "--source=CONTOSO/000-88/CT-100@1.0.0.1",
                     "--target=CONTOSO/000-88/CT-100@1.0.0.2", "--format=json")
    checks.status(done, 1, "rfu")
    checks.that("RFU001" in done.text, "rfu: not a baseline", done.text)
    metadata(place, "t1", 1)
    metadata(place, "t2", 2)
    for words in (["t1", "t2"], ["--cache=s.db", "CONTOSO/000-88/CT-100@1.0.0.1", "t2"]):
        done = place.run("audit", "--format=json", *words)
        checks.status(done, 0, "audit: a broken step is a warning")
        found = [f for f in json.loads(done.out)["findings"] if f["id"] == "WSPC004"]
        checks.same([f["packages"] for f in found], [["Contoso.B"]], f"audit {words}: what broke it")
    bundle = place.run("cache", "export", "--cache=s.db").out
    place.write("bundle.jsonl", bundle)
    checks.status(place.run("cache", "import", "--cache=t.db", "bundle.jsonl"), 0, "the bundle")
    checks.status(place.run("cache", "merge", "--cache=u.db", "t.db"), 0, "the merge")
    for store in ("t.db", "u.db"):
        checks.same(support.export(place, store), bundle, f"{store} is the same store")
        done = place.run("scan", f"--cache={store}", "--baseline", "--format=json", "t2")
        checks.same([f["packages"] for f in done.findings("WSPC003")], [["Contoso.B"]], store)
    done = place.run("scan", "--no-wspc", "--format=json", *POP, version(1), "t1")
    place.write("t1.json", done.out)
    checks.status(place.run("cache", "import", "--baseline", "--cache=r.db", "t1.json"), 0, "a report")
    done = place.run("scan", "--cache=r.db", "--baseline", "--format=json", "t2")
    checks.same([f["packages"] for f in done.findings("WSPC003")], [["Contoso.B"]], "from a report")


def check_owners(checks, place):
    """ADV010 wherever versions are compared."""
    build(place, "spkg t1/Contoso.A.spkg component=A\nspkg t1/Contoso.B.spkg component=B\n"
                "spkg t2/Contoso.A.spkg component=A\n"
                "spkg t2/Contoso.B.spkg component=B owner_type=Microsoft\n")
    metadata(place, "t1", 1)
    metadata(place, "t2", 2)
    done = place.run("audit", "--format=json", "t1", "t2")
    checks.status(done, 0, "audit")
    found = [f for f in json.loads(done.out)["findings"] if f["id"] == "ADV010"]
    checks.same([(f["key"], f["actual"], f["expected"]) for f in found],
                [("contoso.b", "Microsoft", "OEM")], "audit")
    done = place.run("diff", "--format=sarif", "t1", "t2")
    checks.status(done, 1, "diff")
    checks.that('"ADV010"' in done.text and "is owned by Microsoft in firmware 1.0.0.2, and by OEM in firmware 1.0.0.1" in done.text, "diff", done.text)


def check_owners_of_request(checks, place):
    """ADV010 of a request for update: target against source."""
    build(place, "spkg t1/Contoso.A.spkg component=A\nspkg t1/Contoso.B.spkg component=B\n"
                "spkg t2/Contoso.A.spkg component=A\n"
                "spkg t2/Contoso.B.spkg component=B owner_type=Microsoft\n")
    for number in (1, 2):
        metadata(place, f"t{number}", number)
        checks.status(place.run("cache", "add", "--baseline", "--cache=rfu.db", f"t{number}"), 0, "added")
    done = place.run("rfu", "--cache=rfu.db", "--source=t1", "--target=t2", "--format=json")
    found = json.loads(done.out)["request"]["findings"]
    checks.same([(f["id"], f["key"], f["actual"], f["expected"]) for f in found],
                [("ADV010", "contoso.b", "Microsoft", "OEM")], "rfu")
    checks.that("is owned by Microsoft here and by OEM in the source" in found[0]["message"], "its words", found)
    checks.status(done, 0, "it is advice")
    done = place.run("rfu", "--cache=rfu.db", "--source=t1", "--target=t1", "--format=json")
    checks.same([f["id"] for f in json.loads(done.out)["request"]["findings"] if f["id"] == "ADV010"], [], "none")


def check_copies(checks, place):
    """One submission in two places, with other lists of files, is one version of an audit."""
    for folder, size in (("t1", 10), ("t1b", 11)):
        build(place, f"spkg {folder}/Contoso.A.spkg component=A {{\n"
                     f"    file \\Windows\\a.dll size={size}\n}}\n")
        metadata(place, folder, 1)
    done = place.run("audit", "--format=json", "t1", "t1b")
    checks.status(done, 0, "audit")
    variant = json.loads(done.out)["variants"][0]
    checks.same(len(variant["versions"]), 1, "one version")


def check_lists(checks, place):
    """A list of names, a phone's InstalledPackages.csv, and what is neither."""
    place.write("InstalledPackages.csv", "\ufeffPartition,Name,Version\r\n"
                "mainos,contoso.base.mainos,8.0.10149.1\r\n"
                "efiesp,contoso.voice.efiesp_lang_en-us,8.0.10149.2\r\n")
    words = ("cache", "import", "--baseline", "--cache=s.db", *POP, version(1))
    checks.status(place.run(*words, "InstalledPackages.csv"), 0, "InstalledPackages.csv")
    packages = json.loads(support.export(place, "s.db").splitlines()[1])["packages"]
    checks.same([(p["key"], p["version"], p["partition"]) for p in packages],
                [("contoso.base.mainos", "8.0.10149.1", "mainos"),
                 ("contoso.voice.efiesp_lang_en-us", "8.0.10149.2", "efiesp")], "its packages")
    for what, text in {
            "brackets": "[" * 2000000, "null": "null", "true": "true\n", "numbers": "1\n2.5\n", "an object": '{"a": 1}\n',
            "a sentence": "Not a package\n", "a long name": "a" * 300 + "\n",
            "a path": "C:\\out\\Contoso.A.spkg\n", "markup": "Contoso.A\n<b>\n",
            "a quote": '"Contoso.A"\n', "a control character": "Contoso.A\x01\n",
            "a long line": "Contoso.A," + " " * 5000 + "1.0.0.0\n",
            "a long partition": "Contoso.A,1.0.0.0," + "p" * 100 + "\n",
            "a column too many": "Contoso.A,1.0.0.0,MainOS,x\n",
            "a csv with a bad version": "Partition,Name,Version\nMainOS,Contoso.A,x\n",
            "a csv without a name": "Partition,Name,Version\nMainOS,,1.0.0.0\n",
            "a csv with two columns": "Partition,Name,Version\nMainOS,Contoso.A\n"}.items():
        place.write("list", text)
        done = place.run("cache", "import", "--baseline", "--cache=n.db", *POP, version(2), "list")
        checks.status(done, 2, what)
        checks.that(len(done.err) < 600, f"{what}: a short message", len(done.err))
    checks.that(not (place.path / "n.db").exists(), "nothing was recorded")
    place.write("list", "{\"schema\":\"" + "a" * 3000000 + "\"}")
    done = place.run("cache", "import", "--cache=n.db", *POP, version(2), "list")
    checks.status(done, 2, "a name of 3 MB")
    checks.that("damaged" not in done.text_err, "it is not the store that is damaged", done.text_err[-300:])


POP_NAME = "CONTOSO/000-88/CT-100"
FOREIGN = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON pop BEGIN DELETE FROM pop; END",
    "a view": "CREATE VIEW v AS SELECT 1",
    "a table": "CREATE TABLE t(a)",
    "an index": "CREATE INDEX i ON pop(touched)",
    "a generated column": "ALTER TABLE pop ADD COLUMN g AS (touched + 1)",
    "a virtual table": "CREATE VIRTUAL TABLE f USING fts5(a)",
    "a view in a table's place": "ALTER TABLE package RENAME TO hidden; CREATE VIEW package AS SELECT"
                                 " * FROM hidden WHERE n > 1",
    "no table": "DROP TABLE submission_pop",
}
DAMAGE = {
    "a baseline demoted": "UPDATE submission_pop SET baseline = 0 WHERE submission = 1",
    "no POP": "PRAGMA foreign_keys = OFF; DELETE FROM pop",
    "no membership": "DELETE FROM submission_pop WHERE submission = 1",
    "another version": "UPDATE submission SET firmware_version = '1.0.0.7' WHERE n = 1",
    "a seal": "UPDATE pop SET seal = zeroblob(32)",
}


def check_damaged(checks, place):
    """Nothing of a damaged store is shown as if it were the whole; a foreign schema is no store."""
    build(place, TWINS)
    add(place, "s.db", 1, "t1", "--baseline")
    add(place, "s.db", 2, "t2")
    good = support.export(place, "s.db")
    for what, sql in {**FOREIGN, **DAMAGE, "statistics": "ANALYZE"}.items():
        place.write("d.db", (place.path / "s.db").read_bytes())
        database = sqlite3.connect(place.path / "d.db")
        database.executescript(sql)
        database.close()
        wanted = 0 if what == "statistics" else 4
        for words in (["list"], ["export"], ["show", POP_NAME + "@1.0.0.1"], ["verify"]):
            done = place.run("cache", *words, "--cache=d.db")
            checks.status(done, wanted, f"{what}: {words[0]}")
            if wanted == 4 and words[0] != "verify":
                checks.same(done.out, b"", f"{what}: {words[0]} writes nothing")
        if what in FOREIGN:
            done = place.run("scan", "--cache=d.db", "--format=json", *POP, version(2), "t2")
            checks.status(done, 4, f"{what}: scan")
            checks.same(len(done.findings("WSPC013")), 1, f"{what}: WSPC013")
            checks.status(add(place, "d.db", 3, "t1", "--baseline"), 4, f"{what}: add")
    checks.same(support.export(place, "s.db"), good, "the store itself")


def check_reports(checks, place):
    """A report is checked against itself, and what says that it is not whole is no baseline."""
    build(place, TWINS + "symlink t3/Contoso.C.spkg ../t1/Contoso.A.spkg\n"
                         "spkg t3/Contoso.A.spkg component=A\n")
    words = ("scan", "--no-wspc", "--format=json", *POP, version(1))
    whole = json.loads(place.run(*words, "t1").out)
    part = place.run(*words, "t3")
    checks.status(part, 3, "a tree that was not read in full")
    place.write("part.json", part.out)
    done = place.run("cache", "import", "--baseline", "--cache=n.db", "part.json")
    checks.status(done, 2, "an incomplete report")
    checks.that("IMG006" in done.text_err, "and why", done.text_err)
    place.write("stream", place.run("scan", "--no-wspc", "--format=jsonl", *POP, version(1), "t3").out)
    checks.status(place.run("cache", "import", "--baseline", "--cache=n.db", "stream"), 2, "a stream")
    place.write("nostore.json", place.run("scan", "--cache=none.db", "--format=json", *POP, version(1),
                                          "t1").out)
    checks.status(place.run("cache", "import", "--baseline", "--cache=n.db", "nostore.json"), 2,
                  "an incomplete verdict")
    checks.status(place.run("cache", "import", "--cache=o.db", "nostore.json"), 0,
                  "the set is whole all the same")

    def lie(change):
        report = json.loads(json.dumps(whole))
        change(report, report["submissions"][0])
        place.write("lie.json", json.dumps(report))
        return (place.run("render", "--format=text", "lie.json"),
                place.run("cache", "import", "--baseline", "--cache=n.db", "lie.json"),
                place.run("audit", "lie.json"))

    incomplete = {"id": "IMG004", "name": "unreadable-entry", "severity": "warning", "incomplete": True,
                  "waived": False, "message": "x", "remedy": "y", "fingerprint": "0" * 64}
    lies = {
        "a verdict": lambda r, s: s.update(verdict="fail"),
        "the report's verdict": lambda r, s: r.update(verdict="incomplete"),
        "a finding taken out": lambda r, s: s["findings"].pop(),
        "a finding put in": lambda r, s: s["findings"].append(incomplete),
        "a count": lambda r, s: s["counts"].update(warning=s["counts"]["warning"] + 1),
        "a package taken out": lambda r, s: s["packages"].pop(),
        "a package put in": lambda r, s: s["packages"].append(s["packages"][0]),
        "a key": lambda r, s: s["packages"][0].update(key="contoso.other"),
        "a name": lambda r, s: s["packages"][0].update(name="Contoso.Other"),
        "unreadable": lambda r, s: s["packages"][0].update(unreadable=True),
        "an outcome": lambda r, s: s["outcomes"][0].update(outcome="not-evaluated"),
    }
    for what, change in lies.items():
        render, taken, audit = lie(change)
        checks.status(render, 2, f"{what}: render")
        checks.that("contradicts itself" in render.text_err, f"{what}: and why", render.text_err)
        checks.status(taken, 2, f"{what}: import")
        checks.status(audit, 3, f"{what}: audit")
    # What is consistent but for the id is believed by nobody who takes the set.
    for what, change in {
        "an owner type": lambda r, s: s["packages"][0].update(owner_type="Microsoft"),
        "a package's version": lambda r, s: s["packages"][0].update(version="9.9.9.9"),
        "the id": lambda r, s: s.update(id="0" * 64),
        "a partition": lambda r, s: s["packages"][0].update(partition="EFIESP"),
    }.items():
        _, taken, audit = lie(change)
        checks.status(taken, 2, f"{what}: import")
        checks.that("its id" in taken.text_err or "the id of" in taken.text_err, f"{what}: and why", taken.text_err)
        checks.status(audit, 3, f"{what}: audit")
    render, taken, _ = lie(lambda r, s: r.update(submissions=[]))
    checks.status(render, 2, "a pass of no submission: render")
    checks.status(taken, 2, "a pass of no submission: import")
    render, taken, _ = lie(lambda r, s: r.update(submissions=[], verdict="incomplete"))
    checks.status(render, 0, "a part of nothing, as --shard writes it: render")
    checks.status(taken, 2, "a part of nothing: import")
    place.write("nothing.jsonl", "".join(line + "\n" for line in place.run(
        "scan", "--no-wspc", "--shard=1/2", "--format=jsonl", *POP, version(1), "t1").text.splitlines()
        ).replace('"incomplete"', '"pass"'))
    checks.status(place.run("render", "nothing.jsonl"), 2, "a stream that passes nothing")
    checks.that(not (place.path / "n.db").exists(), "nothing was recorded")
    render, taken, audit = lie(lambda r, s: None)
    checks.same([render.status, taken.status], [0, 0], "the truth")


def check_no_store(checks, place):
    """No store is one without submissions."""
    checks.same(place.run("cache", "list", "--cache=none.db").out, b"", "list")
    checks.status(place.run("cache", "list", "--cache=none.db"), 0, "list")
    done = place.run("cache", "list", "--format=json", "--cache=none.db")
    if done.status == 0:
        checks.same(done.report["submissions"], [], "list as JSON")
    done = place.run("cache", "export", "--cache=none.db")
    checks.status(done, 0, "export")
    checks.same(len(done.out.splitlines()), 2, "a header and an end line")
    checks.status(place.run("cache", "export", "--cache=none.db", "--output=e"), 0, "export to a file")
    checks.same((place.path / "e").read_bytes(), done.out, "the same")
    checks.that(not (place.path / "none.db").exists(), "nothing is made")
    checks.status(place.run("cache", "show", "--cache=none.db", "abcdef"), 4, "show")


if __name__ == "__main__":
    sys.exit(support.run_groups([check_twins, check_owners, check_owners_of_request, check_copies, check_lists, check_damaged, check_reports,
                                 check_no_store], sys.argv[3:], sys.argv[1],
                                sys.argv[2]))
