// What runs where, now: by worker.

import { get } from "./api.js";
import { h, say, update } from "./dom.js";
import { count, duration, since, time } from "./format.js";
import { poll } from "./poll.js";
import { stepAddress } from "./run-view.js";

const PAGE = 1000;
const MOST = 5000;

/** Of the columns; what is wide is left out on a narrow screen. */
const CLASSES = { Run: "wide", Attempt: "number wide", For: "number", "Last line": "message wide" };

export function runningView(main, route, signal) {
  const note = h("p", { class: "muted beside", "aria-live": "polite" }, "Reading …");
  const list = h("div", {});
  const worker = route.parameters.get("worker") ?? "";
  const empty = h("p", { class: "empty", hidden: true }, "Nothing runs.");
  main.append(h("div", { class: "title" }, h("h1", {}, "Running now"), note), empty, list);

  return poll(async () => {
    const entries = [];
    let cursor;
    do {
      const exact = cursor ? "" : "true"; // of a thousand, as it reads their records
      const page = await get("/v1/running", { limit: PAGE, exact, worker, cursor }, { signal });
      entries.push(...(page.steps ?? page.running ?? []));
      cursor = page.cursor;
    } while (cursor && entries.length < MOST && !signal.aborted);
    const workers = Map.groupBy(entries, (entry) => entry.worker);
    empty.hidden = entries.length > 0;
    say(note, entries.length === 0 ? "" : `${count(entries.length, "attempt")} on ${count(workers.size, "worker")}${cursor ? ", and more" : ""}`);
    update(list, [...workers.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, steps]) => section(name, steps)));
  }, signal, { refused: (problem) => say(note, problem.message) });

  function section(name, steps) {
    const lost = steps.some((step) => step.lost);
    const id = `worker-${name}`;
    return h("section", { class: "worker", "aria-labelledby": id, "data-id": name },
      h("h2", { id }, "Worker ", h("code", {}, name), " ",
        h("span", { class: `badge ${lost ? "DEAD" : "SUCCEEDED"}` }, lost ? "lost" : "alive"),
        h("span", { class: "muted small" }, ` lease until ${time(steps[0].leaseUntil)}`)),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Attempts on worker ${name}` },
        h("table", { class: "plain-table" },
          h("thead", {}, h("tr", {}, ["Step", "Run", "Attempt", "For", "Progress", "Last line"].map((each) =>
            h("th", { scope: "col", class: CLASSES[each] ?? null }, each)))),
          h("tbody", {}, steps.map((step) => h("tr", { "data-id": `${step.runId} ${step.key} ${step.attempt}` },
            h("th", { scope: "row" }, h("a", { href: stepAddress(step.runId, step.key) }, step.key)),
            h("td", { class: CLASSES.Run }, h("a", { href: `#/run/${encodeURIComponent(step.runId)}` }, step.runId)),
            h("td", { class: CLASSES.Attempt }, String(step.attempt)),
            h("td", { class: CLASSES.For }, duration(since(step.startedAt))),
            h("td", {}, progress(step)),
            h("td", { class: CLASSES["Last line"] }, step.lastLine ?? "")))))));
  }
}

function progress(step) {
  if (step.progress === undefined) {
    return step.progressNote ?? "";
  }
  const share = Math.round(step.progress * 100);
  const bar = h("span", { class: "part RUNNING" });
  bar.style.width = `${share}%`;
  return h("span", { class: "with-bar" }, h("span", { class: "bar small", role: "img", "aria-label": `${share} percent` }, bar),
    h("span", {}, ` ${share} % ${step.progressNote ?? ""}`));
}
