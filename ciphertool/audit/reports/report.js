"use strict";
for (const section of document.querySelectorAll("section.data")) {
  const body = section.querySelector("tbody");
  const text = section.querySelector("input[type=search]");
  const choice = section.querySelector("select");
  const shown = section.querySelector("[role=status]");
  const rows = [...body.rows];
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word)) ||
        (choice.value !== "" && row.dataset.kind !== choice.value);
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  text.addEventListener("input", filter);
  choice.addEventListener("change", filter);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { text.value = ""; filter(); }
  });
  const heads = [...section.querySelectorAll("th")];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.key ?? row.cells[column].textContent.trim();
    const order = new Intl.Collator("en", { numeric: true });
    rows.sort((a, b) => (down ? -1 : 1) * order.compare(key(a), key(b)));
    body.append(...rows);
  }));
  filter();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
});
