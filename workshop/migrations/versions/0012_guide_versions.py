"""Guides of one's own: versions and drafts.

Revision 0012, follows 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def _guide(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["guide_id"], ["guides.id"], name=op.f(f"fk_{table}_guide_id_guides"), ondelete="CASCADE"
    )


def upgrade() -> None:
    """Take the step. Guides that are there stay what they were: everybody may use them."""
    with op.batch_alter_table("guides", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shared", sa.String(length=8), nullable=False, server_default="use"))
        batch_op.create_check_constraint(batch_op.f("ck_guides_shared"), "shared in ('nobody', 'use', 'edit')")
    op.create_table(
        "guide_editors",
        sa.Column("guide_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        _guide("guide_editors"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_guide_editors_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("guide_id", "account_id", name=op.f("pk_guide_editors")),
    )
    with op.batch_alter_table("guide_editors", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guide_editors_account_id"), ["account_id"], unique=False)
    op.create_table(
        "guide_drafts",
        sa.Column("guide_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("starts", sa.String(length=5), nullable=False, server_default="09:00"),
        _guide("guide_drafts"),
        sa.PrimaryKeyConstraint("guide_id", name=op.f("pk_guide_drafts")),
    )
    op.create_table(
        "guide_states",
        sa.Column("guide_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=300), nullable=False, server_default=""),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _guide("guide_states"),
        sa.PrimaryKeyConstraint("guide_id", "number", name=op.f("pk_guide_states")),
    )
    op.create_table(
        "guide_versions",
        sa.Column("guide_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        _guide("guide_versions"),
        sa.PrimaryKeyConstraint("guide_id", "number", name=op.f("pk_guide_versions")),
    )


def downgrade() -> None:
    """Take the step back. A guide that was never published has no file, so it goes."""
    op.drop_table("guide_versions")
    op.drop_table("guide_states")
    op.drop_table("guide_drafts")
    op.drop_table("guide_editors")
    op.execute("DELETE FROM guides WHERE source = ''")
    with op.batch_alter_table("guides", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_guides_shared"), type_="check")
        batch_op.drop_column("shared")
