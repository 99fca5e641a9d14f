// What wants a person's eye, and what people did, newest first.

import { byId } from "/static/js/dom.js";
import { time, words } from "/static/js/cells.js";
import { Table } from "/static/js/table.js";

const TONES = { critical: "loss", error: "loss", warning: "warning" };
let table = null;

export function drawAlerts(bot) {
  table ??= new Table(byId("alerts"), {
    name: "Alerts and actions",
    columns: [
      time, { name: "Severity", cell: (row) => ({ text: row.severity, tone: TONES[row.severity] ?? "" }) },
      words("From", "source"), words("Message", "message", true),
    ],
    key: (row) => row.key,
    empty: "No alerts, and nobody has done anything.",
    fixed: true,
  });
  const { alert = [], operator = [] } = bot?.events ?? {};
  table.show([...alert, ...operator.map(asAlert)].sort((a, b) => b.key - a.key));
}

function asAlert({ key, ts_ns, who, action, subject, reason, answer }) {
  const message = [action, subject, reason && `(${reason})`, answer && `\u2192 ${answer}`].filter(Boolean).join(" ");
  return { key, ts_ns, severity: "action", source: who, message };
}
