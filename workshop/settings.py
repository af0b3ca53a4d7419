"""Everything an operator may set, in one table.

Lives here: names, types, defaults and help of all settings, reading them from
the environment, and refusing an unsafe production. Not here: what any setting
does.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import addresses, brand, lasting

KNOWN_SECRETS = frozenset({"secret", "changeme", "change-me", "dev", "development", "insecure", "password", "test"})
"""Values that stand in tutorials and examples; each would let anybody forge a cookie."""

EVERYWHERE = "0.0.0.0"  # noqa: S104 - phones in the same network are who this is for


MAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)


class SettingsError(Exception):
    """A setting cannot be used; the message names the line to change."""


@dataclass(frozen=True)
class Setting:
    """One row of the table: `name` in the environment, the field is its lower case."""

    name: str
    type: type
    default: str
    help: str
    secret: bool = False


TABLE: tuple[Setting, ...] = (
    Setting("DATA_DIR", Path, "data", "Folder for the database, the ballot boxes and the generated secret."),
    Setting(
        "DATABASE_URL",
        str,
        "sqlite:///<DATA_DIR>/unstuck.db",
        "Main database: sqlite:///file or postgresql://user:password@host/name.",
        secret=True,
    ),
    Setting(
        "SECRET_KEY",
        str,
        "generated into <DATA_DIR>/secret",
        "Signs cookies. At least 32 characters; changing it signs everybody out.",
        secret=True,
    ),
    Setting(
        "BASE_URL",
        str,
        "",
        "Public address, such as https://workshop.example.org. Set = production: https only, one host name.",
    ),
    Setting("HOST", str, EVERYWHERE, "Network interface to listen on; 127.0.0.1 keeps other machines out."),
    Setting("PORT", int, "8000", "Port to listen on."),
    Setting("TRANSPORT", str, "direct", "How messages reach phones: direct (our own) or stock (Flask-SocketIO's)."),
    Setting("TRUSTED_PROXIES", int, "0", "How many proxies of your own stand in front; 0 ignores their headers."),
    Setting("MAX_PHONES", int, "1000", "Most phones that may join one session."),
    Setting("KEEP_REPORTS_DAYS", int, "730", "Days after a session's end that its reports are kept."),
    Setting("BRAND_NAME", str, "Unstuck", "Name of the product on screens and reports."),
    Setting(
        "BRAND_LOGO", Path, "", "An SVG or PNG file of at most 200 kB, shown instead of ours on pages and reports."
    ),
    Setting(
        "BRAND_ACCENT", str, "", "Accent colour, such as #0b6b63; readable on white. Dark screens get a lighter shade."
    ),
    Setting("SUPPORT", str, "", "Whom staff may ask for help: a name, an address or a phone number."),
    Setting("SUPPORT_CONTACTS", str, "", "Whom participants may turn to; a phone shows it to one who asks for a word."),
    Setting("SMTP_HOST", str, "", "Mail server for handing reports over. Empty = no mail; links are copied by hand."),
    Setting("SMTP_PORT", int, "587", "Port of the mail server: 587 with starttls, 465 with tls, 25 with none."),
    Setting("SMTP_USER", str, "", "Account at the mail server, where it asks for one."),
    Setting("SMTP_PASSWORD", str, "", "Password of that account.", secret=True),
    Setting("SMTP_SECURITY", str, "starttls", "How the way to the mail server is encrypted: starttls, tls or none."),
    Setting("MAIL_FROM", str, "", "Sender of mails: workshop@example.org or Workshops <workshop@example.org>."),
    Setting("OIDC_ISSUER", str, "", "Sign-in service of staff (OpenID Connect): its address. Empty = passwords alone."),
    Setting("OIDC_CLIENT_ID", str, "", "Our name at the sign-in service."),
    Setting("OIDC_CLIENT_SECRET", str, "", "Our secret there; empty for a public client.", secret=True),
    Setting("OIDC_NAME", str, "your organisation", "What the button calls it: Sign in with ..."),
    Setting(
        "REDIS_URL",
        str,
        "",
        "Redis, such as redis://localhost:6379/0, for several processes on one PostgreSQL. Empty = one process.",
        secret=True,
    ),
    Setting(
        "METRICS_TOKEN",
        str,
        "",
        "Who shows it may read /metrics. Empty = this machine itself, past no proxy.",
        secret=True,
    ),
    Setting("LOG_LEVEL", str, "INFO", "DEBUG, INFO, WARNING or ERROR. No level holds an address or an answer."),
    Setting("LOG_FORMAT", str, "text", "How a line of the log looks: text or json. Neither holds a time."),
    Setting("DEBUG", bool, "off", "Reload templates and styles at each request. Never in production."),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one running house; made by `from_env`, or by hand in tests."""

    data_dir: Path
    database_url: str
    secret_key: str
    base_url: str = ""
    host: str = EVERYWHERE
    port: int = 8000
    transport: str = "direct"
    trusted_proxies: int = 0
    max_phones: int = 1000
    keep_reports_days: int = 730
    brand_name: str = "Unstuck"
    brand_logo: Path | None = None
    brand_accent: str = ""
    support: str = ""
    support_contacts: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_security: str = "starttls"
    mail_from: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_name: str = "your organisation"
    redis_url: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    log_level: str = "INFO"
    log_format: str = "text"
    debug: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read, check and complete the settings; raises SettingsError with the line to change."""
        values: dict[str, Any] = {}
        for setting in TABLE:
            text = environ.get(setting.name, "").strip()
            if text:
                values[setting.name.lower()] = _read(setting, text)
        values["data_dir"] = Path(values.get("data_dir", "data")).absolute()
        values.setdefault("database_url", f"sqlite:///{values['data_dir'] / 'unstuck.db'}")
        values["base_url"] = values.get("base_url", "").rstrip("/")
        if values["base_url"]:
            _refuse_unsafe(values)
        _refuse_half_a_mail_server(values)
        if values.get("redis_url") and values["database_url"].startswith("sqlite:"):
            raise SettingsError(
                "REDIS_URL is for several processes, and those need one PostgreSQL. Write DATABASE_URL=postgresql://..."
                " or remove REDIS_URL."
            )
        if bool(values.get("oidc_issuer")) != bool(values.get("oidc_client_id")):
            raise SettingsError("The sign-in service is half set. Write OIDC_ISSUER= and OIDC_CLIENT_ID=, or neither.")
        values.setdefault("secret_key", "")
        if not values["secret_key"]:
            values["secret_key"] = _kept_secret(values["data_dir"])
        return cls(**values)

    @property
    def production(self) -> bool:
        """Whether this house serves a public address."""
        return bool(self.base_url)

    @property
    def https(self) -> bool:
        """Whether browsers reach this house over TLS."""
        return self.base_url.startswith("https://")

    @property
    def public_url(self) -> str:
        """Return the address that phones should use, without a slash at the end.

        Without BASE_URL it is this machine's address in the local network, or
        localhost where it listens to nobody else.
        """
        if self.base_url:
            return self.base_url
        local_only = self.host in ("127.0.0.1", "localhost", "::1")
        return f"http://{'localhost' if local_only else addresses.lan_address()}:{self.port}"


def is_mail(text: str) -> bool:
    """Return whether a text is one mail address that any mail server takes: plain letters, no line break."""
    return len(text) <= 254 and bool(MAIL.fullmatch(text))


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Return (name, present value, default, help) of each setting, secrets masked."""
    return [(s.name, _shown(s, getattr(settings, s.name.lower())), s.default or "(empty)", s.help) for s in TABLE]


def _shown(setting: Setting, value: Any) -> str:
    if setting.name in ("DATABASE_URL", "REDIS_URL"):
        return _without_password(str(value)) or "(empty)"
    if setting.secret:
        return "******** (set)" if value else "(empty)"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) or "(empty)"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":********@") if parts.password else url


def _read(setting: Setting, text: str) -> Any:
    if setting.type is bool:
        if text.lower() in ("1", "on", "true", "yes"):
            return True
        if text.lower() in ("0", "off", "false", "no"):
            return False
        raise SettingsError(
            f"{setting.name}={text} is neither on nor off. Write {setting.name}=on or {setting.name}=off."
        )
    if setting.type is int:
        lowest, highest = {
            "PORT": (0, 65535),
            "MAX_PHONES": (1, 100_000),
            "SMTP_PORT": (1, 65535),
            "KEEP_REPORTS_DAYS": (30, 36_500),
        }.get(setting.name, (0, 10))
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise SettingsError(
                f"{setting.name}={text} is not a number from {lowest} to {highest}."
                f" Write for example {setting.name}={setting.default}."
            )
        return int(text)
    if setting.name == "LOG_LEVEL":
        if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise SettingsError(f"LOG_LEVEL={text} is unknown. Write LOG_LEVEL=DEBUG, INFO, WARNING or ERROR.")
        return text.upper()
    if setting.name == "LOG_FORMAT":
        if text.lower() not in ("text", "json"):
            raise SettingsError(f"LOG_FORMAT={text} is unknown. Write LOG_FORMAT=text or json.")
        return text.lower()
    if setting.name == "METRICS_TOKEN" and (len(text) < 16 or not text.isascii() or not text.isprintable()):
        raise SettingsError(
            f"METRICS_TOKEN is too short, or holds odd letters. Write METRICS_TOKEN={secrets.token_urlsafe(24)}"
        )
    if setting.name == "REDIS_URL" and not text.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError("REDIS_URL is not an address. Write for example REDIS_URL=redis://localhost:6379/0")
    if setting.name == "TRANSPORT":
        if text.lower() not in ("direct", "stock"):
            raise SettingsError(f"TRANSPORT={text} is unknown. Write TRANSPORT=direct or stock.")
        return text.lower()
    if setting.name == "SMTP_SECURITY":
        if text.lower() not in ("none", "starttls", "tls"):
            raise SettingsError(f"SMTP_SECURITY={text} is unknown. Write SMTP_SECURITY=starttls, tls or none.")
        return text.lower()
    if setting.name == "MAIL_FROM" and not (text.isprintable() and is_mail(parseaddr(text)[1])):
        raise SettingsError(f"MAIL_FROM={text} is not a mail address. Write MAIL_FROM=workshop@example.org")
    if setting.name in ("BRAND_ACCENT", "BRAND_LOGO"):
        try:
            if setting.name == "BRAND_ACCENT":
                return brand.accent(text)
            brand.logo(Path(text))
        except brand.Refused as refused:
            raise SettingsError(f"{setting.name}={text} {refused}") from None
    if setting.name == "DATABASE_URL" and not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise SettingsError(
            "DATABASE_URL must start with sqlite:/// or postgresql://. Write for example"
            " DATABASE_URL=postgresql://unstuck:password@localhost/unstuck"
        )
    if setting.name == "OIDC_ISSUER":
        parts = urlsplit(text)
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and here):
            raise SettingsError(f"OIDC_ISSUER={text} is no https address. Write OIDC_ISSUER=https://login.example.org")
        return text.rstrip("/")
    if setting.name == "BASE_URL":
        parts = urlsplit(text)
        name_and_port = re.fullmatch(r"(\[[\da-fA-F:]+\]|[^\s:@,\[\]]+)(:\d{1,5})?", parts.netloc)
        if (
            parts.scheme not in ("http", "https")
            or not name_and_port
            or parts.path.strip("/")
            or re.search(r"[?#]", text)
        ):
            raise SettingsError(f"BASE_URL={text} is not an address. Write BASE_URL=https://workshop.example.org")
    return setting.type(text)


def _refuse_unsafe(values: Mapping[str, Any]) -> None:
    """Refuse to serve a public address with settings that would give it away."""
    host = urlsplit(values["base_url"]).netloc
    if not values["base_url"].startswith("https://"):
        raise SettingsError(f"BASE_URL must use https, or cookies travel in the open. Write BASE_URL=https://{host}")
    if values.get("debug"):
        raise SettingsError("DEBUG=on shows the inside of the house to visitors. Write DEBUG=off.")
    secret = values.get("secret_key", "")
    if secret and (len(secret) < 32 or secret.lower() in KNOWN_SECRETS or len(set(secret)) < 8):
        raise SettingsError(
            "SECRET_KEY is too easy to guess. Remove the line to have one generated, or write"
            f" SECRET_KEY={secrets.token_urlsafe(32)}"
        )
    temporary = Path(tempfile.gettempdir()).absolute()
    if temporary in values["data_dir"].parents or temporary == values["data_dir"]:
        raise SettingsError(
            f"DATA_DIR={values['data_dir']} is emptied when the machine restarts. Write DATA_DIR=/var/lib/unstuck"
        )
    if values["database_url"].startswith("sqlite:///"):
        database = Path(values["database_url"].removeprefix("sqlite:///")).absolute()
        if temporary in database.parents:
            raise SettingsError(
                f"DATABASE_URL points into {temporary}, which is emptied when the machine restarts."
                " Remove the line to keep the database in DATA_DIR."
            )


def _refuse_half_a_mail_server(values: Mapping[str, Any]) -> None:
    """Refuse mail settings with which no mail, or a password in the open, would go out."""
    host = values.get("smtp_host", "")
    if host and not values.get("mail_from"):
        raise SettingsError("SMTP_HOST is set, but no sender. Write MAIL_FROM=workshop@example.org")
    if not host and values.get("mail_from"):
        raise SettingsError("MAIL_FROM is set, but no mail server. Write SMTP_HOST=mail.example.org")
    if bool(values.get("smtp_user")) != bool(values.get("smtp_password")):
        missing = "SMTP_PASSWORD" if values.get("smtp_user") else "SMTP_USER"
        raise SettingsError(f"The mail server's account is half set. Write {missing}= as well, or remove the other.")
    here = host in ("localhost", "127.0.0.1", "::1")
    if values.get("smtp_password") and values.get("smtp_security") == "none" and not here:
        raise SettingsError("SMTP_PASSWORD would travel in the open. Write SMTP_SECURITY=starttls or tls.")


def _kept_secret(data_dir: Path) -> str:
    """Return the generated secret, made at the first start and readable only by its owner."""
    path = data_dir / "secret"
    try:
        lasting.make_folder(data_dir)
        if not path.exists():
            with suppress(FileExistsError):
                lasting.write_new(path, secrets.token_urlsafe(48).encode())
        secret = path.read_text().strip()
    except OSError as error:
        raise SettingsError(unusable_folder(data_dir, error)) from error
    if len(secret) < 32:
        raise SettingsError(f"{path} is damaged. Delete it; a new one is made at the next start.")
    return secret


def unusable_folder(data_dir: Path, error: OSError) -> str:
    """Return why the data folder cannot be written, and the line that mends it."""
    user = user_name(os.geteuid())
    if error.errno == errno.EROFS:
        return (
            f"DATA_DIR={data_dir} lies on a disk that can only be read. Mount it for writing, or write"
            " DATA_DIR=another-folder"
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"DATA_DIR={data_dir} is a file and no folder. Write DATA_DIR=another-folder"
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"DATA_DIR={data_dir} cannot be written by the user {user}, who runs this. Give it to them, as root:"
            f" mkdir -p {data_dir} && chown -R {user} {data_dir}"
        )
    return f"DATA_DIR={data_dir} cannot be used: {error.strerror}. Make room or mend the disk, or write DATA_DIR=another-folder"


def user_name(number: int) -> str:
    """Return a user's name; in a container a number may have none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
