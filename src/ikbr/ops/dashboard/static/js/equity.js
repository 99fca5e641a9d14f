// The equity curve, against what the session began with.

import { byId } from "/static/js/dom.js";
import { Following, colour, local, newChart, showLegend } from "/static/js/chart.js";
import { money, signed, tone } from "/static/js/format.js";

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
  else if (points.length > shown.count) {
    for (const point of points.slice(shown.count)) made.series.update(asPoint(point));
    made.following.show(points.length);
  }
  shown = { bot, points, count: points.length };
  const equity = bot.state?.equity ?? points.at(-1)[1]; // the curve has a point every few seconds only
  showLegend(byId("equity-legend"), [
    ["Now", `${money(equity)} ${bot.state?.base ?? ""}`], ["since the start", signed(equity - opening), tone(equity - opening)],
  ]);
  return undefined;
}

const asPoint = ([ts_ns, value]) => ({ time: local(ts_ns / 1e9), value });

function setAll(bot, points) {
  made.series.setData(points.map(asPoint));
  made.following.begin(points.length);
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
  made = { chart, series, opening: null, following: new Following(chart, byId("equity-chart")) };
  painted();
  return made;
}
