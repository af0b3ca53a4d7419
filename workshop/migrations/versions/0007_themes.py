"""Themes: cards in named groups.

Revision 0007, follows 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "theme_boards",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_theme_boards_version")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["activity_runs.id"], name=op.f("fk_theme_boards_run_id_activity_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_theme_boards")),
    )


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("theme_boards")
