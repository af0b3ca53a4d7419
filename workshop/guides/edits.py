"""What can be done to a guide while it is written: small changes of plain data.

Lives here: adding, moving, copying and deleting steps, activities and entries;
setting one field, in any language; what belongs together stays together (a
copy's words, an entry's translations). Not here: which fields there are
(`settings_form.py`), who may change what and when (`drafts.py`).

The data is what the guide's file holds. Every function changes it in place; the
caller keeps the state before. Parts are found by id, never by place, so that a
change from another tab still means the same part. A place in the data is
written as a path: `g.title`, `s.<step>.title`, `a.<activity>.settings.options.<entry>.label`.

A module of this length, because every change has to keep the same things together.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from ..errors import NotFound, WorkshopError
from ..words import _
from .file import FORMAT, MAX_ACTIVITIES, MAX_STEPS
from .ids import all_ids, free_id, slug
from .methods import rename
from .source import MAX_DEPTH

Data = dict[str, Any]

MINUTES = 10
"""Of a new step, until its author says otherwise."""

PROVISIONAL = re.compile(r"new-(step|activity)(-[0-9]+)?\Z")
"""Ids of parts that had no words yet when they were made; publishing names them after their words."""

_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def fresh(title: str, language: str) -> Data:
    """Return a guide with nothing in it yet."""
    return {"format": FORMAT, "id": slug(title, "guide"), "title": title, "language": language, "steps": []}


def tidy(text: str, *, lines: bool = True) -> str:
    """Return a text as a guide may hold it: no invisible characters, one kind of line end, nothing around it."""
    plain = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.strip() if lines else " ".join(plain.split())


# Finding ------------------------------------------------------------------------------------------------------------


def steps(data: Data) -> list[Data]:
    """Return the steps."""
    found: list[Data] = data.setdefault("steps", [])
    return found


def activities(data: Data) -> Iterator[tuple[Data, Data]]:
    """Yield (step, activity), in the order in which a group meets them."""
    for step in steps(data):
        for activity in step.get("activities", []):
            yield step, activity


def step_of(data: Data, step_id: str) -> Data:
    """Return a step; raise NotFound."""
    for step in steps(data):
        if step["id"] == step_id:
            return step
    raise gone()


def activity_of(data: Data, activity_id: str) -> tuple[Data, Data]:
    """Return (its step, the activity); raise NotFound."""
    for step, activity in activities(data):
        if activity["id"] == activity_id:
            return step, activity
    raise gone()


def gone() -> NotFound:
    """Return the error about a part that is not there."""
    return NotFound(_("This part is no longer in the guide. Somebody may have deleted it in another window."))


def _part(data: Data, parts: list[str]) -> tuple[Data, list[str]]:
    """Return the step, activity or guide that a path begins with, and the rest of the path."""
    if parts[0] == "g" and len(parts) > 1:
        return data, parts[1:]
    if parts[0] == "s" and len(parts) > 2:
        return step_of(data, parts[1]), parts[2:]
    if parts[0] == "a" and len(parts) > 2:
        return activity_of(data, parts[1])[1], parts[2:]
    raise gone()


def _index(entries: list[Any], name: str) -> int:
    for at, entry in enumerate(entries):
        if isinstance(entry, dict) and str(entry.get("id")) == name:
            return at
    if name.isdigit() and int(name) < len(entries) and not isinstance(entries[int(name)], dict):
        return int(name)
    raise gone()


def _holder(data: Data, path: str, *, make: bool = False) -> tuple[Any, Any]:
    """Return (the mapping or list that holds what `path` means, its key there)."""
    here, rest = _part(data, path.split("."))
    if len(rest) > MAX_DEPTH:
        raise gone()
    holder: Any = here
    for name in rest[:-1]:
        if isinstance(holder, list):
            holder = holder[_index(holder, name)]
        elif isinstance(holder, dict) and name in holder:
            holder = holder[name]
        elif isinstance(holder, dict) and make and name == "settings":
            holder = holder.setdefault(name, {})
        else:
            raise gone()
    if isinstance(holder, list):
        return holder, _index(holder, rest[-1])
    if not isinstance(holder, dict):
        raise gone()
    return holder, rest[-1]


def value_of(data: Data, path: str, otherwise: Any = None) -> Any:
    """Return what the data holds at `path`; `otherwise` where it holds nothing."""
    try:
        holder, key = _holder(data, path)
    except NotFound:
        return otherwise
    return holder.get(key, otherwise) if isinstance(holder, dict) else holder[key]


# Setting ------------------------------------------------------------------------------------------------------------


def put(data: Data, path: str, value: Any) -> None:
    """Set one field; None takes its line out of the file."""
    holder, key = _holder(data, path, make=True)
    if value is None and isinstance(holder, dict):
        holder.pop(key, None)
        if path.startswith("a.") and holder == {} and path.split(".")[2] == "settings" and path.count(".") == 3:
            activity_of(data, path.split(".")[1])[1].pop("settings", None)
    elif value is not None:
        holder[key] = value


def word_of(data: Data, language: str, path: str) -> str:
    """Return the text of `path` in a translation; empty where it has none."""
    parts = path.split(".")
    here: Any = data.get("translations", {}).get(language, {})
    rest = parts[1:]
    for at, name in enumerate(rest):
        if isinstance(here, str) and rest[at:] == ["label"]:
            return here
        if isinstance(here, list) and name.isdigit() and int(name) < len(here):
            here = here[int(name)]
        elif isinstance(here, dict):
            here = here.get(name)
        else:
            return ""
    return here if isinstance(here, str) else ""


def put_word(data: Data, language: str, path: str, text: str) -> None:
    """Set the text of `path` in a translation; empty: it is the guide's own again."""
    holder, key = _holder(data, path)
    here = data.setdefault("translations", {}).setdefault(language, {})
    rest = path.split(".")[1:]
    trail: list[tuple[dict[str, Any], str]] = []
    for at, name in enumerate(rest[:-1]):
        inner = here.get(name)
        if isinstance(holder, list) and at == len(rest) - 2:  # one text of a list: the list is translated as a whole
            texts = inner if isinstance(inner, list) and len(inner) == len(holder) else list(holder)
            texts[key] = text or holder[key]
            here[name] = texts
            if texts == holder:
                del here[name]
                _prune(trail)
            return
        if isinstance(inner, str):
            inner = here[name] = {"label": inner}
        trail.append((here, name))
        here = here.setdefault(name, {}) if inner is None else inner
    if text:
        here[rest[-1]] = text
    else:
        here.pop(rest[-1], None)
    if trail and set(here) == {"label"} and len(rest) >= 4:
        trail[-1][0][trail[-1][1]] = here["label"]
    _prune(trail)


def _prune(trail: list[tuple[dict[str, Any], str]]) -> None:
    for holder, name in reversed(trail):
        if holder.get(name) == {}:
            del holder[name]


def _every_words(data: Data) -> Iterator[dict[str, Any]]:
    for words in (data.get("translations") or {}).values():
        if isinstance(words, dict):
            yield words


# Steps and activities -----------------------------------------------------------------------------------------------


def add_step(data: Data, title: str, after: str = "") -> str:
    """Add a step after another, or at the end; return its id."""
    kept = steps(data)
    if len(kept) >= MAX_STEPS:
        raise WorkshopError(_("A guide may have up to %(most)s steps.", most=MAX_STEPS))
    name = free_id(slug(title, "new-step"), all_ids(data))
    at = next((n + 1 for n, one in enumerate(kept) if one["id"] == after), len(kept))
    kept.insert(at, {"id": name, "title": title, "minutes": MINUTES, "activities": []})
    return name


def add_activity(data: Data, step_id: str, kind: str, prompt: str, settings: Data, after: str = "") -> str:
    """Add an activity to a step, after another or at its end; return its id."""
    kept = step_of(data, step_id).setdefault("activities", [])
    _room(kept)
    name = free_id(slug(prompt, "new-activity"), all_ids(data))
    activity: Data = {"id": name, "kind": kind, "prompt": prompt}
    if settings:
        activity["settings"] = settings
    at = next((n + 1 for n, one in enumerate(kept) if one["id"] == after), len(kept))
    kept.insert(at, activity)
    return name


def _room(kept: list[Data]) -> None:
    if len(kept) >= MAX_ACTIVITIES:
        raise WorkshopError(
            _("A step may have up to %(most)s activities. Put the next one into another step.", most=MAX_ACTIVITIES)
        )


def move_step(data: Data, step_id: str, by: int) -> None:
    """Move a step up (-1) or down (1); at the end of the way it stays."""
    _shift(steps(data), step_of(data, step_id), by)


def move_activity(data: Data, activity_id: str, by: int) -> None:
    """Move an activity up or down; past the end of its step it goes into the next."""
    step, activity = activity_of(data, activity_id)
    kept, every = step["activities"], steps(data)
    at, chapter = kept.index(activity), every.index(step)
    if 0 <= at + by < len(kept):
        _shift(kept, activity, by)
    elif 0 <= chapter + by < len(every):
        other = every[chapter + by].setdefault("activities", [])
        _room(other)
        kept.remove(activity)
        other.insert(0 if by > 0 else len(other), activity)


def place_step(data: Data, step_id: str, at: int) -> None:
    """Put a step at a place among the others, as dragging does."""
    kept, step = steps(data), step_of(data, step_id)
    kept.remove(step)
    kept.insert(max(0, min(at, len(kept))), step)


def place_activity(data: Data, activity_id: str, step_id: str, at: int) -> None:
    """Put an activity at a place in a step, as dragging does."""
    step, activity = activity_of(data, activity_id)
    other = step_of(data, step_id).setdefault("activities", [])
    if other is not step["activities"]:
        _room(other)
    step["activities"].remove(activity)
    other.insert(max(0, min(at, len(other))), activity)


def _shift(kept: list[Any], one: Any, by: int) -> None:
    at = next(n for n, other in enumerate(kept) if other is one)
    if 0 <= at + by < len(kept):
        kept.insert(at + by, kept.pop(at))


def duplicate(data: Data, name: str) -> str:
    """Copy a step or an activity with its translations, right below; return the copy's id."""
    for step in steps(data):
        if step["id"] == name:
            if len(steps(data)) >= MAX_STEPS:
                raise WorkshopError(_("A guide may have up to %(most)s steps.", most=MAX_STEPS))
            twin, renamed = _twin(data, step)
            steps(data).insert(steps(data).index(step) + 1, twin)
            return renamed[name]
    step, activity = activity_of(data, name)
    _room(step["activities"])
    renamed = {name: free_id(name, all_ids(data))}
    twin = copy.deepcopy(activity)
    twin["id"] = renamed[name]
    step["activities"].insert(step["activities"].index(activity) + 1, twin)
    _copy_words(data, renamed)
    return renamed[name]


def _twin(data: Data, step: Data) -> tuple[Data, dict[str, str]]:
    taken, renamed = all_ids(data), {}
    for old in (step["id"], *(one["id"] for one in step.get("activities", []))):
        renamed[old] = free_id(old, taken)
        taken.add(renamed[old])
    twin = copy.deepcopy(step)
    twin["id"] = renamed[step["id"]]
    for activity in twin.get("activities", []):
        rename(activity, renamed)
    _copy_words(data, renamed)
    return twin, renamed


def _copy_words(data: Data, renamed: dict[str, str]) -> None:
    for words in _every_words(data):
        for old, new in renamed.items():
            if old in words:
                words[new] = copy.deepcopy(words[old])


def delete(data: Data, name: str) -> None:
    """Take out a step or an activity, its words, and what later activities build on it."""
    gone = {name}
    for step in list(steps(data)):
        if step["id"] == name:
            gone |= {one["id"] for one in step.get("activities", [])}
            steps(data).remove(step)
            break
    else:
        step, activity = activity_of(data, name)
        step["activities"].remove(activity)
    for words in _every_words(data):
        for one in gone:
            words.pop(one, None)
    for _step, activity in activities(data):
        if activity.get("again") in gone:
            del activity["again"]
        if "source" in activity:
            sources = activity["source"] if isinstance(activity["source"], list) else [activity["source"]]
            set_sources(activity, [one for one in sources if one not in gone])


def set_sources(activity: Data, names: list[str]) -> None:
    """Say which earlier activities one builds on, as a file writes it."""
    if names:
        activity["source"] = names[0] if len(names) == 1 else names
    else:
        activity.pop("source", None)


# Lists in settings --------------------------------------------------------------------------------------------------


def add_entry(data: Data, path: str, entry: Any) -> str:
    """Add an entry to a list of settings; return its path."""
    holder, key = _holder(data, path, make=True)
    entries = holder.setdefault(key, [])
    if isinstance(entry, dict) and "id" in entry:
        entry["id"] = free_id(str(entry["id"]), {str(one.get("id")) for one in entries if isinstance(one, dict)}, 40)
    entries.append(entry)
    _words_of_list(data, path, lambda texts: texts.append(str(entry)))
    return f"{path}.{entry['id'] if isinstance(entry, dict) else len(entries) - 1}"


def move_entry(data: Data, path: str, by: int) -> str:
    """Move an entry up or down in its list; return its path, which changes where entries have no id."""
    entries, at = _holder_of_entry(data, path)
    if not 0 <= at + by < len(entries):
        return path
    plain = not isinstance(entries[at], dict)
    entries.insert(at + by, entries.pop(at))
    above, _dot, _name = path.rpartition(".")
    _words_of_list(data, above, lambda texts: texts.insert(at + by, texts.pop(at)))
    return f"{above}.{at + by}" if plain else path


def place_entry(data: Data, path: str, to: int) -> str:
    """Put an entry at a place in its list, as dragging does; return its path."""
    entries, at = _holder_of_entry(data, path)
    return move_entry(data, path, max(0, min(to, len(entries) - 1)) - at)


def drop_entry(data: Data, path: str) -> None:
    """Take an entry out of its list, in every language."""
    entries, at = _holder_of_entry(data, path)
    entry = entries.pop(at)
    above, _dot, name = path.rpartition(".")
    if isinstance(entry, dict):
        for words in _every_words(data):
            found = _walk(words, above.split(".")[1:])
            if isinstance(found, dict):
                found.pop(name, None)
    _words_of_list(data, above, lambda texts: texts.pop(at))
    if not entries:
        put(data, above, None)


def _holder_of_entry(data: Data, path: str) -> tuple[list[Any], int]:
    entries, at = _holder(data, path)
    if not isinstance(entries, list):
        raise gone()
    return entries, at


def _walk(words: Any, names: list[str]) -> Any:
    for name in names:
        words = words.get(name) if isinstance(words, dict) else None
    return words


def _words_of_list(data: Data, path: str, change: Any) -> None:
    """Do to each translation of a list of texts what was done to the list."""
    for words in _every_words(data):
        texts = _walk(words, path.split(".")[1:])
        if isinstance(texts, list):
            change(texts)
            if not texts:
                _walk(words, path.split(".")[1:-1]).pop(path.split(".")[-1], None)


def forget(data: Data, path: str, allowed: set[str]) -> None:
    """Take out of an entry what means nothing to it any more, in every language; ids stay."""
    holder, key = _holder(data, path)
    entry = holder[key]
    for name in [name for name in entry if name not in allowed and name not in ("id", "type")]:
        del entry[name]
        for words in _every_words(data):
            found = _walk(words, path.split(".")[1:])
            if isinstance(found, dict):
                found.pop(name, None)


# Languages ----------------------------------------------------------------------------------------------------------


def add_language(data: Data, language: str) -> None:
    """Begin a translation."""
    if language != data.get("language"):
        data.setdefault("translations", {}).setdefault(language, {})


def drop_language(data: Data, language: str) -> None:
    """Take a translation out."""
    translations = data.get("translations", {})
    translations.pop(language, None)
    if not translations:
        data.pop("translations", None)


def settle(data: Data) -> dict[str, str]:
    """Give what was made without words the id that its words suggest; return old id -> new id."""
    renamed: dict[str, str] = {}
    taken = all_ids(data)
    for step in steps(data):
        for part, text in (
            (step, step.get("title")),
            *((one, one.get("prompt")) for one in step.get("activities", [])),
        ):
            if PROVISIONAL.match(str(part["id"])):
                renamed[part["id"]] = name = free_id(slug(text, "part"), taken)
                taken.add(name)
    for _step, activity in activities(data):
        rename(activity, renamed)
    for step in steps(data):
        step["id"] = renamed.get(step["id"], step["id"])
    for words in _every_words(data):
        for old in [name for name in words if name in renamed]:
            words[renamed[old]] = words.pop(old)
    return renamed
