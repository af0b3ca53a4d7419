"""A board: the cards of one question in themes, and everything that can be done to it.

Lives here: the small commands and their way back, pure, over plain data. Not
here: where a board is kept and how two people work on it (`themes.py`), which
cards there are, and any sentence about what was done (`web/themes.py`).

A command says what is wanted, not what the board shall look like: so the
commands of two people interleave and nobody's work is lost. The way back of a
command is kept beside the board, and what is undone is always the last one.

It is one file because a command and its way back must be read together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_THEMES = 40
"""More themes than that are no grouping; a wall of them could not be read either."""

MOST_UNDONE = 60
"""So many commands can be undone: an hour of grouping, and a row of some twenty kilobytes."""

LONGEST_NAME = 80
"""What an option of a later vote may have (`activities/choice.py`)."""


class GoneError(LookupError):
    """The theme or card that a command speaks of is not there any more."""


class RefusedError(ValueError):
    """The command makes no sense on this board; its one argument says why, as a word."""


@dataclass
class Theme:
    """A named group of cards, in the order in which they shall be read."""

    id: str
    name: str
    cards: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Said:
    """What was done, so that it can be said in any language: a word, how many cards, a theme's name or two."""

    what: str
    count: int = 0
    name: str = ""
    other: str = ""

    def dump(self) -> list[Any]:
        """Return it as JSON."""
        return [self.what, self.count, self.name, self.other]


@dataclass(frozen=True)
class Done:
    """One command that can be taken back. `back` is the state of everything it touched, before it."""

    said: Said
    back: dict[str, Any]

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"said": self.said.dump(), "back": self.back}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Done:
        """Return what `dump` wrote."""
        return cls(Said(*data["said"]), dict(data["back"]))


@dataclass
class Board:
    """Themes in order; a card in none is loose. `behind`: a card that says the same -> the one that stands for it.

    `apart`: pairs of cards that somebody looked at and found different.
    """

    themes: list[Theme] = field(default_factory=list)
    behind: dict[str, str] = field(default_factory=dict)
    apart: set[tuple[str, str]] = field(default_factory=set)
    undo: list[Done] = field(default_factory=list)
    redo: list[Done] = field(default_factory=list)

    def dump(self) -> dict[str, Any]:
        """Return the board as JSON."""
        return {
            "themes": [{"id": theme.id, "name": theme.name, "cards": list(theme.cards)} for theme in self.themes],
            "behind": dict(self.behind),
            "apart": [list(pair) for pair in sorted(self.apart)],
            "undo": [done.dump() for done in self.undo],
            "redo": [done.dump() for done in self.redo],
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Board:
        """Return the board that `dump` wrote."""
        return cls(
            themes=[Theme(one["id"], one["name"], list(one["cards"])) for one in data.get("themes", ())],
            behind=dict(data.get("behind", {})),
            apart={(pair[0], pair[1]) for pair in data.get("apart", ())},
            undo=[Done.load(one) for one in data.get("undo", ())],
            redo=[Done.load(one) for one in data.get("redo", ())],
        )

    # -- reading

    def theme(self, theme_id: str) -> Theme:
        """Return a theme; raise GoneError where somebody has taken it away."""
        for theme in self.themes:
            if theme.id == theme_id:
                return theme
        raise GoneError(theme_id)

    def theme_of(self, card: str) -> Theme | None:
        """Return the theme a card lies in, None for a loose one."""
        return next((theme for theme in self.themes if card in theme.cards), None)

    def with_those_behind(self, cards: Iterable[str]) -> list[str]:
        """Return these cards, each followed by what lies behind it."""
        wanted = list(dict.fromkeys(self.behind.get(card, card) for card in cards))
        return [one for card in wanted for one in (card, *self.alike(card))]

    def alike(self, front: str) -> list[str]:
        """Return the cards behind one, in the order of their ids, which are random."""
        return sorted(card for card, stands in self.behind.items() if stands == front)

    def kept(self, known: Collection[str]) -> Board:
        """Return the board without cards that are not `known`, and without a way back to them."""
        behind = {card: front for card, front in self.behind.items() if card in known and front in known}
        return Board(
            themes=[Theme(one.id, one.name, [card for card in one.cards if card in known]) for one in self.themes],
            behind=behind,
            apart={pair for pair in self.apart if pair[0] in known and pair[1] in known},
        )


# -- what can be done


@dataclass(frozen=True)
class Command:
    """What somebody wants. Of the parts each command reads its own; `fresh` is the id that a new theme will have."""

    do: str
    cards: tuple[str, ...] = ()
    theme: str = ""
    into: str = ""
    name: str = ""
    before: str = ""
    fresh: str = ""


def act(board: Board, command: Command, known: Collection[str]) -> Said:
    """Carry out one command on the board, keep its way back, and return what was done.

    `known` are the cards of the question; others are passed over. Raises
    GoneError when the theme or all cards are gone, RefusedError when it makes no sense.
    """
    if command.do == "undo":
        return _step(board, board.undo, board.redo)
    if command.do == "redo":
        return _step(board, board.redo, board.undo)
    work = _COMMANDS.get(command.do)
    if work is None:
        raise RefusedError("unknown")
    cards = [card for card in dict.fromkeys(command.cards) if card in known]
    if command.cards and not cards:
        raise GoneError("cards")
    before = Board.load(board.dump() | {"undo": [], "redo": []})
    said = work(board, command, cards)
    back = _difference(before, board)
    if back:
        board.undo = [*board.undo, Done(said, back)][-MOST_UNDONE:]
        board.redo = []
    return said


def _step(board: Board, stack: list[Done], other: list[Done]) -> Said:
    if not stack:
        raise RefusedError("nothing")
    done = stack.pop()
    before = Board.load(board.dump() | {"undo": [], "redo": []})
    _restore(board, done.back)
    other.append(Done(done.said, _difference(before, board)))
    del other[:-MOST_UNDONE]
    return done.said


def _difference(old: Board, new: Board) -> dict[str, Any]:
    """Return what must be put back so that `new` becomes `old`; empty when nothing changed."""
    back: dict[str, Any] = {}
    order = [theme.id for theme in old.themes]
    if order != [theme.id for theme in new.themes]:
        back["order"] = order
    names = {theme.id: theme.name for theme in new.themes}
    if changed := {theme.id: theme.name for theme in old.themes if names.get(theme.id) != theme.name}:
        back["names"] = changed
    if places := _places(old, new):
        back["places"] = places
    keys = set(old.behind) | set(new.behind)
    if behind := {key: old.behind.get(key) for key in sorted(keys) if old.behind.get(key) != new.behind.get(key)}:
        back["behind"] = behind
    if new.apart != old.apart:
        back["apart"] = [list(pair) for pair in sorted(old.apart)]
    return back


def _places(old: Board, new: Board) -> list[list[Any]]:
    """Return [card, theme, place] of each card that lies elsewhere in `new`; "" is the heap of loose ones.

    Within a theme only one card at a time changes its place: the one whose
    absence leaves the rest in the same order.
    """
    was = {card: (theme.id, place) for theme in old.themes for place, card in enumerate(theme.cards)}
    now = {card: theme.id for theme in new.themes for card in theme.cards}
    moved = {card for card in set(was) | set(now) if was.get(card, ("", 0))[0] != now.get(card, "")}
    for theme in old.themes:
        stayed = [card for card in theme.cards if card not in moved]
        there = [card for one in new.themes if one.id == theme.id for card in one.cards if card not in moved]
        if stayed != there:
            loner = next((card for card in stayed if _without(stayed, card) == _without(there, card)), None)
            moved |= {loner} if loner is not None else set(stayed)
    places = [[card, *was.get(card, ("", 0))] for card in moved]
    return sorted(places, key=lambda place: (place[1], place[2], place[0]))


def _without(cards: Sequence[str], one: str) -> list[str]:
    return [card for card in cards if card != one]


def _restore(board: Board, back: Mapping[str, Any]) -> None:
    moved = {place[0] for place in back.get("places", ())}
    for theme in board.themes:
        theme.cards = [card for card in theme.cards if card not in moved]
    there = {theme.id: theme for theme in board.themes}
    names = back.get("names", {})
    for theme_id, name in names.items():
        if theme_id in there:
            there[theme_id].name = name
        else:
            there[theme_id] = Theme(theme_id, name)
    order = back.get("order", [theme.id for theme in board.themes])
    board.themes = [there[theme_id] for theme_id in order if theme_id in there]
    for card, theme_id, place in back.get("places", ()):
        if theme_id in there:
            there[theme_id].cards.insert(place, card)
    for card, front in back.get("behind", {}).items():
        if front is None:
            board.behind.pop(card, None)
        else:
            board.behind[card] = front
    if "apart" in back:
        board.apart = {(pair[0], pair[1]) for pair in back["apart"]}


def _new(board: Board, command: Command, cards: list[str]) -> Said:
    if len(board.themes) >= MOST_THEMES:
        raise RefusedError("many")
    theme = Theme(command.fresh, _named(board, command.name, ""))
    board.themes.append(theme)
    _lay(board, cards, theme)
    return Said("new", len(cards), theme.name)


def _put(board: Board, command: Command, cards: list[str]) -> Said:
    theme = board.theme(command.theme)
    if not cards:
        raise RefusedError("no-cards")
    _lay(board, cards, theme, command.before)
    return Said("put", len(cards), theme.name)


def _loose(board: Board, command: Command, cards: list[str]) -> Said:
    if not cards:
        raise RefusedError("no-cards")
    _lay(board, cards, None)
    return Said("loose", len(cards))


def _lay(board: Board, cards: Sequence[str], theme: Theme | None, before: str = "") -> None:
    whole = board.with_those_behind(cards)
    for one in board.themes:
        one.cards = [card for card in one.cards if card not in set(whole)]
    if theme is not None:
        place = theme.cards.index(before) if before in theme.cards else len(theme.cards)
        theme.cards[place:place] = whole


def _rename(board: Board, command: Command, cards: list[str]) -> Said:
    theme = board.theme(command.theme)
    old, theme.name = theme.name, _named(board, command.name, theme.id)
    return Said("rename", 0, old, theme.name)


def _named(board: Board, name: str, own: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise RefusedError("no-name")
    if len(name) > LONGEST_NAME:
        raise RefusedError("long-name")
    if any(theme.name.casefold() == name.casefold() for theme in board.themes if theme.id != own):
        raise RefusedError("same-name")
    return name


def _delete(board: Board, command: Command, cards: list[str]) -> Said:
    theme = board.theme(command.theme)
    board.themes.remove(theme)
    return Said("delete", len(theme.cards), theme.name)


def _join(board: Board, command: Command, cards: list[str]) -> Said:
    theme, into = board.theme(command.theme), board.theme(command.into)
    if theme is into:
        raise RefusedError("itself")
    board.themes.remove(theme)
    into.cards += theme.cards
    return Said("join", len(theme.cards), theme.name, into.name)


def _up(board: Board, command: Command, cards: list[str]) -> Said:
    return _shift(board, command, -1)


def _down(board: Board, command: Command, cards: list[str]) -> Said:
    return _shift(board, command, +1)


def _shift(board: Board, command: Command, by: int) -> Said:
    theme = board.theme(command.theme)
    place = board.themes.index(theme)
    to = min(max(place + by, 0), len(board.themes) - 1)
    board.themes.insert(to, board.themes.pop(place))
    return Said("shift", to + 1, theme.name)


def _earlier(board: Board, command: Command, cards: list[str]) -> Said:
    return _nudge(board, cards, -1)


def _later(board: Board, command: Command, cards: list[str]) -> Said:
    return _nudge(board, cards, +1)


def _nudge(board: Board, cards: list[str], by: int) -> Said:
    """Move one card past its neighbour in the theme, over what lies behind either."""
    if len(cards) != 1:
        raise RefusedError("one-card")
    card = board.behind.get(cards[0], cards[0])
    theme = board.theme_of(card)
    if theme is None:
        raise RefusedError("loose-order")
    fronts = [one for one in theme.cards if one not in board.behind]
    place = fronts.index(card)
    to = min(max(place + by, 0), len(fronts) - 1)
    fronts.insert(to, fronts.pop(place))
    theme.cards = board.with_those_behind(fronts)
    return Said("nudge", to + 1, theme.name)


def _alike(board: Board, command: Command, cards: list[str]) -> Said:
    """Lay cards that say the same behind the first of them."""
    fronts = list(dict.fromkeys(board.behind.get(card, card) for card in cards))
    if len(fronts) < 2:
        raise RefusedError("two-cards")
    front, rest = fronts[0], fronts[1:]
    hidden = [one for card in rest for one in (card, *board.alike(card))]
    for card in hidden:
        board.behind[card] = front
    theme = board.theme_of(front)
    for one in board.themes:
        one.cards = [card for card in one.cards if card not in set(hidden)]
    if theme is not None:
        place = theme.cards.index(front) + 1 + len([card for card in board.alike(front) if card in theme.cards])
        theme.cards[place:place] = hidden
    return Said("alike", len(hidden))


def _part(board: Board, command: Command, cards: list[str]) -> Said:
    """Let the cards behind one stand for themselves again, where it lies."""
    fronts = dict.fromkeys(board.behind.get(card, card) for card in cards)
    hidden = [one for front in fronts for one in board.alike(front)]
    if not hidden:
        raise RefusedError("none-behind")
    for card in hidden:
        del board.behind[card]
    return Said("part", len(hidden))


def _apart(board: Board, command: Command, cards: list[str]) -> Said:
    """Keep in mind that two cards are not the same."""
    if len(cards) != 2:
        raise RefusedError("two-cards")
    board.apart.add(pair(*cards))
    return Said("apart", 2)


def pair(one: str, other: str) -> tuple[str, str]:
    """Return two cards as `Board.apart` keeps them."""
    return (one, other) if one < other else (other, one)


_COMMANDS: Mapping[str, Callable[[Board, Command, list[str]], Said]] = {
    "new": _new,
    "put": _put,
    "loose": _loose,
    "rename": _rename,
    "delete": _delete,
    "join": _join,
    "up": _up,
    "down": _down,
    "earlier": _earlier,
    "later": _later,
    "alike": _alike,
    "part": _part,
    "apart": _apart,
}
