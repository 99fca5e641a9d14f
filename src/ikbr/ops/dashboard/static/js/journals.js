// Journals: which there are, and their records, found by kind and text.

import { ask } from "/static/js/api.js";
import { byId, el } from "/static/js/dom.js";
import { exact, moment, number } from "/static/js/format.js";
import { Table } from "/static/js/table.js";

const AT_ONCE = 200;
const THE_LAST = -1;
let journals = null;
let records = null;
let chosen = null;
let next = null;

/** Look which journals there are. */
export async function openJournals() {
  if (journals === null) prepare();
  try {
    const found = await ask("/api/journals");
    journals.show(found);
    if (chosen === null && found.length) await choose(found[0].name);
  } catch (refusal) {
    journals.empty.textContent = refusal.message;
  }
}

function prepare() {
  journals = new Table(byId("journals"), {
    name: "Journals",
    columns: [
      { name: "Journal", cell: opener }, { name: "Account", cell: (row) => row.account || "\u2013" },
      { name: "Records", end: true, cell: (row) => number(row.records) },
      { name: "First", cell: (row) => moment(row.first_ns) }, { name: "Last", cell: (row) => moment(row.last_ns) },
      { name: "Hash chain", prose: true, cell: chainOf },
    ],
    key: (row) => row.name,
    empty: "There are no journals yet; every session of ikbr paper or ikbr live writes one.",
  });
  records = new Table(byId("records"), {
    name: "Records",
    columns: [
      { name: "No.", end: true, cell: (row) => number(row.seq) },
      { name: "Time", cell: (row) => ({ text: moment(row.ts_ns), title: exact(row.ts_ns) }) },
      { name: "Kind", cell: (row) => row.kind }, { name: "Record", prose: true, cell: recordOf },
    ],
    key: (row) => row.seq,
    empty: "Choose a journal.",
    fixed: true,
  });
  byId("journal-search").addEventListener("submit", (event) => {
    event.preventDefault();
    load(null);
  });
  byId("journal-first").addEventListener("click", () => load(null));
  byId("journal-last").addEventListener("click", () => load(THE_LAST));
  byId("journal-next").addEventListener("click", () => load(next));
}

const openers = new Map();

function opener({ name }) {
  if (!openers.has(name)) {
    openers.set(name, el("button", { type: "button", class: "link", text: name, on: { click: () => choose(name) } }));
  }
  return openers.get(name);
}

function chainOf({ verified, message }) {
  if (verified) return { text: "whole", tone: "gain" };
  if (verified === false) return { text: `broken: ${message}`, tone: "loss" };
  return `not checked${message ? `: ${message}` : ""}`;
}

function recordOf(record) {
  const whole = el("pre");
  const box = el("details", {}, el("summary", { text: record.summary || record.kind }), whole);
  box.addEventListener("toggle", () => { whole.textContent = box.open ? JSON.stringify(record.data, null, 2) : ""; });
  return box;
}

function choose(name) {
  chosen = name;
  byId("journal-name").textContent = `Records of ${name}`;
  return load(null);
}

/** Show records after a number; from the first on without one. */
async function load(after) {
  if (chosen === null) return;
  const asked = new URLSearchParams({ limit: AT_ONCE });
  for (const [name, value] of new FormData(byId("journal-search"))) if (value) asked.set(name, value);
  if (after !== null) asked.set("after", after);
  try {
    const page = await ask(`/api/journals/${encodeURIComponent(chosen)}?${asked}`);
    next = page.next ?? null;
    records.show([]); // numbers repeat from journal to journal: begin with no rows
    records.show(page.records);
    records.empty.textContent = "No record fits.";
  } catch (refusal) {
    records.show([]);
    records.empty.textContent = refusal.message;
  }
  byId("journal-next").disabled = next === null;
}
