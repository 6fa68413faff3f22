from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.applications.lists import seen_by
from wibawa.applications.models import Application
from wibawa.borrowers.models import Borrower
from wibawa.database import among
from wibawa.decisions.answers import ApplicationFact, Decided, Reason
from wibawa.decisions.models import BankDecision, DeclineReason
from wibawa.rules.dates import long_moment
from wibawa.rules.money import rupiah
from wibawa.rules.statuses import State
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib
from wibawa.web.pages import Page, Wanted


@dataclass(frozen=True)
class SentAnswer:
    """One answer of a file that was sent, and its application."""

    row: int
    application_id: int
    number: str
    borrower: str
    asked: int
    outcome: str
    amount: int | None
    reason: str | None
    note: str


@dataclass(frozen=True)
class Source:
    """The row of a file with which a bank answered an application."""

    upload_id: int
    filename: str
    row: int


def reasons_on(session: Session, day: dt.date) -> list[Reason]:
    """The reasons that a bank may give on `day`, in their order."""
    found = session.execute(
        select(DeclineReason.code, DeclineReason.words, DeclineReason.needs_text)
        .where(
            DeclineReason.valid_from <= day,
            or_(DeclineReason.valid_until.is_(None), DeclineReason.valid_until >= day),
        )
        .order_by(DeclineReason.position)
    )
    return [Reason(*row) for row in found]


def sent_applications(
    session: Session, bank_id: int, numbers: Collection[str]
) -> dict[str, ApplicationFact]:
    """Those of `numbers` that were sent to this bank, with the answer they have: one query."""
    found: Any = session.execute(
        select(
            Application.id,
            Application.number,
            Borrower.name,
            Borrower.chair_name,
            Application.amount,
            Application.state,
            Application.version,
            Application.state_since,
            BankDecision.outcome,
            BankDecision.amount,
            BankDecision.reason_code,
            BankDecision.decided_at,
            User.name,
        )
        .join(Borrower, Borrower.id == Application.borrower_id)
        .outerjoin(BankDecision, BankDecision.application_id == Application.id)
        .outerjoin(User, User.id == BankDecision.user_id)
        .where(seen_by(bank_id), among(session, Application.number, numbers))
    )
    facts = {}
    for row in found:
        number, name, chair, asked, state, version, since, *answer = row[1:]
        decided = _decided(*answer) if answer[0] else None
        said = long_moment(in_wib(since))
        facts[number] = ApplicationFact(
            row.id, number, name, chair, asked, State(state), version, said, decided
        )
    return facts


def _decided(
    outcome: Any, amount: int | None, code: str | None, at: dt.datetime, by: str
) -> Decided:
    word = f"disetujui {rupiah(amount)}" if amount is not None else "ditolak"
    return Decided(outcome, amount, code, f"{word} oleh {by} pada {long_moment(in_wib(at))}")


def sent_answers(session: Session, upload_id: int, asked: Wanted) -> Page[SentAnswer]:
    """One page of what a sent file answered, in row order: two queries."""
    own = BankDecision.upload_id == upload_id
    found: Any = session.execute(
        select(
            BankDecision.row_number,
            Application.id,
            Application.number,
            Borrower.name,
            Application.amount,
            BankDecision.outcome,
            BankDecision.amount,
            DeclineReason.words,
            BankDecision.note,
        )
        .join(Application, Application.id == BankDecision.application_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .outerjoin(DeclineReason, DeclineReason.code == BankDecision.reason_code)
        .where(own)
        .order_by(BankDecision.row_number)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    total = session.scalar(select(func.count()).select_from(BankDecision).where(own))
    return Page([SentAnswer(*row) for row in found], asked.page, asked.per_page, int(total or 0))


def source_of(session: Session, application_id: int) -> Source | None:
    """The file and row that answered an application; None for an answer on screen, or none."""
    found: Any = session.execute(
        select(Upload.id, Upload.filename, BankDecision.row_number)
        .join(Upload, Upload.id == BankDecision.upload_id)
        .where(BankDecision.application_id == application_id)
    ).first()
    return None if found is None else Source(*found)
