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

export const KINDS = {
  "application/pdf": "PDF", "text/markdown": "Markdown", "text/html": "HTML", "text/plain": "Text",
};
