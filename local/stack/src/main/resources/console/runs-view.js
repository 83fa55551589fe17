// The runs, newest first.

import { get } from "./api.js";
import { stateBar } from "./charts.js";
import { h, say, update } from "./dom.js";
import { STATES, count, duration, number, rate, since, time } from "./format.js";
import { LiveCounts } from "./live-counts.js";
import { poll } from "./poll.js";

const PAGE = 50;

/** Open runs whose feeds are read too; the others show the counts of their last sweep. */
const FOLLOWED = 3;

export function runsView(main, route, signal) {
  const said = route.parameters;
  const open = said.get("open") === "true";
  const paused = said.get("paused") === "true";
  const prefix = said.get("prefix") ?? "";
  const followed = new Map();
  let older = [];
  let cursor = null;

  const body = h("tbody");
  const note = h("p", { class: "muted shown-count", "aria-live": "polite" }, "Reading …");
  const empty = h("p", { class: "empty", hidden: true });
  const more = h("button", { type: "button", hidden: true, onclick: () => readOlder() }, "Older runs");
  const search = h("input", {
    id: "prefix", type: "search", value: prefix, autocomplete: "off", spellcheck: "false",
    onchange: () => go({ prefix: search.value.trim() }),
  });
  const onlyOpen = h("input", { id: "open", type: "checkbox", onchange: () => go({ open: onlyOpen.checked || "" }) });
  onlyOpen.checked = open;
  const onlyPaused = h("input", { id: "only-paused", type: "checkbox", onchange: () => go({ paused: onlyPaused.checked || "" }) });
  onlyPaused.checked = paused;
  const classes = { Ended: "number wide", Rate: "number wide", Created: "wide" };
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of runs", hidden: true },
    h("table", { class: "plain-table" },
      h("thead", {}, h("tr", {}, ["Run", "State", "Ended", "Progress", "Rate", "Created"].map((name) =>
        h("th", { scope: "col", class: classes[name] ?? null }, name)))),
      body));
  main.append(
    h("div", { class: "title" }, h("h1", {}, "Runs")),
    h("div", { class: "filters" },
      h("label", { for: "prefix" }, "Begins with"), search,
      h("span", { class: "check" }, onlyOpen, h("label", { for: "open" }, "Open ones only")),
      h("span", { class: "check" }, onlyPaused, h("label", { for: "only-paused" }, "Paused ones only")),
      note),
    empty, table, more);

  function go(change) {
    const next = new URLSearchParams(said);
    Object.entries(change).forEach(([name, value]) => (value === "" ? next.delete(name) : next.set(name, value)));
    location.hash = `#/${next.size > 0 ? `?${next}` : ""}`;
  }

  const asked = { limit: PAGE, prefix, open: open ? "true" : "", paused: paused ? "true" : "" };

  async function readOlder() {
    const page = await get("/v1/runs", { ...asked, cursor }, { signal });
    older = older.concat(page.runs);
    cursor = page.cursor ?? null;
    more.hidden = cursor === null;
    older.slice(-page.runs.length).forEach((run) => body.append(row(run, run.counts ?? {}, null)));
  }

  function row(status, counts, perSecond) {
    const ended = ["SUCCEEDED", "FAILED", "DEAD", "CANCELLED"].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    const isOpen = status.openDispatchCount > 0;
    const stale = isOpen && perSecond === null && status.countedAt
      ? `as of ${duration(since(status.countedAt))} ago` : "";
    return h("tr", { "data-id": status.runId },
      h("th", { scope: "row" }, h("a", { href: `#/run/${encodeURIComponent(status.runId)}` }, status.runId)),
      h("td", {}, badge(status)),
      h("td", { class: classes.Ended }, `${number(ended)} of ${number(status.stepCount)}`),
      h("td", { class: "progress" }, stateBar(counts, status.stepCount), h("span", { class: "counts" },
        STATES.filter((state) => counts[state] > 0).map((state) =>
          h("span", { class: `count ${state}` }, `${number(counts[state])} ${state.toLowerCase()}`)),
        stale ? h("span", { class: "muted small" }, stale) : null)),
      h("td", { class: classes.Rate }, isOpen && perSecond !== null ? rate(perSecond) : ""),
      h("td", { class: classes.Created }, h("time", { datetime: status.createdAt, title: `${duration(since(status.createdAt))} ago` }, time(status.createdAt))));
  }

  return poll(async () => {
    const page = await get("/v1/runs", asked, { signal });
    const live = page.runs.filter((run) => run.openDispatchCount > 0).slice(0, FOLLOWED);
    const following = new Set(live.map((run) => run.runId));
    [...followed.keys()].filter((runId) => !following.has(runId)).forEach((runId) => followed.delete(runId));
    await Promise.all(live.map(async (status) => {
      if (!followed.has(status.runId)) {
        followed.set(status.runId, new LiveCounts(status.runId));
      }
      await followed.get(status.runId).read(status, signal);
    }));
    const rows = page.runs.map((status) => {
      const counts = live.includes(status) ? followed.get(status.runId) : null;
      return row(status, counts ? counts.counts(status) : (status.counts ?? {}), counts ? counts.rate() : null);
    });
    update(body, rows, older.map((run) => row(run, run.counts ?? {}, null)));
    table.hidden = page.runs.length === 0;
    if (older.length === 0) {
      cursor = page.cursor ?? null;
      more.hidden = cursor === null;
    }
    empty.hidden = page.runs.length > 0;
    say(empty, prefix || open || paused
      ? "No run fits. Runs are found by the beginning of their ids."
      : "There are no runs yet. Dispatch some steps, and they show here.");
    say(note, page.runs.length === 0 ? "" : `${count(page.runs.length + older.length, "run")}${cursor ? ", and older ones" : ""}`);
  }, signal, { refused: (problem) => say(note, problem.message) });
}

export function badge(status) {
  const badges = [];
  if (status.cancelled) {
    badges.push(h("span", { class: "badge CANCELLED" }, "cancelled"));
  }
  if (status.paused) {
    badges.push(h("span", { class: "badge RETRYING" }, "paused"));
  }
  badges.push(status.openDispatchCount > 0
    ? h("span", { class: "badge RUNNING" }, "open")
    : h("span", { class: "badge QUEUED" }, "ended"));
  return badges;
}
