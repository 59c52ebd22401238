// The picture that is asked about: chosen, dropped, pasted or drawn by the toy world.
let picture = null; // { url, width, height, name, seed, examples }
let limits = { body: 20 * 2 ** 20, pixels: 25e6 };
let anywhere = [];
const mebibytes = (bytes) => (bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 1 });

function dataUrl(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(new Refused(`${file.name || "The file"} cannot be read.`));
    reader.readAsDataURL(file);
  });
}

async function takeFile(file) {
  const name = file.name || "pasted picture";
  if (file.type && !file.type.startsWith("image/")) throw new Refused(`${name} is not a picture (${file.type}): choose a PNG, JPEG or WebP file.`);
  // In a request three bytes become four characters; some room is left for the words.
  const most = 0.75 * limits.body - 65_536;
  if (file.size > most) throw new Refused(`${name} is too large (${mebibytes(file.size)} MiB, at most ${mebibytes(most)}): shrink it.`);
  const url = await dataUrl(file);
  const shown = new Image();
  shown.src = url;
  try {
    await shown.decode();
  } catch {
    throw new Refused(`${name} is not a picture that can be shown: save it as PNG or JPEG.`);
  }
  const [width, height] = [shown.naturalWidth, shown.naturalHeight];
  if (width * height > limits.pixels) {
    throw new Refused(`${name} has too many pixels (${width.toLocaleString("en")} × ${height.toLocaleString("en")}, at most ${(limits.pixels / 1e6).toFixed(0)} million): shrink it.`);
  }
  put({ url, width, height, name, seed: null, examples: anywhere });
}

async function takeScene(seed) {
  byId("scene").disabled = true;
  try {
    const scene = await asked(`/api/scene?seed=${seed}`);
    put({ url: scene.picture, width: scene.width, height: scene.height, name: `scene-${scene.seed}.png`, seed: scene.seed, examples: scene.examples });
  } finally {
    byId("scene").disabled = false;
  }
}

function show(next) {
  picture = next;
  const image = byId("picture"), stage = byId("stage");
  image.src = next?.url ?? "";
  image.alt = next ? `The picture that is asked about: ${next.name}` : "";
  image.hidden = !next;
  byId("none").hidden = Boolean(next);
  stage.classList.toggle("empty", !next);
  stage.style.aspectRatio = next ? `${next.width} / ${next.height}` : "";
  stage.style.setProperty("--ratio", next ? (next.width / next.height).toFixed(4) : "1.3333");
  byId("drawings").replaceChildren();
  if (next?.seed != null) byId("seed").value = next.seed;
  byId("caption").textContent = next ? `${next.name}, ${next.width.toLocaleString("en")} × ${next.height.toLocaleString("en")} pixels` : "";
  byId("examples").replaceChildren(...(next?.examples ?? anywhere).map((prompt) => {
    const example = make("button", { type: "button", textContent: prompt });
    example.addEventListener("click", guarded(() => {
      byId("prompt").value = prompt;
      guess();
      return ask();
    }));
    return example;
  }));
}

// A new picture begins a new conversation; the old one stays below.
function put(next) {
  content();
  show(next);
  begin();
}

const seedNow = () => {
  const seed = byId("seed");
  if (seed.value === "" || !seed.checkValidity()) throw new Refused("A seed is a whole number from 0 to 2,147,483,647.");
  return Number(seed.value);
};
byId("file").addEventListener("change", guarded(async (event) => {
  const [file] = event.target.files;
  if (file) await takeFile(file);
  event.target.value = ""; // the same file may be chosen again
}));
byId("scene").addEventListener("click", guarded(() => takeScene(picture?.seed == null && byId("seed").value !== "" ? seedNow() : seedNow() + 1)));
byId("seed").addEventListener("change", guarded(() => takeScene(seedNow())));

const files = (transfer) => [...(transfer?.files ?? [])];
document.addEventListener("paste", guarded(async (event) => {
  const found = files(event.clipboardData).find((file) => file.type.startsWith("image/"));
  if (!found) return; // words go where the cursor is
  event.preventDefault();
  await takeFile(found);
}));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("stage").classList.add("over");
});
for (const kind of ["dragleave", "drop", "dragend"]) document.addEventListener(kind, () => byId("stage").classList.remove("over"));
document.addEventListener("drop", guarded(async (event) => {
  event.preventDefault();
  const [file] = files(event.dataTransfer);
  if (!file) throw new Refused("Only files can be dropped here: save the picture first.");
  await takeFile(file);
}));
