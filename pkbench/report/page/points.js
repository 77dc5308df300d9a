"use strict";
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
