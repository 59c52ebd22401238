"use strict";
// A step or a phrase lights up its boxes; a box lights up its phrases.
function light(sample, boxes) {
  const wanted = new Set(boxes);
  sample.classList.toggle("lit", wanted.size > 0);
  for (const box of sample.querySelectorAll(".box, .mark")) box.classList.toggle("on", wanted.has(box.dataset.box));
  for (const phrase of sample.querySelectorAll(".phrase")) {
    phrase.classList.toggle("on", phrase.dataset.boxes.split(" ").some((box) => wanted.has(box)));
  }
}
function boxesOf(target) {
  const place = target instanceof Element ? target.closest("[data-box], [data-boxes]") : null;
  return place ? (place.dataset.box ?? place.dataset.boxes).split(" ").filter(Boolean) : [];
}
for (const sample of document.querySelectorAll(".sample")) {
  for (const event of ["mouseover", "focusin"]) sample.addEventListener(event, (e) => light(sample, boxesOf(e.target)));
  for (const event of ["mouseleave", "focusout"]) sample.addEventListener(event, () => light(sample, []));
}
