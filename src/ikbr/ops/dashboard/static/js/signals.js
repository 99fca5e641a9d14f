// What the strategies wanted, and why.

import { byId } from "/static/js/dom.js";
import { currency, priced, quantity, time, words } from "/static/js/cells.js";
import { Table } from "/static/js/table.js";

let table = null;

export function drawSignals(bot) {
  table ??= new Table(byId("signals"), {
    name: "Signals",
    columns: [
      time, words("Strategy", "strategy"), words("Symbol", "symbol"),
      { name: "Action", cell: (row) => ({ text: String(row.action), tone: /^(buy|long)/i.test(row.action) ? "buy" : /^(sell|short)/i.test(row.action) ? "sell" : "" }) },
      quantity("Quantity", "quantity"), priced("Price", "price"),
      words("Reason", "reason", true),
    ],
    key: (row) => row.key,
    unit: currency,
    empty: "No signals yet.",
    fixed: true,
  });
  table.show(bot?.events.signal ?? []);
}
