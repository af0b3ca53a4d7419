// @ts-check
/**
 * Rankings, points and dots on a phone: buttons beside each list, and a line that counts along.
 *
 * Lives here: stepping through the lists, changing places, what is left. Not here: any rule about what an answer is (the
 * server says what is missing), and sending. The lists work without this file.
 */

/** @param {HTMLSelectElement} list */
function changed(list) {
  list.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Bring the lists of one question to life; a second call does nothing. @param {HTMLFormElement} form */
export function watch(form) {
  const box = /** @type {HTMLElement | null} */ (form.querySelector("[data-votes]"));
  if (!box || box.dataset.watched) return;
  box.dataset.watched = "yes";
  const rows = /** @type {HTMLElement[]} */ ([...box.querySelectorAll("[data-vote]")]);
  const lists = rows.map((row) => /** @type {HTMLSelectElement} */ (row.querySelector("select")));
  const ranks = box.dataset.votes === "ranking";
  const places = ranks ? keepPlaces(lists) : null;

  rows.forEach((row, at) => {
    for (const [hook, step] of /** @type {[string, number][]} */ ([["down", -1], ["up", 1]])) {
      const button = /** @type {HTMLButtonElement} */ (row.querySelector(`[data-vote-${hook}]`));
      button.hidden = false;
      button.addEventListener("click", () => {
        const list = lists[at];
        const next = places ? places.next(at, step) : list.selectedIndex + step;
        if (next < (ranks ? 1 : 0) || next >= list.options.length) return;
        list.selectedIndex = next;
        changed(list);
        if (button.isConnected) button.focus();
      });
    }
  });
  box.addEventListener("input", (event) => {
    const at = lists.indexOf(/** @type {HTMLSelectElement} */ (event.target));
    if (places && at >= 0) {
      places.settle(at);
      sort(rows, lists);
      lists[at].focus();
    }
    count(box, lists);
  });
  if (ranks) sort(rows, lists);
  count(box, lists);
}

/** No two options share a place: who is pushed out takes the place that came free. @param {HTMLSelectElement[]} lists */
function keepPlaces(lists) {
  const before = lists.map((list) => list.value);
  return {
    /** @param {number} at @param {number} step @returns {number} the entry to choose; without a place yet, the first free one */
    next(at, step) {
      if (lists[at].value) return lists[at].selectedIndex + step;
      const taken = new Set(lists.map((list) => list.value));
      return [...lists[at].options].findIndex((entry) => entry.value !== "" && !taken.has(entry.value));
    },
    /** @param {number} at the list that was just changed */
    settle(at) {
      const other = lists.findIndex((list, i) => i !== at && list.value !== "" && list.value === lists[at].value);
      if (other >= 0) lists[other].value = before[at];
      lists.forEach((list, i) => (before[i] = list.value));
    },
  };
}

/** Show the lines in the order they were given; those without a place stay below. @param {HTMLElement[]} rows @param {HTMLSelectElement[]} lists */
function sort(rows, lists) {
  const place = (/** @type {number} */ i) => Number(lists[i].value || 99);
  const order = rows.map((_row, i) => i).sort((a, b) => place(a) - place(b) || a - b);
  const now = [...(rows[0].parentElement?.querySelectorAll("[data-vote]") ?? [])];
  if (order.some((i, at) => now[at] !== rows[i])) order.forEach((i) => rows[i].parentElement?.append(rows[i]));
}

/** Say what is left. @param {HTMLElement} box @param {HTMLSelectElement[]} lists */
function count(box, lists) {
  const line = /** @type {HTMLElement | null} */ (box.querySelector("[data-votes-left]"));
  if (!line) return;
  const left = Number(box.dataset.whole) - lists.reduce((sum, list) => sum + Number(list.value), 0);
  const said = (left < 0 ? line.dataset.over : left > 0 ? line.dataset.left : line.dataset.done) ?? "";
  line.hidden = false;
  line.textContent = said.replace("{}", String(Math.abs(left)));
  line.classList.toggle("votes__left--over", left < 0);
  line.classList.toggle("votes__left--done", left === 0);
}
