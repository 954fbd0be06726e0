// The event stream of the daemon, while the page is open.

const AGAIN = 5000;

/**
 * Listen until the page closes; reconnects.
 *
 * @param {{onNews: () => void, onBlock: (block: object) => void, onState: (live: boolean) => void}} handlers
 *   onNews: the numbers have changed, or may have while disconnected; onBlock: a block joined; onState: connected or not.
 */
export function listen(handlers) {
  const stream = new EventSource("/api/v1/events");
  stream.addEventListener("open", () => { handlers.onState(true); handlers.onNews(); });
  for (const name of ["snapshot", "alert", "branch", "split"]) stream.addEventListener(name, () => handlers.onNews());
  stream.addEventListener("block", (event) => handlers.onBlock(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    handlers.onState(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(handlers), AGAIN); // refused: the browser does not retry
  });
  addEventListener("pagehide", () => {
    stream.close();
    addEventListener("pageshow", () => listen(handlers), { once: true }); // restored from the back-forward cache
  }, { once: true });
}
