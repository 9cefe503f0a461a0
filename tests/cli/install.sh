#!/bin/bash
# install.sh SOURCE_DIR BUILD: what `cmake --install` puts in place works from there: the program,
# the manual pages, the completions. bash completes for real; zsh and fish where they are installed.
set -u
source_dir=$(realpath -- "${1:?usage: install.sh SOURCE_DIR BUILD}")
build=$(realpath -- "${2:?usage: install.sh SOURCE_DIR BUILD}")
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
passed=0
failed=0

# check WHAT COMMAND...: the command succeeds
check() {
    local what=$1 log
    shift
    if log=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        echo "FAILED $what: ${log:0:600}"
        failed=$((failed + 1))
    fi
}

check 'cmake --install' cmake --install "$build" --prefix "$prefix"
program=$prefix/bin/imgval
version=$(sed -n 's/.*define IMGVAL_VERSION "\(.*\)".*/\1/p' "$source_dir/imgval/version.h")
says() { [ "$("${@:2}")" = "$1" ] || { echo "seen: $("${@:2}")"; return 1; }; }
first_line() { "$program" --version | head -n 1; }
check 'the program runs from its new place' says "imgval $version" first_line
scan_story() { cd "$source_dir/testdata/story" && "$program" scan --no-wspc v1; }
check 'it scans' scan_story
no_rpath() { ! readelf -d "$program" | grep -E 'RPATH|RUNPATH'; }
command -v readelf >/dev/null && check 'it names no build directory' no_rpath

# --- staged, as a packager does it, under names with blanks; and where nothing can be written
stage="$prefix/a stage"
staged_install() { DESTDIR=$stage cmake --install "$build" --prefix '/usr/a place'; }
check 'DESTDIR and a prefix with a blank' staged_install
check 'nothing lies beside the prefix' test "$(find "$stage" -type f ! -path "$stage/usr/a place/*" | wc -l)" -eq 0
check 'what was staged is what is installed' diff -r -x 'a stage' "$prefix" "$stage/usr/a place"
staged_scan() { cd "$source_dir/testdata/story" && "$stage/usr/a place/bin/imgval" scan --no-wspc v1; }
check 'it scans from there' staged_scan
# in_read_only COMMAND: with the staged prefix mounted read-only, which stops root too
in_read_only() {
    # shellcheck disable=SC2016
    unshare --map-root-user --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && eval "$2"' \
        sh "$stage" "$1"
}
if unshare --map-root-user --mount true 2>/dev/null; then
    check 'it scans from a read-only prefix' in_read_only \
        "cd '$source_dir/testdata/story' && '$stage/usr/a place/bin/imgval' scan --no-wspc v1"
    refused() { ! in_read_only "DESTDIR='$stage' cmake --install '$build' --prefix '/usr/a place'"; }
    check 'installing there fails, and says so' refused
    check 'and leaves what was there' diff -r -x 'a stage' "$prefix" "$stage/usr/a place"
else
    echo 'skipped the read-only prefix: no mount namespace'
fi
rm -rf "$stage"

# --- manual pages: found, rendered without complaint, and in step with the version
man=$(dirname "$(find "$prefix" -type d -name man1 | head -n 1)")
for page in imgval.1 imgval-formats.5 imgval-fleet.7 imgval-rules.7 imgval-tutorial.7; do
    file=$man/man${page##*.}/$page
    check "$page is installed" test -s "$file"
    if command -v mandoc >/dev/null; then
        # A sentence may go on in the line: the pages are written from tables of sentences.
        lint() { ! mandoc -Tlint -W warning "$file" | grep -v 'new sentence, new line'; }
        check "$page: mandoc -Tlint" lint
        renders() { mandoc -Tutf8 "$file" | grep -qi imgval; }
        check "$page renders" renders
    fi
    if command -v man >/dev/null; then
        found() { [ -n "$(man -M "$man" -w "${page##*.}" "${page%.*}" 2>/dev/null)" ]; }
        check "man finds $page" found
    fi
done
check 'the JSON Schemas are installed' test -n "$(find "$prefix" -name '*.schema.json' -print -quit)"
check 'the schema of the policy file is installed' test -f "$prefix/share/imgval/schema/imgval-policy-1.xsd"
check 'README, CHANGELOG and LICENSE are installed' test "$(find "$prefix/share/doc" -type f | wc -l)" -ge 3
check 'the rule reference is installed' grep -q 'id="STD001"' "$prefix/share/doc/imgval/rules.html"
stray() { ! find "$prefix" -type f \( -name '*.a' -o -name '*.h' -o -name '*.o' \) | grep .; }
check 'no library and no header is installed' stray
writable() { ! find "$prefix" -mindepth 1 -not -type l -perm /022 | grep .; }
check 'nothing installed is writable for others' writable

# --- bash: the words are split at '=' as readline does it
completion=$prefix/share/bash-completion/completions/imgval
check 'bash -n' bash -n "$completion"

# complete WORD...: what bash would offer for the last word, sorted, a line each
complete_words() {
    PROGRAM=$program bash --norc --noprofile -c '
        source "$1"
        complete -p imgval >/dev/null || exit 1
        shift
        COMP_WORDS=("$PROGRAM" "$@") COMP_CWORD=$#
        COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
        _imgval imgval "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        for word in "${COMPREPLY[@]}"; do printf "%s\n" "${word% }"; done | LC_ALL=C sort
    ' bash "$completion" "$@" 2>&1
}
# offers WANTED WORD...: exactly the words of WANTED
offers() {
    local wanted=$1 seen
    shift
    seen=$(complete_words "$@" | tr '\n' ' ')
    [ "${seen% }" = "$wanted" ] || { echo "offers '${seen% }', expected '$wanted'"; return 1; }
}
# includes WORD WORDS...: among others
includes() { complete_words "${@:2}" | grep -qxF -e "$1" || { complete_words "${@:2}"; return 1; }; }
excludes() { ! complete_words "${@:2}" | grep -qxF -e "$1"; }

check 'scan --ty' offers '--type=' scan --ty
check 'scan --type=' offers 'image partial' scan --type =
check 'scan --type=pa' offers 'partial' scan --type = pa
check 'scan --format=' includes jsonl scan --format =
check 'scan --color=' offers 'always auto never' scan --color =
check 'scan --fail-on=w' offers 'warning' scan --fail-on = w
check 'the type of an earlier option is not offered again' includes '--baseline' scan --type = image --bas
check 'cache verbs' offers 'add export import list merge path remove show verify' cache ''
check 'cache ex' offers 'export' cache ex
check 'cache add --rep' offers '--replace' cache add --rep
check 'cache list knows no --replace' excludes '--replace' cache list --
check 'what only tests need is not there' excludes '--reader-fault=' scan --
for command in scan inspect explain cache; do
    check "the command $command" includes "$command" ''
done
check 'sc' offers 'scan' sc
check '--ver' offers '--version' --ver
while read -r option; do
    check "scan completes $option" includes "$option" scan -- </dev/null
done < <("$program" scan --help | grep -oE '^ +(-[a-z], )?--[a-z-]+=?' | grep -oE -e '--[a-z-]+=?')

# --- the other shells
if command -v zsh >/dev/null; then
    check 'zsh -n' zsh -n "$prefix/share/zsh/site-functions/_imgval"
else
    echo 'skipped zsh: not installed'
fi
if command -v fish >/dev/null; then
    check 'fish -n' fish -n "$prefix/share/fish/vendor_completions.d/imgval.fish"
else
    echo 'skipped fish: not installed'
fi
check 'zsh has a #compdef line' grep -qx '#compdef imgval' "$prefix/share/zsh/site-functions/_imgval"
check 'fish completes imgval' grep -q '^complete -c imgval' "$prefix/share/fish/vendor_completions.d/imgval.fish"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
