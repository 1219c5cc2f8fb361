// Short notices at the foot of the page; they are read out, and may carry one action.
import { element, byId } from "./elements.js";

/** Show `text`; with an action, `{label, run}` is offered. Resolves true when the action was taken. */
export function toast(text, { action, seconds = 5 } = {}) {
  return new Promise((resolve) => {
    const place = byId("toasts");
    const finish = (taken) => {
      clearTimeout(timer);
      note.remove();
      resolve(taken);
    };
    const note = element("div", { class: "toast" }, element("span", { text }));
    if (action) note.append(element("button", { type: "button", text: action, on: { click: () => finish(true) } }));
    const timer = setTimeout(() => finish(false), seconds * 1000);
    place.append(note);
  });
}

/** Copy text to the clipboard and say so. */
export async function copyText(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said);
  } catch {
    toast("The browser did not allow copying. Select the text and copy it by hand.");
  }
}
