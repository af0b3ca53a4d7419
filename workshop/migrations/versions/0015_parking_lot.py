"""The parking lot: the facilitator's own entries, and what the room made of each.

What participants park lies in the ballot box until the lot is opened, and then
among the cards; nothing here says who parked it, when, or on which step.

Revision 0015, follows 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "parked_texts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_parked_texts_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_texts")),
    )
    op.create_index(op.f("ix_parked_texts_live_id"), "parked_texts", ["live_id"])
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mark", sa.String(length=16), nullable=False, server_default=""))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.drop_column("mark")
    op.drop_index(op.f("ix_parked_texts_live_id"), table_name="parked_texts")
    op.drop_table("parked_texts")
