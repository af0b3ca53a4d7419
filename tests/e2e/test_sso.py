"""Signing in by a provider in a real browser: two sites, so the cookie of the way has to come back from the other one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import LiveServer, free_port, make_account
from tests.e2e.conftest import axe_findings
from tests.sign_in_provider import CLIENT, CLIENT_SECRET, Provider
from workshop.db import Database
from workshop.house import House
from workshop.migrations import migrate
from workshop.settings import Settings


@pytest.fixture
def door(provider: Provider, tmp_path: Path) -> Iterator[str]:
    """Return the address of an installation with that provider and an account for fay@example.org.

    It is `localhost` and the provider `127.0.0.1`: to a browser, two sites.
    """
    url = f"sqlite:///{tmp_path / 'unstuck.db'}"
    migrate(url)
    port = free_port()
    known = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    server = LiveServer(tmp_path / "served", port, url, known)
    server.data_dir.mkdir()
    server.start()
    database = Database(url)
    make_account(House(Settings(data_dir=server.data_dir, database_url=url, secret_key="x"), database, None), email="fay@example.org")  # type: ignore[arg-type]  # fmt: skip
    database.engine.dispose()
    yield f"http://localhost:{port}"
    server.kill()


def test_whoever_says_yes_there_is_in_and_whoever_says_no_reads_what_to_do(
    chromium: Browser, door: str, shot: Callable[[Page, str], Path]
) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(f"{door}/staff/guides/")
    assert axe_findings(page) == []
    shot(page, "sso-door")
    page.get_by_role("link", name="Sign in with").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it you?")
    page.get_by_role("link", name="No").click()
    expect(page.get_by_text("Start again from the sign-in page")).to_be_visible()
    assert axe_findings(page) == []
    shot(page, "sso-no")
    page.get_by_role("link", name="Sign in", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{door}/staff/guides/")
    page.get_by_role("link", name="Sign in with").click()
    page.get_by_role("link", name="Yes").click()
    expect(page).to_have_url(f"{door}/staff/guides/")
    kept = {cookie["name"]: cookie for cookie in page.context.cookies(door)}
    assert kept["unstuck"]["httpOnly"]
    page.go_back()
    page.goto(f"{door}/staff/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "sign-in" not in page.url, "whoever goes back to the provider stays signed in here"
