"""A large portfolio and a bank's large file, made fast, for benchmarks and for tests of size."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import xlsxwriter
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.database import bulk_insert, stored_date, stored_moment
from wibawa.loans.journal import ENTRY_COLUMNS, Author, NewLoan, open_loans
from wibawa.loans.models import Schedule
from wibawa.loans.standings.actions import Moved, count_money, stand_anew
from wibawa.rules.facts import BorrowerKind, Method, Terms

BANKS = (1, 2)
MONTHS = 24
BATCH = 10_000
MADE_AT = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)
LAST_DAY = dt.date(2026, 11, 20)


class Payer(NamedTuple):
    """How somebody pays: in how many of ten months, and how many tenths of an installment."""

    months: int
    tenths: tuple[int, ...]


IN_PARTS = (5, 10, 10, 10, 12)
# Nearly everybody falls behind: the hardest book for a program, and what a bank would close.
FALTERING = tuple(Payer(months, IN_PARTS) for months in (0, 3, 6, 8, 10, 10, 10, 10))
# Four of five pay each month, some of them ahead; the fifth falters, and some of those stop.
ORDINARY = (
    *[Payer(10, (10,))] * 14, *[Payer(10, (10, 12))] * 2,
    Payer(9, IN_PARTS), Payer(7, IN_PARTS), Payer(4, IN_PARTS), Payer(0, IN_PARTS),
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """One loan of the portfolio. `installment` is a month's payment, `owed` is what is left."""

    loan_id: int
    bank_id: int
    number: str
    name: str
    disbursed_on: dt.date
    installment: int
    owed: int


def two_people(session: Session) -> tuple[int, int]:
    """The ids of two users who can enter and approve; no password fits them."""
    for number, role in ((1, "office_staff"), (2, "approver")):
        session.execute(
            insert(User).values(
                username=f"bulk{number}",
                name=f"Bulk {number}",
                role=role,
                password_hash="!",
                created_at=MADE_AT,
            )
        )
    found = session.scalars(select(User.id).where(User.username.like("bulk%")).order_by(User.id))
    entered_by, approved_by = found
    return entered_by, approved_by


def large_portfolio(
    session: Session,
    loans: int,
    people: tuple[int, int],
    *,
    payments: bool = True,
    seed: int = 20261124,
    banks: Sequence[int] = BANKS,
    first: int = 1,
    payers: Sequence[Payer] = FALTERING,
) -> list[Account]:
    """`loans` loans of 24 months, spread over the banks, paid by seeded dice as the `payers` do.

    Disbursed over the three years before 21 November 2026: some are paid off, some in arrears, some
    never paid. Ten to fifteen payments a loan. Accounts and borrowers are numbered from `first` on.
    """
    dice = random.Random(seed)
    author = Author(people[0], people[1], MADE_AT)
    accounts: list[Account] = []
    end = first + loans
    for start in range(first, end, BATCH):
        numbers = range(start, min(start + BATCH, end))
        some = _some_loans(session, numbers, author, dice, banks)
        accounts += _pay(session, some, author, dice, payers) if payments else some
    return accounts


def _some_loans(
    session: Session, numbers: range, author: Author, dice: random.Random, banks: Sequence[int]
) -> list[Account]:
    people = [_borrower(number) for number in numbers]
    borrowers = add_borrowers(session, people, author.entered_by, author.now).ids
    new = [
        NewLoan(
            bank_id=banks[number % len(banks)],
            borrower_id=borrower,
            account_number=f"30{number:010d}",
            agreement_number=f"{number}/PK-KW",
            terms=Terms(
                principal=dice.randrange(1_000_000, 50_000_000, 125_000),
                rate=300,
                months=MONTHS,
                method=dice.choice(tuple(Method)),
                disbursed_on=LAST_DAY - dt.timedelta(days=dice.randrange(1, 1095)),
            ),
        )
        for number, borrower in zip(numbers, borrowers, strict=True)
    ]
    ids = open_loans(session, new, author)
    found = session.execute(
        select(Schedule.loan_id, Schedule.total).where(Schedule.loan_id.between(ids[0], ids[-1]))
    )
    totals = dict(found.all())
    return [
        Account(
            loan_id,
            each.bank_id,
            each.account_number,
            person.name,
            each.terms.disbursed_on,
            -(-totals[loan_id] // MONTHS),
            totals[loan_id],
        )
        for loan_id, each, person in zip(ids, new, people, strict=True)
    ]


def _borrower(number: int) -> NewBorrower:
    serial, day = number % 10_000, number // 10_000
    return NewBorrower(
        kind=BorrowerKind.MICRO,
        name=f"Siti Rahayu {number}",
        nik=f"337401{41 + day % 28:02d}04{60 + day // 28:02d}{serial:04d}",
        sex="P",
        birth_date=dt.date(1985, 4, 8),
        kelurahan_code="33.74.01.1001",
        business_name=f"Warung {number}",
        sector="Kuliner",
        business_started_on=dt.date(2018, 1, 1),
    )


def _pay(
    session: Session,
    accounts: Sequence[Account],
    author: Author,
    dice: random.Random,
    payers: Sequence[Payer],
) -> list[Account]:
    """Monthly payments up to the last day, some short, some missing; never more than is owed."""
    booked = stored_date(session, author.booked_on)
    moment = stored_moment(session, author.now)
    days = [stored_date(session, LAST_DAY - dt.timedelta(days=day)) for day in range(1100)]
    rows, moved = [], Moved()
    after = []
    for account in accounts:
        age = (LAST_DAY - account.disbursed_on).days
        payer = dice.choice(payers)
        sequence, owed = 1, account.owed
        for month in range(1, min(age // 30, MONTHS) + 1):
            if dice.randrange(10) >= payer.months or not owed:
                continue
            sequence += 1
            amount = min(owed, account.installment * dice.choice(payer.tenths) // 10)
            owed -= amount
            day = LAST_DAY - dt.timedelta(days=age - month * 30)
            moved.add(account.bank_id, day, "repayment", amount, amount)
            rows.append(
                (account.loan_id, sequence, account.bank_id, "repayment", amount, 0, amount,
                 days[age - month * 30], booked, moment, author.entered_by, author.approved_by,
                 f"B{account.loan_id}-{sequence}", None, None, None, None, None, None, None, None,
                 "")
            )  # fmt: skip
        after.append(replace(account, owed=owed))
    bulk_insert(session, "ledger_entries", ENTRY_COLUMNS, rows)
    count_money(session, moved)
    first = min(account.disbursed_on for account in accounts)
    stand_anew(session, [account.loan_id for account in accounts], first)
    return after


def repayments_csv(n_rows: int, accounts: Sequence[Account], *, seed: int = 1) -> bytes:
    """A clean file of a bank: `n_rows` payments, account after account, each with a reference.

    A row is about a twentieth of an installment, so that many rows an account still find room.
    """
    dice = random.Random(seed)
    lines = [
        "Nomor Rekening;Nama Debitur;Tanggal Bayar;Jumlah Bayar;Pokok;Bunga;Denda;"
        "Baki Debet;Kolektibilitas;Nomor Bukti"
    ]
    total = 0
    for index in range(n_rows):
        account = accounts[index % len(accounts)]
        interest = dice.randrange(500, 3_000)
        amount = account.installment // 20 + interest
        total += amount
        lines.append(
            f"{account.number};{account.name};{dice.randrange(20, 25)}-11-2026;"
            f"{_dotted(amount)};{_dotted(amount - interest)};{_dotted(interest)};0;"
            f"{_dotted(dice.randrange(100_000, 40_000_000))};{dice.randrange(1, 4)};"
            f"TRX{seed:02d}{index:08d}"
        )
    lines.append(f";TOTAL;;{_dotted(total)};;;;;;")
    return ("\r\n".join(lines) + "\r\n").encode()


def as_workbook(content: bytes) -> bytes:
    """The same table as a workbook: amounts, classes and days are typed cells, accounts are text.

    In: a file of `repayments_csv`.
    """
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"constant_memory": True, "in_memory": True})
    day, sheet = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_worksheet()
    for at, line in enumerate(content.decode().splitlines()):
        for column, cell in enumerate(line.split(";")):
            number = cell.replace(".", "")
            if at and column == 2 and cell:
                date = dt.date(*map(int, reversed(cell.split("-"))))
                sheet.write_datetime(at, column, date, day)
            elif at and 3 <= column <= 8 and number.isdigit():
                sheet.write_number(at, column, int(number))
            elif cell:
                sheet.write_string(at, column, cell)
    book.close()
    return made.getvalue()


def _dotted(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")
