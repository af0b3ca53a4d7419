"""Signing in by an OpenID Connect provider: the code flow with PKCE, and what is believed of its answer.

Lives here: discovery, the way there, the exchange of the code, and every check of
the ID token. Not here: whose account it is (`accounts.enter`), cookies and pages
(`web/sso.py`). Only for staff; participants never meet it.

Authlib does the flow, its companion joserfc the signatures; both come with the
extra `oidc`. What goes wrong is told as one of two sentences: a visitor can do
nothing about the rest, and the log says what it was, without a name or a token.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from .errors import WorkshopError
from .settings import Settings
from .words import _

log = logging.getLogger(__name__)

SCOPE = "openid email profile"
PATIENCE = 8.0  # seconds for each answer of the provider
LEEWAY = 60  # seconds by which its clock may differ from ours
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Asymmetric ones alone: with "none" or a shared secret anybody could sign."""


class SignInFailed(WorkshopError):
    """The provider's answer is not one that may be believed, or there was none."""

    code = "sso"
    status = 401


@dataclass(frozen=True)
class Way:
    """Where to send the browser, and what it has to bring back; kept in its signed cookie."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identity:
    """Who somebody is, as the provider says. `email` is empty unless it is verified."""

    issuer: str
    subject: str
    email: str
    name: str


def configured(settings: Settings) -> bool:
    """Return whether staff may sign in this way."""
    return bool(settings.oidc_issuer)


def is_installed() -> bool:
    """Return whether the extra is there."""
    return all(find_spec(name) is not None for name in ("authlib", "joserfc", "requests"))


def reach(settings: Settings) -> None:
    """Ask the provider what it says about itself; raises SignInFailed when it cannot be asked, or is another one."""
    _discover(settings)


def way(settings: Settings, back: str) -> Way:
    """Return the way to the provider; `back` is our own address that it leads to."""
    about = _discover(settings)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _each in range(3))
    with _client(settings, back) as client:
        url, _state = client.create_authorization_url(
            about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    return Way(str(url), state, nonce, verifier)


def identity(settings: Settings, back: str, code: str, nonce: str, verifier: str) -> Identity:
    """Exchange the code that the browser brought, check the answer, and return who it is; raises SignInFailed."""
    about = _discover(settings)
    try:
        with _client(settings, back) as client:
            token = client.fetch_token(
                about["token_endpoint"],
                code=code,
                code_verifier=verifier,
                timeout=PATIENCE,
                grant_type="authorization_code",
            )
            claims = _claims(settings, about, str(token.get("id_token", "")), nonce)
            if "email" not in claims and about.get("userinfo_endpoint"):
                said = client.get(about["userinfo_endpoint"], timeout=PATIENCE).json()
                if said.get("sub") == claims["sub"]:  # or it speaks of somebody else
                    claims = {**said, **claims}
    except SignInFailed:
        raise
    except Exception as error:
        log.warning("signing in by the provider failed: %s", type(error).__name__)
        raise _refused() from error
    verified = claims.get("email_verified") in (True, "true")
    email = claims.get("email") if verified else ""
    name = claims.get("name") or claims.get("preferred_username") or ""
    return Identity(settings.oidc_issuer, str(claims["sub"]), str(email or ""), str(name)[:120])


def _client(settings: Settings, back: str) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(
        settings.oidc_client_id,
        settings.oidc_client_secret or None,
        token_endpoint_auth_method="client_secret_basic" if settings.oidc_client_secret else "none",
        code_challenge_method="S256",
        redirect_uri=back,
        scope=SCOPE,
    )


def _discover(settings: Settings) -> dict[str, Any]:
    """Return what the provider says about itself; it has to call itself what the settings call it."""
    import requests

    try:
        about = requests.get(f"{settings.oidc_issuer}/.well-known/openid-configuration", timeout=PATIENCE).json()
        if about["issuer"].rstrip("/") != settings.oidc_issuer:
            raise ValueError("another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if settings.oidc_issuer.startswith("https:") and not about[name].startswith("https://"):
                raise ValueError("an address without TLS")
    except Exception as error:
        log.warning("the sign-in provider cannot be asked: %s", type(error).__name__)
        raise SignInFailed(
            _("The sign-in service cannot be reached just now. Try again in a moment, or sign in with a password."),
            status=503,
        ) from error
    return dict(about)


def _claims(settings: Settings, about: dict[str, Any], id_token: str, nonce: str) -> dict[str, Any]:
    """Return what the ID token says, once its signature, issuer, audience, times and nonce are right."""
    import requests
    from joserfc import jwk, jwt

    keys = jwk.KeySet.import_key_set(requests.get(about["jwks_uri"], timeout=PATIENCE).json())
    token = jwt.decode(id_token, keys, algorithms=list(SIGNATURES))
    jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": about["issuer"]},
        aud={"essential": True, "value": settings.oidc_client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(token.claims)
    several = isinstance(token.claims["aud"], list) and len(token.claims["aud"]) > 1
    if several and token.claims.get("azp") != settings.oidc_client_id:
        raise _refused()
    return dict(token.claims)


def _refused() -> SignInFailed:
    return SignInFailed(_("Signing in did not work. Start again from the sign-in page."))
