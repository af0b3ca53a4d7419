// @ts-check
/**
 * A timer that counts down from the moment its screen arrived.
 *
 * Lives here: the moving line and the words beside it, for stage and console.
 * Not here: what happens at the end (the server decides). Nothing depends on
 * this device's clock: only the time passed since arrival is measured.
 */

/**
 * @typedef {{minutes: string, seconds: string, up: string}} Words
 */

/** Four times a second: the line moves without a visible step, the figures never skip one. */
const TICK_MS = 250;

let arrived = performance.now();

/** Count from now: a screen has just been drawn. */
export function restart() {
  arrived = performance.now();
}

/**
 * @param {number} seconds
 * @param {string} style "clock" for m:ss, anything else for whole minutes
 * @param {Words} words
 */
function said(seconds, style, words) {
  if (style === "clock") return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if (seconds <= 0) return words.up;
  if (seconds <= 60) return words.seconds.replace("#", String(seconds));
  return words.minutes.replace("#", String(Math.ceil(seconds / 60)));
}

/**
 * Redraw every timer on the page.
 *
 * @param {Words} words
 */
export function draw(words) {
  const passed = (performance.now() - arrived) / 1000;
  for (const timer of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-timer]"))) {
    const total = Number(timer.dataset.total) || 1;
    const start = Number(timer.dataset.left);
    const left = Math.max(0, timer.dataset.running === "yes" ? start - passed : start);
    const text = said(Math.ceil(left - 0.001), timer.dataset.style ?? "", words);
    const words_ = timer.querySelector("[data-timer-text]");
    if (words_ && words_.textContent !== text) words_.textContent = text;
    timer.querySelector("[data-timer-fill]")?.setAttribute("width", String(Math.min(1000, (1000 * left) / total)));
    timer.toggleAttribute("data-last-minute", left <= 60 && left > 0);
    timer.toggleAttribute("data-up", left <= 0);
  }
}

/**
 * Keep all timers of the page moving.
 *
 * @param {Words} words
 */
export function run(words) {
  draw(words);
  window.setInterval(() => draw(words), TICK_MS);
}
