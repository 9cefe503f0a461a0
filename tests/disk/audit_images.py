#!/usr/bin/env python3
"""A history whose versions lie in different forms: a WIM, an FFU, an installed
tree, and a damaged image. The audit compares them as if they were folders of packages, and streams
of their scans give the same bytes.

    audit_images.py --program imgval --builder mkfixture --volumes mkvolume
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import images


def install_version(test, number, dropped):
    packages = [(style, name, words, block.replace("3012.0.1610.4", f"3012.0.1610.{number}"))
                for style, name, words, block in images.PACKAGES
                if name not in (dropped, "Contoso.Modem.UpdateOS")]
    test.recipe(images.recipe_of(packages, "/"), f"loose{number}")
    images.install(test, f"loose{number}", [p[1] for p in packages], test.place / f"main{number}")


def build(test):
    for number, dropped in ((1, None), (2, "Contoso.Old.MainOS"), (3, None)):
        install_version(test, number, dropped)
    for number in (1, 2, 4):
        (test.place / f"history/v{number}").mkdir(parents=True)
    test.tool(test.volumes, "wim-xpress", "0", "main1", "history/v1/phone.wim")
    test.tool(test.volumes, "ntfs", "24M", "main2", "phone.img")
    test.recipe(images.SMALL % {"name": "phone", "place": test.place, "more": ""}, "history/v2")
    shutil.move(test.place / "main3", test.place / "history/v3")
    whole = (test.place / "history/v2/phone.ffu").read_bytes()
    (test.place / "history/v4/phone.ffu").write_bytes(whole[:len(whole) // 2])


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "builder", "volumes"):
        parser.add_argument(f"--{name}", required=True)
    with tempfile.TemporaryDirectory(prefix="imgval-audit-") as place:
        test = images.Test(parser.parse_args(), pathlib.Path(place).resolve())
        build(test)
        listed = test.run("audit", "--list", "history").stdout.decode().split()
        test.check(listed == [f"history/v{n}" for n in (1, 2, 3, 4)], f"found: {listed}")
        done = test.run("audit", "--format=json", "history")
        test.check(done.returncode == 1, f"a package without a version fails: {done.returncode}")
        answer = json.loads(done.stdout)
        test.check(answer["counts"]["not_judged"] == 1 and
                   answer["not_in_full"][0]["path"] == "history/v4/phone.ffu",
                   f"the damaged image is not judged: {answer['not_in_full']}")
        variant = answer["variants"][0]
        judged = [v for v in variant["versions"] if v["state"] == "judged"]
        test.check([v["kind"] for v in judged] == ["wim", "ffu", "directory"],
                   f"kinds {[v['kind'] for v in judged]}")
        test.check([(s["compliant"], s["missing"]) for s in variant["steps"]] ==
                   [(False, ["Contoso.Old.MainOS"]), (True, [])], f"steps {variant['steps']}")
        reported = [u["path"] for u in answer["unjudged"]] + \
               [v["path"] for v in variant["versions"] if v["state"] != "judged"]
        test.check(reported == ["history/v4/phone.ffu"], f"not judged: {reported}")
        with open(test.place / "stream.jsonl", "wb") as out:
            subprocess.run([test.program, "scan", "--no-wspc", "--format=jsonl", *listed],
                           cwd=test.place, env=test.env, stdout=out, check=False)
        again = test.run("audit", "--format=json", "stream.jsonl").stdout
        test.check(again == done.stdout, "the stream gives the same audit")
        print("FAILED" if test.failed else "all is well")
        return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
