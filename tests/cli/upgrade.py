#!/usr/bin/env python3
"""What an earlier version wrote is read by this one: reports, a stream, an export, a facts cache, a
policy file (testdata/upgrade).

    upgrade.py PROGRAM MKFIXTURE
"""
import json
import pathlib
import shutil
import sys

from support import Checks, Place

OLD = pathlib.Path(__file__).resolve().parent.parent.parent / "testdata/upgrade"


def check_reports(c, p):
    for name in ("report.json", "report.jsonl"):
        old = str(OLD / name)
        for form in ("text", "json", "sarif", "html", "junit", "csv", "markdown"):
            done = p.run("render", f"--format={form}", old)
            c.status(done, 0, f"render --format={form} of an old {name}")
        again = json.loads(p.run("render", "--format=json", old).text)
        c.same([s["verdict"] for s in again["submissions"]][0], "fail", f"{name}: its verdict")
    first = json.loads((OLD / "report.json").read_text())["submissions"][0]
    again = json.loads(p.run("render", "--format=json", str(OLD / "report.json")).text)
    again = again["submissions"][0]
    def found(s):
        return sorted((f["id"], f["message"], f["fingerprint"]) for f in s["findings"])
    c.same(found(again), found(first), "the findings of an old report, with their fingerprints")
    c.same(again["id"], first["id"], "the id of its submission")


def check_export(c, p):
    done = p.run("cache", "import", "--cache=up.db", str(OLD / "baselines.jsonl"))
    c.status(done, 0, "import of an old export")
    records = [json.loads(line) for line in (OLD / "baselines.jsonl").read_text().splitlines()]
    listed = json.loads(p.run("cache", "list", "--cache=up.db", "--json").text)
    ids = sorted(r["id"] for r in records if "id" in r)
    c.same(sorted(s["id"] for s in listed["submissions"]), ids, "its ids are those of before")
    c.status(p.run("cache", "verify", "--cache=up.db"), 0, "the store that it makes")
    c.status(p.run("scan", "--cache=up.db", "--baseline", "v2"), 0, "v2 against old baselines")
    done = p.run("scan", "--cache=up.db", "--baseline", "--format=json", "v4")
    c.same([f["packages"] for f in done.findings("WSPC003")], [["Contoso.Camera.Phone.MainOS"]],
           "v4 lacks one package of the old baseline, whatever its installed ones are keyed by")
    c.status(p.run("rfu", "--cache=up.db", f"--source={ids[0]}", f"--target={ids[1]}"), (0, 1),
             "a request between old records")
    new = p.run("cache", "add", "--cache=up.db", "v2").text.split()[-1]
    c.that(new not in ids, "a new record has an id of its own")
    exported = [json.loads(line) for line in p.run("cache", "export", "--cache=up.db").text.splitlines()]
    c.same([r.get("keys") for r in exported if r.get("id") == new], ["identity"], "new keys are named")
    c.same({r.get("keys") for r in exported if r.get("id") in ids}, {None}, "old ones are not")


def check_facts_cache(c, p):
    p.build("spkg fw/Contoso.A.spkg component=A\n"
            "spkg fw/Contoso.B.spkg component=B version=0.0.0.0\n", "built")
    shutil.copy(OLD / "facts.cache", p.path / "facts.cache")
    words = ("scan", "--type=partial", "--context-free", "--format=json", "built/fw")
    wanted = p.run(*words)
    for _ in range(2):
        done = p.run(*words, "--facts-cache=facts.cache")
        c.same(done.text, wanted.text, "a scan with an old facts cache gives the same bytes")
        c.status(done, 1, "and the same status")


def check_policy(c, p):
    c.status(p.run("policy", "check", str(OLD / "policy.xml")), 0, "an old policy file")
    done = p.run("scan", "--no-wspc", f"--policy={OLD / 'policy.xml'}", "--format=json", "v1")
    c.status(done, 1, "a scan under it: one package has another owner")
    c.that(any(o["id"] == "OEM001" for o in done.report["submissions"][0]["outcomes"]),
           "its rule is judged")


def main():
    c = Checks()
    with Place(*sys.argv[1:3]) as p:
        for check in (check_reports, check_export, check_facts_cache, check_policy):
            check(c, p)
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
