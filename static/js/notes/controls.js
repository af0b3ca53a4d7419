// @ts-check
/**
 * Reading and filling the controls of one entry or one cell.
 *
 * Lives here: the types that are plain form controls (text, long, date, time,
 * choice, scale). Not here: pick, rows and focus, which have modules of their
 * own, and where values are kept (store.js).
 */

/**
 * @typedef {{get: () => any, set: (value: any) => void, refresh?: () => void}} Control
 *   `set` never touches the control that somebody is typing in; `refresh` looks at its sources again.
 */

/** @param {HTMLElement} el @returns {(HTMLInputElement | HTMLTextAreaElement)[]} */
export function inputs(el) {
  const found = /** @type {any[]} */ ([...el.querySelectorAll("input, textarea, select")]);
  return el.matches("input, textarea, select") ? [/** @type {any} */ (el), ...found] : found;
}

/** Whether somebody is typing in it just now. @param {Element} el */
export function isBusy(el) {
  return el === document.activeElement && document.hasFocus();
}

/** @param {HTMLElement} el @param {string} type @returns {Control} */
export function plainControl(el, type) {
  const all = inputs(el);
  if (type === "choice" || type === "scale") {
    return {
      get() {
        const chosen = all.filter((one) => /** @type {HTMLInputElement} */ (one).checked).map((one) => one.value);
        if (type === "choice") return chosen;
        return chosen.length ? Number(chosen[0]) : null;
      },
      set(value) {
        const wanted = (Array.isArray(value) ? value : [value]).map(String);
        for (const one of all) /** @type {HTMLInputElement} */ (one).checked = value !== null && wanted.includes(one.value);
      },
    };
  }
  const field = all[0];
  return {
    get: () => field?.value ?? "",
    set(value) {
      const text = typeof value === "string" ? value : "";
      if (field && !isBusy(field) && field.value !== text) field.value = text;
      if (field instanceof HTMLTextAreaElement) grow(field);
    },
  };
}

/** A page of a notebook has no scroll bars: a text field is as high as its text. @param {HTMLTextAreaElement} field */
export function grow(field) {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

/**
 * What a control holds, in the words that its owner reads.
 * @param {HTMLElement} el @param {string} type @param {any} value @returns {string}
 */
export function inWords(el, type, value) {
  if (value === null || value === undefined) return "";
  if (type === "choice") {
    const wanted = new Set(value);
    return inputs(el)
      .filter((one) => wanted.has(one.value))
      .map((one) => labelText(one))
      .join(", ");
  }
  if (type === "scale") {
    const numbers = inputs(el).map((one) => Number(one.value));
    return numbers.length ? `${value} / ${Math.max(...numbers)}` : String(value);
  }
  if (type === "date") return sayDay(value);
  if (type === "pick") return value.join(", ");
  return String(value).trim();
}

/** @param {string} day YYYY-MM-DD */
export function sayDay(day) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return day;
  const language = document.documentElement.lang || "en";
  return new Date(`${day}T12:00:00`).toLocaleDateString(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** @param {HTMLInputElement | HTMLTextAreaElement} field */
export function labelText(field) {
  const label = field.labels?.[0];
  const words = label?.querySelector("[data-label]") ?? label;
  return (words?.textContent ?? field.value).replace(/\s+/g, " ").trim();
}
