// Drawing: an answer of /api/v1/history as plotly shows it. The library is large and loaded once, when it is wanted.

import { called, chip, paper, tone, translucent } from "./entities.js";

const ELEMENTS = ["plotly.js-style-global", "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53"];
// What plotly would otherwise add as style elements, which the page's policy forbids; what it needs of them is in page.css.

let loading;

/** The library; rejects when it cannot be had. */
export function load(address) {
  loading ??= new Promise((done, failed) => {
    for (const id of ELEMENTS) {
      const taken = document.createElement("meta");
      taken.id = id;
      taken.className = "no-inline-styles";
      document.head.append(taken);
    }
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", () => done(globalThis.Plotly));
    script.addEventListener("error", () => { loading = undefined; failed(new Error("the chart library did not load")); });
    document.head.append(script);
  });
  return loading;
}

/** Draw an answer into the section's chart; `entities` has names and colours. */
export function draw(plotly, section, answer, entities) {
  const chart = section.querySelector(".chart");
  const style = getComputedStyle(document.body);
  const times = answer.times.map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 19)); // UTC, as all of the page
  if (!times.length) throw new Error("nothing is stored of that time");
  const { entity } = section.dataset;
  const shares = answer.metric === "shares";
  const names = entity ? [entity].filter((name) => name in answer.series) : Object.keys(answer.series);
  if (!names.length) throw new Error("it has too few blocks");
  const stacked = shares && !entity;
  const whole = answer.metric === "nakamoto"; // numbers: it steps
  const figures = format(answer.metric);
  const look = (name) => ({ name: plain(called(entities, name)), colour: tone(section, entities, name), edge: paper(section),
    dashed: name === "merged", shape: whole ? "hv" : "linear", hovertemplate: `%{y:${figures}}` });
  const shown = names.filter((name) => !idle(name, answer.series));
  const traces = shown.flatMap((name) => (stacked ? area : band)(answer.series[name], times, look(name)));
  const ink = (opacity) => translucent(style.color, opacity);
  const axis = { gridcolor: ink(0.13), linecolor: ink(0.3), zeroline: false, fixedrange: true };
  plotly.react(chart, traces, {
    margin: { l: 54, r: 14, t: 12, b: 42 }, showlegend: false, dragmode: false, hovermode: "x unified",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: style.color, family: style.fontFamily, size: 12 },
    hoverlabel: { bgcolor: paper(section), bordercolor: ink(0.3), font: { color: style.color }, namelength: -1 },
    xaxis: { ...axis, type: "date" },
    yaxis: { ...axis, tickformat: figures === ".1%" ? ".0%" : figures, dtick: whole ? 1 : undefined,
      rangemode: stacked || whole ? "tozero" : "normal", range: stacked ? [0, 1] : undefined },
  }, { displayModeBar: false, responsive: true });
  legend(section, shown.length > 1 ? shown : [], entities);
  chart.setAttribute("aria-label", summary(answer, names.map((name) => [called(entities, name), answer.series[name].value.at(-1)]), times));
}

/** Whether a curve has nothing to say: no unknown block, so that both readings of them are one. */
function idle(name, series) {
  return name === "merged" && series.merged.value.every((value, at) => value === series.split.value[at]);
}

/** How its numbers are written, in d3's words. */
function format(metric) {
  if (metric === "shares" || metric.startsWith("top_share")) return ".1%";
  return metric === "hhi" ? ",.0f" : metric === "nakamoto" ? "d" : ".2f";
}

function area(series, times, { name, colour, edge, hovertemplate }) {
  return [{ x: times, y: series.value, name, stackgroup: "shares", mode: "lines", line: { width: 0.75, color: edge },
    fillcolor: colour, hovertemplate }];
}

/** A line, and behind it the band of its interval. */
function band(series, times, { name, colour, dashed, shape, hovertemplate }) {
  const line = { x: times, y: series.value, name, mode: "lines", connectgaps: false, hovertemplate,
    line: { color: colour, width: 2, shape, dash: dashed ? "dot" : "solid" } };
  if (dashed) return [line];
  if (!series.lower || !series.upper) return [line];
  const edge = { x: times, mode: "lines", line: { width: 0, shape }, connectgaps: false, hovertemplate };
  return [
    { ...edge, y: series.lower, name: "95 %, lower" },
    { ...edge, y: series.upper, name: "95 %, upper", fill: "tonexty", fillcolor: translucent(colour, 0.22) },
    line,
  ];
}

function legend(section, names, entities) {
  section.querySelector(".legend").replaceChildren(...names.map((name) => {
    const item = document.createElement("li");
    item.append(chip(entities, name), ` ${called(entities, name)}`);
    return item;
  }));
}

/** Names are text, also where plotly would read tags. */
function plain(name) {
  return name.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function summary(answer, ends, times) {
  const day = (time) => time.slice(0, 10);
  const written = (value) => (answer.metric === "shares" ? `${(100 * value).toFixed(1)} %` : value.toFixed(2));
  const last = ends.filter(([, value]) => value !== null).map(([name, value]) => `${name} ${written(value)}`);
  return `${answer.metric} by ${answer.level} over ${answer.window}, ${day(times[0])} to ${day(times.at(-1))}; at the end: ${last.join(", ")}`;
}
