"""Who will see what of a check-in, when: the sentences on its phones (promise 17).

Lives here: those words. Not here: the same for a session (`who_sees.py`); a
sentence here that the code does not keep is a defect.
"""

from __future__ import annotations

from collections.abc import Sequence

from .models import LiveSession
from .words import _, ngettext


def promise(live: LiveSession, last_day: str) -> tuple[str, ...]:
    """Return who will see what of a check-in, one sentence each; `last_day` is its last day in words."""
    return (
        _("You need no account and no name. Nobody can see which answer is yours, not even the person who led."),
        _("Until %(day)s nobody sees any answer. After that all four results are made at once.", day=last_day),
        _("A result is made only if at least %(floor)s people answered that question.", floor=live.room_floor),
        _(
            "Then %(leader)s sees it, and so can everybody who took part here. %(leader)s decides whether it goes "
            "with the report: as counts or shapes, and beside the session only as more, less or about the same.",
            leader=live.leader,
        ),
        _("%(leader)s led the session and is this team's manager.", leader=live.leader)
        if live.leader_is_manager
        else _("%(leader)s led the session and is not this team's manager.", leader=live.leader),
        _("You can leave out any question. That looks the same as answering it."),
        ngettext(
            "The results are deleted one day after this check-in.",
            "The results are deleted %(num)d days after this check-in.",
            live.keep_days,
        ),
    )


def unprotected(general: Sequence[str]) -> tuple[str, ...]:
    """Return what is not protected: what holds everywhere, and what is different here."""
    return (
        _(
            "All four questions are open together for some days. A copy of the server taken in these days shows, "
            "without names, which answers came at about the same time."
        ),
        *general,
    )
