#!/usr/bin/python3
"""browser.py EMITTER IMGVAL [FOLDER]: the HTML report in a headless Chromium. What the script does (filter,
sort, fold, colours), what works without it, what a keyboard and a screen reader find, contrast, narrow
screens, paper, 10,000 findings; and that nothing hostile runs and nothing is asked of a network. Then
the page of `imgval audit`, which wants none of it but the theme. EMITTER is test_sink_markup. With FOLDER, pictures are left there. Exit status 77 without Chromium.
"""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import audit  # noqa: E402
import support  # noqa: E402

failures = []

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe"]


def check(is_fine, what):
    if not is_fine:
        failures.append(what)
        print("failed:", what)


class Browser:
    """Chromium at the other end of two pipes: JSON messages that end with a NUL."""

    def __init__(self, program, profile):
        here_in, there_out = os.pipe()
        there_in, here_out = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (there_in, there_out)]

        def place():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program, *FLAGS, "--user-data-dir=" + profile, "about:blank"], preexec_fn=place,
            close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (there_in, there_out, *high):
            os.close(fd)
        self.read, self.write = here_in, here_out
        self.buffer = b""
        self.number = 0
        self.session = None
        self.events = []

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.read], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self.read, 1 << 20)
            if not part:
                raise EOFError("the browser is gone")
            self.buffer += part
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, timeout=120, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        deadline = time.monotonic() + timeout
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)
                if answer["method"] == "Page.javascriptDialogOpening":
                    raise RuntimeError("a dialog was opened: a name of the input ran")

    def open(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "Accessibility"):
            self.call(domain + ".enable")
        self.size(1400, 1000)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def load(self, path):
        """Loads a file; returns the seconds until its load event."""
        self.events.clear()
        start = time.monotonic()
        self.call("Page.navigate", url="file://" + path)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive(time.monotonic() + 120))
        self.run("1")
        return time.monotonic() - start

    def run(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression, what):
        for _ in range(100):
            if self.run(expression):
                return
            time.sleep(0.05)
        check(False, what)

    def click(self, selector):
        """A real click in the middle of what stands there."""
        self.run(f"document.querySelector({json.dumps(selector)}).scrollIntoView("
                 "{block: 'center', behavior: 'instant'})")
        place = self.run(f"(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector("
                         f"{json.dumps(selector)}).getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left",
                      clickCount=1)

    def key(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, text="\r" if kind == "keyDown" and code == 13
                      else "")

    def shoot(self, folder, name, width=1400):
        """A picture of the whole page, left in the folder if there is one; returns its bytes."""
        self.size(width, 900)
        self.size(width, min(self.run("document.scrollingElement.scrollHeight"), 6000))
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        self.size(1400, 1000)
        if folder:
            with open(os.path.join(folder, name + ".png"), "wb") as file:
                file.write(data)
        return data

    def check_quiet(self, where):
        """No request but for the file, no error, no word on the console."""
        for event in self.events:
            method = event["method"]
            if method == "Network.requestWillBeSent":
                url = event["params"]["request"]["url"]
                check(url.startswith("file:///") and url.endswith(".html"),
                      f"{where}: a request for {url}")
            check(method not in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled",
                                 "Log.entryAdded"), f"{where}: {event['params']}")

    def close(self):
        self.session = None
        try:
            self.call("Browser.close", timeout=20)
            self.process.wait(20)
        except (TimeoutError, EOFError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


SHOWN = "Array.from(document.querySelectorAll('#s1-findings tbody tr')).filter(r => !r.hidden)"
STATUS = "document.querySelector('#s1-findings output').textContent"
RULES = ("Array.from(document.querySelectorAll('#s1-findings tbody tr'))"
         ".map(r => r.querySelector('th a').textContent)")
ORDER = "Array.from(document.querySelectorAll('#s1-findings tbody tr')).map(r => r.id)"

# The contrast of every text that is seen against what lies behind it: [ratio, text] below 4.5 (3 for
# large text), by WCAG 2.
CONTRAST = """(() => {
  const bad = [];
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const f = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const over = (top, under) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(i => top[i] * a + under[i] * (1 - a));
  };
  const ground = e => {
    const layers = [];
    for (; e; e = e.parentElement) { layers.push(parse(getComputedStyle(e).backgroundColor)); }
    return layers.reverse().reduce((under, top) => top.length ? over(top, under) : under,
                                   [255, 255, 255]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest('script, style, .unseen, svg')) {
      continue;
    }
    const style = getComputedStyle(e);
    let opacity = 1;
    for (let p = e; p; p = p.parentElement) { opacity *= Number(getComputedStyle(p).opacity); }
    const under = ground(e);
    const ink = parse(style.color);
    const top = over([...ink.slice(0, 3), (ink[3] === undefined ? 1 : ink[3]) * opacity], under);
    const a = light(top), b = light(under);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) { bad.push([ratio.toFixed(2), n.data.trim().slice(0, 40)]); }
  }
  return bad;
})()"""


def check_filter(browser):
    check(browser.run(STATUS) == "24 findings", f"the status is {browser.run(STATUS)!r}")
    browser.click("#s1-findings input[type=search]")
    browser.call("Input.insertText", text="VSO completE")
    browser.wait(STATUS + " === '1 of 24 findings'", "the filter does not find one finding")
    check("##vso[task" in (browser.run(SHOWN + "[0].textContent") or ""), "it is another one")
    browser.run("(s => { s.value = ''; s.dispatchEvent(new Event('input')); })"
                "(document.querySelector('#s1-findings input[type=search]'))")
    browser.wait(STATUS + " === '24 findings'", "the filter is not undone")
    browser.click("#s1-findings input[value=error]")
    check(browser.run(STATUS) == "8 of 24 findings", "without errors: " + browser.run(STATUS))
    check(browser.run(SHOWN + ".every(r => r.dataset.k !== 'error')"), "an error is still shown")
    browser.click("#s1-findings input[value=error]")
    browser.click("#s1-findings input[value=waived]")
    check(browser.run(STATUS) == "23 of 24 findings", "without waived: " + browser.run(STATUS))
    browser.click("#s1-findings input[value=waived]")
    browser.click("#s1-packages input[type=search]")
    browser.call("Input.insertText", text="history")
    browser.wait("document.querySelector('#s1-packages output').textContent === '1 of 16 packages'",
                 "the filter of packages")


def check_sort(browser):
    first = browser.run(ORDER)
    head = "#s1-findings thead th:nth-child(2)"
    state = f"document.querySelector('{head}').getAttribute('aria-sort')"
    check(browser.run(state) == "none", "aria-sort before sorting")
    browser.click(head + " button")
    rules = browser.run(RULES)
    check(rules == sorted(rules) and rules[0] != browser.run("0"), f"sorted by rule: {rules}")
    check(browser.run(ORDER) != first, "sorting by rule changes nothing")
    check(browser.run(state) == "ascending", "aria-sort is not ascending")
    browser.key("Enter", 13)  # the button has the focus
    rules = browser.run(RULES)
    check(rules == sorted(rules, reverse=True), f"sorted by rule, descending: {rules}")
    check(browser.run(state) == "descending", "aria-sort is not descending")
    browser.click("#s1-findings thead th:first-child button")
    ranks = browser.run("Array.from(document.querySelectorAll('#s1-findings tbody td:first-child'))"
                        ".map(c => Number(c.dataset.rank))")
    check(ranks == sorted(ranks, reverse=True), f"sorted by severity: {ranks}")
    check(browser.run(state) == "none", "two columns claim to be sorted")
    browser.click("#s1-findings thead th:first-child button")
    browser.click("#s1-findings thead th:first-child button")
    check(browser.run(ORDER) == first, "the order of the report does not come back")


def check_fold(browser):
    count = "document.querySelectorAll('#s1-findings details[open]').length"
    check(browser.run(count) == 0, "24 findings start unfolded")
    browser.click("#s1-findings .fold")
    check(browser.run(count) == 24, "unfold all")
    browser.click("#s1-findings .fold")
    check(browser.run(count) == 0, "fold all")
    browser.click("#s1-findings tbody tr summary")
    check(browser.run(count) == 1, "one finding does not unfold")
    browser.click("#s1-findings tbody tr th a")
    browser.wait("document.getElementById('rule-STD002').open", "a link does not unfold the rule")
    # Paper: everything, then as before.
    browser.run("dispatchEvent(new Event('beforeprint'))")
    check(browser.run("document.querySelectorAll('details:not([open])').length") == 0,
          "something is folded on paper")
    browser.run("dispatchEvent(new Event('afterprint'))")
    check(browser.run(count) == 1, "after printing, what was folded is not folded again")


def check_rest(browser):
    """What nothing was found of is folded, unless a link leads there; jumps are instant."""
    check(browser.run("document.querySelectorAll('details.rest').length >= 2 && "
                      "Array.from(document.querySelectorAll('details.rest')).every(d => !d.open)"),
          "rules that nothing was found of are not folded")
    check(browser.run("Array.from(document.querySelectorAll('.outcomes li.none')).every("
                      "tile => tile.closest('.rest'))"), "a tile of a rule that does not apply is in sight")
    check(browser.run("document.querySelectorAll('#rules .rest .found').length") == 0, "a rule is hidden")
    check(browser.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto", "a slow jump")
    rule = browser.run("document.querySelector('#rules .rest details').id")
    browser.run(f"location.hash = {json.dumps(rule)}")
    browser.wait(f"document.getElementById({json.dumps(rule)}).checkVisibility() && "
                 f"document.getElementById({json.dumps(rule)}).open", "a link to a folded rule shows nothing")
    check(browser.run(f"Math.abs(document.getElementById({json.dumps(rule)}).getBoundingClientRect().top)") < 1000,
          "the rule that a link leads to is not in sight")


def check_theme(browser):
    ground = "getComputedStyle(document.body).backgroundColor"
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        first = browser.run(ground)
        for bad in browser.run(CONTRAST):
            check(False, f"contrast, {scheme}: {bad}")
        browser.click("#theme")
        check(browser.run(ground) != first, f"the colours do not change from {scheme}")
        for bad in browser.run(CONTRAST):
            check(False, f"contrast, switched from {scheme}: {bad}")
        browser.click("#theme")
        check(browser.run(ground) == first, f"the colours do not change back to {scheme}")
        browser.run("delete document.documentElement.dataset.theme")
    browser.call("Emulation.setEmulatedMedia", features=[])


def check_keyboard(browser, path):
    browser.load(path)
    browser.key("Tab", 9)
    check(browser.run("document.activeElement.className") == "skip", "the first stop is no skip link")
    check(browser.run("document.activeElement.getBoundingClientRect().top >= 0 && "
                      "getComputedStyle(document.activeElement).outlineStyle !== 'none'"),
          "the skip link is not seen")
    browser.key("Enter", 13)
    browser.wait("document.activeElement.id === 'main'", "the skip link does not skip")
    unseen = browser.run(
        "Array.from(document.querySelectorAll('a, button, input, summary, [tabindex=\"0\"]'))"
        ".filter(e => e.checkVisibility()).filter(e => { e.focus({focusVisible: true}); return "
        "document.activeElement === e && getComputedStyle(e).outlineStyle === 'none'; }).length")
    check(unseen == 0, f"{unseen} places have a focus that is not seen")


def check_readers(browser):
    """The rows of the long tables are grids for the eye, and stay tables for a screen reader."""
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {}
    for node in nodes:
        if not node.get("ignored"):
            roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    for role, least in (("table", 8), ("row", 60), ("columnheader", 30), ("rowheader", 50),
                        ("heading", 15), ("main", 1), ("navigation", 1), ("search", 2)):
        check(len(roles.get(role, [])) >= least, f"{len(roles.get(role, []))} of role {role}")
    check("Findings of this submission" in roles["table"], f"tables: {roles['table']}")
    check("Contoso.Foo" in roles["rowheader"], "packages are no headers of their rows")
    for role in ("button", "link", "searchbox", "checkbox", "table"):
        check(all(name.strip() for name in roles.get(role, [])), f"a {role} without a name")


def check_hostile(browser):
    check(browser.run("document.scripts.length") == 1, "more scripts than ours")
    names = browser.run("Array.from(document.querySelectorAll('#s1-packages tbody th'))"
                        ".map(c => c.textContent)")
    for name in ("<script>alert('x')</script>&\"quoted\"", "]]>--><!--", "back\\slash",
                 "\\u{202e}gpks.live\\u{202c}", "\\x1b[31mred\\x1b[0m\\x1b]0;title\\x07",
                 "line\\nbreak\\r\\ttab", "bad\ufffd\ufffd\ufffdutf8"):
        check(name in names, f"the package {name!r} is not shown as text")
    check(browser.run("document.querySelectorAll('#main script, #main b b').length") == 0,
          "a name became an element")


def check_narrow(browser, folder):
    for width in (320, 400, 760):
        browser.size(width, 900)
        check(browser.run("document.scrollingElement.scrollWidth") <= width,
              f"the page scrolls sideways on {width} pixels")
        check(browser.run(
            "Array.from(document.querySelectorAll('#s1-findings td, #s1-findings p')).filter(e => "
            "e.checkVisibility() && e.getBoundingClientRect().right > innerWidth).length") == 0,
            f"findings are cut off on {width} pixels")
    browser.size(400, 900)
    browser.shoot(folder, "narrow", 400)
    browser.size(1400, 1000)


def check_without_script(browser, path, folder):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.load(path)
    check(browser.run("Array.from(document.querySelectorAll('.tools, #theme')).every("
                      "e => !e.checkVisibility())"), "tools that do nothing are shown")
    check(browser.run("document.querySelectorAll('.findings details:not([open]), "
                      ".rule:not([open])').length") == 0, "something is folded without the script")
    check(browser.run("Array.from(document.querySelectorAll('#s1-findings tr'))"
                      ".every(e => e.checkVisibility())"), "a finding is not shown")
    browser.check_quiet("without script")
    browser.shoot(folder, "without-script")
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def check_policy(browser, path):
    """What the page forbids itself: other scripts and styles, and every request."""
    browser.load(path)
    said = browser.run("""new Promise(done => {
      const said = [];
      addEventListener('securitypolicyviolation', e => said.push(e.effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'window.ran = 1';
      document.body.appendChild(script);
      const picture = document.createElement('img');
      picture.src = 'http://127.0.0.1:9/x.png';
      document.body.appendChild(picture);
      document.body.setAttribute('style', 'color: red');
      fetch('http://127.0.0.1:9/').catch(() => 0);
      setTimeout(() => done(said.concat(window.ran === undefined ? [] : ['ran'])), 500);
    })""")
    for directive in ("script-src-elem", "img-src", "style-src-attr", "connect-src"):
        check(directive in said, f"{directive} is not forbidden: {said}")
    check("ran" not in said, "a script that is not ours ran")


def check_large(browser, path):
    """10,000 findings and packages, on a slow machine."""
    seconds = browser.load(path)
    check(seconds < 60, f"10,000 findings took {seconds:.1f} s to load")
    start = time.monotonic()
    browser.run("(s => { s.value = 'P0009999'; s.dispatchEvent(new Event('input')); })"
                "(document.querySelector('#s1-findings input[type=search]'))")
    browser.wait(STATUS + " === '1 of 10000 findings'", "the filter of 10,000")
    browser.run("document.querySelector('#s1-findings thead th:nth-child(3) button').click()")
    browser.run("document.querySelector('#s1-findings thead th:nth-child(3) button').click()")
    check(browser.run("document.querySelector('#s1-findings tbody tr td:nth-child(3)').textContent")
          == "Contoso.P0009999", "the sorting of 10,000")
    took = time.monotonic() - start
    check(took < 60, f"filtering and sorting 10,000 findings took {took:.1f} s")
    browser.check_quiet("large")
    print(f"10,000 findings: {seconds:.2f} s to load, {took:.2f} s to filter and sort twice")


def check_all(browser, files, folder):
    browser.open()
    browser.load(files["hostile"])
    browser.shoot(folder, "wide")
    check_filter(browser)
    browser.load(files["hostile"])
    check_sort(browser)
    check_fold(browser)
    browser.load(files["hostile"])
    check_rest(browser)
    check_hostile(browser)
    check_keyboard(browser, files["hostile"])
    check_readers(browser)
    browser.check_quiet("hostile")
    check_narrow(browser, folder)
    for which in ("hostile", "policy", "comparison", "nothing", "none"):
        browser.load(files[which])
        check_theme(browser)
        browser.check_quiet(which)
        browser.shoot(folder, which)
    check_without_script(browser, files["hostile"], folder)
    browser.load(files["comparison"])
    paper = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    check(paper.startswith(b"%PDF") and len(paper) > 10000, "no paper")
    check_large(browser, files["big"])
    check_policy(browser, files["comparison"])


# ---- the page of an audit ----

# Labels of one line of a drawing that touch their neighbour.
LABELS = """Array.from(document.querySelectorAll('figure svg')).flatMap(svg => {
  const boxes = Array.from(svg.querySelectorAll('text:not([transform])'))
    .map(t => [t.textContent, t.getBoundingClientRect()]).sort((a, b) => a[1].x - b[1].x);
  return boxes.flatMap(([a, one], i) => boxes.slice(i + 1).filter(([, other]) =>
    Math.abs(other.y - one.y) < one.height / 2 && other.x < one.right + 2).map(([b]) => a + ' ' + b));
})"""


def build_histories(place):
    """Folders of firmware sets, by the name of the page that is made of them."""
    many = " ".join("abcdefghijklmnopqrst")
    rich = place.path / "rich"
    for number, packages in ((1, many), (2, many + " u"), (3, "a b c"), (4, many + " u"), (5, many),
                             (7, many + " u v"), (6, many + " u"), (8, many + " u v w")):
        audit.write_set(rich / f"{9 - number if number == 8 else number:02}-v{number}", number, packages)
    audit.write_set(rich / "09-<script>alert(1)</script> & \u202egpks\u202c \x1b[31m", 9, many)
    audit.write_set(rich / "10-changed", 10, many.replace("b", "b1") + " u")
    audit.write_package(rich / "10-changed", audit.name("b"), "1.0.0.1", size=9999)
    audit.write_set(rich / "11-bad", 11, many)
    (rich / "11-bad" / audit.name("a") / "man.dsm.xml").write_text("<Package")
    audit.write_set(rich / "12-twin", 10, "a b")
    audit.write_set(rich / "12-none", None, "a b")
    for number in range(3):
        audit.write_set(rich / f"other-{number}", number, "a b", ("CONTOSO", "000-44", "CT-100"))
    audit.write_set(rich / "alone", 3, "a", ("CONTOSO", "000-44", "CT-" + "L" * 29))
    for number in range(90):
        audit.write_set(place.path / "long" / f"{number:03}", number, "a b" + " c" * (number % 7 > 0))
    for number in range(3):
        audit.write_set(place.path / "fine" / str(number), number, "a b")
    (place.path / "empty").mkdir()


def check_audit(browser, which, path, folder):
    """Light and dark, wide and narrow: drawn, legible, within the screen, and quiet."""
    pictures = {}
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        for width in (1400, 760, 320):
            browser.size(width, 900)
            browser.load(path)
            where = f"audit {which}, {scheme}, {width} pixels"
            browser.check_quiet(where)
            check(browser.run("document.scrollingElement.scrollWidth") <= width,
                  f"{where}: the page scrolls sideways")
            cut = browser.run("Array.from(document.querySelectorAll('#main h1, #main h2, #main h3, #main p, "
                              "#main li, #main summary')).filter(e => e.checkVisibility() && "
                              "!e.closest('.scroll') && (e.scrollWidth > e.clientWidth + 1 && "
                              "getComputedStyle(e).display !== 'inline' || "
                              "e.getBoundingClientRect().right > innerWidth)).map(e => e.textContent)")
            check(not cut, f"{where}: cut off: {cut}")
            check(browser.run("Array.from(document.querySelectorAll('figure, table')).every(e => "
                              "e.getBoundingClientRect().height > 20)"), f"{where}: something is drawn flat")
            check(browser.run("document.querySelector('footer').getBoundingClientRect().height > 60"),
                  f"{where}: the foot sticks to what stands before it")
            check(not browser.run(LABELS), f"{where}: labels over labels: {browser.run(LABELS)}")
            for bad in browser.run(CONTRAST):
                check(False, f"{where}: contrast {bad}")
            picture = pictures[scheme, width] = browser.shoot(folder, f"audit-{which}-{scheme}-{width}", width)
            check(len(picture) > 8000, f"{where}: the picture is empty: {len(picture)} bytes")
    check(len(set(pictures.values())) == len(pictures), f"audit {which}: two pictures are the same")
    browser.call("Emulation.setEmulatedMedia", features=[])


def check_audit_marks(browser, path):
    """What the drawings of a history say, in words too: no colour is needed, and no name runs."""
    browser.load(path)
    check(browser.run("document.scripts.length") == 1, "more scripts than ours")
    check_theme(browser)
    check(browser.run("document.querySelectorAll('#v3 figure svg[role=img][aria-label]').length") >= 3,
          "timeline, growth and pairs are not all drawn")
    marks = browser.run("Array.from(document.querySelectorAll('#v3 .draw rect title'))"
                        ".map(t => t.textContent)")
    check(all(any(word in mark for mark in marks)
              for word in ("lacks", "not judged", "one hop", "missing")), f"the marks say {marks}")
    check(browser.run("Array.from(document.querySelectorAll('#main td')).some(c => "
                      "c.textContent.includes('<script>alert(1)</script> &'))"), "a hostile name is not shown as text")
    check(browser.run("document.querySelectorAll('#main [tabindex=\"0\"]').length > 0 && Array.from("
                      "document.querySelectorAll('#main [tabindex=\"0\"], #main a, #main summary')).every(e => { "
                      "e.focus({focusVisible: true}); return document.activeElement !== e || "
                      "getComputedStyle(e).outlineStyle !== 'none'; })"), "a focus is not seen")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    for role in ("table", "link", "img", "image"):
        unnamed = [n for n in nodes if not n.get("ignored") and n["role"]["value"] == role
                   and not n.get("name", {}).get("value", "").strip()]
        check(not unnamed, f"{len(unnamed)} of role {role} without a name")
    check(browser.run("Array.from(document.querySelectorAll('[role=group]')).every(e => e.ariaLabel)"),
          "a drawing that can be scrolled has no name")
    ids = browser.run("Array.from(document.querySelectorAll('a[href^=\"#\"]')).filter(a => "
                      "!document.getElementById(a.getAttribute('href').slice(1))).length")
    check(ids == 0, f"{ids} links lead nowhere")
    paper = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    check(paper.startswith(b"%PDF") and len(paper) > 10000, "no paper of an audit")


def check_audit_tools(browser, path):
    """The versions of a history: found, broken ones alone, sorted by any column, heads in sight."""
    browser.load(path)
    tools = "#v1 .versions .tools"
    output = f"document.querySelector('{tools} output').textContent"
    shown = "Array.from(document.querySelectorAll('#v1 .audit tbody tr')).filter(r => !r.hidden)"
    total = browser.run("document.querySelectorAll('#v1 .audit tbody tr').length")
    check(total == 90 and browser.run(output) == "90 versions", f"{total} versions: {browser.run(output)}")
    browser.click(tools + " input[data-only]")
    broken = browser.run(shown + ".map(r => r.querySelector('td').textContent.trim())")
    check(broken and set(broken) == {"broken"}, f"broken only: {broken}")
    check(browser.run(output) == f"{len(broken)} of 90 versions", f"broken only: {browser.run(output)}")
    browser.click(tools + " input[data-only]")
    browser.click(tools + " input[type=search]")
    browser.call("Input.insertText", text="long/007")
    browser.wait(output + " === '1 of 90 versions'", "the filter of versions")
    browser.run(f"(s => {{ s.value = ''; s.dispatchEvent(new Event('input')); }})"
                f"(document.querySelector('{tools} input[type=search]'))")
    browser.wait(output + " === '90 versions'", "the filter is undone")
    browser.click("#v1 .audit thead th:first-child button")
    first = browser.run(shown + ".map(r => r.querySelector('td').textContent.trim())")
    check(first[:len(broken)] == ["broken"] * len(broken), f"sorted by step: {first[:20]}")
    browser.run("document.querySelector('#v1 .versions > .scroll').scrollTop = 600")
    head, box = browser.run("['thead th', '.scroll'].map(s => document.querySelector('#v1 .versions ' + s)"
                            ".getBoundingClientRect().top)")
    check(abs(head - box) < 4, f"the head is at {head}, its box at {box}")
    check(browser.run("document.querySelector('.hero').classList.contains('warning')"),
          "a pass over broken steps is as green as any")
    check(browser.run("Array.from(document.querySelectorAll('#v1 details summary')).some(s => "
                      "/\\d → \\S+: \\S/.test(s.textContent))"), "a summary does not say from where to where")
    browser.check_quiet("audit tools")


def check_rule_page(browser, place, folder):
    """The rule reference: groups, search, severities, anchors, legible in light and dark."""
    path = str(place.write("rules.html", place.run("explain", "--format=html").out))
    rows = "Array.from(document.querySelectorAll('.findings tbody tr')).filter(r => !r.hidden)"
    browser.load(path)
    check(browser.run("document.querySelectorAll('.bar nav a').length") >= 7, "the groups are not in the bar")
    browser.click("input[type=search]")
    browser.call("Input.insertText", text="zero-version")
    browser.wait(rows + ".length === 1", "the filter of rules")
    browser.load(path)
    for kind in ("error", "warning"):
        browser.click(f"input[value={kind}]")
    check(set(browser.run(rows + ".map(r => r.dataset.k)")) == {"note"}, "notes alone")
    browser.run("location.hash = 'STD002'")
    browser.wait("document.querySelector('#STD002 details').open && "
                 "!document.querySelector('#STD001 details').open", "an anchor does not unfold its rule")
    check_theme(browser)
    for width in (320, 760, 1400):
        browser.size(width, 900)
        check(browser.run("document.scrollingElement.scrollWidth") <= width, f"rules: {width} pixels are too few")
    browser.check_quiet("rules")
    browser.shoot(folder, "rules")


def check_paper(browser, place):
    """An audit of sixty versions on paper, with broken steps: small, and at once."""
    stays = " ".join(f"p{i}" for i in range(40))
    for number in range(60):
        audit.write_set(place.path / "sixty" / f"{number:03}", number,
                        stays + f" q{number // 3}" + "".join(f" r{k}" for k in range(number % 5)))
    page = place.write("sixty.html", place.run("audit", "--format=html", "sixty").out)
    browser.load(str(page))
    browser.call("Emulation.setEmulatedMedia", media="print")
    fills = browser.run("Array.from(document.querySelectorAll('figure svg *')).filter(e => "
                        "getComputedStyle(e).fill.includes('url(')).length")
    check(fills == 0, f"{fills} pattern fills on paper")
    tones = browser.run("['hold', 'gone', 'part2', 'part1'].map(name => { const mark = document.createElementNS("
                        "'http://www.w3.org/2000/svg', 'rect'); mark.setAttribute('class', name); "
                        "document.querySelector('figure svg').append(mark); const tone = getComputedStyle(mark)"
                        ".fill; mark.remove(); return tone; })")
    check(len(set(tones)) == 4, f"the tones on paper are {tones}")
    browser.call("Emulation.setEmulatedMedia", media="")
    start = time.monotonic()
    paper = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    took = time.monotonic() - start
    check(paper.startswith(b"%PDF") and len(paper) < 2_000_000, f"paper of {len(paper)} bytes")
    check(took < 20, f"paper took {took:.1f} s")
    print(f"60 versions on paper: {took:.2f} s, {len(paper)} bytes")


def check_audits(browser, program, folder):
    with support.Place(program, story=False) as place:
        build_histories(place)
        for which, statuses in (("rich", (1,)), ("long", (0,)), ("fine", (0,)), ("empty", (3,))):
            done = place.run("audit", "--format=html", which)
            check(done.status in statuses, f"audit of {which}: status {done.status} {done.text_err}")
            path = str(place.write(which + ".html", done.out))
            check_audit(browser, which, path, folder)
        check_audit_marks(browser, str(place.path / "rich.html"))
        check_rule_page(browser, place, folder)
        check_audit_tools(browser, str(place.path / "long.html"))
        check_paper(browser, place)


def main():
    emitter, imgval = sys.argv[1:3]
    folder = sys.argv[3] if len(sys.argv) > 3 else None
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("skipped: no chromium")
        return 77
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        files = {}
        for which in ("hostile", "policy", "comparison", "nothing", "none", "big"):
            files[which] = os.path.join(place, which + ".html")
            with open(files[which], "wb") as file:
                file.write(subprocess.run([emitter, "html", which, "10000"], check=True,
                                          capture_output=True).stdout)
        browser = Browser(program, os.path.join(place, "profile"))
        try:
            check_all(browser, files, folder)
            check_audits(browser, imgval, folder)
        finally:
            browser.close()
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
