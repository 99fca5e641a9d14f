// The head of the page: is it healthy, what does it earn, whose money is it.

import { byId, el, say } from "/static/js/dom.js";
import { money, part, signed, span, tone } from "/static/js/format.js";
import { badge, earned, judge } from "/static/js/health.js";

export function drawGlance(bot, page) {
  const now = performance.now();
  const health = judge(bot, page.online, now);
  byId("glance").dataset.tone = health.tone;
  say(byId("word"), health.word);
  say(byId("why"), health.why);
  drawMoney(bot?.state ?? null);
  const whose = badge(bot?.info);
  say(byId("badge"), whose.text, whose.tone);
  say(byId("account"), bot?.info?.account ? `account ${bot.info.account}` : "");
  document.title = bot ? `${health.word} · ${bot.info?.name ?? bot.id} · ikbr` : "ikbr";
  drawBots(page, now);
  drawLine(page, now);
  const { user, role, version } = page.store.me;
  say(byId("who"), user ? `${user}, ${role === "trader" ? "may trade" : "may only read"}` : "");
  byId("who").title = version ? `ikbr ${version}` : "";
}

function drawMoney(state) {
  const { value, share, label } = earned(state);
  say(byId("earned-label"), label);
  say(byId("earned"), signed(value), tone(value));
  say(byId("earned-share"), share === null ? "" : `${share > 0 ? "+" : ""}${part(share)}`, tone(share));
  say(byId("equity-now"), money(state?.equity));
  say(byId("equity-opening"), state ? `${money(state.opening)} at the start` : "");
  for (const id of ["earned-unit", "equity-unit"]) say(byId(id), state?.base ?? "");
}

const chips = new Map();

function drawBots(page, now) {
  for (const [id, chip] of chips) if (!page.store.bots.has(id)) { chip.remove(); chips.delete(id); }
  for (const [id, bot] of page.store.bots) {
    if (!chips.has(id)) chips.set(id, newChip(id, page));
    const chip = chips.get(id);
    const { tone: colour, word } = judge(bot, page.online, now);
    const { value } = earned(bot.state);
    chip.dataset.tone = colour;
    chip.setAttribute("aria-pressed", String(id === page.chosen));
    say(chip.children[1], bot.info?.name ?? id);
    say(chip.children[2], word === "TRADING" ? `${signed(value)} ${bot.state?.base ?? ""}` : word, word === "TRADING" ? tone(value) : "");
  }
}

function newChip(id, page) {
  const chip = el("button", { type: "button", class: "chip", on: { click: () => page.choose(id) } },
    el("i", { class: "dot", "aria-hidden": "true" }), el("span"), el("span", { class: "amount" }));
  byId("bots").append(chip);
  return chip;
}

function drawLine(page, now) {
  const lost = byId("lost");
  lost.hidden = page.online || page.lost_ms === 0;
  if (lost.hidden) return;
  say(lost, `Connection to the dashboard lost ${span((now - page.lost_ms) / 1000)} ago; trying again. What you see is old. The bot goes on without it.`);
}
