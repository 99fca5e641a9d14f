// How orders went on, newest first.

import { byId } from "/static/js/dom.js";
import { quantity, side, time, words } from "/static/js/cells.js";
import { Table } from "/static/js/table.js";

let table = null;

export function drawOrderHistory(bot) {
  table ??= new Table(byId("order-history"), {
    name: "Order history",
    columns: [
      time, words("Order", "id"), words("Strategy", "strategy"), words("Symbol", "symbol"), side,
      quantity("Quantity", "quantity"), words("State", "state"), words("Why", "why", true),
    ],
    key: (row) => row.key,
    empty: "No orders yet.",
    fixed: true,
  });
  table.show(bot?.events.order ?? []);
}
