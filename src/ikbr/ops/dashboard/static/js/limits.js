// Risk headroom: a bar for each limit, fullest first.

import { byId, el, say } from "/static/js/dom.js";
import { limited } from "/static/js/cells.js";
import { percent } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

const FULL = 0.9;
const FILLING = 0.7;
let table = null;
const bars = new Map();

const keyOf = (limit) => `${limit.rule}\n${limit.scope}\n${limit.subject}`;

export function drawLimits(bot) {
  table ??= new Table(byId("limits"), {
    name: "Headroom",
    columns: [
      { name: "Rule", kind: "row", cell: (row) => row.rule },
      { name: "Of", cell: (row) => [row.scope, row.subject].filter(Boolean).join(" ") || "account" },
      limited("Used", "used"), limited("Limit", "limit"), limited("Left", "headroom"),
      { name: "Use", cell: barOf },
    ],
    key: keyOf,
    unit: (row) => row.unit,
    empty: "No limit has been told yet.",
  });
  const limits = [...(bot?.limits ?? [])].sort((a, b) => (b.share ?? -1) - (a.share ?? -1));
  const keys = new Set(limits.map(keyOf));
  for (const key of bars.keys()) if (!keys.has(key)) bars.delete(key);
  table.show(limits);
}

function barOf(limit) {
  const key = keyOf(limit);
  if (!bars.has(key)) bars.set(key, el("div", { class: "headroom" }, el("i"), el("span")));
  const bar = bars.get(key);
  const share = limit.share;
  const known = Number.isFinite(share);
  bar.dataset.tone = !known ? "" : share >= FULL ? "loss" : share >= FILLING ? "warning" : "gain";
  bar.firstChild.style.width = `${known ? 100 * Math.min(1, Math.max(0, share)) : 0}%`;
  say(bar.lastChild, known ? percent(share, 0) : "not measured");
  return bar;
}
