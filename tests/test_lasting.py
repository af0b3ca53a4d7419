"""Small files that are there whole or not at all; that they outlive a power cut is played in `test_power_cuts.py`."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from workshop.lasting import to_disk, write_new


def test_of_many_who_write_a_file_at_once_one_does_and_all_of_it(tmp_path: Path) -> None:
    together, wrote = threading.Barrier(8), []

    def write(content: bytes) -> None:
        together.wait()
        try:
            write_new(tmp_path / "secret", content)
            wrote.append(content)
        except FileExistsError:
            pass

    writers = [threading.Thread(target=write, args=(bytes([65 + number]) * 64,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [(tmp_path / "secret").read_bytes()] == wrote
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_what_somebody_left_half_written_is_no_file_and_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "secret.half").write_bytes(b"longer than what is written now")
    write_new(tmp_path / "secret", b"whole")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("secret", b"whole")]


def test_a_file_system_that_cannot_sync_a_folder_is_no_trouble_but_a_broken_disk_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, fails in ((errno.EINVAL, False), (errno.EIO, True)):

        def broken(_descriptor: int, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", broken)
            if fails:
                with pytest.raises(OSError, match="Input/output"):
                    to_disk(tmp_path)
            else:
                to_disk(tmp_path)
