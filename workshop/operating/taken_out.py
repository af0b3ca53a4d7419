"""`export`: a session's frozen results and reports as files in a folder.

Lives here: which sessions have a freeze, and writing what its pages offer for
download. Not here: what is in the files (`exports.py`, `jobs.py`). Only what is
frozen can be taken out: no command yields more than the reports do (promise 8).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import select

from .. import exports, freezes, versions
from ..db import Database
from ..errors import NotFound, WorkshopError
from ..lasting import make_folder, write_new
from ..models import Freeze, LiveSession, ReportFile


def frozen(database: Database) -> list[tuple[str, str, str, str]]:
    """Return (id, day, title, team) of every session that has a freeze, the newest first."""
    with database.transaction() as session:
        found = session.execute(
            select(LiveSession, Freeze)
            .join(Freeze, Freeze.live_id == LiveSession.id)
            .order_by(LiveSession.created_on.desc(), LiveSession.title)
        ).all()
        return [(live.id, live.created_on.isoformat(), live.title, live.team) for live, _freeze in found]


def take_out(
    database: Database, live_id: str, folder: Path, speaking: Callable[[str], AbstractContextManager[None]]
) -> list[Path]:
    """Write results and finished PDFs of one session into `folder`; return the files.

    Where another version froze it and its figures cannot be read here, the PDFs come alone. An existing file is
    never written over. `speaking` is a language for the words in them.
    """
    with database.transaction() as session:
        freeze = freezes.find(session, live_id)
        if freeze is None:
            raise NotFound(
                "There is no frozen report of such a session. Without an id, export lists those that have one."
            )
        version = versions.newest(session, freeze)
        printed = session.scalars(
            select(ReportFile).where(
                ReportFile.freeze_id == freeze.id,
                ReportFile.version == version.number,
                ReportFile.state == "ready",
            )
        ).all()
        files = {f"{file.edition}-{file.paper.lower()}.pdf": file.content or b"" for file in printed}
    try:
        results = exports.of(version.editions)
    except WorkshopError:  # frozen by a version that kept none, or another form
        if not files:
            raise
    else:
        with speaking(results.language):
            for form in exports.FORMS.values():
                files[exports.file_name(results, form.ending)] = form.make(results)
    make_folder(folder)
    written = []
    for name, content in sorted(files.items()):
        path = folder / name
        try:
            write_new(path, content)
        except FileExistsError as there:
            raise WorkshopError(f"{path} is there already. Name an empty folder.") from there
        written.append(path)
    return written
