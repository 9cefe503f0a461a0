#!/usr/bin/env python3
"""narrow.py PROGRAM BUILDER: what commands print for people on terminals of 60 and 80 columns. No line
is longer than the terminal, unless it is one word that no line can hold, and no word is broken: the
words are those of a wide terminal in the same order, but for long sources that are cut in the middle."""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import support

STORE = "--cache=narrow.db"
V3 = "CONTOSO/000-88/CT-100@3012.0.1610.3"
COMMANDS = [
    ("scan", STORE, "v4"), ("scan", STORE, "-v", "v4"), ("scan", STORE, "v1", "v4"), ("scan", STORE, "golden/tree"),
    ("scan", "-v", "--no-wspc", "golden/tree"), ("diff", "v1", "v4"), ("diff", "v1", "golden/tree"),
    ("rfu", STORE, "--source=v1", "--target=v4"), ("rfu", STORE, "--source=v1", "--target=v3"),
    ("audit", "v1", "v2", "v3", "v4"), ("audit", "-v", "v1", "v2", "v3", "v4"), ("audit", "golden/tree", "v1"),
    ("inspect", "v4"), ("inspect", "-v", "v4"), ("inspect", "golden/tree"), ("cache", "list", STORE),
    ("cache", "show", STORE, V3), ("cache", "show", STORE, "CONTOSO/000-88/CT-100"), ("explain",),
    ("explain", "WSPC002"), ("explain", "IMG305"), ("doctor",), ("fix", "--against=v1", "v4"), ("policy", "show"),
    ("--help",), ("scan", "--help"), ("cache", "--help"),
]


def on_terminal(place, width, words):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    env = place.environment({"NO_COLOR": "1", "TERM": "xterm"})
    process = subprocess.Popen([place.program, *words], stdin=subprocess.DEVNULL, stdout=slave,
                               stderr=subprocess.DEVNULL, cwd=place.path, env=env)
    os.close(slave)
    seen = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    process.wait()
    os.close(master)
    return seen.decode("utf-8").replace("\r\n", "\n")


def is_same(word, wide):
    head, cut, tail = word.partition("\u2026")
    return word == wide or (cut and wide.startswith(head) and wide.endswith(tail))


def check_words(checks, place):
    golden = support.TOP / "testdata/golden/submission.recipe"
    place.build(golden.read_text(encoding="utf-8"), "golden")
    for folder in ("v1", "v3"):
        checks.status(place.run("cache", "add", "-q", "--baseline", STORE, folder), 0, "a baseline")
    for words in COMMANDS:
        shown = " ".join(words)
        wide = on_terminal(place, 1000, words).split()
        for width in (60, 80):
            text = on_terminal(place, width, words)
            long = [line for line in text.split("\n") if len(line) > width and len(line.split()) > 1 and
                    max(len(word) for word in line.split()) < width - 12]
            checks.same(long, [], f"{shown}: lines of {width} columns")
            broken = [pair for pair in zip(text.split(), wide) if not is_same(*pair)]
            checks.that(not broken and len(text.split()) == len(wide), f"{shown}: words on {width} columns",
                        (broken[:3], len(text.split()), len(wide)))


if __name__ == "__main__":
    sys.exit(support.run_groups([check_words], sys.argv[3:], sys.argv[1], sys.argv[2]))
