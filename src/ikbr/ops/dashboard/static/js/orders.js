// Orders that work, each with a button that cancels it.

import { byId, el } from "/static/js/dom.js";
import { currency, priced, quantity, side, words } from "/static/js/cells.js";
import { confirmAction } from "/static/js/confirm.js";
import { span } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

let table = null;
let latest = null; // the bot and page of the last drawing, for the buttons
const buttons = new Map();

export function drawOrders(bot, page) {
  latest = { bot, page };
  table ??= new Table(byId("orders"), {
    name: "Working orders",
    columns: [
      words("Order", "id"), words("Strategy", "strategy"), words("Symbol", "symbol"), side,
      quantity("Quantity", "quantity"), quantity("Left", "remaining"), { name: "Type", cell: typeOf },
      priced("Limit", "limit"), priced("Stop", "stop"), words("State", "state"),
      { name: "Age", end: true, cell: (row) => span(row.age_s) }, { name: "", cell: cancelButton },
    ],
    key: (row) => row.id,
    unit: currency,
    empty: "No order works.",
  });
  const working = bot?.state?.working ?? [];
  const ids = new Set(working.map((order) => order.id));
  for (const id of buttons.keys()) if (!ids.has(id)) buttons.delete(id);
  table.show(working);
  for (const button of buttons.values()) button.hidden = page.store.me.role !== "trader";
}

const typeOf = (order) => (order.protects ? `${order.type}, protects` : order.type);

function cancelButton(order) {
  if (!buttons.has(order.id)) {
    buttons.set(order.id, el("button", {
      type: "button", class: "small", text: "Cancel", "aria-label": `Cancel order ${order.id}`,
      on: { click: () => confirmAction("cancel", latest.bot, { order: orderNow(order) }) },
    }));
  }
  return buttons.get(order.id);
}

const orderNow = (order) => latest.bot.state.working.find((one) => one.id === order.id) ?? order;
