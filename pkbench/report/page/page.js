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
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  // What a link leads to is shown, whatever the filter says.
  window.addEventListener("hashchange", () => {
    const target = linked();
    if (target && target.closest("[hidden]")) {
      form.reset();
      setTimeout(() => target.scrollIntoView());
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

// ------------------------------------------------------------------------------------------- points of the figures

const REACH = 24; // pixels from which a point is meant

function setUpPoints() {
  const tip = document.getElementById("tip");
  let here = null;

  const hide = () => {
    if (!here) return;
    for (const point of here.closest("[data-points]").querySelectorAll(".here, .kin")) point.classList.remove("here", "kin");
    here = null;
    tip.hidden = true;
    tip.classList.remove("pinned");
  };
  const show = (point, pinned) => {
    if (here !== point) hide();
    here = point;
    const area = point.closest("[data-points]");
    point.classList.add("here");
    if (point.dataset.seed) {
      for (const other of area.querySelectorAll(`[data-seed="${point.dataset.seed}"]`)) {
        if (other !== point) other.classList.add("kin");
      }
    }
    tip.replaceChildren(...withLinks(point.getAttribute("aria-label"), point.closest("[data-runs]").dataset.runs));
    tip.classList.toggle("pinned", pinned);
    tip.hidden = false;
    place(tip, point);
  };

  for (const area of document.querySelectorAll("[data-points]")) {
    const points = [...area.querySelectorAll(".p")];
    if (!points.length) continue;
    for (const point of points) {
      // The title would open a second box; its text is the point's name from here on.
      const title = point.querySelector("title");
      point.setAttribute("aria-label", title.textContent);
      title.remove();
      point.setAttribute("role", "img");
      point.setAttribute("tabindex", "-1");
    }
    points[0].setAttribute("tabindex", "0");
    area.addEventListener("pointermove", (event) => {
      if (tip.classList.contains("pinned") || event.pointerType === "touch") return;
      const point = nearest(event);
      if (point) show(point, false); else if (here && !here.matches(":focus")) hide();
    });
    area.addEventListener("pointerleave", () => { if (!tip.classList.contains("pinned")) hide(); });
    area.addEventListener("click", (event) => {
      const point = nearest(event);
      if (point) show(point, true);
    });
    area.addEventListener("focusin", (event) => {
      const point = event.target.closest(".p");
      if (point && point.matches(":focus-visible")) show(point, false);
    });
    area.addEventListener("focusout", () => { if (!tip.classList.contains("pinned")) hide(); });
    area.addEventListener("keydown", (event) => {
      const now = points.indexOf(event.target.closest(".p"));
      if (now < 0) return;
      if (event.key === "Enter" || event.key === " ") {
        show(points[now], true);
        tip.querySelector("a")?.focus();
      } else {
        const next = neighbour(points, now, event.key);
        if (next < 0) return;
        points[now].setAttribute("tabindex", "-1");
        points[next].setAttribute("tabindex", "0");
        points[next].focus();
      }
      event.preventDefault();
    });
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-points], #tip")) hide();
    if (event.target.closest("#tip a")) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !here) return;
    if (tip.contains(document.activeElement)) here.focus();
    hide();
  });
}

function neighbour(points, now, key) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
  if (key === "Home") return 0;
  if (key === "End") return points.length - 1;
  return step === undefined ? -1 : Math.min(points.length - 1, Math.max(0, now + step));
}

function nearest(event) {
  const chart = event.target.closest(".chart:has(.p)");
  if (!chart) return null;
  let best = null;
  let least = REACH;
  for (const point of chart.querySelectorAll(".p")) {
    const box = point.lastElementChild.getBoundingClientRect();
    const gap = point.classList.contains("cell")
      ? Math.hypot(Math.max(box.left - event.clientX, 0, event.clientX - box.right), Math.max(box.top - event.clientY, 0, event.clientY - box.bottom))
      : Math.hypot(event.clientX - (box.left + box.right) / 2, event.clientY - (box.top + box.bottom) / 2);
    if (gap < least) { best = point; least = gap; }
  }
  return best;
}

// `text` as nodes in which the ids of runs that the page has lead to them.
function withLinks(text, group) {
  return text.split(/\b([0-9a-f]{16})\b/).map((part, i) => {
    if (i % 2 === 0 || !document.getElementById(`${group}:${part}`)) return document.createTextNode(part);
    const link = document.createElement("a");
    link.href = `#${group}:${part}`;
    link.textContent = part;
    return link;
  });
}

function setUpRunLinks() {
  for (const list of document.querySelectorAll("p[data-runs]")) {
    list.replaceChildren(...withLinks(list.textContent, list.dataset.runs));
  }
}

function place(tip, point) {
  const box = point.lastElementChild.getBoundingClientRect();
  const left = Math.min(Math.max(8, (box.left + box.right) / 2 - tip.offsetWidth / 2), root.clientWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 10;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(above < 60 ? box.bottom + 10 : above) + scrollY}px`;
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
