#!/usr/bin/python3
"""progress.py PROGRAM MKFIXTURE: progress on a terminal, and silence everywhere else."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time

from support import Checks, Place


def on_terminal(p, *words, columns=60, term="xterm"):
    """Runs imgval with a terminal as standard error alone: (status, standard output, error)."""
    return on_terminal_timed(p, *words, columns=columns, term=term)[:3]


def on_terminal_timed(p, *words, columns=60, term="xterm"):
    """The same, and after how many seconds the first byte came, from before the program began; None: none did."""
    leader, follower = pty.openpty()
    started, first = time.monotonic(), None
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([p.program_for(words), *words], cwd=p.path, env=p.environment({"TERM": term}),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    seen = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError: # the other end is closed
            break
        if not chunk:
            break
        first = first or time.monotonic() - started
        seen += chunk
    os.close(leader)
    out = process.stdout.read()
    return process.wait(timeout=600), out, seen, first


def screen(seen):
    """What stands in the line when all was drawn."""
    line = b""
    for part in re.split(rb"(\r|\n|\x1b\[K)", seen):
        if part in (b"\r", b"\n", b"\x1b[K"):
            line = b""
        elif part:
            line = part
    return line


def main():
    c = Checks()
    with Place(sys.argv[1], sys.argv[2], story=False) as p:
        p.build("".join(f"spkg t/Contoso.Phone.N{i:02}.spkg sub=N{i:02}\n" for i in range(30))
                + 'spkg "t/X\\x1b[31m\\u202e\\u56fa.spkg" sub=Odd\n')
        scan = ["scan", "--type=partial", "--context-free", "--format=json", "-j1", "t"]
        slow = ["--reader-fault=hang:5"]  # costs that file more than a second
        plain = p.run(*scan).out
        slowly = p.run(*scan, *slow).out

        # On a machine with much else to do even this one may take longer than the second.
        status, out, seen, first = on_terminal_timed(p, *scan)
        c.same((status, out), (0, plain), "a short scan")
        c.that(first is None or first >= 1, "draws nothing within the first second", seen)
        status, out, seen = on_terminal(p, *scan, *slow)
        c.same((status, out), (3, slowly), "a long one has the same report")
        drawn = re.findall(rb"\r([^\r\x1b]+)\x1b\[K", seen)
        c.that(drawn, "a long one draws", seen)
        c.that(all(re.match(rb"\d+ of 31 files(, (\d+/s|\d+ s each), \d+:\d\d left)?  \S", line) for line in drawn),
               "files done, of how many, rate, time left, the file", drawn)
        c.that(all(len(line.decode()) < 60 for line in drawn), "no line is longer than the terminal", drawn)
        c.that(seen.endswith(b"\r\x1b[K") and screen(seen) == b"", "and leaves nothing behind", seen)
        c.that(b"\n" not in seen, "in one line", seen)

        status, out, seen = on_terminal(p, *scan, "--progress=always", columns=30)
        c.that(b"\r1 of 31 files  " in seen, "always: from the first file", seen)
        c.that(all(len(line.decode()) < 30 for line in re.findall(rb"\r([^\r\x1b]+)\x1b\[K", seen)),
               "a narrow terminal", seen)
        p.build('spkg "X\\x1b[31m\\u202e\\u56fa.spkg" sub=Odd\n', "hostile")
        status, out, seen = on_terminal(p, *scan[:-1], "--progress=always", "hostile", columns=200)
        c.that(b"\\x1b[31m\\u{202e}\xe5\x9b\xba.spkg" in seen, "names are escaped", seen)
        for options in (["--progress=never"], ["-q"], ["-q", "--progress=always"]):
            c.same(on_terminal(p, *scan, *slow, *options)[2], b"", f"{options}: silence")
        c.same(on_terminal(p, *scan, *slow, term="dumb")[2], b"", "a dumb terminal")

        c.same(p.run(*scan, *slow).err, b"", "nothing on a pipe")
        c.same(p.run(*scan, "-q", "--progress=always").err, b"", "nothing on a pipe under -q")
        reported = p.run(*scan, *slow, "--progress=always").text_err
        c.that(re.match(r"imgval: 1 of 31 files: t/\S+\n", reported) and "\r" not in reported and "\x1b" not in reported,
               "always on a pipe: lines", reported)
        c.refused(p.run(*scan, "--progress=maybe"), "auto|always|never", "another word")
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
