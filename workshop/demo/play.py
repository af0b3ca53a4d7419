"""The play: one session of the main guide, from the lobby to its two PDFs.

Lives here: who does what when, and at which pace. Not here: how people reach
the product (`people.py`) and what they say (`words.py`).
"""

from __future__ import annotations

import html
import itertools
import random
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ..activities import KINDS
from ..activities.choice import Option
from ..guides import schema
from . import words
from .people import DemoFailed, Facilitator, Phone, Socket
from .server import ROOT, ScratchServer

GUIDE = "getting-unstuck"
PHONES = 12
EMAIL = "demo@example.org"
PASSWORD = "quiet rivers carry boats"  # noqa: S105 - of a scratch server


@dataclass(frozen=True)
class Pace:
    """Seconds that things take, so that a person can follow or nobody has to wait."""

    answers: float
    result: float
    reading: float


FAST = Pace(answers=0.2, result=0.5, reading=0.3)
SLOW = Pace(answers=7.0, result=7.0, reading=5.0)


@dataclass
class Play:
    """A session on a running server with its people."""

    server: ScratchServer
    pace: Pace = FAST
    say: Callable[[str], None] = print
    people: int = PHONES
    facilitator: Facilitator = field(init=False)
    phones: list[Phone] = field(init=False, default_factory=list)
    guide: schema.Guide = field(init=False)
    place: int = 0
    """Which of the guide's activities the room is at."""

    def prepare(self) -> None:
        """Make the account and the session, and bring its people into the lobby."""
        source = ROOT / "workshop" / "guides" / f"{GUIDE}.yaml"
        self.guide = schema.parse(source.read_text(encoding="utf-8"), source.name)
        self.facilitator = Facilitator(self.server.url)
        self.facilitator.make_account(self.server.first_link, "Robin Example", EMAIL, PASSWORD)
        self.facilitator.make_session(
            GUIDE,
            {
                "team": "Customer service",
                "expected": str(self.people or PHONES),
                "leader": "Robin Example",
                "freeze_after_minutes": "0",
                "keep_days": "90",
            },
        )
        self.facilitator.take_the_console()
        self.say(f"Console  {self.server.url}{self.console_path}")
        self.say(f"         sign in with {EMAIL} and {PASSWORD}: {self.sign_in_url}")
        self.say(f"Stage    {self.server.url}{self.stage_path}")
        code = self.code
        with ThreadPoolExecutor(PHONES) as door:  # as many at a time as get through a door
            for phone in [door.submit(Phone, code, self.server.url) for _number in range(self.people)]:
                self.phones.append(phone.result())
        self.say(f"{self.people} phones joined.")

    @property
    def console_path(self) -> str:
        """Return the path of the console."""
        return f"/staff/sessions/{self.facilitator.live_id}/"

    @property
    def sign_in_url(self) -> str:
        """Return the address that leads over the sign-in to the console."""
        return f"{self.server.url}/staff/sign-in?next={self.console_path}"

    @property
    def stage_path(self) -> str:
        """Return the path of the stage, as the console links it."""
        link = re.search(r'href="(/stage/[\w-]+)"', self.facilitator.browser.get(self.console_path))
        if link is None:
            raise DemoFailed("The console has no link to the stage.")
        return link[1]

    @property
    def code(self) -> str:
        """Return the code as the room reads it."""
        spans = re.search(r"<span>(\w{3})</span>\s*<span>(\w{3})</span>", self.facilitator.browser.get(self.stage_path))
        if spans is None:
            raise DemoFailed("The stage shows no code.")
        return spans[1] + spans[2]

    def run(self, until: Callable[[str, schema.Activity], bool] = lambda command, activity: False) -> None:
        """Press the large button until the session has ended, or until `until` says stop; it can go on from there."""
        activities = self.guide.activities
        while True:
            move = self.facilitator.next_move()
            command = move.partition(":")[0]
            activity = activities[self.place]
            if until(command, activity):
                return
            if command == "end":
                self.facilitator.press(move)
                return
            if command == "next":
                self.group(activity)
                time.sleep(self.pace.result if KINDS[activity.kind].asks else self.pace.reading)
                self.place += 1
                if activities[self.place] is self.guide.step_of(activities[self.place].id).activities[0]:
                    self.say(f"  {self.guide.step_of(activities[self.place].id).title}")
            self.facilitator.press(move)
            if command == "open":
                self.answer(activity)

    def answer(self, activity: schema.Activity) -> None:
        """Let everybody answer the open question at once, each after a while of their own.

        Twelve answers are written; where more people came, the thirteenth thinks like the first.
        """

        def one(phone: Phone, fields: dict[str, list[str]] | None) -> None:
            phone.socket.wait_for("the question on a phone", _shows(activity.prompt))
            time.sleep(random.uniform(0, self.pace.answers))  # noqa: S311 - a pause, no secret
            phone.answer(fields)

        if activity.sources and self.phones:  # it asks about themes, which are not in the guide
            screen = self.phones[0].socket.wait_for("the question on a phone", _shows(activity.prompt))
            activity = as_asked(activity, screen)
        with ThreadPoolExecutor(max(1, len(self.phones))) as everybody:
            list(everybody.map(one, self.phones, itertools.cycle(answers_to(activity))))

    def group(self, activity: schema.Activity) -> None:
        """Put the cards of a question into themes, as somebody would on the page for it."""
        path = f"{self.console_path}themes/{activity.id}"
        for name, parts in words.THEMES.get(activity.id, ()):
            page = self.facilitator.browser.get(path)
            cards = re.findall(
                r'id="box-([\w-]+)".*?<span class="tcard__text" dir="auto">(.*?)</span>', page, re.DOTALL
            )
            chosen = [card_id for card_id, text in cards if any(part in html.unescape(text) for part in parts)]
            entered = {"name": name, "cards": chosen}
            self.facilitator.browser.submit(path, entered, having="csrf_token", press="do=new")
            self.say(f"  {name}: {len(chosen)} cards")

    def close(self) -> None:
        """Send everybody home, all at once: each socket waits three seconds for a farewell."""
        sockets = [*(phone.socket for phone in self.phones), self.facilitator.socket]
        with ThreadPoolExecutor(len(sockets)) as everybody:
            list(everybody.map(Socket.close, sockets))


def _shows(prompt: str) -> Callable[[str], bool]:
    return lambda screen: html.escape(prompt, quote=True) in screen or prompt in html.unescape(screen)


def as_asked(activity: schema.Activity, screen: str) -> schema.Activity:
    """Return an activity with the options that a phone shows, which it may have taken from earlier cards."""
    known = {option.id for option in activity.config.options}
    names = list(dict.fromkeys(re.findall(r'name="(?:dots|points)-([\w-]+)"', screen)))
    if not names or set(names) <= known:
        return activity
    options = tuple(Option(id=name, label=name) for name in names)
    return replace(activity, config=activity.config.model_copy(update={"options": options}))


def answers_to(activity: schema.Activity) -> list[dict[str, list[str]] | None]:
    """Return twelve answers to an activity: our own, or its kind's examples."""
    if activity.id in words.TEXTS:
        return [_cards(saying, bool(activity.for_ == "manager")) for saying in words.TEXTS[activity.id]]
    if activity.id in words.WORDS:
        return [
            None if said is None else {f"word-{i}": [word] for i, word in enumerate(said)}
            for said in words.WORDS[activity.id]
        ]
    if activity.id in words.CHOICES:
        return [None if picked is None else {"choice": list(picked)} for picked in words.CHOICES[activity.id]]
    if activity.id in words.DOTS:
        ids = activity.config.ids
        return [
            None if places is None else {f"dots-{ids[place]}": ["1"] for place in places if place < len(ids)}
            for places in words.DOTS[activity.id]
        ]
    if activity.id in words.SCALES:
        return [None if point is None else {"value": [str(point)]} for point in words.SCALES[activity.id]]
    examples = KINDS[activity.kind].examples(activity.config)
    return [{name: list(values) for name, values in fields.items()} for fields in examples[:PHONES]]


def _cards(saying: words.Saying, for_manager: bool) -> dict[str, list[str]] | None:
    if saying is None:
        return None
    fields: dict[str, list[str]] = {}
    cards = (saying,) if isinstance(saying, str) else saying
    for i, card in enumerate(cards):
        fields[f"text-{i}"] = [card.removesuffix(words.QUOTE)]
        if card.endswith(words.QUOTE) and not for_manager:
            fields[f"quote-{i}"] = ["1"]
    if for_manager:
        fields["audience"] = ["manager" if cards[0].endswith(words.QUOTE) else "room"]
    return fields
