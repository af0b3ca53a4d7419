"""A workshop of a whole day, written in the editor from nothing, through its own plain forms.

Lives here: a writer who reads pages and sends forms as a browser without script
does, and the day. Not here: what the tests find out about it. The writer works
over the test client and over a real server alike:

    writer = Writer.on(signed_in(client, account))          # a FlaskClient
    writer = Writer.over(demo.people.Browser(url))          # a browser of the demo, signed in
    slug = write_the_day(writer)                            # written, published; sessions can start from it
"""

from __future__ import annotations

import html as markup
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient

from workshop.demo.people import Browser

Entered = Mapping[str, str | Sequence[str]]

TITLE = "A day for our team"


@dataclass
class Writer:
    """Somebody in the editor of one guide. `fetch` and `send` return (address in the end, its page)."""

    fetch: Callable[[str], tuple[str, str]]
    send: Callable[[str, dict[str, Any]], tuple[str, str]]
    slug: str = ""
    at: str = ""
    page: str = ""

    @classmethod
    def on(cls, client: FlaskClient) -> Writer:
        """Return a writer in a test client that is signed in."""

        def fetch(path: str) -> tuple[str, str]:
            answer = client.get(path, follow_redirects=True)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
            return answer.request.url, answer.get_data(as_text=True)

        def send(path: str, data: dict[str, Any]) -> tuple[str, str]:
            answer = client.post(path, data=data)
            assert answer.status_code == 303, f"{path}: {answer.status_code} {_problem(answer.get_data(as_text=True))}"
            return fetch(answer.location)

        return cls(fetch, send)

    @classmethod
    def over(cls, browser: Browser) -> Writer:
        """Return a writer in a browser that talks to a real server and is signed in."""

        def fetch(path: str) -> tuple[str, str]:
            answer = browser.fetch(path)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
            return answer.url, answer.text

        def send(path: str, data: dict[str, Any]) -> tuple[str, str]:
            answer = browser.http.post(browser.url + path, data=data)
            assert answer.history and answer.status_code == 200, f"{path}: {_problem(answer.text)}"
            return answer.url, answer.text

        return cls(fetch, send)

    @property
    def path(self) -> str:
        """Return the address of the editor."""
        return f"/staff/guides/{self.slug}/edit"

    def begin(self, title: str, language: str = "en") -> None:
        """Begin a guide."""
        _url, page = self.fetch("/staff/guides/new")
        url, self.page = self.send(
            "/staff/guides/new", {"csrf_token": _token(page), "title": title, "language": language}
        )
        self.slug = urlsplit(url).path.split("/")[3]

    def go(self, at: str) -> None:
        """Open one part."""
        _url, self.page = self.fetch(f"{self.path}?at={at}")
        self.at = at

    def press(self, do: str, entered: Entered | None = None) -> str:
        """Press a button of the part's form with what was typed there; return where one is then.

        Fields are named by the end of their path, such as `title` or `settings.low`.
        """
        data: dict[str, Any] = {"csrf_token": _token(self.page), "version": self.version, "at": self.at, "do": do}
        paths = []
        for name, value in (entered or {}).items():
            path = self.path_of(name)
            paths.append(path)
            data[path] = value
            data[f"was:{path}"] = self.was(path)
        url, self.page = self.send(self.path, {**data, "fields": paths})
        self.at = parse_qs(urlsplit(url).query).get("at", [""])[0]
        return self.at

    def write(self, entered: Entered) -> None:
        """Type into the part's form and save."""
        self.press("save", entered)

    @property
    def version(self) -> str:
        """Return the version that the page shows."""
        found = re.search(r'data-version="(\d+)"', self.page)
        assert found
        return found.group(1)

    @property
    def fields(self) -> list[str]:
        """Return the paths of the fields on the page."""
        return [markup.unescape(path) for path in re.findall(r'name="fields" value="([^"]*)"', self.page)]

    def path_of(self, name: str) -> str:
        """Return the path of the one field whose path ends like this."""
        found = [path for path in self.fields if path.endswith(f".{name}")]
        assert len(found) == 1, f"{name}: {found or self.fields}"
        return found[0]

    def was(self, path: str) -> str:
        """Return what the page says that a field holds."""
        found = re.search(rf'name="was:{re.escape(path)}" value="([^"]*)"', self.page)
        assert found, path
        return markup.unescape(found.group(1))

    # What a day is made of

    def step(self, title: str, minutes: int, **words: str) -> str:
        """Add a step at the end and write it; return its id."""
        self.end()
        self.press("add-step")
        self.write({"title": title, "minutes": str(minutes), **words})
        return self.at

    def method(self, name: str, minutes: int) -> str:
        """Put a method in at the end; return the id of its step."""
        self.end()
        self.press(f"method {name}")
        self.write({"minutes": str(minutes)})
        return self.at

    def end(self) -> None:
        """Be at the guide itself: what is added there goes to its end."""
        self.at = ""

    def ask(self, kind: str, prompt: str, entered: Entered | None = None, options: Sequence[str] = ()) -> str:
        """Add an activity here and write it, with a text for each entry of its list; return its id."""
        self.press(f"add {kind}")
        if options:
            listed = re.search(r'data-entries="([^"]+)"', self.page)
            assert listed
            while len(self._labels(listed.group(1))) < len(options):
                self.press(f"entry-add {listed.group(1)}")
            labels = dict(zip(self._labels(listed.group(1)), options, strict=True))
        else:
            labels = {}
        self.write({"prompt": prompt, **(entered or {}), **labels})
        return self.at

    def _labels(self, path: str) -> list[str]:
        return [
            one.removeprefix(f"a.{self.at}.")
            for one in self.fields
            if one.startswith(f"{path}.") and (one.endswith(".label") or one.count(".") == path.count(".") + 1)
        ]

    def publish(self, note: str = "") -> None:
        """Make it a version."""
        _url, page = self.fetch(f"/staff/guides/{self.slug}/versions")
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version, _problem(page)
        self.send(
            f"/staff/guides/{self.slug}/publish",
            {"csrf_token": _token(page), "version": version.group(1), "note": note},
        )


def write_the_day(writer: Writer) -> str:
    """Write the day from nothing and publish it; return its slug. 17 steps, 27 activities, 380 minutes."""
    writer.begin(TITLE)
    writer.go("")
    writer.write({"title": TITLE, "summary": "For a team that wants to look back, choose, and agree on three things."})

    writer.method("check-in", 20)
    writer.step(
        "How we work today", 15, talk="Nobody sees who wrote what.\n\nPhones on the table, please.", notes="Water."
    )
    writer.ask("info", "How today works", {"settings.text": "We ask, you answer, the room sees it together."})
    writer.ask("scale", "How much energy do you have?", {"settings.low_label": "None", "settings.high_label": "Plenty"})

    writer.step("Look back", 45, instruction="Think of the last three months.", purpose="To see what slows us down.")
    stuck = writer.ask("open_text", "What slows us down?", {"cards": "3", "help": "One thing on each card."})
    writer.ask("dot_vote", "What should change first?", {"source": [stuck]}, ["Meetings", "Tools", "Handovers"])
    writer.ask("word_cloud", "One word for these months")

    writer.method("break", 15)

    writer.method("one-two-four-all", 40)

    writer.step("What weighs most", 30)
    things = ["Fewer meetings", "Clear goals", "Time to think", "Better tools"]
    writer.ask("points", "What would help most?", {}, things)
    writer.ask("ranking", "In which order do we take them on?", {}, things)

    writer.step("Lunch", 60)
    writer.ask("info", "Lunch. Back at one.")

    writer.step("Back from lunch", 10)
    writer.ask("pulse", "How are you right now?")

    writer.step("How sure are we?", 25)
    writer.ask("estimate", "How many weeks until the first thing is done?")
    writer.ask("statements", "Do you agree?", {}, ["I know what is expected of me", "I can say no", "I am heard"])

    writer.step("What is worth it", 35)
    writer.ask("matrix", "Where does each idea lie?", {}, ["Two days without meetings", "One board for all", "A rota"])
    writer.ask("questions", "What do you want to ask?")

    writer.step("Groups", 20)
    writer.ask("breakout", "What is the first step of your idea?", {"settings.size": "4", "settings.minutes": "12"})

    writer.step("Tea", 10)
    writer.ask("info", "Tea. Back in ten minutes.")

    writer.step("For yourself", 15)
    writer.ask("worksheet", "What I take along", {}, ["What I will do by Friday"])
    writer.ask("choice", "Who can help you most?", {"settings.many": "1"}, ["A colleague", "My manager", "Nobody yet"])

    writer.step("What we agree on", 20)
    writer.ask("actions", "What we agreed to do")
    writer.ask("open_text", "What should our manager know?", {"for": "1"})

    writer.method("parking-lot", 2)
    writer.method("check-out", 10)
    writer.publish("The first day")
    return writer.slug


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "no form on this page"
    return found.group(1)


def _problem(page: str) -> str:
    text = re.sub(r"<[^>]+>", " ", " ".join(re.findall(r'(?s)<div class="notice.*?</div>', page)))
    return " ".join(text.split())[:600]
