"""What the tests stand on: a fresh database each, the app, people, a checked client, a real server.

Lives here: fixtures shared by all rooms. `TEST_DATABASE_URL` (a PostgreSQL
server's URL, whose user may create databases) runs everything on PostgreSQL.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from tests import remembered
from tests.pages import check_response, csrf_token
from tests.promises.halls import folder, hall  # noqa: F401 - fixtures for tests at service level
from tests.sign_in_provider import Provider
from workshop import accounts, create_app, passwords
from workshop.db import Base
from workshop.house import House
from workshop.migrations import migrate
from workshop.models import Account
from workshop.settings import Settings

if TYPE_CHECKING:
    from tests.deaths import Maker

remembered.install()

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("TEST_DATABASE_URL", "")
PASSWORD = "quiet rivers carry boats"

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPYCACHEPREFIX")
"""What a server of the tests gets of their environment."""

TOUCHES_THE_DATABASE = frozenset({"_template", "empty_database_url"})
"""The fixtures under every test that opens the main database."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the browser tests; begin with the slow ones. On PostgreSQL keep what opens the main database and is
    about more than words and drawings; the rest cannot differ.

    The slow ones first: with several workers the last tests are short, and nobody waits for one long one.
    """
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "e2e"):
            item.add_marker("e2e")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if not SERVER:
        items[:] = [item for item in items if item.get_closest_marker("several") is None]
        return
    kept = [
        item
        for item in items
        if TOUCHES_THE_DATABASE & set(getattr(item, "fixturenames", ())) and not item.get_closest_marker("drawn")
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


# Databases -------------------------------------------------------------------------------------------------------


def _admin(statement: str) -> None:
    url = make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _sibling(name: str) -> str:
    return make_url(SERVER).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Migrate one database per run of the tests; each test gets a copy of it."""
    if not SERVER:
        path = tmp_path_factory.mktemp("template") / "unstuck.db"
        migrate(f"sqlite:///{path}")
        yield str(path)
        return
    name = f"template_{uuid.uuid4().hex}"
    _admin(f'CREATE DATABASE "{name}"')
    try:
        migrate(_sibling(name))
        yield name
    finally:
        while _emptied:
            _admin(f'DROP DATABASE "{_emptied.pop()}" WITH (FORCE)')
        _admin(f'DROP DATABASE "{name}" WITH (FORCE)')


_emptied: list[str] = []
"""Databases of tests that are over, as good as new, for the next ones. PostgreSQL takes its time to make one."""


@contextmanager
def fresh_database(template: str, place: Path) -> Iterator[str]:
    """Give the URL of a fresh, migrated database; on SQLite its file lies in `place`."""
    if not SERVER:
        shutil.copy(template, place / "unstuck.db")
        yield f"sqlite:///{place / 'unstuck.db'}"
        return
    if _emptied:
        name = _emptied.pop()
    else:
        name = f"test_{uuid.uuid4().hex}"
        _admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield _sibling(name)
    finally:
        if _empty(name, template):
            _emptied.append(name)
        else:
            _admin(f'DROP DATABASE "{name}" WITH (FORCE)')


_SHAPE = """
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version ORDER BY 1
"""


def _empty(name: str, template: str) -> bool:
    """Take every row out of a test's database; return False where the test has changed the tables themselves.

    Who is still connected is cut off first, as by DROP DATABASE ... WITH (FORCE).
    """
    with psycopg.connect(_plain(name), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        try:
            if _shape(connection) != _shape_of(template):
                return False
        except psycopg.errors.UndefinedTable:
            return False
        # Children before parents, in one go; no table has a counter to set back.
        tables = [f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables)]
        connection.execute("BEGIN;" + ";".join(tables) + ";COMMIT")
    return True


def _shape(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(_SHAPE).fetchall()


@cache
def _shape_of(template: str) -> list[Any]:
    with psycopg.connect(_plain(template), autocommit=True) as connection:
        counters = connection.execute("SELECT count(*) FROM pg_sequences").fetchone()
        assert counters == (0,), "a counter would have to be set back between tests"
        for table in Base.metadata.sorted_tables:
            found = connection.execute(f'SELECT 1 FROM "{table.name}" LIMIT 1').fetchone()
            assert found is None, f"a migration fills {table.name}: emptying would not make it fresh"
        return _shape(connection)


def _plain(name: str) -> str:
    return make_url(SERVER).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture
def database_url(_template: str, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a fresh, migrated database."""
    with fresh_database(_template, tmp_path) as url:
        yield url


@pytest.fixture
def empty_database_url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database without any table."""
    if not SERVER:
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    name = f"test_{uuid.uuid4().hex}"
    _admin(f'CREATE DATABASE "{name}"')
    try:
        yield _sibling(name)
    finally:
        _admin(f'DROP DATABASE "{name}" WITH (FORCE)')


# The app -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Return settings for one test; `dataclasses.replace` makes variants."""
    return Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        secret_key="a secret that only the tests know, long enough",
        host="127.0.0.1",
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """Return the app on a fresh database."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    made = create_app(settings)
    made.testing = True  # an unexpected error fails the test instead of becoming a page
    yield made
    made.extensions["house"].database.engine.dispose()


@pytest.fixture
def other_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Return a maker of apps with other settings on the same database."""
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        made.append(create_app(replace(settings, **changes)))
        return made[-1]

    yield make
    for one in made:
        one.extensions["house"].database.engine.dispose()


@pytest.fixture
def house(app: Flask) -> House:
    """Return the house of `app`, for calling services directly."""
    return app.extensions["house"]  # type: ignore[no-any-return]


class CheckedClient(FlaskClient):
    """A client that holds every answer against the standard: headers always, HTML where it is a page."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        check_response(response)
        return response


@pytest.fixture
def client(app: Flask) -> CheckedClient:
    """Return a browser of its own, not signed in."""
    return _browser(app)


@pytest.fixture
def browser(app: Flask) -> Callable[[], CheckedClient]:
    """Return a maker of further browsers, for tests with several people."""
    return lambda: _browser(app)


def _browser(app: Flask) -> CheckedClient:
    app.test_client_class = CheckedClient
    made = app.test_client()
    assert isinstance(made, CheckedClient)
    return made


def post(client: FlaskClient, url: str, data: dict[str, Any] | None = None, *, page: str | None = None) -> TestResponse:
    """Send a form the way a browser does: fetch `page` (the form's own address by default) for its CSRF token first."""
    token = csrf_token(client.get(page or url, follow_redirects=True).get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **(data or {})})


# People ------------------------------------------------------------------------------------------------------------

_HASH = passwords.hash(PASSWORD)  # one hash for all: each takes 64 MiB and 50 ms
_numbers = itertools.count(1)


def make_account(house: House, role: str = "facilitator", name: str = "", email: str = "") -> Account:
    """Make an account whose password is PASSWORD."""
    number = next(_numbers)
    account = Account(
        id=uuid.uuid4().hex[:22],
        email=email or f"{role}{number}@example.org",
        name=name or f"{role.title()} {number}",
        role=role,
        password_hash=_HASH,
        active=True,
        created_at=house.clock(),
    )
    with house.database.transaction() as session:
        session.add(account)
    return account


def signed_in(client: FlaskClient, account: Account) -> FlaskClient:
    """Sign `account` in on `client` without the form, and return the client."""
    house: House = client.application.extensions["house"]
    with house.database.transaction() as session:
        token = accounts.open_browser(session, account.id, house.clock())
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["staff"] = token
    return client


@pytest.fixture
def admin(house: House) -> Account:
    """Return an admin."""
    return make_account(house, "admin", "Ada Admin", "ada@example.org")


@pytest.fixture
def facilitator(house: House) -> Account:
    """Return a facilitator."""
    return make_account(house, "facilitator", "Fay Facilitator", "fay@example.org")


# A real server -----------------------------------------------------------------------------------------------------


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LiveServer:
    """The real server in a process of its own; `url` and `data_dir` stay across restarts."""

    data_dir: Path
    port: int
    database_url: str
    environ: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Return all that the server has printed so far, over all starts."""
        return (self.data_dir.parent / "server.log").read_text(errors="replace")

    @property
    def first_link(self) -> str:
        """Return the path of the last first-account link that was printed."""
        return re.findall(r"(/staff/first/[\w-]+)", self.log)[-1]

    def start(self, host: str = "") -> None:
        """Start the server and wait until it answers and has said all that it says at start; `host`: its name, if not this machine's."""
        said = self.log.count("Ctrl-C") if (self.data_dir.parent / "server.log").exists() else 0
        environ = {
            **{name: value for name, value in os.environ.items() if name in PASSED_ON},
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.database_url,
            "PYTHONUNBUFFERED": "1",
            **self.environ,
        }
        with (self.data_dir.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py")], cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server stopped at once:\n{self.log}")
            try:
                asked = urllib.request.Request(self.url + "/staff/sign-in", headers={"Host": host} if host else {})
                urllib.request.urlopen(asked, timeout=5).close()
                if self.log.count("Ctrl-C") > said:
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server never answered:\n{self.log}")

    def stop(self) -> int:
        """Ask the server to stop, as an operator would, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=20)

    def restart(self) -> None:
        """Stop politely and start again on the same data."""
        self.stop()
        self.start()


@pytest.fixture
def live_server(tmp_path: Path, database_url: str) -> Iterator[LiveServer]:
    """Run the real server on a free port of 127.0.0.1 with a data folder of its own."""
    server = LiveServer(tmp_path / "served", free_port(), database_url)
    server.data_dir.mkdir()
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()


@pytest.fixture(scope="module")
def shared_server(_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Return one server for all tests of a file; a test may stop, kill or restart it (`running`)."""
    place = tmp_path_factory.mktemp("server")
    with fresh_database(_template, place) as url:
        server = LiveServer(place / "served", free_port(), url)
        server.data_dir.mkdir()
        yield server
        if server.process is not None and server.process.poll() is None:
            server.kill()


def running(server: LiveServer) -> LiveServer:
    """Return a server that another test may have ended, running."""
    if server.process is None or server.process.poll() is not None:
        server.start()
    return server


@pytest.fixture
def server_house(live_server: LiveServer) -> Iterator[House]:
    """Return a house on the same main database as `live_server`, to make accounts in.

    It has no ballot boxes: those belong to the server's process alone.
    """
    from workshop.db import Database

    database = Database(live_server.database_url)
    yield House(
        Settings(data_dir=live_server.data_dir, database_url=live_server.database_url, secret_key="unused here"),
        database,
        None,  # type: ignore[arg-type]
    )
    database.engine.dispose()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Return a sign-in provider on loopback."""
    started = Provider()
    yield started
    started.close()


@pytest.fixture
def scene(folder: Path, _template: str) -> Iterator[Maker]:  # noqa: F811 - the fixture above
    """Return a maker of scenes in which somebody dies (`deaths.py`)."""
    from tests.deaths import scenes

    with scenes(folder, _template) as make:
        yield make
