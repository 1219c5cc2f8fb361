// Numbers the citations of an answer: equal stretches of equal versions share one number.

const keyOf = (citation) => `${citation.version_id}:${citation.start}:${citation.end}`;

/** Footnotes in order of appearance; `add(citation)` gives the number (from 1), `list` has {number, citation, heading, duplicates}. */
export class Footnotes {
  constructor(hits = []) {
    this.hits = hits;
    this.list = [];
    this.numbers = new Map();
  }

  add(citation) {
    const key = keyOf(citation);
    if (!this.numbers.has(key)) {
      this.numbers.set(key, this.list.length + 1);
      this.list.push({ number: this.list.length + 1, citation, ...this.foundAs(citation) });
    }
    return this.numbers.get(key);
  }

  /** What the hit around a citation tells of it: the headings above, and where the same stands. */
  foundAs(citation) {
    const hit = this.hits.find((own) => own.version_id === citation.version_id && own.start <= citation.start && citation.end <= own.end);
    return { heading: hit?.heading ?? "", duplicates: hit?.duplicates ?? [] };
  }

  /** Hits that no footnote quotes, as things the page panel can open. */
  uncited() {
    const quoted = (hit) => this.list.some(({ citation }) => citation.version_id === hit.version_id && citation.start < hit.end && hit.start < citation.end);
    return this.hits.filter((hit) => !quoted(hit)).map(passageItem);
  }
}

/** A hit in the shape of a footnote without a number. */
export function passageItem(hit) {
  return { number: null, heading: hit.heading, duplicates: hit.duplicates ?? [], citation: { ...hit, quote: hit.text } };
}

/** A path of headings as people read it. */
export function headingWords(heading) {
  return heading.replaceAll(" > ", " › ");
}

/** Whether what is cited has pages that can be drawn. */
export function isPaged({ filename }) {
  return /\.pdf$/i.test(filename ?? "");
}

/** "Employee handbook, page 3", or only the title where there are no pages to speak of. */
export function place(citation) {
  const { title, page } = citation;
  return isPaged(citation) || page > 1 ? `${title}, page ${page}` : title;
}
