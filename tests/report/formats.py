"""What each report format must be, read with a parser that is not ours: the text of every finding is
there, whole, and nothing in it is obeyed.

CHECKS has one line for each format: a function of (output bytes, JSON report) that raises Bad. For a
format that is a document of texts, `in_texts(html_texts(out), report)` or `in_texts(xml_texts(out),
report)` is all there is to say.
"""
import csv
import html.parser
import importlib.util
import io
import json
import pathlib
import re
import urllib.parse
import xml.etree.ElementTree

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("validate", HERE / "validate.py")
validate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(validate)
Bad = validate.Bad

TEXT_MAX = 4096  # the limit "one value in a report"


def need(holds, what, seen=""):
    if not holds:
        raise Bad(f"{what}: {str(seen)[:500]!r}" if seen != "" else what)


# --- the one form in which formats for people show text ---------------------------------------------

INVISIBLE = [(0, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x180B, 0x180F), (0x200B, 0x200F),
             (0x2028, 0x202E), (0x2060, 0x206F), (0xE000, 0xF8FF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
             (0xFFF0, 0xFFFB), (0xE0000, 0x10FFFF)]


def is_invisible(char):
    return any(first <= ord(char) <= last for first, last in INVISIBLE)


def characters(data):
    """(bytes, character or None) of each character and of each byte that is part of none."""
    at = 0
    while at < len(data):
        for size in (1, 2, 3, 4):
            try:
                yield data[at:at + size], data[at:at + size].decode("utf-8")
                break
            except UnicodeDecodeError:
                continue
        else:
            size = 1
            yield data[at:at + 1], None
        at += size


def cut(data):
    """Text beyond the limit ends in dots, not within a character."""
    if len(data) <= TEXT_MAX:
        return data
    size = TEXT_MAX - 3
    for _ in range(3):
        if data[size] & 0xC0 == 0x80:
            size -= 1
    return data[:size] + b"..."


def shown(data, most=None, bad=None):
    """As people see it; `bad` stands for each byte that is no UTF-8, else its number does."""
    out = ""
    at = 0
    for part, char in characters(cut(data)):
        at += len(part)
        if most is not None and at > most:
            out += "..."
            break
        if char is None:
            out += bad or f"\\x{part[0]:02x}"
        elif char in "\n\r\t":
            out += {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char]
        elif is_invisible(char):
            out += f"\\x{ord(char):02x}" if ord(char) < 0x80 else f"\\u{{{ord(char):x}}}"
        else:
            out += char
    out = re.sub(r"(?<=#)#", r"\\x23", out)
    return re.sub(r"(?:(?<=^)|(?<= ))::", r"\\x3a:", out)


def exact(thing, name):
    """The bytes of a member of the JSON report; None for null and for one that is not there."""
    if thing.get(name + "_bytes") is not None:
        return bytes.fromhex(thing[name + "_bytes"])
    return None if thing.get(name) is None else thing[name].encode("utf-8")


def show(thing, name, most=None):
    value = exact(thing, name)
    return None if value is None else shown(value, most)


def shown_cut(thing, name):
    """The text itself, cut as in every report; U+FFFD for each byte that is no UTF-8."""
    return "".join("\ufffd" if char is None else char
                   for _, char in characters(cut(exact(thing, name))))


def findings(report):
    return [(s, f) for s in report["submissions"] for f in s["findings"]]


def ranked(report):
    """The most serious first, waived ones last."""
    order = ["error", "warning", "note"]
    return sorted(findings(report),
                  key=lambda pair: 3 if pair[1]["waived"] else order.index(pair[1]["severity"]))


def message_and_remedy(finding):
    remedy = show(finding, "remedy")
    return show(finding, "message") + ("\n" + remedy if remedy else "")


# --- what holds for every format ---------------------------------------------------------------------

def check_inert(out, line_end="\n"):
    """Nothing that a terminal obeys or hides, valid UTF-8, whole lines."""
    text = out.decode("utf-8")  # strictly
    for char in set(text.replace(line_end, "")):
        need(not is_invisible(char) or char == "\u2754", "a character that is not shown", char)
    need(text.endswith(line_end), "the last line has no end")
    return text


def check_no_commands(text):
    for line in text.split("\n"):
        need("##" not in line, "a build agent could obey this", line)
        need(not line.lstrip().startswith("::"), "a build agent could obey this", line)


# --- documents of texts --------------------------------------------------------------------------------

class Texts(html.parser.HTMLParser):
    """The texts and attribute values of an HTML page; no script of anybody's, no handler."""

    VOID = {"meta", "link", "br", "hr", "input", "col", "wbr"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.texts = []
        self.values = []
        self.ids = []
        self.links = []
        self.open = []

    def handle_starttag(self, tag, attrs):
        need(tag not in ("img", "iframe", "object", "embed", "base"), "a tag", tag)
        for name, value in attrs:
            need(not name.startswith("on"), "a handler", name)
            self.values.append(value or "")
            if name == "id":
                self.ids.append(value)
            if name == "href":
                self.links.append(value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        need(self.open and self.open[-1] == tag, "tags do not nest", (tag, self.open[-3:]))
        self.open.pop()

    def handle_data(self, data):
        self.texts.append(data)


def html_page(out):
    page = Texts()
    page.feed(check_inert(out))
    page.close()
    need(not page.open, "tags are left open", page.open)
    need(len(set(page.ids)) == len(page.ids), "an id stands twice")
    return page


def html_texts(out):
    """Text runs on through elements; the values of attributes follow."""
    page = html_page(out)
    return ["".join(page.texts), *page.values]


def xml_texts(out):
    root = xml.etree.ElementTree.fromstring(out)
    return [text for node in root.iter()
            for text in (node.text, node.tail, *node.attrib.values()) if text]


def plain(text):
    """Without what layout may change."""
    return re.sub(r"\s", "", text).replace("\\x23", "#").replace("\\x3a", ":")


def in_texts(texts, report, form=show):
    whole = plain(" ".join(texts))
    for _, finding in findings(report):
        if not finding["waived"]:
            need(plain(form(finding, "message")) in whole, "a message is missing", finding["message"])


def as_html(finding, name):
    return shown(exact(finding, name), bad="\ufffd")


def as_xml(finding, name):
    """What XML 1.0 can hold stands as it is; U+FFFD stands for the rest."""
    text = shown_cut(finding, name)
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


# --- each format -------------------------------------------------------------------------------------

def check_text(out, report):
    text = check_inert(out)
    check_no_commands(text)
    in_texts([text], report)


def check_json(out, report):
    check_no_commands(check_inert(out))
    validate.check_report(out.decode("utf-8"))
    need(json.loads(out) == report, "not the report")


def check_jsonl(out, report):
    check_no_commands(check_inert(out))
    validate.check_stream(out.decode("utf-8"), False)
    records = [json.loads(line) for line in out.decode("utf-8").split("\n")[:-1]]
    reported = [{n: v for n, v in r.items() if n not in ("record", "submission")}
            for r in records if r["record"] == "finding"]
    need(reported == [f for _, f in findings(report)], "not the report's findings")


def check_csv(out, report):
    check_no_commands(check_inert(out, "\r\n"))
    rows = list(csv.DictReader(io.StringIO(out.decode("utf-8"), newline=""), strict=True))
    need(len(rows) == len(findings(report)), "other rows than findings", len(rows))
    for row, (submission, finding) in zip(rows, findings(report)):
        need(None not in row and None not in row.values(), "a row of another length", row)

        def cell(name, thing, member):
            value = exact(thing, member) if thing else None
            wanted = "" if value is None else shown(value)
            if value and value[:1] in b"=+-@\t\r":
                wanted = "'" + wanted
            need(row[name] == wanted, f"column {name}", (row[name], wanted))

        cell("submission", submission, "path")
        for name in ("id", "name", "severity", "message", "remedy", "package", "key", "path", "member",
                     "field", "actual", "expected", "direction", "fingerprint"):
            cell(name, finding, name)
        for name in ("oem", "operator", "model"):
            cell(name, finding.get("variant"), name)
        cell("baseline_id", finding.get("baseline"), "id")
        cell("baseline_version", finding.get("baseline"), "version")
        for name in ("reason", "owner", "expires"):
            cell("waiver_" + name, finding, name)
        for name in ("incomplete", "waived"):
            need(row[name] == str(finding[name]).lower(), name, row)
        need(row["line"] == str(finding.get("line", "")), "line", row)
        if "packages" in finding:
            need(row["package_count"] == str(len(finding["packages"])), "package_count", row)
    for row in rows:
        for value in row.values():
            need(value[:1] not in ("=", "+", "-", "@", "\t", "\r"), "a formula", value)


def qualified(report, verdict=None, submissions=None):
    """What follows the word of a verdict: warnings of a pass, a set that is not compliant or not compared."""
    verdict = report["verdict"] if verdict is None else verdict
    submissions = report["submissions"] if submissions is None else submissions
    warnings = sum(s["counts"]["warning"] for s in submissions)
    text = ""
    if verdict == "pass" and warnings:
        text += f" with {warnings} warning{'' if warnings == 1 else 's'}"
    states = {v["wspc"] for s in submissions for v in s["variants"]}
    missing = ["not WSPC compliant; not available for retail servicing"] if "not-compliant" in states else []
    missing += ["WSPC skipped (--no-wspc)"] if verdict == "pass" and "skipped" in states else []
    if verdict != "fail" and missing:
        text += ": " + "; ".join(missing)
    return text


def reported_commands(report):
    """At most ten findings of a rule, the remedy with the first; then how many more there are."""
    shown, more, counts = [], [], {}
    for _, finding in ranked(report):
        if finding["waived"]:
            continue
        key = (finding["id"], finding["name"], finding["severity"])
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= 10:
            shown.append((finding, counts[key] == 1))
    for (rule, name, _), count in counts.items():
        if count > 10:
            more.append(f"imgval: {rule} {name}: and {count - 10} more")
    return shown, more


def summary(report):
    totals = {name: sum(s["counts"][name] for s in report["submissions"])
              for name in ("packages", "error", "warning", "note", "waived")}
    names = [f"{totals[n]} {n}{'' if totals[n] == 1 else 's'}" for n in ("error", "warning", "note")]
    count = len(report["submissions"])
    what_if = "what if (no real verdict): " if report.get("what_if") else ""
    return (f"imgval: {what_if}{report['verdict']}{qualified(report)}: {count} submission{'' if count == 1 else 's'}, "
            f"{totals['packages']} package{'' if totals['packages'] == 1 else 's'}; "
            f"{', '.join(names)}, {totals['waived']} waived")


def github_command(line):
    """A workflow command, by the rules of the runner: (name, properties, message)."""
    need(line.startswith("::"), "no workflow command", line)
    end = line.index("::", 2)
    name, _, rest = line[2:end].partition(" ")
    properties = {}
    for part in rest.split(","):
        key, equals, value = part.partition("=")
        need(equals and key not in properties, "a property", part)
        for token, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(token, char)
        properties[key] = value
    message = line[end + 2:]
    for token, char in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        message = message.replace(token, char)
    return name, properties, message


def check_github(out, report):
    lines = check_inert(out).split("\n")[:-1]
    reported, more = reported_commands(report)
    need(lines[len(reported):] == more + [summary(report)], "the last lines", lines[len(reported):])
    for line, (finding, with_remedy) in zip(lines, reported):
        need("##" not in line, "a build agent could obey this", line)
        name, properties, message = github_command(line)
        wanted = {"title": f"{finding['id']} {finding['name']}"}
        if exact(finding, "path") is not None:
            wanted["file"] = show(finding, "path")
            if "line" in finding and "member" not in finding:
                wanted["line"] = str(finding["line"])
        need(name == {"error": "error", "warning": "warning", "note": "notice"}[finding["severity"]],
             "the command", line)
        need(properties == wanted, "properties", (properties, wanted))
        need(message == (message_and_remedy(finding) if with_remedy else show(finding, "message")),
             "message", (message, finding))


def azure_command(line):
    """A logging command, by the rules of the agent: (area.action, properties, message)."""
    need(line.startswith("##vso["), "no logging command", line)
    need(line.count("##") == 1, "a build agent could obey this", line)
    end = line.index("]")
    name, _, rest = line[len("##vso["):end].partition(" ")

    def decode(text):
        for token, char in (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"),
                            ("%AZP25", "%")):
            text = text.replace(token, char)
        return text

    properties = {}
    for part in rest.split(";"):
        if part:
            key, equals, value = part.partition("=")
            need(equals and key not in properties, "a property", part)
            properties[key] = decode(value)
    return name, properties, decode(line[end + 1:])


def check_azure(out, report):
    lines = check_inert(out).split("\n")[:-1]
    reported, more = reported_commands(report)
    need(lines[len(reported):] == more + [summary(report)], "the last lines", lines[len(reported):])
    for line, (finding, with_remedy) in zip(lines, reported):
        if finding["severity"] == "note":
            need(line == f"note {finding['id']} {finding['name']}: {show(finding, 'message')}",
                 "a note", line)
            check_no_commands(line)
            continue
        name, properties, message = azure_command(line)
        wanted = {"type": finding["severity"], "code": finding["id"]}
        if exact(finding, "path") is not None:
            wanted["sourcepath"] = show(finding, "path")
            if "line" in finding and "member" not in finding:
                wanted["linenumber"] = str(finding["line"])
        need(name == "task.logissue", "the command", line)
        need(properties == wanted, "properties", (properties, wanted))
        text = message_and_remedy(finding) if with_remedy else show(finding, "message")
        need(message == f"{finding['name']}: {text}", "message", (message, finding))


MARKDOWN_MAX = 65536  # characters of a comment on GitHub
MARKDOWN_TAGS = re.compile(r"</?(?:details(?: open)?|summary|b)>")


def markdown_spans(text):
    """The code spans of a text, and the text without them, by CommonMark 6.1."""
    spans = []
    rest = ""
    at = 0
    while at < len(text):
        if text[at] != "`":
            rest += text[at]
            at += 1
            continue
        run = re.match("`+", text[at:]).group(0)
        end = re.compile(f"(?<!`){run}(?!`)").search(text, at + len(run))
        need(end is not None, "backticks without an end", text[at:at + 80])
        span = text[at + len(run):end.start()]
        need("\n" not in span and len(run) < 20, "a code span", span)
        if span.strip(" ") and span[0] == " " and span[-1] == " ":
            span = span[1:-1]
        spans.append(span)
        at = end.end()
    return spans, rest


def in_span(text):
    """Text as a code span has it: renderers do not count long runs of backticks."""
    return text.replace("`", "\\x60") if "````" in text else text


def check_markdown(out, report):
    text = check_inert(out)
    need(len(text) <= MARKDOWN_MAX, "too long for a comment", len(text))
    spans, rest = markdown_spans(text)
    need(not re.search(r"[\[\]@\\~$]|https?:|www\.|!\[", rest), "markup", rest)
    need(not re.search(r"[<>]", MARKDOWN_TAGS.sub("", rest)), "a tag", rest)
    need(rest.count("<details") == rest.count("</details>"), "details that do not nest")
    for line in rest.split("\n"):
        need(not re.match(r"\s*(#{1,6}(?!#| [❌❔✅] imgval: |\s*$)|={3,}|-{3,}|\d+[.)]\s)", line) or
             line in ("### ",), "markup at the start of a line", line)
    need(text.startswith("## ") and f"imgval: {report['verdict']}{qualified(report)}\n" in text, "the verdict", text[:80])
    by_rule = {}
    for submission, finding in findings(report):
        key = (submission["path"], finding["id"], finding["severity"])
        by_rule.setdefault(key, []).append((submission, finding))
    if "cut to its greatest length" in text:
        return
    for group in by_rule.values():
        active = [pair for pair in group if not pair[1]["waived"]]
        if len(active) > 10:
            need(f"- and {len(active) - 10} more\n" in rest, "what is left out is not counted")
        for submission, finding in active[:10]:
            message = in_span(show(finding, "message", 600))
            is_prose = re.fullmatch(r"[A-Za-z](?:[A-Za-z0-9 ,.;()'\"/%+=?-]|:(?= |$))*", message) and \
                "www." not in message
            need(message in spans or (is_prose and f"- {message}" in rest), "a message is missing",
                 message)
            path = exact(finding, "path")
            if path and path not in cut(exact(finding, "message")) and \
                    path != exact(submission, "path"):
                need(in_span(shown(path, 600)) in spans, "a path is missing", path)


# --- SARIF, written from its specification -----------------------------------------------------------

def closed(required, **members):
    """An object: these members and no others."""
    return {"type": "object", "additionalProperties": False, "required": required.split(),
            "properties": members}


def some(item, least=0):
    return {"type": "array", "minItems": least, "items": item}


TEXT = {"type": "string", "minLength": 1}
BAG = {"type": "object"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
INDEX = {"type": "integer", "minimum": 0}
MESSAGE = closed("text", text=TEXT, markdown=TEXT)                                          # 3.11, 3.12
LOCATION = closed(                                                                            # 3.28
    "physicalLocation",
    physicalLocation=closed(                                                                  # 3.29
        "artifactLocation", artifactLocation=closed("uri", uri=TEXT),                         # 3.4
        region=closed("startLine", startLine={"type": "integer", "minimum": 1})),             # 3.30
    logicalLocations=some(closed("fullyQualifiedName", fullyQualifiedName=TEXT, kind=TEXT)))  # 3.33
RULE = closed("id", id=TEXT, name=TEXT, shortDescription=MESSAGE, fullDescription=MESSAGE,    # 3.49
              helpUri=TEXT, help=MESSAGE,
              defaultConfiguration=closed("level", level=LEVEL))                              # 3.50
NOTIFICATION = closed("message", level=LEVEL, message=MESSAGE, locations=some(LOCATION),      # 3.58
                      associatedRule=closed("id index", id=TEXT, index=INDEX))                # 3.52
RESULT = closed(                                                                              # 3.27
    "message ruleId ruleIndex level rank locations properties",
    ruleId=TEXT, ruleIndex=INDEX, level=LEVEL, message=MESSAGE, locations=some(LOCATION, 1),
    rank={"type": "number", "minimum": 0, "maximum": 100},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions=some(closed(                                                                 # 3.35
        "kind", kind={"enum": ["inSource", "external"]}, justification=TEXT,
        status={"enum": ["accepted", "underReview", "rejected"]}), 1),
    properties=BAG)
SARIF = closed(                                                                               # 3.13
    "version runs", version={"const": "2.1.0"}, runs=some(closed(                             # 3.14
        "tool results invocations",
        tool=closed("driver", driver=closed("name", name=TEXT, version=TEXT,                  # 3.18, 3.19
                                            rules={**some(RULE), "uniqueItems": True})),
        invocations=some(closed("executionSuccessful",                                        # 3.20
                                executionSuccessful={"type": "boolean"},
                                toolExecutionNotifications=some(NOTIFICATION))),
        results=some(RESULT), properties=BAG), 1),
    **{"$schema": TEXT})

URI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]|%[0-9A-F]{2})*"
                 r"(?:#(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})*)?")


def sarif_text(text):
    """A message as a viewer shows it: no placeholder, no link."""
    bare = text.replace("{{", "").replace("}}", "")
    need("{" not in bare and "}" not in bare, "a placeholder", text)
    need("](" not in text, "a link", text)
    return text.replace("{{", "{").replace("}}", "}")


def strings(value, name=""):
    if isinstance(value, dict):
        for key, member in value.items():
            if key != "properties":
                yield from strings(member, key)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, name)
    elif isinstance(value, str):
        yield name, value


def check_sarif(out, report, rules_url=None):
    check_no_commands(check_inert(out))
    log = json.loads(out, object_pairs_hook=validate.pairs)
    for error in jsonschema.Draft202012Validator(SARIF).iter_errors(log):
        raise Bad("%s: %s" % (list(error.absolute_path), error.message[:300]))
    need(list(log)[0] == "version", "the version stands first")
    for name, text in strings(log):
        need(name not in ("text", "justification") or sarif_text(text), "a message", text)
        need(name not in ("uri", "helpUri", "$schema") or URI.fullmatch(text), "a URI", text)
    run = log["runs"][0]
    need(len(log["runs"]) == 1, "one run")
    rules = run["tool"]["driver"]["rules"]
    need(len({rule["id"] for rule in rules}) == len(rules), "a rule stands twice")
    site = {rule["id"] for rule in report.get("site_rules", [])}
    for rule in rules:
        wanted = None if rules_url is None or rule["id"] in site else f"{rules_url}#{rule['id']}"
        need(rule.get("helpUri") == wanted, "helpUri", rule.get("helpUri"))
    need({o["id"] for s in report["submissions"] for o in s["outcomes"]} <=
         {rule["id"] for rule in rules}, "a rule that was applied is missing")
    reported = ranked(report)
    need(len(run["results"]) == len(reported), "other results than findings", len(run["results"]))
    for result, (submission, finding) in zip(run["results"], reported):
        check_result(result, rules, submission, finding)
    check_invocation(run["invocations"], rules, report)
    need(run["properties"]["verdict"] == report["verdict"], "the verdict")


def check_result(result, rules, submission, finding):
    need(rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding["id"], "the rule", result)
    need(result["level"] == finding["severity"], "the level", result)
    need(result["rank"] == {"error": 100, "warning": 50, "note": 10}[finding["severity"]], "the rank")
    need(sarif_text(result["message"]["text"]).replace("]\\x28", "](") ==
         message_and_remedy(finding), "the message", (result["message"], finding["message"]))
    location = result["locations"][0]["physicalLocation"]
    path = exact(finding, "path") or exact(submission, "path")
    uri = location["artifactLocation"]["uri"]
    if path.startswith(b"/"):
        need(uri.startswith("file:///"), "a file: URI", uri)
        uri = uri[len("file://"):]
    else:
        need(urllib.parse.urlsplit(uri).scheme == "", "a relative path stays relative", uri)
    need(urllib.parse.unquote_to_bytes(uri) == path, "the path", (uri, path))
    line = finding.get("line") if "member" not in finding else None
    need(location.get("region", {}).get("startLine") == line, "the line", result)
    need(result["partialFingerprints"] == {"imgvalFinding/v1": finding["fingerprint"]}, "fingerprint")
    need(("suppressions" in result) == finding["waived"], "suppressions", result)
    if "reason" in finding:
        reported = sarif_text(result["suppressions"][0]["justification"]).replace("]\\x28", "](")
        need(reported == f"{show(finding, 'reason')} ({show(finding, 'owner')}, until "
             f"{show(finding, 'expires')})", "the justification", result["suppressions"])
    for name in ("package", "path", "member", "field", "actual", "expected"):
        need(exact(result["properties"], name) == exact(finding, name), f"property {name}", result)


def check_invocation(invocations, rules, report):
    need(len(invocations) == 1, "one invocation")
    reported = invocations[0]["toolExecutionNotifications"]
    unchecked = [o["id"] for s in report["submissions"] for o in s["outcomes"]
                 if o["outcome"] == "not-evaluated"]
    unchecked += [f["id"] for _, f in ranked(report) if f["incomplete"]]
    need([n["associatedRule"]["id"] for n in reported] == unchecked, "what was not checked", reported)
    for notification in reported:
        rule = notification["associatedRule"]
        need(rules[rule["index"]]["id"] == rule["id"], "the rule of a notification", rule)
    reasons = [o["reason"] for s in report["submissions"] for o in s["outcomes"] if "reason" in o]
    for notification, reason in zip(reported, reasons):
        need(reason in notification["message"]["text"], "why it was not evaluated", notification)
    is_whole = not unchecked and (report["submissions"] or report["verdict"] != "incomplete")
    need(invocations[0]["executionSuccessful"] == bool(is_whole), "executionSuccessful")


def has_reasons(texts, report):
    whole = "".join(texts)
    for submission in report["submissions"]:
        for outcome in submission["outcomes"]:
            need("because " + outcome.get("reason", "") in whole or "reason" not in outcome,
                 "why it was not evaluated", outcome)


CHECKS = {
    "text": check_text,
    "json": check_json,
    "jsonl": check_jsonl,
    "sarif": check_sarif,
    "junit": lambda out, report: in_texts(xml_texts(out), report, as_xml),
    "html": lambda out, report: (in_texts(html_texts(out), report, as_html),
                                 has_reasons(html_texts(out), report)),
    "markdown": check_markdown,
    "github": check_github,
    "azure": check_azure,
    "csv": check_csv,
}
