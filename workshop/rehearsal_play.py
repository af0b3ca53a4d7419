"""A guide played from beginning to end by simulated phones, and told in lines: `python -m workshop rehearse`.

Lives here: pressing the buttons and telling what came. Not here: the phones
(`simulated_phones.py`) and the command (`cli.py`), which brings a house of its
own that is gone afterwards; an installation's own data are never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from . import live_sessions, rehearsals, screens, simulated_phones
from .activities import KINDS
from .errors import NotFound
from .guides import library, schema
from .house import House
from .models import Account, Guide
from .words import _

STEP = 5  # seconds of the play's own clock between two looks
LONGEST = 90  # seconds a question stays open: the last of the late ones has sent by then


def source_of(name: str) -> tuple[str, str]:
    """Return (file name, text) of a guide that comes with the product, by its id."""
    for file, text in library.shipped_sources():
        if schema.parse(text, file).id == name:
            return file, text
    raise NotFound(_("There is no guide “%(name)s”. Name one that comes with the product, or a file.", name=name))


class Clock:
    """The play's own clock: a session of two hours takes a few seconds."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the play's present moment."""
        return self.now

    def go_on(self, seconds: int) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def play(
    house: House,
    file: str,
    text: str,
    phones: int,
    language: str,
    speaking: Callable[[str], AbstractContextManager[object]],
    say: Callable[[str], None],
) -> None:
    """Play one guide to its end on `house`, which has nothing else in it; raises whatever would go wrong live."""
    clock = Clock(house.clock())
    house = replace(house, clock=clock)
    guide = schema.parse(text, file).localized(language)
    account = Account(
        id="rehearsal",
        email="rehearsal@localhost",
        name="Rehearsal",
        role="facilitator",
        password_hash="none",  # noqa: S106 - nobody signs in here
        active=True,
        created_at=clock.now,
    )
    with house.database.transaction() as session:
        session.add(account)
        session.add(
            Guide(
                id="rehearsal",
                slug=guide.id,
                title=guide.title,
                language=guide.language,
                source=text,
                updated_at=clock.now,
            )
        )
    live_id = simulated_phones.of_guide(house, account, "rehearsal", guide.title, guide.language, phones)
    people = simulated_phones.SimulatedPhones(house, speaking)

    def press(command: str) -> None:
        with house.database.transaction() as session:
            version = live_sessions.get(session, live_id).version
        with speaking(guide.language):
            live_sessions.move(house, "run", live_id, command, "", version)

    def wait(seconds: int) -> None:
        for _look in range(seconds // STEP):
            clock.go_on(STEP)
            people.tick()

    say(f"Rehearsal: {guide.title} ({guide.language}), {rehearsals.checked(phones)} simulated phones")
    people.tick()
    wait(30)
    press("start")
    for number, item in enumerate(guide.activities):
        if number:
            press("next")
        else:
            say("")
        if item.id == guide.step_of(item.id).activities[0].id:
            say(f"{guide.step_of(item.id).title}")
        if not KINDS[item.kind].asks:
            say(f"  {item.prompt}")
            continue
        press("open")
        people.tick()
        wait(LONGEST)
        with house.database.transaction() as session:
            live = live_sessions.get(session, live_id)
            answered = screens.stage(session, live, house).answered
        press("close")
        with house.database.transaction() as session, speaking(guide.language):
            shown = screens.stage(session, live_sessions.get(session, live_id), house).activity
        assert shown is not None
        say(f"  {item.prompt}")
        say(f"    {answered} of {rehearsals.checked(phones)} answered. {_finding(shown, speaking, guide.language)}")
    press("end")
    say("")
    say("The session has ended. Nothing of it was kept.")


def _finding(
    shown: screens.ActivityScreen, speaking: Callable[[str], AbstractContextManager[object]], language: str
) -> str:
    """Return what the room would read first."""
    if shown.phase == "too_few":
        return "Too few to show anything."
    if shown.cards:
        return f"{len(shown.cards)} cards, such as: {shown.cards[0].text}"
    with speaking(language):
        chart = KINDS[shown.kind].chart(shown.config, shown.result)
    return chart.title if chart else "No picture is safe to show."
