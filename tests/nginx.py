"""The shipped nginx files in a real nginx on free ports, with a certificate of our own.

Lives here: starting it, and what it wrote. A shipped file is used as it is but
for its names, ports, certificate and the level of its error log.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT / "deploy" / "nginx"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost; return it and its key."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(chain)],
        check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


class Nginx:
    """A running nginx; `url` is its https address."""

    def __init__(self, folder: Path, name: str, changes: Mapping[str, str], port: int, connections: int = 512) -> None:
        self.folder = folder / "nginx"
        self.folder.mkdir()
        self.port = port
        self.url = f"https://localhost:{port}"
        self.certificate, key = certificate(self.folder)
        text = (FILES / name).read_text()
        for old, new in {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "server_name workshop.example.org;": "server_name localhost;",
            "/etc/letsencrypt/live/workshop.example.org/fullchain.pem": str(self.certificate),
            "/etc/letsencrypt/live/workshop.example.org/privkey.pem": str(key),
            "error_log /dev/null crit;": f"error_log {self.folder}/seen.log warn;",
            **changes,
        }.items():
            assert old in text, f"{name} has no line with {old}"
            text = text.replace(old, new)
        self.spool = self.folder / "spool"
        paths = "".join(
            f"{kind}_temp_path {self.spool}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.spool.mkdir()
        whole = (
            f"{'user root;' if os.geteuid() == 0 else ''}\ndaemon off;\nworker_processes 1;\npid {self.folder}/pid;\n"
            f"error_log {self.folder}/start.log;\nevents {{ worker_connections {connections}; }}\nhttp {{\n{paths}{text}}}\n"
        )
        (self.folder / "nginx.conf").write_text(whole)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the process id of the one that starts the others."""
        assert self._process is not None
        return self._process.pid

    @property
    def seen(self) -> str:
        """Return what nginx had to say about requests: spooling is said at the level of a warning."""
        log = self.folder / "seen.log"
        return log.read_text() if log.exists() else ""

    def __enter__(self) -> Nginx:
        command = [
            "nginx",
            "-p",
            str(self.folder),
            "-e",
            str(self.folder / "start.log"),
            "-c",
            str(self.folder / "nginx.conf"),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                assert self._process.poll() is None, (self.folder / "start.log").read_text()
                time.sleep(0.05)
        raise AssertionError("nginx never listened")

    def __exit__(self, *_about: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=20)
