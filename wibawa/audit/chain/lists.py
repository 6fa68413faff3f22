"""The filtered list of the links of all chains, for page and export, and the heads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    asc,
    desc,
    false,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from wibawa.applications.models import Application
from wibawa.banks.models import Bank
from wibawa.chains.models import OfficeLink
from wibawa.chains.office import ALONG, CODE
from wibawa.chains.queries import office_head, short
from wibawa.indicators.models import LockRequest
from wibawa.loans.chain.lines import DISBURSEMENT, REQUEST, UPLOAD
from wibawa.loans.chain.models import ChainLink
from wibawa.loans.models import Loan, LoanRequest
from wibawa.reconciliation.models import ClosedMonth, ClosingProposal
from wibawa.uploads.models import Upload
from wibawa.web.pages import Page, Wanted, whole_list

SORTS = ("waktu", "nomor", "baris", "jumlah")
OFFICE_NAME = "Dinas"


@dataclass(frozen=True)
class LinkFilter:
    """`bank_id` 0 is the office's chain; `of_office` says of which chain's kinds `kind` is."""

    bank_id: int | None = None
    kind: str = ""
    of_office: bool = False


@dataclass(frozen=True)
class LinkLine:
    """A link with what it is about: a file, the kind of a request, the number of a loan or an
    application, the bank and month of a closing, or the year of the indicators."""

    bank_id: int
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
    named: str | None
    of_bank: str | None
    month: int | None
    year: int | None

    @property
    def of_office(self) -> bool:
        return self.bank_id == 0

    @property
    def short(self) -> str:
        return short(self.hash)


@dataclass(frozen=True)
class ChainHead:
    code: str
    chain: str
    number: int
    hash: str
    made_at: dt.datetime
    rows: int  # of all its links

    @property
    def whole(self) -> str:
        """The hash in groups of eight, as on paper, so that it can be compared by eye."""
        return " ".join(self.hash[start : start + 8] for start in range(0, 64, 8))


def heads(session: Session) -> list[ChainHead]:
    """The last link of every bank that has any, in order of the names, then the office's."""
    last = select(func.max(ChainLink.number)).where(ChainLink.bank_id == Bank.id)
    link = aliased(ChainLink)
    rows = select(func.sum(link.rows)).where(link.bank_id == Bank.id)
    query: Any = (
        select(
            Bank.code,
            Bank.name,
            ChainLink.number,
            ChainLink.hash,
            ChainLink.made_at,
            rows.correlate(Bank).scalar_subquery(),
        )
        .join(Bank, Bank.id == ChainLink.bank_id)
        .where(ChainLink.number == last.correlate(Bank).scalar_subquery())
        .order_by(Bank.name)
    )
    found = [ChainHead(*row) for row in session.execute(query)]
    office = office_head(session)
    if office is not None:
        found.append(ChainHead(CODE, OFFICE_NAME, office.number, office.hash, office.made_at, 0))
    return found


def link_lines(session: Session, asked_for: LinkFilter, asked: Wanted) -> Page[LinkLine]:
    total = sum(
        session.scalar(each.with_only_columns(func.count(), maintain_column_froms=True)) or 0
        for each in _selects(asked_for)
    )
    query = _lines(asked_for, asked).limit(asked.per_page).offset(asked.offset)
    lines = [LinkLine(*row) for row in session.execute(query)]
    return Page(lines, asked.page, asked.per_page, total)


def all_link_lines(session: Session, asked_for: LinkFilter, asked: Wanted) -> list[LinkLine]:
    """The whole list for an export, in the order in which it is shown."""
    return [LinkLine(*row) for row in whole_list(session, _lines(asked_for, asked))]


def _lines(asked_for: LinkFilter, asked: Wanted) -> Any:
    by = {"waktu": "made_at", "nomor": "number", "baris": "rows", "jumlah": "total"}[asked.sort]
    links = union_all(*_selects(asked_for)).subquery()
    turned = desc if asked.descending else asc
    order = (turned(links.c[name]) for name in (by, "bank_id", "number"))
    return select(links).order_by(*order)


def _selects(asked_for: LinkFilter) -> list[Any]:
    """Of the banks' chains and of the office's, what the filter lets through."""
    found = []
    if asked_for.bank_id != 0 and not asked_for.of_office:
        found.append(_of_banks(asked_for))
    if not asked_for.bank_id and (asked_for.of_office or not asked_for.kind):
        found.append(_of_office(asked_for))
    return found or [_of_banks(asked_for).where(false())]


def _of_banks(asked_for: LinkFilter) -> Any:
    link = ChainLink

    def of(kind: str, table: Any) -> ColumnElement[bool]:
        return and_(link.kind == kind, table.id == link.subject_id)

    query: Any = (
        select(
            link.bank_id, Bank.name, link.number, link.kind, link.subject_id, link.rows, link.total,
            link.made_at, link.hash, Upload.filename, Upload.kind.label("file_kind"),
            LoanRequest.kind.label("request_kind"), Loan.number.label("named"),
            null().label("of_bank"), null().label("month"), null().label("year"),
        )
        .join(Bank, Bank.id == link.bank_id)
        .outerjoin(Upload, of(UPLOAD, Upload))
        .outerjoin(LoanRequest, of(REQUEST, LoanRequest))
        .outerjoin(Loan, of(DISBURSEMENT, Loan))
    )  # fmt: skip
    if asked_for.bank_id:
        query = query.where(link.bank_id == asked_for.bank_id)
    return query.where(link.kind == asked_for.kind) if asked_for.kind else query


def _of_office(asked_for: LinkFilter) -> Any:
    link, month = OfficeLink, func.coalesce(ClosedMonth.month, ClosingProposal.month)
    of_bank = func.coalesce(ClosedMonth.bank_id, ClosingProposal.bank_id)
    query: Any = (
        select(
            literal(0).label("bank_id"), literal(OFFICE_NAME), link.number, link.kind,
            link.subject_id, link.rows, link.total, link.made_at, link.hash, null(), null(),
            LoanRequest.kind, Application.number, Bank.code, month, LockRequest.year,
        )
        .outerjoin(LoanRequest, and_(link.kind == "change", LoanRequest.id == link.subject_id))
        .outerjoin(LockRequest, and_(link.kind == "year", LockRequest.id == link.subject_id))
        .outerjoin(ClosedMonth, and_(link.kind == "closing", ClosedMonth.id == link.subject_id))
        .outerjoin(
            ClosingProposal, and_(link.kind == "return", ClosingProposal.id == link.subject_id)
        )
        .outerjoin(
            Application, and_(link.kind.in_(ALONG), Application.id == link.subject_id)
        )
        .outerjoin(Bank, Bank.id == of_bank)
    )  # fmt: skip
    return query.where(link.kind == asked_for.kind) if asked_for.kind else query
