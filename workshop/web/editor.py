"""The editor of a guide: the agenda, the form of the part one is at, and how it will look.

Lives here: the page and its one form address. Not here: what can be done to a
guide and what one form may say (`guides/`), reading that form
(`editor_form.py`), versions and sharing (`guide_versions.py`).

The script sends the same forms and takes the page back as a fragment; without it
each button loads the page again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from .. import fragments, previews
from ..activities import KINDS
from ..errors import WorkshopError
from ..guides import advice, drafts, edits, library, methods, schema, settings_form
from ..guides.advice import Advice
from ..guides.drafts import Draft
from ..guides.edits import Data
from ..guides.ids import all_ids
from ..guides.methods import Method
from ..guides.settings_form import Control
from ..words import _, speaking
from . import editor_form
from .authoring import language_name, moment
from .editor_form import Wish
from .language import page_language
from .rights import audience, house, require_staff

bp = Blueprint("editor", __name__, url_prefix="/staff/guides/<guide_id>/edit")

Page = str | BaseResponse | tuple[str, int]


@dataclass(frozen=True)
class Stop:
    """One activity in the agenda. `todo`: something in it is still to do."""

    id: str
    kind: str
    prompt: str
    here: bool
    todo: bool


@dataclass(frozen=True)
class Chapter:
    """One step in the agenda; `starts` is HH:MM."""

    id: str
    number: int
    title: str
    starts: str
    minutes: int
    here: bool
    todo: bool
    stops: tuple[Stop, ...]


@dataclass(frozen=True)
class Shelf:
    """Kinds of activity that are chosen for a like purpose."""

    title: str
    kinds: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Fields:
    """The form of the part one is at, and what stands beside its fields, by their path."""

    controls: tuple[Control, ...]
    was: dict[str, str]
    wrong: dict[str, str]
    empty: frozenset[str]
    theirs: dict[str, str]


@dataclass(frozen=True)
class EditorPage:
    """Everything the editor shows. `at`: the id of a part, empty for the guide itself; `adding`: the chooser is open."""

    entry: library.Entry
    draft: Draft
    at: str
    part: str
    kind: str
    language: str
    languages: tuple[tuple[str, str, int], ...]
    chapters: tuple[Chapter, ...]
    minutes: int
    ends: str
    todo: tuple[Advice, ...]
    form: Fields
    adding: bool
    after: str
    shelves: tuple[Shelf, ...]
    methods: tuple[Method, ...]
    preview: previews.Preview
    frames: tuple[str, str]
    problem: str = ""
    lost: tuple[str, ...] = ()
    """What was typed into a part that is gone, so that it can be taken along."""

    @property
    def data(self) -> Data:
        """Return the guide as it stands."""
        return self.draft.data


@bp.get("")
@audience("staff")
def page(guide_id: str) -> Page:
    """Show the editor, or its inside for a script that is on the page already."""
    wish = editor_form.place(request.args)
    return _drawn(_page(guide_id, wish))


@bp.get("/file")
@audience("staff")
def file(guide_id: str) -> Response:
    """Give the draft as a file, as it stands; one that is not finished can be brought back when it is."""
    with house().database.transaction() as session:
        draft = drafts.open_draft(session, require_staff(), guide_id)
    response = make_response(schema.as_yaml(draft.data).encode())
    response.content_type = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{draft.slug}-draft.yaml"'
    return response


@bp.post("")
@audience("staff")
def change(guide_id: str) -> Page:
    """Keep what was typed, then do what was pressed; a script gets both told and the page, a form the page."""
    wish, actor = editor_form.read(request.form), require_staff()
    try:
        with house().database.transaction() as session:
            wish, said = editor_form.carry_out(session, actor, guide_id, wish)
    except WorkshopError as error:
        return _refused(guide_id, wish, error)
    if _by_script():
        shown = _page(guide_id, wish)
        return jsonify(ok=True, said=said, html=_inside(shown), version=shown.draft.version, at=shown.at)
    if said:
        flash(said, "good")
    return redirect(_address(guide_id, wish), code=303)


def _refused(guide_id: str, wish: Wish, error: WorkshopError) -> Page:
    """Show the editor again with all that was typed still in it, and what to do."""
    if error.status in (403, 404) and not _part_is_gone(guide_id, wish):
        raise error
    theirs = {error.path: error.theirs} if isinstance(error, drafts.Conflict) else {}
    if _by_script():
        shown = _page(guide_id, wish)
        return jsonify(
            ok=False,
            code=error.code,
            said=error.sentence,
            html=_inside(shown),
            version=shown.draft.version,
            at=shown.at,
            path=next(iter(theirs), ""),
            theirs=next(iter(theirs.values()), ""),
        )
    return _drawn(_page(guide_id, wish, theirs, error.sentence)), error.status


def _part_is_gone(guide_id: str, wish: Wish) -> bool:
    """Say whether the guide itself can still be edited, so that only a part of it is gone."""
    try:
        with house().database.transaction() as session:
            drafts.open_draft(session, require_staff(), guide_id)
    except WorkshopError:
        return False
    return True


def _by_script() -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _address(guide_id: str, wish: Wish) -> str:
    return url_for(
        ".page", guide_id=guide_id, at=wish.at or None, language=wish.language or None, answers=wish.answers or None
    )


def _drawn(shown: EditorPage) -> str:
    return _inside(shown) if _by_script() else render_template("editor/page.html", page=shown, **_words())


def _inside(shown: EditorPage) -> str:
    return render_template("editor/_editor.html", page=shown, **_words())


def _words() -> dict[str, object]:
    return {"language_name": language_name, "known_languages": editor_form.KNOWN}


# What the page shows ------------------------------------------------------------------------------------------------


def _page(guide_id: str, wish: Wish, theirs: dict[str, str] | None = None, problem: str = "") -> EditorPage:
    actor = require_staff()
    with house().database.transaction() as session:
        draft = drafts.open_draft(session, actor, guide_id)
        entry = library.get_guide(session, actor, guide_id)
    data = draft.data
    at = wish.at if wish.at in all_ids(data) else ""
    others = tuple(data.get("translations", {}))
    language = wish.language if wish.language in others else ""
    todo = tuple(advice.of(data))
    chapters, minutes = _agenda(data, at, draft.starts, {one.part for one in todo})
    with speaking(language or str(data.get("language"))):
        preview = previews.of(data, at, language, answered=bool(wish.answers))
    return EditorPage(
        entry=entry,
        draft=draft,
        at=at,
        part=advice.title_of(data, at),
        kind=_kind(data, at),
        language=language,
        languages=tuple((code, language_name(code), _lacks(data, code, at, language)) for code in others),
        chapters=chapters,
        minutes=minutes,
        ends=moment(_minute(draft.starts) + minutes),
        todo=todo,
        form=_form(data, at, language, todo, wish if theirs is not None else None, theirs or {}),
        adding=bool(wish.adding),
        after=advice.title_of(data, at) if at else "",
        shelves=_shelves(),
        methods=tuple(method.spoken(page_language()) for method in methods.METHODS.values()),
        preview=preview,
        frames=_frames(preview),
        problem=problem,
        lost=tuple(text for one in wish.entered for text in one.texts if text) if at != wish.at else (),
    )


def _lacks(data: Data, code: str, at: str, language: str) -> int:
    """Return how many texts a translation lacks; counted only where somebody looks at translations, it takes a while."""
    return len(settings_form.missing(data, code)) if code == language or not at else 0


def _agenda(data: Data, at: str, starts: str, todo: set[str]) -> tuple[tuple[Chapter, ...], int]:
    first = minute = _minute(starts)
    found = []
    for number, step in enumerate(edits.steps(data), 1):
        stops = tuple(
            Stop(
                one["id"],
                _(KINDS[one["kind"]].label) if one.get("kind") in KINDS else str(one.get("kind")),
                str(one.get("prompt") or ""),
                one["id"] == at,
                one["id"] in todo,
            )
            for one in step.get("activities", [])
        )
        minutes = step["minutes"] if isinstance(step.get("minutes"), int) and 0 < step["minutes"] <= 1440 else 0
        found.append(
            Chapter(
                step["id"],
                number,
                str(step.get("title") or ""),
                moment(minute),
                minutes,
                step["id"] == at,
                step["id"] in todo,
                stops,
            )
        )
        minute += minutes
    return tuple(found), minute - first


def _minute(starts: str) -> int:
    hour, _colon, minute = starts.partition(":")
    return int(hour) * 60 + int(minute)


def _kind(data: Data, at: str) -> str:
    for _step, activity in edits.activities(data):
        if activity["id"] == at:
            kind = activity.get("kind")
            return _(KINDS[kind].label) if kind in KINDS else str(kind)
    return ""


def _form(
    data: Data, at: str, language: str, todo: tuple[Advice, ...], typed: Wish | None, theirs: dict[str, str]
) -> Fields:
    controls = advice.controls_of(data, at)
    if language:
        controls = settings_form.translated(data, language, controls)
    was = {one.path: settings_form.text(one) for one in settings_form.flat(controls)}
    here = [one for one in todo if one.part == at and one.field and one.language == language]
    if typed is not None:
        controls = [_typed(one, typed) for one in controls]
    return Fields(
        controls=tuple(controls),
        was=was,
        wrong={one.field: one.what for one in reversed(here) if not one.empty},
        empty=frozenset(one.field for one in here if one.empty),
        theirs=theirs,
    )


def _typed(control: Control, wish: Wish) -> Control:
    """Return a control with what was typed into it in place of what is kept."""
    boxes = tuple(replace(box, controls=tuple(_typed(one, wish) for one in box.controls)) for box in control.boxes)
    texts = wish.typed.get(control.path)
    if texts is None or boxes:
        return replace(control, boxes=boxes)
    if control.type == "switch":
        return replace(control, value=bool(texts))
    return replace(control, value=list(texts) if control.type == "many" else "".join(texts[-1:]))


def _shelves() -> tuple[Shelf, ...]:
    """Return the kinds as an author looks for them; where a new kind belongs follows from what it is."""
    words: list[tuple[str, str, str]] = []
    votes: list[tuple[str, str, str]] = []
    shows: list[tuple[str, str, str]] = []
    for kind in KINDS.values():
        shelf = shows if not kind.asks else words if kind.texts or kind.own_words else votes
        shelf.append((kind.name, _(kind.label), _(kind.use)))
    return (
        Shelf(_("In their own words"), tuple(words)),
        Shelf(_("Choose, rate, put in order"), tuple(votes)),
        Shelf(_("Show, or fill in alone"), tuple(shows)),
    )


def _frames(preview: previews.Preview) -> tuple[str, str]:
    """Return phone and stage as pages of their own, in the guide's language; empty where there is nothing to draw."""
    if preview.phone is None or preview.stage is None:
        return "", ""
    with speaking(preview.phone.language):
        phone = render_template(
            "editor/_phone.html", screen=preview.phone, html=_drawing(fragments.phone(preview.phone))
        )
        stage = render_template(
            "editor/_stage.html", screen=preview.stage, html=_drawing(fragments.stage(preview.stage))
        )
    return phone, stage


def _drawing(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - rendered by our own escaping templates
