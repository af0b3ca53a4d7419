"""Actions: what a group agreed to do.

Revision 0004, follows 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "actions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("carried_from", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state in ('open', 'done', 'dropped')", name=op.f("ck_actions_state")),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_actions_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["carried_from"], ["actions.id"], name=op.f("fk_actions_carried_from_actions"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
    )
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_actions_live_id"), ["live_id"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("actions")
