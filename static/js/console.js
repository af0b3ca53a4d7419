// @ts-check
/**
 * The console in the browser: the same buttons as without a script, but without the reload.
 *
 * Lives here: sending a pressed button over the socket, patching what arrives
 * so that focus, scroll and opened parts stay, the keys of a clicker. Not here:
 * what a button does or which ones there are (the server says both).
 */

import { Idiomorph } from "../vendor/idiomorph.js";
import "./facilitate.js";
import { connect } from "./link.js";
import * as timer from "./timer.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const screen_ = /** @type {HTMLElement} */ (document.getElementById("screen"));
const notice = /** @type {HTMLElement} */ (document.getElementById("notice"));
const connection = /** @type {HTMLElement} */ (document.getElementById("connection"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("move"));
const keys = /** @type {HTMLDialogElement | null} */ (document.getElementById("keys"));
const words = timer.wordsOf(main);

/** Minutes behind the plan grow without anybody pressing: ask now and then. */
const REFRESH_MS = 20000;
/** Longer than this without an acknowledgement and the plain form takes over. */
const PATIENCE_MS = 8000;

let busy = false;

/** @param {string} sentence */
function say(sentence) {
  notice.replaceChildren();
  if (!sentence) return;
  const line = document.createElement("p");
  line.className = "notice notice--warm";
  line.textContent = sentence;
  notice.append(line);
}

/** @param {string} html */
function patch(html) {
  const held = document.activeElement;
  const id = held && screen_.contains(held) ? held.id : "";
  Idiomorph.morph(screen_, html, {
    morphStyle: "innerHTML",
    callbacks: {
      // What this person has opened or shut stays so; the server does not know.
      beforeAttributeUpdated: (name, element) => !(name === "open" && element.tagName === "DETAILS"),
      // Nor does it know what somebody is typing.
      beforeNodeMorphed: (element) => {
        const field = /** @type {Element} */ (element);
        return !(field.matches?.("input[data-typed], [data-said]") || (field === document.activeElement && field.matches("input")));
      },
    },
  });
  // A button that is gone leaves its focus to its namesake (the large button may turn into a question and back),
  // or to the large button: nobody who steers by keys is thrown to the top of the page.
  if (id && document.activeElement === document.body) {
    (document.getElementById(id) ?? document.getElementById("primary"))?.focus({ preventScroll: true });
  }
  timer.restart();
  timer.draw(words);
  follow();
}

let place = "";

/** Bring the present place of the agenda into its column, once, when the place changes. */
function follow() {
  const agenda = /** @type {HTMLElement | null} */ (screen_.querySelector(".console__agenda"));
  const here = /** @type {HTMLElement | null} */ (agenda?.querySelector(".stop--here") ?? null);
  const step = here?.textContent ?? "";
  if (!agenda || !here || step === place) return;
  place = step;
  if (agenda.scrollHeight <= agenda.clientHeight) return;
  const head = /** @type {HTMLElement} */ (here.closest(".route__step") ?? here);
  const space = here.getBoundingClientRect().bottom - head.getBoundingClientRect().top;
  const to = space < agenda.clientHeight ? head : here;
  agenda.scrollTop += to.getBoundingClientRect().top - agenda.getBoundingClientRect().top - 16;
}

/** @param {HTMLElement | null} submitter */
function plain(submitter) {
  const own = /** @type {HTMLButtonElement} */ (submitter)?.form ?? form;
  // The button lies outside the form in the page; a hidden field stands in for it.
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "do";
  field.value = /** @type {HTMLButtonElement} */ (submitter)?.value ?? "";
  own.append(field);
  own.submit();
}

const link = connect(
  { audience: "console", live: main.dataset.live ?? "", language: main.dataset.language },
  {
    onScreen: (message) => patch(message.html),
    onUp() {
      connection.textContent = "";
      main.dataset.upNow = "";
    },
    onDown: () => (connection.textContent = main.dataset.lost ?? ""),
    onRefused: (refusal) => (connection.textContent = refusal.sentence || (main.dataset.lost ?? "")),
  },
);

/** @returns {number} */
function version() {
  const field = /** @type {HTMLInputElement | null} */ (screen_.querySelector("input[name=version]"));
  return Number(field?.value ?? 0);
}

/** @param {HTMLButtonElement} button */
async function press(button) {
  if (!link || !link.isUp()) {
    plain(button);
    return;
  }
  const [command, ...rest] = button.value.split(":");
  const typed = /** @type {HTMLInputElement | null} */ (document.getElementById(button.dataset.field ?? "-"));
  if (typed) rest.push(typed.value);
  busy = true;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await link.send("move", { command, argument: rest.join(":"), version: version() }, PATIENCE_MS);
    say(answer.ok ? "" : answer.sentence);
    if (answer.ok) shut(button);
    if (answer.ok && typed?.matches("[data-typed]")) {
      typed.value = "";
      typed.focus();
    }
    link.refresh();
  } catch {
    plain(button);
    return;
  } finally {
    busy = false;
    button.removeAttribute("aria-busy");
  }
}

/**
 * A question that was answered closes; focus returns to where it was opened.
 *
 * @param {HTMLElement} button
 */
function shut(button) {
  const asked = /** @type {HTMLDetailsElement | null} */ (button.closest("details.once, details.stop"));
  if (!asked) return;
  asked.open = false;
  asked.querySelector("summary")?.focus({ preventScroll: true });
}

/** @param {SubmitEvent} event */
function onSubmit(event) {
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  event.preventDefault();
  // A clicker bounces: one press is one move.
  if (!button || busy) return;
  press(button);
}

form.addEventListener("submit", onSubmit);
document.getElementById("where")?.addEventListener("submit", onSubmit);
document.getElementById("lot")?.addEventListener("submit", onSubmit);

/** @param {string} selector */
function click(selector) {
  const button = /** @type {HTMLElement | null} */ (screen_.querySelector(selector));
  button?.click();
  if (button?.matches("summary")) button.focus();
}

function toggleKeys() {
  if (keys?.open) keys.close();
  else keys?.showModal();
}

screen_.addEventListener("click", (event) => {
  if (/** @type {HTMLElement} */ (event.target).closest("[data-keys]")) toggleKeys();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("input, textarea, select, [contenteditable]")) return;
  if (keys?.open && event.key !== "?") return;
  const onControl = target.closest("button, a, summary") !== null;
  if (event.key === "PageDown" || event.key === "ArrowRight" || (event.key === " " && !onControl)) click("#primary");
  else if (event.key === "PageUp" || event.key === "ArrowLeft") click('button[value="back"]');
  else if (event.key === "b" || event.key === "B" || event.key === ".") click('button[value^="blank:"]');
  else if (event.key === "e" || event.key === "E") click('button[value^="eyes_up:"]');
  else if (event.key === "+") click('button[value="timer_add:60"]');
  else if (event.key === "p" || event.key === "P") click('button[value^="timer_pause"], button[value^="timer_resume"]');
  else if (event.key === "?") toggleKeys();
  else if (event.key === "Escape") {
    for (const asked of /** @type {NodeListOf<HTMLDetailsElement>} */ (screen_.querySelectorAll("details.once[open]"))) {
      asked.open = false;
    }
    return;
  } else return;
  event.preventDefault();
});

timer.run(words);
follow();
window.setInterval(() => {
  if (document.visibilityState === "visible" && link?.isUp()) link.refresh();
}, REFRESH_MS);
