// Wire the page: messages → store → panels, once per frame.

import { ask, keepToken, post } from "/static/js/api.js";
import { byId } from "/static/js/dom.js";
import { drawAlerts } from "/static/js/alerts.js";
import { drawControls } from "/static/js/controls.js";
import { drawEquity } from "/static/js/equity.js";
import { drawFills } from "/static/js/fills.js";
import { drawGlance } from "/static/js/glance.js";
import { drawLatency } from "/static/js/latency.js";
import { drawLimits } from "/static/js/limits.js";
import { drawLink } from "/static/js/link.js";
import { drawLog } from "/static/js/log.js";
import { drawOrderHistory } from "/static/js/order_history.js";
import { drawOrders } from "/static/js/orders.js";
import { drawPositions } from "/static/js/positions.js";
import { drawPrices } from "/static/js/prices.js";
import { drawRefusals } from "/static/js/refusals.js";
import { drawSignals } from "/static/js/signals.js";
import { drawStrategies } from "/static/js/strategies.js";
import { drawTiles } from "/static/js/tiles.js";
import { Frames } from "/static/js/frames.js";
import { openJournals } from "/static/js/journals.js";
import { openReports } from "/static/js/reports.js";
import { keepLine } from "/static/js/socket.js";
import { Store } from "/static/js/store.js";
import { watchViews } from "/static/js/views.js";

const page = { store: new Store(), chosen: "", online: false, lost_ms: 0, view: "now", choose };
const frames = new Frames(page, [
  { view: "", topics: ["state", "others", "bots", "me", "clock"], draw: drawGlance },
  { view: "now", topics: ["bots", "me", "state"], draw: drawControls },
  { view: "now", topics: ["state"], draw: drawTiles },
  { view: "now", topics: ["equity", "bots", "state"], draw: drawEquity },
  { view: "now", topics: ["prices", "fill", "state"], draw: drawPrices },
  { view: "now", topics: ["state"], draw: drawPositions },
  { view: "now", topics: ["state", "me"], draw: drawOrders },
  { view: "now", topics: ["fill"], draw: drawFills },
  { view: "now", topics: ["signal"], draw: drawSignals },
  { view: "now", topics: ["order"], draw: drawOrderHistory },
  { view: "now", topics: ["alert", "operator"], draw: drawAlerts },
  { view: "risk", topics: ["risk"], draw: drawLimits },
  { view: "risk", topics: ["refusal"], draw: drawRefusals },
  { view: "strategies", topics: ["bots", "me"], draw: drawStrategies },
  { view: "health", topics: ["state"], draw: drawLink },
  { view: "health", topics: ["latency"], draw: drawLatency },
  { view: "health", topics: ["log"], draw: drawLog },
]);

function choose(id) {
  page.chosen = id;
  frames.all();
}

function onMessage(message) {
  const [bot, topic] = page.store.take(message, performance.now());
  if (!page.store.bots.has(page.chosen)) choose(page.store.bots.keys().next().value ?? "");
  if (topic === "anew") frames.all();
  else if (bot === "" || bot === page.chosen) frames.need(topic);
  else if (topic === "state") frames.need("others");
}

function onLine(online) {
  if (page.online && !online) page.lost_ms = performance.now();
  if (online) page.store.forget();
  page.online = online;
  document.body.classList.toggle("stale", !online);
  frames.all();
}

watchViews((view) => {
  page.view = view;
  frames.all();
  if (view === "reports") openReports();
  if (view === "journal") openJournals();
});
byId("logout").addEventListener("click", async () => {
  await post("/logout", {}).catch(() => null);
  location.assign("/login");
});
setInterval(() => frames.need("clock"), 1000);
ask("/api/me").then((me) => {
  keepToken(me.csrf);
  keepLine(onMessage, onLine);
}, (refusal) => { byId("why").textContent = refusal.message; });
