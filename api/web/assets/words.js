// Numbers, dates and names as people read them.
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

export function date(iso) {
  return iso ? DATE.format(new Date(iso)) : "";
}

/** Today's things by their time, others by their date. */
export function moment(iso) {
  const then = new Date(iso);
  return then.toDateString() === new Date().toDateString() ? `Today, ${TIME.format(then)}` : DATE.format(then);
}

/** Seconds in words: "12 s", "3 min", "2 h". */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A principal in words: "everyone", a group's name, a person's address. */
export function principal(name) {
  if (name === "everyone") return "Everyone";
  if (name.startsWith("group:")) return `Group ${name.slice(6)}`;
  return name.replace(/^user:/, "");
}

/** What the names in `degraded` mean; api/degradations.py has the same sentences. */
const DEGRADATIONS = {
  language: "The search model does not know this language, so passages were found mainly by their words.",
  model_failed: "A model failed, so sentences are quoted word for word or the answer ends early.",
  passages_dropped: "Not all passages fitted into the model.",
  answer_cut: "The answer was too long for the model; its last sentence is missing.",
  answer_broken_off: "The model broke off before its answer was complete.",
  answer_repaired: "Sentences that their citations did not support were written anew.",
  addresses_removed: "Web or mail addresses that no cited passage holds were taken out.",
  unsupported_sentences_removed: "Sentences that their citations do not support were left out.",
  documents_withdrawn: "A document was withdrawn meanwhile, and nothing more was shown.",
  documents_disagree: "The documents do not agree with each other; both sides are quoted.",
};

export function degradation(name) {
  return DEGRADATIONS[name] ?? String(name).replaceAll("_", " ");
}

export const KINDS = {
  "application/pdf": "PDF", "text/markdown": "Markdown", "text/html": "HTML", "text/plain": "Text",
  "message/rfc822": "Mail", "application/vnd.ms-outlook": "Mail", "application/mbox": "Mailbox",
  "application/zip": "Archive", "application/x-tar": "Archive",
  "image/png": "Image", "image/jpeg": "Image", "image/tiff": "Image", "image/webp": "Image", "image/bmp": "Image", "image/gif": "Image",
};
