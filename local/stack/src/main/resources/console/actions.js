// What an operator does: each action asks the API first what it would do, and says so.

import { get, post, run } from "./api.js";
import { confirmed, shown } from "./dialog.js";
import { h } from "./dom.js";
import { count, number, time } from "./format.js";

const MOST_REPEATS = 1000;

const OVERRIDES = [
  { name: "maxAttempts", label: "Attempts", type: "number", min: 1, hint: "fresh budget, 1 to 100" },
  { name: "timeoutSeconds", label: "Timeout of an attempt", type: "number", min: 1, hint: "seconds, 1 to 880" },
  { name: "handler", label: "Handler", type: "text", hint: "another one than the step had" },
  { name: "baseSeconds", label: "First retry after", type: "number", min: 0, hint: "seconds at most, then doubled" },
  { name: "capSeconds", label: "Longest wait for a retry", type: "number", min: 0, hint: "seconds" },
  { name: "notBefore", label: "Not before", type: "text", hint: "seconds from now, or an instant such as 2026-11-24T18:00:00Z" },
];
const INPUT = { name: "input", label: "Input", type: "json", hint: "JSON, instead of the input that the step had" };

function overrides({ baseSeconds, capSeconds, notBefore, ...rest }) {
  const said = { ...rest };
  if (baseSeconds !== undefined || capSeconds !== undefined) {
    said.retry = { baseSeconds: baseSeconds ?? 1, capSeconds: capSeconds ?? Math.max(300, baseSeconds ?? 0) };
  }
  if (notBefore !== undefined) {
    said.notBefore = /^[0-9.]+$/.test(notBefore) ? Number(notBefore) : notBefore;
  }
  return Object.keys(said).length > 0 ? { overrides: said } : {};
}

const total = (counts) => Object.values(counts).reduce((sum, n) => sum + n, 0);
const listed = (counts) => Object.entries(counts).map(([state, n]) => `${number(n)} ${state}`).join(", ");

/** What would happen; null from an API of a version that had no dry runs, and refuses to be asked for one. */
async function dryRun(path, body) {
  try {
    return await post(path, { ...body, dryRun: true });
  } catch (e) {
    if (e.type === "unknown-member") {
      return null;
    }
    throw e;
  }
}

/** What a dry run says. */
function would(dry, one, happens, verb) {
  if (dry === null) {
    return { lines: [`This API is of an older version: how many ${one}s that are, it cannot say before.`], left: 0, verb };
  }
  const n = total(dry.counts);
  const most = dry.complete === false ? "At least " : "";
  return {
    lines: n === 0
      ? [`No ${one} is selected: nothing would change.`]
      : [`${most}${count(n, one)} ${happens}: ${listed(dry.counts)}.`],
    left: dry.leftCount ?? 0,
    examples: dry.examples ?? [],
    verb: n === 0 ? verb : `${verb} ${dry.complete === false ? "all" : count(n, one)}`,
    nothing: n === 0,
  };
}

/** Calls until a call says that it is complete; the sums of what each has done. */
async function untilComplete(path, body, names) {
  const sums = Object.fromEntries(names.map((name) => [name, 0]));
  for (let i = 0; i < MOST_REPEATS; i++) {
    const answer = await post(path, body);
    names.forEach((name) => (sums[name] += answer[name] ?? 0));
    if (answer.complete !== false) {
      return sums;
    }
  }
  throw new Error("The API did not come to an end; what it has done so far stays done. Do it again to go on.");
}

/** A name of this call, by which a repeated one is recognised. */
function redriveId() {
  return `console-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** @param selection of steps, as the API has it; `{}` for those that may be redriven */
export function redrive(runId, selection, title = "Redrive steps") {
  const path = run(runId, "/redrive");
  const id = redriveId();
  return confirmed({
    title,
    verb: "Redrive",
    fields: [...OVERRIDES, ...(selection.keys ? [INPUT] : [])],
    preview: async (values) => {
      const said = would(
        await dryRun(path, { ...selection, ...overrides(values) }),
        "step", "will run again with a fresh budget of attempts", "Redrive");
      said.lines.push("A step that succeeded is never changed.");
      return said;
    },
    act: async (values) => {
      const answer = await post(path, { ...selection, ...overrides(values), redriveId: id });
      return `${count(answer.redrivenCount, "step")} of ${runId} redriven.`;
    },
  });
}

/** @param selection of steps; null for the run as a whole */
export function cancel(runId, selection, title) {
  const path = run(runId, "/cancel");
  const happens = selection === null ? "will be cancelled" : "will be cancelled; the run stays open";
  return confirmed({
    title: title ?? `Cancel run ${runId}`,
    verb: "Cancel",
    danger: true,
    preview: async () => {
      const said = would(await dryRun(path, selection ?? {}), "step", happens, "Cancel");
      said.lines.push(selection === null
        ? "The run accepts no new dispatches afterwards. Its steps can be redriven."
        : "Running steps are stopped by their workers within seconds. A redrive runs them again.");
      said.nothing &&= selection !== null;
      return said;
    },
    act: async () => {
      const sums = selection === null
        ? await post(path, {})
        : await untilComplete(path, selection, ["cancelledCount", "stoppingCount"]);
      return `${count(sums.cancelledCount, "step")} cancelled, ${number(sums.stoppingCount)} being stopped.`;
    },
  });
}

/** The notice below the header reads the pauses again. */
const changed = () => document.dispatchEvent(new CustomEvent("pauses-changed"));

const REASON = { name: "reason", label: "Reason", type: "text", hint: "for whoever wonders; at most 200 characters", open: true };

/** @param counts of the run's steps by state, as far as they are known */
export function pauseRun(runId, counts) {
  const waiting = (counts.QUEUED ?? 0) + (counts.RETRYING ?? 0);
  return confirmed({
    title: `Pause run ${runId}`,
    verb: "Pause",
    fields: [REASON],
    preview: async () => ({
      lines: [
        `${count(waiting, "waiting step")} will not start until the run is resumed; none is lost.`,
        `${count(counts.RUNNING ?? 0, "running attempt")} will go on. Deadlines go on too.`,
      ],
    }),
    act: async ({ reason }) => {
      await post(run(runId, "/pause"), reason ? { reason } : {});
      changed();
      return `Run ${runId} is paused.`;
    },
  });
}

export function resumeRun(runId) {
  return confirmed({
    title: `Resume run ${runId}`,
    verb: "Resume",
    preview: async () => ({ lines: ["Its waiting steps will be sent again, within two sweeps (two minutes on AWS)."] }),
    act: async () => {
      await post(run(runId, "/resume"), {});
      changed();
      return `Run ${runId} is resumed.`;
    },
  });
}

/** @param handler null for everything */
function pauseAll(handler) {
  const what = handler === null ? "everything" : `handler ${handler}`;
  return confirmed({
    title: `Pause ${what}`,
    verb: "Pause",
    danger: true,
    fields: [REASON],
    preview: async () => ({
      lines: [
        handler === null
          ? "No step of any run will start until you resume."
          : `No step of handler ${handler} will start, in any run, until you resume.`,
        "Running attempts will go on. No step is lost.",
      ],
    }),
    act: async ({ reason }) => {
      await post("/v1/pause", { ...(handler === null ? {} : { handler }), ...(reason ? { reason } : {}) });
      changed();
      return `Paused: ${what}.`;
    },
  });
}

/** @param pause an entry of the API's list */
export function resume(pause) {
  if (pause.scope === "run") {
    return resumeRun(pause.runId);
  }
  const what = pause.scope === "all" ? "everything" : `handler ${pause.handler}`;
  return confirmed({
    title: `Resume ${what}`,
    verb: "Resume",
    preview: async () => ({ lines: ["Waiting steps that no other pause covers will be sent again, within two sweeps."] }),
    act: async () => {
      await post("/v1/resume", pause.scope === "all" ? {} : { handler: pause.handler });
      changed();
      return `Resumed: ${what}.`;
    },
  });
}

/** All pauses, to see, add and end. */
export function pauses() {
  const list = h("div", { "aria-live": "polite" }, "Reading …");
  const handler = h("input", { id: "pause-handler", type: "text", autocomplete: "off", spellcheck: "false" });
  const read = async () => {
    try {
      const answer = await get("/v1/pauses");
      list.replaceChildren(answer.pauses.length === 0
        ? h("p", {}, "Nothing is paused.")
        : h("ul", { class: "plain" }, answer.pauses.map((pause) => h("li", {},
            h("span", {}, h("strong", {}, pause.scope === "all" ? "everything" : `${pause.scope} ${pause.runId ?? pause.handler}`),
              ` since ${time(pause.pausedAt)}${pause.reason ? `: ${pause.reason}` : ""}`),
            h("button", { type: "button", onclick: async () => (await resume(pause)) && read() }, "Resume")))));
    } catch (e) {
      list.replaceChildren(h("p", { class: "wrong" }, e.message));
    }
  };
  shown("Pauses", list,
    h("div", { class: "field" }, h("label", { for: "pause-handler" }, "Handler"), handler,
      h("button", {
        type: "button",
        onclick: async () => handler.value.trim() !== "" && (await pauseAll(handler.value.trim())) && read(),
      }, "Pause this handler")),
    h("button", { type: "button", class: "danger", onclick: async () => (await pauseAll(null)) && read() }, "Pause everything"));
  read();
}

function leftOf(said, why) {
  if (said.left > 0) {
    said.lines.push(`${count(said.left, "letter")} will be left: ${why}.`);
  }
  return said;
}

/** @param selection of dead letters, as the API has it */
export function redriveLetters(selection, title) {
  const path = "/v1/dead-letters/redrive";
  const id = redriveId();
  return confirmed({
    title,
    verb: "Redrive",
    fields: OVERRIDES,
    preview: async (values) => {
      const dry = await dryRun(path, { ...selection, ...overrides(values) });
      const said = would(dry, "dead letter", "will be redriven as steps, then deleted", "Redrive");
      const others = dry === null ? 0 : (dry.deletedCount ?? 0) - total(dry.counts);
      if (others > 0) {
        said.lines = [...(said.nothing ? ["No step will be redriven."] : said.lines),
          `${count(others, "dead letter")} will be deleted alone: the step has gone on since.`];
        said.nothing = false;
      }
      return leftOf(said, "the step is damaged or gone, or has not started yet");
    },
    act: async (values) => {
      const sums = await untilComplete(
        path, { ...selection, ...overrides(values), redriveId: id }, ["redrivenCount", "deletedCount", "leftCount"]);
      return `${count(sums.redrivenCount, "step")} redriven, ${count(sums.deletedCount, "dead letter")} deleted, ${number(sums.leftCount)} left.`;
    },
  });
}

/** @param selection of dead letters, as the API has it */
export function purgeLetters(selection, title) {
  const path = "/v1/dead-letters/purge";
  return confirmed({
    title,
    verb: "Purge",
    danger: true,
    preview: async () => {
      const said = would(await dryRun(path, selection), "dead letter", "will be deleted for good", "Purge");
      said.lines.push("Their steps stay as they are, and can still be redriven by their run.");
      return leftOf(said, "the step runs or waits, or is damaged");
    },
    act: async () => {
      const sums = await untilComplete(path, selection, ["purgedCount", "leftCount"]);
      return `${count(sums.purgedCount, "dead letter")} purged, ${number(sums.leftCount)} left.`;
    },
  });
}
