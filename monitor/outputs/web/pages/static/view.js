// Replaces what has changed by what the server renders now. Only HTML from the server is parsed: it escapes all text.

let asking;

/** Show the page at `address`. Rejects when the server does not answer. */
export async function show(address) {
  asking?.abort();
  asking = new AbortController();
  const response = await fetch(address, { signal: asking.signal, headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (style(fresh) !== style(document)) return location.reload(); // another version of the daemon, with other scripts
  document.title = fresh.title;
  replace(document.getElementById("main"), fresh.getElementById("main"));
  replace(document.querySelector("footer"), fresh.querySelector("footer"));
}

function style(page) {
  return page.querySelector("link[rel=stylesheet]").getAttribute("href");
}

function replace(old, fresh) {
  const focus = remember(old);
  const parts = new Map([...old.children].map((part) => [part.dataset.part, part]));
  const wanted = [...fresh.children].map((part) => merged(parts.get(part.dataset.part), part));
  if (wanted.some((part, at) => old.children[at] !== part) || old.children.length !== wanted.length) old.replaceChildren(...wanted);
  focus();
}

/** The new part; the old one if it is equal. */
function merged(old, fresh) {
  if (!old || !old.dataset.part) return document.importNode(fresh, true);
  if (fresh.dataset.part === "history") { // draws itself from its data attributes
    Object.assign(old.dataset, { ...fresh.dataset });
    return old;
  }
  const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
  const copy = document.importNode(fresh, true);
  for (const each of copy.querySelectorAll("details")) each.open = open.includes(each.id);
  return old.isEqualNode(copy) ? old : copy;
}

/** Return a function that moves the focus to the replacement of the focused element. */
function remember(inside) {
  const had = document.activeElement;
  const part = had?.closest("[data-part]")?.dataset.part;
  if (!part || !inside.contains(had)) return () => {};
  const like = ["id", "href"].filter((name) => had.getAttribute(name)).map((name) => `[${name}="${CSS.escape(had.getAttribute(name))}"]`)[0];
  const words = had.textContent;
  return () => {
    if (had.isConnected) return;
    const section = inside.querySelector(`[data-part="${part}"]`);
    const heirs = section ? [...section.querySelectorAll(like ?? had.tagName)] : [];
    (heirs[0] ?? [...(section?.querySelectorAll("a, button, summary") ?? [])].find((each) => each.textContent === words))?.focus({ preventScroll: true });
  };
}
