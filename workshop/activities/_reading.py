"""Reading an answer's fields, for every kind alike.

Lives here: the refusals that all kinds share, and the form of the no-script
path. Not here: what a kind accepts (each kind's `clean`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from wtforms import Field, Form

from ..errors import AnswerRefused
from ..words import _

if TYPE_CHECKING:
    from .kind import Fields, Kind


def read(fields: Fields, allowed: Iterable[str]) -> dict[str, list[str]]:
    """Return the fields that hold something, or raise `AnswerRefused` for any that do not belong.

    Everything may arrive on a socket, so nothing about the types is believed.
    """
    if not isinstance(fields, Mapping):
        raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
    names = list(allowed)
    known = set(names)
    clean: dict[str, list[str]] = {}
    for name, values in fields.items():
        if not isinstance(name, str) or name not in known:
            takes = ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"
            raise AnswerRefused(
                _("This answer has a part that the question does not ask for. It takes: %(names)s.", names=takes)
            )
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            raise AnswerRefused(_("Every part of an answer is a list of texts. Reload the page and try again."))
        if values:
            clean[name] = list(values)
    return clean


def single(fields: Mapping[str, Sequence[str]], name: str) -> str | None:
    """Return the one text sent under `name`, None when there is none; refuse several."""
    values = fields.get(name, ())
    if len(values) > 1:
        raise AnswerRefused(_("Only one answer fits here. Reload the page and try again."))
    return values[0] if values else None


def size(fields: Fields) -> int:
    """Return the bytes of fields as a phone sends them: JSON in UTF-8."""
    return len(json.dumps(dict(fields), ensure_ascii=False).encode())


class AnswerForm(Form):
    """A plain form whose only validator is the kind's `clean`.

    After `validate`, `body` holds the cleaned answer, or `form_errors` the
    sentence to show. Fields that belong to the page (CSRF, run) are not seen.
    """

    kind: ClassVar[Kind]
    config: ClassVar[Any]
    body: dict[str, Any] | None = None

    def answer_fields(self) -> dict[str, list[str]]:
        """Return what was sent, as the mapping that the socket path would carry."""
        return {name: list(field.raw_data) for name, field in self._fields.items() if field.raw_data}

    def validate(self, extra_validators: Any = None) -> bool:
        """Say whether the kind takes this answer."""
        try:
            self.body = self.kind.clean(self.config, self.answer_fields())
        except AnswerRefused as refusal:
            self.form_errors.append(refusal.sentence)
            return False
        return True


def form(kind: Kind, config: Any, fields: Mapping[str, Field]) -> type[AnswerForm]:
    """Return the form of one activity with these WTForms fields."""
    return type("ActivityForm", (AnswerForm,), {"kind": kind, "config": config, **fields})
