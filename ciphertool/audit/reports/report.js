"use strict";
for (const section of document.querySelectorAll("section.data")) {
  const groups = section.querySelector(".groups");
  if (groups === null) continue;
  const text = section.querySelector("input[type=search]");
  const choice = section.querySelector("select");
  const shown = section.querySelector("[role=status]");
  const files = [...groups.children];
  const rows = files.flatMap((group) => [...group.querySelectorAll("li")].map((row) => {
    const content = `${group.querySelector(".path").textContent} ${row.textContent} ${row.dataset.group}`.toLowerCase();
    return { row, group, file: group, content };
  }));
  let current = files;
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = new Map(current.map((group) => [group, 0]));
    let count = 0;
    for (const { row, group, content } of rows) {
      const found = (choice.value === "" || row.dataset.kind === choice.value) &&
        words.every((word) => content.includes(word));
      if (row.hidden === found) row.hidden = !found;
      if (found) { count += 1; counts.set(group, counts.get(group) + 1); }
    }
    for (const [group, number] of counts) {
      if (group.hidden !== (number === 0)) group.hidden = number === 0;
      group.querySelector(".number").textContent = number;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  const made = (name) => {
    const group = files[0].cloneNode(true);
    group.querySelector(".path").replaceWith(name);
    return group;
  };
  const arrange = (by) => {
    const named = new Map();
    const members = new Map();
    for (const item of rows) {
      const name = item.row.dataset.group;
      if (by !== "file" && !named.has(name)) named.set(name, made(name));
      item.group = by === "file" ? item.file : named.get(name);
      if (!members.has(item.group)) members.set(item.group, []);
      members.get(item.group).push(item.row);
    }
    members.forEach((found, group) => group.querySelector("ul").replaceChildren(...found));
    current = [...members.keys()];
    groups.classList.toggle("by-file", by === "file");
    groups.replaceChildren(...current);
    filter();
  };
  text.addEventListener("input", filter);
  choice.addEventListener("change", filter);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { text.value = ""; filter(); }
  });
  section.querySelectorAll("input[type=radio]").forEach((by) => by.addEventListener("change", () => arrange(by.value)));
  filter();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input:not([type=radio]), select, textarea")) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
});
