// What the bots last said. Messages are taken in as they come; drawing waits for the next frame.

import { MOST_ROWS } from "/static/js/table.js";

const MOST_POINTS = 20_000;
const KINDS = ["fill", "order", "signal", "refusal", "alert", "log", "operator"];

function newBot(id) {
  return {
    id, info: null, state: null, heard_ms: 0, prices: new Map(), limits: null, stages: null,
    equity: null, gone: "", events: Object.fromEntries(KINDS.map((kind) => [kind, []])),
  };
}

export class Store {
  constructor() {
    this.me = { role: "reader", user: "", version: "" };
    this.bots = new Map();
    this.count = 0; // numbers events, so that rows can be told apart
  }

  bot(id) {
    if (!this.bots.has(id)) this.bots.set(id, newBot(id));
    return this.bots.get(id);
  }

  /** Begin anew with a new line: the server tells everything again. */
  forget() {
    for (const id of this.bots.keys()) this.bots.set(id, newBot(id));
  }

  /** Take a message in. Returns [bot id or "", topic]. */
  take(message, now_ms) {
    switch (message.type) {
      case "hello":
        this.me = { role: message.role, user: message.user, version: message.version };
        return ["", "me"];
      case "bots":
        return this.takeBots(message.bots);
      case "gone":
        this.bot(message.bot).gone = message.why || "it ended";
        return [message.bot, "state"];
      case "event":
        return this.takeEvent(message);
      default:
        return this.takeNews(message, now_ms);
    }
  }

  takeBots(infos) {
    const there = new Set(infos.map((info) => info.id));
    for (const id of [...this.bots.keys()]) if (!there.has(id)) this.bots.delete(id);
    let topic = "bots";
    for (const info of infos) {
      if (this.bots.get(info.id)?.gone && info.alive) {
        this.bots.set(info.id, newBot(info.id)); // it has come back, and tells everything again
        topic = "anew";
      }
      const bot = this.bot(info.id);
      bot.info = info;
      bot.gone = info.alive ? "" : info.why || "it ended";
    }
    return ["", topic];
  }

  takeEvent(message) {
    const kept = this.bot(message.bot).events[message.kind];
    if (kept === undefined) return [message.bot, "unknown"];
    message.key = ++this.count;
    kept.unshift(message);
    if (kept.length > MOST_ROWS) kept.pop();
    return [message.bot, message.kind];
  }

  takeNews(message, now_ms) {
    const bot = this.bot(message.bot);
    switch (message.type) {
      case "state":
        bot.state = message;
        bot.heard_ms = now_ms;
        break;
      case "prices":
        for (const [symbol, price] of Object.entries(message.symbols)) {
          bot.prices.set(symbol, { ...bot.prices.get(symbol), ...price, ts_ns: message.ts_ns });
        }
        break;
      case "risk":
        bot.limits = message.limits;
        break;
      case "latency":
        bot.stages = message.stages;
        break;
      case "equity":
        addPoints(bot, message.points);
        break;
      default:
    }
    return [message.bot, message.type];
  }
}

function addPoints(bot, points) {
  bot.equity ??= [];
  let last = bot.equity.at(-1)?.[0] ?? -Infinity;
  for (const point of points) {
    if (point[0] <= last) continue;
    bot.equity.push(point);
    last = point[0];
  }
  if (bot.equity.length > MOST_POINTS) bot.equity = bot.equity.slice(-MOST_POINTS);
}
