// @ts-check
/**
 * Which entries become which events in a calendar.
 *
 * Lives here: the talk, the retreat, the decision, the next step, and coming
 * back to the page. Not here: the file's format (calendar.js). Titles say
 * nothing of what was written unless its owner wants that: calendars are read
 * by others, too.
 */
import { short } from "./dom.js";
import { inWords } from "./controls.js";
import { isEmpty } from "./store.js";

/** @typedef {import("./calendar.js").CalendarEvent} CalendarEvent */

/** Nine in the morning of a whole day. */
const MORNING = -540;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}/;

/**
 * @param {HTMLElement} section a worksheet
 * @param {import("./store.js").Store} store
 */
function partsOf(section, store) {
  /** @type {Record<string, {el: HTMLElement, value: any, said: string}>} */
  const parts = {};
  for (const el of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-entry]"))) {
    const value = store.read(section.dataset.worksheet ?? "", el.dataset.entry ?? "");
    if (!el.dataset.part || isEmpty(value)) continue;
    const type = el.dataset.type ?? "text";
    parts[el.dataset.part] = { el, value, said: type === "rows" ? "" : inWords(el, type, value) };
  }
  return parts;
}

/** @param {HTMLElement} el @param {any[]} rows every row as one line */
function rowLines(el, rows) {
  const types = cellTypes(el);
  return rows.map((row) => types.map(({ id, cell, type }) => (isEmpty(row[id]) ? "" : inWords(cell, type, row[id]))).filter(Boolean).join(" · "));
}

/** @param {HTMLElement} el the cells of a list as its template has them */
export function cellTypes(el) {
  const template = /** @type {HTMLTemplateElement | null} */ (el.querySelector("template[data-row]"));
  return /** @type {HTMLElement[]} */ ([...(template?.content.querySelectorAll("[data-cell]") ?? [])]).map((cell) => ({
    id: cell.dataset.cell ?? "",
    type: cell.dataset.type ?? "text",
    label: cell.dataset.label ?? "",
    cell,
  }));
}

/** @param {string} day @param {number} days */
function plus(day, days) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** @param {string} time */
const minutesOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

/**
 * The blocks of an agenda: the first time of a row is its start, a second one its end; without an end it lasts until
 * the next block begins, an hour at most two. A date moves the following blocks to that day; an earlier time than the
 * block before means the next day.
 * @param {HTMLElement} el @param {any[]} rows @param {string} day @returns {CalendarEvent[]}
 */
function blocks(el, rows, day) {
  const cells = cellTypes(el);
  const [start, end] = cells.filter((one) => one.type === "time");
  const date = cells.find((one) => one.type === "date");
  const words = cells.filter((one) => one !== start && one !== end && one !== date);
  if (!start) return [];
  /** @type {CalendarEvent[]} */
  const found = [];
  let today = day;
  let last = -1;
  for (const row of rows) {
    if (date && DAY.test(row[date.id] ?? "")) [today, last] = [row[date.id], -1];
    const time = row[start.id] ?? "";
    if (!TIME.test(time)) continue;
    const begins = minutesOf(time);
    if (begins < last) today = plus(today, 1);
    last = begins;
    const title = words.map(({ id, cell, type }) => (isEmpty(row[id]) ? "" : inWords(cell, type, row[id]))).filter(Boolean).join(" · ");
    const until = end && TIME.test(row[end.id] ?? "") ? minutesOf(row[end.id]) - begins : 0;
    found.push({ title: short(title, 120), day: today, time, minutes: until > 0 ? until : undefined, remind: 10 });
  }
  found.forEach((block, index) => {
    const next = found[index + 1];
    const gap = next && next.day === block.day ? minutesOf(next.time ?? "") - minutesOf(block.time ?? "") : 60;
    block.minutes ??= Math.min(Math.max(gap, 15), 120);
  });
  return found;
}

/**
 * @param {HTMLElement} section
 * @param {import("./store.js").Store} store
 * @param {Record<string, string>} words
 * @param {boolean} own whether the owner's words may stand in the calendar
 * @returns {CalendarEvent[]} none where the day is missing
 */
export function eventsOf(section, store, words, own) {
  const parts = partsOf(section, store);
  const day = DAY.test(parts.day?.value ?? "") ? parts.day.value : "";
  const by = DAY.test(parts.by?.value ?? "") ? parts.by.value : "";
  /** @param {...string} names */
  const text = (...names) =>
    names
      .filter((name) => parts[name])
      .map((name) => {
        const { el, value, said } = parts[name];
        const lines = said || rowLines(el, value).map((line) => `- ${line}`).join("\n");
        return `${el.dataset.label}\n${lines}`;
      })
      .join("\n\n");

  if (section.dataset.paper === "talk" && day) {
    const time = TIME.test(parts.time?.value ?? "") ? parts.time.value : undefined;
    return [{ title: words.event_talk, day, time, minutes: 30, text: own ? text("opening", "ask") : "", remind: time ? 60 : MORNING }];
  }
  if (section.dataset.paper === "retreat" && day) {
    const agenda = own && parts.agenda && Array.isArray(parts.agenda.value) ? blocks(parts.agenda.el, parts.agenda.value, day) : [];
    const days = agenda.reduce((most, block) => Math.max(most, (Date.parse(block.day) - Date.parse(day)) / 86400000 + 1), 1);
    const whole = { title: words.event_retreat, day, days, place: own ? parts.place?.said : "", remind: MORNING };
    const rest = own ? text("off", "questions", "goals", ...(agenda.length ? [] : ["agenda"])) : "";
    return [{ ...whole, text: rest }, ...agenda.map((block) => ({ ...block, title: block.title || words.event_retreat }))];
  }
  if (section.dataset.paper === "decision" && by) {
    return [{ title: own && parts.decision ? short(parts.decision.said, 120) : words.event_decision, day: by, text: own ? text("action") : "", remind: MORNING }];
  }
  if (section.dataset.paper === "next-step") {
    const step = own && parts.step ? short(parts.step.said, 120) : "";
    const again = DAY.test(parts["follow-up"]?.value ?? "") ? parts["follow-up"].value : "";
    return [
      ...(by ? [{ title: step || words.event_step, day: by, remind: MORNING }] : []),
      ...(again ? [{ title: words.event_follow_up, day: again, text: step, remind: MORNING }] : []),
    ];
  }
  return [];
}
