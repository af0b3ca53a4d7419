"""Handing the manager's report over: links, the page behind them, the record, and mails through the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_account, post, signed_in
from tests.mail_server import MailServer
from tests.report_world import LATER, add_live
from tests.test_report_pages import address, frozen, live, now, printer, runner  # noqa: F401 - fixtures among them
from workshop import anonymity, deliveries, jobs, outbox
from workshop.db import Base
from workshop.house import House
from workshop.models import Delivery, Freeze, LiveSession, Mail, ReportFile, SessionRole
from workshop.report_worker import Printed, PrintFailed

ROLE = 'Head of <b onclick="x">department</b> & "more"'
DAY = timedelta(days=1)


@pytest.fixture
def report(app: Flask, runner: FlaskClient, live: LiveSession, printer: Callable[..., None]) -> LiveSession:  # noqa: F811
    """Return a session whose report is frozen and printed."""
    frozen(app, runner, live)
    return live


def handed(client: FlaskClient, report: LiveSession, reader: str = "Head of department", days: int = 30) -> str:
    """Make a link through the page; return its path."""
    page = f"/staff/sessions/{report.id}/deliveries"
    before = links(client, report)
    assert post(client, page, {"reader": reader, "days": str(days)}, page=address(report)).status_code == 303
    [made] = set(links(client, report)) - set(before)
    return made


def links(client: FlaskClient, report: LiveSession) -> list[str]:
    """Return the links that the page of the report offers to copy."""
    return re.findall(r'value="[^"]*(/r/[\w.-]+)"', client.get(address(report)).get_data(as_text=True))


def seated(client: FlaskClient, house: House, live_id: str) -> FlaskClient:
    """Give a browser a seat in a session that is over."""
    seat = anonymity.seat_value(house.seat_key, live_id, anonymity.new_secret())
    client.set_cookie(anonymity.seat_cookie(live_id, house.settings.https), seat)
    return client


def opened(house: House) -> list[int]:
    """Return the totals of all deliveries."""
    with house.database.transaction() as db:
        return sorted(one.opened for one in db.query(Delivery))


def test_every_link_that_opens_nothing_gets_the_same_answer(
    app: Flask,
    other_app: Callable[..., Flask],
    house: House,
    runner: FlaskClient,  # noqa: F811
    report: LiveSession,
    now: Callable[..., None],  # noqa: F811
    browser: Callable[[], FlaskClient],
) -> None:
    good, revoked = handed(runner, report), handed(runner, report, "Somebody else")
    with house.database.transaction() as db:
        [gone] = db.query(Delivery).filter_by(reader="Somebody else")
        unknown = Delivery(id=anonymity.new_id())
    assert deliveries.path(house, gone) == revoked
    taken = f"/staff/sessions/{report.id}/deliveries/{gone.id}/revoke"
    for _twice in range(2):
        assert post(runner, taken, page=address(report)).status_code == 303
    reader = browser()
    assert reader.get(good).status_code == 200

    other = other_app(secret_key="another secret of another installation, long enough")
    other.extensions["house"] = replace(other.extensions["house"], clock=lambda: LATER)
    ours_there = other.test_client().get(good)  # a copied database under another key

    name, _dot, mac = good.removeprefix("/r/").partition(".")
    last = "A" if mac[-1] != "A" else "E"
    bad = [
        revoked,
        deliveries.path(house, unknown),
        f"/r/{name}.{mac[:-1]}{last}",
        f"/r/{name}.{'A' * 22}",
        f"/r/{name[:-1]}{'A' if name[-1] != 'A' else 'E'}.{mac}",
        f"/r/{name}",
        f"/r/{name}.",
        f"/r/{name}.{mac}=",
        f"/r/{name}.{mac}%0A",
        f"/r/{name}%00.{mac}",
        "/r/x",
        "/r/%F0%9F%94%91",
    ]
    answers = [reader.get(path + rest) for path in bad for rest in ("", "/report.pdf", "/report.pdf?paper=Letter")]
    assert opened(house) == [0, 1]
    now(LATER + 30 * DAY)
    answers += [reader.get(good), reader.get(f"{good}/report.pdf")]
    assert {(one.status_code, one.data) for one in answers} == {(404, ours_there.data)}
    assert len({str(sorted(one.headers.items())) for one in answers}) == 1
    page = answers[0].get_data(as_text=True)
    assert "Ask the person who sent it" in page and "noindex" in answers[0].headers["X-Robots-Tag"]


def test_a_link_opens_the_same_letter_as_the_report_and_counts_only_a_total(
    house: House,
    runner: FlaskClient,  # noqa: F811
    report: LiveSession,
    browser: Callable[[], FlaskClient],
) -> None:
    link, reader = handed(runner, report, ROLE, 7), browser()
    answer = reader.get(link, headers={"User-Agent": "canary-agent", "Referer": "http://canary.example"})
    page = answer.get_data(as_text=True)
    assert "Head of &lt;b onclick=" in page and "<b onclick" not in page
    original = runner.get(address(report, "/manager/page")).get_data(as_text=True)
    assert page.partition("<main>")[2] == original.partition("<main>")[2] != ""
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"] and 'name="robots" content="noindex"' in page
    assert "Set-Cookie" not in answer.headers
    style = reader.get(re.findall(r'rel="stylesheet" href="([^"]+)"', page)[0])
    assert style.mimetype == "text/css" and ".handed" in style.get_data(as_text=True)
    assert opened(house) == [1]
    reader.head(link)
    reader.get(link, headers={"Sec-Purpose": "prefetch;prerender"})
    reader.get(f"{link}/report.pdf")
    assert opened(house) == [1]
    reader.get(link)
    assert opened(house) == [2]
    with house.database.transaction() as db:
        stored = repr([tuple(row) for table in Base.metadata.sorted_tables for row in db.execute(table.select())])
    assert "canary-agent" not in stored and "canary.example" not in stored
    assert link.rpartition(".")[2] not in stored
    assert "opened 2 times" in runner.get(address(report)).get_data(as_text=True)


def test_the_pdf_behind_a_link_is_the_stored_file(
    app: Flask,
    house: House,
    runner: FlaskClient,  # noqa: F811
    live: LiveSession,  # noqa: F811
    printer: Callable[..., None],  # noqa: F811
    browser: Callable[[], FlaskClient],
) -> None:
    printer(lambda _report, paper, **_options: Printed(f"%PDF {paper}".encode()))
    frozen(app, runner, live)
    link, reader = handed(runner, live), browser()
    for query, content in {"": b"%PDF A4", "?paper=Letter": b"%PDF Letter", "?paper=x": b"%PDF A4"}.items():
        answer = reader.get(f"{link}/report.pdf{query}")
        assert (answer.data, answer.mimetype) == (content, "application/pdf")
        assert answer.headers["Cache-Control"] == "no-store" and "noindex" in answer.headers["X-Robots-Tag"]
        assert "filename=Getting-unstuck.pdf" in answer.headers["Content-Disposition"]
    with house.database.transaction() as db:
        db.query(ReportFile).filter_by(edition="manager", paper="A4").delete()
    answer = reader.get(f"{link}/report.pdf")
    assert answer.status_code == 503 and answer.headers["Retry-After"] and "being made" in answer.get_data(as_text=True)
    with app.app_context():
        assert jobs.wait(app.extensions["house"], 60)
    assert reader.get(f"{link}/report.pdf").data == b"%PDF A4"

    def broken(*_arguments: object, **_options: object) -> Printed:
        raise PrintFailed("No.")

    printer(broken)
    with house.database.transaction() as db:
        db.query(ReportFile).filter_by(edition="manager", paper="A4").delete()
    reader.get(f"{link}/report.pdf")
    assert jobs.wait(app.extensions["house"], 60)
    answer = reader.get(f"{link}/report.pdf")
    assert answer.status_code == 503 and "could not be made" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "change",
    [
        {"reader": ""},
        {"reader": " \n "},
        {"reader": "x" * 121},
        {"reader": "head@example.org"},
        {"days": "31"},
        {"days": ""},
        {"days": "9" * 40},
    ],
    ids=repr,
)
def test_a_link_without_a_reader_or_a_term_is_refused_with_what_was_typed(
    runner: FlaskClient,  # noqa: F811
    report: LiveSession,
    house: House,
    change: dict[str, str],
) -> None:
    page = f"/staff/sessions/{report.id}/deliveries"
    answer = post(runner, page, {"reader": "Head", "days": "30", **change}, page=address(report))
    assert answer.status_code == 422 and 'role="alert"' in answer.get_data(as_text=True)
    if change.get("reader", "").strip():
        assert change["reader"] in answer.get_data(as_text=True)
    assert opened(house) == []


def test_nothing_is_handed_over_before_the_freeze_nor_the_facilitators_edition(
    house: House,
    runner: FlaskClient,  # noqa: F811
    live: LiveSession,  # noqa: F811
) -> None:
    page = f"/staff/sessions/{live.id}/deliveries"
    assert post(runner, page, {"reader": "Head", "days": "30"}, page=address(live)).status_code == 404
    for edition in ("facilitator", "none"):
        with pytest.raises(Exception, match="not handed over"), house.database.transaction() as db:
            deliveries.make(db, live.id, edition, "Head", 30, LATER)


def test_the_people_of_a_session_read_who_has_the_report_and_nothing_more(
    house: House,
    app: Flask,
    runner: FlaskClient,  # noqa: F811
    report: LiveSession,
    browser: Callable[[], FlaskClient],
) -> None:
    record, phone = f"/s/{report.id}/reports", seated(browser(), house, report.id)
    assert "Nothing has been handed over yet." in phone.get(record).get_data(as_text=True)
    link = handed(runner, report, ROLE)
    handed(runner, report, "Works council")
    with house.database.transaction() as db:
        [council] = db.query(Delivery).filter_by(reader="Works council")
        [head] = db.query(Delivery).filter_by(reader=ROLE)
        deliveries.revoke(db, report.id, council.id, LATER + DAY)
        letter = outbox.put(
            db, replace(house.settings, smtp_host="x", mail_from="w@example.org"), LATER,
            recipient="canary@example.org", subject="canary", body="canary", delivery=head, live=report,
        )  # fmt: skip
        assert letter.body == f"canary\n\n{outbox.LINK}"
    browser().get(link)
    page = phone.get(record).get_data(as_text=True)
    assert "Head of &lt;b onclick=" in page and "<b onclick" not in page
    assert "handed over on November 4, 2026" in page and "taken back on November 5, 2026" in page
    assert "works until December 4, 2026" in page
    assert "canary" not in page and "/r/" not in page and "opened" not in page
    for stranger in (browser(), seated(browser(), house, "another" * 3), runner):
        assert stranger.get(record).status_code == 404


def test_links_and_mails_belong_to_their_session_and_to_who_runs_it(
    app: Flask,
    house: House,
    runner: FlaskClient,  # noqa: F811
    report: LiveSession,
    browser: Callable[[], FlaskClient],
) -> None:
    app.extensions["house"] = at_work = replace(
        app.extensions["house"], settings=replace(house.settings, smtp_host="x", mail_from="w@example.org")
    )
    link = handed(runner, report)
    with house.database.transaction() as db:
        [delivery] = db.query(Delivery)
        other = add_live(db, runner=runner.person)  # type: ignore[attr-defined]
        letter = outbox.put(
            db,
            at_work.settings,
            LATER,
            recipient="a@example.org",
            subject="x",
            body="x",
            delivery=delivery,
            live=report,
        )
    watching = make_account(house)
    with house.database.transaction() as db:
        db.add(SessionRole(live_id=report.id, account_id=watching.id, role="watch"))
    watcher = signed_in(browser(), watching)
    acts = (f"deliveries/{delivery.id}/revoke", f"deliveries/{delivery.id}/mail", f"mails/{letter.id}/cancel")
    for act in acts:
        assert post(runner, f"/staff/sessions/{other.id}/{act}", page=address(report)).status_code == 404
        assert post(watcher, f"/staff/sessions/{report.id}/{act}", page="/staff/").status_code == 403
    assert watcher.get(f"/staff/sessions/{report.id}/deliveries/{delivery.id}/mail").status_code == 403
    assert browser().get(link).status_code == 200
    with house.database.transaction() as db:
        assert db.query(Mail).one().state == "waiting"
        db.query(Freeze).delete()
    assert browser().get(link).status_code == 404
    with house.database.transaction() as db:
        assert db.query(Delivery).count() == db.query(Mail).count() == 0


def test_a_mail_is_shown_as_it_leaves_and_leaves_as_it_was_shown(
    app: Flask,
    house: House,
    runner: FlaskClient,  # noqa: F811
    report: LiveSession,
) -> None:
    link = handed(runner, report, "Head of <department>")
    assert "Send by e-mail" not in runner.get(address(report)).get_data(as_text=True)
    with house.database.transaction() as db:
        [delivery] = db.query(Delivery)
        content = db.query(ReportFile).filter_by(edition="manager", paper="A4").one().content
    write = f"/staff/sessions/{report.id}/deliveries/{delivery.id}/mail"
    assert runner.get(write).status_code == 404
    with MailServer() as server:
        app.extensions["house"] = at_work = replace(
            app.extensions["house"],
            settings=replace(
                house.settings,
                smtp_host="127.0.0.1",
                smtp_port=server.port,
                smtp_security="none",
                mail_from="W <w@example.org>",
            ),
        )
        page = runner.get(write).get_data(as_text=True)
        assert "[link]" in page and "Head of &lt;department&gt;" in page and "Fay" in page
        fields = {"recipient": "head@example.org", "subject": "The <report>", "body": "Read this:\r\n[link]\r\n<Fay>"}
        for broken in ({"recipient": "a@example.org\nBcc: b@example.org"}, {"subject": "x\ny"}, {"body": ""}):
            for then in ("preview", "send"):
                answer = post(runner, write, {**fields, **broken, "then": then})
                page = answer.get_data(as_text=True)
                assert answer.status_code == 422 and 'role="alert"' in page
                assert ("Read this" in page) != ("body" in broken)
        assert server.said == []
        preview = post(runner, write, {**fields, "attach": "y", "then": "preview"}).get_data(as_text=True)
        whole = f"{at_work.settings.public_url}{link}"
        text = f"Read this:\n{whole}\n<Fay>\n"
        assert (
            "W &lt;w@example.org&gt;" in preview and "head@example.org" in preview and "The &lt;report&gt;" in preview
        )
        assert f"Read this:\n{whole}\n&lt;Fay&gt;" in preview and "the PDF, A4" in preview
        assert "[link]" in post(runner, write, {**fields, "then": "change"}).get_data(as_text=True)
        for _twice in range(2):
            assert post(runner, write, {**fields, "attach": "y", "then": "send"}).status_code == 303
        with house.database.transaction() as db:
            assert link.rpartition(".")[2] not in db.query(Mail).one().body
        assert "leaves within seconds" in runner.get(address(report)).get_data(as_text=True)
        server.answers["RCPT"] = "451 <later>"
        outbox.tick(at_work)
        page = runner.get(address(report)).get_data(as_text=True)
        assert "451 &lt;later&gt;" in page and "Tried again in about a minute." in page
        del server.answers["RCPT"]
        again = re.findall(r'action="([^"]+/again)"', page.partition('id="delivery"')[2])[0]
        assert post(runner, again, page=address(report)).status_code == 303
        outbox.tick(at_work)
        [mail] = server.taken
        plain, pdf = mail.get_body(), next(iter(mail.iter_attachments()))
        assert plain is not None and plain.get_content().replace("\r\n", "\n") == text
        assert (pdf.get_content_type(), pdf.get_filename(), pdf.get_content()) == (
            "application/pdf",
            "report.pdf",
            content,
        )
        assert (mail["From"], mail["To"], mail["Subject"]) == ("W <w@example.org>", "head@example.org", "The <report>")
        page = runner.get(address(report)).get_data(as_text=True).partition('id="delivery"')[2]
        assert "Sent" in page and "head@example.org" in page

        # A link that is taken back takes its waiting mails along.
        assert post(runner, write, {**fields, "then": "send"}).status_code == 303
        assert post(runner, write.replace("/mail", "/revoke"), page=address(report)).status_code == 303
        outbox.tick(at_work)
        assert len(server.taken) == 1
        assert "Cancelled" in runner.get(address(report)).get_data(as_text=True)
        assert runner.get(write).status_code == 409
