// Views by the part of the address after #: one is shown at a time.

import { byId } from "/static/js/dom.js";

const NAMES = ["now", "risk", "strategies", "health", "reports", "journal"];

/** Show the view that the address names; tell which. */
export function watchViews(onView) {
  const show = () => {
    const asked = location.hash.slice(1);
    if (asked === "main") return; // the link past the head moves the focus only
    const view = NAMES.includes(asked) ? asked : "now";
    for (const name of NAMES) byId(`view-${name}`).hidden = name !== view;
    for (const link of byId("views").children) {
      if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    onView(view);
  };
  addEventListener("hashchange", show);
  show();
}
