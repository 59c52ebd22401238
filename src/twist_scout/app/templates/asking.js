// The server, asked with the key that stands behind the # of the address.
const byId = (id) => document.getElementById(id);
const key = new URLSearchParams(location.hash.slice(1)).get("key") ?? sessionStorage.getItem("key") ?? "";
sessionStorage.setItem("key", key);

class Refused extends Error {}

async function fetched(path, content, signal) {
  const options = { headers: { authorization: `Bearer ${key}` }, signal };
  if (content !== undefined) {
    options.method = "POST";
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(content);
  }
  const reply = await fetch(path, options);
  if (reply.ok) return reply;
  let told = `The server answered with status ${reply.status}.`;
  try {
    told = (await reply.json()).error.message;
  } catch { /* no JSON: the status says it */ }
  const wait = reply.headers.get("retry-after");
  throw new Refused(wait ? `${told} (in about ${wait} s)` : told);
}
const asked = async (path, content) => (await fetched(path, content)).json();

function complain(error) {
  const gone = error instanceof TypeError && /fetch|network|load/i.test(error.message);
  byId("told").textContent = gone ? "The command that serves this page has ended: start it again." : error.message;
  byId("problem").hidden = false;
}
const content = () => { byId("problem").hidden = true; };
byId("dismiss").addEventListener("click", content);

// Whatever an element starts, its failure is told.
const guarded = (work) => async (event) => {
  try {
    await work(event);
  } catch (error) {
    if (error.name !== "AbortError") complain(error);
  }
};

// The answer of a model, as it grows.
async function streamed(model, request, signal, grown) {
  const reply = await fetched(`/api/models/${model}/chat`, { ...request, stream: true }, signal);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", text = "", end = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    rest += value;
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") continue;
      const told = JSON.parse(data);
      if (told.error) throw new Refused(told.error.message);
      const choice = told.choices[0];
      if (choice.delta.content) grown(text += choice.delta.content);
      if (choice.finish_reason) end = { finish: choice.finish_reason, grounding: choice.grounding };
    }
  }
  if (!end) throw new Refused("The answer ended early: ask again.");
  return { text, ...end };
}

function make(tag, given = {}, ...inner) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "class") made.className = value;
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...inner);
  return made;
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
