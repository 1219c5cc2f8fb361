// The ask page: sends the question, shows the answer as it streams, opens citations, keeps the address in step.
import { answerActions } from "./answer_actions.js";
import { AnswerView } from "./answer_view.js";
import { getJson, streamEvents, explain, Problem } from "./api.js";
import { CitationPanel } from "./citation_panel.js";
import { Conversation } from "./conversation.js";
import { closable } from "./dialog.js";
import { byId, element } from "./elements.js";
import { Filters } from "./filters.js";
import { showHistory } from "./history.js";
import { shortcut } from "./shortcuts.js";
import "./shell.js";
import { count } from "./words.js";

const page = byId("ask");
const form = byId("composer");
const view = new AnswerView(byId("answer"), (items, index, opener) => panel.open(items, index, opener));
const panel = new CitationPanel(byId("panel"), page, (number) => view.setCurrent(number));
const filters = new Filters(form);
const conversation = new Conversation(byId("earlier"), openAnswer);
const history_ = closable(byId("history"));
let running = null;
let shown = null;
let trouble = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = form.question.value.trim();
  if (question && !running) ask(question);
});
form.question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
for (const sample of document.querySelectorAll(".sample")) sample.addEventListener("click", () => ask(sample.textContent.trim()));
byId("stop-button").addEventListener("click", () => running?.abort());
byId("history-open").addEventListener("click", openHistory);
byId("new-question").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", "/");
  showEmpty();
});
addEventListener("popstate", followAddress);

shortcut("/", () => form.question.focus());
shortcut("h", openHistory);
shortcut("ArrowLeft", () => panel.isOpen && !inToolbar() ? panel.move(-1) : false);
shortcut("ArrowRight", () => panel.isOpen && !inToolbar() ? panel.move(1) : false);
for (let digit = 1; digit <= 9; digit++) shortcut(String(digit), () => openFootnote(digit));

followAddress();
showCollections();

/** Arrow keys scroll a page that is wider than its frame. */
function inToolbar() {
  const focused = document.activeElement;
  return focused?.classList.contains("panel-view") && focused.scrollWidth > focused.clientWidth;
}

function openFootnote(number) {
  const footnotes = view.footnotes?.list ?? [];
  if (number > footnotes.length) return false;
  const opener = page.querySelector(`.footnote[data-number="${number}"]`);
  panel.open(footnotes, number - 1, opener);
  return true;
}

async function ask(question, { fresh = false } = {}) {
  const controller = (running = new AbortController());
  panel.close();
  shown = null;
  trouble = null;
  setState("busy");
  view.begin(question);
  form.question.value = "";
  document.title = `${question.slice(0, 60)} · Footnote`;
  say("Looking through your documents");
  byId("question-title").focus({ preventScroll: true });
  scrollTo(0, 0);
  const body = { question, stream: true, fresh, length: form.length_.value };
  if (form.collection.value) body.collection = form.collection.value;
  const narrowed = filters.read();
  if (narrowed) body.filters = narrowed;
  try {
    body.conversation_id = await conversation.join();
    if (running !== controller) return;
    await streamEvents("/v1/answers", body, { signal: controller.signal, onEvent: (name, data) => running === controller && onEvent(name, data) });
    if (running === controller && !shown) throw trouble ?? new Problem(0, "", "The connection ended before the answer was complete.");
  } catch (error) {
    if (running !== controller) return;
    if (error.name === "AbortError") stopped(question);
    else failed(error, question);
  } finally {
    if (running === controller) {
      running = null;
      setState("done");
    }
  }
}

function onEvent(name, data) {
  if (name === "error") trouble = new Problem(data.status ?? 500, data.title, data.detail);
  else if (name === "hits") view.addHits(data.hits);
  else if (name === "text") view.addText(data.text);
  else if (name === "claim") view.addClaim(data);
  else if (name === "answer") {
    finish(data);
    history.pushState(null, "", `/?answer=${data.id}`);
  }
}

function finish(answer) {
  shown = answer.id;
  view.finish(answer, answerActions(answer, () => ask(answer.question, { fresh: true })));
  conversation.follow(answer).catch(() => {});
  const footnotes = view.footnotes.list.length;
  say(answer.abstained ? "The documents do not answer this." : `The answer is ready: ${count(answer.claims.length, "sentence")}, ${count(footnotes, "footnote")}.`);
}

function stopped(question) {
  view.stopped(() => ask(question));
  form.question.value = question;
  say("Stopped");
}

function failed(error, question) {
  const words = explain(error);
  view.fail(words, () => ask(question));
  say(`${words.heading}. ${words.text}`);
}

function say(text) {
  byId("answer-status").textContent = text;
}

function setState(state) {
  page.dataset.state = state;
  byId("stop-button").hidden = state !== "busy";
  byId("ask-button").hidden = state === "busy";
  form.question.placeholder = state === "empty" ? "Ask your documents" : "Ask a follow-up question";
}

function showEmpty() {
  running?.abort();
  running = null;
  shown = null;
  panel.close();
  conversation.leave();
  byId("answer").hidden = true;
  setState("empty");
  say("");
  document.title = "Ask · Footnote";
  form.question.focus();
}

/** Show what the address names: an answer, or the empty page. */
async function followAddress() {
  const id = new URLSearchParams(location.search).get("answer");
  if (!id) return page.dataset.state === "empty" ? undefined : showEmpty();
  if (id === shown) return undefined;
  running?.abort();
  running = null;
  panel.close();
  setState("done");
  view.begin("…");
  try {
    const answer = await getJson(`/v1/answers/${encodeURIComponent(id)}`);
    if (new URLSearchParams(location.search).get("answer") !== id) return undefined;
    view.begin(answer.question);
    document.title = `${answer.question.slice(0, 60)} · Footnote`;
    finish(answer);
  } catch (error) {
    view.begin("This answer cannot be shown");
    const words = error.status === 404 ? { heading: "No such answer", text: "It was deleted, or it is not yours. Answers can be opened only by the person who asked." } : explain(error);
    view.fail(words, followAddress);
  }
  return undefined;
}

function openAnswer(id) {
  history.pushState(null, "", `/?answer=${id}`);
  followAddress();
}

function openHistory() {
  history_.showModal();
  showHistory(byId("history-body"), {
    current: shown,
    open: (id) => {
      history_.close();
      openAnswer(id);
    },
    gone: (id) => {
      if (id !== shown) return;
      history.replaceState(null, "", "/");
      showEmpty();
    },
  });
}

async function showCollections() {
  const { items } = await getJson("/v1/collections");
  for (const { name, documents } of items) form.collection.append(element("option", { value: name, text: `${name} (${documents})` }));
  form.collection.closest("label").hidden = items.length < 2;
  const total = items.reduce((sum, { documents }) => sum + documents, 0);
  byId("welcome-count").textContent = total
    ? `Answers quote the ${count(total, "document")} you may read, word for word, and every quote opens on its page.`
    : "There are no documents you may read yet. An administrator can add some under Documents.";
}
