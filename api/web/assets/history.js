// The drawer with a person's earlier questions: open, delete with undo.
import { getJson, sendJson, explain } from "./api.js";
import { element, iconButton } from "./elements.js";
import { toast } from "./toast.js";
import { moment } from "./words.js";

const doomed = new Set();

// A deletion that still waits for its undo is carried out when the page goes away.
addEventListener("pagehide", () => {
  for (const id of doomed) sendJson("DELETE", `/v1/answers/${id}`, undefined, { keepalive: true }).catch(() => {});
});

/** Fill `body` with the newest questions. `open(id)` shows an answer; `gone(id)` is told of deletions. */
export async function showHistory(body, { current, open, gone }) {
  body.replaceChildren(element("p", { class: "drawer-empty", text: "Loading…" }));
  const list = element("ul", { class: "history-list" });
  const more = element("button", { type: "button", class: "button secondary more", text: "Show more" });
  let cursor = "";
  const load = async () => {
    const page = await getJson(`/v1/answers?limit=30${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    list.append(...page.items.filter(({ id }) => !doomed.has(id)).map((item) => entry(item, { current, open, gone, list })));
    cursor = page.next_cursor;
    more.hidden = !cursor;
  };
  try {
    await load();
    more.addEventListener("click", load);
    body.replaceChildren(list.children.length ? list : element("p", { class: "drawer-empty", text: "Questions you ask are kept here. Only you can see them." }), more);
  } catch (error) {
    const { heading, text } = explain(error);
    body.replaceChildren(element("div", { class: "notice bad" }, element("h2", { text: heading }), element("p", { text })));
  }
}

function entry(item, { current, open, gone, list }) {
  const link = element(
    "a",
    { href: `/?answer=${item.id}`, "aria-current": item.id === current ? "page" : null },
    element("span", { class: "history-question", text: item.question }),
    element("span", { class: "history-date", text: moment(item.created_at) + (item.abstained ? " · not answered" : "") }),
  );
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(item.id);
  });
  const row = element("li", {}, link, iconButton("trash", `Delete “${item.question.slice(0, 60)}”`, () => remove()));
  async function remove() {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const following = row.nextSibling;
    row.remove();
    next?.querySelector("a").focus();
    doomed.add(item.id);
    gone(item.id);
    const undone = await toast("Question deleted", { action: "Undo", seconds: 6 });
    if (undone) {
      doomed.delete(item.id);
      list.insertBefore(row, following?.isConnected ? following : null);
      link.focus();
      return;
    }
    if (!doomed.has(item.id)) return;
    try {
      await sendJson("DELETE", `/v1/answers/${item.id}`);
    } catch (error) {
      toast(explain(error).text);
    }
    doomed.delete(item.id);
  }
  return row;
}
