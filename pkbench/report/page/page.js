"use strict";
// The page is whole without this. With it: light and dark, filters, sorting, and what a point of a figure says.

const root = document.documentElement;
root.classList.add("script");

function remembered() {
  try { return localStorage.getItem("pkbench-theme"); } catch { return null; }
}

function remember(theme) {
  try { localStorage.setItem("pkbench-theme", theme); } catch { /* a page from disk may have no storage */ }
}

if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();

document.addEventListener("DOMContentLoaded", () => {
  setUpTheme();
  setUpFilters();
  setUpSorting();
  setUpPoints();
  setUpRunLinks();
  setUpFolds();
});

// ------------------------------------------------------------------------------------------------ light and dark

function setUpTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(isDark()));
    button.setAttribute("aria-label", "Dark colours");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
    show();
  });
  system.addEventListener("change", show);
  show();
}

// ------------------------------------------------------------------------------------------------------- filters

function setUpFilters() {
  const form = document.getElementById("filters");
  const lines = [...document.querySelectorAll("[data-claim]")].map((line) => {
    const card = document.getElementById(line.dataset.claim);
    const chip = document.querySelector(`.chip[href="#${CSS.escape(line.dataset.claim)}"]`);
    return { line, card, chip, text: `${line.textContent} ${card.textContent}`.toLowerCase().replace(/\s+/g, " ") };
  });
  const apply = () => {
    const verdicts = new Set([...form.elements.verdict].filter((box) => box.checked).map((box) => box.value));
    const spec = form.elements.spec.value;
    const profile = form.elements.profile.value;
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { line, card, chip, text } of lines) {
      const fits = verdicts.has(line.dataset.verdict) && (!spec || line.dataset.spec === spec) &&
        (!profile || line.dataset.profile === profile) && words.every((word) => text.includes(word));
      for (const element of [line, card, chip]) if (element) element.hidden = !fits;
      count += fits ? 1 : 0;
    }
    const whole = count === lines.length;
    for (const part of document.querySelectorAll("[data-part], .spec")) {
      part.hidden = !whole && !part.querySelector(".card:not([hidden])");
    }
    document.getElementById("shown").textContent =
      whole ? `${count} claims` : `${count} of ${lines.length} claims`;
    document.getElementById("none").hidden = count > 0;
  };
  form.addEventListener("input", apply);
  // A form's own reset comes only after its event: lines would stay hidden for a moment that a reader, or a test, can catch.
  const reset = () => { form.reset(); apply(); };
  form.querySelector("[type=reset]").addEventListener("click", (event) => { event.preventDefault(); reset(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  // What a link leads to is shown, whatever the filter says.
  window.addEventListener("hashchange", () => {
    const target = linked();
    if (target && target.closest("[hidden]")) {
      reset();
      target.scrollIntoView();
    }
  });
  apply();
}

function linked() {
  return document.getElementById(decodeURIComponent(location.hash.slice(1)));
}

// ------------------------------------------------------------------------------------------------------- sorting

function setUpSorting() {
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = head.querySelector("button");
      button.disabled = false;
      button.addEventListener("click", () => sortBy(table, head, column));
    });
  }
}

function sortBy(table, head, column) {
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => {
    const cell = row.cells[column];
    return { row, value: valueOf(cell), text: cell.textContent };
  });
  const numbers = head.classList.contains("n");
  rows.sort((a, b) => {
    // Cells without a number stay at the end, whichever way the others go.
    if (numbers && (a.value === null || b.value === null)) return (a.value === null) - (b.value === null);
    const order = numbers ? a.value - b.value : a.text.localeCompare(b.text, "en", { numeric: true });
    return up ? order : -order;
  });
  body.append(...rows.map(({ row }) => row));
}

// What a cell is ordered by: the number it shows, or the one behind what it shows; null where there is none.
function valueOf(cell) {
  const value = cell.dataset.v ?? cell.textContent.replaceAll(",", "").replace("−", "-");
  return value === "" || Number.isNaN(Number(value)) ? null : Number(value);
}

// --------------------------------------------------------------------------------------------------------- folds

function setUpFolds() {
  const open = () => {
    const target = linked();
    for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target?.scrollIntoView();
  };
  window.addEventListener("hashchange", open);
  if (location.hash) open();
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const fold of opened) fold.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
  });
}
