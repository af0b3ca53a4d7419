"""`accounts`: who may sign in, from the command line.

Lives here: reading arguments and printing. Not here: the rules (`accounts.py`).
Whoever owns the machine may do all of it; the last admin cannot be taken away.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .opened import database, own_url

Add = Callable[..., argparse.ArgumentParser]


def register(add: Add, to: object) -> None:
    """Hang the commands below `accounts`."""
    add("list", "List the accounts and the open invitations.", show, to)
    new = add("add", "Print an invitation: a link with which somebody makes an account.", invite, to)
    new.add_argument("email", help="whom to invite")
    new.add_argument("--role", choices=("facilitator", "admin"), default="facilitator")
    add("reset-link", "Print a link for a new password.", reset_link, to).add_argument("email", help="whose password")
    add("disable", "Keep an account out, and sign it out everywhere.", disable, to).add_argument("email")
    add("enable", "Let an account in again.", enable, to).add_argument("email")
    changed = add("role", "Make somebody an admin or a facilitator.", role, to)
    changed.add_argument("email")
    changed.add_argument("role", choices=("facilitator", "admin"))


def show(_chosen: argparse.Namespace) -> int:
    """Print who has an account and who is invited."""
    from .. import accounts
    from ..house import utc_now

    with database() as (_unused, opened), opened.transaction() as session:
        everybody = accounts.everybody(session)
        for account in everybody:
            print(f"{account.role:12} {'' if account.active else '(kept out) '}{account.email}  {account.name}")
        if not everybody:
            print("Nobody has an account yet. For a link that makes the first one: python -m workshop first-link")
        for link in accounts.open_invitations(session, utc_now()):
            print(f"{link.role:12} (invited) {link.email}")
    return 0


def invite(chosen: argparse.Namespace) -> int:
    """Print an invitation."""
    from .. import accounts
    from ..house import utc_now

    with database() as (settings, opened), opened.transaction() as session:
        path = accounts.invite(session, None, chosen.email, chosen.role, utc_now())
    print(own_url(settings) + path)
    return 0


def reset_link(chosen: argparse.Namespace) -> int:
    """Print a link for a new password."""
    from .. import accounts
    from ..house import utc_now

    with database() as (settings, opened), opened.transaction() as session:
        account = accounts.by_email(session, chosen.email)
        path = accounts.reset_link(session, None, account.id, utc_now())
    print(own_url(settings) + path)
    return 0


def disable(chosen: argparse.Namespace) -> int:
    """Keep an account out."""
    return _set_active(chosen.email, False)


def enable(chosen: argparse.Namespace) -> int:
    """Let an account in again."""
    return _set_active(chosen.email, True)


def _set_active(email: str, active: bool) -> int:
    from .. import accounts

    with database() as (_settings, opened), opened.transaction() as session:
        account = accounts.by_email(session, email)
        accounts.set_active(session, None, account.id, active)
    print(f"{account.email} may sign in again." if active else f"{account.email} is kept out and signed out.")
    return 0


def role(chosen: argparse.Namespace) -> int:
    """Make somebody an admin or a facilitator."""
    from .. import accounts

    with database() as (_settings, opened), opened.transaction() as session:
        account = accounts.by_email(session, chosen.email)
        accounts.change_role(session, None, account.id, chosen.role)
    print(f"{account.email} is now {chosen.role}, and has to sign in again.")
    return 0
