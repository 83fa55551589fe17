// What is paused beyond single runs, said below the header of each view: else nobody would know why nothing starts.

import { get } from "./api.js";
import { pauses, resume } from "./actions.js";
import { h, say } from "./dom.js";
import { time } from "./format.js";
import { EVERY, SLOWEST, pause } from "./poll.js";

/** Whose steps do not start in any run, as of the last reading. */
export const pausedHandlers = new Set();

/** Keeps the notice and the button's count as the pauses are, for as long as the page is open. */
export async function watchPauses(notice, button) {
  button.addEventListener("click", pauses);
  let hurry = () => {};
  let wait = EVERY;
  document.addEventListener("pauses-changed", () => hurry());
  document.addEventListener("visibilitychange", () => document.hidden || hurry());
  for (;;) {
    const waiting = new AbortController();
    hurry = () => waiting.abort();
    if (!document.hidden) {
      try {
        show(notice, button, (await get("/v1/pauses")).pauses);
        wait = EVERY;
      } catch {
        wait = Math.min(SLOWEST, wait * 2); // the view's own calls say at the top what is wrong
      }
    }
    await pause(wait, waiting.signal);
  }
}

function show(notice, button, lasting) {
  say(button, lasting.length > 0 ? `Pauses (${lasting.length})` : "Pauses");
  const wide = lasting.filter((each) => each.scope !== "run");
  pausedHandlers.clear();
  wide.forEach((each) => each.scope === "handler" && pausedHandlers.add(each.handler));
  const said = JSON.stringify(wide);
  if (notice.dataset.said === said) {
    return;
  }
  notice.dataset.said = said;
  notice.hidden = wide.length === 0;
  notice.replaceChildren(...wide.map((each) => h("p", {},
    h("span", {}, each.scope === "all" ? h("strong", {}, "Everything is paused") : ["Handler ", h("strong", {}, each.handler), " is paused"],
      ` since ${time(each.pausedAt)}${each.reason ? `: ${each.reason}` : "."}`),
    h("button", { type: "button", class: "small", onclick: () => resume(each) }, "Resume …"))));
}
