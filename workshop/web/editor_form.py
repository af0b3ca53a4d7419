"""What the editor's form says: what was typed, and which button was pressed.

Lives here: reading that form and carrying it out. Not here: the page
(`editor.py`), and any rule of what a guide may hold (`guides/`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from ..errors import WorkshopError
from ..guides import advice, drafts, edits, library, methods, schema, settings_form
from ..guides.drafts import Entered
from ..guides.edits import Data
from ..models import Account
from ..words import _

KNOWN = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "he", "hi", "hr", "hu", "id", "it", "ja",
    "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk", "vi", "zh",
)  # fmt: skip
"""Languages that the page offers for a translation; a file may hold any."""

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")

MOST_FIELDS = 2000
"""In one form: a worksheet of 16 entries with all their cells has a few hundred."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants. `do`: the verb of a button and its objects; `typed`: path -> texts as they were sent."""

    at: str = ""
    language: str = ""
    adding: str = ""
    answers: str = ""
    version: int = 0
    do: tuple[str, ...] = ()
    entered: tuple[Entered, ...] = ()
    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)


def place(values: MultiDict[str, str]) -> Wish:
    """Return where somebody is."""
    return Wish(
        at=values.get("at", "")[:80],
        language=values.get("language", "")[:16],
        adding=values.get("add", "")[:1],
        answers="1" if values.get("answers") else "",
    )


def read(form: MultiDict[str, str]) -> Wish:
    """Return what a form says. Of its fields only those count that are not as the page had them."""
    typed = {path: _plain(form.getlist(path)) for path in dict.fromkeys(form.getlist("fields")[:MOST_FIELDS])}
    entered = []
    for path, texts in typed.items():
        was = form.get(f"was:{path}")
        was = None if was is None else _plain([was])[0]
        if "\n".join(texts) != was:
            entered.append(Entered(path[:400], texts, was))
    version = form.get("version", "")
    return replace(
        place(form),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
        do=tuple(form.get("do", "save")[:1000].split(" ")),
        entered=tuple(entered),
        typed=typed,
        more={key: form.get(key, "")[:20] for key in ("new_language", "starts")},
    )


def _plain(texts: Sequence[str]) -> list[str]:
    """Return texts with the one kind of line end that pages have; a browser sends another."""
    return [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]


def carry_out(session: Session, actor: Account, guide_id: str, wish: Wish) -> tuple[Wish, str]:
    """Keep what was typed, then do what was pressed; return where to go on, and what was done in words."""
    library.editable(session, actor, guide_id)
    said = ""
    if wish.entered:
        merged = drafts.enter(session, actor, guide_id, wish.version, wish.entered, wish.language)
        wish = replace(wish, version=drafts.open_draft(session, actor, guide_id).version)
        said = _("Saved, beside what somebody else has changed meanwhile.") if merged else _("Saved")
    verb, objects = wish.do[0], wish.do[1:]
    wish = replace(wish, adding="")
    if verb in ("save", ""):
        return wish, said
    if verb in ("undo", "redo"):
        drafts.undo(session, actor, guide_id, wish.version, -1 if verb == "undo" else 1)
        return wish, _("Taken back.") if verb == "undo" else _("Done again.")
    if verb == "start":
        if not TIME.match(wish.more["starts"]):
            raise WorkshopError(_("Enter a time such as 09:00."), status=422)
        drafts.set_start(session, actor, guide_id, wish.more["starts"])
        return wish, _("The agenda begins at %(time)s now.", time=wish.more["starts"])
    published = drafts.published_data(session, actor, guide_id) if verb == "discard" else {}

    def apply(data: Data) -> tuple[Wish, str]:
        if verb == "discard":
            drafts.discard(data, published)
            return wish, _("Back to the newest version. Undo brings your changes again.")
        return _apply(data, verb, objects, wish)

    done: tuple[Wish, str] = drafts.change(session, actor, guide_id, wish.version, apply)
    return done


def _apply(data: Data, verb: str, objects: Sequence[str], wish: Wish) -> tuple[Wish, str]:
    one = objects[0] if objects else ""
    if verb in ("add", "add-step", "method"):
        return _added(data, verb, one, wish)
    if verb in ("earlier", "later", "place"):
        return _moved(data, verb, objects, wish)
    if verb == "duplicate":
        copy = edits.duplicate(data, one)
        return replace(wish, at=copy), _("Copied. You are at the copy now.")
    if verb == "delete":
        title, after = advice.title_of(data, one), _neighbour(data, one)
        edits.delete(data, one)
        return replace(wish, at=after), _("Deleted: %(title)s. Undo brings it back.", title=title)
    if verb in ("entry-add", "entry-up", "entry-down", "entry-drop", "entry-place"):
        return wish, _entry(data, verb, objects)
    if verb == "language-add":
        language = wish.more["new_language"]
        if not LANGUAGE.match(language) or language == data.get("language"):
            raise WorkshopError(_("Choose a language that the guide does not have yet."), status=422)
        edits.add_language(data, language)
        return replace(wish, language=language), _("A translation has begun.")
    if verb == "language-drop":
        edits.drop_language(data, one)
        return replace(wish, language=""), _("The translation is gone. Undo brings it back.")
    raise WorkshopError(_("There is no such button any more. Reload the page."), status=422)


def _added(data: Data, verb: str, what: str, wish: Wish) -> tuple[Wish, str]:
    step, after = _here(data, wish.at)
    if verb == "add-step":
        return replace(wish, at=edits.add_step(data, "", step)), _("A new step. Give it a title.")
    if verb == "method":
        if what not in methods.METHODS:
            raise WorkshopError(_("There is no such method."), status=422)
        at = next((n + 1 for n, one in enumerate(edits.steps(data)) if one["id"] == step), None)
        made, names = methods.put_in(data, what, at)
        data.clear()
        data.update(made)
        if len(edits.steps(data)) > schema.MAX_STEPS:
            raise WorkshopError(_("A guide may have up to %(most)s steps.", most=schema.MAX_STEPS), status=422)
        return replace(wish, at=names[0]), _("Put in. Change its words to yours.")
    settings = settings_form.starter(what)
    if not step:
        step = edits.add_step(data, "")
    name = edits.add_activity(data, step, what, "", settings, after)
    return replace(wish, at=name), _("A new activity. Write what is asked.")


def _here(data: Data, at: str) -> tuple[str, str]:
    """Return (the step, the activity in it) where somebody is; of the guide itself its last step."""
    for step, activity in edits.activities(data):
        if activity["id"] == at:
            return step["id"], at
    steps = edits.steps(data)
    if any(step["id"] == at for step in steps):
        return at, ""
    return (steps[-1]["id"], "") if steps else ("", "")


def _moved(data: Data, verb: str, objects: Sequence[str], wish: Wish) -> tuple[Wish, str]:
    one = objects[0] if objects else ""
    step = any(part["id"] == one for part in edits.steps(data))
    by = -1 if verb == "earlier" else 1
    if verb == "place":
        where, number = (objects[1], objects[2]) if len(objects) == 3 else ("", "")
        if not number.isascii() or not number.isdigit() or len(number) > 4:
            raise WorkshopError(_("There is no such place."), status=422)
        if step:
            edits.place_step(data, one, int(number))
        else:
            edits.place_activity(data, one, where, int(number))
    elif step:
        edits.move_step(data, one, by)
    else:
        edits.move_activity(data, one, by)
    return wish, _place_in_words(data, one, step)


def _place_in_words(data: Data, one: str, step: bool) -> str:
    if step:
        number = [part["id"] for part in edits.steps(data)].index(one) + 1
        return _("Now step %(number)s of %(count)s.", number=number, count=len(edits.steps(data)))
    inside, activity = edits.activity_of(data, one)
    return _(
        "Now number %(number)s in “%(step)s”.",
        number=inside["activities"].index(activity) + 1,
        step=advice.title_of(data, inside["id"]),
    )


def _neighbour(data: Data, one: str) -> str:
    """Return where somebody is after a part is gone: at what follows it, else at what stands before."""
    for step, activity in edits.activities(data):
        if activity["id"] == one:
            return _beside([other["id"] for other in step["activities"]], one) or str(step["id"])
    return _beside([step["id"] for step in edits.steps(data)], one)


def _beside(names: list[str], one: str) -> str:
    at = names.index(one) if one in names else 0
    return next(iter([*names[at + 1 : at + 2], *reversed(names[:at])]), "")


def _entry(data: Data, verb: str, objects: Sequence[str]) -> str:
    path = objects[0] if objects else ""
    if verb == "entry-add":
        edits.add_entry(data, path, settings_form.entry_for(data, path))
        return _("One more, at the end of the list.")
    settings_form.list_at(data, path.rpartition(".")[0])
    if verb == "entry-drop":
        edits.drop_entry(data, path)
        return _("Taken out of the list. Undo brings it back.")
    if verb == "entry-place":
        number = objects[1] if len(objects) > 1 else ""
        if not number.isascii() or not number.isdigit() or len(number) > 4:
            raise WorkshopError(_("There is no such place."), status=422)
        edits.place_entry(data, path, int(number))
    else:
        edits.move_entry(data, path, -1 if verb == "entry-up" else 1)
    return _("Moved.")
