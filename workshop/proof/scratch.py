"""A scratch installation: the customer's code and settings, none of its data.

Lives here: starting the real server as a child process in a folder of its own,
its files as a thief would copy them, and the services through which an
operator would prepare a session (accounts, guides). Not here: what is played.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from ..db import Base, Database, make_engine
from ..house import House
from ..migrations import migrate
from ..settings import TABLE, Settings
from .wire import Address, Browser, WireError

START_TAKES = 60.0
"""Seconds at most; a cold disk on a small machine needs a third of it."""

OWN = frozenset(
    {"DATA_DIR", "DATABASE_URL", "SECRET_KEY", "HOST", "PORT", "TRUSTED_PROXIES", "LOG_LEVEL", "DEBUG", "MAX_PHONES"}
)
"""Settings that the scratch installation has of its own. MAX_PHONES: a small limit would only stop the play."""

OTHERS = ("SMTP_", "MAIL_", "OIDC_", "REDIS_", "METRICS_")
NEVER = frozenset(setting.name for setting in TABLE if setting.name.startswith(OTHERS))
"""Settings that must not reach it: nothing that is played here may be mailed, announced or signed in anywhere else."""

KEPT = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "PYTHONPATH")
"""Of the environment beside the settings."""

MARK = "scratch-of-the-proof"
"""A file that says so; the leaky build starts nowhere else."""

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a random name is made in it
ROOM_NEEDED = 300 * 1024 * 1024
"""Bytes. Thousands of commits each wait for a disk; in memory they do not, and SQLite writes the very same bytes."""


class Scratch:
    """A running server of its own; use it as a context. `leaks`: what the leaky build gives away, "" for the product."""

    def __init__(
        self, environ: Mapping[str, str], *, leaks: str = "", database_url: str = "", parent: Path | None = None
    ) -> None:
        self._environ = environ
        self._leaks = leaks
        self._url = database_url
        self._parent = parent
        self._process: subprocess.Popen[bytes] | None = None
        self._emptied = False  # the database was found empty, so what is in it is ours

    def __enter__(self) -> Scratch:
        base_url = self._environ.get("BASE_URL", "").strip().rstrip("/")
        self.top = Path(tempfile.mkdtemp(prefix="unstuck-proof-", dir=self._parent or _place(bool(base_url))))
        try:
            self.folder = self.top / "data"
            self.temporary = self.top / "temporary"
            for folder in (self.folder, self.temporary):
                folder.mkdir(mode=0o700)
            (self.folder / MARK).touch()
            port = _free_port()
            host = urlsplit(base_url).netloc if base_url else f"127.0.0.1:{port}"
            self.address = Address(port, host, base_url or f"http://{host}")
            self.settings = self._settings(port)
            if self._url:
                self._require_nothing_there()
            migrate(self.settings.database_url)
            # No ballot boxes: those belong to the server's process alone.
            self.house = House(self.settings, Database(self.settings.database_url), None)  # type: ignore[arg-type]
            self.start()
        except BaseException:
            self._away()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._away()

    def _settings(self, port: int) -> Settings:
        known = {setting.name for setting in TABLE} - OWN - NEVER
        theirs = {name: value for name, value in self._environ.items() if name in known}
        self._own = {
            **theirs,
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self._url or f"sqlite:///{self.folder / 'main.db'}",
            "SECRET_KEY": os.urandom(32).hex(),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "TRUSTED_PROXIES": "1",  # so that a forwarded address reaches the server as a phone's own
            "LOG_LEVEL": "DEBUG",
        }
        return Settings.from_env(self._own)

    @property
    def log(self) -> bytes:
        """Return all that the server has printed, at its most talkative level."""
        return (self.top / "server.log").read_bytes()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        kept = {name: value for name, value in self._environ.items() if name in KEPT}
        environ = {**kept, **self._own, "PYTHONUNBUFFERED": "1", "TMPDIR": str(self.temporary)}
        command = ["workshop.proof.leaky", self._leaks] if self._leaks else ["workshop", "serve"]
        with (self.top / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=Path(__file__).resolve().parents[2],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TAKES
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise WireError(f"The server stopped at once:\n{self.log.decode(errors='replace')}")
            browser = Browser(self.address)
            with suppress(WireError):
                if browser.get("/staff/sign-in").status == 200:
                    browser.hang_up()
                    return
            time.sleep(0.05)
        raise WireError(f"The server did not answer within {START_TAKES:.0f} s.")

    def stop(self) -> None:
        """Ask the server to stop, as an operator would."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def files(self) -> dict[str, bytes]:
        """Return the bytes of every file of the installation, its log and its temporary folder: a copy at rest."""
        found = {}
        for folder, _folders, names in os.walk(self.top):  # unlike a glob it minds no folder that goes meanwhile
            for path in (Path(folder) / name for name in names):
                with suppress(FileNotFoundError):  # a write-ahead log may go while one looks
                    found[str(path.relative_to(self.top))] = path.read_bytes()
        return dict(sorted(found.items()))

    def _require_nothing_there(self) -> None:
        """Refuse a database that holds anything: it is emptied afterwards."""
        engine = make_engine(self.settings.database_url)
        try:
            if inspect(engine).get_table_names():
                raise WireError("That database is not empty. Make one for the proof alone; it is emptied afterwards.")
        except SQLAlchemyError as error:
            raise WireError(f"That database could not be opened: {type(error).__name__}.") from error
        finally:
            engine.dispose()
        self._emptied = True

    def _empty(self) -> None:
        """Leave a database that was empty as it was."""
        engine = make_engine(self.settings.database_url)
        with engine.begin() as connection:
            Base.metadata.drop_all(connection)
            connection.execute(text("drop table if exists alembic_version"))
        engine.dispose()

    def _away(self) -> None:
        if hasattr(self, "address"):
            self.address.close()
        self.stop()
        if self._emptied:
            self._empty()
        if hasattr(self, "house"):
            self.house.database.engine.dispose()
        shutil.rmtree(self.top, ignore_errors=True)


def _place(public: bool) -> Path | None:
    """Return where to put the folder. A public address may not keep its data where a restart empties it."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_NEEDED:
        return MEMORY
    return Path("/var/tmp") if public else None  # noqa: S108 - a folder with a random name is made in it


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
