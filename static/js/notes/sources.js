// @ts-check
/**
 * What earlier pages offer to later ones.
 *
 * Lives here: reading the sources of a pick or a focus: options of a choice in
 * the guide, or the lines of an earlier entry. Not here: showing them.
 */

/**
 * @param {string} source the id of a choice, or worksheet.entry
 * @param {Record<string, {prompt?: string, options: string[]}>} choices
 * @param {import("./store.js").Store} store
 * @returns {string[]}
 */
function linesOf(source, choices, store) {
  const [activity, entry] = source.split(".");
  if (!entry) return choices[activity]?.options ?? [];
  const value = store.read(activity, entry);
  const el = document.querySelector(`[data-worksheet="${activity}"] [data-entry="${entry}"]`);
  const type = el instanceof HTMLElement ? el.dataset.type : "";
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) return [];
  if (type === "choice") {
    return value.map((id) => {
      const box = [.../** @type {NodeListOf<HTMLInputElement>} */ (el?.querySelectorAll("input") ?? [])].find((one) => one.value === id);
      return box?.labels?.[0]?.textContent ?? "";
    });
  }
  return value.map((one) => (typeof one === "string" ? one : firstText(one)));
}

/** A row speaks by its first text. @param {any} row */
function firstText(row) {
  if (row === null || typeof row !== "object") return "";
  if (typeof row.text === "string") return row.text;
  const found = Object.values(row).find((cell) => (typeof cell === "string" ? cell.trim() : Array.isArray(cell) && cell.length));
  return typeof found === "string" ? found : Array.isArray(found) ? String(found[0]) : "";
}

/**
 * @param {string[]} sources
 * @param {Record<string, {prompt?: string, options: string[]}>} choices
 * @param {import("./store.js").Store} store
 * @returns {string[]} each line once
 */
export function offersOf(sources, choices, store) {
  const lines = sources.flatMap((source) => linesOf(source, choices, store));
  return [...new Set(lines.map((line) => line.replace(/\s+/g, " ").trim()).filter(Boolean))];
}
