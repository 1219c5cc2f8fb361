// The filter row below the question: file type and dates, folded away until somebody wants them.
import { byId } from "./elements.js";

/** Reads the row; `read()` gives what the API takes as `filters`, or null where nothing is set. */
export class Filters {
  constructor(form) {
    this.form = form;
    this.row = byId("filters");
    this.summary = byId("filters-summary");
    this.row.addEventListener("change", () => this.show());
    this.show();
  }

  read() {
    const { file_type, dated_from, dated_until } = this.form;
    const filters = {};
    if (file_type.value) filters.file_types = file_type.value.split(" ");
    if (dated_from.value) filters.dated_from = dated_from.value;
    if (dated_until.value) filters.dated_until = dated_until.value;
    return Object.keys(filters).length ? filters : null;
  }

  /** Say in the summary how many filters are set, so that none works unseen, and keep the two days in order. */
  show() {
    const { dated_from, dated_until } = this.form;
    dated_until.min = dated_from.value;
    dated_from.max = dated_until.value;
    const set = Object.keys(this.read() ?? {}).length;
    this.summary.textContent = set ? `Filters (${set} set)` : "Filters";
  }
}
