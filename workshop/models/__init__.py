"""The durable tables of the main database.

Lives here: what is kept, with its rules as constraints. Not here: open answers,
which lie only in the ballot box (`ballots.py`). There is no table of
participants, and no column that says when or in which order somebody wrote.
"""

from __future__ import annotations

from ..db import Base
from .breakouts import Breakout
from .facilitators import SessionInvitation, SessionRemote
from .follow_up import Action, CheckIn, FollowUp
from .guides import Guide, GuideDraft, GuideEditor, GuideState, GuideVersion
from .keepers import Keeper, Keeping
from .moderation import ModerationDay, Reading
from .questions import QuestionList
from .reports import Delivery, Freeze, Mail, ReportFile, ReportText, ReportVersion
from .sessions import ActivityRun, Card, LiveSession, ParkedText, SessionRole, Wish
from .staff import Account, StaffIdentity, StaffLink, StaffSession
from .themes import ThemeBoard

__all__ = [
    "Account",
    "Action",
    "ActivityRun",
    "Base",
    "Breakout",
    "Card",
    "CheckIn",
    "Delivery",
    "FollowUp",
    "Freeze",
    "Guide",
    "GuideDraft",
    "GuideEditor",
    "GuideState",
    "GuideVersion",
    "Keeper",
    "Keeping",
    "LiveSession",
    "Mail",
    "ModerationDay",
    "ParkedText",
    "QuestionList",
    "Reading",
    "ReportFile",
    "ReportText",
    "ReportVersion",
    "SessionInvitation",
    "SessionRemote",
    "SessionRole",
    "StaffIdentity",
    "StaffLink",
    "StaffSession",
    "ThemeBoard",
    "Wish",
]
