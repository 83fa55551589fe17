// Which view is shown: the address says so, and can be linked.

import { api, callsInTheLastMinute, renewsToken, takeToken } from "./api.js";
import { shown } from "./dialog.js";
import { h, say } from "./dom.js";
import { count } from "./format.js";
import { lettersView } from "./letters-view.js";
import { watchPauses } from "./pause-notice.js";
import { runView } from "./run-view.js";
import { runningView } from "./running-view.js";
import { runsView } from "./runs-view.js";
import { stepView } from "./step-view.js";
import { startTheme } from "./theme.js";

const KEYS = [
  ["/", "to the text by which steps or runs are found"],
  ["g r", "runs"],
  ["g n", "running now"],
  ["g d", "dead letters"],
  ["u", "up: from a step to its run, from a run to the runs"],
  ["Up, Down, Page Up, Page Down, Home, End", "in a table of steps"],
  ["Enter", "opens what is chosen"],
  ["Escape", "closes a dialog: nothing is done"],
  ["?", "this list"],
];

const RELOADS_APART = 30_000;

const main = document.getElementById("main");
const banner = document.getElementById("banner");
let showing = new AbortController();
let shownAt = "";

/** What an address means: a view, the run that it is of, and its parameters. */
function routeOf(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const parts = path.split("/").filter(Boolean).map(decoded);
  const parameters = new URLSearchParams(query);
  if (parts[0] === "run" && parts.length === 2) {
    return { view: "run", show: runView, runId: parts[1], parameters, title: `Run ${parts[1]}` };
  }
  if (parts[0] === "run" && parts[2] === "step" && parameters.has("key")) {
    return { view: "step", show: stepView, runId: parts[1], parameters, title: `Step ${parameters.get("key")}` };
  }
  if (parts[0] === "running") {
    return { view: "running", show: runningView, parameters, title: "Running now" };
  }
  if (parts[0] === "dead-letters") {
    return { view: "dead-letters", show: lettersView, parameters, title: "Dead letters" };
  }
  return { view: "runs", show: runsView, parameters, title: "Runs" };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function show() {
  const route = routeOf(location.hash);
  showing.abort();
  showing = new AbortController();
  main.replaceChildren();
  document.title = `${route.title} · Stepstile`;
  document.querySelectorAll("nav a").forEach((link) => {
    const current = link.dataset.view === route.view || (link.dataset.view === "runs" && ["run", "step"].includes(route.view));
    current ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  });
  const moved = shownAt !== "" && shownAt !== location.hash;
  shownAt = location.hash || "#/";
  route.show(main, route, showing.signal);
  if (moved) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function up() {
  const route = routeOf(location.hash);
  location.hash = route.view === "step" ? `#/run/${encodeURIComponent(route.runId)}` : "#/";
}

function keys() {
  shown("Keys", h("dl", { class: "keys" }, KEYS.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
    h("p", { class: "muted" }, `Times are in your time zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`));
}

let before = "";
function onKey(event) {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const views = { r: "#/", n: "#/running", d: "#/dead-letters" };
  if (before === "g" && views[event.key]) {
    location.hash = views[event.key];
  } else if (event.key === "/") {
    document.querySelector("input[type=search]")?.focus();
    event.preventDefault();
  } else if (event.key === "u") {
    up();
  } else if (event.key === "?") {
    keys();
  }
  before = event.key;
}

takeToken();
startTheme(document.getElementById("theme"));
say(document.getElementById("api"), api || "this machine");
watchPauses(document.getElementById("paused"), document.getElementById("pauses"));
document.getElementById("help").addEventListener("click", keys);
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener("keydown", onKey);
document.addEventListener("connection", ({ detail: error }) => {
  if (error?.type === "token-needed" && renewsToken && Date.now() - (sessionStorage.getItem("stepstile-reloaded") ?? 0) > RELOADS_APART) {
    sessionStorage.setItem("stepstile-reloaded", Date.now());
    location.reload(); // the stack was started again, and its page has another token
    return;
  }
  banner.hidden = error === null;
  say(banner, error === null ? "" : error.message);
});
setInterval(() => say(document.getElementById("live"), `${count(callsInTheLastMinute(), "call")}/min`), 1000);
addEventListener("hashchange", show);
show();
