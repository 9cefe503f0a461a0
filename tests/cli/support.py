"""What the tests of the program from outside share: checks that are counted, and a place to run in."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
STORY = TOP / "testdata/story"
EPOCH = "1480000000"
DEVICE = ("--manufacturer=CONTOSO", "--model=CT-100", "--operator=000-88")


class Checks:
    """Counts what held; one line for each check that did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = []

    def that(self, holds, what, seen=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            shown = str(seen).replace("\n", "\\n")
            print(f"FAILED {what}" + (f": {shown[:700]}" if shown else ""), flush=True)
        return bool(holds)

    def same(self, seen, wanted, what):
        return self.that(seen == wanted, what, f"{seen!r}, expected {wanted!r}")

    def status(self, done, wanted, what):
        """The exit status is `wanted` (one number or several)."""
        allowed = wanted if isinstance(wanted, tuple) else (wanted,)
        return self.that(done.status in allowed, f"{what} [{done.shown}]",
                         f"exit status {done.status}, expected {wanted}; stdout: "
                         f"{done.out[-200:]!r} stderr: {done.err[-300:]!r}")

    def refused(self, done, part, what):
        """A usage error: status 2, `part` in its message, nothing on standard output."""
        self.status(done, 2, what)
        self.that(done.out == b"", f"{what}: nothing on standard output", done.out[:200])
        self.that(part in done.text_err, f"{what}: the message holds {part!r}", done.text_err)

    def schema(self, document, name, what):
        """A document is as the shipped schema of that name says, which names each of its members."""
        sys.path.insert(0, str(TOP / "tests/report"))
        import validate
        sys.path.pop(0)
        try:
            validate.Schema(f"imgval-{name}-1.schema.json").check(document, what)
        except validate.Bad as error:
            return self.that(False, f"{what}: its schema", error)
        return self.that(True, what)

    def skip(self, what, why):
        self.skipped.append(what)
        print(f"skipped {what}: {why}", flush=True)

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


class Done:
    def __init__(self, words, process):
        self.shown = " ".join(str(w) for w in words)
        self.status = process.returncode
        self.out = process.stdout or b""
        self.err = process.stderr or b""

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def text_err(self):
        return self.err.decode("utf-8", "replace")

    @property
    def report(self):
        return json.loads(self.out)

    def findings(self, rule=None):
        found = [f for s in self.report["submissions"] for f in s["findings"]]
        return [f for f in found if rule is None or f["id"] == rule]


class Place:
    """A directory of its own with the story's submissions in it, and the program to run there."""

    def __init__(self, program, builder=None, story=True):
        self.program = os.path.abspath(program)
        self.builder = os.path.abspath(builder) if builder else None
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="imgval-cli-")).resolve()
        if story:
            for one in STORY.iterdir():
                shutil.copytree(one, self.path / one.name)
        self.env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.path / "home"),
                    "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": EPOCH, "TZ": "UTC"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for folder, _, _ in os.walk(self.path):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.path, ignore_errors=True)

    def environment(self, changes):
        env = dict(self.env)
        for name, value in (changes or {}).items():
            if value is None:
                env.pop(name, None)
            else:
                env[name] = str(value)
        return env

    def program_for(self, words):
        """The program, or the one for tests whose readers misbehave on request."""
        if any(str(w).startswith("--reader-fault") for w in words):
            return os.path.join(os.path.dirname(self.program), "tests", "imgval-faulty")
        return self.program

    def run(self, *words, env=None, stdin=None, cwd=None, stdout=None, stderr=None, before=None,
            timeout=600):
        """Runs imgval; stdout and stderr may name files, `before` runs in the child."""
        opened = [open(p, "wb") if isinstance(p, (str, pathlib.Path)) else p
                  for p in (stdout, stderr)]
        try:
            process = subprocess.run(
                [self.program_for(words), *[str(w) for w in words]], env=self.environment(env),
                cwd=cwd or self.path, input=stdin, timeout=timeout, check=False,
                stdin=subprocess.DEVNULL if stdin is None else None,
                stdout=opened[0] or subprocess.PIPE, stderr=opened[1] or subprocess.PIPE,
                preexec_fn=before)
        finally:
            for one in opened:
                if hasattr(one, "close"):
                    one.close()
        return Done(words, process)

    def shell(self, script, *words, env=None):
        """Runs `script`, in which "$@" is imgval with these words."""
        process = subprocess.run(["sh", "-c", script, "sh", self.program, *words],
                                 env=self.environment(env), cwd=self.path, check=False,
                                 stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
        return Done(["sh -c", script, *words], process)

    def build(self, recipe, where="."):
        done = subprocess.run([self.builder, "-", str(self.path / where)], input=recipe.encode(),
                              capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"mkfixture: {done.stderr.decode()}")

    def generate(self, where, *words):
        subprocess.run([self.builder, "--generate", *words, str(self.path / where)], check=True,
                       capture_output=True)

    def write(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path


def export(place, store):
    """The bytes of a store's export."""
    return place.run("cache", "export", f"--cache={store}").out


def run_groups(groups, wanted, program, builder=None):
    """Runs the functions check_NAME(checks, place), each in a place of its own; those of the names
    `wanted`, or all. A function that stops in the middle is a check that failed. The exit status."""
    checks = Checks()
    for group in groups:
        name = group.__name__[len("check_"):]
        if wanted and name not in wanted:
            continue
        with Place(program, builder) as place:
            started = time.monotonic()
            before = checks.passed + checks.failed
            try:
                group(checks, place)
            except (ValueError, IndexError, KeyError, OSError, AttributeError,
                    subprocess.TimeoutExpired) as failure:
                checks.that(False, f"{name} was cut short", f"{type(failure).__name__}: {failure} "
                            f"at line {failure.__traceback__.tb_next.tb_lineno}")
            if os.environ.get("IMGVAL_TEST_TIMES"):
                print(f"{name}: {checks.passed + checks.failed - before} checks, "
                      f"{time.monotonic() - started:.1f} s")
    return checks.close()
