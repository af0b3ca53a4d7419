"""Tickets and paper: sessions that open with a slip alone, and rehearsals with simulated phones.

The slips themselves are not here: they lie in the session's ballot box
(`workshop/ballot_paper.py`), which keeps no order on any database.

Revision 0013, follows 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tickets", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("slips", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("simulated", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        batch_op.drop_column("simulated")
        batch_op.drop_column("slips")
        batch_op.drop_column("tickets")
