// Polling: while the page is seen, and slower while the API does not answer.

/** A change shows within this, the time of two calls, and what an index of DynamoDB lags: less than 2 seconds. */
export const EVERY = 1000;
export const SLOWEST = 15_000;

/** Whether the last call of a poll was answered, for the banner at the top. */
export function connection(error) {
  document.dispatchEvent(new CustomEvent("connection", { detail: error }));
}

/** Waits until the page is seen, or the signal is aborted. */
export function visible(signal) {
  if (!document.hidden) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => document.hidden || resolve(), { signal });
    signal.addEventListener("abort", resolve, { once: true });
  });
}

export function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/**
 * Calls a task again and again until the signal is aborted, from start to start in `every` milliseconds. A hidden page
 * makes no calls. What the API refuses is handed to `refused`; without it, it is shown at the top.
 */
export async function poll(task, signal, { every = EVERY, refused } = {}) {
  let wait = every;
  while (!signal.aborted) {
    await visible(signal);
    const began = performance.now();
    try {
      if (!signal.aborted) {
        await task();
        connection(null);
      }
      wait = every;
    } catch (e) {
      if (signal.aborted) {
        return;
      }
      if (refused && e.status >= 400 && e.status < 500 && e.type !== "token-needed") {
        refused(e); // an answer like any other: a step that has not begun may begin at once
        wait = every;
      } else {
        connection(e);
        wait = Math.min(SLOWEST, wait * 2);
      }
    }
    await pause(Math.max(50, wait - (performance.now() - began)), signal);
  }
}
