"""A mail server on loopback that does what a test tells it.

Lives here: enough SMTP for one client, over real sockets. Not here: what the
outbox makes of the answers (`test_outbox.py`).
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast


class MailServer:
    """A server that takes mails; `answers` replaces its answer to a verb, None is silence."""

    def __init__(self, port: int = 0) -> None:
        self.answers: dict[str, str | None] = {}
        self.said: list[str] = []  # every line of the clients
        self.taken: list[EmailMessage] = []
        self.before_taking: Callable[[], None] = lambda: None
        self.problems: list[BaseException] = []
        self._stop = threading.Event()
        server = self

        class Talk(socketserver.StreamRequestHandler):
            timeout = 10

            def handle(self) -> None:
                try:
                    server._talk(self)
                except ConnectionError:
                    pass
                except BaseException as problem:
                    server.problems.append(problem)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            block_on_close = True

        self._server = Server(("127.0.0.1", port), Talk)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop listening and end all talks; raise what went wrong in one."""
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert self.problems == []

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_about: object) -> None:
        self.close()

    def _talk(self, talk: Any) -> None:
        def say(verb: str, usual: str) -> bool:
            answer = self.answers.get(verb, usual)
            if answer is None:
                self._stop.wait(10)
                return False
            talk.wfile.write(f"{answer}\r\n".encode())
            return answer[0] in "23"

        if not say("CONNECT", "220 mail.example.org"):
            return
        while line := talk.rfile.readline().decode(errors="replace").strip():
            self.said.append(line)
            verb = line.split(maxsplit=1)[0].upper()
            if verb == "DATA" and say("DATA", "354 Go on"):
                lines = []
                while (part := talk.rfile.readline()) != b".\r\n":
                    lines.append(part[1:] if part.startswith(b".") else part)
                self.before_taking()
                if say("TAKEN", "250 Taken"):
                    self.taken.append(cast(EmailMessage, message_from_bytes(b"".join(lines), policy=default)))
            elif verb == "QUIT":
                say("QUIT", "221 Bye")
                return
            elif verb != "DATA":
                say(verb, "250-mail.example.org\r\n250 AUTH PLAIN" if verb == "EHLO" else "250 Yes")
