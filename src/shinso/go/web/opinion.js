// What the player thinks: who wins, how that went, and the moves it looks at.

const percent = (rate) => `${(100 * rate).toFixed(1)}%`;

// What a candidate weighs: its visits, or where nothing was visited its prior.
const weightOf = (opinion) => (candidate) => (opinion.visits ? candidate.visits : candidate.prior);

class OpinionPanel {
  // `play(point)` is called when a candidate is chosen, `preview(line)` with its moves while it is
  // pointed at, and with null after that.
  constructor(play, preview) {
    this.play = play;
    this.preview = preview;
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
    const focused = document.activeElement?.closest?.("#candidates tr")?.rowIndex;
    one("tbody", table).replaceChildren(
      ...opinion.candidates.slice(0, 12).map((each) => this.row(each, state)));
    if (focused) one("button", table.rows[Math.min(focused, table.rows.length - 1)])?.focus();
  }

  row(candidate, state) {
    const row = document.createElement("tr");
    const named = (point) => pointName(point, state.size);
    const move = document.createElement("button");
    move.type = "button";
    move.textContent = named(candidate.point);
    move.setAttribute("aria-label", `Play ${named(candidate.point)}`);
    move.addEventListener("click", () => this.play(candidate.point));
    const figures = [
      candidate.visits ? percent(candidate.win_rate) : "–",
      candidate.visits ? candidate.visits.toLocaleString("en") : "–",
      candidate.prior ? percent(candidate.prior) : "–",
      candidate.line.slice(1).map(named).join(" "),
    ];
    for (const content of [move, ...figures]) row.insertCell().append(content);
    row.addEventListener("mouseenter", () => this.preview(candidate.line));
    row.addEventListener("focusin", () => this.preview(candidate.line));
    row.addEventListener("mouseleave", () => this.preview(null));
    row.addEventListener("focusout", () => this.preview(null));
    return row;
  }
}
