#!/usr/bin/env python3
"""Writes the generated parts of the manual pages anew: what stands between the marker lines

    .\\" begin generated: WORDS
    .\\" end generated

is replaced by what `imgval WORDS` prints."""
import argparse
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    given = parser.parse_args()
    for page in sorted((TOP / "man").glob("imgval*")):
        def fill(match):
            printed = subprocess.run([given.program, *match.group(1).split()],
                                     capture_output=True, text=True, check=True).stdout
            return f'.\\" begin generated: {match.group(1)}\n{printed}.\\" end generated\n'
        text = page.read_text(encoding="utf-8")
        filled = re.sub(r'\.\\" begin generated: (.*)\n(?:.*\n)*?\.\\" end generated\n', fill, text)
        if filled != text:
            page.write_text(filled, encoding="utf-8")
            print(f"{page.name}: written")


if __name__ == "__main__":
    main()
