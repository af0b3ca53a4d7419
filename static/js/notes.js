// @ts-check
/**
 * My notes: the blank page of the server comes to life with what this phone keeps.
 *
 * Lives here: joining the parts in notes/: every control with the store, the
 * tools below the pages, the bar of the room. Not here: the parts themselves.
 * Nothing that is written here leaves the phone but by its owner's press.
 */
import { keepPage } from "./offline.js";
import { clearPhone } from "./notes/clear.js";
import { grow, plainControl } from "./notes/controls.js";
import { short } from "./notes/dom.js";
import { focusControl } from "./notes/focus.js";
import { foldPage } from "./notes/fold.js";
import { rowInWords } from "./notes/lines.js";
import { pickControl } from "./notes/pick.js";
import { followRoom } from "./notes/room.js";
import { rowsControl } from "./notes/rows.js";
import { offersOf } from "./notes/sources.js";
import { openNotes } from "./notes/store.js";
import { addTools, comeBack, makePaper } from "./notes/take_along.js";
import { exportFile, importFile } from "./notes/transfer.js";

/** @param {HTMLElement} main @param {HTMLElement} tools */
function start(main, tools) {
  const live = main.dataset.live ?? "";
  const title = main.dataset.title ?? "";
  const guide = main.dataset.guide ?? "";
  /** @type {Record<string, string>} */
  const words = JSON.parse(tools.dataset.words ?? "{}");
  const choices = JSON.parse(main.dataset.choices ?? "{}");
  const store = openNotes(live);
  const sheets = /** @type {HTMLElement[]} */ ([...main.querySelectorAll("[data-worksheet]")]);
  const status = /** @type {HTMLElement | null} */ (document.querySelector("[data-status]"));
  const book = { live, title, guide, store, words, tools, sheets, show };
  /** @type {Map<string, import("./notes/controls.js").Control>} */
  const controls = new Map();
  /** Entries that another tab wrote while somebody was in them here. @type {Set<string>} */
  const missed = new Set();

  /** @param {HTMLElement} el */
  const sourcesOf = (el) => {
    const holder = /** @type {HTMLElement | null} */ (el.matches("[data-sources]") ? el : el.querySelector("[data-sources]"));
    return () => offersOf(JSON.parse(holder?.dataset.sources ?? "[]"), choices, store);
  };

  /**
   * @param {HTMLElement} el the entry, or a cell of a row @param {string} type @param {() => void} changed
   * @param {() => any} latest @returns {import("./notes/controls.js").Control}
   */
  function control(el, type, changed, latest) {
    const label = el.dataset.label ?? "";
    const holder = /** @type {HTMLElement} */ (el.matches("fieldset") ? el : (el.querySelector("fieldset, [data-focus]") ?? el));
    if (type === "pick") {
      const name = `${el.dataset.entry ?? el.dataset.cell ?? "pick"}-pick`;
      return pickControl(holder, { offers: sourcesOf(el), most: Number(holder.dataset.most ?? 5), changed, words, name, label });
    }
    if (type === "rows") {
      return rowsControl(el, { control: (cell, cellType) => control(cell, cellType, changed, latest), changed, words, label });
    }
    if (type === "focus") return focusControl(holder, { offers: sourcesOf(el), latest, changed, words, label });
    return plainControl(el, type);
  }

  /** @param {string} [sentence] */
  function paintStatus(sentence) {
    if (!status) return;
    const said = store.isDurable() ? (sentence ?? "") : words.nostore;
    if (status.textContent !== said) status.textContent = said;
    status.dataset.mood = store.isDurable() ? "good" : "wait";
  }

  /** Show what the store has now. @param {string} activity @param {string} entry */
  function show(activity, entry) {
    controls.get(`${activity}/${entry}`)?.set(store.read(activity, entry));
  }

  store.probe();
  const today = new Date();
  store.about({ title, guide, day: today.toISOString().slice(0, 10) });
  main.classList.add("is-live");
  tools.hidden = false;
  paintStatus();

  for (const section of sheets) {
    const activity = section.dataset.worksheet ?? "";
    for (const el of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-entry]"))) {
      const entry = el.dataset.entry ?? "";
      const type = el.dataset.type ?? "text";
      const made = control(el, type, keep, () => store.read(activity, entry));
      controls.set(`${activity}/${entry}`, made);
      made.set(store.read(activity, entry));
      // Focus keeps itself: its controls stand for things, not for the whole entry.
      if (type !== "focus") el.addEventListener("input", keep);
      el.addEventListener("focusout", () => {
        if (missed.delete(`${activity}/${entry}`)) window.setTimeout(() => show(activity, entry), 0);
      });

      function keep() {
        missed.delete(`${activity}/${entry}`);
        store.write(activity, entry, made.get());
        paintStatus(words.kept);
      }
    }
    addTools(book, section);
    if (section.dataset.folded !== undefined) foldPage(section, words);
  }
  for (const area of main.querySelectorAll("textarea")) grow(area);
  main.addEventListener("input", (event) => {
    if (event.target instanceof HTMLTextAreaElement) grow(event.target);
  });

  store.onChange((activity, entry, elsewhere) => {
    if (elsewhere) {
      if (document.activeElement?.closest("[data-entry]")?.getAttribute("data-entry") === entry) missed.add(`${activity}/${entry}`);
      show(activity, entry);
    }
    for (const [name, made] of controls) if (name !== `${activity}/${entry}`) made.refresh?.();
    room?.paint();
  });

  // -- the tools below the pages

  /** @param {string} name @param {() => void} act */
  const on = (name, act) => {
    for (const el of tools.querySelectorAll(`[data-do=${name}]`)) el.addEventListener("click", act);
  };
  const told = /** @type {HTMLElement} */ (tools.querySelector("[data-told]"));
  on("workbook", () => void makePaper(book, "workbook"));
  on("export", () => exportFile(book));
  on("come-back", () => comeBack(book));
  on("clear", () => void clearPhone(book, main));
  const file = /** @type {HTMLInputElement} */ (tools.querySelector("[data-file]"));
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen) void importFile(book, chosen, (sentence) => (told.textContent = sentence)).finally(() => (file.value = ""));
  });

  // -- the room

  /** @type {import("./notes/room.js").Room | null} */
  let room = null;
  room = followRoom(book, {
    onEnd: () => {
      const end = /** @type {HTMLElement} */ (tools.querySelector("[data-before-you-go]"));
      end.hidden = false;
    },
  });
  for (const section of sheets) {
    for (const el of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-entry]"))) offerLines(el, section.dataset.worksheet ?? "");
  }

  /** Beside every line that could be given to the room, an offer to do so. @param {HTMLElement} el @param {string} activity */
  function offerLines(el, activity) {
    const type = el.dataset.type ?? "";
    const entry = el.dataset.entry ?? "";
    if (type === "text" || type === "long") {
      const made = room?.offer(() => String(store.read(activity, entry) ?? ""), el.dataset.label ?? "");
      if (made) el.append(made.press);
    } else if (type === "pick" || type === "rows") {
      const place = /** @type {HTMLElement} */ (el.querySelector(type === "rows" ? "[data-rows]" : ".pick__list"));
      const fit = () => {
        for (const line of /** @type {HTMLElement[]} */ ([...place.children])) {
          if (line.querySelector(".give")) continue;
          const text = () => (type === "rows" ? rowText(el, line, activity, entry) : pickText(line));
          const made = room?.offer(text, short(text()) || (el.dataset.label ?? ""));
          if (!made) continue;
          (line.querySelector(".row__head") ?? line).append(made.press);
          made.paint();
        }
      };
      fit();
      new MutationObserver(fit).observe(place, { childList: true });
    }
  }

  /** @param {HTMLElement} line */
  function pickText(line) {
    return line.querySelector("input")?.checked ? (line.dataset.text ?? "") : "";
  }

  /** @param {HTMLElement} el @param {HTMLElement} line @param {string} activity @param {string} entry */
  function rowText(el, line, activity, entry) {
    const made = /** @type {any} */ (controls.get(`${activity}/${entry}`));
    return rowInWords(el, made?.rowOf(line) ?? {});
  }

  // The address may name a page: it is where the room is. Values are in by now, so nothing moves any more.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  if (document.readyState === "complete") void keepPage();
  else window.addEventListener("load", () => void keepPage());
}

const main = /** @type {HTMLElement | null} */ (document.querySelector("main[data-notes]"));
const tools = /** @type {HTMLElement | null} */ (document.querySelector("[data-notes-tools]"));
if (main && tools) start(main, tools);
