// The sign-in form.
import { sendJson, explain } from "./api.js";
import { byId } from "./elements.js";

const form = byId("sign-in");

function fail(text, field) {
  const place = byId("sign-in-error");
  place.textContent = text;
  place.hidden = false;
  for (const input of [form.email, form.password]) input.toggleAttribute("aria-invalid", input === field);
  field?.focus();
}

/** Only a path of this site may be gone to afterwards. */
function nextPath() {
  const next = new URL(form.dataset.next || "/", location.origin);
  return next.origin === location.origin && next.pathname !== "/sign-in" ? next.pathname + next.search : "/";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const email = form.email.value.trim();
  if (!email) return fail("Enter your email address.", form.email);
  if (!form.password.value) return fail("Enter your password.", form.password);
  byId("sign-in-button").disabled = true;
  try {
    await sendJson("POST", "/v1/session", { email, password: form.password.value }, { stayOn401: true });
    location.assign(nextPath());
  } catch (error) {
    const wrong = error.status === 401;
    fail(wrong ? "That email and password do not match. Check both and try again." : explain(error).text, wrong ? form.password : undefined);
    byId("sign-in-button").disabled = false;
  }
});

byId("password-show").addEventListener("click", (event) => {
  const shown = form.password.type === "password";
  form.password.type = shown ? "text" : "password";
  event.currentTarget.setAttribute("aria-pressed", String(shown));
});
