"""`doctor`, `backup`, `restore`, `migrate`, `export`: looking after an installation.

Lives here: reading arguments and printing. Not here: what the commands do.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from . import opened

Add = Callable[..., argparse.ArgumentParser]


def register(add: Add) -> None:
    """Hang the commands on the command line."""
    looked = add("doctor", "Look at everything that can be wrong here, and say what to do.", doctor)
    looked.add_argument("--offline", action="store_true", help="ask no other machine: no mail server, no BASE_URL")
    add("backup", "Copy database and secret, while the server runs; open answers are left out.", backup).add_argument(
        "target", type=Path, help="a new folder, or a new file that ends in .tar"
    )
    back = add("restore", "Put a backup back; the server has to be stopped.", restore)
    back.add_argument("source", type=Path, help="a folder or a .tar file that backup has made")
    back.add_argument("--replace", action="store_true", help="put what is there now aside, into DATA_DIR/replaced")
    back.add_argument("--check", action="store_true", help="only check that the backup is whole")
    moved = add("migrate", "Bring the database up to this version, or show where it stands.", migrate)
    moved.add_argument("what", nargs="?", choices=("up", "down", "status"), default="up")
    moved.add_argument("--to", metavar="STEP", help="with down: the step to go back to, such as 0013")
    taken = add("export", "Write a session's frozen results and reports into a folder.", export)
    taken.add_argument("session", nargs="?", help="the id in its address; without one, the sessions are listed")
    taken.add_argument("folder", nargs="?", type=Path, help="where to; a new folder named after the session otherwise")


def doctor(chosen: argparse.Namespace) -> int:
    """Print what is fine and what is not; 1 if something is wrong."""
    from .. import doctor as room

    signs = {"fine": "ok  ", "note": "note", "wrong": "FAIL"}
    found = []
    for finding in room.examine(os.environ, offline=chosen.offline):
        found.append(finding)
        print(f"{signs[finding.level]}  {finding.about}: {finding.sentence}", flush=True)
        if finding.advice:
            print(f"      -> {finding.advice}")
    wrong = sum(finding.level == "wrong" for finding in found)
    notes = sum(finding.level == "note" for finding in found)
    print(f"\n{wrong} wrong, {notes} to know, {len(found) - wrong - notes} fine.")
    return 1 if wrong else 0


def backup(chosen: argparse.Namespace) -> int:
    """Make a backup and say what is in it."""
    from ..house import utc_now
    from . import backups

    manifest = backups.make(opened.settings(), chosen.target.absolute(), utc_now().date())
    print(f"{chosen.target}: {', '.join(sorted(manifest.files))}; schema {manifest.schema}. Checked, and whole.")
    if backups.SECRET not in manifest.files:
        print("SECRET_KEY comes from the environment and is not in it: keep it in a place of its own.")
    return 0


def restore(chosen: argparse.Namespace) -> int:
    """Put a backup back, or check one."""
    from . import backups

    if chosen.check:
        with backups.opened(chosen.source) as folder:
            manifest = backups.verify(folder)
        print(f"This backup of {manifest.made_on} is whole.")
        return 0
    given = os.environ.get("SECRET_KEY", "").strip()
    manifest = backups.restore(opened.settings(), chosen.source, replace=chosen.replace, given_key=given)
    print(f"The backup of {manifest.made_on} is in place. Start the server; staff sign in again.")
    print("Phones that are in an open question send their answers again by themselves.")
    aside = opened.settings().data_dir / backups.ASIDE
    if aside.exists():
        print(f"What was there before lies in {aside}. Delete it when all is well: it keeps what was meant to go.")
    return 0


def migrate(chosen: argparse.Namespace) -> int:
    """Bring the database up, back, or say where it stands; 1 if it is not at this version."""
    from .. import migrations

    url = opened.settings().database_url
    if chosen.what == "up":
        migrations.migrate(url)
        print("The database is up to date.")
        return 0
    if chosen.what == "down":
        if not chosen.to:
            print("Say where to: migrate down --to 0013. Make a backup first: what came later goes.", file=sys.stderr)
            return 2
        from ..holding import hold_all
        from .served import refuse_while_served

        with closing(hold_all(opened.settings())):
            if not url.startswith("sqlite:"):
                refuse_while_served(url)
            migrations.go_back(url, chosen.to)
        print(f"The database is at step {chosen.to}. Start the version that belongs to it.")
        return 0
    now = migrations.status(url)
    print(f"The database is at step {now.present or 'none (empty)'}; this version is at {now.ours}.")
    for revision, what in now.missing:
        print(f"  to do  {revision}  {what}")
    if now.newer:
        print("A newer version has written it. Install that one, or restore a backup.")
    return 0 if now.current else 1


def export(chosen: argparse.Namespace) -> int:
    """List the frozen sessions, or write the files of one."""
    from . import taken_out

    with opened.database() as (_settings, database):
        if not chosen.session:
            for live_id, day, title, team in taken_out.frozen(database):
                print(f"{live_id}  {day}  {title}{f' ({team})' if team else ''}")
            return 0
        folder = chosen.folder or Path(f"unstuck-{chosen.session}")
        data = False
        for path in taken_out.take_out(database, chosen.session, folder, _speaking):
            print(path)
            data = data or path.suffix == ".json"
        if not data:
            print("Another version froze this report: its figures are in the PDF files alone.", file=sys.stderr)
    return 0


@contextmanager
def _speaking(language: str) -> Iterator[None]:
    """Speak a language, as a page would: the words in a file are its team's."""
    from flask import Flask
    from flask_babel import Babel, force_locale

    from ..words import TRANSLATIONS, locale_of

    app = Flask("files")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app)
    with app.app_context(), force_locale(locale_of(language)):
        yield
