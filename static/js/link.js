// @ts-check
/**
 * The one connection to the server, shared by phone, stage and console.
 *
 * Lives here: connecting, coming back, asking for the present screen, dropping
 * what is older than what is shown, sending with an acknowledgement. Not here:
 * what a page does with a screen, and any state of an answer.
 *
 * Nothing in here needs a secure context: it works over plain http on a LAN.
 */

/**
 * @typedef {{boot: string, seq: number, key: string, version: number, html: string}} ScreenMessage
 * @typedef {{code: string, sentence: string}} Refusal
 * @typedef {{
 *   onScreen: (message: ScreenMessage) => void,
 *   onUp?: () => void,
 *   onDown?: () => void,
 *   onRefused?: (refusal: Refusal) => void,
 * }} Callbacks
 * @typedef {{
 *   send: (event: string, payload: object, patience?: number) => Promise<any>,
 *   refresh: () => void,
 *   isUp: () => boolean,
 *   close: () => void,
 * }} Link
 */

/** How long an acknowledgement may take before we treat the message as lost. A locked database is waited out by the server for ten seconds. */
const PATIENCE_MS = 12000;
/** A page that was asleep asks at once; a socket that does not answer this fast is dead and is replaced. */
const WAKE_MS = 2500;

/** No acknowledgement came: unknown whether it arrived. Sending the same again is safe. */
export class NotDelivered extends Error {}

/**
 * Connect and stay connected.
 *
 * The server decides the room from cookies and rights; `auth` only says which
 * live session and audience is meant. `onScreen` is called after every
 * (re)connect and every push, never with a screen older than the last one of
 * the same server start. Returns null where the socket library did not load:
 * the page then works as plain pages do.
 *
 * @param {{audience: "phone" | "stage" | "console", live: string, language?: string}} auth
 * @param {Callbacks} callbacks
 * @returns {Link | null}
 */
export function connect(auth, callbacks) {
  /** @type {any} */
  const io = /** @type {any} */ (window).io;
  if (!io) return null;

  let boot = "";
  let seq = -1;
  let version = -1;
  let up = false;
  let retry = 0;

  const socket = io({
    auth,
    query: { live: auth.live }, // by which a proxy before several servers finds the one that has the session
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 600,
    reconnectionDelayMax: 5000,
    randomizationFactor: 0.7, // three hundred phones must not come back in the same instant
    timeout: 6000,
  });

  /** @param {ScreenMessage | undefined} message */
  function take(message) {
    if (!message || typeof message.html !== "string") return;
    // One that was being drawn while somebody moved on carries the older version, although it was sent last.
    if (message.boot === boot && (message.seq < seq || message.version < version)) return;
    ({ boot, seq, version } = message);
    callbacks.onScreen(message);
  }

  /** @param {boolean} now */
  function setUp(now) {
    if (now === up) return;
    up = now;
    (now ? callbacks.onUp : callbacks.onDown)?.();
  }

  /**
   * @param {string} event
   * @param {object} payload
   * @param {number} patience
   */
  function send(event, payload, patience = PATIENCE_MS) {
    return new Promise((resolve, reject) => {
      // The library would queue it and deliver it later, unasked; what waits is decided by the page.
      if (!socket.connected) {
        reject(new NotDelivered("offline"));
        return;
      }
      socket.timeout(patience).emit(event, payload, (/** @type {any} */ error, /** @type {any} */ ack) => {
        if (error) reject(new NotDelivered("no acknowledgement"));
        else resolve(ack);
      });
    });
  }

  function refresh() {
    send("screen", {}).then(take, () => {});
  }

  function reopen() {
    socket.disconnect();
    socket.connect();
  }

  /** The page is back: from sleep, from the history, from a tunnel. */
  function wake() {
    if (document.visibilityState === "hidden") return;
    if (!socket.connected) {
      if (!socket.active || up === false) reopen();
      return;
    }
    send("screen", {}, WAKE_MS).then(take, reopen);
  }

  socket.on("connect", () => {
    retry = 0;
    // The screen first: whoever sends what waits must know where the room is.
    send("screen", {}).then(take, () => {}).then(() => setUp(socket.connected));
  });
  socket.on("screen", take);
  socket.on("disconnect", (/** @type {string} */ reason) => {
    setUp(false);
    // A server that hangs up on purpose is not retried by the library; it may just be restarting.
    if (reason === "io server disconnect") window.setTimeout(() => socket.connect(), 1000 + Math.random() * 2000);
  });
  socket.on("connect_error", (/** @type {any} */ error) => {
    setUp(false);
    // Some proxies refuse websockets, some swallow them without a word: the next attempt begins the other way round.
    socket.io.opts.transports = [...socket.io.opts.transports].reverse();
    if (socket.active) return; // the library tries again by itself
    const data = error?.data ?? {};
    callbacks.onRefused?.({ code: String(data.code ?? error?.message ?? "refused"), sentence: String(data.sentence ?? "") });
    retry = Math.min(retry + 1, 6);
    window.setTimeout(() => socket.connect(), retry * 2000 * (0.5 + Math.random()));
  });

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) wake();
  });
  window.addEventListener("online", wake);
  window.addEventListener("offline", () => setUp(false));

  return { send, refresh, isUp: () => up && socket.connected, close: () => socket.disconnect() };
}
