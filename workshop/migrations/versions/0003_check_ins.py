"""Check-ins: asking again two and six weeks after a session.

Revision 0003, follows 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "follow_ups",
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_follow_ups_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("live_id", name=op.f("pk_follow_ups")),
        sa.UniqueConstraint("token", name=op.f("uq_follow_ups_token")),
        sa.UniqueConstraint("code", name=op.f("uq_follow_ups_code")),
    )
    op.create_table(
        "check_ins",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("live_id", sa.String(length=32), nullable=True),
        sa.CheckConstraint("number in (1, 2)", name=op.f("ck_check_ins_number")),
        sa.CheckConstraint("state in ('off', 'planned', 'open', 'closed')", name=op.f("ck_check_ins_state")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["live_sessions.id"], name=op.f("fk_check_ins_parent_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_check_ins_live_id_live_sessions"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_ins")),
        sa.UniqueConstraint("parent_id", "number", name=op.f("uq_check_ins_parent_id")),
        sa.UniqueConstraint("live_id", name=op.f("uq_check_ins_live_id")),
    )
    with op.batch_alter_table("check_ins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_check_ins_parent_id"), ["parent_id"], unique=False)


def downgrade() -> None:
    """Take the step back; what check-ins found goes with them."""
    op.execute("DELETE FROM live_sessions WHERE id IN (SELECT live_id FROM check_ins WHERE live_id IS NOT NULL)")
    op.drop_table("check_ins")
    op.drop_table("follow_ups")
