#!/usr/bin/python3
"""words.py PROGRAM MKFIXTURE: words that lead on: what a misspelt word was meant to be, the commands
that a message names, and what is said where there was nothing to compare with. Commands that are
printed are run."""
import re
import shlex
import sys

from support import DEVICE, Checks, Place


def check_guesses(c, p):
    for words, part in ((["scna", "v1"], "did you mean imgval scan?"), (["cache", "ad"], "did you mean imgval cache add?"),
                        (["scan", "--bseline", "v1"], "did you mean --baseline?"),
                        (["scan", "--format=jsno", "v1"], "did you mean json?"),
                        (["rfu", "--type=trail"], "did you mean trial?"),
                        (["explain", "STD02"], "did you mean STD002?"),
                        (["explain", "zero-verson"], "did you mean zero-version?")):
        c.refused(p.run(*words), part, "a misspelt word")
    for words in (["qqqqqq"], ["scan", "--qqqqqq", "v1"], ["explain", "nothing of the kind"]):
        done = p.run(*words)
        c.status(done, 2, "a word like no other")
        c.that("did you mean" not in done.text_err, "has no guess", done.text_err)
    c.same(p.run("help", "scan").out, p.run("scan", "--help").out, "help COMMAND")
    c.same(p.run("help", "cache", "add").out, p.run("cache", "add", "--help").out, "help COMMAND VERB")
    c.same(p.run("help").out, p.run("--help").out, "help")
    c.same(p.run("version").out, p.run("--version").out, "version")
    for command in ("scan", "audit"):
        c.refused(p.run(command, "v1", "--report=json:-"), "standard output", "a report to -")
    c.that(not (p.path / "-").exists(), "makes no file of that name")


def check_several(c, p):
    """A folder of several submissions is none; packages that are merely sorted into folders are one."""
    done = p.run("scan", "--no-wspc", ".")
    c.refused(done, "imgval audit .", "a folder of several submissions")
    c.that("imgval scan ./*" in done.text_err, "both commands are shown", done.text_err)
    c.refused(p.run("cache", "add", "--cache=s.db", "."), "imgval audit", "cache add of it")
    for words in (["diff", ".", "v1"], ["diff", "v1", "."], ["fix", "--output=made", "."],
                  ["rfu", "--source=.", "--target=v1"], ["rfu", "--source=v1", "--target=."],
                  ["scan", "--against=.", "v1"], ["fix", "--against=.", "--output=made", "v1"]):
        c.refused(p.run(*words), "is none itself", f"{words}: one of several")
    for folder in ("a", "b"):
        p.write(f"sorted/{folder}/Contoso.{folder}.spkg", "no cabinet")
    p.write("sorted/a/OEMSettings.reg", "Windows Registry Editor Version 5.00\n")
    c.status(p.run("scan", "--no-wspc", "sorted"), 1, "packages sorted into folders are one submission")
    p.write("sorted/b/OEMSettings.reg", "Windows Registry Editor Version 5.00\n")
    c.refused(p.run("scan", "--no-wspc", "sorted"), "holds 2 submissions", "each with metadata of its own")


def commands_in(text):
    """The imgval commands that a text names, as words."""
    joined = " ".join(text.split())
    return [shlex.split(m) for m in re.findall(r"imgval ((?:fix|cache add|scan) [^;()]*?(?: v[0-9]| [0-9a-f]{16}))(?=[;.,)]|$| No )", joined)]


def typed(words):
    """A command as a user completes it."""
    return ["--cache=s.db" if w == "--cache=FILE" else "--output=made" if w == "--output=DIR" else w for w in words]


def check_several_packed(c, p):
    """Metadata of each may also be a packed targeting package, or the hive of a tree."""
    for folder in ("a", "b"):
        p.write(f"packed/{folder}/Contoso.{folder}.spkg", "no cabinet")
        p.write(f"trees/{folder}/Windows/Packages/DsmFiles/Contoso.{folder}.dsm.xml", "no manifest")
        p.write(f"trees/{folder}/Windows/System32/config/SYSTEM", "no hive")
    p.write("packed/a/Contoso.Device.Customizations.MainOS.spkg", "no cabinet")
    p.write("packed/b/Contoso.Device.Customizations.EFIESP.spkg", "no cabinet")
    c.status(p.run("scan", "--no-wspc", "packed"), 1, "partitions of one targeting package are one submission")
    p.write("packed/b/Contoso.Other.Customizations.MainOS.spkg", "no cabinet")
    c.refused(p.run("scan", "--no-wspc", "packed"), "holds 2 submissions", "a targeting package each")
    c.refused(p.run("scan", "--no-wspc", "trees"), "holds 2 submissions", "a hive each")


def check_missing(c, p):
    """What is missing is named: arguments, @VERSION, HOME, a report."""
    c.refused(p.run("fix"), "PATH and --output=DIR are missing", "fix")
    c.refused(p.run("fix", "v1"), "--output=DIR is missing", "fix without --output")
    c.refused(p.run("fix", "--output=o"), "PATH is missing", "fix without PATH")
    c.refused(p.run("fix", "--output=o", "v1", "v2"), "one PATH", "fix of two")
    c.refused(p.run("rfu"), "--source=S and --target=T are missing", "rfu")
    p.write("cut.zip", b"PK\x03\x04" + bytes(200))
    done = p.run("rfu", "--source=v1", "--target=cut.zip")
    c.status(done, 3, "rfu to an archive that cannot be read")
    c.that("cut.zip: a zip archive without its end record" in done.text_err, "and why", done.text_err)
    c.refused(p.run("rfu", "--source=v1"), "--target=T is missing", "rfu without a target")
    c.refused(p.run("rfu", "--target=v1"), "--source=S is missing", "rfu without a source")
    for words in (["scan", "--against=A/B/C", "v1"], ["scan", "A/B/C"], ["rfu", "--source=A/B/C", "--target=v1"],
                  ["diff", "A/B/C", "v1"], ["audit", "A/B/C"]):
        c.refused(p.run(*words), "@VERSION is missing", " ".join(words))
    c.that("VERSION" not in p.run("scan", "v1/B/C").text_err, "a path is none")
    for text in ("hello", "[]", "", '{"schema":"imgval-audit/1"}', '{"a":1}'):
        p.write("r.json", text)
        c.refused(p.run("render", "r.json"), "not a report of imgval scan", f"render of {text}")
    bare = {"HOME": "", "XDG_DATA_HOME": "", "IMGVAL_CACHE": ""}
    reported = p.run("scan", "-q", "v1", env=bare)
    c.status(reported, 3, "no place for a store")
    c.that("HOME is not set" in " ".join(reported.text.split()), "scan names the reason", reported.text)
    reported = p.run("rfu", "--source=v1", "--target=v2", env=bare)
    c.that("HOME is not set" in " ".join(reported.text.split()), "rfu names the reason", reported.text)
    c.refused(p.run("scan", "abcd1234", env=bare), "HOME is not set", "a name of nothing")


def check_fix_repeats(c, p):
    """The closing command of fix has the options of the run, and is run as it is printed."""
    p.run("cache", "add", "--baseline", "--cache=my store.db", "v1")
    done = p.run("fix", "--cache=my store.db", "--output=fixed", *DEVICE, "--all-owners", "v4")
    named = commands_in(done.text)
    c.same(len(named), 1, "one command")
    for words in named:
        c.that("--cache=my store.db" in words and "--all-owners" in words and words[-1] == "v4" and
               all(word in words for word in DEVICE), "the options", words)
        again = p.run(*words, "--format=json")
        c.that(again.findings("WSPC002"), "it compares with the same baseline", again.text_err)
    odd = p.run("fix", "--cache=none.db", "--output=fixed2", "v1")
    for words in commands_in(odd.text):
        c.status(p.run(*words), 3, "nothing to compare with")


def check_baselines(c, p):
    first = p.run("cache", "add", "--cache=s.db", "v1")
    c.that("First baseline of CONTOSO/000-88/CT-100" in first.text_err, "cache add says so", first.text_err)
    quiet = p.run("cache", "add", "-q", "--cache=s.db", "v1")
    c.that("imgval: was recorded" not in quiet.text_err and "First baseline" in quiet.text_err, "-q", quiet.text_err)
    reported = p.run("scan", "-q", "--cache=s.db", "v2")
    c.status(reported, 0, "a scan with nothing to compare")
    c.that("though 1 submission of it is recorded" in reported.text, "says what is recorded", reported.text)
    required = p.run("scan", "--require-baseline", "--cache=s.db", "v2")
    c.status(required, 3, "a baseline is required")
    c.that("WSPC016" in required.text, "and that is WSPC016", required.text)
    c.status(p.run("cache", "add", "--require-baseline", "--cache=s.db", "v2"), 3, "cache add too")
    c.refused(p.run("scan", "--require-baseline", "--no-wspc", "v2"), "--no-wspc", "but not without WSPC")
    named = commands_in(reported.text)
    c.same(len(named), 1, "one command is named")
    for words in named:
        c.status(p.run(*typed(words)), 0, "it works as it is printed")
    c.status(p.run("scan", "--require-baseline", "--cache=s.db", "v2"), 0, "then the gate opens")
    p.run("cache", "add", "--baseline", "--cache=t.db", "v1")
    twice = p.run("cache", "add", "--baseline", "--cache=t.db", "--firmware-version=3012.0.1610.1", "v3")
    c.status(twice, 1, "a second baseline of one version")
    c.that("with --replace this one takes its place" in twice.text_err, "and how to replace it", twice.text_err)
    near = p.run("scan", "-q", "--cache=s.db", *DEVICE[:2], "--operator=000-89", "v3")
    c.that("there is one of CONTOSO/000-88/CT-100" in near.text, "a POP that is nearly this one", near.text)


def check_every_format(c, p):
    """A set that was compared with nothing says so, with the command to run, whatever is printed."""
    p.run("cache", "add", "--baseline", "--cache=s.db", "v1")
    for form in ("text", "json", "jsonl", "sarif", "junit", "html", "markdown", "github", "azure", "csv"):
        near = p.run("scan", f"--format={form}", "--cache=s.db", *DEVICE[:2], "--operator=000-89", "v3")
        said = " ".join(near.text.split())
        c.that("there is one of CONTOSO/000-88/CT-100" in said and "imgval cache add --baseline" in said,
               f"{form}: a POP that is nearly this one", said[-600:])
    for form in ("text", "junit", "html", "markdown", "github", "azure"):
        skipped = p.run("scan", "-q", f"--format={form}", "--no-wspc", "v1")
        c.that(": WSPC skipped (--no-wspc)" in skipped.text, f"{form}: WSPC was skipped", skipped.text[-600:])
    # It is no reason for a verdict that is not a pass; and what could not be read is not empty.
    (p.path / "packed.tar.gz").write_bytes(b"\x1f\x8b\x08" + bytes(100))
    packed = p.run("scan", "--no-wspc", "packed.tar.gz")
    c.that(packed.text.startswith("? INCOMPLETE  packed.tar.gz"), "incomplete, for its own reason", packed.text)
    c.that("no package was found in what could be read" in packed.text
           and "there is no package here" not in packed.text, "an archive that cannot be read", packed.text)


def check_colours(c, p):
    """The page of a pass that warns is not as green as that of one that does not."""
    p.run("cache", "add", "--baseline", "--cache=s.db", "v1")
    p.run("cache", "add", "--baseline", "--cache=s.db", "v2")
    p.run("cache", "add", "--baseline", "--cache=s.db", "v3")
    for words, look in ((("scan", "--cache=s.db", "v2"), "passed"), (("scan", "--cache=s.db", "v4"), "warning"),
                        (("scan", "--cache=s.db", "v2", "v4"), "warning"), (("audit", "v1", "v2"), "passed"),
                        (("audit", "v3", "v4"), "warning"), (("rfu", "--cache=s.db", "--source=v1", "--target=v2"), "passed"),
                        (("rfu", "--cache=s.db", "--source=v1", "--target=v3"), "warning"),
                        (("rfu", "--cache=s.db", "--source=v1", "--target=v4"), "failed")):
        page = p.run(*words, "--format=html").text
        c.that(f'class="hero {look}"' in page, f"{' '.join(words)}: {look}", page[page.find('class="hero'):][:60])
    case = p.run("rfu", "--cache=s.db", "--source=v1", "--target=v2", "--format=junit")
    c.that("system-out" not in case.text, "rfu: a case without words", case.text)


def check_next_steps(c, p):
    p.run("cache", "add", "--baseline", "--cache=s.db", "v1")
    lacking = p.run("scan", "--cache=s.db", "--format=json", "v4")
    remedy = lacking.findings("WSPC002")[0]["remedy"]
    named = commands_in(remedy)
    c.that(named and named[0][0] == "fix", "WSPC002 names the fix command", remedy)
    c.that("s.db" not in remedy, "not where the store is", remedy)
    for words in named:
        c.status(p.run(*typed(words)), 0, "it works as it is printed")
    c.that((p.path / "made").is_dir(), "and writes its projects")
    rfu = p.run("rfu", "--cache=s.db", "--source=v1", "--target=v4", "--format=json")
    found = {f["id"]: f for f in rfu.report["request"]["findings"]}
    c.that("would be refused" in found["RFU001"]["remedy"], "a target that is not compliant", found["RFU001"])
    p.run("cache", "add", "--baseline", "--cache=s.db", "v2")
    rfu = p.run("rfu", "--cache=s.db", "--source=v1", "--target=v3", "--format=json")
    found = {f["id"]: f for f in rfu.report["request"]["findings"]}
    c.that("cache add --baseline" in found["RFU001"]["remedy"], "a compliant one", found["RFU001"])
    p.run("cache", "add", "--baseline", "--cache=s.db", "v3")
    rfu = p.run("rfu", "--cache=s.db", "--source=v3", "--target=v2", "--format=json")
    found = {f["id"]: f for f in rfu.report["request"]["findings"]}
    c.that("RFU006" in found and "fix --against=" in found["RFU006"]["remedy"], "RFU006 names the fix command", found)
    for rule in ("WSPC002", "WSPC003", "RFU001", "RFU006"):
        said = " ".join(p.run("explain", rule).text.split())
        c.that("imgval fix --" in said and "--output=DIR" in said, f"explain {rule} names the fix command", said)
    wrong = p.run("scan", "--cache=/etc/passwd", "--format=json", "v1").findings("WSPC013")[0]["message"]
    c.that(wrong.startswith("The baseline store cannot be used: /etc/passwd"), "our own sentence first", wrong)


def main():
    c = Checks()
    for name, run in list(globals().items()):
        if name.startswith("check_"):
            with Place(sys.argv[1], sys.argv[2]) as place:
                run(c, place)
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
