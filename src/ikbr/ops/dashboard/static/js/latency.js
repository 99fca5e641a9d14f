// Latency: percentiles and a histogram of each stage.

import { byId, drawn } from "/static/js/dom.js";
import { micros, number } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

const WIDTH = 240;
const HEIGHT = 36;
let table = null;
const histograms = new Map();

const percentile = (name, field) => ({ name, end: true, cell: (row) => micros(row[field]) });

export function drawLatency(bot) {
  table ??= new Table(byId("latency"), {
    name: "Latency",
    columns: [
      { name: "Stage", cell: (row) => row.name }, { name: "Count", end: true, cell: (row) => number(row.count) },
      percentile("p50", "p50_us"), percentile("p99", "p99_us"), percentile("p99.9", "p999_us"), percentile("Most", "max_us"),
      { name: "Distribution", cell: histogramOf },
    ],
    key: (row) => row.name,
    empty: "No order has been timed yet.",
  });
  table.show((bot?.stages ?? []).filter((stage) => stage.count > 0));
}

function histogramOf({ name, count, buckets }) {
  const known = histograms.get(name);
  if (known?.count === count) return known.node;
  const most = Math.max(1, ...buckets.map(([, many]) => many));
  const step = WIDTH / Math.max(1, buckets.length);
  const bars = buckets.filter(([, many]) => many > 0).map(([upper, many]) => {
    const place = buckets.findIndex(([other]) => other === upper);
    const height = Math.max(1.5, (HEIGHT * many) / most);
    const bar = drawn("rect", { x: place * step, y: HEIGHT - height, width: Math.max(1, step - 1), height });
    const title = drawn("title", {});
    title.textContent = `up to ${micros(upper)}: ${number(many)}`;
    bar.append(title);
    return bar;
  });
  const label = `${name}: ${number(count)} measured`;
  const node = drawn("svg", { class: "histogram", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, ...bars);
  histograms.set(name, { count, node });
  return node;
}
