// @ts-check
/**
 * A timer that counts down from the moment its screen arrived.
 *
 * Lives here: the moving line and the words beside it, for stage and console.
 * Not here: what happens at the end (the server decides). Nothing depends on
 * this device's clock: only the time passed since arrival is measured.
 */

/**
 * @typedef {{minutes: string, low: string, minute: string, half: string, few: string, up: string}} Words
 *   Of these `minutes` and `low` hold a # for the number.
 */

/** Four times a second: the line moves without a visible step, the figures never skip one. */
const TICK_MS = 250;

/** Shares of the whole from which a timer says that its end is near, and very near. */
const LOW = 0.2;
const LAST = 0.05;

let arrived = performance.now();
/** Whether a timer was seen running with time left: only then is its end worth a sound. */
let ran = false;

/** Count from now: a screen has just been drawn. */
export function restart() {
  arrived = performance.now();
}

/**
 * The rest in words. The last minute is not counted down second by second: nobody thinks well under a ticking figure.
 *
 * @param {number} seconds
 * @param {number} total
 * @param {string} style "clock" for m:ss, anything else for words
 * @param {Words} words
 */
function said(seconds, total, style, words) {
  if (style === "clock") return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if (seconds <= 0) return words.up;
  if (seconds <= 10) return words.few;
  if (seconds <= 30) return words.half;
  if (seconds <= 60) return words.minute;
  return (seconds <= total * LOW ? words.low : words.minutes).replace("#", String(Math.ceil(seconds / 60)));
}

/**
 * Redraw every timer on the page.
 *
 * @param {Words} words
 * @param {() => void} [ended] called once when a timer that was seen running has come to its end
 */
export function draw(words, ended) {
  let runs = false;
  let over = false;
  const passed = (performance.now() - arrived) / 1000;
  for (const timer of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-timer]"))) {
    const total = Number(timer.dataset.total) || 1;
    const start = Number(timer.dataset.left);
    const left = Math.max(0, timer.dataset.running === "yes" ? start - passed : start);
    const text = said(Math.ceil(left - 0.001), total, timer.dataset.style ?? "", words);
    const words_ = timer.querySelector("[data-timer-text]");
    if (words_ && words_.textContent !== text) words_.textContent = text;
    timer.querySelector("[data-timer-fill]")?.setAttribute("width", String(Math.min(1000, (1000 * left) / total)));
    timer.classList.toggle("is-low", left > 0 && left <= total * LOW && left > total * LAST);
    timer.classList.toggle("is-last", left > 0 && left <= total * LAST);
    timer.classList.toggle("is-up", left <= 0);
    runs ||= timer.dataset.running === "yes" && left > 0;
    over ||= timer.dataset.running === "yes" && left <= 0;
  }
  if (ran && over && !runs) ended?.();
  ran = runs;
}

/**
 * Keep all timers of the page moving.
 *
 * @param {Words} words
 * @param {() => void} [ended]
 */
export function run(words, ended) {
  draw(words, ended);
  window.setInterval(() => draw(words, ended), TICK_MS);
}

/**
 * The sentences of a page's timers, from the attributes of its main part.
 *
 * @param {HTMLElement} main
 * @returns {Words}
 */
export function wordsOf({ dataset }) {
  return {
    minutes: dataset.minutes ?? "#",
    low: dataset.low ?? "#",
    minute: dataset.minute ?? "",
    half: dataset.half ?? "",
    few: dataset.few ?? "",
    up: dataset.up ?? "",
  };
}
