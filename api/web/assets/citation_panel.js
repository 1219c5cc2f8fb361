// The panel beside the answer: a citation on its page, with the quote, page turning, zoom and the original file.
import { getJson, explain } from "./api.js";
import { element, iconButton, quietButton } from "./elements.js";
import { headingWords, place } from "./footnotes.js";
import { icon } from "./icons.js";
import { pageImage, pageQuery, pageText, scrollToMark } from "./page_view.js";
import { copyText } from "./toast.js";
import { date } from "./words.js";

const ZOOMS = [0.75, 1, 1.25, 1.5, 2, 3];
const WIDE = matchMedia("(min-width: 64rem)");

/** Opens items {number, citation, heading} in `dialog`; `host` gets the class `with-panel`; `onShow(number or null)` follows along. */
export class CitationPanel {
  constructor(dialog, host, onShow = () => {}) {
    this.dialog = dialog;
    this.host = host;
    this.onShow = onShow;
    this.zoom = 1;
    this.versions = new Map();
    dialog.addEventListener("close", () => this.closed());
    document.addEventListener("keydown", (event) => this.onKey(event));
    WIDE.addEventListener("change", () => this.isOpen && this.place());
  }

  get isOpen() {
    return this.dialog.open;
  }

  open(items, index, opener) {
    this.items = items;
    this.opener = opener ?? document.activeElement;
    this.keepInPlace(() => {
      this.place();
      this.show(index);
      this.title.focus({ preventScroll: true });
    });
  }

  /** Run a change of the layout without moving what was clicked under the reader's eyes. */
  keepInPlace(change) {
    const before = this.opener.getBoundingClientRect().top;
    change();
    if (this.opener.isConnected) scrollBy({ top: this.opener.getBoundingClientRect().top - before, behavior: "instant" });
  }

  /** Beside the page where there is room, over it where there is not. */
  place() {
    this.moving = true;
    if (this.dialog.open) this.dialog.close();
    if (WIDE.matches) this.dialog.show();
    else this.dialog.showModal();
    this.host.classList.add("with-panel");
  }

  close() {
    this.moving = false;
    if (this.dialog.open) this.dialog.close();
  }

  closed() {
    if (this.moving && this.dialog.open) {
      this.moving = false;
      return;
    }
    this.keepInPlace(() => this.host.classList.remove("with-panel"));
    this.onShow(null);
    if (this.opener?.isConnected) this.opener.focus({ preventScroll: true });
  }

  /** Go to the item `step` further; stops at the ends. */
  move(step) {
    const index = this.index + step;
    if (index >= 0 && index < this.items.length) this.show(index);
  }

  show(index) {
    this.index = index;
    this.target = this.items[index].citation;
    this.heading = this.items[index].heading;
    this.pageNumber = this.target.page ?? 1;
    this.asText = false;
    this.page = null;
    if (innerWidth < 500) this.zoom = this.target.quote ? 2 : 1; // A whole page is too small to read on a phone.
    const focused = this.dialog.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    this.dialog.replaceChildren(this.head(), this.quote(), this.tools(), this.makeView());
    if (focused) (this.dialog.querySelector(`[aria-label="${CSS.escape(focused)}"]:not(:disabled)`) ?? this.title).focus({ preventScroll: true });
    this.onShow(this.items[index].number);
    this.load();
    this.showVersion();
  }

  head() {
    const { number } = this.items[this.index];
    this.title = element("h2", { class: "panel-title", id: "panel-title", tabindex: "-1" }, number ? element("span", { class: "panel-number", text: number }) : null, this.target.title);
    this.meta = element("p", { class: "panel-meta", text: headingWords(this.heading) || " " });
    const steps = this.items.length > 1
      ? [
          iconButton("chevron-left", "Previous passage", () => this.move(-1), { disabled: this.index === 0 }),
          iconButton("chevron-right", "Next passage", () => this.move(1), { disabled: this.index === this.items.length - 1 }),
        ]
      : [];
    return element("div", { class: "panel-head" }, element("div", { class: "panel-titles" }, this.title, this.meta), ...steps, iconButton("close", "Close (Esc)", () => this.close()));
  }

  quote() {
    if (!this.target.quote) return "";
    return element(
      "div",
      { class: "panel-quote" },
      element("blockquote", { tabindex: "0", "aria-label": "Quoted words", text: this.target.quote.replace(/\s+/g, " ").trim() }),
      quietButton("copy", "Copy quote with citation", () => this.copy()),
    );
  }

  copy() {
    const words = this.target.quote.replace(/\s+/g, " ").trim();
    const version = this.version ? `, version ${this.version.number} (${date(this.version.created_at)})` : "";
    copyText(`“${words}” (${place(this.target)}${version})`, "Copied the quote with its citation");
  }

  tools() {
    this.pageLabel = element("span", { class: "panel-page", text: `Page ${this.pageNumber}` });
    this.zoomLabel = element("span", { class: "panel-zoom", text: `${Math.round(this.zoom * 100)} %` });
    this.back = iconButton("chevron-left", "Previous page", () => this.turn(-1), { disabled: true });
    this.forth = iconButton("chevron-right", "Next page", () => this.turn(1), { disabled: true });
    this.textButton = iconButton("text", "Show as text", () => this.toggleText(), { "aria-pressed": "false" });
    const query = this.target.version_id ? `?version=${encodeURIComponent(this.target.version_id)}` : "";
    const original = element("a", { class: "quiet-button", href: `/v1/documents/${this.target.document_id}/original${query}`, download: true }, icon("download"), element("span", { class: "label", text: "Download original" }));
    this.zoomTools = element("span", { class: "panel-tools-zoom" }, iconButton("minus", "Zoom out", () => this.zoomBy(-1)), this.zoomLabel, iconButton("plus", "Zoom in", () => this.zoomBy(1)));
    return element("div", { class: "panel-tools", role: "toolbar", "aria-label": "Page" }, this.back, this.pageLabel, this.forth, this.zoomTools, this.textButton, element("span", { class: "spacer" }), original);
  }

  makeView() {
    this.view = element("div", { class: "panel-view", tabindex: "0", role: "region", "aria-label": "Page of the document" }, element("p", { class: "panel-wait", text: "Opening the page…" }));
    return this.view;
  }

  /** Load the page shown now; a later call wins over an earlier one still under way. */
  async load() {
    const turn = (this.turnCount = (this.turnCount ?? 0) + 1);
    const { target, pageNumber } = this;
    const onQuote = pageNumber === target.page && target.end !== undefined;
    const query = pageQuery(onQuote ? target : { version_id: target.version_id });
    const path = `/v1/documents/${target.document_id}/pages/${pageNumber}`;
    try {
      const [page, marks] = await Promise.all([getJson(`${path}?${query}`), onQuote ? this.boxes(path, query) : []]);
      if (turn !== this.turnCount) return;
      this.page = page;
      this.marks = marks;
      this.draw();
    } catch (error) {
      if (turn !== this.turnCount) return;
      const { heading, text } = explain(error);
      this.view.replaceChildren(element("div", { class: "notice bad" }, element("h2", {}, icon("warning"), heading), element("p", { text })));
    }
  }

  async boxes(path, query) {
    try {
      return (await getJson(`${path}/boxes?${query}`)).boxes;
    } catch {
      return []; // A page without boxes is shown without marks; the quote stands above it.
    }
  }

  draw() {
    const { page } = this;
    const onQuote = page.number === this.target.page;
    const image = page.has_image && !this.asText;
    this.pageLabel.textContent = page.n_pages > 1 ? `Page ${page.number} of ${page.n_pages}` : "One page";
    this.back.disabled = page.number <= 1;
    this.forth.disabled = page.number >= page.n_pages;
    this.zoomTools.hidden = !image;
    this.textButton.hidden = !page.has_image;
    this.textButton.setAttribute("aria-pressed", String(this.asText));
    if (!this.heading && page.heading) this.heading = page.heading;
    this.showMeta();
    const content = image
      ? pageImage(this.target, page, this.marks, { scale: this.zoom > 1.25 ? 3 : 2, onError: () => this.toggleText(true) })
      : pageText(page, onQuote ? this.target.start : undefined, onQuote ? this.target.end : undefined);
    this.view.replaceChildren(content);
    this.applyZoom();
    scrollToMark(this.view);
  }

  async showVersion() {
    const { target } = this;
    this.version = null;
    try {
      if (!this.versions.has(target.document_id)) this.versions.set(target.document_id, getJson(`/v1/documents/${target.document_id}/versions`));
      const { items } = await this.versions.get(target.document_id);
      if (target !== this.target) return;
      this.version = items.find((version) => version.id === target.version_id) ?? items[0];
      this.newest = Math.max(...items.map((version) => version.number));
      this.showMeta();
    } catch {
      this.versions.delete(target.document_id); // The page itself says what is wrong.
    }
  }

  showMeta() {
    const parts = [headingWords(this.heading)];
    const { label, number } = this.page ?? {};
    if (label && label !== String(number)) parts.push(`printed page ${label}`);
    if (this.version) parts.push(`Version ${this.version.number}${this.version.number < this.newest ? " (a newer one exists)" : ""}, ${date(this.version.created_at)}`);
    this.meta.textContent = parts.filter(Boolean).join(" · ") || " ";
  }

  turn(step) {
    const next = this.pageNumber + step;
    if (!this.page || next < 1 || next > this.page.n_pages) return;
    this.pageNumber = next;
    this.load();
  }

  toggleText(on = !this.asText) {
    this.asText = on;
    this.draw();
  }

  zoomBy(step) {
    const next = ZOOMS[ZOOMS.indexOf(this.zoom) + step];
    if (!next) return;
    this.zoom = next;
    this.zoomLabel.textContent = `${Math.round(next * 100)} %`;
    this.applyZoom();
    scrollToMark(this.view);
  }

  applyZoom() {
    const sheet = this.view.querySelector(".sheet-of-paper");
    if (sheet) sheet.style.width = `${this.zoom * 100}%`;
  }

  onKey(event) {
    if (!this.isOpen || event.defaultPrevented) return;
    if (event.key === "Escape" && !document.querySelector("dialog:modal:not(.panel), [popover]:popover-open")) {
      event.preventDefault();
      this.close();
    } else if ((event.key === "PageDown" || event.key === "PageUp") && !event.target.closest("input, textarea, select")) {
      event.preventDefault();
      this.turn(event.key === "PageDown" ? 1 : -1);
    }
  }
}
