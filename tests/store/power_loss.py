#!/usr/bin/python3
"""power_loss.py PROGRAM RECORD MKFIXTURE [--seconds=N] [--seed=TEXT] [SCENARIO...]: what a power loss leaves.

Each verb that writes to the store runs once, and what it does to files and folders is written down
(tests/store/record.c). Then the store is made as it may look after a power loss at each point: of
the calls so far, writes that no fsync of their file followed, and entries of a folder that no fsync
of the folder followed, may be lost, each for itself. For each point the store is made with none of
those, with all of them, with the files or the folders alone, and with some drawn from the seed;
a write may also be torn. In every state the store can be read and holds exactly what it held before
or what it was to hold, and once the verb has come to its end, the latter. States with the same
bytes are looked at once. At the end of the time the rest is left out, and the numbers say so."""
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import kill_sweep
from kill_sweep import CACHE, STORE, Checks, Place, export, fresh

DRAWN = 4  # states for each point beside the four that are fixed


def parse(log):
    """[(word, argument...)]; of a write the last one is its bytes. A file is its inode and how many files
    with that number were made: numbers are used again."""
    found, at, made = [], 0, {}
    def named(inode):
        return int(inode), made.get(int(inode), 0)
    while at < len(log):
        end = log.index(b"\n", at)
        word, _, rest = log[at:end].decode().partition(" ")
        at = end + 1
        if word == "write":
            inode, offset, size = (int(n) for n in rest.split())
            found.append((word, named(inode), offset, log[at:at + size]))
            at += size
        elif word in ("sync", "cut"):
            inode, *size = rest.split()
            found.append((word, named(inode), *(int(n) for n in size)))
        elif word in ("make", "link"):
            inode, _, path = rest.partition(" ")
            made[int(inode)] = made.get(int(inode), 0) + (word == "make")
            found.append((word, named(inode), path))
        elif word == "move":
            inode, _, paths = rest.partition(" ")
            found.append((word, named(inode), *paths.split("\t")))
        else:
            found.append((word, rest))
    return found


def folder(path):
    return os.path.dirname(path) or "."


def durable(calls):
    """Of each call, whether it outlives a power loss after the last one."""
    kept = [False] * len(calls)
    for i, call in enumerate(calls):
        for later in calls[i + 1:]:
            if call[0] in ("write", "cut"):
                kept[i] = kept[i] or later == ("sync", call[1])
            elif call[0] in ("make", "link", "drop", "mkdir"):
                kept[i] = kept[i] or later == ("folder", folder(call[-1]))
            elif call[0] == "move":
                kept[i] = kept[i] or later == ("folder", folder(call[3]))
    return kept


def carry_out(start, calls, applied):
    """The files below the folder, {path: bytes}, after those calls that are applied."""
    names = {path: inode for path, (inode, _) in start.items()}
    contents = {inode: bytearray(text) for inode, text in start.values()}
    for call, is_applied in zip(calls, applied):
        if not is_applied:
            continue
        if call[0] == "write":
            inode, offset, data = call[1:]
            text = contents.setdefault(inode, bytearray())
            data = data[:len(data) // 2] if is_applied == "torn" else data
            text.extend(bytes(max(0, offset + len(data) - len(text))))
            text[offset:offset + len(data)] = data
        elif call[0] == "cut":
            text = contents.setdefault(call[1], bytearray())
            del text[call[2]:]
            text.extend(bytes(call[2] - len(text)))
        elif call[0] in ("make", "link"):
            names[call[2]] = call[1]
        elif call[0] == "move":
            names.pop(call[2], None)
            names[call[3]] = call[1]
        elif call[0] == "drop":
            names.pop(call[1], None)
    return {path: bytes(contents.get(inode, b"")) for path, inode in names.items()}


def choices(calls, chance):
    """What may be applied: for each call true, false or "torn"."""
    kept = durable(calls)
    data = [call[0] in ("write", "cut") for call in calls]
    yield kept
    yield [True] * len(calls)
    yield [k or d for k, d in zip(kept, data)]
    yield [k or not d for k, d in zip(kept, data)]
    for _ in range(DRAWN):
        bias = chance.random()
        yield [k or ((d and chance.random() < 0.2 and "torn") or True) if k or chance.random() < bias
               else False for k, d in zip(kept, data)]


def snapshot(place):
    run = place.path / "run"
    return {str(p.relative_to(run)): ((p.stat().st_ino, 0), p.read_bytes())
            for p in sorted(run.rglob("*")) if p.is_file()}


def lay_out(place, state):
    run = place.path / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    for path, text in state.items():
        (run / path).parent.mkdir(parents=True, exist_ok=True)
        (run / path).write_bytes(text)


def record(place, shim, words):
    log = place.path / "log"
    log.unlink(missing_ok=True)
    done = place.run(*words, env={"LD_PRELOAD": shim, "IMGVAL_RECORD": log,
                                  "IMGVAL_RECORD_BELOW": place.path / "run"})
    return done, parse(log.read_bytes()) if log.exists() else []


def states_of(start, calls, chance):
    """{digest: (state, after how many calls)}: each once, and the one after all of them last."""
    found = {}
    for point in range(len(calls) + 1):
        for applied in choices(calls[:point], chance):
            state = carry_out(start, calls[:point], applied)
            digest = hashlib.sha256(repr(sorted(state.items())).encode()).digest()
            found[digest, point == len(calls)] = (state, point)
    return list(found.values())


def check_scenario(c, place, run_recorded, scenario, until, chance):
    """`run_recorded` runs words and returns how that was, and the calls."""
    name, start_store, words = scenario
    fresh(place, start_store)
    before = export(place)
    start = snapshot(place)
    done, calls = run_recorded(words)
    c.status(done, 0, name)
    after = export(place)
    c.that(before != after, f"{name}: it changes the store")
    c.that(any(call[0] == "sync" for call in calls), f"{name}: something is made durable", calls[-5:])
    lay_out(place, carry_out(start, calls, [True] * len(calls)))
    c.same(export(place), after, f"{name}: what was recorded is all that was done")
    states = states_of(start, calls, chance)
    chance.shuffle(states)
    states.sort(key=lambda one: one[1] != len(calls)) # what was acknowledged is looked at in any case
    seen = {"before": 0, "after": 0}
    for looked, (state, point) in enumerate(states):
        if time.monotonic() > until and point != len(calls):
            return len(calls), looked, len(states), seen
        lay_out(place, state)
        what = f"{name}, power lost after call {point} of {len(calls)}"
        now = export(place)
        wanted = (after,) if point == len(calls) else (before, after)
        if c.that(now in wanted, f"{what}: before or after", (now or b"none")[:200]):
            seen["after" if now == after else "before"] += 1
    return len(calls), len(states), len(states), seen


def scenarios(place, builder):
    """Those of the kills, and a store of an earlier version, which is migrated by what writes to it."""
    data = kill_sweep.pathlib.Path(__file__).resolve().parent.parent.parent / "testdata/store"
    subprocess.run([builder, data / "schema-1.recipe", place.path / "one"], check=True)
    (place.path / "first").mkdir()
    shutil.copy(data / "schema-1.db", place.path / "first/s.db")
    yield from kill_sweep.scenarios(place)
    yield "migrate", "first", ("cache", "import", CACHE, "bundle.jsonl")


def main():
    options = dict(w[2:].split("=", 1) for w in sys.argv[1:] if w.startswith("--"))
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    if len(words) < 3:
        sys.exit("usage: power_loss.py PROGRAM RECORD MKFIXTURE [--seconds=N] [--seed=TEXT] [SCENARIO...]")
    checks = Checks()
    chance = random.Random(options.get("seed", "imgval"))
    shim, builder = os.path.abspath(words[1]), os.path.abspath(words[2])
    total = 0
    with Place(words[0]) as place:
        kill_sweep.setup(place)
        chosen = [s for s in scenarios(place, builder) if len(words) == 3 or s[0] in words[3:]]
        end = time.monotonic() + float(options.get("seconds", 120))
        for i, scenario in enumerate(chosen):
            until = time.monotonic() + (end - time.monotonic()) / (len(chosen) - i)
            calls, looked, states, seen = check_scenario(
                checks, place, lambda words: record(place, shim, words), scenario, until, chance)
            total += looked
            print(f"{scenario[0]}: {calls} calls, {looked} of {states} states, {seen['before']} before, "
                  f"{seen['after']} after", flush=True)
    print(f"{total} states after a power loss")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
