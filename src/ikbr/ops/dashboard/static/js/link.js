// The connection with the gateway, its data farms, and how old the prices are.

import { byId, el, say } from "/static/js/dom.js";
import { NOTHING, number, span } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

const ms = (value) => (Number.isFinite(value) ? `${number(value, 0, value < 10 ? 2 : 0)} ms` : NOTHING);

const FACTS = [
  ["Gateway", (s) => s.link.state, (s) => (s.link.state === "ready" ? "gain" : "loss")],
  ["Server version", (s) => String(s.link.server_version ?? NOTHING)],
  ["Round trip", (s) => ms(s.link.rtt_ms)],
  ["Reconnects", (s) => number(s.link.reconnects), (s) => (s.link.reconnects ? "warning" : "")],
  ["Event loop late by", (s) => ms(s.loop_lag_ms), (s) => (s.loop_lag_ms > 100 ? "warning" : "")],
  ["Journal behind by", (s) => ms(s.journal_lag_ms), (s) => (s.journal_lag_ms > 1000 ? "warning" : "")],
  ["Alerts", (s) => number(s.counts.alerts)],
  ["Refusals", (s) => number(s.counts.refusals)],
];
let facts = null;
let farms = null;
let ages = null;

export function drawLink(bot) {
  const state = bot?.state ?? null;
  facts ??= FACTS.map(([name]) => newFact(name));
  FACTS.forEach(([, value, tone], place) =>
    say(facts[place], state ? value(state) : NOTHING, state && tone ? tone(state) : ""));
  farms ??= new Table(byId("farms"), {
    name: "Data farms",
    columns: [
      { name: "Farm", cell: (row) => row.name },
      { name: "State", cell: (row) => ({ text: row.ok ? "ok" : "broken", tone: row.ok ? "gain" : "loss" }) },
      { name: "Said", prose: true, cell: (row) => row.text || NOTHING },
    ],
    key: (row) => row.name,
    empty: "The gateway has not spoken of its data farms.",
  });
  farms.show(state?.link.farms ?? []);
  ages ??= new Table(byId("ages"), {
    name: "Age of prices",
    columns: [
      { name: "Symbol", cell: ([symbol]) => symbol },
      { name: "Newest price", end: true, cell: ([, age]) => ({ text: Number.isFinite(age) ? `${span(age)} old` : "none yet", tone: age > 60 ? "warning" : "" }) },
    ],
    key: ([symbol]) => symbol,
    empty: "No symbol is watched.",
  });
  ages.show(Object.entries(state?.data_age_s ?? {}));
}

function newFact(name) {
  const value = el("dd");
  byId("link").append(el("div", {}, el("dt", { text: name }), value));
  return value;
}
