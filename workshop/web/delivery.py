"""Handing the manager's report over: its links, its mails, and who may read about them.

Lives here: the page behind a link, the record for participants, the buttons of
whoever runs the session. Not here: what a link is (`deliveries.py`), when a mail
leaves (`outbox.py`), how a report is laid out (`reports.layout`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from io import BytesIO

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from reports import layout
from reports.document import from_json

from .. import anonymity, deliveries, jobs, live_sessions, outbox, versions
from ..deliveries import day_of
from ..errors import NotFound, WorkshopError
from ..models import Delivery, LiveSession, Mail
from ..words import _, day, speaking
from . import static_files
from .delivery_desk import Desk, desk
from .forms import StaffForm
from .rights import audience, house, require_staff, session_role

bp = Blueprint("delivery", __name__)

Page = str | BaseResponse | tuple[str, int]


# -- the reader


@bp.get("/r/paper.css")
@audience("anybody")
def stylesheet() -> Response:
    """Serve the report's own style, and that of the line above it."""
    ours = static_files.tree().files["css/delivery.css"].content.decode()
    response = make_response(f"{layout.stylesheet(house().settings.brand_accent)}\n{ours}")
    response.mimetype = "text/css"
    return response


@bp.get("/r/<link>")
@audience("anybody")
def read(link: str) -> BaseResponse:
    """Show the edition as a page, and count one opening by a person: a total, nothing else."""
    fetched_ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    with house().database.transaction() as db:
        found = deliveries.find(db, house(), link)
        if found and request.method == "GET" and not fetched_ahead:
            deliveries.count(db, found[0])
        version = versions.newest(db, found[1]) if found else None
    if found is None or version is None:
        return _closed()
    delivery, _freeze = found
    report = from_json(jobs.drawn(version.editions[delivery.edition]))
    g.language = report.language
    bar = render_template(
        "delivery/_bar.html", reader=delivery.reader, until=day_of(delivery.expires_at), link=link, papers=layout.PAPERS
    )
    return _unlisted(make_response(layout.page(report, style_href=url_for(".stylesheet"), bar=bar)))


@bp.get("/r/<link>/report.pdf")
@audience("anybody")
def download(link: str) -> BaseResponse:
    """Hand out the kept bytes; while they are being printed, say so."""
    paper = next((paper for paper in layout.PAPERS if paper == request.args.get("paper")), layout.PAPERS[0])
    with house().database.transaction() as db:
        found = deliveries.find(db, house(), link)
        file = deliveries.file(db, found[0], paper) if found else None
    if found is None:
        return _closed()
    data = found[1].editions[found[0].edition]
    if file is not None and file.content is not None:
        name = re.sub(r"[^\w]+", "-", str(data.get("title", ""))).strip("-") or "report"
        return _unlisted(
            send_file(BytesIO(file.content), "application/pdf", as_attachment=True, download_name=f"{name}.pdf")
        )
    failed = file is not None and file.state == "failed"
    if not failed:
        jobs.submit(house(), found[1].id)
    g.language = data.get("language", "en")
    response = make_response(render_template("delivery/wait.html", link=link, paper=paper, failed=failed), 503)
    response.headers["Retry-After"] = "10"
    return _unlisted(response)


def _closed() -> Response:
    """Return the one answer to every link that opens nothing: it must not tell which of them ever did."""
    return _unlisted(make_response(render_template("delivery/closed.html"), 404))


def _unlisted(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    return response


# -- the people of the session


@bp.get("/s/<live_id>/reports")
@audience("seat")
def record(live_id: str) -> BaseResponse:
    """Say which edition went to whom and on which day, to those whose answers are in it."""
    cookie = request.cookies.get(anonymity.seat_cookie(live_id, house().settings.https))
    try:
        if anonymity.read_seat(house().seat_key, live_id, cookie) is None:
            raise NotFound(_("This browser has not joined that session, or it is over. Enter the code to join."))
        with house().database.transaction() as db:
            live = live_sessions.get(db, live_id)
            lines = deliveries.record(db, live_id)
    except NotFound as error:
        html = render_template(
            "take_part/sorry.html", heading=_("You are not in this session"), sentence=error.sentence
        )
        return make_response(html, error.status)
    g.language = live.language
    today = house().clock().astimezone().date()
    return make_response(render_template("delivery/record.html", live=live, lines=lines, today=today))


# -- whoever runs the session


class LinkForm(StaffForm):
    """A new link."""

    reader = StringField(
        _l("Who is it for? Name the role"),
        description=_l(
            "Such as Head of department. The people of the session can read this, so no name and no address."
        ),
    )
    days = RadioField(
        _l("The link works for"),
        choices=[SelectChoice(str(days), _l("%(n)s days", n=days)) for days in deliveries.DAYS],
        default=str(deliveries.USUAL_DAYS),
        validate_choice=False,  # the service says which will do
    )


class MailForm(StaffForm):
    """A mail to the reader of a link."""

    recipient = StringField(
        _l("E-mail address"), description=_l("One address. Only you and your colleagues here see it.")
    )
    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Text"), description=_l("[link] becomes the reader's own link."))
    attach = BooleanField(_l("Attach the PDF as well"))


@bp.app_context_processor
def _for_templates() -> dict[str, Callable[[str], Desk]]:
    return {"delivery_desk": lambda live_id: desk(house(), live_id, LinkForm(formdata=None))}


def _back(live_id: str) -> BaseResponse:
    return redirect(url_for("reports.review", live_id=live_id, _anchor="delivery"), code=303)


@bp.post("/staff/sessions/<live_id>/deliveries")
@audience("session:run")
def make(live_id: str) -> Page:
    """Make a link for one reader."""
    live, _role = session_role(live_id)
    form = LinkForm()
    days = form.days.data or ""
    try:
        with house().database.transaction() as db:
            deliveries.make(
                db, live.id, "manager", form.reader.data or "", int(days) if days.isdecimal() else 0, house().clock()
            )
    except NotFound:
        raise
    except WorkshopError as refused:
        return render_template("delivery/make.html", live=live, form=form, problem=refused.sentence), refused.status
    flash(_("The link is ready. Copy it, and give it to that one person."))
    return _back(live_id)


@bp.post("/staff/sessions/<live_id>/deliveries/<delivery_id>/revoke")
@audience("session:run")
def revoke(live_id: str, delivery_id: str) -> Page:
    """Take a link back."""
    live, _role = session_role(live_id)
    with house().database.transaction() as db:
        deliveries.revoke(db, live.id, delivery_id, house().clock())
    flash(_("The link is taken back. It opens nothing any more."))
    return _back(live_id)


@bp.get("/staff/sessions/<live_id>/deliveries/<delivery_id>/mail")
@audience("session:run")
def write(live_id: str, delivery_id: str) -> Page:
    """Offer a mail that can be sent as it is."""
    live, _role = session_role(live_id)
    delivery = _handed(live, delivery_id)
    with speaking(live.language):
        data = {
            "subject": _("Report: %(title)s", title=live.title)[: outbox.LONGEST_SUBJECT],
            "body": _(
                "Hello,\n\nthe report of %(title)s is ready for you (%(reader)s):\n\n%(link)s\n\n"
                "The link works until %(day)s. It is meant for you alone, so please do not pass it on."
                " I am happy to talk it through with you before you speak with the team.\n\nBest wishes\n%(name)s",
                title=live.title,
                reader=delivery.reader,
                link=outbox.LINK,
                day=day(day_of(delivery.expires_at)),
                name=require_staff().name,
            ),
        }
    return _mail_page(live, delivery, MailForm(formdata=None, data=data))


@bp.post("/staff/sessions/<live_id>/deliveries/<delivery_id>/mail")
@audience("session:run")
def mail(live_id: str, delivery_id: str) -> Page:
    """Show the mail exactly as it would leave; put it into the outbox on the second press."""
    live, _role = session_role(live_id)
    delivery = _handed(live, delivery_id)
    form = MailForm()
    if request.form.get("then") == "change":
        return _mail_page(live, delivery, form)
    try:
        if request.form.get("then") == "send":
            _send(live, delivery, form)
            flash(_("The mail is on its way. Its state is shown below."))
            return _back(live_id)
        message = _as_it_leaves(delivery, form)
    except WorkshopError as refused:
        return _mail_page(live, delivery, form, refused.sentence), refused.status
    return render_template("delivery/preview.html", live=live, delivery=delivery, form=form, message=message)


def _handed(live: LiveSession, delivery_id: str) -> Delivery:
    """Return a delivery that can still be mailed; raises NotFound or WorkshopError."""
    if not outbox.configured(house().settings):
        raise NotFound(_("This server sends no mail. Copy the link instead, and send it yourself."))
    with house().database.transaction() as db:
        delivery = deliveries.of(db, live.id, delivery_id)
    if not deliveries.is_open(delivery, house().clock()):
        raise WorkshopError(_("This link does not work any more. Make a new one."), status=409)
    return delivery


def _mail_page(live: LiveSession, delivery: Delivery, form: MailForm, problem: str = "") -> str:
    return render_template("delivery/write.html", live=live, delivery=delivery, form=form, problem=problem)


def _as_it_leaves(delivery: Delivery, form: MailForm) -> EmailMessage:
    body = outbox.checked_body(form.body.data or "", link=True)
    letter = outbox.Letter(
        id="preview",
        recipient=outbox.recipient(form.recipient.data or ""),
        subject=outbox.checked_subject(form.subject.data or ""),
        body=body.replace(outbox.LINK, deliveries.address(house(), delivery)),
    )
    if form.attach.data:
        with house().database.transaction() as db:
            outbox.check_attachment(db, delivery)
    return outbox.compose(house().settings, letter, house().clock())


def _send(live: LiveSession, delivery: Delivery, form: MailForm) -> None:
    """Put the mail into the outbox, unless the same press has already done so."""
    to = outbox.recipient(form.recipient.data or "")
    with house().database.transaction() as db:
        waiting = select(Mail.id).where(Mail.delivery_id == delivery.id, Mail.recipient == to, Mail.state == "waiting")
        if db.scalars(waiting.limit(1)).first() is None:
            outbox.put(
                db,
                house().settings,
                house().clock(),
                recipient=to,
                subject=form.subject.data or "",
                body=form.body.data or "",
                delivery=delivery,
                live=live,
                attach=bool(form.attach.data),
            )


@bp.post("/staff/sessions/<live_id>/mails/<mail_id>/again")
@audience("session:run")
def again(live_id: str, mail_id: str) -> Page:
    """Try a mail once more."""
    live, _role = session_role(live_id)
    with house().database.transaction() as db:
        outbox.again(db, outbox.of(db, live.id, mail_id), house().clock())
    return _back(live_id)


@bp.post("/staff/sessions/<live_id>/mails/<mail_id>/cancel")
@audience("session:run")
def cancel(live_id: str, mail_id: str) -> Page:
    """Do not send a mail."""
    live, _role = session_role(live_id)
    with house().database.transaction() as db:
        outbox.cancel(db, outbox.of(db, live.id, mail_id))
    return _back(live_id)
