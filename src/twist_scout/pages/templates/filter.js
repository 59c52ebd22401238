const samples = [...document.querySelectorAll(".sample")];
const chips = [...document.querySelectorAll(".chip")];
const all = document.getElementById("all");
const search = document.getElementById("search");

// Within a group of chips any one may match; every group must.
function filter() {
  const wanted = {};
  for (const chip of chips) {
    if (chip.getAttribute("aria-pressed") === "true") (wanted[chip.dataset.what] ??= new Set()).add(chip.dataset.value);
  }
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const sample of samples) {
    const fits = Object.entries(wanted).every(([what, values]) => values.has(sample.dataset[what]));
    sample.hidden = !(fits && words.every((word) => sample.dataset.words.includes(word)));
    shown += !sample.hidden;
  }
  document.getElementById("shown").textContent = shown;
  document.getElementById("nothing").hidden = shown > 0;
  all.setAttribute("aria-pressed", String(Object.keys(wanted).length === 0));
}
for (const chip of chips) {
  chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    filter();
  });
}
all.addEventListener("click", () => {
  for (const chip of chips) chip.setAttribute("aria-pressed", "false");
  search.value = "";
  filter();
});
search.addEventListener("input", filter);
