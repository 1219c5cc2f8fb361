// What a person can do with a finished answer: copy, link, judge.
import { answerMarkdown } from "./answer_markdown.js";
import { sendJson, explain } from "./api.js";
import { element, iconButton, quietButton } from "./elements.js";
import { copyText, toast } from "./toast.js";

/** The row of actions under `answer`; `again` has it written anew, where a language model wrote it. */
export function answerActions(answer, again) {
  const url = `${location.origin}/?answer=${answer.id}`;
  const up = iconButton("up", "This answer helped", () => rate(answer, "up", [up, down]), { "aria-pressed": "false" });
  const down = iconButton("down", "This answer is wrong or did not help", () => rate(answer, "down", [down, up]), { "aria-pressed": "false" });
  return element(
    "div",
    {},
    element(
      "div",
      { class: "answer-actions" },
      quietButton("copy", "Copy", () => copyText(answerMarkdown(answer, url), "Copied the answer with its footnotes")),
      quietButton("link", "Copy link", () => copyText(url, "Copied the link; only you can open it")),
      answer.model !== "extractive" && quietButton("retry", "Write anew", again),
      up,
      down,
    ),
  );
}

async function rate(answer, rating, [chosen, other]) {
  if (chosen.getAttribute("aria-pressed") === "true") return;
  try {
    await sendJson("POST", `/v1/answers/${answer.id}/feedback`, { rating });
  } catch (error) {
    toast(explain(error).text);
    return;
  }
  chosen.setAttribute("aria-pressed", "true");
  other.setAttribute("aria-pressed", "false");
  const place = chosen.closest(".answer-actions").parentElement;
  place.querySelector(".feedback-form")?.remove();
  if (rating === "up") toast("Thank you");
  else place.append(commentForm(answer));
}

function commentForm(answer) {
  const input = element("input", { type: "text", "aria-label": "What is wrong with this answer?", placeholder: "What is wrong? (optional)", maxlength: "1000" });
  const form = element("form", { class: "feedback-form" }, input, element("button", { type: "submit", class: "button secondary", text: "Send" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const comment = input.value.trim();
    try {
      if (comment) await sendJson("POST", `/v1/answers/${answer.id}/feedback`, { rating: "down", comment });
      form.remove();
      toast("Thank you, noted");
    } catch (error) {
      toast(explain(error).text);
    }
  });
  return form;
}
