// The parts of the console that need no browser: which steps are selected, and how a run is kept as it is now.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";

globalThis.document = { querySelector: () => null, dispatchEvent: () => {}, hidden: false };
globalThis.localStorage = { getItem: () => null };
globalThis.location = { hash: "" };

// The pauses between polls, twenty times as short.
const later = globalThis.setTimeout;
globalThis.setTimeout = (task, ms) => later(task, ms / 20);

const folder = new URL("../../local/stack/src/main/resources/console/", import.meta.url);
const { criteria, parameters, select, selection } = await import(new URL("filter.js", folder));
const { LiveRun } = await import(new URL("live-run.js", folder));
const { Audit, toDo } = await import(new URL("audit.js", folder));
const { LiveCounts } = await import(new URL("live-counts.js", folder));

// ------------------------------------------------------------------ selecting

const steps = Array.from({ length: 100_000 }, (_, n) => ({
  key: `Day/${n}`, lower: `day/${n}`, handler: n % 2 ? "load" : "mail", state: n % 10 ? "SUCCEEDED" : "DEAD",
  ...(n % 10 ? {} : { error: { kind: "TIMEOUT", message: "late" } }),
}));

test("a selection and its address say the same", () => {
  const wanted = criteria(new URLSearchParams("state=DEAD,FAILED&text=a%26b&handler=load&kind=TIMEOUT&failure=0123456789ab"));
  assert.deepEqual(criteria(new URLSearchParams(parameters(wanted).toString())), wanted);
});

test("criteria select what fits each of them", () => {
  const chosen = select(steps, criteria(new URLSearchParams("state=DEAD&handler=mail&text=DAY/10&kind=TIMEOUT")), null);
  assert.equal(chosen.length, 112);
  assert.ok(chosen.every((step) => step.key.startsWith("Day/10") && step.state === "DEAD"));
});

test("criteria with a text become keys, and no call if they are too many", () => {
  const wanted = criteria(new URLSearchParams("text=day/1000"));
  assert.deepEqual(selection(wanted, [{ key: "a" }]), { keys: ["a"] });
  assert.equal(selection(wanted, steps), null);
  assert.equal(selection(wanted, []), null);
});

test("criteria without a text become a filter of the API", () => {
  const wanted = criteria(new URLSearchParams("state=DEAD&handler=load&failure=0123456789ab"));
  assert.deepEqual(selection(wanted, []), { states: ["DEAD"], filter: { handler: "load", failure: "0123456789ab" } });
});

// ------------------------------------------------------------------ a run, as it is now

const AT = "2026-11-24T08:00:10.000Z";
let api;
let calls;
let told;

beforeEach(() => {
  calls = [];
  told = [];
  api = {
    "": { runId: "r", createdAt: "2026-11-24T08:00:00.000Z", openDispatchCount: 1, dispatchCount: 1, stepCount: 2, counts: {} },
    "/steps": { steps: [step("a", "QUEUED", 0), step("b", "RETRYING", 1)] },
    "/feed": { entries: [], cursor: "c", caughtUp: true },
    "/running": { steps: [] },
    "/steps/lookup": { entries: [], absentKeys: [] },
  };
  globalThis.fetch = async (target, options) => {
    const url = new URL(target, "http://x");
    const name = url.pathname.replace("/v1/runs/r", "");
    calls.push({ name, query: Object.fromEntries(url.searchParams), body: options.body ? JSON.parse(options.body) : null });
    return { ok: true, status: 200, text: async () => JSON.stringify(api[name]) };
  };
});

let stop = () => {};
afterEach(() => stop());

function step(key, state, attempt, more = {}) {
  return { key, state, attempt, handler: "load", dispatchId: "d", ...more };
}

/** A run that is read until this holds. */
async function until(holds, live = followed()) {
  for (let i = 0; i < 400 && !holds(live); i++) {
    await new Promise((done) => later(done, 10));
  }
  assert.ok(holds(live), JSON.stringify(live.steps));
  return live;
}

function followed() {
  const stopping = new AbortController();
  stop = () => stopping.abort();
  const live = new LiveRun("r", stopping.signal, { changed: () => {}, ended: (entry) => told.push(entry), read: async () => {} });
  live.follow();
  return live;
}

const state = (key) => (live) => live.step(key)?.state;

test("a success in the feed is taken as it is", async () => {
  api["/feed"].entries = [{ key: "a", attempt: 1, at: AT, state: "SUCCEEDED" }];
  const live = await until((run) => state("a")(run) === "SUCCEEDED");
  assert.equal(live.step("a").finishedAt, AT);
  assert.ok(!calls.some((call) => call.name === "/steps/lookup"));
});

test("a failure in the feed that was redriven since stays redriven", async () => {
  api["/feed"].entries = [{ key: "b", attempt: 1, at: AT, state: "DEAD" }];
  api["/steps/lookup"].entries = [step("b", "RETRYING", 1)];
  const live = await until(() => calls.some((call) => call.name === "/steps/lookup"));
  await new Promise((done) => later(done, 50));
  assert.equal(live.step("b").state, "RETRYING");
});

test("a failure in the feed is looked up once, with what failed", async () => {
  const error = { kind: "TIMEOUT", message: "late" };
  api["/feed"].entries = [{ key: "b", attempt: 2, at: AT, state: "DEAD" }];
  api["/steps/lookup"].entries = [step("b", "DEAD", 2, { finishedAt: AT, error })];
  const live = await until((run) => state("b")(run) === "DEAD");
  assert.deepEqual(live.step("b").error, error);
  await until(() => calls.filter((call) => call.name === "/feed").length > 1, live);
  assert.equal(calls.filter((call) => call.name === "/steps/lookup").length, 1);
});

test("a step that a worker lists is running, and is looked up once it is listed no more", async () => {
  api["/running"].steps = [{ key: "a", attempt: 1, startedAt: AT, worker: "w" }];
  const live = await until((run) => state("a")(run) === "RUNNING");
  api["/running"].steps = [];
  api["/steps/lookup"].entries = [step("a", "RETRYING", 1, { notBefore: AT })];
  await until((run) => state("a")(run) === "RETRYING", live);
  assert.equal(live.step("a").notBefore, AT);
});

test("an entry that came before its step was listed is not forgotten", async () => {
  const late = api["/steps"];
  api["/steps"] = { steps: [] };
  api["/feed"].entries = [{ key: "a", attempt: 1, at: AT, state: "SUCCEEDED" }];
  const live = await until(() => calls.some((call) => call.name === "/feed"));
  api["/steps"] = late;
  api[""].dispatchCount = 2;
  await until((run) => state("a")(run) === "SUCCEEDED", live);
});

test("the feed is read from a little before the last sweep, by the clock of the API", async () => {
  api[""].countedAt = "2026-11-24T08:05:00.000Z";
  await until(() => calls.some((call) => call.name === "/feed"));
  assert.equal(calls.find((call) => call.name === "/feed").query.since, "2026-11-24T08:04:45.000Z");
});

test("a run with nothing open is asked for its status alone", async () => {
  api[""].openDispatchCount = 0;
  const live = await until((run) => run.loaded);
  await until(() => calls.filter((call) => call.name === "").length >= 3, live);
  assert.equal(calls.filter((call) => call.name === "/running").length, 1);
});

test("what ended since the last sweep is counted once, and what ended before it not again", async () => {
  const counts = new LiveCounts("r");
  const status = { createdAt: AT, countedAt: AT, counts: { QUEUED: 2, SUCCEEDED: 1 } };
  api["/feed"].entries = [
    { key: "a", attempt: 1, at: "2026-11-24T08:00:05.000Z", state: "SUCCEEDED" },
    { key: "b", attempt: 1, at: "2026-11-24T08:00:11.000Z", state: "DEAD" },
  ];
  await counts.read(status, new AbortController().signal);
  await counts.read(status, new AbortController().signal);
  assert.deepEqual(counts.counts(status), { QUEUED: 1, SUCCEEDED: 1, DEAD: 1 });
});

const at = (second) => `2026-11-24T08:00:${second}.000Z`;

test("an end of a dispatch that is not counted yet is shown although another one was counted after it", async () => {
  const counts = new LiveCounts("r");
  const read = (status) => counts.read(status, new AbortController().signal).then(() => counts.counts(status));
  const before = { createdAt: AT, countedAt: AT, counts: { QUEUED: 3, SUCCEEDED: 1 } };
  await read(before);
  api["/feed"].entries = [{ key: "new", attempt: 1, at: at(11), state: "SUCCEEDED" }];
  assert.deepEqual(await read(before), { QUEUED: 2, SUCCEEDED: 2 });
  const other = { ...before, countedAt: at(20) };
  assert.deepEqual(await read(other), { QUEUED: 2, SUCCEEDED: 2 });
  const all = { ...before, countedAt: at(30), counts: { QUEUED: 2, SUCCEEDED: 2 } };
  assert.deepEqual(await read(all), { QUEUED: 2, SUCCEEDED: 2 }, "and once when it is counted");
  assert.deepEqual(await read(all), { QUEUED: 2, SUCCEEDED: 2 });
});

test("an end that was counted before the feed had it is counted once", async () => {
  const counts = new LiveCounts("r");
  const read = (status) => counts.read(status, new AbortController().signal).then(() => counts.counts(status));
  await read({ createdAt: AT, countedAt: AT, counts: { QUEUED: 2 } });
  const counted = { createdAt: AT, countedAt: at(20), counts: { QUEUED: 1, FAILED: 1 } };
  assert.deepEqual(await read(counted), { QUEUED: 1, FAILED: 1 });
  api["/feed"].entries = [{ key: "late", attempt: 1, at: at(19), state: "FAILED" }];
  assert.deepEqual(await read(counted), { QUEUED: 1, FAILED: 1 });
});

test("a step that ends again after a redrive counts as it ended last", async () => {
  const counts = new LiveCounts("r");
  const read = (status) => counts.read(status, new AbortController().signal).then(() => counts.counts(status));
  const status = { createdAt: AT, countedAt: AT, counts: { QUEUED: 1 } };
  await read(status);
  api["/feed"].entries = [{ key: "a", attempt: 1, at: at(11), state: "DEAD" }];
  assert.deepEqual(await read(status), { QUEUED: 0, DEAD: 1 });
  api["/feed"].entries = [{ key: "a", attempt: 2, at: at(12), state: "SUCCEEDED" }];
  assert.deepEqual(await read(status), { QUEUED: 0, SUCCEEDED: 1 });
});

// ------------------------------------------------------------------ an audit

/** @param pages the answers, one after the other; a number is the status of a refusal */
function audited(...pages) {
  const cursors = [];
  globalThis.fetch = async (target) => {
    cursors.push(new URL(target, "http://x").searchParams.get("cursor"));
    const page = pages.shift();
    return typeof page === "number"
      ? { ok: false, status: page, text: async () => JSON.stringify({ type: page === 404 ? "run-not-found" : "", detail: "no" }) }
      : { ok: true, status: 200, text: async () => JSON.stringify({ violations: [], checkedCount: 0, readCount: 1, ...page }) };
  };
  const leaving = new AbortController();
  const seen = [];
  const audit = new Audit("r", leaving.signal, () => seen.push({ waits: audit.waitsUntil !== null, problem: audit.problem }));
  return { audit, cursors, seen, leaving };
}

const look = { notBefore: AT, cursor: "again" };
const late = { kind: "FEED_MISSING", key: "a", evidence: "no entry" };

test("an audit goes through all pages, then looks again at what may be work under way", async () => {
  const { audit, cursors, seen } = audited(
    { checkedCount: 2, unreadCount: 1, cursor: "next", secondLook: look }, { checkedCount: 1 }, { violations: [late] });
  await audit.run();
  assert.deepEqual(cursors, [null, "next", "again"]);
  assert.deepEqual([audit.checked, audit.reads, audit.unread, audit.violationCount], [3, 3, 1, 1]);
  assert.deepEqual(audit.violations.get("FEED_MISSING"), { many: 1, first: [late] });
  assert.ok(seen.some(({ waits }) => waits));
});

test("a second look that is too early is made again, and one at a run that is gone finds nothing", async () => {
  const { audit, cursors } = audited({ secondLook: look }, { secondLook: look }, 404);
  await audit.run();
  assert.deepEqual(cursors, [null, "again", "again"]);
  assert.equal(audit.violationCount, 0);
});

test("a second look that is too early for a minute and more ends the audit", async () => {
  let clock = 0;
  const { now } = performance;
  performance.now = () => (clock += 40_000);
  try {
    const { audit } = audited(...Array(9).fill({ secondLook: look }));
    await assert.rejects(audit.run(), { type: "too-early" });
  } finally {
    performance.now = now;
  }
});

test("an audit makes a thousand reads a second at most", async () => {
  const { audit } = audited({ readCount: 4000 });
  const began = performance.now();
  await audit.run();
  assert.ok(performance.now() - began > 150, "4 s, in this test a twentieth of them");
});

test("a call of an audit that is not answered is made again, and one that is refused is not", async () => {
  const { audit, cursors, seen } = audited({ cursor: "next" }, 503, {});
  await audit.run();
  assert.deepEqual(cursors, [null, "next", "next"]);
  assert.ok(seen.some(({ problem }) => problem === "no"));
  for (const status of [403, 404]) {
    await assert.rejects(audited(status).audit.run(), { message: "no", status });
  }
});

test("an audit that is left makes no further call", async () => {
  const { audit, cursors, leaving } = audited({ secondLook: look }, {});
  const ended = assert.rejects(audit.run(), { name: "AbortError" });
  later(() => leaving.abort(), 20);
  await ended;
  assert.deepEqual(cursors, [null]);
});

test("of many violations the first are kept, and all are counted", async () => {
  const wrong = Array.from({ length: 250 }, (_, n) => ({ ...late, key: `${n}` }));
  const { audit } = audited({ violations: [...wrong, { kind: "COUNTS_WRONG", evidence: "" }] });
  await audit.run();
  assert.deepEqual([audit.violations.get("FEED_MISSING").many, audit.violations.get("FEED_MISSING").first.length], [250, 200]);
  assert.deepEqual(audit.violations.get("COUNTS_WRONG"), { many: 1, first: [] });
  assert.match(audit.cut(), /first 200 of 251/);
});

test("what to do is said of the same kinds together as in the documents, and of later kinds too", () => {
  const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const document = JSON.parse(read("shared/http/src/main/resources/dev/stepstile/http/openapi.json"));
  const [, table] = /\n\| kind \| do \|\n\|---\|---\|\n(.*?)\n\n/s.exec(read("docs/operations.md"));
  const rows = table.split("\n").map((row) => row.split(" | ")[0].slice(2).split(", ")).filter(([kind]) => kind !== "others");
  const kinds = document.components.schemas.Violation.properties.kind.enum;
  const together = Map.groupBy(kinds.filter((kind) => toDo(kind) !== toDo("LATER")), toDo);
  assert.deepEqual(new Set([...together.values()].map((each) => each.sort().join())), new Set(rows.map((each) => each.sort().join())));
});
