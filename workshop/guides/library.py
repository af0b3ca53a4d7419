"""The library of guides: those that come with the product, and those people bring.

Lives here: which guides there are, who may read, import, export and archive
them. Not here: the format (`schema.py`), running a guide (`live_sessions.py`),
which keeps a frozen copy, so nothing here can change a running session.

A guide is kept as the text of its file, byte for byte what was brought, so an
export gives back what was imported.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from .. import models
from ..db import take_turns
from ..errors import Forbidden, NotFound
from ..models import Account
from ..words import _
from . import schema
from .source import MAX_BYTES, GuideError, Problem

FIRST = "getting-unstuck"
"""The main guide; it leads the library."""


@dataclass(frozen=True)
class Entry:
    """A guide in the library, as one member of staff sees it.

    `guide` is None when a stored file no longer fits the format (after an
    update that became stricter); `trouble` then says why.
    """

    id: str
    slug: str
    title: str
    language: str
    source: str
    shipped: bool
    owner: str
    may_archive: bool
    guide: schema.Guide | None
    trouble: str = ""
    may_edit: bool = False
    shared: str = "use"
    mine: bool = False
    archived: bool = False

    @property
    def published(self) -> bool:
        """Return whether there is a version that sessions can start from."""
        return bool(self.source)


def shipped_sources() -> Iterator[tuple[str, str]]:
    """Yield (file name, text) of each guide that comes with the product."""
    for file in sorted(resources.files(__package__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            yield file.name, file.read_text(encoding="utf-8")


def install_shipped(session: Session, now: datetime) -> list[str]:
    """Bring the library up to the shipped files and return the slugs that changed.

    Run at every start; touches nothing that is current. A shipped guide that
    the product no longer has leaves the library; sessions keep their copies.
    """
    take_turns(session)  # processes that start at once would bring the same guide twice
    changed = []
    shipped = {}
    for name, text in shipped_sources():
        guide = schema.parse(text, name)
        shipped[guide.id] = (guide, text)
    for slug, (guide, text) in shipped.items():
        row = session.scalar(select(models.Guide).where(models.Guide.slug == slug))
        if row is not None and not row.shipped:
            row.slug = free_slug(session, slug)  # a person brought one of this name first; both stay
            session.flush()
            row = None
        if row is None:
            row = models.Guide(id=secrets.token_urlsafe(16), slug=slug, shipped=True, source="")
            session.add(row)
        if row.source == text and not row.archived:
            continue
        row.title, row.language, row.source = guide.title, guide.language, text
        row.archived, row.updated_at = False, now
        session.flush()
        changed.append(slug)
    for row in session.scalars(select(models.Guide).where(models.Guide.shipped, ~models.Guide.archived)):
        if row.slug not in shipped:
            row.archived, row.updated_at = True, now
            changed.append(row.slug)
    return changed


def list_guides(session: Session, actor: Account, *, archived: bool = False) -> list[Entry]:
    """Return every guide that `actor` may see: the main one, the other shipped ones, then people's own by title.

    `archived`: those that were taken out of the library and that `actor` may bring back, instead.
    """
    rows = session.scalars(select(models.Guide).where(models.Guide.archived == archived)).all()
    helping = _helping(session, actor)
    rows = [row for row in rows if _may_see(row, actor, helping) and (not archived or _may_archive(row, actor))]
    names = _names(session, rows)
    entries = [_entry(row, actor, names, helping) for row in rows]
    return sorted(
        entries, key=lambda entry: (entry.slug != FIRST, not entry.shipped, entry.title.casefold(), entry.slug)
    )


def get_guide(session: Session, actor: Account, guide_id: str) -> Entry:
    """Return one guide by its id or its slug; raise NotFound for one that is archived or was never there."""
    row = visible(session, actor, guide_id)
    return _entry(row, actor, _names(session, [row]), _helping(session, actor))


def import_guide(session: Session, actor: Account, text: str | bytes, filename: str, now: datetime) -> Entry:
    """Check a file and keep it as a new guide of `actor`; raise GuideError, and then nothing is kept.

    A guide never replaces another: where its id is taken, its address gets a
    number. The file itself stays as it is.
    """
    name = safe_name(filename)
    guide = schema.parse(text, name)
    row = models.Guide(
        id=secrets.token_urlsafe(16),
        slug=free_slug(session, guide.id),
        title=guide.title,
        language=guide.language,
        source=text.decode() if isinstance(text, bytes) else text,
        shipped=False,
        owner_id=actor.id,
        archived=False,
        shared="use",
        updated_at=now,
    )
    session.add(row)
    session.flush()
    return _entry(row, actor, {actor.id: actor.name})


def export_guide(session: Session, actor: Account, guide_id: str) -> tuple[str, str]:
    """Return (text of the file, a file name that is safe everywhere)."""
    row = visible(session, actor, guide_id)
    if not row.source:
        raise NotFound(_("This guide has no version yet. Publish it first."))
    return row.source, f"{row.slug}.yaml"


def archive(session: Session, actor: Account, guide_id: str, now: datetime) -> None:
    """Take a guide out of the library; sessions that run from it keep their copies.

    Raises Forbidden for a shipped guide and for somebody else's.
    """
    row = visible(session, actor, guide_id)
    if row.shipped:
        raise Forbidden(_("This guide comes with the product and stays in the library."))
    if not _may_archive(row, actor):
        raise Forbidden(_("Only the person who brought this guide, or an admin, may take it out of the library."))
    row.archived, row.updated_at = True, now


def bring_back(session: Session, actor: Account, guide_id: str, now: datetime) -> str:
    """Put an archived guide back into the library; return its slug. Raises NotFound for somebody else's."""
    row = session.scalar(_named(guide_id).where(models.Guide.archived))
    if row is None or not _may_archive(row, actor):
        raise NotFound(_("There is no such guide among those that were taken out."))
    row.archived, row.updated_at = False, now
    return row.slug


def validate_files(paths: Iterable[str | Path]) -> tuple[bool, list[str]]:
    """Check files on disk; return whether all are guides, and the lines to print."""
    lines, good = [], True
    for path in map(Path, paths):
        try:
            with path.open("rb") as file:
                guide = schema.parse(file.read(MAX_BYTES + 1), str(path))
        except OSError as error:
            good = False
            lines.append(_("%(file)s: cannot be read (%(reason)s).", file=path, reason=error.strerror or error))
        except GuideError as error:
            good = False
            lines += describe(error)
        else:
            lines.append(
                _(
                    "%(file)s: fine. “%(title)s”: steps %(steps)s, activities %(activities)s, minutes %(minutes)s.",
                    file=path,
                    title=guide.title,
                    steps=len(guide.steps),
                    activities=len(guide.activities),
                    minutes=guide.minutes,
                )
            )
    return good, lines


def describe(error: GuideError) -> list[str]:
    """Return the problems of a file as lines of text."""
    lines = [str(problem) for problem in error.problems]
    if error.more:
        lines.append(_("... and %(count)s more.", count=error.more))
    return lines


def safe_name(filename: str) -> str:
    """Return what to call an uploaded file in messages: its last part, printable, short. Never a path to open."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(letter for letter in last if letter.isprintable()).strip()
    return printable[:80] or "guide.yaml"


def visible(session: Session, actor: Account, guide_id: str) -> models.Guide:
    """Return the row of a guide in the library that `actor` may see, by id or slug; raise NotFound."""
    row = (
        session.scalar(_named(guide_id)) if "\0" not in guide_id else None
    )  # PostgreSQL takes no NUL, not even to say no
    if row is None or row.archived or not _may_see(row, actor, _helping(session, actor)):
        raise NotFound(_("There is no such guide. It may have been taken out of the library."))
    return row


def editable(session: Session, actor: Account, guide_id: str) -> models.Guide:
    """Return the row of a guide that `actor` may change; raise NotFound or Forbidden."""
    row = visible(session, actor, guide_id)
    if not _may_edit(row, actor, _helping(session, actor)):
        raise Forbidden(_("You may read this guide, not change it. Make a copy, and the copy is yours."))
    return row


def _named(guide_id: str) -> Select[models.Guide]:
    return select(models.Guide).where(or_(models.Guide.id == guide_id, models.Guide.slug == guide_id))


def _helping(session: Session, actor: Account) -> set[str]:
    """Return the guides of others that `actor` was asked to edit."""
    asked = select(models.GuideEditor.guide_id).where(models.GuideEditor.account_id == actor.id)
    return set(session.scalars(asked))


def _may_see(row: models.Guide, actor: Account, helping: set[str]) -> bool:
    if _may_edit(row, actor, helping) or actor.role == "admin":
        return True
    return row.shared != "nobody" and bool(row.source)


def _may_edit(row: models.Guide, actor: Account, helping: set[str]) -> bool:
    if row.shipped:
        return False
    left = row.owner_id is None and actor.role == "admin"  # its owner's account is gone
    return left or row.owner_id == actor.id or row.shared == "edit" or row.id in helping


def _may_archive(row: models.Guide, actor: Account) -> bool:
    return not row.shipped and (actor.role == "admin" or row.owner_id == actor.id)


def _names(session: Session, rows: Iterable[models.Guide]) -> dict[str, str]:
    ids = {row.owner_id for row in rows if row.owner_id}
    if not ids:
        return {}
    found = session.scalars(select(Account).where(Account.id.in_(ids)))
    return {account.id: account.name for account in found}


def _entry(row: models.Guide, actor: Account, names: dict[str, str], helping: Iterable[str] = ()) -> Entry:
    guide, trouble = None, ""
    if row.source:
        try:
            guide = schema.parse(row.source, f"{row.slug}.yaml")
        except GuideError as error:
            trouble = error.sentence
    return Entry(
        id=row.id,
        slug=row.slug,
        title=row.title,
        language=row.language,
        source=row.source,
        shipped=row.shipped,
        owner=names.get(row.owner_id or "", ""),
        may_archive=_may_archive(row, actor),
        guide=guide,
        trouble=trouble,
        may_edit=_may_edit(row, actor, set(helping)),
        shared=row.shared,
        mine=row.owner_id == actor.id,
        archived=row.archived,
    )


def free_slug(session: Session, wanted: str) -> str:
    """Return `wanted`, or `wanted-2`, `wanted-3`, ... archived guides hold on to theirs."""
    taken = set(session.scalars(select(models.Guide.slug).where(models.Guide.slug.startswith(wanted, autoescape=True))))
    number, slug = 2, wanted
    while slug in taken:
        slug, number = f"{wanted}-{number}", number + 1
    return slug


__all__ = [
    "Entry",
    "GuideError",
    "Problem",
    "archive",
    "bring_back",
    "describe",
    "editable",
    "export_guide",
    "free_slug",
    "get_guide",
    "import_guide",
    "install_shipped",
    "list_guides",
    "safe_name",
    "shipped_sources",
    "validate_files",
    "visible",
]
