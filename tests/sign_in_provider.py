"""An OpenID Connect provider on loopback that does what a test tells it.

Lives here: discovery, the code flow with PKCE, keys, tokens signed for real.
Not here: what the product makes of them (`test_sso.py`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jwt

CLIENT, CLIENT_SECRET = "unstuck", "what only we two know"


class Provider:
    """A provider with one person at it; `change` may alter the claims of the next token, `answers` whole replies."""

    def __init__(self) -> None:
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "one"})
        self.signing: Any = self.key
        self.algorithm = "RS256"
        self.person = {"sub": "person-1", "email": "fay@example.org", "email_verified": True, "name": "Fay Example"}
        self.userinfo: dict[str, Any] = {}
        self.change: Callable[[dict[str, Any]], None] = lambda _claims: None
        self.issuer_said = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.problems: list[str] = []
        provider = self

        class Talk(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                if asked.path == "/authorize":
                    self._send(200, "text/html", provider.page(self.path).encode())
                else:
                    self._say(provider.get(asked.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(provider.exchange(parse_qs(body), self.headers.get("Authorization", "")))

            def _say(self, answer: tuple[int, dict[str, Any]]) -> None:
                self._send(answer[0], "application/json", json.dumps(answer[1]).encode())

            def _send(self, status: int, kind: str, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Talk)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Answer discovery, keys and userinfo."""
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer_said or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
            }
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        return (200, self.userinfo) if path == "/userinfo" else (404, {})

    def page(self, url: str) -> str:
        """Return what a person reads there, with a way back for yes and one for no."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = urlsplit(asked["redirect_uri"])
        here = f"{back.scheme}://{back.netloc}"
        no = f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
        links = "".join(
            f'<p><a href="{escape(link)}">{said}</a></p>'
            for said, link in (("Yes", here + self.consent(url)), ("No", no))
        )
        return f"<!doctype html><html lang=en><title>Provider</title><h1>Is it you?</h1>{links}"

    def consent(self, url: str) -> str:
        """Do what a person does there: say yes; return the path and query that they are sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?code={code}&state={asked['state']}"

    def exchange(self, form: dict[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        """Give the tokens for a code, once, to whoever has the secret and the verifier."""
        asked = self.codes.pop(form["code"][0], None)
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or authorization != expected or asked["code_challenge"] != challenge:
            self.problems.append("refused")
            return 400, {"error": "invalid_grant"}
        if form["redirect_uri"][0] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.person
        }  # fmt: skip
        self.change(claims)
        header = {"alg": self.algorithm, "kid": "one"}
        token = jwt.encode(header, claims, self.signing, algorithms=[self.algorithm])
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}
