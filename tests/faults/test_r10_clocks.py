"""Fault R10: somebody sets the server's clock in mid-session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workshop.house import SteadyClock

MORNING = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


class Machine:
    """A clock on the wall, which can be set, and one that only counts."""

    def __init__(self) -> None:
        self.wall = MORNING
        self.counted = 1000.0

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.counted += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> SteadyClock:
    return SteadyClock(lambda: machine.wall, lambda: machine.counted)


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=7), timedelta(days=2)])
def test_a_timer_does_not_hear_of_a_clock_that_is_set(machine: Machine, clock: SteadyClock, jump: timedelta) -> None:
    ends = clock() + timedelta(minutes=5)
    machine.pass_by(60)
    machine.wall += jump
    machine.pass_by(60)
    assert ends - clock() == timedelta(minutes=3)


def test_a_clock_that_was_never_set_is_believed_once_it_is(machine: Machine) -> None:
    machine.wall = datetime(1970, 1, 1, tzinfo=UTC)
    clock = SteadyClock(lambda: machine.wall, lambda: machine.counted)
    machine.wall = MORNING
    assert clock() == MORNING
    machine.pass_by(30)
    assert clock() == MORNING + timedelta(seconds=30)


def test_time_passes_as_it_should(machine: Machine, clock: SteadyClock) -> None:
    machine.pass_by(3600)
    assert clock() == MORNING + timedelta(hours=1)
    assert abs(SteadyClock()() - datetime.now(UTC)) < timedelta(minutes=1)
