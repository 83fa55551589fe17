// One step: its attempts, what it was given, what it gave, and what it prints.

import { ExactNumber, get, run as pathOf } from "./api.js";
import { cancel, redrive } from "./actions.js";
import { timeLine } from "./charts.js";
import { h, say, tell, update } from "./dom.js";
import { duration, hasEnded, number, stepSeconds, time } from "./format.js";
import { line } from "./log-lines.js";
import { poll } from "./poll.js";

const LONGEST_SHOWN = 200_000;
const REDRIVABLE = new Set(["FAILED", "DEAD", "CANCELLED"]);

/** Of W3C Trace Context: version, trace id, span id, flags, of which the last bit says that it is sampled. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;

export function stepView(main, route, signal) {
  const { runId } = route;
  const key = route.parameters.get("key") ?? "";
  const query = { key };
  let step = null;
  let attempt = null;
  let printed = "";

  const state = h("span", { class: "badges" });
  const facts = h("dl", { class: "facts" });
  const error = h("div", {});
  const attempts = h("div", {});
  const log = h("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "Log" });
  const logNote = h("p", { class: "muted" });
  const choice = h("select", { id: "attempt", onchange: () => ((attempt = Number(choice.value)), (printed = ""), readLog()) });
  const buttons = {
    redrive: h("button", { type: "button", hidden: true, onclick: () => redrive(runId, { keys: [key] }, `Redrive ${key}`) }, "Redrive …"),
    cancel: h("button", { type: "button", class: "danger", hidden: true, onclick: () => cancel(runId, { keys: [key] }, `Cancel ${key}`) }, "Cancel …"),
  };
  main.append(
    h("p", { class: "crumbs" }, h("a", { href: `#/run/${encodeURIComponent(runId)}` }, `Run ${runId}`)),
    h("div", { class: "title" }, h("h1", {}, h("span", { class: "muted" }, "Step "), key), state,
      h("div", { class: "actions" }, Object.values(buttons))),
    facts, error,
    h("section", { "aria-labelledby": "h-attempts" }, h("h2", { id: "h-attempts" }, "Attempts"), attempts),
    h("div", { class: "two" },
      onDemand("Input", async () => value(await get(pathOf(runId, "/step"), { ...query, input: "true" }, { signal, exactNumbers: true }), "input")),
      onDemand("Result", async () => value(await get(pathOf(runId, "/step"), query, { signal, exactNumbers: true }), "result"))),
    h("section", { "aria-labelledby": "h-log" }, h("h2", { id: "h-log" }, "Log"),
      h("div", { class: "filters" }, h("label", { for: "attempt" }, "Attempt"), choice, logNote), log));

  const following = poll(async () => {
    step = await get(pathOf(runId, "/step"), { ...query, log: "true", ...(attempt === null ? {} : { attempt }) }, { signal });
    draw();
    drawLog(step.logPages ?? []);
  }, signal, { refused: notStarted });

  async function readLog() {
    const answer = await get(pathOf(runId, "/step"), { ...query, log: "true", attempt }, { signal });
    drawLog(answer.logPages ?? []);
  }

  function notStarted(problem) {
    if (problem.type === "step-not-started") {
      update(state, h("span", { class: "badge QUEUED" }, "QUEUED"));
      buttons.cancel.hidden = false;
    }
    update(facts, h("div", { class: "fact", "data-id": "State" }, h("dt", {}, "State"), h("dd", {}, problem.message)));
  }

  function draw() {
    update(state, h("span", { class: `badge ${step.state}` }, step.state),
      step.paused ? h("span", { class: "badge RETRYING" }, "paused") : null,
      step.suspect ? h("span", { class: "badge RETRYING" }, "suspect") : null,
      step.lost ? h("span", { class: "badge DEAD" }, "worker lost") : null);
    const share = step.progress === undefined ? null : `${Math.round(step.progress * 100)} % ${step.progressNote ?? ""}`;
    const said = [
      ["Handler", step.handler],
      ["Attempt", `${step.attempt}, of a budget of ${step.maxAttempts}`],
      ["Dispatch", step.dispatchId],
      ["Began", time(step.startedAt)],
      ["Ended", time(step.finishedAt)],
      [step.state === "RUNNING" ? "Running for" : "Took", duration(stepSeconds(step))],
      ["Next attempt", time(step.notBefore)],
      ["Deadline", time(step.dispatchDeadline)],
      ["Worker", step.worker],
      ["Progress", share],
      ["Last line", step.lastLine],
      ["Dead-lettered", time(step.deadLetteredAt)],
      ["Redriven by", step.redrivenBy],
      ["Trace", trace(step.traceparent)],
    ].filter(([, text]) => text);
    update(facts, said.map(([name, text]) => h("div", { class: "fact", "data-id": name }, h("dt", {}, name), h("dd", {}, text))));
    update(error, step.error
      ? h("div", { class: "error" }, h("strong", {}, step.error.kind), h("pre", { class: "trace" }, step.error.message)) : null);
    buttons.redrive.hidden = !REDRIVABLE.has(step.state);
    buttons.cancel.hidden = hasEnded(step.state);
    drawAttempts();
    drawChoice();
  }

  function drawAttempts() {
    const now = Date.now();
    const line = step.attempts.filter((each) => each.startedAt && each.kind !== "REDRIVEN").map((each) => ({
      from: Date.parse(each.startedAt), to: Date.parse(each.endedAt), kind: "FAILED", label: `${each.attempt} ${each.kind}`,
    }));
    const last = step.attempts.filter((each) => each.kind !== "REDRIVEN").at(-1);
    if (step.startedAt && (step.state === "RUNNING" || (hasEnded(step.state) && last?.attempt !== step.attempt))) {
      line.push({
        from: Date.parse(step.startedAt), to: step.finishedAt ? Date.parse(step.finishedAt) : now,
        kind: step.state, label: `${step.attempt} ${step.state}`,
      });
    }
    const told = step.attempts.filter((each) => each.message);
    update(attempts,
      line.length > 0 ? timeLine(line) : h("p", { class: "muted" }, "No attempt has begun."),
      told.map((each) => h("details", { "data-id": `${each.attempt} ${each.kind} ${each.endedAt}` },
        h("summary", {}, `${each.kind === "REDRIVEN" ? "Redriven after attempt" : "Attempt"} ${each.attempt}: ${each.kind}, ${time(each.endedAt)}`),
        h("pre", { class: "trace" }, each.message))));
  }

  function drawChoice() {
    const newest = Math.max(step.attempt, 1);
    if (choice.childElementCount !== newest) {
      choice.replaceChildren(...Array.from({ length: newest }, (_, i) => h("option", { value: String(newest - i) }, String(newest - i))));
    }
    choice.value = String(attempt ?? newest);
  }

  /** Stays at the end, if the reader is there. */
  function drawLog(pages) {
    const text = pages.flatMap((page) => page.lines).map(line).join("\n");
    if (text === printed) {
      log.hidden = text === "";
      say(logNote, text === "" ? "Nothing was printed." : logNote.textContent);
      return;
    }
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 40;
    if (text.startsWith(printed) && printed !== "") {
      log.append(text.slice(printed.length));
    } else {
      log.textContent = text;
    }
    printed = text;
    log.hidden = false;
    say(logNote, `${number(text.split("\n").length)} lines`);
    if (atEnd) {
      log.scrollTop = log.scrollHeight;
    }
  }

  return following;

  function onDemand(title, read) {
    const name = title.toLowerCase();
    const content = h("div", {});
    return h("section", { "aria-labelledby": `h-${name}` }, h("h2", { id: `h-${name}` }, title),
      h("button", {
        type: "button",
        onclick: async () => {
          content.replaceChildren(h("p", { class: "muted" }, "Reading …"));
          try {
            content.replaceChildren(await read());
          } catch (e) {
            content.replaceChildren(h("p", { class: "wrong", role: "alert" }, e.message));
          }
        },
      }, `Show the ${name}`), content);
  }
}

/** The id by which the step's trace is found, to be copied; null if its dispatch came without one. */
function trace(traceparent) {
  const [, id, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (id === undefined) {
    return null;
  }
  const shown = h("code", { class: "trace-id", title: traceparent }, id);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(id);
      tell("The trace id is copied.");
    } catch {
      getSelection().selectAllChildren(shown);
      tell("The trace id is selected: copy it with the keyboard.");
    }
  };
  const sampled = (Number.parseInt(flags, 16) & 1) === 1;
  return h("span", { class: "copied" }, shown,
    h("button", { type: "button", class: "small", "aria-label": "Copy the trace id", onclick: copy }, "Copy"),
    sampled ? null : h("span", { class: "muted" }, "not sampled"));
}

function value(answer, name) {
  if (name in answer) {
    const text = pretty(answer[name], "");
    const cut = text.length > LONGEST_SHOWN;
    return h("div", {}, h("pre", { class: "json", tabindex: "0", role: "region", "aria-label": name }, cut ? text.slice(0, LONGEST_SHOWN) : text),
      cut ? h("p", { class: "muted" }, `The first ${number(LONGEST_SHOWN)} of ${number(text.length)} characters.`) : null);
  }
  const location = answer[`${name}Location`];
  return h("p", { class: "muted" }, location
    ? `Too large to be shown: ${number(location.size)} bytes, SHA-256 ${location.sha256}. `
      + (name === "result" ? "The command line writes it: stepstile results." : "")
    : `This step has no ${name}.`);
}

/** JSON with its numbers as they were sent. */
function pretty(json, indent) {
  const deeper = `${indent}  `;
  if (json instanceof ExactNumber) {
    return json.source;
  }
  if (Array.isArray(json)) {
    return json.length === 0 ? "[]" : `[\n${json.map((each) => deeper + pretty(each, deeper)).join(",\n")}\n${indent}]`;
  }
  if (json !== null && typeof json === "object") {
    const members = Object.entries(json).map(([name, each]) => `${deeper}${JSON.stringify(name)}: ${pretty(each, deeper)}`);
    return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n${indent}}`;
  }
  return JSON.stringify(json);
}
