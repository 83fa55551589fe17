// Numbers, times and states, as people read them.

export const STATES = ["QUEUED", "RUNNING", "RETRYING", "SUCCEEDED", "FAILED", "DEAD", "CANCELLED", "UNKNOWN"];
const ENDED = new Set(["SUCCEEDED", "FAILED", "DEAD", "CANCELLED"]);

export const hasEnded = (state) => ENDED.has(state);

const whole = new Intl.NumberFormat("en");
// Sweden writes as ISO 8601 does: 2026-11-24 08:00:00.
const clock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

export const number = (n) => whole.format(n);

/** As `1 step`, `2,000 steps`. */
export const count = (n, one, many = one + "s") => `${number(n)} ${n === 1 ? one : many}`;

/** A rate of a second. */
export function rate(perSecond) {
  if (!(perSecond > 0)) {
    return "0/s";
  }
  return perSecond >= 10 ? `${number(Math.round(perSecond))}/s` : `${perSecond.toFixed(perSecond >= 1 ? 1 : 2)}/s`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) {
    return "";
  }
  if (seconds < 1) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ${Math.floor(seconds % 60)} s`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Seconds between two instants of the API; null if one is missing. */
export function between(from, to) {
  return from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null;
}

export const since = (instant) => (instant ? Math.max(0, (Date.now() - Date.parse(instant)) / 1000) : null);

/** In the reader's own time zone; what is no instant, as it is. */
export function time(instant) {
  const at = new Date(instant ?? NaN);
  return Number.isNaN(at.getTime()) ? (instant ?? "") : clock.format(at);
}

/** How long a step took, runs or waits, in seconds. */
export function stepSeconds(step) {
  if (step.durationSeconds !== undefined) {
    return step.durationSeconds;
  }
  return hasEnded(step.state)
    ? between(step.startedAt, step.finishedAt)
    : since(step.state === "RUNNING" ? step.startedAt : step.queuedSince);
}
