// @ts-check
/**
 * The workbook's memory: this phone, and nowhere else (promise 15).
 *
 * Lives here: one key per entry, so that two tabs never overwrite each other's
 * entries; a memory of the tab where the browser keeps nothing. Not here: what
 * an entry means, and anything that is sent.
 */

export const PREFIX = "unstuck-notes/";

/**
 * @typedef {(activity: string, entry: string, elsewhere: boolean) => void} Listener
 *   `elsewhere`: another tab wrote it.
 * @typedef {Record<string, Record<string, any>>} Notes worksheet -> entry -> value
 */

/** Whether a value holds nothing that somebody would miss. @param {any} value @returns {boolean} */
export function isEmpty(value) {
  if (value === null || value === undefined) return true;
  if (typeof value === "string") return value.trim() === "";
  if (Array.isArray(value)) return value.every(isEmpty);
  if (typeof value === "object") return Object.values(value).every(isEmpty);
  return false;
}

/** @returns {Storage | null} */
export function storage() {
  try {
    return window.localStorage; // the mere mention throws where storage is refused
  } catch {
    return null;
  }
}

/** @returns {string[]} */
export function storedKeys() {
  try {
    return Object.keys(storage() ?? {});
  } catch {
    return [];
  }
}

/** @param {string} live */
export function openNotes(live) {
  const mine = `${PREFIX}${live}/`;
  /** @type {Map<string, string | null>} what storage refused to take; null is refused to be forgotten */
  const memory = new Map();
  /** @type {Set<Listener>} */
  const listeners = new Set();
  let durable = true;
  let closed = false;

  /** @param {string} key @returns {any} */
  function readKey(key) {
    try {
      const text = memory.has(key) ? memory.get(key) : storage()?.getItem(key);
      return text ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }

  /** @param {string} key @param {any} value */
  function writeKey(key, value) {
    if (closed) return;
    const text = isEmpty(value) ? null : JSON.stringify(value);
    try {
      const kept = storage();
      if (!kept) throw new Error("refused");
      if (text === null) kept.removeItem(key);
      else kept.setItem(key, text);
      memory.delete(key); // the shared copy is the true one
      durable = true;
    } catch {
      memory.set(key, text);
      durable = false;
    }
  }

  /** @param {string} key @param {boolean} elsewhere */
  function tell(key, elsewhere) {
    const [activity, entry] = key.slice(mine.length).split("/");
    if (activity && entry) for (const listener of [...listeners]) listener(activity, entry, elsewhere);
  }

  window.addEventListener("storage", (event) => {
    if (!event.key?.startsWith(mine)) return;
    memory.delete(event.key);
    tell(event.key, true);
  });

  return {
    isDurable: () => durable,

    /** @param {string} activity @param {string} entry @returns {any} null where nothing was entered */
    read: (activity, entry) => readKey(`${mine}${activity}/${entry}`),

    /** @param {string} activity @param {string} entry @param {any} value */
    write(activity, entry, value) {
      const key = `${mine}${activity}/${entry}`;
      writeKey(key, value);
      tell(key, false);
    },

    /** @param {Listener} listener */
    onChange: (listener) => void listeners.add(listener),

    /** Say to which session these notes belong. @param {{title: string, guide: string, day: string}} about */
    about: (about) => writeKey(`${mine}_about`, about),

    /** Whether this browser keeps anything at all; asked once, with something that means nothing. */
    probe() {
      writeKey(`${mine}_probe`, "1");
      writeKey(`${mine}_probe`, "");
      memory.delete(`${mine}_probe`);
      return durable;
    },

    /** Forget all of this session, and write nothing more from this tab. */
    clear() {
      closed = true;
      memory.clear();
      for (const key of storedKeys()) {
        const phone = key.startsWith(`unstuck/${live}/`) || key.startsWith(`unstuck/sent/${live}`);
        if (key.startsWith(mine) || phone || key === `unstuck/${live}`) storage()?.removeItem(key);
      }
      try {
        window.sessionStorage.clear();
      } catch {
        // nothing was kept, nothing is left
      }
    },
  };
}

/** @typedef {ReturnType<typeof openNotes>} Store */
