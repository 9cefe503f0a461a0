#!/usr/bin/python3
"""timings.py PROGRAM MKFIXTURE: --timings tells where time went, and no report changes by it."""
import json
import re
import sys

from support import TOP, Checks, Place

sys.path.insert(0, str(TOP / "tests/report"))
import validate  # noqa: E402

STAGES = ["list", "read", "assemble", "look-up", "judge"]


def is_valid(p, name, text):
    path = p.write(name, text)
    try:
        validate.check(str(path), False)
        return True
    except (validate.Bad, ValueError, IndexError) as why:
        print(why)
        return False


def without(text):
    """A report without its timings, as JSON values."""
    values = [json.loads(line) for line in text.splitlines()] if b'"record"' in text[:40] \
        else [json.loads(text)]
    for value in values:
        value.pop("timings", None)
    return values


def check_table(c, err):
    lines = err.splitlines()
    found = {m[1]: (float(m[2]), float(m[3])) for line in lines
             if (m := re.fullmatch(r"  (\S.*\S) +(\d+\.\d{3}) +(\d+\.\d{3})", line))}
    c.same([s for s in found if s in (*STAGES, "write")], [*STAGES, "write"], "stages in their order")
    c.that(found.get("read", (0, 0))[0] > 0 and found.get("read", (0, 0))[1] > 0,
           "reading takes time, of the readers too", err)
    total = sum(found[s][0] for s in (*STAGES, "write"))
    c.that(abs(total - found["all stages"][0]) < 0.01, "the total is the sum", err)
    c.that(set(found) - {*STAGES, "write", "all stages"}, "a rule over many packages has a line", err)
    c.that(re.search(r"\n  \d+ rules took less", err), "the others are counted", err)


def check_json(c, p, scan, name):
    plain = p.run(*scan, f"--format={name}").out
    timed = p.run(*scan, f"--format={name}", "--timings=json")
    c.that(timed.out != plain and without(timed.out) == without(plain),
           f"{name}: the report is the same but for its timings")
    c.that(is_valid(p, f"timed.{name}", timed.out), f"{name}: the schema knows timings")
    timings = json.loads(timed.out.splitlines()[-1] if name == "jsonl" else timed.out)["timings"]
    c.same([s["stage"] for s in timings["stages"]], STAGES, f"{name}: stages")
    read = next(s for s in timings["stages"] if s["stage"] == "read")
    c.that(read["wall_us"] > 0 and read["cpu_us"] > 0, f"{name}: reading takes time", read)
    c.same([r["id"] for r in timings["rules"]],
           [o["id"] for o in without(p.run(*scan, "--format=json").out)[0]["submissions"][0]["outcomes"]],
           f"{name}: every rule")
    again = p.run("render", f"--format={name}", f"timed.{name}")
    c.same(again.out == timed.out, True, f"{name}: render gives the same bytes")


def main():
    c = Checks()
    with Place(sys.argv[1], sys.argv[2], story=False) as p:
        p.generate("t", "packages=1000", "seed=3", "payload=512")
        scan = ["scan", "--type=partial", "--context-free", "t"]
        for name in ("text", "json", "sarif", "html"):
            plain = p.run(*scan, f"--format={name}")
            timed = p.run(*scan, f"--format={name}", "--timings")
            c.same((timed.status, timed.out == plain.out, plain.err), (plain.status, True, b""),
                   f"{name}: not a byte of it changes")
            c.that(b"timings in milliseconds" in timed.err, f"{name}: the table is printed", timed.err)
        check_table(c, timed.text_err)
        text = p.run(*scan, "--timings=json")
        c.same(text.out, p.run(*scan).out, "json in no other format")
        check_json(c, p, scan, "json")
        check_json(c, p, scan, "jsonl")

        c.status(p.run("scan", "--timings", *scan[1:]), p.run(*scan).status,
                 "the next word is a PATH, not a value")
        c.refused(p.run(*scan, "--timings=xml"), "table|json", "another word")
        report = json.loads((p.path / "timed.json").read_bytes())
        report["timings"]["stages"][0]["stage"] = "rest"
        p.write("odd.json", json.dumps(report))
        c.refused(p.run("render", "odd.json"), "timings", "a stage that there is not")
        report["timings"]["stages"][0] = {"stage": "list", "wall_us": 2**63 - 1, "cpu_us": 0}
        p.write("odd.json", json.dumps(report))
        c.refused(p.run("render", "odd.json"), "microseconds", "a number that overflows")
    return c.close()


if __name__ == "__main__":
    sys.exit(main())
