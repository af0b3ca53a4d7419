"""Several processes: which one serves which live session.

Revision 0020, follows 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "keepers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keepers")),
    )
    op.create_table(
        "keepings",
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("keeper_id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("live_id", name=op.f("pk_keepings")),
    )
    with op.batch_alter_table("keepings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keepings_keeper_id"), ["keeper_id"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("keepings")
    op.drop_table("keepers")
