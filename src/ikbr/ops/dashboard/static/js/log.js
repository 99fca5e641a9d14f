// The end of the bot's log, newest first.

import { byId } from "/static/js/dom.js";
import { time, words } from "/static/js/cells.js";
import { Table } from "/static/js/table.js";

const TONES = { CRITICAL: "loss", ERROR: "loss", WARNING: "warning" };
let table = null;

export function drawLog(bot) {
  table ??= new Table(byId("log"), {
    name: "Log",
    columns: [
      time, { name: "Level", cell: (row) => ({ text: String(row.level), tone: TONES[String(row.level).toUpperCase()] ?? "" }) },
      words("Logger", "logger"), words("Message", "message", true),
    ],
    key: (row) => row.key,
    empty: "The bot has logged nothing since it is watched.",
    fixed: true,
  });
  table.show(bot?.events.log ?? []);
}
