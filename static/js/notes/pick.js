// @ts-check
/**
 * Picking from what was entered earlier, or adding one's own line.
 *
 * Lives here: one pick, wherever it stands. Not here: what its sources hold
 * (sources.js).
 */
import { make, button, newId, put } from "./dom.js";
import { isBusy } from "./controls.js";

/**
 * @param {HTMLElement} fieldset
 * @param {{
 *   offers: () => string[], most: number, changed: () => void,
 *   words: Record<string, string>, name: string, label: string,
 * }} options
 * @returns {import("./controls.js").Control}
 */
export function pickControl(fieldset, { offers, most, changed, words, name, label }) {
  /** @type {string[]} */
  let picked = [];
  /** Of one choice only the chosen line stays, until another is wanted. */
  let folded = most === 1;
  const list = make("ul", { class: "pick__list", role: "list" });
  const none = make("p", { class: "quiet small", text: words.pick_none });
  const full = make("p", { class: "pick__full quiet small", role: "status" });
  const field = make("input", { type: "text", id: newId(name), maxlength: "200", autocomplete: "off", enterkeyhint: "done", dir: "auto" });
  const own = make(
    "div",
    { class: "pick__own" },
    make("label", { for: field.id, class: "small quiet", text: words.pick_own }),
    make("div", { class: "pick__line" }, field, button("button--small", { text: words.add, about: label, click: add })),
  );
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    add();
  });
  // The half-written own line is no entry yet, and must not count as one.
  field.addEventListener("input", (/** @type {Event} */ event) => event.stopPropagation());
  const other = button("button--quiet button--small pick__other", { text: words.pick_other, about: label });
  other.addEventListener("click", () => {
    folded = false;
    paint();
    /** @type {HTMLElement | null} */ (list.querySelector("input"))?.focus({ preventScroll: true });
  });
  fieldset.append(list, other, none, full, own);

  function add() {
    const text = field.value.trim();
    if (!text || (most > 1 && picked.length >= most && !picked.includes(text))) return;
    if (!picked.includes(text)) picked = most === 1 ? [text] : [...picked, text];
    field.value = "";
    folded = most === 1;
    paint();
    changed();
    if (!own.hidden) field.focus();
    else /** @type {HTMLElement | null} */ (list.querySelector("input:checked"))?.focus();
  }

  /** @param {string} text @param {boolean} on */
  function tick(text, on) {
    folded = most === 1 && on;
    const line = lineOf(text);
    const before = line?.getBoundingClientRect().top ?? 0;
    if (on && most === 1) picked = [text]; // choosing another one is one press, not two
    else picked = on ? [...picked, text] : picked.filter((one) => one !== text);
    paint();
    // What was just pressed stays under the finger.
    const moved = (line?.getBoundingClientRect().top ?? 0) - before;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
    changed();
  }

  /** @param {string} text @returns {HTMLElement | undefined} */
  function lineOf(text) {
    return [...list.children].find((li) => li.dataset.text === text);
  }

  function paint() {
    const all = [...new Set([...offers(), ...picked])];
    /** @type {Map<string, HTMLElement>} */
    const lines = new Map([...list.children].map((li) => [li.dataset.text ?? "", li]));
    for (const [text, li] of lines) if (!all.includes(text) && !li.contains(document.activeElement)) li.remove();
    for (const text of all) {
      let li = lines.get(text);
      if (!li) {
        const box = make("input", { type: "checkbox", name, value: text, id: newId(name) });
        box.addEventListener("change", () => tick(text, box.checked));
        li = make("li", { "data-text": text }, make("label", { class: "choice", for: box.id }, box, make("span", { text, dir: "auto" })));
        list.append(/** @type {HTMLElement} */ (li));
      }
      const box = /** @type {HTMLInputElement} */ (li?.querySelector("input"));
      box.checked = picked.includes(text);
      box.disabled = most > 1 && !box.checked && picked.length >= most;
      li?.classList.toggle("is-off", box.disabled);
    }
    const isFolded = folded && picked.length > 0;
    for (const li of list.children) li.hidden = isFolded && !picked.includes(li.dataset.text);
    other.hidden = !isFolded || all.length < 2;
    none.hidden = all.length > 0;
    const said = most > 1 && picked.length >= most ? put(words.pick_full, { most }) : "";
    if (full.textContent !== said) full.textContent = said;
    own.hidden = isFolded || (most > 1 && picked.length >= most && !isBusy(field));
  }

  paint();
  return {
    get: () => picked,
    set(value) {
      picked = Array.isArray(value) ? value.filter((one) => typeof one === "string").slice(0, Math.max(most, 1)) : [];
      paint();
    },
    refresh: paint,
  };
}
