#!/usr/bin/env python3
"""Keeps the shipped JSON Schemas in step with what they describe, and with each other:

- the words of the kinds of submissions are those of imgval/model/kinds.c, in every schema;
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


def breaches():
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
