// Strategies with what they earned, hold and are set to.

import { byId, el, say } from "/static/js/dom.js";
import { confirmAction } from "/static/js/confirm.js";
import { NOTHING, measured, money, number, signed, tone } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

const cards = new Map();
let latest = null;
let empty = null;

export function drawStrategies(bot, page) {
  latest = { bot, page };
  const box = byId("strategies");
  empty ??= box.appendChild(el("p", { class: "empty", text: "No strategy runs." }));
  const strategies = bot?.info?.strategies ?? [];
  empty.hidden = strategies.length > 0;
  const keys = new Set(strategies.map((strategy) => keyOf(bot, strategy)));
  for (const [key, card] of cards) if (!keys.has(key)) { card.box.remove(); cards.delete(key); }
  for (const strategy of strategies) {
    const key = keyOf(bot, strategy);
    if (!cards.has(key)) cards.set(key, newCard(box, strategy));
    fillCard(cards.get(key), strategy, bot.info.base ?? bot.state?.base ?? "");
  }
}

const keyOf = (bot, strategy) => `${bot.id}\n${strategy.name}`;

function newCard(box, strategy) {
  const parts = { state: el("span", { class: "badge" }), realised: el("dd"), unrealised: el("dd"), fees: el("dd"), held: el("dd"), table: el("div") };
  const fact = (name, value) => el("div", {}, el("dt", { text: name }), value);
  parts.box = el("section", {},
    el("div", { class: "head" }, el("h2", { text: strategy.name }), el("span", { class: "hint", text: strategy.class }), parts.state),
    el("dl", { class: "facts across" }, fact("Realised", parts.realised), fact("Unrealised", parts.unrealised), fact("Fees", parts.fees), fact("Holds", parts.held)),
    parts.table);
  box.append(parts.box);
  parts.parameters = new Table(parts.table, {
    name: `Parameters of ${strategy.name}`,
    columns: [
      { name: "Parameter", cell: (row) => row.name },
      { name: "Value", end: true, cell: (row) => shown(row.value, row.unit) },
      { name: "Range", end: true, cell: rangeOf },
      { name: "What it does", prose: true, cell: (row) => row.doc || NOTHING },
      { name: "", end: true, cell: (row) => changer(parts, strategy.name, row) },
    ],
    key: (row) => row.name,
    empty: "It has no parameters.",
  });
  parts.buttons = new Map();
  return parts;
}

function fillCard(parts, strategy, base) {
  say(parts.state, strategy.enabled ? "on" : "disabled", strategy.enabled ? "good" : "bad");
  say(parts.realised, `${signed(strategy.realised)} ${base}`, tone(strategy.realised));
  say(parts.unrealised, `${signed(strategy.unrealised)} ${base}`, tone(strategy.unrealised));
  say(parts.fees, `${money(strategy.fees)} ${base}`);
  const held = Object.entries(strategy.positions ?? {}).filter(([, quantity]) => quantity);
  say(parts.held, held.map(([symbol, quantity]) => `${symbol} ${number(quantity)}`).join(", ") || "nothing");
  parts.parameters.show(strategy.parameters);
}

const shown = (value, unit) => `${typeof value === "boolean" ? (value ? "yes" : "no") : measured(value)} ${unit ?? ""}`.trim();

function rangeOf({ low, high, unit }) {
  const known = (value) => value !== null && value !== undefined;
  if (!known(low) && !known(high)) return NOTHING;
  return `${known(low) ? measured(low) : "any"} \u2026 ${known(high) ? measured(high) : "any"} ${unit ?? ""}`.trim();
}

/** A field for the new value and its button; text for what is fixed while the bot runs. */
function changer(parts, strategy, parameter) {
  if (!parameter.changeable || latest.page.store.me.role !== "trader") return parameter.changeable ? "" : "fixed while it runs";
  if (!parts.buttons.has(parameter.name)) parts.buttons.set(parameter.name, newChanger(strategy, parameter));
  return parts.buttons.get(parameter.name);
}

function newChanger(strategy, parameter) {
  const input = inputOf(parameter);
  input.setAttribute("aria-label", `New value of ${parameter.name}`);
  const form = el("form", { class: "change" }, input, el("button", { type: "submit", class: "small", text: "Change" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const now = latest.bot.info.strategies.find((one) => one.name === strategy);
    const current = now.parameters.find((one) => one.name === parameter.name);
    confirmAction("set-parameter", latest.bot, { strategy, parameter: current, value: valueOf(parameter, input.value) });
  });
  return form;
}

function inputOf({ kind, value, low, high }) {
  if (kind === "bool") {
    return el("select", {}, ...["true", "false"].map((text) => el("option", { text, selected: text === String(value) })));
  }
  if (kind === "str") return el("input", { value, required: true });
  const step = kind === "int" ? "1" : "any";
  return el("input", { type: "number", value, min: low, max: high, step, required: true });
}

const valueOf = ({ kind }, text) => (kind === "bool" ? text === "true" : kind === "str" ? text : Number(text));
