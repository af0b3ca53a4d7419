// @ts-check
/**
 * Questions from the room on a phone: each "Me too" is sent at once, and the list is renewed without a jump.
 *
 * Lives here: what this phone has ticked, the calm renewal of the list. Not here: sending (phone.js keeps what waits and
 * tries again), the order (the server draws it), and the plain form, which works without this file.
 */

/** A vote from outside looks like a question: both have fetched the same files (promise 12). */
import "./receipts.js";

/**
 * @typedef {{entry: (run: string) => any, keep: (run: string, entry: any) => void}} Store
 * @typedef {{store: Store, send: () => void, ask: (run: string) => Promise<any>, bucket: number}} Phone
 */

/** Bring the list to life; a second call does nothing. @param {HTMLElement} section @param {Phone} phone */
export function watch(section, phone) {
  if (section.dataset.watched) return;
  section.dataset.watched = "yes";
  const ballot = section.dataset.ballot ?? "";
  const list = /** @type {HTMLElement} */ (section.querySelector("[data-questions-list]"));
  const form = /** @type {HTMLFormElement} */ (section.querySelector("[data-votes-form]"));
  /** @type {HTMLElement | null} */
  let next = null;
  let held = false;

  /** @returns {NodeListOf<HTMLInputElement>} */
  const boxes = () => list.querySelectorAll("input[name=vote]");
  const mine = () => new Set(/** @type {string[]} */ ((phone.store.entry(ballot).out ?? phone.store.entry(ballot).saved)?.fields?.vote ?? []));

  function tick() {
    const ticked = mine();
    boxes().forEach((box) => (box.checked = ticked.has(box.value)));
  }

  /** @param {string[]} vote */
  function cast(vote) {
    const entry = phone.store.entry(ballot);
    const revision = entry.revision + 1;
    phone.store.keep(ballot, { ...entry, revision, bucket: phone.bucket, out: { revision, fields: { vote }, said: [] }, tried: false });
    phone.send();
  }

  list.addEventListener("change", (event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    const vote = mine();
    if (box.checked) vote.add(box.value);
    else vote.delete(box.value);
    cast([...vote].sort());
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  /** @type {HTMLElement} */ (section.querySelector("[data-votes-send]")).hidden = true;

  // While a finger is down nothing moves; what has come meanwhile is drawn when it is up.
  const down = () => (held = true);
  const up = () => {
    held = false;
    window.setTimeout(draw, 400);
  };
  section.addEventListener("pointerdown", down);
  section.addEventListener("pointerup", up);
  section.addEventListener("pointercancel", up);
  section.addEventListener("pointerleave", () => held && up());
  section.addEventListener("renew", (event) => {
    next = /** @type {CustomEvent} */ (event).detail;
    draw();
  });
  section.addEventListener("sync", () => void sync());
  section.addEventListener("refused", tick);

  /** Put the lines into their new order and keep what the eye rests on where it is. */
  function draw() {
    if (!next || held) return;
    const wanted = /** @type {HTMLElement[]} */ ([...next.querySelectorAll("[data-question]")]);
    next = null;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const anchor = anchorOf(focused);
    const before = anchor?.getBoundingClientRect().top ?? 0;
    const known = new Map([...list.children].map((line) => [/** @type {HTMLElement} */ (line).dataset.question, line]));
    const lines = wanted.map((line) => {
      const old = /** @type {HTMLElement | undefined} */ (known.get(line.dataset.question));
      if (!old) return line;
      known.delete(line.dataset.question);
      old.className = line.className;
      const state = old.querySelector("[data-question-state]");
      const fresh = line.querySelector("[data-question-state]");
      if (state && fresh && state.innerHTML !== fresh.innerHTML) state.innerHTML = fresh.innerHTML;
      return old;
    });
    known.forEach((line) => line.remove());
    if (lines.some((line, at) => list.children[at] !== line)) list.append(...lines);
    section.hidden = lines.length === 0;
    tick();
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    if (anchor?.isConnected) window.scrollBy(0, anchor.getBoundingClientRect().top - before);
  }

  /** What must not move: the field somebody types in, else what is in the middle of the screen. @param {HTMLElement | null} focused */
  function anchorOf(focused) {
    if (focused && focused !== document.body && focused.closest("[data-place]")) return focused;
    const middle = document.elementFromPoint(window.innerWidth / 2, window.innerHeight / 2);
    return /** @type {HTMLElement | null} */ (middle?.closest("[data-question], form[data-answer], [data-sent]") ?? null);
  }

  /** Ask what the server has of this phone's ballot, and make both agree. */
  async function sync() {
    /** @type {any} */
    let there;
    try {
      there = await phone.ask(ballot);
    } catch {
      return;
    }
    const entry = phone.store.entry(ballot);
    if (!there || typeof there.revision !== "number") return;
    if (entry.out) return phone.send();
    if (there.revision > entry.revision || (there.revision > 0 && !entry.saved)) {
      phone.store.keep(ballot, { ...entry, revision: there.revision, saved: { revision: there.revision, fields: there.fields, said: [] } });
    } else if (entry.saved?.fields && there.revision < entry.saved.revision) {
      cast(entry.saved.fields.vote);
    }
    tick();
  }

  const painted = Number(form.dataset.revision ?? 0);
  const entry = phone.store.entry(ballot);
  if (painted > entry.revision) {
    const vote = [...boxes()].filter((box) => box.checked).map((box) => box.value);
    phone.store.keep(ballot, { ...entry, revision: painted, saved: { revision: painted, fields: { vote }, said: [] } });
  }
  tick();
  void sync();
}
