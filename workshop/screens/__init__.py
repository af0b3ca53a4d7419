"""What each audience may see now. Nothing else decides visibility.

Lives here: the screens as plain data, and the functions that read them from the
present state; a module for each audience, and `one_activity.py` for what they
all show. First paint, reconnect and push all call these. Not here: HTML
(`fragments.py`), sending (`realtime/`), and any decision about moving on
(`live_sessions.py`).
"""

from __future__ import annotations

from .agenda import AgendaStep as AgendaStep
from .agenda import AgendaStop as AgendaStop
from .next_moves import Move as Move
from .on_console import ConsoleScreen as ConsoleScreen
from .on_console import console as console
from .on_phones import PhoneScreen as PhoneScreen
from .on_phones import phone as phone
from .on_stage import StageScreen as StageScreen
from .on_stage import stage as stage
from .one_activity import ActivityScreen as ActivityScreen
from .one_activity import BreakScreen as BreakScreen
from .one_activity import CardScreen as CardScreen
from .one_activity import ThemeScreen as ThemeScreen
from .one_activity import TimerScreen as TimerScreen
from .one_activity import activity as activity
from .one_activity import local_clock as local_clock
from .one_activity import people_text as people_text
