// One page of a version: its image with the quoted words marked, or its text where there is no image.
import { sliceCharacters } from "./characters.js";
import { element } from "./elements.js";
import { headingWords } from "./footnotes.js";

const SVG = "http://www.w3.org/2000/svg";

/** Query of a version's page, with the quoted span when there is one. */
export function pageQuery({ version_id: version, start, end }) {
  const query = new URLSearchParams();
  if (version) query.set("version", version);
  if (start !== undefined && end !== undefined) {
    query.set("start", start);
    query.set("end", end);
  }
  return query;
}

/** Have the server draw a page before it is opened: drawing takes longer than sending. */
export function warmPage({ document_id: id, version_id: version, page }, scale) {
  new Image().src = `/v1/documents/${id}/pages/${page}.png?${new URLSearchParams({ scale, version })}`;
}

/** The image of `page` with `boxes` over it. `scale` is pixels per point; `onError` runs when the image does not come. */
export function pageImage(target, page, boxes, { scale, onError }) {
  const query = new URLSearchParams({ scale: String(scale) });
  if (target.version_id) query.set("version", target.version_id);
  const image = element("img", {
    src: `/v1/documents/${target.document_id}/pages/${page.number}.png?${query}`, alt: `Page ${page.number} of ${target.title}`,
    width: String(Math.round(page.width)), height: String(Math.round(page.height)), on: { error: onError },
  });
  const overlay = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" })) overlay.setAttribute(name, value);
  for (const box of boxes) {
    const rectangle = document.createElementNS(SVG, "rect");
    const pad = 0.0025;
    for (const [name, value] of Object.entries({ x: box.left - pad, y: box.top - pad, width: box.right - box.left + 2 * pad, height: box.bottom - box.top + 2 * pad })) {
      rectangle.setAttribute(name, String(value));
    }
    overlay.append(rectangle);
  }
  return element("figure", { class: "sheet-of-paper" }, image, overlay);
}

/** The text of `page` with the stretch from `start` to `end` (characters of the version) marked. */
export function pageText(page, start, end) {
  const from = start === undefined ? -1 : start - page.text_start;
  const to = end === undefined ? -1 : end - page.text_start;
  const marked = from >= 0 && to > from;
  const text = marked
    ? [sliceCharacters(page.text, 0, from), element("mark", { text: sliceCharacters(page.text, from, to) }), sliceCharacters(page.text, to)]
    : [page.text];
  return element("div", { class: "page-text" }, page.heading ? element("p", { class: "heading", text: headingWords(page.heading) }) : null, element("div", { class: "text" }, ...text));
}

/** Scroll `view` (not the window) so that the marked words stand in its upper third. */
export function scrollToMark(view) {
  const boxes = [...view.querySelectorAll("mark, rect")].map((mark) => mark.getBoundingClientRect());
  if (!boxes.length) {
    view.scrollTo(0, 0);
    return;
  }
  const frame = view.getBoundingClientRect();
  const left = Math.min(...boxes.map((box) => box.left));
  const right = Math.max(...boxes.map((box) => box.right));
  view.scrollTop += Math.min(...boxes.map((box) => box.top)) - frame.top - frame.height * 0.28;
  if (left < frame.left || right > frame.right) view.scrollLeft += left - frame.left - 16;
}
