// The page itself: what the server would render now, put in place of what has changed. The server escapes; here nothing
// is ever read as HTML that it did not send as such.

let asking;

/** Show the page at `address`, the present one or another. Rejects when the server does not answer. */
export async function show(address) {
  asking?.abort();
  asking = new AbortController();
  const response = await fetch(address, { signal: asking.signal, headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (style(fresh) !== style(document)) return location.reload(); // another version: these scripts are of the old one
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

/** The part to show: the old one itself where nothing in it has changed. */
function merged(old, fresh) {
  if (!old || !old.dataset.part) return document.importNode(fresh, true);
  if (fresh.dataset.part === "history") { // it draws itself, from what it is told
    Object.assign(old.dataset, { ...fresh.dataset });
    return old;
  }
  const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
  const copy = document.importNode(fresh, true);
  for (const each of copy.querySelectorAll("details")) each.open = open.includes(each.id);
  return old.isEqualNode(copy) ? old : copy;
}

/** How to give the focus back to what had it, once that has been replaced by its like. */
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
