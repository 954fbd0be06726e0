// Makes the page live: updates, navigation in place, ages, charts. The page is complete without it.

import { history } from "./history.js";
import { listen } from "./live.js";
import { offer } from "./save.js";
import { show } from "./view.js";

const SETTLE = 300; // a snapshot and its alerts arrive one after the other
const AT_MOST = 1500; // the longest delay while blocks keep arriving
const ANYWAY = 30000; // ages change, and a node that is away sends no event

const state = document.getElementById("live");
let waiting = null;
let since = 0;
let alive = false;

function tell(text, lost = false) {
  state.classList.toggle("lost", lost);
  if (state.textContent !== text) state.textContent = text;
  state.hidden = false;
}

function soon() {
  since ||= performance.now();
  clearTimeout(waiting);
  waiting = setTimeout(refresh, Math.max(0, Math.min(SETTLE, AT_MOST - (performance.now() - since))));
}

async function refresh() {
  clearTimeout(waiting);
  since = 0;
  await go(location.href);
  waiting = setTimeout(refresh, ANYWAY);
}

async function go(address) {
  try {
    await show(address);
    history();
    offer();
    if (alive && state.classList.contains("lost")) tell("live");
  } catch (error) {
    if (error.name !== "AbortError") tell("not live: the daemon does not answer", true);
  }
}

/** Show another state of this page without loading it anew. */
function turn(event, address) {
  if (address.origin !== location.origin || address.pathname !== location.pathname) return; // its links are relative to where it is
  event.preventDefault();
  window.history.pushState(null, "", address);
  go(address);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("main nav a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  turn(event, new URL(link.href));
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("main nav form")) return;
  const address = new URL(form.action);
  address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  turn(event, address);
});
addEventListener("popstate", () => go(location.href));

history();
offer();
listen({
  onNews: soon,
  onBlock: (block) => tell(`live: block ${block.height} by ${block.pool_name ?? "an unknown pool"}`),
  onState: (live, connected) => {
    if (live && !alive) tell("live");
    alive = live;
    if (!live) tell(connected ? "not live: no events arrive, asking every 30 seconds" : "not live: the daemon does not answer", true);
  },
});
