"""The set-up script: what it says when it cannot go on, and that it does nothing twice.

Real child processes and real files in a folder of their own; the network and
the package managers are the edge, so they are replaced where a test reaches them.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tasks

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty checkout that the script takes for its own."""
    for file in ("pyproject.toml", "package.json", "package-lock.json"):
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    for name in ("VENV", "PYTHON", "STAMPS", "NODE", "MODULES", "VENDOR", "TRANSLATIONS"):
        monkeypatch.setattr(tasks, name, tmp_path / getattr(tasks, name).relative_to(ROOT))
    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    return tmp_path


def _finish(checkout: Path) -> None:
    """Leave the traces of a complete set-up."""
    tasks.PYTHON.parent.mkdir(parents=True)
    tasks.PYTHON.symlink_to(sys.executable)
    (tasks.MODULES / "axe-core").mkdir(parents=True)
    tasks.VENDOR.mkdir(parents=True)
    for name in tasks.BROWSER_FILES:
        (tasks.VENDOR / name).write_text("// fetched\n")
    packages = tasks.fingerprint(checkout / "pyproject.toml")
    lock = tasks.fingerprint(checkout / "package.json", checkout / "package-lock.json", also=repr(tasks.BROWSER_FILES))
    tasks.STAMPS.write_text(
        json.dumps({"dev": packages, "pdf": packages, "browser-dev": lock, "catalogues": tasks.fingerprint()})
    )


def test_an_unknown_task_lists_the_tasks_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.main(["rnu"]) == 2
    said = capsys.readouterr().err
    assert all(task in said for task in tasks.TASKS)


def test_a_python_too_old_is_told_in_one_sentence_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tasks, "OLDEST", (9, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tasks.SetupFailed, match=r"needs Python 9\.0 or newer; this is 3\.\d+.*Install one"):
        tasks.find_python()


def test_a_venvs_own_python_is_never_used_to_make_the_venv() -> None:
    """Remaking .venv from itself would delete the interpreter that does it."""
    found = tasks.find_python()
    answer = subprocess.run(
        [found, "-c", "import sys; print(sys.prefix == sys.base_prefix, sys.version_info >= (3, 11))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["True", "True"]


def test_without_the_venv_module_and_without_rights_the_exact_command_is_printed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Debian's bare python3: `-m venv` fails and leaves half a venv.
    bare = checkout / "python3"
    bare.write_text(f'#!/bin/sh\n[ "$1" = -m ] && mkdir -p {tasks.VENV}/bin && exit 1\nexec {sys.executable} "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setattr(tasks, "find_python", lambda: str(bare))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(tasks.shutil, "which", lambda name: None if name == "sudo" else f"/usr/bin/{name}")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(tasks.SetupFailed) as failure:
        tasks.set_up(dev=False)
    assert f"sudo apt-get install -y --no-install-recommends python{version}-venv" in str(failure.value)


def test_missing_pdf_libraries_are_named_and_stop_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _finish(checkout)
    stamps = json.loads(tasks.STAMPS.read_text())
    del stamps["pdf"]
    tasks.STAMPS.write_text(json.dumps(stamps))
    monkeypatch.setattr(tasks, "PDF_CHECK", ("-c", "raise SystemExit(1)"))
    monkeypatch.setattr(tasks, "_install_system", lambda *_: False)
    tasks.set_up(dev=True)
    said = capsys.readouterr().err
    assert "libharfbuzz-subset0" in said
    assert "apt-get install" in said
    assert "pdf" not in json.loads(tasks.STAMPS.read_text())  # looked at again next time


def test_a_failed_download_ends_with_a_sentence_and_no_stamp(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _finish(checkout)
    tasks.STAMPS.unlink()
    monkeypatch.setattr(tasks, "_works", lambda *_: True)
    monkeypatch.setattr(tasks.subprocess, "run", lambda *_args, **_kw: SimpleNamespace(returncode=1))
    assert tasks.main(["setup"]) == 1
    assert "could not be installed" in capsys.readouterr().err
    assert not tasks.STAMPS.exists()


def test_a_second_set_up_starts_no_process(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _finish(checkout)

    def refuse(*command: Any, **_options: Any) -> None:
        pytest.fail(f"started {command}")

    monkeypatch.setattr(tasks.subprocess, "run", refuse)
    tasks.set_up(dev=True)
    tasks.set_up(dev=False)


def test_a_changed_catalogue_is_compiled_again_and_one_that_cannot_be_read_is_named(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _finish(checkout)
    monkeypatch.setattr(tasks, "PYTHON", Path(sys.executable))
    source = tasks.TRANSLATIONS / "de" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    for word in ("Ja", "Jawohl"):
        source.write_text(
            f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8"\n\nmsgid "Yes"\nmsgstr "{word}"\n'
        )
        tasks.set_up(dev=True)
        assert word.encode() in source.with_suffix(".mo").read_bytes()
    source.write_bytes(b'msgid "Yes"\nmsgstr "\xff"\n')
    with pytest.raises(tasks.SetupFailed, match="could not be compiled"):
        tasks.set_up(dev=True)


def test_a_changed_requirement_or_python_invalidates_the_stamp(checkout: Path) -> None:
    project = checkout / "pyproject.toml"
    before = tasks.fingerprint(project)
    project.write_text(project.read_text() + "\n# another\n")
    changed = tasks.fingerprint(project)
    tasks.VENV.mkdir()
    (tasks.VENV / "pyvenv.cfg").write_text("version = 3.99.0\n")
    assert len({before, changed, tasks.fingerprint(project)}) == 3


def test_any_python3_can_read_the_script() -> None:
    """An old interpreter must reach the sentence instead of a SyntaxError."""
    ast.parse((ROOT / "tasks.py").read_text(), feature_version=(3, 6))
    assert "from __future__" not in (tasks.ROOT / "tasks.py").read_text(), "3.6 stops there with a syntax error"


def test_the_script_needs_only_the_standard_library() -> None:
    tree = ast.parse((ROOT / "tasks.py").read_text())
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)


def test_make_and_the_script_know_the_same_tasks() -> None:
    line = re.search(r"^TASKS := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line
    assert set(line[1].split()) == set(tasks.TASKS)


def test_the_lock_file_names_versions_and_hashes_but_no_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
