"""The frozen results as data: spreadsheet, CSV and JSON for the facilitator.

Lives here: who is asking, one service, an answer. Not here: what the data hold (`exports.py`).
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("exports", __name__, url_prefix="/staff/sessions/<live_id>/report/data")
