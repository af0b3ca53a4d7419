"""The whole proof: the product, and the build that leaks on purpose, by the same harness.

Lives here: the order, the sizes of samples, and the time. Not here: the looking
(`checks/`, `attackers.py`) and the words of the report (`verdicts.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

from . import attackers, season
from .cast import Staff
from .checks import Check, World, asides, beside, doors, in_turn, manners, own, papers, read_first, sealed, traces
from .control import Control
from .scratch import Scratch
from .verdicts import INCONCLUSIVE, PROMISES, Finding, Proof
from .wire import WireError

_PLAN, _FIRST, *_BESIDE = beside.CHECKS
CHECKS: tuple[Check, ...] = (
    *traces.CHECKS[:1], _PLAN, *sealed.CHECKS, *manners.CHECKS, _FIRST, *own.CHECKS, *papers.CHECKS, *read_first.CHECKS,
    *asides.CHECKS, *_BESIDE, *in_turn.CHECKS, *doors.CHECKS, *traces.CHECKS[1:],
)  # fmt: skip
"""In this order: mischief first, so that the log has had time; check-ins apart, because they open by the server's
own clock and nobody waits for it; the search of clocks after everything."""


@dataclass(frozen=True)
class Size:
    """How much is played. `questions` and `seconds` bound the season, `reports` its sessions whose report is read."""

    questions: int
    seconds: float
    reports: int
    control: int  # questions of the leaky build, each watched closely
    orders: int = 3  # so many times the checks look at an order


QUICK = Size(questions=400, seconds=120.0, reports=2, control=16)
"""Within ten minutes on a small machine, and an honest "inconclusive" wherever the sample is too small."""
THOROUGH = Size(questions=4600, seconds=6 * 3600.0, reports=115, control=40, orders=200)
"""The contract's 4,000 assignments for each adversary; a tenth on top is for learning alone. Of each session the report is read."""


def prove(
    environ: Mapping[str, str],
    *,
    size: Size = QUICK,
    say: Callable[[str], None] = print,
    database_url: str = "",
    only: frozenset[int] = frozenset(PROMISES),
) -> Proof:
    """Play everything on the product and on the leaky build, and return what was found.

    `database_url`: an empty database of another server, where the installation
    uses one. `only`: some promises, for tests.
    """
    began = time.monotonic()
    say("Playing sessions against this installation, and the same against a build that leaks on purpose.")
    # Side by side: half of the time is waiting for the product's own clock.
    with Control(environ, asdict(size), only) as control:
        found = _looked(environ, size, say, database_url, "", only)
        say("Waiting for the leaky build ...")
        broken = control.findings()
    return Proof(found, broken, size.questions >= THOROUGH.questions, time.monotonic() - began)


def look(
    environ: Mapping[str, str], leaks: str, *, size: Size = QUICK, only: frozenset[int] = frozenset(PROMISES)
) -> list[Finding]:
    """Return what the harness finds in a build with these leaks alone; for tests of the harness itself."""
    return _looked(environ, size, lambda _line: None, "", leaks, only)


def _looked(
    environ: Mapping[str, str],
    size: Size,
    say: Callable[[str], None],
    database_url: str,
    leaks: str,
    only: frozenset[int],
) -> list[Finding]:
    with Scratch(environ, leaks=leaks, database_url=database_url) as scratch:
        world = World(scratch, Staff.of(scratch), say, leaky=bool(leaks), orders=World.orders if leaks else size.orders)
        found: list[Finding] = []
        for check in CHECKS:
            if _promises(check) & only:
                found += _safely(check, world)
        if only & SEASON:
            played = season.play(
                scratch,
                world.staff,
                size.control if leaks else size.questions,
                reports=size.reports,
                closely=1 if leaks else season.CLOSELY,
                seconds=size.seconds,
                say=say,
            )
            world.marks += played.marks
            world.words += played.words
            say("  Linking what was seen ...")
            found += attackers.verdicts(played)
        if 6 in only:
            found += _safely(traces.after_the_stop, world)
        return sorted((finding for finding in found if finding.promise in only), key=lambda finding: finding.promise)


SEASON = frozenset({1, 4, 5, 11})
"""Promises that are a matter of odds."""

ABOUT: dict[str, frozenset[int]] = {
    "mischief": frozenset({6}), "unchanged": frozenset({1}), "pools": frozenset({2}), "floors": frozenset({3}),
    "taken_back": frozenset({7}), "copy_in_the_middle": frozenset({5}), "silence": frozenset({12}),
    "presence": frozenset({13}), "keyboard": frozenset({14}), "said": frozenset({17}), "private_paper": frozenset({15}),
    "slips": frozenset({16}), "one_device": frozenset({16}), "report": frozenset({9, 11}), "shapes": frozenset({10}),
    "doors": frozenset({8}), "read_first": frozenset({5, 8}), "asked_back": frozenset({9}),
    "parked": frozenset({1, 3, 5}), "breakouts": frozenset({3, 5}),
    "paper": frozenset({3, 16}), "votes": frozenset({1, 3}), "plan_check_ins": frozenset({1, 3, 4}),
    "check_in": frozenset({1, 3, 4}), "check_in_again": frozenset({3, 4}),
    "asked_in_turn": frozenset({5}), "check_in_box": frozenset({4}), "clocks": frozenset({6}),
}  # fmt: skip
"""Which promises a check looks at."""


def _promises(check: Check) -> frozenset[int]:
    return ABOUT[check.__name__]


def _safely(check: Check, world: World) -> Iterator[Finding]:
    """Yield what a check finds; one that cannot be played is inconclusive, and says why, instead of ending the proof."""
    world.say(f"  {check.__name__.replace('_', ' ')} ...")
    try:
        yield from check(world)
    except (WireError, AssertionError, KeyError, IndexError) as reason:
        for promise in sorted(_promises(check)):
            yield Finding(
                f"{check.__name__}-{promise}", promise, "nobody", f"the check {check.__name__.replace('_', ' ')}",
                INCONCLUSIVE, f"it could not be played: {type(reason).__name__}: {reason}"[:200],
            )  # fmt: skip
