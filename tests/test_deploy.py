"""The files of `deploy/` as far as a machine without Docker can hold them to their word."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import tasks
from tests.conftest import free_port
from workshop.settings import TABLE

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSED = sorted(DEPLOY.glob("compose*.yml"))


def instructions() -> Iterator[tuple[str, str]]:
    """Yield (word, rest) of each instruction of the Dockerfile, lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _space, rest = line.strip().partition(" ")
            yield word, " ".join(rest.split())


def copied() -> list[tuple[list[str], str]]:
    """Return what the first stage copies from the checkout, and where to."""
    found = []
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            found.append((sources, target))
    return found


def test_everything_that_the_image_copies_is_there_and_not_ignored() -> None:
    ignored = [line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line]
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    names = [source.rstrip("/") for sources, _target in copied() for source in sources]
    assert set(names) == let_in
    for name in names:
        assert any(file == name or file.startswith(f"{name}/") for file in tracked), name
    assert not any(fnmatch.fnmatch("static/vendor", name) for name in let_in)


def test_the_image_runs_as_nobody_in_particular_and_installs_what_pdfs_need() -> None:
    steps = list(instructions())
    words = [word for word, _rest in steps]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert ("USER", "10001") in steps  # a number: Kubernetes refuses a name it cannot look up (runAsNonRoot)
    assert [rest for word, rest in steps if word == "FROM"][-1] == "python:3.13-slim-trixie"
    for installing in [rest for word, rest in steps if "apt-get install" in rest]:
        assert set(tasks.PDF_LIBRARIES) <= set(installing.split()), installing


@pytest.mark.slow
def test_the_steps_of_the_image_make_something_that_serves(tmp_path: Path) -> None:
    """Copy what it copies into a bare tree, run what it runs there, start what it starts, ask what it asks."""
    tree = tmp_path / "opt"
    tree.mkdir()
    for sources, target in copied():
        for source in sources:
            into = tree / target
            if (ROOT / source).is_dir():
                left_out = shutil.ignore_patterns("vendor", "__pycache__", "*.mo")
                shutil.copytree(ROOT / source, into, ignore=left_out, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / source, into)
    runs = [rest for word, rest in instructions() if word == "RUN" and "apt-get" not in rest]
    assert runs == ["python3 tasks.py fetch && rm -rf node_modules"]
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    index = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "NPM_", "npm_"))}
    python = {"PATH": f"{Path(sys.base_prefix) / 'bin'}:{environ['PATH']}"}
    subprocess.run(["sh", "-ec", runs[0]], cwd=tree, env={**environ, **index, **python}, check=True, timeout=600)
    assert not (tree / "node_modules").exists()
    entry = next(rest for word, rest in instructions() if word == "ENTRYPOINT")
    command = [part.replace("/opt/unstuck", str(tree)) for part in yaml.safe_load(entry)]
    port = free_port()
    served = {**environ, "DATA_DIR": str(tmp_path / "data"), "HOST": "127.0.0.1", "PORT": str(port)}
    check = next(rest for word, rest in instructions() if word == "HEALTHCHECK")
    asked = [part.replace("/opt/unstuck", str(tree)) for part in yaml.safe_load(check.partition("CMD ")[2])]
    assert subprocess.run(asked, env=served, capture_output=True, check=False).returncode != 0, "nothing runs yet"
    with subprocess.Popen(
        command, cwd=tree, env=served, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            deadline = time.monotonic() + 90
            while subprocess.run(asked, env=served, capture_output=True, check=False).returncode != 0:
                assert server.poll() is None and time.monotonic() < deadline
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
                assert page.status == 200
        finally:
            server.terminate()
        assert server.wait(timeout=30) == 0, "it stops when it is asked to"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_names_settings_that_there_are_and_keeps_memory_off_the_disk(path: Path) -> None:
    text = path.read_text()
    names = {
        part.partition("=")[0] for line in re.findall(r"^Environment=(.*)$", text, re.M) for part in shlex.split(line)
    }
    assert names <= {setting.name for setting in TABLE} | {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    assert {"LimitCORE=0", "MemorySwapMax=0", "NoNewPrivileges=yes", "UMask=0077"} <= set(text.splitlines())


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_knows_every_line_of_a_unit_and_finds_it_closed(path: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not on this machine")
    unit = tmp_path / path.name.replace("@.", "@8001.")
    unit.write_text(path.read_text().replace("/opt/unstuck/.venv/bin/python", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    ours = [line for line in verified.stderr.splitlines() if path.name.partition("@")[0].partition(".")[0] in line]
    assert verified.returncode == 0 and ours == [], verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True, text=True, check=False, env={**os.environ, "SYSTEMD_COLORS": "0"},
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-400:]


@pytest.mark.parametrize("path", COMPOSED, ids=lambda path: path.name)
def test_a_composition_names_files_and_settings_that_there_are(path: Path) -> None:
    made = yaml.safe_load(path.read_text())
    known = {setting.name for setting in TABLE}
    conf = {"compose.yml": "unstuck.conf", "compose.many.yml": "many.conf"}[path.name]
    ours = [service for name, service in made["services"].items() if name.startswith("unstuck")]
    assert ours
    for service in ours:
        assert set(service["environment"]) <= known
        assert service["cap_drop"] == ["ALL"] and service["read_only"] and service["ulimits"]["core"] == 0
        assert (path.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    nginx = made["services"]["nginx"]
    assert nginx["ulimits"]["core"] == 0, "answers pass through it in clear"
    text = (DEPLOY / "nginx" / conf).read_text()
    for old in re.findall(r"s/(?:server )?(127\.0\.0\.1:\d+)/", nginx["command"][2]):
        assert old in text
    for volume in nginx["volumes"]:
        source = volume.partition(":")[0]
        assert source == "./certificates" or (path.parent / source).is_file()
    assert len(ours) == len(re.findall(r"^\s+server 127\.0\.0\.1:\d+", text, re.M))
