"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");

  // --- colours: as the system, or as chosen (remembered together with the other reports) -----
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const themes = ["Auto", "Light", "Dark"];
  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("ikbr-theme", value);
      return localStorage.getItem("ikbr-theme");
    } catch {
      return null; // a file opened without storage simply does not remember
    }
  };
  let theme = themes.includes(remembered()) ? remembered() : "Auto";
  const paint = () => {
    const dark = theme === "Dark" || (theme === "Auto" && systemDark.matches);
    root.dataset.theme = dark ? "dark" : "light";
    button.textContent = theme;
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    remembered(theme);
    paint();
  });
  systemDark.addEventListener("change", paint);
  paint();

  // --- the table of runs: click a heading to sort; what has no number stays last -------------
  const keyOf = (cell) => (cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v));
  const order = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  const missing = (key) => key === "" || key === "\u2013";
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
      rows.sort((a, b) =>
        missing(a[0]) - missing(b[0]) || (down ? order(b[0], a[0]) : order(a[0], b[0])));
      body.append(...rows.map(([, row]) => row));
    }));
  }
})();
