// @ts-check
/**
 * The review of a report and its files. Everything works without this file; it saves reloads and lost texts.
 * Lives here: unsaved texts, spare rows, the limit of six quotes, the wait before the freeze, progress of files.
 */

const MOST_WAIT = 1500; // ms between two looks at the files: a page of a PDF takes about as long

/** @param {HTMLFormElement} form */
function watchForm(form) {
  const sign = form.querySelector("[data-unsaved]");
  let unsaved = false;
  form.addEventListener("input", () => {
    unsaved = true;
    if (sign instanceof HTMLElement) sign.hidden = false;
  });
  form.addEventListener("submit", () => {
    unsaved = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  const rows = form.querySelector("[data-steps]");
  if (rows instanceof HTMLElement) spareRow(rows, form.querySelector("[data-more-hint]"));
  for (const group of form.querySelectorAll("[data-quotes]")) limitQuotes(/** @type {HTMLElement} */ (group));
}

/**
 * Keep one empty row below the written ones.
 * @param {HTMLElement} rows @param {Element | null} hint
 */
function spareRow(rows, hint) {
  if (hint instanceof HTMLElement) hint.hidden = true;
  rows.addEventListener("input", () => {
    const all = rows.querySelectorAll("[data-step]");
    const last = all[all.length - 1];
    const written = [...last.querySelectorAll("input")].some((field) => field.value.trim());
    if (!written || all.length >= Number(rows.dataset.most)) return;
    const row = /** @type {HTMLElement} */ (last.cloneNode(true));
    for (const part of row.querySelectorAll("[id], [for], [name]")) {
      for (const attribute of ["id", "for", "name"]) {
        const value = part.getAttribute(attribute);
        if (value) part.setAttribute(attribute, value.replace(/-\d+-/, `-${all.length}-`));
      }
      if (part instanceof HTMLInputElement) part.value = "";
    }
    rows.append(row);
  });
}

/** @param {HTMLElement} group */
function limitQuotes(group) {
  const most = Number(group.dataset.quotes);
  const boxes = /** @type {HTMLInputElement[]} */ ([...group.querySelectorAll("input[type=checkbox]")]);
  const look = () => {
    const full = boxes.filter((box) => box.checked).length >= most;
    for (const box of boxes) box.disabled = full && !box.checked;
  };
  group.addEventListener("change", look);
  look();
}

/** @param {HTMLElement} place */
function waitForFreeze(place) {
  const words = place.querySelector("[data-freeze-words]");
  const from = Date.parse(place.dataset.from ?? "");
  if (!words || Number.isNaN(from)) return;
  const clock = new Date(from).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const look = () => {
    const left = Math.ceil((from - Date.now()) / 60000);
    if (left <= 0) {
      words.textContent = place.dataset.ready ?? "";
      return;
    }
    const time = left >= 90 ? `${Math.ceil(left / 60)} h` : `${left} min`;
    words.textContent = (place.dataset.in ?? "").replace("{time}", time).replace("{clock}", clock);
    setTimeout(look, 15000);
  };
  look();
}

/** @param {HTMLElement} files */
async function watchFiles(files) {
  const state = () => files.querySelector("[data-busy]")?.getAttribute("data-busy") === "yes";
  let seen = "";
  while (state()) {
    await new Promise((done) => setTimeout(done, MOST_WAIT));
    try {
      const answer = await fetch(files.dataset.status ?? "", { headers: { Accept: "application/json" } });
      if (!answer.ok) continue;
      const now = await answer.text();
      if (now === seen) continue;
      seen = now;
      const page = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!page.ok) continue;
      const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("[data-files]");
      if (fresh) files.replaceChildren(...fresh.childNodes);
    } catch {
      // The server is away for a moment; look again.
    }
  }
}

const form = document.querySelector("[data-review]");
if (form instanceof HTMLFormElement) watchForm(form);
const later = document.querySelector("[data-freeze-later]");
if (later instanceof HTMLElement) waitForFreeze(later);
const files = document.querySelector("[data-files]");
if (files instanceof HTMLElement) watchFiles(files);
