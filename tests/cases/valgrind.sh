#!/bin/bash
# valgrind.sh BUILD [NAME...]: every case of testdata/cases once more, and the story, under valgrind
# memcheck: no reader processes (-j 0, so that one process does all), JSON. Nothing of the project
# is suppressed; an error or a leak anywhere fails. NAMEs choose cases whose path holds one, and
# "story" the story.
# IMGVAL_MEMCHECK_SECONDS: no case is begun after so many seconds; the last line says how many were
# left out.
# A case says what its scan exits with; that must hold under valgrind too.
set -u
build=$(realpath -- "${1:?usage: valgrind.sh BUILD [NAME...]}")
shift
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
command -v valgrind >/dev/null || { echo 'skipped: no valgrind'; exit 77; }
if nm -u "$build/imgval" 2>/dev/null | grep -q __asan_init; then
    echo 'skipped: built with sanitizers'
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The program as the tests see it. Logs, not statuses, tell of errors: imgval's own status must get
# through to the test.
mkdir "$work/logs"
cat >"$work/imgval" <<END
#!/bin/sh
exec valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect,possible \\
    --errors-for-leak-kinds=definite,indirect,possible --track-origins=no --trace-children=yes \\
    --num-callers=20 --log-file=$work/logs/%p "$build/imgval" "\$@"
END
chmod +x "$work/imgval"

cat >"$work/one.py" <<'END'
"""Runs one case with -j 0; prints what differs from what the case says."""
import os, pathlib, shlex, shutil, subprocess, sys, tempfile
top, program, builder, path = sys.argv[1:]
sys.path.insert(0, os.path.join(top, "tests/cases"))
import run_cases
case = run_cases.parse(pathlib.Path(path))
words = shlex.split(case["scan"])
if any(w.startswith("--reader-fault") for w in words):
    sys.exit(0)
if case["needs"] == "user" and os.geteuid() == 0:
    sys.exit(0)
place = pathlib.Path(tempfile.mkdtemp(prefix="imgval-valgrind-"))
try:
    try:
        run_cases.build(case["recipe"], builder, os.path.join(os.path.dirname(builder), "mkvolume"), place)
    except run_cases.Skip:
        sys.exit(0)
    env = {k: v for k, v in os.environ.items() if k not in ("CI", "IMGVAL_CACHE", "NO_COLOR")}
    env.update(HOME=str(place), XDG_DATA_HOME=str(place / "data"), LC_ALL="C.UTF-8",
               SOURCE_DATE_EPOCH="1480000000")
    env.update(case["env"])
    def run(words):
        return subprocess.run([program, *words], cwd=place / "tree", env=env, timeout=300,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
    for wanted, setup in case["setup"]:
        verb = setup[:2] if setup[0] == "cache" else setup[:1]
        quick = ["-j0"] if verb in (["cache", "add"], ["cache", "import"], ["scan"], ["inspect"]) else []
        done = run([*verb, *quick, *setup[len(verb):]])
        if done.returncode != wanted:
            print(f"setup {' '.join(setup)}: exit status {done.returncode}, expected {wanted}")
    done = run(["scan", "--format=json", "-j0", *words])
    if done.returncode != int(case["exit"]):
        print(f"exit status {done.returncode}, expected {case['exit']}: {done.stderr[-300:]}")
finally:
    for folder, _, _ in os.walk(place):
        os.chmod(folder, 0o700)
    shutil.rmtree(place, ignore_errors=True)
END

cases=$(find "$top/testdata/cases" -name '*.case' | LC_ALL=C sort -r) # hostile ones first
if [ $# -gt 0 ]; then
    cases=$(grep -F -f <(printf '%s\n' "$@") <<<"$cases") || { echo "no case is called $*"; exit 2; }
fi
until=${IMGVAL_MEMCHECK_SECONDS:+$(($(date +%s) + IMGVAL_MEMCHECK_SECONDS))}
export top work build until
one() {
    # Each case has its logs in a folder of its own, so that a report can name the case.
    local case=$1 name logs
    name=$(basename "$(dirname "$case")")-$(basename "$case" .case)
    logs=$work/logs/$name
    if [ -n "$until" ] && [ "$(date +%s)" -ge "$until" ]; then
        echo "$name" >>"$work/left_out"
        return
    fi
    mkdir -p "$logs" "$work/programs/$name"
    sed "s|$work/logs/|$logs/|" "$work/imgval" >"$work/programs/$name/imgval"
    chmod +x "$work/programs/$name/imgval"
    /usr/bin/python3 "$work/one.py" "$top" "$work/programs/$name/imgval" "$build/tests/mkfixture" "$case" \
        >"$logs.differs" 2>&1 || echo 'the test itself failed' >>"$logs.differs"
    # Lines with -- are valgrind's own remarks, such as that it does not know openat2().
    cat "$logs"/* 2>/dev/null | grep -v '^--' >"$logs.errors"
    rm -rf "$logs"
}
export -f one
xargs -P "$(nproc)" -I CASE bash -c 'one CASE' <<<"$cases"

# Readers in processes of their own, and the verbs of the store.
story() {
    cd "$top/testdata/story" || return
    export IMGVAL_CACHE=$work/story.db LC_ALL=C.UTF-8
    for words in 'scan -j2 v1' 'scan -j2 --no-wspc violations' 'cache add -j2 --baseline v1' \
        'cache add -j0 v2' 'cache import -j0 v3' 'cache list' 'cache export' 'cache verify' \
        'scan -j0 v4' 'inspect -j0 v1' 'inspect -j0 --format=json partial' \
        'scan -j0 --type=partial partial' 'explain' 'explain STD002' \
        'explain the firmware version of the submission' 'scan nowhere' 'scan --type=x v1' '--help' \
        'scan --help' '--completion=zsh' "cache export --output=$work/story.jsonl" \
        "cache import --cache=$work/story2.db $work/story.jsonl" \
        "cache merge --cache=$work/story3.db $work/story.db"; do
        # shellcheck disable=SC2086
        "$work/imgval" $words >/dev/null 2>&1
    done
}
if [ $# -eq 0 ] || [[ " $* " = *" story "* ]]; then
    (story)
    find "$work/logs" -maxdepth 1 -type f ! -name '*.errors' ! -name '*.differs' -size +0 \
        -exec cat {} + | grep -v '^--' >"$work/story.errors"
    mv "$work/story.errors" "$work/logs/story.errors"
fi

passed=0
failed=0
for errors in "$work"/logs/*.errors; do
    name=$(basename "$errors" .errors)
    differs=$work/logs/$name.differs
    if [ -s "$errors" ] || [ -s "$differs" ]; then
        failed=$((failed + 1))
        echo "FAILED $name"
        cat "$differs" 2>/dev/null
        head -n 40 "$errors"
    else
        passed=$((passed + 1))
    fi
done
left_out=$(cat "$work/left_out" 2>/dev/null | wc -l)
echo "$passed passed, $failed failed, $left_out left out for want of time"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
