// One document in the list: name, what it is, who may read it, and its status in words.
import { element, iconButton } from "./elements.js";
import { icon } from "./icons.js";
import { KINDS, count, date, fileSize, principal } from "./words.js";

const STATUSES = {
  queued: ["clock", "Waiting"],
  running: ["working", "Being read"],
  searchable: ["check-circle", "Searchable"],
  failed: ["warning", "Failed"],
  cancelled: ["stop", "Cancelled"],
};
const STAGES = {
  reading: "Reading the file",
  recognising: "Recognising text",
  embedding: "Preparing for search",
};

/** The list item of `document_`; `handlers` are {open, menu (or null), retry (or null), cancel (or null)}. */
export function documentRow(document_, handlers) {
  const { id, title, filename, can_read: canRead } = document_;
  const name = canRead
    ? element("button", { type: "button", class: "document-title", text: title, on: { click: (event) => handlers.open(document_, event.currentTarget) } })
    : element("span", { class: "document-title", text: title });
  return element(
    "li",
    { class: "document", data: { id, status: document_.status } },
    element("span", { class: "document-icon" }, icon("file")),
    element(
      "div",
      { class: "document-words" },
      element("h3", {}, name),
      element("p", { class: "document-facts", text: facts(document_, title === filename).join(" · ") }),
      document_.readers ? readers(document_.readers) : null,
    ),
    statusOf(document_, handlers),
    handlers.menu ? iconButton("dots", `Actions for ${title}`, (event) => handlers.menu(document_, event.currentTarget), { "aria-haspopup": "true", class: "row-menu-button" }) : null,
  );
}

function facts({ filename, collection, media_type: mediaType, version, parent, attachments, updated_at: updated, can_read: canRead }, nameShown) {
  const facts = nameShown ? [] : [filename];
  facts.push(collection);
  if (parent) facts.push(`came in ${parent.filename}`);
  if (KINDS[mediaType]) facts.push(KINDS[mediaType]);
  if (version?.n_pages > 1) facts.push(count(version.n_pages, "page"));
  if (version) facts.push(fileSize(version.size_bytes));
  if (version?.number > 1) facts.push(`version ${version.number}`);
  if (attachments) facts.push(arrived(attachments));
  facts.push(date(updated));
  if (!canRead) facts.push("you may not read it");
  return facts;
}

/** How far the files are that came in a document. */
function arrived({ total, failed, waiting }) {
  const more = [[failed, "failed"], [waiting, "waiting"]].filter(([n]) => n).map(([n, word]) => `; ${n} ${word}`);
  return `${count(total, "document")} in it${more.join("")}`;
}

function readers(names) {
  const shown = names.slice(0, 4).map((name) => element("li", { class: "chip plain", text: principal(name) }));
  if (names.length > 4) shown.push(element("li", { class: "chip plain", text: `and ${names.length - 4} more` }));
  if (!names.length) shown.push(element("li", { class: "chip plain", text: "Nobody" }));
  return element("div", { class: "document-readers" }, icon("people"), element("span", { class: "visually-hidden", text: "May be read by" }), element("ul", { class: "chips" }, ...shown));
}

function statusOf({ status, progress, message, title }, { retry, cancel }) {
  const [name, word] = STATUSES[status] ?? ["help", status];
  const place = element("div", { class: `document-status ${status}` }, element("span", { class: "status-word" }, icon(name), word));
  if (status === "running" && progress) {
    const stage = STAGES[progress.stage] ?? progress.stage;
    place.append(element("span", { class: "small muted", text: progress.total ? `${stage}, ${progress.done} of ${progress.total}` : stage }));
    place.append(element("progress", { "aria-label": `Progress of ${title}`, max: progress.total || 1, value: progress.total ? progress.done : null }));
  }
  if (cancel && (status === "queued" || status === "running")) {
    place.append(element("button", { type: "button", class: "quiet-button cancel", "aria-label": `Cancel reading ${title}`, on: { click: cancel } }, icon("stop"), "Cancel"));
  }
  if (status === "failed" || status === "cancelled") {
    place.append(element("p", { class: "small", text: message || "It could not be read." }));
    if (retry) place.append(element("button", { type: "button", class: "quiet-button retry", on: { click: retry } }, icon("retry"), "Try again"));
  }
  return place;
}
