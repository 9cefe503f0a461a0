#!/usr/bin/env python3
"""Keeps the shipped JSON Schemas in step with what they describe, and with each other:

- the words of the kinds of submissions are those of imgval/model/kinds.c, in every schema;
- every other list of words is that of one table of the program (ENUMS), neither more nor less;
- a record of the stream is the same thing of a report with members in front, a package of inspect
  is one of a report with members after these, and all definitions that they have in common are those of
  the report.

Without an option it prints what is not in step, and ends with 1; with --write it writes it anew.
"""
import argparse
import json
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMAS = TOP / "imgval/report/schema"
KINDS = TOP / "imgval/model/kinds.c"

# The lists of words in the schemas by where they stand, the table of the program that each is, and
# what it has beside that (+) or lacks (-). The first that fits counts; a list without one is a
# breach.
ENUMS = (
    (r"/fault/properties/kind$", "iv_fault_names", "-none"),
    (r"/version/properties/state$", "states", ""),  # report/history/audit_json.c
    (r"/image_hash/properties/state$", "iv_hash_state_names", ""),
    (r"/digest/properties/state$", "iv_sealed_state_names", ""),
    (r"request-1.*/type$", "iv_request_type_names", ""),
    (r"request-1.*/status$", "iv_request_status_names", ""),
    (r"/verdict$", "iv_final_verdict_names", ""),
    (r"/(severity|fail_on)$", "iv_severity_names", ""),
    (r"/what/items$", "iv_change_names", ""),
    (r"/style$", "iv_style_names", ""),
    (r"/signature$", "iv_signature_names", ""),
    (r"/catalog_digest$", "iv_catalog_digest_names", ""),
    (r"/update_type$", "iv_update_type_names", ""),
    (r"/rank$", "iv_rank_names", ""),
    (r"/content$", "iv_content_names", ""),
    (r"/root$", "iv_root_names", ""),
    (r"/origin$", "iv_origin_names", ""),
    (r"/stage$", "iv_stage_names", "-write"),
    (r"/wspc$", "iv_wspc_status_names", ""),
    (r"/difference/properties/in/items$", "iv_direction_names", "+submission"),
    (r"/direction$", "iv_direction_names", ""),
    (r"/outcome$", "iv_outcome_names", ""),
    (r"/submission(_record)?/properties/type$", "iv_submission_type_names", ""),
    (r"/subject$", "iv_subject_names", ""),
    (r"/kind$", None, ""),  # kinds(), as above
    (r"bundle-1.*/keys$", None, ""),  # the one word of the format
)

# What stands in the stream as a record of its own, and not where a report has it.
MOVED = {"submission": {"packages", "findings"}, "package": set(), "finding": set()}

# What inspect says of a package beside what a report does.
INSPECTED = ("files", "digests", "faults")


def kinds():
    """The words of the table's rows."""
    words = re.findall(r'^ +ROW\([A-Z0-9_]+, "([^"]+)"', KINDS.read_text(encoding="utf-8"), re.M)
    assert words, "no rows in model/kinds.c"
    return words


def with_kinds(text):
    """The lists of kinds in a schema's text, each in the layout that it has."""
    def fill(match):
        return match.group(1) + (f",{match.group(2) or ' '}".join(f'"{kind}"' for kind in kinds()))
    return re.sub(r'("enum": \[(\s*))"directory"(?:,\s*"[^"]+")*', fill, text)


def with_shared(stream, report):
    """The stream's schema with the definitions of the report's."""
    theirs = report["$defs"]
    for name in stream["$defs"]:
        if name in theirs:
            stream["$defs"][name] = theirs[name]
    for name, moved in MOVED.items():
        record = stream["$defs"][name + "_record"]
        own = {member: value for member, value in record["properties"].items()
               if member not in theirs[name]["properties"]}
        shared = {member: value for member, value in theirs[name]["properties"].items()
                  if member not in moved}
        record["properties"] = {**own, **shared}
        record["required"] = [member for member in record["required"] if member in own] + [
            member for member in theirs[name]["required"] if member not in moved]
    return stream


def with_inspected(inspect, report):
    """The schema of inspect with the definitions of the report's: a package is one of a report, and
    what INSPECTED names."""
    theirs = report["$defs"]
    for name in inspect["$defs"]:
        if name in theirs:
            inspect["$defs"][name] = theirs[name]
    package = inspect["$defs"]["inspected_package"]
    own = {member: package["properties"][member] for member in INSPECTED}
    package["properties"] = {**theirs["package"]["properties"], **own}
    return inspect


def wanted():
    """{path: the text it must have}"""
    texts = {path: with_kinds(path.read_text(encoding="utf-8"))
             for path in sorted(SCHEMAS.glob("*.schema.json"))}
    stream = SCHEMAS / "imgval-stream-1.schema.json"
    report = json.loads(texts[SCHEMAS / "imgval-report-1.schema.json"])
    shared = with_shared(json.loads(texts[stream]), report)
    texts[stream] = json.dumps(shared, indent=2, ensure_ascii=False) + "\n"
    inspect = SCHEMAS / "imgval-inspect-1.schema.json"
    shared = with_inspected(json.loads(texts[inspect]), report)
    texts[inspect] = json.dumps(shared, indent=2, ensure_ascii=False) + "\n"
    return texts


def tables():
    """{name: words} of the program's lists of words."""
    found = {}
    for path in sorted((TOP / "imgval").rglob("*.c")):
        for name, body in re.findall(r"const char \*const (iv_\w+_names|states)\[\w*\] = \{(.*?)\};",
                                     path.read_text(encoding="utf-8"), re.S):
            found[name] = re.findall(r'"([^"]*)"', body)
    return found


def enums(value, where=""):
    """(where, words) of each list of words below a value of a schema."""
    if isinstance(value, dict):
        if "enum" in value:
            yield where, value["enum"]
        for name, inner in value.items():
            yield from enums(inner, f"{where}/{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from enums(inner, where)


def enum_breaches():
    known = tables()
    for path in sorted(SCHEMAS.glob("*.schema.json")):
        for where, words in enums(json.loads(path.read_text(encoding="utf-8")), path.name):
            row = next((row for row in ENUMS if re.search(row[0], where)), None)
            if row is None:
                yield f"{path.relative_to(TOP)}:1: {where}: a list of words without a row in ENUMS"
            elif row[1] is not None:
                wanted_words = set(known[row[1]])
                wanted_words |= {row[2][1:]} if row[2][:1] == "+" else set()
                wanted_words -= {row[2][1:]} if row[2][:1] == "-" else set()
                for word in sorted(wanted_words ^ set(words)):
                    verb = "lacks" if word in wanted_words else "has"
                    yield f"{path.relative_to(TOP)}:1: {where} {verb} \"{word}\": not {row[1]}"


def breaches():
    yield from enum_breaches()
    for path, text in wanted().items():
        if path.read_text(encoding="utf-8") != text:
            yield f"{path.relative_to(TOP)}:1: not in step; run tests/lint/schemas.py --write"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        for path, text in wanted().items():
            if path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                print(f"{path.name}: written")
        return 0
    found = list(breaches())
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
