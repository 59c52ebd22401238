// The legend shows and hides boxes of one kind.
for (const choice of document.querySelectorAll("[data-hides]")) {
  choice.addEventListener("change", () => document.body.classList.toggle(`no-${choice.dataset.hides}`, !choice.checked));
}
