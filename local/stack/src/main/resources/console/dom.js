// Makes elements. Whatever comes from the API goes into them as text: nothing in the console parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element. Attributes: `on…` are listeners, `class` and others are set, false and null are left out. */
export function h(tag, attributes, ...children) {
  return made(document.createElement(tag), attributes, children);
}

/** An element of a drawing. */
export function svg(tag, attributes, ...children) {
  return made(document.createElementNS(SVG, tag), attributes, children);
}

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") {
      element[name] = value;
      (element.listeners ??= []).push(name);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...present(children));
  return element;
}

const present = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

/**
 * Makes what an element holds as these children are, and keeps what can stay: a click that has begun, a selected text, the
 * focus and what was opened survive what is read each second. Children with the same `data-id` are the same one.
 */
export function update(element, ...children) {
  const wanted = present(children).map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
  wanted.forEach((child, i) => {
    const now = kept(element, child, i);
    if (now === undefined) {
      element.insertBefore(child, element.childNodes[i] ?? null);
    } else if (now !== child) {
      become(now, child);
    }
  });
  while (element.childNodes.length > wanted.length) {
    element.lastChild.remove();
  }
}

/** The child that becomes this one, at its place; undefined if there is none. */
function kept(element, child, i) {
  const there = element.childNodes[i];
  const id = child.dataset?.id;
  if (id === undefined || there?.dataset?.id === id) {
    return there !== undefined && there.nodeName === child.nodeName && there.dataset?.id === id ? there : undefined;
  }
  const elsewhere = [...element.children].find((other) => other.dataset.id === id && other.nodeName === child.nodeName);
  if (elsewhere === undefined) {
    return undefined;
  }
  const focused = elsewhere.contains(document.activeElement) ? document.activeElement : null;
  element.insertBefore(elsewhere, there);
  focused?.focus({ preventScroll: true }); // what is moved loses it
  return elsewhere;
}

function become(now, child) {
  if (now.nodeType === Node.TEXT_NODE) {
    if (now.data !== child.data) {
      now.data = child.data;
    }
    return;
  }
  for (const { name, value } of child.attributes) {
    if (name === "style") {
      now.style.cssText = child.style.cssText; // the policy refuses the attribute
    } else if (now.getAttribute(name) !== value) {
      now.setAttribute(name, value);
    }
  }
  for (const { name } of [...now.attributes]) {
    if (!child.hasAttribute(name) && name !== "open") {
      now.removeAttribute(name);
    }
  }
  (now.listeners ?? []).forEach((name) => (now[name] = null));
  (child.listeners ?? []).forEach((name) => (now[name] = child[name]));
  now.listeners = child.listeners;
  update(now, ...child.childNodes);
}

/** Replaces what an element holds, only if the text differs: a screen reader is not told the same twice. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Calls a function at most once a frame, however often it is asked for. */
export function onceAFrame(task) {
  let asked = false;
  return () => {
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        task();
      });
    }
  };
}

/** Tells a person, and their screen reader, what has happened. */
export function tell(text) {
  const told = document.getElementById("told");
  told.textContent = text;
  told.classList.add("shown");
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => told.classList.remove("shown"), 6000);
}
