#!/usr/bin/env python3
"""Completion in real shells: what bash, zsh and fish make of a line when Tab is pressed.

    complete.py PROGRAM
"""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

STORY = pathlib.Path(__file__).resolve().parent.parent.parent / "testdata/story"
TIMEOUT = 60 # seconds: machines may be busy

# A line, and what it is after Tab. One candidate each, so that every shell writes it out.
LINES = [
    ("imgval insp", "imgval inspect"),
    ("imgval cache exp", "imgval cache export"),
    ("imgval scan --update-h", "imgval scan --update-history="),
    ("imgval scan --type=pa", "imgval scan --type=partial"),
    ("imgval scan --format=mark", "imgval scan --format=markdown"),
    ("imgval diff --format=mark", "imgval diff --format=markdown"),
    ("imgval scan --report=sar", "imgval scan --report=sarif:"),
    ("imgval scan --report=sarif:na", "imgval scan --report=sarif:name"),
    ("imgval scan --policy=na", "imgval scan --policy=name"),
    ("imgval explain STD00", None), # several: see CANDIDATES
    ("imgval name/ --basel", "imgval name/ --baseline"),
    ("imgval rfu --source=CONTOSO/000-88/CT-100@3012.0.1610.1",
     "imgval rfu --source=CONTOSO/000-88/CT-100@3012.0.1610.1"),
    ("imgval rfu --target=CONT", "imgval rfu --target=CONTOSO/000-88/CT-100@3012.0.1610.1"),
    ("imgval cache remove CONT", "imgval cache remove CONTOSO/000-88/CT-100@3012.0.1610.1"),
]


class Shell:
    """A shell on a terminal of its own; Ctrl-X prints the line in hand."""

    def __init__(self, command, setup, place, env):
        self.seen = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(place)
            os.execvpe(command[0], command, env)
        for line in setup:
            self.send(line + "\n")
        self.send("echo rea''dy\n")
        self.wait("ready")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, pattern):
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            match = re.search(pattern, self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return match
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        raise AssertionError(f"no {pattern!r} in {self.seen[-400:]!r}")

    def complete(self, line):
        self.send(line + "\t")
        self.send("\x18")
        return self.wait(r"LINE<(.*?)>").group(1).rstrip()

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def bash(program, place, env):
    script = subprocess.run([program, "--completion=bash"], capture_output=True, text=True,
                            check=True).stdout
    (place / "completion.bash").write_text(script)
    return Shell(["bash", "--norc", "--noprofile", "-i"],
                 ["set +o history; bind 'set bell-style none' 2>/dev/null", ". ./completion.bash",
                  "show() { printf 'LI''NE<%s>' \"$READLINE_LINE\"; READLINE_LINE=; }",
                  "bind -x '\"\\C-x\": show'"], place, env)


def zsh(program, place, env):
    functions = place / "functions"
    functions.mkdir(exist_ok=True)
    script = subprocess.run([program, "--completion=zsh"], capture_output=True, text=True,
                            check=True).stdout
    (functions / "_imgval").write_text(script)
    return Shell(["zsh", "-f", "-i"],
                 [f"fpath=({functions} $fpath); autoload -U compinit; compinit -u -D",
                  "show() { print -rn -- LI''NE\"<$BUFFER>\"; BUFFER= }; zle -N show",
                  "bindkey '^X' show"], place, env)


def fish_complete(program, place, env, line):
    """The candidates of fish for a line."""
    script = place / "completion.fish"
    script.write_text(subprocess.run([program, "--completion=fish"], capture_output=True, text=True,
                                     check=True).stdout)
    done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
                          cwd=place, env=env, capture_output=True, text=True, check=True)
    return [entry.split("\t")[0] for entry in done.stdout.splitlines()]


def main():
    program = os.path.abspath(sys.argv[1])
    missing = [name for name in ("bash", "zsh", "fish") if shutil.which(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        return 77
    counts = [0, 0]

    def check(what, seen, wanted):
        counts[seen != wanted] += 1
        if seen != wanted:
            print(f"FAILED {what}: {seen!r}, expected {wanted!r}")

    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        (place / "bin").mkdir()
        (place / "bin/imgval").symlink_to(program)
        (place / "name").mkdir()
        env = dict(os.environ, PATH=f"{place}/bin:{os.environ['PATH']}", HOME=name, TERM="dumb",
                   IMGVAL_CACHE=f"{name}/store.db", LC_ALL="C.UTF-8", PS1="> ")
        subprocess.run([program, "cache", "add", "--baseline", str(STORY / "v1")], env=env,
                       check=True, capture_output=True)
        for start in (bash, zsh):
            shell = start(program, place, env)
            for line, wanted in LINES:
                if wanted is not None:
                    check(f"{start.__name__}: {line}", shell.complete(line).rstrip("/"), wanted)
            shell.close()
        for line, wanted in LINES:
            seen = fish_complete(program, place, env, line)
            if wanted is None:
                check(f"fish: {line}", len(seen), 9)
            else:
                check(f"fish: {line}", [word.rstrip("/") for word in seen], [wanted.split(" ")[-1]])
    print(f"{counts[0]} passed, {counts[1]} failed")
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
