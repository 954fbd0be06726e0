// The theme that the reader chose, set before the first paint, so that nothing flashes.
(() => {
  "use strict";
  const NEXT = { system: "dark", dark: "light", light: "system" };
  const root = document.documentElement;

  function kept() {
    try { return localStorage.getItem("theme") ?? "system"; } catch { return "system"; }
  }

  function wear(theme) {
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* storage is disabled */ }
  }

  wear(kept() in NEXT ? kept() : "system");

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const say = () => { button.textContent = `◐ ${kept()}`; button.setAttribute("aria-label", `Theme: ${kept()}`); };
    button.addEventListener("click", () => {
      wear(NEXT[kept()] ?? "system");
      say();
      document.dispatchEvent(new Event("theme"));
    });
    say();
    button.hidden = false;
  });
})();
