// The buttons that act on the whole bot; those who may only read see none.

import { byId, el } from "/static/js/dom.js";
import { ACTIONS } from "/static/js/actions.js";
import { confirmAction } from "/static/js/confirm.js";

const SHOWN = ["halt", "resume", "cancel-all", "flatten", "kill"];
let buttons = null;
let note = null;
let latest = null;

export function drawControls(bot, page) {
  latest = bot;
  if (buttons === null) {
    buttons = new Map(SHOWN.map((name) => [name, newButton(name)]));
    note = el("p", { class: "empty", text: "You may only read: there are no controls here." });
    byId("controls").append(...buttons.values(), note);
  }
  const trader = page.store.me.role === "trader";
  note.hidden = trader || page.store.me.user === "";
  const known = Boolean(bot?.info && page.online);
  const paused = (bot?.state?.holds ?? []).some((hold) => hold.name === "pause");
  for (const [name, button] of buttons) {
    button.hidden = !trader;
    // Kill works from outside: also when the bot hangs or is gone.
    button.disabled = !known || (bot.gone !== "" && name !== "kill") || (name === "halt" && paused);
  }
}

function newButton(name) {
  const { button, grave } = ACTIONS[name];
  return el("button", {
    type: "button", class: grave ? "danger" : "", text: button, id: `do-${name}`,
    on: { click: () => confirmAction(name, latest) },
  });
}
