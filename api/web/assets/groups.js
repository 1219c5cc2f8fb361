// The groups on the people page: list, add, members, remove.
import { getJson, sendJson, explain } from "./api.js";
import { confirm, formActions, openDialog } from "./dialog.js";
import { byId, element, quietButton } from "./elements.js";
import { icon } from "./icons.js";
import { toast } from "./toast.js";
import { principal } from "./words.js";

const dialog = byId("people-dialog");
const list = byId("group-list");

/** Load and show every group. `changed` is called after each change of members. */
export async function showGroups(changed) {
  try {
    const { items } = await getJson("/v1/groups");
    list.replaceChildren(...items.map((group) => groupRow(group, items, changed)));
    if (!items.length) list.replaceChildren(element("li", { class: "nothing", text: "There are no groups yet. A group lets you share a document with several people at once." }));
    list.setAttribute("aria-busy", "false");
  } catch (error) {
    list.replaceChildren(element("li", { class: "nothing", text: explain(error).text }));
  }
}

/** Run a change, say so, and show the groups anew; false when it failed. */
async function change(send, said, changed) {
  try {
    await send();
    toast(said);
    await Promise.all([showGroups(changed), changed()]);
    return true;
  } catch (error) {
    toast(explain(error).text);
    return false;
  }
}

function groupRow(group, groups, changed) {
  const path = `/v1/groups/${encodeURIComponent(group.name)}`;
  const drop = (member) => change(() => sendJson("DELETE", `${path}/members/${encodeURIComponent(member)}`), `${principal(member)} left ${group.name}`, changed);
  const chips = group.members.map((member) =>
    element("li", { class: "chip" }, principal(member), element("button", { type: "button", "aria-label": `Take ${principal(member)} out of ${group.name}`, on: { click: () => drop(member) } }, icon("close"))),
  );
  return element(
    "li",
    {},
    element("span", { class: "avatar", "aria-hidden": "true" }, icon("people")),
    element(
      "div",
      {},
      element("p", { class: "person-name", text: group.name }),
      chips.length ? element("ul", { class: "chips group-members", "aria-label": `Members of ${group.name}` }, ...chips) : element("p", { class: "muted small", text: "No members" }),
    ),
    element(
      "div",
      { class: "person-actions" },
      quietButton("plus", "Add a member", () => addMember(group, groups, changed), { "aria-label": `Add a member to ${group.name}` }),
      quietButton("trash", "Remove", () => removeGroup(group, changed), { "aria-label": `Remove the group ${group.name}` }),
    ),
  );
}

async function removeGroup({ name }, changed) {
  const text = `Documents shared with “${name}” can no longer be read through it, from the next request on. The people stay.`;
  if (!(await confirm(dialog, "Remove this group?", text, "Remove"))) return;
  await change(() => sendJson("DELETE", `/v1/groups/${encodeURIComponent(name)}`), "Group removed", changed);
}

export function addGroup(changed) {
  const input = element("input", { type: "text", id: "group-name", required: true, maxlength: "100", autocomplete: "off" });
  const label = element("label", { for: "group-name", text: "Name" });
  groupForm("Add a group", [label, input], () => sendJson("POST", "/v1/groups", { name: input.value.trim() }), changed);
}

async function addMember(group, groups, changed) {
  const { items: users } = await getJson("/v1/users");
  const options = [...users.map(({ email }) => `user:${email}`), ...groups.filter(({ name }) => name !== group.name).map(({ name }) => `group:${name}`)].filter((each) => !group.members.includes(each));
  if (!options.length) {
    toast("Everyone there is, is a member already.");
    return;
  }
  const select = element("select", { id: "group-member", class: "field" }, ...options.map((value) => element("option", { value, text: principal(value) })));
  const fields = [element("label", { for: "group-member", text: `Person or group to add to ${group.name}` }), select];
  groupForm("Add a member", fields, () => sendJson("POST", `/v1/groups/${encodeURIComponent(group.name)}/members`, { member: select.value }), changed);
}

function groupForm(title, fields, send, changed) {
  const failure = element("p", { class: "form-error", role: "alert", hidden: true });
  const form = element("form", { class: "form" }, failure, ...fields, formActions(dialog, "Add"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await send();
      dialog.close();
      await Promise.all([showGroups(changed), changed()]);
    } catch (error) {
      failure.textContent = explain(error).text;
      failure.hidden = false;
    }
  });
  openDialog(dialog, title, form);
}
