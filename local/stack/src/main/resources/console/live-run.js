// All steps of a run, kept as they are now: read once, then changed by what the feed and the workers say.

import { get, post, run } from "./api.js";
import { hasEnded } from "./format.js";
import { poll } from "./poll.js";

/** Steps that a page keeps; of a larger run, the first ones. */
export const MOST_STEPS = 200_000;

const PAGE = 1000;
const LOOKUP = 100;
const LOOKUPS_AT_ONCE = 2;

/** Of docs/protocol.md, "Reading the feed": how far behind the newest entry an older one may still appear. */
const OVERLAP = 15_000;
const REREAD_EVERY = 5_000;

/** After its last dispatch was closed, a run is read for as long as an entry may be late. */
const AFTER_CLOSING = OVERLAP;

export class LiveRun {
  status = null;
  steps = [];
  loaded = false;
  /** By key, what a worker last said of its attempt. */
  running = new Map();

  #byKey = new Map();
  #runId;
  #signal;
  #told;
  #lastPage = "";
  #early = new Map();
  #lookups = new Set();
  #cursor = null;
  #notes = [];
  #rereadAt = 0;
  #openAt = -Infinity;
  #reading = null;
  #ends = [];

  /**
   * @param told `changed()` whenever something has; `ended(entry)` of the feed, also one that was told before; `read()` once all
   *     is read that is new
   */
  constructor(runId, signal, told) {
    this.#runId = runId;
    this.#signal = signal;
    this.#told = told;
  }

  /** Reads until the signal is aborted. @param refused is told if there is no such run */
  follow(refused) {
    return poll(() => this.#tick(), this.#signal, { refused });
  }

  step(key) {
    return this.#byKey.get(key);
  }

  counts() {
    const counts = {};
    for (const step of this.steps) {
      counts[step.state] = (counts[step.state] ?? 0) + 1;
    }
    return counts;
  }

  /** Steps that ended in a second, over the last half minute, as this page has seen them end. */
  rate() {
    const from = performance.now() - 30_000;
    this.#ends = this.#ends.filter(([at]) => at >= from);
    return this.#ends.reduce((sum, [, n]) => sum + n, 0) / 30;
  }

  /** Reads every step again, after a call that has changed some. */
  reload() {
    this.#lastPage = "";
    return this.#load();
  }

  async #tick() {
    const before = this.status;
    this.status = await get(run(this.#runId), {}, { signal: this.#signal });
    if (before === null) {
      this.#load().catch(() => {}); // the next tick tries again
    } else if (before.openDispatchCount === 0 && this.status.openDispatchCount > 0) {
      await this.reload();
    } else if (before.dispatchCount !== this.status.dispatchCount || !this.loaded) {
      await this.#load();
    }
    if (this.status.openDispatchCount > 0) {
      this.#openAt = performance.now();
    }
    if (before === null || performance.now() - this.#openAt < AFTER_CLOSING) {
      await Promise.all([this.#readFeed(), this.#readRunning()]);
      await this.#lookUp();
      this.#told.changed();
      await this.#told.read();
    } else {
      this.running.clear();
      this.#told.changed();
    }
  }

  /** One reading at a time; from the last page that was read, as later dispatches come behind it. */
  #load() {
    this.#reading ??= this.#readSteps().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #readSteps() {
    let cursor = this.#lastPage;
    do {
      const page = await get(run(this.#runId, "/steps"), { limit: PAGE, cursor }, { signal: this.#signal });
      page.steps.forEach((step) => this.#adopt(step));
      this.#lastPage = cursor;
      cursor = page.cursor;
      this.#told.changed();
    } while (cursor && this.steps.length < MOST_STEPS && !this.#signal.aborted);
    this.loaded = true;
    this.#told.changed();
  }

  /** Takes over what a list or a lookup says, unless more is known. */
  #adopt(read) {
    const known = this.#byKey.get(read.key);
    if (!known) {
      const step = { ...read, lower: read.key.toLowerCase() };
      this.#byKey.set(read.key, step);
      this.steps.push(step);
      const early = this.#early.get(read.key);
      if (early) {
        this.#early.delete(read.key);
        this.#end(early);
      }
    } else if (known.state !== "SUCCEEDED" && (read.attempt >= known.attempt || read.state === "UNKNOWN")) {
      for (const name of Object.keys(known)) {
        if (name !== "lower" && !(name in read)) {
          delete known[name];
        }
      }
      Object.assign(known, read);
    }
  }

  async #readFeed() {
    const now = performance.now();
    let cursor = this.#cursor;
    if (cursor !== null && now - this.#rereadAt > REREAD_EVERY) {
      this.#rereadAt = now;
      while (this.#notes.length > 1 && this.#notes[1].at < now - OVERLAP) {
        this.#notes.shift();
      }
      cursor = this.#notes[0].cursor;
    }
    let caughtUp = false;
    while (!caughtUp && !this.#signal.aborted) {
      const query = cursor === null ? { since: this.#since() } : { cursor };
      const page = await get(run(this.#runId, "/feed"), { ...query, limit: PAGE }, { signal: this.#signal });
      page.entries.forEach((entry) => entry.state && this.#end(entry));
      page.entries.forEach((entry) => this.#told.ended(entry));
      caughtUp = page.caughtUp;
      cursor = page.cursor;
    }
    this.#cursor = cursor;
    this.#notes.push({ at: now, cursor });
  }

  /** By the clock of the API, which this machine's may not agree with. */
  #since() {
    const counted = this.status.countedAt ?? this.status.createdAt;
    return new Date(Date.parse(counted) - OVERLAP).toISOString();
  }

  /** A success is final, so the feed's word is enough; anything else may have been redriven since, and is looked up. */
  #end(entry) {
    const step = this.#byKey.get(entry.key);
    if (!step) {
      this.#early.set(entry.key, entry);
      return;
    }
    if (step.state === "SUCCEEDED" || (step.attempt > entry.attempt && entry.state !== "SUCCEEDED")) {
      return;
    }
    if (entry.state === "SUCCEEDED") {
      this.#ended(step);
      const started = this.running.get(step.key)?.startedAt ?? (step.attempt === entry.attempt ? step.startedAt : undefined);
      ["error", "notBefore", "queuedSince", "worker", "deadline"].forEach((name) => delete step[name]);
      Object.assign(step, { state: entry.state, attempt: entry.attempt, finishedAt: entry.at });
      if (started) {
        step.startedAt = started;
        step.durationSeconds = Math.max(0, (Date.parse(entry.at) - Date.parse(started)) / 1000);
      }
    } else if (step.lookedUp !== `${entry.attempt} ${entry.at}` && step.finishedAt !== entry.at) {
      step.lookedUp = `${entry.attempt} ${entry.at}`;
      this.#lookups.add(step.key);
    }
  }

  #ended(step) {
    if (!hasEnded(step.state)) {
      this.#ends.push([performance.now(), 1]);
    }
  }

  async #readRunning() {
    const now = new Map();
    let cursor;
    do {
      const exact = cursor ? "" : "true"; // of a thousand, as it reads their records
      const page = await get(run(this.#runId, "/running"), { limit: PAGE, exact, cursor }, { signal: this.#signal });
      page.steps.forEach((entry) => now.set(entry.key, entry));
      cursor = page.cursor;
    } while (cursor && !this.#signal.aborted);
    for (const key of this.running.keys()) {
      const step = this.#byKey.get(key);
      if (!now.has(key) && step && !hasEnded(step.state)) {
        this.#lookups.add(key); // it may wait for a retry, which no feed says
      }
    }
    this.running = now;
    for (const entry of now.values()) {
      const step = this.#byKey.get(entry.key);
      if (step && (entry.attempt > step.attempt || (entry.attempt === step.attempt && step.state === "QUEUED"))) {
        ["error", "notBefore", "queuedSince", "finishedAt", "durationSeconds"].forEach((name) => delete step[name]);
        Object.assign(step, { state: "RUNNING", attempt: entry.attempt, startedAt: entry.startedAt, worker: entry.worker });
      }
    }
  }

  async #lookUp() {
    for (let i = 0; i < LOOKUPS_AT_ONCE && this.#lookups.size > 0; i++) {
      const keys = [...this.#lookups].slice(0, LOOKUP);
      const answer = await post(run(this.#runId, "/steps/lookup"), { keys }, { signal: this.#signal });
      keys.forEach((key) => this.#lookups.delete(key));
      for (const record of answer.entries) {
        const step = this.#byKey.get(record.key);
        if (step && hasEnded(record.state)) {
          this.#ended(step);
        }
        const { key, state, attempt, handler, dispatchId, startedAt, finishedAt, error, notBefore, suspect, damage } = record;
        const read = { key, state, attempt, handler, dispatchId, startedAt, finishedAt, error, notBefore, suspect, damage };
        Object.keys(read).forEach((name) => read[name] === undefined && delete read[name]);
        this.#adopt(read);
      }
    }
  }
}
