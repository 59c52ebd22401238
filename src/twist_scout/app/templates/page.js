// The model that is asked, and what its certificate says.
let models = [];

function certified(told) {
  const paper = told.certificate, seal = byId("seal");
  seal.hidden = false;
  byId("certified").hidden = false;
  byId("verified").textContent = "";
  byId("verify").hidden = !paper || Boolean(paper.problem);
  byId("facts").replaceChildren();
  seal.className = "seal none";
  if (!told.adapter) {
    seal.textContent = "no adapter";
    byId("summary").textContent = "This is a base model without an adapter: there is nothing that could have been forgotten, and every mode is the base.";
  } else if (paper.problem) {
    seal.textContent = "not certified";
    byId("summary").textContent = paper.problem;
  } else {
    seal.className = `seal${paper.passed ? "" : " bad"}`;
    seal.textContent = paper.passed ? "forgotten: nothing ✓" : "NOT identical to the base";
    byId("summary").textContent = paper.summary;
    const facts = {
      base: `${paper.base}, ${paper.dtype}`,
      "frozen tensors": `${paper.tensors.toLocaleString("en")} (${paper.mebibytes.toLocaleString("en")} MiB), changed: ${paper.changed_tensors}`,
      prompts: `${paper.prompts.toLocaleString("en")}, logits changed: ${paper.changed_logits}, answers changed: ${paper.changed_answers}`,
      "SHA-256 of the base": paper.fingerprint,
      certified: paper.created,
      with: Object.entries(paper.libraries).map(([name, version]) => `${name} ${version}`).join(", "),
    };
    for (const [name, value] of Object.entries(facts)) byId("facts").append(make("dt", { textContent: name }), make("dd", { class: "mono", textContent: value }));
  }
}

async function choose(number) {
  const seal = byId("seal");
  seal.hidden = false;
  seal.className = "seal none spin";
  seal.textContent = models[number].loaded ? "…" : "loading the model";
  try {
    const told = await asked("/api/load", { model: number });
    models[number] = told;
    if (Number(byId("model").value) !== number) return; // another was chosen meanwhile
    certified(told);
    byId("model").title = `${told.device}, boxes as ${told.dialect} writes them`;
    byId("compare").disabled = !told.adapter;
    if (!told.adapter) byId("compare").checked = false;
    for (const mode of document.querySelectorAll("input[name=mode]")) mode.disabled = !told.adapter && mode.value === "grounding";
    if (!told.adapter && chosenMode() === "grounding") document.querySelector("input[name=mode][value=auto]").checked = true;
  } catch (error) {
    if (Number(byId("model").value) === number) {
      seal.className = "seal bad";
      seal.textContent = "not loaded";
    }
    throw error;
  }
}

byId("model").addEventListener("change", guarded((event) => choose(Number(event.target.value))));
byId("verify").addEventListener("click", guarded(async () => {
  const said = byId("verified"), number = model();
  said.className = "spin";
  said.textContent = "comparing every tensor…";
  byId("verify").disabled = true;
  try {
    const found = await asked("/api/verify", { model: number });
    const wrong = [...found.changed_tensors, ...found.changed_files];
    said.textContent = found.passed ? `${found.checked.toLocaleString("en")} tensors compared: identical` : `not what was certified: ${wrong.slice(0, 5).join(", ") || "the certificate itself"}`;
  } catch (error) {
    said.textContent = "";
    throw error;
  } finally {
    said.className = "";
    byId("verify").disabled = false;
  }
}));

guarded(async () => {
  const state = await asked("/api/state");
  limits = state.limits;
  anywhere = state.examples;
  models = state.models;
  byId("model").replaceChildren(...models.map((one) => make("option", { value: one.number, textContent: one.name })));
  const loading = choose(0);
  loading.catch(() => {}); // told below
  byId("seed").value = 7;
  await takeScene(7);
  await loading;
})();
