#!/usr/bin/env python3
"""Runs the cases of testdata/cases: text recipes with what a scan of them must find.

A case is one file NAME.case in a folder named after the rule that it is about:

    about: what it shows, one sentence
    setup: cache add --baseline v1      (may repeat; runs before; must exit 0, or setup[N]: N)
    env: CI=true                        (may repeat)
    needs: user                         (skipped for root: permissions do not bind it)
    scan: --no-wspc tree                (arguments of imgval scan; relative to the built tree)
    exit: 1
    verdict: fail                       (optional)
    outcome: STD001 failed              (may repeat: the rule's outcome over all subjects)
    finding: STD001 key=x actual="0.0.0.0"   (may repeat: one finding with these members)
    count: STD001 1                     (exactly so many findings of the rule)
    no: STD002                          (no finding of the rule)
    text: ...                           (the text report holds this)
    stderr: ...                         (standard error holds this)
    recipe:
    ... the rest is the recipe, see mkfixture --help

Lines of the recipe that are ours, for images:

    %dsm FOLDER NAME [KEY=VALUE...]         a manifest as a device holds it: FOLDER/NAME.dsm.xml of the
                                            package Owner.Component[.SubComponent]; keys: partition,
                                            version, owner_type, binary (true)
    %volume KIND SIZE TREE FILE [OPTION...] what stands before was built in a place of its own, and
                                            TREE in it becomes the volume FILE (mkvolume --help); the
                                            rest of the recipe finds it as ../parts/FILE. One
                                            option of ours: --replace=OLD=NEW puts the bytes NEW
                                            over OLD, wherever they stand in the volume
    %installed FOLDER TREE [change=NAME]    the extracted package FOLDER (payload=true) of what stands
                                            before moves into the TREE of a volume, to where a
                                            device has its files: manifest, catalog and payload. The
                                            last byte of the file NAME is another one then
    %hive FILE [--dirty] KEY [NAME=VALUE...]...       a registry hive, see tests/disk/mkhive.py
    %zip FILE FOLDER [OPTION...]            once the tree is built, FOLDER becomes the zip archive FILE
                                            and is gone; options as in tests/cases/mkzip.py
    %tar FILE FOLDER [OPTION...]            the same as a tar archive, see tests/cases/mktar.py
    %signer FILE                            a new key with its certificate, as ../FILE

Members of a finding are compared as text; missing or null is written as null; variant is written
oem/operator/model; `message~=text` and `remedy~=text` look for a part.

Every case runs with one, three and no reader processes: the JSON must be the same bytes, and valid
against the shipped schema; no rule that passed has a finding. `imgval explain` must know the findings
by their messages.
"""
import argparse
import concurrent.futures
import importlib.util
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, TOP / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_validator():
    return load("validate", "tests/report/validate.py")


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def parse(path):
    case = {"about": None, "needs": None, "setup": [], "env": {}, "scan": None, "exit": None, "verdict": None,
            "outcome": [], "finding": [], "count": [], "no": [], "text": [], "stderr": []}
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise Failure(f"line {number + 1}: expected NAME: VALUE")
        value = value.strip()
        if name == "recipe":
            case["recipe"] = "\n".join(lines[number + 1:])
            return case
        if name.startswith("setup"):
            wanted = int(name[6:-1]) if name != "setup" else 0
            case["setup"].append((wanted, shlex.split(value)))
        elif name == "env":
            key, _, val = value.partition("=")
            case["env"][key] = val
        elif name in ("outcome", "count"):
            case[name].append(value.split())
        elif name == "finding":
            case[name].append(shlex.split(value))
        elif name in ("no", "text", "stderr"):
            case[name].append(value)
        elif name in case:
            case[name] = value
        else:
            raise Failure(f"line {number + 1}: unknown member {name}")
    raise Failure("no recipe")


def run(program, words, cwd, env):
    return subprocess.run([program, *words], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=600, check=False)


def member(finding, name):
    value = finding.get(name)
    if name == "variant" and value is not None:
        return "/".join((value["oem"], value["operator"], value["model"]))
    if name == "baseline" and value is not None:
        return value["version"]
    if name == "packages" and value is not None:
        return ",".join(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def matches(finding, wanted):
    if finding["id"] != wanted[0]:
        return False
    for condition in wanted[1:]:
        name, _, value = condition.partition("=")
        if name.endswith("~"):
            if value not in member(finding, name[:-1]):
                return False
        elif member(finding, name) != value:
            return False
    return True


def check_report(case, report):
    findings = [f for s in report["submissions"] for f in s["findings"]]
    outcomes = [o for s in report["submissions"] for o in s["outcomes"]]
    for submission in report["submissions"]:
        found = {f["id"] for f in submission["findings"]}
        for outcome in submission["outcomes"]:
            if outcome["id"] in found and outcome["outcome"] in ("passed", "not-applicable"):
                raise Failure(f"{outcome['id']} is {outcome['outcome']} and has a finding")
    if case["verdict"] is not None and report["verdict"] != case["verdict"]:
        raise Failure(f"verdict {report['verdict']}, expected {case['verdict']}")
    for rule, wanted in case["outcome"]:
        seen = [o["outcome"] for o in outcomes if o["id"] == rule]
        if seen != [wanted] * len(seen) or not seen:
            raise Failure(f"outcome of {rule} is {seen}, expected {wanted}")
    for wanted in case["finding"]:
        if sum(matches(f, wanted) for f in findings) != 1:
            raise Failure(f"{sum(matches(f, wanted) for f in findings)} findings match "
                          f"{' '.join(wanted)}, expected one")
    for rule, count in case["count"]:
        seen = sum(f["id"] == rule for f in findings)
        if seen != int(count):
            raise Failure(f"{seen} findings of {rule}, expected {count}")
    for rule in case["no"]:
        if any(f["id"] == rule for f in findings):
            raise Failure(f"a finding of {rule}")


def shown(done):
    return f"\n  stdout: {done.stdout.decode(errors='replace')[-1500:]}" \
           f"\n  stderr: {done.stderr.decode(errors='replace')[-600:]}"


DSM = """file %(path)s <<END
<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">
  <Identity>
    <Owner>%(owner)s</Owner>
    <Component>%(component)s</Component>
    %(sub)s
    <Version Major="%(v0)s" Minor="%(v1)s" QFE="%(v2)s" Build="%(v3)s" />
  </Identity>
  <ReleaseType>Production</ReleaseType>
  <OwnerType>%(owner_type)s</OwnerType>
  <BuildType>Retail</BuildType>
  <CpuType>ARM</CpuType>
  <Partition>%(partition)s</Partition>
  <IsRemoval>false</IsRemoval>
  <Files>
    <FileEntry>
      <FileType>%(type)s</FileType>
      <DevicePath>\\Windows\\System32\\%(name)s.bin</DevicePath>
      <CabPath>1_file.bin</CabPath>
      <FileSize>1024</FileSize>
    </FileEntry>
  </Files>
</Package>
END"""


def installed_manifest(words):
    folder, name, *rest = words
    keys = {"partition": "MainOS", "version": "1.0.0.1", "owner_type": "OEM", "binary": "false"}
    for word in rest:
        key, _, value = word.partition("=")
        if key not in keys:
            raise Failure(f"%dsm: {word}")
        keys[key] = value
    owner, component, *sub = name.split(".", 2)
    version = keys["version"].split(".")
    return DSM % {
        "path": f"{folder}/{name}.dsm.xml", "name": name, "owner": owner, "component": component,
        "sub": f"<SubComponent>{sub[0]}</SubComponent>" if sub else "<SubComponent />",
        "v0": version[0], "v1": version[1], "v2": version[2], "v3": version[3],
        "owner_type": keys["owner_type"], "partition": keys["partition"],
        "type": "BinaryPartition" if keys["binary"] == "true" else "Regular"}


def hive_file(words):
    """The line of a recipe that makes the hive."""
    path, *rest = words
    pairs = []
    is_dirty = rest[0] == "--dirty"
    rest = rest[is_dirty:]
    for word in rest:
        name, equals, value = word.partition("=")
        if equals:
            pairs[-1][1][name] = value
        else:
            pairs.append((word, {}))
    content = load("mkhive", "tests/disk/mkhive.py").build(pairs, is_dirty)
    return f"file {path} hex <<END\n{content.hex()}\nEND"


CATALOGS = "Windows/System32/catroot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}"


def install(place, folder, tree, *options):
    """By the manifest, as the image builder does it."""
    package = place / folder
    entries = [{child.tag.rpartition("}")[2]: child.text for child in entry}
               for entry in xml.etree.ElementTree.parse(package / "man.dsm.xml").iter()
               if entry.tag.rpartition("}")[2] == "FileEntry"]
    name = package.name
    for entry in entries:
        target = entry["DevicePath"].replace("\\", "/").lstrip("/")
        if entry["FileType"] == "Manifest":
            target = f"Windows/Packages/DsmFiles/{name}.dsm.xml"
        elif entry["FileType"] == "Catalog":
            target = f"{CATALOGS}/{name}.cat"
        target = place / tree / target
        target.parent.mkdir(parents=True, exist_ok=True)
        content = bytearray((package / entry["CabPath"]).read_bytes())
        if f"change={target.name}" in options:
            content[-1] ^= 1
        target.write_bytes(content)
    shutil.rmtree(package)


def make_signer(place, name):
    if shutil.which("openssl") is None:
        raise Skip
    made = run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "36500", "-subj",
                           "/O=Example/CN=Example Signing", "-keyout", "key", "-out", "certificate"],
               place, os.environ)
    if made.returncode != 0:
        raise Failure("no key" + shown(made))
    (place / name).write_text((place / "key").read_text() + (place / "certificate").read_text())


def replace_bytes(path, replacements):
    content = path.read_bytes()
    for replacement in replacements:
        old, new = (part.encode("latin-1") for part in replacement.split("=")[1:])
        if len(old) != len(new) or old not in content:
            raise Failure(f"{path.name} has no such bytes, or not as many: {replacement}")
        content = content.replace(old, new)
    path.write_bytes(content)


def build(recipe, builder, volume, place):
    """Builds place/tree; what is to be put into volumes is built in place/parts."""
    lines, volumes, archives, installed = [], [], [], []
    parts = None
    for line in recipe.split("\n"):
        if line.startswith("%dsm "):
            lines.append(installed_manifest(shlex.split(line)[1:]))
        elif line.startswith("%hive "):
            lines.append(hive_file(shlex.split(line)[1:]))
        elif line.startswith("%installed "):
            installed.append(shlex.split(line)[1:])
        elif line.startswith("%signer "):
            make_signer(place, line.split()[1])
        elif line.startswith(("%zip ", "%tar ")):
            archives.append(shlex.split(line[1:]))
        elif line.startswith("%volume "):
            volumes.append(shlex.split(line)[1:])
            parts, lines = (parts or []) + lines, []
        else:
            lines.append(line)
    for name, text in (("parts", parts), ("tree", lines)):
        if text is None:
            continue
        (place / "recipe").write_text("\n".join(text) + "\n", encoding="utf-8")
        built = run(builder, [str(place / "recipe"), str(place / name)], place, os.environ)
        if built.returncode != 0:
            raise Failure("the recipe cannot be built" + shown(built))
        for words in installed if name == "parts" else []:
            install(place / name, *words)
        for kind, size, tree, file, *options in volumes if name == "parts" else []:
            (place / name / file).parent.mkdir(parents=True, exist_ok=True)
            replacements = [o for o in options if o.startswith("--replace=")]
            options = [o for o in options if not o.startswith("--replace=")]
            made = run(volume, [*options, kind, size, tree, file], place / name, os.environ)
            if made.returncode == 77:
                raise Skip
            if made.returncode != 0:
                raise Failure(f"the volume {file} cannot be made" + shown(made))
            replace_bytes(place / name / file, replacements)
    for kind, file, folder, *options in archives:
        maker = load(f"mk{kind}", f"tests/cases/mk{kind}.py")
        maker.make(place / "tree" / file, place / "tree" / folder, options)
        shutil.rmtree(place / "tree" / folder)


def check_explained(report, program, place, env):
    """The message of a finding, pasted into `imgval explain`, finds its rule; one for each rule."""
    site = {rule["id"] for rule in report.get("site_rules", [])}
    findings = [f for s in report["submissions"] for f in s["findings"] if f["id"] not in site]
    for rule, finding in {f["id"]: f for f in findings}.items():
        done = run(program, ["explain", "--", finding["message"]], place, env)
        if done.stdout.split()[:1] != [rule.encode()]:
            raise Failure(f"explain does not know the message of {rule}: {finding['message']}" + shown(done))


def run_case(path, program, builder, volume, validator, once):
    case = parse(path)
    for name in ("about", "scan", "exit"):
        if case[name] is None:
            raise Failure(f"no {name}:")
    if case["needs"] == "user" and os.geteuid() == 0:
        raise Skip
    place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-case-"))
    try:
        build(case["recipe"], builder, volume, place)
        env = {k: v for k, v in os.environ.items() if k not in ("CI", "IMGVAL_CACHE", "NO_COLOR")}
        env.update(HOME=str(place), XDG_DATA_HOME=str(place / "data"), LC_ALL="C.UTF-8",
                   SOURCE_DATE_EPOCH="1480000000")
        env.update(case["env"])
        for wanted, words in case["setup"]:
            done = run(program, words, place / "tree", env)
            if done.returncode != wanted:
                raise Failure(f"setup {' '.join(words)}: exit status {done.returncode}, expected "
                              f"{wanted}" + shown(done))
        outputs = []
        words = shlex.split(case["scan"])
        if any(w.startswith("--reader-fault") for w in words):
            program = os.path.join(os.path.dirname(builder), "imgval-faulty")
        for jobs in ("1",) if once else ("1", "3", "0"):
            if jobs == "0" and any(w.startswith("--reader-fault") for w in words):
                continue
            done = run(program, ["scan", "--format=json", "-j", jobs, *words], place / "tree", env)
            if done.returncode != int(case["exit"]):
                raise Failure(f"exit status {done.returncode}, expected {case['exit']} "
                              f"(-j {jobs})" + shown(done))
            outputs.append(done.stdout)
        if any(o != outputs[0] for o in outputs):
            raise Failure("the report depends on the number of reader processes")
        for part in case["stderr"]:
            if part not in done.stderr.decode(errors="replace"):
                raise Failure(f"standard error lacks {part!r}" + shown(done))
        if int(case["exit"]) != 2:
            (place / "report.json").write_bytes(outputs[0])
            try:
                validator.check(str(place / "report.json"), False)
            except (validator.Bad, ValueError, IndexError, ZeroDivisionError) as failure:
                raise Failure(f"the report is not valid: {failure}" + shown(done)) from failure
            try:
                check_report(case, json.loads(outputs[0]))
                if not once:
                    check_explained(json.loads(outputs[0]), program, place, env)
            except Failure as failure:
                raise Failure(str(failure) + shown(done)) from failure
        text = run(program, ["scan", *words], place / "tree", env).stdout.decode("utf-8")
        for part in case["text"]:
            if part not in text:
                raise Failure(f"the text report lacks {part!r}\n{text}")
    finally:
        for folder, _, _ in os.walk(place): # a case may have taken away a folder's permissions
            os.chmod(folder, 0o700)
        shutil.rmtree(place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--builder", required=True)
    parser.add_argument("--volumes", help="mkvolume; default: beside the builder")
    parser.add_argument("--cases", default=str(TOP / "testdata/cases"))
    parser.add_argument("--once", action="store_true",
                        help="one run of each case, with one reader process, and no explain: to count lines")
    parser.add_argument("names", nargs="*", help="only cases whose path holds one of these")
    given = parser.parse_args()
    validator = load_validator()
    paths = sorted(pathlib.Path(given.cases).glob("*/*.case"))
    if given.names:
        paths = [p for p in paths if any(n in str(p) for n in given.names)]
    program, builder = (os.path.abspath(p) for p in (given.program, given.builder))
    volume = os.path.abspath(given.volumes or os.path.join(os.path.dirname(builder), "mkvolume"))

    def attempt(path):
        try:
            run_case(path, program, builder, volume, validator, given.once)
            return None
        except Skip:
            return Skip
        except (Failure, subprocess.TimeoutExpired, json.JSONDecodeError, UnicodeDecodeError,
                ValueError) as failure:
            return str(failure)

    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for path, failure in zip(paths, pool.map(attempt, paths)):
            if failure is Skip:
                skipped += 1
            elif failure is not None:
                failed += 1
                print(f"FAILED {path.parent.name}/{path.stem}: {failure}")
    print(f"{len(paths) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
