// The dialog before an action: what will happen, a reason, a word to type, and the answer.

import { post } from "/static/js/api.js";
import { ACTIONS, confirmWord } from "/static/js/actions.js";
import { byId, el } from "/static/js/dom.js";
import { badge } from "/static/js/health.js";

/** Ask a person whether they mean it, then do it. `about`: what the action is of. */
export function confirmAction(name, bot, about = {}) {
  const dialog = byId("confirm");
  const action = ACTIONS[name];
  const word = confirmWord(name, bot.info);
  const answer = el("p", { id: "confirm-answer", role: "alert" });
  const typed = field("confirm", "Confirmation", { required: true, "aria-describedby": "confirm-word", spellcheck: "false", autocapitalize: "none" });
  const reason = field("reason", "Reason (goes into the journal)", {});
  const act = el("button", { type: "submit", class: action.grave ? "danger" : "primary", text: action.title });
  const leave = el("button", { type: "button", text: "Leave it", on: { click: () => dialog.close() } });
  const form = el("form", {},
    ...described(action, bot, about), reason,
    el("p", { id: "confirm-word" }, "To go on, type ", el("code", { text: word }), "."), typed, answer,
    el("div", { class: "buttons" }, leave, act));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const told = Object.fromEntries(new FormData(form));
    carryOut(name, bot, { ...told, ...action.fields?.(about) }, { form, answer, act, leave });
  });
  dialog.dataset.grave = String(Boolean(action.grave));
  dialog.replaceChildren(form);
  dialog.showModal();
  typed.lastChild.focus();
}

function described(action, bot, about) {
  const whose = badge(bot.info);
  const touched = bot.state ? action.touches(bot.state, about) : [];
  return [
    el("h2", { id: "confirm-title", text: action.title }),
    el("p", { class: "whom" }, `${bot.info.name}${bot.info.account ? `, account ${bot.info.account}` : ""} `, el("span", { class: "badge", data: { tone: whose.tone }, text: whose.text })),
    el("p", { text: action.says }),
    touched.length ? el("ul", {}, ...touched.map((text) => el("li", { text }))) : null,
  ].filter(Boolean);
}

const field = (name, label, rules) =>
  el("label", { text: label }, el("input", { name, autocomplete: "off", ...rules }));

async function carryOut(name, bot, body, { form, answer, act, leave }) {
  act.disabled = true;
  answer.dataset.tone = "";
  answer.textContent = "Asking the bot …";
  try {
    const { ok, message } = await post(`/api/bots/${encodeURIComponent(bot.id)}/${name}`, body);
    answer.dataset.tone = ok ? "gain" : "loss";
    answer.textContent = `${ok ? "Done" : "Refused"}: ${message}`;
    act.hidden = ok;
    if (ok) for (const input of form.querySelectorAll("input")) input.disabled = true;
    leave.textContent = ok ? "Close" : "Leave it";
    if (ok) leave.focus();
  } catch (refusal) {
    answer.dataset.tone = "loss";
    answer.textContent = `Refused: ${refusal.message}`;
  } finally {
    act.disabled = false;
  }
}
