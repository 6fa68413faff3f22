"""The append-only trail: who did what to what, before → after, from where."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable

from flask import has_request_context, request
from sqlalchemy.orm import Session

from wibawa.access.models import TrailEntry
from wibawa.database import db, writing
from wibawa.rules.dates import long_date
from wibawa.rules.masking import mask_people
from wibawa.rules.money import number

LONGEST_VALUE = 120
_SOUGHT = re.compile("“.*”", re.DOTALL)


def record(
    session: Session,
    now: dt.datetime,
    user_id: int | None,
    action: str,
    object_kind: str = "",
    object_id: int | None = None,
    detail: str = "",
) -> None:
    """Add one line in the caller's transaction, so that it stands or falls with the deed. Numbers
    of people and telephones that somebody wrote into a reason are masked."""
    session.add(
        TrailEntry(
            at=now,
            user_id=user_id,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            detail=mask_people(detail),
            address=(request.remote_addr or "") if has_request_context() else "",
        )
    )


def record_apart(
    now: dt.datetime,
    user_id: int | None,
    action: str,
    object_kind: str,
    object_id: int | None,
    detail: str = "",
) -> None:
    """Add one line in a transaction of its own: a refused try is recorded though nothing else is.

    The request's own session is closed first: on SQLite a reader that turned writer would wait for
    itself.
    """
    db.session.rollback()
    with writing(), Session(db.engine) as session, session.begin():
        record(session, now, user_id, action, object_kind, object_id, detail)


def record_export(
    now: dt.datetime,
    user_id: int,
    object_kind: str,
    object_id: int | None,
    file_kind: str,
    notes: Iterable[str],
) -> None:
    """Add the line about a list that was taken away as a file: which rows, as the notes of the file
    say it, and what kind of file. Who and when stand in the line itself; what was looked for is
    left out, it may be a name, and the trail stays for good."""
    told = [_SOUGHT.sub("“…”", note) for note in notes if not note.startswith("Diekspor ")]
    detail = "; ".join([*told, file_kind.upper()])
    record_apart(now, user_id, "list_exported", object_kind, object_id, detail)


def changes(values: Iterable[tuple[str, object, object]], private: Collection[str] = ()) -> str:
    """What of a thing is another now, for the detail of an entry: (label, before, after) of each
    value, "" when nothing changed. Of what is `private` only that it changed: the trail stays for
    good, and says less of a person than the person's own record.

    >>> changes([("Kelipatan", 1, 100), ("Nama", "A", "A"), ("Dibuka", False, True)])
    'Kelipatan: 1 → 100; Dibuka: tidak → ya'
    >>> changes([("Telepon", "0812", "0813"), ("NIB", "", None)], private=["Telepon"])
    'Telepon: diubah'
    """
    told = [(label, _word(before), _word(after)) for label, before, after in values]
    return "; ".join(
        f"{label}: diubah" if label in private else f"{label}: {before} → {after}"
        for label, before, after in told
        if before != after
    )


def _word(value: object) -> str:
    """A value as people read it; a long text is cut."""
    if value is None or value == "":
        return "kosong"
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, dt.date):
        return long_date(value)
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
