// Dead letters, by cause.

import { get } from "./api.js";
import { purgeLetters, redriveLetters } from "./actions.js";
import { h, say } from "./dom.js";
import { count, number, time } from "./format.js";
import { connection } from "./poll.js";
import { stepAddress } from "./run-view.js";

const PAGE = 1000;
const EXAMPLES = 5;

export function lettersView(main, route, signal) {
  const note = h("p", { class: "muted", "aria-live": "polite" }, "Reading …");
  const empty = h("p", { class: "empty", hidden: true }, "No dead letter was found.");
  const groups = h("div", {});
  const again = h("button", { type: "button", onclick: () => read() }, "Read again");
  const all = h("button", { type: "button", onclick: () => act(redriveLetters({ all: true }, "Redrive all dead letters")) }, "Redrive all …");
  const purge = h("button", { type: "button", class: "danger", onclick: () => act(purgeLetters({ all: true }, "Purge dead letters of steps that have ended")) }, "Purge all …");
  main.append(
    h("div", { class: "title" }, h("h1", {}, "Dead letters"), h("div", { class: "actions" }, again, all, purge)),
    h("p", { class: "muted" }, "Reading takes letters out of the queue for a moment, so this view is read once, and when you ask."),
    note, empty, groups);

  async function act(asked) {
    if (await asked) {
      await read();
    }
  }

  async function read() {
    again.disabled = true;
    say(note, "Reading …");
    try {
      const answer = await get("/v1/dead-letters", { limit: PAGE }, { signal });
      const letters = answer.deadLetters;
      const causes = [...Map.groupBy(letters, (letter) =>
        letter.unrecognised ? "unrecognised" : `${letter.handler ?? ""}\n${letter.kind ?? ""}`).values()];
      causes.sort((a, b) => b.length - a.length);
      groups.replaceChildren(...causes.map(cause));
      all.disabled = purge.disabled = letters.length === 0;
      empty.hidden = letters.length > 0;
      say(note, letters.length === 0 ? "" : `${count(letters.length, "dead letter")} read, about ${number(answer.approximateCount ?? letters.length)} in the queue`
          + `${answer.complete === false ? "; not all were read" : ""}`);
      connection(null);
    } catch (e) {
      if (!signal.aborted) {
        say(note, e.message);
      }
    } finally {
      again.disabled = false;
    }
  }

  function cause(letters) {
    const [first] = letters;
    const selection = first.unrecognised ? { unrecognised: true } : { handler: first.handler, kind: first.kind };
    const title = first.unrecognised ? "Unrecognised messages" : `${first.kind} in ${first.handler}`;
    const messages = [...Map.groupBy(letters, (letter) => normalised(letter.message ?? "")).entries()]
      .sort(([, a], [, b]) => b.length - a.length);
    return h("section", { class: "cause" },
      h("div", { class: "title" }, h("h2", {}, h("span", { class: "badge DEAD" }, number(letters.length)), " ", title),
        h("div", { class: "actions" },
          first.unrecognised ? null : h("button", { type: "button", onclick: () => act(redriveLetters(selection, `Redrive: ${title}`)) }, "Redrive …"),
          h("button", { type: "button", class: "danger", onclick: () => act(purgeLetters(selection, `Purge: ${title}`)) }, "Purge …"))),
      messages.map(([message, of], i) => h("details", { open: i === 0 && messages.length === 1 },
        h("summary", {}, h("strong", {}, number(of.length)), " ", message || "(no message)"),
        list(of))));
  }

  function list(of) {
    const shown = h("ul", { class: "letters" }, of.slice(0, EXAMPLES).map(letter));
    if (of.length > EXAMPLES) {
      const more = h("button", {
        type: "button", class: "small",
        onclick: () => {
          shown.append(...of.slice(EXAMPLES).map(letter));
          shown.children[EXAMPLES].querySelector("a")?.focus();
          more.remove();
        },
      }, `Show ${number(of.length - EXAMPLES)} more`);
      return [shown, more];
    }
    return shown;
  }

  function letter(each) {
    return h("li", {},
      each.key ? h("a", { href: stepAddress(each.runId, each.key) }, `${each.runId} / ${each.key}`) : h("code", {}, each.messageId),
      h("span", { class: "muted" }, ` attempt ${each.attempt ?? "?"}, ${time(each.finishedAt ?? each.sentAt)}`),
      each.stale ? h("span", { class: "badge QUEUED" }, each.stepState ? `stale: the step is ${each.stepState}` : "stale: the step has not started, or is gone") : null);
  }

  return read();
}

/** Messages that differ in numbers, ids and quoted texts alone are one cause. */
function normalised(message) {
  return message
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, "…")
    .replace(/\b[0-9a-f]{8,}\b/gi, "…")
    .replace(/'[^']*'|"[^"]*"/g, "…")
    .replace(/\d+/g, "…")
    .replace(/…(?:[.:/-]?…)+/g, "…")
    .slice(0, 200);
}
