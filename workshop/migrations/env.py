"""What Alembic runs for each migration; the connection comes from `migrate`.

SQLite cannot alter most things in place, hence batch mode there.
"""

from __future__ import annotations

from alembic import context

import workshop.models  # noqa: F401 - fills the metadata
from workshop.db import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
