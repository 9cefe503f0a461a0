#!/usr/bin/env python3
"""The session that README.md shows is a true one: its commands print what stands there.

    readme.py PROGRAM             compares
    readme.py PROGRAM --write     writes what they print into README.md
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def session():
    """Pairs of command and expected output."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## A session\n.*?```console\n(.*?)```", text, re.S).group(1)
    pairs = []
    for line in block.splitlines():
        if line.startswith("$ "):
            pairs.append([line[2:], ""])
        else:
            pairs[-1][1] += line + "\n"
    return pairs


def main():
    program = os.path.abspath(sys.argv[1])
    failed = passed = 0
    with tempfile.TemporaryDirectory() as place:
        env = dict(os.environ, IMGVAL_CACHE=f"{place}/story.db", LC_ALL="C.UTF-8")
        env.pop("CI", None)
        written = (TOP / "README.md").read_text(encoding="utf-8")
        for command, wanted in session():
            shown = command
            if not command.startswith("imgval "):
                continue # the alias and the store's place
            command = re.sub(r"^imgval", f"'{program}'", command)
            done = subprocess.run(["sh", "-c", command], cwd=TOP, env=env, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            written = written.replace(f"$ {shown}\n{wanted}", f"$ {shown}\n{done.stdout}", 1)
            if done.stdout == wanted:
                passed += 1
            elif "--write" not in sys.argv[2:]:
                failed += 1
                print(f"README.md: {command}\n--- it says\n{wanted}--- it prints\n{done.stdout}")
    if "--write" in sys.argv[2:]:
        (TOP / "README.md").write_text(written, encoding="utf-8")
        return 0
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
