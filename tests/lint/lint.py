#!/usr/bin/env python3
"""House rules that a compiler does not check. Prints each breach as FILE:LINE: TEXT.

layers      a file includes its own room and the rooms that this may use; no other
circles     no file calls up into a file that calls it
maps        the maps of main.c and README.md agree with the folders
libraries   each third-party header is included by one .c file, and by no header
banned      calls that cannot be bounded, and time functions with hidden state
looking     names are looked up through base/look.h, where an error is not "nothing there"
platform    headers that are not of C17 stand in base/posix and base/windows, which define the same
            functions; there is no #if on the system anywhere
state       no mutable data: .data and .bss of the objects are empty
cases       every rule has a case that fires it and one that passes it
manual      man/ is in step with the option and rule tables
parameters  at most six; what belongs together is a struct with a name
prose       no trailing blanks, no tabs, no line over 100 columns in C
words       what a person reads says fix, after, reported, depends on: one word for one thing
"""
import argparse
import pathlib
import re
import subprocess
import sys

import schemas

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

# The rooms of the house: each folder, and the folders whose headers it may include beside its own.
# What a room uses, it uses with all that stands below.
ROOMS = {
    "imgval/base": [],
    "imgval/base/posix": ["imgval/base"],
    "imgval/base/windows": ["imgval/base"],
    "imgval/model": ["imgval/base"],
    "imgval/disk": ["imgval/model"],
    "imgval/disk/ffu": ["imgval/disk"],
    "imgval/disk/ntfs": ["imgval/disk"],
    "imgval/input": ["imgval/disk/ffu", "imgval/disk/ntfs"],
    "imgval/engine": ["imgval/model"],
    "rules": ["imgval/engine"],
    "cache": ["imgval/model"],
    "imgval/report/write": ["imgval/model"],
    "imgval/report": ["imgval/report/history"],
    "imgval/report/read": ["imgval/report/write"],
    "imgval/report/history": ["imgval/report/write"],
    "imgval/report/show": ["imgval/report/write"],
    "imgval/scan": ["imgval/input", "rules", "cache"],
    "imgval/history": ["imgval/scan", "imgval/report/read"],
    "imgval/cli": ["imgval/history", "imgval/report", "imgval/report/show"],
    "imgval": ["imgval/cli"],
}
# One line of text that everybody may know.
VERSION = "imgval/version.h"

LIBRARIES = {
    r"libxml/": "imgval/base/xml.c",
    r"archive(_entry)?\.h": "imgval/input/cabinet_data.c",
    r"zlib\.h": "imgval/input/gzip.c",
    r"pcre2\.h": "imgval/base/pattern.c",
    r"openssl/": "imgval/base/digest.c",
    r"sqlite3\.h": "cache/db.c",
    r"linux/(filter|audit)\.h": "imgval/base/posix/filter.c",
    r"linux/landlock\.h": "imgval/base/posix/sandbox.c",
}

BANNED = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|strncpy|strncat|system|popen|gets|alloca"
    r"|ctime|asctime|localtime|gmtime|tmpnam|mktemp)\s*\(")

# The headers of C17; those of libraries are the table above.
STANDARD = set("""assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp
    signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath
    threads time uchar wchar wctype""".split())
PLATFORMS = {"imgval/base/posix", "imgval/base/windows"}
SYSTEM = re.compile(r"^#\s*(?:el)?if.*\b(_WIN32|_WIN64|WIN32|__MINGW\w+|__linux__|__unix__|__CYGWIN__"
                    r"|_MSC_VER|__APPLE__)")

# Looking for what others made: an error is not the news that nothing is there (base/look.h).
LOOKING = re.compile(
    r"\b(opendir|fdopendir|readdir|scandir|glob|stat|lstat|fstatat|statx|openat|openat2|access"
    r"|faccessat|realpath|readlink|readlinkat)\s*\(|\bO_DIRECTORY\b")
MAY_LOOK = re.compile(r"imgval/base/(posix|windows)/")

# Rules whose cases need a command that judges requests or histories.
NOT_SCANNED = {"WSPC004", "RFU001", "RFU002", "RFU003", "RFU004", "RFU005", "RFU006",
               "SVC002"}


def below(room):
    """A room and all that it may use."""
    rooms = {room}
    for used in ROOMS[room]:
        rooms |= below(used)
    return rooms


def folder(path):
    return path.rpartition("/")[0]


def sources():
    for folder in ("imgval", "rules", "cache"):
        for path in sorted((TOP / folder).rglob("*.[ch]")):
            yield str(path.relative_to(TOP)), path.read_text(encoding="utf-8")


def without_comments(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def check_layers(path, text):
    if folder(path) not in ROOMS:
        yield f"{path}:1: {folder(path)} is no room of the house"
        return
    allowed = below(folder(path))
    for number, line in enumerate(text.split("\n"), 1):
        include = re.match(r'#include "([^"]+)"', line)
        if include and folder(include.group(1)) not in allowed and include.group(1) != VERSION:
            yield f"{path}:{number}: {folder(path)} may not include {include.group(1)}"


def circles(graph):
    """The sets of nodes that reach each other (Tarjan, without recursion)."""
    number, low, stack, on_stack = {}, {}, [], set()
    for root in graph:
        if root in number:
            continue
        work = [(root, iter(sorted(graph[root])))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, edges = work[-1]
            step = next((edge for edge in edges if edge not in number or edge in on_stack), None)
            if step is not None and step not in number:
                number[step] = low[step] = len(number)
                stack.append(step)
                on_stack.add(step)
                work.append((step, iter(sorted(graph.get(step, ())))))
            elif step is not None:
                low[node] = min(low[node], number[step])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    at = stack.index(node)
                    members, stack = stack[at:], stack[:at]
                    on_stack -= set(members)
                    if len(members) > 1:
                        yield sorted(members)


def check_circles(build):
    """No file calls up into one that calls it: who defines and who uses a symbol, from the objects."""
    objects = sorted(str(path) for path in pathlib.Path(build).glob("CMakeFiles/imgval*.dir/**/*.o"))
    listed = subprocess.run(["nm", "-A", "-P", *objects], capture_output=True, text=True, check=True)
    owner, uses = {}, {}
    for line in listed.stdout.split("\n"):
        place, _, symbol = line.partition(": ")
        words = symbol.split()
        if len(words) < 2:
            continue
        name = re.sub(r".*\.dir/(.*)\.o$", r"\1", place)
        if words[1] == "U":
            uses.setdefault(name, set()).add(words[0])
        elif words[1] in "TDRB":
            owner[words[0]] = name
    graph = {name: {owner[symbol] for symbol in symbols if symbol in owner} - {name}
             for name, symbols in uses.items()}
    if not graph:
        yield f"{build}:1: no object files to look for circles in"
    for members in circles(graph):
        yield f"{members[0]}:1: a circle of calls: {', '.join(members)}"


def check_maps():
    """The maps of main.c and README.md name every folder, and no folder that is not there."""
    there = {f"{room}/" for room in ROOMS if room != "imgval"}
    for page in ("imgval/main.c", "README.md"):
        text = (TOP / page).read_text(encoding="utf-8")
        named = set(re.findall(r"^(?: \* +)?((?:imgval|rules|cache)(?:/[a-z]+)*/) ", text, re.M))
        for room in sorted(there - named):
            yield f"{page}:1: its map does not name {room}"
        for room in sorted(named - there):
            yield f"{page}:1: its map names {room}, which is no room"
    for room in ROOMS:
        if not (TOP / room).is_dir():
            yield f"{room}:1: there is no such folder"


def check_libraries(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        include = re.match(r"#include <([^>]+)>", line)
        if not include:
            continue
        for pattern, owner in LIBRARIES.items():
            if re.match(pattern, include.group(1)) and path != owner:
                yield f"{path}:{number}: only {owner} includes <{include.group(1)}>"


def check_platform(path, text):
    """All that is not of C17 stands in the folders of the systems."""
    for number, line in enumerate(text.split("\n"), 1):
        include = re.match(r"#include <([^>]+)>", line)
        if include and folder(path) not in PLATFORMS \
                and include.group(1).removesuffix(".h") not in STANDARD \
                and not any(re.match(pattern, include.group(1)) for pattern in LIBRARIES):
            yield f"{path}:{number}: <{include.group(1)}> is not of C17: it belongs in a header of base/"
        if SYSTEM.match(line):
            yield f"{path}:{number}: what depends on the system stands in base/posix, base/windows"
        include = re.match(r'#include "([^"]+)"', line)
        if include and folder(include.group(1)) in PLATFORMS \
                and folder(include.group(1)) != folder(path):
            yield f"{path}:{number}: {include.group(1)} is for its own folder"


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
        look = LOOKING.search(line)
        if look and not MAY_LOOK.match(path):
            yield f"{path}:{number}: {look.group(0).rstrip('(')}: look through imgval/base/look.h"
    if path.endswith(".h") and not text.lstrip().startswith("/*"):
        yield f"{path}:1: a header opens with a paragraph that says what it is for"


# Functions whose parameters a library dictates.
DICTATED = {("imgval/base/xml.c", "on_start")}  # startElementNsSAX2Func of libxml2
PARAMETERS_MAX = 6
DEFINITION = re.compile(r"^(?!typedef\b)[a-zA-Z_][\w \t\n*]*?[\s*](\w+)\(([^{};]*)\)\s*\{", re.M)


def parameter_count(text):
    """Commas within the parameters of a parameter do not count."""
    depth = 0
    count = 1
    for c in text:
        depth += (c in "([") - (c in ")]")
        count += c == "," and depth == 0
    return count


def check_parameters(texts):
    seen = set()
    for path, text in texts:
        text = without_comments(text)
        for match in DEFINITION.finditer(text) if path.endswith(".c") else ():
            count = parameter_count(match.group(2))
            if count <= PARAMETERS_MAX:
                continue
            seen.add((path, match.group(1)))
            if (path, match.group(1)) not in DICTATED:
                number = text.count("\n", 0, match.start(1)) + 1
                yield f"{path}:{number}: {match.group(1)}() has {count} parameters: make a struct"
    for path, name in sorted(DICTATED - seen):
        yield f"{path}:1: {name}() needs no exception for its parameters"


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


# The words that were given up, and the idioms that stay; "mends" is a member of a JSON document.
GIVEN_UP = re.compile(r"\b(mend(ed|ing)?|told|hangs? on|behind)\b|\bmends\b(?!\")", re.I)
IDIOMS = re.compile(r"(leaves?|left) behind", re.I)


def check_words():
    pages = [TOP / "README.md", *sorted((TOP / "man").rglob("*")),
             *sorted((TOP / "imgval/report/schema").glob("*"))]
    texts = [(str(p.relative_to(TOP)), p.read_text(encoding="utf-8", errors="replace"))
             for p in pages if p.is_file()]
    for path, text in [*sources(), *texts]:
        for number, line in enumerate(text.split("\n"), 1):
            word = GIVEN_UP.search(IDIOMS.sub("", line))
            if word:
                yield f"{path}:{number}: \"{word.group(0)}\" (fix, after, reported, depends on)"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--build", required=True)
    given = parser.parse_args()
    breaches = []
    for path, text in sources():
        breaches += check_layers(path, text)
        breaches += check_libraries(path, text)
        breaches += check_platform(path, text)
        breaches += check_text(path, text)
    breaches += check_parameters(sources())
    breaches += check_state(given.build)
    breaches += check_circles(given.build)
    breaches += check_maps()
    breaches += check_words()
    breaches += schemas.breaches()
    breaches += check_cases(given.program)
    breaches += check_manual(given.program)
    for breach in breaches:
        print(breach)
    print(f"{0 if breaches else 1} passed, {len(breaches)} failed")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
