// Modal dialogs: closing, and a question with two answers.
import { element, iconButton } from "./elements.js";

/** Let every `data-close` button and a click on the backdrop close its dialog. */
export function closable(dialog) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  return dialog;
}

/** Fill `dialog` with a heading and content and show it. The first field, or Cancel, has the focus. */
export function openDialog(dialog, title, ...content) {
  const heading = element("h2", { id: `${dialog.id}-title`, text: title });
  dialog.replaceChildren(element("div", { class: "sheet-head" }, heading, iconButton("close", "Close", () => dialog.close())), ...content);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("input, select, .form-actions button")?.focus();
}

/** A form's last row: an error place, Cancel and the one action. */
export function formActions(dialog, label, { danger = false } = {}) {
  return element(
    "div",
    { class: "form-actions" },
    element("button", { type: "button", class: "button secondary", text: "Cancel", on: { click: () => dialog.close() } }),
    element("button", { type: "submit", class: danger ? "button danger" : "button", text: label }),
  );
}

/** Ask before something that cannot be undone; resolves true when confirmed. */
export function confirm(dialog, title, text, label) {
  return new Promise((resolve) => {
    let confirmed = false;
    const form = element(
      "form",
      { method: "dialog", on: { submit: () => { confirmed = true; } } },
      element("p", { text }),
      formActions(dialog, label, { danger: true }),
    );
    openDialog(dialog, title, form);
    dialog.addEventListener("close", () => resolve(confirmed), { once: true });
  });
}
