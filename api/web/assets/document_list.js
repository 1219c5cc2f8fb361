// The list of documents: filters, pages of it, and rows kept up to date by the server's events.
import { getJson, explain } from "./api.js";
import { documentRow } from "./document_row.js";
import { byId, element } from "./elements.js";
import { count } from "./words.js";

const PAGE_SIZE = 50;

/** Shows what the filters let through; `handlersFor(document)` gives each row's handlers. */
export class DocumentList {
  constructor(handlersFor) {
    this.handlersFor = handlersFor;
    this.list = byId("document-list");
    this.rows = new Map();
    this.more = byId("documents-more");
    this.more.addEventListener("click", () => this.load());
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filter-text").addEventListener("input", () => this.reloadSoon());
    for (const id of ["filter-collection", "filter-status"]) byId(id).addEventListener("change", () => this.reload());
  }

  get filters() {
    const values = { q: byId("filter-text").value.trim(), collection: byId("filter-collection").value, status: byId("filter-status").value };
    return new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  }

  reloadSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.reload(), 180);
  }

  async reload() {
    this.cursor = null;
    await this.load(true);
  }

  async load(fresh = false) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const query = this.filters;
    query.set("limit", PAGE_SIZE);
    if (this.cursor) query.set("cursor", this.cursor);
    this.list.setAttribute("aria-busy", "true");
    try {
      const page = await getJson(`/v1/documents?${query}`);
      if (turn !== this.turn) return;
      if (fresh) {
        this.rows.clear();
        this.list.replaceChildren();
      }
      for (const document_ of page.items) this.append(document_);
      this.cursor = page.next_cursor;
      this.more.hidden = !this.cursor;
      if (!this.rows.size) this.showNothing();
      byId("documents-status").textContent = count(page.total, "document");
    } catch (error) {
      const { heading, text } = explain(error);
      this.list.replaceChildren(element("li", { class: "notice bad" }, element("h3", { text: heading }), element("p", { text })));
    }
    this.list.setAttribute("aria-busy", "false");
  }

  showNothing() {
    const filtered = [...this.filters].length > 0;
    const text = filtered ? "No document matches. Change the search or the filters." : "There are no documents yet.";
    this.list.replaceChildren(element("li", { class: "nothing muted", text }));
  }

  append(document_) {
    const row = documentRow(document_, this.handlersFor(document_));
    this.rows.set(document_.id, row);
    this.list.append(row);
  }

  /** Show a document's newest state; a new one that passes the filters goes on top. Focus stays where it was. */
  update(document_) {
    const old = this.rows.get(document_.id);
    if (!old && !this.passes(document_)) return;
    const row = documentRow(document_, this.handlersFor(document_));
    if (old) {
      const focused = old.contains(document.activeElement) ? document.activeElement.className : null;
      old.replaceWith(row);
      if (focused) row.querySelector(`[class="${CSS.escape(focused)}"]`)?.focus() ?? row.querySelector("button")?.focus();
    } else {
      if (!this.rows.size) this.list.replaceChildren();
      this.list.prepend(row);
    }
    this.rows.set(document_.id, row);
  }

  passes({ title, filename, collection, status }) {
    const { q = "", collection: wanted, status: state } = Object.fromEntries(this.filters);
    return (!wanted || wanted === collection) && (!state || state === status) && `${title} ${filename}`.toLowerCase().includes(q.toLowerCase());
  }

  remove(id) {
    this.rows.get(id)?.remove();
    this.rows.delete(id);
    if (!this.rows.size) this.showNothing();
  }
}
