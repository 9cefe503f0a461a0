#!/bin/sh
# picture.sh PROGRAM: makes man/report.png, the picture in README.md: the HTML report of a submission that
# has lost a package. Needs Chromium. Run it when the page has changed.
set -eu
program=$(realpath -- "${1:?usage: picture.sh PROGRAM}")
cd "$(dirname -- "$0")/.."
page=$(mktemp --suffix=.html)
profile=$(mktemp -d)
trap 'rm -rf "$page" "$profile"' EXIT
"$program" scan --baseline --against=testdata/story/v3 --format=html testdata/story/v4 >"$page" || [ $? -eq 1 ]
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile" \
    --window-size=1180,900 --screenshot="$PWD/man/report.png" "file://$page" >/dev/null 2>&1
