// Who is drawn: what people call them, and which colour the style sheet gives them in the theme that is worn.

const CALLED = new Map([
  ["split", "unknown blocks apart"], ["merged", "unknown blocks as one (dotted)"], ["unknown", "nobody can tell"],
  ["alone", "solo miners, each for himself"], ["others", "all others"],
]);
const SLOTS = new Map([["split", 0], ["merged", 5]]);
const SVG = "http://www.w3.org/2000/svg";

/** What people call one; `entities` is what the page says of them. */
export function called(entities, name) {
  return CALLED.get(name) ?? entities[name]?.name ?? name;
}

/** A square of its colour. */
export function chip(entities, name) {
  const square = shape("rect", { width: 10, height: 10, rx: 2 });
  const around = shape("svg", { class: `chip ${tones(entities, name)}`, viewBox: "0 0 10 10", width: 11, height: 11, "aria-hidden": "true" });
  around.append(square);
  return around;
}

/** Its colour, as it is in this theme. */
export function tone(section, entities, name) {
  const probe = shape("svg", { class: `bar ${tones(entities, name)}`, width: 0 });
  const fill = shape("path", { class: "fill" });
  probe.append(fill);
  section.append(probe);
  const colour = getComputedStyle(fill).fill;
  probe.remove();
  return colour;
}

/** What charts are drawn on. */
export function paper(section) {
  return getComputedStyle(section.querySelector(".chart")).backgroundColor;
}

/** A colour that lets through what is behind it. */
export function translucent(colour, opacity) {
  return colour.replace("rgb(", "rgba(").replace(")", `, ${opacity})`);
}

function tones(entities, name) {
  if (name === "unknown") return "unknown";
  const slot = SLOTS.get(name) ?? entities[name]?.slot;
  return Number.isInteger(slot) ? `s${slot}` : "other";
}

function shape(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
