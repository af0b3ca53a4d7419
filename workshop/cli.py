"""The command line: `python -m workshop ...`.

Lives here: reading arguments and printing. Not here: what the commands do.
Imports stand inside the commands, so that `settings` works where nothing else
does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeAlias

from .operating import opened, people, upkeep
from .settings import Settings, SettingsError, rows, user_name
from .stopping import unwinding

if TYPE_CHECKING:
    from collections.abc import Iterator

Command = Callable[[argparse.Namespace], int]
Group: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; 2 for an unusable setting, 3 for an unusable database."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import OperationalError

    from .errors import WorkshopError
    from .migrations import MigrationError, what_to_do

    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["export"] and re.fullmatch(r"-[\w-]{21}", "".join(given[1:2])):
        given.insert(1, "--")  # one session's id in 64 begins like an option
    chosen = parser().parse_args(given)
    command: Command = chosen.command
    try:
        with nullcontext() if command is serve else unwinding():  # a server ends in its own way
            return command(chosen)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except SettingsError as error:
        print(f"This setting cannot be used.\n{error}", file=sys.stderr)
        return 2
    except MigrationError as error:
        print(error, file=sys.stderr)
        return 3
    except OperationalError as error:  # it was there when it was opened: a disk that is full, a server that goes away
        print(what_to_do(make_url(Settings.from_env(os.environ).database_url), error), file=sys.stderr)
        return 3
    except WorkshopError as error:
        print(error.sentence, file=sys.stderr)
        return 1
    except OSError as error:
        if error.filename is None or command is serve:
            raise
        print(
            f"{error.filename} cannot be used: {error.strerror}. Check that the user {user_name(os.geteuid())} may use it.",
            file=sys.stderr,
        )
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the commands and their help."""
    top = argparse.ArgumentParser(prog="workshop", description="Live, anonymous workshops.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, help: str, command: Command, to: Group | None = None) -> argparse.ArgumentParser:
        made = (to or commands).add_parser(name, help=help, description=help)
        made.set_defaults(command=command)
        return made

    add("serve", "Start the server.", serve)
    add("settings", "Show every setting, its present value and its default.", show_settings)
    add("first-link", "Print a new link for the first account.", first_link)

    guides = commands.add_parser("guides", help="Check guide files.").add_subparsers(required=True, metavar="COMMAND")
    add("validate", "Check guide files.", validate, guides).add_argument("file", nargs="+", help="a guide file")
    add("schema", "Print the JSON Schema for editors.", schema, guides)

    results = commands.add_parser("results", help="Frozen results as data.").add_subparsers(
        required=True, metavar="COMMAND"
    )
    add("schema", "Print the JSON Schema of the results file.", results_schema, results)

    add("purge", "Delete what is past its term; the running server does so every hour.", purge).add_argument(
        "--dry-run", action="store_true", help="only say what would go"
    )

    played = add("rehearse", "Play a guide with simulated phones and print what happens.", rehearse)
    played.add_argument("guide", nargs="?", default="getting-unstuck", help="a guide that comes along, or a file")
    played.add_argument("--phones", type=int, default=12, help="how many simulated phones, 5 to 30")
    played.add_argument("--language", default="", help="one of the guide's languages")

    measured = add(
        "bench", "Let a room of simulated phones join and answer on this machine, and print how long it takes.", bench
    )
    measured.add_argument("--phones", type=int, default=300, help="how many, 1 to 1000; 300 unless told otherwise")

    proof = add(
        "verify-anonymity",
        "Play sessions against this installation's own code and settings, attack them, and print what was found.",
        verify_anonymity,
    )
    proof.add_argument(
        "--thorough",
        action="store_true",
        help="as many questions as the contract asks for: one to two hours on two cores",
    )
    proof.add_argument("--seconds", type=float, default=0, help="how long the long season of questions may take")
    proof.add_argument("--only", default="", metavar="1,2,...", help="these promises alone")
    proof.add_argument("--json", metavar="FILE", help="write every figure to a file")
    proof.add_argument("--database", default="", metavar="URL", help="an empty PostgreSQL database to play in")
    proof.add_argument(
        "--allow-inconclusive", action="store_true", help="exit 0 where nothing is missing but a larger sample"
    )

    parts = add("sbom", "Print what this installation consists of (CycloneDX), for a scanner.", sbom)
    parts.add_argument("--output", metavar="FILE", help="write it to a file instead")

    people.register(
        add,
        commands.add_parser("accounts", help="Look after accounts.").add_subparsers(required=True, metavar="COMMAND"),
    )
    upkeep.register(add)
    return top


def serve(_chosen: argparse.Namespace) -> int:
    """Start the server."""
    settings = Settings.from_env(os.environ)
    from . import server

    return server.serve(settings)


def show_settings(_chosen: argparse.Namespace) -> int:
    """Print the table of settings."""
    for name, value, default, help in rows(Settings.from_env(os.environ)):
        print(f"{name}\n    now      {value}\n    default  {default}\n    {help}")
    return 0


def sbom(chosen: argparse.Namespace) -> int:
    """Print the bill of materials, or write it to a file."""
    from pathlib import Path

    from .operating import bill

    text = bill.write(Path(chosen.output) if chosen.output else None)
    if not chosen.output:
        print(text, end="")
    return 0


def purge(chosen: argparse.Namespace) -> int:
    """Delete what is past its term."""
    from . import retention
    from .house import utc_now

    with opened.database() as (settings, database):
        done = retention.purge(database, settings.keep_reports_days, utc_now().date(), dry_run=chosen.dry_run)
    if done.nothing:
        print("Nothing is past its term.")
    else:
        verb = "Would delete" if chosen.dry_run else "Deleted"
        print(f"{verb} the results of {done.data} sessions and the reports of {done.reports}.")
    return 0


def rehearse(chosen: argparse.Namespace) -> int:
    """Play a guide to its end in a scratch house, which is deleted afterwards."""
    import tempfile
    from pathlib import Path

    from flask_babel import force_locale

    from . import create_app, rehearsal_play, rehearsals
    from .guides import schema
    from .guides.library import describe
    from .guides.source import GuideError
    from .migrations import migrate

    if not rehearsals.FEWEST <= chosen.phones <= rehearsals.MOST:
        print(f"Choose {rehearsals.FEWEST} to {rehearsals.MOST} phones, such as --phones 12.", file=sys.stderr)
        return 2
    path = Path(chosen.guide)
    file, text = (path.name, path.read_text("utf-8")) if path.is_file() else rehearsal_play.source_of(chosen.guide)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as name:
        settings = Settings(
            data_dir=Path(name), database_url=f"sqlite:///{name}/main.db", secret_key=os.urandom(32).hex()
        )
        migrate(settings.database_url)
        app = create_app(settings)
        house = app.extensions["house"]

        @contextmanager
        def speaking(language: str) -> Iterator[None]:
            with app.app_context(), force_locale(language):
                yield

        try:
            spoken = schema.parse(text, file).languages
            if chosen.language and chosen.language not in spoken:
                print(f"This guide speaks {', '.join(spoken)}. Choose one of these as --language.", file=sys.stderr)
                return 2
            rehearsal_play.play(house, file, text, chosen.phones, chosen.language, speaking, print)
        except GuideError as error:
            print("\n".join(describe(error)), file=sys.stderr)
            return 1
        finally:
            house.boxes.close()
            house.database.engine.dispose()
    return 0


def bench(chosen: argparse.Namespace) -> int:
    """Measure a room on a scratch server that is deleted afterwards; nothing of this installation is touched."""
    if not 1 <= chosen.phones <= 1000:
        print("Choose 1 to 1000 phones, such as --phones 300.", file=sys.stderr)
        return 2
    from .demo import room

    return room.main(chosen.phones, Settings.from_env(os.environ).transport)


def verify_anonymity(chosen: argparse.Namespace) -> int:
    """Prove the promises on a scratch installation; 0 all hold, 1 something leaks, 2 something is inconclusive."""
    from dataclasses import replace
    from pathlib import Path

    from .proof import run
    from .proof.verdicts import PROMISES
    from .proof.wire import WireError

    size = run.THOROUGH if chosen.thorough else run.QUICK
    if chosen.seconds:
        size = replace(size, seconds=chosen.seconds)
    named = chosen.only.replace(" ", "").strip(",")
    only = frozenset(int(one) for one in named.split(",") if one.isdecimal()) & frozenset(PROMISES)
    if named and not only:
        print("Name promises by their numbers, such as --only 1,5,11.", file=sys.stderr)
        return 2
    try:
        proof = run.prove(os.environ, size=size, database_url=chosen.database, only=only or frozenset(PROMISES))
    except WireError as error:
        print(f"The proof could not be played. {error}", file=sys.stderr)
        return 2
    print("\n".join(proof.lines()))
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(proof.as_data(), indent=2), "utf-8")
    return 0 if chosen.allow_inconclusive and proof.only_too_few else proof.code


def first_link(_chosen: argparse.Namespace) -> int:
    """Print a new link for the first account."""
    from . import accounts
    from .house import utc_now

    with opened.database() as (settings, database), database.transaction() as session:
        path = accounts.create_first_link(session, utc_now())
    if path is None:
        print("There are accounts already. For a new password: python -m workshop accounts reset-link EMAIL")
        return 1
    print(opened.own_url(settings) + path)
    return 0


def validate(chosen: argparse.Namespace) -> int:
    """Check guide files."""
    from .guides import library

    good, lines = library.validate_files(chosen.file)
    print("\n".join(lines))
    return 0 if good else 1


def schema(_chosen: argparse.Namespace) -> int:
    """Print the JSON Schema of guide files."""
    from .guides.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0


def results_schema(_chosen: argparse.Namespace) -> int:
    """Print the JSON Schema of the results file."""
    from .figures import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
