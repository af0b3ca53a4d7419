// @ts-check
/**
 * The editor of a guide in the browser: saving while one types, moving by drag and by keys, pictures that follow.
 *
 * Lives here: sending the page's own forms without a reload, keeping what is typed until the server has it, and
 * showing both texts where two people wrote. Not here: what a change does and how anything looks (the server has both).
 *
 * Every field that differs from what the server has lies in localStorage, one key each, until it is saved: a lost
 * connection or a closed window loses nothing.
 */

import { Idiomorph } from "../vendor/idiomorph.js";

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const words = desk.dataset;
const STORE = `unstuck-guide/${words.guide}/`;
const PAUSE = 700; // ms after the last key: a sentence is one change, not thirty
const AGAIN = 5000; // ms between two tries without a connection
const WIDE = window.matchMedia("(min-width: 60rem)");

/**
 * One field that the server does not have yet.
 * @typedef {{ path: string, language: string, texts: string[], was: string, theirs?: string, held?: string }} Typed
 */

/** @type {Map<string, Typed>} */
const waiting = new Map();
/** @type {Map<string, string>} the page that each frame shows */
const frames = new Map();
let timer = 0;
let again = 0;
let queue = Promise.resolve();
let lost = false;

/** @param {string} id */
const by = (id) => document.getElementById(id);
const editor = () => /** @type {HTMLElement} */ (by("editor"));
const version = () => Number(editor().dataset.version ?? 0);
const here = () => editor().dataset.at ?? "";
const language = () => editor().dataset.language ?? "";
const form = () => /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-part-form]"));
/** @param {string} path @param {string} [tongue] */
const key = (path, tongue = language()) => `${tongue}:${path}`;

// -- saying what happens

/** @param {string} text @param {"good" | "warm" | ""} mood */
function status(text, mood) {
  const line = by("status");
  if (!line) return;
  if (line.textContent !== text) line.textContent = text;
  line.dataset.mood = mood;
}

/** @param {string} text */
function tell(text) {
  const line = by("said");
  if (line && text) line.textContent = text;
}

function mood() {
  const held = [...waiting.values()].filter((one) => one.held || one.theirs !== undefined);
  if (held.some((one) => one.theirs !== undefined)) status(words.conflict ?? "", "warm");
  else if (held.length) status(held[0].held ?? words.refused ?? "", "warm");
  else if (lost) status(words.offline ?? "", "warm");
  else if (waiting.size) status(words.saving ?? "", "");
  else status(words.saved ?? "", "good");
}

// -- fields and what is kept of them

/** @param {string} path @returns {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */
function inputs(path) {
  return /** @type {any[]} */ ([...(form()?.elements ?? [])]).filter((one) => one.name === path);
}

/** @param {string} path */
function texts(path) {
  const found = [];
  for (const one of inputs(path)) {
    if (one instanceof HTMLInputElement && one.type === "checkbox") {
      if (one.checked) found.push(one.value);
    } else found.push(one.value);
  }
  return found;
}

/** @param {string} path */
const wasOf = (path) => /** @type {HTMLInputElement | undefined} */ (inputs(`was:${path}`)[0])?.value ?? "";

/** @param {Typed} one */
function keep(one) {
  waiting.set(key(one.path, one.language), one);
  try {
    window.localStorage.setItem(STORE + key(one.path, one.language), JSON.stringify(one));
  } catch {
    // No room in this browser: the page itself still holds it.
  }
}

/** @param {Typed} one */
function forget(one) {
  waiting.delete(key(one.path, one.language));
  try {
    window.localStorage.removeItem(STORE + key(one.path, one.language));
  } catch {
    // nothing was kept
  }
}

/** @param {string} path */
function note(path) {
  const old = waiting.get(key(path));
  const now = texts(path);
  const was = old ? old.was : wasOf(path);
  if (now.join("\n") === was && old?.theirs === undefined) {
    if (old) forget(old);
  } else keep({ path, language: language(), texts: now, was, ...(old?.theirs === undefined ? {} : { theirs: old.theirs }) });
  mood();
}

/** Put what is kept into the fields that are on the page. */
function fill() {
  for (const one of waiting.values()) {
    if (one.language !== language()) continue;
    for (const input of inputs(one.path)) {
      if (input instanceof HTMLInputElement && input.type === "checkbox") input.checked = one.texts.includes(input.value);
      else if (input.value !== (one.texts[0] ?? "")) input.value = one.texts[0] ?? "";
    }
  }
}

// -- sending: one after the other

/** @param {FormData} data */
async function post(data) {
  const token = /** @type {HTMLInputElement | null} */ (editor().querySelector('input[name="csrf_token"]'));
  data.set("csrf_token", token?.value ?? "");
  data.set("version", String(version()));
  if (!data.has("at")) data.set("at", here());
  if (!data.has("language")) data.set("language", language());
  if (editor().dataset.url?.includes("answers=1")) data.set("answers", "1");
  const answer = await fetch(window.location.pathname, {
    method: "POST",
    body: new URLSearchParams(/** @type {any} */ (data)),
    headers: { "X-Requested-With": "fetch", Accept: "application/json" },
  });
  if (answer.redirected) window.location.assign(answer.url); // signed out meanwhile
  return answer.json();
}

function save() {
  window.clearTimeout(timer);
  queue = queue.then(async () => {
    for (const tongue of new Set([...waiting.values()].map((one) => one.language))) await saveIn(tongue);
    mood();
  });
  return queue;
}

/** @param {string} tongue */
async function saveIn(tongue) {
  const sent = [...waiting.values()].filter((one) => one.language === tongue && one.theirs === undefined && !one.held);
  if (!sent.length) return;
  const data = new FormData();
  data.set("do", "save");
  data.set("language", tongue);
  for (const one of sent) {
    data.append("fields", one.path);
    data.set(`was:${one.path}`, one.was);
    for (const text of one.texts) data.append(one.path, text);
  }
  let told;
  try {
    told = await post(data);
  } catch {
    offline();
    return;
  }
  back();
  if (told.ok) {
    for (const one of sent) {
      const now = waiting.get(key(one.path, one.language));
      if (now === one) forget(one);
      else if (now) keep({ ...now, was: one.texts.join("\n") });
    }
    patch(told.html, tongue);
    if ([...waiting.values()].some((one) => !one.held && one.theirs === undefined)) soon();
    return;
  }
  const one = told.path ? waiting.get(key(told.path, tongue)) : undefined;
  if (one) keep({ ...one, theirs: told.theirs });
  else if (told.code === "stale" || told.code === "conflict") soon();
  else for (const each of sent) keep({ ...each, held: told.said || told.sentence || words.refused });
  if (told.html) patch(told.html, tongue);
  if (one && sent.length > 1) soon(); // the others were refused along with it
}

function soon() {
  window.clearTimeout(timer);
  timer = window.setTimeout(save, PAUSE);
}

function offline() {
  lost = true;
  mood();
  window.clearTimeout(again);
  again = window.setTimeout(save, AGAIN);
}

function back() {
  if (!lost) return;
  lost = false;
  tell(words.back ?? "");
}

/** @param {string} what @param {Record<string, string>} [more] */
function command(what, more = {}) {
  save();
  queue = queue.then(async () => {
    const data = new FormData();
    data.set("do", what);
    for (const [name, value] of Object.entries(more)) data.set(name, value);
    let told;
    try {
      told = await post(data);
    } catch {
      offline();
      tell(words.away ?? "");
      return;
    }
    back();
    const [before, tongue] = [here(), language()];
    if (told.html) patch(told.html);
    tell(told.said ?? told.sentence ?? "");
    const url = editor().dataset.url ?? "";
    if (here() !== before || language() !== tongue || window.location.search.includes("add=")) {
      window.history.pushState({}, "", url);
      if (told.ok) arrive("");
    }
    if (told.ok) after(what);
    else status(told.said ?? told.sentence ?? "", "warm");
  });
  return queue;
}

/** Where the focus belongs after a press. @param {string} what */
function after(what) {
  const [verb, object = ""] = what.split(" ");
  if (verb === "entry-add") {
    const list = document.querySelector(`[data-entries="${CSS.escape(object)}"]`);
    /** @type {HTMLElement | null} */ (list?.lastElementChild?.querySelector("input:not([type=hidden]), textarea, select") ?? null)?.focus();
  } else if (verb === "start") by("starts")?.focus();
}

/** @param {string} address @param {boolean} [push] */
function go(address, push = true) {
  save();
  queue = queue.then(async () => {
    const url = new URL(address, window.location.href);
    try {
      const answer = await fetch(url.pathname + url.search, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok || answer.redirected) {
        window.location.assign(address);
        return;
      }
      patch(await answer.text());
    } catch {
      offline();
      tell(words.away ?? "");
      return;
    }
    back();
    if (push) window.history.pushState({}, "", url.pathname + url.search);
    mood();
    arrive(url.hash.slice(1));
  });
}

/** Be at a part: in its first field where there is room for a form beside the agenda, else where it begins. @param {string} wanted */
function arrive(wanted) {
  const part = by("part");
  if (!part) return;
  let target = wanted && wanted !== "part" ? by(wanted) : null;
  if (target?.matches("fieldset")) target = target.querySelector("input:not([type=hidden]), button") ?? target;
  if (!target && WIDE.matches) target = part.querySelector(".ed-fields input:not([type=hidden]), .ed-fields textarea, .ed-offer");
  if (target) {
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
    return;
  }
  const title = /** @type {HTMLElement | null} */ (part.querySelector(".ed-part__title"));
  if (title) title.tabIndex = -1;
  title?.focus({ preventScroll: true });
  part.scrollIntoView({ block: "start" });
}

// -- what arrives

let coming = "";

/** @param {string} html @param {string} [tongue] of what was saved: another one's page is not this one's */
function patch(html, tongue = language()) {
  if (drag) {
    coming = html; // nothing moves below the hand
    return;
  }
  const template = document.createElement("template");
  template.innerHTML = html;
  const next = /** @type {HTMLElement | null} */ (template.content.querySelector("#editor"));
  if (!next || Number(next.dataset.version) < version()) return;
  if (tongue !== language()) {
    editor().dataset.version = next.dataset.version ?? "";
    for (const one of /** @type {NodeListOf<HTMLInputElement>} */ (editor().querySelectorAll('input[name="version"]'))) one.value = next.dataset.version ?? "";
    return;
  }
  const same = next.dataset.at === here() && next.dataset.language === language();
  const held = document.activeElement;
  const heldId = held && desk.contains(held) ? held.id : "";
  const pages = new Map([...next.querySelectorAll("iframe")].map((one) => [one.id, one.getAttribute("srcdoc") ?? ""]));
  if (!same) editor().querySelector("#part")?.remove(); // another part is no newer state of this one
  Idiomorph.morph(editor(), next, {
    morphStyle: "outerHTML",
    callbacks: {
      beforeAttributeUpdated: (/** @type {string} */ name, /** @type {Element} */ element) =>
        !(name === "open" && element.tagName === "DETAILS") && !(name === "srcdoc" && element.tagName === "IFRAME"),
      beforeNodeMorphed: (/** @type {any} */ element) =>
        !(element.id === "status" || (element.form && element.name && waiting.has(key(element.name))) || (element === document.activeElement && element.matches?.("input[type=text], textarea"))),
      beforeNodeRemoved: (/** @type {any} */ element) => !element.classList?.contains("ed-conflict"),
    },
  });
  for (const [id, page] of pages) picture(id, page);
  dress();
  if (heldId && document.activeElement === document.body) by(heldId)?.focus({ preventScroll: true });
}

/** Show a page in its frame without loading it anew, so that nothing flickers. @param {string} id @param {string} page */
function picture(id, page) {
  const frame = /** @type {HTMLIFrameElement | null} */ (by(id));
  if (!frame || frames.get(id) === page) return;
  const inside = frame.contentDocument;
  if (!frames.has(id) || !inside?.body?.firstElementChild) {
    frame.setAttribute("srcdoc", page);
  } else {
    const made = new DOMParser().parseFromString(page, "text/html");
    inside.documentElement.lang = made.documentElement.lang;
    inside.documentElement.dir = made.documentElement.dir;
    inside.body.innerHTML = made.body.innerHTML;
  }
  frames.set(id, page);
}

/** Give a fresh page what only the script knows. */
function dress() {
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (desk.querySelectorAll("[data-script]"))) one.hidden = false;
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (desk.querySelectorAll("[data-plain]"))) one.hidden = true;
  fill();
  for (const box of desk.querySelectorAll(".ed-conflict")) box.remove();
  for (const one of waiting.values()) if (one.theirs !== undefined || one.held) both(one);
  mood();
}

/** Show what two people wrote into one field, and let this one decide. @param {Typed} one */
function both(one) {
  const input = one.language === language() ? inputs(one.path)[0] : undefined;
  if (one.held && input) return; // it stands in its field, and the line above says why it is not saved
  const box = document.createElement("div");
  box.className = "notice notice--warm ed-conflict";
  const title = document.createElement("p");
  title.className = "notice__title";
  title.textContent = (input ? words.theirs : words.elsewhere) ?? "";
  const text = document.createElement("p");
  text.className = "ed-theirs";
  text.dir = "auto";
  text.textContent = (input ? one.theirs : one.texts.join("\n")) || (words.empty ?? "");
  const row = document.createElement("div");
  row.className = "cluster";
  if (input) {
    row.append(
      press(words.mine ?? "", () => keep({ path: one.path, language: one.language, texts: texts(one.path), was: one.theirs ?? "" })),
      press(words.take ?? "", () => {
        forget(one);
        for (const each of inputs(one.path)) {
          if (each instanceof HTMLInputElement && each.type === "checkbox") each.checked = (one.theirs ?? "").split("\n").includes(each.value);
          else each.value = one.theirs ?? "";
        }
      }),
    );
  } else row.append(press(words.drop ?? "", () => forget(one)));
  box.append(title, text, row);
  if (input) input.closest(".field")?.append(box);
  else editor().querySelector(".editor__columns")?.before(box);
}

/** @param {string} label @param {() => void} done */
function press(label, done) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = label;
  button.addEventListener("click", () => {
    done();
    dress();
    save();
  });
  return button;
}

// -- typing, pressing, going

desk.addEventListener("input", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.form !== form() || !field.name || field.type === "hidden") return;
  note(field.name);
  soon();
});

desk.addEventListener("change", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.dataset.sends) command(field.dataset.sends, { starts: field.value });
  else if (field.form === form() && field.name && field.type !== "hidden") {
    note(field.name);
    save();
  }
});

desk.addEventListener("submit", (event) => {
  const sent = /** @type {HTMLFormElement} */ (event.target);
  if (!sent.matches("[data-act], [data-part-form]")) return;
  event.preventDefault();
  const what = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value ?? "save";
  if (what === "save") {
    save();
    return;
  }
  /** @type {Record<string, string>} */
  const more = {};
  for (const [name, value] of new FormData(sent)) if (["starts", "new_language"].includes(name)) more[name] = String(value);
  command(what, more);
});

desk.addEventListener("click", (event) => {
  const link = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (event.target).closest("a[data-go]"));
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.href);
});

window.addEventListener("popstate", () => go(window.location.href, false));
window.addEventListener("online", save);
window.addEventListener("pagehide", () => {
  if (waiting.size) save();
});

// What somebody else has written meanwhile, as soon as one looks again.
window.addEventListener("focus", () => {
  if (waiting.size) return;
  queue = queue.then(async () => {
    try {
      const answer = await fetch(window.location.pathname + window.location.search, { headers: { "X-Requested-With": "fetch" } });
      if (answer.ok && !answer.redirected) patch(await answer.text());
    } catch {
      // the next press says so
    }
  });
});

// -- keys

desk.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = target.matches("textarea, select, input:not([type=checkbox])");
  const by_ = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
  const stop = /** @type {HTMLElement | null} */ (target.closest(".ed-stop"));
  const entry = /** @type {HTMLElement | null} */ (target.closest("[data-entry]"));
  let ours = true;
  if (event.key === "Enter" && target.matches("input[type=text]") && target.closest("form[data-part-form]")) save();
  else if (event.altKey && by_ && entry) shift(entry, by_);
  else if (event.altKey && by_ && stop?.dataset.part) command(`${by_ < 0 ? "earlier" : "later"} ${stop.dataset.part}`);
  else if (event.altKey) ours = false;
  else if (by_ && stop) {
    const all = /** @type {HTMLElement[]} */ ([...desk.querySelectorAll(".ed-stop")]);
    all[all.indexOf(stop) + by_]?.focus();
  } else if (event.key === "Delete" && stop?.dataset.part) command(`delete ${stop.dataset.part}`);
  else if (event.key === "Escape" && target.closest("#part")) by(`stop-${here()}`)?.focus();
  else if ((event.ctrlKey || event.metaKey) && !typing && event.key.toLowerCase() === "z") command(event.shiftKey ? "redo" : "undo");
  else if ((event.ctrlKey || event.metaKey) && !typing && event.key.toLowerCase() === "y") command("redo");
  else ours = false;
  if (ours) event.preventDefault();
});

/** @param {HTMLElement} entry @param {number} by_ */
function shift(entry, by_) {
  const button = /** @type {HTMLButtonElement | null} */ (entry.querySelector(`:scope > .ed-entry__tools [value^="${by_ < 0 ? "entry-up" : "entry-down"} "]`));
  if (!button || button.disabled) return;
  const list = entry.parentElement;
  const path = list?.dataset.entries ?? "";
  const place = [...(list?.children ?? [])].indexOf(entry) + by_;
  command(button.value).then(() => {
    const moved = document.querySelector(`[data-entries="${CSS.escape(path)}"]`)?.children[place];
    /** @type {HTMLElement | null} */ (moved?.querySelector("input:not([type=hidden]), textarea, select") ?? null)?.focus();
  });
}

// -- drag: with a mouse or a pen; a finger scrolls, and has the buttons

/** @typedef {{ id: string, step: boolean, ghost: HTMLElement, x: number, y: number, mark: HTMLElement | null, what: string }} Drag */
/** @type {Drag | null} */
let drag = null;
/** @type {{ row: HTMLElement, x: number, y: number } | null} */
let pressed = null;
let dropped = false;

/** @param {Element | null} element @returns {HTMLElement | null} */
const rowOf = (element) => /** @type {HTMLElement | null} */ (element?.closest("[data-activity], [data-step]") ?? null);

desk.addEventListener("pointerdown", (event) => {
  const row = rowOf(/** @type {Element} */ (event.target));
  if (row && event.button === 0 && event.pointerType !== "touch") pressed = { row, x: event.clientX, y: event.clientY };
});

document.addEventListener("pointermove", (event) => {
  if (pressed && !drag && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 6) lift(pressed.row);
  if (!drag) return;
  drag.x = event.clientX;
  drag.y = event.clientY;
  follow();
});

/** @param {HTMLElement} row */
function lift(row) {
  const id = row.dataset.activity ?? row.dataset.step ?? "";
  const ghost = document.createElement("div");
  ghost.className = "ed-ghost";
  ghost.textContent = row.querySelector(".ed-stop__text")?.textContent ?? "";
  document.body.append(ghost);
  document.body.classList.add("ed-dragging");
  row.classList.add("ed-lifted");
  drag = { id, step: !row.dataset.activity, ghost, x: 0, y: 0, mark: null, what: "" };
  window.getSelection()?.removeAllRanges();
}

function follow() {
  if (!drag) return;
  drag.ghost.style.transform = `translate(${drag.x + 10}px, ${drag.y + 10}px)`;
  const below = document.elementFromPoint(drag.x, drag.y);
  const list = /** @type {HTMLElement | null} */ (below?.closest(".ed-agenda") ?? null);
  if (list) {
    const edge = list.getBoundingClientRect();
    if (drag.y < edge.top + 40) list.scrollTop -= 12;
    else if (drag.y > edge.bottom - 40) list.scrollTop += 12;
  }
  if (drag.y < 40) window.scrollBy(0, -12);
  else if (drag.y > window.innerHeight - 40) window.scrollBy(0, 12);
  drag.mark?.classList.remove("ed-before", "ed-after");
  drag.mark = null;
  drag.what = "";
  const chapter = /** @type {HTMLElement | null} */ (below?.closest("[data-step]") ?? null);
  if (!chapter) return;
  if (drag.step) {
    const box = chapter.getBoundingClientRect();
    mark(chapter, drag.y > box.top + box.height / 2, "-", "[data-step]");
    return;
  }
  const line = /** @type {HTMLElement | null} */ (below?.closest("[data-activity]") ?? null);
  if (line) {
    const box = line.getBoundingClientRect();
    mark(line, drag.y > box.top + box.height / 2, chapter.dataset.step ?? "", "[data-activity]");
  } else {
    drag.mark = /** @type {HTMLElement | null} */ (chapter.querySelector(".ed-line"));
    drag.mark?.classList.add("ed-after");
    drag.what = `place ${drag.id} ${chapter.dataset.step} 0`;
  }
}

/** @param {HTMLElement} row @param {boolean} below @param {string} step @param {string} kind */
function mark(row, below, step, kind) {
  if (!drag) return;
  const others = [...(row.parentElement?.children ?? [])].filter((one) => one.matches(kind) && /** @type {HTMLElement} */ (one).dataset.activity !== drag?.id && !(drag?.step && /** @type {HTMLElement} */ (one).dataset.step === drag.id));
  if ((row.dataset.activity ?? row.dataset.step) === drag.id) return;
  row.classList.add(below ? "ed-after" : "ed-before");
  drag.mark = row;
  drag.what = `place ${drag.id} ${step} ${others.indexOf(row) + (below ? 1 : 0)}`;
}

/** @param {boolean} done */
function drop(done) {
  pressed = null;
  if (!drag) return;
  const { what, ghost, mark: row } = drag;
  drag = null;
  ghost.remove();
  document.body.classList.remove("ed-dragging");
  row?.classList.remove("ed-before", "ed-after");
  for (const one of document.querySelectorAll(".ed-lifted")) one.classList.remove("ed-lifted");
  const came = coming;
  coming = "";
  if (came) patch(came);
  if (done && what) command(what);
}

document.addEventListener("pointerup", () => {
  dropped = Boolean(drag);
  window.setTimeout(() => (dropped = false), 0);
  drop(true);
});
document.addEventListener("pointercancel", () => drop(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drag) drop(false);
});
desk.addEventListener("dragstart", (event) => event.preventDefault());
// The click that ends a drag must not open the part below.
document.addEventListener(
  "click",
  (event) => {
    if (!dropped) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

// -- beginning: what an earlier visit could not send

for (const one of /** @type {NodeListOf<HTMLIFrameElement>} */ (desk.querySelectorAll("iframe"))) frames.set(one.id, one.getAttribute("srcdoc") ?? "");
try {
  for (let n = 0; n < window.localStorage.length; n += 1) {
    const name = window.localStorage.key(n) ?? "";
    if (!name.startsWith(STORE)) continue;
    const one = /** @type {Typed} */ (JSON.parse(window.localStorage.getItem(name) ?? "{}"));
    if (typeof one.path !== "string" || !Array.isArray(one.texts)) continue;
    delete one.held;
    waiting.set(key(one.path, one.language), one);
  }
} catch {
  // a browser that keeps nothing
}
dress();
desk.dataset.ready = "";
if (waiting.size) save();
