"""The first tables.

Revision 0001, the beginning.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role in ('admin', 'facilitator')", name=op.f("ck_accounts_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
    )
    op.create_table(
        "guides",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("shipped", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.String(length=32), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["accounts.id"], name=op.f("fk_guides_owner_id_accounts"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guides")),
        sa.UniqueConstraint("slug", name=op.f("uq_guides_slug")),
    )
    op.create_table(
        "staff_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose in ('first', 'invite', 'reset')", name=op.f("ck_staff_links_purpose")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_staff_links_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_staff_links_created_by_accounts"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_links")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_staff_sessions_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_sessions")),
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_sessions_account_id"), ["account_id"], unique=False)

    op.create_table(
        "live_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=True),
        sa.Column("join_token", sa.String(length=32), nullable=False),
        sa.Column("stage_token", sa.String(length=32), nullable=True),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("guide_id", sa.String(length=32), nullable=True),
        sa.Column("guide_source", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("team", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("room_floor", sa.Integer(), nullable=False),
        sa.Column("words_floor", sa.Integer(), nullable=False),
        sa.Column("leader", sa.String(length=120), nullable=False),
        sa.Column("leader_is_manager", sa.Boolean(), nullable=False),
        sa.Column("moderation", sa.Boolean(), nullable=False),
        sa.Column("facilitator_words", sa.Boolean(), nullable=False),
        sa.Column("freeze_after_minutes", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=80), nullable=True),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("door_open", sa.Boolean(), nullable=False),
        sa.Column("moved_to", sa.String(length=32), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blank", sa.Boolean(), nullable=False),
        sa.Column("timer_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timer_left", sa.Integer(), nullable=True),
        sa.Column("timer_total", sa.Integer(), nullable=True),
        sa.Column("timer_closes", sa.Boolean(), nullable=False),
        sa.CheckConstraint("phase in ('lobby', 'running', 'ended', 'moved')", name=op.f("ck_live_sessions_phase")),
        sa.CheckConstraint("joined >= 0", name=op.f("ck_live_sessions_joined")),
        sa.CheckConstraint("room_floor >= 3", name=op.f("ck_live_sessions_room_floor")),
        sa.CheckConstraint("words_floor >= 5", name=op.f("ck_live_sessions_words_floor")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_live_sessions_created_by_accounts"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["guide_id"], ["guides.id"], name=op.f("fk_live_sessions_guide_id_guides"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["moved_to"],
            ["live_sessions.id"],
            name=op.f("fk_live_sessions_moved_to_live_sessions"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_sessions")),
        sa.UniqueConstraint("code", name=op.f("uq_live_sessions_code")),
        sa.UniqueConstraint("join_token", name=op.f("uq_live_sessions_join_token")),
        sa.UniqueConstraint("stage_token", name=op.f("uq_live_sessions_stage_token")),
    )
    op.create_table(
        "activity_runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("activity_id", sa.String(length=80), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("release", sa.JSON(), nullable=True),
        sa.CheckConstraint("state in ('open', 'closing', 'sealed', 'released')", name=op.f("ck_activity_runs_state")),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_activity_runs_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_runs")),
        sa.UniqueConstraint("live_id", "activity_id", name=op.f("uq_activity_runs_live_id")),
    )
    with op.batch_alter_table("activity_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activity_runs_live_id"), ["live_id"], unique=False)

    op.create_table(
        "freezes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("editions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_freezes_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
        sa.UniqueConstraint("live_id", name=op.f("uq_freezes_live_id")),
    )
    op.create_table(
        "report_texts",
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_report_texts_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("live_id", name=op.f("pk_report_texts")),
    )
    op.create_table(
        "session_roles",
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.CheckConstraint("role in ('run', 'moderate', 'watch')", name=op.f("ck_session_roles_role")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_session_roles_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_session_roles_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("live_id", "account_id", name=op.f("pk_session_roles")),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("quotable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["activity_runs.id"], name=op.f("fk_cards_run_id_activity_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
    )
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cards_run_id"), ["run_id"], unique=False)

    op.create_table(
        "report_files",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("freeze_id", sa.String(length=32), nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("paper", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state in ('queued', 'rendering', 'ready', 'failed')", name=op.f("ck_report_files_state")),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["freezes.id"], name=op.f("fk_report_files_freeze_id_freezes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_files")),
        sa.UniqueConstraint("freeze_id", "edition", "paper", name=op.f("uq_report_files_freeze_id")),
    )
    with op.batch_alter_table("report_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_files_freeze_id"), ["freeze_id"], unique=False)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("report_files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_files_freeze_id"))

    op.drop_table("report_files")
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cards_run_id"))

    op.drop_table("cards")
    op.drop_table("session_roles")
    op.drop_table("report_texts")
    op.drop_table("freezes")
    with op.batch_alter_table("activity_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_activity_runs_live_id"))

    op.drop_table("activity_runs")
    op.drop_table("live_sessions")
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_sessions_account_id"))

    op.drop_table("staff_sessions")
    op.drop_table("staff_links")
    op.drop_table("guides")
    op.drop_table("accounts")
