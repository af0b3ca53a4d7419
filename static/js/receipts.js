// @ts-check
/**
 * Receipts: what lets the writer of a card, and nobody else, take it back.
 *
 * Lives here: making them, and this phone's own list of what it sent. Not here:
 * sending (phone.js) and asking for something (sent.js).
 *
 * A receipt is 128 random bits per card. Only its SHA-256 travels with the card,
 * so whoever has the server has nothing to match with a phone; two receipts
 * share nothing, so they do not say which cards were siblings.
 */

/**
 * @typedef {{text: string, quotable: boolean, receipt: string, held: "" | "withdraw" | "unquote"}} Own
 *   One card as this phone remembers it. `held`: what its writer asked for.
 * @typedef {{day: number, prompt: string, cards: Own[]}} Sent
 *   What this phone sent to one question. `day`: whole days since 1970, for tidying up.
 */

const PREFIX = "unstuck/sent/";

/** 128 random bits as 22 letters. */
export function newReceipt() {
  const bits = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bits)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * SHA-256 (FIPS 180-4) in hexadecimal. The browser's own is missing where the address is http, and it keeps one waiting.
 * @param {string} text
 */
export function sha256(text) {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6); // room for a bit, zeros and eight bytes of length
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const words = new DataView(padded.buffer);
  words.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  words.setUint32(padded.length - 4, bytes.length << 3);
  const state = START.slice();
  const w = new Uint32Array(64);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = words.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i];
      const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) >>> 0, c, b, a, (one + two) >>> 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] += value));
  }
  return [...state].map((value) => value.toString(16).padStart(8, "0")).join("");
}

/** @param {number} word @param {number} by */
function turn(word, by) {
  return (word >>> by) | (word << (32 - by));
}

const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && !Array.from({ length: n - 2 }, (_, i) => i + 2).some((d) => n % d === 0));
/** The first 32 bits of the fractions of roots of the first primes; none lies so near an edge that rounding matters. */
const START = new Uint32Array(PRIMES.slice(0, 8).map((prime) => (Math.sqrt(prime) % 1) * 2 ** 32));
const ROUNDS = new Uint32Array(PRIMES.slice(0, 64).map((prime) => (Math.cbrt(prime) % 1) * 2 ** 32));

/**
 * Put a receipt to each card of an answer.
 * @param {Record<string, string[]>} fields @returns {{fields: Record<string, string[]>, receipts: Record<string, string>}}
 *   the fields to send, with the hashes; and by the card's number what this phone keeps
 */
export function withReceipts(fields) {
  const sent = { ...fields };
  /** @type {Record<string, string>} */
  const receipts = {};
  for (const [name, [text]] of Object.entries(fields)) {
    const number = /^text-(\d+)$/.exec(name)?.[1];
    if (number === undefined || !text?.trim()) continue;
    receipts[number] = newReceipt();
    sent[`receipt-${number}`] = [sha256(receipts[number])];
  }
  return { fields: sent, receipts };
}

// -- this phone's own list

/** @returns {Storage | null} */
function storage() {
  try {
    return window.localStorage; // the mere mention throws where storage is refused
  } catch {
    return null;
  }
}

/**
 * Remember the cards of an answer that is in; an edit takes the place of what was there.
 * @param {string} live @param {string} run @param {string} prompt
 * @param {Record<string, string[]> | null} fields as sent; null: passed @param {Record<string, string>} receipts
 * @param {boolean} [perhaps] it is not known whether it arrived: both are kept
 */
export function remember(live, run, prompt, fields, receipts, perhaps = false) {
  const cards = Object.keys(receipts).map((number) => ({
    text: fields?.[`text-${number}`]?.[0]?.trim() ?? "",
    quotable: fields?.[`quote-${number}`]?.[0] === "1" || fields?.audience?.[0] === "manager",
    receipt: receipts[number],
    held: /** @type {const} */ (""),
  }));
  const before = perhaps ? (read(live).get(run)?.cards ?? []) : [];
  keep(live, run, { day: Math.floor(Date.now() / 86400000), prompt, cards: [...before, ...cards] });
}

/** @param {string} live @param {string} run @param {Sent} sent */
export function keep(live, run, sent) {
  try {
    const key = `${PREFIX}${live}/${run}`;
    if (sent.cards.length) storage()?.setItem(key, JSON.stringify(sent));
    else storage()?.removeItem(key);
  } catch {
    // full or refused: the card is sent all the same, it only cannot be taken back
  }
}

/** @param {string} live @returns {Map<string, Sent>} run -> what this phone sent to it */
export function read(live) {
  const found = new Map();
  const mine = `${PREFIX}${live}/`;
  try {
    for (const key of Object.keys(storage() ?? {})) {
      if (!key.startsWith(mine)) continue;
      const sent = JSON.parse(storage()?.getItem(key) ?? "null");
      if (Array.isArray(sent?.cards)) found.set(key.slice(mine.length), sent);
    }
  } catch {
    // refused, or not ours: nothing to show
  }
  return found;
}
