// @ts-check
/**
 * What whoever stands at the projector can set for this one screen: type, light, black, full screen.
 *
 * Lives here: the small tools that show when the mouse moves, their keys, and
 * what this browser remembers. Not here: any power over the session; a black
 * screen here is black here alone.
 *
 * A link may bring the settings along: `#dark`, `#light`, `#large`, `#large-dark`.
 */

const KEY = "unstuck-stage/";
/** The tools show for this long after the mouse was moved; a room has no use for them. */
const AWAKE_MS = 4000;

const root = document.documentElement;

/** @param {string} name */
function recall(name) {
  try {
    return window.localStorage.getItem(KEY + name) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    window.localStorage.setItem(KEY + name, value);
  } catch {
    // this browser keeps nothing: the choice holds until the page is closed
  }
}

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * Show the tools, apply what is remembered, and return the keys they answer to.
 *
 * @param {() => void} arrange called when the type has another size
 * @returns {(event: KeyboardEvent) => boolean} whether the key was one of these
 */
export function offer(arrange) {
  const bar = /** @type {HTMLElement} */ (document.getElementById("tools"));
  const keys = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));
  /** @param {string} name */
  const tool = (name) => /** @type {HTMLButtonElement} */ (bar.querySelector(`[data-tool="${name}"]`));

  function paint() {
    tool("large").setAttribute("aria-pressed", String("large" in root.dataset));
    tool("dark").setAttribute("aria-pressed", String(isDark()));
    arrange();
  }

  const acts = {
    large() {
      root.toggleAttribute("data-large");
      keep("type", "large" in root.dataset ? "large" : "normal");
      paint();
    },
    dark() {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep("theme", root.dataset.theme);
      paint();
    },
    full() {
      if (document.fullscreenElement) void document.exitFullscreen();
      else void root.requestFullscreen?.().catch(() => {});
    },
    black() {
      root.toggleAttribute("data-black");
    },
    keys() {
      if (keys.open) keys.close();
      else keys.showModal();
    },
  };

  /** @type {Record<string, keyof typeof acts>} */
  const letters = { l: "large", d: "dark", f: "full", b: "black", ".": "black", "?": "keys" };

  const wished = window.location.hash.slice(1).split(/[-&,]/);
  const theme = wished.find((word) => word === "dark" || word === "light") ?? recall("theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  const type = wished.find((word) => word === "large" || word === "normal") ?? recall("type");
  root.toggleAttribute("data-large", type === "large");

  bar.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("[data-tool]"));
    if (button) acts[/** @type {keyof typeof acts} */ (button.dataset.tool)]();
  });
  keys.querySelector("[data-close]")?.addEventListener("click", () => keys.close());
  document.addEventListener("click", () => root.removeAttribute("data-black"), true);

  let sleep = 0;
  function wake() {
    bar.classList.add("is-awake");
    window.clearTimeout(sleep);
    sleep = window.setTimeout(() => bar.classList.remove("is-awake"), AWAKE_MS);
  }
  for (const sign of ["pointermove", "pointerdown", "keydown"]) document.addEventListener(sign, wake);
  bar.hidden = false;
  paint();

  return (event) => {
    const act = letters[event.key.toLowerCase()];
    if (keys.open) {
      if (act === "keys") acts.keys();
      return true;
    }
    const black = root.hasAttribute("data-black");
    root.removeAttribute("data-black");
    if (!act) return false;
    if (act === "black" && black) return true; // it was black: the same key shows it again
    acts[act]();
    return true;
  };
}
