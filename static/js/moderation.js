// @ts-check
/**
 * Moderation in the browser: the page's own form without a reload, and what others decide.
 *
 * Lives here: sending what was pressed, putting the fresh texts in place, keeping
 * what is chosen and where one was. Not here: what a decision does; the server has it.
 */

import { Idiomorph } from "../vendor/idiomorph.js";
import { connect } from "./link.js";

const page = /** @type {HTMLElement} */ (document.getElementById("moderation"));
const act = /** @type {HTMLFormElement | null} */ (document.getElementById("act"));
const words = page.dataset;

let mark = ""; // the console's mark of everything that was decided in this session

/** @param {string} id */
const by = (id) => document.getElementById(id);
const version = () => Number(by("desk")?.dataset.version ?? 0);

/** @param {string} html */
function patch(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const next = /** @type {HTMLElement | null} */ (template.content.querySelector("#desk"));
  if (!next || Number(next.dataset.version) < version()) return;
  const chosen = new Set([...boxes()].filter((box) => box.checked).map((box) => box.value));
  const said = by("said")?.textContent ?? "";
  const held = /** @type {HTMLElement | null} */ (document.activeElement);
  const from = held && page.contains(held) ? held : null;
  const line = from?.closest(".mtext");
  // Where one goes on when the text one was at moves to another heap: at the next one here.
  const after = (line?.nextElementSibling ?? line?.previousElementSibling)?.id ?? "";
  const [heldId, heap] = [from?.id ?? "", line?.parentElement?.closest(".heap")?.getAttribute("aria-labelledby") ?? ""];
  Idiomorph.morph(page, html, {
    morphStyle: "innerHTML",
    callbacks: { beforeAttributeUpdated: (name, element) => !(name === "open" && element.tagName === "DETAILS") },
  });
  for (const box of boxes()) box.checked = chosen.has(box.value);
  const status = by("said");
  if (status && said && !status.textContent) status.textContent = said;
  if (!from) return;
  const moved = line && by(line.id)?.closest(".heap")?.getAttribute("aria-labelledby") !== heap;
  const goOn = moved ? by(after)?.querySelector(".moves .button") : null;
  const target = /** @type {HTMLElement | null} */ (goOn ?? (heldId ? by(heldId) : null) ?? by("bar")?.querySelector(".button:not(:disabled)") ?? null);
  if (document.activeElement !== target) target?.focus({ preventScroll: !moved });
}

/** @returns {NodeListOf<HTMLInputElement>} */
const boxes = () => page.querySelectorAll(".mtext__box");

/** @param {string} sentence */
function tell(sentence) {
  const line = by("said");
  if (line) line.textContent = sentence;
}

// One after the other, in the order of the presses.
let queue = Promise.resolve();

/** @param {URLSearchParams} form */
function send(form) {
  queue = queue.then(async () => {
    try {
      const answer = await fetch(act?.action ?? "", { method: "POST", body: form, headers: { "X-Requested-With": "fetch" } });
      if (answer.redirected) window.location.assign(answer.url); // signed out in the meantime
      const told = await answer.json();
      if (told.ok) for (const box of boxes()) box.checked = false;
      patch(told.html);
      tell(told.said);
    } catch {
      tell(words.failed ?? "");
      await renew();
    }
  });
}

async function renew() {
  try {
    const answer = await fetch((words.desk ?? "") + window.location.search);
    if (answer.ok && !answer.redirected) patch(await answer.text());
  } catch {
    // the next push asks again
  }
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  if (form !== act || !button) return;
  event.preventDefault();
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) data.append(name, String(value));
  data.set("do", button.value);
  if (button.id === "do-mask") history.replaceState(null, "", window.location.pathname); // the choice of words is over
  send(data);
});

const MARK = /data-boards="(\d+)"/;

connect(
  { audience: "console", live: words.live ?? "" },
  {
    onScreen(message) {
      const next = MARK.exec(message.html)?.[1] ?? "";
      if (next === mark) return;
      mark = next;
      queue = queue.then(renew);
    },
    onUp() {
      const line = by("lost");
      if (line) line.textContent = "";
      page.dataset.upNow = "";
    },
    onDown() {
      const line = by("lost");
      if (line) line.textContent = words.lost ?? "";
    },
  },
);
