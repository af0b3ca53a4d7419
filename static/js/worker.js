// @ts-check
/**
 * The service worker: the notes page opens without network.
 *
 * Lives here: keeping `/s/<session>/notes/` and the files it is made of, and
 * nothing else: no answer, no live page, no request that sends. Not here:
 * notes. They are the phone's; this holds only the blank page.
 *
 * Served as `/sw.js` (workshop/web/offline.py), which puts TREE in front: the
 * fingerprint of the files.
 */

/** @type {any} */
const worker = self;
const NAME = `unstuck-notes-${worker.TREE}`;
const PAGE = /^\/s\/[\w-]+\/notes\/$/;

worker.addEventListener("install", () => worker.skipWaiting());

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(renew().then(() => worker.clients.claim()));
});

worker.addEventListener("message", (/** @type {any} */ event) => {
  const path = event.data?.keep;
  if (typeof path === "string" && PAGE.test(path)) event.waitUntil(keep(path));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && PAGE.test(url.pathname)) event.respondWith(page(event, url.pathname));
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
});

/** The network first, so that the page is the present one; else the kept one. @param {any} event @param {string} path */
async function page(event, path) {
  try {
    const answer = await fetch(event.request);
    if (answer.ok) return answer;
    // The seat has run out, or the server is not well: one's own notes still open.
    return (await caches.match(path)) ?? answer;
  } catch (error) {
    const kept = await caches.match(path);
    if (kept) return kept;
    throw error;
  }
}

/** A file's address holds its fingerprint: what is kept is never out of date. @param {Request} request */
async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}

/**
 * Keep a page with all that it is made of: the files it names, and the modules that those import.
 * @param {string} path @returns {Promise<boolean>} false: the page could not be had
 */
async function keep(path) {
  const answer = await fetch(path, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok || answer.redirected) return false;
  const cache = await caches.open(NAME);
  const html = await answer.clone().text();
  const files = new Set([...html.matchAll(/"(\/static\/[^"]+)"/g)].map(([, name]) => name));
  for (const name of files) {
    const found = (await cache.match(name)) ?? (await fetch(name));
    if (!found.ok || found.redirected) return false;
    const code = name.endsWith(".js") ? await found.clone().text() : "";
    if (!(await cache.match(name))) await cache.put(name, found);
    for (const [, other] of code.matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)) {
      files.add(new URL(other, new URL(name, worker.location.origin)).pathname); // a Set walks over what is added meanwhile
    }
  }
  await cache.put(path, answer);
  return true;
}

/** Fetch kept pages anew after an update and let the old ones go; without network they stay until the next time. */
async function renew() {
  for (const name of await caches.keys()) {
    if (!name.startsWith("unstuck-notes-") || name === NAME) continue;
    const old = await caches.open(name);
    let done = true;
    for (const request of await old.keys()) {
      const { pathname } = new URL(request.url);
      if (!PAGE.test(pathname)) continue;
      if (await keep(pathname)) await old.delete(request);
      else done = false; // the seat has run out, or no network: the old page still opens
    }
    if (done) await caches.delete(name);
  }
}
