#!/usr/bin/env python3
"""Real files, read by imgval and by others: every cabinet in $IMGVAL_REAL/cab and every manifest in
$IMGVAL_REAL/mum must show the name, version, partition, flags and file list that cabextract and
xmllint show; every hive in $IMGVAL_REAL/hive the names, types and texts of values that its .list.txt
names. Where IMGVAL_REAL is not set, ../shared/real beside the checkout stands for it; exit status 77
(skipped) where neither is there. (Registry files and further XML: tests/documents/agree.py.)"""
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
KEYS_MAX = 30  # of one hive


def xpath(manifest, expression):
    done = subprocess.run(["xmllint", "--xpath", expression, "-"], input=manifest,
                          capture_output=True, check=False)
    return done.stdout.decode("utf-8").rstrip("\n")



def facts(manifest):
    """What xmllint says of an update.mum."""
    root = "/*[local-name()='assembly']"
    package = f"{root}/*[local-name()='package']"
    files = f"{package}/*[local-name()='customInformation']/*[local-name()='file']"
    get = lambda e: xpath(manifest, f"string({e})")
    return {
        "identity_name": get(f"{root}/*[local-name()='assemblyIdentity']/@name"),
        "version": get(f"{root}/*[local-name()='assemblyIdentity']/@version"),
        "identifier": get(f"{package}/@identifier"),
        "partition": get(f"{package}/@targetPartition"),
        "binary_partition": get(f"{package}/@binaryPartition").lower() == "true",
        "removal": xpath(manifest, f"count({package}/*[local-name()='recall'])") != "0",
        "owner_type": get(f"{package}/*[local-name()='customInformation']"
                          f"/*[local-name()='phoneInformation']/@phoneOwnerType"),
        "file_count": int(xpath(manifest, f"count({files})")),
        # not sum(): xmllint prints it rounded
        "total_size": sum(int(n) for n in re.findall(r'"(\d+)"', xpath(manifest,
                                                                       f"{files}/@size"))),
    }


def inspect(program, path):
    done = subprocess.run([program, "inspect", "--format=json", path], capture_output=True,
                          check=False)
    report = json.loads(done.stdout)
    return done.returncode, report["packages"][0], report["faults"]


def compare(program, path, manifest, problems):
    status, package, faults = inspect(program, path)
    if status != 0 or faults:
        problems.append(f"{path.name}: exit status {status}, faults {faults}")
        return
    for name, wanted in facts(manifest).items():
        if package[name] != wanted:
            problems.append(f"{path.name}: {name} is {package[name]!r}, xmllint says {wanted!r}")
    stem = path.name
    for end in (".cab", ".mum"):
        stem = stem.removesuffix(end)
    if path.suffix == ".cab" and package["key"] != stem.split("~")[0].lower():
        problems.append(f"{path.name}: key {package['key']!r}")


def listed_values(listing):
    """Of each key the values as volcat prints them; None for a text that is not compared."""
    keys = {}
    for line in listing.read_text(encoding="utf-8").split("\n"):
        kind, *fields = line.split("\t")
        if kind == "key":
            keys.setdefault(fields[0], [])
        elif kind == "value":
            path, name, number, _, _, text = fields
            is_text = number in ("1", "2") and text != "(other)"
            text = urllib.parse.unquote(text).split("\0")[0] if is_text else "(other)"
            keys.setdefault(path, []).append((urllib.parse.unquote(name), number, text))
    return keys


def compare_hive(volcat, packed, problems):
    listing = packed.with_name(packed.name.removesuffix(".gz") + ".list.txt")
    keys = {path: values for path, values in listed_values(listing).items() if values and "%" not in path}
    with tempfile.NamedTemporaryFile() as file:
        file.write(gzip.decompress(packed.read_bytes()))
        file.flush()
        for path in list(keys)[:KEYS_MAX]:
            done = subprocess.run([volcat, "--hive", path, file.name], capture_output=True, check=False)
            lines = done.stdout.decode("utf-8").split("\n")
            if any(line.startswith("trouble") for line in lines):
                continue  # what is damaged is said to be: no other value is shown
            got = sorted(line for line in lines if line.startswith("value "))
            wanted = sorted(f"value {name} {number} {text}" for name, number, text in keys[path]
                            if "\n" not in name + text)
            if got != wanted:
                problems.append(f"{packed.name}, key '{path}': {got[:3]}, listed are {wanted[:3]}")


def main():
    program, volcat = map(os.path.abspath, sys.argv[1:3])
    real = pathlib.Path(os.environ.get("IMGVAL_REAL") or TOP.parent / "shared/real")
    if not real.is_dir():
        print("no real files: IMGVAL_REAL is not set, and there are none beside the checkout: skipped")
        return 77
    problems = []
    cabs = sorted((real / "cab").glob("*.cab"))
    mums = sorted((real / "mum").glob("*.mum"))
    for cab in cabs:
        manifest = subprocess.run(["cabextract", "-q", "-p", "-F", "update.mum", cab],
                                  capture_output=True, check=True).stdout
        compare(program, cab, manifest, problems)
    for mum in mums:
        compare(program, mum, mum.read_bytes(), problems)
    hives = sorted((real / "hive").glob("*.gz"))
    for hive in hives:
        compare_hive(volcat, hive, problems)
    # The binary-partition packages among them lie in raw partitions: rules 3 to 5 pass.
    done = subprocess.run([program, "scan", "--type=partial", "--context-free", "--format=json",
                           real / "mum"], capture_output=True, check=False)
    report = json.loads(done.stdout)["submissions"][0]
    binary = sum(p["binary_partition"] for p in report["packages"])
    outcomes = {o["id"]: o["outcome"] for o in report["outcomes"]}
    for rule in ("STD001", "STD002", "STD003", "STD004", "STD005"):
        if outcomes[rule] != "passed":
            problems.append(f"{rule} is {outcomes[rule]} on the real manifests")
    if binary != 18:
        problems.append(f"{binary} binary-partition packages, expected 18")
    for problem in problems:
        print(problem)
    total = len(cabs) + len(mums) + len(hives) + 6
    print(f"{total - len(problems)} passed, {len(problems)} failed")
    return 1 if problems or not cabs or not mums else 0


if __name__ == "__main__":
    sys.exit(main())
