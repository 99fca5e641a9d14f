// Reports of backtests, searches and sessions, shown in a frame that can reach nothing.

import { ask } from "/static/js/api.js";
import { byId, el } from "/static/js/dom.js";
import { NOTHING, moment, number, percent, signed, tone } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

let table = null;
let reports = [];

/** Look which reports there are. */
export async function openReports() {
  if (table === null) prepare();
  try {
    reports = (await ask("/api/reports")).sort((a, b) => b.modified_ns - a.modified_ns);
    offerKinds();
    show();
  } catch (refusal) {
    table.empty.textContent = refusal.message;
  }
}

function prepare() {
  table = new Table(byId("reports"), {
    name: "Reports",
    columns: [
      { name: "Report", cell: opener }, { name: "Kind", cell: (row) => row.kind },
      { name: "Strategy", kind: "name", cell: ({ summary }) => text(summary.strategy) },
      { name: "Symbols", kind: "name", cell: ({ summary }) => text(summary.symbols) },
      { name: "From", cell: ({ summary }) => text(summary.start).slice(0, 10) },
      { name: "To", cell: ({ summary }) => text(summary.end).slice(0, 10) },
      { name: "Fills", end: true, cell: ({ summary }) => number(summary.fills) },
      { name: "Net P&L", end: true, cell: ({ summary }) => ({ text: `${signed(summary.net_pnl)} ${summary.currency ?? ""}`.trim(), tone: tone(summary.net_pnl) }) },
      { name: "Max drawdown", end: true, cell: ({ summary }) => percent(summary.max_drawdown, 2) },
      { name: "Sharpe ratio", end: true, cell: ({ summary }) => number(summary.sharpe, 2, 2) },
      { name: "Written", end: true, cell: (row) => moment(row.modified_ns) },
    ],
    key: (row) => row.path,
    empty: "There are no reports yet; ikbr backtest --report writes one.",
    fixed: true,
  });
  byId("report-kind").addEventListener("change", show);
  byId("reports-again").addEventListener("click", openReports);
}

function offerKinds() {
  const box = byId("report-kind");
  const chosen = box.value;
  const kinds = ["all", ...new Set(reports.map((report) => report.kind))];
  box.replaceChildren(...kinds.map((kind) => el("option", { text: kind, selected: kind === chosen })));
}

function show() {
  const kind = byId("report-kind").value;
  table.show(reports.filter((report) => kind === "all" || report.kind === kind));
}

const text = (value) => String(value ?? NOTHING);

function opener(report) {
  return el("button", { type: "button", class: "link", text: report.name, on: { click: () => open(report) } });
}

function open(report) {
  const address = `/reports/${report.path.split("/").map(encodeURIComponent).join("/")}`;
  byId("report-shown").hidden = false;
  byId("report-name").textContent = report.name;
  byId("report-link").href = address;
  byId("report-frame").src = address;
  byId("report-shown").scrollIntoView();
}
