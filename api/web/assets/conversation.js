// The conversation that the next question belongs to: begun with a first question, shown as the questions before the open one.
import { getJson, sendJson } from "./api.js";
import { element } from "./elements.js";

export class Conversation {
  /** `root` lists the earlier questions; `open(id)` shows one of their answers. */
  constructor(root, open) {
    this.root = root;
    this.open = open;
    this.id = null;
  }

  /** The id to send with the next question; a new conversation is begun where there is none. */
  async join() {
    if (!this.id) this.id = (await sendJson("POST", "/v1/conversations")).id;
    return this.id;
  }

  /** The next question stands alone. */
  leave() {
    this.id = null;
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  /** Go on where `answer` belongs, and list the questions before it. */
  async follow(answer) {
    if (!answer.conversation_id) return this.leave();
    this.id = answer.conversation_id;
    const { answers } = await getJson(`/v1/conversations/${encodeURIComponent(this.id)}`);
    const before = answers.slice(0, Math.max(0, answers.findIndex(({ id }) => id === answer.id)));
    this.root.hidden = before.length === 0;
    this.root.replaceChildren(
      element("h2", { class: "small-caps", text: "Earlier in this conversation" }),
      element("ol", {}, ...before.map((earlier) => element("li", {}, this.link(earlier)))),
    );
    return undefined;
  }

  link(answer) {
    const link = element("a", { href: `/?answer=${answer.id}`, text: answer.question });
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.open(answer.id);
    });
    return link;
  }
}
