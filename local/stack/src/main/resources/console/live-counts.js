// The counts of an open run as they are now: those of its last sweeps, and what the feed says has ended and they do not have.
// Each dispatch of a run is counted when it is its turn, so the time of an end does not tell whether it is among the counts: an end is
// taken for counted once the counts of its state have grown.

import { get, run } from "./api.js";
import { hasEnded } from "./format.js";

const PAGE = 1000;
const RATE_OVER = 30_000;

/** Of docs/protocol.md, "Reading the feed": how far behind the newest entry an older one may still appear. */
const OVERLAP = 15_000;
const REREAD_EVERY = 5_000;

/** How long before the last count an end came that no reading of the feed comes back to. */
const FORGOTTEN = 60_000;

export class LiveCounts {
  #runId;
  #ends = new Map();
  #pending = new Map();
  #counts = null;
  #countedAt = 0;
  #early = {};
  #arrived = [];
  #cursor = null;
  #notes = [];
  #rereadAt = 0;

  constructor(runId) {
    this.#runId = runId;
  }

  /** One or more calls; fewer than one for each thousand steps that have ended since the last time. */
  async read(status, signal) {
    const now = performance.now();
    this.#hold(status);
    let cursor = this.#cursor;
    if (cursor !== null && now - this.#rereadAt > REREAD_EVERY) {
      this.#rereadAt = now;
      while (this.#notes.length > 1 && this.#notes[1].at < now - OVERLAP) {
        this.#notes.shift();
      }
      cursor = this.#notes[0].cursor;
    }
    const first = cursor === null;
    let caughtUp = false;
    while (!caughtUp && !signal.aborted) {
      const query = cursor === null ? { since: status.countedAt ?? status.createdAt } : { cursor };
      const page = await get(run(this.#runId, "/feed"), { ...query, limit: PAGE }, { signal });
      for (const entry of page.entries) {
        if (entry.state && this.#ends.get(entry.key)?.at !== entry.at) {
          this.#ends.set(entry.key, entry);
          this.#note(entry, first);
          if (!first) {
            this.#arrived.push(now);
          }
        }
      }
      caughtUp = page.caughtUp;
      cursor = page.cursor;
    }
    this.#cursor = cursor;
    this.#notes.push({ at: now, cursor });
  }

  /** Ends that the counts have now pend no longer: as many of a state, the oldest first, as it has more of them. */
  #hold(status) {
    const countedAt = status.countedAt ? Date.parse(status.countedAt) : 0;
    if (countedAt !== this.#countedAt) {
      this.#early = {};
      this.#countedAt = countedAt;
      this.#ends.forEach((entry, key) => Date.parse(entry.at) <= countedAt - FORGOTTEN && this.#ends.delete(key));
    }
    const before = this.#counts ?? status.counts;
    this.#counts = status.counts;
    for (const [state, n] of Object.entries(status.counts).filter(([name]) => hasEnded(name))) {
      let more = n - (before[state] ?? 0);
      const counted = [...this.#pending.values()]
        .filter((entry) => entry.state === state && Date.parse(entry.at) <= countedAt)
        .sort((a, b) => (a.at < b.at ? -1 : 1));
      for (const entry of counted.slice(0, Math.max(0, more))) {
        this.#pending.delete(entry.key);
        more--;
      }
      this.#early[state] = (this.#early[state] ?? 0) + Math.max(0, more);
    }
  }

  /** An end that is new here: it pends, unless it was counted before the feed had it. */
  #note(entry, first) {
    const late = Date.parse(entry.at) <= this.#countedAt;
    this.#pending.delete(entry.key);
    if (late && this.#early[entry.state] > 0) {
      this.#early[entry.state]--;
    } else if (!(late && first) && hasEnded(entry.state)) {
      this.#pending.set(entry.key, entry);
    }
  }

  /** @param status of the run, with which it was read last */
  counts(status) {
    const counts = { ...status.counts };
    for (const entry of this.#pending.values()) {
      counts[entry.state] = (counts[entry.state] ?? 0) + 1;
      const from = ["QUEUED", "RETRYING", "RUNNING"].find((state) => counts[state] > 0);
      if (from) {
        counts[from]--;
      }
    }
    return counts;
  }

  /** Steps that ended in a second, over the last half minute, as this page has seen them end. */
  rate() {
    const from = performance.now() - RATE_OVER;
    this.#arrived = this.#arrived.filter((at) => at >= from);
    return this.#arrived.length / (RATE_OVER / 1000);
  }
}
