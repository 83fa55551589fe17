// A dialog that says what will happen before it happens.

import { h, say, tell } from "./dom.js";

const SETTLED = 350;
let dialogs = 0;

/**
 * Asks a person to confirm an action.
 *
 * @param title what it is
 * @param verb of the button that does it
 * @param fields each with `name`, `label`, `type` (text, number, json, choice), `hint`
 * @param preview from the values of the fields: what would happen, as `{ lines, examples, verb, nothing }`
 * @param act does it, from the values; the sentence that says what was done
 * @return whether it was done
 */
export function confirmed({ title, verb, danger = false, fields = [], preview, act }) {
  return new Promise((resolve) => {
    const what = h("div", { class: "what", "aria-live": "polite" }, h("p", {}, "Asking what would happen …"));
    const wrong = h("p", { class: "wrong", role: "alert" });
    const doIt = h("button", { type: "button", class: danger ? "danger" : "primary", disabled: true }, verb);
    const keep = h("button", { type: "button", onclick: () => dialog.close() }, "Do nothing");
    const inputs = fields.map(input);
    const name = `dialog-${++dialogs}`;
    const dialog = h("dialog", { "aria-labelledby": name }, h("h2", { id: name }, title), what,
      inputs.length > 0 ? h("details", { open: fields.some((field) => field.open) }, h("summary", {}, "Settings"),
        h("div", { class: "fields" }, inputs.map((each) => each.element))) : null,
      wrong, h("div", { class: "buttons" }, keep, doIt));
    let done = false;
    let asked = 0;
    const look = async () => {
      const mine = ++asked;
      doIt.disabled = true;
      try {
        const would = await preview(values(inputs));
        if (mine === asked) {
          say(wrong, "");
          what.replaceChildren(...description(would));
          doIt.textContent = would.verb ?? verb;
          doIt.disabled = would.nothing === true;
        }
      } catch (e) {
        if (mine === asked) {
          say(wrong, e.message);
          what.replaceChildren(h("p", {}, "This cannot be done as it is."));
        }
      }
    };
    let settling;
    dialog.addEventListener("input", () => {
      doIt.disabled = true;
      asked++;
      clearTimeout(settling);
      settling = setTimeout(look, SETTLED);
    });
    doIt.addEventListener("click", async () => {
      doIt.disabled = true;
      say(wrong, "");
      try {
        tell(await act(values(inputs)));
        done = true;
        dialog.close();
      } catch (e) {
        say(wrong, e.message);
        doIt.disabled = false;
      }
    });
    dialog.addEventListener("close", () => {
      clearTimeout(settling);
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
    keep.focus();
    look();
  });
}

/** Shows something until it is closed. */
export function shown(title, ...content) {
  const name = `dialog-${++dialogs}`;
  const dialog = h("dialog", { "aria-labelledby": name }, h("h2", { id: name }, title), ...content,
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => dialog.close() }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function description({ lines, examples = [] }) {
  return [
    ...lines.map((line) => h("p", {}, line)),
    examples.length > 0
      ? h("div", {}, h("p", { class: "muted" }, "For example:"), h("ul", { class: "examples", tabindex: "0", "aria-label": "Examples" },
          examples.map((key) => h("li", {}, h("code", {}, key)))))
      : null,
  ].filter(Boolean);
}

function input(field) {
  const id = `field-${field.name}`;
  const attributes = { id, "aria-describedby": field.hint ? `${id}-hint` : null, autocomplete: "off", spellcheck: "false" };
  const control = field.type === "json"
    ? h("textarea", { ...attributes, rows: 4 })
    : h("input", { ...attributes, type: field.type === "number" ? "number" : "text", min: field.min });
  const element = h("div", { class: "field" }, h("label", { for: id }, field.label), control,
    field.hint ? h("span", { class: "hint", id: `${id}-hint` }, field.hint) : null);
  return { field, control, element };
}

function values(inputs) {
  const said = {};
  for (const { field, control } of inputs) {
    const text = control.value.trim();
    if (control.validity?.badInput) {
      throw new Error(`${field.label}: this is no number.`);
    }
    if (text !== "") {
      said[field.name] = field.type === "number" ? Number(text) : field.type === "json" ? json(field, text) : text;
    }
  }
  return said;
}

function json(field, text) {
  try {
    return JSON.parse(text);
  } catch (e) {
    throw new Error(`${field.label}: this is no JSON (${e.message}).`);
  }
}
