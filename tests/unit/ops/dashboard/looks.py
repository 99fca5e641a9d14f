"""What can be wrong with the looks of a page, found by asking the browser where things are."""

from __future__ import annotations

from playwright.sync_api import Page

CLIPPED = """[...document.querySelectorAll("main *, header *")].filter((one) => {
  if (!one.checkVisibility() || !one.textContent.trim()) return false;
  if (one.closest("svg, select, thead")) return false;
  const hides = getComputedStyle(one).overflowX === "hidden" || one.matches(".scroll");
  return hides && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1;
}).map((one) => one.outerHTML.slice(0, 200))"""

OVERLAPPING = """(() => {
  const all = ".view:not([hidden]) section, .tile, header > *, #controls > button";
  const boxes = [...document.querySelectorAll(all)].filter((one) => one.checkVisibility())
    .map((one) => [one, one.getBoundingClientRect()]);
  const found = [];
  for (const [a, p] of boxes) for (const [b, q] of boxes) {
    if (a === b || a.contains(b) || b.contains(a)) continue;
    const across = p.left < q.right - 1 && q.left < p.right - 1;
    if (across && p.top < q.bottom - 1 && q.top < p.bottom - 1)
      found.push(a.outerHTML.slice(0, 80) + " / " + b.outerHTML.slice(0, 80));
  }
  return found;
})()"""

EMPTY = """[...document.querySelectorAll(".view:not([hidden]) section")].filter((one) =>
  one.checkVisibility() && one.innerText.trim().split("\\n").length < 2 &&
  !one.querySelector("canvas, button"))
  .map((one) => one.outerHTML.slice(0, 200))"""

CHECKS = {"cut off": CLIPPED, "overlapping": OVERLAPPING, "empty": EMPTY}


def flaws(page: Page) -> list[str]:
    """Name what is cut off, lies over something else, or is empty."""
    return [f"{name}: {one}" for name, check in CHECKS.items() for one in page.evaluate(check)]
