// What was filled, newest first.

import { byId } from "/static/js/dom.js";
import { cost, currency, priced, quantity, side, time, words } from "/static/js/cells.js";
import { Table } from "/static/js/table.js";

let table = null;

export function drawFills(bot) {
  table ??= new Table(byId("fills"), {
    name: "Fills",
    columns: [
      time, words("Strategy", "strategy"), words("Symbol", "symbol"), side,
      quantity("Quantity", "quantity"), priced("Price", "price"),
      cost("Commission", "commission"),
    ],
    key: (row) => row.key,
    unit: currency,
    empty: "No fills yet.",
    fixed: true,
  });
  table.show(bot?.events.fill ?? []);
}
