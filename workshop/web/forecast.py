"""What a group of a given size will and will not see, in plain words, before a session is made.

Lives here: the sentences beside the create form. Not here: the rules that they
describe (`releases.py`, `publication.py`, `freezes.py`); a sentence here that
the code does not keep is a defect.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..anonymity import EXACT_FROM
from ..words import _


@dataclass(frozen=True)
class Forecast:
    """Two short lists, and one piece of advice where a setting does not fit the group."""

    will: tuple[str, ...]
    wont: tuple[str, ...]
    advice: str = ""


def forecast(expected: int, room_floor: int, words_floor: int) -> Forecast:
    """Return what a room of `expected` people sees with these floors (promises 1, 3, 10, 11)."""
    will: list[str] = []
    wont = [_("Who wrote what, who has answered, and any answer before its question closes.")]
    if expected >= room_floor:
        will.append(
            _("The result of each question when you close it, if at least %(n)s people answered.", n=room_floor)
        )
        will.append(_("Every text that people wrote: all at once, in random order, without names."))
    else:
        wont.append(_("Any result: each question needs %(n)s answers, and you expect fewer people.", n=room_floor))
    if expected >= EXACT_FROM:
        will.append(_("Numbers, from %(n)s answers on. Below that, shapes: few, some or most.", n=EXACT_FROM))
        wont.append(_("Very small counts: 0, 1 and 2 appear as “fewer than 3”."))
    elif expected >= room_floor:
        will.append(_("Shapes beside each option: few, some or most."))
        wont.append(_("Exact numbers: they begin at %(n)s answers.", n=EXACT_FROM))
    if expected >= words_floor:
        will.append(
            _(
                "In the manager's report: words that their writers set free, if at least %(n)s people answered.",
                n=words_floor,
            )
        )
    else:
        wont.append(
            _(
                "Anybody's words in the manager's report: that takes %(n)s answers. You write there what you heard.",
                n=words_floor,
            )
        )
    return Forecast(tuple(will), tuple(wont), _advice(expected, room_floor))


def _advice(expected: int, room_floor: int) -> str:
    if expected < 3:
        return _("With fewer than 3 people nothing can be anonymous. Talk without this tool, or invite more people.")
    if expected < room_floor:
        return _("You can set the room's floor to 3 or 4 below. Every phone will say so.")
    if expected <= room_floor + 1:
        return _("If one or two people pass, a question may stay without a result.")
    return ""
