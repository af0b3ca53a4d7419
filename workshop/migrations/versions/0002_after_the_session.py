"""What happens after a session: deliveries, the outbox, receipts of cards, versions of texts, how long data are kept.

Revision 0002, follows 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("freeze_id", sa.String(length=32), nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("reader", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.CheckConstraint("opened >= 0", name=op.f("ck_deliveries_opened")),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["freezes.id"], name=op.f("fk_deliveries_freeze_id_freezes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deliveries_freeze_id"), ["freeze_id"], unique=False)
    op.create_table(
        "mails",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=True),
        sa.Column("live_id", sa.String(length=32), nullable=True),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attach", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'sent', 'failed', 'cancelled')", name=op.f("ck_mails_state")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_mails_attempts")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_mails_delivery_id_deliveries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_mails_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mails_delivery_id"), ["delivery_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mails_live_id"), ["live_id"], unique=False)
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.add_column(sa.Column("receipt", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("held", sa.String(length=16), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_cards_receipt"), ["receipt"], unique=False)
        batch_op.create_check_constraint(batch_op.f("ck_cards_held"), "held in ('', 'withdraw', 'unquote')")
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("keep_days", sa.Integer(), nullable=False, server_default="90"))
        batch_op.add_column(sa.Column("purged_on", sa.Date(), nullable=True))
        batch_op.create_check_constraint(batch_op.f("ck_live_sessions_keep_days"), "keep_days >= 1")
    op.create_table(
        "report_versions",
        sa.Column("freeze_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("editions", sa.JSON(), nullable=False),
        sa.CheckConstraint("number >= 2", name=op.f("ck_report_versions_number")),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["freezes.id"], name=op.f("fk_report_versions_freeze_id_freezes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("freeze_id", "number", name=op.f("pk_report_versions")),
    )
    with op.batch_alter_table("report_files", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.drop_constraint(batch_op.f("uq_report_files_freeze_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_report_files_freeze_id"), ["freeze_id", "edition", "paper", "version"]
        )
        batch_op.create_check_constraint(batch_op.f("ck_report_files_version"), "version >= 1")


def downgrade() -> None:
    """Take the step back; only the first version of each report can stay."""
    op.execute("DELETE FROM report_files WHERE version > 1")
    with op.batch_alter_table("report_files", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_report_files_version"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_report_files_freeze_id"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_report_files_freeze_id"), ["freeze_id", "edition", "paper"])
        batch_op.drop_column("version")
    op.drop_table("report_versions")
    with op.batch_alter_table("live_sessions", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_live_sessions_keep_days"), type_="check")
        batch_op.drop_column("purged_on")
        batch_op.drop_column("keep_days")
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_cards_held"), type_="check")
        batch_op.drop_index(batch_op.f("ix_cards_receipt"))
        batch_op.drop_column("held")
        batch_op.drop_column("receipt")
    op.drop_table("mails")
    op.drop_table("deliveries")
