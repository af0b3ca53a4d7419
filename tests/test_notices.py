"""What one process tells the others over Redis, and what becomes of it where Redis is away, slow or dumb (fault R6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from workshop import wellbeing
from workshop.realtime import notices
from workshop.realtime.notices import CHANNEL, Notices


class Settings:
    redis_url = "redis://somewhere"


class Elsewhere:
    """A keeper that keeps nothing, so that every change is to be told."""

    def keeps(self, _live_id: str) -> bool:
        return False


class House:
    settings, keepers = Settings(), Elsewhere()


@dataclass
class Redis:
    """A Redis that takes so many notices, and says these things to who listens; then it fails."""

    takes: int = 0
    says: list[Any] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    heard: list[bool] = field(default_factory=list)
    notices: Notices | None = None

    def publish(self, channel: str, live_id: str) -> None:
        assert channel == CHANNEL
        if len(self.taken) == self.takes:
            raise TimeoutError
        self.taken.append(live_id)

    def pubsub(self) -> Redis:
        return self

    def __enter__(self) -> Redis:
        return self

    def __exit__(self, *_about: object) -> None:
        pass

    def subscribe(self, _channel: str) -> None:
        pass

    def get_message(self, timeout: float) -> Any:
        assert self.notices is not None
        self.heard.append(self.notices.hears)
        return self.says.pop(0) if self.says else None

    def ping(self) -> None:
        raise TimeoutError


@pytest.fixture
def marked() -> list[str]:
    return []


@pytest.fixture
def told(marked: list[str]) -> Notices:
    return Notices(House(), marked.append, lambda: ["followed"])  # type: ignore[arg-type]


def test_what_redis_did_not_take_is_told_once_it_does(told: Notices) -> None:
    for live_id in ("a", "b", "c", "b", "d"):
        told.post(live_id)
    taken: list[str] = []
    while len(taken) < 3:  # the last one would wait for more to tell
        redis = Redis(takes=1)
        with pytest.raises(TimeoutError):
            told._tell(redis)
        taken += redis.taken
    assert sorted({*taken, *told._out}) == ["a", "b", "c", "d"]
    assert len(set(taken)) == 3, "each once, however often it changed meanwhile"


def test_a_redis_that_takes_the_call_and_never_answers_is_not_taken_for_heard(told: Notices, marked: list[str]) -> None:
    dumb = Redis(notices=told)
    with pytest.raises(TimeoutError):
        told._hear(dumb)
    assert dumb.heard == [False] and not told.hears
    told.look()
    assert marked == ["followed"], "it looks for itself"


def test_while_it_hears_it_need_not_look_and_when_redis_falls_silent_it_does(told: Notices, marked: list[str]) -> None:
    redis = Redis(says=[{"type": "subscribe", "data": 1}, {"type": "message", "data": b"changed"}], notices=told)
    with pytest.raises(TimeoutError):  # its answer to the ping never comes
        told._hear(redis)
    assert redis.heard == [False, True, True]
    assert marked == ["followed", "changed"]
    assert not told.hears
    told.look()
    assert marked[-1] == "followed"


def test_an_hour_without_redis_is_two_lines_of_the_log_and_a_figure(
    told: Notices, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At three in the morning the first line counts; every second a new one buried it."""
    heard = [{"type": "subscribe", "data": 1}]
    meets = iter([Redis(notices=told), Redis(notices=told), Redis(says=heard, notices=told), Redis(notices=told)])
    figures = []

    def next_one() -> Redis:
        redis = next(meets, None)
        if redis is None:
            raise GeneratorExit
        redis.close = lambda: None  # type: ignore[attr-defined]
        return redis

    monkeypatch.setattr(told, "_client", next_one)
    monkeypatch.setattr(notices.gevent, "sleep", lambda _seconds: None)
    told._mark = lambda _live_id: figures.append(wellbeing.ear.hears)
    caplog.set_level("INFO", "workshop")
    with pytest.raises(GeneratorExit):
        told._for_ever(told._hear)
    said = [record.getMessage().partition(";")[0] for record in caplog.records]
    assert said == ["Redis is away", "Redis is back", "Redis is away"]
    assert figures == [True] and not wellbeing.ear.hears
