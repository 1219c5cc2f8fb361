// The menu of one document row; there is one on the page and it moves to the row that asked.
import { byId, element } from "./elements.js";
import { icon } from "./icons.js";

const menu = byId("row-menu");

menu.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  const items = [...menu.querySelectorAll(".menu-item")];
  const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  items[(at + items.length) % items.length].focus();
});

/** Open the menu under `button` with `items` {icon, label, run} or {icon, label, href}; those that are null are left out. */
export function openRowMenu(button, label, items) {
  menu.setAttribute("aria-label", label);
  menu.setAttribute("role", "group");
  menu.replaceChildren(...items.filter(Boolean).map((item) => menuItem(item, button)));
  menu.showPopover();
  const box = button.getBoundingClientRect();
  const below = box.bottom + menu.offsetHeight + 8 < innerHeight;
  menu.style.left = `${Math.max(8, box.right - menu.offsetWidth)}px`;
  menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - menu.offsetHeight - 4)}px`;
  menu.querySelector(".menu-item").focus();
}

function menuItem({ icon: name, label, run, href, danger }, button) {
  const kind = `menu-item${danger ? " danger" : ""}`;
  if (href) return element("a", { class: kind, href, download: true, on: { click: () => menu.hidePopover() } }, icon(name), label);
  const click = () => {
    menu.hidePopover();
    if (button.isConnected) button.focus();
    run();
  };
  return element("button", { type: "button", class: kind, on: { click } }, icon(name), label);
}
