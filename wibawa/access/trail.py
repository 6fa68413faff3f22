"""The append-only trail: who did what to what, from where."""

from __future__ import annotations

import datetime as dt

from flask import has_request_context, request
from sqlalchemy.orm import Session

from wibawa.access.models import TrailEntry
from wibawa.database import db, writing


def record(
    session: Session,
    now: dt.datetime,
    user_id: int | None,
    action: str,
    object_kind: str = "",
    object_id: int | None = None,
    detail: str = "",
) -> None:
    """Add one line in the caller's transaction, so that it stands or falls with the deed."""
    session.add(
        TrailEntry(
            at=now,
            user_id=user_id,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            detail=detail,
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
