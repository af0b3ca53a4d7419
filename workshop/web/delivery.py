"""Handing the manager's report over: making, revoking and opening its links.

Lives here: who is asking, one service, an answer. Not here: what a link is (`delivery.py`).
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("delivery", __name__)
