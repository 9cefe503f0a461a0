#!/usr/bin/env python3
"""House rules that a compiler does not check. Prints each breach as FILE:LINE: TEXT.

layers      a file includes its own folder and lower layers only; siblings never meet
libraries   each third-party header is included by one .c file, and by no header
banned      calls that cannot be bounded, and time functions with hidden state
state       no mutable data: .data and .bss of the objects are empty
cases       every rule has a case that fires it and one that passes it
manual      man/ is in step with the option and rule tables
prose       no trailing blanks, no tabs, no line over 100 columns in C
"""
import argparse
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

# Folder or file stem -> layer and room. Files of one room may include each other.
LAYERS = [
    (r"imgval/base/", 0, "base"),
    (r"imgval/model/", 1, "model"),
    (r"imgval/disk/", 2, "disk"),
    (r"imgval/input/", 3, "input"),
    (r"imgval/engine/", 3, "engine"),
    (r"imgval/report/", 3, "report"),
    (r"rules/", 3, "rules"),
    (r"cache/", 3, "cache"),
    (r"imgval/(scan|scan_read|facts_cache|findings|import|request|resolve|audit|audit_read|discover)\.", 4, "scan"),
    (r"imgval/version\.h", 0, "version"),
    (r"imgval/(main|command|command_shard|options|options_complete|progress|cmd_\w+)\.", 5, "program"),
]

LIBRARIES = {
    r"libxml/": "imgval/base/xml.c",
    r"archive(_entry)?\.h": "imgval/input/cabinet_data.c",
    r"zlib\.h": "imgval/input/gzip.c",
    r"pcre2\.h": "imgval/base/pattern.c",
    r"openssl/": "imgval/base/sha256.c",
    r"sqlite3\.h": "cache/db.c",
    r"jansson\.h": "imgval/report/json_read.c",
    r"seccomp\.h": "imgval/base/sandbox.c",
    r"linux/(landlock|seccomp|filter)\.h": "imgval/base/sandbox.c",
}

BANNED = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|strncpy|strncat|system|popen|gets|alloca"
    r"|ctime|asctime|localtime|gmtime|tmpnam|mktemp)\s*\(")

# Rules whose cases need a command that judges requests or histories.
NOT_SCANNED = {"WSPC004", "RFU001", "RFU002", "RFU003", "RFU004", "RFU005", "RFU006"}


def room(path):
    for pattern, layer, name in LAYERS:
        if re.match(pattern, path):
            return layer, name
    return None


def sources():
    for folder in ("imgval", "rules", "cache"):
        for path in sorted((TOP / folder).rglob("*.[ch]")):
            yield str(path.relative_to(TOP)), path.read_text(encoding="utf-8")


def without_comments(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def check_layers(path, text):
    mine = room(path)
    if mine is None:
        yield f"{path}:1: belongs to no layer"
        return
    for number, line in enumerate(text.split("\n"), 1):
        include = re.match(r'#include "([^"]+)"', line)
        if not include:
            continue
        theirs = room(include.group(1))
        if theirs is None:
            yield f"{path}:{number}: includes {include.group(1)}, which belongs to no layer"
        elif theirs[0] > mine[0] or (theirs[0] == mine[0] and theirs[1] != mine[1]):
            yield f"{path}:{number}: {mine[1]} may not include {include.group(1)} ({theirs[1]})"


def check_libraries(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        include = re.match(r"#include <([^>]+)>", line)
        if not include:
            continue
        for pattern, owner in LIBRARIES.items():
            if re.match(pattern, include.group(1)) and path != owner:
                yield f"{path}:{number}: only {owner} includes <{include.group(1)}>"


def check_text(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip() != line:
            yield f"{path}:{number}: trailing blanks"
        if "\t" in line:
            yield f"{path}:{number}: a tab"
        if len(line) > 100:
            yield f"{path}:{number}: {len(line)} columns"
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        call = BANNED.search(line)
        if call:
            yield f"{path}:{number}: {call.group(1)} is banned"
    if path.endswith(".h") and not text.lstrip().startswith("/*"):
        yield f"{path}:1: a header opens with a paragraph that says what it is for"


def check_state(build):
    if "IMGVAL_SANITIZE:BOOL=ON" in (pathlib.Path(build) / "CMakeCache.txt").read_text():
        return # the sanitizers put data of their own into every object
    for archive in sorted(pathlib.Path(build).glob("*.a")):
        listed = subprocess.run(["size", "-A", str(archive)], capture_output=True, text=True,
                                check=True)
        member = ""
        for line in listed.stdout.split("\n"):
            words = line.split()
            if "(ex " in line:
                member = words[0]
            elif words and re.match(r"\.(data|bss|tdata|tbss)(\.(?!rel\.ro)|$)", words[0]):
                if int(words[1]) > 0:
                    yield f"{member}:1: {words[1]} bytes of mutable data in {words[0]}"


def rules(program):
    listed = subprocess.run([program, "explain"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in listed.stdout.split("\n") if line]


def check_cases(program):
    for rule in rules(program):
        if rule in NOT_SCANNED:
            continue
        for name in ("fires", "passes"):
            case = TOP / "testdata/cases" / rule / f"{name}.case"
            if not case.exists():
                yield f"{case.relative_to(TOP)}:1: missing"


def check_manual(program):
    for words, page in ((["--manual"], "imgval.1"), (["explain", "--manual"], "imgval-rules.7")):
        wanted = subprocess.run([program, *words], capture_output=True, text=True,
                                check=True).stdout
        path = TOP / "man" / page
        if wanted not in path.read_text(encoding="utf-8"):
            yield (f"man/{page}:1: not in step with the tables; "
                   f"run tests/lint/manual.py --program PROGRAM")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--build", required=True)
    given = parser.parse_args()
    breaches = []
    for path, text in sources():
        breaches += check_layers(path, text)
        breaches += check_libraries(path, text)
        breaches += check_text(path, text)
    breaches += check_state(given.build)
    breaches += check_cases(given.program)
    breaches += check_manual(given.program)
    for breach in breaches:
        print(breach)
    print(f"{0 if breaches else 1} passed, {len(breaches)} failed")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
