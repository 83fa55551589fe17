// Calls of the API, of this page's own origin alone. A call that changes something needs the page's token; each has it.

const HEADER = "x-stepstile-token";
const STORED = "stepstile-token";
const MINUTE = 60_000;
const LONGEST = 40_000;

const meta = (name) => document.querySelector(`meta[name="stepstile-${name}"]`)?.content ?? "";

/** The API behind this page, if it is not this machine's own. */
export const api = meta("api");

let token = meta("token");

/** Whether the page itself has the token, so that a reload gets another one after a restart of the stack. */
export const renewsToken = token !== "";

const times = [];

/** Takes the token out of the link by which the page was opened, so that it stays in no address and no history. */
export function takeToken() {
  const given = /^#token=([A-Za-z0-9_-]+)$/.exec(location.hash);
  if (given) {
    localStorage.setItem(STORED, given[1]);
    history.replaceState(null, "", "/#/");
  }
  token ||= localStorage.getItem(STORED) ?? "";
}

/** How many calls were made in the last 60 seconds. */
export function callsInTheLastMinute() {
  while (times.length > 0 && times[0] < Date.now() - MINUTE) {
    times.shift();
  }
  return times.length;
}

/** A refusal, with the type and the text of the problem; `unreachable` if there was no answer. */
export class ApiError extends Error {
  constructor(type, status, detail) {
    super(detail);
    this.type = type;
    this.status = status;
  }
}

/** A number whose characters JavaScript would change, as the API sent it. */
export class ExactNumber {
  constructor(source) {
    this.source = source;
  }
}

function exact(_key, value, context) {
  return typeof value === "number" && context?.source !== undefined && String(value) !== context.source
    ? new ExactNumber(context.source)
    : value;
}

const part = (text) => encodeURIComponent(text);

/** The path of a run, or of something of it. */
export function run(runId, rest = "") {
  if (/^\.{0,2}$/.test(runId)) { // a browser resolves such a part of a path: a pause of run ".." would be one of everything
    throw new ApiError("bad-run-id", 400, `'${runId}' is no id of a run.`);
  }
  return `/v1/runs/${part(runId)}${rest}`;
}

export function get(path, query = {}, options = {}) {
  const parameters = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => `${part(name)}=${part(value)}`);
  return call("GET", path + (parameters.length > 0 ? `?${parameters.join("&")}` : ""), undefined, options);
}

export const post = (path, body = {}, options = {}) => call("POST", path, JSON.stringify(body), options);

let lookingAtLetters = Promise.resolve();

/** A call that looks at dead letters hides them from others until it is answered, so that this page makes one at a time. */
function call(method, target, body, options) {
  if (!target.startsWith("/v1/dead-letters")) {
    return answered(method, target, body, options);
  }
  const answer = lookingAtLetters.then(() => answered(method, target, body, options));
  lookingAtLetters = answer.catch(() => {});
  return answer;
}

async function answered(method, target, body, { signal, exactNumbers = false }) {
  times.push(Date.now());
  const patience = AbortSignal.timeout(LONGEST);
  let answer;
  let text;
  try {
    answer = await fetch(target, {
      method,
      body,
      headers: { [HEADER]: token, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    text = await answer.text();
  } catch (e) {
    if (signal?.aborted) {
      throw e;
    }
    throw new ApiError("unreachable", 0, "The API does not answer. Is the stack up? The page tries again.");
  }
  let json;
  try {
    json = JSON.parse(text, exactNumbers ? exact : undefined);
  } catch {
    throw new ApiError("not-stepstile", answer.status, `The API answered HTTP ${answer.status}, and no JSON.`);
  }
  if (!answer.ok) {
    const type = String(json.type ?? "").replace("https://stepstile.dev/problems/", "") || "refused";
    throw new ApiError(type, answer.status, String(json.detail ?? json.message ?? `HTTP ${answer.status}`));
  }
  return json;
}
