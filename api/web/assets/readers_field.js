// The field that says who may read: chips for everyone, groups and people, with suggestions.
import { getJson } from "./api.js";
import { element } from "./elements.js";
import { icon } from "./icons.js";
import { principal } from "./words.js";

let fields = 0;

/** A field that starts with `readers`; `.node` goes into a form, `.readers` is what was chosen. */
export class ReadersField {
  constructor(readers) {
    this.readers = [...readers];
    const id = `readers-${++fields}`;
    this.chips = element("ul", { class: "chips", "aria-label": "May read" });
    this.input = element("input", { type: "text", id, list: `${id}-known`, placeholder: "Everyone, a group or an email address", autocomplete: "off" });
    this.known = element("datalist", { id: `${id}-known` });
    this.warning = element("p", { class: "small muted", role: "status" });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !this.input.value.trim()) return;
      event.preventDefault();
      this.take();
    });
    this.input.addEventListener("change", () => this.take());
    const add = element("button", { type: "button", class: "button secondary", text: "Add", on: { click: () => this.take() } });
    this.node = element("div", { class: "readers-field" }, element("label", { for: id, text: "Who may read" }), this.chips, element("div", { class: "key-form" }, this.input, add), this.known, this.warning);
    this.show();
    this.suggest();
  }

  /** What was typed, as a principal: "everyone", "group:NAME" or "user:EMAIL"; null when it is none of them. */
  read(text) {
    const words = text.trim();
    if (/^everyone$/i.test(words)) return "everyone";
    if (/^(group|user):\S/i.test(words)) return words;
    if (/^group\s+\S/i.test(words)) return `group:${words.replace(/^group\s+/i, "")}`;
    if (/^\S+@\S+$/.test(words)) return `user:${words.toLowerCase()}`;
    return this.groups?.includes(words) ? `group:${words}` : null;
  }

  /** Take what stands in the input; false when it is no reader. */
  take() {
    const text = this.input.value;
    if (!text.trim()) return true;
    const reader = this.read(text);
    if (!reader) {
      this.warning.textContent = `“${text.trim()}” is neither a group nor an email address.`;
      return false;
    }
    if (!this.readers.includes(reader)) this.readers.push(reader);
    this.input.value = "";
    this.show();
    return true;
  }

  show() {
    this.chips.replaceChildren(
      ...this.readers.map((reader) =>
        element("li", { class: "chip" }, principal(reader), element("button", { type: "button", "aria-label": `Remove ${principal(reader)}`, on: { click: () => this.drop(reader) } }, icon("close"))),
      ),
    );
    const all = this.readers.includes("everyone") && this.readers.length > 1;
    this.warning.textContent = this.readers.length ? (all ? "Everyone who signs in may read it; the others make no difference." : "") : "Nobody may read it; it answers no questions.";
  }

  drop(reader) {
    this.readers = this.readers.filter((each) => each !== reader);
    this.show();
    this.input.focus();
  }

  async suggest() {
    try {
      const [groups, users] = await Promise.all([getJson("/v1/groups"), getJson("/v1/users")]);
      this.groups = groups.items.map(({ name }) => name);
      const names = ["Everyone", ...this.groups.map((name) => `Group ${name}`), ...users.items.map(({ email }) => email)];
      this.known.replaceChildren(...names.map((value) => element("option", { value })));
    } catch {
      this.groups = []; // Without suggestions the full names can still be typed.
    }
  }
}
