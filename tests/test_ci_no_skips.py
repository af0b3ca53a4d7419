"""The plugin that turns skips into failures on the continuous integration machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SKIPPING_TEST = """
import pytest

def test_needs_a_browser():
    pytest.skip("no Chromium here")
"""
SKIPPING_MODULE = """
import pytest

pytest.importorskip("a_library_that_nobody_has")
"""


def _run(folder: Path, source: str, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_something.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", *options, str(folder)]
    alone = dict(os.environ, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **environ)  # the other plugins cost seconds
    return subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("source", [SKIPPING_TEST, SKIPPING_MODULE], ids=["test", "module"])
@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "1")], ids=["one process", "workers"])
def test_a_skip_fails_where_nothing_may_skip(tmp_path: Path, source: str, workers: tuple[str, ...]) -> None:
    refused = _run(tmp_path, source, "-p", "tests.ci_no_skips", *workers)
    assert refused.returncode not in (0, 5), refused.stdout
    assert "where nothing may skip" in refused.stdout


def test_an_expected_failure_stays_one(tmp_path: Path) -> None:
    source = "import pytest\n\n@pytest.mark.xfail(reason='known')\ndef test_known():\n    assert False\n"
    assert "1 xfailed" in _run(tmp_path, source, "-p", "tests.ci_no_skips").stdout


def test_a_skip_whose_reason_is_named_stays_a_skip(tmp_path: Path) -> None:
    assert "1 skipped" in _run(tmp_path, SKIPPING_TEST, "-p", "tests.ci_no_skips", CI_MAY_SKIP="no Chromium").stdout


def test_without_the_plugin_a_skip_stays_a_skip(tmp_path: Path) -> None:
    assert "1 skipped" in _run(tmp_path, SKIPPING_TEST).stdout
