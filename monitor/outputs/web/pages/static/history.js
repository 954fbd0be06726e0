// The history chart: the server draws it, once it scrolls into view, and the numbers beside the pointer are fetched then.

import { readout } from "./readout.js";

const NARROW = 300;
const watched = new WeakSet();
let drawn = "";
let seen = false;

/** Draw the chart of the page if it has one, and another one is wanted than the last. */
export function history() {
  const chart = document.querySelector(".chart[data-chart]");
  if (!chart) return;
  if (seen) update(chart);
  else if (!watched.has(chart)) {
    watched.add(chart);
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      seen = true;
      update(chart);
      new ResizeObserver(() => update(chart)).observe(chart);
    }, { rootMargin: "300px" }).observe(chart);
  }
}

async function update(chart) {
  const width = Math.max(NARROW, Math.floor(chart.clientWidth / 20) * 20);
  const wanted = `${chart.dataset.chart}&theme=page&width=${width}`;
  const state = `${wanted} ${chart.dataset.tip}`;
  if (state === drawn) return;
  drawn = state;
  try {
    const [drawing, answer] = await Promise.all([ask(wanted), ask(chart.dataset.series)]);
    if (state !== drawn) return;
    const svg = new DOMParser().parseFromString(await drawing.text(), "image/svg+xml").documentElement;
    chart.replaceChildren(document.importNode(svg, true));
    readout(chart, await answer.json());
  } catch (error) {
    drawn = "";
    if (!chart.querySelector("svg")) chart.replaceChildren(Object.assign(document.createElement("p"), { className: "note", textContent: `No chart: ${error.message}` }));
  }
}

async function ask(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `the server answered ${response.status}`);
  return response;
}
