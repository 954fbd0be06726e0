// Names and colours of the entities in charts; the style sheet has the colours of the theme.

const CALLED = new Map([
  ["split", "unknown blocks as separate miners"], ["merged", "unknown blocks as one miner (dotted)"], ["unknown", "unknown"],
  ["alone", "solo miners, each counted separately"], ["others", "all others"],
]);
const SLOTS = new Map([["split", 0], ["merged", 5]]);
const SVG = "http://www.w3.org/2000/svg";

/** The name of an entity; `entities` has names and colour slots. */
export function called(entities, name) {
  return CALLED.get(name) ?? entities[name]?.name ?? name;
}

/** A square of its colour, for legends. */
export function chip(entities, name) {
  const square = shape("rect", { width: 10, height: 10, rx: 2 });
  const around = shape("svg", { class: `chip ${tones(entities, name)}`, viewBox: "0 0 10 10", width: 11, height: 11, "aria-hidden": "true" });
  around.append(square);
  return around;
}

/** Its colour in this theme. */
export function tone(section, entities, name) {
  const probe = shape("svg", { class: `bar ${tones(entities, name)}`, width: 0 });
  const fill = shape("path", { class: "fill" });
  probe.append(fill);
  section.append(probe);
  const colour = getComputedStyle(fill).fill;
  probe.remove();
  return colour;
}

/** The background colour of charts. */
export function paper(section) {
  return getComputedStyle(section.querySelector(".chart")).backgroundColor;
}

/** A colour with an opacity. */
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
