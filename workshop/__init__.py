"""The house: `create_app` plugs everything together, in one visible order.

Lives here: that order. Not here: any rule. Nothing registers by being imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .settings import Settings


def create_app(settings: Settings | None = None, *, several: bool = False) -> Flask:
    """Return the whole app, ready to serve; the database must be migrated already.

    `several`: other processes serve the same database (`keepers.py`).

    The imports stand inside, so that `import workshop` costs nothing and gevent
    can patch the world first.
    """
    import os
    from pathlib import Path

    from flask import Flask
    from flask_wtf.csrf import CSRFProtect

    from . import keepers, realtime, wish_copies
    from . import sso as sign_on
    from .backoff import Backoff
    from .ballots import BallotBoxes
    from .db import Database
    from .house import House
    from .settings import Settings as FromEnvironment
    from .settings import SettingsError
    from .web import (
        accounts,
        actions,
        authoring,
        breakouts,
        check_ins,
        corrections,
        delivery,
        editor,
        errors,
        exports,
        facilitate,
        facilitators,
        follow_up,
        guide_begin,
        guide_sharing,
        guide_versions,
        headers,
        health,
        keeping,
        kept,
        language,
        limits,
        moderation,
        notes,
        offline,
        paper,
        papers,
        planning,
        prints,
        rehearsals,
        reports,
        run_of_show,
        sent,
        sso,
        stage,
        static_files,
        take_home,
        take_part,
        teams,
        themes,
        tickets,
        word,
    )
    from .web.rights import current_account

    settings = settings or FromEnvironment.from_env(os.environ)
    app = Flask("workshop", static_folder=None, template_folder=str(Path(__file__).parents[1] / "templates"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-unstuck" if settings.https else "unstuck",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # a form may lie open for a whole workshop
        WTF_CSRF_SSL_STRICT=False,  # with Referrer-Policy no-referrer there is no Referer to check
        TEMPLATES_AUTO_RELOAD=settings.debug,
    )
    database = Database(settings.database_url)
    keeper = keepers.Keepers(database, keepers.name_in(settings.data_dir)) if several else keepers.Alone()
    boxes = BallotBoxes(settings.data_dir / "ballots", keeper.hold)
    app.extensions["house"] = House(
        settings,
        database,
        boxes,
        keepers=keeper,
        copies=wish_copies.WishCopies(settings.data_dir) if several else wish_copies.NoCopies(),
    )
    app.extensions["sign_in_backoff"] = Backoff()
    limits.init_app(app)

    language.init_app(app)
    language.exempt(CSRFProtect(app))
    static_files.init_app(app, debug=settings.debug, accent=settings.brand_accent, logo=settings.brand_logo)
    errors.init_app(app)
    if settings.oidc_issuer and not sign_on.is_installed():
        raise SettingsError("OIDC_ISSUER needs the extra oidc. Run: .venv/bin/pip install 'authlib>=1.7' requests")
    app.jinja_env.globals.update(sign_in_service=settings.oidc_name if settings.oidc_issuer else "")
    app.jinja_env.globals.update(brand=settings.brand_name, support=settings.support, current_account=current_account)

    app.register_blueprint(health.bp)
    app.register_blueprint(accounts.bp)
    app.register_blueprint(sso.bp)
    app.register_blueprint(authoring.bp)
    app.register_blueprint(guide_begin.bp)
    app.register_blueprint(editor.bp)
    app.register_blueprint(guide_versions.bp)
    app.register_blueprint(guide_sharing.bp)
    app.register_blueprint(facilitate.bp)
    app.register_blueprint(facilitators.bp)
    app.register_blueprint(take_part.bp)
    app.register_blueprint(notes.bp)
    offline.init_app(app)
    app.register_blueprint(papers.bp)
    app.register_blueprint(kept.bp)
    app.register_blueprint(sent.bp)
    app.register_blueprint(word.bp)
    app.register_blueprint(breakouts.bp)
    app.register_blueprint(actions.bp)
    app.register_blueprint(themes.bp)
    app.register_blueprint(moderation.bp)
    app.register_blueprint(stage.bp)
    app.register_blueprint(run_of_show.bp)
    app.register_blueprint(reports.bp)
    app.register_blueprint(corrections.bp)
    app.register_blueprint(take_home.bp)
    app.register_blueprint(exports.bp)
    app.register_blueprint(delivery.bp)
    app.register_blueprint(check_ins.bp)
    app.register_blueprint(follow_up.bp)
    app.register_blueprint(teams.bp)
    app.register_blueprint(prints.bp)
    app.register_blueprint(paper.bp)
    app.register_blueprint(rehearsals.bp)
    app.register_blueprint(tickets.bp)
    app.register_blueprint(planning.bp)

    realtime.init_app(app)
    keeping.init_app(app)
    headers.init_app(app, settings)  # last: nothing may stand outside it
    return app
