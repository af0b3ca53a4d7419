"""The plugin that turns skips into failures on the continuous integration machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


EXPECTED_FAILURE = """
import pytest

@pytest.mark.xfail(reason="known")
def test_known():
    assert False
"""


def _run(folder: Path, *options: str, **environ: str) -> str:
    for name, source in (("a", SKIPPING_TEST), ("b", SKIPPING_MODULE), ("c", EXPECTED_FAILURE)):
        (folder / f"test_{name}.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", *options, str(folder)]
    alone = dict(os.environ, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **environ)  # the other plugins cost seconds
    return subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False).stdout


def test_a_skipped_test_and_a_skipped_module_fail_where_nothing_may_skip(tmp_path: Path) -> None:
    said = _run(tmp_path, "-p", "tests.ci_no_skips", "--continue-on-collection-errors")
    assert said.count("where nothing may skip") >= 2, said
    assert "1 failed, 1 xfailed, 1 error" in said


def test_workers_refuse_a_skip_too(tmp_path: Path) -> None:
    said = _run(tmp_path, "-p", "tests.ci_no_skips", "-p", "xdist", "-n", "1", "--continue-on-collection-errors")
    assert "where nothing may skip" in said, said


def test_a_skip_whose_reason_is_named_stays_a_skip(tmp_path: Path) -> None:
    said = _run(tmp_path, "-p", "tests.ci_no_skips", CI_MAY_SKIP="o")  # a letter of both reasons
    assert "2 skipped, 1 xfailed" in said, said
