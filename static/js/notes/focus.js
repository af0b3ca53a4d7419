// @ts-check
/**
 * One thing at a time.
 *
 * Lives here: the candidates, impact and effort, and the one rule: exactly one
 * is active, and another may start only when that one is satisfied or dropped.
 * Not here: what earlier pages offer (sources.js).
 */
import { make, button, newId, put, short } from "./dom.js";
import { isBusy } from "./controls.js";

/**
 * @typedef {"parked" | "active" | "satisfied" | "dropped"} State
 * @typedef {{text: string, impact?: number, effort?: number, state: State, now?: number, wanted?: number, enough?: string, first?: string}} Thing
 */

const SVG = "http://www.w3.org/2000/svg";

/** Two active ones can only come from a file or an old tab: the first stays. @param {any} value @returns {Thing[]} */
export function oneActive(value) {
  let active = false;
  return (Array.isArray(value) ? value : [])
    .filter((one) => one && typeof one.text === "string" && one.text.trim())
    .map((one) => {
      const state = ["parked", "active", "satisfied", "dropped"].includes(one.state) ? one.state : "parked";
      const thing = { ...one, state: state === "active" && active ? "parked" : state };
      active ||= state === "active";
      return thing;
    });
}

/**
 * @param {HTMLElement} place
 * @param {{
 *   offers: () => string[], latest: () => any, changed: () => void,
 *   words: Record<string, string>, label: string,
 * }} options `latest`: what is stored now, another tab's changes included
 * @returns {import("./controls.js").Control}
 */
export function focusControl(place, { offers, latest, changed, words, label }) {
  /** @type {Thing[]} what was touched; an untouched offer is only shown */
  let things = [];
  let painted = "";
  const name = newId("focus");
  const chosen = make("div", { class: "one" });
  const say = make("p", { class: "one__say", role: "status" });
  const map = make("div", { class: "one__map", "data-map": true });
  const rest = make("ul", { class: "one__rest", role: "list" });
  const field = make("input", { type: "text", id: newId(name), maxlength: "200", autocomplete: "off", enterkeyhint: "done", dir: "auto" });
  const own = make(
    "div",
    { class: "pick__own" },
    make("label", { for: field.id, class: "small quiet", text: words.focus_own }),
    make("div", { class: "pick__line" }, field, button("button--small", { text: words.add, about: label, click: add })),
  );
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    add();
  });
  place.append(chosen, say, rest, own, map);

  /** @returns {Thing[]} */
  function shown() {
    const known = new Set(things.map((one) => one.text));
    return [...things, ...offers().filter((text) => !known.has(text)).map((text) => ({ text, state: /** @type {State} */ ("parked") }))];
  }

  /** @param {string} text @param {Partial<Thing>} change @param {boolean} [quietly] the page shows it already */
  function alter(text, change, quietly = false) {
    things = oneActive(latest()); // fresh: another tab may have chosen meanwhile
    const found = things.find((one) => one.text === text);
    if (found) Object.assign(found, change);
    else things.push({ text, state: "parked", ...change });
    changed();
    if (quietly) painted = signature();
    else paint();
    drawMap();
  }

  function add() {
    const text = field.value.replace(/\s+/g, " ").trim();
    if (!text) return;
    field.value = "";
    if (!shown().some((one) => one.text === text)) alter(text, {});
    field.focus();
  }

  /** @param {string} text */
  function start(text) {
    things = oneActive(latest());
    const active = things.find((one) => one.state === "active");
    if (active && active.text !== text) {
      paint();
      speak(put(words.focus_refused, { text: short(active.text) }));
      return;
    }
    speak("");
    alter(text, { state: "active" });
    const heading = /** @type {HTMLElement | null} */ (chosen.querySelector("h3"));
    heading?.focus({ preventScroll: true });
    heading?.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} text @param {State} state */
  function finish(text, state) {
    alter(text, { state });
    speak(put(state === "satisfied" ? words.focus_satisfied : words.focus_dropped, { text: short(text) }));
    say.tabIndex = -1;
    say.focus({ preventScroll: true });
  }

  /** @param {string} sentence */
  function speak(sentence) {
    say.textContent = sentence;
    if (sentence) say.scrollIntoView({ block: "nearest" });
  }

  /**
   * A row of numbers.
   * @param {Thing} thing @param {"impact" | "effort" | "now" | "wanted"} what @param {number} high
   */
  function numbers(thing, what, high) {
    const group = newId(name);
    const points = Array.from({ length: high }, (_, index) => {
      const input = make("input", { class: "point__input", type: "radio", name: group, value: String(index + 1) });
      input.checked = thing[what] === index + 1;
      input.addEventListener("change", () => alter(thing.text, { [what]: index + 1 }, true));
      return make("label", { class: "point" }, input, make("span", { class: "point__face", text: String(index + 1) }));
    });
    return make(
      "fieldset",
      { class: `one__numbers one__numbers--${high}` },
      make("legend", { class: "small", text: words[`focus_${what}`] }),
      make("div", { class: `scale__points scale__points--${high}` }, ...points),
    );
  }

  /** @param {Thing} thing @param {"enough" | "first"} what */
  function text(thing, what) {
    const id = newId(name);
    const area = make("textarea", { id, rows: "2", maxlength: "2000", dir: "auto" });
    area.value = thing[what] ?? "";
    area.addEventListener("input", () => alter(thing.text, { [what]: area.value }, true));
    area.dataset.what = what;
    return make("div", { class: "field" }, make("label", { for: id, text: words[`focus_${what}`] }), area);
  }

  /** All that is drawn but for what is being typed: only when this differs is it drawn again. */
  function signature() {
    return JSON.stringify(shown());
  }

  function paint() {
    const now = signature();
    if (now === painted) return;
    painted = now;
    const all = shown();
    const active = all.find((one) => one.state === "active");
    chosen.replaceChildren(...(active ? [drawActive(active)] : [make("p", { class: "quiet", text: all.length ? words.focus_none : words.focus_empty })]));
    const others = [
      ...all.filter((one) => one.state === "parked"),
      ...all.filter((one) => one.state === "satisfied" || one.state === "dropped"),
    ];
    rest.replaceChildren(...others.map((thing) => drawOther(thing, Boolean(active))));
    drawMap();
  }

  /** @param {Thing} thing */
  function drawActive(thing) {
    return make(
      "div",
      { class: "one__active", role: "group", "aria-label": words.focus_active },
      make("p", { class: "eyebrow", text: words.focus_active }),
      make("h3", { text: thing.text, tabindex: "-1", dir: "auto" }),
      numbers(thing, "now", 10),
      numbers(thing, "wanted", 10),
      text(thing, "enough"),
      text(thing, "first"),
      make(
        "div",
        { class: "pair" },
        button("", { text: words.focus_is_satisfied, click: () => finish(thing.text, "satisfied") }),
        button("", { text: words.focus_is_dropped, click: () => finish(thing.text, "dropped") }),
      ),
    );
  }

  /** @param {Thing} thing @param {boolean} waits an other one is active */
  function drawOther(thing, waits) {
    const parked = thing.state === "parked";
    const tag = parked ? (waits ? words.focus_parked : "") : words[`focus_tag_${thing.state}`];
    const line = make("div", { class: "one__line" }, make("span", { class: "one__text", text: thing.text, dir: "auto" }));
    if (tag) line.append(make("span", { class: parked ? "tag" : "tag tag--accent", text: tag }));
    const li = make("li", { class: `one__other one__other--${thing.state}` }, line);
    if (parked) li.append(make("div", { class: "one__weights" }, numbers(thing, "impact", 5), numbers(thing, "effort", 5)));
    const press = button("button--small", { text: parked ? words.focus_start : words.focus_again, about: thing.text, click: () => start(thing.text) });
    const tools = make("div", { class: "cluster" }, press);
    if (things.some((one) => one.text === thing.text) && !offers().includes(thing.text)) {
      const away = button("button--quiet button--small", { text: words.remove, about: thing.text, click: () => forget(thing.text) });
      tools.append(away);
    }
    li.append(tools);
    return li;
  }

  /** @param {string} gone */
  function forget(gone) {
    things = oneActive(latest()).filter((one) => one.text !== gone);
    changed();
    paint();
    field.focus();
  }

  /** The picture: impact upwards, effort to the right; the words beside it say the same. */
  function drawMap() {
    const weighed = shown().filter((one) => one.impact && one.effort && (one.state === "parked" || one.state === "active"));
    map.hidden = weighed.length === 0;
    if (map.hidden) return;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 120 120");
    svg.setAttribute("aria-hidden", "true");
    /** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [said] */
    const draw = (tag, attributes, said = "") => {
      const el = document.createElementNS(SVG, tag);
      for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, String(value));
      el.textContent = said;
      svg.append(el);
    };
    draw("rect", { class: "map__first", x: 0, y: 0, width: 60, height: 60 });
    draw("rect", { class: "map__frame", x: 0.5, y: 0.5, width: 119, height: 119, rx: 6 });
    draw("path", { class: "map__cross", d: "M60 0V120M0 60H120" });
    /** @type {Map<string, number>} */
    const taken = new Map();
    weighed.forEach((one, index) => {
      const spot = `${one.impact} ${one.effort}`;
      const beside = taken.get(spot) ?? 0;
      taken.set(spot, beside + 1);
      const x = 14 + ((one.effort ?? 1) - 1) * 23 + beside * 5;
      const y = 106 - ((one.impact ?? 1) - 1) * 23 - beside * 5;
      draw("circle", { class: one.state === "active" ? "map__dot map__dot--active" : "map__dot", cx: x, cy: y, r: 8 });
      draw("text", { class: one.state === "active" ? "map__number map__number--active" : "map__number", x, y: y + 3.6, "text-anchor": "middle" }, String(index + 1));
    });
    const lines = weighed.map((one) => {
      const where = words[`focus_${(one.impact ?? 0) >= 3 ? "high" : "low"}_${(one.effort ?? 0) > 3 ? "hard" : "easy"}`];
      return make("li", {}, make("span", { text: one.text, dir: "auto" }), make("span", { class: "quiet small", text: ` ${put(words.focus_weights, { impact: one.impact ?? 0, effort: one.effort ?? 0 })}. ${where}` }));
    });
    map.replaceChildren(
      make("h4", { text: words.focus_map }),
      make("div", { class: "one__picture" },
        make("p", { class: "one__up quiet small", text: words.focus_impact }),
        svg,
        make("p", { class: "one__right quiet small", text: words.focus_effort }),
      ),
      make("ol", {}, ...lines),
    );
  }

  paint();
  return {
    get: () => things,
    set(value) {
      things = oneActive(value);
      const typing = document.activeElement;
      if (typing instanceof HTMLTextAreaElement && chosen.contains(typing) && isBusy(typing)) {
        // Somebody types in the active one here: the rest waits until they are done.
        typing.addEventListener("blur", paint, { once: true });
        return;
      }
      paint();
    },
    refresh() {
      const typing = document.activeElement;
      if (typing && chosen.contains(typing)) return;
      paint();
    },
  };
}
