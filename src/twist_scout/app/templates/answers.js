// Questions and their answers: asked, shown as they grow, kept.
const turns = []; // { prompt, picture, model, name, about, answers: [{ text, finish, grounding, shown, seconds, second }] }
let conversation = 0;
let current = null;
let running = null;
const NAMES = { grounding: "pointing: adapter on", understanding: "talking: base model alone" };
const percent = (share) => `${(100 * share).toFixed(share > 0.999 && share < 1 ? 2 : 1)} %`;

const chosenMode = () => document.querySelector("input[name=mode]:checked").value;
const model = () => Number(byId("model").value);

function begin() {
  running?.abort();
  conversation += 1;
  current = null;
  byId("answers").replaceChildren();
  byId("downloads").hidden = true;
  mark();
}

function messages(prompt) {
  const before = byId("follow").checked ? turns.filter((turn) => turn.conversation === conversation && turn.answers.length) : [];
  const said = before.flatMap((turn) => [{ role: "user", content: turn.prompt }, { role: "assistant", content: turn.answers[0].text }]);
  said.push({ role: "user", content: prompt });
  if (picture) said[0] = { role: "user", content: [{ type: "image_url", image_url: { url: picture.url } }, { type: "text", text: said[0].content }] };
  return said;
}

async function ask() {
  const prompt = byId("prompt").value.trim();
  if (!prompt) {
    byId("prompt").focus();
    throw new Refused("The question is empty: say what to look for, or choose an example.");
  }
  content();
  running?.abort();
  const mine = running = new AbortController();
  const turn = { prompt, picture, conversation, model: model(), name: byId("model").selectedOptions[0].textContent, answers: [] };
  current = turn;
  byId("ask").disabled = true;
  byId("stop").hidden = false;
  byId("answers").replaceChildren();
  byId("drawings").replaceChildren();
  byId("status").textContent = "Asked.";
  try {
    const mode = chosenMode();
    turn.about = mode === "auto" ? await asked("/api/route", { prompt }) : null;
    guessed(turn.about);
    const first = mode === "auto" ? turn.about.mode : mode;
    const modes = [mode];
    if (byId("compare").checked) modes.push(first === "understanding" ? "grounding" : "understanding");
    const request = { messages: messages(prompt) };
    turn.answers = await Promise.all(modes.map((one, number) => answer(turn, { ...request, mode: one }, first, number === 1, mine.signal)));
    if (mine.signal.aborted) return;
    turns.push(turn);
    keep(turn);
    const boxes = turn.answers[0].shown.boxes;
    byId("status").textContent = `Answered, ${boxes} ${boxes === 1 ? "box" : "boxes"}.`;
    byId("downloads").hidden = false;
    byId("draw").hidden = !picture;
    if (matchMedia("(max-width: 46rem)").matches) byId("answers").scrollIntoView({ block: "nearest" });
  } finally {
    if (running === mine) {
      running = null;
      byId("ask").disabled = false;
      byId("stop").hidden = true;
    }
    mine.abort(); // where one of two answers fails, nobody waits for the other
  }
}

async function answer(turn, request, mode, second, signal) {
  const began = performance.now();
  const place = card(second ? request.mode : mode);
  byId("answers").append(place.root);
  let drawing = false, latest = "";
  const draw = async () => { // boxes appear while the answer is still being written
    drawing = true;
    for (let done = null; done !== latest && !signal.aborted;) {
      done = latest;
      try {
        const shown = await rendered(turn, done, mode, second);
        if (!signal.aborted && done !== place.finished) fill(place, shown, second);
      } catch { break; } // the whole answer is shown at its end
    }
    drawing = false;
  };
  const got = await streamed(turn.model, request, signal, (text) => {
    latest = text;
    if (!drawing) void draw();
  });
  const shown = await rendered(turn, got.text, got.grounding.mode, second);
  place.finished = got.text;
  const whole = { ...got, shown, second, seconds: (performance.now() - began) / 1000 };
  if (!signal.aborted) finish(place, whole, turn);
  return whole;
}

function rendered(turn, text, mode, second) {
  const size = turn.picture ? { width: turn.picture.width, height: turn.picture.height } : {};
  return asked("/api/show", { model: turn.model, text, mode, second, ...size });
}

function card(mode) {
  const tags = make("p", { class: "tags" }, make("span", { class: `tag-chip ${mode} spin`, textContent: NAMES[mode] ?? mode }));
  const body = make("div", { class: "body" });
  const root = make("section", { class: "said", "aria-label": NAMES[mode] ?? mode, "aria-busy": "true" }, tags, body);
  return { root, tags, body };
}

function fill(place, shown, second) {
  place.body.innerHTML = shown.words; // made by our own templates, every word of the model escaped
  const drawing = new DOMParser().parseFromString(shown.drawing, "text/html").querySelector("svg");
  drawing.dataset.second = second;
  for (const box of drawing.querySelectorAll(".box")) {
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", box.querySelector("title").textContent);
  }
  drawing.setAttribute("role", "group");
  byId("drawings").querySelector(`[data-second=${second}]`)?.remove();
  byId("drawings").append(drawing);
}

function finish(place, whole, turn) {
  fill(place, whole.shown, whole.second);
  const { grounding } = whole;
  const chip = make("span", { class: `tag-chip ${grounding.mode}`, textContent: NAMES[grounding.mode] ?? grounding.mode });
  const chosen = grounding.probability != null ? percent(grounding.probability) : whole.second ? "to compare" : "asked for";
  place.tags.replaceChildren(chip, make("span", { class: "tag-chip probability", textContent: chosen, title: grounding.reason }));
  if (grounding.rejected) place.tags.append(make("span", { class: "tag-chip negative", textContent: "question does not fit the picture" }));
  if (whole.finish === "length") place.tags.append(make("span", { class: "tag-chip negative", textContent: "cut: too long" }));
  place.tags.append(make("span", { class: "id mono", textContent: `${whole.seconds.toFixed(1)} s` }));
  const notes = [];
  if (!whole.text) notes.push("The model said nothing.");
  else if (grounding.mode !== "understanding" && !whole.shown.boxes && turn.picture) notes.push("No boxes.");
  if (grounding.probability != null && turn.about) notes.push(because(turn.about));
  if (notes.length) place.body.append(make("p", { class: "soft small note", textContent: notes.join(" ") }));
  place.root.removeAttribute("aria-busy");
}

function because(about) {
  const words = about.words.length ? `, because of “${about.words.join("”, “")}”` : "";
  return about.abstained ? `Not sure enough to point, so the base answers${words}.` : `${about.mode === "understanding" ? "Talks" : "Points"}${words}.`;
}

// The router's decision while the question is being typed.
let waiting = 0, newest = 0;
function guessed(about) {
  newest += 1; // what is still being asked about an earlier wording is not told
  clearTimeout(waiting);
  const mode = chosenMode();
  let told = mode === "grounding" ? "will point, as you said" : mode === "understanding" ? "will talk, as you said: the base model alone" : "";
  if (about) told = `${about.mode === "understanding" ? "will talk" : "will point"} (${percent(about.probability)})${about.words.length ? `: ${about.words.join(", ")}` : ""}`;
  byId("guess").textContent = told;
}
function guess() {
  const prompt = byId("prompt").value.trim();
  if (!prompt || chosenMode() !== "auto") return guessed(null);
  clearTimeout(waiting);
  const mine = ++newest;
  waiting = setTimeout(async () => {
    try {
      const about = await asked("/api/route", { prompt });
      if (mine === newest) guessed(about);
    } catch { /* asking will say what is wrong */ }
  }, 150);
}

// What was said before: chosen again, it stands on its picture as it did.
function keep(turn) {
  const said = turn.answers[0];
  const image = make("img", { alt: "", src: turn.picture?.url ?? "data:," });
  const entry = make("button", { type: "button" }, image, make("b", { textContent: turn.prompt }));
  const reply = said.grounding.plain || "(nothing)";
  entry.append(make("span", { class: "reply", textContent: reply.length > 160 ? `${reply.slice(0, 160)}…` : reply }));
  entry.addEventListener("click", () => again(turn));
  turn.entry = entry;
  byId("turns").prepend(make("li", {}, entry));
  byId("history").hidden = false;
  mark();
}
function again(turn) {
  running?.abort();
  content();
  show(turn.picture);
  conversation = turn.conversation;
  current = turn;
  byId("prompt").value = turn.prompt;
  byId("answers").replaceChildren();
  for (const whole of turn.answers) {
    const place = card(whole.grounding.mode);
    byId("answers").append(place.root);
    finish(place, whole, turn);
  }
  byId("downloads").hidden = false;
  byId("draw").hidden = !turn.picture;
  mark();
  guess();
  byId("desk").scrollIntoView({ block: "start" });
}
function mark() {
  for (const turn of turns) turn.entry?.toggleAttribute("aria-current", turn === current);
}

byId("form").addEventListener("submit", guarded((event) => {
  event.preventDefault();
  return ask();
}));
byId("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId("form").requestSubmit();
  }
});
byId("prompt").addEventListener("input", guess);
for (const mode of document.querySelectorAll("input[name=mode]")) mode.addEventListener("change", guess);
byId("stop").addEventListener("click", () => {
  running?.abort();
  byId("answers").replaceChildren();
  byId("drawings").replaceChildren();
  byId("status").textContent = "Stopped.";
});
const stem = (turn) => (turn.picture?.name ?? "answer").replace(/\.[^.]*$/, "");
byId("draw").addEventListener("click", guarded(async () => {
  const said = current.answers[0];
  const reply = await fetched("/api/draw", { model: current.model, text: said.text, mode: said.grounding.mode, picture: current.picture.url });
  save(await reply.blob(), `${stem(current)}-grounded.png`);
}));
byId("json").addEventListener("click", () => {
  const answers = current.answers.map(({ text, finish, grounding, seconds }) => ({ text, finish, seconds, ...grounding }));
  const { prompt, name, about } = current;
  const told = { prompt, model: name, picture: current.picture?.name ?? null, route: about, answers };
  save(new Blob([`${JSON.stringify(told, null, 2)}\n`], { type: "application/json" }), `${stem(current)}.json`);
});
