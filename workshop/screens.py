"""What each audience may see now. Nothing else decides visibility.

Lives here: the screens as plain data, and the functions that read them from the
present state. First paint, reconnect and push all call these. Not here: HTML
(`fragments.py`), sending (`realtime/`), and any decision about moving on
(`live_sessions.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TimerScreen:
    """A timer at the moment of drawing. `left` and `total` are seconds; clients count down from arrival."""

    left: int
    total: int
    running: bool
    closes: bool


@dataclass(frozen=True)
class CardScreen:
    """A released card as the room sees it."""

    id: str
    text: str


@dataclass(frozen=True)
class ActivityScreen:
    """One activity as an audience may see it now.

    `phase`: "waiting" (not asked yet), "open", "closing", "released",
    "too_few" (closed below the floor: nothing to see, ever).
    `result` is the kind's aggregate and `cards` the released texts; both stay
    empty before the release, for every audience (promise 1).
    `seen_by` is the sentence beside the field (promise 17).
    """

    id: str
    kind: str
    prompt: str
    help: str
    config: Any
    phase: str
    asks: bool
    run_id: str | None = None
    rolling: bool = False
    for_manager: bool = False
    result: Any = None
    cards: tuple[CardScreen, ...] = ()
    people: str = ""  # how many answered, as far as it may be said: "5 to 9", "12"
    made_up: bool = False  # rehearsal: the result is an example, not what phones sent
    seen_by: str = ""
    bucket: int = 2048  # bytes; every answer and every pass is padded to this


@dataclass(frozen=True)
class PhoneScreen:
    """What every phone of a live session sees; nothing in it differs between phones.

    `key` names the place: a phone replaces its field only when it changes, so
    nothing typed is ever lost to a push.
    """

    live_id: str
    key: str
    phase: str  # lobby | running | ended | moved
    title: str
    language: str
    rehearsal: bool
    step_title: str = ""
    instruction: str = ""
    activity: ActivityScreen | None = None
    timer: TimerScreen | None = None
    promise: tuple[str, ...] = ()  # who sees what and when, one sentence each
    unprotected: tuple[str, ...] = ()  # what is not protected
    moved_url: str = ""
    freeze_at: str = ""  # ended: when the report is fixed, as a local time


@dataclass(frozen=True)
class StageScreen:
    """What the projector shows; nothing private is on it."""

    live_id: str
    key: str
    phase: str
    title: str
    team: str
    language: str
    rehearsal: bool
    blank: bool = False
    code: str = ""
    join_url: str = ""  # what the QR holds
    join_host: str = ""  # what a person types
    door_open: bool = True
    joined: int = 0
    answered: int = 0
    step_title: str = ""
    step_number: int = 0
    step_count: int = 0
    activity: ActivityScreen | None = None
    timer: TimerScreen | None = None


@dataclass(frozen=True)
class AgendaStop:
    """One activity in the console's agenda. `state`: "to come", "open", "done", "too few"."""

    id: str
    kind: str
    label: str
    prompt: str
    state: str
    here: bool


@dataclass(frozen=True)
class AgendaStep:
    """One step in the console's agenda; `starts` is the planned clock time as HH:MM."""

    id: str
    title: str
    minutes: int
    starts: str
    here: bool
    stops: tuple[AgendaStop, ...]


@dataclass(frozen=True)
class Move:
    """A button of the console: `command` is sent with the version that this screen shows."""

    command: str  # start | open | close | next | back | jump | end | timer.* | door | blank
    label: str
    argument: str = ""
    ask: str = ""  # a question to confirm first; empty: none


@dataclass(frozen=True)
class ConsoleScreen:
    """What the facilitator steers by. Results in it are those of the stage (promise 8)."""

    live_id: str
    version: int
    phase: str
    role: str  # run | moderate | watch
    stage: StageScreen
    agenda: tuple[AgendaStep, ...]
    purpose: str = ""
    talk: str = ""
    notes: str = ""
    primary: Move | None = None
    secondary: tuple[Move, ...] = ()
    joined: int = 0
    answered: int = 0
    floor: int = 5
    hint: str = ""  # what to know before the primary move, such as "4 of the 5 needed so far"
    behind_minutes: int | None = None  # positive: behind the plan
    expected: int = 0
    leader: str = ""
    options: dict[str, str] = field(default_factory=dict)
