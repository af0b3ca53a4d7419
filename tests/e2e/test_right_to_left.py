"""Pages in a made-up language that runs from right to left: mirrored, nothing cut off, nothing for axe to find.

The browser's requests are answered by the app in this process, so that it can
speak a language that no server has.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests import pseudo
from tests.conftest import make_account, signed_in
from tests.small_guide import ask, go, look_up, make_session
from workshop import create_app
from workshop.guides import library
from workshop.models import LiveSession
from workshop.settings import Settings

from .conftest import axe_findings

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_from_right_to_left_nothing_is_cut_off_and_all_is_mirrored(
    chromium: Browser,
    shot: Callable[[Page, str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    settings: Settings,
) -> None:
    pseudo.speak(monkeypatch, tmp_path / "made-up")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = create_app(settings)
    house = app.extensions["house"]
    app.config["WTF_CSRF_ENABLED"] = False
    admin = make_account(house, "admin", "Ada Admin")
    live_id = make_session(house, admin)
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
        live = session.get(LiveSession, live_id)
        assert live
        live.language = pseudo.MIRRORED
    client = signed_in(app.test_client(), admin)
    client.post(f"/j/{look_up(house, live_id).join_token}")
    app.config["WTF_CSRF_ENABLED"] = True

    def answer(route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.path.startswith("/socket.io"):
            return route.abort()
        reply = client.get(
            asked.path + (f"?{asked.query}" if asked.query else ""), headers={"Accept-Language": pseudo.MIRRORED}
        )
        kept = {name: value for name, value in reply.headers.items() if name != "Set-Cookie"}
        return route.fulfill(status=reply.status_code, headers=kept, body=reply.get_data())

    def look(page: Page, name: str, path: str, wide: bool = False) -> None:
        widths: list[tuple[int, int]] = [(1280, 800)] if wide else [(1280, 800), (360, 780)]
        for width, height in widths:
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"http://localhost{path}", wait_until="domcontentloaded")
            assert page.evaluate("document.documentElement.dir") == "rtl", name
            assert page.evaluate(WIDER) <= 0, f"{name} overflows at {width}"
            shot(page, f"rtl-{name}-{width}")
        assert axe_findings(page) == [], name

    live = look_up(house, live_id)
    staff = f"/staff/sessions/{live_id}"
    context: Any = chromium.new_context(color_scheme="light")
    context.route("**/*", answer)
    page = context.new_page()
    try:
        look(page, "enter", "/")
        look(page, "phone-lobby", f"/s/{live_id}/")
        look(page, "stage-lobby", f"/stage/{live.stage_token}", wide=True)
        ask(house, live_id, "energy")
        look(page, "phone-scale", f"/s/{live_id}/")
        look(page, "console", f"{staff}/")
        look(page, "stage", f"/stage/{live.stage_token}", wide=True)
        go(house, live_id, "close")
        ask(house, live_id, "where")
        look(page, "phone-choice", f"/s/{live_id}/")
        look(page, "notes", f"/s/{live_id}/notes/")
        look(page, "dashboard", "/staff/")
        look(page, "guides", "/staff/guides/")
        look(page, "settings", f"{staff}/settings")
    finally:
        context.close()
        house.database.engine.dispose()
