// @ts-check
/**
 * What the phone alone adds to a check-in: the level one wanted, and one's own numbers so far.
 *
 * Lives here: reading the notes that this phone may still have, keeping one's own
 * points beside them, drawing them. Not here: the questions, which are a plain
 * form. Nothing of what is read or kept here is ever sent (promise 15).
 */
import { PREFIX, storage, storedKeys } from "./notes/store.js";

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 10;

/** @typedef {{day: string, now: number}} Point */

/** @param {string} key @returns {any} */
function read(key) {
  try {
    return JSON.parse(storage()?.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {any} value */
function isPoint(value) {
  return Number.isInteger(value) && value >= 1 && value <= HIGH;
}

/**
 * The one thing that is active in the notes of a session, or else the last one that was satisfied or dropped.
 * @param {string} mine @returns {{text: string, now?: number, wanted?: number} | null}
 */
function oneThing(mine) {
  let other = null;
  for (const key of storedKeys()) {
    const value = key.startsWith(mine) ? read(key) : null;
    for (const one of Array.isArray(value) ? value : []) {
      if (!one || typeof one.text !== "string" || (!isPoint(one.now) && !isPoint(one.wanted))) continue;
      if (one.state === "active") return one;
      if (one.state === "satisfied" || one.state === "dropped") other = one;
    }
  }
  return other;
}

/** @param {string} mine @returns {Point[]} */
function ownCurve(mine) {
  const kept = read(`${mine}_curve`);
  return (Array.isArray(kept) ? kept : []).filter((one) => one && typeof one.day === "string" && isPoint(one.now));
}

/** @param {string} sentence @param {Record<string, string | number>} values */
function put(sentence, values) {
  return (sentence ?? "").replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {number[]} points @param {number | undefined} wanted @param {string} title */
function draw(points, wanted, title) {
  const width = 40 * Math.max(2, points.length);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "own__line");
  svg.setAttribute("viewBox", `0 0 ${width} 60`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", title);
  /** @param {string} tag @param {Record<string, string | number>} attributes */
  const add = (tag, attributes) => {
    const el = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, String(value));
    svg.append(el);
  };
  /** @param {number} value */
  const up = (value) => 54 - ((value - 1) / (HIGH - 1)) * 48;
  if (isPoint(wanted)) add("line", { class: "own__wanted", x1: 0, x2: width, y1: up(/** @type {number} */ (wanted)), y2: up(/** @type {number} */ (wanted)) });
  const spots = points.map((value, index) => [20 + index * 40, up(value)]);
  add("polyline", { class: "own__way", points: spots.map((spot) => spot.join(",")).join(" ") });
  for (const [x, y] of spots) add("circle", { class: "own__dot", cx: x, cy: y, r: 4 });
  return svg;
}

const pulse = /** @type {HTMLElement | null} */ (document.querySelector("[data-pulse]"));
if (pulse) {
  const mine = `${PREFIX}${pulse.dataset.parent}/`;
  /** @type {Record<string, string>} */
  const words = JSON.parse(pulse.dataset.words ?? "{}");
  const thing = oneThing(mine);
  const sent = Number(/** @type {HTMLElement | null} */ (pulse.querySelector("[data-better]"))?.dataset.better ?? "");
  let curve = ownCurve(mine);
  if (isPoint(sent)) {
    const day = pulse.dataset.day ?? "";
    curve = [...curve.filter((one) => one.day !== day), { day, now: sent }].sort((a, b) => a.day.localeCompare(b.day));
    try {
      storage()?.setItem(`${mine}_curve`, JSON.stringify(curve));
    } catch {
      // This browser keeps nothing; the answer was sent all the same.
    }
  }
  const place = /** @type {HTMLElement | null} */ (pulse.querySelector("[data-own]"));
  const points = [...(thing && isPoint(thing.now) ? [Number(thing.now)] : []), ...curve.map((one) => one.now)];
  if (place && (thing || points.length)) {
    if (thing && isPoint(thing.wanted)) {
      const sentence = document.createElement("p");
      sentence.textContent = put(isPoint(thing.now) ? words.wanted : words.wanted_only, { wanted: Number(thing.wanted), now: Number(thing.now) });
      place.append(sentence);
    }
    if (points.length > 1) {
      place.append(draw(points, thing?.wanted, put(words.curve, { first: points[0], last: points[points.length - 1] })));
    }
    const alone = document.createElement("p");
    alone.className = "quiet small";
    alone.textContent = words.alone;
    place.append(alone);
    place.hidden = false;
  }

  // Every set of answers is the same number of bytes, whichever they are.
  const form = /** @type {HTMLFormElement | null} */ (pulse.querySelector("[data-pulse-form]"));
  form?.addEventListener("submit", () => {
    const typed = [...new FormData(form).entries()].filter(([name]) => name.endsWith("-answer"));
    const length = typed.reduce((sum, [, value]) => sum + String(value).length, 0);
    const pad = form.querySelector("[name=pad]") ?? form.appendChild(document.createElement("input"));
    pad.setAttribute("type", "hidden");
    pad.setAttribute("name", "pad");
    pad.setAttribute("value", "x".repeat(Math.max(0, 4 * typed.length - length)));
  });
}
