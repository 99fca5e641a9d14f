// What the risk rules refused: the rule, its limit, and what it was held against.

import { byId } from "/static/js/dom.js";
import { time, words } from "/static/js/cells.js";
import { measured } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

let table = null;

export function drawRefusals(bot) {
  table ??= new Table(byId("refusals"), {
    name: "Refusals",
    columns: [
      time, words("Strategy", "strategy"), words("Symbol", "symbol"), words("Rule", "rule"),
      { name: "Limit", end: true, cell: (row) => measured(row.limit) },
      { name: "Actual", end: true, cell: (row) => measured(row.actual) }, words("Reason", "reason", true),
    ],
    key: (row) => row.key,
    empty: "Nothing was refused.",
    fixed: true,
  });
  table.show(bot?.events.refusal ?? []);
}
