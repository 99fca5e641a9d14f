// Columns that several tables share.

import { clock, exact, inUnit, money, number, price, signed, tone } from "/static/js/format.js";

export const time = { name: "Time", cell: (row) => ({ text: clock(row.ts_ns), title: exact(row.ts_ns) }) };
export const words = (name, field, prose = false) => ({ name, prose, kind: "name", cell: (row) => String(row[field] || "\u2013") });
export const quantity = (name, field) => ({ name, end: true, cell: (row) => number(row[field]) });
export const priced = (name, field) => ({ name, figure: true, cell: (row) => price(row[field]) });
export const limited = (name, field) => ({ name, figure: true, cell: (row) => inUnit(row[field], row.unit) });
export const cost = (name, field) => ({ name, figure: true, cell: (row) => money(row[field]) });
export const currency = (row) => row.currency ?? "";
export const profit = (name, field) => ({
  name, figure: true, cell: (row) => ({ text: signed(row[field]), tone: tone(row[field]) }),
});
export const side = {
  name: "Side",
  cell: (row) => ({ text: String(row.side), tone: /^b/i.test(row.side) ? "buy" : "sell" }),
};
