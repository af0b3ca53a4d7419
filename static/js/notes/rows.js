// @ts-check
/**
 * A list of rows: add, take away (and back), order.
 *
 * Lives here: the rows of one entry. Not here: the controls inside a row
 * (controls.js, pick.js) and where the list is kept.
 */
import { make, button, newId, put } from "./dom.js";
import { inputs } from "./controls.js";
import { isEmpty } from "./store.js";

/**
 * @param {HTMLElement} el the entry: holds `<template data-row>` and the place for rows
 * @param {{
 *   control: (cell: HTMLElement, type: string) => import("./controls.js").Control,
 *   changed: () => void, words: Record<string, string>, label: string,
 * }} options
 * @returns {import("./controls.js").Control & {rowOf: (li: Element) => Record<string, any>}}
 */
export function rowsControl(el, { control, changed, words, label }) {
  const box = /** @type {HTMLElement} */ (el.querySelector("[data-most]"));
  const template = /** @type {HTMLTemplateElement} */ (el.querySelector("template[data-row]"));
  const list = /** @type {HTMLElement} */ (el.querySelector("[data-rows]"));
  const most = Number(box.dataset.most ?? 12);
  const sort = box.dataset.sort ?? "";
  const undo = make("p", { class: "rows__undo", role: "status" });
  const more = button("rows__add", { text: words.row_add, about: label });
  list.after(undo, more);

  /** @typedef {{li: HTMLElement, cells: Record<string, import("./controls.js").Control>, title: HTMLElement}} Row */
  /** @type {Row[]} */
  let rows = [];

  /** @param {any} [value] @returns {Row} */
  function build(value) {
    const li = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    refreshNames(li);
    const title = make("span", { class: "row__title", id: newId("row") });
    li.prepend(make("div", { class: "row__head" }, title, tools()));
    li.setAttribute("aria-labelledby", title.id);
    /** @type {Row} */
    const row = { li, cells: {}, title };
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (li.querySelectorAll("[data-cell]"))) {
      const made = control(cell, cell.dataset.type ?? "text");
      row.cells[cell.dataset.cell ?? ""] = made;
      made.set(value?.[cell.dataset.cell ?? ""] ?? null);
    }
    li.addEventListener("focusout", (/** @type {FocusEvent} */ event) => {
      const next = /** @type {Node | null} */ (event.relatedTarget);
      if (!li.contains(next)) window.setTimeout(arrange, 0);
    });
    return row;

    function tools() {
      const up = button("button--quiet button--small", { text: words.row_up, click: () => move(row, -1), "data-up": true });
      const down = button("button--quiet button--small", { text: words.row_down, click: () => move(row, 1), "data-down": true });
      const away = button("button--quiet button--small", { text: words.remove, click: () => remove(row), "data-remove": true });
      return make("span", { class: "row__tools" }, ...(sort ? [away] : [up, down, away]));
    }
  }

  /** The ticks of one row are a group of their own. @param {HTMLElement} li */
  function refreshNames(li) {
    const mark = newId("r");
    for (const one of inputs(li)) one.name = `${one.name}-${mark}`;
  }

  /** @param {Row} row */
  function valueOf(row) {
    return Object.fromEntries(
      Object.entries(row.cells).map(([id, cell]) => [id, cell.get()]).filter(([, value]) => !isEmpty(value)),
    );
  }

  function paint() {
    rows.forEach((row, index) => {
      row.title.textContent = put(words.row_number, { number: index + 1 });
      const up = row.li.querySelector("[data-up]");
      const down = row.li.querySelector("[data-down]");
      if (up instanceof HTMLButtonElement) up.disabled = index === 0;
      if (down instanceof HTMLButtonElement) down.disabled = index === rows.length - 1;
      for (const one of /** @type {NodeListOf<HTMLElement>} */ (row.li.querySelectorAll(".row__tools button"))) {
        one.setAttribute("aria-label", `${one.textContent}: ${row.title.textContent}`);
      }
    });
    more.hidden = rows.length >= most;
  }

  more.addEventListener("click", () => {
    undo.replaceChildren();
    const row = build();
    rows.push(row);
    list.append(row.li);
    paint();
    inputs(row.li)[0]?.focus();
  });

  /** @param {Row} row */
  function remove(row) {
    const index = rows.indexOf(row);
    const value = valueOf(row);
    rows.splice(index, 1);
    row.li.remove();
    if (rows.length === 0) addBlank();
    paint();
    changed();
    const back = button("button--quiet button--small", { text: words.undo });
    back.addEventListener("click", () => {
      const again = build(value);
      if (rows.length === 1 && isEmpty(valueOf(rows[0]))) rows.pop()?.li.remove();
      rows.splice(Math.min(index, rows.length), 0, again);
      place();
      undo.replaceChildren();
      paint();
      changed();
      inputs(again.li)[0]?.focus();
    });
    undo.replaceChildren(make("span", { text: put(words.row_removed, { number: index + 1 }) }), back);
    back.focus();
  }

  /** @param {Row} row @param {number} by */
  function move(row, by) {
    const from = rows.indexOf(row);
    rows.splice(from, 1);
    rows.splice(from + by, 0, row);
    const button = document.activeElement;
    place();
    paint();
    changed();
    if (button instanceof HTMLButtonElement && !button.disabled) button.focus();
    else inputs(row.li)[0]?.focus();
  }

  /** Put the elements in the order of the rows around the one with the focus, which stays where it is on the screen. */
  function place() {
    const held = rows.find((row) => row.li.contains(document.activeElement));
    const before = held?.li.getBoundingClientRect().top ?? 0;
    if (!held) list.append(...rows.map((row) => row.li));
    else {
      const at = rows.indexOf(held);
      held.li.before(...rows.slice(0, at).map((row) => row.li));
      held.li.after(...rows.slice(at + 1).map((row) => row.li));
      const moved = held.li.getBoundingClientRect().top - before;
      if (moved) window.scrollBy({ top: moved, behavior: "instant" });
    }
  }

  /** The highest first, empty ones last; only after a row was left. */
  function arrange() {
    if (!sort) return;
    const weight = (/** @type {Row} */ row) => (isEmpty(valueOf(row)) ? -2 : Number(row.cells[sort]?.get() ?? -1));
    const sorted = rows
      .map((row, index) => ({ row, index }))
      .sort((a, b) => weight(b.row) - weight(a.row) || a.index - b.index)
      .map(({ row }) => row);
    if (sorted.every((row, index) => row === rows[index])) return;
    rows = sorted;
    place();
    paint();
    changed();
  }

  function addBlank() {
    const row = build();
    rows.push(row);
    list.append(row.li);
  }

  addBlank();
  paint();
  return {
    get: () => rows.map(valueOf).filter((value) => !isEmpty(value)),
    set(value) {
      const wanted = Array.isArray(value) ? value.slice(0, most) : [];
      if (wanted.length === 0 && rows.length === 1 && rows[0].li.contains(document.activeElement)) return;
      wanted.forEach((one, index) => {
        const row = rows[index];
        if (!row) {
          rows.push(build(one));
          list.append(rows[index].li);
        } else for (const [id, cell] of Object.entries(row.cells)) cell.set(one?.[id] ?? null);
      });
      for (const row of rows.slice(Math.max(wanted.length, 0))) {
        if (row.li.contains(document.activeElement)) continue;
        rows.splice(rows.indexOf(row), 1);
        row.li.remove();
      }
      if (rows.length === 0) addBlank();
      paint();
    },
    /** What one element of the list holds. @param {Element} li */
    rowOf(li) {
      const row = rows.find((one) => one.li === li);
      return row ? valueOf(row) : {};
    },
    refresh() {
      for (const row of rows) for (const cell of Object.values(row.cells)) cell.refresh?.();
    },
  };
}
