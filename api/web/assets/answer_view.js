// Shows one answer as it arrives: question, sentences with footnote numbers and verdicts, footnotes beneath.
import { countCharacters, sliceCharacters } from "./characters.js";
import { element } from "./elements.js";
import { Footnotes, isPaged, place } from "./footnotes.js";
import { footnoteList, nearestPassages, otherPassages } from "./footnote_list.js";
import { icon } from "./icons.js";
import { warmPage } from "./page_view.js";
import { count, degradation } from "./words.js";

const VERDICTS = {
  supported: ["check-circle", "supported"],
  partly: ["half", "partly supported"],
  unsupported: ["cross", "unsupported"],
  uncited: ["no-citation", "uncited"],
};

/** Icon and word of a verdict; colour only repeats what they say. */
export function verdictMark(verdict, words) {
  const [name, word] = VERDICTS[verdict] ?? VERDICTS.uncited;
  return element("span", { class: `verdict ${verdict}` }, icon(name), words ?? word);
}

/** A sentence without its last word, and that word, which keeps its footnote numbers on its line. */
function splitLastWord(text) {
  const at = text.search(/\S{1,24}$/);
  return at > 0 ? [text.slice(0, at), text.slice(at)] : [text, ""];
}

/** The answer's place in the page. `open(items, index, opener)` shows a citation on its page. */
export class AnswerView {
  constructor(root, open) {
    this.root = root;
    this.open = open;
  }

  /** Start a new answer: the question as heading, grey lines where the text will be. */
  begin(question) {
    this.text = "";
    this.claims = [];
    this.written = 0;
    this.warmed = new Set();
    this.footnotes = new Footnotes();
    this.tail = document.createTextNode("");
    this.note = element("div", { class: "answer-note" }, "Looking through your documents…");
    this.body = element("div", { class: "answer-text" }, element("div", { class: "waiting", "aria-hidden": "true" }, element("span"), element("span"), element("span")));
    this.after = element("div");
    this.root.replaceChildren(element("h1", { id: "question-title", tabindex: "-1", text: question }), this.note, this.body, this.after);
    this.root.hidden = false;
  }

  addHits(hits) {
    this.footnotes.hits = hits;
    this.note.textContent = hits.length ? `Reading ${count(hits.length, "passage")}…` : "Nothing close was found…";
  }

  addText(text) {
    if (!this.text) this.body.replaceChildren(this.tail);
    this.text += text;
    this.tail.data += text;
  }

  /** Turn the written text of a claim into a sentence with its footnotes; claims arrive in order. */
  addClaim(claim) {
    this.claims.push(claim);
    if (countCharacters(this.text) < claim.end) return;
    const [words, lastWord] = splitLastWord(sliceCharacters(this.text, claim.start, claim.end));
    const marks = claim.citations.map((citation) => this.footnoteButton(citation));
    const before = document.createTextNode(sliceCharacters(this.text, this.written, claim.start));
    const end = element("span", { class: "claim-end" }, element("span", { class: "claim-text", text: lastWord }), ...marks);
    const tail = document.createTextNode(sliceCharacters(this.text, claim.end));
    if (!this.tail.isConnected) this.body.replaceChildren(this.tail);
    this.tail.replaceWith(before, element("span", { class: `claim ${claim.verdict}` }, element("span", { class: "claim-text", text: words }), end, verdictMark(claim.verdict)), tail);
    this.tail = tail;
    this.written = claim.end;
  }

  footnoteButton(citation) {
    const number = this.footnotes.add(citation);
    const warm = () => isPaged(citation) && !this.warmed.has(number) && this.warmed.add(number) && warmPage(citation, 2);
    const opens = (event) => this.open(this.footnotes.list, number - 1, event.currentTarget);
    return element("button", {
      type: "button", class: "footnote", text: String(number), data: { number: String(number) }, "aria-expanded": "false",
      "aria-label": `Footnote ${number}: ${place(citation)}`, on: { click: opens, pointerenter: warm, focus: warm },
    });
  }

  /** Show the complete answer; what was streamed stays in place when it is the same. */
  finish(answer, actions) {
    const same = this.text === answer.text && JSON.stringify(this.claims) === JSON.stringify(answer.claims);
    if (!same) this.rewrite(answer);
    this.footnotes.hits = answer.hits;
    for (const footnote of this.footnotes.list) Object.assign(footnote, this.footnotes.foundAs(footnote.citation));
    this.body.classList.toggle("nothing", !answer.text);
    this.note.replaceChildren(...this.summary(answer));
    if (answer.abstained) this.after.replaceChildren(actions, nearestPassages(this.footnotes.uncited(), this.open));
    else this.after.replaceChildren(actions, footnoteList(this.footnotes.list, this.open), otherPassages(this.footnotes.uncited(), this.open));
  }

  rewrite(answer) {
    this.text = "";
    this.claims = [];
    this.written = 0;
    this.footnotes = new Footnotes(answer.hits);
    this.tail = document.createTextNode("");
    this.addText(answer.text);
    for (const claim of answer.claims) this.addClaim(claim);
  }

  summary(answer) {
    const notes = answer.degraded.map((name) => element("span", { class: "verdict partly" }, icon("warning"), degradation(name)));
    if (answer.query !== answer.question) notes.push(element("span", { text: `Searched for “${answer.query}”` }));
    if (answer.abstained) return [element("span", { class: "verdict uncited" }, icon("no-citation"), "The documents do not answer this"), ...notes];
    const kinds = Object.keys(VERDICTS).map((verdict) => [verdict, answer.claims.filter((claim) => claim.verdict === verdict).length]);
    const marks = kinds.filter(([, n]) => n).map(([verdict, n]) => verdictMark(verdict, `${n} ${VERDICTS[verdict][1]}`));
    return [...marks, element("span", { text: answer.model === "extractive" ? "Quoted word for word" : answer.model }), ...notes];
  }

  /** Say that no answer came; `again` is offered as a button. What was written so far stays. */
  fail({ heading, text }, again) {
    if (!this.text) this.body.replaceChildren();
    this.body.classList.toggle("nothing", !this.text);
    this.note.replaceChildren();
    this.after.replaceChildren(
      element(
        "div",
        { class: "notice bad" },
        element("h2", {}, icon("warning"), heading),
        element("p", { text }),
        element("button", { type: "button", class: "button secondary", on: { click: again } }, icon("retry"), "Try again"),
      ),
    );
  }

  stopped(again) {
    if (!this.text) this.body.replaceChildren();
    this.note.replaceChildren(element("span", { text: "Stopped before the answer was complete. Unfinished sentences were not checked." }));
    this.after.replaceChildren(element("div", { class: "answer-actions" }, element("button", { type: "button", class: "quiet-button", on: { click: again } }, icon("retry"), "Ask again")));
  }

  /** Mark which footnote is open on the page, null for none. */
  setCurrent(number) {
    for (const button of this.root.querySelectorAll(".footnote")) button.setAttribute("aria-expanded", String(button.dataset.number === String(number)));
    for (const item of this.root.querySelectorAll(".footnote-item")) item.classList.toggle("current", number !== null && item.dataset.number === String(number));
  }
}
