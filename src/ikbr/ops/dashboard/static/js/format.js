// Numbers, moments and durations as people read them.

export const NOTHING = "\u2013";

const known = (value) => value !== null && value !== undefined && Number.isFinite(value);
const minus = (text) => text.replace("-", "\u2212");
const made = new Map();

function digits(least, most) {
  const key = `${least}:${most}`;
  if (!made.has(key)) {
    const rules = { minimumFractionDigits: least, maximumFractionDigits: most };
    made.set(key, new Intl.NumberFormat("en-US", rules));
  }
  return made.get(key);
}

export const number = (value, least = 0, most = Math.max(least, 6)) =>
  known(value) ? minus(digits(least, most).format(value)) : NOTHING;
export const money = (value) => number(value, 2, 2);
export const price = (value) => number(value, 2, 5);
export const percent = (share, places = 1) =>
  known(share) ? `${number(100 * share, places, places)} %` : NOTHING;
/** A small share keeps the digits that say something: −0.0017 %, never −0.00 %. */
export const part = (value) => percent(value, value !== 0 && Math.abs(value) < 1e-3 ? 4 : 2);
export const signed = (value) => (known(value) && value > 0 ? "+" : "") + money(value);

/** Say whether a number is good or bad news. */
export const tone = (value) => (!known(value) || value === 0 ? "" : value > 0 ? "gain" : "loss");

/** A limit or what was measured against it: a number, or words. */
export const measured = (value) =>
  typeof value === "number" ? number(value, 0, 4) : value === null || value === undefined || value === "" ? NOTHING : String(value);

/** The same in its unit: amounts and per cents have two places. */
export const inUnit = (value, unit) =>
  typeof value === "number" && /^(%.*|[A-Z]{3})$/.test(unit ?? "") ? money(value) : measured(value);

/** Write a span of seconds: 0.2 s, 42 s, 3 min 5 s, 2 h 10 min. */
export function span(seconds) {
  if (!known(seconds)) return NOTHING;
  if (seconds < 10) return `${number(seconds, 1, 1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Write microseconds in the unit that suits them. */
export function micros(us) {
  if (!known(us)) return NOTHING;
  if (us < 1000) return `${number(us, 0, us < 10 ? 1 : 0)} µs`;
  if (us < 1e6) return `${number(us / 1000, 0, us < 1e4 ? 2 : 1)} ms`;
  return `${number(us / 1e6, 2, 2)} s`;
}

const two = (value) => String(value).padStart(2, "0");

/** Write the time of day of a moment (ns UTC) on this machine's clock. */
export function clock(ts_ns) {
  if (!known(ts_ns)) return NOTHING;
  const at = new Date(ts_ns / 1e6);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Write the same with its day. */
export function moment(ts_ns) {
  if (!known(ts_ns)) return NOTHING;
  const at = new Date(ts_ns / 1e6);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ts_ns)}`;
}

/** Write it exactly, in UTC. */
export const exact = (ts_ns) => (known(ts_ns) ? new Date(ts_ns / 1e6).toISOString().replace("T", " ") : NOTHING);
