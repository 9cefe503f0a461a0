#!/usr/bin/python3
"""axe.py PROGRAM BUILDER SITE [AXE [FOLDER]]: every kind of page that imgval writes, and the manual's site, looked
at by axe-core in a headless Chromium, light and dark, on 390, 768 and 1440 pixels: no violation, and no
word on the console. AXE is axe.min.js of the npm package axe-core, by default as $IMGVAL_AXE names it; no
network is used. With FOLDER, pictures are left there. Exit status 77 without the one or the other."""
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import browser as pages  # noqa: E402
import support  # noqa: E402

# What is asked of each page: all rules of axe, its advice ("best-practice") among them.
LOOK = """axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.flatMap(v =>
  v.nodes.slice(0, 3).map(n => v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary.slice(0, 300))))"""

SCANS = {
    "pass": ("--no-wspc", "v1"),
    "incomplete": ("v1",),
    "fail": ("golden/tree",),
    "not-compliant": ("--against=v1", "v4"),
    "several": ("--no-wspc", "v1", "v4", "golden/tree"),
}


def write_pages(place):
    """Name and path of each page."""
    golden = support.TOP / "testdata/golden/submission.recipe"
    place.build(golden.read_text(encoding="utf-8"), "golden")
    for folder in ("v1", "v3"):
        place.run("cache", "add", "-q", "--baseline", "--cache=axe.db", folder)
    runs = {f"scan {name}": ("scan", *words) for name, words in SCANS.items()}
    runs.update({"diff": ("diff", "v1", "v4"), "rfu allowed": ("rfu", "--cache=axe.db", "--source=v1", "--target=v3"),
                 "rfu rejected": ("rfu", "--cache=axe.db", "--source=v1", "--target=v4"),
                 "rules": ("explain",), "rule": ("explain", "WSPC002")})
    pages.build_histories(place)
    runs.update({f"audit {name}": ("audit", name) for name in ("rich", "long", "fine", "empty")})
    for name, words in runs.items():
        done = place.run(*words, "--format=html")
        pages.check(done.out.startswith(b"<!DOCTYPE html>"), f"{name}: no page: {done.text_err}")
        yield name, str(place.write(name.replace(" ", "-") + ".html", done.out))


def look(browser, axe, name, path, folder):
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        for width in (390, 768, 1440):
            where = f"{name}, {scheme}, {width} pixels"
            browser.size(width, 900)
            browser.load(path)
            loud = [e for e in browser.events if e["method"] in (
                "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")]
            pages.check(not loud, f"{where}: on the console: {loud[:2]}")
            browser.run(axe + "; 1")
            for bad in browser.run(LOOK):
                pages.check(False, f"{where}: {bad}")
            if folder:
                browser.shoot(folder, where.replace(", ", "-").replace(" ", "-"), width)


def main():
    program, builder, site = sys.argv[1:4]
    axe = sys.argv[4] if len(sys.argv) > 4 else os.environ.get("IMGVAL_AXE", "")
    folder = sys.argv[5] if len(sys.argv) > 5 else None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or not os.path.isfile(axe):
        print("skipped: " + ("no Chromium" if chromium is None else "no axe.min.js"))
        return 77
    script = pathlib.Path(axe).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile, support.Place(program, builder) as place:
        browser = pages.Browser(chromium, profile)
        try:
            browser.open()
            count = 0
            for name, path in write_pages(place):
                look(browser, script, name, path, folder)
                count += 1
            for path in sorted(pathlib.Path(site).glob("*.html")):
                look(browser, script, "site " + path.stem, str(path.resolve()), folder)
                count += 1
        finally:
            browser.close()
    print(f"{count} pages, {len(pages.failures)} failures")
    return 1 if pages.failures else 0


if __name__ == "__main__":
    sys.exit(main())
