// A person's own API keys: list, make (shown once), revoke.
import { getJson, sendJson, explain } from "./api.js";
import { element, quietButton } from "./elements.js";
import { icon } from "./icons.js";
import { copyText, toast } from "./toast.js";
import { date } from "./words.js";

/** Fill `body` with the keys of whoever is signed in. */
export async function showKeys(body) {
  const list = element("ul", { class: "key-list" });
  const fresh = element("div", { role: "status" });
  const name = element("input", { type: "text", "aria-label": "What the key is for", placeholder: "What is it for?", maxlength: "200", required: true });
  const form = element("form", { class: "key-form" }, name, element("button", { type: "submit", class: "button secondary" }, icon("plus"), "Make a key"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const made = await sendJson("POST", "/v1/keys", { name: name.value.trim() });
      name.value = "";
      fresh.replaceChildren(freshKey(made.key));
      await fill(list);
    } catch (error) {
      toast(explain(error).text);
    }
  });
  body.replaceChildren(element("p", { class: "muted small", text: "A program with your key reads what you may read. Keep keys secret and revoke those you no longer use." }), fresh, list, form);
  await fill(list);
}

function freshKey(key) {
  return element(
    "div",
    { class: "notice fresh-key" },
    element("p", { text: "Copy this key now. It is not shown again." }),
    element("code", { text: key }),
    quietButton("copy", "Copy the key", () => copyText(key, "Copied the key")),
  );
}

async function fill(list) {
  try {
    const { items } = await getJson("/v1/keys");
    list.replaceChildren(...items.filter((key) => !key.revoked_at && !key.revoked).map((key) => row(key, list)));
    if (!list.children.length) list.replaceChildren(element("li", { class: "muted small", text: "You have no keys." }));
  } catch (error) {
    list.replaceChildren(element("li", { class: "form-error", text: explain(error).text }));
  }
}

function row(key, list) {
  const ends = key.expires_at ? `, ends ${date(key.expires_at)}` : "";
  const words = element("div", {}, element("strong", { text: key.name || "Unnamed" }), element("p", { class: "muted small" }, element("code", { text: `${key.prefix}…` }), ` made ${date(key.created_at)}${ends}`));
  const revoke = quietButton("trash", "Revoke", async () => {
    if (revoke.dataset.sure !== "yes") {
      revoke.dataset.sure = "yes";
      revoke.querySelector(".label").textContent = "Revoke for good?";
      return;
    }
    try {
      await sendJson("DELETE", `/v1/keys/${encodeURIComponent(key.id)}`);
      await fill(list);
      toast("Key revoked");
    } catch (error) {
      toast(explain(error).text);
    }
  });
  return element("li", {}, words, revoke);
}
