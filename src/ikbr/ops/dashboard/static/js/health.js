// In one word, a colour and a sentence: is the bot healthy?

import { span } from "/static/js/format.js";

const SILENT_MS = 5_000;
const QUIET_S = 60;
const LATCHES = new Map([
  ["kill", "KILLED"], ["drawdown", "HALTED"], ["daily-loss", "HALTED"], ["pause", "HALTED"],
]);
const LINKS = { down: "No gateway answers; attempts go on.", "cut off": "The gateway has lost Interactive Brokers." };

const bad = (word, why) => ({ word, tone: "bad", why });
const warning = (word, why) => ({ word, tone: "warning", why });

/** Judge a bot. `online`: the server is heard; `now_ms`: this machine's clock. */
export function judge(bot, online, now_ms) {
  if (!online) return bad("NO CONTACT", "The dashboard's server does not answer; what is shown is old.");
  if (bot === undefined) return warning("NO BOT", "No bot runs here. Start one, for example with ikbr paper.");
  if (bot.gone) return bad("NOT RUNNING", sentence(bot.gone[0].toUpperCase() + bot.gone.slice(1)));
  if (bot.state === null) return warning("WAITING", "The bot has not said yet how it is.");
  if (now_ms - bot.heard_ms > SILENT_MS) {
    return bad("SILENT", `The bot has said nothing for ${span((now_ms - bot.heard_ms) / 1000)}.`);
  }
  return judgeState(bot.state, bot.info);
}

function judgeState(state, info) {
  const latched = state.holds.find((hold) => hold.name === "kill") ?? state.holds.find((hold) => LATCHES.has(hold.name));
  if (latched !== undefined) return bad(LATCHES.get(latched.name), sentence(latched.why));
  if (state.link.state !== "ready") {
    const why = state.link.why || LINKS[state.link.state] || `The connection is ${state.link.state}`;
    return bad(state.link.state.toUpperCase(), sentence(why));
  }
  if (state.holds.length) return warning("HOLDING", `No new entries: ${sentence(state.holds[0].why)}`);
  if (state.halted) return bad("HALTED", sentence(state.halted));
  const off = (info?.strategies ?? []).filter((strategy) => !strategy.enabled);
  if (off.length) return warning("IMPAIRED", `Disabled: ${off.map((strategy) => strategy.name).join(", ")}.`);
  const ages = Object.values(state.data_age_s ?? {}).filter(Number.isFinite);
  const youngest = Math.min(...ages);
  if (ages.length && youngest > QUIET_S) return warning("QUIET", `No price has come for ${span(youngest)}.`);
  const fresh = ages.length ? `, newest price ${span(youngest)} old` : "";
  return { word: "TRADING", tone: "good", why: `Gateway ready${fresh}.` };
}

const sentence = (words) => (/[.!?]$/.test(words) ? words : `${words}.`);

/** Say whose money it is. */
export function badge(info) {
  if (!info?.mode) return { text: NO_MONEY, tone: "" };
  if (info.simulated) return { text: "SIMULATED", tone: "" };
  return info.mode === "live" ? { text: "REAL MONEY", tone: "bad" } : { text: "PAPER", tone: "" };
}
const NO_MONEY = "NO ACCOUNT";

/** Say what a bot has earned: by IB for the day, or by its own books since it started. */
export function earned(state) {
  if (!state) return { value: null, share: null, label: "P&L today" };
  const byBooks = state.equity - state.opening;
  const value = state.daily_pnl ?? byBooks;
  const share = state.opening > 0 ? value / state.opening : null;
  return { value, share, label: state.daily_pnl === null ? "P&L of the session" : "P&L today" };
}
