// @ts-check
/**
 * A soft sound at the end of a timer, for those who ask for it.
 *
 * Lives here: the tone, made on the spot from two sine waves, and the button
 * that allows it; this browser remembers the choice. Not here: when a timer
 * ends (timer.js).
 */

const KEY = "unstuck-stage/sound";
/** Two notes a fourth apart, falling; quiet enough for a room that is thinking. */
const NOTES = [523.25, 392];
const LOUD = 0.16;
const RINGS_S = 1.8;
/** The button shows for this long after the mouse was moved; a room has no use for it. */
const AWAKE_MS = 4000;

/** @type {AudioContext | null} */
let sound = null;
let on = false;

/** Browsers make no sound before somebody has touched the page. */
function allow() {
  if (!on) return;
  sound ??= new AudioContext();
  if (sound.state === "suspended") void sound.resume();
}

/** Let the tone sound, where it was asked for. */
export function ring() {
  if (!on || !sound || sound.state !== "running") return;
  const now = sound.currentTime;
  NOTES.forEach((pitch, index) => {
    const voice = /** @type {AudioContext} */ (sound).createOscillator();
    const volume = /** @type {AudioContext} */ (sound).createGain();
    const start = now + index * 0.45;
    voice.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(LOUD, start + 0.04);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + RINGS_S);
    voice.connect(volume).connect(/** @type {AudioContext} */ (sound).destination);
    voice.start(start);
    voice.stop(start + RINGS_S);
  });
}

/** @returns {boolean} */
function remembered() {
  try {
    return window.localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

/**
 * Show the button that switches the sound on and off; it is off until somebody chose otherwise.
 *
 * @param {HTMLButtonElement} button
 */
export function offer(button) {
  on = remembered();
  function paint() {
    button.setAttribute("aria-pressed", String(on));
    button.textContent = (on ? button.dataset.on : button.dataset.off) ?? "";
  }
  button.addEventListener("click", () => {
    on = !on;
    try {
      window.localStorage.setItem(KEY, on ? "on" : "off");
    } catch {
      // this browser keeps nothing: the choice holds until the page is closed
    }
    paint();
    allow();
    if (on) void sound?.resume().then(ring);
  });
  let sleep = 0;
  function wake() {
    button.classList.add("is-awake");
    window.clearTimeout(sleep);
    sleep = window.setTimeout(() => button.classList.remove("is-awake"), AWAKE_MS);
    allow();
  }
  for (const sign of ["pointermove", "pointerdown", "keydown"]) document.addEventListener(sign, wake);
  paint();
  button.hidden = false;
}
