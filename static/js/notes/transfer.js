// @ts-check
/**
 * The workbook as a file: out of this phone, into another.
 *
 * Lives here: the format, reading a file that may be anything, and asking
 * before anything that is filled in would change. Not here: the store.
 */
import { make, ask, newId, put, save, short } from "./dom.js";
import { inputs } from "./controls.js";
import { cellTypes } from "./events.js";
import { oneActive } from "./focus.js";
import { unitsOf } from "./lines.js";
import { isEmpty } from "./store.js";

/** Bytes. A full workbook has some ten thousand. */
export const LARGEST_FILE = 1024 * 1024;
const LONGEST = { text: 300, long: 2000 };

/**
 * @typedef {import("./take_along.js").Book & {guide: string, show: (activity: string, entry: string) => void}} OpenBook
 * @typedef {{section: HTMLElement, el: HTMLElement, activity: string, entry: string, type: string}} Place
 */

/** @param {OpenBook} book @returns {Place[]} */
function places(book) {
  return book.sheets.flatMap((section) =>
    /** @type {HTMLElement[]} */ ([...section.querySelectorAll("[data-entry]")]).map((el) => ({
      section,
      el,
      activity: section.dataset.worksheet ?? "",
      entry: el.dataset.entry ?? "",
      type: el.dataset.type ?? "text",
    })),
  );
}

/** @param {OpenBook} book */
export function exportFile(book) {
  /** @type {import("./store.js").Notes} */
  const notes = {};
  for (const { activity, entry } of places(book)) {
    const value = book.store.read(activity, entry);
    if (!isEmpty(value)) (notes[activity] ??= {})[entry] = value;
  }
  const file = { format: "unstuck-notes", version: 1, guide: book.guide, title: book.title, notes };
  save(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }), book.words.file_notes);
}

/** @param {any} value */
const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/**
 * Return the value as this page's entry can hold it; throws where it cannot.
 * @param {HTMLElement} el the entry, or a cell @param {string} type @param {any} value @returns {any}
 */
function fitting(el, type, value) {
  const refuse = () => {
    throw new Error("shape");
  };
  /** @param {any} text @param {number} most @returns {string} */
  const text = (text, most) => {
    if (typeof text !== "string" || text.length > most) refuse();
    return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "");
  };
  const box = /** @type {HTMLElement} */ (el.matches("[data-most]") ? el : (el.querySelector("[data-most]") ?? el));
  const most = Number(box.dataset.most ?? 12);
  if (type === "text" || type === "long") return text(value, LONGEST[type]);
  if (type === "date") return value === "" || /^\d{4}-\d{2}-\d{2}$/.test(text(value, 10)) ? value : refuse();
  if (type === "time") return value === "" || /^\d{2}:\d{2}(:\d{2})?$/.test(text(value, 8)) ? value : refuse();
  if (type === "scale") {
    return typeof value === "number" && inputs(el).some((one) => Number(one.value) === value) ? value : refuse();
  }
  if (!Array.isArray(value) || value.length > 60) return refuse();
  if (type === "choice") {
    const known = inputs(el).map((one) => one.value);
    return value.every((one) => known.includes(one)) ? [...new Set(value)] : refuse();
  }
  if (type === "pick") return value.length <= most ? [...new Set(value.map((one) => text(one, 300)))] : refuse();
  if (type === "rows") {
    if (value.length > most) return refuse();
    const cells = cellTypes(el);
    return value.map((row) => {
      if (!isPlain(row)) return refuse();
      return Object.fromEntries(
        cells.filter(({ id }) => Object.hasOwn(row, id)).map(({ id, cell, type: cellType }) => [id, fitting(cell, cellType, row[id])]),
      );
    });
  }
  return oneActive(
    value.map((thing) => {
      if (!isPlain(thing)) return refuse();
      const whole = (/** @type {any} */ n, /** @type {number} */ high) =>
        n === undefined || n === null ? undefined : Number.isInteger(n) && n >= 1 && n <= high ? n : refuse();
      const found = {
        text: text(thing.text, 300),
        state: thing.state,
        impact: whole(thing.impact, 5),
        effort: whole(thing.effort, 5),
        now: whole(thing.now, 10),
        wanted: whole(thing.wanted, 10),
        enough: text(thing.enough ?? "", 2000),
        first: text(thing.first ?? "", 2000),
      };
      return Object.fromEntries(Object.entries(found).filter(([, one]) => one !== undefined && one !== ""));
    }),
  );
}

/** Both lists in one, each line once, no longer than the page allows. @param {Place} place @param {any[]} mine @param {any[]} theirs */
function both(place, mine, theirs) {
  const same = (/** @type {any} */ one) => (place.type === "focus" ? one.text : JSON.stringify(one));
  const known = new Set(mine.map(same));
  const all = [...mine, ...theirs.filter((one) => !known.has(same(one)))];
  if (place.type === "focus") return oneActive(all);
  const box = /** @type {HTMLElement | null} */ (place.el.querySelector("[data-most]"));
  return all.length <= Number(box?.dataset.most ?? 12) ? all : null;
}

/**
 * Read a file, show what it would change, change it after a yes.
 * @param {OpenBook} book @param {File} file @param {(sentence: string) => void} say
 */
export async function importFile(book, file, say) {
  const { words, store } = book;
  if (file.size > LARGEST_FILE) return say(words.import_large);
  /** @type {any} */
  let data;
  try {
    data = JSON.parse(await file.text());
  } catch {
    return say(words.import_foreign);
  }
  if (!isPlain(data) || data.format !== "unstuck-notes" || !isPlain(data.notes)) return say(words.import_foreign);
  if (data.version !== 1) return say(words.import_newer);

  /** @type {{place: Place, value: any, before: any, choice: () => string}[]} */
  const found = [];
  let known = 0;
  for (const place of places(book)) {
    const sheet = Object.hasOwn(data.notes, place.activity) ? data.notes[place.activity] : null;
    if (!isPlain(sheet) || !Object.hasOwn(sheet, place.entry)) continue;
    known += 1;
    /** @type {any} */
    let value;
    try {
      value = fitting(place.el, place.type, sheet[place.entry]);
    } catch {
      return say(words.import_broken);
    }
    const before = store.read(place.activity, place.entry);
    if (isEmpty(value) || JSON.stringify(value) === JSON.stringify(before)) continue;
    found.push({ place, value, before, choice: () => "take" });
  }
  const all = Object.values(data.notes).reduce((sum, sheet) => sum + (isPlain(sheet) ? Object.keys(sheet).length : 0), 0);
  if (found.length === 0) return say(known ? words.import_same : words.import_none);

  const dialog = /** @type {HTMLDialogElement} */ (book.tools.querySelector("[data-dialog=import]"));
  const one = (/** @type {string} */ name) => /** @type {any} */ (dialog.querySelector(`[data-${name}]`));
  const from = typeof data.title === "string" ? short(data.title, 80) : "";
  one("from").textContent = put(data.guide === book.guide ? words.import_from : words.import_other_guide, { title: from });
  one("left").textContent = all > known ? put(words.import_left, { count: all - known }) : "";
  one("found").replaceChildren(...found.map(drawOne));
  if ((await ask(dialog)) !== "take") return say(words.import_stopped);
  for (const { place, value, before, choice } of found) {
    const chosen = choice();
    if (chosen === "keep") continue;
    store.write(place.activity, place.entry, chosen === "both" ? both(place, before, value) : value);
    book.show(place.activity, place.entry);
  }
  say(store.isDurable() ? words.import_done : words.nostore);

  /** @param {(typeof found)[0]} entry */
  function drawOne(entry) {
    const { place, value, before } = entry;
    const lines = (/** @type {any} */ said) => unitsOf(place.el, said, words).map((unit) => unit.lines.join(" ")).join("; ");
    const title = `${place.section.querySelector("h2")?.textContent ?? ""}: ${place.el.dataset.label ?? ""}`;
    if (isEmpty(before)) {
      return make("div", { class: "import-line" }, make("h3", { text: title, dir: "auto" }), make("p", { text: short(lines(value), 160), dir: "auto" }));
    }
    const name = newId("import");
    const options = [
      ["keep", words.import_keep, lines(before)],
      ["take", words.import_take, lines(value)],
      ...(Array.isArray(before) && place.type !== "choice" && both(place, before, value) ? [["both", words.import_both, ""]] : []),
    ].map(([value, label, text], index) => {
      const input = make("input", { type: "radio", name, value });
      input.checked = index === 0;
      const said = make("span", {}, make("b", { text: label }));
      if (text) said.append(make("span", { class: "import-text", text: short(text, 160), dir: "auto" }));
      return make("label", { class: "choice" }, input, said);
    });
    const group = make("fieldset", { class: "import-line" }, make("legend", { text: title, dir: "auto" }), ...options);
    entry.choice = () => group.querySelector("input:checked")?.value ?? "keep";
    return group;
  }
}
