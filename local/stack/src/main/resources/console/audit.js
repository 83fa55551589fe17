// What is stored of a run, held against itself: looked at part by part, and twice where work under way can look like a fault.

import { ApiError, get, run as pathOf } from "./api.js";
import { count, number } from "./format.js";
import { EVERY, SLOWEST, pause, visible } from "./poll.js";

/** After the answer that asks for a second look, by this page's clock: that of whoever answers may differ. */
const SECOND_LOOK = 30_000;
const TOO_EARLY = 2000;

/** How long a second look that is due may still be too early. */
const PATIENCE = 60_000;

/** A read at most each millisecond, as of `stepstile audit`. */
const READ_MS = 1;

/** Violations that are shown; all are counted. */
const MOST_SHOWN = 200;

/** What to do about kinds of violations; docs/operations.md, "Audit of all runs", says the same. */
const TO_DO = [
  [["RECORD_DAMAGED", "DISPATCHES_DAMAGED", "MANIFEST_UNREADABLE"], "Go by the runbook “A step is UNKNOWN” (docs/runbooks.md)."],
  [["RECORD_MISSING", "MANIFEST_MISSING", "PAYLOAD_MISSING", "PAYLOAD_ALTERED"],
    "Something deleted or changed what was stored: look for it in CloudTrail. Restore the table (docs/runbooks.md), or dispatch the steps under another run."],
  [["STEP_OPEN", "DEAD_LETTER_UNMARKED"],
    "The dispatch is closed, and no sweep comes to the step: redrive it if it is DEAD; else dispatch it under another run."],
  [["FEED_MISSING", "FEED_WRONG"],
    "Readers of the feed miss the end: have them read the steps. On AWS, report it to AWS with the evidence, as the index is theirs."],
];
const OTHERWISE = "Nobody but a person or a fault of Stepstile makes these: keep the evidence and report it.";

/** What to do about violations of this kind, which may be one of a later version. */
export const toDo = (kind) => TO_DO.find(([kinds]) => kinds.includes(kind))?.[1] ?? OTHERWISE;

/** One audit of a run. */
export class Audit {
  checked = 0;
  reads = 0;
  /** Payloads, and ends in the feed, that were not looked at, as two reads a step were spent. */
  unread = 0;
  violationCount = 0;
  /** By kind: how many, and the first of them. */
  violations = new Map();
  /** Until when it waits to look again, in milliseconds since the epoch; null while it does not. */
  waitsUntil = null;
  /** Why the last call is made again; null if it was answered. */
  problem = null;

  #runId;
  #signal;
  #changed;
  #again = [];

  /** @param changed is called whenever something of it has */
  constructor(runId, signal, changed) {
    this.#runId = runId;
    this.#signal = signal;
    this.#changed = changed;
  }

  /** Goes through all steps; throws what the API refuses, and the reason of the signal once it is aborted. */
  async run() {
    let cursor;
    do {
      const page = await this.#ask(cursor);
      if (page.secondLook) {
        this.#again.push({ cursor: page.secondLook.cursor, due: performance.now() + SECOND_LOOK });
      }
      cursor = page.cursor;
    } while (cursor);
    for (const { cursor: suspects, due } of this.#again) {
      await this.#lookAgain(suspects, due);
    }
  }

  async #lookAgain(suspects, due) {
    for (let at = due; ; at = performance.now() + TOO_EARLY) {
      const rest = at - performance.now();
      if (rest > TOO_EARLY) {
        this.waitsUntil = Date.now() + rest;
        this.#changed();
      }
      await this.#wait(rest);
      this.waitsUntil = null;
      if (!(await this.#asksAgain(suspects))) {
        return;
      }
      if (performance.now() > due + PATIENCE) {
        throw new ApiError("too-early", 0,
          "The API still says that it is too early for a second look. Is the clock of its machine right?");
      }
    }
  }

  /** Whether it is too early for the second look. */
  async #asksAgain(suspects) {
    try {
      return (await this.#ask(suspects)).secondLook !== undefined;
    } catch (e) {
      if (e.type === "run-not-found") { // deleted by age since, and what was suspected with it
        return false;
      }
      throw e;
    }
  }

  async #ask(cursor) {
    const began = performance.now();
    const page = await this.#answered(cursor);
    this.checked += page.checkedCount;
    this.reads += page.readCount;
    this.unread += page.unreadCount ?? 0;
    for (const violation of page.violations) {
      const of = this.violations.get(violation.kind) ?? { many: 0, first: [] };
      this.violations.set(violation.kind, of);
      of.many++;
      if (this.violationCount++ < MOST_SHOWN) {
        of.first.push(violation);
      }
    }
    this.#changed();
    await this.#wait(began + page.readCount * READ_MS - performance.now());
    return page;
  }

  /** Asks until there is an answer, less often while there is none; as other parts of the page, not while it is hidden. */
  async #answered(cursor) {
    for (let wait = EVERY; ; wait = Math.min(SLOWEST, wait * 2)) {
      await visible(this.#signal);
      this.#signal.throwIfAborted();
      try {
        const page = await get(pathOf(this.#runId, "/audit"), { cursor }, { signal: this.#signal });
        this.problem = null;
        return page;
      } catch (e) {
        if (this.#signal.aborted || !mayPass(e)) {
          throw e;
        }
        this.problem = e.message;
        this.#changed();
      }
      await this.#wait(wait);
    }
  }

  async #wait(ms) {
    if (ms > 0) {
      await pause(ms, this.#signal);
    }
    this.#signal.throwIfAborted();
  }

  /** What it has found so far, in a sentence's part. */
  found() {
    return this.violationCount === 0 ? "no violations" : count(this.violationCount, "violation");
  }

  /** What it has looked at, and what not. */
  lookedAt() {
    const unread = this.unread === 0 ? ""
      : ` ${count(this.unread, "payload or end", "payloads or ends")} in the feed ${this.unread === 1 ? "was" : "were"} not looked at;`
        + " which ones, is left to chance: check again to look at others.";
    return `${count(this.checked, "step")} checked, ${count(this.reads, "read")} made.${unread}`;
  }

  /** That not all violations are shown; empty if they are. */
  cut() {
    return this.violationCount > MOST_SHOWN
      ? `The first ${number(MOST_SHOWN)} of ${number(this.violationCount)} are listed here; stepstile audit lists all.` : "";
  }
}

/** Whether the same call may be answered later. */
const mayPass = ({ status }) => status === 0 || status === 429 || status >= 500;
