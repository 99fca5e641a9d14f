// A table that keeps its rows: only what is new or differs touches the page.

import { el } from "/static/js/dom.js";

export const MOST_ROWS = 200;

/**
 * Columns: {name, unit, end (numbers stand right), prose (wraps, takes what room there is),
 * kind (a class), cell(row) → text | {text, tone, title} | Node}.
 */
export class Table {
  /**
   * @param box where to
   * @param name what the table shows, for those who cannot see it
   * @param columns what each row shows
   * @param key tells rows apart
   * @param empty words that stand there without rows
   * @param fixed rows never change once they are there
   */
  constructor(box, { name, columns, key, empty, fixed = false }) {
    this.columns = columns;
    this.key = key;
    this.fixed = fixed;
    this.rows = new Map();
    this.body = el("tbody");
    this.empty = el("p", { class: "empty", text: empty });
    const head = el("tr", {}, ...columns.map(headOf));
    this.table = el("table", { class: "cards", "aria-label": name }, el("thead", {}, head), this.body);
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
        row = el("tr", {}, ...this.columns.map((column) => cellOf(column)));
        this.rows.set(key, row);
        this.fill(row, values);
      } else if (!this.fixed) this.fill(row, values);
      if (row === next) next = next.nextElementSibling;
      else this.body.insertBefore(row, next);
    }
    this.empty.hidden = shown.length > 0;
    this.scroll.hidden = shown.length === 0;
  }

  fill(row, values) {
    this.columns.forEach((column, place) => put(row.children[place], column.cell(values)));
  }
}

function headOf({ name, unit, end }) {
  return el("th", { scope: "col", class: end ? "end" : "" }, name, unit ? el("small", { text: ` ${unit}` }) : null);
}

function cellOf({ name, unit, end, prose, kind }) {
  const label = unit ? `${name}, ${unit}` : name;
  return el("td", { class: end ? "end" : prose ? "prose" : kind, data: { label } });
}

function put(cell, value) {
  if (value instanceof Node) {
    if (cell.firstChild !== value) cell.replaceChildren(value);
    return;
  }
  const { text, tone = "", title = "" } = typeof value === "object" ? value : { text: value };
  if (cell.textContent !== text) cell.textContent = text;
  if ((cell.dataset.tone ?? "") !== tone) cell.dataset.tone = tone;
  if (cell.title !== title) cell.title = title;
}
