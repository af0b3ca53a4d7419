"""The doctor's look at nginx's own file, where it can be read: what no answer over the wire would show.

Lives here: the lines without which nginx keeps on its disk what the product never
keeps: addresses with times, and phones' private papers. docs/operators.md, "A
proxy with TLS", gives the reason of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ..settings import Settings
from .findings import Finding, fine, note, wrong

FOLDERS = (Path("/etc/nginx/conf.d"), Path("/etc/nginx/sites-enabled"))

NEEDED = (
    (r"access_log\s+off", "access_log off;", "addresses with times are logged"),
    (r"error_log\s+/dev/null", "error_log /dev/null crit;", "addresses with pages are logged"),
    (r"client_body_buffer_size\s+[1-9]\d*m", "client_body_buffer_size 1m;", "private papers are written to disk"),
    (r"proxy_max_temp_file_size\s+0", "proxy_max_temp_file_size 0;", "PDFs are written to disk"),
    (r"X-Forwarded-For", "proxy_set_header X-Forwarded-For $remote_addr;", "all visitors count as one"),
)
"""(what to look for, the line to write, what happens without it)"""


def nginx(settings: Settings) -> Iterator[Finding]:
    """The file of nginx."""
    name = urlsplit(settings.base_url).hostname
    if not name:
        return
    for path in (path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.iterdir())):
        try:
            text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if not re.search(rf"server_name\s[^;]*{re.escape(name)}[\s;]", text) or "proxy_pass" not in text:
            continue
        missing = [(line, without) for wanted, line, without in NEEDED if not re.search(wanted, text)]
        for line, without in missing:
            yield wrong("nginx", f"{without}, says {path}.", f"Write there: {line}")
        if re.search(r"X-Forwarded-For\s+\$remote_addr", text) and settings.trusted_proxies > 1:
            yield note(
                "nginx",
                f"{path} names one address to the server, and TRUSTED_PROXIES={settings.trusted_proxies}: all visitors"
                " count as one.",
                "Write TRUSTED_PROXIES=1, or $proxy_add_x_forwarded_for there if another proxy stands before it.",
            )
        if not missing:
            yield fine("nginx", f"{path} logs no visitor and writes nothing of them to disk")
