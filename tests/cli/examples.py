#!/usr/bin/env python3
"""The configurations of man/examples do what they say: a stand-in for each build service runs their
commands in a workspace whose firmware passes, fails, or has no baseline.

    examples.py PROGRAM
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import yaml

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = TOP / "man/examples"
STORY = TOP / "testdata/story"

# Situation: the firmware, the phone whose baselines are kept, the exit status of a scan.
SITUATIONS = {"pass": ("v2", "CONTOSO", 0), "fail": ("v4", "CONTOSO", 1),
              "no baseline": ("v2", "FABRIKAM", 3)}


class Workspace:
    """A checkout of the users': firmware, recorded baselines, a place for temporary files."""

    def __init__(self, program, place, situation):
        firmware, phone, self.status = SITUATIONS[situation]
        self.top = pathlib.Path(place)
        self.temp = self.top / "temp"
        self.temp.mkdir()
        (self.top / "bin").mkdir()
        (self.top / "bin/imgval").symlink_to(program)
        shutil.copytree(STORY / firmware, self.top / "firmware")
        shutil.copy(EXAMPLES / "code-quality.jq", self.top)
        self.env = {"PATH": f"{self.top}/bin:{os.environ.get('PATH', '/usr/bin:/bin')}",
                    "HOME": str(self.top), "LC_ALL": "C.UTF-8", "CI": "true"}
        store = f"--cache={self.top}/made.db"
        for version in ("v1", "v3"):
            self.shell(f"imgval cache add {store} --baseline --manufacturer={phone} {STORY}/{version}")
        self.shell(f"imgval cache export {store} >baselines.jsonl")

    def shell(self, script, env=None, wanted=0):
        """Runs a script as build services do; its standard output."""
        done = subprocess.run(["bash", "-e", "-c", script], cwd=self.top, text=True, check=False,
                              env=dict(self.env, **(env or {})), capture_output=True)
        assert done.returncode == wanted, \
            f"exit status {done.returncode}, not {wanted}: {script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def read(self, name):
        return (self.top / name).read_text(encoding="utf-8")


def expressions(text, values):
    """${{ NAME }} of GitHub, $(NAME) of Azure."""
    for name, value in values.items():
        text = re.sub(r"\$\{\{ *" + re.escape(name) + r" *\}\}", value, text)
        text = text.replace(f"$({name})", value)
    return text


def load(name):
    return yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))


def check_junit(place, name):
    suites = xml.etree.ElementTree.parse(place.top / name).getroot()
    failures = suites.findall(".//failure") + suites.findall(".//error")
    assert bool(failures) == (place.status != 0), f"{len(failures)} failures"


def github_workflow(place):
    job = load("github-workflow.yml")["jobs"]["imgval"]
    values = {"runner.temp": str(place.temp)}
    env = {name: expressions(value, values) for name, value in job["env"].items()}
    env["GITHUB_STEP_SUMMARY"] = str(place.temp / "summary.md")
    steps = [step for step in job["steps"] if "run" in step]
    assert len(steps) == 1
    out = place.shell(expressions(steps[0]["run"], values), env, place.status)
    assert ("::error" in out) == (place.status == 1), out
    kept = [step for step in job["steps"] if step.get("if") == "always()"]
    for step in kept:
        name = step["with"].get("sarif_file") or step["with"]["path"]
        assert place.read(name), name
    json.loads(place.read("imgval.sarif"))
    assert "imgval" in (place.temp / "summary.md").read_text()


def github_action(place):
    action = load("action.yml")
    step = action["runs"]["steps"][0]
    values = {"runner.temp": str(place.temp), "inputs.path": "firmware",
              "inputs.baselines": "baselines.jsonl",
              "inputs.options": action["inputs"]["options"]["default"]}
    env = {name: expressions(value, values) for name, value in step["env"].items()}
    env.update(GITHUB_STEP_SUMMARY=str(place.temp / "summary.md"),
               GITHUB_OUTPUT=str(place.temp / "output"))
    place.shell(step["run"], env, place.status)
    verdict = {0: "pass", 1: "fail", 3: "incomplete"}[place.status]
    assert (place.temp / "output").read_text() == f"verdict={verdict}\n"
    assert json.loads(place.read("imgval.json"))["verdict"] == verdict


def gitlab(place):
    job = load("gitlab-ci.yml")["imgval"]
    env = {name: value.replace("$CI_PROJECT_DIR", str(place.top))
           for name, value in job["variables"].items()}
    place.shell("\n".join(job["before_script"] + job["script"]), env, place.status)
    place.shell("\n".join(job["after_script"]), env)
    reports = job["artifacts"]["reports"]
    check_junit(place, reports["junit"])
    found = json.loads(place.read(reports["codequality"]))
    for entry in found:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= set(entry)
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"]["path"] and entry["location"]["lines"]["begin"] == 1
    assert len({entry["fingerprint"] for entry in found}) == len(found)
    assert any(entry["severity"] == "blocker" for entry in found) == (place.status == 1)
    assert place.read(job["artifacts"]["paths"][0])


def azure(place):
    pipeline = load("azure-pipelines.yml")
    values = {"Agent.TempDirectory": str(place.temp)}
    env = {name: expressions(value, values) for name, value in pipeline["variables"].items()}
    script, publish, keep = pipeline["steps"]
    out = place.shell(script["script"], env, place.status)
    assert ("##vso[" in out) == (place.status != 0), out
    check_junit(place, publish["inputs"]["testResultsFiles"])
    assert place.read(keep["publish"])


def jenkins(place):
    text = (EXAMPLES / "Jenkinsfile").read_text(encoding="utf-8")
    store = re.search(r'IMGVAL_CACHE = "\$\{env\.WORKSPACE_TMP\}/(.*?)"', text).group(1)
    env = {"IMGVAL_CACHE": str(place.temp / store)}
    place.shell(re.search(r"sh '(imgval cache import .*?)'", text).group(1), env)
    place.shell(re.search(r"'''(.*?)'''", text, re.S).group(1).replace("\\\\", "\\"), env,
                place.status)
    check_junit(place, re.search(r"testResults: '(.*?)'", text).group(1))
    assert place.read(re.search(r"artifacts: '(.*?)'", text).group(1))


def pre_commit(place):
    hook = load("pre-commit-config.yaml")["repos"][0]["hooks"][0]
    assert re.search(hook["files"], "firmware/Contoso.spkg") and hook["language"] == "system"
    place.shell(hook["entry"]) # the set as such; no baseline is asked for
    (place.top / "firmware/Contoso.Broken.spkg").write_text("no cabinet")
    place.shell(hook["entry"], wanted=1)


def main():
    program = os.path.abspath(sys.argv[1])
    passed = failed = 0
    for run in (github_workflow, github_action, gitlab, azure, jenkins, pre_commit):
        for situation in SITUATIONS:
            with tempfile.TemporaryDirectory() as place:
                try:
                    run(Workspace(program, place, situation))
                    passed += 1
                except AssertionError as error:
                    failed += 1
                    print(f"FAILED {run.__name__}, {situation}: {error}")
    tested = {"README.md", "github-workflow.yml", "action.yml", "gitlab-ci.yml", "code-quality.jq",
              "azure-pipelines.yml", "Jenkinsfile", "pre-commit-config.yaml",
              "imgval-policy.xml",  # by policy.py
              "Imgval.psm1"}  # needs PowerShell; says itself that nothing runs it
    for path in EXAMPLES.iterdir():
        if path.name not in tested:
            failed += 1
            print(f"FAILED {path.name}: an example that no test runs")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
