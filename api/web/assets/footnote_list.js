// The footnotes under an answer, and the passages that were found but not quoted.
import { element } from "./elements.js";
import { count } from "./words.js";
import { headingWords, place } from "./footnotes.js";

function item(items, index, open) {
  const { number, citation, heading, duplicates } = items[index];
  const shown = citation.quote.replace(/\s+/g, " ").trim();
  return element(
    "li",
    {},
    element(
      "button",
      { type: "button", class: number ? "footnote-item" : "footnote-item unnumbered", data: { number: String(number ?? "") }, on: { click: (event) => open(items, index, event.currentTarget) } },
      element("span", { class: "footnote-number", text: number ?? "" }),
      element("span", { class: "footnote-title", text: place(citation) }),
      heading ? element("span", { class: "footnote-heading", text: headingWords(heading) }) : null,
      element("span", { class: "footnote-quote", text: number ? `“${shown}”` : shown }),
      duplicates?.length ? element("span", { class: "footnote-same", text: `The same in ${duplicates.map(place).join(" and ")}` }) : null,
    ),
  );
}

function list(items, open) {
  return element("ol", { role: "list" }, ...items.map((_, index) => item(items, index, open)));
}

/** The numbered footnotes. */
export function footnoteList(footnotes, open) {
  if (!footnotes.length) return "";
  return element("section", { class: "footnotes", "aria-labelledby": "footnotes-title" }, element("h2", { id: "footnotes-title", text: "Footnotes" }), list(footnotes, open));
}

/** Passages found but not quoted, folded away. */
export function otherPassages(items, open) {
  if (!items.length) return "";
  return element("details", { class: "nearest" }, element("summary", { text: `${count(items.length, "more passage")} found, not quoted` }), list(items, open));
}

/** What comes nearest when there is no answer. */
export function nearestPassages(items, open) {
  if (!items.length) return "";
  return element("section", { class: "footnotes", "aria-labelledby": "nearest-title" }, element("h2", { id: "nearest-title", text: "Nearest passages" }), list(items.slice(0, 5), open));
}
