#!/usr/bin/python3
"""validate.py FILE...: checks JSON reports, JSONL streams and export bundles of imgval with another
parser: against the shipped JSON Schemas, and for what a schema cannot say. Exit status 1 and one
line for each thing that is wrong. With --partial, a stream without an end record is fine.
"""
import json
import os
import sys

import jsonschema

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../imgval/report/schema")


class Bad(Exception):
    """Something that is wrong with a file."""


def pairs(items):
    """An object, without a name twice, and every NAME_bytes beside a NAME that it explains."""
    result = dict(items)
    if len(result) != len(items):
        raise Bad("a member stands twice: %s" % [name for name, _ in items])
    for name, value in items:
        if name.endswith("_bytes"):
            check_bytes(name, result.get(name[: -len("_bytes")]), value)
    return result


def repair(exact):
    """Bytes as imgval shows them: U+FFFD for each byte that is no part of a character."""
    shown = ""
    at = 0
    while at < len(exact):
        for size in (1, 2, 3, 4):
            try:
                shown += exact[at : at + size].decode("utf-8")
                break
            except UnicodeDecodeError:
                continue
        else:
            size = 1
            shown += "\ufffd"
        at += size
    return shown


def check_bytes(name, shown, exact):
    if isinstance(exact, list):
        if not isinstance(shown, list) or len(shown) != len(exact) or not any(exact):
            raise Bad("%s does not go with its array" % name)
        for one, other in zip(shown, exact):
            if other is not None:
                check_bytes(name, one, other)
        return
    data = bytes.fromhex(exact)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if repair(data) == shown:
            return
    raise Bad("%s does not explain its text" % name)


def load(text):
    return json.loads(text, object_pairs_hook=pairs, parse_constant=lambda c: 1 / 0)


def documented(schema, root):
    """The members that a schema describes, through $ref and oneOf."""
    found = dict(schema.get("properties", {}))
    if "$ref" in schema:
        found.update(documented(resolve(schema["$ref"], root), root))
    return found


def resolve(reference, root):
    node = root
    for part in reference.lstrip("#/").split("/"):
        node = node[part]
    return node


def check_documented(value, schema, root, where):
    """Every member stands in the schema: it is open for later versions, this one is not."""
    if "oneOf" in schema:
        fitting = [
            option
            for option in schema["oneOf"]
            if jsonschema.Draft202012Validator({**option, "$defs": root["$defs"]}).is_valid(value)
        ]
        return check_documented(value, fitting[0], root, where)
    if "$ref" in schema:
        schema = {**resolve(schema["$ref"], root), **schema}
    if isinstance(value, list):
        for i, item in enumerate(value):
            check_documented(item, schema.get("items", {}), root, "%s[%d]" % (where, i))
    elif isinstance(value, dict):
        known = documented(schema, root)
        more = schema.get("additionalProperties")
        for name, member in value.items():
            if name not in known and more is None:
                raise Bad("%s.%s is not in the schema" % (where, name))
            check_documented(member, known.get(name, more), root, "%s.%s" % (where, name))
    return None


class Schema:
    def __init__(self, name):
        with open(os.path.join(SCHEMAS, name), encoding="utf-8") as file:
            self.root = json.load(file)
        jsonschema.Draft202012Validator.check_schema(self.root)
        self.validator = jsonschema.Draft202012Validator(self.root)

    def check(self, value, where):
        for error in self.validator.iter_errors(value):
            path = "".join("[%r]" % part for part in error.absolute_path)
            raise Bad("%s%s: %s" % (where, path, error.message[:300]))
        check_documented(value, self.root, self.root, where)


def in_order(keys, what):
    keys = list(keys)
    if keys != sorted(keys):
        raise Bad("%s are not sorted" % what)


def exact(thing, name):
    """The bytes that a member stands for."""
    if name + "_bytes" in thing:
        return bytes.fromhex(thing[name + "_bytes"])
    return (thing[name] or "").encode("utf-8")


SEVERITIES = ["error", "warning", "note"]
WORST = ["pass", "incomplete", "fail"]


def check_counts(submission, where):
    findings, packages = submission["findings"], submission["packages"]
    counts = submission["counts"]
    for severity in SEVERITIES:
        number = sum(f["severity"] == severity and not f["waived"] for f in findings)
        if counts[severity] != number:
            raise Bad("%s: counts.%s is %d, not %d" % (where, severity, counts[severity], number))
    if counts["waived"] != sum(f["waived"] for f in findings):
        raise Bad("%s: counts.waived is wrong" % where)
    if counts["packages"] != sum(p["origin"] == "submission" for p in packages):
        raise Bad("%s: counts.packages is wrong" % where)
    if counts["unreadable"] > len(packages):
        raise Bad("%s: counts.unreadable is wrong" % where)


def check_verdict(submission, fail_on, where):
    gate = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    outcomes = {row["id"]: row["outcome"] for row in submission["outcomes"]}
    failing = [f for f in submission["findings"] if not f["waived"] and f["id"] != "WSPC005"]
    if any(f["severity"] in gate for f in failing):
        wanted = "fail"
    elif "not-evaluated" in outcomes.values() or any(
        f["incomplete"] and not f["waived"] for f in submission["findings"]
    ):
        wanted = "incomplete"
    else:
        wanted = "pass"
    if submission["verdict"] != wanted:
        raise Bad("%s: the verdict is %s, not %s" % (where, submission["verdict"], wanted))


def check_submission(submission, fail_on, where, what_if=False):
    rows = [row["id"] for row in submission["outcomes"]]
    if len(set(rows)) != len(rows):
        raise Bad("%s: a rule has two outcomes" % where)
    outcomes = dict(zip(rows, submission["outcomes"]))
    for finding in submission["findings"]:
        row = outcomes.get(finding["id"])
        if row is None or row["outcome"] not in ("failed", "not-evaluated"):
            raise Bad("%s: %s has a finding but did not fail" % (where, finding["id"]))
        if ("reason" in finding) != finding["waived"]:
            raise Bad("%s: %s is waived without a waiver, or the reverse" % (where, finding["id"]))
        if finding["incomplete"] and finding["waived"] and not what_if:
            raise Bad("%s: %s means not checked and is waived" % (where, finding["id"]))
    found = {finding["id"] for finding in submission["findings"]}
    for name, row in outcomes.items():
        if row["outcome"] == "failed" and name not in found:
            raise Bad("%s: %s failed without a finding" % (where, name))
        if (row["outcome"] == "not-evaluated") != ("reason" in row):
            raise Bad("%s: %s is not evaluated without a reason, or the reverse" % (where, name))
    in_order(
        (
            (SEVERITIES.index(f["severity"]), rows.index(f["id"]))
            for f in submission["findings"]
        ),
        where + ": findings",
    )
    in_order(
        ((p["origin"] != "submission", exact(p, "path")) for p in submission["packages"]),
        where + ": packages",
    )
    in_order(submission["device"], where + ": device values")
    check_counts(submission, where)
    check_verdict(submission, fail_on, where)


def check_whole(report):
    fail_on = report.get("fail_on", "error")
    for i, submission in enumerate(report["submissions"]):
        check_submission(submission, fail_on, "submissions[%d]" % i, report.get("what_if", False))
    worst = max((WORST.index(s["verdict"]) for s in report["submissions"]), default=None)
    verdict = report["verdict"]
    if worst is not None and verdict is not None and WORST.index(verdict) < worst:
        raise Bad("the verdict is better than that of a submission")


def check_report(text):
    report = load(text)
    Schema("imgval-report-1.schema.json").check(report, "report")
    check_whole(report)


def check_stream(text, partial):
    schema = Schema("imgval-stream-1.schema.json")
    if partial and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
    records = [load(line) for line in text.split("\n")[:-1]]
    report = {"submissions": [], "verdict": None}
    ended = False
    for number, record in enumerate(records, 1):
        schema.check(record, "line %d" % number)
        kind = record["record"]
        if (kind == "header") != (number == 1) or ended:
            raise Bad("line %d: a %s record has no place here" % (number, kind))
        if kind == "header":
            report["fail_on"] = record["fail_on"]
            report["what_if"] = record.get("what_if", False)
        elif kind == "submission":
            if record["index"] != len(report["submissions"]):
                raise Bad("line %d: index does not count on" % number)
            report["submissions"].append({**record, "packages": [], "findings": []})
        elif kind in ("package", "finding"):
            if record["submission"] != len(report["submissions"]) - 1:
                raise Bad("line %d: belongs to no submission before it" % number)
            report["submissions"][-1][kind + "s"].append(record)
        else:
            ended = True
            report["verdict"] = record["verdict"]
            counts = {
                "submissions": len(report["submissions"]),
                "packages": sum(len(s["packages"]) for s in report["submissions"]),
                "findings": sum(len(s["findings"]) for s in report["submissions"]),
            }
            if record["counts"] != counts:
                raise Bad("line %d: the counts are not %s" % (number, counts))
    if not ended and not partial:
        raise Bad("there is no end record")
    if ended:
        check_whole(report)


def check_bundle(text):
    schema = Schema("imgval-bundle-1.schema.json")
    lines = [load(line) for line in text.split("\n")[:-1]]
    for number, line in enumerate(lines, 1):
        schema.check(line, "line %d" % number)
    if "schema" not in lines[0] or "end" not in lines[-1]:
        raise Bad("header or end line is missing")
    records = lines[1:-1]
    if lines[-1]["submissions"] != len(records):
        raise Bad("the end line counts wrong")
    ids = [exact(record, "id") for record in records]
    in_order(ids, "ids")
    if len(set(ids)) != len(ids):
        raise Bad("an id stands twice")
    for record in records:
        in_order((exact(p, "key") for p in record["packages"]), "packages")


def check(path, partial):
    with open(path, "rb") as file:
        text = file.read().decode("utf-8")  # strictly
    for code in list(range(0, 10)) + list(range(11, 32)) + [127] + list(range(128, 160)):
        if chr(code) in text:
            raise Bad("control character U+%04X" % code)
    for char in "\u2028\u2029\u202e\ufeff":
        if char in text:
            raise Bad("U+%04X stands unescaped" % ord(char))
    if "##" in text:
        raise Bad("'##' stands unescaped: a build agent would obey it")
    if any(line != line.rstrip() for line in text.split("\n")) or not text.endswith("\n"):
        if not partial:
            raise Bad("a line ends in a blank, or the last one has no end")
    head = text[: text.find("\n")]
    if '"imgval-bundle/' in head:
        check_bundle(text)
    elif '"record"' in head:
        check_stream(text, partial)
    else:
        check_report(text)


def main(arguments):
    status = 0
    partial = "--partial" in arguments
    for path in arguments:
        if path == "--partial":
            continue
        try:
            check(path, partial)
        except (Bad, ValueError, OSError, IndexError, ZeroDivisionError) as error:
            print("%s: %s" % (path, error), file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
