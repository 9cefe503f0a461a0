#!/usr/bin/env python3
"""The commands of man/imgval-tutorial.7 print what stands below them.

    tutorial.py PROGRAM             compares
    tutorial.py PROGRAM --write     writes what they print into the page
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = TOP / "man/imgval-tutorial.7"
BLOCK = re.compile(r"(?<=^\.Bd -literal\n)(.*?)(?=^\.Ed$)", re.S | re.M)


def as_mdoc(text):
    """Text as it stands in a literal block of a manual page."""
    text = text.replace("\\", "\\e")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def as_typed(line):
    return line.replace("\\e", "\\")


class Session:
    """Runs commands one after the other, as a person at a shell would."""

    def __init__(self, program, place):
        self.place = place
        self.env = dict(os.environ, LC_ALL="C", SOURCE_DATE_EPOCH="1893456000",
                        PATH=f"{place}/bin:{os.environ.get('PATH', '/usr/bin:/bin')}")
        for name in ("CI", "IMGVAL_CACHE", "XDG_DATA_HOME"):
            self.env.pop(name, None)
        os.makedirs(f"{place}/bin")
        os.symlink(os.path.abspath(program), f"{place}/bin/imgval")

    def run(self, command):
        """What the command prints. /tmp is a folder of this test's own."""
        if command.startswith("export "):
            name, _, value = command[len("export "):].partition("=")
            self.env[name] = value.replace("/tmp/", f"{self.place}/")
            return ""
        done = subprocess.run(["sh", "-c", command.replace("/tmp/", f"{self.place}/")], cwd=TOP,
                              env=self.env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.stdout.replace(f"{self.place}/", "/tmp/")


def main():
    text = PAGE.read_text(encoding="utf-8")
    counts = [0, 0]
    with tempfile.TemporaryDirectory() as place:
        session = Session(sys.argv[1], place)

        def run_block(match):
            printed = ""
            for line in match.group(1).split("\n"):
                if line.startswith("$ "):
                    printed += line + "\n" + as_mdoc(session.run(as_typed(line[2:])))
            return printed

        wanted = BLOCK.sub(run_block, text)
    if "--write" in sys.argv[2:]:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    for seen, there in zip(BLOCK.findall(wanted), BLOCK.findall(text)):
        counts[seen != there] += 1
        if seen != there:
            print(f"the page says:\n{there}--- the program prints:\n{seen}")
    print(f"{counts[0]} passed, {counts[1]} failed")
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main())
