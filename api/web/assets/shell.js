// What every page shares: icons, theme, account, help, shortcuts that work everywhere.
import { getJson, sendJson, explain } from "./api.js";
import { closable } from "./dialog.js";
import { byId } from "./elements.js";
import { fillIcons, icon } from "./icons.js";
import { showKeys } from "./keys.js";
import { shortcut, shortcutsOn, setShortcuts } from "./shortcuts.js";
import { toast } from "./toast.js";
import { principal } from "./words.js";

fillIcons();
showTheme();
for (const button of document.querySelectorAll("[data-theme-toggle]")) button.addEventListener("click", switchTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
for (const dialog of [byId("help"), byId("keys")]) closable(dialog);
for (const button of document.querySelectorAll("[data-help-open]")) button.addEventListener("click", showHelp);
shortcut("?", showHelp);
byId("shortcuts-on").checked = shortcutsOn();
byId("shortcuts-on").addEventListener("change", (event) => setShortcuts(event.target.checked));
byId("account").addEventListener("toggle", showAccount);
byId("sign-out").addEventListener("click", signOut);
byId("keys-open").addEventListener("click", () => {
  byId("account").hidePopover();
  byId("keys").showModal();
  showKeys(byId("keys-body"));
});

/** The signed-in person {email, name, roles} as the server put them into the page; null on the sign-in page. */
export const user = JSON.parse(document.body.dataset.user || "null");
export const isAdmin = Boolean(user?.roles.includes("admin"));

function showHelp() {
  byId("account").hidePopover();
  byId("help").showModal();
}

async function showAccount(event) {
  if (event.newState !== "open") return;
  byId("account-name").textContent = user.name || user.email;
  byId("account-email").textContent = [user.email, ...user.roles].join(" · ");
  const { principals } = await getJson("/v1/session");
  const names = principals.map((each) => (each === `user:${user.email}` ? "you" : principal(each).toLowerCase()));
  byId("account-principals").textContent = `You read what is shared with ${names.join(", ")}.`;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
  const label = isDark() ? "Switch to the light theme" : "Switch to the dark theme";
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.replaceChildren(icon(isDark() ? "sun" : "moon"), "words" in button.dataset ? label : "");
    button.setAttribute("aria-label", label);
    button.title = label;
  }
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("footnote-theme", theme);
  } catch {
    // Storage can be forbidden; the choice then holds for this page only.
  }
  showTheme();
}

async function signOut() {
  try {
    await sendJson("DELETE", "/v1/session", undefined, { stayOn401: true });
  } catch (error) {
    if (error.status !== 401) {
      toast(explain(error).text);
      return;
    }
  }
  location.assign("/sign-in");
}
