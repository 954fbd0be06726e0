// The history chart: choice of metric and span, drawn once it scrolls into view.

const METRICS = { shares: "Shares", hhi_unbiased: "HHI", nakamoto: "Nakamoto", effective_entities: "Effective number", top_share_1: "Largest", top_share_3: "Top three",
  gini: "Gini", entropy_bits: "Entropy", theil: "Theil" };
const DAY = 86400;
const AREAS = 10; // series of their own: more are unreadable
const ALL = 40;
const SPANS = { "30 days": 30 * DAY, "90 days": 90 * DAY, "1 year": 365 * DAY, all: null };

const chosen = { metric: "shares", span: "all" };
let drawn = "";
let seen = false;

/** Set up the section if the page has one, or redraw it. */
export function history() {
  const section = document.querySelector("[data-part=history]");
  if (!section) return;
  if (!section.querySelector(".chart")) furnish(section);
  else if (seen) update(section);
}

function furnish(section) {
  drawn = "";
  seen = false;
  section.querySelector("p").remove(); // the note for browsers without scripts
  const chart = element("div", { className: "chart", role: "img" });
  const legend = element("ul", { className: "legend" });
  const metrics = section.dataset.entity ? [] : [choice(section, "Metric", "metric", Object.entries(METRICS))];
  section.append(...metrics, choice(section, "Span", "span", Object.keys(SPANS).map((key) => [key, key])), chart, legend);
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    seen = true;
    update(section);
  }, { rootMargin: "300px" }).observe(chart);
  document.addEventListener("theme", () => { drawn = ""; if (seen) update(section); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawn = ""; if (seen) update(section); });
}

/** A group of buttons, one of them pressed. */
function choice(section, label, name, options) {
  const buttons = options.map(([key, text]) => {
    const button = element("button", { type: "button", textContent: text });
    button.setAttribute("aria-pressed", String(chosen[name] === key));
    button.addEventListener("click", () => {
      chosen[name] = key;
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
      update(section);
    });
    return button;
  });
  const group = element("div", { className: "tabs", role: "group", ariaLabel: label });
  group.append(...buttons);
  return group;
}

async function update(section) {
  const { level, window: within, entity, tip, entities } = section.dataset;
  const wanted = [level, within, entity, tip, chosen.metric, chosen.span].join();
  if (wanted === drawn) return;
  drawn = wanted;
  const chart = section.querySelector(".chart");
  try {
    const [{ draw }, answer] = await Promise.all([import("./plot.js"), ask(section.dataset)]);
    if (wanted === drawn) draw(section, answer, JSON.parse(entities));
  } catch (error) {
    drawn = "";
    if (!chart.querySelector("canvas")) chart.replaceChildren(element("p", { className: "note", textContent: `No chart: ${error.message}` }));
  }
}

async function ask({ level, window: within, entity, tip }) {
  const metric = entity ? "shares" : chosen.metric;
  const query = new URLSearchParams({ level, metric, window: seconds(within), limit: entity ? ALL : AREAS });
  const span = SPANS[chosen.span];
  if (span) query.set("from", String(tip - span));
  const response = await fetch(`/api/v1/history?${query}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? `the server answered ${response.status}`);
  return answer;
}

/** A window of blocks as the time that they take: the past is asked for by time. */
function seconds(name) {
  return name.endsWith("b") ? `${Math.max(1, Math.round(parseInt(name, 10) / 6))}h` : name;
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
