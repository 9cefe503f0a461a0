#!/usr/bin/python3
"""check_markup.py EMITTER PROGRAM: parses the JUnit and HTML reports with other parsers and checks
what they say. EMITTER is test_sink_markup, PROGRAM is imgval. One line for each thing that is wrong.
"""
import base64
import collections
import hashlib
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
WHICH = ["hostile", "policy", "comparison", "nothing", "none", "big"]
VOID = {"meta", "link", "input", "br", "hr"}
failures = []


def check(is_fine, what):
    if not is_fine:
        failures.append(what)


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, check=True, timeout=120).stdout


# ---- texts as the two languages must give them back -------------------------------------------

def decode(exact):
    """Bytes with U+FFFD for each byte that is no part of a character."""
    shown = ""
    at = 0
    while at < len(exact):
        for size in (1, 2, 3, 4):
            try:
                shown += exact[at : at + size].decode("utf-8")
                at += size
                break
            except UnicodeDecodeError:
                continue
        else:
            shown += "\ufffd"
            at += 1
    return shown


def in_xml(exact):
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", decode(exact))


def in_html(exact):
    def escape(match):
        code = ord(match.group())
        named = {9: "\\t", 10: "\\n", 13: "\\r"}
        return named.get(code) or ("\\x%02x" % code if code < 0x80 else "\\u{%x}" % code)
    return re.sub("[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]", escape,
                  decode(exact))


def exact_of(item, name):
    """A member of the JSON report as bytes."""
    if name + "_bytes" in item:
        return bytes.fromhex(item[name + "_bytes"])
    return item[name].encode()


# ---- JUnit ------------------------------------------------------------------------------------

def check_totals(element, where):
    cases = list(element.iter("testcase"))
    found = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    for name, count in found.items():
        check(element.get(name) == str(count),
              f"{where}: {name} is {element.get(name)}, there are {count}")
    return found


def check_suite(suite, submission, report, where):
    """Green exactly when the verdict is a pass; each finding in the case of its rule."""
    found = check_totals(suite, where)
    verdict = submission["verdict"]
    check((found["failures"] > 0) == (verdict == "fail"), f"{where}: failures against {verdict}")
    check(verdict != "incomplete" or found["errors"] > 0, f"{where}: incomplete without an error")
    check(verdict != "pass" or found["errors"] == 0, f"{where}: pass with an error")
    names = [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")]
    check(len(set(names)) == len(names), f"{where}: a test case stands twice")
    reported = [case.get("name").split(" ")[0] for case in suite.iter("testcase")]
    absent = [one["id"] for one in submission["outcomes"] if one["outcome"] == "not-applicable"]
    skipped = [variant for variant in submission["variants"] if variant["wspc"] == "skipped"]
    found_ids = {finding["id"] for finding in submission["findings"]}
    check(skipped or not [rule for rule in absent if rule in reported and rule not in found_ids],
          f"{where}: a rule that does not apply has a case")
    for case in suite.iter("testcase"):
        skip = case.find("skipped")
        check(skip is None or skipped and skip.get("message") == "not looked at (--no-wspc)",
              f"{where}: {case.get('name')} is skipped")
    levels = ["note", "warning", "error"]
    for finding in submission["findings"]:
        message = in_xml(exact_of(finding, "message"))
        cases = [case for case in suite.iter("testcase")
                 if case.get("name").startswith(finding["id"] + " ")]
        texts = ["".join(case.itertext()) for case in cases]
        check(any(": " + message in text for text in texts),
              f"{where}: the finding {message!r} is in no case of {finding['id']}")
        failing = (levels.index(finding["severity"]) >= levels.index(report["fail_on"])
                   and not finding["waived"] and finding["id"] != "WSPC005")
        bad = [tag for case in cases for tag in ("failure", "error")
               if case.find(tag) is not None and message in (case.find(tag).text or "")]
        wanted = "failure" if failing else "error" if finding["incomplete"] else None
        check(wanted is None and not bad or wanted in bad,
              f"{where}: {finding['id']} {message!r} stands in {bad}, not in {wanted}")


def check_junit(emitter):
    with tempfile.TemporaryDirectory() as folder:
        for which in WHICH:
            text = run(emitter, "junit", which)
            report = json.loads(run(emitter, "json", which))
            path = os.path.join(folder, which + ".xml")
            with open(path, "wb") as file:
                file.write(text)
            if shutil.which("xmllint"):
                done = subprocess.run(
                    ["xmllint", "--nonet", "--noout", "--schema", os.path.join(HERE, "junit.xsd"),
                     path], capture_output=True, text=True, check=False)
                check(done.returncode == 0, f"junit {which}: {done.stderr[:500]}")
            root = ElementTree.fromstring(text)
            suites = list(root)
            check_totals(root, f"junit {which}")
            check(root.get("failures") != "0" or root.get("errors") != "0"
                  or report["verdict"] == "pass", f"junit {which}: green, but {report['verdict']}")
            for number, submission in enumerate(report["submissions"]):
                check_suite(suites[number], submission, report, f"junit {which} {number}")


def check_junit_variants(emitter):
    """One case for each variant, with the state of that variant."""
    root = ElementTree.fromstring(run(emitter, "junit", "comparison"))
    states = {}
    for case in root.iter("testcase"):
        bad = [child.tag for child in case if child.tag != "system-out"]
        states[case.get("name")] = bad[0] if bad else "passed"
    wanted = {}
    for operator, state in (("000-88", "passed"), ("ATT-US", "passed"), ("VZW-US", "error"),
                            ("XYZ-99", "passed")):
        for rule in ("WSPC002 missing-packages", "WSPC014 first-baseline"):
            wanted[f"{rule} [CONTOSO/{operator}/CT-100]"] = state
    check(states == wanted, f"junit comparison: {states}")
    missing = root.find(".//testcase[@name='WSPC002 missing-packages [CONTOSO/ATT-US/CT-100]']")
    check("missing: Contoso.Camera\n" in missing.findtext("system-out"),
          "junit comparison: the missing packages are not listed")


# ---- HTML -------------------------------------------------------------------------------------

class Page(html.parser.HTMLParser):
    """Elements with attributes, the text of each, and what is wrong with the nesting."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []  # (tag, attributes)
        self.texts = []  # by element: its text with all that is inside
        self.open = []  # indexes of the open elements
        self.wrong = []
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append("an element is not closed")

    def handle_starttag(self, tag, attrs):
        if len(dict(attrs)) != len(attrs):
            self.wrong.append(f"an attribute of <{tag}> stands twice")
        if tag not in VOID:
            self.open.append(len(self.elements))
        self.elements.append((tag, dict(attrs)))
        self.texts.append([])

    def handle_endtag(self, tag):
        if not self.open or self.elements[self.open.pop()][0] != tag:
            self.wrong.append(f"</{tag}> has no place at {self.getpos()}")

    def handle_data(self, data):
        for index in self.open:
            self.texts[index].append(data)

    def handle_comment(self, data):
        self.wrong.append(f"a comment: {data!r}")

    def of(self, *tags):
        """The texts of all elements with these names."""
        return ["".join(text) for (tag, _), text in zip(self.elements, self.texts) if tag in tags]


def check_policy(page, where):
    """Nothing may be loaded, and only our own style and script may run."""
    policy = next(attrs["content"] for tag, attrs in page.elements
                  if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy")
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    wanted = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.of(tag)[0].encode()).digest()).decode()
        wanted[tag + "-src"] = f"'sha256-{digest}'"
        count = sum(name == tag for name, _ in page.elements)
        check(count == 1, f"{where}: {count} <{tag}> elements")
    check(parts == wanted, f"{where}: the policy is {policy}")
    for tag, attrs in page.elements:
        for name, value in attrs.items():
            check(not name.startswith("on") and name not in ("style", "src", "srcset", "action",
                                                             "ping", "background", "srcdoc"),
                  f"{where}: <{tag} {name}=...>")
            check(name != "href" or value.startswith("#"), f"{where}: a link to {value}")
        check(tag not in ("iframe", "object", "embed", "link", "base", "form", "img", "b\x1b"),
              f"{where}: <{tag}>")
    check("url(" not in page.of("style")[0] and "@import" not in page.of("style")[0],
          f"{where}: the style sheet loads something")


def check_access(page, where):
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    check(len(set(ids)) == len(ids), f"{where}: an id stands twice")
    for tag, attrs in page.elements:
        for name, targets in (("aria-labelledby", attrs.get("aria-labelledby", "").split()),
                              ("href", [attrs.get("href", "").lstrip("#")])):
            for target in targets:
                check(target == "" or target in ids, f"{where}: {name} leads to no {target}")
        check(tag != "th" or attrs.get("scope") in ("col", "row"), f"{where}: a <th> without scope")
    tags = [tag for tag, _ in page.elements]
    check(tags.count("table") == tags.count("caption"), f"{where}: a table without a caption")
    check(tags.count("h1") == 1, f"{where}: {tags.count('h1')} <h1>")
    level = 0
    for tag in tags:
        if re.fullmatch("h[1-6]", tag):
            check(int(tag[1]) <= level + 1, f"{where}: <{tag}> after <h{level}>")
            level = int(tag[1])
    for tag in ("main", "header", "nav", "title"):
        check(tag in tags, f"{where}: no <{tag}>")
    check(("html", {"lang": "en"}) in page.elements, f"{where}: no language")
    # Without the script: nothing is folded but the drawing's copy and what nothing was found of; only
    # the tools are hidden.
    folded = [attrs for tag, attrs in page.elements if tag == "details" and "open" not in attrs
              and attrs.get("class") != "rest"]
    check(len(folded) == sum(attrs.get("role") == "img" for _, attrs in page.elements),
          f"{where}: {len(folded)} folded details")
    for tag, attrs in page.elements:
        check("hidden" not in attrs or attrs.get("class") == "tools" or attrs.get("id") == "theme",
              f"{where}: a hidden <{tag}>")


def check_texts(page, report, where):
    rows = set(page.of("th", "td", "li", "code", "bdi"))
    paragraphs = set(page.of("p"))
    facts = set(page.of("dd"))
    for submission in report["submissions"]:
        for package in submission["packages"]:
            name = in_html(exact_of(package, "name"))
            check(name in rows, f"{where}: the package {name!r} is not there")
        for finding in submission["findings"]:
            message = in_html(exact_of(finding, "message"))
            check(message in paragraphs, f"{where}: the message {message!r} is not there")
            if finding.get("remedy"):
                check(in_html(exact_of(finding, "remedy")) in facts, f"{where}: a remedy is missing")
            if "reason" in finding:
                reason = in_html(exact_of(finding, "reason"))
                check(any(fact.startswith(reason) for fact in facts), f"{where}: no reason")
        for values in submission["device"].values():
            for value in values:
                check(in_html(exact_of(value, "value")) in rows, f"{where}: {value} is not there")
    kinds = collections.Counter(attrs["data-k"] for _, attrs in page.elements if "data-k" in attrs)
    wanted = collections.Counter(
        "waived" if finding["waived"] else "unchecked" if finding["incomplete"]
        else finding["severity"] for submission in report["submissions"]
        for finding in submission["findings"])
    check(kinds == wanted, f"{where}: kinds {kinds}, wanted {wanted}")


def page_of(emitter, which):
    return Page(run(emitter, "html", which).decode("utf-8"))


def check_html(emitter):
    for which in WHICH:
        where = f"html {which}"
        page = page_of(emitter, which)
        for wrong in page.wrong:
            check(False, f"{where}: {wrong}")
        check_policy(page, where)
        check_access(page, where)
        check_texts(page, json.loads(run(emitter, "json", which)), where)
        # On paper: the words of the rules that something was found of, or that did not run.
        report = json.loads(run(emitter, "json", which))
        marked = {attrs["id"][5:] for _, attrs in page.elements if attrs.get("class") == "rule found"}
        wanted = {item["id"] for submission in report["submissions"] for item in
                  submission["findings"] + [outcome for outcome in submission["outcomes"]
                                            if outcome["outcome"] == "not-evaluated"]}
        check(marked == wanted, f"{where}: marked {marked}, wanted {wanted}")
    # Several submissions: each in an article.
    tags = [tag for tag, _ in page_of(emitter, "hostile").elements]
    check(tags.count("article") == 3, "html hostile: not three articles")


def check_drawing(emitter):
    """The cells, as the table beside the drawing says them, and as the drawing shows them."""
    text = run(emitter, "html", "comparison").decode("utf-8")
    figures = re.findall("<figure>.*?</figure>", text, re.S)
    check(len(figures) == 1, f"html comparison: {len(figures)} drawings, not one for both variants")
    figure = figures[0]
    for operator in ("000-88", "ATT-US"):
        check(f"CONTOSO/{operator}/CT-100" in figure, f"html comparison: {operator} is not named")
    rows = [[re.sub("<[^>]*>", "", cell) for cell in re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall("<tr>(.*?)</tr>", figure, re.S)]
    wanted = [
        ["Package", "older baseline", "same version", "this submission", "newer baseline"],
        ["Contoso.Camera", "present", "not in it", "missing", "present"],
        ["Contoso.Lost&#60;/svg&#62;&#60;b&#62;\\x1b", "present", "present", "missing", "not in it"],
        ["Contoso.New\ufffd", "not in it", "not in it", "present", "missing"],
    ]
    check(rows == wanted, f"html comparison: the table is {rows}")
    drawing = figure[: figure.index("</svg>")]
    drawn = [re.findall('class="(present|missing|absent)"', group)
             for group in re.findall("<g>.*?</g>", drawing, re.S)]
    check(drawn == [["present", "absent", "missing", "present"],
                    ["present", "present", "missing", "absent"],
                    ["absent", "absent", "present", "missing"]],
          f"html comparison: the drawing shows {drawn}")
    check(drawing.count('"track broken"') == 3 and drawing.count('"track"') == 1,
          "html comparison: the tracks")


def check_explain(program):
    """The words of a rule are those of `imgval explain`."""
    story = os.path.join(HERE, "../../testdata/story/violations")
    done = subprocess.run([program, "scan", "--no-wspc", "--format=html", story],
                          capture_output=True, check=False, timeout=60)
    page = Page(done.stdout.decode("utf-8"))
    said = " ".join(re.sub(r"\s+", " ", text) for text in page.of("dd"))
    ids = [attrs["id"][5:] for tag, attrs in page.elements
           if tag == "details" and attrs.get("id", "").startswith("rule-")]
    check(len(ids) > 30, f"explain: only {len(ids)} rules")
    for rule in ids:
        lines = run(program, "explain", rule).decode("utf-8").split("\n")[2:]
        for part in re.split(r"\n  (?=\S)", "\n" + "\n".join(lines)):
            words = re.sub(r"\s+", " ", re.sub(r"^(Must hold|\S+) ", "", part.strip())).strip()
            check(words in said, f"explain: {rule}: {words!r} is not in the report")


def check_rules(program):
    """The page of all rules: well-formed, each rule of `explain` once, and no link leads nowhere."""
    page = Page(run(program, "explain", "--format=html").decode("utf-8"))
    check(not page.wrong, f"rules page: {page.wrong[:3]}")
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    check(len(ids) == len(set(ids)), "rules page: an id stands twice")
    links = [attrs["href"][1:] for tag, attrs in page.elements
             if tag == "a" and attrs.get("href", "").startswith("#")]
    check(set(links) <= set(ids), f"rules page: links to {set(links) - set(ids)}")
    names, sentences = set(page.of("span")), set(page.of("p"))
    known = [line.split(None, 3) for line in run(program, "explain").decode("utf-8").splitlines()]
    check(len(known) > 80, f"rules page: explain lists {len(known)} rules")
    for rule, name, _, summary in known:
        check(rule in ids and name in names and summary in sentences, f"rules page: {rule} {name}")
        alone = Page(run(program, "explain", "--format=html", rule).decode("utf-8"))
        check(rule in [attrs.get("id") for _, attrs in alone.elements] and summary in alone.of("p"),
              f"rules page: {rule} alone")


def check_program(program):
    """A further report is the same, and nothing of this machine stands in it."""
    top = os.path.realpath(os.path.join(HERE, "../.."))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("junit", "html"):
            path = os.path.join(folder, name)
            words = [program, "scan", "--no-wspc", "testdata/story/violations"]
            texts = [subprocess.run(words + more, cwd=top, capture_output=True, check=False,
                                    timeout=60) for more in
                     (["--format=" + name], ["--format=" + name, "--jobs=1"],
                      ["--report=" + name + ":" + path])]
            check(texts[0].returncode == 1, f"{name}: exit status {texts[0].returncode}")
            check(texts[0].stdout == texts[1].stdout, f"{name}: other bytes with --jobs=1")
            with open(path, "rb") as file:
                check(file.read() == texts[0].stdout, f"{name}: --report differs from --format")
            for word in (top, os.uname().nodename, folder):
                check(word.encode() not in texts[0].stdout, f"{name}: {word} stands in it")


def main():
    emitter, program = sys.argv[1:]
    check_junit(emitter)
    check_junit_variants(emitter)
    check_html(emitter)
    check_drawing(emitter)
    check_explain(program)
    check_rules(program)
    check_program(program)
    for failure in failures[:40]:
        print(failure)
    print(f"{len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
