"""The filtered list of links, for page and export, and the heads of all chains."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.chains.queries import short
from wibawa.loans.chain.lines import DISBURSEMENT, REQUEST, UPLOAD
from wibawa.loans.chain.models import ChainLink
from wibawa.loans.models import Loan, LoanRequest
from wibawa.uploads.models import Upload
from wibawa.web.pages import Page, Wanted

SORTS = ("waktu", "nomor", "baris", "jumlah")
MOST_EXPORTED = 100_000


@dataclass(frozen=True)
class LinkFilter:
    bank_id: int | None = None
    kind: str = ""


@dataclass(frozen=True)
class LinkLine:
    """A link with what it is about: a file, the kind of a request, or a loan's number."""

    bank: str
    number: int
    kind: str
    subject_id: int
    rows: int
    total: int
    made_at: dt.datetime
    hash: str
    filename: str | None
    file_kind: str | None
    request_kind: str | None
    loan: str | None

    @property
    def short(self) -> str:
        return short(self.hash)


@dataclass(frozen=True)
class BankHead:
    bank: str
    number: int
    hash: str
    made_at: dt.datetime

    @property
    def whole(self) -> str:
        """The hash in groups of four, so that it can be compared by eye and breaks into lines."""
        return " ".join(self.hash[start : start + 4] for start in range(0, 64, 4))


def heads(session: Session) -> list[BankHead]:
    """The last link of every bank that has any, in order of the names."""
    last = select(func.max(ChainLink.number)).where(ChainLink.bank_id == Bank.id)
    query: Any = (
        select(Bank.name, ChainLink.number, ChainLink.hash, ChainLink.made_at)
        .join(Bank, Bank.id == ChainLink.bank_id)
        .where(ChainLink.number == last.correlate(Bank).scalar_subquery())
        .order_by(Bank.name)
    )
    return [BankHead(*row) for row in session.execute(query)]


def link_lines(session: Session, asked_for: LinkFilter, asked: Wanted) -> Page[LinkLine]:
    count = select(func.count()).select_from(ChainLink).where(*_conditions(asked_for))
    total = session.scalar(count) or 0
    query = _lines(asked_for, asked).limit(asked.per_page).offset(asked.offset)
    lines = [LinkLine(*row) for row in session.execute(query)]
    return Page(lines, asked.page, asked.per_page, int(total))


def all_link_lines(session: Session, asked_for: LinkFilter, asked: Wanted) -> list[LinkLine]:
    """The whole list for an export, in the order in which it is shown."""
    query = _lines(asked_for, asked).limit(MOST_EXPORTED)
    return [LinkLine(*row) for row in session.execute(query)]


def _conditions(asked_for: LinkFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked_for.bank_id is not None:
        conditions.append(ChainLink.bank_id == asked_for.bank_id)
    if asked_for.kind:
        conditions.append(ChainLink.kind == asked_for.kind)
    return conditions


def _lines(asked_for: LinkFilter, asked: Wanted) -> Any:
    by: Any = {
        "waktu": ChainLink.made_at,
        "nomor": ChainLink.number,
        "baris": ChainLink.rows,
        "jumlah": ChainLink.total,
    }[asked.sort]
    order = [by, ChainLink.bank_id, ChainLink.number]

    def of(kind: str, table: Any) -> ColumnElement[bool]:
        return and_(ChainLink.kind == kind, table.id == ChainLink.subject_id)

    return (
        select(
            Bank.name,
            ChainLink.number,
            ChainLink.kind,
            ChainLink.subject_id,
            ChainLink.rows,
            ChainLink.total,
            ChainLink.made_at,
            ChainLink.hash,
            Upload.filename,
            Upload.kind,
            LoanRequest.kind,
            Loan.number,
        )
        .join(Bank, Bank.id == ChainLink.bank_id)
        .outerjoin(Upload, of(UPLOAD, Upload))
        .outerjoin(LoanRequest, of(REQUEST, LoanRequest))
        .outerjoin(Loan, of(DISBURSEMENT, Loan))
        .where(*_conditions(asked_for))
        .order_by(*(each.desc() if asked.descending else each.asc() for each in order))
    )
