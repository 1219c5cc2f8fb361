// Single-key shortcuts: off while typing, in modal dialogs, and when the person switched them off.
const handlers = new Map();

/** Call `run(event)` when `key` is pressed alone. */
export function shortcut(key, run) {
  handlers.set(key, run);
}

export function shortcutsOn() {
  try {
    return localStorage.getItem("footnote-shortcuts") !== "off";
  } catch {
    return true;
  }
}

export function setShortcuts(on) {
  try {
    localStorage.setItem("footnote-shortcuts", on ? "on" : "off");
  } catch {
    // Storage can be forbidden; shortcuts then stay on.
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const modal = document.querySelector("dialog:modal");
  if (modal && !modal.classList.contains("panel")) return;
  const run = handlers.get(event.key);
  if (!run || !shortcutsOn()) return;
  if (run(event) !== false) event.preventDefault();
});
