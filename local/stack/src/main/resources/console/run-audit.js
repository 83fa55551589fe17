// Whether what is stored of a run is right, when somebody asks: an audit, and what it has found.

import { Audit, toDo } from "./audit.js";
import { h, say, update } from "./dom.js";
import { count, number, time } from "./format.js";

const BEFORE = "Whether records, feed, marks of dead letters and payloads of this run agree. Changes nothing.";

export class RunAudit {
  element;

  #runId;
  #signal;
  #address;
  #going = null;
  #note = h("p", { class: "muted", role: "status" }, BEFORE);
  #progress = h("p", { class: "muted", hidden: true });
  #wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  #found = h("div", {});
  // The second click of a double click would end what the first has begun.
  #button = h("button", { type: "button", onclick: ({ detail }) => detail < 2 && this.#toggle() }, "Check");

  /** @param address of the view of a step, by its key */
  constructor(runId, signal, address) {
    this.#runId = runId;
    this.#signal = signal;
    this.#address = address;
    this.element = h("div", {},
      h("div", { class: "filters" }, this.#button, this.#note), this.#progress, this.#wrong, this.#found);
  }

  #toggle() {
    if (this.#going === null) {
      this.#check();
    } else {
      this.#going.abort();
    }
  }

  async #check() {
    const going = this.#going = new AbortController();
    const audit = new Audit(this.#runId, AbortSignal.any([this.#signal, going.signal]), () => this.#draw(audit));
    say(this.#button, "Stop checking");
    this.#wrong.hidden = true;
    this.#draw(audit);
    let refusal = null;
    try {
      await audit.run();
    } catch (e) {
      if (this.#signal.aborted) {
        return;
      }
      refusal = going.signal.aborted ? "" : e.message;
    }
    this.#going = null;
    say(this.#button, "Check");
    this.#progress.hidden = true;
    say(this.#note, refusal === null ? `At ${time(Date.now()).slice(-8)}: ${audit.found()}. ${audit.lookedAt()}`
      : `Not checked to the end: ${audit.found()} so far. ${audit.lookedAt()}`);
    this.#wrong.hidden = !refusal;
    say(this.#wrong, refusal ?? "");
  }

  /** The note is read out, so that it has the numbers at the end alone. */
  #draw(audit) {
    say(this.#note, audit.problem ?? (audit.waitsUntil === null ? "Checking …"
      : `Some of it may be work under way: it is looked at again at ${time(audit.waitsUntil).slice(-8)}.`));
    this.#progress.hidden = false;
    say(this.#progress, `${count(audit.checked, "step")} checked, ${audit.found()} so far.`);
    const cut = audit.cut();
    update(this.#found,
      [...audit.violations].map(([kind, { many, first }]) => h("div", { class: "violations", "data-id": kind },
        h("h3", {}, kind, " ", h("span", { class: "muted" }, number(many))),
        h("p", {}, toDo(kind)),
        h("ul", {}, first.map((violation) => this.#item(violation))))),
      cut === "" ? null : h("p", { class: "muted" }, cut));
  }

  #item({ key, dispatchId, evidence }) {
    return h("li", {},
      key === undefined
        ? (dispatchId === undefined ? "The run" : `Dispatch ${dispatchId}`)
        : h("a", { href: this.#address(key) }, key),
      h("pre", { class: "trace" }, evidence));
  }
}
