// A table of any number of rows, of which only those in sight are elements.

import { h, onceAFrame, update } from "./dom.js";

const ROW = 34;
const BEYOND = 8;

export class Table {
  #columns;
  #rows = [];
  #sorted = [];
  #by = null;
  #descending = false;
  #shown = new Map();
  #space = h("div", { role: "presentation", class: "space" });
  #body;
  #heads;
  #render;

  /**
   * @param label names the table
   * @param columns each with `name`, `cell(row)` and, if it can be sorted by, `value(row)`; a row has a `key` of its own
   */
  constructor(label, columns) {
    this.#columns = columns;
    this.#render = onceAFrame(() => this.#draw());
    this.#body = h("div", {
      class: "rows", role: "rowgroup", tabindex: "0", "aria-label": `${label}, rows`,
      onscroll: this.#render, onkeydown: (event) => this.#key(event),
    }, this.#space);
    this.#heads = columns.map((column) => h("div", { role: "columnheader", class: `cell ${column.class ?? ""}` },
      column.value
        ? h("button", { type: "button", class: "sort", onclick: () => this.#sortBy(column) }, column.name)
        : column.name));
    this.element = h("div", { class: "table", role: "table", "aria-label": label },
      h("div", { role: "rowgroup" }, h("div", { role: "row", class: "row head" }, this.#heads)), this.#body);
    new ResizeObserver(this.#render).observe(this.#body);
  }

  /** Shows these rows; where the reader is stays. */
  show(rows) {
    this.#rows = rows;
    this.#sort();
    this.element.setAttribute("aria-rowcount", rows.length + 1);
    this.#space.style.height = `${rows.length * ROW}px`;
    this.#render();
  }

  #sortBy(column) {
    this.#descending = this.#by === column && !this.#descending;
    this.#by = column;
    this.#columns.forEach((other, i) => {
      const way = this.#descending ? "descending" : "ascending";
      other === column ? this.#heads[i].setAttribute("aria-sort", way) : this.#heads[i].removeAttribute("aria-sort");
    });
    this.#sort();
    this.#body.scrollTop = 0;
    this.#render();
  }

  #sort() {
    if (this.#by === null) {
      this.#sorted = this.#rows;
      return;
    }
    const way = this.#descending ? -1 : 1;
    const keyed = this.#rows.map((row) => [this.#by.value(row), row]);
    keyed.sort(([a], [b]) => (a < b ? -way : a > b ? way : 0));
    this.#sorted = keyed.map(([, row]) => row);
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.#body.scrollTop / ROW) - BEYOND);
    const last = Math.min(this.#sorted.length, Math.ceil((this.#body.scrollTop + this.#body.clientHeight) / ROW) + BEYOND);
    const held = this.#body.contains(document.activeElement) && document.activeElement !== this.#body;
    const index = held ? Number(document.activeElement.closest(".row")?.dataset.index) : -1;
    for (const [i, element] of this.#shown) {
      if (i < first || i >= last) {
        if (i === index) {
          this.#body.focus({ preventScroll: true });
        }
        element.remove();
        this.#shown.delete(i);
      }
    }
    for (let i = first; i < last; i++) {
      this.#drawRow(i);
    }
  }

  #drawRow(i) {
    let element = this.#shown.get(i);
    if (!element) {
      element = h("div", { role: "row", class: "row", "data-index": i, "aria-rowindex": i + 2 });
      element.style.transform = `translateY(${i * ROW}px)`;
      this.#shown.set(i, element);
      const next = [...this.#shown.keys()].filter((other) => other > i);
      this.#body.insertBefore(element, next.length > 0 ? this.#shown.get(Math.min(...next)) : null);
    }
    const row = this.#sorted[i];
    const focused = element.contains(document.activeElement);
    if (element.dataset.of !== row.key) {
      element.dataset.of = row.key; // a click that has begun must not open another row
      element.replaceChildren();
    }
    update(element, this.#columns.map((column) =>
      h("div", { role: "cell", class: `cell ${column.class ?? ""}` }, column.cell(row))));
    if (focused && !element.contains(document.activeElement)) {
      element.querySelector("a")?.focus({ preventScroll: true });
    }
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    event.preventDefault();
    const at = Number(document.activeElement.closest(".row")?.dataset.index ?? -1);
    const next = Math.max(0, Math.min(this.#sorted.length - 1, at + step));
    const top = next * ROW;
    if (top < this.#body.scrollTop) {
      this.#body.scrollTop = top;
    } else if (top + ROW > this.#body.scrollTop + this.#body.clientHeight) {
      this.#body.scrollTop = top + ROW - this.#body.clientHeight;
    }
    this.#draw();
    this.#shown.get(next)?.querySelector("a")?.focus({ preventScroll: true });
  }
}
