"""Alive, ready, and figures that count nobody; who may read them; what a line of the log holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import LiveServer
from tests.journeys.hands import Room
from tests.promises.stagehands import canary
from workshop import logs, wellbeing
from workshop.house import House
from workshop.realtime import clockwork
from workshop.settings import Settings, SettingsError

TOKEN = "a token that only the scraper knows"
TIDES = {"cpu_seconds", "memory_bytes", "loop_late_seconds", "disk_free_bytes"}
"""Figures of the machine, which move by themselves in coarse steps."""


def samples(text: str) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_are_closed_to_other_machines_and_to_whatever_a_proxy_passes_on(
    app: Flask, other_app: Callable[..., Flask]
) -> None:
    client = app.test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"):
        assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 404
    behind = other_app(trusted_proxies=1, base_url="https://workshop.example.org").test_client()
    forged = {"X-Forwarded-For": "127.0.0.1", "Host": "workshop.example.org"}
    assert behind.get("/metrics", headers=forged).status_code == 404
    far = behind.get("/metrics", headers=forged, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert far.status_code == 404, "what the proxy says about itself is not looked at"


@pytest.mark.usefixtures("app")
def test_with_a_token_only_the_token_opens_the_figures(other_app: Callable[..., Flask]) -> None:
    client = other_app(metrics_token=TOKEN).test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer \xe9"}).status_code == 404
    opened = client.get(
        "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert opened.status_code == 200 and "unstuck_ready 1.0" in opened.get_data(as_text=True)


def test_a_short_token_is_refused() -> None:
    with pytest.raises(SettingsError, match="METRICS_TOKEN="):
        Settings.from_env({"METRICS_TOKEN": "short", "SECRET_KEY": "x" * 40})


@pytest.mark.usefixtures("app")
def test_health_is_told_under_any_name_and_nothing_else_is(other_app: Callable[..., Flask]) -> None:
    client = other_app(base_url="https://workshop.example.org").test_client()
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "10.0.0.7:8000"}).status_code == 400


def test_a_server_that_cannot_serve_says_why_and_stays_alive(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    with monkeypatch.context() as full:
        full.setattr(wellbeing, "_free", lambda _folder: 1_000_000)
        answer = client.get("/readyz")
        assert answer.status_code == 503 and "disk is full" in answer.get_data(as_text=True)
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("alter table alembic_version rename to gone")
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "database does not answer" in answer.get_data(as_text=True)
    assert client.get("/healthz").status_code == 200
    assert "unstuck_ready 0.0" in client.get("/metrics").get_data(as_text=True)


def test_errors_are_counted_by_room_without_their_words() -> None:
    word = canary()
    logs.configure("INFO")
    logging.getLogger("workshop.realtime.events").error("an event failed: %s", word)
    assert wellbeing.troubles.seen["realtime"] >= 1
    assert word not in repr(wellbeing.troubles.seen)


def test_a_task_that_fails_for_an_hour_is_told_once_a_minute_with_its_room_and_when_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> None:
        json.loads("no document")

    caplog.set_level("INFO", "workshop")
    told = None
    for second in (0.0, 1.0, 2.0, 61.0, 62.0):
        told = clockwork._tried(fails, told, lambda at=second: at)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "(test_health): JSONDecodeError" in caplog.text
    assert clockwork._tried(lambda: None, told) is None and "works again" in caplog.text


def test_no_figure_moves_when_phones_join_and_answer(live_server: LiveServer) -> None:
    """The control: the figures that a Prometheus client brings along do move, by one for each phone."""

    def figures() -> dict[str, float]:
        text = leader.browser.fetch("/metrics").text
        return {n: v for n, v in samples(text).items() if not any(tide in n for tide in TIDES)}

    def stock() -> float:
        registry = CollectorRegistry()
        assert live_server.process is not None
        ProcessCollector(pid=lambda: live_server.process.pid, registry=registry)  # type: ignore[union-attr]
        return samples(generate_latest(registry).decode())["process_open_fds[]"]

    with Room(live_server, 1) as room:
        leader = room.leader
        run = room.ask()
        before, open_files = figures(), stock()
        assert len(before) >= 8
        extra = [room.another() for _ in range(3)]
        for phone in (*room.phones[:1], *extra):
            assert room.send(phone, run, 1, canary())["ok"]
        assert figures() == before
        assert stock() >= open_files + 3


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_line_says_where_something_broke_and_never_with_what(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    word = canary()
    logs.configure("DEBUG", form)
    log = logging.getLogger("workshop.test")
    try:
        raise ValueError(word)
    except ValueError:
        log.exception("a thing failed")
    log.warning("a sentence\nwith a second line")
    said = capsys.readouterr().err
    logging.getLogger().handlers.clear()
    assert word not in said
    assert "ValueError" in said and "test_health.py" in said
    if form == "json":
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["level"] for line in lines] == ["ERROR", "WARNING"]
        assert lines[0]["error"] == "ValueError"
        assert not {"time", "timestamp", "created"} & set(lines[0])


def test_an_unknown_form_of_the_log_is_refused() -> None:
    with pytest.raises(SettingsError, match="LOG_FORMAT=text or json"):
        Settings.from_env({"LOG_FORMAT": "xml", "SECRET_KEY": "x" * 40})
