#!/usr/bin/python3
"""Killed at its write calls, or without power, the program for Windows loses nothing that was recorded.

    kills.py --program build/imgval --windows build/windows [--points=N] [--seconds=N] [--seed=WORDS] [NAME...]

What tests/store/kill_sweep.py does on Linux, under wine: each verb that changes a store runs again and
again in imgval-killed.exe (calls.c), which ends itself at its first, second, third ... call that may change
a file: before the call, or after it, where a write has written half. Then imgval.exe opens the store first, so
it is the one that plays the journal back; both programs agree on what the store holds, which is exactly
what it held before or what it was to hold; imgval for Linux finds it whole and can use it. The same verb in
imgval.exe then succeeds and leaves nothing beside the store.

The same program writes down what it does to files. Of that, the states that a power loss may leave are made,
as tests/store/power_loss.py does it, with what is durable on Windows; each of them holds what the store held
before or what it was to hold, and after the verb has come to its end, the latter.

A start takes a quarter of a second, so only --points of a scenario's points are tried (0: all), spread
over its calls. The first and the last are always among them; which others, changes with --seed.

The environment says where wine keeps its files (WINEPREFIX); run.sh sets it up.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "store"))

import kill_sweep  # noqa: E402
import power_loss  # noqa: E402
from kill_sweep import CACHE, EMPTY, STORE, Checks, Done, Place  # noqa: E402

KILLED = 137


class Windows:
    """The programs for Windows, in the folder of a Place."""

    def __init__(self, given, place):
        self.given, self.place = given, place

    def run(self, *words, program="imgval.exe", env=None):
        env = {**{k: v for k, v in os.environ.items() if k.startswith("WINE")}, **self.place.env, **(env or {})}
        for _ in range(3):
            process = subprocess.run(["wine", f"{self.given.windows}/{program}", *words], env=env,
                                     cwd=self.place.path, stdin=subprocess.DEVNULL, capture_output=True,
                                     timeout=300, check=False)
            if process.returncode != 1 or process.stdout or process.stderr:
                break # else wine did not come up
        return Done([program, *words], process)

    def killed(self, point, words):
        """Points 1 and 2: before the first call, and after it."""
        return self.run(*words, program="tests/windows/imgval-killed.exe",
                        env={"IMGVAL_KILL_AT": str((point + 1) // 2),
                             **({} if point % 2 else {"IMGVAL_KILL_LATE": "1"})})

    def recorded(self, words):
        """Runs to the end and writes down what is done to the store."""
        log = self.place.path / "log"
        log.unlink(missing_ok=True)
        done = self.run(*words, program="tests/windows/imgval-killed.exe",
                        env={"IMGVAL_RECORD": f"Z:{log}",
                             "IMGVAL_RECORD_BELOW": f"Z:{self.place.path}/run".replace("/", "\\")})
        return done, power_loss.parse(log.read_bytes()) if log.exists() else []

    def calls(self, words):
        """Runs to the end. How many calls there were."""
        done = self.run(*words, program="tests/windows/imgval-killed.exe", env={"IMGVAL_KILL_AT": "0"})
        found = re.search(r"^calls: ([0-9]+)\r?$", done.text_err, re.M)
        return done, int(found[1]) if found else 0


def choose(calls, given, name):
    """The points to try, spread over all of them: one of each part of the same size."""
    count = 2 * calls
    if given.points == 0 or given.points >= count:
        return range(1, count + 1)
    number = max(given.points, 2) - 2
    rng = random.Random(f"{given.seed} {name}")
    inner = [2 + int((i + rng.random()) * (count - 2) / number) for i in range(number)]
    return [1, *inner, count]


def check_killed(c, w, what, states, done):
    """What must hold after a kill: first of all for the program for Windows. Returns the state."""
    is_there = (w.place.path / STORE).exists()
    opened = w.run("cache", "export", CACHE)
    c.status(opened, 0, f"{what}: the store opens")
    state = kill_sweep.check_after_kill(c, w.place, what, states, done)
    wanted = states[1] if state == "after" else states[0]
    c.that(opened.out == (EMPTY if wanted is None else wanted), f"{what}: both programs agree", opened.out[:300])
    c.that(is_there == (wanted is not None), f"{what}: a store that is there holds something")
    return state


def check_scenario(c, w, name, start, words):
    p = w.place
    kill_sweep.fresh(p, start)
    before = kill_sweep.export(p)
    done, calls = w.calls(words)
    c.status(done, 0, name)
    after = kill_sweep.export(p)
    c.that(before != after, f"{name}: it changes the store")
    c.that(calls > 5, f"{name}: calls were counted", calls)
    seen = {"before": 0, "empty": 0, "after": 0}
    for point in choose(calls, w.given, name):
        what = f"{name}, killed at {(point + 1) // 2}{'' if point % 2 else ', late'}"
        kill_sweep.fresh(p, start)
        done = w.killed(point, words)
        if not c.status(done, KILLED, what):
            continue
        state = check_killed(c, w, what, (before, after), done)
        seen[state] += 1
        is_gone = name == "remove" and state == "after"
        c.status(w.run(*words), 2 if is_gone else 0, f"{what}: the next attempt")
        c.same(kill_sweep.export(p), after, f"{what}: the next attempt succeeds")
        left = sorted(x for x in os.listdir(p.path / "run") if x != "s.db")
        c.same(left, [], f"{what}: nothing is left beside the store after the next attempt")
    c.that(seen["before"] > 0 and seen["after"] > 0, f"{name}: kills before and after the commit", seen)
    c.same(seen["empty"], 0, f"{name}: kills that leave an empty store where there was none")
    return f"{sum(seen.values())} kills at {calls} calls", seen


def check_file(c, w, name, words, path):
    """A file that is written beside and moved is the old or the new one."""
    p = w.place
    p.write(path, "old")
    done, calls = w.calls(words)
    c.status(done, (0, 1, 3), name)
    after = (p.path / path).read_bytes()
    c.that(calls >= 3, f"{name}: calls were counted", calls)
    seen = {"before": 0, "empty": 0, "after": 0}
    for point in range(1, 2 * calls + 1):
        p.write(path, "old")
        c.status(w.killed(point, words), KILLED, f"{name}, killed at {point}")
        now = (p.path / path).read_bytes()
        c.that(now in (b"old", after), f"{name}, killed at {point}: old or new", now[:100])
        seen["after" if now == after else "before"] += 1
    c.that(seen["before"] > 0 and seen["after"] > 0, f"{name}: kills before and after the move", seen)
    return f"{sum(seen.values())} kills at {calls} calls", seen


def check_power(c, w, name, start, words):
    """Of the states, as many as there is time for, in an order that changes with --seed."""
    calls, looked, states, seen = power_loss.check_scenario(
        c, w.place, w.recorded, (name, start, words), time.monotonic() + w.given.seconds,
        random.Random(f"{w.given.seed} {name}"))
    return f"{looked} of {states} states after a power loss at {calls} calls", seen


def run_one(given, prepared, check, arguments):
    """A check in a copy of the folder that was prepared."""
    c = Checks()
    with Place(given.program, story=False) as place:
        shutil.copytree(prepared.path, place.path, dirs_exist_ok=True)
        what, seen = check(c, Windows(given, place), *arguments)
    return c, what, seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--windows", required=True)
    parser.add_argument("--points", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=2, help="for the power loss of a scenario")
    parser.add_argument("--seed", default="")
    parser.add_argument("names", nargs="*", help="only these scenarios")
    given = parser.parse_args()
    given.windows = os.path.abspath(given.windows)
    checks = Checks()
    with Place(given.program) as place, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        kill_sweep.setup(place)
        work = [(check, one) for one in kill_sweep.scenarios(place) for check in (check_scenario, check_power)]
        work += [(check_file, one) for one in kill_sweep.FILES]
        work = [(check, one) for check, one in work if not given.names or one[0] in given.names]
        for (_, one), (c, what, seen) in zip(work, pool.map(lambda w: run_one(given, place, *w), work)):
            checks.passed += c.passed
            checks.failed += c.failed
            print(f"{one[0]}: {what}, {seen['before']} before, {seen['after']} after", flush=True)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
