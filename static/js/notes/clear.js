// @ts-check
/**
 * Clear this phone: the notes, the drafts, what was kept for offline, and the seat itself.
 *
 * Lives here: asking once, and forgetting. Not here: other sessions' notes,
 * which stay.
 */
import { make, ask } from "./dom.js";
import { forgetPage } from "../offline.js";
import { token } from "./take_along.js";

/** @param {import("./take_along.js").Book} book @param {HTMLElement} main */
export async function clearPhone(book, main) {
  const { words, live, tools, store } = book;
  if ((await ask(/** @type {HTMLDialogElement} */ (tools.querySelector("[data-dialog=clear]")))) !== "clear") return;
  store.clear();
  await forgetPage(window.location.pathname).catch(() => {});
  let left = false;
  try {
    const answer = await fetch(`/s/${live}/leave`, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": await token(live) } });
    left = answer.ok;
  } catch {
    left = false;
  }
  const heading = make("h1", { text: left ? words.cleared : words.cleared_half, tabindex: "-1" });
  const lead = make("p", { class: "lead", text: left ? words.cleared_lead : words.cleared_offline });
  const parts = [heading, lead];
  if (left) parts.push(make("p", {}, make("a", { class: "button", href: "/", text: words.cleared_start })));
  main.className = "page";
  main.replaceChildren(make("div", { class: "enter" }, ...parts));
  for (const rest of document.querySelectorAll("[data-back], [data-status], [data-roombar]")) rest.remove();
  document.body.classList.remove("has-roombar", "can-give");
  document.title = heading.textContent;
  window.scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}
