// @ts-check
/**
 * Pages that lie folded: closed on load, opened by a deliberate press.
 *
 * Lives here: folding one page. Not here: what is on it. Folded, it is neither
 * to be seen nor to be reached by keyboard; it stays on the phone as it was.
 */
import { make, button, newId } from "./dom.js";

/** @param {HTMLElement} section @param {Record<string, string>} words */
export function foldPage(section, words) {
  const inside = /** @type {HTMLElement} */ (section.querySelector("[data-body]"));
  inside.hidden = true;
  inside.id ||= newId("inside");
  const line = make("p", { class: "quiet", text: words.folded });
  const press = button("worksheet__fold", { "aria-expanded": "false", "aria-controls": inside.id, text: words.fold_open });
  inside.before(line, press);
  press.addEventListener("click", () => {
    inside.hidden = !inside.hidden;
    line.hidden = !inside.hidden;
    press.setAttribute("aria-expanded", String(!inside.hidden));
    press.textContent = inside.hidden ? words.fold_open : words.fold_close;
    if (inside.hidden) press.scrollIntoView({ block: "nearest" });
  });
}
