// @ts-check
/**
 * Taking notes along: as a PDF that the server prints from exactly what the preview shows, and as calendar entries.
 *
 * Lives here: the two dialogs, and the one request that carries notes away from
 * this phone, at its owner's press. Not here: what a line is (lines.js) and
 * what an event is (events.js).
 */
import { make, button, ask, save } from "./dom.js";
import { calendarFile } from "./calendar.js";
import { eventsOf } from "./events.js";
import { chaptersOf } from "./lines.js";
import { sayDay } from "./controls.js";

/** Bytes of a request, as the server has it. */
const LARGEST = 64 * 1024;
/** Requests come in steps of so many bytes: from outside, much that was written looks like little. */
const STEP = 16 * 1024;
const MOST_LINES = 40;

/**
 * @typedef {{
 *   live: string, title: string, store: import("./store.js").Store, words: Record<string, string>,
 *   tools: HTMLElement, sheets: HTMLElement[],
 * }} Book
 */

/** @param {string} live @returns {Promise<string>} */
export async function token(live) {
  const answer = await fetch(`/s/${live}/notes/token`, { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!answer.ok) throw new Error("no token");
  return String((await answer.json()).csrf ?? "");
}

/** @param {Book} book @param {"talk" | "workbook"} paper @param {HTMLElement} [sheet] */
export async function makePaper(book, paper, sheet) {
  const { words, store } = book;
  const dialog = /** @type {HTMLDialogElement} */ (book.tools.querySelector("[data-dialog=paper]"));
  const one = (/** @type {string} */ name) => /** @type {any} */ (dialog.querySelector(`[data-${name}]`));
  const chapters = chaptersOf(sheet ? [sheet] : book.sheets, store, words);
  /** @type {{unit: import("./lines.js").Unit, item: import("./lines.js").Item, box: HTMLInputElement}[]} */
  const switches = [];
  one("heading").textContent = paper === "talk" ? words.paper_talk : words.paper_workbook;
  one("preview").replaceChildren(...chapters.map(drawChapter));
  one("nothing").hidden = chapters.length > 0;
  one("choices").hidden = chapters.length === 0;
  one("make").hidden = chapters.length === 0;
  say("");
  one("make").onclick = () => void print();
  await ask(dialog);

  /** @param {import("./lines.js").Chapter} chapter */
  function drawChapter(chapter) {
    const off = paper === "workbook" && chapter.section.dataset.folded !== undefined;
    const parts = chapter.items.map((item) =>
      make(
        "div",
        { class: "sheet-item" },
        make("h4", { text: item.label, dir: "auto" }),
        ...item.units.map((unit) => {
          const box = make("input", { type: "checkbox", role: "switch" });
          box.checked = !off;
          const text = make("span", { class: "sheet-item__lines", text: unit.lines.join("\n"), dir: "auto" });
          const label = make("label", { class: "switch" }, box, text, make("span", { class: "visually-hidden", text: `, ${words.in_the_pdf}` }));
          const paint = () => label.classList.toggle("is-off", !box.checked);
          box.addEventListener("change", () => (paint(), say("")));
          paint();
          switches.push({ unit, item, box });
          return label;
        }),
      ),
    );
    const note = off ? [make("p", { class: "quiet small", text: words.paper_folded })] : [];
    return make("section", { class: "preview-page" }, make("h3", { text: chapter.heading, dir: "auto" }), ...note, ...parts);
  }

  /** @param {string} sentence @param {string} [mood] */
  function say(sentence, mood = "") {
    const line = one("say");
    line.textContent = sentence;
    line.dataset.mood = mood;
  }

  async function print() {
    const sections = chapters
      .map((chapter) => ({
        heading: chapter.heading,
        items: chapter.items
          .map((item) => ({
            part: paper === "talk" ? item.part : "",
            label: item.label,
            lines: switches.filter((entry) => entry.item === item && entry.box.checked).flatMap((entry) => entry.unit.lines),
          }))
          .filter((item) => item.lines.length > 0),
      }))
      .filter((section) => section.items.length > 0);
    const size = /** @type {HTMLInputElement | null} */ (dialog.querySelector("input[name=paper-size]:checked"))?.value ?? "A4";
    const bare = new TextEncoder().encode(JSON.stringify({ paper, size, sections, pad: "" })).length;
    const body = JSON.stringify({ paper, size, sections, pad: ".".repeat((STEP - (bare % STEP)) % STEP) });
    if (sections.length === 0) return say(words.paper_empty, "wait");
    const tooLong = sections.some((section) => section.items.some((item) => item.lines.length > MOST_LINES));
    if (tooLong || bare > LARGEST) return say(words.paper_large, "wait");
    const press = /** @type {HTMLButtonElement} */ (one("make"));
    press.setAttribute("aria-disabled", "true");
    press.onclick = null;
    say(words.paper_making);
    try {
      const answer = await fetch(`/s/${book.live}/notes/paper`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json, application/pdf", "X-CSRFToken": await token(book.live) },
        body,
      });
      if (answer.ok && answer.headers.get("Content-Type")?.startsWith("application/pdf")) {
        save(await answer.blob(), paper === "talk" ? words.file_talk : words.file_workbook);
        const notes = decodeURIComponent(answer.headers.get("X-Print-Notes") ?? ""); // letters that the font lacks
        say([words.paper_done, notes].filter(Boolean).join(" "), "good");
      } else {
        const told = await answer.json().catch(() => ({}));
        say(told.error?.sentence ?? told.sentence ?? words.paper_failed, "wait");
      }
    } catch {
      say(navigator.onLine ? words.paper_failed : words.paper_offline, "wait");
    } finally {
      press.removeAttribute("aria-disabled");
      press.onclick = () => void print();
    }
  }
}

/** @param {Book} book @param {HTMLElement} sheet */
export async function makeCalendar(book, sheet) {
  const { words, store } = book;
  const dialog = /** @type {HTMLDialogElement} */ (book.tools.querySelector("[data-dialog=calendar]"));
  const one = (/** @type {string} */ name) => /** @type {any} */ (dialog.querySelector(`[data-${name}]`));
  const own = /** @type {HTMLInputElement} */ (one("own"));
  own.checked = sheet.dataset.paper === "retreat";
  const paint = () => {
    const events = eventsOf(sheet, store, words, own.checked);
    one("nothing").hidden = events.length > 0;
    one("make").hidden = events.length === 0;
    own.closest("label")?.toggleAttribute("hidden", events.length === 0);
    one("events").replaceChildren(
      ...events.map((event) => {
        const when = event.time ? `${sayDay(event.day)}, ${event.time}` : sayDay(event.day);
        const more = [event.place, event.text].filter(Boolean).join("\n");
        const li = make("li", {}, make("b", { text: event.title, dir: "auto" }), make("span", { class: "quiet small", text: when }));
        if (more) li.append(make("span", { class: "small event-text", text: more, dir: "auto" }));
        return li;
      }),
    );
    one("say").textContent = "";
  };
  own.onchange = paint;
  one("make").onclick = () => {
    saveCalendar(eventsOf(sheet, store, words, own.checked), words.file_calendar);
    one("say").textContent = words.calendar_done;
  };
  paint();
  await ask(dialog);
}

/** @param {import("./calendar.js").CalendarEvent[]} events @param {string} name */
function saveCalendar(events, name) {
  save(new Blob([calendarFile(events)], { type: "text/calendar;charset=utf-8" }), name);
}

/** An entry that leads back to this page before a phone may forget it. @param {Book} book */
export function comeBack(book) {
  const day = new Date();
  day.setDate(day.getDate() + 6); // some phones forget a page after seven days without a visit
  const local = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
  const url = window.location.href.split("#")[0];
  saveCalendar([{ title: book.words.event_back, day: local, text: url, url, remind: -540 }], book.words.file_calendar);
}

/** The buttons below a page that can become something. @param {Book} book @param {HTMLElement} sheet */
export function addTools(book, sheet) {
  const paper = sheet.dataset.paper;
  if (!paper) return;
  const line = make("div", { class: "worksheet__tools" });
  if (paper === "talk") line.append(button("button--primary", { text: book.words.make_talk, click: () => void makePaper(book, "talk", sheet) }));
  line.append(button("", { text: book.words[`make_${paper.replace("-", "_")}_calendar`], click: () => void makeCalendar(book, sheet) }));
  (sheet.querySelector("[data-body]") ?? sheet).append(line);
}

