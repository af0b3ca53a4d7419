"""A folder as a power cut leaves it, out of the record of all calls that changed it (`recorder.c`).

Lives here: recording what a process does, and the disk it did that to: what lasts by now, what does not yet.
Not here: what is played (`acts.py`) and what must hold afterwards (`test_power_cuts.py`).

The disk is as unkind as POSIX lets it be. A file's bytes last once the file was synced; a name lasts once its
folder was, and a file that was synced has no name for that. A rename within one folder is all or nothing; one
between two folders is two changes. What does not last yet is there after a cut or not, in any combination, and of
a write any sectors.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.conftest import ROOT

SECTOR = 512
HEAD = struct.Struct("<cqQII")  # as `note` in recorder.c writes it

UNUSED = random.Random()

WAYS = ("killed", "strict", "names")
"""killed: all that was done is there. strict: only what lasts. names: all names and cut-off ends, but of the bytes
only those that last, as file systems do that write data late. Any other way is the seed of a chance."""


class File:
    """A file: what lasts of it, and what was done since."""

    def __init__(self, lasting: bytes = b"") -> None:
        self.lasting = lasting
        self.since: list[tuple[int, bytes | None]] = []  # (place, bytes), or (length, None)
        self._now = bytearray(lasting)
        self._seen: dict[str, bytes] = {"strict": lasting}

    def do(self, place: int, written: bytes | None) -> None:
        """Write at a place, or cut off at a length."""
        self.since.append((place, written))
        _apply(self._now, place, written, None)
        self._seen = {"strict": self.lasting}

    def sync(self) -> None:
        """Let all of it last."""
        self.lasting, self.since = bytes(self._now), []
        self._seen = dict.fromkeys(WAYS, self.lasting)

    def left(self, way: str, chance: random.Random) -> bytes:
        """Return its bytes after a cut."""
        if way not in WAYS:
            data = bytearray(self.lasting)
            for place, written in self.since:
                if chance.random() < 0.5:
                    _apply(data, place, written, chance if chance.random() < 0.5 else None)
            return bytes(data)
        if way not in self._seen:
            data = self._now if way == "killed" else bytearray(self.lasting)
            for length, written in self.since if way == "names" else ():
                if written is None:
                    _apply(data, length, None, None)
            self._seen[way] = bytes(data)
        return self._seen[way]


class Folder:
    """A folder: the names that last, and the changes since, each of which is there or not."""

    def __init__(self) -> None:
        self.lasting: dict[str, File | Folder] = {}
        self.since: list[dict[str, File | Folder | None]] = []

    def do(self, change: dict[str, File | Folder | None]) -> None:
        """Give and take names, all at once."""
        self.since.append(change)

    def sync(self) -> None:
        """Let its names last; not what they name."""
        self.lasting, self.since = self.now(), []

    def now(self) -> dict[str, File | Folder]:
        """Return its names."""
        return self.left("killed", UNUSED)

    def left(self, way: str, chance: random.Random) -> dict[str, File | Folder]:
        """Return its names after a cut."""
        names: dict[str, File | Folder | None] = dict(self.lasting)
        for change in self.since:
            if way in ("killed", "names") or (way not in WAYS and chance.random() < 0.5):
                names |= change
        return {name: node for name, node in names.items() if node is not None}


def _apply(data: bytearray, place: int, written: bytes | None, torn: random.Random | None) -> None:
    """Carry one write out, or cut the end off; of a `torn` write only some sectors."""
    if written is None:
        del data[place:]
        data.extend(bytes(max(0, place - len(data))))
        return
    at = 0
    while at < len(written):
        step = min(SECTOR - (place + at) % SECTOR, len(written) - at) if torn else len(written)
        if torn is None or torn.random() < 0.5:
            data.extend(bytes(max(0, place + at + step - len(data))))
            data[place + at : place + at + step] = written[at : at + step]
        at += step


class Disk:
    """What lies in a folder, and what of it lasts, after so many records."""

    def __init__(self, folder: Path) -> None:
        self.top = Folder()
        self._files: dict[int, File] = {}
        for path in sorted(folder.rglob("*")):
            node = Folder() if path.is_dir() else File(path.read_bytes())
            if isinstance(node, File):
                self._files[path.stat().st_ino] = node
            parent, name = self._at(str(path.relative_to(folder)))
            parent.lasting[name] = node

    def _now(self, folder: Folder) -> dict[str, File | Folder]:
        return folder.left("killed", random.Random(0))

    def _at(self, path: str) -> tuple[Folder, str]:
        folder, (*parents, name) = self.top, path.split("/")
        for parent in parents:
            node = folder.now()[parent]
            assert isinstance(node, Folder)
            folder = node
        return folder, name

    def do(self, record: Record) -> None:
        """Carry one record out."""
        kind, path = record.kind, record.one
        if kind == "C":
            parent, name = self._at(path)
            self._files[record.inode] = node = File()
            parent.do({name: node})
        elif kind == "W":
            self._files[record.inode].do(record.number, record.two)
        elif kind in "LT":
            self._files[record.inode].do(record.number, None)
        elif kind == "S":
            self._files[record.inode].sync()
        elif kind == "D":
            folder = self.top
            if path:
                parent, name = self._at(path)
                found = parent.now()[name]
                assert isinstance(found, Folder)
                folder = found
            folder.sync()
        elif kind in "UF":
            parent, name = self._at(path)
            parent.do({name: None})
        elif kind == "K":
            parent, name = self._at(path)
            parent.do({name: Folder()})
        elif kind in "RN":
            self._move(path, record.two.decode(), keep=kind == "N")

    def _move(self, path: str, to: str, *, keep: bool) -> None:
        assert not path.startswith("/") and not to.startswith("/"), f"{path} -> {to} leaves what is recorded"
        (old, name), (new, target) = self._at(path), self._at(to)
        node = old.now()[name]
        if keep:
            new.do({target: node})
        elif old is new:
            old.do({name: None, target: node})
        else:
            new.do({target: node})
            old.do({name: None})

    def left(self, way: str) -> dict[str, bytes | None]:
        """Return what a cut leaves: paths and bytes, None for a folder."""
        found: dict[str, bytes | None] = {}
        chance = random.Random(way)

        def walk(folder: Folder, before: str) -> None:
            for name, node in sorted(folder.left(way, chance).items()):
                if isinstance(node, Folder):
                    found[before + name] = None
                    walk(node, f"{before}{name}/")
                else:
                    found[before + name] = node.left(way, chance)

        walk(self.top, "")
        return found


@dataclass(frozen=True)
class Record:
    """One call; a mark is one by which somebody was told something."""

    kind: str
    number: int
    inode: int
    one: str
    two: bytes


@dataclass(frozen=True)
class Cut:
    """What lies there when the power was cut: right after so many records, in this way."""

    after: int
    way: str
    told: tuple[str, ...]
    left: dict[str, bytes | None]

    @property
    def where(self) -> str:
        """Return its name."""
        return f"{self.way} after {self.after}"

    def lay(self, place: Path) -> None:
        """Make the folder look like that."""
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for name, data in sorted(self.left.items()):
            if data is None:
                (place / name).mkdir()
            else:
                (place / name).write_bytes(data)

    def holds(self, what: str, *, but: str) -> bool:
        """Return whether a text lies anywhere, but for one folder."""
        return any(what.encode() in data for name, data in self.left.items() if data and not name.startswith(but))


@dataclass
class Recording:
    """All that a process did to a folder, and how that was before."""

    disk: Disk
    records: list[Record]

    def cuts(self, ways: tuple[str, ...]) -> Iterator[Cut]:
        """Cut the power after each call, in each of the ways; what looks like one before is left out.

        Unless somebody was told something since.
        """
        told: list[str] = []
        seen: set[int] = set()
        for after, record in enumerate(self.records, start=1):
            if record.kind == "M":
                told.append(record.one)
                seen.clear()
            else:
                self.disk.do(record)
            for way in ways:
                left = self.disk.left(way if way in WAYS else f"{way} {after}")
                looks = hash(tuple(left.items()))
                if looks not in seen:
                    seen.add(looks)
                    yield Cut(after, way, tuple(told), left)


@cache
def _recorder(folder: Path) -> Path:
    library = folder / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run(
        [shutil.which("cc") or "gcc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"], check=True
    )
    return library


def record(folder: Path, scratch: Path, *arguments: str, environ: dict[str, str] | None = None) -> Recording:
    """Let `python <arguments>` work, and write down what it does below the folder."""
    into = scratch / "record"
    into.unlink(missing_ok=True)
    disk = Disk(folder)
    subprocess.run(
        [sys.executable, "-W", "error", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        env={
            **os.environ, **(environ or {}), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
            "LD_PRELOAD": str(_recorder(scratch)), "RECORD_BELOW": str(folder), "RECORD_INTO": str(into),
        },
    )  # fmt: skip
    data, at, records = into.read_bytes(), 0, []
    while at < len(data):
        kind, number, inode, one, two = HEAD.unpack_from(data, at)
        at += HEAD.size
        records.append(
            Record(kind.decode(), number, inode, data[at : at + one].decode(), data[at + one : at + one + two])
        )
        at += one + two
    return Recording(disk, records)


def told(what: str) -> None:
    """Note in the record that somebody was told this by now; does nothing where nobody records."""
    try:
        mark = ctypes.CDLL(None).record_mark
    except AttributeError:
        return
    mark(what.encode())
