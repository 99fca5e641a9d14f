// A table that keeps its rows: only what is new or differs touches the page.

import { el, say } from "/static/js/dom.js";
import { newFigure, showFigure } from "/static/js/figure.js";

export const MOST_ROWS = 200;

/**
 * Columns: {name, end (numbers stand right), figure (their points stand below each other, and
 * they are in the unit of their row), prose (wraps, takes what room there is), kind (a class),
 * cell(row) → text | {text, tone, title} | Node}.
 */
export class Table {
  /**
   * @param box where to
   * @param name what the table shows, for those who cannot see it
   * @param columns what each row shows
   * @param key tells rows apart
   * @param empty words that stand there without rows
   * @param unit of the figures of a row; one that all rows share stands in the head alone
   * @param fixed rows never change once they are there
   */
  constructor(box, { name, columns, key, empty, unit = () => "", fixed = false }) {
    this.columns = columns;
    this.key = key;
    this.unit = unit;
    this.fixed = fixed;
    this.places = columns.map(() => 0);
    this.rows = new Map();
    this.body = el("tbody");
    this.empty = el("p", { class: "empty", text: empty });
    this.head = el("tr", {}, ...columns.map(headOf));
    this.table = el("table", { class: "cards", "aria-label": name }, el("thead", {}, this.head), this.body);
    this.scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, this.table);
    box.replaceChildren(this.scroll, this.empty);
    this.show([]);
  }

  /** Show rows in the order given, the first MOST_ROWS of them. */
  show(rows) {
    const shown = rows.slice(0, MOST_ROWS);
    const keys = new Set(shown.map(this.key));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    let next = this.body.firstElementChild;
    for (const values of shown) {
      const key = this.key(values);
      let row = this.rows.get(key);
      if (row === undefined) {
        row = el("tr", {}, ...this.columns.map(cellOf));
        this.rows.set(key, row);
        this.fill(row, values);
      } else if (!this.fixed) this.fill(row, values);
      if (row === next) next = next.nextElementSibling;
      else this.body.insertBefore(row, next);
    }
    this.nameUnits(new Set(shown.map(this.unit).filter(Boolean)));
    this.empty.hidden = shown.length > 0;
    this.scroll.hidden = shown.length === 0;
  }

  fill(row, values) {
    this.columns.forEach((column, place) => {
      const places = put(row.children[place], column, column.cell(values), this.unit(values));
      if (places <= this.places[place]) return;
      this.places[place] = places;
      this.table.style.setProperty(`--places-${place}`, String(places));
    });
  }

  /** Name a unit that all rows share in the head; others are as wide as the longest of them. */
  nameUnits(units) {
    const shared = units.size === 1 ? ` ${[...units][0]}` : "";
    this.columns.forEach(({ figure }, place) => {
      if (figure) say(this.head.children[place].lastChild, shared);
    });
    this.table.classList.toggle("one-unit", units.size === 1);
    const letters = Math.max(0, ...[...units].map((unit) => unit.length));
    this.table.style.setProperty("--letters", String(letters));
  }
}

function headOf({ name, end, figure }) {
  return el("th", { scope: "col", class: end || figure ? "end" : "" }, name, figure ? el("small") : null);
}

function cellOf({ name, end, figure, prose, kind }, place) {
  const cell = el("td", { class: end || figure ? "end" : prose ? "prose" : kind, data: { label: name } });
  if (figure) {
    cell.append(newFigure());
    cell.style.setProperty("--places", `var(--places-${place}, 0)`);
  }
  return cell;
}

/** Fill a cell; gives how many digits stand behind the point of its figure. */
function put(cell, column, value, unit) {
  if (value instanceof Node) {
    if (cell.firstChild !== value) cell.replaceChildren(value);
    return 0;
  }
  const { text, tone = "", title = "" } = typeof value === "object" ? value : { text: value };
  let places = 0;
  if (column.figure) places = showFigure(cell.firstChild, text, unit);
  else if (cell.textContent !== text) cell.textContent = text;
  if ((cell.dataset.tone ?? "") !== tone) cell.dataset.tone = tone;
  if (cell.title !== title) cell.title = title;
  return places;
}
