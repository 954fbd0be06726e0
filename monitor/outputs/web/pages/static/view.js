// Changes what is shown into what the server renders now. Only HTML from the server is parsed: it escapes all text.

let asking;

/** Show the page at `address`. Rejects when the server does not answer. */
export async function show(address) {
  asking?.abort();
  asking = new AbortController();
  const response = await fetch(address, { signal: asking.signal, headers: { Accept: "text/html" } });
  if (response.status >= 500) throw new Error(`the server answered ${response.status}`); // a 404 is a page, too
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (style(fresh) !== style(document)) return location.reload(); // another version of the daemon, with other scripts
  document.title = fresh.title;
  const focused = document.activeElement;
  for (const part of ["header.top nav", "main", "footer"]) become(document.querySelector(part), fresh.querySelector(part));
  if (document.activeElement !== focused) (focused.isConnected ? focused : document.getElementById("main")).focus({ preventScroll: true });
}

function style(page) {
  return page.querySelector("link[rel=stylesheet]").getAttribute("href");
}

/** Give `old` the attributes and children of `fresh`. Elements of the same kind stay, and with them focus and state. */
function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !kept(old, name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !kept(old, name)) old.setAttribute(name, value);
  if (owned(old)) return; // a script draws inside
  const wanted = [...fresh.childNodes];
  const keys = new Set(wanted.map(key));
  for (const child of [...old.childNodes]) if (!keys.has(key(child)) && !owned(child)) child.remove();
  let at = old.firstChild;
  for (const each of wanted) {
    const found = find(at, key(each));
    if (!found) old.insertBefore(document.importNode(each, true), at);
    else {
      if (found !== at) old.insertBefore(found, at);
      become(found, each);
      at = found.nextSibling;
    }
  }
  while (at) {
    const next = at.nextSibling;
    if (!owned(at)) at.remove();
    at = next;
  }
}

/** Whether a script made it, or fills it. */
function owned(node) {
  return node.nodeType === Node.ELEMENT_NODE && "own" in node.dataset;
}

/** What a reader or a script set: whether details are open, and what a script says of its own part. */
function kept(element, name) {
  return (name === "open" && element.tagName === "DETAILS") || (owned(element) && !name.startsWith("data-"));
}

/** What makes an element the same one later: its id, part or address, or the address of a link inside. */
function key(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeName;
  const name = node.id || node.dataset.part || node.getAttribute("href") || (node.matches("li, tr, th, td") && node.querySelector("[href]")?.getAttribute("href"));
  return `${node.nodeName} ${name || ""}`;
}

function find(from, wanted) {
  for (let node = from; node; node = node.nextSibling) if (key(node) === wanted) return node;
  return null;
}
