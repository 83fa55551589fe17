// The counts of an open run as they are now: those of its last sweep, and what the feed says has ended since.

import { get, run } from "./api.js";
import { hasEnded } from "./format.js";

const PAGE = 1000;
const RATE_OVER = 30_000;

/** Of docs/protocol.md, "Reading the feed": how far behind the newest entry an older one may still appear. */
const OVERLAP = 15_000;
const REREAD_EVERY = 5_000;

export class LiveCounts {
  #runId;
  #ends = new Map();
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

  /** @param status of the run, whose counts are of its `countedAt` */
  counts(status) {
    const counts = { ...status.counts };
    const counted = status.countedAt ? Date.parse(status.countedAt) : 0;
    for (const [key, entry] of this.#ends) {
      if (Date.parse(entry.at) <= counted - OVERLAP) {
        this.#ends.delete(key);
      } else if (Date.parse(entry.at) > counted && hasEnded(entry.state)) {
        counts[entry.state] = (counts[entry.state] ?? 0) + 1;
        const from = ["QUEUED", "RETRYING", "RUNNING"].find((state) => counts[state] > 0);
        if (from) {
          counts[from]--;
        }
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
