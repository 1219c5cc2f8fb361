// Talks to /v1: JSON requests, problem errors in plain words, server-sent events over POST, uploads with progress.

/** What went wrong with a request: HTTP status (0 when nothing answered) and words that can be shown. */
export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

const HINTS = {
  0: ["Footnote cannot be reached", "Check your connection, then try again."],
  401: ["You are signed out", "Sign in again to go on."],
  403: ["You may not do this", "Ask an administrator if you need to."],
  404: ["Not found", "It may have been removed, or you may not have access to it."],
  409: ["Something changed meanwhile", "Reload the page and try again."],
  413: ["The file is too large", "Split it or upload a smaller one."],
  415: ["This kind of file cannot be read", "Upload it as PDF, Markdown, HTML or text."],
  422: ["That is not valid", "Check what you entered."],
  429: ["Too many requests at once", "Wait a moment, then try again."],
  503: ["Footnote is busy", "Wait a moment, then try again."],
  507: ["The server has too little free space", "Tell an administrator; nothing was stored."],
};

/** A heading and a sentence for any error, for people. */
export function explain(error) {
  const status = error instanceof Problem ? error.status : 0;
  const [heading, advice] = HINTS[status] ?? ["Something went wrong", "Try again. If it happens again, tell an administrator."];
  if (!error.detail) return { heading, text: advice };
  const sentence = error.detail.replace(/([^.!?…])$/, "$1.");
  const advised = /try again/i.test(sentence) || (status > 0 && status < 429);
  return { heading, text: advised ? sentence : `${sentence} ${advice}` };
}

function signInAgain() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function problemFrom(status, text) {
  try {
    const body = JSON.parse(text);
    const detail = typeof body.detail === "string" ? body.detail : "";
    return new Problem(status, body.title ?? "", detail);
  } catch {
    return new Problem(status, "", "");
  }
}

async function request(method, path, { body, signal, keepalive, stayOn401 = false } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      keepalive,
      headers: body === undefined ? { Accept: "application/json" } : { Accept: "application/json", "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "", "");
  }
  if (response.status === 401 && !stayOn401) signInAgain();
  if (!response.ok) throw problemFrom(response.status, await response.text());
  return response;
}

/** The JSON of a GET. Throws Problem. */
export async function getJson(path, options) {
  return (await request("GET", path, options)).json();
}

/** Send JSON with an unsafe method; the JSON answered, or null when there is none. Throws Problem. */
export async function sendJson(method, path, body, options) {
  const response = await request(method, path, { body, ...options });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** POST and hand each server-sent event to `onEvent(name, data)` as it arrives. Throws Problem; AbortError when stopped. */
export async function streamEvents(path, body, { signal, onEvent }) {
  const response = await request("POST", path, { body, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, "", "The connection was lost before the answer was complete.");
    }
    buffer += (part.value ?? "").replaceAll("\r\n", "\n");
    let end;
    while ((end = buffer.indexOf("\n\n")) >= 0) {
      readEvent(buffer.slice(0, end), onEvent);
      buffer = buffer.slice(end + 2);
    }
    if (part.done) return;
  }
}

function readEvent(block, onEvent) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  if (data.length) onEvent(name, JSON.parse(data.join("\n")));
}

/** Send a form with files; `onProgress(fraction 0..1)` while bytes leave. Resolves to the JSON answered. Rejects with Problem. */
export function uploadForm(method, path, form, { onProgress, signal } = {}) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, path);
    xhr.setRequestHeader("Accept", "application/json");
    xhr.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress?.(event.loaded / event.total));
    xhr.addEventListener("load", () => {
      if (xhr.status === 401) signInAgain();
      if (xhr.status >= 200 && xhr.status < 300) resolve(xhr.responseText ? JSON.parse(xhr.responseText) : null);
      else reject(problemFrom(xhr.status, xhr.responseText));
    });
    xhr.addEventListener("error", () => reject(new Problem(0, "", "The connection was lost.")));
    xhr.addEventListener("abort", () => reject(new DOMException("Stopped", "AbortError")));
    signal?.addEventListener("abort", () => xhr.abort());
    xhr.send(form);
  });
}
