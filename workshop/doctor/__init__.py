"""`doctor`: everything that can be wrong with an installation, in plain words.

Lives here: what a finding is, and the order of the looks. Not here: the looks
themselves: at this machine (`machine.py`), at the databases (`stores.py`), at
the way to the phones and the mail server (`ways.py`). Nothing is changed by
looking, and no value of a secret is printed.
"""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..settings import TABLE, Settings, SettingsError
from .findings import Finding, fine, note, wrong

__all__ = ("Finding", "examine")

Look = Callable[[Settings], Iterator[Finding]]


def examine(environ: Mapping[str, str], *, offline: bool = False) -> Iterator[Finding]:
    """Yield what is found, one after the other. `offline`: no other machine is asked."""
    from . import machine, stores, ways

    yield from _misspelt(environ)
    try:
        settings = Settings.from_env(_without_writing(environ))
    except SettingsError as error:
        yield wrong("Settings", str(error))
        return
    yield fine("Settings", f"they fit together; {'production' if settings.production else 'for one room, without TLS'}")
    yield from _lost_key(environ, settings)
    looks: list[Look] = [*machine.LOOKS, *stores.LOOKS, *ways.LOOKS]
    if not offline:
        looks += [*stores.ASKING_OTHERS, *ways.ASKING_OTHERS]
    for look in looks:
        try:
            yield from look(settings)
        except Exception as error:  # one look that fails must not hide the others
            yield wrong(
                (look.__doc__ or look.__name__).partition(".")[0],
                f"could not be looked at ({type(error).__name__}: {error}).",
            )


def _without_writing(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with a key for this look alone where the first start has yet to make one."""
    found = dict(environ)
    secret = Path(found.get("DATA_DIR") or "data") / "secret"
    if not found.get("SECRET_KEY") and not os.path.exists(secret):  # noqa: PTH110 - False, not an error, where we may not look
        found["SECRET_KEY"] = secrets.token_urlsafe(32)
    return found


def _lost_key(environ: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """Say that a database is there and the key that belongs to it is not, before the next start makes another."""
    secret, database = settings.data_dir / "secret", settings.data_dir / "unstuck.db"
    if not environ.get("SECRET_KEY") and os.path.exists(database) and not os.path.exists(secret):  # noqa: PTH110
        yield wrong(
            "Secret",
            f"{secret} is gone. The next start makes a new one: staff are signed out, phones join again, and every link"
            " to a report is void.",
            "Put it back before the next start: it lies in each backup as 'secret'.",
        )


def _misspelt(environ: Mapping[str, str]) -> Iterator[Finding]:
    names = [setting.name for setting in TABLE]
    for name in sorted(environ):
        close = difflib.get_close_matches(name.upper(), names, n=1, cutoff=0.85)
        if close and name not in names:
            yield note(name, "is set, but there is no such setting.", f"Perhaps {close[0]} was meant.")
