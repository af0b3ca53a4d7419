"""Breakouts: small groups inside a session.

Revision 0010, follows 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "breakouts",
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("activity_id", sa.String(length=80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("groups", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("part", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("gathered", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.CheckConstraint("size between 3 and 8", name=op.f("ck_breakouts_size")),
        sa.CheckConstraint("groups >= 0", name=op.f("ck_breakouts_groups")),
        sa.CheckConstraint("part >= 0", name=op.f("ck_breakouts_part")),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_breakouts_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("live_id", "activity_id", name=op.f("pk_breakouts")),
    )


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("breakouts")
