// The failures of a run by cause, each with a link to its steps.

import { get, run as pathOf } from "./api.js";
import { redrive } from "./actions.js";
import { h, say, update } from "./dom.js";
import { count, number, time } from "./format.js";
import { EVERY, pause } from "./poll.js";

const STATES = ["FAILED", "DEAD", "RETRYING"];
const GROUPS = 100;

export class RunFailures {
  element = h("div", {}, h("p", { class: "muted" }, "Reading …"));
  heading = h("span", { class: "muted" });

  #runId;
  #signal;
  #choice;
  #groups = [];
  #others = 0;
  #of = "";
  #reading = false;

  /**
   * @param choice of the view: `chosen()` the id of the group whose steps are shown, `address(id)` of a group's steps,
   *     `choose(id)` shows them, `act(done)` waits for what a button does
   */
  constructor(runId, signal, choice) {
    this.#runId = runId;
    this.#signal = signal;
    this.#choice = choice;
  }

  /** Reads the groups again if other steps have failed; to be called whenever the counts have changed. */
  async follow(counts) {
    const of = STATES.map((name) => counts[name] ?? 0).join();
    if (this.#reading || of === this.#of) {
      return; // the next call sees whether there are others
    }
    this.#reading = true;
    try {
      await this.#read();
      this.#of = of;
      this.draw();
      await pause(EVERY, this.#signal);
    } catch (e) {
      if (!this.#signal.aborted) {
        this.#of = of;
        this.element.replaceChildren(h("p", { class: "wrong" }, e.message));
      }
    } finally {
      this.#reading = false;
    }
  }

  async #read() {
    const groups = new Map();
    let others = 0;
    let cursor;
    do {
      const page = await get(pathOf(this.#runId, "/failures"), { state: STATES.join(), cursor }, { signal: this.#signal });
      page.failures.forEach((group) => add(groups, group));
      others += page.otherCount ?? 0;
      cursor = page.cursor;
    } while (cursor && !this.#signal.aborted);
    this.#groups = [...groups.values()].sort((a, b) => b.count - a.count).slice(0, GROUPS);
    this.#others = others;
  }

  draw() {
    const failed = this.#groups.reduce((sum, group) => sum + group.count, this.#others);
    say(this.heading, failed === 0 ? "" : `${count(failed, "step")}, ${count(this.#groups.length, "cause")}`);
    update(this.element,
      this.#groups.length === 0
        ? h("p", { class: "muted" }, "No step has failed.")
        : h("ul", { class: "groups" }, this.#groups.map((group) => this.#item(group))),
      this.#others > 0 ? h("p", { class: "muted" }, `${count(this.#others, "step")} failed otherwise.`) : null);
  }

  #item(group) {
    const chosen = this.#choice.chosen() === group.failure;
    return h("li", { "data-id": group.failure },
      h("a", {
        class: "group", href: this.#choice.address(chosen ? "" : group.failure), "aria-current": chosen ? "true" : null,
        title: `first ${time(group.firstAt)}, last ${time(group.lastAt)}`,
        onclick: (event) => {
          if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
            event.preventDefault();
            this.#choice.choose(chosen ? "" : group.failure);
          }
        },
      }, h("strong", { class: "many" }, number(group.count)),
        h("span", {}, h("span", { class: "kind" }, group.kind), " ", h("span", { class: "handler" }, group.handler),
          h("span", { class: "message" }, group.message))),
      h("button", {
        type: "button", class: "small", "aria-label": `Redrive the ${count(group.count, "step")} of this failure`,
        onclick: () => this.#choice.act(redrive(this.#runId, { filter: { failure: group.failure } }, `Redrive: ${group.kind}`)),
      }, "Redrive …"));
  }
}

/** A page counts steps of its own, so the same group of several pages is added up. */
function add(groups, group) {
  const known = groups.get(group.failure);
  if (!known) {
    groups.set(group.failure, { ...group });
    return;
  }
  known.count += group.count;
  known.lastAt = known.lastAt > group.lastAt ? known.lastAt : group.lastAt;
  known.firstAt = known.firstAt < group.firstAt ? known.firstAt : group.firstAt;
}
