// @ts-check
/**
 * What I sent: this phone's cards and what may still be asked for them.
 *
 * Lives here: drawing the phone's own list and one request per press. Not here:
 * the list (receipts.js), and any rule: the server answers in words.
 */
import { keep, read } from "./receipts.js";

/**
 * @typedef {import("./receipts.js").Own} Own
 * @typedef {import("./receipts.js").Sent} Sent
 * @typedef {{run: string, prompt: string, state: string, for_manager: boolean}} Question
 */

/** @param {HTMLElement} main */
function start(main) {
  const live = main.dataset.live ?? "";
  const csrf = /** @type {HTMLInputElement} */ (one(main, "[name=csrf_token]")).value;
  /** @type {Record<string, string>} */
  const words = JSON.parse(main.dataset.words ?? "{}");
  /** @type {Question[]} */
  const questions = JSON.parse(main.dataset.questions ?? "[]");
  const list = one(main, "[data-list]");
  let fixed = main.dataset.fixed === "yes";

  /** @param {ParentNode} within @param {string} selector @returns {HTMLElement} */
  function one(within, selector) {
    return /** @type {HTMLElement} */ (within.querySelector(selector));
  }

  /** @param {string} name @returns {HTMLElement} */
  function fresh(name) {
    const template = /** @type {HTMLTemplateElement} */ (document.querySelector(`template[data-${name}-template]`));
    return /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
  }

  function draw() {
    const mine = read(live);
    const places = new Map(questions.map((question, place) => [question.run, place]));
    const runs = [...mine.keys()].sort((a, b) => (places.get(a) ?? 999) - (places.get(b) ?? 999));
    list.replaceChildren(...runs.map((run) => question(run, /** @type {Sent} */ (mine.get(run)))));
    one(main, "[data-none]").hidden = runs.length > 0;
  }

  /** @param {string} run @param {Sent} sent */
  function question(run, sent) {
    const section = fresh("question");
    const asked = questions.find((other) => other.run === run);
    one(section, "[data-prompt]").textContent = asked?.prompt ?? sent.prompt;
    const note = one(section, "[data-note]");
    note.textContent = !asked ? (fixed ? "" : words.gone) : (words[asked.state] ?? "");
    note.hidden = !note.textContent;
    const among = asked !== undefined && asked.state !== "too_few";
    const open = asked?.state === "released" && !fixed;
    one(section, "[data-cards]").replaceChildren(...sent.cards.map((card) => drawn(run, card, open, among, asked?.for_manager ?? false)));
    return section;
  }

  /** @param {string} run @param {Own} card @param {boolean} open @param {boolean} among the results @param {boolean} forManager */
  function drawn(run, card, open, among, forManager) {
    const item = fresh("card");
    item.dataset.held = card.held;
    item.dataset.place = `${run}/${placeOf(run, card)}`;
    one(item, "[data-text]").textContent = card.text;
    one(item, "[data-tag]").textContent = stateOf(card, forManager);
    one(item, "[data-tag]").hidden = !among;
    one(item, "[data-tag]").classList.toggle("tag--warm", card.held !== "");
    const acts = one(item, "[data-acts]");
    acts.hidden = !open;
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (acts.querySelectorAll("button"))) {
      const act = button.dataset.act ?? "";
      if (act === "unquote") button.textContent = forManager ? words.unmanager : words.unquote;
      button.hidden =
        act === "keep" ? card.held === "" : card.held === "withdraw" || act === card.held || (act === "unquote" && !card.quotable);
      button.addEventListener("click", () => void press(run, card, act, button));
    }
    return item;
  }

  /** @param {Own} card @param {boolean} forManager */
  function stateOf(card, forManager) {
    if (card.held === "withdraw") return fixed ? words.withdrawn : words.withdraw_held;
    if (card.held === "unquote") return forManager ? words.unmanager_held : fixed ? words.unquoted : words.unquote_held;
    if (!card.quotable) return words.room;
    return forManager ? words.manager : words.quotable;
  }

  /** @param {string} run @param {Own} card @param {string} act @param {HTMLButtonElement} button */
  async function press(run, card, act, button) {
    button.disabled = true;
    one(main, "[data-problem]").hidden = true;
    /** @type {any} */
    let answer = null;
    try {
      const response = await fetch(`/s/${live}/receipts`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
        // Filled up to the longest: from outside, taking a text back looks like leaving it as it was (promise 12).
        body: JSON.stringify({ receipt: card.receipt, act, pad: "-".repeat(Math.max(0, 8 - act.length)) }),
      });
      answer = await response.json();
    } catch {
      answer = null;
    }
    if (answer?.ok) {
      note(run, card, act === "keep" ? "" : /** @type {Own["held"]} */ (act));
      one(main, "[data-say]").textContent = act === "keep" ? words.kept : words.asked;
    } else {
      if (answer?.code === "closed") fixed = true;
      problem(answer?.sentence ?? words.failed);
    }
    draw();
    // The list is drawn anew: the keyboard goes on at the same card.
    const place = [...list.querySelectorAll("li")].find((item) => item.dataset.place === `${run}/${placeOf(run, card)}`);
    /** @type {HTMLElement | null | undefined} */ (place?.querySelector("button:not([hidden])"))?.focus();
  }

  /** @param {string} run @param {Own} card */
  function placeOf(run, card) {
    return read(live).get(run)?.cards.findIndex((other) => other.receipt === card.receipt) ?? -1;
  }

  /** What was asked is remembered here only: the server never says what it holds. @param {string} run @param {Own} card @param {Own["held"]} held */
  function note(run, card, held) {
    const sent = read(live).get(run);
    if (!sent) return;
    keep(live, run, { ...sent, cards: sent.cards.map((other) => (other.receipt === card.receipt ? { ...other, held } : other)) });
  }

  /** @param {string} sentence */
  function problem(sentence) {
    one(main, "[data-problem-sentence]").textContent = sentence;
    one(main, "[data-problem]").hidden = false;
  }

  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (main.querySelectorAll("[data-moment]"))) {
    const moment = new Date(time.dateTime);
    time.textContent = moment.toLocaleString(document.documentElement.lang, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }
  window.addEventListener("storage", draw);
  window.addEventListener("pageshow", draw); // a browser that goes back may show the page as it was left
  draw();
}

const main = /** @type {HTMLElement | null} */ (document.querySelector("main[data-sent-page]"));
if (main) start(main);
