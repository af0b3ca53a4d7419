"""Planned sessions: for when a session is planned.

Revision 0005, follows 0004. The next one is 0006 and follows this.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("planned_for", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        batch_op.drop_column("planned_for")
