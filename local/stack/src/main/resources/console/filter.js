// Which steps of a run are shown. Pure, and quick enough for each key that a person types.

/** What the address says, as criteria. */
export function criteria(parameters) {
  return {
    states: new Set((parameters.get("state") ?? "").split(",").filter(Boolean)),
    text: parameters.get("text") ?? "",
    handler: parameters.get("handler") ?? "",
    kind: parameters.get("kind") ?? "",
    failure: parameters.get("failure") ?? "",
  };
}

/** Criteria, as the address has them; what selects nothing is left out. */
export function parameters(wanted) {
  const said = new URLSearchParams();
  if (wanted.states.size > 0) {
    said.set("state", [...wanted.states].join(","));
  }
  for (const name of ["text", "handler", "kind", "failure"]) {
    if (wanted[name]) {
      said.set(name, wanted[name]);
    }
  }
  return said;
}

export const selectsAll = (wanted) => parameters(wanted).size === 0;

/**
 * The steps that criteria select, in their order.
 *
 * @param inFailure keys of the steps of the failure group that the criteria name; null if it is not known
 */
export function select(steps, wanted, inFailure) {
  const { states, handler, kind } = wanted;
  const text = wanted.text.toLowerCase();
  const found = [];
  for (const step of steps) {
    if (
      (states.size === 0 || states.has(step.state)) &&
      (text === "" || step.lower.includes(text)) &&
      (handler === "" || step.handler === handler) &&
      (kind === "" || step.error?.kind === kind) &&
      (wanted.failure === "" || inFailure?.has(step.key))
    ) {
      found.push(step);
    }
  }
  return found;
}

/**
 * The same as a selection of the API, for a call that changes steps.
 *
 * @param shown the steps that the criteria select
 * @param mostKeys of a call
 * @return null if the API can say it neither by a filter nor by keys
 */
export function selection(wanted, shown, mostKeys = 1000) {
  if (wanted.text !== "") {
    return shown.length > 0 && shown.length <= mostKeys ? { keys: shown.map((step) => step.key) } : null;
  }
  const filter = {};
  for (const name of ["handler", "kind", "failure"]) {
    if (wanted[name]) {
      filter[name] = wanted[name];
    }
  }
  return {
    ...(wanted.states.size > 0 ? { states: [...wanted.states] } : {}),
    ...(Object.keys(filter).length > 0 ? { filter } : {}),
  };
}
