#!/usr/bin/python3
"""policy.py PROGRAM MKFIXTURE [GROUP...]: the policy file from outside.

What `policy check` says of good and bad files, and that the schema says the same; which policy an
input is under; what `policy show` shows; and the whole table of exit status by severity, --fail-on,
waiver and --what-if.
"""
import os
import re
import shutil
import subprocess
import sys

from support import TOP, Checks, Place

SCHEMA = TOP / "imgval/engine/schema/imgval-policy-1.xsd"
WAIVER = '<waiver {} reason="agreed" owner="platform" expires="2031-01-31"/>'
RULE = ('<rule id="OEM001" name="ours" severity="error" field="owner" pattern="Contoso"'
        ' summary="Ours."/>')


def policy(*lines):
    return '<imgval-policy version="1">\n' + "\n".join(lines) + "\n</imgval-policy>\n"


def changed(text, old, new):
    assert old in text, old
    return text.replace(old, new, 1)


GOOD = {
    "nothing": policy(),
    "one of each": policy('<severity rule="ADV004" level="error"/>', '<limit name="packages in a submission" value="1K"/>',
                          '<growth percent="0" packages="1"/>', RULE, WAIVER.format('rule="OEM001"')),
    "a comment": policy("<!-- why -->"),
    "a rule after its waiver": policy(WAIVER.format('rule="ours"'), RULE),
    "a device rule": policy(changed(RULE, 'field="owner"', 'device="PhoneSOCVersion"')),
    "ranges": policy(WAIVER.format('package="*" version-from="1.0.0.0" version-to="1.0.0.0" '
                                   'firmware-from="0.0.0.1"')),
    "a severity as it is": policy('<severity rule="STD002" level="error"/>'),
    "a warning of IMG lowered": policy('<severity rule="IMG002" level="note"/>'),
    "a note raised": policy('<severity rule="ADV003" level="warning"/>'),
    "a leap day": policy(WAIVER.format('rule="ADV*"').replace("2031-01-31", "2032-02-29")),
    "UTF-16": policy(WAIVER.format('variant="*/000-88/*"')).encode("utf-16"),
}

# name: (file, line of the error, part of its text, the schema refuses it too)
BAD = {
    "another root": ("<policy version='1'/>", 1, "root element is <policy>", True),
    "a namespace": ('<imgval-policy xmlns="urn:x" version="1"/>', 1, "namespace", True),
    "not well-formed": (policy("<severity"), 3, "", True),
    "a DOCTYPE": ('<!DOCTYPE x [<!ENTITY e "y">]>' + policy(), 1, "document type", False),
    "no version": ("<imgval-policy/>", 1, 'needs the attribute "version"', True),
    "a later version": ('<imgval-policy version="2"/>', 1, 'version "2"', True),
    "an unknown element": (policy("<waive/>"), 2, "<waive> has no place", True),
    "an element inside": (policy("<severity rule='IMG002' level='error'><x/></severity>"), 2, "<x>", True),
    "text": (policy("so be it"), 1, "text between", True),
    "an unknown attribute": (policy('<severity rule="IMG002" level="error" why="x"/>'), 2, '"why"', True),
    "a missing attribute": (policy('<severity rule="IMG002"/>'), 2, '"level"', True),
    "an empty attribute": (policy('<severity rule=" " level="error"/>'), 2, "empty", True),
    "no such rule": (policy('<severity rule="STD010" level="error"/>'), 2, '"STD010"', False),
    "no such severity": (policy('<severity rule="IMG002" level="fatal"/>'), 2, '"fatal"', True),
    "a severity twice": (policy(*['<severity rule="IMG002" level="error"/>'] * 2), 3, "line 2 already", True),
    "a severity twice, by name": (policy('<severity rule="IMG002" level="error"/>',
                                         '<severity rule="name-mismatch" level="note"/>'), 3, "line 2", False),
    "a standard validation lowered": (policy('<severity rule="STD002" level="warning"/>'), 2,
                                      "cannot be lowered", False),
    "an error of IMG lowered": (policy('<severity rule="IMG003" level="warning"/>'), 2,
                                "cannot be lowered", False),
    "WSPC002 lowered": (policy('<severity rule="WSPC002" level="note"/>'), 2, "cannot be lowered", False),
    "POL002 lowered": (policy('<severity rule="POL002" level="note"/>'), 2, "cannot be lowered", False),
    "no such limit": (policy('<limit name="patience" value="1"/>'), 2, '"patience"', True),
    "a limit that is fixed": (policy('<limit name="one value in a report" value="10"/>'), 2, "can set", True),
    "a limit of nothing": (policy('<limit name="packages in a submission" value="0"/>'), 2, "from 1 to 8000000", True),
    "a limit without bound": (policy('<limit name="XML depth" value="99999999999999999999999"/>'), 2,
                              "from 1 to 1024", False),
    "a limit over 16 times": (policy('<limit name="XML depth" value="1025"/>'), 2, "from 1 to 1024", False),
    "a limit that overflows": (policy('<limit name="cabinet" value="17179869184G"/>'), 2, "from 1 to", False),
    "a limit twice": (policy(*['<limit name="packages in a submission" value="5"/>'] * 2), 3, "line 2 already", True),
    "a bad size": (policy('<limit name="packages in a submission" value="5 K"/>'), 2, "from 1 to", True),
    "a unit alone": (policy('<limit name="packages in a submission" value="K"/>'), 2, "from 1 to", True),
    "growth of nothing": (policy('<growth percent="1" packages="0"/>'), 2, "<growth>", True),
    "growth below zero": (policy('<growth percent="-1" packages="1"/>'), 2, "<growth>", True),
    "growth twice": (policy(*['<growth percent="1" packages="1"/>'] * 2), 3, "line 2 already", False),
    "a built-in id": (policy(changed(RULE, "OEM001", "STD001")), 2, "OEM and three digits", True),
    "an id of other form": (policy(changed(RULE, "OEM001", "OEM1")), 2, "OEM and three digits", True),
    "a built-in name": (policy(changed(RULE, '"ours"', '"zero-version"')), 2, "built-in", False),
    "a bad name": (policy(changed(RULE, '"ours"', '"Ours-"')), 2, "no name of a rule", True),
    "an id twice": (policy(RULE, changed(RULE, '"ours"', '"theirs"')), 3, "line 2 already", True),
    "a name twice": (policy(RULE, changed(RULE, "OEM001", "OEM002")), 3, "line 2 already", True),
    "no such field": (policy(changed(RULE, '"owner"', '"colour"')), 2, '"colour"', True),
    "a field of another type": (policy(changed(RULE, '"owner"', '"removal"')), 2, '"removal"', True),
    "no such device value": (policy(changed(RULE, 'field="owner"', 'device="PhoneColour"')), 2,
                             '"PhoneColour"', True),
    "a device value misspelt": (policy(changed(RULE, 'field="owner"', 'device="phonesocversion"')), 2,
                                "is spelt PhoneSOCVersion", True),
    "field and device": (policy(changed(RULE, "field", 'device="PhoneSOCVersion" field')), 2, "either", False),
    "neither": (policy(changed(RULE, 'field="owner"', "")), 2, "either", False),
    "a bad pattern": (policy(changed(RULE, '"Contoso"', '"(Contoso"')), 2, "at character 9", False),
    "a waiver of all": (policy(WAIVER.format("")), 2, "needs a rule, a package or a variant", False),
    "a waiver of no rule": (policy(WAIVER.format('rule="STD01?"')), 2, "there is no rule", False),
    "a waiver without reason": (policy(WAIVER.format('rule="IMG002"').replace('reason="agreed"', "")), 2,
                                '"reason"', True),
    "a blank reason": (policy(WAIVER.format('rule="IMG002"').replace('"agreed"', '" "')), 2, "empty", True),
    "a waiver without owner": (policy(WAIVER.format('rule="IMG002"').replace('owner="platform"', "")), 2,
                               '"owner"', True),
    "a waiver without date": (policy(WAIVER.format('rule="IMG002"').replace('expires="2031-01-31"', "")), 2,
                              '"expires"', True),
    "no day of the calendar": (policy(WAIVER.format('rule="IMG002"').replace("01-31", "02-29")), 2,
                               "no date", True),
    "a date of other form": (policy(WAIVER.format('rule="IMG002"').replace("2031-01-31", "31.1.2031")), 2,
                             "no date", True),
    "a date with a zone": (policy(WAIVER.format('rule="IMG002"').replace("01-31", "01-31Z")), 2, "no date",
                           True),
    "a bad version": (policy(WAIVER.format('package="*" version-from="1.0"')), 2, "no version", True),
    "an empty range": (policy(WAIVER.format('package="*" version-from="2.0.0.0" version-to="1.0.0.0"')), 2,
                       "no version is from", False),
    "a long glob": (policy(WAIVER.format('package="%s"' % ("x" * 513))), 2, "longer than 512", True),
    "an empty file": ("", 1, "empty", True),
    "more than 1 MiB": (policy("<!--" + "x" * (1 << 20) + "-->"), None, "larger than 1 MiB", False),
    "too many entries": (policy(*[WAIVER.format('rule="IMG002"')] * 4097), 4098, "more than 4096", True),
}


def schema_refuses(path):
    """Whether the shipped schema does not take the file."""
    done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", str(SCHEMA), str(path)],
                          capture_output=True, check=False, timeout=60)
    return done.returncode != 0


def check_files(c, p):
    has_xmllint = shutil.which("xmllint") is not None
    if not has_xmllint:
        c.skip("the schema", "no xmllint")
    for name, content in GOOD.items():
        path = p.write("policy.xml", content)
        done = p.run("policy", "check", "policy.xml")
        c.status(done, 0, f"good: {name}")
        c.that(done.text.startswith("policy.xml: fine"), f"good: {name}: says so", done.text)
        if has_xmllint:
            c.that(not schema_refuses(path), f"good: {name}: the schema takes it")
    for name, (content, line, part, by_schema) in BAD.items():
        path = p.write("policy.xml", content)
        done = p.run("policy", "check", "policy.xml")
        c.refused(done, part, f"bad: {name}")
        place = "policy.xml: " if line is None else f"policy.xml:{line}: "
        c.that(place in done.text_err, f"bad: {name}: the line is {line}", done.text_err)
        if has_xmllint:
            c.same(schema_refuses(path), by_schema, f"bad: {name}: the schema refuses it")
        scan = p.run("scan", "--no-wspc", "--policy=policy.xml", "v1")
        c.refused(scan, part, f"bad: {name}: a scan under it")
    p.write("policy.xml", policy("<a/>", '<limit name="x" value="1"/>', "<growth/>"))
    reported = p.run("policy", "check", "policy.xml").text_err
    c.same([line.split(": ")[1] for line in reported.splitlines()],
           ["policy.xml:2", "policy.xml:3", "policy.xml:4"], "every error is reported, in order")
    c.refused(p.run("policy", "check", "nowhere.xml"), "nowhere.xml", "a file that is not there")
    c.refused(p.run("policy", "check", "v1"), "v1", "a directory")
    c.refused(p.run("policy", "check"), "FILE", "no file")
    c.refused(p.run("policy"), "needs a verb", "no verb")
    c.refused(p.run("scan", "--policy=nowhere.xml", "v1"), "nowhere.xml", "--policy that is not there")
    c.refused(p.run("scan", "--policy=", "v1"), "--policy=", "--policy without a name")
    piped = p.shell('"$@" </dev/null; printf %s "$0" >/dev/null; cat policy.xml | "$1" policy check '
                    "/dev/stdin", "--version")
    c.that("/dev/stdin:2:" in piped.text_err, "a policy from a pipe", piped.text_err)
    hostile = policy('<severity rule="\x1b[31m&#10;x" level="error"/>'.replace("\x1b", "&#155;"))
    p.write("policy.xml", hostile)
    reported = p.run("policy", "check", "policy.xml").err
    c.that(b"\x9b" not in reported and reported.count(b"\n") == 1, "errors are escaped", reported)


def check_manual(c, p):
    """The example of imgval-formats(5) is a policy, and so is that among the examples."""
    page = (TOP / "man/imgval-formats.5").read_text(encoding="utf-8")
    found = re.findall(r"<imgval-policy.*?</imgval-policy>", page, re.S)
    c.same(len(found), 1, "imgval-formats(5) has one whole example")
    shipped = (TOP / "man/examples/imgval-policy.xml").read_text(encoding="utf-8")
    for number, example in enumerate(found + [shipped]):
        path = p.write("policy.xml", example.replace("\\-", "-").replace("\\e", "\\"))
        c.status(p.run("policy", "check", "policy.xml"), 0, f"example {number}")
        if shutil.which("xmllint"):
            c.that(not schema_refuses(path), f"example {number}: the schema takes it")
    for element in ("severity", "limit", "growth", "rule", "waiver"):
        c.that(found and f"<{element} " in found[0], f"the example has <{element}>")
    names = re.findall(r'<xs:(?:attribute|element) name="([^"]+)"', SCHEMA.read_text(encoding="utf-8"))
    for name in set(names):
        c.that(f"Li {name}" in page or f"<{name}" in page or f"{name}=" in page,
               f"imgval-formats(5) tells of {name}")


def check_show(c, p):
    bare = p.run("policy", "show", "--policy=none", "--format=json")
    c.status(bare, 0, "show without a policy")
    shown = bare.report
    c.schema(shown, "policy", "show without a policy")
    c.same(shown["policy"], None, "there is none")
    sources = {x["source"] for x in shown["rules"] + shown["limits"] + [shown["growth"]]}
    c.same(sources, {"default"}, "all is default")
    explained = [line.split()[0] for line in p.run("explain").text.splitlines() if line]
    c.same([rule["id"] for rule in shown["rules"]], explained, "every rule is shown")
    schema = SCHEMA.read_text(encoding="utf-8")
    listed = re.search(r'name="limit-name">(.*?)</xs:simpleType>', schema, re.S).group(1)
    c.same(re.findall(r'value="([^"]+)"', listed),
           [x["name"] for x in shown["limits"] if x["can_be_set"]], "the schema has every limit")
    binding = [f"STD00{n}" for n in range(1, 10)] + ["WSPC003"]
    c.that(all(not r["can_be_waived"] for r in shown["rules"] if r["id"] in binding), "what binds, binds")
    p.write("site.xml", policy('<severity rule="IMG002" level="error"/>', '<limit name="cabinet" value="2K"/>',
                               '<growth percent="7" packages="3"/>', RULE,
                               WAIVER.format('rule="OEM001" package="a*" version-to="1.0.0.0"')))
    show = p.run("policy", "show", "--policy=site.xml", "--format=json", "--date=2031-01-31", "v1").report
    c.schema(show, "policy", "show")
    by_id = {rule["id"]: rule for rule in show["rules"]}
    c.same([by_id["IMG002"][x] for x in ("severity", "default", "source")],
           ["error", "warning", "site.xml:2"], "a severity and where it came from")
    c.same([by_id["OEM001"][x] for x in ("field", "pattern", "source")], ["owner", "Contoso", "site.xml:5"],
           "a site rule")
    c.same([(x["value"], x["source"]) for x in show["limits"] if x["name"] == "cabinet"],
           [(2048, "site.xml:3")], "a limit")
    c.same(show["growth"], {"percent": 7, "packages": 3, "source": "site.xml:4"}, "growth")
    c.same(show["waivers"], [{"rule": "OEM001", "package": "a*", "version_to": "1.0.0.0",
                              "reason": "agreed", "owner": "platform", "expires": "2031-01-31",
                              "state": "in force", "source": "site.xml:6"}], "a waiver")
    later = p.run("policy", "show", "--policy=site.xml", "--date=2031-02-01").text
    c.that("Policy: site.xml" in later and "until 2031-01-31, expired" in later, "an expired one", later)
    c.that(re.search(r"IMG002 +name-mismatch +error +site\.xml:2\n", later), "the text has places", later)
    c.that(re.search(r"packages in a submission +500000 packages +default\n", later), "and defaults", later)
    c.refused(p.run("policy", "show", "nowhere"), "nowhere", "show of a path that is not there")


def check_search(c, p):
    """Which policy an input is under."""
    p.build("spkg above/set/t/Odd.spkg sub=Odd\nspkg other/t/Odd.spkg sub=Odd\n")
    scan = ("scan", "--no-wspc", "--type=partial", "--context-free", "--format=json")
    raised = policy('<severity rule="IMG002" level="error"/>')
    lowered = policy('<severity rule="IMG002" level="note"/>')

    def level(*paths, cwd=None, options=()):
        done = p.run(*scan, *options, *paths, cwd=cwd and p.path / cwd)
        return done.findings("IMG002")[0]["severity"] if done.status != 2 else done.text_err

    c.same(level("above/set/t"), "warning", "no policy anywhere")
    p.write(".imgval.xml", raised)
    c.same(level("above/set/t"), "error", "the nearest folder above")
    p.write("above/set/.imgval.xml", lowered)
    for path, cwd in (("above/set/t", None), ("above/set/t/", None), ("t", "above/set"), (".", "above/set/t"),
                      ("../t", "above/set/t"), ("./set/./t", "above"), (str(p.path / "above/set/t"), None),
                      ("above/set/t/Odd.spkg", None), ("..//t", "above/set/t")):
        c.same(level(path, cwd=cwd), "note", f"the nearer one wins: {path} from {cwd}")
    shown = p.run("policy", "show", "above/set/t", "--format=json").report
    c.same(shown["policy"], "above/set/.imgval.xml", "show tells which, as the path was given")
    c.same(p.run("policy", "show", "--format=json", cwd=p.path / "above/set").report["policy"],
           ".imgval.xml", "show without a path")
    c.same(p.run("policy", "show", "--format=json", cwd=p.path / "above/set/t").report["policy"],
           "./../.imgval.xml", "show without a path looks upward")
    c.same(level("above/set/t", options=["--policy=none"]), "warning", "--policy=none")
    c.same(level("above/set/t", options=["--policy=.imgval.xml"]), "error", "--policy wins")
    both = level("above/set/t", "other/t")
    c.that("above/set/.imgval.xml" in both and "--policy" in both, "two inputs under two policies", both)
    c.same(level("above/set/t", "other/t", options=["--policy=.imgval.xml"]), "error", "unless one is named")
    p.write("other/t/.imgval.xml", lowered)
    done = p.run(*scan, "other/t")
    c.same(done.findings("IMG002")[0]["severity"], "error", "a policy inside the input has no say")
    c.that("other/t/.imgval.xml is part of the submission" in done.text_err, "and that is reported", done.text_err)
    c.same(p.run(*scan, "-q", "other/t").err, b"", "but not under -q")
    (p.path / "above/set/.imgval.xml").unlink()
    (p.path / "above/set/.imgval.xml").symlink_to("nowhere.xml")
    c.that("above/set/.imgval.xml: No such file" in level("above/set/t"), "a link to nowhere is an error")
    (p.path / "above/set/.imgval.xml").unlink()
    (p.path / "above/set/.imgval.xml").mkdir()
    c.that("above/set/.imgval.xml: Is a directory" in level("above/set/t"), "so is a folder")
    (p.path / "above/set/.imgval.xml").rmdir()
    os.mkfifo(p.path / "above/set/.imgval.xml")
    c.same(level("above/set/t"), "error", "a pipe is not opened: the next one above counts")
    (p.path / "above/set/.imgval.xml").unlink()
    p.write("above/set/.imgval.xml", "<x/>")
    c.that("above/set/.imgval.xml:1:" in level("above/set/t"), "a broken one is an error")
    if os.geteuid() == 0:
        os.chown(p.path / "above/set/.imgval.xml", 12345, 12345)
        done = p.run(*scan, "above/set/t")
        c.that("belongs to another user" in done.text_err, "a stranger's policy is not used", done.text_err)
        c.same(done.findings("IMG002")[0]["severity"], "error", "the next one above is")
    else:
        c.skip("a stranger's policy", "needs root")


def check_date(c, p):
    p.build("spkg t/Odd.spkg sub=Odd\n")
    p.write("site.xml", policy(WAIVER.format('rule="IMG002"')))
    words = ("scan", "--no-wspc", "--type=partial", "--context-free", "--format=json", "--policy=site.xml", "t")

    def waived(*options, **env):
        return p.run(*words, *options, env=env).findings("IMG002")[0]["waived"]

    c.same(waived("--date=2031-01-31"), True, "the last day")
    c.same(waived("--date=2031-02-01"), False, "the day after it")
    c.same(waived("--date=2031-02-01", SOURCE_DATE_EPOCH="0"), False, "--date wins")
    p.write("site.xml", policy(WAIVER.format('rule="IMG002"').replace("2031", "2001")))
    c.same(waived(SOURCE_DATE_EPOCH=None), False, "today is after 2001")
    c.same(waived(SOURCE_DATE_EPOCH="0"), False, "also where a build is made again as of an old day")
    p.write("site.xml", policy(WAIVER.format('rule="IMG002"').replace("2031", "9999")))
    c.same(waived(SOURCE_DATE_EPOCH=None), True, "and before 9999")
    c.refused(p.run("scan", "--date=2031-02-30", "t"), "--date", "no day of the calendar")
    c.refused(p.run("scan", "--date=today", "t"), "--date", "no date")


def check_record(c, p):
    """cache add is under the policy, and records nothing under --what-if."""
    p.build("spkg t/Contoso.Base.One.spkg component=Base sub=One\n")
    p.write("site.xml", policy('<severity rule="ADV005" level="error"/>'))
    add = ("cache", "add", "--cache=s.db", "--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88",
           "--firmware-version=0.0.0.0", "t")
    c.status(p.run(*add, "--policy=site.xml"), 1, "a raised severity refuses")
    c.that(not (p.path / "s.db").exists(), "nothing is recorded")
    p.write("site.xml", policy('<severity rule="ADV005" level="error"/>', WAIVER.format('rule="ADV005"')))
    c.status(p.run(*add, "--policy=site.xml"), 0, "a waiver lets it in")
    (p.path / "s.db").unlink()
    done = p.run(*add, "--what-if", "--policy=site.xml")
    c.status(done, 0, "--what-if judges")
    c.that(not (p.path / "s.db").exists() and "not recorded: --what-if" in done.text_err and done.out == b"",
           "and is no verdict to record by", done.text_err)


def expected(severity, fail_on, waiver, what_if, kind):
    """The exit status by the contract. `kind`: waivable, binding (STD) or not-checked."""
    order = ["note", "warning", "error"]
    in_force = waiver == "valid"
    waived = in_force and (kind == "waivable" or what_if)
    reported = (waiver == "expired" or (waiver == "unused")
            or (waiver == "valid" and kind != "waivable" and not what_if))
    levels = ([] if waived else [severity]) + (["warning"] if reported else [])
    if any(order.index(x) >= order.index(fail_on) for x in levels):
        return 1
    return 3 if kind == "not-checked" and not waived else 0


def check_table(c, p):
    """Exit status x --fail-on x waiver x --what-if, every cell."""
    p.build("spkg odd/Odd.spkg sub=Odd\n"
            "spkg zero/Contoso.Base.Zero.spkg component=Base sub=Zero version=0.0.0.0\n"
            "spkg fifo/Contoso.Base.One.spkg component=Base sub=One\nfifo fifo/Contoso.Two.spkg\n")
    subjects = [("odd", "IMG002", level, "waivable") for level in ("note", "warning", "error")]
    subjects += [("zero", "STD002", "error", "binding"), ("fifo", "IMG006", "note", "not-checked"),
                 ("fifo", "IMG006", "warning", "not-checked"), ("fifo", "IMG006", "error", "not-checked")]
    cells = 0
    for tree, rule, severity, kind in subjects:
        for waiver in ("none", "valid", "expired", "unused"):
            lines = [] if rule == "STD002" else [f'<severity rule="{rule}" level="{severity}"/>']
            if waiver != "none":
                names = f'rule="{rule if waiver != "unused" else "ADV001"}"'
                lines.append(WAIVER.format(names).replace("2031", "2001" if waiver == "expired" else "2031"))
            p.write("site.xml", policy(*lines))
            for fail_on in ("note", "warning", "error"):
                for what_if in (False, True):
                    words = ["scan", "--no-wspc", "--type=partial", "--context-free", "--policy=site.xml",
                             f"--fail-on={fail_on}", "--format=json", tree]
                    done = p.run(*words, *(["--what-if"] if what_if else []))
                    wanted = expected(severity, fail_on, waiver, what_if, kind)
                    what = f"{rule} {severity}, waiver {waiver}, fail-on {fail_on}, what-if {what_if}"
                    if not c.same(done.status, wanted, what):
                        continue
                    report = done.report
                    c.same(report["verdict"], {0: "pass", 1: "fail", 3: "incomplete"}[wanted],
                           f"{what}: the verdict")
                    c.same(report.get("what_if", False), what_if, f"{what}: marked")
                    found = done.findings(rule)
                    waived = waiver == "valid" and (kind == "waivable" or what_if)
                    c.same([(f["waived"], f["severity"]) for f in found], [(waived, severity)],
                           f"{what}: the finding stays")
                    c.same(report["submissions"][0]["counts"]["waived"], int(waived), f"{what}: counts")
                    reported = [f["id"] for f in done.findings() if f["id"].startswith("POL")]
                    c.same(reported, {"none": [], "expired": ["POL002"], "unused": ["POL001"], "valid":
                                  [] if waived else ["POL003"]}[waiver], f"{what}: the waiver itself")
                    cells += 1
    c.same(cells, 7 * 4 * 3 * 2, "every cell was seen")
    for format_name in ("text", "jsonl"):
        done = p.run("scan", "--no-wspc", "--what-if", f"--format={format_name}", "odd")
        c.that("WHAT IF" in done.text or '"what_if":true' in done.text, f"{format_name} is marked", done.text)


def history(p):
    """Sets of one device under h/ and other folders: 1 has two packages, 2 one of them."""
    values = "PhoneManufacturer=CONTOSO\nPhoneManufacturerModelName=CT-100\nPhoneMobileOperatorName=000-88\n"
    sets = {"h/1": "One Two", "h/2": "One", "z/1": "Zero", "r/1": "One Two", "r/2": "One Two",
            "t/1": "One Two", "t/2": "One"}
    p.build("".join(f"spkg {tree}/Contoso.Base.{name}.spkg component=Base sub={name}"
                    + (" version=0.0.0.0" if name == "Zero" else "") + "\n"
                    for tree, packages in sets.items() for name in packages.split()))
    for tree in sets:
        p.write(f"{tree}/OEMSettings.reg", "Windows Registry Editor Version 5.00\n\n"
                "[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo]\n"
                + "".join('"%s"="%s"\n' % tuple(line.split("=")) for line in values.splitlines())
                + f'"PhoneFirmwareRevision"="1.0.0.{tree[-1]}"\n')
    p.write("t/2/Contoso.Base.Torn.spkg", "MSCF half")
    for tree in ("r/1", "r/2"):
        p.run("cache", "add", "--cache=r.db", "--baseline", tree)


# name: words, rule, severities that a policy may give it, its kind, and how its findings are read
COMMANDS = {
    "diff": (["diff", "t/1", "t/2"], "WSPC004", ["warning", "error"], "not-checked", "sarif"),
    "audit": (["audit", "h"], "WSPC004", ["warning", "error"], "waivable", "json"),
    "audit, a set": (["audit", "z"], "STD002", ["error"], "binding", "json"),
    "audit, a report": (["audit", "z.json"], "STD002", ["error"], "binding", "json"),
    "rfu": (["rfu", "--cache=r.db", "--source=r/2", "--target=r/1"], "RFU003", ["error"], "waivable", "json"),
    "rfu, trial": (["rfu", "--cache=r.db", "--type=trial", "--source=r/2", "--target=r/1"], "RFU003",
                   ["warning", "error"], "waivable", "json"),
    "rfu, no store": (["rfu", "--cache=no.db", "--source=r/1", "--target=r/2"], "WSPC006",
                      ["warning", "error"], "not-checked", "json"),
}


def found_by(done, form, rule):
    """(severity, waived) of the findings of a rule, in a document of findings."""
    report = done.report
    if form == "sarif":
        return [(r["level"], any(s["status"] == "accepted" for s in r.get("suppressions", [])))
                for r in report["runs"][0]["results"] if r["ruleId"] == rule]
    findings = report["request"]["findings"] if "request" in report else report["findings"]
    return [(f["severity"], f["waived"]) for f in findings if f["id"] == rule]


def check_commands(c, p):
    """The same table over the other commands that print findings."""
    history(p)
    p.write("z.json", p.run("scan", "--no-wspc", "--format=json", "z/1").out)
    cells = 0
    for name, (words, rule, severities, kind, form) in COMMANDS.items():
        for severity in severities:
            for waiver in ("none", "valid", "expired", "unused"):
                eased = rule == "RFU003" and severity == "warning" # by the type of the request alone
                lines = [] if eased else [f'<severity rule="{rule}" level="{severity}"/>']
                if waiver != "none":
                    other = "STD001" if rule == "STD002" else "RFU006" if rule[:3] != "WSP" else "WSPC004"
                    other = "WSPC007" if rule == "WSPC006" else "ADV001" if rule == "WSPC004" else other
                    names = f'rule="{rule if waiver != "unused" else other}"'
                    lines.append(WAIVER.format(names).replace("2031", "2001" if waiver == "expired" else "2031"))
                p.write("site.xml", policy(*lines))
                refused = waiver == "unused" and other in ("STD001", "WSPC007")
                for fail_on in ("note", "warning", "error"):
                    for what_if in (False, True):
                        done = p.run(*words, "--policy=site.xml", f"--fail-on={fail_on}", f"--format={form}",
                                     *(["--what-if"] if what_if else []))
                        wanted = expected(severity, fail_on, waiver, what_if, kind)
                        what = f"{name}: {rule} {severity}, waiver {waiver}, fail-on {fail_on}, what-if {what_if}"
                        if name == "diff" and what_if and waiver == "valid" and wanted == 0:
                            wanted = 3 # the side that could not be read stays unread
                        if name == "rfu, no store" and wanted == 0:
                            wanted = 3 # nothing was decided, whatever is waived
                        if not c.same(done.status, wanted, f"{what} {done.text_err}"):
                            continue
                        waived = waiver == "valid" and (kind == "waivable" or what_if)
                        c.same(found_by(done, form, rule), [(severity, waived)], f"{what}: the finding stays")
                        reported = [r for r in ("POL001", "POL002", "POL003") if found_by(done, form, r)]
                        c.same(reported, {"none": [], "expired": ["POL002"],
                                      "unused": ["POL003" if refused and not what_if else "POL001"],
                                      "valid": [] if waived else ["POL003"]}[waiver], f"{what}: the waiver itself")
                        cells += 1
    c.that(cells >= 11 * 4 * 3 * 2, "every cell was seen", cells)
    p.write("site.xml", policy(WAIVER.format('rule="IMG002"'), WAIVER.format('package="*"')))
    for words in (["diff", "r/1", "r/1"], ["audit", "r"], ["rfu", "--cache=r.db", "--source=r/1", "--target=r/2"]):
        c.status(p.run(*words, "--policy=site.xml", "--fail-on=note"), 0, "waivers of rules that are not judged")
    p.write("site.xml", policy('<severity rule="WSPC004" level="error"/>'))
    reported = p.run("diff", "h/1", "h/2", "--policy=site.xml", "--format=github").text
    c.that("::error" in reported and "WSPC004" in reported, "a raised severity is an error on GitHub", reported)
    c.status(p.run("audit", "h", "--policy=site.xml"), 1, "and fails an audit")
    p.write("h/.imgval.xml", policy('<severity rule="WSPC004" level="error"/>'))
    c.status(p.run("audit", "h"), 1, "a policy in the folder of sets is above them")
    c.status(p.run("audit", "h", "--date=2031-02-30"), 2, "no day of the calendar")
    for words in (["audit", "h"], ["rfu", "--cache=r.db", "--source=r/1", "--target=r/2"]):
        c.that("WHAT IF" in p.run(*words, "--what-if").text, f"{words[0]} is marked")
    same = p.run("diff", "r/1", "r/2")
    c.status(same, 0, "metadata alone that differ are shown")
    c.that("PhoneFirmwareRevision" in same.text, "they are", same.text)


def check_several(c, p):
    """A waiver is unused only when no submission used it, and that is reported once."""
    p.build("spkg a/Odd.spkg sub=A\nspkg b/Contoso.Phone.B.spkg sub=B\n")
    p.write("site.xml", policy(WAIVER.format('rule="IMG002"'), WAIVER.format('rule="ADV001"')))
    for paths in (("a", "b"), ("b", "a")):
        done = p.run("scan", "--no-wspc", "--type=partial", "--context-free", "--policy=site.xml",
                     "--format=json", *paths)
        reported = [(f["id"], f["path"], f["line"]) for f in done.findings() if f["id"].startswith("POL")]
        c.same(reported, [("POL001", "site.xml", 3)], f"{paths}: the second waiver alone is unused")


def main():
    groups = {name[6:]: run for name, run in globals().items() if name.startswith("check_")}
    chosen = sys.argv[3:] or list(groups)
    c = Checks()
    for name in chosen:
        # A recipe wants an empty directory; these groups scan the story instead.
        with Place(sys.argv[1], sys.argv[2], story=name in ("files", "show")) as place:
            groups[name](c, place)
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
