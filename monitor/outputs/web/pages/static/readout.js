// The values of a chart at one time: beside the pointer, and as a slider for keyboards and screen readers.

const STEPS = new Map([["ArrowLeft", -1], ["ArrowRight", 1], ["ArrowDown", -1], ["ArrowUp", 1], ["PageDown", -10], ["PageUp", 10],
  ["Home", -Infinity], ["End", Infinity]]);
const FEW = 3; // with more rows, a phone has no room for the intervals

/** Add the readout to a chart, of the drawing in it and the answer of /api/v1/history that it shows. */
export function readout(chart, { metric, times, complete, series }) {
  const svg = chart.querySelector("svg");
  const [left, right, top, bottom, first] = ["left", "right", "top", "bottom", "first"].map((name) => Number(svg.dataset[name]));
  const last = times.length - 1;
  const curves = [...svg.querySelectorAll("[data-name]")].map(({ dataset, classList }) => (
    { ...series[dataset.name], label: dataset.label, tone: classList[0], dashed: "dashed" in dataset }));
  if (svg.querySelector(".area")) curves.reverse();
  const written = numbers(metric);
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  const cursor = shape("path", { class: "cursor" });
  svg.append(cursor);
  chart.append(tip);
  let at = last;

  function say() {
    const when = `${new Date(times[at] * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
    const part = complete[at] < 1 ? `, ${(100 * complete[at]).toFixed(0)} % of the window stored` : "";
    const rows = curves.map((curve) => ({ curve, value: number(curve.value), interval: interval(curve) }));
    const head = cells("th", [when + part, "", rows.some(({ interval: known }) => known) ? "95 %" : ""]);
    const table = document.createElement("table");
    table.append(head, ...rows.map(({ curve, value, interval: known }) => cells("td", [[chip(curve.tone), ` ${curve.label}`], value, known])));
    tip.replaceChildren(table);
    chart.setAttribute("aria-valuenow", String(at - first));
    chart.setAttribute("aria-valuetext", `${when}${part}: ${rows.map(({ curve, value, interval: known }) =>
      `${curve.label} ${value}${known && `, 95 % interval ${known}`}`).join("; ")}`);
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

  function go(point) {
    at = Math.max(first, Math.min(last, point));
    say();
    const x = left + (right - left) * (at - first) / Math.max(1, last - first);
    cursor.setAttribute("d", `M${x} ${top}V${bottom}`);
    tip.hidden = false;
    const scale = svg.clientWidth / svg.viewBox.baseVal.width;
    const beside = x < (left + right) / 2 ? x * scale + 12 : x * scale - 12 - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(beside, chart.clientWidth - tip.offsetWidth))}px`;
  }

  function leave() {
    tip.hidden = true;
    cursor.setAttribute("d", "");
  }

  svg.onpointermove = (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    if (x < left - 10 || x > right + 10) leave();
    else go(first + Math.round((x - left) / (right - left) * (last - first)));
  };
  svg.onpointerleave = (event) => { if (event.pointerType !== "touch") leave(); };
  chart.onfocus = () => { if (chart.matches(":focus-visible")) go(at); };
  chart.onblur = leave;
  chart.onkeydown = (event) => {
    const step = STEPS.get(event.key);
    if (step === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    go(at + step);
  };
  chart.tabIndex = 0;
  const said = { role: "slider", "aria-label": svg.querySelector("title").textContent, "aria-valuemin": "0", "aria-valuemax": String(last - first) };
  for (const [name, value] of Object.entries(said)) chart.setAttribute(name, value);
  say();
}

/** How the numbers of a metric are written. */
function numbers(metric) {
  const fixed = (digits) => (value) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (metric === "shares" || metric.startsWith("top_share")) return (value) => `${(100 * value).toFixed(1)}\u00a0%`;
  return metric === "nakamoto" || metric.startsWith("hhi") ? fixed(0) : fixed(2);
}

/** A square of a colour. */
function chip(tone) {
  const around = shape("svg", { class: `chip ${tone}`, viewBox: "0 0 10 10", width: 11, height: 11, "aria-hidden": "true" });
  around.append(shape("rect", { width: 10, height: 10, rx: 2 }));
  return around;
}

function shape(kind, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
