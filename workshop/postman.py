"""The talk with the mail server: connect, hand a message over, say in words why it was not taken.

Lives here: SMTP and its failures. Not here: which mail goes when (`outbox.py`).
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parseaddr
from functools import partial
from urllib.parse import urlsplit

from .settings import Settings
from .words import _

TIMEOUT = 30.0  # seconds for each answer of the mail server
LONGEST_NOTE = 300  # letters of what a mail server said


class Refused(Exception):
    """The mail server did not take a mail. `final`: trying again would not help."""

    def __init__(self, sentence: str, *, final: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.final = final


def reach(settings: Settings) -> None:
    """Go as far with the mail server as one can without a mail; raises Refused with what it said."""
    with Postman(settings) as postman:
        postman.knock()


class Postman:
    """A connection to the mail server, opened when the first mail needs it and again after it broke."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Postman:
        return self

    def __exit__(self, *_about: object) -> None:
        self._leave()

    def carry(self, message: EmailMessage, to: str) -> None:
        """Hand one message over; raises Refused with a sentence for the facilitator."""
        try:
            if self._server is None:
                self._server = self._connected()
            # Not send_message: that writes ">From" where a line of the text begins with "From".
            self._server.sendmail(parseaddr(self._settings.mail_from)[1], [to], message.as_bytes())
        except (smtplib.SMTPException, OSError) as error:
            self._leave()
            raise in_words(error) from error

    def knock(self) -> None:
        """Connect, and sign in where there is an account; raises Refused."""
        try:
            self._server = self._connected()
        except (smtplib.SMTPException, OSError) as error:
            raise in_words(error) from error

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        name = urlsplit(settings.base_url).hostname or "localhost"  # else it would ask the resolver for ours
        context = ssl.create_default_context()
        kind = partial(smtplib.SMTP_SSL, context=context) if settings.smtp_security == "tls" else smtplib.SMTP
        server = kind(settings.smtp_host, settings.smtp_port, local_hostname=name, timeout=TIMEOUT)
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=context)
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
        except BaseException:
            server.close()
            raise
        return server

    def _leave(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()


def in_words(error: Exception) -> Refused:
    """Return why a mail was not taken: what happened, and whether trying again may help."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return _said(code, said)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        refused = _said(error.smtp_code, error.smtp_error)
        ask = _("The mail server does not accept the user name or the password of this server.")
        return Refused(f"{ask} {refused.sentence}", final=refused.final)
    if isinstance(error, smtplib.SMTPResponseException) and 400 <= error.smtp_code < 600:
        return _said(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused(
            _("The mail server does not offer what the settings ask for (SMTP_SECURITY, SMTP_USER)."), final=True
        )
    if isinstance(error, ssl.SSLError):
        return Refused(
            _("No safe connection to the mail server: its certificate or its port does not fit."), final=False
        )
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Refused(_("The mail server does not answer."), final=False)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Refused(_("The mail server broke the connection off."), final=False)
    return Refused(_("The mail server cannot be reached."), final=False)


def _said(code: int, said: bytes | str) -> Refused:
    """Repeat the mail server's own sentence: 5xx is its last word, 4xx is not."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST_NOTE]
    return Refused(_("The mail server said: %(code)s %(words)s", code=code, words=words), final=code >= 500)
