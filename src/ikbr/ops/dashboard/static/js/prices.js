// The live price of a symbol in candles, with the bot's fills marked.

import { ask } from "/static/js/api.js";
import { byId, el } from "/static/js/dom.js";
import { Following, colour, local, newChart, showLegend } from "/static/js/chart.js";
import { number, price } from "/static/js/format.js";

const CANDLE_S = 60;
const FEWEST = 30; // there is room for so many, or the first ones were as wide as a hand
const CANDLES = 90; // shown at most
const PATIENCE_MS = 5_000;
const REDRAW_MS = 100; // a chart that moves ten times a second looks alive, and leaves time for the rest
let made = null;
let shown = noSymbol(null, "");

function noSymbol(bot, symbol) {
  return { bot, symbol, candle: null, count: 0, starts: new Set(), loaded: false, marked: -1, moved_ms: 0, asked_ms: performance.now() };
}

export function drawPrices(bot) {
  const symbols = symbolsOf(bot);
  byId("price-empty").hidden = symbols.length > 0;
  byId("symbol").parentElement.hidden = symbols.length === 0;
  byId("price-chart").hidden = symbols.length === 0;
  if (symbols.length === 0) {
    offer([]);
    return showLegend(byId("price-legend"), []);
  }
  made ??= make();
  offer(symbols, symbols.find((symbol) => bot.prices.has(symbol)));
  const symbol = byId("symbol").value;
  if (shown.bot !== bot || shown.symbol !== symbol) begin(bot, symbol);
  const quote = bot.prices.get(symbol);
  if (shown.loaded) {
    const now = performance.now();
    if (quote && now - shown.moved_ms >= REDRAW_MS) {
      shown.moved_ms = now;
      move(quote);
    }
    mark(bot.events.fill.filter((fill) => fill.symbol === symbol && isDrawn(startOf(fill))));
  }
  if (shown.at === undefined) showLegend(byId("price-legend"), legendOf(quote));
  return undefined;
}

/** Say what the candle is that a person points at, and what was filled in it. */
function point({ time, seriesData }) {
  const candle = seriesData.get(made.series);
  shown.at = candle === undefined ? undefined : time;
  if (candle === undefined) return;
  const filled = [[true, "Bought", "buy"], [false, "Sold", "sell"]]
    .map(([buys, name, tone]) => [name, shown.sums?.get(`${time} ${buys}`)?.quantity, tone])
    .filter(([, quantity]) => quantity !== undefined)
    .map(([name, quantity, tone]) => [name, number(quantity), tone]);
  const { open, high, low, close } = candle;
  showLegend(byId("price-legend"), [
    ["Open", price(open)], ["High", price(high)], ["Low", price(low)], ["Close", price(close)], ...filled,
  ]);
}

function symbolsOf(bot) {
  if (!bot) return [];
  const held = (bot.state?.positions ?? []).map((position) => position.symbol);
  return [...new Set([...bot.prices.keys(), ...Object.keys(bot.state?.data_age_s ?? {}), ...held])].sort();
}

/** Offer symbols to choose from; `first` is shown until a person has chosen. */
function offer(symbols, first) {
  const box = byId("symbol");
  if (symbols.join("\n") === [...box.options].map((option) => option.value).join("\n")) return;
  const chosen = symbols.includes(box.value) ? box.value : first;
  box.replaceChildren(...symbols.map((symbol) => el("option", { value: symbol, text: symbol, selected: symbol === chosen })));
}

const legendOf = (quote) => (quote ? [
  ["Bid", `${price(quote.bid)} × ${number(quote.bid_size)}`], ["Ask", `${price(quote.ask)} × ${number(quote.ask_size)}`],
  ["Last", price(quote.last)],
] : [["", "No price yet."]]);

async function begin(bot, symbol) {
  if (shown.bot !== bot || shown.symbol !== symbol) {
    made.series.setData([]);
    made.markers.setMarkers([]);
  }
  shown = noSymbol(bot, symbol);
  const mine = shown;
  const path = `/api/bots/${encodeURIComponent(bot.id)}/bars?symbol=${encodeURIComponent(symbol)}&seconds=${CANDLE_S}`;
  const { bars } = await ask(path).catch(() => ({ bars: [] }));
  if (mine !== shown) return; // another symbol was chosen meanwhile
  made.series.setData(bars.map(([start, open, high, low, close]) => ({ time: local(start), open, high, low, close })));
  const last = bars.at(-1);
  shown.candle = last ? { start: last[0], open: last[1], high: last[2], low: last[3], close: last[4] } : null;
  shown.starts = new Set(bars.map(([start]) => start));
  shown.count = bars.length;
  shown.loaded = true;
  made.following.begin(bars.length);
  drawPrices(bot);
}

/** Let a price move the candle of its minute. */
function move(quote) {
  const { bid, ask } = quote;
  const at = quote.last ?? (bid === null || ask === null ? null : (bid + ask) / 2);
  if (!Number.isFinite(at) || !Number.isFinite(quote.ts_ns)) return;
  const start = startOf(quote);
  const candle = shown.candle;
  if (candle !== null && start < candle.start) return;
  if (candle !== null && start > candle.start + CANDLE_S && performance.now() > shown.asked_ms + PATIENCE_MS) {
    begin(shown.bot, shown.symbol); // the page was hidden for some candles
    return;
  }
  const isNew = candle === null || start > candle.start;
  shown.candle = candle !== null && candle.start === start
    ? { ...candle, high: Math.max(candle.high, at), low: Math.min(candle.low, at), close: at }
    : { start, open: at, high: at, low: at, close: at };
  shown.starts.add(start);
  const { open, high, low, close } = shown.candle;
  made.series.update({ time: local(start), open, high, low, close });
  if (isNew) made.following.show(++shown.count);
}

/** A fill of a minute without a candle would be marked at the wrong one. */
const isDrawn = (start) => shown.starts.has(start);

const startOf = ({ ts_ns }) => Math.floor(ts_ns / 1e9 / CANDLE_S) * CANDLE_S;

/** Mark fills: one arrow for each candle and side; the line above says how many where one points. */
function mark(fills) {
  const newest = fills[0]?.key ?? 0;
  if (newest === shown.marked) return;
  shown.marked = newest;
  const sums = new Map();
  for (const fill of fills) {
    const buys = /^b/i.test(fill.side);
    const key = `${local(startOf(fill))} ${buys}`;
    const sum = sums.get(key) ?? { start: startOf(fill), buys, quantity: 0 };
    sum.quantity += fill.quantity;
    sums.set(key, sum);
  }
  shown.sums = sums;
  made.markers.setMarkers([...sums.values()].sort((a, b) => a.start - b.start).map(markerOf));
}

const markerOf = ({ start, buys }) => ({
  time: local(start), position: buys ? "belowBar" : "aboveBar", shape: buys ? "arrowUp" : "arrowDown",
  color: colour(buys ? "buy" : "sell"),
});

function make() {
  const paint = () => {
    const up = colour("gain");
    const down = colour("loss");
    made?.series.applyOptions({ upColor: up, wickUpColor: up, borderUpColor: up, downColor: down, wickDownColor: down, borderDownColor: down });
    shown.marked = -1; // markers have their colour from the theme too
  };
  const { chart, painted } = newChart(byId("price-chart"), paint);
  const series = chart.addSeries(LightweightCharts.CandlestickSeries, {
    priceFormat: { type: "custom", formatter: price, minMove: 0.01 },
  });
  chart.timeScale().applyOptions({ secondsVisible: false });
  const following = new Following(chart, byId("price-chart"), FEWEST, CANDLES);
  made = { chart, series, following, markers: LightweightCharts.createSeriesMarkers(series, []) };
  chart.subscribeCrosshairMove(point);
  byId("symbol").addEventListener("change", () => drawPrices(shown.bot));
  painted();
  return made;
}
