"""Moderation: decisions about released texts, a log without them, and runs that are read before they are shown.

Revision 0014, follows 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATES = "state in ('open', 'closing', 'sealed', 'released')"
STATES_WITH_READING = "state in ('open', 'closing', 'sealed', 'reading', 'released')"


def _states(rule: str) -> None:
    with op.batch_alter_table("activity_runs", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_activity_runs_state"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_activity_runs_state"), rule)


def upgrade() -> None:
    """Take the step."""
    _states(STATES_WITH_READING)
    op.create_table(
        "readings",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_readings_version")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["activity_runs.id"], name=op.f("fk_readings_run_id_activity_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_readings")),
    )
    op.create_table(
        "moderation_days",
        sa.Column("live_id", sa.String(length=32), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.CheckConstraint("times >= 1", name=op.f("ck_moderation_days_times")),
        sa.ForeignKeyConstraint(
            ["live_id"], ["live_sessions.id"], name=op.f("fk_moderation_days_live_id_live_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("live_id", "made_on", "who", "what", name=op.f("pk_moderation_days")),
    )


def downgrade() -> None:
    """Take the step back. What was hidden, masked or never let out must not come to light: it goes."""
    connection = op.get_bind()
    runs = sa.table("activity_runs", sa.column("id"), sa.column("state"), sa.column("release", sa.JSON()))
    cards = sa.table("cards", sa.column("id"), sa.column("run_id"))
    readings = sa.table("readings", sa.column("run_id"), sa.column("body", sa.JSON()))
    for run_id, body in connection.execute(sa.select(readings.c.run_id, readings.c.body)).all():
        known = set(connection.execute(sa.select(cards.c.id).where(cards.c.run_id == run_id)).scalars())
        unseen = set(body["marks"]) | (known - set(body["out"]) if body["queue"] else set())
        connection.execute(sa.delete(cards).where(cards.c.run_id == run_id, cards.c.id.in_(unseen & known)))
        if not known and (body["queue"] or body["marks"]):  # a word cloud, whose words lie in its result
            nothing = {"too_few": True, "people": None, "words_ok": False, "made_up": False, "result": None}
            connection.execute(sa.update(runs).where(runs.c.id == run_id).values(release=nothing))
    connection.execute(sa.update(runs).where(runs.c.state == "reading").values(state="released"))
    op.drop_table("moderation_days")
    op.drop_table("readings")
    _states(STATES)
