// What the steps of a run print, as it is printed: those that are shown in the table.

import { get, run as pathOf } from "./api.js";
import { h, say } from "./dom.js";
import { count, time } from "./format.js";
import { line } from "./log-lines.js";

/** Logs read at once after each look at the feed, each second: 240 calls a minute at most. */
const READS = 4;

/** Attempts that have printed and are still to be read; beyond it, the oldest are left out. */
const MOST_WAITING = 40;

const MOST_LINES = 2000;

export class LiveLog {
  element;

  #runId;
  #signal;
  #address;
  #on = false;
  #waiting = new Map();
  #next = new Map();
  #skipped = 0;
  #lines = h("div", { class: "log lines", role: "log", "aria-live": "off", "aria-label": "What the steps print", tabindex: "0", hidden: true });
  #note = h("p", { class: "muted" }, "What the steps shown above print, as they print it.");
  #button = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.#toggle() }, "Follow the log");

  /** @param address of the view of a step, by its key */
  constructor(runId, signal, address) {
    this.#runId = runId;
    this.#signal = signal;
    this.#address = address;
    this.element = h("div", {}, h("div", { class: "filters" }, this.#button, this.#note), this.#lines);
  }

  #toggle() {
    this.#on = !this.#on;
    this.#button.setAttribute("aria-pressed", this.#on);
    say(this.#button, this.#on ? "Stop following" : "Follow the log");
    this.#lines.hidden = !this.#on && this.#lines.childElementCount === 0;
    this.#waiting.clear();
    this.#tellHow();
  }

  /** Takes note of an entry of the feed: a page that a running attempt has printed, or the end of an attempt. */
  note({ key, attempt, page, logPageCount }) {
    const of = `${attempt} ${key}`;
    const upTo = page === undefined ? (logPageCount ?? 0) : page + 1;
    if (this.#on && upTo > (this.#next.get(of) ?? 0)) {
      this.#waiting.set(of, { key, attempt, upTo: Math.max(upTo, this.#waiting.get(of)?.upTo ?? 0) });
    }
  }

  /**
   * Reads what was noted; of more than can be read, the newest.
   *
   * @param isShown whether a step of this key is shown
   */
  async read(isShown) {
    for (const [of, { key }] of this.#waiting) {
      if (!isShown(key)) {
        this.#waiting.delete(of);
      } else if (this.#waiting.size > MOST_WAITING) {
        this.#waiting.delete(of);
        this.#skipped++;
      }
    }
    const now = [...this.#waiting].slice(0, READS);
    now.forEach(([of]) => this.#waiting.delete(of));
    const pages = await Promise.all(now.map(([of, wanted]) => this.#pages(of, wanted)));
    this.#show(pages.flat().sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)));
  }

  async #pages(of, { key, attempt, upTo }) {
    const query = { key, log: "true", attempt };
    const answer = await get(pathOf(this.#runId, "/step"), query, { signal: this.#signal });
    const from = this.#next.get(of) ?? 0;
    const pages = (answer.logPages ?? []).filter((page) => page.page >= from);
    this.#next.set(of, Math.max(upTo, from, ...pages.map((page) => page.page + 1)));
    return pages.map((page) => ({ ...page, key }));
  }

  #show(pages) {
    if (!this.#on) {
      return;
    }
    const list = this.#lines;
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
    for (const { key, attempt, at, lines } of pages) {
      list.append(...lines.map((text) => h("div", {},
        h("span", { class: "muted" }, time(at).slice(-8)), " ",
        h("a", { href: this.#address(key), title: `${key}, attempt ${attempt}` }, key), " ", line(text))));
    }
    while (list.childElementCount > MOST_LINES) {
      list.firstChild.remove();
    }
    if (atEnd) {
      list.scrollTop = list.scrollHeight;
    }
    this.#tellHow();
  }

  #tellHow() {
    const lines = this.#lines.childElementCount;
    this.#lines.hidden = !this.#on && lines === 0;
    const skipped = this.#skipped > 0
      ? `; ${count(this.#skipped, "attempt")} printed more than is read here: choose fewer steps above` : "";
    say(this.#note, this.#on || lines > 0
      ? `${count(lines, "line")}${lines >= MOST_LINES ? ", the newest" : ""}${skipped}`
      : "What the steps shown above print, as they print it.");
  }
}
