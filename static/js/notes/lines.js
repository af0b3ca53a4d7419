// @ts-check
/**
 * The workbook in words: what was entered, line by line.
 *
 * Lives here: turning values into lines that can be printed or handed on. Not
 * here: choosing among them (take_along.js, room.js).
 */
import { put } from "./dom.js";
import { inWords } from "./controls.js";
import { cellTypes } from "./events.js";
import { isEmpty } from "./store.js";

/** The server takes no longer line. */
const LONGEST = 2000;

/**
 * @typedef {{lines: string[]}} Unit what one switch puts on paper or leaves off
 * @typedef {{part: string, label: string, units: Unit[]}} Item
 * @typedef {{heading: string, section: HTMLElement, items: Item[]}} Chapter
 */

/** @param {HTMLElement} el the entry @param {Record<string, any>} row */
export function rowInWords(el, row) {
  const said = cellTypes(el)
    .filter(({ id }) => !isEmpty(row[id]))
    .map(({ id, cell, type, label }) => ({ type, label, text: inWords(cell, type, row[id]).replace(/\s*\n\s*/g, " ") }));
  const [first, ...rest] = said;
  if (!first) return "";
  const named = (/** @type {typeof first} */ one) => `${one.label}${/[?!:.…]$/.test(one.label) ? "" : ":"} ${one.text}`;
  const head = ["text", "long", "pick", "time", "date"].includes(first.type) ? first.text : named(first);
  return [head, ...rest.map(named)].join(" · ");
}

/** @param {any} thing @param {Record<string, string>} words @returns {string[]} */
function thingInWords(thing, words) {
  const weights = thing.impact && thing.effort ? ` (${put(words.focus_weights, thing)})` : "";
  const lines = [`${thing.text} · ${words[`focus_tag_${thing.state}`]}${weights}`];
  if (thing.now) lines.push(`${words.focus_now}: ${thing.now} / 10`);
  if (thing.wanted) lines.push(`${words.focus_wanted}: ${thing.wanted} / 10`);
  if (thing.enough?.trim()) lines.push(`${words.focus_enough}: ${thing.enough.trim()}`);
  if (thing.first?.trim()) lines.push(`${words.focus_first}: ${thing.first.trim()}`);
  return lines;
}

/** @param {HTMLElement} el @param {any} value @param {Record<string, string>} words @returns {Unit[]} */
export function unitsOf(el, value, words) {
  const type = el.dataset.type ?? "text";
  if (isEmpty(value)) return [];
  /** @type {string[][]} */
  let units;
  if (type === "pick") units = value.map((/** @type {string} */ one) => [one]);
  else if (type === "rows") units = value.map((/** @type {any} */ row) => [rowInWords(el, row)]);
  else if (type === "focus") {
    const order = ["active", "parked", "satisfied", "dropped"];
    units = [...value].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).map((one) => thingInWords(one, words));
  } else units = [inWords(el, type, value).split("\n")];
  return units
    .map((lines) => ({ lines: lines.flatMap((line) => cut(line.trim())).filter(Boolean) }))
    .filter((unit) => unit.lines.length > 0);
}

/** @param {string} line */
function cut(line) {
  const letters = [...line];
  if (letters.length <= LONGEST) return [line];
  return Array.from({ length: Math.ceil(letters.length / LONGEST) }, (_, index) => letters.slice(index * LONGEST, (index + 1) * LONGEST).join(""));
}

/**
 * @param {HTMLElement[]} sections @param {import("./store.js").Store} store @param {Record<string, string>} words
 * @returns {Chapter[]} without what is empty
 */
export function chaptersOf(sections, store, words) {
  return sections
    .map((section) => ({
      heading: section.querySelector("h2")?.textContent?.trim() ?? "",
      section,
      items: /** @type {HTMLElement[]} */ ([...section.querySelectorAll("[data-entry]")])
        .map((el) => ({
          part: el.dataset.part ?? "",
          label: el.dataset.label ?? "",
          units: unitsOf(el, store.read(section.dataset.worksheet ?? "", el.dataset.entry ?? ""), words),
        }))
        .filter((item) => item.units.length > 0),
    }))
    .filter((chapter) => chapter.items.length > 0);
}
