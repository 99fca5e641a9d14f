// A number in a cell: what stands before its point, what stands behind it, and its unit.

import { el, say } from "/static/js/dom.js";
import { NOTHING } from "/static/js/format.js";

export const newFigure = () =>
  el("span", { class: "figure" }, el("span"), el("span", { class: "fraction" }), el("small", { class: "unit" }));

/** Show a number in its unit; gives how many digits stand behind the point. */
export function showFigure(figure, text, unit) {
  const [whole, fraction, small] = figure.children;
  const point = text.indexOf(".");
  say(whole, point < 0 ? text : text.slice(0, point));
  say(fraction, point < 0 ? "" : text.slice(point));
  say(small, unit && text !== NOTHING ? ` ${unit}` : "");
  return point < 0 ? 0 : text.length - point - 1;
}
