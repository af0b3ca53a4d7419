// @ts-check
/**
 * The parking lot on a phone: open beside every question, sent like an answer.
 *
 * Lives here: the fold, what this phone has parked, and the beat that hides when it was. Not here: sending (phone.js
 * keeps what waits and tries again), what a thought may hold (the server), and the plain form, which works without
 * this file.
 *
 * The beat: every phone with an open lot sends what it has parked once more, or says nothing in as many bytes, now
 * and then by itself; neither changes anything. Whoever watches the network sees parking messages from all phones at random times, and cannot tell which
 * of them somebody pressed for (promise 12).
 */

/** What makes receipts and what watches for names is fetched by every phone, whoever parks (promise 12). */
import { watch as watchNames } from "./hints.js";
import "./receipts.js";

/** Seconds until the first beat, and between two: often enough to hide a press, seldom enough for any network. */
const FIRST = [20, 180];
const NEXT = [180, 900];

/**
 * @typedef {{
 *   store: {entry: (run: string) => any, keep: (run: string, entry: any) => void},
 *   send: () => void, ask: (run: string) => Promise<any>,
 *   beat: (payload: {run: string, revision: number, fields: Record<string, string[]> | null}, bucket: number) => void,
 *   lost: (text: string) => void,
 *   collect: (form: HTMLFormElement) => Record<string, string[]>,
 *   fill: (form: HTMLFormElement, fields: Record<string, string[]> | null) => void,
 *   said: (form: HTMLFormElement, fields: Record<string, string[]>) => string[],
 *   typed: (form: HTMLFormElement) => string,
 *   prepare: (form: HTMLFormElement) => void, refresh: (form: HTMLFormElement) => void,
 *   prompt: string, words: Record<string, string>, place: HTMLElement,
 * }} Phone
 */

/** @param {HTMLDetailsElement} fold @param {HTMLElement | null} link @param {Phone} phone */
export function park(fold, link, phone) {
  const form = /** @type {HTMLFormElement} */ (fold.querySelector("[data-lot-form]"));
  const note = /** @type {HTMLElement} */ (fold.querySelector("[data-lot-note]"));
  const bucket = Number(form.dataset.bucket);
  let run = "";
  let beat = 0;
  let typing = false;

  phone.prepare(form);
  form.querySelectorAll("textarea").forEach((el) => watchNames(el, phone.words.hint));

  /** @param {number[]} range */
  const between = (range) => 1000 * (range[0] + Math.random() * (range[1] - range[0]));

  /** The lot opens, closes, or is another one. Called with each screen. */
  function follow() {
    const article = /** @type {HTMLElement | null} */ (phone.place.querySelector("[data-key]"));
    const now = article?.dataset.lot ?? "";
    const resting = phone.place.querySelector("[data-cover]") !== null; // eyes up, or a break
    fold.hidden = !now || resting;
    if (link) link.hidden = !now || resting;
    if (now === run) return say();
    // Not where the room is: there the same text goes on in the place's own form.
    if (run && typing && article?.dataset.run !== run) phone.lost(phone.typed(form));
    typing = false;
    run = now;
    window.clearTimeout(beat);
    if (!run) return void (fold.open = false);
    const entry = phone.store.entry(run);
    phone.fill(form, entry.draft ?? (entry.out ?? entry.saved)?.fields ?? null);
    say();
    void sync();
    beat = window.setTimeout(again, between(FIRST));
  }

  function say() {
    const entry = phone.store.entry(run);
    const item = entry.out ?? entry.saved;
    let sentence = "";
    if (typing) sentence = "";
    else if (entry.out && !entry.out.again) sentence = phone.words.lot_out;
    else if (item?.fields) sentence = phone.words.lot_in;
    else if (item) sentence = phone.words.lot_none;
    if (note.textContent !== sentence) note.textContent = sentence;
  }

  form.addEventListener("input", () => {
    phone.refresh(form);
    typing = true;
    const entry = phone.store.entry(run);
    phone.store.keep(run, { ...entry, draft: phone.collect(form), text: phone.typed(form) });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!run) return;
    const pass = /** @type {HTMLButtonElement | null} */ (event.submitter)?.name === "pass" || !phone.typed(form);
    const fields = pass ? null : phone.collect(form);
    if (pass) phone.fill(form, null);
    const entry = phone.store.entry(run);
    const revision = entry.revision + 1;
    const out = { revision, fields, said: fields ? phone.said(form, fields) : [], prompt: phone.prompt };
    typing = false;
    phone.store.keep(run, { ...entry, revision, bucket, out, tried: false, draft: null, text: "" });
    phone.send();
    say();
  });

  /** One beat: the server takes the same revision for the same answer, and revision 0 for nothing at all. */
  function again() {
    const { out, saved } = phone.store.entry(run);
    if (!out) phone.beat({ run, revision: saved?.revision ?? 0, fields: saved?.fields ?? null }, bucket);
    beat = window.setTimeout(again, between(NEXT));
  }

  /** Ask what the server has of this phone, and make both agree. */
  async function sync() {
    if (!run) return;
    const asked = run;
    /** @type {any} */
    let there;
    try {
      there = await phone.ask(asked);
    } catch {
      return;
    }
    const entry = phone.store.entry(asked);
    if (!there || typeof there.revision !== "number" || asked !== run) return;
    if (entry.out) return phone.send();
    if (there.revision > entry.revision || (there.revision > 0 && !entry.saved)) {
      const fields = there.passed ? null : (there.fields ?? null);
      phone.store.keep(run, { ...entry, revision: there.revision, bucket, saved: { revision: there.revision, fields, said: [] } });
      if (!entry.draft) phone.fill(form, fields);
    } else if (entry.saved && there.revision < entry.saved.revision) {
      phone.store.keep(run, { ...entry, bucket, out: { ...entry.saved, again: true } });
      phone.send();
    }
    say();
  }

  link?.addEventListener("click", (event) => {
    event.preventDefault();
    fold.open = true;
    fold.scrollIntoView({ block: "start" });
    fold.querySelector("textarea")?.focus({ preventScroll: true });
  });
  fold.addEventListener("follow", follow);
  fold.addEventListener("sync", () => void sync());
  follow();
}
