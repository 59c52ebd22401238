const tiles = [...document.querySelectorAll(".tile")];
const chips = [...document.querySelectorAll(".chip")];
const all = document.getElementById("all");
const search = document.getElementById("search");
const save = document.getElementById("save");
const order = document.getElementById("order");
const names = chips.filter((chip) => /^\d+$/.test(chip.dataset.label)).map((chip) => chip.firstChild.textContent);
const title = document.body.dataset.title;
for (const tile of tiles) tile.data = JSON.parse(tile.querySelector(".data").textContent).map(([label, box]) => ({ label: Number(label), box: box.split(" ").map(Number) }));

// Marks outlive the page where the browser lets a page keep something.
const place = `twist-scout review ${title}`;
const keyOf = (tile, number) => JSON.stringify([tile.dataset.name, names[tile.data[number].label], tile.data[number].box]);
let wrong = new Set();
try { wrong = new Set(JSON.parse(localStorage.getItem(place) ?? "[]")); } catch { /* none are kept */ }
const onPage = new Set(tiles.flatMap((tile) => tile.data.map((_, number) => keyOf(tile, number))));
wrong = new Set([...wrong].filter((key) => onPage.has(key)));

function show() {
  for (const tile of tiles) {
    const marked = tile.data.map((_, number) => wrong.has(keyOf(tile, number)));
    for (const drawn of tile.querySelectorAll(".box, .mark")) drawn.classList.toggle("wrong", marked[drawn.dataset.box]);
    for (const phrase of tile.querySelectorAll(".phrase")) phrase.classList.toggle("wrong", phrase.dataset.boxes.split(" ").every((number) => marked[number]));
    tile.marked = marked.some(Boolean);
  }
  save.disabled = wrong.size === 0;
  save.textContent = wrong.size ? `Save review.json: ${wrong.size} wrong` : "Nothing marked";
}
function toggle(tile, numbers) {
  const keys = numbers.map((number) => keyOf(tile, number));
  const off = keys.every((key) => wrong.has(key));
  for (const key of keys) wrong[off ? "delete" : "add"](key);
  try { localStorage.setItem(place, JSON.stringify([...wrong])); } catch { /* none are kept */ }
  show();
}
for (const tile of tiles) tile.addEventListener("click", (event) => {
  const numbers = boxesOf(event.target).map(Number);
  if (numbers.length) toggle(tile, numbers);
});
save.addEventListener("click", () => {
  const marks = [...wrong].map((key) => JSON.parse(key)).map(([image, label, box]) => ({ image, label, box }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ review: 1, wrong: marks }, null, 1)], { type: "application/json" }));
  link.download = "review.json";
  link.click();
});

// A picture is shown if it has any of the chosen classes; then only the boxes of these are drawn.
function filter() {
  const wanted = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.label));
  const labels = new Set([...wanted].filter((label) => /^\d+$/.test(label)).map(Number));
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const tile of tiles) {
    const has = new Set([...tile.dataset.labels.split(" "), ...(tile.marked ? ["wrong"] : [])]);
    const fits = wanted.size === 0 || [...wanted].some((label) => has.has(label));
    tile.hidden = !(fits && words.every((word) => tile.dataset.name.toLowerCase().includes(word)));
    for (const drawn of tile.querySelectorAll(".box, .mark")) drawn.classList.toggle("away", labels.size > 0 && !labels.has(tile.data[drawn.dataset.box].label));
    shown += !tile.hidden;
  }
  document.getElementById("shown").textContent = shown;
  document.getElementById("nothing").hidden = shown > 0;
  all.setAttribute("aria-pressed", String(wanted.size === 0));
}
for (const chip of chips) chip.addEventListener("click", () => {
  chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
  filter();
});
all.addEventListener("click", () => {
  for (const chip of chips) chip.setAttribute("aria-pressed", "false");
  search.value = "";
  filter();
});
search.addEventListener("input", filter);

const orders = {
  doubt: (a, b) => a.dataset.place - b.dataset.place,
  name: (a, b) => (a.dataset.name < b.dataset.name ? -1 : 1),
  boxes: (a, b) => b.data.length - a.data.length || orders.doubt(a, b),
};
order.addEventListener("change", () => document.getElementById("tiles").append(...[...tiles].sort(orders[order.value])));
show();
