// The page asks the server, which holds the game, and shows what it answers.

const POLL = 250; // milliseconds between looks at a thought
const LARGEST = 700_000; // bytes of a record; as Base64 it must fit into a call
const GONE = "shinso does not answer; is it still running?";

let state = null; // of the game, as the server told it last
let estimate = null; // of the position that is shown, where it is wanted
let line = null; // of the candidate that is pointed at
let paused = true; // whether the engine waits until it is told to move
let problem = ""; // what went wrong last

const goban = new Goban(one("#goban"), (point) => act("play", { point }));
const panel = new OpinionPanel((point) => act("play", { point }), (moves) => {
  line = moves;
  drawBoard();
});

// --- The server ------------------------------------------------------------------------------

async function call(name, given = {}) {
  let answer;
  try {
    answer = await fetch(`/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    });
  } catch {
    throw new Error(GONE);
  }
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

// Calls wait for each other, so that an answer is never overtaken by a later one.
let calls = Promise.resolve();

const WAKING = ["play", "let_play"], PAUSING = ["undo", "show", "stop", "resign"];
const SILENT = ["state", "think"]; // not asked for by anybody, or not directly

function act(name, given = {}) {
  if (WAKING.includes(name)) paused = false;
  if (PAUSING.includes(name)) paused = true;
  calls = calls.then(async () => {
    try {
      await accept(await call(name, { game: state.game, ...given }));
      say(SILENT.includes(name) ? problem : "");
    } catch (error) {
      say(error.message);
    }
  });
  return calls;
}

async function accept(answer) {
  const moved = !state || answer.game !== state.game || answer.shown !== state.shown;
  const same = !moved && String(answer.stones) === String(state.stones);
  state = answer;
  if (!same) estimate = null;
  if (moved) line = null;
  history.replaceState(null, "", `#${state.game}`);
  if (!estimate && (one("#territory").checked || state.finished)) {
    estimate = await call("estimate", { game: state.game });
  }
  draw();
  proceed();
}

// What follows without anybody asking: looks at a thought, the engine's move, an opinion.
let looking = null;

function proceed() {
  clearTimeout(looking);
  if (state.thinking) looking = setTimeout(() => act("state"), POLL);
  else if (state.trouble) paused = true;
  else if (state.waits_for_engine) { if (!paused) think(true); }
  else if (one("#heat").checked && !state.opinion && !state.finished && !state.result) think(false);
}

function think(plays) {
  const [kind, number] = one("#limit").value.split(":");
  return act("think", kind === "own" ? { plays } : { plays, [kind]: Number(number) });
}

function begin(answer, resting) {
  paused = resting;
  return accept(answer);
}

// --- What is shown ---------------------------------------------------------------------------

function say(words) {
  problem = words;
  one("#message").textContent = problem || (state && state.trouble) || "";
}

function drawBoard() {
  const opinion = one("#heat").checked && !estimate && !line ? state.opinion : null;
  goban.draw({ ...state, opinion, estimate, line });
}

function draw() {
  drawBoard();
  panel.draw(state);
  drawPlayers();
  drawSteps();
  one("#status").textContent = statusLine();
  one("#comment").textContent = state.comment;
  one("#engine").value = state.engine;
  if (state.opinion) one("#thought").hidden = !state.opinion.visits; // who never searches takes none
  const thinking = Boolean(state.thinking), atEnd = state.shown === state.moves;
  one("#move").hidden = one("#analyse").hidden = thinking;
  one("#stop").hidden = !thinking;
  one("#hurry").hidden = !(thinking && state.thinking.plays);
  one("#move").disabled = one("#resign").disabled = !atEnd || Boolean(state.result);
  one("#undo").disabled = !atEnd || !state.moves;
}

function drawPlayers() {
  for (const [colour, side] of [[BLACK, "black"], [WHITE, "white"]]) {
    const row = one(`#${side}`), taken = state.captures[colour - 1];
    const plays = state.engine === side || state.engine === "both";
    row.classList.toggle("turn", state.to_play === colour && !state.result);
    one("em", row).textContent = state[side] || (plays ? "the engine" : "");
    const komi = colour === WHITE ? `komi ${state.komi}, ` : "";
    one(".taken", row).textContent = `${komi}took ${taken}`;
  }
}

function drawSteps() {
  const scrub = one("#scrub");
  scrub.max = state.moves;
  scrub.value = state.shown;
  one("#number").textContent = `${state.shown} / ${state.moves}`;
  all("[data-step]").forEach((button) => {
    const back = ["first", "back"].includes(button.dataset.step);
    button.disabled = back ? !state.shown : state.shown === state.moves;
  });
}

function statusLine() {
  const names = { [BLACK]: "Black", [WHITE]: "White" };
  if (state.thinking) {
    const visits = state.opinion && state.opinion.visits;
    const so_far = visits ? `, ${visits.toLocaleString("en")} visits` : "";
    return (state.thinking.plays ? `${names[state.to_play]} thinks` : "Analysing") + so_far;
  }
  const parts = [];
  if (state.last !== null) {
    const mover = names[3 - state.to_play];
    parts.push(`Move ${state.shown}: ${mover} ${pointName(state.last, state.size)}`);
  }
  parts.push(state.result ? resultLine(state.result) : `${names[state.to_play]} to play`);
  if (estimate && !state.finished) parts.push(`As it stands ${resultLine(estimate.result)}`);
  return parts.join(". ");
}

function resultLine(result) {
  const [, winner, by] = /^([BW])\w*\+?(.*)$/i.exec(result) || [];
  if (!winner) return result === "Draw" || result === "0" ? "A draw" : `Result: ${result}`;
  const name = winner.toUpperCase() === "B" ? "Black" : "White";
  if (/^R/i.test(by)) return `${name} wins by resignation`;
  if (/^T/i.test(by)) return `${name} wins on time`;
  return Number(by) ? `${name} wins by ${Number(by)}` : `${name} wins`;
}

// --- Buttons and keys ------------------------------------------------------------------------

const steps = {
  first: () => 0,
  back: () => Math.max(state.shown - 1, 0),
  forward: () => Math.min(state.shown + 1, state.moves),
  last: () => state.moves,
};
const actions = {
  pass: () => act("play", { point: state.size * state.size }),
  undo: () => act("undo"),
  resign: () => act("resign"),
  move: () => { paused = false; return think(true); },
  analyse: () => think(false),
  hurry: () => act("hurry"),
  stop: () => act("stop"),
  save,
};
for (const [id, action] of Object.entries(actions)) one(`#${id}`).addEventListener("click", action);
for (const button of all("[data-step]")) {
  button.addEventListener("click", () => act("show", { moves: steps[button.dataset.step]() }));
}
one("#scrub").addEventListener("input", (event) => act("show", { moves: Number(event.target.value) }));
one("#engine").addEventListener("change", (event) => act("let_play", { engine: event.target.value }));
for (const [id, other] of [["#heat", "#territory"], ["#territory", "#heat"]]) {
  one(id).addEventListener("change", (event) => {
    if (event.target.checked) one(other).checked = false;
    estimate = null;
    return act("state");
  });
}

const keys = { p: "pass", u: "undo", m: "move", a: "analyse", s: "stop", h: "heat" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || one("dialog[open]")) return;
  if (event.target.matches("input:not([type='checkbox'], [type='range']), select, textarea")) return;
  const found = { ",": "[data-step='back']", ".": "[data-step='forward']" }[event.key]
    || (event.key in keys && `#${keys[event.key]}`);
  const button = found && one(found);
  if (button && !button.hidden) button.click();
});

// --- Records and new games -------------------------------------------------------------------

async function save() {
  try {
    const { text } = await call("record", { game: state.game });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/x-go-sgf" }));
    link.download = "game.sgf";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) {
    say(error.message);
  }
}

async function read(file) {
  if (file.size > LARGEST) throw new Error(`${file.name} is larger than any record of a game`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return call("load_file", { content: btoa(text) });
}

// A dialog whose form is answered by `submit(form)`, an error staying in it.
function dialog(id, opener, submit) {
  const box = one(id), form = one("form", box);
  one(opener).addEventListener("click", () => {
    one(".trouble", box).textContent = "";
    box.showModal();
  });
  one(".cancel", box).addEventListener("click", () => box.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await submit(form.elements);
      box.close();
      say("");
    } catch (error) {
      one(".trouble", box).textContent = error.message;
    }
  });
}

dialog("#new-game", "#new", async ({ size, black, white, komi, handicap }) => {
  const engines = [["black", black], ["white", white]].filter(([, side]) => side.value === "engine");
  const engine = engines.length === 2 ? "both" : engines.length ? engines[0][0] : "none";
  const [lines, stones] = [Number(size.value), Number(handicap.value)];
  await begin(await call("new", { size: lines, komi: Number(komi.value), handicap: stones, engine }), false);
});
dialog("#open-record", "#open", async ({ file, text }) => {
  if (file.files.length) await begin(await read(file.files[0]), true);
  else await begin(await call("load", { text: text.value }), true);
  file.value = text.value = "";
});
one("#new-game [name='handicap']").addEventListener("change", (event) => {
  one("#new-game [name='komi']").value = event.target.value === "0" ? 7.5 : 0.5;
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  try {
    if (event.dataTransfer.files.length) await begin(await read(event.dataTransfer.files[0]), true);
  } catch (error) {
    say(error.message);
  }
});

// --- What this browser remembers -------------------------------------------------------------

function remember(id, property) {
  const element = one(id), key = `shinso-go-${id}`;
  const stored = localStorage.getItem(key);
  if (stored !== null) element[property] = JSON.parse(stored);
  element.addEventListener("change", () => {
    localStorage.setItem(key, JSON.stringify(element[property]));
  });
}

function themeToggle(button) {
  const root = document.documentElement;
  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const show = (theme) => {
    if (theme) root.dataset.theme = theme;
    button.textContent = dark() ? "Light" : "Dark";
  };
  button.addEventListener("click", () => {
    show(dark() ? "light" : "dark");
    localStorage.setItem("shinso-theme", root.dataset.theme);
  });
  show(localStorage.getItem("shinso-theme"));
}

async function start() {
  themeToggle(one("#theme"));
  remember("#limit", "value");
  remember("#heat", "checked");
  try {
    const { player, sizes } = await call("about");
    one("#against").textContent = `Go with ${player}`;
    const option = (value, words) => new Option(words, value);
    one("[name='size']").append(...sizes.map((size) => option(size, `${size} × ${size}`)));
    one("[name='handicap']").append(
      ...[2, 3, 4, 5, 6, 7, 8, 9].map((stones) => option(stones, `${stones} stones`)));
    const kept = location.hash.slice(1);
    const known = kept && await call("state", { game: kept }).catch(() => null);
    if (known) await begin(known, !known.thinking);
    else await begin(await call("new", { size: sizes[0], komi: 7.5, handicap: 0, engine: "white" }), false);
  } catch (error) {
    say(error.message);
  }
}

start();
