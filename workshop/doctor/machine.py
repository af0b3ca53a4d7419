"""The doctor's look at this machine: Python, libraries, PDF, fonts, folder, disk, clock, memory.

Lives here: what can be seen without asking anybody else.
"""

from __future__ import annotations

import errno
import importlib.metadata
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ..house import utc_now
from ..operating.backups import BackupFailed, refuse_half
from ..settings import Settings, unusable_folder, user_name
from .findings import Finding, fine, note, wrong

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)

LEAST_FREE, LITTLE_FREE = 100_000_000, 1_000_000_000
"""Bytes. A session with its reports takes 2 MB; SQLite's rewriting needs the database's size once more."""

ROUNDS = 1024
"""Descriptors below which one room of phones can exhaust the process."""

BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No correct clock stands before this version was written."""

NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph"})
"""File systems on which SQLite's locks do not hold."""


def python(_settings: Settings) -> Iterator[Finding]:
    """Python."""
    said = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        yield wrong("Python", f"{said} is too old.", "Install 3.11 or newer, then run: python3 tasks.py setup")
    else:
        yield fine("Python", said)


def libraries(_settings: Settings) -> Iterator[Finding]:
    """Libraries."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bad = []
    for line in project["dependencies"]:
        name = re.split(r"[\[<>=~! ]", line, maxsplit=1)[0]
        floor = re.search(r">=([\d.]+)", line)
        try:
            present = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            bad.append(f"{name} is missing")
            continue
        if floor and _numbers(present) < _numbers(floor.group(1)):
            bad.append(f"{name} {present} is older than {floor.group(1)}")
    if bad:
        yield wrong("Libraries", f"{'; '.join(bad)}.", "Run: python3 tasks.py setup")
    else:
        yield fine("Libraries", f"all {len(project['dependencies'])} are there, none too old")
    from ..web.static_files import vendor_missing

    if missing := vendor_missing():
        yield wrong(
            "Browser files",
            f"{', '.join(missing)} missing in static/vendor: no page updates by itself.",
            "Run: python3 tasks.py setup",
        )
    else:
        yield fine("Browser files", "there")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def pdf(_settings: Settings) -> Iterator[Finding]:
    """PDF."""
    from ..report_worker import PrintFailed, print_pdf
    from . import sample

    try:
        printed = print_pdf(sample.REPORT, "A4")
    except PrintFailed as failed:
        yield wrong("PDF", failed.sentence, "Reports open as printable pages until then.")
        return
    yield fine("PDF", f"a page was printed ({len(printed.content) // 1000} kB)")
    if printed.notes:
        yield note("Fonts", " ".join(printed.notes), "On Debian: apt-get install fonts-dejavu-core fonts-noto-cjk")


def fonts(_settings: Settings) -> Iterator[Finding]:
    """Fonts."""
    if not shutil.which("fc-list"):
        yield note("Fonts", "cannot be listed: fc-list is not here.", "On Debian: apt-get install fontconfig")
        return
    for language, what in (("el", "Greek"), ("ru", "Cyrillic"), ("ar", "Arabic"), ("zh-cn", "Chinese")):
        found = subprocess.run(
            ["fc-list", f":lang={language}", "family"], capture_output=True, text=True, check=False
        ).stdout
        if not found.strip():
            package = "fonts-noto-cjk" if what == "Chinese" else "fonts-dejavu-core"
            yield note(
                "Fonts",
                f"none for {what} letters: on paper they would be empty boxes.",
                f"If you need them, on Debian: apt-get install {package}",
            )
            return
    yield fine("Fonts", "there for Latin, Greek, Cyrillic, Arabic and Chinese letters")


def folder(settings: Settings) -> Iterator[Finding]:
    """The data folder."""
    where = settings.data_dir
    if not os.path.exists(where):  # noqa: PTH110 - False, not an error, where we may not look
        parent = next(path for path in where.parents if os.path.exists(path))  # noqa: PTH110
        if os.access(parent, os.W_OK | os.X_OK):
            yield note("Data folder", f"{where} is not there yet; the first start makes it.")
        else:
            yield wrong("Data folder", unusable_folder(where, OSError(errno.EACCES, "")))
        return
    status = where.stat()
    if os.geteuid() == 0 and status.st_uid != 0:
        yield note(
            "Data folder",
            f"{where} belongs to another user, and this look runs as root.",
            "Look as the service: deploy/unstuck doctor",
        )
    elif not where.is_dir():
        yield wrong("Data folder", unusable_folder(where, OSError(errno.ENOTDIR, "")))
        return
    elif not os.access(where, os.R_OK | os.W_OK | os.X_OK):
        read_only = bool(os.statvfs(where).f_flag & os.ST_RDONLY)
        yield wrong("Data folder", unusable_folder(where, OSError(errno.EROFS if read_only else errno.EACCES, "")))
        return
    try:
        refuse_half(where)
    except BackupFailed as half:
        yield wrong("Data folder", "A restore was cut off here.", half.sentence)
        return
    owners = ((path, _owner(path)) for path in where.rglob("*"))
    if strange := next(((path, uid) for path, uid in owners if uid not in (None, status.st_uid)), None):
        yield wrong(
            "Data folder",
            f"{strange[0]} belongs to {user_name(strange[1])}, the folder to {user_name(status.st_uid)}.",
            f"As root: chown -R {user_name(status.st_uid)} {where}",
        )
        return
    open_files = [
        path
        for path in (where, where / "secret", *sorted(where.glob("unstuck.db*")), where / "ballots")
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_files:
        yield wrong(
            "Data folder",
            f"others on this machine may look into {', '.join(str(path) for path in open_files)}.",
            f"chmod -R go-rwx {where}",
        )
    else:
        yield fine("Data folder", f"{where}, for this user alone")
    kind = _file_system(where)
    if kind in NETWORK:
        yield wrong(
            "Data folder",
            f"lies on a network file system ({kind}), where two processes can hold one ballot box.",
            "Put DATA_DIR on a disk of this machine.",
        )


def _owner(path: Path) -> int | None:
    """Return whose a file is; None for one that a running server has taken away meanwhile."""
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None


def _file_system(where: Path) -> str:
    table = Path("/proc/mounts")
    if not table.exists():
        return ""
    mounts = [line.split()[1:3] for line in table.read_text().splitlines() if len(line.split()) > 2]
    inside = [(point, kind) for point, kind in mounts if where == Path(point) or Path(point) in where.parents]
    return max(inside, key=lambda found: len(found[0]))[1] if inside else ""


def disk(settings: Settings) -> Iterator[Finding]:
    """Disk space."""
    where = next(path for path in (settings.data_dir, *settings.data_dir.parents) if os.path.exists(path))  # noqa: PTH110
    free = shutil.disk_usage(where).free
    said = f"{free / 1e9:.1f} GB free where the data lie"
    if free < LEAST_FREE:
        yield wrong("Disk space", f"{said}: answers may soon be refused.", "Make room, or move DATA_DIR.")
    elif free < LITTLE_FREE:
        yield note("Disk space", f"{said}.", "Make room before the next large session.")
    else:
        yield fine("Disk space", said)


def clock(_settings: Settings) -> Iterator[Finding]:
    """The clock."""
    now = utc_now()
    if now < BUILT:
        yield wrong("Clock", f"it says {now:%Y-%m-%d}, before this version was written.", "Set it; use NTP.")
        return
    synchronized = ""
    if shutil.which("timedatectl"):
        synchronized = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
            capture_output=True, text=True, check=False, timeout=10,
        ).stdout.strip()  # fmt: skip
    if synchronized == "no":
        yield note("Clock", f"{now:%Y-%m-%d %H:%M} UTC, and nothing keeps it right.", "timedatectl set-ntp true")
    else:
        yield fine("Clock", f"{now:%Y-%m-%d %H:%M} UTC")


def descriptors(settings: Settings) -> Iterator[Finding]:
    """Open files."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= max(ROUNDS, settings.max_phones + 500):
        yield fine("Open files", f"up to {'any number' if hard == resource.RLIM_INFINITY else hard}")
    else:
        yield wrong(
            "Open files",
            f"only {hard} are allowed; {settings.max_phones} phones need one each.",
            "With systemd: LimitNOFILE=65536. With Docker: ulimits: nofile: 65536",
        )


def swap(_settings: Settings) -> Iterator[Finding]:
    """Swap space."""
    table = Path("/proc/swaps")
    areas = [line.split()[0] for line in table.read_text().splitlines()[1:]] if table.exists() else []
    open_areas = [area for area in areas if not re.search(r"zram|dm-", area)]
    if open_areas:
        yield note(
            "Swap",
            f"{', '.join(open_areas)}: memory with open answers or papers may be written there.",
            "Encrypt it or switch it off.",
        )
    else:
        yield fine("Swap", "none in the open")


LOOKS = (python, libraries, pdf, fonts, folder, disk, clock, descriptors, swap)
