// The stream of events: what happens at the daemon, for as long as the page is open.

const AGAIN = 5000;

/**
 * Listen until the page closes; a lost connection is taken up again.
 *
 * @param {{onNews: () => void, onBlock: (block: object) => void, onState: (live: boolean) => void}} told
 *   onNews: the numbers have changed, or may have while nobody listened; onBlock: a block joined.
 */
export function listen(told) {
  const stream = new EventSource("/api/v1/events");
  stream.addEventListener("open", () => { told.onState(true); told.onNews(); });
  for (const name of ["snapshot", "alert"]) stream.addEventListener(name, () => told.onNews());
  stream.addEventListener("block", (event) => told.onBlock(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    told.onState(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(told), AGAIN); // it was refused, and gave up
  });
  addEventListener("pagehide", () => {
    stream.close();
    addEventListener("pageshow", () => listen(told), { once: true }); // shown again as it was: the browser had kept it
  }, { once: true });
}
