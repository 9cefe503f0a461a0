#!/usr/bin/env python3
"""coverage.py BUILD [--missing[=PART]]: which lines and branches the tests ran; fails where too few.

BUILD, a folder of the checkout, was configured with clang and -DIMGVAL_COVERAGE=ON, and its tests were run. Readers count too:
they keep their counts in a map that the parent sees, so it does not matter that they may open no
file and end by _exit() or a signal. A branch is one outcome of one condition (`a && b` has four).

Prints a line for each folder, then every file that is below what is asked: LEAST_LINES everywhere;
in STRICT folders every line, and LEAST_BRANCHES of the branches. What cannot run stands in
CANNOT_RUN with the reason; an entry there that does run, or whose line is gone, is an error too.
--missing prints what was not run, as FILE:LINE: text; with a part, only files whose name holds it.
"""
import collections
import fnmatch
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
OURS = ("imgval/", "rules/", "cache/")
LEAST_LINES = 85
STRICT = ("rules", "imgval/engine", "imgval/model")
LEAST_BRANCHES = 95

# Lines that no test can run: (files, the line, why). Of two lines joined by " / " the second one is
# meant, right after the first.
CANNOT_RUN = [
    ("*", "iv_out_of_memory();", "memory runs out where tests/faults draws it, another place each time"),
    ("imgval/engine/engine.c", "case IV_SUBJECT_POLICY: / break;", "run_row() is not asked for these"),
    ("cache/store_sql.c", "return false;", "statements of ours: each compiles, or memory ran out"),
    ("rules/rules_signature.c", "} / return false;", "the switch before it returns for each of its cases"),
]


def code_lines(path):
    """The numbers of the lines that do something: not comments, braces and labels alone."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    return {number for number, line in enumerate(text.split("\n"), 1)
            if not re.fullmatch(r"[\s{}();]*|\s*(case [\w ]+|default):|#.*", line)}


def switch_lines(path):
    """Where no case is meant to be left over: a switch over an enum has no default here."""
    return {number for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
            if re.match(r"\s*switch \(", line)}


def programs(build):
    """The programs that left counts; the first one is the program itself."""
    found = [build / "imgval", *sorted(build.glob("tests/*"))]
    return [p for p in found if p.is_file() and p.open("rb").read(4) == b"\x7fELF" and p.suffix == ""]


def counts(build):
    """file -> (line -> count, (line, condition, outcome) -> count), from llvm-cov."""
    raw = sorted((build / "counts").glob("*.profraw"))
    if not raw:
        sys.exit(f"{build}: no counts: configure with clang and -DIMGVAL_COVERAGE=ON, run the tests")
    merged = build / "counts" / "all.profdata"
    subprocess.run(["llvm-profdata", "merge", "-o", merged, *raw], check=True)
    first, *others = programs(build)
    words = ["llvm-cov", "export", "-format=lcov", f"-instr-profile={merged}", str(first)]
    for other in others:
        words += ["-object", str(other)]
    done = subprocess.run(words, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=True)
    files = collections.defaultdict(lambda: ({}, {}))
    lines = branches = None
    for record in done.stdout.splitlines():
        word, _, rest = record.partition(":")
        if word == "SF":
            name = rest.removeprefix(build.name + "/")  # names are relative to where it was compiled
            if name.startswith(OURS) and name.endswith(".c"):
                lines, branches = files[name]
                code, switches = code_lines(TOP / name), switch_lines(TOP / name)
            else:
                lines = None
        elif lines is None:
            continue
        elif word == "DA":
            number, count = rest.split(",")[:2]
            if int(number) in code:
                lines[int(number)] = lines.get(int(number), 0) + int(count)
        elif word == "BRDA":
            number, block, outcome, count = rest.split(",")
            key = (int(number), block, outcome)
            if int(number) not in switches:
                branches[key] = branches.get(key, 0) + (int(count) if count != "-" else 0)
    return files


def part(numbers):
    numbers = list(numbers)
    return 100 * sum(1 for n in numbers if n > 0) / len(numbers) if numbers else 100.0


def excuse(files):
    """Takes what cannot run out of the counts. Returns what is wrong with the table itself."""
    wrong = []
    for pattern, text, _why in CANNOT_RUN:
        is_used = False
        for name in fnmatch.filter(files, pattern):
            lines, branches = files[name]
            source = [line.strip() for line in (TOP / name).read_text(encoding="utf-8").split("\n")]
            places = {n for n, line in enumerate(source, 1)
                      if text in (line, f"{source[n - 2]} / {line}")}
            for counted, idle in ((lines, [n for n in places if lines.get(n) == 0]),
                                  (branches, [k for k in branches if k[0] in places and branches[k] == 0])):
                is_used = is_used or bool(idle)
                for key in idle:
                    del counted[key]
        if not is_used:
            wrong.append(f"{pattern}: {text!r} of CANNOT_RUN does run, or is gone")
    return wrong


def print_missing(files, wanted):
    for name, (lines, branches) in sorted(files.items()):
        if wanted not in name:
            continue
        source = (TOP / name).read_text(encoding="utf-8").split("\n")
        if max(lines, default=0) > len(source):
            sys.exit(f"{name} was changed after it was built")
        for number in sorted(n for n, count in lines.items() if count == 0):
            print(f"{name}:{number}: {source[number - 1].strip()}")
        for number, block, outcome in sorted(k for k, count in branches.items() if count == 0):
            if lines.get(number, 1) > 0:
                side = "false" if int(outcome) % 2 else "true"
                print(f"{name}:{number}: condition {int(block) + 1} never {side}: {source[number - 1].strip()}")


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    missing = next((w.partition("=")[2] for w in sys.argv[1:] if w.startswith("--missing")), None)
    if len(words) != 1:
        sys.exit(__doc__)
    files = counts(pathlib.Path(words[0]).resolve())
    wrong = excuse(files)
    folders = collections.defaultdict(lambda: ([], []))
    for name, (lines, branches) in files.items():
        for place in (name.rpartition("/")[0], "all"):
            folders[place][0].extend(lines.values())
            folders[place][1].extend(branches.values())
    print(f"{'folder':24} {'lines':>7} {'ran':>7} {'branches':>9} {'taken':>7}")
    for name, (lines, branches) in sorted(folders.items(), key=lambda f: (f[0] == "all", f[0])):
        print(f"{name:24} {len(lines):7} {part(lines):6.1f}% {len(branches):9} {part(branches):6.1f}%")
        if name in STRICT and part(branches) < LEAST_BRANCHES:
            wrong.append(f"{name}: {part(branches):.1f} % of the branches; {LEAST_BRANCHES} % are asked")
    for name, (lines, _) in sorted(files.items()):
        least = 100 if name.rpartition("/")[0] in STRICT else LEAST_LINES
        if part(lines.values()) < least:
            wrong.append(f"{name}: {part(lines.values()):.1f} % of the lines; {least} % are asked")
    if missing is not None:
        print_missing(files, missing)
    print("\n".join(wrong) if wrong else "every file has what is asked")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
