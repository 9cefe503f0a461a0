#!/usr/bin/python3
"""check_formats.py --program IMGVAL --builder MKFIXTURE [--write | --freeze]

Builds the submission of testdata/golden, scans it into every report format, and checks

    hostile   each format with a parser of its own (formats.py): texts whole and inert
    golden    `imgval render` of testdata/golden/report.json, a report as it once was, against
              report.FORMAT beside it; --write writes those anew, on purpose. A new rule changes
              none of them; --freeze takes a new report, for new members of findings
    render    `imgval render` of the JSON report, and of the stream, gives the same bytes
    waived    waived findings, a what-if and site rules in each format
    policy    a scan under a policy rendered: a site's rules keep all their words
    part      a stream without its end: no format shows a pass, a stream stays one without its end
    bounds    very many findings, very many submissions, no submission
    command   exit statuses, further reports, bad files, --rules-url
    rules     the rule reference that `imgval explain --format=html` writes
"""
import argparse
import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import formats

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = TOP / "testdata/golden"
LONG = "M" * 5000
SCAN = ["scan", "--against=old", "--device-info=device.txt", "tree", "second"]
URL = "https://firmware.example/imgval/rules.html"


class Run:
    def __init__(self, program, place):
        self.program = program
        self.place = place
        self.passed = 0
        self.failed = 0

    def __call__(self, *words, status=None, stdin=None):
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.place), "LC_ALL": "C.UTF-8"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        done = subprocess.run([self.program, *words], cwd=self.place, env=env, check=False,
                              input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                              capture_output=True, timeout=300)
        if status is not None:
            self.that(done.returncode == status, f"exit status {done.returncode}, not {status}: "
                      f"{' '.join(words)[:200]} {done.stderr[-300:]}")
        return done

    def that(self, holds, what):
        self.passed += bool(holds)
        self.failed += not holds
        if not holds:
            print(f"FAILED {what}")
        return holds

    def check(self, name, out, report, what, **more):
        try:
            formats.CHECKS[name](out, report, **more)
            self.passed += 1
        except (formats.Bad, ValueError, KeyError, IndexError) as error:
            self.that(False, f"{what}: {name}: {type(error).__name__} {error}")

    def render(self, name, report, *words):
        """A changed report in a format; its counts and verdicts are made to agree with it."""
        report = settled(report)
        (self.place / "changed.json").write_text(json.dumps(report), encoding="utf-8")
        return self("render", f"--format={name}", *words, "changed.json", status=0)


def settled(report):
    """The report with the counts and verdicts of what is in it: one that contradicts itself is refused."""
    report = json.loads(json.dumps(report))
    rank = ["pass", "incomplete", "fail"]
    levels = ["note", "warning", "error"]
    for one in report["submissions"]:
        counts = dict.fromkeys(["error", "warning", "note", "waived"], 0)
        for finding in one["findings"]:
            counts["waived" if finding["waived"] else finding["severity"]] += 1
        one["counts"].update(counts)
        reported = {f["id"] for f in one["findings"]}
        for outcome in one["outcomes"]:
            if outcome["id"] in reported and outcome["outcome"] in ("passed", "not-applicable"):
                outcome["outcome"] = "failed"
        unwaived = [f for f in one["findings"] if not f["waived"]]
        fails = any(levels.index(f["severity"]) >= levels.index(report["fail_on"]) and f["id"] != "WSPC005"
                    for f in unwaived)
        unfinished = any(f["incomplete"] for f in unwaived) or not one["packages"] or \
            any(o["outcome"] == "not-evaluated" for o in one["outcomes"])
        one["verdict"] = "fail" if fails else "incomplete" if unfinished else \
            "pass" if one["verdict"] == "fail" else one["verdict"]
    if report["submissions"]:
        report["verdict"] = max((s["verdict"] for s in report["submissions"]), key=rank.index)
    return report


def known_formats(run):
    """As the program tells them to whom asks for another one."""
    reported = run("scan", "--format=?", status=2).stderr.decode()
    return re.search(r"expected (\S+)", reported).group(1).split("|")


def check_new_format(run, name, saved):
    """A format that formats.py has no parser for: it prints, and commands nobody."""
    out = run("render", f"--format={name}", saved, status=0).stdout
    formats.check_no_commands(formats.check_inert(out))


def check_hostile(run, outs, report):
    for name, out in outs.items():
        run.check(name, out, report, "hostile names")
    names = {b"tree/" + name for name in os.listdir(os.fsencode(run.place / "tree"))}
    reported = {formats.exact(p, "path") for p in report["submissions"][0]["packages"]}
    reported |= {formats.exact(f, "path") for f in report["submissions"][0]["findings"]}
    run.that(names <= reported, f"names that the report does not have: {names - reported}")
    # A comment shows ten findings of a rule: all of them in turn.
    for submission in report["submissions"]:
        for first in range(0, len(submission["findings"]), 10):
            part = copy.deepcopy(report)
            part["submissions"] = [dict(submission, findings=submission["findings"][first:first + 10])]
            part = settled(part)
            run.check("markdown", run.render("markdown", part).stdout, part, f"findings {first}...")


def check_golden(run, names, write):
    frozen = str(GOLDEN / "report.json")
    for name in names:
        path = GOLDEN / f"report.{name}"
        out = run("render", f"--format={name}", frozen, status=0).stdout
        if write and name != "json":
            path.write_bytes(out)
        run.that(path.exists() and path.read_bytes() == out,
                 f"{path.name} differs; if that is meant, run this script with --write")
    known = {f"report.{name}" for name in names} | {"submission.recipe"}
    run.that({p.name for p in GOLDEN.iterdir()} == known, "files of testdata/golden")


def check_render(run, outs):
    (run.place / "r.json").write_bytes(outs["json"])
    (run.place / "r.jsonl").write_bytes(outs["jsonl"])
    reports = [f"--report={name}:direct.{name}" for name in outs]
    run(*SCAN, *reports, status=1)
    for name, out in outs.items():
        for saved in ("r.json", "r.jsonl"):
            run.that(run("render", f"--format={name}", saved, status=0).stdout == out,
                     f"render of {saved} as {name} differs from the scan's own output")
        run.that((run.place / f"direct.{name}").read_bytes() == out, f"--report={name}:FILE differs")
        direct = run(*SCAN, f"--format={name}", f"--rules-url={URL}", "-v", status=1).stdout
        run.that(run("render", f"--format={name}", f"--rules-url={URL}", "-v", "r.json",
                     status=0).stdout == direct, f"render -v as {name} differs")
    run("render", *[f"--report={name}:again.{name}" for name in outs], "r.json", status=0)
    for name, out in outs.items():
        run.that((run.place / f"again.{name}").read_bytes() == out, f"render --report={name}:FILE")
    run.that(run("render", "--format=csv", "-", stdin=outs["json"], status=0).stdout == outs["csv"],
             "render of standard input")


def check_deep(run):
    """A path that is longer than a value in a report: what is cut is cut the same way twice."""
    here = os.open(run.place, os.O_RDONLY)
    for name in ("deep", *["d" * 250] * 16):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.symlink("nowhere", "l" * 60 + ".spkg", dir_fd=here)
    os.close(here)
    saved = run("scan", "--no-wspc", "--format=json", "deep").stdout
    found = [f for _, f in formats.findings(json.loads(saved)) if f["id"] == "IMG006"]
    run.that(found and found[0]["path"] not in found[0]["message"], "a path longer than its message")
    for name in formats.CHECKS:
        direct = run("scan", "--no-wspc", f"--format={name}", "-v", "deep").stdout
        run.that(run("render", f"--format={name}", "-v", "-", stdin=saved, status=0).stdout == direct,
                 f"render of a very long path as {name}")
        run.check(name, direct, json.loads(saved), "a very long path")


WAIVER = {"reason": "=1 {0} <b> ]( \x1b[31m\n##vso[x]y", "owner": "@owner|`", "expires": "2027-01-01"}
SITE_RULE = {"id": "SITE1", "name": "site-rule", "severity": "warning", "subject": "package",
             "summary": "<b>{x}</b> [a](b) ##vso[x]", "why": "```\n::error::x", "remedy": "@all"}


def waived_report(report):
    """Every third finding waived where that is allowed, one finding of a site's own rule."""
    changed = copy.deepcopy(report)
    changed["what_if"] = True
    changed["site_rules"] = [SITE_RULE]
    for submission in changed["submissions"]:
        submission["outcomes"].append({"id": "SITE1", "outcome": "failed", "subjects": 1})
        like = next((f for f in submission["findings"] if f["severity"] == "warning"), None)
        at = max(i for i, f in enumerate(submission["findings"]) if f["severity"] != "note") + 1
        submission["findings"].insert(at, dict(like, id="SITE1", name="site-rule"))
        for number, finding in enumerate(submission["findings"]):
            if number % 3 == 0 and not finding["incomplete"]:
                finding.update(WAIVER, waived=True)
        for severity in ("error", "warning", "note"):
            submission["counts"][severity] = sum(
                f["severity"] == severity and not f["waived"] for f in submission["findings"])
        submission["counts"]["waived"] = sum(f["waived"] for f in submission["findings"])
    return changed


def check_waived(run, report):
    changed = waived_report(report)
    run.that(sum(f["waived"] for _, f in formats.findings(changed)) > 20, "waived findings")
    rendered = run.render("json", changed)
    run.check("json", rendered.stdout, json.loads(rendered.stdout), "waived")
    whole = json.loads(rendered.stdout)
    for name in formats.CHECKS:
        out = run.render(name, changed, *(["-v"] if name == "text" else [])).stdout
        run.check(name, out, whole, "waived")
        run.that(name == "csv" or b"what" in out.lower(), f"{name} says that it is a what-if")
    run.check("sarif", run.render("sarif", changed, f"--rules-url={URL}").stdout, whole, "waived",
              rules_url=URL)


def check_bounds(run, report):
    many = copy.deepcopy(report)
    first = many["submissions"][0]
    kinds = [copy.deepcopy(f) for f in first["findings"]]
    first["findings"] = [f for f in kinds for _ in range(20)]
    many["submissions"] = [dict(first, path=f"tree{i}") for i in range(100)]
    small = dict(many, submissions=many["submissions"][:1])
    for name in formats.CHECKS:
        if name not in ("json", "jsonl", "text"):
            used = many if name == "markdown" else small
            counts = used["submissions"][0]["counts"]
            for severity in ("error", "warning", "note"):
                counts[severity] = sum(f["severity"] == severity for f in first["findings"])
            used = settled(used)
            run.check(name, run.render(name, used).stdout, used, "very many findings")
    text = run.render("markdown", many).stdout.decode()
    run.that("and 50 more submissions" in text, "submissions that are not listed are counted")
    left = re.search(r"cut to its greatest length: (\d+) more findings", text)
    shown = sum(int(n) for n in re.findall(r"</b> \((\d+) finding", text))
    run.that(left and int(left.group(1)) + shown == 100 * len(first["findings"]),
             f"what is left out is counted: {left} {shown}")
    none = dict(report, submissions=[], verdict="incomplete")
    for name in formats.CHECKS:
        if name not in ("json", "jsonl"):
            run.check(name, run.render(name, none).stdout, none, "no submission")


POLICY = """<imgval-policy version="1">
<rule id="OEM001" name="ours" severity="error" field="owner" pattern="Fabrikam|N.+" summary="&lt;Ours&gt;."/>
<rule id="OEM002" name="dated" severity="note" device="PhoneFirmwareRevision" pattern="[0-9.]+"
      summary="A number." why="Because." remedy="Fix it."/>
<waiver rule="OEM002" package="*" reason="one" owner="two" expires="2020-01-01"/>
</imgval-policy>
"""


def check_policy(run):
    (run.place / "site.xml").write_text(POLICY, encoding="utf-8")
    for more in ([], ["--what-if", "--fail-on=note"]):
        scan = ["scan", "--no-wspc", "--date=2026-01-01", "--policy=site.xml", *more, "tree", "second"]
        saved = run(*scan, "--format=json", status=1).stdout
        for name in formats.CHECKS:
            out = run(*scan, f"--format={name}", status=1).stdout
            run.that(run("render", f"--format={name}", "-", stdin=saved, status=0).stdout == out,
                     f"render of a scan under a policy as {name} differs from the scan's own output")


def check_part(run, outs):
    good = run("scan", "--type=partial", "--context-free", "--format=jsonl", str(TOP / "testdata/story/v1"),
               status=0).stdout.splitlines(keepends=True)
    run.that(b'"verdict":"pass"' in good[-1], "the example passes")
    for stream, kept in ((good, 1), (good, 2), (good, 4), (good, len(good) - 1), (good[:-1] + [good[-1][:20]], len(good)),
                         (outs["jsonl"].splitlines(keepends=True), 9)):
        part = b"".join(stream[:kept])
        reported = {name: run("render", f"--format={name}", "-", stdin=part, status=3).stdout
                for name in formats.CHECKS}
        what = f"a stream of {kept} lines without its end"
        report = json.loads(reported["json"])
        run.that(report["verdict"] != "pass" and
                 all(s["verdict"] != "pass" for s in report["submissions"][-1:]), f"{what}: json")
        run.that(b'"record":"end"' not in reported["jsonl"], f"{what}: jsonl has an end")
        run.that(run("render", "--format=jsonl", "-", stdin=reported["jsonl"], status=3).stdout == reported["jsonl"],
                 f"{what}: rendered twice")
        run.that(b"Part of a report" in reported["text"] and "✓ PASS".encode() not in reported["text"], f"{what}: text")
        run.that(b"Part of a report" in reported["html"] and b"Part of a report" in reported["markdown"], f"{what}: reported")
        for name in ("junit", "github", "azure", "csv", "html"):
            run.check(name, reported[name], report, what)
        run.that(not json.loads(reported["sarif"])["runs"][0]["invocations"][0]["executionSuccessful"], f"{what}: sarif")
        run.that(b' failures="0" errors="0"' not in reported["junit"].split(b">")[1], f"{what}: junit is green")


def check_command(run, outs):
    saved = json.loads(outs["json"])
    bad = {
        "empty": b"", "text": b"hello\n", "cut.json": outs["json"][:-200], "array": b"[]",
        "other-schema": json.dumps(dict(saved, schema="imgval-report/2")).encode(),
        "bundle": b'{"schema":"imgval-bundle/1"}\n{"end":true,"submissions":0}\n',
        "no-verdict": json.dumps({n: v for n, v in saved.items() if n != "verdict"}).encode(),
        "unknown-rule": outs["json"].replace(b'"STD002"', b'"STD999"'),
        "nul": outs["json"].replace(b"zero-version", b"zero\0version"),
    }
    for name, content in bad.items():
        (run.place / name).write_bytes(content)
        done = run("render", "--report=csv:bad.csv", name, status=2)
        run.that(done.stdout == b"" and done.stderr.startswith(b"imgval: ") and
                 name.encode() in done.stderr, f"a bad file: {name}: {done.stderr}")
    run.that(not (run.place / "bad.csv").exists(), "nothing is written from a bad file")
    for words in (["nowhere.json"], ["tree"], [], ["r.json", "r.json"], ["--format=x", "r.json"],
                  ["--report=x:y", "r.json"], ["--report=csv", "r.json"], ["--report=csv:", "r.json"],
                  ["--fail-on=note", "r.json"]):
        run.that(run("render", *words, status=2).stdout == b"", f"render {words}")
    lines = outs["jsonl"].splitlines(keepends=True)
    (run.place / "cut.jsonl").write_bytes(b"".join(lines[:-1]))
    done = run("render", "--format=github", "cut.jsonl", status=3)
    run.that(b"no end" in done.stderr and b"imgval: fail: " in done.stdout, "a stream without its end")
    # What cannot be written does not keep the rest from being written.
    words = ["--format=azure", "--report=csv:/proc/nowhere/x", "--report=sarif:good.sarif",
             "--report=github:tree", "--report=markdown:good.md"]
    for command in (["render", "r.json"], SCAN):
        for name in ("good.sarif", "good.md"):
            (run.place / name).unlink(missing_ok=True)
        done = run(*command, *words, status=4)
        run.that(done.stdout == outs["azure"] and done.stderr.count(b"imgval: ") == 2 and
                 (run.place / "good.sarif").read_bytes() == outs["sarif"] and
                 (run.place / "good.md").read_bytes() == outs["markdown"],
                 f"an output that cannot be written: {done.stderr}")
    run.that(not [p for p in run.place.iterdir() if "good" in p.name and
                  p.name not in ("good.sarif", "good.md")], "temporary files are left")
    run.check("sarif", run("render", "--format=sarif", f"--rules-url={URL}", "r.json", status=0).stdout,
              saved, "--rules-url", rules_url=URL)
    for url in ("", "rules.html", "https://a b", "https://x/#a", "https://x/\x1b", "http:", ":x", "//x", '"x:y'):
        done = run("render", f"--rules-url={url}", "r.json", status=2)
        run.that(done.stdout == b"" and b"--rules-url" in done.stderr and b"\x1b" not in done.stderr,
                 f"--rules-url={url}")
    for path in (str(run.place / "second"), "./second", "tree/../second"):
        out = run("scan", "--no-wspc", "--format=sarif", path).stdout
        report = json.loads(run("scan", "--no-wspc", "--format=json", path).stdout)
        run.check("sarif", out, report, f"a path {path}")


def check_rules(run):
    page = formats.html_page(run("explain", "--format=html", status=0).stdout)
    ids = [line.split()[0] for line in run("explain", status=0).stdout.decode().splitlines()]
    run.that([one for one in page.ids if one not in ("theme", "main")] == ids and len(ids) > 40,
             "every rule has its anchor")
    run.that(all(link[:1] == "#" and link[1:] in page.ids for link in page.links), "links have targets")
    for rule in ids:
        reported = formats.plain(run("explain", rule, status=0).stdout.decode())
        one = formats.html_page(run("explain", "--format=html", rule, status=0).stdout)
        run.that([other for other in one.ids if other not in ("theme", "main")] == [rule],
                 f"explain --format=html {rule}")
        first = one.texts.index("What must hold")
        last = next(i for i, text in enumerate(one.texts) if text.startswith("Written by"))
        for text in one.texts[first:last]:
            run.that(text in ("What must hold", "Remedy", "Why, what to do, and examples", "not checked",
                              f"#{rule}") or formats.plain(text) in reported, f"{rule}: {text}")
        for label in ("Why", "Passes", "Fails"):
            run.that(label in one.texts, f"{rule}: {label}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--builder", required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--freeze", action="store_true")
    parser.add_argument("--goldens", action="store_true", help="the golden files alone")
    given = parser.parse_args()
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-formats-")).resolve()
    try:
        subprocess.run([os.path.abspath(given.builder), GOLDEN / "submission.recipe", place], check=True)
        run = Run(os.path.abspath(given.program), place)
        known = known_formats(run)
        run.that(set(formats.CHECKS) <= set(known),
                 f"formats.py checks {list(formats.CHECKS)}, the program has {known}")
        if given.freeze:
            (GOLDEN / "report.json").write_bytes(run(*SCAN, "--format=json", status=1).stdout)
        check_golden(run, formats.CHECKS, given.write or given.freeze)
        if given.write or given.freeze:
            print(f"{run.passed} passed, {run.failed} failed")
            return 1 if run.failed else 0
        for name in known:
            if name not in formats.CHECKS:
                check_new_format(run, name, str(GOLDEN / "report.json"))
        if given.goldens:
            print(f"{run.passed} passed, {run.failed} failed")
            return 1 if run.failed else 0
        outs = {name: run(*SCAN, f"--format={name}", status=1).stdout for name in formats.CHECKS}
        report = json.loads(outs["json"])
        full = dict(outs, text=run(*SCAN, "-v", status=1).stdout)
        check_hostile(run, full, report)
        long = [*SCAN, f"--manufacturer={LONG}"]
        longest = json.loads(run(*long, "--format=json", status=1).stdout)
        actual = [f["actual"] for _, f in formats.findings(longest) if f["id"] == "STD007"]
        run.that(set(actual) == {LONG[:4093] + "..."}, "a long value is cut")
        for name in formats.CHECKS:
            out = run(*long, "-v", f"--format={name}", status=1).stdout
            run.check(name, out, longest, "a long value")
            run.that(run.render(name, longest, "-v").stdout == out, f"{name}: a long value rendered")
        check_render(run, outs)
        check_deep(run)
        check_waived(run, report)
        check_policy(run)
        check_part(run, outs)
        check_bounds(run, report)
        check_command(run, outs)
        check_rules(run)
    finally:
        shutil.rmtree(place)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
