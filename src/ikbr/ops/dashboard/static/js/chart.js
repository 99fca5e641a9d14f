// A chart in the page's colours and on this machine's clock.

import { el, say } from "/static/js/dom.js";

const charts = [];
const root = document.documentElement;

export const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

const paintAll = () => { for (const paint of charts) paint(); };
addEventListener("ikbr-theme", paintAll);

/** The library draws UTC: give it local time as if it were. `ts_s`: seconds UTC. */
export const local = (ts_s) => ts_s - 60 * new Date(ts_s * 1000).getTimezoneOffset();

const clock = (seconds) => new Date(Math.round(seconds * 1000)).toISOString().slice(0, 19).replace("T", " ");

/** Make a chart in a box; `paint` colours its series, now and whenever the theme changes. */
export function newChart(box, paint) {
  const chart = LightweightCharts.createChart(box, {
    autoSize: true,
    // The library's own logo brings a style that the page's policy refuses; the foot of the page names it instead.
    layout: { attributionLogo: false, fontFamily: getComputedStyle(document.body).fontFamily },
    localization: { locale: "en-US", timeFormatter: clock },
    timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 4 },
    rightPriceScale: { borderVisible: false, minimumWidth: 76, entireTextOnly: true },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
    crosshair: { mode: 0 },
  });
  const all = () => {
    chart.applyOptions({
      layout: { background: { color: colour("card") }, textColor: colour("soft") },
      grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
      timeScale: { borderColor: colour("line") },
    });
    paint(chart);
  };
  return { chart, painted: () => { charts.push(all); all(); } };
}

const LABEL_PX = 30; // half a label of the time axis and a little: labels at the ends stay whole

/** Keep the newest points in view until a person moves the chart; a double click goes on. */
export class Following {
  /** There is room for at least `least` points, and `most` are shown at most. */
  constructor(chart, box, least = 1, most = Infinity) {
    this.chart = chart;
    this.least = least;
    this.most = most;
    this.on = true;
    this.count = 0;
    box.addEventListener("pointerdown", () => { this.on = false; });
    box.addEventListener("dblclick", () => this.begin(this.count));
    new ResizeObserver(() => this.show(this.count)).observe(box);
  }

  begin(count) {
    this.on = true;
    this.show(count);
  }

  show(count) {
    this.count = count;
    if (!this.on || count === 0) return;
    const first = Math.max(0, count - this.most);
    const last = Math.max(count, this.least) - 1;
    const width = Math.max(4 * LABEL_PX, this.chart.timeScale().width());
    const room = ((last - first + 1) * LABEL_PX) / (width - 2 * LABEL_PX);
    this.chart.timeScale().setVisibleLogicalRange({ from: first - room, to: last + room });
  }
}

/** Write what a chart shows into the line above it: [name, value, tone]. Parts that are there stay: a
 * price that comes fifty times a second must not make elements. */
export function showLegend(line, parts) {
  while (line.childElementCount > parts.length) line.lastElementChild.remove();
  parts.forEach(([name, value, tone], place) => {
    const part = line.children[place] ?? line.appendChild(el("span", {}, el("span"), el("b")));
    say(part.firstElementChild, name ? `${name} ` : "");
    say(part.lastElementChild, value, tone);
  });
}
