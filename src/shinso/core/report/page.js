"use strict";
// The page is whole without this: here are the theme, read-outs under the pointer, and sorting.

const all = (selector) => document.querySelectorAll(selector);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

function themeToggle(button) {
  const root = document.documentElement;
  const store = (theme) => { try { localStorage.setItem("shinso-theme", theme); } catch {} };
  const stored = () => { try { return localStorage.getItem("shinso-theme"); } catch { return null; } };
  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const show = (theme) => {
    if (theme) root.dataset.theme = theme;
    button.textContent = dark() ? "Light" : "Dark";
  };
  button.hidden = false;
  button.addEventListener("click", () => { show(dark() ? "light" : "dark"); store(root.dataset.theme); });
  show(stored());
}

// Calls show(left, top) with fractions of the field under the pointer, hide() when it leaves.
function onPoint(field, show, hide) {
  const point = (event) => {
    const box = field.getBoundingClientRect();
    show((event.clientX - box.left) / box.width, event.clientY - box.top);
  };
  field.addEventListener("pointerdown", point);
  field.addEventListener("pointermove", point);
  field.addEventListener("pointerleave", hide);
  field.addEventListener("blur", hide);
}

function onArrows(field, move) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  field.addEventListener("keydown", (event) => {
    if (event.key in steps) { event.preventDefault(); move(...steps[event.key]); }
  });
}

// Each point of a line is [left in %, top in px, x, y], the last two as written.
function readPlot(plot) {
  const lines = JSON.parse(plot.dataset.lines);
  const field = plot.querySelector(".field");
  const guide = plot.querySelector(".guide");
  const where = plot.parentElement.querySelector(".where");
  const outputs = plot.parentElement.querySelectorAll(".legend output");
  const longest = lines.reduce((a, b) => (b.length > a.length ? b : a), []);
  if (!longest.length) return;
  let index = longest.length - 1;

  const nearest = (points, left) =>
    points.reduce((best, p) => (Math.abs(p[0] - left) < Math.abs(best[0] - left) ? p : best));
  const show = () => {
    const [left, , x] = longest[index];
    for (const end of ["x1", "x2"]) guide.setAttribute(end, `${left}%`);
    guide.setAttribute("visibility", "visible");
    where.textContent = `${plot.dataset.x} ${x}`;
    lines.forEach((points, i) => { if (points.length) outputs[i].textContent = nearest(points, left)[3]; });
  };
  const hide = () => {
    guide.setAttribute("visibility", "hidden");
    where.textContent = plot.dataset.x;
    lines.forEach((points, i) => { if (points.length) outputs[i].textContent = points.at(-1)[3]; });
  };
  onPoint(field, (left) => { index = longest.indexOf(nearest(longest, 100 * left)); show(); }, hide);
  onArrows(field, (step) => { index = clamp(index + step, 0, longest.length - 1); show(); });
}

function readHeat(heat) {
  const map = JSON.parse(heat.dataset.heat);
  const field = heat.querySelector(".field");
  const frame = heat.querySelector(".cell");
  const output = heat.parentElement.querySelector("output");
  const resting = output.textContent;
  let row = 0, column = 0;

  const show = () => {
    const value = map.cells[row][column];
    frame.setAttribute("x", `${(100 * column) / map.columns.length}%`);
    frame.setAttribute("width", `${100 / map.columns.length}%`);
    frame.setAttribute("y", row * map.rowHeight);
    frame.setAttribute("visibility", "visible");
    output.textContent =
      `${map.row} ${map.rows[row]}, ${map.column} ${map.columns[column]}: ${value ?? "–"}`;
  };
  const hide = () => { frame.setAttribute("visibility", "hidden"); output.textContent = resting; };
  const go = (newRow, newColumn) => {
    row = clamp(newRow, 0, map.rows.length - 1);
    column = clamp(newColumn, 0, map.columns.length - 1);
    show();
  };
  if (!map.rows.length || !map.columns.length) return;
  onPoint(field, (left, top) =>
    go(Math.floor(top / map.rowHeight), Math.floor(left * map.columns.length)), hide);
  onArrows(field, (right, down) => go(row + down, column + right));
}

function sortOnClick(table) {
  const heads = [...table.querySelectorAll("th[scope=col]")];
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });
  heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(key(a, column), key(b, column)) * (down ? -1 : 1));
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.tBodies[0].append(...rows);
  }));
}

// A link to a folded part opens it.
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  const details = target && target.querySelector(":scope > details");
  if (details) details.open = true;
}

addEventListener("hashchange", openTarget);
openTarget();
all(".theme").forEach(themeToggle);
all(".plot").forEach(readPlot);
all(".heat").forEach(readHeat);
all(".sortable").forEach(sortOnClick);
