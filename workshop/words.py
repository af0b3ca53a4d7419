"""Every sentence a person reads passes here on its way through gettext.

Lives here: `_` for modules that must also work without a web app (kinds,
screens, command line). Not here: the sentences themselves.
"""

from __future__ import annotations

from typing import Any

from flask import has_app_context
from flask_babel import gettext


def _(text: str, **values: Any) -> str:
    """Return `text` in the reader's language, with `%(name)s` filled in."""
    if has_app_context():
        return str(gettext(text, **values))
    return text % values if values else text


def N_(text: str) -> str:
    """Mark a text where it is defined; `_` translates it where it is shown."""
    return text
