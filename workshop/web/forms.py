"""Forms of the staff pages, and the voice of their errors.

Lives here: the base of every staff form and the forms of accounts. Not here:
forms of answers (each kind brings its own) and rules of the domain: a form
checks that something was entered, the service checks that it is right.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import ImmutableMultiDict
from wtforms import EmailField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length


class StaffForm(FlaskForm):  # type: ignore[misc]
    """A form with a CSRF token whose fields know how to show an error of a service."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Takes what a form sends and nothing else."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Return the fields that were sent; of JSON, which the library would take for them, none.

            Its values can be anything, and validators that count letters break on a number.
            """
            return (
                ImmutableMultiDict()
                if formdata is not None and request.is_json
                else super().wrap_formdata(form, formdata)
            )

    def refuse(self, field: str, sentence: str) -> None:
        """Show `sentence` at `field`, as if the field's own validator had said it."""
        target: Any = self[field]
        target.errors = [*target.errors, sentence]


def required(sentence: str) -> InputRequired:
    """Return the validator of a field that must be filled in; say what to enter, not that something lacks."""
    return InputRequired(message=sentence)


class SignInForm(StaffForm):
    """E-mail and password."""

    email = EmailField(_l("E-mail"), [required(_l("Enter your e-mail address.")), Length(max=254)])
    password = PasswordField(_l("Password"), [required(_l("Enter your password."))])


class FirstAccountForm(StaffForm):
    """The first account of a new installation."""

    name = StringField(_l("Your name"), [required(_l("Enter your name.")), Length(max=120)])
    email = EmailField(_l("E-mail"), [required(_l("Enter your e-mail address.")), Length(max=254)])
    password = PasswordField(
        _l("Password"),
        [required(_l("Choose a password."))],
        description=_l("At least 12 characters. Three or four unrelated words work well."),
    )


class InvitedForm(StaffForm):
    """An account from an invitation; the address is the invitation's."""

    name = StringField(_l("Your name"), [required(_l("Enter your name.")), Length(max=120)])
    password = PasswordField(
        _l("Password"),
        [required(_l("Choose a password."))],
        description=_l("At least 12 characters. Three or four unrelated words work well."),
    )


class NewPasswordForm(StaffForm):
    """A new password from a reset link."""

    password = PasswordField(
        _l("New password"),
        [required(_l("Choose a password."))],
        description=_l("At least 12 characters. Three or four unrelated words work well."),
    )


class NameForm(StaffForm):
    """The own name."""

    name = StringField(
        _l("Name"),
        [required(_l("Enter your name.")), Length(max=120)],
        description=_l("Participants see it as the person who leads the session."),
    )


class ChangePasswordForm(StaffForm):
    """Another password for oneself."""

    present = PasswordField(_l("Present password"), [required(_l("Enter your present password."))])
    password = PasswordField(
        _l("New password"),
        [required(_l("Choose a new password."))],
        description=_l("At least 12 characters. Three or four unrelated words work well."),
    )


class InviteForm(StaffForm):
    """A new colleague."""

    email = EmailField(_l("E-mail"), [required(_l("Enter the e-mail address of your colleague.")), Length(max=254)])
    role = RadioField(
        _l("What may this person do?"),
        choices=[
            SelectChoice("facilitator", _l("Facilitator: writes guides and runs sessions")),
            SelectChoice("admin", _l("Admin: also invites people and looks after accounts")),
        ],
        default="facilitator",
    )
