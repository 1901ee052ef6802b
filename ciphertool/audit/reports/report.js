"use strict";
const PAGE = 200;
for (const section of document.querySelectorAll("section.data")) {
  const groups = section.querySelector(".groups");
  if (groups === null) continue;
  const text = section.querySelector("input[type=search]");
  const choice = section.querySelector("select");
  const shown = section.querySelector("[role=status]");
  const more = section.querySelector("button.more");
  const rows = [...groups.children].flatMap((file) => {
    const path = file.querySelector(".path").textContent;
    return [...file.querySelectorAll("li")].map((row) => {
      const content = `${path} ${row.textContent} ${row.dataset.group}`.toLowerCase();
      return { row, file, kind: row.dataset.kind, name: row.dataset.group, content };
    });
  });
  const named = new Map();
  const group = (name) => {
    if (!named.has(name)) {
      const made = rows[0].file.cloneNode(true);
      made.querySelector("summary > .path").replaceWith(name);
      named.set(name, made);
    }
    return named.get(name);
  };
  // Only so many rows are in the page: the browser lays out what a person can look at.
  const show = (limit) => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const byFile = section.querySelector("input[value=file]").checked;
    const found = rows.filter(({ kind, content }) => (choice.value === "" || kind === choice.value) &&
      words.every((word) => content.includes(word)));
    const members = new Map();
    for (const item of found) {
      const home = byFile ? item.file : group(item.name);
      if (!members.has(home)) members.set(home, []);
      members.get(home).push(item.row);
    }
    let room = limit;
    const filled = [];
    for (const [home, its] of members) {
      if (room <= 0) break;
      home.querySelector("ul").replaceChildren(...its.slice(0, room));
      home.querySelector(".number").textContent = its.length;
      room -= its.length;
      filled.push(home);
    }
    groups.classList.toggle("by-file", byFile);
    groups.replaceChildren(...filled);
    more.hidden = found.length <= limit;
    shown.textContent = `${Math.min(limit, found.length)} of ${found.length} shown` +
      (found.length < rows.length ? `, ${rows.length} in all` : "");
    more.onclick = () => show(limit + 5 * PAGE);
  };
  const fresh = () => show(PAGE);
  text.addEventListener("input", fresh);
  choice.addEventListener("change", fresh);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { text.value = ""; fresh(); }
  });
  section.querySelectorAll("input[type=radio]").forEach((by) => by.addEventListener("change", fresh));
  addEventListener("beforeprint", () => show(Infinity));
  addEventListener("afterprint", fresh);
  fresh();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input:not([type=radio]), select, textarea")) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
});
