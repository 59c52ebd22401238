const byId = (id) => document.getElementById(id);
const keys = { y: "right", n: "wrong", s: "skipped" };
const percent = (share) => `${(100 * share).toFixed(1)} %`;
let answers = [];
let result = null;
let current = 0;
let busy = false;

async function ask(path, options) {
  const reply = await fetch(path, options);
  const value = await reply.json();
  if (!reply.ok) throw new Error(value.problem);
  return value;
}
async function guarded(work) {
  if (busy) return; // a key that is pressed before the next record is seen says nothing about it
  busy = true;
  byId("sample").setAttribute("aria-busy", "true");
  try {
    await work();
    byId("problem").hidden = true;
  } catch (error) {
    const gone = error instanceof TypeError;
    byId("problem").textContent = gone ? "Not saved: the command that serves this page has ended. Start it again." : `Not saved: ${error.message}.`;
    byId("problem").hidden = false;
  } finally {
    busy = false;
    byId("sample").setAttribute("aria-busy", "false");
  }
}

function take(state) {
  answers = state.answers;
  result = state.result;
  const strip = byId("strip");
  if (strip.childElementCount !== answers.length) {
    strip.replaceChildren(...answers.map((_, number) => {
      const field = document.createElement("button");
      field.type = "button";
      field.title = `record ${number + 1}`;
      field.addEventListener("click", () => guarded(() => show(number)));
      return field;
    }));
  }
  answers.forEach((answer, number) => { strip.children[number].className = answer ?? ""; });
  const left = result.left ? `, ${result.left} to go` : "";
  const share = result.share === null ? "" : `${percent(result.share)} right · `;
  byId("tally").textContent = `${share}${result.right} right, ${result.wrong} wrong, ${result.skipped} skipped${left}`;
}

async function show(number) {
  const sample = await ask(`/sample/${number}`);
  current = number;
  byId("sample").innerHTML = sample.html;
  byId("sample").dataset.number = number;
  light(byId("sample"), []);
  for (const details of byId("sample").querySelectorAll("details")) details.open = false;
  [...byId("strip").children].forEach((field, place) => field.toggleAttribute("aria-current", place === number));
  byId("strip").children[number].scrollIntoView({ block: "nearest", inline: "nearest" });
  for (const answer of Object.values(keys)) byId(answer).setAttribute("aria-pressed", String(sample.answer === answer));
  byId("place").textContent = `${number + 1} of ${answers.length}`;
  byId("sample").hidden = false;
  byId("result").hidden = true;
  window.scrollTo(0, 0);
}

function finish() {
  const [low, high] = result.interval;
  byId("share").textContent = result.share === null ? "–" : percent(result.share);
  byId("interval").textContent = `${result.right} of ${result.judged} judged; 95 % interval ${percent(low)} to ${percent(high)}`;
  byId("range").style.left = percent(low).replace(" ", "");
  byId("range").style.width = percent(high - low).replace(" ", "");
  byId("point").style.left = percent(result.share ?? 0).replace(" ", "");
  byId("place").textContent = "all looked at";
  byId("sample").hidden = true;
  byId("result").hidden = false;
}

async function following(from) {
  const places = answers.map((_, step) => (from + step) % answers.length);
  const open = places.find((place) => answers[place] === null);
  if (open === undefined) finish();
  else await show(open);
}

function judge(answer) {
  guarded(async () => {
    if (byId("sample").hidden) return;
    const body = JSON.stringify({ number: current, answer });
    take(await ask("/judge", { method: "POST", headers: { "Content-Type": "application/json" }, body }));
    await following(current + 1);
  });
}
function back() {
  guarded(() => show(byId("sample").hidden ? current : Math.max(0, current - 1)));
}

for (const answer of Object.values(keys)) byId(answer).addEventListener("click", () => judge(answer));
byId("back").addEventListener("click", back);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const answer = keys[event.key.toLowerCase()];
  if (answer) judge(answer);
  else if (["ArrowLeft", "Backspace", "b"].includes(event.key)) back();
  else return;
  event.preventDefault();
});

guarded(async () => {
  take(await ask("/state"));
  await following(0);
});
