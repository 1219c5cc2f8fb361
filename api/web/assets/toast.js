// Short notices at the foot of the page; they are read out, and may carry one action.
import { element, byId } from "./elements.js";

const place = byId("toasts");

/** Show `text`; with `action`, a button of that name is offered. Resolves true when it was pressed, false when time is up. */
export function toast(text, { action, seconds = 5 } = {}) {
  bringForward();
  return new Promise((resolve) => {
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

/** What lies outside a modal dialog cannot be clicked, so notices move into it while it is open. */
function bringForward() {
  const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
  if (modal && !modal.contains(place)) {
    modal.append(place);
    modal.addEventListener("close", () => document.body.append(place), { once: true });
  } else if (!place.isConnected) document.body.append(place);
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
