"""Two processes, PostgreSQL, Redis and nginx: one session has one keeper, and outlives it."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import PASSWORD, LiveServer, free_port, make_account
from tests.faults.proxy import Proxy
from tests.journeys.hands import Room, cards_of, code_of, drop
from tests.nginx import Nginx
from tests.postgres import Redis, postgresql
from tests.promises.stagehands import canary
from tests.small_guide import make_session
from workshop import keepers
from workshop.db import Database
from workshop.demo import pages
from workshop.demo.people import DemoFailed, Facilitator, Phone
from workshop.house import House
from workshop.keepers import Keepers, KeptElsewhere, Unsure
from workshop.models import ActivityRun
from workshop.realtime import notices
from workshop.settings import Settings

pytestmark = pytest.mark.slow

PHONES = 6
SECRET = "a key that all processes share, long enough"
DUMB = 3600.0  # seconds: nobody waits for that
PATIENCE = 60.0  # seconds until a takeover counts as failed; it takes nine and a reconnect


@dataclass
class Many:
    """Everything that runs."""

    database: Database
    redis: Redis
    way: Proxy
    """The way to Redis, which can be made slow."""
    nginx: Nginx
    servers: list[LiveServer]

    def keeper(self, live_id: str) -> LiveServer:
        """Return the process that keeps a session."""
        with self.database.engine.connect() as connection:
            name = connection.execute(
                text("select keeper_id from keepings where live_id = :id"), {"id": live_id}
            ).scalar_one()
        return next(one for one in self.servers if (one.data_dir / "keeper").read_text() == name)

    def other(self, server: LiveServer) -> LiveServer:
        """Return the other process."""
        return next(one for one in self.servers if one is not server)

    def change(self, live_id: str, column: str) -> int:
        """Change what phones see from outside, as another process would; return the version after it."""
        with self.database.engine.begin() as connection:
            return int(
                connection.execute(
                    text(
                        f"update live_sessions set {column} = not {column}, version = version + 1"
                        " where id = :id returning version"
                    ),
                    {"id": live_id},
                ).scalar_one()
            )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Many]:
    """Start two processes on one database, behind the shipped file."""
    folder, port = tmp_path_factory.mktemp("many"), free_port()
    redis = Redis(folder / "redis")
    redis.start()
    (folder / "scratch").mkdir()
    with postgresql() as url, pytest.MonkeyPatch.context() as patch, Proxy(redis.port) as way:
        servers = []
        for number in (1, 2):
            home = folder / str(number)
            home.mkdir()
            environ = {
                "BASE_URL": f"https://localhost:{port}", "TRUSTED_PROXIES": "1", "TMPDIR": str(folder / "scratch"),
                "SECRET_KEY": SECRET, "REDIS_URL": f"redis://127.0.0.1:{way.port}/0",
            }  # fmt: skip
            servers.append(LiveServer(home / "served", free_port(), url, environ))
            servers[-1].data_dir.mkdir()
        changes = {
            f"127.0.0.1:800{number} ": f"127.0.0.1:{server.port} " for number, server in enumerate(servers, start=1)
        }
        database = Database(url)
        try:
            for server in servers:
                server.start(host=f"localhost:{port}")
            with Nginx(folder, "many.conf", changes, port) as nginx:
                patch.setenv("REQUESTS_CA_BUNDLE", str(nginx.certificate))
                patch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(nginx.certificate))
                yield Many(database, redis, way, nginx, servers)
        finally:
            for server in servers:
                if server.process is not None:
                    server.kill()
            redis.stop()
            database.engine.dispose()


def straight(server: LiveServer, path: str) -> int:
    """Ask a process past nginx; return the status."""
    host = server.environ["BASE_URL"].removeprefix("https://")
    asked = urllib.request.Request(server.url + path, headers={"Host": host})
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def until(what: str, works: Callable[[], object]) -> None:
    """Try until it works: a real page does that by itself."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(DemoFailed):
            works()
            return
        time.sleep(0.3)
    raise AssertionError(f"in vain: {what}")


def test_a_session_outlives_the_process_that_keeps_it(many: Many) -> None:
    words = [canary() for _ in range(PHONES)]
    newest = many.servers[-1]  # a first link is void once a later one was printed
    with Room(newest, PHONES, many.nginx.url) as room:
        run = room.ask()
        for phone, word in zip(room.phones, words, strict=True):
            assert room.send(phone, run, 1, word)["ok"]
        keeper = many.keeper(room.live_id)
        other = many.other(keeper)
        boxes = [sorted(path.stem for path in one.data_dir.glob("ballots/*.sqlite")) for one in (keeper, other)]
        assert boxes == [[room.live_id], []], "one box, in one place"
        for path in (
            f"/s/{room.live_id}/",
            f"/staff/sessions/{room.live_id}/",
            f"/socket.io/?EIO=4&live={room.live_id}",
        ):
            assert straight(other, path) == 502, "a process that does not keep the session serves nothing of it"
        assert not [word for word in words if word in str(_all_rows(many.database))], "PostgreSQL has no open answer"

        keeper.kill()
        for phone, word in zip(room.phones, words, strict=True):
            until("a phone comes back", lambda phone=phone: room.come_back(phone))
            assert phone.socket.call("mine", {"run": run})["revision"] == 0
            assert room.send(phone, run, 1, word)["ok"], "a phone sends again what it keeps"
        assert many.keeper(room.live_id) is other
        drop(room.leader)
        until("the console comes back", room.leader.take_the_console)

        keeper.start(host=f"localhost:{many.nginx.port}")
        assert straight(keeper, f"/s/{room.live_id}/") == 502, "what was taken over stays where it is"
        assert not (keeper.data_dir / "ballots" / f"{room.live_id}.sqlite").exists(), "the old box is gone"
        extra = room.another()  # its first request comes to the one that does not have the session, or not; both work
        assert room.send(extra, run, 1, "one more")["ok"]
        room.leader.press("close")
        assert sorted(cards_of(other, run)) == sorted([*words, "one more"])
    assert "Traceback" not in keeper.log + other.log


def test_a_change_from_another_process_comes_over_redis_and_without_it(many: Many) -> None:
    newest = many.servers[-1]  # a first link is void once a later one was printed
    with many.database.engine.begin() as connection:
        connection.execute(text("delete from accounts"))
    newest.stop()
    newest.start(host=f"localhost:{many.nginx.port}")
    with Room(newest, 1, many.nginx.url) as room:
        room.leader.press("start")
        phone = room.phones[0].socket
        version = many.change(room.live_id, "eyes_up")
        assert many.redis.tell(notices.CHANNEL, room.live_id) == 2, "both processes hear"
        phone.follow(version)
        for delay in (DUMB, notices.PATIENCE + 0.5):  # it takes calls and never answers; it answers too late
            many.way.delay = delay
            many.way.cut()
            phone.follow(many.change(room.live_id, "eyes_up"))  # every process looks for itself
            room.leader.press("blank")  # its own changes never needed Redis
        many.redis.stop()
        phone.follow(many.change(room.live_id, "eyes_up"))
        room.leader.press("blank")
        many.redis.start()
        many.way.delay = 0
        many.way.cut()
        deadline = time.monotonic() + PATIENCE
        while many.redis.tell(notices.CHANNEL, room.live_id) < 2:
            assert time.monotonic() < deadline, "they never listened again"
            time.sleep(0.2)
        phone.follow(many.change(room.live_id, "eyes_up"))
    assert "Traceback" not in "".join(server.log for server in many.servers)


@dataclass
class Hall:
    """A session that one process keeps from its first moment on, with its leader and phones."""

    many: Many
    leader: Facilitator
    phones: list[Phone]

    @classmethod
    def kept_by(cls, many: Many, keeper: LiveServer, leader: Facilitator, live_id: str, phones: int) -> Hall:
        with many.database.engine.begin() as connection:
            row = {"live": live_id, "keeper": (keeper.data_dir / "keeper").read_text()}
            connection.execute(
                text("insert into keepings (live_id, keeper_id) values (:live, :keeper) on conflict do nothing"), row
            )
        here = Facilitator(many.nginx.url)
        here.browser, here.live_id = leader.browser, live_id
        here.take_the_console()
        here.press("start")
        code = code_of(keeper.database_url, live_id)
        return cls(many, here, [Phone(code, many.nginx.url) for _phone in range(phones)])

    def ask(self, activity: str, sign: str) -> str:
        """Open a question; return its run as phones see it."""
        if self.leader.next_move() != "open":
            self.leader.press(f"jump:{activity}")
        self.leader.press("open")
        return pages.attribute(self.phones[0].socket.wait_for("the question", lambda html: sign in html), "data-run")

    def send(self, phone: Phone, run: str, name: str, word: str) -> None:
        """Send an answer that has to be taken."""
        fields = {"run": run, "revision": 1, "fields": {name: [word]}, "pad": ""}
        assert phone.socket.call("answer", fields)["ok"]

    def come_back(self) -> None:
        """Connect everybody anew, as their pages do by themselves."""
        for one, audience in ((self.leader, "console"), *((phone, "phone") for phone in self.phones)):
            drop(one)
            until("somebody comes back", lambda one=one, what=audience: self._connect(one, what))

    def _connect(self, one: Phone | Facilitator, audience: str) -> None:
        one.socket = one.browser.connect(audience, self.leader.live_id)

    def row(self, run: str) -> tuple[str, int, dict[str, Any]]:
        """Return state, batch and release of a run."""
        with self.many.database.transaction() as session:
            found = session.get_one(ActivityRun, run)
            return found.state, found.batch or 0, found.release or {}


def place(phone: Phone, run: str, what: str) -> dict[str, Any]:
    """Ask for a place in a breakout, or for where the phone is."""
    found: dict[str, Any] = phone.socket.call("breakout", {"run": run, "what": what, "pad": "-" * 600})
    assert found["ok"], found
    return found["place"] or {}


def test_pools_paper_and_breakouts_outlive_their_keeper_whole_or_not_at_all(many: Many) -> None:
    settings = Settings(data_dir=many.nginx.folder, database_url=many.servers[0].database_url, secret_key=SECRET)
    house = House(settings, many.database, None)  # type: ignore[arg-type]
    account = make_account(house)
    leader = Facilitator(many.nginx.url)
    leader.browser.submit("/staff/sign-in", {"email": account.email, "password": PASSWORD})
    in_groups = leader.make_session("think-together", {"team": "Customer service", "expected": "6"})
    leader.take_the_console()
    drop(leader)
    keeper = many.keeper(in_groups)
    heir = many.other(keeper)
    with ExitStack() as stack:
        halls = []
        for live_id, phones in ((make_session(house, account), 10), (make_session(house, account), 5), (in_groups, 6)):
            halls.append(Hall.kept_by(many, keeper, leader, live_id, phones))
            for one in (halls[-1].leader, *halls[-1].phones):
                stack.callback(drop, one)
        pool, paper, groups = halls

        rolling = pool.ask("word", "data-answer")
        words = [canary() for _ in pool.phones]
        for phone, word in zip(pool.phones, words, strict=True):
            pool.send(phone, rolling, "word-0", word)
        mixed = paper.ask("stuck", "data-answer")
        said = [canary() for _ in paper.phones]
        for phone, word in zip(paper.phones, said, strict=True):
            paper.send(phone, mixed, "text-0", word)
        typed = [canary() for _ in range(5)]
        leader.browser.submit(
            f"/staff/sessions/{paper.leader.live_id}/paper", {"lines": "\n\n".join(typed)}, having="lines"
        )
        thinking = groups.ask("what-helps", "data-breakout")
        for phone in groups.phones:
            assert place(phone, thinking, "take")["number"]
        deadline = time.monotonic() + PATIENCE
        while pool.row(rolling)[1] < 1:
            assert time.monotonic() < deadline, "no pool came out"
            time.sleep(0.2)
        out = pool.row(rolling)[2]
        assert len([word for word in words if word in str(out)]) == 5, "one pool is out, and half a one waits"

        keeper.kill()
        for hall in halls:
            hall.come_back()
            assert many.keeper(hall.leader.live_id) is heir
        late = [canary() for _ in range(4)]
        for phone, word in zip(pool.phones, late, strict=False):
            pool.send(phone, rolling, "word-0", word)
        pool.leader.press("close")
        assert pool.row(rolling) == ("released", 1, out), "what is out stays; what waited, and four more, are not shown"

        for phone, word in zip(paper.phones, said, strict=True):
            paper.send(phone, mixed, "text-0", word)
        paper.leader.press("close")
        assert sorted(cards_of(heir, mixed)) == sorted(said), "each once; what was on paper is typed in again, or lost"

        members: dict[int, list[Phone]] = {}
        for phone in groups.phones:
            assert not place(phone, thinking, "look").get("number")
            members.setdefault(place(phone, thinking, "take")["number"], []).append(phone)
        assert sorted(map(len, members.values())) == [3, 3]
        groups.leader.press("breakout_part:1")
        groups.leader.press("breakout_part:2")
        for number, group in members.items():
            place(group[0], thinking, "write")
            groups.send(group[0], thinking, "text-0", f"Group {number}")
        groups.leader.press("close")
        assert sorted(cards_of(heir, thinking)) == sorted(f"Group {number}" for number in members)
    taken_over = [keeper.data_dir / "ballots" / f"{hall.leader.live_id}.sqlite" for hall in halls]
    assert [box.exists() for box in taken_over] == [True] * 3, "a killed process leaves its boxes"
    keeper.start(host=f"localhost:{many.nginx.port}")
    assert [box.exists() for box in taken_over] == [False] * 3, "and takes them away when it comes back"
    assert "Traceback" not in keeper.log + heir.log


def _all_rows(database: Database) -> list[object]:
    """Return everything that PostgreSQL holds."""
    from workshop.models import Base

    with database.engine.connect() as connection:
        return [tuple(row) for table in Base.metadata.sorted_tables for row in connection.execute(table.select())]


def test_a_process_that_was_held_up_touches_no_box_and_seals_nothing(many: Many) -> None:
    slow, quick = Keepers(many.database, "slow"), Keepers(many.database, "quick")
    taken: list[tuple[str, bool]] = []
    lost: list[str] = []
    slow.on_lost = lost.append
    quick.on_taken = lambda live_id, from_another: taken.append((live_id, from_another))
    with pytest.raises(Unsure):
        slow.hold("a-session")  # nobody knows yet that it is there
    slow.beat()
    quick.beat()
    slow.hold("a-session")
    assert slow.keeps("a-session") and not quick.may("a-session")
    with pytest.raises(KeptElsewhere):
        quick.hold("a-session")
    with many.database.engine.begin() as connection:
        connection.execute(text("update keepers set seen_at = now() - interval '1 minute' where id = 'slow'"))
    quick.hold("a-session")
    assert taken == [("a-session", True)]
    with pytest.raises(KeptElsewhere), many.database.transaction() as session:
        slow.fence(session, "a-session")  # it believes for a moment longer, but the seal's write does not
    slow.beat()
    assert lost == ["a-session"] and slow.gave_up("a-session") and not slow.keeps("a-session")
    assert slow.strays(["a-session", "another"]) == ["a-session"]
    quick.tidy()  # no such session runs
    assert slow.may("a-session")


def test_a_lease_ends_before_anybody_else_may_take_over() -> None:
    assert keepers.BEAT * 3 <= keepers.LEASE < keepers.GONE
