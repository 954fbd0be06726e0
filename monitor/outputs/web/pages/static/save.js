// Files of what is shown: tables as CSV and JSON, drawings as SVG and PNG, each with the line that says what it is.

const SCALE = 2; // pixels of a PNG for each of a drawing
const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "font-size", "font-family", "font-weight"];
const TYPES = { csv: "text/csv", json: "application/json", svg: "image/svg+xml", png: "image/png" };

/** Add the links to each section that has something to save. */
export function offer() {
  for (const section of document.querySelectorAll("main section")) {
    if (section.querySelector(":scope > .save")) continue;
    const kinds = [...(section.querySelector("table thead") || section.dataset.csv ? ["csv", "json"] : []), ...(drawing(section) ? ["svg", "png"] : [])];
    if (!kinds.length) continue;
    const line = Object.assign(document.createElement("p"), { className: "save note" });
    line.dataset.own = "";
    line.append("Save: ", ...kinds.map((kind) => button(section, kind)));
    section.append(line);
  }
}

function button(section, kind) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: kind.toUpperCase() });
  made.setAttribute("aria-label", `Save ${title(section)} as ${kind.toUpperCase()}`);
  made.addEventListener("click", async () => save(section, kind, await MAKE[kind](section)));
  return made;
}

const MAKE = {
  csv: async (section) => section.dataset.csv ? text(section.dataset.csv) : [`# ${source(section)}`, ...lines(section)].join("\n") + "\n",
  json: async (section) => section.dataset.csv ? text(section.dataset.csv.replace("&format=csv", "")) : JSON.stringify({ source: source(section), tables: tables(section) }, null, 1),
  svg: async (section) => (await drawn(section)).text,
  png: async (section) => png(await drawn(section)),
};

function save(section, kind, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type: TYPES[kind] }));
  link.download = `${title(section).toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "")}.${kind}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function title(section) {
  const heading = section.querySelector("h2")?.cloneNode(true);
  heading?.querySelectorAll("small, .help, .explained").forEach((each) => each.remove());
  return heading?.textContent.trim() || document.title;
}

function source(section) {
  const small = section.querySelector("h2 small")?.textContent.trim();
  return [title(section), small, document.querySelector("main").dataset.source, location.href].filter(Boolean).join("; ");
}

async function text(address) {
  return (await fetch(address)).text();
}

// -- tables -----------------------------------------------------------------------------------------------------------

/** Each table as a list of rows by column. What stands small below a number is a column of its own. */
function tables(section) {
  return [...section.querySelectorAll("table")].filter((table) => table.tHead).map((table) => {
    const heads = [...table.tHead.rows[0].cells].map(parts);
    return [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => Object.fromEntries([...row.cells].flatMap((cell, at) => {
      const [head, below] = heads[at] ?? ["", ""];
      const [value, small] = parts(cell);
      if (cell.className === "barcell") return [];
      return [[head, value], ...(small || below ? [[`${head}: ${below || "more"}`, small]] : [])];
    })));
  });
}

function parts(cell) {
  const main = cell.cloneNode(true);
  const small = [...main.querySelectorAll(".range")].map((each) => (each.remove(), squeezed(each))).join(" ");
  main.querySelectorAll("[aria-hidden=true], .help, .explained").forEach((each) => each.remove());
  return [squeezed(main), small];
}

function squeezed(element) {
  return element.textContent.replaceAll(/\s+/g, " ").trim();
}

function lines(section) {
  return tables(section).flatMap((rows, at) => {
    const columns = [...new Set(rows.flatMap(Object.keys))];
    return [...(at ? [""] : []), columns.map(quoted).join(","), ...rows.map((row) => columns.map((column) => quoted(row[column] ?? "")).join(","))];
  });
}

function quoted(value) {
  const safe = /^[=+@\t\r-]/.test(value) ? `'${value}` : value; // no formula in a spreadsheet
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

// -- drawings ---------------------------------------------------------------------------------------------------------

function drawing(section) {
  return section.querySelector(".chart[data-chart], svg[role=img]");
}

/** The drawing of a section as a file of its own, and its size. */
async function drawn(section) {
  const found = drawing(section);
  if (found.dataset.chart) {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (document.documentElement.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    const file = await text(`${found.dataset.chart}&theme=${dark ? "dark" : "light"}`);
    const [, width, height] = file.match(/ width="(\d+)" height="(\d+)"/).map(Number); // not parsed: the policy forbids its style
    return { text: file, width, height };
  }
  const copy = found.cloneNode(true);
  const from = [found, ...found.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((each, at) => {
    const style = getComputedStyle(from[at]);
    for (const name of STYLES) each.setAttribute(name, style.getPropertyValue(name));
    each.removeAttribute("class");
  });
  const box = found.viewBox.baseVal;
  const [width, height] = [box.width || found.clientWidth, (box.height || found.clientHeight) + 20];
  const svg = (kind, attributes, content = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = content;
    return made;
  };
  copy.prepend(svg("rect", { width, height, fill: getComputedStyle(document.body).backgroundColor }));
  copy.append(svg("text", { x: 4, y: height - 6, "font-size": 9, "font-family": "sans-serif", fill: getComputedStyle(document.body).color }, source(section)));
  for (const [name, value] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` })) copy.setAttribute(name, value);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

async function png({ text: content, width, height }) {
  const image = new Image(width * SCALE, height * SCALE);
  image.src = `data:image/svg+xml,${encodeURIComponent(content)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * SCALE, height: height * SCALE });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, TYPES.png));
}
