"""Questions from the room: the order of a list, and what is answered or parked.

Revision 0008, follows 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "question_lists",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("asking", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("turns", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("places", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("marks", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("large", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["activity_runs.id"],
            name=op.f("fk_question_lists_run_id_activity_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_question_lists")),
    )


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("question_lists")
