"""Where a request ends: only what every server on the way reads in the same way is taken.

Lives here: the rules of RFC 9112 against requests that are hidden inside others
(smuggling). Two servers that see the end of a body at different places would
take a part of it for the next person's request. Not here: time limits
(`server.py`).
"""

from __future__ import annotations

from email import errors
from email.message import Message

OF_A_BODY = (
    errors.NoBoundaryInMultipartDefect,
    errors.StartBoundaryNotFoundDefect,
    errors.CloseBoundaryNotFoundDefect,
    errors.MultipartInvariantViolationDefect,
    errors.InvalidMultipartContentTransferEncodingDefect,
)
"""What the parser misses of a form with a file: it is shown the headers alone."""


def unclear(version: str, method: str, headers: Message) -> str:
    """Return why the end of a request could be read in two ways, "" where there is one only."""
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        return "a version without headers"
    # A line that is none: the parser drops it together with all that follow.
    if any(not isinstance(defect, OF_A_BODY) for defect in headers.defects):
        return "a line that is no header"
    if any("\n" in value or "\r" in value for value in headers.values()):
        return "a header in several lines"
    if len(headers.get_all("host", ())) > 1:
        return "more than one host"
    coding = headers.get_all("transfer-encoding", ())
    length = headers.get_all("content-length", ())
    if coding and (length or version == "HTTP/1.0"):
        return "a body with two ends"
    if coding and [one.lower() for one in coding] != ["chunked"]:
        return "an encoding that we do not speak"
    if length and (len(length) > 1 or not (length[0].isascii() and length[0].isdecimal())):
        return "a length that is none"  # int() would take "1_0", "+10" and digits of other scripts
    if method in ("TRACE", "CONNECT"):
        return "a method for proxies"
    return ""


def wants_websocket(method: str, headers: Message) -> bool:
    """Return whether a request asks to become a websocket: without a body, which nobody would ever read."""
    bodiless = "content-length" not in headers and "transfer-encoding" not in headers
    return method == "GET" and bodiless and str(headers.get("upgrade", "")).lower() == "websocket"
