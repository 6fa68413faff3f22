"""The filtered, sorted list of exactly what a figure counts, for page and export."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank, Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.indicators.counted.queries import Source, in_cell, keyed_rows
from wibawa.loans.models import Loan
from wibawa.web.pages import Page, Wanted

SORTS = ("nama", "nomor", "cair", "plafon")


@dataclass(frozen=True)
class MemberLine:
    """A counted loan, or a counted borrower with the loan that stands for it."""

    borrower_id: int
    borrower: str
    kind: str
    sex: str
    kelurahan: str
    kecamatan: str
    sector: str
    loan_id: int
    number: str
    bank: str
    disbursed_on: dt.date
    principal: int
    nth: int


def member_lines(
    session: Session, source: Source, cell: tuple[str, str] | None, asked: Wanted, *,
    whole: bool = False,
) -> Page[MemberLine]:  # fmt: skip
    """One page of what a figure, or one part of its split, counts; or all of it."""
    keyed = keyed_rows(source)
    query = (
        select(
            Borrower.id,
            Borrower.name,
            keyed.c.kind,
            keyed.c.sex,
            Kelurahan.name,
            Kecamatan.name,
            keyed.c.sector,
            Loan.id,
            Loan.number,
            Bank.name,
            keyed.c.disbursed_on,
            keyed.c.principal,
            keyed.c.nth,
        )
        .select_from(keyed)
        .join(Borrower, Borrower.id == keyed.c.borrower_id)
        .join(Loan, Loan.id == keyed.c.loan_id)
        .join(Bank, Bank.id == keyed.c.bank_id)
        .outerjoin(Kelurahan, Kelurahan.code == keyed.c.kelurahan_code)
        .outerjoin(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
    )
    count = select(func.count()).select_from(keyed)
    if cell is not None:
        query, count = query.where(in_cell(keyed, cell)), count.where(in_cell(keyed, cell))
    total = int(session.scalar(count) or 0)
    query = query.order_by(*_order(keyed, asked))
    if not whole:
        query = query.limit(asked.per_page).offset(asked.offset)
    rows = [MemberLine(*row) for row in session.execute(query)]
    return Page(rows, asked.page, asked.per_page, total)


def _order(keyed: Any, asked: Wanted) -> list[Any]:
    by: Any = {
        "nama": Borrower.name_key,
        "nomor": Loan.number,
        "cair": keyed.c.disbursed_on,
        "plafon": keyed.c.principal,
    }[asked.sort]
    return [by.desc() if asked.descending else by.asc(), Loan.id]
