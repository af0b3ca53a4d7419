"""A reading: what those who moderate have decided about the texts of one question, and the way back.

Lives here: hiding, approving, masking and merging as pure functions over ids
and texts. Not here: where a reading is kept and who may write it
(`moderation.py`), pages (`web/moderation.py`).

A reading names texts by ids that say nothing and masks words by their place, so
it holds no text. It knows no author: a decision is always one about a text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .quoting import RUN_OF_WORDS, unspaced

MASK = "[…]"
"""What stands in place of masked words, however many and long they are. Normalised text never holds this sign (promise 14)."""

MOST_UNDONE = 60
"""So many decisions can be taken back, as on a board."""

_MASKS = re.compile(r"\[…\](?:\s*\[…\])+")


class RefusedError(ValueError):
    """The decision makes no sense here; its one argument says why, as a word."""


@dataclass(frozen=True)
class Mark:
    """What was decided about one text. `fate`: "approved" | "hidden" | "". `behind`: the text that stands for it."""

    fate: str = ""
    behind: str = ""
    mask: tuple[int, ...] = ()

    def dump(self) -> list[Any]:
        """Return it as JSON."""
        return [self.fate, self.behind, list(self.mask)]


@dataclass(frozen=True)
class Said:
    """What was done: a word and how many texts it was about."""

    what: str
    count: int = 0


@dataclass(frozen=True)
class Step:
    """One decision that can be taken back: `back` are the marks it changed, as they were."""

    said: Said
    back: Mapping[str, Mark]

    def dump(self) -> list[Any]:
        """Return it as JSON."""
        return [self.said.what, self.said.count, {one: mark.dump() for one, mark in sorted(self.back.items())}]


@dataclass
class Reading:
    """All decisions about one question.

    `queue`: the texts are read before the room sees them; then only those in
    `out` are shown, and `shows` counts how often some were let out.
    """

    queue: bool = False
    shows: int = 0
    out: set[str] = field(default_factory=set)
    marks: dict[str, Mark] = field(default_factory=dict)
    undo: list[Step] = field(default_factory=list)
    redo: list[Step] = field(default_factory=list)

    def dump(self) -> dict[str, Any]:
        """Return the reading as JSON; ids stand in their own order, which says nothing."""
        return {
            "queue": self.queue,
            "shows": self.shows,
            "out": sorted(self.out),
            "marks": {one: mark.dump() for one, mark in sorted(self.marks.items()) if mark != Mark()},
            "undo": [step.dump() for step in self.undo],
            "redo": [step.dump() for step in self.redo],
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Reading:
        """Return what `dump` wrote."""
        return cls(
            queue=bool(data["queue"]),
            shows=int(data["shows"]),
            out=set(data["out"]),
            marks=_marks(data["marks"]),
            undo=[_step(one) for one in data["undo"]],
            redo=[_step(one) for one in data["redo"]],
        )

    # -- reading it

    def mark(self, one: str) -> Mark:
        """Return what was decided about a text."""
        return self.marks.get(one, Mark())

    def front(self, one: str, known: Collection[str], gone: Collection[str] = ()) -> str:
        """Return the text that stands for this one; itself where none does.

        Where the one in front is `gone` (its author took it back), the first of
        those behind it stands for the others.
        """
        front = self.mark(one).behind
        if not front:
            return one
        if front in known and front not in gone:
            return front
        left = sorted(other for other in known if other not in gone and self.mark(other).behind == front)
        return left[0] if left else one

    def standing(self, known: Collection[str], gone: Collection[str] = ()) -> list[str]:
        """Return which of the `known` texts the room sees, in the order of their ids, none of those `gone`."""
        found = []
        for one in sorted(known):
            mark = self.mark(one)
            if one in gone or mark.fate == "hidden" or self.front(one, known, gone) != one:
                continue
            if mark.behind and self.mark(mark.behind).fate == "hidden":  # its front was hidden, and it with it
                continue
            if self.queue and one not in self.out:
                continue
            found.append(one)
        return found

    def waiting(self, known: Collection[str]) -> list[str]:
        """Return the texts of a queue that nobody has decided about."""
        return [one for one in sorted(known) if self.queue and one not in self.out and self._is_free(one, known)]

    def _is_free(self, one: str, known: Collection[str]) -> bool:
        return not self.mark(one).fate and self.front(one, known) == one

    def approved(self, known: Collection[str]) -> list[str]:
        """Return the texts of a queue that are let out with the next press."""
        return [
            one
            for one in sorted(known)
            if self.queue
            and one not in self.out
            and self.mark(one).fate == "approved"
            and self.front(one, known) == one
        ]

    def behind(self, front: str, known: Collection[str]) -> list[str]:
        """Return the texts that one stands for."""
        return [one for one in sorted(known) if self.mark(one).behind == front]

    # -- what becomes of it

    def show(self, known: Collection[str]) -> None:
        """Let out what is approved. What is out cannot be taken back, only hidden."""
        self.out.update(self.approved(known))
        self.shows += 1
        for one in self.out:
            if self.mark(one).fate == "approved":
                self.marks[one] = replace(self.mark(one), fate="")
        self.undo, self.redo = [], []

    def finish(self, known: Collection[str]) -> None:
        """End the queue at the release: what was not let out is hidden like anything else."""
        for one in known:
            if one not in self.out and not self.mark(one).behind:
                self.marks[one] = replace(self.mark(one), fate="hidden")
            elif self.mark(one).fate == "approved":
                self.marks[one] = replace(self.mark(one), fate="")
        self.queue, self.out = False, set()
        self.undo, self.redo = [], []

    def renamed(self, names: Mapping[str, str]) -> Reading:
        """Return the reading over texts that have new ids; what is not in `names` is gone, and so is the way back."""
        marks = {
            names[one]: replace(mark, behind=names.get(mark.behind, ""))
            for one, mark in self.marks.items()
            if one in names
        }
        return Reading(self.queue, self.shows, {names[one] for one in self.out if one in names}, marks)


def _marks(data: Mapping[str, Any]) -> dict[str, Mark]:
    return {one: Mark(mark[0], mark[1], tuple(mark[2])) for one, mark in data.items()}


def _step(data: list[Any]) -> Step:
    return Step(Said(data[0], data[1]), _marks(data[2]))


# -- what can be done


@dataclass(frozen=True)
class Command:
    """What somebody wants. `texts`: about which; `front`: the one that shall stand; `words`: the places to mask."""

    do: str
    texts: tuple[str, ...] = ()
    front: str = ""
    words: tuple[int, ...] = ()
    everywhere: bool = False


def act(reading: Reading, command: Command, known: Mapping[str, str]) -> Said:
    """Carry out one decision, keep its way back and return what was done.

    `known` maps ids to texts; ids that are not in it are passed over. Raises
    RefusedError when nothing would be done, or it makes no sense.
    """
    if command.do in ("undo", "redo"):
        return _back(reading, command.do)
    texts = [one for one in dict.fromkeys(command.texts) if one in known]
    if command.do == "rest":
        texts = reading.waiting(known)
    if command.do == "rest" and not texts:
        raise RefusedError("nothing-left")
    if not texts:
        raise RefusedError("no-texts")
    before = dict(reading.marks)
    said = _decided(reading, command, texts, known)
    back = {
        one: before.get(one, Mark())
        for one in sorted({*before, *reading.marks})
        if before.get(one, Mark()) != reading.mark(one)
    }
    if back:
        reading.undo = [*reading.undo, Step(said, back)][-MOST_UNDONE:]
        reading.redo = []
    return said


def _decided(reading: Reading, command: Command, texts: list[str], known: Mapping[str, str]) -> Said:
    if command.do in ("hide", "rest", "approve", "back"):
        fate = {"hide": "hidden", "back": ""}.get(command.do, "approved")
        if fate == "approved" and not reading.queue:
            raise RefusedError("no-queue")
        for one in texts:
            reading.marks[one] = replace(reading.mark(one), fate=fate)
        return Said("approve" if command.do == "rest" else command.do, len(texts))
    if command.do == "mask":
        return _mask(reading, command, texts[0], known)
    if command.do == "merge":
        return _merge(reading, command.front, texts, known)
    if command.do == "part":
        hidden = [other for one in texts for other in reading.behind(one, known)]
        for one in hidden:
            reading.marks[one] = replace(reading.mark(one), behind="")
        if not hidden:
            raise RefusedError("none-behind")
        return Said("part", len(hidden))
    raise RefusedError("unknown")


def _mask(reading: Reading, command: Command, one: str, known: Mapping[str, str]) -> Said:
    """Mask words of one text, or with none chosen let it stand as written; `everywhere`: the same words in all others."""
    parts = words(known[one])
    places = tuple(sorted({place for place in command.words if 0 <= place < len(parts)}))
    chosen = {parts[place].casefold() for place in places}
    changed = [one] if reading.mark(one).mask != places else []
    reading.marks[one] = replace(reading.mark(one), mask=places)
    for other in known if command.everywhere and chosen else ():
        there = {place for place, word in enumerate(words(known[other])) if word.casefold() in chosen}
        more = tuple(sorted(there | set(reading.mark(other).mask)))
        if other != one and more != reading.mark(other).mask:
            reading.marks[other] = replace(reading.mark(other), mask=more)
            changed.append(other)
    if not changed:
        raise RefusedError("no-words")
    return Said("mask" if places else "unmask", len(changed))


def _merge(reading: Reading, front: str, texts: list[str], known: Mapping[str, str]) -> Said:
    """Let one text stand for others, and for those that they stood for."""
    if front not in known:
        raise RefusedError("no-texts")
    moved = [one for one in texts if one != front]
    moved += [other for one in moved for other in reading.behind(one, known) if other != front]
    moved = list(dict.fromkeys(moved))
    if not moved:
        raise RefusedError("two-texts")
    reading.marks[front] = replace(reading.mark(front), behind="")
    for one in moved:
        reading.marks[one] = replace(reading.mark(one), behind=front)
    return Said("merge", len(moved))


def _back(reading: Reading, do: str) -> Said:
    stack, other = (reading.undo, reading.redo) if do == "undo" else (reading.redo, reading.undo)
    if not stack:
        raise RefusedError("nothing")
    step = stack.pop()
    other.append(Step(step.said, {one: reading.mark(one) for one in step.back}))
    del other[:-MOST_UNDONE]
    reading.marks.update(step.back)
    return step.said


# -- words and masks


def words(text: str) -> list[str]:
    """Return the words of a text that can be masked, in their order."""
    return [text[start:end] for start, end in _spans(text)]


def masked(text: str, places: Iterable[int]) -> str:
    """Return the text with a mask in place of these words; neighbours share one, so that it does not count them."""
    spans = _spans(text)
    for place in sorted(set(places), reverse=True):
        if place < len(spans):
            start, end = spans[place]
            text = text[:start] + MASK + text[end:]
    return _MASKS.sub(MASK, text)


def around(text: str, places: Iterable[int]) -> list[str]:
    """Return the pieces of a text in which every run of `RUN_OF_WORDS` words holds a masked one."""
    parts, near = words(text), RUN_OF_WORDS - 1
    return [" ".join(parts[max(0, place - near) : place + near + 1]) for place in places if place < len(parts)]


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where words begin and end, without the punctuation around them; in scripts without spaces each sign."""
    found: list[tuple[int, int]] = []
    for token in re.finditer(r"\S+", text):
        start = token.start()
        for at in range(token.start(), token.end() + 1):
            alone = at < token.end() and unspaced(text[at])
            if at == token.end() or alone:
                if at > start:
                    found.append(_trimmed(text, start, at))
                if alone:
                    found.append((at, at + 1))
                start = at + 1
    return found


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inner = [at for at in range(start, end) if unicodedata.category(text[at])[0] in "LNM"]
    return (inner[0], inner[-1] + 1) if inner else (start, end)
