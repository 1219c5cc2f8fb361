// The documents page: the list, live progress, uploads and what can be done with each document.
import { getJson, sendJson, explain } from "./api.js";
import { CitationPanel } from "./citation_panel.js";
import { closable } from "./dialog.js";
import { changeReaders, remove, rename, showVersions } from "./document_dialogs.js";
import { DocumentList } from "./document_list.js";
import { byId, element } from "./elements.js";
import { openRowMenu } from "./row_menu.js";
import { isAdmin as admin } from "./shell.js";
import { shortcut } from "./shortcuts.js";
import { toast } from "./toast.js";
import { enableUpload } from "./upload.js";
import { UploadQueue } from "./upload_queue.js";
import { count, duration } from "./words.js";

const panel = new CitationPanel(byId("panel"), byId("documents"));
const list = new DocumentList(handlersFor);
const queue = new UploadQueue(changedHere);
let collections = [];
let replacing = null;

closable(byId("document-dialog"));
shortcut("/", () => byId("filter-text").focus());
if (admin) enableUpload(queue, () => collections);
byId("version-input").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file && replacing) queue.add([{ file, path: file.name }], { replaces: replacing });
});
await Promise.all([list.reload(), showCollections(), showTotals(), admin ? showProgress() : null]);
follow();

function handlersFor(document_) {
  return {
    open: (shown, opener) => openDocument(shown, undefined, opener),
    menu: admin ? (of, button) => openRowMenu(button, `Actions for ${of.title}`, actions(of, button)) : null,
    retry: admin ? () => act(document_, "retry") : null,
    cancel: admin ? () => act(document_, "cancel") : null,
  };
}

function actions(document_, button) {
  const { id, status, can_read: canRead, current_version_id: current } = document_;
  const open = canRead ? (chosen) => openDocument(document_, chosen, button) : null;
  return [
    { icon: "people", label: "Who may read…", run: () => changeReaders(document_, changed) },
    { icon: "pen", label: "Rename…", run: () => rename(document_, changed) },
    { icon: "upload", label: "New version…", run: () => chooseVersion(id) },
    { icon: "layers", label: "Versions…", run: () => showVersions(document_, open) },
    status === "failed" || status === "cancelled" ? { icon: "retry", label: "Try again", run: () => act(document_, "retry") } : null,
    canRead && current ? { icon: "download", label: "Download original", href: `/v1/documents/${id}/original` } : null,
    { icon: "trash", label: "Remove…", danger: true, run: () => remove(document_, gone) },
  ];
}

function openDocument({ id, title, filename, current_version_id: current }, chosen, opener) {
  const shown = chosen?.id ?? current;
  if (!shown) return toast("It can be opened as soon as it has been read.");
  return panel.open([{ number: null, heading: "", citation: { document_id: id, version_id: shown, title, filename, page: 1 } }], 0, opener);
}

function chooseVersion(id) {
  replacing = id;
  byId("version-input").click();
}

/** Have a document read again (`retry`) or no more (`cancel`). */
async function act(document_, what) {
  try {
    changedHere(await sendJson("POST", `/v1/documents/${document_.id}/${what}`));
  } catch (error) {
    toast(explain(error).text);
  }
}

/** Show what a request answered, and look again until it has settled: a quick change may end before an event tells of it. */
function changedHere(document_, seconds = 1) {
  changed(document_);
  if (document_.status !== "queued" && document_.status !== "running") return;
  setTimeout(async () => {
    try {
      changedHere(await getJson(`/v1/documents/${document_.id}`), Math.min(seconds * 2, 30));
    } catch (error) {
      if (error.status === 404) gone(document_.id);
    }
  }, seconds * 1000);
}

function changed(document_) {
  list.update(document_);
  showTotalsSoon();
  if (!collections.includes(document_.collection)) showCollections();
}

function gone(id) {
  list.remove(id);
  showTotalsSoon();
}

let soon = null;
function showTotalsSoon() {
  soon ??= setTimeout(() => {
    soon = null;
    showTotals();
    if (admin) showProgress();
  }, 800);
}

/** "38 documents: 35 searchable, 1 being read, 2 failed". */
async function showTotals() {
  const total = async (status) => (await getJson(`/v1/documents?limit=1${status ? `&status=${status}` : ""}`)).total;
  const [all, searchable, running, queued, failed, cancelled] = await Promise.all(["", "searchable", "running", "queued", "failed", "cancelled"].map(total));
  const parts = [[searchable, "searchable"], [running, "being read"], [queued, "waiting"], [failed, "failed"], [cancelled, "cancelled"]];
  const words = parts.filter(([n]) => n).map(([n, word]) => `${n.toLocaleString()} ${word}`);
  byId("documents-count").textContent = all ? `${count(all, "document")}${all === searchable ? ", all searchable" : `: ${words.join(", ")}`}` : admin ? "None yet. Drop files anywhere on this page to add them." : "There is nothing here that you may read yet.";
}

/** "7 of 40 files read, 3.1 a second, about 12 s left", as long as something is read. */
async function showProgress() {
  const place = byId("upload-progress");
  const { queued, running, done, failed, cancelled, files_per_second: rate, seconds_left: left } = await getJson("/v1/documents/progress");
  const ended = done + failed + cancelled;
  const all = ended + queued + running;
  place.hidden = queued + running < 2;
  if (place.hidden) return;
  const words = [`${ended.toLocaleString()} of ${count(all, "file")} read`];
  if (rate) words.push(`${rate.toLocaleString()} a second`);
  if (left !== null) words.push(`about ${duration(left)} left`);
  place.replaceChildren(element("progress", { max: all, value: ended, "aria-label": "Files read" }), element("span", { class: "small muted", text: words.join(", ") }));
  showTotalsSoon();
}

async function showCollections() {
  const { items } = await getJson("/v1/collections");
  collections = items.map(({ name }) => name);
  const select = byId("filter-collection");
  const { value } = select;
  select.replaceChildren(select.firstElementChild, ...items.map(({ name, documents }) => element("option", { value: name, text: `${name} (${documents})` })));
  select.value = value;
  select.closest("label").hidden = items.length < 2;
}

/** Keep rows up to date with the server's events; the browser reconnects by itself. */
function follow() {
  const events = new EventSource("/v1/documents/events");
  events.addEventListener("document", (event) => changed(JSON.parse(event.data)));
  events.addEventListener("end", () => location.reload());
  addEventListener("pagehide", () => events.close());
}
