"use strict";
// The board: a drawing in SVG, one unit a line, and above it a button for each point.

const BLACK = 1, WHITE = 2;
const COLOURS = { 0: "empty", 1: "black", 2: "white" };
const COLUMNS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"; // no I, which looks like 1

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function svg(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

function group(name, ...children) {
  const element = svg("g", { class: name });
  element.append(...children.flat());
  return element;
}

function pointName(point, size) {
  if (point === size * size) return "pass";
  return COLUMNS[point % size] + (size - Math.floor(point / size));
}

// Compact, as 1.2k.
function short(count) {
  if (count < 1000) return String(count);
  const thousands = count / 1000;
  return thousands < 10 ? thousands.toFixed(1) + "k" : Math.round(thousands) + "k";
}

class Goban {
  // `play(point)` is called when a point is chosen.
  constructor(element, play) {
    this.element = element;
    this.drawing = one("svg", element);
    this.points = one(".points", element);
    this.points.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) play(Number(button.dataset.point));
    });
    this.points.addEventListener("keydown", (event) => this.walk(event));
    this.points.addEventListener("focusin", (event) => this.rest(event.target));
  }

  // What is to be seen: size, stones, to_play, last, ko; and where asked for `opinion`, `estimate`
  // and `line`, the moves of a candidate.
  draw(view) {
    if (view.size !== this.size) this.begin(view.size);
    this.element.dataset.turn = view.to_play;
    this.label(view);
    this.drawing.replaceChildren(
      this.fillings(),
      this.grid,
      view.opinion ? this.heat(view) : group("heat"),
      this.stones(view),
      this.marks(view),
      view.estimate ? this.owners(view) : group("owners"),
      view.line ? this.ghosts(view) : group("ghost"),
    );
  }

  begin(size) {
    this.size = size;
    this.element.style.setProperty("--size", size);
    this.element.classList.toggle("large", size > 13);
    this.drawing.setAttribute("viewBox", `-1.1 -0.6 ${size + 0.7} ${size + 0.7}`);
    this.grid = this.lines();
    this.points.replaceChildren(...Array.from({ length: size * size }, (_, point) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.point = point;
      button.tabIndex = -1;
      return button;
    }));
    this.points.children[Math.floor(size * size / 2)].tabIndex = 0;
  }

  at(point) { return { x: point % this.size, y: Math.floor(point / this.size) }; }

  circle(point, radius, name) {
    const { x, y } = this.at(point);
    return svg("circle", { cx: x, cy: y, r: radius, class: name });
  }

  text(point, words, name, below = 0) {
    const { x, y } = this.at(point);
    return svg("text", { x, y: y + below, class: name }, words);
  }

  fillings() {
    const gradient = (id, shine, stone) => {
      const fill = svg("radialGradient", { id, cx: "35%", cy: "30%", r: "75%" });
      const inner = svg("stop", { offset: "0%" }), outer = svg("stop", { offset: "85%" });
      inner.style.stopColor = `var(${shine})`;
      outer.style.stopColor = `var(${stone})`;
      fill.append(inner, outer);
      return fill;
    };
    return group("", gradient("black-fill", "--black-shine", "--black-stone"),
      gradient("white-fill", "--white-shine", "--white-stone"));
  }

  lines() {
    const size = this.size, end = size - 1, drawn = [], names = [];
    for (let at = 0; at < size; at++) {
      const edge = at === 0 || at === end ? "edge" : "";
      drawn.push(svg("path", { d: `M0 ${at}H${end}`, class: edge }));
      drawn.push(svg("path", { d: `M${at} 0V${end}`, class: edge }));
      names.push(svg("text", { x: at, y: end + 0.78 }, COLUMNS[at]));
      names.push(svg("text", { x: -0.78, y: at }, String(size - at)));
    }
    const stars = this.stars().map((point) => this.circle(point, 0.09, "star"));
    return group("", group("lines", drawn), stars, group("names", names));
  }

  stars() {
    const size = this.size;
    if (size < 7) return [];
    const near = size < 13 ? 2 : 3, middle = (size - 1) / 2;
    const along = [near, size - 1 - near];
    const points = along.flatMap((row) => along.map((column) => row * size + column));
    if (size % 2) points.push(middle * size + middle);
    if (size % 2 && size > 13) {
      points.push(...along.flatMap((at) => [at * size + middle, middle * size + at]));
    }
    return points;
  }

  stones(view) {
    const dead = new Set(view.estimate ? view.estimate.dead : []);
    return group("stones", view.stones.flatMap((colour, point) => {
      if (!colour) return [];
      const { x, y } = this.at(point);
      const shadow = svg("circle", { cx: x + 0.03, cy: y + 0.06, r: 0.46, class: "shadow" });
      const stone = group(dead.has(point) ? "dead" : "", shadow);
      stone.append(this.circle(point, 0.46, `s${colour}`));
      return [stone];
    }));
  }

  marks(view) {
    const marks = group("marks");
    if (view.last !== null && view.last < view.stones.length && view.stones[view.last]) {
      marks.append(this.circle(view.last, 0.24, `last on${view.stones[view.last]}`));
    }
    if (view.ko !== null) {
      const { x, y } = this.at(view.ko);
      marks.append(svg("rect", { x: x - 0.2, y: y - 0.2, width: 0.4, height: 0.4, class: "ko" }));
    }
    return marks;
  }

  // The more a move was visited, or where nothing was the likelier it is, the stronger.
  heat(view) {
    const weigh = weightOf(view.opinion);
    const found = view.opinion.candidates.filter((each) => each.point < view.stones.length);
    const most = Math.max(...found.map(weigh), 1e-9);
    const spots = found.map((candidate, order) => {
      const share = weigh(candidate) / most, told = share > 0.1;
      const radius = told ? 0.36 + 0.1 * share : 0.2;
      const disc = this.circle(candidate.point, radius, "");
      disc.setAttribute("fill-opacity", (0.1 + 0.8 * share).toFixed(3));
      const spot = group("", this.circle(candidate.point, radius, "clear"), disc);
      spot.dataset.point = candidate.point;
      if (order === 0) spot.append(this.circle(candidate.point, 0.46, "best"));
      if (told) spot.append(...this.figures(candidate, share > 0.55 ? "full" : ""));
      return share > 0.005 ? spot : [];
    });
    return group("heat", spots.flat());
  }

  figures(candidate, name) {
    const rate = candidate.visits ? candidate.win_rate : candidate.prior;
    const percent = String(Math.round(100 * rate));
    if (!candidate.visits) return [this.text(candidate.point, percent, name)];
    return [
      this.text(candidate.point, percent, name, -0.1),
      this.text(candidate.point, short(candidate.visits), `visits ${name}`, 0.2),
    ];
  }

  owners(view) {
    const squares = view.estimate.owners.map((owner, point) => {
      const { x, y } = this.at(point), side = 0.4 * Math.sqrt(Math.abs(owner));
      const colour = owner > 0 ? BLACK : WHITE;
      const needless = side < 0.08 || view.stones[point] === colour;
      return needless ? [] : svg("rect", {
        x: x - side / 2, y: y - side / 2, width: side, height: side, class: `owner${colour}`,
      });
    });
    return group("owners", squares.flat());
  }

  ghosts(view) {
    const seen = new Set();
    return group("ghost", view.line.flatMap((point, order) => {
      if (point >= view.stones.length || seen.has(point)) return [];
      seen.add(point);
      const colour = order % 2 ? 3 - view.to_play : view.to_play;
      const number = this.text(point, String(order + 1), `t${colour}`);
      return [this.circle(point, 0.46, `s${colour}`), number];
    }));
  }

  label(view) {
    for (const [point, button] of [...this.points.children].entries()) {
      const stone = view.stones[point];
      const notes = [point === view.last && "last move", point === view.ko && "ko"];
      const words = [pointName(point, this.size), COLOURS[stone], ...notes.filter(Boolean)];
      button.dataset.stone = stone;
      button.setAttribute("aria-label", words.join(", "));
    }
  }

  // Arrow keys go from point to point, so that the whole board is one stop of the tab key.
  walk(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const { x, y } = this.at(Number(event.target.dataset.point));
    const column = x + steps[event.key][0], row = y + steps[event.key][1];
    if (Math.min(column, row) < 0 || Math.max(column, row) >= this.size) return;
    this.points.children[row * this.size + column].focus();
  }

  rest(button) {
    one("[tabindex='0']", this.points).tabIndex = -1;
    button.tabIndex = 0;
  }
}
