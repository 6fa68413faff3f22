"""The filtered list of the trail, for page and export, and what an object of it leads to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import TrailEntry, User
from wibawa.audit.words import ACTIONS, THINGS, UPLOAD_PAGES, Thing
from wibawa.uploads.models import Upload
from wibawa.web.clock import WIB
from wibawa.web.pages import Page, Wanted, whole_list

whose = aliased(User, name="whose")
SORTS = ("waktu",)
NOBODY = 0  # stands for entries of nobody: tries to sign in


@dataclass(frozen=True)
class TrailFilter:
    """`user_id` 0: of nobody. `text` is looked for in what was written; days are of WIB."""

    user_id: int | None = None
    action: str = ""
    kind: str = ""
    number: int | None = None
    text: str = ""
    first: dt.date | None = None
    last: dt.date | None = None
    address: str = ""


@dataclass(frozen=True)
class TrailLine:
    """One entry; `upload_kind` is the kind of the file that it is about."""

    at: dt.datetime
    user: str | None
    username: str | None
    action_code: str
    kind: str
    number: int | None
    detail: str
    address: str
    upload_kind: str | None
    about_user: str | None  # whose account it is about

    @property
    def action(self) -> str:
        return ACTIONS.get(self.action_code, self.action_code)

    @property
    def about(self) -> str:
        """The object in words: "pinjaman nomor 12"; a refused page by nothing but its address."""
        if not self.kind or "." in self.kind:
            return ""
        thing = THINGS.get(self.kind)
        word = thing.label if thing else self.kind
        if self.about_user is not None:
            return f"{word} {self.about_user}"
        if thing is not None and thing.argument == "year" and self.number is not None:
            return f"{word} {self.number}"
        named = thing is not None and thing.endpoint and not thing.argument
        return word if self.number is None or named else f"{word} nomor {self.number}"

    @property
    def place(self) -> tuple[str, dict[str, Any]] | None:
        """Endpoint and arguments of the object's page, when it has one."""
        thing = THINGS.get(self.kind, Thing(""))
        endpoint, argument = thing.endpoint, thing.argument
        if self.upload_kind is not None:
            endpoint, argument = UPLOAD_PAGES.get(self.upload_kind, ("", ""))
        if not endpoint or (argument and self.number is None):
            return None
        return endpoint, {argument: self.number} if argument else {}


def trail_lines(session: Session, asked_for: TrailFilter, asked: Wanted) -> Page[TrailLine]:
    conditions = _conditions(asked_for)
    total = session.scalar(select(func.count()).select_from(TrailEntry).where(*conditions)) or 0
    query = _lines(asked_for, asked).limit(asked.per_page).offset(asked.offset)
    lines = [TrailLine(*row) for row in session.execute(query)]
    return Page(lines, asked.page, asked.per_page, int(total))


def all_trail_lines(session: Session, asked_for: TrailFilter, asked: Wanted) -> list[TrailLine]:
    """The whole list for an export, in the order in which it is shown."""
    return [TrailLine(*row) for row in whole_list(session, _lines(asked_for, asked))]


def people(session: Session) -> list[tuple[int, str]]:
    """Everybody who may stand in the trail, by name."""
    found = session.execute(select(User.id, User.name, User.username).order_by(User.name))
    return [(row.id, f"{row.name} ({row.username})") for row in found]


def _conditions(asked_for: TrailFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked_for.user_id == NOBODY:
        conditions.append(TrailEntry.user_id.is_(None))
    elif asked_for.user_id is not None:
        conditions.append(TrailEntry.user_id == asked_for.user_id)
    if asked_for.action:
        conditions.append(TrailEntry.action == asked_for.action)
    if asked_for.kind:
        conditions.append(TrailEntry.object_kind == asked_for.kind)
    if asked_for.number is not None:
        conditions.append(TrailEntry.object_id == asked_for.number)
    if asked_for.address:
        conditions.append(TrailEntry.address == asked_for.address)
    if asked_for.text:
        conditions.append(
            func.lower(TrailEntry.detail).contains(asked_for.text.lower(), autoescape=True)
        )
    if asked_for.first is not None:
        conditions.append(TrailEntry.at >= _midnight(asked_for.first))
    if asked_for.last is not None:
        conditions.append(TrailEntry.at < _midnight(asked_for.last + dt.timedelta(days=1)))
    return conditions


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), WIB)


def _lines(asked_for: TrailFilter, asked: Wanted) -> Any:
    return (
        select(
            TrailEntry.at,
            User.name,
            User.username,
            TrailEntry.action,
            TrailEntry.object_kind,
            TrailEntry.object_id,
            TrailEntry.detail,
            TrailEntry.address,
            Upload.kind,
            whose.name,
        )
        .outerjoin(User, User.id == TrailEntry.user_id)
        .outerjoin(
            Upload, and_(TrailEntry.object_kind == "upload", Upload.id == TrailEntry.object_id)
        )
        .outerjoin(whose, and_(TrailEntry.object_kind == "user", whose.id == TrailEntry.object_id))
        .where(*_conditions(asked_for))
        .order_by(TrailEntry.id.desc() if asked.descending else TrailEntry.id)
    )
