// The equity curve, against what the session began with.

import { byId } from "/static/js/dom.js";
import { colour, local, newChart, showLegend } from "/static/js/chart.js";
import { money, signed, tone } from "/static/js/format.js";

const LABEL_PX = 30; // half a label and a little
let made = null;
let shown = { bot: null, points: null, count: 0 };

export function drawEquity(bot) {
  const points = bot?.equity ?? [];
  byId("equity-empty").hidden = points.length > 0;
  byId("equity-chart").hidden = points.length === 0;
  if (points.length === 0) return showLegend(byId("equity-legend"), []);
  made ??= make();
  const opening = bot.state?.opening ?? points[0][1];
  if (made.opening !== opening) {
    made.opening = opening;
    made.series.applyOptions({ baseValue: { type: "price", price: opening } });
  }
  if (shown.bot !== bot || shown.points !== points) setAll(bot, points);
  else {
    for (const point of points.slice(shown.count)) made.series.update(asPoint(point));
    if (made.whole && points.length > shown.count) showWhole(points.length);
  }
  shown = { bot, points, count: points.length };
  const [, equity] = points.at(-1);
  showLegend(byId("equity-legend"), [
    ["Now", `${money(equity)} ${bot.state?.base ?? ""}`], ["since the start", signed(equity - opening), tone(equity - opening)],
  ]);
  return undefined;
}

const asPoint = ([ts_ns, value]) => ({ time: local(ts_ns / 1e9), value });

function setAll(bot, points) {
  made.series.setData(points.map(asPoint));
  made.whole = true;
  showWhole(points.length);
}

/** Show all of the session; room at both ends keeps the labels of the time axis whole. */
function showWhole(count) {
  const width = Math.max(100, made.chart.timeScale().width());
  const room = (count * LABEL_PX) / (width - 2 * LABEL_PX);
  made.chart.timeScale().setVisibleLogicalRange({ from: -room, to: count + room });
}

function make() {
  const paint = () => made?.series.applyOptions({
    topLineColor: colour("gain"), topFillColor1: `${colour("gain")}44`, topFillColor2: `${colour("gain")}08`,
    bottomLineColor: colour("loss"), bottomFillColor1: `${colour("loss")}08`, bottomFillColor2: `${colour("loss")}44`,
  });
  const { chart, painted } = newChart(byId("equity-chart"), paint);
  const series = chart.addSeries(LightweightCharts.BaselineSeries, {
    lineWidth: 2, priceLineVisible: false, priceFormat: { type: "custom", formatter: money, minMove: 0.01 },
  });
  made = { chart, series, opening: null, whole: true };
  byId("equity-chart").addEventListener("pointerdown", () => { made.whole = false; });
  byId("equity-chart").addEventListener("dblclick", () => { made.whole = true; });
  painted();
  return made;
}
