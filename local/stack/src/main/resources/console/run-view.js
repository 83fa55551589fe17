// One run: how far it is, what failed, and each of its steps.

import { get, run as pathOf } from "./api.js";
import { cancel, pauseRun, redrive, resumeRun } from "./actions.js";
import { stateBar, throughput } from "./charts.js";
import { h, onceAFrame, say } from "./dom.js";
import { criteria, parameters, select, selection, selectsAll } from "./filter.js";
import { STATES, count, duration, hasEnded, number, rate, stepSeconds, time } from "./format.js";
import { LiveRun, MOST_STEPS } from "./live-run.js";
import { pause } from "./poll.js";
import { badge } from "./runs-view.js";
import { Table } from "./table.js";

const REDRAW = 250;
const REDRIVABLE = new Set(["FAILED", "DEAD", "CANCELLED"]);
const KINDS_EVERY = 1500;
const GROUPS = 100;

export function runView(main, route, signal) {
  const runId = route.runId;
  let wanted = criteria(route.parameters);
  let shownSteps = [];
  let inFailure = null;
  let failuresOf = "";

  // ------------------------------------------------------------------ what is seen
  const state = h("span", { class: "badges" });
  const facts = h("p", { class: "facts" });
  const bar = h("div", {});
  const chips = h("div", { class: "chips", role: "group", "aria-label": "States" });
  const chart = h("div", {});
  const failures = h("div", {}, h("p", { class: "muted" }, "Reading …"));
  const shown = h("p", { class: "muted shown-count", "aria-live": "polite" });
  const text = h("input", { id: "text", type: "search", value: wanted.text, autocomplete: "off", spellcheck: "false", "aria-keyshortcuts": "/" });
  const handler = h("select", { id: "handler" });
  const kind = h("select", { id: "kind" });
  const buttons = {
    pause: h("button", { type: "button", onclick: () => act(pauseRun(runId, live.counts())) }, "Pause …"),
    resume: h("button", { type: "button", hidden: true, onclick: () => act(resumeRun(runId)) }, "Resume …"),
    redrive: h("button", { type: "button", onclick: () => redriveShown() }, "Redrive …"),
    cancelShown: h("button", { type: "button", onclick: () => cancelShown() }, "Cancel shown …"),
    cancel: h("button", { type: "button", class: "danger", onclick: () => act(cancel(runId, null)) }, "Cancel run …"),
  };
  const table = new Table(`Steps of run ${runId}`, [
    { name: "State", class: "state", value: (step) => step.state, cell: (step) => h("span", { class: `badge ${step.state}` }, step.paused ? `${step.state} paused` : step.state) },
    { name: "Key", class: "key", value: (step) => step.key, cell: (step) => h("a", { href: stepAddress(runId, step.key), title: step.key }, step.key) },
    { name: "Handler", class: "handler", value: (step) => step.handler ?? "", cell: (step) => step.handler ?? "" },
    { name: "Attempt", class: "attempt number", value: (step) => step.attempt, cell: (step) => String(step.attempt) },
    { name: "Time", class: "time number", value: (step) => stepSeconds(step) ?? -1, cell: (step) => duration(stepSeconds(step)) },
    { name: "Began", class: "began", value: (step) => step.startedAt ?? "", cell: (step) => time(step.startedAt) },
    { name: "What", class: "message", cell: (step) => what(step) },
  ]);
  main.append(
    h("div", { class: "title" }, h("h1", {}, h("span", { class: "muted" }, "Run "), runId), state,
      h("div", { class: "actions" }, Object.values(buttons))),
    facts, bar, chips,
    h("div", { class: "two" },
      h("section", { "aria-labelledby": "h-throughput" }, h("h2", { id: "h-throughput" }, "Throughput"), chart),
      h("section", { "aria-labelledby": "h-failures" }, h("h2", { id: "h-failures" }, "Failures"), failures)),
    h("section", { "aria-labelledby": "h-steps", class: "steps" },
      h("h2", { id: "h-steps" }, "Steps"),
      h("div", { class: "filters" },
        h("label", { for: "text" }, "Key has"), text,
        h("label", { for: "handler" }, "Handler"), handler,
        h("label", { for: "kind" }, "Failure"), kind,
        h("button", { type: "button", class: "quiet", onclick: () => setWanted(criteria(new URLSearchParams())) }, "Show all"),
        shown),
      table.element));

  // ------------------------------------------------------------------ what is read
  const draw = onceAFrame(() => redraw());
  let drawing = null;
  const live = new LiveRun(runId, signal, () => {
    drawing ??= setTimeout(() => ((drawing = null), draw()), REDRAW);
  });
  const following = live.follow((problem) => {
    say(facts, problem.message);
  });

  function what(step) {
    if (step.state === "RUNNING") {
      const said = live.running.get(step.key);
      const share = said?.progress === undefined ? "" : `${Math.round(said.progress * 100)} % `;
      return `${share}${said?.progressNote ?? said?.lastLine ?? ""}`;
    }
    return step.error ? `${step.error.kind}: ${step.error.message}` : (step.damage ?? "");
  }

  function redraw() {
    if (signal.aborted || live.status === null) {
      return;
    }
    const status = live.status;
    const counts = live.loaded ? live.counts() : (status.counts ?? {});
    const total = live.loaded ? live.steps.length : status.stepCount;
    const ended = Object.entries(counts).reduce((sum, [name, n]) => sum + (hasEnded(name) ? n : 0), 0);
    const perSecond = live.rate();
    const left = perSecond > 0 && total > ended ? `, about ${duration((total - ended) / perSecond)} left` : "";
    state.replaceChildren(...badge(status));
    say(facts, `${number(ended)} of ${count(total, "step")} ended, ${rate(perSecond)}${left}. `
      + `${count(status.dispatchCount, "dispatch", "dispatches")}, ${number(status.openDispatchCount)} open. `
      + `Created ${time(status.createdAt)}.`);
    bar.replaceChildren(stateBar(counts, total));
    drawChips(counts);
    chart.replaceChildren(throughput(live.steps));
    drawChoices(handler, "any handler", new Set(live.steps.map((step) => step.handler)), wanted.handler);
    drawChoices(kind, "any or none", new Set(live.steps.map((step) => step.error?.kind)), wanted.kind);
    buttons.pause.hidden = status.paused === true || status.openDispatchCount === 0;
    buttons.resume.hidden = status.paused !== true;
    buttons.cancel.hidden = status.cancelled;
    filter();
    if (["FAILED", "DEAD", "RETRYING"].map((name) => counts[name] ?? 0).join() !== failuresOf) {
      readFailures(["FAILED", "DEAD", "RETRYING"].map((name) => counts[name] ?? 0).join());
    }
  }

  // ------------------------------------------------------------------ which steps are shown
  function filter() {
    performance.mark("filter");
    shownSteps = select(live.steps, wanted, inFailure);
    table.show(shownSteps);
    performance.measure("filter", "filter");
    const reading = live.loaded ? "" : ` of ${number(live.steps.length)} read so far`;
    const cut = live.steps.length >= MOST_STEPS ? `; only the first ${number(MOST_STEPS)} of the run are here` : "";
    say(shown, `${count(shownSteps.length, "step")} shown${reading}${cut}`);
    const chosen = selectsAll(wanted) ? null : selection(wanted, shownSteps);
    buttons.cancelShown.hidden = selectsAll(wanted) || shownSteps.every((step) => hasEnded(step.state));
    buttons.cancelShown.disabled = chosen === null;
    const redrivable = shownSteps.some((step) => REDRIVABLE.has(step.state));
    buttons.redrive.hidden = !redrivable;
    buttons.redrive.disabled = !selectsAll(wanted) && chosen === null;
    buttons.redrive.title = buttons.redrive.disabled
      ? "More than 1,000 steps have this text in their keys: choose by state, handler or failure instead." : "";
    buttons.redrive.textContent = selectsAll(wanted) ? "Redrive failed …" : "Redrive shown …";
  }

  function setWanted(next) {
    const failure = wanted.failure;
    wanted = next;
    text.value = wanted.text;
    const said = parameters(wanted);
    history.replaceState(null, "", `#/run/${encodeURIComponent(runId)}${said.size > 0 ? `?${said}` : ""}`);
    if (wanted.failure !== failure) {
      readInFailure();
    }
    redraw();
  }

  function drawChips(counts) {
    const names = STATES.filter((name) => counts[name] > 0 || wanted.states.has(name));
    if (chips.childElementCount !== names.length || [...chips.children].some((chip, i) => chip.dataset.state !== names[i])) {
      chips.replaceChildren(...names.map((name) => h("button", {
        type: "button", class: `chip ${name}`, "data-state": name, onclick: () => toggle(name),
      })));
    }
    names.forEach((name, i) => {
      say(chips.children[i], `${number(counts[name] ?? 0)} ${name}`);
      chips.children[i].setAttribute("aria-pressed", wanted.states.has(name));
    });
  }

  function toggle(name) {
    const states = new Set(wanted.states);
    states.delete(name) || states.add(name);
    setWanted({ ...wanted, states });
  }

  function drawChoices(control, any, values, chosen) {
    const names = [...values, chosen].filter(Boolean).sort();
    const unique = [...new Set(names)];
    if (control.dataset.of !== unique.join("\n")) {
      control.dataset.of = unique.join("\n");
      control.replaceChildren(h("option", { value: "" }, any), ...unique.map((name) => h("option", { value: name }, name)));
    }
    control.value = chosen;
  }

  text.addEventListener("input", () => setWanted({ ...wanted, text: text.value.trim() }));
  handler.addEventListener("change", () => setWanted({ ...wanted, handler: handler.value }));
  kind.addEventListener("change", () => setWanted({ ...wanted, kind: kind.value }));

  // ------------------------------------------------------------------ failures by cause
  let readingFailures = false;
  async function readFailures(of) {
    if (readingFailures) {
      return; // redrawn again, it sees that there are others
    }
    readingFailures = true;
    try {
      const groups = new Map();
      let others = 0;
      let cursor;
      do {
        const page = await get(pathOf(runId, "/failures"), { state: "FAILED,DEAD,RETRYING", cursor }, { signal });
        page.failures.forEach((group) => add(groups, group));
        others += page.otherCount ?? 0;
        cursor = page.cursor;
      } while (cursor && !signal.aborted);
      failuresOf = of;
      drawFailures([...groups.values()].sort((a, b) => b.count - a.count).slice(0, GROUPS), others);
      await pause(KINDS_EVERY, signal);
    } catch (e) {
      if (!signal.aborted) {
        failuresOf = of;
        failures.replaceChildren(h("p", { class: "wrong" }, e.message));
      }
    } finally {
      readingFailures = false;
    }
  }

  function add(groups, group) {
    const known = groups.get(group.failure);
    if (!known) {
      groups.set(group.failure, { ...group });
      return;
    }
    known.count += group.count;
    known.lastAt = known.lastAt > group.lastAt ? known.lastAt : group.lastAt;
    known.firstAt = known.firstAt < group.firstAt ? known.firstAt : group.firstAt;
  }

  function drawFailures(groups, others) {
    failures.replaceChildren(
      groups.length === 0
        ? h("p", { class: "muted" }, "No step has failed.")
        : h("ul", { class: "groups" }, groups.map((group) => h("li", {},
            h("button", {
              type: "button", class: "group", "aria-pressed": String(wanted.failure === group.failure),
              title: `first ${time(group.firstAt)}, last ${time(group.lastAt)}`,
              onclick: () => setWanted({ ...wanted, failure: wanted.failure === group.failure ? "" : group.failure }),
            }, h("strong", {}, number(group.count)), " ", h("span", { class: "kind" }, group.kind), " ",
              h("span", { class: "handler" }, group.handler), h("span", { class: "message" }, group.message)),
            h("button", {
              type: "button", class: "small", "aria-label": `Redrive the ${number(group.count)} steps of this failure`,
              onclick: () => act(redrive(runId, { filter: { failure: group.failure } }, `Redrive: ${group.kind}`)),
            }, "Redrive …")))),
      others > 0 ? h("p", { class: "muted" }, `${count(others, "step")} failed otherwise.`) : "");
  }

  /** The API says which steps are of a group: how a message is normalised is its business. */
  async function readInFailure() {
    inFailure = null;
    const failure = wanted.failure;
    if (failure === "") {
      return;
    }
    const keys = new Set();
    let cursor;
    try {
      do {
        const page = await get(pathOf(runId, "/steps"),
          { failure, state: "FAILED,DEAD,RETRYING", limit: 1000, cursor }, { signal });
        page.steps.forEach((step) => keys.add(step.key));
        cursor = page.cursor;
        if (wanted.failure !== failure) {
          return;
        }
        inFailure = keys;
        redraw();
      } while (cursor && !signal.aborted);
    } catch (e) {
      if (!signal.aborted) {
        say(shown, e.message);
      }
    }
  }

  // ------------------------------------------------------------------ what changes steps
  async function act(asked) {
    if (await asked) {
      await live.reload();
    }
  }

  function redriveShown() {
    const chosen = selectsAll(wanted) ? {} : selection(wanted, shownSteps.filter((step) => REDRIVABLE.has(step.state)));
    if (chosen?.states) {
      chosen.states = chosen.states.filter((name) => REDRIVABLE.has(name));
      if (chosen.states.length === 0) {
        delete chosen.states;
      }
    }
    act(redrive(runId, chosen, selectsAll(wanted) ? `Redrive the failed steps of ${runId}` : "Redrive the steps shown"));
  }

  function cancelShown() {
    const chosen = selection(wanted, shownSteps.filter((step) => !hasEnded(step.state)));
    if (chosen?.states) {
      chosen.states = chosen.states.filter((name) => !hasEnded(name) && name !== "UNKNOWN");
    }
    act(cancel(runId, chosen, "Cancel the steps shown"));
  }

  if (wanted.failure) {
    readInFailure();
  }
  return following;
}

/** Where the view of a step is; a key may have any character. */
export function stepAddress(runId, key) {
  return `#/run/${encodeURIComponent(runId)}/step?key=${encodeURIComponent(key)}`;
}
