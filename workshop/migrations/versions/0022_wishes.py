"""What is asked for a card moves out of its row, which told in which order (promise 5).

Revision 0022, follows 0021.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

CARDS = sa.table("cards", sa.column("receipt"), sa.column("held"))
WISHES = sa.table("wishes", sa.column("receipt"), sa.column("act"))


def upgrade() -> None:
    """Take the step."""
    connection = op.get_bind()
    op.create_table(
        "wishes",
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.CheckConstraint("act in ('', 'withdraw', 'unquote')", name=op.f("ck_wishes_act")),
        sa.PrimaryKeyConstraint("receipt", name=op.f("pk_wishes")),
        prefixes=["UNLOGGED"] if connection.dialect.name == "postgresql" else [],
    )
    asked = sa.select(CARDS.c.receipt, CARDS.c.held).where(CARDS.c.held != "", CARDS.c.receipt.is_not(None))
    rows = sorted(tuple(row) for row in connection.execute(asked))
    if rows:
        op.bulk_insert(WISHES, [{"receipt": receipt, "act": held} for receipt, held in rows])
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_cards_held"), type_="check")
        batch_op.drop_column("held")


def downgrade() -> None:
    """Take the step back."""
    connection = op.get_bind()
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held", sa.String(length=16), nullable=False, server_default=""))
        batch_op.create_check_constraint(batch_op.f("ck_cards_held"), "held in ('', 'withdraw', 'unquote')")
    for receipt, act in sorted(tuple(row) for row in connection.execute(sa.select(WISHES.c.receipt, WISHES.c.act))):
        connection.execute(sa.update(CARDS).where(CARDS.c.receipt == receipt).values(held=act))
    op.drop_table("wishes")
