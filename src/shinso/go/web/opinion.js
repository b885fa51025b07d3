// What the player thinks: who wins, how that went, and the moves it looks at.

const percent = (rate) => `${(100 * rate).toFixed(1)}%`;

// What a candidate weighs: its visits, or where nothing was visited its prior.
const weightOf = (opinion) => (candidate) => (opinion.visits ? candidate.visits : candidate.prior);

const MOST_ROWS = 12;

class OpinionPanel {
  // `play(point)` is called when a candidate is chosen, `preview(line)` with its moves while it is
  // pointed at, and with null after that.
  constructor(play, preview) {
    this.play = play;
    this.preview = preview;
    this.rows = Array.from({ length: MOST_ROWS }, () => this.row());
    one("#candidates tbody").append(...this.rows);
  }

  draw(state) {
    const opinion = state.opinion;
    one("#idle").hidden = Boolean(opinion) || state.curve.length > 0;
    this.rate(state);
    this.curve(state);
    this.candidates(state);
  }

  rate(state) {
    const known = state.curve.find(([number]) => number === state.shown);
    const panel = one("#rate");
    panel.hidden = !known;
    if (!known) return;
    one(".black", panel).textContent = `Black ${percent(known[1])}`;
    one(".white", panel).textContent = `${percent(1 - known[1])} White`;
    one("i", panel).style.width = percent(known[1]);
  }

  curve(state) {
    const panel = one("#curve"), rates = state.curve, most = Math.max(state.moves, 1);
    panel.hidden = rates.length < 2;
    if (panel.hidden) return;
    const picture = svg("svg", {
      viewBox: `0 0 ${most} 1`, preserveAspectRatio: "none", role: "img",
      "aria-label": "Black's win rate by move: " +
        rates.map(([number, rate]) => `${number}: ${percent(rate)}`).join(", "),
    });
    const path = rates.map(([number, rate]) => `${number} ${(1 - rate).toFixed(4)}`).join("L");
    const [first, last] = [rates[0][0], rates[rates.length - 1][0]];
    picture.append(
      svg("path", { d: `M${path}L${last} 1L${first} 1Z`, class: "below" }),
      svg("path", { d: `M0 0.5H${most}`, class: "middle" }),
      svg("path", { d: `M${state.shown} 0V1`, class: "here" }),
      svg("path", { d: `M${path}`, class: "rates" }),
    );
    const legend = document.createElement("p");
    legend.append("Black's win rate, 0 to 100%");
    const end = document.createElement("span");
    end.textContent = `move ${state.moves}`;
    legend.append(end);
    panel.replaceChildren(picture, legend);
  }

  candidates(state) {
    const table = one("#candidates"), opinion = state.opinion;
    table.hidden = !opinion;
    if (!opinion) return;
    table.classList.toggle("searchless", !opinion.visits);
    table.classList.toggle("priorless", !opinion.candidates.some((each) => each.prior));
    this.rows.forEach((row, order) => this.fill(row, opinion.candidates[order], state.size));
  }

  // Rows stay while what they show changes, so that a click never falls between two of them.
  row() {
    const row = document.createElement("tr"), move = document.createElement("button");
    move.type = "button";
    row.insertCell().append(move);
    for (let cell = 1; cell < 5; cell++) row.insertCell();
    move.addEventListener("click", () => this.play(row.candidate.point));
    for (const kind of ["mouseenter", "focusin"]) {
      row.addEventListener(kind, () => this.preview(row.candidate.line));
    }
    for (const kind of ["mouseleave", "focusout"]) {
      row.addEventListener(kind, () => this.preview(null));
    }
    return row;
  }

  fill(row, candidate, size) {
    row.hidden = !candidate;
    row.candidate = candidate;
    if (!candidate) return;
    const named = (point) => pointName(point, size);
    const move = one("button", row);
    move.textContent = named(candidate.point);
    move.setAttribute("aria-label", `Play ${named(candidate.point)}`);
    const figures = [
      percent(candidate.win_rate),
      candidate.visits.toLocaleString("en"),
      percent(candidate.prior),
      candidate.line.slice(1).map(named).join(" "),
    ];
    figures.forEach((text, order) => { row.cells[order + 1].textContent = text; });
  }
}
