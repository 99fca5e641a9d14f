// The account in a row of numbers.

import { byId, el, say } from "/static/js/dom.js";
import { money, number, part, signed, tone } from "/static/js/format.js";

const TILES = [
  ["Net liquidation", "by IB", (s) => money(s.net_liquidation), (s) => s.base],
  ["Cash", "of all currencies", (s) => money(s.cash), (s) => s.base],
  ["Unrealised", "of open positions", (s) => signed(s.unrealised), (s) => s.base, (s) => tone(s.unrealised)],
  ["Gross exposure", "long and short", (s) => money(s.gross), (s) => s.base],
  ["Net exposure", "long less short", (s) => money(s.net), (s) => s.base],
  ["Leverage", "gross by equity", (s) => number(s.leverage, 2, 2), () => "×"],
  ["Drawdown", "below the peak", (s) => part(s.drawdown), () => ""],
  ["Fills", (s) => `of ${number(s.counts.orders)} orders`, (s) => number(s.counts.fills), () => ""],
];
let made = null;

export function drawTiles(bot) {
  const state = bot?.state ?? null;
  made ??= TILES.map(([name]) => newTile(name));
  TILES.forEach(([, hint, value, unit, colour], place) => {
    say(made[place][0], state ? value(state) : "\u2013", state && colour ? colour(state) : "");
    const told = state ? unit(state) : "";
    say(made[place][1], told && `, ${told}`);
    say(made[place][2], typeof hint === "string" ? hint : state ? hint(state) : "");
  });
}

function newTile(name) {
  const value = el("span");
  const unit = el("small");
  const hint = el("dd", { class: "hint" });
  byId("tiles").append(el("div", { class: "tile" }, el("dt", {}, name, unit),
    el("dd", {}, value), hint));
  return [value, unit, hint];
}
