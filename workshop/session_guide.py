"""The session's own copy of its guide as plain data, changed while it runs.

Lives here: reading it, finding a place in it, and writing it back where it stays
a guide and leaves true what every phone was told (promise 17). Not here: which
changes there are (`run_of_show.py`, `asked_twice.py`).
"""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from . import who_sees
from .errors import WorkshopError
from .guides import schema
from .guides.file import GuideFile
from .guides.schema import Guide, GuideError
from .live_state import guide_of
from .models import LiveSession
from .words import _


def plain(guide: Guide) -> dict[str, Any]:
    """Return a guide as plain data that may be changed, all languages included."""
    data: dict[str, Any] = guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return copy.deepcopy(data)


def entry(data: dict[str, Any], activity_id: str) -> tuple[dict[str, Any], int, dict[str, Any]]:
    """Return the step that holds an activity, its place there, and itself; raise `WorkshopError` where there is none."""
    for step in data["steps"]:
        for index, entry in enumerate(step["activities"]):
            if entry["id"] == activity_id:
                return step, index, entry
    raise WorkshopError(_("There is no such place in this guide."), status=409)


def written(live: LiveSession, data: dict[str, Any]) -> str:
    """Return the changed guide as the session keeps it; raise `WorkshopError` where it is none, or breaks what was said."""
    try:
        text = schema.dump(replace(guide_of(live), file=GuideFile.model_validate(data)))
        schema.parse(text, "guide")
    except GuideError as error:
        raise WorkshopError(_("This does not fit into the session: %(why)s", why=error.problems[0].what)) from error
    except ValueError as error:
        raise WorkshopError(_("This does not fit into the session.")) from error
    if told(live, text) != told(live, live.guide_source):
        raise WorkshopError(
            _("This would change what every phone was told about who sees what. Keep it for another session.")
        )
    return text


def told(live: LiveSession, source: str) -> tuple[str, ...]:
    """Return what phones read of a session if its guide were `source`."""
    columns = {column.key: getattr(live, column.key) for column in LiveSession.__mapper__.column_attrs}
    return who_sees.promise(cast(LiveSession, SimpleNamespace(**{**columns, "guide_source": source})))
