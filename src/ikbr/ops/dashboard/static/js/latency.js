// Latency: percentiles and a histogram of each stage.

import { byId, drawn } from "/static/js/dom.js";
import { micros, number } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

const WIDTH = 240;
const HEIGHT = 36;
const DOUBLINGS = 26; // from 1 µs to 67 s
let table = null;
const histograms = new Map();

/** What each stage ends with; counted from the moment the bytes of the tick were read. */
const ENDS = {
  decoded: "tick decoded", signal: "strategy answered", risk: "risk let it pass", journal: "intent in the journal",
  written: "order at the socket (tick to order)", ack: "acknowledged", fill: "filled",
};

const percentile = (name, field) => ({ name, end: true, cell: (row) => micros(row[field]) });

export function drawLatency(bot) {
  table ??= new Table(byId("latency"), {
    name: "Latency",
    columns: [
      { name: "Until", cell: (row) => ENDS[row.name] ?? row.name }, { name: "Count", end: true, cell: (row) => number(row.count) },
      percentile("p50", "p50_us"), percentile("p99", "p99_us"), percentile("p99.9", "p999_us"), percentile("Most", "max_us"),
      { name: "1 µs to 1 min, each bar twice the last", cell: histogramOf },
    ],
    key: (row) => row.name,
    empty: "No order that a tick caused has been timed yet.",
  });
  table.show((bot?.stages ?? []).filter((stage) => stage.count > 0));
}

/** Draw counts over one scale for all stages, so that they can be compared. */
function histogramOf({ name, count, buckets }) {
  const known = histograms.get(name);
  if (known?.count === count) return known.node;
  const most = Math.max(1, ...buckets.map(([, many]) => many));
  const label = `${name}: ${number(count)} measured`;
  const node = drawn("svg", { class: "histogram", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    ...buckets.map(([upper, many]) => barOf(upper, many, many / most)));
  histograms.set(name, { count, node });
  return node;
}

function barOf(upper, many, share) {
  const step = WIDTH / DOUBLINGS;
  const place = Math.min(DOUBLINGS - 1, Math.max(0, Math.ceil(Math.log2(upper)) - 1));
  const height = Math.max(1.5, HEIGHT * share);
  const title = drawn("title", {});
  title.textContent = `up to ${micros(upper)}: ${number(many)}`;
  return drawn("rect", { x: place * step, y: HEIGHT - height, width: step - 1, height }, title);
}
