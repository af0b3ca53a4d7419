"""What the notes page needs beside itself: its service worker, leaving for good, and its script's sentences.

Lives here: `/sw.js`, giving a seat back, and every sentence that
`static/js/notes.js` says. Not here: the page (`notes.py`), and what is written
on it, which is on the phone alone (promise 15).
"""

from __future__ import annotations

import json

from flask import Blueprint, Flask, Response, make_response, request, session
from werkzeug.wrappers import Response as BaseResponse

from .. import anonymity
from ..words import _
from .rights import audience, house
from .static_files import tree
from .take_part import require_seat

bp = Blueprint("offline", __name__)


@bp.get("/sw.js")
@audience("anybody")
def worker() -> BaseResponse:
    """Serve the service worker at the root, which is its scope; it changes when any file does."""
    present = tree()
    code = f"self.TREE = {json.dumps(present.hash)};\n".encode() + present.files["js/worker.js"].content
    response = Response(code, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(present.hash)
    return response.make_conditional(request)


@bp.post("/s/<live_id>/leave")
@audience("seat")
def leave(live_id: str) -> Response:
    """Delete the seat's cookie: the phone forgets its secret, which the server never had.

    The total of those who joined stays as it is, and so do answers (promise 13).
    """
    require_seat(live_id)
    https = house().settings.https
    response = make_response("", 204)
    response.delete_cookie(anonymity.seat_cookie(live_id, https), path="/", secure=https, httponly=True, samesite="Lax")
    session.pop("csrf_token", None)
    return response


def init_app(app: Flask) -> None:
    """Serve it, and give the template its sentences."""
    app.register_blueprint(bp)
    app.jinja_env.globals["notes_tools_words"] = notes_tools_words


def notes_tools_words() -> dict[str, str]:
    """Return the sentences of the workbook's script; {names} in braces are filled in there."""
    return {
        # keeping
        "kept": _("Kept on this phone"),
        "nostore": _("This browser keeps nothing. It works until you close this tab."),
        # pick and rows
        "add": _("Add"),
        "remove": _("Remove"),
        "undo": _("Undo"),
        "pick_none": _("Nothing is offered here yet. Write a line of your own."),
        "pick_own": _("Something else"),
        "pick_other": _("Choose another"),
        "pick_full": _("You have chosen {most}, which is the most here. Take one away to choose another."),
        "row_add": _("Add one more"),
        "row_number": _("Number {number}"),
        "row_removed": _("Number {number} is removed."),
        "row_up": _("Up"),
        "row_down": _("Down"),
        # folded
        "folded": _("This page stays closed until you open it."),
        "fold_open": _("Open this page"),
        "fold_close": _("Close this page"),
        # one thing at a time
        "focus_empty": _("What you choose on the pages before comes up here. You can also write it down."),
        "focus_none": _("Nothing is chosen yet. Weigh what is here, then choose one thing."),
        "focus_own": _("Something else"),
        "focus_impact": _("How much it would change"),
        "focus_effort": _("How hard it is"),
        "focus_weights": _("change {impact} of 5, hard {effort} of 5"),
        "focus_high_easy": _("Much change, not so hard: a good one to begin with."),
        "focus_high_hard": _("Much change, but hard: look for a small first step."),
        "focus_low_easy": _("Easy, but little changes."),
        "focus_low_hard": _("Hard, and little changes: let it wait."),
        "focus_map": _("Side by side"),
        "focus_start": _("Make this my one thing"),
        "focus_again": _("Take it up again"),
        "focus_active": _("My one thing"),
        "focus_parked": _("Parked"),
        "focus_tag_active": _("my one thing"),
        "focus_tag_parked": _("parked"),
        "focus_tag_satisfied": _("Satisfied"),
        "focus_tag_dropped": _("Dropped"),
        "focus_refused": _(
            "One thing at a time: “{text}” is your one thing now. Say first that you are satisfied with it, or drop it."
        ),
        "focus_now": _("How it is now, from 1 to 10"),
        "focus_wanted": _("Where I would be satisfied, from 1 to 10"),
        "focus_enough": _("What good enough looks like"),
        "focus_first": _("My first step"),
        "focus_is_satisfied": _("I am satisfied with this"),
        "focus_is_dropped": _("Drop it"),
        "focus_satisfied": _("“{text}” is done well enough. You can choose the next one thing."),
        "focus_dropped": _("“{text}” is dropped. You can choose another one thing."),
        # taking along
        "make_talk": _("Make a page for the talk (PDF)"),
        "make_talk_calendar": _("Put the talk in my calendar"),
        "make_retreat_calendar": _("Put the retreat in my calendar"),
        "make_decision_calendar": _("Put a reminder in my calendar"),
        "make_next_step_calendar": _("Put the dates in my calendar"),
        "paper_talk": _("A page for the talk"),
        "paper_workbook": _("My notes on paper"),
        "paper_folded": _("This page was folded, so it is left off unless you switch it on."),
        "in_the_pdf": _("in the PDF"),
        "paper_empty": _("Everything is switched off. Switch on at least one line."),
        "paper_large": _("That is more than one PDF can hold. Switch off some lines."),
        "paper_making": _("The PDF is being made. This takes a few seconds."),
        "paper_done": _("Done. The PDF is among your downloads. The server has kept nothing of it."),
        "paper_failed": _("The PDF could not be made just now. Your notes are as they were. Try again in a moment."),
        "paper_offline": _("You are offline. The page keeps everything; try again with network."),
        "calendar_done": _("The file is among your downloads. Open it, and your calendar takes the entries in."),
        "file_talk": _("my-talk.pdf"),
        "file_workbook": _("my-notes.pdf"),
        "file_notes": _("my-notes.json"),
        "file_calendar": _("my-dates.ics"),
        "event_talk": _("A talk I want to have"),
        "event_retreat": _("Time for myself"),
        "event_decision": _("Something I decided to do"),
        "event_step": _("My next step"),
        "event_follow_up": _("Look back: how is it going?"),
        "event_back": _("Come back to my notes"),
        # moving to another phone
        "import_foreign": _("This is not a file of notes. Nothing has changed."),
        "import_large": _("This file is larger than notes can be. Nothing has changed."),
        "import_newer": _("This file comes from a newer version. Nothing has changed."),
        "import_broken": _("Something in this file does not fit these pages. Nothing has changed."),
        "import_none": _("Nothing in this file belongs to these pages. Nothing has changed."),
        "import_same": _("Everything in this file is here already."),
        "import_from": _("From the file of “{title}”. Nothing has changed yet."),
        "import_other_guide": _(
            "This file comes from other pages (“{title}”). What fits is listed here. Nothing has changed yet."
        ),
        "import_left": _("Entries that have no place here and stay in the file: {count}."),
        "import_keep": _("Keep what is here"),
        "import_take": _("Take what is in the file"),
        "import_both": _("Keep both"),
        "import_done": _("Your notes are here now."),
        "import_stopped": _("Nothing has changed."),
        # the room
        "room_at": _("The room is at: {place}"),
        "room_lobby": _("The session has not begun yet."),
        "room_ended": _("The session is over. Your notes stay yours."),
        "give": _("Give this to the room"),
        "give_cut": _("The room takes {limit} characters. Your line is shortened here, not in your notes."),
        "give_empty": _("Write something first."),
        "give_closed": _("The question has closed meanwhile. Nothing has left this phone."),
        "give_full": _("All cards of your answer are filled already. Take one away on the session's page first."),
        "give_final": _("Your answer to this question is in and final."),
        "give_nostore": _("This browser keeps nothing, so copy the line and paste it on the session's page."),
        "hint": _("This may point to a person: {text}. You can still send it."),
        # leaving
        "cleared": _("This phone is clear."),
        "cleared_lead": _("Your notes, your drafts and this phone's place in the session are gone."),
        "cleared_half": _("Almost clear."),
        "cleared_offline": _(
            "Your notes and drafts are gone. This phone's place in the session could not be removed without network:"
            " open this page again later and clear it once more, or clear the browser's data."
        ),
        "cleared_start": _("Go to the start page"),
    }
