"""Turn skips into failures, for the machine that has everything: `-p tests.ci_no_skips`.

A test may skip where a browser or a library is missing. On the continuous
integration machine all of them are there, so a skip means that a suite which
should run did not. `CI_MAY_SKIP` names a word of the reasons that are right all
the same: on PostgreSQL, tests of SQLite's own files.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

MAY_SKIP = os.environ.get("CI_MAY_SKIP", "")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skipped itself."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skipped itself while it was read."""
    return _refuse_skip((yield))


def _refuse_skip(report: Report) -> Report:
    expected_failure = hasattr(report, "wasxfail")
    if report.skipped and not expected_failure:
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if MAY_SKIP and MAY_SKIP in reason:
            return report
        report.outcome = "failed"
        report.longrepr = f"Skipped on the machine where nothing may skip. {reason}"
    return report
