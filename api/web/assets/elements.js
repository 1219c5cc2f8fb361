// Builds DOM without markup strings: text from people and documents only ever becomes text nodes.
import { icon } from "./icons.js";

/**
 * Make an element. `properties`: `class`, `text`, `on` ({event: handler}), `data` ({name: value}); any other name is an
 * attribute (true sets it empty; false, null and undefined leave it out). Children are nodes, strings or nothing.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else if (name === "data") Object.assign(made.dataset, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A button that shows only an icon; `label` is its name for everyone. */
export function iconButton(name, label, onClick, properties = {}) {
  const { class: extra = "", ...rest } = properties;
  return element(
    "button",
    { type: "button", class: `icon-button ${extra}`.trim(), "aria-label": label, title: label, on: { click: onClick }, ...rest },
    icon(name),
  );
}

/** A quiet button with icon and words. */
export function quietButton(name, label, onClick, properties = {}) {
  return element("button", { type: "button", class: "quiet-button", on: { click: onClick }, ...properties }, icon(name), element("span", { class: "label", text: label }));
}

export function byId(id) {
  return document.getElementById(id);
}
