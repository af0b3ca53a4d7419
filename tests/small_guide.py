"""A guide with one of everything, and a session of it.

Lives here: what several rooms' tests need to have a session to look at. Not
here: the shipped guides, which have tests of their own.
"""

from __future__ import annotations

from workshop import live_sessions
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, LiveSession

TEXT = """\
format: 1
id: small
title: Small guide
language: en
summary: One of everything.
steps:
  - id: first
    title: Look at your work
    minutes: 10
    purpose: To try things.
    instruction: Think of the last four weeks.
    talk: Good to see you.
    notes: Take your time.
    activities:
      - id: hello
        kind: info
        prompt: How this works
        settings: {}
      - id: stuck
        kind: open_text
        prompt: What are you no longer passionate about?
        help: One thing per card.
        cards: 3
      - id: energy
        kind: scale
        prompt: How much energy do you have?
        settings: {low: 1, high: 10, low_label: None at all, high_label: Plenty}
  - id: second
    title: Say it
    minutes: 10
    purpose: To try more things.
    instruction: Go on.
    talk: Go on.
    notes: Go on.
    activities:
      - id: where
        kind: choice
        prompt: Where would you look first?
        settings:
          many: true
          options:
            - {id: team, label: Another team}
            - {id: task, label: Another task}
            - {id: away, label: Somewhere else}
      - id: word
        kind: word_cloud
        prompt: One word for today
        release: rolling
      - id: told
        kind: open_text
        prompt: What should our manager know?
        for: manager
"""


def make_session(house: House, actor: Account, **changes: object) -> str:
    """Bring the small guide into the library, make a session of it, and return the session's id."""
    with house.database.transaction() as session:
        guide_id = library.import_guide(session, actor, TEXT, "small.yaml", house.clock()).id
    new = live_sessions.NewSession(
        guide_id=guide_id,
        title="Getting unstuck",
        team="Platform",
        language="en",
        expected=12,
        leader="Maria Lind",
        leader_is_manager=False,
    )
    for name, value in changes.items():
        assert hasattr(new, name)
        object.__setattr__(new, name, value)
    return live_sessions.create(house, actor, new)


def look_up(house: House, live_id: str) -> LiveSession:
    """Return the live session as it is now."""
    with house.database.transaction() as session:
        return live_sessions.get(session, live_id)


def go(house: House, live_id: str, command: str, argument: str = "") -> None:
    """Press one of the facilitator's buttons at the present version."""
    live_sessions.move(house, "run", live_id, command, argument, look_up(house, live_id).version)


def ask(house: House, live_id: str, activity_id: str) -> None:
    """Start if need be, go to an activity and open it."""
    if look_up(house, live_id).phase == "lobby":
        go(house, live_id, "start")
    if look_up(house, live_id).at != activity_id:
        go(house, live_id, "jump", activity_id)
    go(house, live_id, "open")
