"""The editor of guides over its pages, as staff meet them: with a script and without."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.a_whole_day import TITLE, Writer, write_the_day
from tests.conftest import CheckedClient, make_account, post, signed_in
from tests.pages import csrf_token
from workshop import live_sessions, live_state
from workshop.activities import KINDS
from workshop.guides import drafts, edits, library
from workshop.guides.ids import all_ids
from workshop.house import House
from workshop.models import Account

NEW = "/staff/guides/new"


@pytest.fixture
def writer(client: CheckedClient, facilitator: Account) -> Writer:
    """Return somebody in the editor of a guide with one step and one question."""
    made = Writer.on(signed_in(client, facilitator))
    made.begin("Our day")
    made.step("Arrive", 10)
    made.ask("choice", "Where first?", {}, ["Here", "There"])
    return made


def refused(client: FlaskClient, writer: Writer, do: str, status: int, **more: Any) -> str:
    """Press something that is not done; return the page that says why."""
    token = csrf_token(client.get(writer.path).get_data(as_text=True))
    data = {"csrf_token": token, "version": writer.version, "at": writer.at, "do": do, **more}
    answer = client.post(writer.path, data=data)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def by_script(client: FlaskClient, writer: Writer, do: str, **more: Any) -> dict[str, Any]:
    token = csrf_token(client.get(writer.path).get_data(as_text=True))
    answer = client.post(
        writer.path,
        data={"csrf_token": token, "version": writer.version, "at": writer.at, "do": do, **more},
        headers={"X-Requested-With": "fetch", "Accept": "application/json"},
    )
    told: dict[str, Any] = answer.get_json()
    return told


def stored(house: House, actor: Account, slug: str) -> edits.Data:
    with house.database.transaction() as session:
        return drafts.open_draft(session, actor, slug).data


# What is not done


def test_a_guide_needs_a_title_to_begin(client: CheckedClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    for title in ("", "   ", "x" * 121):
        answer = post(client, NEW, {"title": title, "language": "en"})
        assert answer.status_code == 422
        assert 'class="field__error"' in answer.get_data(as_text=True)
    assert post(client, NEW, {"title": "Fine", "language": "xx"}).status_code == 422


def test_what_cannot_be_pressed_is_refused_with_a_sentence_and_changes_nothing(
    client: CheckedClient, house: House, facilitator: Account, writer: Writer
) -> None:
    before = stored(house, facilitator, writer.slug)
    for do in (
        "nonsense", "add nothing", "method nothing", "duplicate", "delete nobody", "earlier nobody", "place arrive",
        f"place {writer.at} nobody 0", f"place {writer.at} new-step -1", "entry-add", "entry-add g.title",
        f"entry-add a.{writer.at}.prompt", "entry-drop a.b.c", f"entry-drop a.{writer.at}.settings.options.zzz",
        f"entry-place a.{writer.at}.settings.options.option-1 x", "language-add", "start", "discard",
    ):  # fmt: skip
        token = csrf_token(client.get(writer.path).get_data(as_text=True))
        data = {"csrf_token": token, "version": writer.version, "at": writer.at, "do": do, "starts": "25:99"}
        answer = client.post(writer.path, data=data)
        assert 400 <= answer.status_code < 500, do
        assert 'role="alert"' in answer.get_data(as_text=True), do
    for version in ("", "x", "-1", "99999999999", "١"):
        assert client.post(writer.path, data={**data, "version": version, "do": "add-step"}).status_code == 409
    assert stored(house, facilitator, writer.slug) == before
    assert client.post(writer.path, data={"do": "add-step"}).status_code == 400  # without its token


def test_what_was_typed_is_still_there_when_it_could_not_be_saved(
    client: CheckedClient, house: House, facilitator: Account, writer: Writer
) -> None:
    path = f"a.{writer.at}.prompt"
    with house.database.transaction() as session:
        seen = drafts.open_draft(session, facilitator, writer.slug).version
        drafts.enter(session, facilitator, writer.slug, seen, [drafts.Entered(path, ["Theirs"], None)])
    mine = {"fields": [path], path: "Mine & <b>", f"was:{path}": "Where first?"}
    page = refused(client, writer, "save", 409, **mine)
    assert "Mine &amp; &lt;b&gt;" in page and "Somebody else wrote here meanwhile" in page and "Theirs" in page
    told = by_script(client, writer, "save", **mine)
    assert (told["ok"], told["code"], told["path"], told["theirs"]) == (False, "conflict", path, "Theirs")
    writer.page = page  # pressing once more, on the page that came back, keeps mine
    writer.write({"prompt": "Mine"})
    assert stored(house, facilitator, writer.slug)["steps"][0]["activities"][0]["prompt"] == "Mine"

    with house.database.transaction() as session:
        seen = drafts.open_draft(session, facilitator, writer.slug).version
        drafts.change(session, facilitator, writer.slug, seen, lambda data: edits.delete(data, writer.at))
    page = refused(client, writer, "save", 404, **{**mine, path: "A long thought"})
    assert "You had typed:" in page and "A long thought" in page


def test_somebody_without_the_right_sees_neither_editor_nor_draft(
    client: CheckedClient, browser: Callable[[], CheckedClient], house: House, writer: Writer
) -> None:
    stranger = signed_in(browser(), make_account(house))
    token = csrf_token(stranger.get("/staff/guides/").get_data(as_text=True))
    for path in ("edit", "edit/file", "versions", "versions/1", "share", ""):
        assert stranger.get(f"/staff/guides/{writer.slug}/{path}").status_code == 404
    for path in ("edit", "publish", "versions/1/restore", "share", "editors", "copy", "archive", "back"):
        assert stranger.post(f"/staff/guides/{writer.slug}/{path}", data={"csrf_token": token}).status_code == 404
    for path in ("/staff/guides/", "/staff/", "/staff/sessions/new"):
        assert "Our day" not in stranger.get(path).get_data(as_text=True)
    assert stranger.get(f"/staff/sessions/new?guide={writer.slug}").status_code == 404
    assert client.get(f"/staff/sessions/new?guide={writer.slug}").status_code == 404  # no version yet
    writer.publish()
    assert client.get(f"/staff/sessions/new?guide={writer.slug}").status_code == 200
    assert stranger.get(f"/staff/sessions/new?guide={writer.slug}").status_code == 404


# What is done


def test_each_kind_has_a_form_and_a_preview_that_are_good_pages(client: CheckedClient, writer: Writer) -> None:
    for kind in KINDS:
        data = {"csrf_token": csrf_token(writer.page), "version": writer.version, "do": f"add {kind}", "answers": "1"}
        location = client.post(writer.path, data=data).location
        writer.page = client.get(location).get_data(as_text=True)
        assert 'id="frame-phone"' in writer.page, kind
    assert "to fill in" in writer.page


def test_hostile_words_stay_words_in_the_form_the_agenda_and_the_pictures(
    client: CheckedClient, writer: Writer
) -> None:
    hostile = '"></iframe><script>alert(1)</script>{{ 7*7 }}'
    writer.write({"prompt": hostile})
    for path in (f"{writer.path}?at={writer.at}", f"{writer.path}?at={writer.at}&answers=1", writer.path + "?add=1"):
        page = client.get(path).get_data(as_text=True)
        assert "<script>alert" not in page and "49" not in page.split("srcdoc")[-1]
        assert page.count("</iframe>") in (0, 2)


def test_a_translation_is_written_beside_the_guides_own_words(
    client: CheckedClient, house: House, facilitator: Account, writer: Writer
) -> None:
    at = writer.at
    token = csrf_token(writer.page)
    answer = client.post(
        writer.path, data={"csrf_token": token, "version": writer.version, "do": "language-add", "new_language": "de"}
    )
    assert "language=de" in answer.location
    page = client.get(f"{writer.path}?at={at}&language=de").get_data(as_text=True)
    assert "4 texts missing" not in page and "5 texts missing" in page and 'class="ed-own"' in page
    path = f"a.{at}.prompt"
    told = client.post(
        writer.path,
        data={
            "csrf_token": token, "at": at, "language": "de", "do": "save", "fields": [path], path: "Wo zuerst?",
            f"was:{path}": "", "version": str(int(writer.version) + 1),
        },
    )  # fmt: skip
    assert told.status_code == 303
    assert stored(house, facilitator, writer.slug)["translations"] == {"de": {at: {"prompt": "Wo zuerst?"}}}
    stage, phone = html.unescape(client.get(told.location).get_data(as_text=True)).split("<iframe")[1:]
    assert '<html lang="de"' in stage and "Wo zuerst?" in stage
    assert '<html lang="de"' in phone and "Wo zuerst?" in phone and "There" in phone  # what lacks stays as it is
    assert "Seen by" not in phone and "Open now" not in stage


def test_a_script_gets_the_page_anew_and_a_form_is_sent_back_to_it(client: CheckedClient, writer: Writer) -> None:
    told = by_script(client, writer, "start", starts="13:30")
    assert told["ok"] and 'value="13:30"' in told["html"] and "<!doctype" not in told["html"].lower().split("srcdoc")[0]
    assert (
        client.get(writer.path, headers={"X-Requested-With": "fetch"})
        .get_data(as_text=True)
        .lstrip()
        .startswith('<div id="editor"')
    )
    told = by_script(client, writer, f"duplicate {writer.at}")
    assert told["at"] == f"{writer.at}-2" and told["said"] == "Copied. You are at the copy now."


def test_versions_are_published_compared_and_restored_on_their_pages(
    client: CheckedClient, house: House, facilitator: Account, writer: Writer
) -> None:
    versions = f"/staff/guides/{writer.slug}/versions"
    writer.publish("The first")
    assert client.get(writer.path).status_code == 200
    writer.go("arrive")  # publishing named the step
    writer.write({"title": "Come in", "minutes": ""})
    page = client.get(versions).get_data(as_text=True)
    assert "1 thing to do" in page and "Publish version 2" not in page
    assert post(client, f"/staff/guides/{writer.slug}/publish", {"version": "1"}, page=versions).status_code == 422
    writer.write({"minutes": "12"})
    page = client.get(versions).get_data(as_text=True)
    assert "What is new since version 1" in page and "<del" in page
    writer.publish("The second")
    page = client.get(f"{versions}/2").get_data(as_text=True)
    assert (
        "From version 1 to version 2" in page
        and "Come in" in page
        and "The whole takes 12 minutes instead of 10" in page
    )
    assert client.get(f"{versions}/2?since=x").status_code == 200
    assert client.get(f"{versions}/9").status_code == 404
    assert post(client, f"{versions}/1/restore", page=versions).status_code == 303
    assert stored(house, facilitator, writer.slug)["steps"][0]["title"] == "Arrive"
    page = client.get(versions).get_data(as_text=True)
    assert "Version 3" in page and "Nothing has changed since version 3" in page
    writer.go("arrive")
    writer.write({"title": "Other"})
    writer.press("discard")
    assert stored(house, facilitator, writer.slug)["steps"][0]["title"] == "Arrive"


def test_a_guide_is_shared_with_all_and_with_one_and_taken_back(
    client: CheckedClient, browser: Callable[[], CheckedClient], house: House, writer: Writer
) -> None:
    share, colleague = f"/staff/guides/{writer.slug}/share", make_account(house, name="Cleo Colleague")
    assert post(client, share, {"shared": "everybody"}).status_code == 422
    assert (
        post(client, f"/staff/guides/{writer.slug}/editors", {"email": "no@example.org"}, page=share).status_code == 422
    )
    added = post(client, f"/staff/guides/{writer.slug}/editors", {"email": colleague.email}, page=share)
    assert added.status_code == 303
    other = signed_in(browser(), colleague)
    assert other.get(writer.path).status_code == 200
    assert "Fay Facilitator decides" in other.get(share).get_data(as_text=True)
    assert "Cleo Colleague" in client.get(share).get_data(as_text=True)
    post(client, f"/staff/guides/{writer.slug}/editors", {"remove": colleague.id}, page=share)
    assert other.get(writer.path).status_code == 404
    writer.publish()
    post(client, share, {"shared": "use"})
    assert other.get(writer.path).status_code == 403
    copied = post(other, f"/staff/guides/{writer.slug}/copy", page=f"/staff/guides/{writer.slug}/")
    assert "Copy of Our day" in other.get(copied.location).get_data(as_text=True)


def test_a_guide_is_archived_and_brought_back_and_its_draft_is_a_file_too(
    client: CheckedClient, house: House, facilitator: Account, writer: Writer
) -> None:
    file = client.get(f"{writer.path}/file")
    assert file.mimetype == "application/yaml" and b"Where first?" in file.data
    share = f"/staff/guides/{writer.slug}/share"
    post(client, f"/staff/guides/{writer.slug}/archive", page=share)
    assert client.get(writer.path).status_code == 404
    assert "Our day" in client.get("/staff/guides/archived").get_data(as_text=True)
    back = post(client, f"/staff/guides/{writer.slug}/back", page="/staff/guides/archived")
    assert client.get(back.location).location.endswith(writer.path)
    token = csrf_token(client.get("/staff/guides/").get_data(as_text=True))
    brought = client.post(
        "/staff/guides/import", data={"csrf_token": token, "file": (io.BytesIO(file.data), "draft.yaml")}
    )
    assert brought.status_code == 303
    slug = brought.location.split("/")[3]
    assert {**stored(house, facilitator, slug), "id": ""} == {**stored(house, facilitator, writer.slug), "id": ""}


def test_a_whole_day_is_written_published_and_opened_as_a_session(
    app: Flask, house: House, facilitator: Account
) -> None:
    client = FlaskClient(app, app.response_class)
    slug = write_the_day(Writer.on(signed_in(client, facilitator)))
    with house.database.transaction() as session:
        entry = library.get_guide(session, facilitator, slug)
        data = drafts.open_draft(session, facilitator, slug).data
    assert entry.guide and entry.title == TITLE
    assert len({one.kind for one in entry.guide.activities}) >= 17, "a whole day shows what there is"
    assert (entry.guide.minutes, len(entry.guide.steps), len(entry.guide.activities)) == (380, 17, 27)
    assert not any(name.startswith("new-") for name in all_ids(data))
    new = live_sessions.NewSession(
        guide_id=entry.id, title=TITLE, team="", language="en", expected=30, leader="Fay", leader_is_manager=False
    )
    live_id = live_sessions.create(house, facilitator, new)
    for _move in entry.guide.activities:
        with house.database.transaction() as session:
            live = live_sessions.get(session, live_id)
            assert live_state.guide_of(live).activities
        live_sessions.move(house, "run", live_id, "start" if live.phase == "lobby" else "next", "", live.version)
    assert client.get(f"/staff/sessions/{live_id}/").status_code == 200
    assert b"15:20" in client.get(f"/staff/guides/{slug}/script?start=09:00").data
