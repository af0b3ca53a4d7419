"""Backups: a consistent copy of what is meant to last, verified when it is made and before it is put back.

Lives here: copying the main database and the secret, the list of what is in a
copy (`manifest.json`), and putting it back. Not here: ballot boxes. An open
question's answers are in no backup (promise 5): after a restore the box is new
and empty, its gate opens at the start, and the phones send again what they keep.

A backup is a folder, or the same folder in one `.tar` file. Who is killed in the
middle leaves no backup, and a restore that says at the next start that it was cut
off (`refuse_half_restored`).

A file of this length because copying, checking and putting back are one agreement about the same few files.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, make_url

from ..db import make_engine
from ..errors import WorkshopError
from ..lasting import make_folder, to_disk
from ..migrations import knows, migrate, status
from ..settings import Settings, user_name
from .held_folders import scratch_folder, sweep
from .served import refuse_while_served

SQLITE, POSTGRESQL, SECRET, MANIFEST = "unstuck.db", "unstuck.dump", "secret", "manifest.json"
ASIDE = "replaced"  # the folder in DATA_DIR where a restore puts what was there
HALF = "restoring"  # the file in DATA_DIR that is there while a restore changes things, with how far it is

UNPACKED = ".restore-"  # how the folder begins into which a backup is unpacked

PG_TOOLS = "Install PostgreSQL's client programs (on Debian: apt-get install postgresql-client) and try again."


class BackupFailed(WorkshopError):
    """No backup was made, or none put back; the sentence says why and what to do."""

    code = "backup"


@dataclass(frozen=True)
class Manifest:
    """What is in a backup. It holds no more than the day, and a print of the secret, never the secret."""

    made_on: str
    database: str  # the file with the main database
    schema: str
    key_print: str  # tells whether a secret that is kept elsewhere is the one that belongs to it
    files: Mapping[str, str]  # name -> SHA-256


# Making one --------------------------------------------------------------------------------------------------------


def make(settings: Settings, target: Path, today: date) -> Manifest:
    """Copy database and secret to `target`, check the copy, and return what is in it.

    The server may run meanwhile. Nothing appears under `target` before the copy
    is whole and has been checked; an existing file is never written over.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupFailed(f"{target} is there already. Name a new file or an empty folder.")
    try:
        make_folder(target.parent)
    except OSError as error:
        raise BackupFailed(f"{target.parent} cannot be made: {error.strerror}. Make it, for this user.") from error
    if not os.access(target.parent, os.W_OK | os.X_OK):
        user = user_name(os.geteuid())
        raise BackupFailed(
            f"{target.parent} cannot be written by the user {user}, who runs this. As root:"
            f" install -d -o {user} -m 700 {target.parent}"
        )
    refuse_half_restored(settings.data_dir)
    with scratch_folder(target.parent, ".backup-") as name:
        folder = Path(name) / target.name.removesuffix(".tar")
        folder.mkdir(mode=0o700)
        manifest = _copy(settings, folder, today)
        verify(folder)
        if target.suffix == ".tar":
            packed = Path(name) / "packed.tar"
            with tarfile.open(packed, "w") as tar:
                for file in sorted(folder.iterdir()):
                    tar.add(file, file.name, filter=_plain)
            to_disk(packed)
            packed.replace(target)
        else:
            for file in (*folder.iterdir(), folder):
                to_disk(file)
            if target.exists():
                target.rmdir()
            folder.replace(target)
    to_disk(target.parent)
    return manifest


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _copy(settings: Settings, folder: Path, today: date) -> Manifest:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        database = SQLITE
        _copy_sqlite(Path(str(url.database)), folder / SQLITE)
    else:
        database = POSTGRESQL
        _dump(url, folder / POSTGRESQL)
    kept = settings.data_dir / SECRET
    if kept.exists() and kept.read_text().strip() == settings.secret_key:
        shutil.copy(kept, folder / SECRET)
    for file in folder.iterdir():
        file.chmod(0o600)
    manifest = Manifest(
        made_on=today.isoformat(),
        database=database,
        schema=status(settings.database_url).present,
        key_print=_print_of(settings.secret_key),
        files={file.name: _hash(file) for file in sorted(folder.iterdir())},
    )
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n")
    (folder / MANIFEST).chmod(0o600)
    return manifest


def _dump(url: URL, target: Path) -> None:
    _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], url)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise BackupFailed(f"There is no database {source}. Start the server once, or correct DATA_DIR.")
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as live,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            live.backup(copy)
            copy.execute("pragma temp_store=memory")
            copy.execute("pragma journal_mode=delete")  # one file, complete in itself
            copy.execute("vacuum")  # free pages hold nothing that anybody could need back
    except sqlite3.Error as error:
        raise BackupFailed(
            f"The database {source} could not be copied: {error}. Run: python -m workshop doctor"
        ) from error


# Looking at one ----------------------------------------------------------------------------------------------------


@contextmanager
def opened(source: Path, scratch: Path | None = None) -> Iterator[Path]:
    """Yield the folder of a backup, unpacked below `scratch` where it is a file; it holds the secret."""
    if source.is_dir():
        yield source
        return
    if not source.exists():
        raise BackupFailed(f"There is no backup {source}.")
    with scratch_folder(scratch or Path(tempfile.gettempdir()), UNPACKED) as name:
        try:
            with tarfile.open(source) as tar:
                for member in tar:  # by hand: no link, no folder, no path; Debian 12's Python has no filter for it
                    plain = tar.extractfile(member) if member.isreg() else None
                    if plain is None or Path(member.name).name != member.name:
                        raise BackupFailed(f"{source} is no backup: it holds {member.name}.")
                    with open(Path(name) / member.name, "xb", opener=_private) as out:
                        shutil.copyfileobj(plain, out)
        except (tarfile.TarError, OSError) as error:
            raise BackupFailed(f"{source} is no backup, or it is damaged: {error}") from error
        yield Path(name)


def verify(folder: Path) -> Manifest:
    """Return what is in a backup, after checking that all of it is there and whole."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BackupFailed(f"{folder} is no backup: it has no readable {MANIFEST}.") from error
    for name, expected in manifest.files.items():
        file = folder / Path(name).name
        if not file.is_file() or _hash(file) != expected:
            raise BackupFailed(f"{name} in this backup is missing or damaged. Use another backup.")
    if manifest.database not in manifest.files:
        raise BackupFailed("This backup holds no database. Use another backup.")
    if manifest.database == SQLITE:
        _check_sqlite(folder / SQLITE)
    else:
        _run(["pg_restore", "--list", str(folder / POSTGRESQL)])
    return manifest


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as copy:
            problems = [row[0] for row in copy.execute("pragma integrity_check")]
            orphans = copy.execute("pragma foreign_key_check").fetchall()
    except sqlite3.Error as error:
        raise BackupFailed(f"The database in this backup is damaged: {error}. Use another backup.") from error
    if problems != ["ok"] or orphans:
        raise BackupFailed(
            "The database in this backup is damaged. Use another backup, or run: python -m workshop doctor"
        )


# Putting one back --------------------------------------------------------------------------------------------------


def restore(settings: Settings, source: Path, *, replace: bool, given_key: str = "") -> Manifest:
    """Put a backup back into a stopped installation; return what was in it.

    Everything is checked before anything is changed. Who is killed after that is told
    at the next start, and does the same again: what was there before is still aside.
    `given_key` is SECRET_KEY where it is set: then it has to be the one that
    belongs to the backup. What was there is put aside into DATA_DIR/replaced.
    Ballot boxes are deleted: they belong to another past. Staff sign in again.
    """
    from ..holding import hold_all

    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(hold_all(settings)), opened(source, settings.data_dir) as folder:
        manifest = verify(folder)
        url = make_url(settings.database_url)
        wanted = SQLITE if url.get_backend_name() == "sqlite" else POSTGRESQL
        if manifest.database != wanted:
            raise BackupFailed(
                f"This backup is of another kind of database ({manifest.database}). Correct DATABASE_URL."
            )
        if not knows(manifest.schema):
            raise BackupFailed(
                f"This backup is of a newer version (schema {manifest.schema}); nothing was changed."
                " Install that version, then restore."
            )
        if given_key and _print_of(given_key) != manifest.key_print:
            raise BackupFailed(
                "SECRET_KEY is not the one that belongs to this backup: every link and every seat would be void."
                " Set the one of that time, or remove the line if the backup holds it."
            )
        if not given_key and SECRET not in manifest.files:
            raise BackupFailed("This backup was made with SECRET_KEY set. Set the same one, then restore.")
        there = settings.data_dir / SECRET
        present = Path(str(url.database)) if wanted == SQLITE else None
        half = settings.data_dir / HALF
        before = half.read_text() if half.exists() else ""
        if not (replace or before) and (_filled(settings.database_url) if present is None else present.exists()):
            raise BackupFailed("There is a database already. To put the backup in its place, add --replace.")
        if present is None and _filled(settings.database_url):
            refuse_while_served(settings.database_url)
        logs = [] if present is None else [Path(f"{present}-wal"), Path(f"{present}-shm")]
        if not before and replace:
            shutil.rmtree(settings.data_dir / ASIDE, ignore_errors=True)  # one past is enough
        if before != PUTTING_BACK:
            _note(half, PUTTING_ASIDE)
            if replace:
                if present is None and _filled(settings.database_url):
                    _dump_aside(url, settings.data_dir / ASIDE)
                _put_aside([*([present] if present else []), *logs, there], settings.data_dir / ASIDE)
            _note(half, PUTTING_BACK)
        if present is not None:
            make_folder(present.parent)
            for log in logs:  # of another database than the one that takes its place
                log.unlink(missing_ok=True)
            _install(folder / SQLITE, present)
        else:
            _empty(settings.database_url)
            _run(
                ["pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error",
                 "--single-transaction", f"--dbname={url.database}", str(folder / POSTGRESQL)],
                url,
            )  # fmt: skip
        if SECRET in manifest.files and not given_key:
            _install(folder / SECRET, there)
        shutil.rmtree(settings.data_dir / "ballots", ignore_errors=True)
        migrate(settings.database_url)
        _sign_staff_out(settings.database_url)
        for changed in {settings.data_dir, *([present.parent] if present else [])}:
            to_disk(changed)  # all of it, before nothing tells any more that it is not
        half.unlink()
        to_disk(settings.data_dir)
        return manifest


PUTTING_ASIDE, PUTTING_BACK = "putting aside what is here", "putting back what was kept"


def refuse_half_restored(data_dir: Path) -> None:
    """Raise BackupFailed where a restore was cut off in the middle; where it was before that, remove what it had unpacked."""
    sweep(data_dir, UNPACKED)
    (data_dir / f"{HALF}.new").unlink(missing_ok=True)
    refuse_half(data_dir)


def refuse_half(data_dir: Path) -> None:
    """Raise BackupFailed where a restore was cut off in the middle; only look."""
    if (data_dir / HALF).exists():
        raise BackupFailed(
            "A restore was cut off here, so this is neither what it was nor what it should be."
            " Do it again: python -m workshop restore BACKUP --replace"
            f" (what was here before lies in {data_dir / ASIDE})."
        )


def _note(half: Path, how_far: str) -> None:
    """Write down how far a restore is, at once and for good."""
    new = half.with_name(f"{HALF}.new")
    new.write_text(how_far)
    to_disk(new)
    new.replace(half)
    to_disk(half.parent)


def _put_aside(files: list[Path], aside: Path) -> None:
    """Move what is there; whoever was cut off in this moves the rest. What is aside is there whole, and for good.

    A file goes from its place only then: a rename between two folders is on the disk in one of them first.
    """
    make_folder(aside)
    there = [file for file in files if file.exists()]
    for file in there:
        moved = aside / file.name
        if not moved.exists():
            try:
                os.link(file, moved)
            except OSError:  # another disk, or one that knows no second name
                _install(file, moved)
    to_disk(aside)
    for file in there:
        file.unlink()


def _dump_aside(url: URL, aside: Path) -> None:
    """Copy what a PostgreSQL holds to where everything else is put aside; whoever was cut off in this does it again."""
    kept = aside / POSTGRESQL
    if not kept.exists():
        make_folder(aside)
        half = aside / f"{POSTGRESQL}.half"
        _dump(url, half)
        to_disk(half)
        half.replace(kept)


def _empty(url: str) -> None:
    """Drop all tables. `pg_restore` drops what the backup knows: tables of a newer version would stand in its way."""
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            quote = connection.dialect.identifier_preparer.quote
            for table in inspect(connection).get_table_names():
                connection.execute(text(f"DROP TABLE {quote(table)} CASCADE"))
    finally:
        engine.dispose()


def _install(source: Path, target: Path) -> None:
    """Copy a file under a temporary name, then let it take its place at once."""
    half = target.with_name(target.name + ".half")
    half.unlink(missing_ok=True)
    with open(half, "xb", opener=_private) as out, source.open("rb") as into:
        shutil.copyfileobj(into, out)
        out.flush()
        os.fsync(out.fileno())
    half.replace(target)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sign_staff_out(url: str) -> None:
    """A browser that was signed out since then must not be signed in again (attack S5)."""
    from ..db import Database
    from ..models import StaffSession

    database = Database(url)
    try:
        with database.transaction() as session:
            session.query(StaffSession).delete()
    finally:
        database.engine.dispose()


def _filled(url: str) -> bool:
    return bool(status(url).present)


# Small pieces ------------------------------------------------------------------------------------------------------


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _print_of(key: str) -> str:
    return hashlib.sha256(b"backup\0" + key.encode()).hexdigest()[:16]


def _run(command: list[str], url: URL | None = None) -> None:
    """Run one of PostgreSQL's programs; its password travels in the environment, where no list of processes shows it."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE") if name in os.environ}
    if url is not None:
        given = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
        environ |= {name: str(value) for name, value in given.items() if value}
        environ["PGDATABASE"] = str(url.database)
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BackupFailed(f"{command[0]} is not on this machine. {PG_TOOLS}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [str(done.returncode)]
        reason = next((line for line in said if "error:" in line), said[-1]).removeprefix(f"{command[0]}: error: ")
        raise BackupFailed(f"{command[0]} failed: {reason}. Run: python -m workshop doctor")
