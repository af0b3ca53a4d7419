"""From a session that has ended to the one fixed data set behind its reports.

Lives here: the working draft, the staff's own texts and their rules, and the
freeze, which happens once (promise 9). Not here: what an edition consists of
(`editions.py`), which words may be quoted (`quoting.py`), printing (`jobs.py`).
It is one file because draft, save and freeze must apply the same rules to the same material.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import actions, anonymity, editions, figures, findings, moderation, parking, questions, receipts, themes
from .activities import KINDS
from .db import notify
from .editions import Material, Texts
from .errors import Stale, WorkshopError
from .guides.schema import Activity, Guide
from .models import ActivityRun, Card, Freeze, LiveSession, ReportText
from .quoting import FEWEST_FIRST, MOST_QUOTES, Guarded, Words, first_choice, offered
from .screens import CardScreen
from .words import _, ngettext

LONGEST_FINDING = 400  # three of them share the first page with the asks and the steps
LONGEST_ASKS = 2000
LONGEST_HEARD = 3000
LONGEST_STEP = 300
MOST_STEPS = 10
MANY_QUESTIONS = 2  # with words in more questions than that, fewer of each are chosen at first


@dataclass(frozen=True)
class ReviewedActivity:
    """One text activity on the review page: the summary, the cards beside it, and the choice of quotes.

    `offered` is empty when nothing may be quoted, whatever the reason; why is
    not said, because the reason would be a count.
    """

    id: str
    step: str
    prompt: str
    heard: str
    cards: tuple[CardScreen, ...]
    offered: tuple[CardScreen, ...]
    chosen: frozenset[str]


@dataclass(frozen=True)
class ReviewedSection:
    """One step as the manager's report may hold it, in the chosen order. `printed`: not left out."""

    id: str
    title: str
    printed: bool


@dataclass(frozen=True)
class ReportDraft:
    """The report as it stands before the freeze. `version` is what `save_texts` compares."""

    version: int
    texts: Texts
    suggested: tuple[str, ...]  # the findings computed from the results
    activities: tuple[ReviewedActivity, ...]
    sections: tuple[ReviewedSection, ...]
    freeze_from: datetime | None  # from when on it may be frozen; None: not before the session ends
    obstacle: str  # why it cannot be frozen now; empty: it can
    frozen: bool


def aware(moment: datetime) -> datetime:
    """Return a moment read from the database as UTC; SQLite forgets the zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def freeze_from(live: LiveSession) -> datetime | None:
    """Return from when on this session's report may be frozen; None while it has not ended."""
    if live.phase != "ended" or live.ended_at is None:
        return None
    return aware(live.ended_at) + timedelta(minutes=live.freeze_after_minutes)


def draft(session: Session, live: LiveSession, guide: Guide, now: datetime) -> ReportDraft:
    """Return the working state before the freeze: saved texts, or suggestions where nothing was saved."""
    material, version = _material(session, live, guide)
    return ReportDraft(
        version=version,
        texts=material.texts,
        suggested=findings.compute(_seen(material)),
        activities=tuple(_reviewed(material)),
        sections=_arranged(material),
        freeze_from=freeze_from(live),
        obstacle=_obstacle(session, live, now),
        frozen=find(session, live.id) is not None,
    )


def preview(session: Session, live: LiveSession, guide: Guide, edition: str, now: datetime) -> dict[str, Any]:
    """Return an edition as it would be if it were frozen now; for the watermarked draft only."""
    material, version = _material(session, live, guide)
    identifier = f"draft-{live.id}-{version}"
    return editions.build(material, edition, identifier, now.date())


def save_texts(
    session: Session, live: LiveSession, guide: Guide, texts: Texts, expected_version: int, now: datetime
) -> int:
    """Store what the facilitator wrote and return the new version.

    Raises WorkshopError when a text repeats six or more words of a card that may
    not be quoted, when something is too long or the report is frozen already;
    Stale when somebody saved in between.
    """
    if find(session, live.id) is not None:
        raise WorkshopError(_("The report is frozen. Its texts cannot change any more."), code="frozen", status=409)
    material, _version = _material(session, live, guide)
    texts = _cleaned(texts, material)
    _check_words(texts, material)
    if expected_version == 0:
        try:
            with session.begin_nested():
                session.add(ReportText(live_id=live.id, body=texts.to_json(), version=1))
        except IntegrityError:
            raise _stale() from None
        return 1
    done = session.execute(
        update(ReportText)
        .where(ReportText.live_id == live.id, ReportText.version == expected_version)
        .values(body=texts.to_json(), version=expected_version + 1)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise _stale()
    return expected_version + 1


def freeze(session: Session, live: LiveSession, guide: Guide, now: datetime) -> Freeze:
    """Fix everything derived from answers, once, and return it; a second call returns the first freeze.

    What people asked for their own cards (`receipts.py`) is carried out here, in
    the same transaction, and nobody is told who or how many. Floors count the
    people at the seal and stay as they were: a card that is taken back does not
    make its author somebody who never answered.

    Raises WorkshopError, saying when it will be possible, while the session
    runs, an activity is still being closed, or phones were told a later time.
    """
    existing = find(session, live.id)
    if existing is not None:
        return existing
    obstacle = _obstacle(session, live, now)
    if obstacle:
        raise WorkshopError(obstacle, code="too_early", status=409)
    moderation.hold(session, live.id)
    material, _version = _material(session, live, guide)
    _check_words(material.texts, material)
    held = receipts.held(session, live.id)
    material = _as_asked(material, held)
    identifier = anonymity.new_id()
    data = {
        edition: editions.build(material, edition, identifier, now.date())
        for edition in editions.wanted(material.texts)
    }
    data[figures.KEY] = figures.collect(material, identifier, now.date())
    try:
        with session.begin_nested():
            frozen = Freeze(id=identifier, live_id=live.id, frozen_at=now, editions=data)
            session.add(frozen)
    except IntegrityError:  # somebody else froze in the same moment; theirs counts
        first = find(session, live.id)
        assert first is not None
        return first
    if held:
        _keep_texts(session, live.id, material.texts)
    moderation.settle(session, live.id, _taken_back(held))
    receipts.settle(session, live.id)
    themes.settle(session, live.id)
    notify(session, live.id)
    return frozen


def checked(session: Session, live: LiveSession, guide: Guide, texts: Texts) -> Texts:
    """Return staff texts as a report may print them; raise WorkshopError for one that repeats a card or is too long."""
    material, _version = _material(session, live, guide)
    texts = _cleaned(texts, material)
    _check_words(texts, material)
    return texts


def _as_asked(material: Material, held: Mapping[str, str]) -> Material:
    """Return the material without what people took back or no longer let be quoted; `held` maps a card to that.

    Where a card that stood for others is gone, the first of them stands in its
    place. A quote that is gone leaves its place empty, and where fewer than three
    consents are left, none is printed. The staff's texts were written while all
    cards stood there: a sentence in one that repeats what may not be quoted any
    more goes too. To refuse the freeze instead would tell whose card it is.
    """
    if not held:
        return material
    taken = _taken_back(held)
    cards = {name: list(some) for name, some in material.cards.items()}  # the words of a cloud have no receipts
    for name, hidden in material.hidden.items():
        standing = set(material.read[name].standing(taken))
        cards[name] = [
            replace(card, quotable=card.quotable and card.id not in held)
            for card in sorted((*material.cards[name], *hidden), key=lambda card: card.id)
            if card.id in standing
        ]
    gone = [card.text for cards in material.cards.values() for card in cards if held.get(card.id) == "withdraw"]
    guarded = {name: texts.guarded(taken) for name, texts in material.read.items()}
    left = replace(material, cards=cards, guarded=guarded)
    quotes = {
        activity_id: tuple(sorted(set(chosen) & {card.id for card in _offered(left, activity_id)}))
        for activity_id, chosen in material.texts.quotes.items()
    }
    left = replace(left, parked=_printable(left.parked, [*gone, *_not_to_be_quoted(left)]))
    texts, not_to_say = material.texts, Guarded([*gone, *_not_to_be_quoted(left)])
    found = tuple(text for text in map(not_to_say.without, texts.findings) if text)
    steps = tuple(step for step in texts.next_steps if not_to_say.repeated_in(" ".join(step)) is None)
    return replace(
        left,
        texts=replace(
            texts,
            findings=found if not_to_say.repeated_in(" ".join(found)) is None else (),
            asks=not_to_say.without(texts.asks),
            next_steps=steps if not_to_say.repeated_in(" ".join(step[0] for step in steps)) is None else (),
            heard={activity_id: not_to_say.without(text) for activity_id, text in texts.heard.items()},
            quotes=quotes,
        ),
    )


def _taken_back(held: Mapping[str, str]) -> frozenset[str]:
    return frozenset(card_id for card_id, act in held.items() if act == "withdraw")


def _keep_texts(session: Session, live_id: str, texts: Texts) -> None:
    """Let the saved texts be those that were frozen, so that nothing taken back lies on in them."""
    session.execute(update(ReportText).where(ReportText.live_id == live_id).values(body=texts.to_json()))


def find(session: Session, live_id: str) -> Freeze | None:
    """Return the freeze of a live session, or None."""
    return session.scalars(select(Freeze).where(Freeze.live_id == live_id)).one_or_none()


def _obstacle(session: Session, live: LiveSession, now: datetime) -> str:
    """Return why the report cannot be frozen now, and what to do; empty when it can."""
    if live.rehearsal:
        return _("This is a rehearsal: there is nothing to freeze. Start a real session to get a report.")
    if live.purged_on is not None:
        return _("The results of this session were deleted on %(day)s, as every phone was told.", day=live.purged_on)
    moment = freeze_from(live)
    if moment is None:
        return _("The session has not ended. End it first; then the report can be frozen.")
    unfinished = session.scalars(
        select(ActivityRun.id).where(ActivityRun.live_id == live.id, ActivityRun.state != "released")
    ).first()
    if unfinished is not None:
        return _("A question is still being closed. Wait a few seconds, then try again.")
    if now < moment:
        minutes = ceil((moment - now).total_seconds() / 60)
        if minutes > 90:
            return ngettext(
                "The phones were told a later time. You can freeze the report in one hour.",
                "The phones were told a later time. You can freeze the report in %(num)d hours.",
                ceil(minutes / 60),
            )
        return _("The phones were told a later time. You can freeze the report in %(minutes)s min.", minutes=minutes)
    return ""


def _material(session: Session, live: LiveSession, guide: Guide) -> tuple[Material, int]:
    runs = session.scalars(
        select(ActivityRun).where(ActivityRun.live_id == live.id, ActivityRun.state == "released")
    ).all()
    kind_of = {activity.id: activity.kind for activity in guide.activities}
    seen_runs = {run.activity_id: run for run in runs if run.activity_id in kind_of and run.release is not None}
    results = {name: moderation.release(session, run, kind_of[name]) for name, run in seen_runs.items()}
    read = {name: moderation.texts_of(session, run, kind_of[name]) for name, run in seen_runs.items()}
    activity_of = {run.id: run.activity_id for run in runs}
    every: dict[str, list[Words]] = {}
    for card in session.scalars(select(Card).where(Card.run_id.in_(activity_of)).order_by(Card.id)):
        name = activity_of[card.run_id]
        if name in read:
            every.setdefault(name, []).append(Words(card.id, read[name].shown(card.id), card.quotable))
    standing = {name: set(texts.standing()) for name, texts in read.items()}
    cards = {name: [card for card in some if card.id in standing[name]] for name, some in every.items()}
    hidden = {name: [card for card in some if card.id not in standing[name]] for name, some in every.items()}
    for activity in guide.activities:
        kind, release = KINDS[activity.kind], results.get(activity.id)
        if kind.own_words and release and not release.get("too_few"):
            # Cards in all but name: shown beside the summary, never quotable, guarded by the six-word rule.
            words = kind.words(kind.load(release["result"]))
            cards[activity.id] = [Words(f"{activity.id}-{n}", word, False) for n, word in enumerate(words)]
    material = Material(
        live,
        guide,
        results,
        cards,
        Texts(),
        themes.for_report(session, activity_of),
        hidden=hidden,
        read=read,
        guarded={name: texts.guarded() for name, texts in read.items()},
    )
    noted = parking.staff_entries(session, live)
    material = replace(material, parked=_printable(noted, _not_to_be_quoted(material)))
    stored = session.get(ReportText, live.id)
    if stored is not None:
        session.refresh(stored)
    if stored is not None:
        return replace(material, texts=_with_choice(material, Texts.from_json(stored.body))), stored.version
    found = findings.ranked(_seen(material))
    suggested = Texts(
        findings=tuple(text for _id, text in found),
        next_steps=actions.as_next_steps(session, live, editions.day_words)[:MOST_STEPS],
    )
    material = replace(material, texts=_with_choice(material, suggested))
    left_out = editions.usually_left_out(material, (activity_id for activity_id, _text in found))
    return replace(material, texts=replace(material.texts, left_out=left_out)), 0


def _printable(noted: Sequence[parking.Entry], kept: Iterable[str]) -> tuple[parking.Entry, ...]:
    """Return what the facilitator parked, without what repeats a card that may not be quoted, in one entry or across them."""
    guarded = Guarded(kept)
    fit = tuple(one for one in noted if guarded.repeated_in(one.text) is None)
    return fit if guarded.repeated_in(" ".join(one.text for one in fit)) is None else ()


def _with_choice(material: Material, texts: Texts) -> Texts:
    """Fill in the random six wherever nobody has chosen quotes."""
    quotes = dict(texts.quotes)
    asked = _text_activities(material)
    most = MOST_QUOTES if sum(bool(_offered(material, one.id)) for one in asked) <= MANY_QUESTIONS else FEWEST_FIRST
    for activity in asked:
        if activity.id not in quotes:
            may, places = _offered(material, activity.id), questions.voted(material.results[activity.id])
            if places:  # questions from the room: what most people asked for
                may = tuple(sorted(may, key=lambda card: places.get(card.id, len(places)))[:most])
            quotes[activity.id] = first_choice(material.live.id, may, most)
    return replace(texts, quotes=quotes)


def _seen(material: Material) -> list[findings.Seen]:
    last = len(material.guide.steps) - 1
    return [
        findings.Seen(activity, material.results[activity.id], frame=number in (0, last))
        for number, step in enumerate(material.guide.steps)
        for activity in step.activities
        if activity.id in material.results and KINDS[activity.kind].asks
    ]


def _text_activities(material: Material) -> list[Activity]:
    """Return the text activities that the room has seen something of, in the guide's order."""
    return [
        seen.activity
        for seen in _seen(material)
        if (KINDS[seen.activity.kind].texts or KINDS[seen.activity.kind].own_words) and not seen.release.get("too_few")
    ]


def _offered(material: Material, activity_id: str) -> tuple[Words, ...]:
    words_ok = bool(material.results[activity_id].get("words_ok"))
    return offered(material.cards.get(activity_id, ()), words_ok)


def _arranged(material: Material) -> tuple[ReviewedSection, ...]:
    """Return the steps that have something to print, in the order chosen for the manager."""
    places = {step_id: place for place, step_id in enumerate(material.texts.order)}
    steps = [step for step in material.guide.steps if editions.asked_in(material, step)]
    steps.sort(key=lambda step: places.get(step.id, len(places)))
    return tuple(ReviewedSection(step.id, step.title, step.id not in material.texts.left_out) for step in steps)


def _reviewed(material: Material) -> Iterable[ReviewedActivity]:
    for step in material.guide.steps:
        inside = {activity.id for activity in step.activities}
        for activity in _text_activities(material):
            if activity.id not in inside:
                continue
            yield ReviewedActivity(
                id=activity.id,
                step=step.title,
                prompt=activity.prompt,
                heard=material.texts.heard.get(activity.id, ""),
                cards=_shown(material.cards.get(activity.id, ())),
                offered=_shown(_offered(material, activity.id)),
                chosen=frozenset(material.texts.quotes.get(activity.id, ())),
            )


def _shown(cards: Sequence[Words]) -> tuple[CardScreen, ...]:
    return tuple(CardScreen(card.id, card.text) for card in sorted(cards, key=lambda card: card.id))


def _cleaned(texts: Texts, material: Material) -> Texts:
    """Return the texts normalised and without empty parts; raise when something is too long or too many."""
    known = {activity.id for activity in _text_activities(material)}
    printable = {section.id for section in _arranged(material)}
    quotes: dict[str, tuple[str, ...]] = {}
    for activity_id in known:
        may = {card.id for card in _offered(material, activity_id)}
        chosen = tuple(sorted(set(texts.quotes.get(activity_id, ())) & may))
        if len(chosen) > MOST_QUOTES:
            raise WorkshopError(
                _("Choose at most %(most)s quotes for one question. Take some out, then save again.", most=MOST_QUOTES)
            )
        quotes[activity_id] = chosen
    steps = []
    for parts in texts.next_steps:
        what, owner, by = (_short(part, LONGEST_STEP, _("A next step")) for part in parts)
        if not what and (owner or by):
            raise WorkshopError(_("A next step has a name or a date, but nothing to do. Write what will be done."))
        if what:
            steps.append((what, owner, by))
    if len(steps) > MOST_STEPS:
        raise WorkshopError(
            _("That is more than %(most)s next steps. Keep the ones that matter most.", most=MOST_STEPS)
        )
    return Texts(
        findings=tuple(
            text for text in (_short(text, LONGEST_FINDING, _("A finding")) for text in texts.findings) if text
        )[: findings.MOST_FINDINGS],
        asks=_short(texts.asks, LONGEST_ASKS, _("What the group asks for")),
        next_steps=tuple(steps),
        heard={
            activity_id: text
            for activity_id in known
            if (text := _short(texts.heard.get(activity_id, ""), LONGEST_HEARD, _("What we heard")))
        },
        quotes=quotes,
        order=tuple(step_id for step_id in dict.fromkeys(texts.order) if step_id in printable),
        left_out=texts.left_out & printable,
        for_all=texts.for_all,
        on_the_wall=texts.on_the_wall,
    )


def _short(text: str, longest: int, name: str) -> str:
    text = anonymity.normalise(text)
    if len(text) > longest:
        raise WorkshopError(
            _("%(name)s is too long: at most %(longest)s characters fit the page.", name=name, longest=longest)
        )
    return text


def _not_to_be_quoted(material: Material) -> list[str]:
    """Return the texts that no staff text may repeat, as things stand."""
    kept: list[str] = []
    for activity_id, cards in material.cards.items():
        # What was written for the manager was offered to nobody else, and staff texts are in every edition.
        for_manager = material.guide.activity(activity_id).for_ == "manager"
        free = set() if for_manager else {card.id for card in _offered(material, activity_id)}
        kept += [card.text for card in cards if card.id not in free]
    return [*kept, *(text for texts in material.guarded.values() for text in texts)]


def _check_words(texts: Texts, material: Material) -> None:
    """Refuse staff texts that carry a card's own wording out of the room without its author's leave.

    "May be quoted" is what could really be printed: consented, above the words'
    floor and with enough consents; everything else stays in the room.
    """
    guarded = Guarded(_not_to_be_quoted(material))
    steps = [" ".join(step) for step in texts.next_steps]
    places: Mapping[str, list[str]] = {
        _("the findings"): [*texts.findings, " ".join(texts.findings)],
        _("what the group asks for"): [texts.asks],
        _("the next steps"): [*steps, " ".join(step[0] for step in texts.next_steps)],
        _("what we heard"): list(texts.heard.values()),
    }
    for place, written in places.items():
        for text in written:
            run = guarded.repeated_in(text)
            if run is not None:
                raise WorkshopError(
                    _(
                        "In %(place)s you repeat a text that may not be quoted: “%(run)s”. Say it in your own words.",
                        place=place,
                        run=run,
                    ),
                    code="quoted",
                    status=422,
                )


def _stale() -> Stale:
    return Stale(
        _("Somebody else has saved this report in the meantime. Your texts are still here: compare and save again.")
    )
