"""Running the room: eyes up, breaks, and where the facilitator can be found.

Revision 0006, follows 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = ("eyes_up", "break_started_at", "break_until", "break_held_timer", "break_seconds", "where_found")


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("eyes_up", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("break_started_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("break_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("break_held_timer", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("break_seconds", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("where_found", sa.String(length=120), nullable=False, server_default=""))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        for name in COLUMNS:
            batch_op.drop_column(name)
