// Draw at most once per frame, and only what changed and is to be seen.

export class Frames {
  /** `panels`: {view ("" for all), topics, draw(bot, page)}. */
  constructor(page, panels) {
    this.page = page;
    this.panels = panels.map((panel) => ({ ...panel, topics: new Set(panel.topics), due: true }));
    this.waiting = false;
  }

  /** Something of this topic changed. */
  need(topic) {
    for (const panel of this.panels) if (panel.topics.has(topic)) panel.due = true;
    this.ask();
  }

  /** Everything is to be drawn again. */
  all() {
    for (const panel of this.panels) panel.due = true;
    this.ask();
  }

  ask() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const bot = this.page.store.bots.get(this.page.chosen);
    for (const panel of this.panels) {
      if (!panel.due || (panel.view && panel.view !== this.page.view)) continue;
      panel.due = false;
      panel.draw(bot, this.page);
    }
  }
}
