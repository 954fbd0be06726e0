// The values of a chart at one time: beside the pointer, and as a slider for keyboards and screen readers.

import { chip } from "./entities.js";

const STEPS = new Map([["ArrowLeft", -1], ["ArrowRight", 1], ["ArrowDown", -1], ["ArrowUp", 1], ["PageDown", -10], ["PageUp", 10],
  ["Home", -Infinity], ["End", Infinity]]);
const FEW = 3; // with more rows, a phone has no room for the intervals

/** Add the readout to a chart; `curves` are in the order of the rows, `written` formats a number. */
export function readout(chart, plot, { curves, entities, written }) {
  const times = plot.data[0];
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  plot.over.append(tip);
  let at = times.length - 1;
  let said = null;

  function say() {
    const when = `${new Date(times[at] * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
    const rows = curves.map((curve) => ({ curve, value: number(curve.value), interval: interval(curve) }));
    const head = cells("th", [when, "", rows.some(({ interval: known }) => known) ? "95 %" : ""]);
    const table = document.createElement("table");
    table.append(head, ...rows.map(({ curve, value, interval: known }) => cells("td", [[chip(entities, curve.name), ` ${curve.label}`], value, known])));
    tip.replaceChildren(table);
    chart.setAttribute("aria-valuenow", String(at));
    chart.setAttribute("aria-valuetext", `${when}: ${rows.map(({ curve, value, interval: known }) =>
      `${curve.label} ${value}${known && `, 95 % interval ${known}`}`).join("; ")}`);
    said = at;
  }

  function number(values) {
    return (values?.[at] ?? null) === null ? "none" : written(values[at]);
  }

  function interval({ lower, upper, dashed }) {
    return dashed || (lower?.[at] ?? null) === null ? "" : `${number(lower)} – ${number(upper)}`;
  }

  function cells(kind, contents) {
    const row = document.createElement("tr");
    row.append(...contents.map((content) => {
      const cell = document.createElement(kind);
      cell.append(...[content].flat());
      return cell;
    }));
    if (curves.length > FEW) row.lastChild.className = "wide";
    return row;
  }

  plot.hooks.setCursor = [() => {
    const { idx, left } = plot.cursor;
    tip.hidden = idx === null || left < 0;
    if (tip.hidden) return;
    at = idx;
    if (said !== at) say();
    const room = plot.over.clientWidth;
    const beside = left < room / 2 ? left + 12 : left - 12 - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(beside, room - tip.offsetWidth))}px`;
  }];
  const go = (moment) => plot.setCursor({ left: plot.valToPos(times[moment], "x"), top: 0 });

  plot.over.addEventListener("pointermove", (event) => { // uPlot follows the mouse only
    if (event.pointerType === "touch") plot.setCursor({ left: event.clientX - plot.over.getBoundingClientRect().left, top: 0 });
  });
  chart.onfocus = () => { if (chart.matches(":focus-visible")) go(at); };
  chart.onblur = () => plot.setCursor({ left: -10, top: -10 });
  chart.onkeydown = (event) => {
    const step = STEPS.get(event.key);
    if (step === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    go(Math.max(0, Math.min(times.length - 1, at + step)));
  };
  chart.tabIndex = 0;
  chart.setAttribute("role", "slider");
  chart.setAttribute("aria-valuemin", "0");
  chart.setAttribute("aria-valuemax", String(times.length - 1));
  say();
}
