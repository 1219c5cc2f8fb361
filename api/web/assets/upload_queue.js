// The queue of uploads: two at a time, each with its bar, its outcome in words and a second try.
import { uploadForm, explain } from "./api.js";
import { byId, element, iconButton, quietButton } from "./elements.js";
import { icon } from "./icons.js";
import { count, fileSize } from "./words.js";

const AT_ONCE = 2;

/** Shows and sends uploads; `onDocument(document)` is called for each one the server took. */
export class UploadQueue {
  constructor(onDocument) {
    this.onDocument = onDocument;
    this.place = byId("queue");
    this.title = element("h2", { id: "queue-title" });
    this.list = element("ul", { class: "queue-list" });
    this.place.replaceChildren(element("div", { class: "section-head" }, this.title, iconButton("close", "Hide finished uploads", () => this.clear())), this.list);
    this.entries = [];
    addEventListener("beforeunload", (event) => this.unfinished && event.preventDefault());
  }

  get unfinished() {
    return this.entries.filter(({ state }) => state === "waiting" || state === "sending").length;
  }

  /** Queue `files` [{file, path}]; `settings` {collection, readers} for new documents, {replaces: id} for a new version. */
  add(files, settings) {
    for (const { file, path } of files) {
      const entry = { file, path, settings, state: "waiting", row: element("li", { class: "queue-row" }) };
      this.entries.push(entry);
      this.list.append(entry.row);
      this.show(entry, "Waiting");
    }
    this.place.hidden = false;
    this.next();
  }

  next() {
    this.showTitle();
    const sending = this.entries.filter(({ state }) => state === "sending").length;
    const waiting = this.entries.filter(({ state }) => state === "waiting");
    for (const entry of waiting.slice(0, AT_ONCE - sending)) this.send(entry);
  }

  async send(entry) {
    entry.state = "sending";
    if (!entry.file.size) {
      this.end(entry, "failed", "The file is empty.");
      return;
    }
    const { settings, file, path } = entry;
    const form = new FormData();
    form.append("file", file, path);
    if (settings.collection) form.append("collection", settings.collection);
    for (const reader of settings.readers ?? []) form.append("reader", reader);
    const bar = element("progress", { max: "1", value: "0", "aria-label": `Upload of ${path}` });
    const controller = (entry.controller = new AbortController());
    this.show(entry, "Sending", bar);
    const onProgress = (fraction) => {
      bar.value = fraction;
      entry.row.querySelector(".queue-words").textContent = fraction < 1 ? `Sending, ${Math.round(fraction * 100)} %` : "Storing";
    };
    try {
      const [method, url] = settings.replaces ? ["PUT", `/v1/documents/${settings.replaces}`] : ["POST", "/v1/documents"];
      const document_ = await uploadForm(method, url, form, { onProgress, signal: controller.signal });
      this.end(entry, "done", document_.unchanged ? "Unchanged: this content is already here" : "Received; it is being read now");
      this.onDocument(document_);
    } catch (error) {
      if (error.name === "AbortError") this.end(entry, "failed", "Stopped");
      else this.end(entry, "failed", explain(error).text);
    }
  }

  end(entry, state, words) {
    entry.state = state;
    this.show(entry, words);
    this.next();
  }

  show(entry, words, bar) {
    const { state, path, file } = entry;
    const mark = { waiting: "clock", sending: "upload", done: "check-circle", failed: "warning" }[state];
    const actions = [];
    if (state === "failed") actions.push(quietButton("retry", "Try again", () => { entry.state = "waiting"; this.show(entry, "Waiting"); this.next(); }, { "aria-label": `Try ${path} again` }));
    if (state === "sending") actions.push(iconButton("close", `Stop the upload of ${path}`, () => entry.controller.abort()));
    entry.row.className = `queue-row ${state}`;
    entry.row.replaceChildren(
      icon(mark),
      element("div", { class: "queue-file" }, element("span", { class: "queue-name", text: path }), element("span", { class: "queue-words small", text: words }), bar ?? ""),
      element("span", { class: "muted small queue-size", text: fileSize(file.size) }),
      ...actions,
    );
  }

  showTitle() {
    const failed = this.entries.filter(({ state }) => state === "failed").length;
    const left = this.unfinished;
    this.title.textContent = left ? `Uploading ${count(left, "file")}` : `${count(this.entries.length - failed, "file")} uploaded${failed ? `, ${failed} could not be` : ""}`;
    if (!left) byId("documents-status").textContent = this.title.textContent;
  }

  clear() {
    for (const entry of this.entries.filter(({ state }) => state === "done" || state === "failed")) entry.row.remove();
    this.entries = this.entries.filter(({ state }) => state === "waiting" || state === "sending");
    this.place.hidden = !this.entries.length;
  }
}
