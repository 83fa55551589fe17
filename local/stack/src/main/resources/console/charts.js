// Drawings of counts and of times. Each has its numbers as text too.

import { h, svg } from "./dom.js";
import { STATES, duration, hasEnded, number, rate } from "./format.js";

const BARS = 60;
const WIDTH = 600;
const HEIGHT = 72;

/** How much of a run is in which state, as one bar. */
export function stateBar(counts, total) {
  const all = Math.max(1, total, Object.values(counts).reduce((sum, n) => sum + n, 0));
  const said = STATES.filter((state) => counts[state] > 0).map((state) => `${number(counts[state])} ${state}`);
  const bar = h("div", { class: "bar", role: "img", "aria-label": said.join(", ") || "no step" });
  for (const state of ["SUCCEEDED", "FAILED", "DEAD", "CANCELLED", "RUNNING", "RETRYING"]) {
    if (counts[state] > 0) {
      const part = h("span", { class: `part ${state}` });
      part.style.width = `${(100 * counts[state]) / all}%`;
      bar.append(part);
    }
  }
  return bar;
}

/** How many steps ended when, over the time in which steps ended. */
export function throughput(steps) {
  let first = Infinity;
  let last = -Infinity;
  const ends = [];
  for (const step of steps) {
    if (step.finishedAt && hasEnded(step.state)) {
      const at = (step.finishedMillis ??= Date.parse(step.finishedAt));
      ends.push([at, step.state]);
      first = Math.min(first, at);
      last = Math.max(last, at);
    }
  }
  if (ends.length === 0) {
    return h("p", { class: "muted" }, "No step has ended yet.");
  }
  const span = Math.max(1000, last - first + 1);
  const good = new Array(BARS).fill(0);
  const bad = new Array(BARS).fill(0);
  for (const [at, state] of ends) {
    (state === "SUCCEEDED" ? good : bad)[Math.floor(((at - first) / span) * BARS)]++;
  }
  const most = Math.max(...good.map((n, i) => n + bad[i]));
  const seconds = span / 1000 / BARS;
  const drawing = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", class: "throughput",
    "aria-label": `${number(ends.length)} steps ended in ${duration(span / 1000)}, at most ${rate(most / seconds)}`,
  });
  const wide = WIDTH / BARS;
  good.forEach((n, i) => {
    const low = (n / most) * HEIGHT;
    const high = (bad[i] / most) * HEIGHT;
    drawing.append(
      svg("rect", { class: "good", x: i * wide + 0.5, width: wide - 1, y: HEIGHT - low, height: low }),
      svg("rect", { class: "bad", x: i * wide + 0.5, width: wide - 1, y: HEIGHT - low - high, height: high }),
    );
  });
  const caption = `${number(ends.length)} ended in ${duration(span / 1000)}; a bar is ${duration(seconds)}, the highest ${rate(most / seconds)}`;
  return h("figure", { class: "chart" }, drawing, h("figcaption", {}, caption));
}

/**
 * Attempts on one line of time.
 *
 * @param attempts each with `from` and `to` in milliseconds, `kind` and `label`
 */
export function timeLine(attempts) {
  const first = Math.min(...attempts.map((attempt) => attempt.from));
  const last = Math.max(...attempts.map((attempt) => attempt.to), first + 1);
  const line = h("ol", { class: "timeline", "aria-label": "Attempts on a line of time" });
  for (const attempt of attempts) {
    const bar = h("span", { class: `span ${attempt.kind}` });
    bar.style.left = `${(100 * (attempt.from - first)) / (last - first)}%`;
    bar.style.width = `max(4px, ${(100 * (attempt.to - attempt.from)) / (last - first)}%)`;
    line.append(h("li", {}, h("span", { class: "who" }, attempt.label), h("span", { class: "track" }, bar),
      h("span", { class: "long" }, duration((attempt.to - attempt.from) / 1000))));
  }
  return line;
}
