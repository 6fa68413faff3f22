from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.banks.models import Kecamatan, Kelurahan
from wibawa.banks.queries import holidays
from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER, among
from wibawa.letters.documents import Letterhead, Signatory
from wibawa.letters.queries import profile_on
from wibawa.loans.models import Loan
from wibawa.loans.positions import Classes, positions
from wibawa.loans.queries import LoanFacts, ScheduleFacts, each_schedule_on, facts_of_loans
from wibawa.printing.documents import ScheduleDocument, schedule_document
from wibawa.rules.dates import long_date, pay_by
from wibawa.rules.facts import HolidayRule, Method, Terms
from wibawa.web.clock import in_wib


def chosen_loans(
    session: Session,
    on: dt.date,
    classes: Classes,
    *,
    bank_id: int | None,
    kecamatan: str,
    numbers: Collection[str],
) -> dict[str, int]:
    """Loan number → id, in order of number, of the loans to print: those named, else all that run;
    of one bank and one kecamatan, or of all. One query."""
    query = select(Loan.number, Loan.id).order_by(Loan.number)
    if bank_id is not None:
        query = query.where(Loan.bank_id == bank_id)
    if kecamatan:
        query = (
            query.join(Borrower, Borrower.id == Loan.borrower_id)
            .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
            .where(Kelurahan.kecamatan_code == kecamatan)
        )
    if numbers:
        query = query.where(among(session, Loan.number, numbers))
    else:
        each = positions(on, classes).subquery("each")
        query = query.join(each, each.c.loan_id == Loan.id).where(
            each.c.outstanding > 0, each.c.written_off_on.is_(None)
        )
    return {row.number: row.id for row in session.execute(query)}


def kecamatan_names(session: Session) -> dict[str, str]:
    """Code → name, in order of name."""
    query = select(Kecamatan.code, Kecamatan.name).order_by(Kecamatan.name)
    return {row.code: row.name for row in session.execute(query)}


def schedule_documents(
    session: Session,
    loan_ids: Collection[int],
    *,
    on: dt.date,
    printed_on: dt.datetime,
    printed_by: str,
    officer: Signatory | None = None,
    paper: str = "",
) -> Iterator[ScheduleDocument]:
    """The schedules in force on `on`, ready for paper, in order of loan number.

    Whoever prints signs as officer, unless `officer` says otherwise. `paper` is another sheet than
    the office's own of that day.

    Four queries whatever the number of loans; the schedules are read as a stream, so take all
    documents before the session is closed or rolled back. Loans that have no schedule on that day
    (not yet disbursed) are left out.
    """
    facts = {each.id: each for each in facts_of_loans(session, loan_ids)}
    days_off = holidays(session)
    pay_days = {rule: _pay_days(rule, days_off) for rule in HolidayRule}
    profile = profile_on(session, in_wib(printed_on).date())
    head = replace(profile.letterhead, paper=paper) if paper else profile.letterhead
    office = (head, profile.place)
    for loan_id, schedule in each_schedule_on(session, loan_ids, on):
        loan = facts[loan_id]
        pay_day = pay_days[HolidayRule(loan.holiday_rule)]
        yield _document(loan, schedule, pay_day, printed_on, printed_by, officer, office)


def _pay_days(rule: HolidayRule, days_off: frozenset[dt.date]) -> Callable[[dt.date], dt.date]:
    """Due date → the day by which to pay; thousands of loans share a few hundred due dates."""

    @lru_cache(maxsize=8192)
    def pay_day(due_on: dt.date) -> dt.date:
        return pay_by(due_on, rule, days_off)

    return pay_day


def _document(
    loan: LoanFacts,
    schedule: ScheduleFacts,
    pay_day: Callable[[dt.date], dt.date],
    printed_on: dt.datetime,
    printed_by: str,
    officer: Signatory | None,
    office: tuple[Letterhead, str],
) -> ScheduleDocument:
    terms = Terms(
        loan.principal,
        loan.rate,
        len(schedule.rows),
        Method(loan.method),
        loan.disbursed_on,
        loan.multiple,
    )
    note = ""
    if schedule.version > 1:
        reason = f": {schedule.reason}" if schedule.reason else ""
        note = f"Jadwal versi {schedule.version}, sejak {long_date(schedule.starts_on)}{reason}"
    if schedule.ends_on != FOREVER:
        note = f"Tidak berlaku lagi sejak {long_date(schedule.ends_on)}. {note}".strip()
    return schedule_document(
        terms=terms,
        installments=schedule.rows,
        loan_number=loan.number,
        bank_name=loan.bank,
        borrower_name=loan.borrower,
        printed_on=printed_on,
        printed_by=printed_by,
        agreement_number=loan.agreement_number,
        account_number=loan.account_number,
        business_name=loan.business_name,
        address=loan.address,
        kelurahan=loan.kelurahan,
        kecamatan=loan.kecamatan,
        version=schedule.version,
        status_note=note,
        officer=officer,
        letterhead=office[0],
        place=office[1],
        pay_by=pay_day,
    )
