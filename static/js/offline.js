// @ts-check
/**
 * Keeping the notes page for the time without network.
 *
 * Lives here: asking the browser for the service worker (worker.js), and what
 * it shall keep: this page and the files it is made of. Not here: notes, which
 * lie in the phone's own memory with or without this.
 */

/** A service worker exists over https and on localhost only; elsewhere the notes are kept all the same. */
function isPossible() {
  return window.isSecureContext && "serviceWorker" in navigator;
}

/** Keep the page that is open now, once it is loaded. @returns {Promise<void>} */
export async function keepPage() {
  if (!isPossible()) return;
  try {
    await navigator.serviceWorker.register("/sw.js", { scope: "/" });
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage({ keep: location.pathname });
  } catch {
    // a browser that refuses: the page comes back with the network
  }
}

/** Forget one page; with the last one everything goes. @param {string} path */
export async function forgetPage(path) {
  if (!isPossible()) return;
  let others = false;
  for (const name of await caches.keys()) {
    if (!name.startsWith("unstuck-notes-")) continue;
    const cache = await caches.open(name);
    await cache.delete(path);
    const pages = (await cache.keys()).filter((request) => new URL(request.url).pathname.startsWith("/s/"));
    if (pages.length) others = true;
    else await caches.delete(name);
  }
  if (others) return;
  for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
}
