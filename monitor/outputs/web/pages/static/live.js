// The event stream of the daemon, while the page is open.

const EVENTS = new URL("../../api/v1/events", import.meta.url); // below whatever path this script is
const AGAIN = 5000;
const SILENT = 40000; // the daemon sends a beat every 15 seconds; a proxy may hold back what it sends

/**
 * Listen until the page closes; reconnects.
 *
 * @param {{onNews: () => void, onBlock: (block: object) => void, onState: (live: boolean, heard: boolean) => void}} handlers
 *   onNews: the numbers have changed, or may have while disconnected; onBlock: a block joined; onState: whether events
 *   arrive, and whether the daemon is connected at all.
 */
export function listen(handlers) {
  const stream = new EventSource(EVENTS);
  let silence;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => handlers.onState(false, true), SILENT);
    handlers.onState(true, true);
  };
  silence = setTimeout(() => handlers.onState(false, true), SILENT);
  stream.addEventListener("open", () => { heard(); handlers.onNews(); });
  stream.addEventListener("beat", heard);
  for (const name of ["snapshot", "alert", "branch", "split"]) stream.addEventListener(name, () => { heard(); handlers.onNews(); });
  stream.addEventListener("block", (event) => { heard(); handlers.onBlock(JSON.parse(event.data)); });
  stream.addEventListener("error", () => {
    clearTimeout(silence);
    handlers.onState(false, false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(handlers), AGAIN); // refused: the browser does not retry
  });
  addEventListener("pagehide", () => {
    clearTimeout(silence);
    stream.close();
    addEventListener("pageshow", () => listen(handlers), { once: true }); // restored from the back-forward cache
  }, { once: true });
}
