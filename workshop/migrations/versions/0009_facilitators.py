"""Several facilitators in one session.

Revision 0009, follows 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "session_invitations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('run', 'moderate', 'watch')", name=op.f("ck_session_invitations_role")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_session_invitations_created_by_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["live_id"],
            ["live_sessions.id"],
            name=op.f("fk_session_invitations_live_id_live_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_invitations_token_hash")),
    )
    with op.batch_alter_table("session_invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_invitations_live_id"), ["live_id"], unique=False)
    op.create_table(
        "session_remotes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("link_hash", sa.String(length=64), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_session_remotes_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["browser_hash"],
            ["staff_sessions.token_hash"],
            name=op.f("fk_session_remotes_browser_hash_staff_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_session_remotes_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_remotes")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_session_remotes_link_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_remotes_token_hash")),
    )
    with op.batch_alter_table("session_remotes", schema=None) as batch_op:
        for column in ("live_id", "account_id", "browser_hash"):
            batch_op.create_index(batch_op.f(f"ix_session_remotes_{column}"), [column], unique=False)


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("session_remotes")
    op.drop_table("session_invitations")
