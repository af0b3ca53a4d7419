// @ts-check
/**
 * Making elements and sentences; text is only ever text.
 *
 * Lives here: four small helps that all parts of the workbook share. Not here:
 * anything about notes.
 */

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] attributes; `text` is the words inside, a function is a listener ("click": …)
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === undefined || value === null) continue;
    if (name === "text") el.textContent = value;
    else if (typeof value === "function") el.addEventListener(name, value);
    else el.setAttribute(name, value === true ? "" : String(value));
  }
  el.append(...children);
  return el;
}

/**
 * `about` says to those who only hear it what the button belongs to.
 * @param {string} [style] @param {Record<string, any>} [props] @returns {HTMLButtonElement}
 */
export function button(style = "", { about = "", ...props } = {}) {
  const made = make("button", { type: "button", class: `button ${style}`.trim(), ...props });
  if (about) made.append(make("span", { class: "visually-hidden", text: ` (${about})` }));
  return made;
}

/**
 * Fill {names} in a sentence.
 * @param {string} sentence @param {Record<string, string | number>} values
 */
export function put(sentence, values) {
  return (sentence ?? "").replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** One line of a text, not longer than it is good to read in a sentence. @param {string} text @param {number} [most] */
export function short(text, most = 60) {
  const line = text.replace(/\s+/g, " ").trim();
  const letters = [...line];
  return letters.length > most ? `${letters.slice(0, most - 1).join("").trimEnd()}…` : line;
}

let numbers = 0;

/** A new id for an element of this page. @param {string} [name] */
export function newId(name = "n") {
  numbers += 1;
  return `${name}-${numbers}`;
}

/**
 * Open a dialog like a page of its own; resolves when it is closed, with the button's value.
 * @param {HTMLDialogElement} dialog @returns {Promise<string>}
 */
export function ask(dialog) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  dialog.returnValue = "";
  dialog.showModal();
  dialog.scrollTop = 0;
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        before?.focus({ preventScroll: true });
        resolve(dialog.returnValue);
      },
      { once: true },
    );
  });
}

/** Hand bytes to the person as a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 60000);
}
