// @ts-check
/**
 * A phone's place in its breakout: its number, and who writes.
 *
 * Lives here: asking for this phone's own place, every ten seconds alike whether
 * it writes or not, and painting it. Not here: the card, which is sent like any
 * other answer (phone.js), and any rule about who may write (the server's).
 */

/**
 * @typedef {{number: number, half: string, people: number, writing: "you" | "somebody" | "silent" | "nobody"}} Place
 * @typedef {{
 *   run: string,
 *   store: {read: (name: string) => any, write: (name: string, value: object) => void},
 *   ask: (what: string) => Promise<any>,
 *   changed: () => void,
 * }} Phone
 */

/** Ten seconds; each phone a little off, so that three hundred do not ask in the same instant. */
const AGAIN_MS = 10000;
/** The others of a group are on their way before this. */
const PATIENCE_WITH_OTHERS_MS = 20000;
/** What was told last, by run: shown at once after a redraw. @type {Map<string, Place>} */
const known = new Map();

/** Bring a breakout to life; a second call does nothing. @param {HTMLElement} section @param {Phone} phone */
export function watch(section, phone) {
  if (section.dataset.watched) return;
  section.dataset.watched = "yes";
  const since = performance.now();
  const place = /** @type {HTMLElement} */ (section.closest("[data-key]"));
  /** @param {string} name */
  const one = (name) => /** @type {HTMLElement | null} */ (section.querySelector(`[data-breakout-${name}]`));

  /** @param {Place | null | undefined} now */
  function show(now) {
    const before = place.dataset.breakout;
    place.dataset.breakout = now?.writing ?? "none";
    const mine = one("mine");
    const none = one("none");
    if (mine) mine.hidden = !now;
    if (none) none.hidden = Boolean(now);
    if (now) {
      known.set(phone.run, now);
      write("number", String(now.number));
      write("half", now.half);
      write("few", now.people < 3 && performance.now() - since > PATIENCE_WITH_OTHERS_MS ? (one("few")?.dataset.few ?? "") : "");
    }
    if (before !== place.dataset.breakout) phone.changed();
  }

  /** @param {string} name @param {string} text */
  function write(name, text) {
    const el = one(name);
    if (el && el.textContent !== text) el.textContent = text;
  }

  /** Ask, and return whether that reached the server. @param {string} what */
  async function ask(what) {
    const ack = await phone.ask(what).catch(() => null);
    if (ack?.ok && section.isConnected) show(ack.place);
    return ack !== null;
  }

  /** What was pressed and has not reached the server yet. @type {HTMLButtonElement | null} */
  let pressed = null;

  /** @param {HTMLButtonElement} button */
  async function press(button) {
    pressed?.removeAttribute("aria-busy");
    pressed = button;
    button.setAttribute("aria-busy", "true");
    if (!(await ask(button.value)) || pressed !== button) return; // asked again at the next beat
    pressed = null;
    button.removeAttribute("aria-busy");
    one("number")?.scrollIntoView({ block: "nearest" });
  }

  const beat = () => void (pressed ? press(pressed) : ask("take"));

  if (known.has(phone.run)) show(known.get(phone.run));
  beat();
  const timer = window.setInterval(() => {
    if (!section.isConnected) window.clearInterval(timer);
    else if (document.visibilityState === "visible") beat();
  }, AGAIN_MS * (0.9 + Math.random() / 5));
  section.addEventListener("sync", beat);
  const part = section.querySelector("[data-part]");
  if (part) new MutationObserver(() => void ask("take")).observe(part, { childList: true });

  one("write")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = /** @type {SubmitEvent} */ (event).submitter;
    if (button instanceof HTMLButtonElement) void press(button);
  });

  const note = /** @type {HTMLTextAreaElement | null} */ (one("note"));
  if (note) {
    note.value = note.value || phone.store.read(`note/${phone.run}`)?.text || "";
    note.addEventListener("input", () => {
      phone.store.write(`note/${phone.run}`, { day: Math.floor(Date.now() / 86400000), text: note.value });
    });
  }
}
