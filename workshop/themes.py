"""Cards to themes: the board of a closed question, kept so that several people can work on it at once.

Lives here: reading a board, carrying out a command on it (compare-and-set on
the board's version, tried again when somebody was faster), what an audience
sees of it, and what becomes of it at the freeze. Not here: what a command does
(`boards.py`), who may give it (the caller), sentences and pages (`web/themes.py`).

A board knows cards by their random ids and tells nothing of who wrote them or
when: themes and their order are the facilitator's, loose cards stand in the
order of their ids (promises 4 and 5). Every command is kept at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import alike, anonymity, boards, moderation
from .activities import KINDS
from .boards import Board, Command, Said, Theme
from .db import erase, notify
from .errors import Stale, WorkshopError
from .house import House
from .live_state import get, guide_of, hits, run_of
from .models import ActivityRun, Card, Freeze, LiveSession, ThemeBoard
from .quoting import Guarded, spoken
from .words import _

TRIES = 20
"""Two people who press in the same instant collide once; twenty collisions in a row do not happen."""

SHORT_CARD = 4
"""From so many words on a whole card is somebody's own wording; three in a row are a heading that anybody could choose."""


@dataclass(frozen=True)
class BoardCard:
    """A card on the board; `like` are those behind it."""

    id: str
    text: str
    like: tuple[BoardCard, ...] = ()


@dataclass(frozen=True)
class BoardTheme:
    """A theme with its cards."""

    id: str
    name: str
    cards: tuple[BoardCard, ...]


@dataclass(frozen=True)
class Shown:
    """A board as it may be seen now. `pairs` are cards that may say the same; `undo` and `redo` what would happen."""

    version: int
    themes: tuple[BoardTheme, ...]
    loose: tuple[BoardCard, ...]
    pairs: tuple[tuple[BoardCard, BoardCard], ...] = ()
    undo: Said | None = None
    redo: Said | None = None

    @property
    def touched(self) -> bool:
        """Return whether anything is grouped or laid together."""
        return bool(self.themes) or any(card.like for card in self.loose)


# -- reading


def released(session: Session, live: LiveSession, activity_id: str) -> ActivityRun | None:
    """Return the run whose cards can be grouped, None while there are none that everybody saw."""
    activity = guide_of(live).activity(activity_id)
    run = run_of(session, live, activity_id)
    if run is None or run.state != "released" or not KINDS[activity.kind].groups:
        return None
    return None if (run.release or {}).get("too_few") else run


def fixed(session: Session, live: LiveSession) -> bool:
    """Return whether the themes of a session are final, because its report is."""
    return session.scalar(select(Freeze.id).where(Freeze.live_id == live.id)) is not None


def cards_of(session: Session, run_id: str) -> list[tuple[str, str]]:
    """Return (id, text) of the cards that the room sees, in the order of their random ids."""
    return moderation.cards(session, run_id)


def of(session: Session, run_id: str) -> tuple[Board, int]:
    """Return the board of a run and its version; an empty one at version 0 where nobody has begun."""
    row = session.get(ThemeBoard, run_id, populate_existing=True)
    return (Board.load(row.body), row.version) if row is not None else (Board(), 0)


def shown(session: Session, run_id: str, cards: Sequence[tuple[str, str]], *, working: bool = False) -> Shown:
    """Return the board over these cards; `working`: with what only those who group need."""
    board, version = of(session, run_id)
    made = _arranged(board, cards, version)
    if not working:
        return made
    fronts = {card.id: card for theme in made.themes for card in theme.cards} | {card.id: card for card in made.loose}
    near = alike.pairs([(card.id, card.text) for card in fronts.values()], board.apart)
    return replace(
        made,
        pairs=tuple((fronts[one], fronts[other]) for one, other in near),
        undo=board.undo[-1].said if board.undo else None,
        redo=board.redo[-1].said if board.redo else None,
    )


def _arranged(board: Board, cards: Sequence[tuple[str, str]], version: int) -> Shown:
    texts = dict(cards)
    board = board.kept(texts)

    def card(card_id: str) -> BoardCard:
        return BoardCard(card_id, texts[card_id], tuple(BoardCard(one, texts[one]) for one in board.alike(card_id)))

    placed = {card_id for theme in board.themes for card_id in theme.cards}
    return Shown(
        version=version,
        themes=tuple(
            BoardTheme(theme.id, theme.name, tuple(card(one) for one in theme.cards if one not in board.behind))
            for theme in board.themes
        ),
        loose=tuple(card(one) for one in sorted(texts) if one not in placed and one not in board.behind),
    )


CHANGES = (
    select(func.coalesce(func.sum(ThemeBoard.version), 0))
    .join(ActivityRun, ActivityRun.id == ThemeBoard.run_id)
    .where(ActivityRun.live_id == bindparam("live_id"))
)
"""A number that grows with every change of any board of the session `live_id`."""


def count(session: Session, live_id: str) -> int:
    """Return `CHANGES` of a session."""
    return int(session.scalar(CHANGES, {"live_id": live_id}) or 0)


def names(session: Session, live: LiveSession, activity_ids: Iterable[str]) -> list[str]:
    """Return the names of the themes of some questions, in their order, each once."""
    found: dict[str, str] = {}
    for activity_id in activity_ids:
        run = released(session, live, activity_id)
        for theme in of(session, run.id)[0].themes if run is not None else ():
            found.setdefault(theme.name.casefold(), theme.name)
    return list(found.values())


def for_report(session: Session, activity_of: Mapping[str, str]) -> dict[str, tuple[Theme, ...]]:
    """Return activity id -> its themes, for the runs in `activity_of` (run id -> activity id)."""
    rows = session.scalars(select(ThemeBoard).where(ThemeBoard.run_id.in_(activity_of))).all()
    return {activity_of[row.run_id]: tuple(Board.load(row.body).themes) for row in rows}


# -- changing


def change(house: House, live_id: str, activity_id: str, command: Command) -> Said:
    """Carry out one command on the board of a question and return what was done.

    Two people at once never lose each other's work: the command of whoever was
    slower is carried out on the board as the other one left it. Raises
    WorkshopError with what to do.
    """
    for _try in range(TRIES):
        try:
            with house.database.transaction() as session:
                return _change(session, live_id, activity_id, command)
        except (Stale, IntegrityError):
            continue
    raise Stale(_("Many people are grouping at once. Try again."))


def _change(session: Session, live_id: str, activity_id: str, command: Command) -> Said:
    live = get(session, live_id)
    run = released(session, live, activity_id)
    if run is None:
        raise WorkshopError(
            _("These cards cannot be grouped: the question has not closed, or it has none."), status=409
        )
    if fixed(session, live):
        raise WorkshopError(_("The report is fixed, and the themes with it."), status=409)
    if command.name:
        command = replace(command, name=anonymity.normalise(command.name))
        _require_own_words(session, live_id, command.name)
    command = replace(command, fresh=anonymity.new_id())
    cards = cards_of(session, run.id)
    board, version = of(session, run.id)
    try:
        said = boards.act(board, command, {card_id for card_id, _text in cards})
    except boards.GoneError as gone:
        if gone.args[0] == "cards":
            raise WorkshopError(_("These cards are not here any more."), code="gone", status=409) from None
        raise WorkshopError(
            _("Somebody has taken this theme away in the meantime. The cards are where they were."),
            code="gone",
            status=409,
        ) from None
    except boards.RefusedError as refused:
        raise WorkshopError(_refusal(refused.args[0]), status=422) from None
    _keep(session, run.id, board, version)
    notify(session, live_id)
    return said


def _keep(session: Session, run_id: str, board: Board, version: int) -> None:
    """Write the board if it is still the one that was read; else raise Stale (or IntegrityError for the first)."""
    body = board.dump()
    if version == 0:
        session.add(ThemeBoard(run_id=run_id, version=1, body=body))
        session.flush()
        return
    changed = session.execute(
        update(ThemeBoard)
        .where(ThemeBoard.run_id == run_id, ThemeBoard.version == version)
        .values(body=body, version=version + 1)
        .execution_options(synchronize_session=False)
    )
    if hits(changed) != 1:
        raise Stale(_("Somebody else was faster."))


def _require_own_words(session: Session, live_id: str, name: str) -> None:
    """Refuse a name that is a card's own wording: names are printed and voted on, words travel only as allowed.

    Whether a card may be quoted does not matter: its author may still take that back (promise 11).
    """
    runs = select(ActivityRun.id).where(ActivityRun.live_id == live_id, ActivityRun.state == "released")
    texts = list(session.scalars(select(Card.text).where(Card.run_id.in_(runs))))
    said = spoken(name)
    for text in texts:
        words = spoken(text)
        starts = range(len(said) - len(words) + 1) if len(words) >= SHORT_CARD else range(0)
        if any(said[at : at + len(words)] == words for at in starts):
            raise _not_own()
    if Guarded(texts).repeated_in(name) is not None:
        raise _not_own()


def _not_own() -> WorkshopError:
    return WorkshopError(
        _("This name repeats a card word for word. Names go into votes and reports, so say it in your own words."),
        code="quoted",
        status=422,
    )


def _refusal(why: str) -> str:
    return {
        "no-cards": _("Choose cards first."),
        "no-name": _("Give the theme a name."),
        "long-name": _("This name is too long: at most %(most)s characters.", most=boards.LONGEST_NAME),
        "same-name": _("There is a theme of this name already."),
        "many": _("That are %(most)s themes. Put some together first.", most=boards.MOST_THEMES),
        "itself": _("Choose another theme to put this one into."),
        "nothing": _("There is nothing left to take back."),
        "one-card": _("Choose one card to move up or down."),
        "loose-order": _("Cards that are in no theme have no order."),
        "two-cards": _("Choose at least two cards that say the same."),
        "none-behind": _("There is nothing behind this card."),
    }.get(why, _("There is no such move."))


# -- what becomes of boards


def settle(session: Session, live_id: str) -> None:
    """At the freeze: let go of cards that are gone and of every way back to them."""
    runs = select(ActivityRun.id).where(ActivityRun.live_id == live_id)
    for row in session.scalars(select(ThemeBoard).where(ThemeBoard.run_id.in_(runs))):
        known = {card_id for card_id, _text in cards_of(session, row.run_id)}
        row.body, row.version = Board.load(row.body).kept(known).dump(), row.version + 1
    session.flush()
    erase(session)


def forget(session: Session, live_id: str) -> None:
    """Delete every board of a session."""
    runs = select(ActivityRun.id).where(ActivityRun.live_id == live_id)
    session.execute(delete(ThemeBoard).where(ThemeBoard.run_id.in_(runs)))
    erase(session)


def printed(themes: Sequence[Theme], cards: Collection[str]) -> list[Theme]:
    """Return the themes that hold any of these cards, with those cards alone.

    A theme without a card is not printed, whether it never had one or its only one was taken back.
    """
    kept = [Theme(theme.id, theme.name, [card for card in theme.cards if card in cards]) for theme in themes]
    return [theme for theme in kept if theme.cards]
