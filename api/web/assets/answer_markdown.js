// An answer as Markdown with footnotes, for pasting elsewhere.
import { sliceCharacters } from "./characters.js";
import { Footnotes, place } from "./footnotes.js";

const oneLine = (text) => text.replace(/\s+/g, " ").trim();

/** Markdown of `answer`; `url` is where it can be opened. */
export function answerMarkdown(answer, url) {
  const footnotes = new Footnotes(answer.hits);
  let body = "";
  let at = 0;
  for (const claim of answer.claims) {
    const marks = claim.citations.map((citation) => `[^${footnotes.add(citation)}]`).join("");
    const doubt = claim.verdict === "supported" ? "" : ` *(${claim.verdict})*`;
    body += sliceCharacters(answer.text, at, claim.end) + marks + doubt;
    at = claim.end;
  }
  body += sliceCharacters(answer.text, at);
  if (answer.abstained) body = "The documents do not answer this.";
  const notes = footnotes.list.map(({ number, citation }) => `[^${number}]: ${oneLine(place(citation))}: “${oneLine(citation.quote)}”`);
  return [`**${oneLine(answer.question)}**`, body.trim(), notes.join("\n"), `<${url}>`].filter(Boolean).join("\n\n") + "\n";
}
