#!/bin/bash
# The commands of README.md in a root that holds apt and nothing else: what works only where something
# was installed before fails here. Needs root (mount) and mmdebstrap.
#
#   .ci/fresh.sh SUITE...        bookworm, trixie
#
# IMGVAL_FRESH_COMMANDS=1 runs the first command alone.
set -euo pipefail
cd "$(dirname "$0")/.."
. .release/root.sh

# The lines after "$ " in the first console block below "## Two commands".
mapfile -t commands < <(awk '/^## Two commands/ {on = 1} on && /^\$ / {print substr($0, 3)}
    on && /^```$/ {exit}' README.md)
[ "${#commands[@]}" -eq 2 ] || {
    echo "README.md: ${#commands[@]} commands below \"## Two commands\", not 2" >&2
    exit 1
}
commands=("${commands[@]:0:${IMGVAL_FRESH_COMMANDS:-2}}")

# A scan that fails the firmware is a scan that worked.
try() {
    local suite=$1 root command status
    root=$(mktemp -d)
    mmdebstrap --quiet --variant=minbase "$suite" "$root" >/dev/null
    mkdir -p "$root/src"
    git clone --quiet --no-hardlinks . "$root/src/imgval"
    [ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    for command in "${commands[@]}"; do
        echo "--- $suite: $command"
        status=0
        in_root "$root" "cd imgval && $command" >"$root.log" 2>&1 || status=$?
        case $command in *' scan '*) [ "$status" -eq 1 ] && grep -q '^. FAIL' "$root.log" && status=0 ;; esac
        [ "$status" -eq 0 ] || {
            tail -n 60 "$root.log"
            echo "$suite: $command: exit status $status"
            break
        }
        grep -E 'FAIL |tests passed|tests failed' "$root.log" | head -2
    done
    rm -rf --one-file-system "$root" "$root.log"
    return "$status"
}

failed=0
for suite in "$@"; do
    try "$suite" || failed=1
done
exit "$failed"
