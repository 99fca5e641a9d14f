// What the risk rules refused: the rule, its limit, and what it was held against.

import { byId } from "/static/js/dom.js";
import { limited, time, words } from "/static/js/cells.js";
import { Table } from "/static/js/table.js";

let table = null;

export function drawRefusals(bot) {
  table ??= new Table(byId("refusals"), {
    name: "Refusals",
    columns: [
      time, words("Strategy", "strategy"), words("Symbol", "symbol"), words("Rule", "rule"),
      limited("Limit", "limit"), limited("Actual", "actual"), words("Reason", "reason", true),
    ],
    key: (row) => row.key,
    unit: (row) => row.unit,
    empty: "Nothing was refused.",
    fixed: true,
  });
  table.show(bot?.events.refusal ?? []);
}
