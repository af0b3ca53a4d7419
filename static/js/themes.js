// @ts-check
/**
 * Cards into themes in the browser: drag, keys, search, and what the other person does.
 *
 * Lives here: sending the page's own forms without a reload, moving cards under
 * a finger, a mouse or the arrow keys, keeping what is chosen while the board is
 * renewed. Not here: what a command does, and any order of the cards (the server
 * has both; a card that is moved here is only where it will be in a moment).
 */

import { Idiomorph } from "../vendor/idiomorph.js";
import { connect } from "./link.js";

const page = /** @type {HTMLElement} */ (document.getElementById("grouping"));
const act = /** @type {HTMLFormElement | null} */ (document.getElementById("act"));
const words = page.dataset;

/** @type {Set<string>} the chosen cards; the server does not know them */
const chosen = new Set();
let needle = "";
let here = ""; // the card that the arrow keys are at
let aimed = ""; // the card from which somebody went to the list of themes
let boards = ""; // the console's mark of all boards of the session
let said = "";

/** @param {string} id */
const by = (id) => document.getElementById(id);
/** @returns {HTMLElement[]} */
const cards = () => [.../** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(".tcard:not([hidden])"))];
/** @param {string} id @returns {HTMLElement | null} */
const cardOf = (id) => by(`card-${id}`);
/** @param {Element | null} card @returns {HTMLInputElement | null} */
const boxOf = (card) => card?.querySelector(".tcard__box") ?? null;
/** @returns {HTMLElement[]} */
const groups = () => [.../** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(".tgroup[data-drop]:not(.tgroup--new):not(.tgroup--loose)"))];
const version = () => Number(by("board")?.dataset.version ?? 0);

// -- what arrives

/** The board that came while something is being dragged: nothing moves below the hand. */
let waiting = "";

/** @param {string} html */
function patch(html) {
  if (drag) {
    waiting = html;
    return;
  }
  const held = /** @type {HTMLElement | null} */ (document.activeElement);
  const heldId = held && page.contains(held) ? held.id : "";
  const template = document.createElement("template");
  template.innerHTML = html;
  const next = /** @type {HTMLElement | null} */ (template.content.querySelector("#board"));
  if (!next || Number(next.dataset.version) < version()) return;
  const [own, list] = [here, cardOf(here)?.parentElement?.closest(".tgroup")?.id];
  const beside = neighbour([here]);
  Idiomorph.morph(page, html, {
    morphStyle: "innerHTML",
    callbacks: {
      beforeAttributeUpdated: (name, element) => !(name === "open" && element.tagName === "DETAILS"),
      beforeNodeMorphed: (element) => !(element === document.activeElement && /** @type {Element} */ (element).matches("input:not([type=checkbox]), select")),
    },
  });
  // Somebody else took the card one was at: stay where one was, at its neighbour.
  const taken = Boolean(own && list) && cardOf(own)?.closest(".tgroup")?.id !== list;
  if (taken && beside) here = beside;
  dress();
  if (taken && heldId === `box-${own}`) focus(here, false);
  else if (heldId && document.activeElement === document.body) (by(heldId) ?? boxOf(cardOf(here)))?.focus({ preventScroll: true });
}

/** Give a fresh board back what only this page knows. */
function dress() {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-script]"))) part.hidden = false;
  const there = new Set();
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(".tcard"))) {
    const id = card.dataset.card ?? "";
    there.add(id);
    const box = boxOf(card);
    if (!box) continue;
    box.checked = chosen.has(id);
    box.tabIndex = -1;
    card.classList.toggle("tcard--chosen", box.checked);
    card.hidden = Boolean(needle) && !(card.textContent ?? "").toLocaleLowerCase().includes(needle);
  }
  for (const id of [...chosen]) if (!there.has(id)) chosen.delete(id);
  if (!there.has(here) || cardOf(here)?.hidden) here = (cards().find((card) => card.closest("#loose")) ?? cards()[0])?.dataset.card ?? "";
  const box = boxOf(cardOf(here));
  if (box) box.tabIndex = 0;
  count();
  measure();
  const line = by("said");
  if (line && said && line.textContent !== said) line.textContent = said;
}

/** The themes stay in sight below the bar, however long the loose cards are. */
function measure() {
  const bar = by("bar");
  if (bar) page.style.setProperty("--under-bar", `${bar.offsetHeight + 12}px`);
}

window.addEventListener("resize", measure);

function count() {
  const line = by("chosen");
  if (!line) return;
  const text = needle && !chosen.size ? (words.found ?? "").replace("#", String(cards().length)) : chosen.size === 1 ? words.chosenOne : chosen.size ? (words.chosenMany ?? "").replace("#", String(chosen.size)) : words.chosenNone;
  if (line.textContent !== text) line.textContent = text ?? "";
}

/** @param {string} sentence */
function tell(sentence) {
  said = sentence;
  const line = by("said");
  if (line) line.textContent = sentence;
}

// -- sending: one after the other, in the order of the presses

let queue = Promise.resolve();

/** @param {FormData} form */
function send(form) {
  if (!act) return;
  for (const [name, value] of new FormData(act)) if (name === "csrf_token") form.set(name, value);
  queue = queue.then(async () => {
    try {
      const answer = await fetch(act.action, { method: "POST", body: new URLSearchParams(/** @type {any} */ (form)), headers: { "X-Requested-With": "fetch" } });
      if (answer.redirected) window.location.assign(answer.url); // signed out in the meantime
      const told = await answer.json();
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
    const answer = await fetch(words.board ?? "");
    if (answer.ok && !answer.redirected) patch(await answer.text());
  } catch {
    // the next push asks again
  }
}

/** @param {string} what @param {string[]} ids @param {Record<string, string>} [more] */
function command(what, ids, more = {}) {
  const form = new FormData();
  form.set("do", what);
  for (const id of ids) form.append("cards", id);
  for (const [name, value] of Object.entries(more)) form.set(name, value);
  send(form);
}

/** The chosen cards, else the one that has the focus: nothing moves that nobody looks at. */
function wanted() {
  if (chosen.size) return cards().map((card) => card.dataset.card ?? "").filter((id) => chosen.has(id));
  const card = /** @type {HTMLElement | null} */ (document.activeElement?.closest(".tcard") ?? null);
  const id = card?.dataset.card ?? (document.activeElement?.id === "into" ? aimed : "");
  return id && cardOf(id) ? [id] : [];
}

/** @param {string[]} ids @param {HTMLElement | null} group @param {string} [before] */
function lay(ids, group, before = "") {
  const list = group?.querySelector(".tcards");
  if (!list) return;
  const next = neighbour(ids);
  const mark = before ? cardOf(before) : null;
  for (const id of ids) {
    const card = cardOf(id);
    if (card) list.insertBefore(card, mark?.parentElement === list ? mark : null);
  }
  choose([]);
  focus(next, false);
}

/** The card after these, so that grouping on goes on where one was. @param {string[]} ids */
function neighbour(ids) {
  const all = cards();
  const gone = new Set(ids);
  const last = all.findLastIndex((card) => gone.has(card.dataset.card ?? ""));
  const list = all[last]?.parentElement;
  const after = all.slice(last + 1).find((card) => card.parentElement === list && !gone.has(card.dataset.card ?? ""));
  const before = all.slice(0, last).findLast((card) => card.parentElement === list && !gone.has(card.dataset.card ?? ""));
  return (after ?? before ?? all[last])?.dataset.card ?? "";
}

/** @param {string} group the id of a theme, "" for the loose ones, "new" @param {string[]} ids @param {string} [before] */
function move(group, ids, before = "") {
  if (!ids.length) return;
  if (group === "new") {
    const named = new Set(groups().map((one) => (one.querySelector(".tgroup__name [dir]")?.textContent ?? "").toLocaleLowerCase()));
    let number = groups().length + 1;
    const name = () => (words.fresh ?? "").replace("#", String(number));
    while (named.has(name().toLocaleLowerCase())) number += 1;
    choose([]);
    command("new", ids, { name: name() });
    return;
  }
  lay(ids, group ? by(`theme-${group}`) : by("loose"), before);
  if (group) command("put", ids, before ? { theme: group, before } : { theme: group });
  else command("loose", ids);
}

// -- choosing

/** @param {string[]} ids */
function choose(ids) {
  chosen.clear();
  for (const id of ids) chosen.add(id);
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(".tcard"))) {
    const box = boxOf(card);
    if (!box) continue;
    box.checked = chosen.has(card.dataset.card ?? "");
    card.classList.toggle("tcard--chosen", box.checked);
  }
  count();
}

/** @param {string} id @param {boolean} scroll */
function focus(id, scroll = true) {
  const card = cardOf(id);
  const box = boxOf(card);
  if (!card || !box) return;
  const old = boxOf(cardOf(here));
  if (old) old.tabIndex = -1;
  here = id;
  box.tabIndex = 0;
  box.focus({ preventScroll: true });
  if (scroll) card.scrollIntoView({ block: "nearest" });
}

page.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (!box.matches(".tcard__box")) return;
  if (box.checked) chosen.add(box.value);
  else chosen.delete(box.value);
  box.closest(".tcard")?.classList.toggle("tcard--chosen", box.checked);
  count();
});

page.addEventListener("focusin", (event) => {
  const box = /** @type {HTMLElement} */ (event.target);
  if (!box.matches(".tcard__box") || box.tabIndex === 0) return;
  const old = boxOf(cardOf(here));
  if (old) old.tabIndex = -1;
  box.tabIndex = 0;
  here = /** @type {HTMLInputElement} */ (box).value;
});

page.addEventListener("input", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.id !== "search") return;
  needle = field.value.trim().toLocaleLowerCase();
  dress();
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form !== act && !form.matches("[data-act]")) return;
  event.preventDefault();
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  const what = button?.value ?? "";
  if (form !== act) {
    const data = new FormData(form);
    data.set("do", what);
    const more = /** @type {HTMLDetailsElement | null} */ (form.closest("details.tgroup__more, details.tcard__like"));
    if (more) more.open = false;
    send(data);
    return;
  }
  if (what === "put") move(/** @type {HTMLSelectElement} */ (by("into")).value, wanted());
  else if (what === "loose") move("", wanted());
  else if (what === "new" || (!button && document.activeElement?.id === "fresh")) make();
  else if (what === "undo" || what === "redo") command(what, []);
  else if (what) {
    const ids = wanted();
    choose([]);
    command(what, ids);
  }
});

/** A new theme of the chosen cards; none chosen: an empty one. */
function make() {
  const field = /** @type {HTMLInputElement} */ (by("fresh"));
  const ids = wanted().filter((id) => chosen.has(id));
  const name = field.value;
  if (name.trim()) {
    field.value = "";
    choose([]);
  }
  command("new", ids, { name });
}

// The button that Enter presses in a field would be the first one of the page, whatever it does.
page.addEventListener("keydown", (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  if (event.key !== "Enter") return;
  if (field.id === "fresh") make();
  else if (field.id === "into") move(/** @type {HTMLSelectElement} */ (field).value, wanted());
  else if (field.id.startsWith("rename-")) /** @type {HTMLElement | null} */ (field.closest("form")?.querySelector('[value="rename"]'))?.click();
  else return;
  event.preventDefault();
});

// -- keys

/** @param {HTMLElement} card @param {number} by_ the next theme, or the one before */
function across(card, by_) {
  const lists = [...page.querySelectorAll(".tcards")].filter((list) => list.querySelector(".tcard:not([hidden])"));
  const own = lists.findIndex((list) => list.contains(card));
  const list = lists[own + by_];
  if (!list) return;
  const at = [...lists[own].querySelectorAll(".tcard:not([hidden])")].indexOf(card);
  const there = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".tcard:not([hidden])")]);
  focus(there[Math.min(at, there.length - 1)].dataset.card ?? "");
}

/** @param {KeyboardEvent} event @returns {boolean} whether the key was ours */
function key(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const card = /** @type {HTMLElement | null} */ (target.closest(".tcard"));
  const theme = /** @type {HTMLElement | null} */ (target.closest(".tgroup"));
  const vertical = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
  if (event.altKey && vertical) {
    if (card) command(vertical < 0 ? "earlier" : "later", [card.dataset.card ?? ""]);
    else if (theme?.dataset.drop && theme.dataset.drop !== "new") command(vertical < 0 ? "up" : "down", [], { theme: theme.dataset.drop });
    else return false;
    return true;
  }
  if (event.altKey) return false;
  if (vertical || sideways) {
    const all = cards();
    if (!card) {
      if (!all.length || (target !== document.body && !page.contains(target))) return false;
      focus(here || (all[0].dataset.card ?? ""));
    } else if (sideways) across(card, sideways);
    else {
      const next = all[all.indexOf(card) + vertical];
      if (!next) return true;
      if (event.shiftKey) {
        for (const one of [card, next]) chosen.add(one.dataset.card ?? "");
        choose([...chosen]);
      }
      focus(next.dataset.card ?? "");
    }
    return true;
  }
  if (/^[1-9]$/.test(event.key)) {
    const group = groups()[Number(event.key) - 1];
    if (group) move(group.dataset.drop ?? "", wanted());
  } else if (event.key === "0") move("", wanted());
  else if (event.key === "m" || event.key === "M") (aimed = card?.dataset.card ?? ""), by("into")?.focus();
  else if (event.key === "n" || event.key === "N") by("fresh")?.focus();
  else if (event.key === "/") by("search")?.focus();
  else if (event.key === "s" || event.key === "S") command("alike", wanted()), choose([]);
  else if (event.key === "z" || event.key === "Z") command(event.shiftKey ? "redo" : "undo", []);
  else if (event.key === "y" || event.key === "Y") command("redo", []);
  else if (event.key === "?") keys();
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!act || event.ctrlKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Escape") {
    if (drag) drop(null);
    else if (target.id === "search" || needle) {
      /** @type {HTMLInputElement} */ (by("search")).value = needle = "";
      dress();
      focus(here);
    } else if (target.matches("input:not([type=checkbox]), select")) focus(here);
    else choose([]);
    by("keys")?.removeAttribute("data-shown");
    return;
  }
  if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  if (key(event)) event.preventDefault();
});

function keys() {
  const list = by("keys");
  const open = list?.toggleAttribute("data-shown") ?? false;
  by("show-keys")?.setAttribute("aria-expanded", String(open));
  if (open) list?.scrollIntoView({ block: "nearest" });
}

page.addEventListener("click", (event) => {
  if (/** @type {HTMLElement} */ (event.target).closest("#show-keys")) keys();
});

// -- dragging, by mouse anywhere on a card, by finger at its grip

/**
 * @typedef {{ids: string[], ghost: HTMLElement, x: number, y: number, over: HTMLElement | null, before: string, pointer: number}} Drag
 * @type {Drag | null}
 */
let drag = null;
/** @type {{card: HTMLElement, x: number, y: number, pointer: number} | null} */
let pressed = null;
let justDropped = false;

/** Pixels that a mouse may shake before a press becomes a drag. */
const SHAKE = 6;
/** Pixels from an edge from which on what is below scrolls. */
const EDGE = 70;

page.addEventListener("pointerdown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const card = /** @type {HTMLElement | null} */ (target.closest(".tcard"));
  if (!act || !card || event.button !== 0 || target.closest("details, button")) return;
  if (event.pointerType !== "mouse" && !target.closest("[data-grip]")) return;
  pressed = { card, x: event.clientX, y: event.clientY, pointer: event.pointerId };
});

document.addEventListener("pointermove", (event) => {
  if (pressed && !drag && event.pointerId === pressed.pointer && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > SHAKE) lift(pressed.card, event);
  if (!drag || event.pointerId !== drag.pointer) return;
  if (!event.buttons) return drop(null); // let go outside the window
  event.preventDefault();
  drag.x = event.clientX;
  drag.y = event.clientY;
});

/** @param {HTMLElement} card @param {PointerEvent} event */
function lift(card, event) {
  const id = card.dataset.card ?? "";
  const ids = chosen.has(id) ? wanted() : [id];
  const ghost = document.createElement("div");
  ghost.className = "tcard tcard--ghost";
  ghost.textContent = ids.length > 1 ? (words.draggedMany ?? "").replace("#", String(ids.length)) : (card.querySelector(".tcard__text")?.textContent ?? "");
  ghost.style.inlineSize = `${Math.min(card.offsetWidth, 320)}px`;
  document.body.append(ghost);
  document.body.classList.add("dragging");
  for (const one of ids) cardOf(one)?.classList.add("tcard--lifted");
  drag = { ids, ghost, x: event.clientX, y: event.clientY, over: null, before: "", pointer: event.pointerId };
  window.getSelection()?.removeAllRanges();
  requestAnimationFrame(follow);
}

/** Once a frame: the ghost, what is below it, and the edges. */
function follow() {
  if (!drag) return;
  drag.ghost.style.transform = `translate(${drag.x + 8}px, ${drag.y + 8}px)`;
  const below = document.elementFromPoint(drag.x, drag.y);
  const group = /** @type {HTMLElement | null} */ (below?.closest("[data-drop]") ?? null);
  const card = /** @type {HTMLElement | null} */ (below?.closest(".tcard") ?? null);
  const before = card && group?.dataset.drop && !drag.ids.includes(card.dataset.card ?? "") ? (card.dataset.card ?? "") : "";
  if (group !== drag.over || before !== drag.before) {
    drag.over?.classList.remove("tgroup--over");
    cardOf(drag.before)?.classList.remove("tcard--before");
    group?.classList.add("tgroup--over");
    cardOf(before)?.classList.add("tcard--before");
    drag.over = group;
    drag.before = before;
  }
  const scroller = /** @type {HTMLElement | null} */ (below?.closest(".tcards, .board__themes") ?? null);
  if (scroller && scroller.scrollHeight > scroller.clientHeight + 1) {
    const edge = scroller.getBoundingClientRect();
    if (drag.y < edge.top + EDGE) scroller.scrollTop -= 12;
    else if (drag.y > edge.bottom - EDGE) scroller.scrollTop += 12;
  }
  if (drag.y < EDGE) window.scrollBy(0, -14);
  else if (drag.y > window.innerHeight - EDGE) window.scrollBy(0, 14);
  requestAnimationFrame(follow);
}

/** @param {Drag | null} done where it was let go; null: nowhere */
function drop(done) {
  if (!drag) return;
  const was = drag;
  drag = null;
  was.ghost.remove();
  document.body.classList.remove("dragging");
  was.over?.classList.remove("tgroup--over");
  cardOf(was.before)?.classList.remove("tcard--before");
  for (const one of was.ids) cardOf(one)?.classList.remove("tcard--lifted");
  if (done?.over) {
    const same = was.ids.every((id) => cardOf(id)?.closest("[data-drop]") === done.over);
    if (!(same && !done.before)) move(done.over.dataset.drop ?? "", was.ids, done.before);
  }
  const came = waiting;
  waiting = "";
  if (came) patch(came);
}

document.addEventListener("pointerup", (event) => {
  pressed = null;
  if (!drag || event.pointerId !== drag.pointer) return;
  justDropped = true;
  window.setTimeout(() => (justDropped = false), 0);
  drop(drag);
});

document.addEventListener("pointercancel", () => {
  pressed = null;
  drop(null);
});

// The click that ends a drag must not choose the card below.
document.addEventListener(
  "click",
  (event) => {
    if (!justDropped) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
page.addEventListener("dragstart", (event) => event.preventDefault());

// -- the other person

const MARK = /data-boards="(\d+)"/;

connect(
  { audience: "console", live: words.live ?? "" },
  {
    onScreen(message) {
      const mark = MARK.exec(message.html)?.[1] ?? "";
      if (mark === boards) return;
      boards = mark;
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

dress();
