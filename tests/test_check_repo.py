"""The repository's own rules: each catches what it is for, and the tree keeps them."""

from __future__ import annotations

import pytest

from scripts import check_repo


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("docs/a.md", "get it from registry." + "npm" + "js.org", "registry"),
        ("deploy/a.conf", "-----BEGIN RSA " + "PRIVATE KEY-----", "secret"),
        ("templates/a.html", '<script src="//cdn.example/x.js"></script>', "another server"),
        ("static/css/a.css", "@font-face { src: url(https://fonts.example/a) }", "another server"),
        ("templates/a.html", "<script>alert(1)</script>", "script inside"),
        ("templates/a.html", '<button onclick="go()">Go</button>', "script inside"),
        ("templates/a.html", '<p style="width: 3%">', "style inside"),
    ],
)
def test_what_does_not_belong_is_named(name: str, text: str, reason: str) -> None:
    assert any(reason in breach for breach in check_repo.text_breaches(name, text))


def test_an_ordinary_page_passes() -> None:
    page = '<script type="module" src="{{ url_for_static(\'js/phone.js\') }}"></script><a href="/staff/">Staff</a>'
    assert list(check_repo.text_breaches("templates/a.html", page)) == []


@pytest.mark.parametrize("name", ["static/vendor/a.js", "static/a.min.js", "a/font.woff2", "node_modules/a/b.js"])
def test_files_made_by_others_are_recognised(name: str) -> None:
    assert check_repo.NOT_OURS.search(name)


def test_the_repository_holds_only_what_belongs_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_repo.main() == 0, capsys.readouterr().out
