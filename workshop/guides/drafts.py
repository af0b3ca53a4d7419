"""A guide while it is written: its draft, undo and redo, publishing, versions, and who else may write.

Lives here: the rules of changing a guide that is kept. Not here: what a change
does to the data (`edits.py`), what may be entered (`settings_form.py`), who may
see which guide (`library.py`). A running session keeps its own copy, so nothing
here reaches it.

Each change is one short transaction that counts the draft's `version` up. A
change that was made on an older version is refused, with one exception: a field
that nobody else has touched meanwhile is set all the same, so two windows on two
parts of a guide do not get into each other's way.

A module of this length, because a draft, its versions and its readers count one version together.
"""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .. import models
from ..errors import Forbidden, NotFound, Stale, WorkshopError
from ..models import Account
from ..words import _
from . import edits, library, schema, settings_form
from .checks import check
from .edits import Data
from .source import GuideError, Problem, Reading

KEPT = 60
"""States of a draft that can be gone back to. One of a long guide takes 10 KiB, compressed."""


@dataclass(frozen=True)
class Draft:
    """A guide as it is being written. `number` is its newest version, 0 before the first."""

    guide_id: str
    slug: str
    data: Data
    version: int
    can_undo: bool
    can_redo: bool
    changed: bool
    starts: str
    number: int


@dataclass(frozen=True)
class Entered:
    """What somebody entered in one field; `was` is what the field held before, None where that is not known."""

    path: str
    texts: Sequence[str]
    was: str | None = None


class Conflict(Stale):
    """The same field was changed in two places; `path` says which, `theirs` what it holds now."""

    code = "conflict"

    def __init__(self, path: str, theirs: str) -> None:
        super().__init__(_("Somebody has changed this field in another window meanwhile."))
        self.path = path
        self.theirs = theirs


# Beginning ----------------------------------------------------------------------------------------------------------


def create(session: Session, actor: Account, title: str, language: str, now: datetime) -> str:
    """Begin a guide with nothing in it, for its owner alone; return its slug."""
    title = edits.tidy(title, lines=False)[:120]
    if not title:
        raise WorkshopError(_("Give the guide a title first. You can change it later."))
    return _keep(session, actor, edits.fresh(title, language), now)


def duplicate(session: Session, actor: Account, guide_id: str, now: datetime) -> str:
    """Copy a guide that `actor` may see, as a guide of their own; return the copy's slug."""
    row = library.visible(session, actor, guide_id)
    if not row.source:
        raise NotFound(_("This guide has no version yet. Publish it first."))
    data = _data_of(row)
    data["title"] = _("Copy of %(title)s", title=data["title"])[:120]
    for words in data.get("translations", {}).values():
        words.pop("title", None)
    return _keep(session, actor, data, now)


def _keep(session: Session, actor: Account, data: Data, now: datetime) -> str:
    slug = library.free_slug(session, data["id"])
    if len(slug) <= 60:
        data["id"] = slug
    row = models.Guide(
        id=secrets.token_urlsafe(16),
        slug=slug,
        title=data["title"],
        language=data["language"],
        source="",
        shipped=False,
        owner_id=actor.id,
        archived=False,
        shared="nobody",
        updated_at=now,
    )
    session.add(row)
    session.flush()
    session.add(models.GuideDraft(guide_id=row.id, version=1, at=0, published=0))
    session.add(models.GuideState(guide_id=row.id, number=0, data=_pack(data)))
    session.flush()
    return slug


# Reading ------------------------------------------------------------------------------------------------------------


def open_draft(session: Session, actor: Account, guide_id: str) -> Draft:
    """Return the draft of a guide that `actor` may edit; where nothing was changed yet, what is published."""
    return _draft(session, library.editable(session, actor, guide_id))


def _draft(session: Session, row: models.Guide) -> Draft:
    kept = session.get(models.GuideDraft, row.id, populate_existing=True)
    number = session.scalar(select(func.max(models.GuideVersion.number)).where(models.GuideVersion.guide_id == row.id))
    newest = number or (1 if row.source else 0)
    if kept is None:
        return Draft(row.id, row.slug, _data_of(row), 0, False, False, False, "09:00", newest)
    numbers = set(session.scalars(select(models.GuideState.number).where(models.GuideState.guide_id == row.id)))
    return Draft(
        row.id,
        row.slug,
        _unpack(session.get_one(models.GuideState, (row.id, kept.at), populate_existing=True).data),
        kept.version,
        kept.at - 1 in numbers,
        kept.at + 1 in numbers,
        kept.version != kept.published,
        kept.starts,
        newest,
    )


def problems(data: Data) -> list[Problem]:
    """Return what is wrong with a draft, in the order of the guide; each with its path in the data."""
    reading = Reading("draft", data=json.loads(json.dumps(data)))
    try:
        check(reading)
    except GuideError as error:
        return sorted(error.problems, key=lambda problem: _order(problem.path))
    return []


def _order(path: tuple[str | int, ...]) -> tuple[int, list[tuple[int, str]]]:
    first = ["title", "language", "summary", "steps", "translations"]
    top = first.index(str(path[0])) if path and path[0] in first else -1
    return top, [(part, "") if isinstance(part, int) else (-1, part) for part in path[1:]]


def _data_of(row: models.Guide) -> Data:
    data: Data = schema.parse(row.source, f"{row.slug}.yaml").file.model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    return data


def _pack(data: Data) -> bytes:
    return zlib.compress(json.dumps(data, ensure_ascii=False).encode(), 6)


def _unpack(packed: bytes) -> Data:
    data: Data = json.loads(zlib.decompress(packed))
    return data


# Changing -----------------------------------------------------------------------------------------------------------


def change(session: Session, actor: Account, guide_id: str, version: int, apply: Callable[[Data], Any]) -> Any:
    """Do something to a draft at the version that was seen; return what `apply` returns. Raises Stale."""
    row = library.editable(session, actor, guide_id)
    kept = _claim(session, row, version)
    data = _unpack(session.get_one(models.GuideState, (row.id, kept.at)).data)
    said = apply(data)
    _push(session, kept, data)
    return said


def enter(
    session: Session, actor: Account, guide_id: str, version: int, entered: Sequence[Entered], language: str = ""
) -> bool:
    """Set fields of a draft, of a translation where `language` is given; return whether others' changes came along.

    Raises Conflict where a field was changed elsewhere since it was seen, Stale
    where that cannot be told.
    """
    row = library.editable(session, actor, guide_id)
    present = _draft(session, row)
    merged = version != present.version
    if merged and any(one.was is None for one in entered):
        raise _stale()
    kept = _claim(session, row, present.version)
    data = _unpack(session.get_one(models.GuideState, (row.id, kept.at)).data)
    if language and language not in data.get("translations", {}):
        raise NotFound(_("This translation is no longer in the guide."))
    for one in entered:
        if one.was is not None:
            now = text_of(data, one.path, language)
            if now not in (one.was, "\n".join(one.texts)):
                raise Conflict(one.path, now)
        if language:
            settings_form.enter_word(data, language, one.path, one.texts)
        else:
            settings_form.enter(data, one.path, one.texts)
    _push(session, kept, data, f"{language}:{entered[0].path}" if len(entered) == 1 else "")
    return merged


def text_of(data: Data, path: str, language: str = "") -> str:
    """Return what a field holds, as the text that its form would send."""
    if language:
        return edits.word_of(data, language, path)
    return settings_form.text(settings_form.find(data, path))


def undo(session: Session, actor: Account, guide_id: str, version: int, by: int = -1) -> None:
    """Go one state back, or forward again; at the end of the way nothing happens. Raises Stale."""
    row = library.editable(session, actor, guide_id)
    kept = _claim(session, row, version)
    if session.get(models.GuideState, (row.id, kept.at + by)) is not None:
        kept.at += by


def set_start(session: Session, actor: Account, guide_id: str, starts: str) -> None:
    """Say at what time of day the guide would begin, for the clock beside its steps; the guide does not hold it."""
    row = library.editable(session, actor, guide_id)
    kept = _claim(session, row, _draft(session, row).version)
    kept.version -= 1  # nothing in the guide has changed
    kept.starts = starts


def _claim(session: Session, row: models.Guide, version: int) -> models.GuideDraft:
    """Count the draft up from the version that was seen, and hold on to it; make it where there is none yet."""
    if version == 0 and session.get(models.GuideDraft, row.id) is None:
        try:
            with session.begin_nested():
                session.add(models.GuideDraft(guide_id=row.id, version=1, at=0, published=0))
                session.add(models.GuideState(guide_id=row.id, number=0, data=_pack(_data_of(row))))
        except IntegrityError:
            raise _stale() from None
        return session.get_one(models.GuideDraft, row.id)
    claimed = session.execute(
        update(models.GuideDraft)
        .where(models.GuideDraft.guide_id == row.id, models.GuideDraft.version == version)
        .values(version=version + 1)
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        raise _stale()
    return session.get_one(models.GuideDraft, row.id, populate_existing=True)


def _stale() -> Stale:
    return Stale(_("The guide was changed in another window meanwhile. Here is how it stands now; please do it again."))


def _push(session: Session, kept: models.GuideDraft, data: Data, what: str = "") -> None:
    """Keep a new state; typing on in the same field goes into the same one."""
    # Writing YAML takes a hundred times as long as JSON, at every change; indented it is at most four times as large.
    packed = _pack(data)
    if 4 * len(json.dumps(data)) > schema.MAX_BYTES and len(schema.as_yaml(data).encode()) > schema.MAX_BYTES:
        raise WorkshopError(
            _("The guide would get larger than %(size)s KiB.", size=schema.MAX_BYTES // 1024), status=422
        )
    present = session.get_one(models.GuideState, (kept.guide_id, kept.at))
    ahead = models.GuideState.number > kept.at
    session.execute(delete(models.GuideState).where(models.GuideState.guide_id == kept.guide_id, ahead))
    if what and present.what == what and kept.published != kept.version - 1:
        present.data = packed
        return
    kept.at += 1
    session.add(models.GuideState(guide_id=kept.guide_id, number=kept.at, what=what[:300], data=packed))
    behind = models.GuideState.number <= kept.at - KEPT
    session.execute(delete(models.GuideState).where(models.GuideState.guide_id == kept.guide_id, behind))
    session.flush()


# Versions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """One published state of a guide."""

    number: int
    title: str
    note: str
    author: str
    made_on: date | None
    source: str


def publish(
    session: Session, actor: Account, guide_id: str, version: int, note: str, today: date, now: datetime
) -> int:
    """Make the draft the newest version, which the library then has; return its number.

    Raises Stale, and GuideError while something is still wrong with it.
    """
    row = library.editable(session, actor, guide_id)
    kept = _claim(session, row, version)
    data = _unpack(session.get_one(models.GuideState, (row.id, kept.at)).data)
    if edits.settle(data):
        _push(session, kept, data)
    number = _publish(session, row, actor, data, note, today, now)
    kept.published = kept.version
    return number


def _publish(
    session: Session, row: models.Guide, actor: Account, data: Data, note: str, today: date, now: datetime
) -> int:
    text = schema.as_yaml(data)
    guide = schema.parse(text, f"{row.slug}.yaml")
    made = versions(session, row)
    if made and made[0].made_on is None:  # what was imported is the first version, kept as it came
        session.add(_version_row(row.id, 1, row.title, "", made[0].author, row.updated_at.date(), row.source))
    number = made[0].number + 1 if made else 1
    note = edits.tidy(note, lines=False)[:200]
    session.add(_version_row(row.id, number, guide.title, note, actor.name[:120], today, text))
    row.source, row.title, row.language, row.updated_at = text, guide.title, guide.file.language, now
    return number


def _version_row(
    guide_id: str, number: int, title: str, note: str, author: str, made_on: date, source: str
) -> models.GuideVersion:
    return models.GuideVersion(
        guide_id=guide_id, number=number, title=title, note=note, author=author, made_on=made_on, source=source
    )


def versions(session: Session, row: models.Guide) -> list[Version]:
    """Return the versions of a guide, the newest first; of one that was never edited, what was brought."""
    rows = session.scalars(
        select(models.GuideVersion)
        .where(models.GuideVersion.guide_id == row.id)
        .order_by(models.GuideVersion.number.desc())
    ).all()
    if not rows and row.source:
        owner = session.get(Account, row.owner_id) if row.owner_id else None
        return [Version(1, row.title, "", owner.name[:120] if owner else "", None, row.source)]
    return [Version(one.number, one.title, one.note, one.author, one.made_on, one.source) for one in rows]


def versions_of(session: Session, actor: Account, guide_id: str) -> list[Version]:
    """Return the versions of a guide that `actor` may see."""
    return versions(session, library.visible(session, actor, guide_id))


def restore(session: Session, actor: Account, guide_id: str, number: int, today: date, now: datetime) -> int:
    """Publish an old version again as the newest; return its new number. The draft becomes it too, and can be undone."""
    row = library.editable(session, actor, guide_id)
    found = next((one for one in versions(session, row) if one.number == number), None)
    if found is None:
        raise NotFound(_("There is no such version."))
    guide = schema.parse(found.source, f"{row.slug}.yaml")
    data: Data = guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    kept = _claim(session, row, _draft(session, row).version)
    _push(session, kept, data)
    new = _publish(session, row, actor, data, _("Version %(number)s again", number=number), today, now)
    kept.published = kept.version
    return new


def discard(data: Data, published: Data) -> None:
    """Make a draft what is published; one more change that can be undone."""
    data.clear()
    data.update(published)


def published_data(session: Session, actor: Account, guide_id: str) -> Data:
    """Return what the newest version of a guide holds."""
    return _data_of(library.editable(session, actor, guide_id))


# Others -------------------------------------------------------------------------------------------------------------


def share(session: Session, actor: Account, guide_id: str, shared: str) -> None:
    """Say what everybody here may do with a guide: "nobody" (nothing), "use", or "edit"."""
    row = _own(session, actor, guide_id)
    if shared not in ("nobody", "use", "edit"):
        raise WorkshopError(_("Choose one of the three."))
    row.shared = shared


def editors(session: Session, actor: Account, guide_id: str) -> list[Account]:
    """Return the colleagues who may edit a guide beside its owner, by name."""
    row = library.editable(session, actor, guide_id)
    joined = select(Account).join(models.GuideEditor, models.GuideEditor.account_id == Account.id)
    return list(session.scalars(joined.where(models.GuideEditor.guide_id == row.id).order_by(Account.name)))


def invite(session: Session, actor: Account, guide_id: str, email: str) -> str:
    """Let a colleague edit a guide; return their name. Raises NotFound where nobody here has that address."""
    row = _own(session, actor, guide_id)
    found = session.scalar(select(Account).where(func.lower(Account.email) == email.strip().lower(), Account.active))
    if found is None:
        raise NotFound(_("Nobody here has this e-mail address. An admin can invite people."), status=422)
    if found.id != row.owner_id and session.get(models.GuideEditor, (row.id, found.id)) is None:
        session.add(models.GuideEditor(guide_id=row.id, account_id=found.id))
    return found.name


def uninvite(session: Session, actor: Account, guide_id: str, account_id: str) -> None:
    """Let a colleague no longer edit a guide."""
    row = _own(session, actor, guide_id)
    editor = models.GuideEditor
    session.execute(delete(editor).where(editor.guide_id == row.id, editor.account_id == account_id))


def owns(session: Session, actor: Account, guide_id: str) -> bool:
    """Return whether `actor` decides about a guide: its owner, or an admin where there is none any more."""
    row = library.editable(session, actor, guide_id)
    return row.owner_id == actor.id or (row.owner_id is None and actor.role == "admin")


def _own(session: Session, actor: Account, guide_id: str) -> models.Guide:
    row = library.editable(session, actor, guide_id)
    if not owns(session, actor, guide_id):
        raise Forbidden(_("Only the person this guide belongs to decides who may use it."))
    return row
