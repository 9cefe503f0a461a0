#!/bin/sh
# site.sh OUT RULES: the manual as a folder of HTML pages that needs no network: every manual page of
# this folder (mandoc), the rule reference RULES (imgval explain --format=html), and an index; in the
# style of the reports.
set -eu
out=${1:?usage: site.sh OUT RULES}
rules=${2:?usage: site.sh OUT RULES}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$out"

# Pages in reading order, each with what it is for.
pages='imgval-tutorial.7 imgval.1 imgval-formats.5 imgval-rules.7 imgval-fleet.7'

# head TITLE
head() {
    cat <<HTML
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$1</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<header class="bar"><nav aria-label="Pages"><a href="index.html">imgval</a>
HTML
    for link in $pages; do
        echo "<a href=\"$link.html\">${link%.*}(${link##*.})</a>"
    done
    echo '<a href="rules.html">Rule reference</a></nav></header><main class="manual">'
}

foot() { printf '</main>\n</body>\n</html>\n'; }

cat "$here/../imgval/report/html/style.css" "$here/site.css" >"$out/style.css"
cp "$rules" "$out/rules.html"
for page in $pages; do
    {
        head "${page%.*}(${page##*.})"
        mandoc -Thtml -O fragment,toc,man=%N.%S.html "$here/$page"
        foot
    } >"$out/$page.html"
done
{
    head 'imgval'
    echo '<h1>imgval</h1><p>The manual of the offline validator of firmware submissions.</p><dl>'
    for page in $pages; do
        about=$(sed -n 's/^\.Nd //p' "$here/$page")
        echo "<dt><a href=\"$page.html\">${page%.*}(${page##*.})</a></dt><dd>$about</dd>"
    done
    echo '<dt><a href="rules.html">Rule reference</a></dt><dd>every rule: what it checks, why, and how to fix it</dd></dl>'
    foot
} >"$out/index.html"
