// Draws an answer of /api/v1/history with uPlot. Imported, with the library, when the chart comes into view.

import { called, chip, paper, tone, translucent } from "./entities.js";
import { readout } from "./readout.js";
import uPlot from "./vendored/uPlot.esm.js";

const charts = new WeakMap(); // by its element: what is drawn there
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) charts.get(target)?.setSize(size(target));
});

/** Draw an answer into the section's chart; `entities` has names and colours. Throws where there is nothing to draw. */
export function draw(section, answer, entities) {
  const chart = section.querySelector(".chart");
  const { entity } = section.dataset;
  const names = entity ? [entity].filter((name) => name in answer.series) : Object.keys(answer.series);
  if (!answer.times.length) throw new Error("nothing is stored of that time");
  if (!names.length) throw new Error("it has too few blocks");
  const shown = names.filter((name) => !idle(name, answer.series));
  const curves = shown.map((name) => ({
    ...answer.series[name], name, label: called(entities, name), colour: tone(section, entities, name), dashed: name === "merged",
  }));
  const stacked = answer.metric === "shares" && !entity;
  const { data, series, bands } = (stacked ? areas : lines)(curves, { edge: paper(section), stepped: answer.metric === "nakamoto" });

  charts.get(chart)?.destroy();
  chart.replaceChildren();
  const written = numbers(answer.metric);
  const ink = (opacity) => translucent(getComputedStyle(document.body).color, opacity);
  const plot = new uPlot({
    ...size(chart), padding: [12, 14, 0, 0], legend: { show: false }, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { y: scale(answer.metric, stacked) },
    series: [{}, ...series], bands,
    axes: [
      { ...axis(ink), values: dates, space: 64 },
      { ...axis(ink), values: (_, values) => values.map(written.axis), size: 54, ...(written.whole && { incrs: [1, 2, 5, 10, 20, 50] }) },
    ],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !stacked } },
  }, [answer.times, ...data], chart);
  charts.set(chart, plot);
  resized.observe(chart);
  legend(section, shown.length > 1 ? shown : [], entities);
  const [first, last] = [0, -1].map((at) => new Date(answer.times.at(at) * 1000).toISOString().slice(0, 10));
  chart.setAttribute("aria-label", `${answer.metric.replaceAll("_", " ")} by ${answer.level} over ${answer.window}, ${first} to ${last}`);
  readout(chart, plot, { curves: stacked ? curves.toReversed() : curves, entities, written: written.exact });
}

/** Whether a curve adds nothing: without unknown blocks both readings of them are equal. */
function idle(name, series) {
  return name === "merged" && series.merged.value.every((value, at) => value === series.split.value[at]);
}

/** One area on another: each curve is drawn at the sum of those up to it, and filled down to the one below. */
function areas(curves, { edge }) {
  const data = [];
  for (const { value } of curves) {
    const below = data.at(-1);
    data.push(value.map((share, at) => (share === null ? null : share + (below?.[at] ?? 0))));
  }
  const series = curves.map(({ colour }) => ({ stroke: edge, width: 0.75, fill: colour, points: { show: false } }));
  return { data, series, bands: curves.slice(1).map((_, at) => ({ series: [at + 2, at + 1] })) };
}

/** A line for each curve, and behind it the band of its interval. */
function lines(curves, { stepped }) {
  const data = [];
  const series = [];
  const bands = [];
  const paths = stepped ? uPlot.paths.stepped({ align: 1 }) : undefined;
  for (const { value, lower, upper, colour, dashed } of curves) {
    if (lower && upper && !dashed) {
      data.push(upper, lower);
      series.push(...[0, 0].map((width) => ({ width, paths, points: { show: false } })));
      bands.push({ series: [data.length - 1, data.length], fill: translucent(colour, 0.22) });
    }
    data.push(value);
    series.push({ stroke: colour, width: 2, paths, dash: dashed ? [2, 4] : undefined });
  }
  return { data, series, bands };
}

function scale(metric, stacked) {
  if (stacked) return { range: [0, 1] };
  return metric === "nakamoto" ? { range: (_, __, most) => [0, most + 1] } : {};
}

function axis(ink) {
  const line = { width: 1, stroke: ink(0.13) };
  return { stroke: ink(1), font: `12px ${getComputedStyle(document.body).fontFamily}`, grid: line, ticks: { show: false } };
}

/** The labels of the time axis, in UTC as all of the page: the hour or the day, and the year where it begins. */
function dates(_plot, moments, _axis, _space, step) {
  let year;
  return moments.map((seconds) => {
    const moment = new Date(seconds * 1000);
    const text = (form) => moment.toLocaleString("en", { timeZone: "UTC", ...form });
    const label = step < 86400 ? text({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
      : text(step < 28 * 86400 ? { day: "numeric", month: "short" } : { month: "short" });
    const begins = moment.getUTCFullYear() !== year;
    year = moment.getUTCFullYear();
    return begins ? `${label}\n${year}` : label;
  });
}

/** How the numbers of a metric are written, on the axis and exactly. */
function numbers(metric) {
  const percent = (digits) => (value) => `${(100 * value).toFixed(digits)}\u00a0%`;
  const fixed = (digits) => (value) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (metric === "shares" || metric.startsWith("top_share")) return { axis: percent(0), exact: percent(1) };
  if (metric === "nakamoto") return { axis: fixed(0), exact: fixed(0), whole: true };
  return metric.startsWith("hhi") ? { axis: fixed(0), exact: fixed(0) } : { axis: fixed(2), exact: fixed(2) };
}

function legend(section, names, entities) {
  section.querySelector(".legend").replaceChildren(...names.map((name) => {
    const item = document.createElement("li");
    item.append(chip(entities, name), ` ${called(entities, name)}`);
    return item;
  }));
}

function size(chart) {
  return { width: chart.clientWidth, height: chart.clientHeight };
}
