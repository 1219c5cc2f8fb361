// The users on the people page: list, add, change, suspend.
import { getJson, sendJson, explain } from "./api.js";
import { formActions, openDialog } from "./dialog.js";
import { byId, element, quietButton } from "./elements.js";
import { toast } from "./toast.js";

const dialog = byId("people-dialog");
const list = byId("user-list");
const ROLES = { admin: "Administrator", evaluator: "Evaluator" };

/** Load and show every user; resolves to them. */
export async function showUsers() {
  try {
    const { items } = await getJson("/v1/users");
    list.replaceChildren(...items.map(userRow));
    list.setAttribute("aria-busy", "false");
    return items;
  } catch (error) {
    list.replaceChildren(element("li", { class: "nothing", text: explain(error).text }));
    return [];
  }
}

function userRow(user) {
  const name = user.name || user.email;
  const chips = user.roles.filter((role) => ROLES[role]).map((role) => element("span", { class: "chip", text: ROLES[role] }));
  if (user.suspended) chips.push(element("span", { class: "chip plain", text: "Suspended" }));
  const groups = user.groups.length ? ` · ${user.groups.join(", ")}` : "";
  return element(
    "li",
    { class: user.suspended ? "suspended" : "" },
    element("span", { class: "avatar", "aria-hidden": "true", text: [...name][0].toUpperCase() }),
    element("div", {}, element("p", { class: "person-name" }, element("span", { text: name }), ...chips), element("p", { class: "muted small", text: user.email + groups })),
    element(
      "div",
      { class: "person-actions" },
      quietButton("pen", "Change", () => changeUser(user), { "aria-label": `Change ${name}` }),
      quietButton(user.suspended ? "check" : "no-citation", user.suspended ? "Restore" : "Suspend", () => suspend(user), { "aria-label": `${user.suspended ? "Restore" : "Suspend"} ${name}` }),
    ),
  );
}

async function suspend(user) {
  try {
    await sendJson("PATCH", `/v1/users/${user.id}`, { suspended: !user.suspended });
    toast(user.suspended ? "Restored" : "Suspended; their next request is refused");
    await showUsers();
  } catch (error) {
    toast(explain(error).text);
  }
}

function field(id, label, properties = {}) {
  return [element("label", { for: id, text: label }), element("input", { type: "text", id, name: id, autocomplete: "off", ...properties })];
}

function roleBoxes(roles) {
  return [
    element("span", { class: "label", text: "Roles" }),
    ...Object.entries(ROLES).map(([role, word]) => element("label", { class: "check" }, element("input", { type: "checkbox", name: role, checked: roles.includes(role) }), word)),
  ];
}

const chosenRoles = (form) => Object.keys(ROLES).filter((role) => form.elements[role].checked);

export function addUser() {
  const fields = [
    ...field("user-email", "Email", { type: "email", required: true }),
    ...field("user-name", "Name"),
    ...field("user-password", "First password", { type: "password", required: true, autocomplete: "new-password" }),
    ...roleBoxes([]),
  ];
  userForm("Add a user", "Add", fields, (form) => sendJson("POST", "/v1/users", {
    email: form.elements["user-email"].value.trim(), name: form.elements["user-name"].value.trim(), password: form.elements["user-password"].value, roles: chosenRoles(form),
  }));
}

function changeUser(user) {
  const fields = [
    element("p", { class: "muted", text: user.email }),
    ...field("user-name", "Name", { value: user.name }),
    ...field("user-password", "New password (leave empty to keep the old one)", { type: "password", autocomplete: "new-password" }),
    ...roleBoxes(user.roles),
  ];
  userForm("Change a user", "Save", fields, (form) => {
    const change = { name: form.elements["user-name"].value.trim(), roles: chosenRoles(form) };
    if (form.elements["user-password"].value) change.password = form.elements["user-password"].value;
    return sendJson("PATCH", `/v1/users/${user.id}`, change);
  });
}

function userForm(title, label, fields, send) {
  const failure = element("p", { class: "form-error", role: "alert", hidden: true });
  const form = element("form", { class: "form" }, failure, ...fields, formActions(dialog, label));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await send(form);
      dialog.close();
      toast("Saved");
      await showUsers();
    } catch (error) {
      failure.textContent = explain(error).text;
      failure.hidden = false;
    }
  });
  openDialog(dialog, title, form);
}
