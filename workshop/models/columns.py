"""Types that many tables share."""

from __future__ import annotations

from sqlalchemy import String

ID = String(32)
"""`secrets.token_urlsafe(16)`: 128 bits, 22 letters."""
