// Log in with a user and password, or with the one-time link that the server printed.

import { post } from "/static/js/api.js";
import { byId } from "/static/js/dom.js";

const form = byId("login");
const answer = byId("answer");

async function logIn(proof) {
  answer.textContent = "Logging in …";
  form.inert = true;
  try {
    await post("/login", proof);
    location.replace("/");
  } catch (refusal) {
    answer.textContent = refusal.message;
    form.inert = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(Object.fromEntries(new FormData(form)));
});

const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  history.replaceState(null, "", "/login"); // the link must not stay in the history
  logIn({ token });
}
