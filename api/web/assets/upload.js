// Choosing what to upload: files, a folder, or a drop anywhere on the page; then where it goes and who may read it.
import { formActions, openDialog } from "./dialog.js";
import { chosenFiles, droppedFiles } from "./dropped_files.js";
import { byId, element } from "./elements.js";
import { ReadersField } from "./readers_field.js";
import { count, fileSize } from "./words.js";

const dialog = byId("document-dialog");

/** Wire buttons and dropping; `collections()` names the known ones, `queue` takes what was chosen. */
export function enableUpload(queue, collections) {
  for (const [button, input] of [["upload-files", "file-input"], ["upload-folder", "folder-input"]]) {
    byId(button).addEventListener("click", () => byId(input).click());
    byId(input).addEventListener("change", (event) => {
      const files = chosenFiles(event.target.files);
      event.target.value = "";
      if (files.length) settle(files, queue, collections());
    });
  }
  enableDrop((files) => files.length && settle(files, queue, collections()));
}

function enableDrop(take) {
  const target = byId("drop-target");
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth += 1;
    target.hidden = false;
  });
  addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth -= 1;
    target.hidden = depth > 0 ? target.hidden : true;
  });
  addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    target.hidden = true;
    take(await droppedFiles(event.dataTransfer));
  });
}

/** Ask for collection and readers, then queue. */
function settle(files, queue, collections) {
  const readers = new ReadersField(["everyone"]);
  const collection = element("input", { type: "text", id: "upload-collection", list: "upload-collections", value: byId("filter-collection").value || "default", required: true, maxlength: "200", autocomplete: "off" });
  const known = element("datalist", { id: "upload-collections" }, ...collections.map((value) => element("option", { value })));
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const names = element("ul", { class: "upload-names" }, ...files.slice(0, 6).map(({ path, file }) => element("li", {}, element("span", { text: path }), element("span", { class: "muted small", text: fileSize(file.size) }))));
  if (files.length > 6) names.append(element("li", { class: "muted", text: `and ${files.length - 6} more, ${fileSize(total)} together` }));
  const form = element("form", { class: "form" }, names, element("label", { for: "upload-collection", text: "Collection" }), collection, known, readers.node, formActions(dialog, `Upload ${count(files.length, "file")}`));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!readers.take()) return;
    dialog.close();
    queue.add(files, { collection: collection.value.trim(), readers: readers.readers });
  });
  openDialog(dialog, `Add ${count(files.length, "file")}`, form);
}
