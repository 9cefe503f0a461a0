/* The HTML report of imgval without this script is whole; with it, tables are sorted and filtered,
   details are folded, and the colours can be chosen. It stores nothing and asks for nothing. */
(function () {
  "use strict";

  var FOLD_ABOVE = 8; /* findings: more than these start folded */
  var collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  var root = document.documentElement;

  function all(selector, inside) {
    return Array.prototype.slice.call((inside || document).querySelectorAll(selector));
  }

  /* ---- colours ---- */

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark"
      : window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function addTheme() {
    var button = document.getElementById("theme");
    function show() { button.textContent = isDark() ? "Light" : "Dark"; }
    button.setAttribute("aria-label", "Switch between light and dark colours");
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      show();
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    show();
    button.hidden = false;
  }

  /* ---- sorting ---- */

  function keyOf(row, column) {
    var cell = row.children[column];
    return cell.dataset.rank !== undefined ? Number(cell.dataset.rank) : cell.textContent.trim();
  }

  function sortBy(table, column, direction) {
    var body = table.tBodies[0];
    var keyed = table.rowsAtFirst.map(function (row, place) {
      return { row: row, place: place, key: direction ? keyOf(row, column) : 0 };
    });
    if (direction) {
      keyed.sort(function (a, b) {
        var order = typeof a.key === "number" ? b.key - a.key : collator.compare(a.key, b.key);
        return order * direction || a.place - b.place;
      });
    }
    table.removeChild(body); /* thousands of rows move faster where nobody sees them */
    keyed.forEach(function (item) { body.appendChild(item.row); });
    table.appendChild(body);
  }

  /* Ascending, descending, and the order of the report again. */
  function addSorting(table) {
    var heads = all("thead th", table);
    table.rowsAtFirst = all("tbody tr", table);
    heads.forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", function () {
        var now = head.getAttribute("aria-sort");
        var next = now === "none" ? "ascending" : now === "ascending" ? "descending" : "none";
        heads.forEach(function (other) { other.setAttribute("aria-sort", "none"); });
        head.setAttribute("aria-sort", next);
        sortBy(table, column, next === "none" ? 0 : next === "ascending" ? 1 : -1);
      });
      head.textContent = "";
      head.appendChild(button);
      head.setAttribute("aria-sort", "none");
    });
  }

  /* ---- filtering ---- */

  function addFilter(tools) {
    var table = tools.parentNode.querySelector("table");
    var search = tools.querySelector("input[type=search]");
    var boxes = all("input[type=checkbox]", tools);
    var output = tools.querySelector("output");
    var rows = all("tbody tr", table);
    var texts = null;

    function apply() {
      var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      var off = {};
      var only = "";
      var shown = 0;
      boxes.forEach(function (box) {
        if (box.dataset.only !== undefined) {
          only = box.checked ? box.value : only;
        } else {
          off[box.value] = !box.checked;
        }
      });
      if (words.length > 0 && texts === null) {
        texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
      }
      rows.forEach(function (row, place) {
        var is_shown = !off[row.dataset.k] && (only === "" || row.dataset.k === only) &&
          words.every(function (word) { return texts[place].indexOf(word) >= 0; });
        row.hidden = !is_shown;
        shown += is_shown ? 1 : 0;
      });
      output.textContent = (shown === rows.length ? "" : shown + " of ") + rows.length + " " +
        output.dataset.noun + (rows.length === 1 ? "" : "s");
    }

    var waiting = 0;
    search.addEventListener("input", function () {
      clearTimeout(waiting);
      waiting = setTimeout(apply, 120);
    });
    boxes.forEach(function (box) { box.addEventListener("change", apply); });
    apply();
    tools.hidden = false;
  }

  /* ---- folding ---- */

  function addFolding(tools) {
    var button = tools.querySelector(".fold");
    if (!button) {
      return;
    }
    var details = all("tbody details", tools.parentNode);
    var open = true;
    function fold(is_open) {
      open = is_open;
      details.forEach(function (item) { item.open = is_open; });
      button.textContent = is_open ? "Fold all" : "Unfold all";
    }
    button.addEventListener("click", function () { fold(!open); });
    if (details.length > FOLD_ABOVE) {
      fold(false);
    }
  }

  /* What a link leads to must be seen. */
  function unfoldTarget() {
    var target = location.hash.length > 1 &&
      document.getElementById(decodeURIComponent(location.hash.slice(1)));
    var details = target && (target.tagName === "DETAILS" ? target
      : target.tagName === "TR" ? target.querySelector("details") : null);
    if (details) {
      for (var around = details; around; around = around.parentElement) {
        if (around.tagName === "DETAILS") {
          around.open = true;
        }
      }
      target.scrollIntoView();
    }
  }

  /* Paper cannot be unfolded. */
  function addPrinting() {
    var folded = [];
    window.addEventListener("beforeprint", function () {
      folded = all("details:not([open])");
      folded.forEach(function (item) { item.open = true; });
    });
    window.addEventListener("afterprint", function () {
      folded.forEach(function (item) { item.open = false; });
    });
  }

  addTheme();
  all("table.sortable").forEach(addSorting);
  all(".tools").forEach(function (tools) {
    addFilter(tools);
    addFolding(tools);
  });
  all(".rule").forEach(function (rule) { rule.open = false; });
  window.addEventListener("hashchange", unfoldTarget);
  unfoldTarget();
  addPrinting();
})();
