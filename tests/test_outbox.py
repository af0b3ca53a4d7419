"""The outbox against a real mail server on loopback: what it takes, refuses, delays, and when it is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.conftest import LiveServer, free_port
from tests.mail_server import MailServer
from workshop import outbox, postman
from workshop.db import Database
from workshop.errors import WorkshopError
from workshop.freezes import aware
from workshop.house import House
from workshop.models import Mail
from workshop.settings import Settings, SettingsError

START = datetime(2026, 11, 5, 8, 0, tzinfo=UTC)
BODY = "Grüße aus Łódź.\n\n.a line with a dot first\nFrom here on\n" + "long " * 300


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Return a mail server that takes everything."""
    with MailServer() as made:
        yield made


class Post:
    """A house with a mail server and a clock of its own."""

    def __init__(self, house: House, port: int) -> None:
        self.now = START
        self.house = replace(house, clock=lambda: self.now)
        self.set(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", mail_from="Wörkshops <work@example.org>")

    def set(self, **changes: object) -> None:
        """Change settings, as a restart would."""
        self.house = replace(self.house, settings=replace(self.house.settings, **changes))  # type: ignore[arg-type]

    def put(self, to: str = "head@example.org", *, secret: bool = False) -> str:
        """Put a mail in; return its id."""
        with self.house.database.transaction() as db:
            return outbox.put(
                db, self.house.settings, self.now, recipient=to, subject="Über uns", body=BODY, secret=secret
            ).id

    def tick(self, after: timedelta = timedelta(0)) -> None:
        """Let time pass, then let the outbox work."""
        self.now += after
        outbox.tick(self.house)

    def look(self, mail_id: str) -> Mail | None:
        """Return a mail as it is in the database."""
        with self.house.database.transaction() as db:
            return db.get(Mail, mail_id)

    def do(self, what: Callable[..., None], mail_id: str, *more: object) -> None:
        """Press a button."""
        with self.house.database.transaction() as db:
            what(db, db.get(Mail, mail_id), *more)


@pytest.fixture
def post(house: House, server: MailServer) -> Post:
    """Return a post office before an outbox."""
    return Post(house, server.port)


def state(mail: Mail | None) -> tuple[str, str]:
    assert mail is not None
    return mail.state, mail.note


def test_a_mail_arrives_as_it_was_written_and_its_text_is_forgotten(post: Post, server: MailServer) -> None:
    mail_id = post.put()

    def write_meanwhile() -> None:
        """A lock that the outbox held while it talks would make this fail, or wait for ever."""
        with post.house.database.transaction() as db:
            db.execute(update(Mail).where(Mail.id == mail_id).values(note="written while the server listened"))

    server.before_taking = write_meanwhile
    post.tick()
    [mail] = server.taken
    assert mail.defects == []
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Wörkshops <work@example.org>",
        "head@example.org",
        "Über uns",
    )
    assert parsedate_to_datetime(mail["Date"]) == START
    assert mail["Message-ID"] == f"<{mail_id}@example.org>"
    assert mail.get_content().replace("\r\n", "\n") == BODY.rstrip() + "\n"
    assert "mail FROM:<work@example.org>" in {line.partition(" size")[0] for line in server.said}
    kept = post.look(mail_id)
    assert kept and (kept.state, kept.body, kept.note, kept.recipient) == ("sent", "", "", "head@example.org")
    post.tick(timedelta(days=2))
    post.do(outbox.again, mail_id, post.now)
    post.tick()
    assert len(server.taken) == 1


def test_a_refusal_ends_it_at_once_in_the_servers_words_and_can_be_tried_again(post: Post, server: MailServer) -> None:
    mail_id, other = post.put(), post.put("second@example.org")
    server.answers["RCPT"] = "550 5.1.1 No such mailbox \x07here"
    post.tick()
    assert state(post.look(mail_id)) == ("failed", "The mail server said: 550 5.1.1 No such mailbox here")
    assert state(post.look(other))[0] == "failed"
    del server.answers["RCPT"]
    post.tick(timedelta(minutes=10))
    assert server.taken == []
    post.do(outbox.again, mail_id, post.now)
    post.do(outbox.cancel, other)
    post.tick()
    assert [mail["To"] for mail in server.taken] == ["head@example.org"]
    cancelled = post.look(other)
    assert cancelled and (cancelled.state, cancelled.body) == ("cancelled", "")


def test_a_server_that_says_later_is_asked_with_growing_pauses_for_a_day(post: Post, server: MailServer) -> None:
    mail_id = post.put()
    server.answers["TAKEN"] = "451 4.7.1 Greylisted, come back"
    pauses = []
    post.tick()
    while (mail := post.look(mail_id)) and mail.state == "waiting":
        pause = aware(mail.next_try_at) - post.now
        pauses.append(pause // timedelta(minutes=1))
        said = len(server.said)
        post.tick(pause - timedelta(seconds=1))
        assert len(server.said) == said
        post.tick(timedelta(seconds=1))
        assert len(server.said) > said or post.now >= START + outbox.LASTS
    assert pauses == [1, 5, 30, *[120] * 12]
    assert state(post.look(mail_id)) == (
        "failed",
        "Not delivered within a day. The mail server said: 451 4.7.1 Greylisted, come back",
    )
    assert server.taken == []


def test_a_server_that_is_away_or_silent_holds_nobody_up(
    post: Post, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "TIMEOUT", 0.2)
    mail_id = post.put()
    server.answers["EHLO"] = None
    post.tick()
    assert state(post.look(mail_id)) == ("waiting", "The mail server does not answer.")
    server.close()
    post.tick(timedelta(minutes=1))
    assert state(post.look(mail_id)) == ("waiting", "The mail server cannot be reached.")
    with MailServer(server.port) as back:
        post.tick(timedelta(minutes=4))
        assert back.said == []
        post.tick(timedelta(minutes=1))
        assert [mail["To"] for mail in back.taken] == ["head@example.org"]
    assert state(post.look(mail_id)) == ("sent", "")


def test_no_mail_and_no_password_leave_on_a_way_that_is_not_safe(post: Post, server: MailServer) -> None:
    account = {"smtp_user": "work", "smtp_password": "canary-password"}
    mail_id = post.put()
    post.set(smtp_security="starttls", **account)  # this server offers none
    post.tick()
    assert state(post.look(mail_id))[0] == "failed" and "SMTP_SECURITY" in state(post.look(mail_id))[1]
    post.set(smtp_security="tls")
    post.do(outbox.again, mail_id, post.now)
    server.answers["CONNECT"] = "220 plain text where TLS was asked for"
    post.tick()
    assert state(post.look(mail_id)) == (
        "waiting",
        "No safe connection to the mail server: its certificate or its port does not fit.",
    )
    assert not [line for line in server.said if line.lower().startswith(("auth", "mail"))]
    post.set(smtp_security="none")
    del server.answers["CONNECT"]
    server.answers["AUTH"] = "535 5.7.8 Wrong"
    post.do(outbox.again, mail_id, post.now)
    post.tick()
    assert state(post.look(mail_id))[0] == "failed" and "does not accept the user name" in state(post.look(mail_id))[1]
    assert server.taken == []


def test_a_secret_mail_leaves_no_row_behind(post: Post, server: MailServer) -> None:
    sent, cancelled = post.put(secret=True), post.put("no@example.org", secret=True)
    post.do(outbox.cancel, cancelled)
    assert post.look(cancelled) is None
    post.tick()
    assert post.look(sent) is None and len(server.taken) == 1
    server.answers["RCPT"] = "550 No"
    refused = post.put(secret=True)
    post.tick()
    assert state(post.look(refused))[0] == "failed"  # its sender may still read why
    post.tick(timedelta(hours=20))
    post.do(outbox.again, refused, post.now)
    post.set(smtp_host="")  # and nothing is sent any more
    waiting = post.look(refused)
    assert waiting and waiting.state == "waiting"
    post.tick(timedelta(hours=4))
    assert post.look(refused) is None and len(server.taken) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "a@example.org\nBcc: b@example.org"},
        {"recipient": "a@example.org, b@example.org"},
        {"recipient": "A <a@example.org>"},
        {"recipient": "nobody"},
        {"recipient": f"{'a' * 250}@example.org"},
        {"subject": "Hello\r\nBcc: b@example.org"},
        {"subject": "Hello\u2028there"},
        {"subject": " "},
        {"subject": "x" * 201},
        {"body": " \n "},
        {"body": "x" * 10_001},
        {"body": "half an emoji \ud83d"},
        {"body": "NUL \0"},
        {"attach": True},
    ],
    ids=repr,
)
def test_what_is_no_mail_is_refused_with_a_sentence(post: Post, change: dict[str, object]) -> None:
    fields: dict[str, object] = {"recipient": "a@example.org", "subject": "Hello", "body": "Text", **change}
    with pytest.raises(WorkshopError) as refused, post.house.database.transaction() as db:
        outbox.put(db, post.house.settings, START, **fields)  # type: ignore[arg-type]
    assert refused.value.sentence.endswith(".")
    with post.house.database.transaction() as db:
        assert db.query(Mail).count() == 0


def test_a_header_cannot_be_broken_out_of_even_past_the_checks(post: Post, server: MailServer) -> None:
    bad, good = post.put(), post.put("second@example.org")
    with post.house.database.transaction() as db:
        db.execute(update(Mail).where(Mail.id == bad).values(subject="Hello\r\nBcc: b@example.org"))
    post.tick()
    assert state(post.look(bad))[0] == "failed"
    assert state(post.look(good))[0] == "sent" and [mail["To"] for mail in server.taken] == ["second@example.org"]


def test_an_address_in_another_script_is_sent_as_mail_servers_know_it() -> None:
    assert outbox.recipient(" head@bücher.example ") == "head@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"MAIL_FROM": ""}, "Write MAIL_FROM="),
        ({"SMTP_HOST": ""}, "Write SMTP_HOST="),
        ({"MAIL_FROM": "nobody"}, "Write MAIL_FROM="),
        ({"SMTP_USER": "work"}, "SMTP_PASSWORD="),
        ({"SMTP_PASSWORD": "canary"}, "SMTP_USER="),
        ({"SMTP_SECURITY": "maybe"}, "SMTP_SECURITY=starttls"),
        ({"SMTP_PORT": "0"}, "SMTP_PORT=587"),
        ({"SMTP_USER": "work", "SMTP_PASSWORD": "canary", "SMTP_SECURITY": "none"}, "in the open"),
    ],
    ids=repr,
)
def test_half_a_mail_server_is_refused_with_the_line_to_change(
    tmp_path: Path, change: dict[str, str], line: str
) -> None:
    whole = {"DATA_DIR": str(tmp_path), "SMTP_HOST": "mail.example.org", "MAIL_FROM": "Work <work@example.org>"}
    assert outbox.configured(Settings.from_env(whole))
    with pytest.raises(SettingsError, match=line) as refused:
        Settings.from_env(whole | change)
    assert "canary" not in str(refused.value)


def test_a_server_that_was_stopped_in_the_middle_goes_on_by_itself(
    server: MailServer, database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    settings = Settings(
        data_dir=tmp_path, database_url=database_url, secret_key="unused here", smtp_host="x", mail_from="w@example.org"
    )
    then = datetime.now(UTC) - timedelta(minutes=2)
    with database.transaction() as db:
        mail = outbox.put(db, settings, then, recipient="head@example.org", subject="Hello", body="Text")
        mail.attempts, mail.next_try_at = 1, then + outbox.PAUSES[0]  # as a try that never ended left it
    started = LiveServer(
        tmp_path / "served",
        free_port(),
        database_url,
        {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_SECURITY": "none",
            "MAIL_FROM": "w@example.org",
        },
    )
    started.data_dir.mkdir()
    started.start()
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with database.transaction() as db:
                kept = db.get(Mail, mail.id)
            if kept and kept.state == "sent":
                break
            time.sleep(0.05)
        assert state(kept) == ("sent", "")
        assert [(one["To"], one["Message-ID"]) for one in server.taken] == [
            ("head@example.org", f"<{mail.id}@example.org>")
        ]
        assert "head@example.org" not in started.log
    finally:
        started.kill()
        database.engine.dispose()
