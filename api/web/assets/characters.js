// Offsets from the server count characters (code points); JavaScript strings count UTF-16 units.

/** Stretch of `text` from character `start` to character `end`. */
export function sliceCharacters(text, start, end = Infinity) {
  if (!/[\ud800-\udfff]/.test(text)) return text.slice(start, end === Infinity ? undefined : end);
  return Array.from(text).slice(start, end === Infinity ? undefined : end).join("");
}

/** Number of characters in `text`. */
export function countCharacters(text) {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text).length : text.length;
}
