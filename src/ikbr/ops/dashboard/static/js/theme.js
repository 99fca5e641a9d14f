// Colours as the system has them, or as chosen. Not a module: it must act before the first paint.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const names = ["auto", "light", "dark"];
  const remembered = (value) => {
    try {
      if (value) localStorage.setItem("ikbr-theme", value);
      return localStorage.getItem("ikbr-theme");
    } catch {
      return null; // a browser without storage simply does not remember
    }
  };
  let theme = names.includes(remembered()) ? remembered() : "auto";
  const paint = () => {
    root.dataset.theme = theme === "dark" || (theme === "auto" && dark.matches) ? "dark" : "light";
    const button = document.getElementById("theme");
    if (button) button.textContent = `Colours: ${theme}`;
    dispatchEvent(new CustomEvent("ikbr-theme"));
  };
  dark.addEventListener("change", paint);
  addEventListener("DOMContentLoaded", () => {
    paint();
    document.getElementById("theme")?.addEventListener("click", () => {
      theme = names[(names.indexOf(theme) + 1) % names.length];
      remembered(theme);
      paint();
    });
  });
  paint();
})();
