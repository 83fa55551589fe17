// One run: how far it is, what failed, each of its steps, and whether what is stored of it is right.

import { get, run as pathOf } from "./api.js";
import { cancel, pauseRun, redrive, resumeRun } from "./actions.js";
import { stateBar, throughput } from "./charts.js";
import { h, onceAFrame, say, update } from "./dom.js";
import { criteria, parameters, select, selection, selectsAll } from "./filter.js";
import { STATES, count, duration, hasEnded, number, rate, stepSeconds, time } from "./format.js";
import { LiveLog } from "./live-log.js";
import { LiveRun, MOST_STEPS } from "./live-run.js";
import { pausedHandlers } from "./pause-notice.js";
import { RunAudit } from "./run-audit.js";
import { RunFailures } from "./run-failures.js";
import { badge } from "./runs-view.js";
import { Table } from "./table.js";

/** Between two drawings, in milliseconds: the first change is drawn at once. */
const REDRAW = 250;
const REDRIVABLE = new Set(["FAILED", "DEAD", "CANCELLED"]);

export function runView(main, route, signal) {
  const runId = route.runId;
  let wanted = criteria(route.parameters);
  let shownSteps = [];
  let inFailure = null;

  // ------------------------------------------------------------------ what is seen
  const state = h("span", { class: "badges" });
  const facts = h("p", { class: "facts" });
  const bar = h("div", {});
  const chips = h("div", { class: "chips", role: "group", "aria-label": "States" });
  const chart = h("div", {});
  const failures = new RunFailures(runId, signal, {
    chosen: () => wanted.failure,
    address: (failure) => addressOf({ ...wanted, failure }),
    choose: (failure) => {
      setWanted({ ...wanted, failure });
      stepsSection.scrollIntoView({ block: "start" });
    },
    act,
  });
  const log = new LiveLog(runId, signal, (key) => stepAddress(runId, key));
  const audit = new RunAudit(runId, signal, (key) => stepAddress(runId, key));
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
    { name: "State", class: "state", value: (step) => step.state, cell: (step) => stateOf(step) },
    { name: "Key", class: "key", value: (step) => step.key, cell: (step) => h("a", { href: stepAddress(runId, step.key), title: step.key }, step.key) },
    { name: "Handler", class: "handler", value: (step) => step.handler ?? "", cell: (step) => step.handler ?? "" },
    { name: "Attempt", class: "attempt number", value: (step) => step.attempt, cell: (step) => String(step.attempt) },
    { name: "Time", class: "time number", value: (step) => stepSeconds(step) ?? -1, cell: (step) => duration(stepSeconds(step)) },
    { name: "Began", class: "began", value: (step) => step.startedAt ?? "", cell: (step) => time(step.startedAt) },
    { name: "What", class: "message", cell: (step) => what(step) },
  ]);
  const showAll = h("button", { type: "button", class: "quiet", onclick: () => setWanted(criteria(new URLSearchParams())) }, "Show all");
  const stepsSection = h("section", { "aria-labelledby": "h-steps", class: "steps" },
    h("h2", { id: "h-steps" }, "Steps"),
    h("div", { class: "filters" },
      h("label", { for: "text" }, "Key has"), text,
      h("label", { for: "handler" }, "Handler"), handler,
      h("label", { for: "kind" }, "Failure"), kind,
      showAll, shown),
    table.element);
  const actions = h("div", { class: "actions", hidden: true }, Object.values(buttons)); // until it is known that there is such a run
  main.append(
    h("div", { class: "title" }, h("h1", {}, h("span", { class: "muted" }, "Run "), runId), state, actions),
    facts, bar, chips,
    h("div", { class: "two" },
      h("section", { "aria-labelledby": "h-throughput" }, h("h2", { id: "h-throughput" }, "Throughput"), chart),
      h("section", { "aria-labelledby": "h-failures" }, h("h2", { id: "h-failures" }, "Failures ", failures.heading), failures.element)),
    stepsSection,
    h("section", { "aria-labelledby": "h-log" }, h("h2", { id: "h-log" }, "Log"), log.element),
    h("section", { "aria-labelledby": "h-audit" }, h("h2", { id: "h-audit" }, "Audit"), audit.element));

  // ------------------------------------------------------------------ what is read
  const draw = onceAFrame(() => redraw());
  let drawing = null;
  let drawnAt = -REDRAW;
  const live = new LiveRun(runId, signal, {
    changed: () => {
      drawing ??= setTimeout(() => {
        drawing = null;
        drawnAt = performance.now();
        draw();
      }, Math.max(0, drawnAt + REDRAW - performance.now()));
    },
    ended: (entry) => log.note(entry),
    read: () => log.read(isShown),
  });
  const following = live.follow((problem) => {
    say(facts, problem.message);
  });

  function stateOf({ state, handler }) {
    const waits = state === "QUEUED" || state === "RETRYING";
    const paused = waits && (live.status?.paused === true || pausedHandlers.has(handler));
    return [h("span", { class: `badge ${state}` }, state), paused ? h("span", { class: "badge RETRYING" }, "paused") : null];
  }

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
    actions.hidden = false;
    const counts = live.loaded ? live.counts() : (status.counts ?? {});
    const total = live.loaded ? live.steps.length : status.stepCount;
    const ended = Object.entries(counts).reduce((sum, [name, n]) => sum + (hasEnded(name) ? n : 0), 0);
    const perSecond = live.rate();
    const left = perSecond > 0 && total > ended ? `, about ${duration((total - ended) / perSecond)} left` : "";
    update(state, badge(status));
    say(facts, `${number(ended)} of ${count(total, "step")} ended, ${rate(perSecond)}${left}. `
      + `${count(status.dispatchCount, "dispatch", "dispatches")}, ${number(status.openDispatchCount)} open. `
      + `Created ${time(status.createdAt)}.`);
    update(bar, stateBar(counts, total));
    drawChips(counts);
    update(chart, throughput(live.steps));
    drawChoices(handler, "any handler", new Set(live.steps.map((step) => step.handler)), wanted.handler);
    drawChoices(kind, "any or none", new Set(live.steps.map((step) => step.error?.kind)), wanted.kind);
    buttons.pause.hidden = status.paused === true || status.openDispatchCount === 0;
    buttons.resume.hidden = status.paused !== true;
    buttons.cancel.hidden = status.cancelled;
    filter();
    failures.follow(counts);
  }

  function isShown(key) {
    const step = live.step(key);
    return step !== undefined && select([step], wanted, inFailure).length === 1;
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
    showAll.hidden = selectsAll(wanted);
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
    history.replaceState(null, "", addressOf(wanted));
    if (wanted.failure !== failure) {
      readInFailure();
      failures.draw();
    }
    redraw();
  }

  function addressOf(criteria) {
    const said = parameters(criteria);
    return `#/run/${encodeURIComponent(runId)}${said.size > 0 ? `?${said}` : ""}`;
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

  // ------------------------------------------------------------------ the steps of a cause of failures
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
