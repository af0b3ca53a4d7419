// @ts-check
/**
 * The stage in the browser: shows what arrives, pages a wall of cards.
 *
 * Lives here: replacing the screen, the size and pages of the cards, the small
 * word when the connection is gone. Not here: any power over the session; a
 * key on the stage turns a page of cards or sets this one screen (stage_tools.js).
 */

import { Idiomorph } from "../vendor/idiomorph.js";
import * as chime from "./chime.js";
import { connect } from "./link.js";
import { offer as offerTools } from "./stage_tools.js";
import * as timer from "./timer.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const screen_ = /** @type {HTMLElement} */ (document.getElementById("screen"));
const pages = /** @type {HTMLElement} */ (document.getElementById("pages"));
const connection = /** @type {HTMLElement} */ (document.getElementById("connection"));
const words = timer.wordsOf(main);
/** From the largest type to the smallest that the back row can read. */
const SIZES = ["cards-huge", "cards-large", "cards-middle", "cards-small"];

/** From full size to the least that is still readable; a prompt that is longer yet makes the page scroll. */
const FITS = ["", "snug", "tight", "tightest"];

/** A session that began again keeps its stage link; all stages do not ask for it in the same instant. */
const AGAIN_MS = 800;

let page = 0;
let shownKey = "";
let shownHtml = "";

/** @returns {HTMLElement | null} */
function wall() {
  return screen_.querySelector(".stage-result .cards");
}

/** @param {HTMLElement} list */
function pageWidth(list) {
  return list.clientWidth + (parseFloat(getComputedStyle(list).columnGap) || 0);
}

/** @param {HTMLElement} list */
function pageCount(list) {
  // Half a pixel of rounding must not make an empty last page.
  return Math.max(1, Math.ceil((list.scrollWidth - 4) / pageWidth(list)));
}

/** Let a long prompt shrink until the whole screen fits the wall. */
function fit() {
  const stage = /** @type {HTMLElement | null} */ (screen_.querySelector(".stage"));
  if (!stage) return;
  for (const size of FITS) {
    stage.dataset.fit = size;
    if (document.documentElement.scrollHeight <= window.innerHeight) break;
  }
}

/** Give the cards the largest type at which all fit on one wall, else the smallest and as many walls as it takes. */
function arrange() {
  const list = wall();
  pages.hidden = true;
  if (!list) {
    fit();
    return;
  }
  list.classList.add("cards-wall");
  for (const size of SIZES) {
    list.classList.remove(...SIZES);
    list.classList.add(size);
    if (pageCount(list) === 1) break;
  }
  turn(0);
}

/** @param {number} by */
function turn(by) {
  const list = wall();
  if (!list) return;
  const count = pageCount(list);
  page = Math.min(Math.max(page + by, 0), count - 1);
  const sign = getComputedStyle(list).direction === "rtl" ? -1 : 1;
  list.scrollLeft = sign * page * pageWidth(list);
  pages.hidden = count === 1;
  const text = pages.querySelector("[data-page-text]");
  if (text) text.textContent = `${page + 1} / ${count}`;
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (pages.querySelectorAll("[data-page]"))) {
    button.disabled = Number(button.dataset.page) < 0 ? page === 0 : page === count - 1;
  }
}

/** @param {string} key */
function settle(key) {
  const stage = screen_.querySelector(".stage");
  if (key !== shownKey) page = 0;
  if (shownKey && key !== shownKey) stage?.setAttribute("data-fresh", "");
  shownKey = key;
  if (stage?.getAttribute("data-mode") === "moved") {
    window.setTimeout(() => window.location.reload(), AGAIN_MS * (1 + Math.random()));
  }
  timer.restart();
  timer.draw(words, chime.ring);
  arrange();
}

pages.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-page]");
  if (button) turn(Number(/** @type {HTMLElement} */ (button).dataset.page));
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (!event.repeat && toolKey(event)) return;
  if (pages.hidden) return;
  const onButton = /** @type {HTMLElement} */ (event.target).closest("button") !== null;
  if (event.key === "PageDown" || event.key === "ArrowRight" || (event.key === " " && !onButton)) turn(1);
  else if (event.key === "PageUp" || event.key === "ArrowLeft") turn(-1);
  else return;
  event.preventDefault();
});

window.addEventListener("resize", arrange);
document.fonts?.ready.then(arrange);

chime.offer(/** @type {HTMLButtonElement} */ (document.getElementById("sound")));
timer.run(words, chime.ring);
const toolKey = offerTools(arrange);
settle(screen_.querySelector("[data-key]")?.getAttribute("data-key") ?? "");

/** @type {number | undefined} */
let late;
connect(
  { audience: "stage", live: main.dataset.live ?? "", language: main.dataset.language },
  {
    onScreen(message) {
      // Only what differs is touched: a chart that has grown once does not grow again when somebody joins.
      if (message.html !== shownHtml) Idiomorph.morph(screen_, message.html, { morphStyle: "innerHTML" });
      shownHtml = message.html;
      settle(message.key);
    },
    onUp() {
      window.clearTimeout(late);
      connection.textContent = "";
    },
    // A short gap heals by itself; the room is told only of a long one.
    onDown() {
      window.clearTimeout(late);
      late = window.setTimeout(() => (connection.textContent = connection.dataset.waiting ?? ""), 1500);
    },
    onRefused(refusal) {
      connection.textContent = refusal.sentence || (connection.dataset.waiting ?? "");
    },
  },
);
