"""Errors with a code, a sentence and a status.

Lives here: every error that a person may read. The web and the real-time layer
each translate `WorkshopError` once; nobody else does. Not here: forms' field
errors (WTForms) and programming errors (ordinary exceptions).
"""

from __future__ import annotations


class WorkshopError(Exception):
    """Something a person did that cannot be done, said in words they can act on.

    `code` is stable and machine-readable, `sentence` says what happened and what
    to do, `status` is the HTTP status.
    """

    code = "refused"
    status = 400

    def __init__(self, sentence: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status


class NotFound(WorkshopError):
    """The thing does not exist, or this person may not know that it does."""

    code = "not_found"
    status = 404


class Forbidden(WorkshopError):
    """This person may not do that here."""

    code = "forbidden"
    status = 403


class AnswerRefused(WorkshopError):
    """An answer that does not fit its activity; nothing was stored."""

    code = "invalid_answer"
    status = 422


class Closed(WorkshopError):
    """The activity no longer takes answers; nothing was stored."""

    code = "closed"
    status = 409


class Stale(WorkshopError):
    """Somebody else was faster: the state has moved on since this screen was drawn."""

    code = "stale"
    status = 409


class Throttled(WorkshopError):
    """Too many attempts from one source."""

    code = "throttled"
    status = 429
