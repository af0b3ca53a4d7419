// @ts-check
/**
 * The room, seen from the notes: where it is, and giving it one line.
 *
 * Lives here: the slim bar, and handing a text over to the session's page as a
 * draft. Not here: sending. Only the session's page sends, when its own button
 * is pressed, so that there is one way out of this phone.
 */
import { connect } from "../link.js";
import { watch } from "../hints.js";
import { button, ask, put, short } from "./dom.js";
import { storage } from "./store.js";

/** @typedef {{run: string, prompt: string, seen: string, cards: number, limit: number, rolling: boolean}} Question */

/**
 * @param {import("./take_along.js").Book} book
 * @param {{onEnd: () => void}} callbacks
 */
export function followRoom(book, { onEnd }) {
  const { words, live, tools } = book;
  const bar = /** @type {HTMLElement} */ (tools.querySelector("[data-roombar]"));
  const at = /** @type {HTMLElement} */ (bar.querySelector("[data-at]"));
  /** @type {Question | null} */
  let question = null;
  /** @type {Set<() => void>} */
  const offers = new Set();

  /** @param {import("../link.js").ScreenMessage} message */
  function onScreen(message) {
    const template = document.createElement("template");
    template.innerHTML = message.html; // never put on this page: only read
    const place = /** @type {HTMLElement | null} */ (template.content.querySelector("[data-key]"));
    if (!place) return;
    const state = place.dataset.state ?? "";
    const heading = place.querySelector("[data-heading]")?.textContent?.trim() ?? "";
    const now = state === "lobby" ? words.room_lobby : put(words.room_at, { place: short(heading, 90) });
    const said = state === "ended" ? words.room_ended : now;
    if (at.textContent !== said) at.textContent = said;
    bar.hidden = false;
    document.body.classList.add("has-roombar");
    question = state === "open" ? readQuestion(place, heading) : null;
    document.body.classList.toggle("can-give", Boolean(question));
    for (const offer of offers) offer();
    if (state === "ended") onEnd();
  }

  /** @param {HTMLElement} place @param {string} prompt @returns {Question | null} only a question for free text takes a line */
  function readQuestion(place, prompt) {
    const form = /** @type {HTMLFormElement | null} */ (place.querySelector("form[data-answer]"));
    const areas = /** @type {HTMLTextAreaElement[]} */ ([...(form?.querySelectorAll("[data-card] textarea") ?? [])]);
    if (!form || !place.dataset.run || !areas[0]?.name.startsWith("text-")) return null;
    return {
      run: place.dataset.run,
      prompt,
      seen: form.querySelector(".seen")?.textContent?.trim() ?? "",
      cards: areas.length,
      limit: areas[0].maxLength > 0 ? areas[0].maxLength : 280,
      rolling: form.dataset.final === "yes",
    };
  }

  /** @param {Question} asked @param {string} text @returns {string} a sentence where it could not be handed over */
  function handOver(asked, text) {
    const key = `unstuck/${live}/run/${asked.run}`;
    /** @type {any} */
    let entry = {};
    try {
      entry = JSON.parse(storage()?.getItem(key) ?? "{}");
    } catch {
      entry = {};
    }
    if (asked.rolling && entry.saved) return words.give_final;
    const fields = { ...(entry.draft ?? (entry.out ?? entry.saved)?.fields ?? {}) };
    const free = Array.from({ length: asked.cards }, (_, index) => `text-${index}`).find((name) => !fields[name]?.[0]?.trim());
    if (!free) return words.give_full;
    fields[free] = [text];
    const all = Object.keys(fields).filter((name) => name.startsWith("text-")).map((name) => fields[name][0]).filter(Boolean);
    try {
      const kept = storage();
      if (!kept) return words.give_nostore;
      const whole = { revision: 0, bucket: 2048, out: null, tried: false, saved: null, final: false, closed: false, ...entry };
      kept.setItem(key, JSON.stringify({ ...whole, draft: fields, text: all.join("\n\n"), day: Math.floor(Date.now() / 86400000) }));
    } catch {
      return words.give_nostore;
    }
    return "";
  }

  /** @param {string} text */
  async function give(text) {
    if (!question) return;
    const asked = question;
    const dialog = /** @type {HTMLDialogElement} */ (tools.querySelector("[data-dialog=give]"));
    const one = (/** @type {string} */ name) => /** @type {any} */ (dialog.querySelector(`[data-${name}]`));
    one("prompt").textContent = asked.prompt;
    one("seen").textContent = asked.seen;
    const old = /** @type {HTMLTextAreaElement} */ (one("text"));
    const field = /** @type {HTMLTextAreaElement} */ (old.cloneNode(false)); // without the last line's listeners
    old.parentElement?.querySelector(".hint")?.remove();
    old.replaceWith(field);
    field.maxLength = asked.limit;
    field.value = [...text].slice(0, asked.limit).join("");
    watch(field, words.hint);
    const say = one("say");
    say.textContent = [...text].length > asked.limit ? put(words.give_cut, { limit: asked.limit }) : "";
    one("confirm").onclick = () => {
      const now = field.value.trim();
      if (!now) return void (say.textContent = words.give_empty);
      if (question?.run !== asked.run) return void (say.textContent = words.give_closed);
      const problem = handOver(asked, now);
      if (problem) return void (say.textContent = problem);
      dialog.close("given");
      window.location.assign(`/s/${live}/`);
    };
    await ask(dialog);
  }

  /**
   * A small offer to give one line; seen only while the room takes lines and there is one.
   * @param {() => string} text @param {string} label of the line
   */
  function offer(text, label) {
    const press = button("give", { text: words.give, hidden: true, about: short(label) });
    press.addEventListener("click", () => void give(text()));
    const paint = () => {
      press.hidden = !question || !text().trim();
      if (!press.isConnected && wasShown) offers.delete(paint);
      wasShown ||= press.isConnected;
    };
    let wasShown = false;
    offers.add(paint);
    return { press, paint };
  }

  connect({ audience: "phone", live }, { onScreen });
  return { offer, paint: () => offers.forEach((one) => one()), isAsking: () => Boolean(question) };
}

/** @typedef {ReturnType<typeof followRoom>} Room */
