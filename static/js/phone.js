// @ts-check
/**
 * The participant's phone.
 *
 * Lives here: putting the pushed screen in its place without touching what is
 * being typed, drafts, the outbox, the small status line. Not here: the
 * connection (link.js), and any rule about what an answer is: the server's own
 * HTML and its one validator decide, and the same forms work without this file.
 *
 * Longer than a usual module, because a phone page may load five files at most.
 */
import { connect } from "./link.js";

/**
 * @typedef {Record<string, string[]>} Fields
 * @typedef {{revision: number, fields: Fields | null, said: string[], again?: boolean, mixed?: boolean,
 *   prompt?: string, receipts?: Record<string, string>}} Item
 *   One answer; `fields` null is a pass. `again`: was saved before and goes out once more because the server lost it;
 *   `mixed`: a rolling answer that was shown already, so that nobody has its words any more.
 *   `prompt`: what was asked, where the answer is cards; `receipts`: of which, by number. They stay here.
 * @typedef {{
 *   day: number, revision: number, bucket: number,
 *   draft: Fields | null, text: string,
 *   out: Item | null, tried: boolean,
 *   saved: Item | null, final: boolean, closed: boolean,
 * }} Entry
 *   What this phone knows of one run: the draft, what waits to go out, what the server confirmed.
 * @typedef {{sentence: string, text: string}} Unsent
 */

const PREFIX = "unstuck/";
/** Drafts of other sessions go after this: a workshop lasts two days at most, and the evening after it. */
const KEEP_DAYS = 3;
/** What was sent can be taken back until the report is fixed: 72 hours after the end, or when somebody gets round to it. */
const SENT_DAYS = 14;
const SENT = `${PREFIX}sent/`;
/** For fetching receipts.js; an answer waits no longer for it and goes without receipts. */
const PATIENCE_WITH_RECEIPTS_MS = 5000;
/** A connection that comes back within this is not worth a word. */
const PATIENCE_WITH_SILENCE_MS = 3000;
/** After the first paint, before anybody has written a sentence. */
const HINTS_AFTER_MS = 3000;
/** Bytes of a message beside its fields: names, run, revision. */
const OVERHEAD = 256;
const NOT_FIELDS = new Set(["csrf_token", "run", "based_on", "pass"]);
/** The server could not take it just now; what was pressed is sent again by itself. */
const TRY_AGAIN = new Set(["not_stored", "throttled", "forbidden"]);
const GONE = new Set(["closed", "not_found", "ended"]);

// -- the phone's own memory -------------------------------------------------------------------------------------

/** @param {string} live */
function openStore(live) {
  /** @type {Map<string, string>} */
  const memory = new Map();
  let durable = true;
  const mine = `${PREFIX}${live}/`;

  /** @returns {Storage | null} */
  function storage() {
    try {
      return window.localStorage; // the mere mention throws where storage is refused
    } catch {
      return null;
    }
  }

  /** @param {string} name @returns {any} */
  function read(name) {
    let text = memory.get(name) ?? null;
    if (text === null) {
      try {
        text = storage()?.getItem(mine + name) ?? null;
      } catch {
        text = null;
      }
    }
    if (text === null) return null;
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  /** @param {string} name @param {object} value */
  function write(name, value) {
    const text = JSON.stringify(value);
    try {
      const kept = storage();
      if (!kept) throw new Error("refused");
      kept.setItem(mine + name, text);
      memory.delete(name); // another tab may write it too: the shared copy is the true one
      durable = true;
    } catch {
      memory.set(name, text);
      durable = false;
    }
  }

  /** @param {string} name */
  function drop(name) {
    memory.delete(name);
    try {
      storage()?.removeItem(mine + name);
    } catch {
      // nothing was kept, nothing is left
    }
  }

  /** @returns {string[]} the runs of this session that this phone knows of */
  function runs() {
    const names = new Set(memory.keys());
    for (const key of keys()) if (key.startsWith(mine)) names.add(key.slice(mine.length));
    return [...names].filter((name) => name.startsWith("run/")).map((name) => name.slice(4));
  }

  /** @returns {string[]} */
  function keys() {
    try {
      return Object.keys(storage() ?? {});
    } catch {
      return [];
    }
  }

  /** Forget what other sessions left here days ago. */
  function tidy() {
    for (const key of keys()) {
      if (!key.startsWith(PREFIX) || key.startsWith(mine) || key === SENT + live || key.startsWith(`${SENT}${live}/`)) continue;
      try {
        const day = JSON.parse(storage()?.getItem(key) ?? "{}").day ?? 0;
        if (Math.abs(today() - day) > (key.startsWith(SENT) ? SENT_DAYS : KEEP_DAYS)) storage()?.removeItem(key);
      } catch {
        // another tab was faster
      }
    }
  }

  /** Whether this browser keeps anything at all; asked once, with something that means nothing. */
  function probe() {
    write("probe", { day: today() });
    drop("probe");
  }

  return {
    read,
    write,
    drop,
    runs,
    tidy,
    probe,
    prefix: mine,
    isDurable: () => durable,
    /** @param {string} run @returns {Entry} */
    entry: (run) => ({ ...EMPTY, ...(read(`run/${run}`) ?? {}) }),
    /** @param {string} run @param {Entry} entry */
    keep: (run, entry) => write(`run/${run}`, { ...entry, day: today() }),
  };
}

/** @type {Entry} */
const EMPTY = {
  day: 0, revision: 0, bucket: 2048, draft: null, text: "", out: null, tried: false, saved: null, final: false, closed: false,
};

/** Whole days only: this is for tidying up, never sent. */
function today() {
  return Math.floor(Date.now() / 86400000);
}

// -- forms as plain fields, whatever the kind -----------------------------------------------------------------------

/** @param {HTMLFormElement} form @returns {(HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement)[]} */
function controls(form) {
  return /** @type {any[]} */ ([...form.elements]).filter(
    (el) => el.name && !NOT_FIELDS.has(el.name) && /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) && el.type !== "submit",
  );
}

/** @param {any} el */
function isTick(el) {
  return el.type === "radio" || el.type === "checkbox";
}

/** @param {any} el */
function isText(el) {
  return el.tagName === "TEXTAREA" || el.type === "text" || el.type === "search";
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} [submitter] @returns {Fields} */
function collect(form, submitter) {
  /** @type {Fields} */
  const fields = {};
  for (const el of controls(form)) {
    if (isTick(el) && !(/** @type {HTMLInputElement} */ (el).checked)) continue;
    (fields[el.name] ??= []).push(el.value);
  }
  if (submitter instanceof HTMLButtonElement && submitter.name && !NOT_FIELDS.has(submitter.name)) {
    fields[submitter.name] = [submitter.value];
  }
  return fields;
}

/** @param {HTMLFormElement} form @param {Fields | null} fields */
function fill(form, fields) {
  /** @type {Fields} */
  const left = {};
  for (const [name, values] of Object.entries(fields ?? {})) left[name] = [...values];
  openCards(form, fields);
  for (const el of controls(form)) {
    if (isTick(el)) /** @type {HTMLInputElement} */ (el).checked = (fields?.[el.name] ?? []).includes(el.value);
    else if (el.type !== "hidden") el.value = left[el.name]?.shift() ?? "";
  }
  refreshHooks(form);
}

/**
 * What the person sees as their answer, in words: labels of what is ticked, texts as typed, the button that decided.
 * @param {HTMLFormElement} form @param {Fields} fields
 */
function sayAnswer(form, fields) {
  const lines = [];
  for (const el of controls(form)) {
    if (el.type === "hidden") continue;
    if (isTick(el)) {
      if (!(/** @type {HTMLInputElement} */ (el).checked)) continue;
      lines.push(labelOf(el));
    } else if (el.tagName === "SELECT") {
      if (el.value && el.value !== "0") lines.push(`${labelOf(el)}: ${el.selectedOptions[0].text}`);
    } else lines.push(el.value.trim());
  }
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll("button[data-said]"))) {
    if (fields[button.name]?.includes(button.value)) lines.push(button.dataset.said ?? "");
  }
  return lines.filter(Boolean);
}

/** @param {any} el */
function labelOf(el) {
  const label = el.labels?.[0];
  const words = label?.querySelector("[data-label]") ?? label;
  return (el.dataset.said ?? words?.textContent ?? el.value).replace(/\s+/g, " ").trim();
}

/** Only what was typed: a lost tick is not worth a word, a lost text is. @param {HTMLFormElement} form */
function typedText(form) {
  return controls(form).filter(isText).map((el) => el.value.trim()).filter(Boolean).join("\n\n");
}

/**
 * Fill a message up to its bucket, so that an answer and a pass look alike from outside (promise 12).
 * @param {{run: string, revision: number, fields: Fields | null}} payload @param {number} bucket
 */
function padded(payload, bucket) {
  const size = new TextEncoder().encode(JSON.stringify({ ...payload, pad: "" })).length;
  return { ...payload, pad: "-".repeat(Math.max(0, bucket + OVERHEAD - size)) };
}

// -- small helps inside a field; the forms work without them ---------------------------------------------------------

/** Uncover as many further cards as an answer needs. @param {HTMLFormElement} form @param {Fields | null} fields */
function openCards(form, fields) {
  for (const card of hiddenCards(form)) {
    const names = /** @type {any[]} */ ([...card.querySelectorAll("[name]")]).filter(isText).map((el) => el.name);
    const needed = names.some((name) => {
      const same = controls(form).filter((el) => el.name === name);
      const index = same.findIndex((el) => card.contains(el));
      return Boolean(fields?.[name]?.[index]?.trim());
    });
    if (needed) card.hidden = false;
  }
}

/** @param {HTMLFormElement} form @returns {HTMLElement[]} */
function hiddenCards(form) {
  return [...form.querySelectorAll("[data-card][hidden]")].map((el) => /** @type {HTMLElement} */ (el));
}

/** Fold further cards away until they are asked for, and offer them. @param {HTMLFormElement} form */
function prepareHooks(form) {
  const cards = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-card]")]);
  const add = /** @type {HTMLElement | null} */ (form.querySelector("[data-add-card]"));
  if (add && cards.length > 1) {
    cards.slice(1).forEach((card) => {
      if (!(/** @type {any[]} */ ([...card.querySelectorAll("[name]")]).some((el) => isText(el) && el.value))) card.hidden = true;
    });
    add.addEventListener("click", () => {
      const next = hiddenCards(form)[0];
      if (!next) return;
      next.hidden = false;
      /** @type {HTMLElement | null} */ (next.querySelector("textarea, input[type=text]"))?.focus();
      refreshHooks(form);
    });
  }
  if (form.querySelector("[data-votes]")) void import("./votes.js").then(({ watch }) => watch(form), () => {});
  form.dataset.helped = "yes";
  refreshHooks(form);
}

/** Counters, previews and the offer of another card follow what is typed. @param {HTMLFormElement} form */
function refreshHooks(form) {
  for (const counter of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-count-for]"))) {
    const el = /** @type {HTMLTextAreaElement | null} */ (document.getElementById(counter.dataset.countFor ?? ""));
    if (el && el.maxLength > 0) {
      counter.hidden = false;
      counter.textContent = `${[...el.value].length} / ${el.maxLength}`;
    }
  }
  for (const preview of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-quote-preview]"))) {
    const card = preview.closest("[data-card]") ?? form;
    const text = /** @type {any[]} */ ([...card.querySelectorAll("textarea, input")]).find(isText)?.value.trim() ?? "";
    const on = /** @type {HTMLInputElement | null} */ (card.querySelector("input[type=checkbox]"))?.checked ?? false;
    preview.hidden = !on || !text;
    const words = preview.querySelector("[data-quote-text]") ?? preview;
    words.textContent = text;
  }
  const add = /** @type {HTMLElement | null} */ (form.querySelector("[data-add-card]"));
  if (add) add.hidden = hiddenCards(form).length === 0;
}

// -- the page -----------------------------------------------------------------------------------------------------

/** @param {HTMLElement} main */
function start(main) {
  const live = main.dataset.live ?? "";
  /** @type {Record<string, string>} */
  const words = JSON.parse(main.dataset.words ?? "{}");
  const store = openStore(live);
  const place = one("[data-place]");
  const status = /** @type {HTMLElement} */ (document.querySelector("[data-status]"));
  const say = one("[data-say]");
  const unsent = one("[data-unsent]");
  const fold = /** @type {HTMLDetailsElement | null} */ (one("[data-lot-fold]"));
  let busy = false;
  let failures = 0;
  let retry = 0;
  let downSince = performance.now();
  let timerEnd = 0;
  let coverEnd = 0;
  /** @type {HTMLElement | null} */
  let heldFocus = null;
  /** The form shows although an answer is in: the person pressed Change, or it was refused. */
  let editing = false;

  /** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement} */
  function one(selector, within = main) {
    return /** @type {HTMLElement} */ (within.querySelector(selector));
  }

  function now() {
    const article = one("[data-key]", place);
    const form = /** @type {HTMLFormElement | null} */ (one("form[data-answer]", place));
    return { article, form, run: article?.dataset.run ?? "", state: article?.dataset.state ?? "" };
  }

  // -- what is shown

  /** @param {import("./link.js").ScreenMessage} message */
  function onScreen(message) {
    const template = document.createElement("template");
    template.innerHTML = message.html;
    const next = /** @type {HTMLElement | null} */ (template.content.querySelector("[data-key]"));
    if (!next) return;
    const { article, run, state } = now();
    const sameQuestion = state === "open" && next.dataset.state === "open" && run === next.dataset.run;
    if (article && (article.dataset.key === next.dataset.key || sameQuestion)) {
      article.dataset.key = next.dataset.key;
      patch(article, next);
    } else replace(next);
    cover(template.content.querySelector("[data-cover]"));
  }

  /**
   * Eyes up, or a break: something over the question, which keeps what is typed in it and where the cursor was.
   * @param {Element | null} next
   */
  function cover(next) {
    const old = one("[data-cover]", place);
    const { article } = now();
    if (next && !old) heldFocus = place.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    old?.remove();
    if (article) article.inert = Boolean(next);
    if (next) {
      place.append(next);
      coverEnd = performance.now() + Number(one("[data-cover]", place).dataset.left) * 1000;
      if (!old) {
        window.scrollTo(0, 0);
        one("[data-cover-title]", place).focus({ preventScroll: true });
      }
      tick();
    } else if (old) {
      if (heldFocus?.isConnected) heldFocus.focus();
      heldFocus = null;
    }
    fold?.dispatchEvent(new Event("follow"));
  }

  /** The place is the same: only the parts around the field are renewed. @param {HTMLElement} old @param {HTMLElement} next */
  function patch(old, next) {
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (old.querySelectorAll("[data-part]"))) {
      const other = one(`[data-part="${part.dataset.part}"]`, next);
      if (!other || part.dataset.part === "timer" || part.innerHTML === other.innerHTML) continue;
      if (!part.contains(document.activeElement)) part.replaceChildren(...other.childNodes);
    }
    const asked = one("[data-questions]", next);
    if (asked) one("[data-questions]", old)?.dispatchEvent(new CustomEvent("renew", { detail: asked }));
    const timer = one('[data-part="timer"]', next);
    if (timer) one('[data-part="timer"]', old)?.replaceChildren(...timer.childNodes);
    startTimer();
    if (old.dataset.lot !== next.dataset.lot) {
      if (next.dataset.lot) old.dataset.lot = next.dataset.lot;
      else delete old.dataset.lot;
    }
    fold?.dispatchEvent(new Event("follow"));
  }

  /** @param {HTMLElement} next */
  function replace(next) {
    const { form, run, state, article } = now();
    if (form && state === "open" && run !== "") rememberDraft(form, run);
    const hadFocus = place.contains(document.activeElement);
    place.replaceChildren(next);
    editing = false;
    bind();
    if (article?.dataset.key !== next.dataset.key) window.scrollTo(0, 0);
    const heading = one("[data-heading]", next);
    if (hadFocus) heading?.focus({ preventScroll: true });
    say.textContent = heading?.textContent ?? "";
    void reconcile();
  }

  /** Give what is on the page its life: at first paint and after each replacement. */
  function bind() {
    const { form, run, state } = now();
    document.body.dataset.state = state;
    startTimer();
    if (form && run) prepare(form, run);
    else settle(run, state);
    listQuestions(form);
    joinBreakout(run);
    fold?.dispatchEvent(new Event("follow"));
    for (const other of store.runs()) {
      const entry = store.entry(other);
      if (other !== run && entry.closed && !entry.out) store.drop(`run/${other}`);
    }
    showUnsent();
    paintStatus();
  }

  /** Others' questions and this phone's votes on them. @param {HTMLFormElement | null} form */
  function listQuestions(form) {
    const section = one("[data-questions]", place);
    if (!section || !link) return;
    const way = link;
    const bucket = Number(form?.dataset.bucket ?? EMPTY.bucket);
    const phone = { store, bucket, send: () => void flush(), ask: (/** @type {string} */ ballot) => way.send("mine", { run: ballot }) };
    void import("./questions.js").then(({ watch }) => watch(section, phone), () => {});
  }

  /** The parking lot, open beside every question; every phone fetches it alike, whoever parks (promise 12). */
  function openLot() {
    if (!fold || !link) return;
    const way = link;
    const phone = {
      store,
      send: () => void flush(),
      ask: (/** @type {string} */ run) => way.send("mine", { run }),
      beat: (/** @type {any} */ payload, /** @type {number} */ bucket) => void way.send("answer", padded(payload, bucket)).catch(() => {}),
      lost: (/** @type {string} */ text) => keepUnsent(words.closed_draft, text),
      collect,
      fill,
      said: sayAnswer,
      typed: typedText,
      prepare: prepareHooks,
      refresh: refreshHooks,
      prompt: one("p", fold).textContent ?? "",
      words,
      place,
    };
    const way_in = /** @type {HTMLElement | null} */ (document.querySelector("[data-lot-link]"));
    void import("./parking.js").then(({ park }) => park(fold, way_in, phone), () => {});
  }

  /** This phone's number in a breakout; every phone fetches it alike, whoever writes (promise 12). @param {string} run */
  function joinBreakout(run) {
    const section = one("[data-breakout-write]", place)?.closest("section");
    if (!section || !link) return;
    const way = link;
    const phone = {
      run,
      store,
      ask: (/** @type {string} */ what) => way.send("breakout", { run, what, pad: "-".repeat(700 - what.length) }),
      changed: () => void reconcile(),
    };
    void import("./breakouts.js").then(({ watch }) => watch(section, phone), () => {});
  }

  /** An open question. @param {HTMLFormElement} form @param {string} run */
  function prepare(form, run) {
    const entry = store.entry(run);
    const painted = Number(form.dataset.revision ?? 0);
    const refused = !one("[data-problem]", form).hidden;
    entry.bucket = Number(form.dataset.bucket ?? entry.bucket);
    if (painted > entry.revision) {
      // The server knows more: the plain form was used, or this browser forgot.
      entry.revision = painted;
      const passed = form.dataset.passed === "yes";
      entry.saved = { revision: painted, fields: passed ? null : collect(form), said: paintedWords() };
      entry.final = form.dataset.spent === "yes";
      entry.saved.mixed = entry.final && !passed && entry.saved.said.length === 0;
    }
    prepareHooks(form);
    if (refused) {
      entry.draft = collect(form);
      entry.text = typedText(form);
    }
    store.keep(run, entry);
    if (entry.draft && !refused) fill(form, entry.draft);
    else if (!entry.draft && (entry.out ?? entry.saved)?.fields) fill(form, (entry.out ?? entry.saved)?.fields ?? null);
    hint(form);
    form.addEventListener("input", () => {
      editing = true;
      refreshHooks(form);
      rememberDraft(form, run);
      paintStatus();
    });
    // One tap is the answer where the kind says so; by keys one chooses first and then sends.
    let tapped = false;
    form.addEventListener("pointerdown", () => (tapped = true));
    form.addEventListener("keydown", () => (tapped = false));
    form.addEventListener("change", (event) => {
      if (tapped && /** @type {HTMLElement} */ (event.target).closest("[data-tap]")) form.requestSubmit(one("[data-send]", form));
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      press(form, run, event.submitter);
    });
    one("[data-change]", place)?.addEventListener("click", (event) => {
      event.preventDefault();
      editing = true;
      showOpen();
      const first = controls(form).find((el) => el.type !== "hidden" && (!isTick(el) || /** @type {any} */ (el).checked));
      (first ?? controls(form).find((el) => el.type !== "hidden"))?.focus();
    });
    editing = refused || Boolean(entry.draft);
    showOpen();
  }

  /** @returns {string[]} */
  function paintedWords() {
    return [...place.querySelectorAll("[data-sent-said] > li")].map((line) => line.textContent ?? "");
  }

  /** Form or answer: whichever this phone is at. */
  function showOpen() {
    const { form, run } = now();
    const sent = one("[data-sent]", place);
    if (!form || !sent) return;
    const entry = store.entry(run);
    const item = entry.out ?? entry.saved;
    const asking = !item || (editing && !entry.final);
    form.hidden = !asking;
    sent.hidden = asking;
    if (!item || asking) return;
    const title = entry.out ? (link?.isUp() ? words.sending : words.kept) : item.fields === null && !item.mixed ? words.passed : words.sent;
    setText(one("[data-sent-title]", sent), title);
    list(one("[data-sent-said]", sent), item.said);
  }

  /** A closed question, or a place without one. @param {string} run @param {string} state */
  function settle(run, state) {
    const mine = one("[data-mine]", place);
    if (mine && run) {
      const entry = store.entry(run);
      if (entry.draft && entry.text && !entry.out) keepUnsent(words.closed_draft, entry.text);
      entry.draft = null;
      entry.text = "";
      entry.closed = true;
      if (entry.saved || entry.out) store.keep(run, entry);
      else store.drop(`run/${run}`);
      const item = entry.saved;
      mine.hidden = !item;
      if (item) {
        const title = one("[data-mine-title]", mine);
        if (item.fields === null && !item.mixed) setText(title, title.dataset.passed ?? "");
        list(one("[data-mine-said]", mine), item.said);
      }
    }
    if (state === "ended" || state === "moved") {
      for (const name of store.runs()) if (!store.entry(name).out) store.drop(`run/${name}`);
    }
  }

  /** @param {HTMLElement} ul @param {string[]} lines */
  function list(ul, lines) {
    ul.replaceChildren(
      ...lines.map((line) => {
        const li = document.createElement("li");
        li.dir = "auto";
        li.textContent = line;
        return li;
      }),
    );
  }

  /** @param {HTMLElement} el @param {string} text */
  function setText(el, text) {
    if (el && el.textContent !== text) el.textContent = text;
  }

  // -- drafts and answers

  /** @param {HTMLFormElement} form @param {string} run */
  function rememberDraft(form, run) {
    if (!editing) return;
    const entry = store.entry(run);
    entry.draft = collect(form);
    entry.text = typedText(form);
    store.keep(run, entry);
  }

  /** @param {HTMLFormElement} form @param {string} run @param {HTMLElement | null} submitter */
  function press(form, run, submitter) {
    const pass = submitter instanceof HTMLButtonElement && submitter.name === "pass";
    const entry = store.entry(run); // fresh: another tab may have sent meanwhile
    const revision = Math.max(entry.revision, Number(form.dataset.revision ?? 0)) + 1;
    const fields = pass ? null : collect(form, submitter);
    /** @type {Item} */
    const item = { revision, fields, said: fields ? sayAnswer(form, fields) : [] };
    if (controls(form).some((el) => el.name.startsWith("text-"))) item.prompt = one("[data-heading]", place)?.textContent ?? "";
    store.keep(run, { ...entry, revision, out: item, tried: false, draft: null, text: "" });
    one("[data-problem]", form).hidden = true;
    editing = false;
    showOpen();
    const title = one("[data-sent-title]", place);
    title?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    paintStatus();
    void flush();
  }

  /** Send what was pressed and not yet confirmed; nothing else ever leaves this phone. */
  async function flush() {
    if (busy || !link?.isUp()) return;
    busy = true;
    window.clearTimeout(retry);
    let unfinished = false;
    for (const run of store.runs()) {
      while (store.entry(run).out && !unfinished) unfinished = !(await deliver(run));
    }
    busy = false;
    if (unfinished) {
      failures = Math.min(failures + 1, 4);
      retry = window.setTimeout(flush, 2 ** failures * 1000 * (0.5 + Math.random()));
    } else failures = 0;
    showOpen();
    fold?.dispatchEvent(new Event("follow"));
    paintStatus();
  }

  /**
   * Give each card of an answer its receipt, once, so that every try sends the same. A pass fetches the file too:
   * from outside it looks like an answer (promise 12).
   * @param {string} run
   */
  async function prepareReceipts(run) {
    const item = store.entry(run).out;
    if (item?.prompt === undefined || item.receipts) return;
    const late = new Promise((resolve) => window.setTimeout(resolve, PATIENCE_WITH_RECEIPTS_MS, null));
    /** @type {typeof import("./receipts.js") | null} */
    const made = await Promise.race([import("./receipts.js"), late]).catch(() => null);
    const entry = store.entry(run);
    if (entry.out?.revision !== item.revision) return; // something newer was pressed meanwhile
    const sealed = made && item.fields ? made.withReceipts(item.fields) : { fields: item.fields, receipts: {} };
    store.keep(run, { ...entry, out: { ...item, ...sealed } });
  }

  /** Put what was sent on this phone's own list. @param {string} run @param {Item} item @param {boolean} [perhaps] */
  async function rememberSent(run, item, perhaps) {
    const { prompt, fields, receipts } = item;
    if (prompt === undefined || !receipts) return;
    const made = await import("./receipts.js").catch(() => null);
    made?.remember(live, run, prompt, fields, receipts, perhaps);
  }

  /** @param {string} run @returns {Promise<boolean>} false: not settled, try again later */
  async function deliver(run) {
    await prepareReceipts(run);
    const before = store.entry(run);
    const item = before.out;
    if (!item || !link) return true;
    /** @type {any} */
    let ack;
    try {
      ack = await link.send("answer", padded({ run, revision: item.revision, fields: item.fields }, before.bucket));
    } catch {
      const late = store.entry(run);
      if (late.out) store.keep(run, { ...late, tried: true });
      return false;
    }
    if (!ack || typeof ack.ok !== "boolean" || (!ack.ok && TRY_AGAIN.has(ack.code))) return false;
    const entry = store.entry(run);
    if (entry.out?.revision !== item.revision) return true; // something newer was pressed meanwhile
    entry.revision = Math.max(entry.revision, Number(ack.revision ?? 0));
    entry.out = null;
    if (ack.ok) {
      entry.saved = { ...item, again: false };
      entry.final = now().run === run && now().form?.dataset.final === "yes";
      store.keep(run, entry);
      await rememberSent(run, item);
    } else if (run.endsWith(".votes")) {
      store.keep(run, entry); // nothing was typed: the box that was ticked goes back to what was saved
      one("[data-questions]", place)?.dispatchEvent(new Event("refused"));
    } else if (GONE.has(ack.code) || entry.final || (ack.code === "older" && now().form?.dataset.final === "yes")) {
      if (item.again) entry.saved = item;
      store.keep(run, entry);
      if (before.tried && item.fields && !item.again) await rememberSent(run, item, true);
      if (!item.again) refuse(item, before.tried ? `${ack.sentence} ${words.perhaps}` : ack.sentence);
      if (now().run === run) settleOrShow();
    } else {
      entry.draft = item.fields;
      entry.text = item.said.join("\n\n");
      store.keep(run, entry);
      giveBack(run, item, ack.sentence);
    }
    return true;
  }

  function settleOrShow() {
    const { form, run, state } = now();
    if (form) void reconcile();
    else settle(run, state);
  }

  /**
   * Below each free text, what may point to a person. Fetched by every phone a while after the question came, typed in
   * or not: who writes must not be seen from outside (promise 12).
   * @param {HTMLFormElement} form
   */
  function hint(form) {
    const fields = controls(form).filter((el) => el instanceof HTMLTextAreaElement);
    if (fields.length === 0) return;
    window.setTimeout(() => {
      void import("./hints.js").then(({ watch }) => fields.forEach((el) => watch(/** @type {any} */ (el), words.hint)), () => {});
    }, HINTS_AFTER_MS);
  }

  /** Show the form again with what was typed and the reason. @param {string} run @param {Item} item @param {string} sentence */
  function giveBack(run, item, sentence) {
    const { form, run: here } = now();
    if (!form || here !== run) {
      keepUnsent(sentence, item.said.join("\n\n"));
      return;
    }
    editing = true;
    showOpen();
    const problem = one("[data-problem]", form);
    problem.hidden = false;
    setText(one("[data-problem-sentence]", problem), sentence);
    problem.scrollIntoView({ block: "center" });
    controls(form).find((el) => el.type !== "hidden" && (!isTick(el) || /** @type {any} */ (el).checked))?.focus();
  }

  /** Ask what the server has of this phone's answer to the present question, and make both agree. */
  async function reconcile() {
    const { form, run, article } = now();
    if (!form || !run || !link) return;
    if ((article.dataset.breakout ?? "you") !== "you") return; // the group's card is its writer's to answer for
    /** @type {any} */
    let mine;
    try {
      mine = await link.send("mine", { run });
    } catch {
      return;
    }
    const here = now();
    if (!mine || typeof mine.revision !== "number" || here.run !== run || !here.form) return;
    const entry = store.entry(run);
    if (entry.out) return void flush();
    if (mine.revision > entry.revision || (mine.revision === entry.revision && mine.revision > 0 && !entry.saved)) {
      entry.revision = mine.revision;
      entry.final = Boolean(mine.spent);
      const fields = mine.passed ? null : (mine.fields ?? null);
      entry.saved = { revision: mine.revision, fields, said: [], mixed: !mine.passed && !fields };
      if (!editing && fields) {
        fill(here.form, fields);
        entry.saved.said = sayAnswer(here.form, fields);
      }
      store.keep(run, entry);
      showOpen();
      paintStatus();
    } else if (entry.saved && mine.revision < entry.saved.revision && !entry.final) {
      entry.out = { ...entry.saved, again: true };
      store.keep(run, entry);
      void flush();
    }
  }

  // -- what could not be sent stays readable

  /** @param {Item} item @param {string} sentence */
  function refuse(item, sentence) {
    keepUnsent(sentence, item.fields === null ? "" : item.said.join("\n\n"));
  }

  /** @param {string} sentence @param {string} text */
  function keepUnsent(sentence, text) {
    const before = store.read("unsent")?.text ?? "";
    const both = before && text && before !== text ? `${before}\n\n${text}` : text || before;
    store.write("unsent", { day: today(), sentence, text: both });
    showUnsent();
    say.textContent = sentence;
  }

  function showUnsent() {
    /** @type {Unsent | null} */
    const kept = store.read("unsent");
    unsent.hidden = !kept;
    if (!kept) return;
    setText(one("[data-unsent-sentence]", unsent), kept.sentence);
    const box = /** @type {HTMLTextAreaElement} */ (one("[data-unsent-text]", unsent));
    box.hidden = !kept.text;
    one("[data-unsent-buttons]", unsent).hidden = false;
    one("[data-unsent-copy]", unsent).hidden = !kept.text;
    if (box.value !== kept.text) box.value = kept.text;
  }

  one("[data-unsent-copy]", unsent).addEventListener("click", () => {
    const box = /** @type {HTMLTextAreaElement} */ (one("[data-unsent-text]", unsent));
    box.select();
    // The modern clipboard needs https; this works on a plain LAN too, and where it does not the text is selected.
    say.textContent = document.execCommand("copy") ? words.copied : words.selected;
  });
  one("[data-unsent-drop]", unsent).addEventListener("click", () => {
    store.drop("unsent");
    showUnsent();
    one("[data-heading]", place)?.focus({ preventScroll: true });
  });

  /**
   * A private word with the one who leads. From outside it looks like every other signal.
   * @param {import("./link.js").Link} way
   */
  function offerWord(way) {
    const fold = one("[data-word]", document);
    if (!fold) return;
    fold.hidden = false;
    fold.addEventListener("click", (event) => {
      const button = /** @type {HTMLButtonElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("[data-signal]"));
      if (!button) return;
      const note = one("[data-word-note]", fold);
      const show = (/** @type {string} */ sentence) => {
        note.hidden = false;
        setText(note, sentence);
      };
      way.send("signal", { what: button.value, pad: "-".repeat(706 - button.value.length) }).then((ack) => show(ack.sentence), () => show(words.offline));
    });
    document.addEventListener("submit", (event) => {
      const form = /** @type {HTMLElement} */ (event.target).closest("[data-done]");
      if (!form) return;
      event.preventDefault();
      const note = one("[data-done-note]", form);
      const show = (/** @type {any} */ ack) => {
        setText(note, ack.sentence);
        if (ack.ok) one("button", form).hidden = true;
      };
      way.send("signal", { what: "done", pad: "-".repeat(702) }).then(show, () => setText(note, words.offline));
    });
  }

  // -- the small steady line

  function paintStatus() {
    const { run, form } = now();
    const entry = run ? store.entry(run) : EMPTY;
    const waiting = store.runs().some((name) => store.entry(name).out);
    const up = link?.isUp() ?? false;
    const silent = !up && performance.now() - downSince > PATIENCE_WITH_SILENCE_MS;
    let word = words.connected;
    let mood = "calm";
    if (waiting) [word, mood] = up ? [words.sending, "calm"] : [words.waiting, "wait"];
    else if (silent && link) [word, mood] = [words.offline, "wait"];
    else if (!store.isDurable() && form) [word, mood] = [words.nostore, "wait"];
    else if (form && editing && entry.draft) word = words.draft;
    else if (form && entry.saved && !editing) [word, mood] = [words.saved, "good"];
    else if (!up) word = words.connecting;
    setText(status, word);
    status.dataset.mood = mood;
  }

  // -- the timer: counted from arrival, so that no phone's clock matters

  function startTimer() {
    const timer = one("[data-timer]", place);
    if (timer) timerEnd = performance.now() + Number(timer.dataset.left) * 1000;
    tick();
  }

  function tick() {
    const back = one("[data-cover-left]", place);
    if (back) {
      const rest = Math.max(0, Math.ceil((coverEnd - performance.now()) / 1000));
      setText(back, rest ? `${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, "0")}` : (back.dataset.up ?? ""));
    }
    const timer = one("[data-timer]", place);
    const grace = one("[data-grace]", place);
    if (!timer) {
      if (grace) late(grace, false);
      return;
    }
    const running = timer.dataset.running === "yes";
    const left = running ? Math.max(0, Math.ceil((timerEnd - performance.now()) / 1000)) : Number(timer.dataset.left);
    setText(one("[data-clock]", timer), `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
    const total = Number(timer.dataset.total);
    timer.classList.toggle("is-low", left > 0 && left <= total * 0.2 && left > total * 0.05);
    timer.classList.toggle("is-last", left > 0 && left <= total * 0.05);
    timer.classList.toggle("is-up", left === 0);
    const word = one("[data-timer-word]", timer);
    setText(word, (left === 0 ? word.dataset.up : left <= 60 ? word.dataset.last : "") ?? "");
    if (grace) late(grace, running && left === 0 && timer.dataset.closes === "yes");
  }

  /** Time is up and the question locks in a moment: say so, send nothing by itself. @param {HTMLElement} grace @param {boolean} isLate */
  function late(grace, isLate) {
    if (grace.hidden === !isLate) return;
    grace.hidden = !isLate;
    const send = one("[data-late]", place);
    if (!send) return;
    const other = send.dataset.late ?? "";
    send.dataset.late = send.textContent ?? "";
    send.textContent = other;
    if (isLate) say.textContent = grace.textContent ?? "";
  }

  // -- go

  store.probe();
  store.tidy();
  window.addEventListener("pageshow", (event) => {
    // A browser that goes back may show the page as it was left, texts and all, though the phone was cleared meanwhile.
    if (event.persisted && store.isDurable()) window.location.reload();
  });
  const link = window.hasOwnProperty("io")
    ? connect(
        { audience: "phone", live, language: main.dataset.language },
        {
          onScreen,
          onUp: () => {
            showOpen();
            void flush().then(reconcile);
            one("[data-questions]", place)?.dispatchEvent(new Event("sync"));
            one("section[data-breakout]", place)?.dispatchEvent(new Event("sync"));
            fold?.dispatchEvent(new Event("sync"));
            paintStatus();
          },
          onDown: () => {
            downSince = performance.now();
            showOpen();
            window.setTimeout(paintStatus, PATIENCE_WITH_SILENCE_MS + 100);
            paintStatus();
          },
          onRefused: reloadOnce,
        },
      )
    : null;
  if (link) {
    if (!unsent.hidden) {
      // The plain form brought it back; from here on this phone keeps it.
      const box = /** @type {HTMLTextAreaElement} */ (one("[data-unsent-text]", unsent));
      keepUnsent(one("[data-unsent-sentence]", unsent).textContent ?? "", box.value);
    }
    offerWord(link);
    bind();
    openLot();
    cover(one("[data-cover]", place));
    window.setInterval(tick, 1000);
    window.setTimeout(paintStatus, PATIENCE_WITH_SILENCE_MS + 100);
    window.addEventListener("storage", (event) => {
      if (!event.key?.startsWith(store.prefix)) return;
      const { form, run } = now();
      if (event.key === `${store.prefix}unsent`) showUnsent();
      else if (form && !editing && event.key === `${store.prefix}run/${run}`) {
        const entry = store.entry(run);
        const item = entry.out ?? entry.saved;
        if (item) fill(form, item.fields);
        showOpen();
        paintStatus();
      }
    });
  } else {
    // No socket library: the plain forms do the work, and the page looks again while nothing is asked.
    window.setInterval(() => {
      const { form } = now();
      if (!form || form.hidden) window.location.reload();
    }, 15000);
  }

  /** The server no longer knows this seat: its page says what to do. Once, so that no loop can begin. */
  function reloadOnce() {
    try {
      if (window.sessionStorage.getItem(`${PREFIX}reloaded`) === live) return;
      window.sessionStorage.setItem(`${PREFIX}reloaded`, live);
    } catch {
      return;
    }
    window.location.reload();
  }
}

const main = /** @type {HTMLElement | null} */ (document.querySelector("main[data-live]"));
if (main) start(main);
