"use strict";
const root = document.documentElement;
const stored = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
if (stored) root.dataset.theme = stored;
document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a page from a file */ }
});

const table = document.getElementById("board");
if (table) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows], count = rows.length;
  const number = (cell) => cell.dataset.v === "" ? null : Number(cell.dataset.v);
  const missingLast = (a, b, sign) => a === null ? 1 : b === null ? -1 : sign * (a - b);

  const svg = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const top = (row, now) => {
    let badge = row.querySelector(".badge.top");
    if (now && !badge) {
      badge = document.createElement("span");
      badge.className = "badge top";
      badge.textContent = "not separable from the best";
      row.cells[1].insertBefore(badge, row.cells[1].querySelector(".badge"));
    }
    row.classList.toggle("top", now);
  };
  const x = (place) => 3 + 84 * (place - 1) / Math.max(1, count - 1);
  for (const row of rows) {
    const line = svg("svg", { class: "rankline", viewBox: "0 0 90 6", width: 90, height: 6, "aria-hidden": true });
    line.append(svg("line", { x1: 3, x2: 87, y1: 3, y2: 3 }), svg("line", { y1: 3, y2: 3 }));
    row.cells[0].append(line);
  }

  // Ranks are those of the score in column `at`: the place, and which places are possible.
  const rank = (at) => {
    let tops = 0;
    for (const row of rows) {
      const [place, best, worst] = (row.cells[at].dataset.r || "").split(",").map(Number);
      const cell = row.cells[0];
      top(row, best === 1);
      tops += best === 1;
      const [gap, span] = (row.cells[at].dataset.d || "–|").split("|"), cellOfGap = row.querySelector(".gap");
      cellOfGap.firstChild.textContent = gap;
      cellOfGap.lastChild.textContent = span;
      cell.querySelector("b").textContent = place || "–";
      cell.querySelector("small").textContent =
        best ? (best === worst ? "certain" : `${best} to ${worst}`) : "no interval";
      const line = cell.querySelector("line + line");
      line.toggleAttribute("hidden", !best);
      if (best) { line.setAttribute("x1", x(best)); line.setAttribute("x2", x(worst) + .1); }
    }
    table.classList.toggle("several", tops > 1);
    document.getElementById("by").textContent = heads[at].dataset.title;
  };
  const sort = (at, direction) => {
    const sign = direction === "ascending" ? 1 : -1, words = heads[at].dataset.words !== undefined;
    const order = [...rows].sort((a, b) => words
      ? sign * a.cells[at].dataset.v.localeCompare(b.cells[at].dataset.v)
      : missingLast(number(a.cells[at]), number(b.cells[at]), sign));
    body.append(...order);
    heads.forEach((head, place) => {
      if (head.hasAttribute("aria-sort")) head.setAttribute("aria-sort", place === at ? direction : "none");
    });
    if (heads[at].dataset.title) rank(at);
  };
  heads.forEach((head, at) => head.querySelector("button")?.addEventListener("click", () => {
    const first = head.dataset.first, now = head.getAttribute("aria-sort");
    const other = first === "ascending" ? "descending" : "ascending";
    sort(at, now === first ? other : first);
  }));

  const find = document.getElementById("find"), size = document.getElementById("size");
  const open = document.getElementById("open"), verified = document.getElementById("verified");
  const shown = document.getElementById("shown");
  const filter = () => {
    const text = find.value.trim().toLowerCase();
    let left = 0;
    for (const row of rows) {
      const [low, high] = size.value ? size.value.split("-").map(Number) : [null, null];
      const own = row.dataset.size === "" ? null : Number(row.dataset.size);
      row.hidden = !(row.dataset.find.includes(text)
        && (low === null || (own !== null && own >= low && own < high))
        && (!open.checked || row.dataset.open === "1")
        && (!verified.checked || row.dataset.verified === "1"));
      left += !row.hidden;
    }
    shown.textContent = left === count ? `${count} models` : `${left} of ${count} models`;
  };
  if (find) {
    for (const control of [find, size, open, verified]) control.addEventListener("input", filter);
    filter();
  }
  rank(heads.findIndex((head) => (head.getAttribute("aria-sort") ?? "none") !== "none"));
}
