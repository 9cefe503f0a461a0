#!/usr/bin/env python3
"""old_store.py IMGVAL MKFIXTURE: a store that an earlier version wrote (testdata/store/schema-1.db)
is read as it stands, judged by as before, exported as before, and migrated by what writes to it."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).resolve().parent.parent.parent / "testdata/store"
POP = ["--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88"]
OEM_INPUT = """<?xml version="1.0" encoding="utf-8"?>
<OEMInput xmlns="http://schemas.microsoft.com/embedded/2004/10/ImageUpdate">
<SOC>S</SOC><Device>D</Device><ReleaseType>Production</ReleaseType><BuildType>fre</BuildType>
<Features><Microsoft><Feature>STANDARD_FEATURE_1</Feature></Microsoft></Features></OEMInput>
"""


class Place:
    def __init__(self, program, folder):
        self.program, self.folder, self.failed, self.checked = program, folder, 0, 0

    def check(self, good, what):
        self.checked += 1
        if not good:
            self.failed += 1
            print(f"FAILED: {what}")

    def run(self, *words, status=0):
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "LC_ALL": "C.UTF-8"}
        environment.pop("IMGVAL_CACHE", None)
        environment.pop("CI", None)
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True,
                              env=environment, check=False)
        self.check(done.returncode == status,
                   f"{' '.join(words)}: exit {done.returncode}, not {status}\n"
                   f"{done.stderr.decode()}")
        return done.stdout

    def lines(self, store):
        return [json.loads(line) for line in
                self.run("cache", "export", f"--cache={store}").splitlines()]


def is_within(old, new):
    """Members may be added, none may change."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(k in new and is_within(v, new[k]) for k, v in old.items())
    if isinstance(old, list):
        return isinstance(new, list) and len(old) == len(new) and all(map(is_within, old, new))
    return old == new


def check_reading(place, wanted):
    before = (place.folder / "old.db").read_bytes()
    lines = place.lines("old.db")
    place.check(is_within(wanted, lines), "the export is what the earlier version exported")
    place.run("cache", "verify", "--cache=old.db")
    place.run("cache", "list", "--cache=old.db")
    report = json.loads(place.run("scan", "--cache=old.db", "--format=json", *POP,
                                  "--firmware-version=1.0.0.4", "v4"))["submissions"][0]
    found = {f["id"]: f for f in report["findings"]}
    place.check("WSPC002" in found and found["WSPC002"]["packages"] == ["Contoso.Camera.MainOS"] and
                found["WSPC002"]["baseline"]["id"] == wanted[1]["id"],
                "a submission is judged as before")
    place.check("SVC001" not in found and "SVC005" not in found,
                "what the store does not know is no finding")
    place.check((place.folder / "old.db").read_bytes() == before, "reading changes nothing")


def check_writing(place, wanted):
    shutil.copy(place.folder / "old.db", place.folder / "new.db")
    (place.folder / "v3/OEMInput.xml").write_text(OEM_INPUT, encoding="utf-8")
    place.run("cache", "add", "--cache=new.db", *POP, "--firmware-version=1.0.0.3", "v3")
    with sqlite3.connect(place.folder / "new.db") as store:
        place.check(store.execute("PRAGMA user_version").fetchone()[0] > 1, "a writer migrates")
    lines = place.lines("new.db")
    place.check(is_within(wanted, lines), "nothing recorded is changed by the migration")
    added = [line for line in lines if line.get("firmware_version") == "1.0.0.3"]
    place.check(added[0].get("features") == ["standard_feature_1"],
                "a submission that is added again gains its features")
    place.run("cache", "verify", "--cache=new.db")
    shutil.copy(place.folder / "old.db", place.folder / "other.db")
    place.run("cache", "merge", "--cache=other.db", "new.db")
    place.check(place.lines("other.db") == lines, "a merge carries them")
    (place.folder / "b.jsonl").write_bytes(place.run("cache", "export", "--cache=new.db"))
    place.run("cache", "import", "--cache=third.db", "b.jsonl")
    place.check(place.lines("third.db") == lines, "export and import carry them")
    place.run("cache", "import", "--cache=fourth.db", str(DATA / "schema-1.jsonl"))
    place.check(is_within(wanted, place.lines("fourth.db")), "an earlier export is imported")


def main():
    program, builder = map(os.path.abspath, sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="imgval-old-") as folder:
        place = Place(program, pathlib.Path(folder))
        place.folder.rmdir()
        subprocess.run([builder, DATA / "schema-1.recipe", folder], check=True)
        shutil.copy(DATA / "schema-1.db", place.folder / "old.db")
        wanted = [json.loads(line) for line in (DATA / "schema-1.jsonl").read_bytes().splitlines()]
        check_reading(place, wanted)
        check_writing(place, wanted)
    print(f"{place.checked} checks, {place.failed} failed")
    return 1 if place.failed else 0


if __name__ == "__main__":
    sys.exit(main())
