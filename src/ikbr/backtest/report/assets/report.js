"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("chart-data").textContent);
  const charts = [];

  // --- colours: as the system, or as chosen ------------------------------------------------
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const themes = ["Auto", "Light", "Dark"];
  let theme = "Auto";
  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("ikbr-theme", value);
      return localStorage.getItem("ikbr-theme");
    } catch {
      return null; // a file opened without storage simply does not remember
    }
  };
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const paint = () => {
    const dark = theme === "Dark" || (theme === "Auto" && systemDark.matches);
    root.dataset.theme = dark ? "dark" : "light";
    byId("theme").textContent = theme;
    for (const each of charts) each.paint();
  };
  byId("theme").addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    remembered(theme);
    paint();
  });
  systemDark.addEventListener("change", paint);
  // Paper is light.
  addEventListener("beforeprint", () => {
    root.dataset.theme = "light";
    for (const each of charts) each.paint();
  });
  addEventListener("afterprint", paint);

  // --- numbers and times -------------------------------------------------------------------
  const digits = (places) => new Intl.NumberFormat("en-US", {
    minimumFractionDigits: places, maximumFractionDigits: places,
  });
  const minus = (text) => text.replace("-", "\u2212");
  // Times are the exchange's wall clock written as if it were UTC.
  const clock = (seconds) =>
    new Date(Math.round(seconds * 1000)).toISOString().slice(0, 19).replace("T", " ");
  
  const unpack = ({ first, steps, values }) => {
    let at = first;
    return values.map((value, n) => {
      if (n) at += steps[n - 1];
      return { time: at / 1000, value };
    });
  };
  // Seconds are shown on the axis of runs of up to half an hour only.
  const length = (series) => (series ? series.steps.reduce((sum, step) => sum + step, 0) : 0);
  const fine = Math.max(length(data.equity), ...data.prices.map((each) => length(each.series))) < 1.8e6;
  const tick = (seconds, kind) => {
    const text = new Date(Math.round(seconds * 1000)).toISOString();
    if (kind === 0) return text.slice(0, 4);
    if (kind === 1) return text.slice(0, 7);
    if (kind === 2) return text.slice(5, 10);
    return kind === 3 || !fine ? text.slice(11, 16) : text.slice(11, 19);
  };
  const show = (line, parts) => {
    line.replaceChildren(...parts.flatMap(([name, value, css]) => {
      const strong = document.createElement("b");
      strong.textContent = value;
      if (css) strong.className = css;
      return [name ? name + " " : "", strong];
    }));
  };

  // --- charts --------------------------------------------------------------------------------
  const make = (box) => {
    const chart = LightweightCharts.createChart(box, {
      autoSize: true,
      layout: { attributionLogo: true, fontFamily: getComputedStyle(document.body).fontFamily },
      localization: { locale: "en-US", timeFormatter: clock },
      timeScale: { timeVisible: true, secondsVisible: true, tickMarkFormatter: tick, minBarSpacing: 0.01 },
      rightPriceScale: { borderVisible: false, minimumWidth: 84 },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
      crosshair: { mode: 0 },
    });
    const paintBase = () => chart.applyOptions({
      layout: {
        background: { color: colour("card") }, textColor: colour("soft"),
        panes: { separatorColor: colour("line") },
      },
      grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
      timeScale: { borderColor: colour("line") },
    });
    // The wheel scrolls the page; with Ctrl held it zooms, as in a map.
    box.addEventListener("wheel", (event) => {
      chart.applyOptions({ handleScale: { mouseWheel: event.ctrlKey } });
    }, { capture: true, passive: true });
    return { chart, paintBase };
  };
  // A little room at both ends keeps the labels of the time axis whole.
  const fit = (chart, count) =>
    chart.timeScale().setVisibleLogicalRange({ from: -0.025 * count, to: 1.025 * count });
  const money = digits(2);
  const asMoney = (value) => minus(money.format(value));
  const asPercent = (value) => minus(digits(2).format(value)) + " %";

  const drawEquity = () => {
    const box = byId("equity-chart");
    if (!box || !data.equity) return;
    const { chart, paintBase } = make(box);
    const equity = chart.addSeries(LightweightCharts.LineSeries, {
      lineWidth: 2, priceLineVisible: false,
      priceFormat: { type: "custom", formatter: asMoney, minMove: 0.01 },
    });
    const drawdown = chart.addSeries(LightweightCharts.AreaSeries, {
      lineWidth: 1, priceLineVisible: false, invertFilledArea: true,
      priceFormat: { type: "custom", formatter: asPercent, minMove: 0.01 },
    }, 1);
    const capital = equity.createPriceLine({
      price: data.capital, lineStyle: 2, lineWidth: 1, axisLabelVisible: false, color: "#888888",
    });
    const points = unpack(data.equity);
    const fallen = data.drawdown ? unpack(data.drawdown) : [];
    drawdown.priceScale().applyOptions({ scaleMargins: { top: 0.04, bottom: 0.12 } });
    equity.setData(points);
    drawdown.setData(fallen);
    const panes = chart.panes();
    if (panes.length > 1) { panes[0].setStretchFactor(2); panes[1].setStretchFactor(1); }
    fit(chart, points.length);
    const line = byId("equity-legend");
    const last = () => show(line, [
      ["", clock(points.at(-1).time)], ["Equity", asMoney(points.at(-1).value)],
      ...(fallen.length ? [["Drawdown", asPercent(fallen.at(-1).value)]] : []),
    ]);
    last();
    chart.subscribeCrosshairMove((at) => {
      const value = at.seriesData.get(equity);
      const under = at.seriesData.get(drawdown);
      if (!at.time || (!value && !under)) return last();
      const parts = [["", clock(at.time)]];
      if (value) parts.push(["Equity", asMoney(value.value)]);
      if (under) parts.push(["Drawdown", asPercent(under.value)]);
      return show(line, parts);
    });
    const own = () => {
      paintBase();
      equity.applyOptions({ color: colour("accent") });
      capital.applyOptions({ color: colour("soft") });
      drawdown.applyOptions({
        lineColor: colour("loss"), topColor: colour("loss") + "55", bottomColor: colour("loss") + "11",
      });
    };
    charts.push({ paint: own });
  };

  const drawPrice = () => {
    const box = byId("price-chart");
    if (!box || !data.prices.length) return;
    const { chart, paintBase } = make(box);
    const price = chart.addSeries(LightweightCharts.LineSeries, { lineWidth: 1, priceLineVisible: false });
    const markers = LightweightCharts.createSeriesMarkers(price, []);
    const line = byId("price-legend");
    let shown = data.prices[0];
    let points = [];
    let fills = new Map();
    let asPrice = String;
    const mark = () => markers.setMarkers(shown.markers.map(([ms, side, , paid]) => ({
      time: ms / 1000, price: paid,
      position: side > 0 ? "atPriceBottom" : "atPriceTop",
      size: shown.markers.length > 200 ? 0.5 : 1,
      shape: side > 0 ? "arrowUp" : "arrowDown",
      color: colour(side > 0 ? "buy" : "sell"),
    })));
    const last = () => show(line, [["", clock(points.at(-1).time)], [shown.symbol, asPrice(points.at(-1).value)]]);
    const select = (place) => {
      shown = data.prices[place];
      const format = digits(shown.decimals);
      asPrice = (value) => minus(format.format(value));
      price.applyOptions({
        priceFormat: { type: "custom", formatter: asPrice, minMove: 10 ** -shown.decimals },
      });
      points = unpack(shown.series);
      fills = new Map();
      for (const fill of shown.markers) {
        const at = fill[0] / 1000;
        fills.set(at, [...(fills.get(at) ?? []), fill]);
      }
      price.setData(points);
      mark();
      const drawn = shown.markers.length;
      byId("marker-note").textContent = !shown.fills ? "No fills in " + shown.symbol + "."
        : drawn < shown.fills ? drawn.toLocaleString("en-US") + " of " +
          shown.fills.toLocaleString("en-US") + " fills are marked, evenly spread." : "";
      fit(chart, points.length);
      last();
    };
    chart.subscribeCrosshairMove((at) => {
      const value = at.seriesData.get(price);
      if (!at.time || !value) return last();
      const here = (fills.get(at.time) ?? []).slice(0, 3).map(([, side, quantity, paid]) => [
        "", (side > 0 ? "BUY " : "SELL ") + quantity.toLocaleString("en-US") + " @ " + asPrice(paid),
        side > 0 ? "buy" : "sell",
      ]);
      return show(line, [["", clock(at.time)], [shown.symbol, asPrice(value.value)], ...here]);
    });
    byId("symbol")?.addEventListener("change", (event) => select(Number(event.target.value)));
    charts.push({
      paint: () => {
        paintBase();
        price.applyOptions({ color: colour("soft") });
        mark();
      },
    });
    select(0);
  };

  // --- tables: click a heading to sort -------------------------------------------------------
  const keyOf = (cell) => {
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = cell.textContent.trim();
    const bare = text.replace(/[,%\s]/g, "").replace("\u2212", "-");
    return bare !== "" && !Number.isNaN(Number(bare)) ? Number(bare) : text;
  };
  const compare = (a, b) => {
    const missing = (a === "\u2013") - (b === "\u2013");
    if (missing) return missing;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
      rows.sort((a, b) => (down ? compare(b[0], a[0]) : compare(a[0], b[0])));
      body.append(...rows.map(([, row]) => row));
    }));
  }

  const kept = remembered();
  if (themes.includes(kept)) theme = kept;
  paint();
  drawPrice();
  drawEquity();
  for (const each of charts) each.paint();
})();
