// The people page: users, groups and the administrator's own keys.
import { closable } from "./dialog.js";
import { byId } from "./elements.js";
import { addGroup, showGroups } from "./groups.js";
import { showKeys } from "./keys.js";
import "./shell.js";
import { addUser, showUsers } from "./users.js";

closable(byId("people-dialog"));
byId("user-add").addEventListener("click", addUser);
byId("group-add").addEventListener("click", () => addGroup(showUsers));
showUsers();
showGroups(showUsers);
showKeys(byId("own-keys"));
