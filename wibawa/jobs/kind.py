"""What a kind of job is: the only thing that another kind must bring."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from flask import Flask, current_app
from sqlalchemy.orm import Session

from wibawa.access.permissions import Permission

EXTENSION = "wibawa_jobs"


@dataclass(frozen=True)
class Result:
    """A file to download. Its name carries no personal data."""

    name: str
    mimetype: str
    content: bytes


@dataclass(frozen=True)
class NotDone:
    """What a kind that writes gives when it could not do what was asked for, and yet what it wrote
    is to stay, such as the new figures that the person must see first. The job has failed."""

    sentence: str


@dataclass(frozen=True, kw_only=True)
class Work:
    """A job in the hands of a worker.

    `tell(done, total)`: call it at least every `Kind.silence`. It keeps the job ours, and raises
    when it was cancelled or the worker is to end, so hold nothing that must be put back by hand. A
    kind that only reads has no transaction any more after it. One that writes is not heard on
    SQLite while its own transaction is open.
    """

    id: int
    params: Mapping[str, Any]
    asked_by: int
    asker: str
    asked_at: dt.datetime
    session: Session
    tell: Callable[[int, int], None]


class Kind(ABC):
    """One kind of job.

    A worker may die in the middle and the job is done again from its beginning, so the same job
    must always do the same: take moments from `asked_at`, and choose what it is about when it is
    asked for. `writes`: the work and the end of the job are ONE transaction, so a job that died has
    written nothing; it flushes at most. `permission` is needed to open the result, which is kept
    for `keeps`.
    """

    code: ClassVar[str]
    permission: ClassVar[Permission]
    writes: ClassVar[bool] = False
    silence: ClassVar[dt.timedelta] = dt.timedelta(minutes=2)
    keeps: ClassVar[dt.timedelta] = dt.timedelta(days=7)

    def is_due(self, session: Session, now: dt.datetime) -> bool:
        """Whether it is to be asked for now although nobody does, such as each night. Only looks;
        most kinds are asked for by people."""
        return False

    def ask(self, session: Session, now: dt.datetime) -> int | None:
        """Ask for it, if it `is_due` still when nobody else can ask at the same moment."""
        return None

    @abstractmethod
    def run(self, work: Work) -> Result | NotDone | None:
        """Do it; the file that came of it, if any. Raises `Refused` with a sentence for the person
        when it cannot be done, however often it is tried."""

    def page(self, params: Mapping[str, Any]) -> str | None:
        """The address of the page that the job is about, where its outcome is shown too."""
        return None

    def cancelled(self, session: Session, job_id: int, params: Mapping[str, Any]) -> None:
        """Take back what was set when it was asked for; in the transaction that cancels it.
        Most kinds set nothing."""
        return


def register(app: Flask, kinds: Iterable[Kind]) -> None:
    """Let `app` and its workers know these kinds."""
    app.extensions[EXTENSION] = {kind.code: kind for kind in kinds}


def known_kinds() -> dict[str, Kind]:
    """Code → kind, of the application at work."""
    return cast(dict[str, Kind], current_app.extensions[EXTENSION])
