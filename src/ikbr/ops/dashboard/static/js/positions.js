// What is held, and what it is worth.

import { byId } from "/static/js/dom.js";
import { currency, priced, profit, quantity, words } from "/static/js/cells.js";
import { Table } from "/static/js/table.js";

let table = null;

export function drawPositions(bot) {
  table ??= new Table(byId("positions"), {
    name: "Positions",
    columns: [
      words("Symbol", "symbol"), quantity("Quantity", "quantity"),
      quantity("Of strategies", "own"), priced("Average", "average"), priced("Mark", "mark"),
      profit("Unrealised", "unrealised"), profit("Realised", "realised"),
      priced("Stop", "stop"),
    ],
    key: (row) => row.symbol,
    unit: currency,
    empty: "Flat: nothing is held.",
  });
  table.show(bot?.state?.positions ?? []);
}
