// @ts-check
/**
 * Small conveniences of the facilitator's pages; each page works without them.
 *
 * Lives here: copying a link, printing, the forecast beside the create form.
 * Not here: anything live (console.js).
 */

/** Typing is over when nothing came for this long. */
const PAUSE_MS = 250;

/**
 * Copy the text of a field. Over plain http there is no clipboard to write to:
 * then the old command is tried, and the text stays marked for the person's own keys.
 *
 * @param {HTMLElement} button
 */
async function copy(button) {
  const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.copy ?? ""));
  field.focus();
  field.select();
  let done = false;
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(field.value);
      done = true;
    }
  } catch {
    done = false;
  }
  if (!done) {
    try {
      done = document.execCommand("copy");
    } catch {
      done = false;
    }
  }
  const before = button.dataset.said ?? button.textContent ?? "";
  button.dataset.said = before; // a screen that arrives meanwhile leaves what the button says
  button.textContent = (done ? button.dataset.copied : button.dataset.marked) ?? before;
  if (done) button.focus();
  window.setTimeout(() => {
    button.textContent = before;
    delete button.dataset.said;
  }, 2500);
}

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const copier = /** @type {HTMLElement | null} */ (target.closest("[data-copy]"));
  if (copier) copy(copier);
  if (target.closest("[data-print]")) window.print();
});

for (const only of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-with-script]"))) {
  only.hidden = false;
}
for (const only of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-without-script]"))) {
  only.hidden = true;
}

const forecast = /** @type {HTMLElement | null} */ (document.querySelector("[data-forecast]"));
if (forecast) {
  /** @type {number | undefined} */
  let waiting;
  let asked = 0;
  const names = ["expected", "room_floor", "words_floor"];

  const ask = async () => {
    const mine = ++asked;
    const values = new URLSearchParams();
    for (const name of names) {
      values.set(name, /** @type {HTMLInputElement} */ (document.getElementById(name)).value);
    }
    try {
      const answer = await fetch(`${forecast.dataset.forecast}?${values}`);
      // A slow answer must not overwrite a newer one.
      if (answer.ok && mine === asked) forecast.innerHTML = await answer.text();
    } catch {
      // The page keeps the last forecast; the server computes it again when the form is sent.
    }
  };
  document.addEventListener("input", (event) => {
    if (!names.includes(/** @type {HTMLElement} */ (event.target).id)) return;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(ask, PAUSE_MS);
  });
}
