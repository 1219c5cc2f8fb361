// What an administrator does with one document: readers, name, versions, removal.
import { getJson, sendJson, explain } from "./api.js";
import { confirm, formActions, openDialog } from "./dialog.js";
import { byId, element } from "./elements.js";
import { ReadersField } from "./readers_field.js";
import { toast } from "./toast.js";
import { count, date, fileSize } from "./words.js";

const dialog = byId("document-dialog");

function editForm(title, { fields, label, body, document_, said, changed }) {
  const failure = element("p", { class: "form-error", role: "alert", hidden: true });
  const form = element("form", { class: "form" }, failure, ...fields, formActions(dialog, label));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const change = body();
    if (!change) return;
    try {
      changed(await sendJson("PATCH", `/v1/documents/${document_.id}`, change));
      dialog.close();
      toast(said);
    } catch (error) {
      failure.textContent = explain(error).text;
      failure.hidden = false;
    }
  });
  openDialog(dialog, title, form);
}

export function changeReaders(document_, changed) {
  const field = new ReadersField(document_.readers);
  editForm("Who may read this", {
    fields: [element("p", { class: "muted", text: document_.title }), field.node],
    label: "Save readers",
    body: () => (field.take() ? { readers: field.readers } : null),
    document_,
    said: "Readers changed; the next question already follows them",
    changed,
  });
}

export function rename(document_, changed) {
  const input = element("input", { type: "text", id: "rename-title", value: document_.title, required: true, maxlength: "500" });
  editForm("Rename", {
    fields: [element("label", { for: "rename-title", text: "Title" }), input, element("p", { class: "muted small", text: `The file stays ${document_.filename}` })],
    label: "Rename",
    body: () => ({ title: input.value.trim() }),
    document_,
    said: "Renamed",
    changed,
  });
  input.select();
}

/** Ask, then remove; `removed(id)` is called when it is gone. */
export async function remove(document_, removed) {
  const text = `“${document_.title}” and all its versions are deleted. The next question no longer finds it. Answers already given lose what they took from it.`;
  if (!(await confirm(dialog, "Remove this document?", text, "Remove"))) return;
  try {
    await sendJson("DELETE", `/v1/documents/${document_.id}`);
    removed(document_.id);
    toast("Document removed");
  } catch (error) {
    toast(explain(error).text);
  }
}

/** List the versions; `open(version)` shows one (null where the person may not read). */
export async function showVersions(document_, open) {
  const list = element("ul", { class: "version-list" });
  openDialog(dialog, "Versions", element("p", { class: "muted", text: document_.title }), list);
  try {
    const { items } = await getJson(`/v1/documents/${document_.id}/versions`);
    list.replaceChildren(...items.map((version) => versionRow(version, open)));
  } catch (error) {
    list.replaceChildren(element("li", { class: "form-error", text: explain(error).text }));
  }
}

function versionRow(version, open) {
  const { current } = version;
  const facts = [date(version.created_at), fileSize(version.size_bytes), version.n_pages > 1 ? count(version.n_pages, "page") : null, version.status === "searchable" ? null : version.status];
  const words = element("div", {}, element("strong", { text: `Version ${version.number}${current ? ", current" : ""}` }), element("p", { class: "muted small", text: facts.filter(Boolean).join(" · ") }), element("p", { class: "muted small" }, "SHA-256 ", element("code", { text: version.sha256.slice(0, 16) })));
  const openable = open && version.status === "searchable";
  const button = openable ? element("button", { type: "button", class: "button secondary", text: "Open", "aria-label": `Open version ${version.number}`, on: { click: () => { dialog.close(); open(version); } } }) : null;
  return element("li", {}, words, button);
}
