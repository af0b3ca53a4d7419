"""What several hundred fresh apps have in common and need not work out again.

Lives here: the compiled templates, the address builders and the compiled SQL, kept
for the life of the test process. All are pure functions of files, rules and
statements that no test changes, so each app behaves as if it had made them itself;
making them took a third of the suite's time. Not here: anything that holds state.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

from workshop import db


class _Compiled(BytecodeCache):
    """Compiled templates by name, file and content: a changed template is compiled again."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


def _remembered(build: Callable[..., Any]) -> Callable[..., Any]:
    made: dict[tuple[Any, ...], Any] = {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:
        # All that Werkzeug's own method reads. It binds what it gets to the rule afterwards.
        key = (tuple(rule._trace), tuple((rule.defaults or {}).items()), append_unknown)
        if key not in made:
            made[key] = build(rule, append_unknown)
        return made[key]

    return compile_builder


def _compiled_once(create: Callable[..., Engine]) -> Callable[..., Engine]:
    """Return an engine maker whose engines share the SQL that each statement becomes, per kind of database.

    SQLAlchemy keeps it for each dialect object of each engine. A dialect knows
    nothing of one database but what it asked the server at its first connection.
    """
    first: dict[str, Engine] = {}

    def create_engine(url: str, **options: Any) -> Engine:
        engine = create(url, **options)
        kept = first.setdefault(f"{engine.dialect.name}+{engine.dialect.driver}", engine)
        if kept.dialect.server_version_info is not None:  # it has been connected
            engine.dialect = kept.dialect
            engine._compiled_cache = kept._compiled_cache
        return engine

    return create_engine


def install() -> None:
    """Let every app of this process share them."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}
    Rule._compile_builder = _remembered(Rule._compile_builder)  # type: ignore[method-assign]
    db.create_engine = _compiled_once(db.create_engine)  # type: ignore[attr-defined]
