"""Small believable things for tests, made through the program's own actions."""

from __future__ import annotations

import contextvars
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from wibawa.access.permissions import Role
from wibawa.access.users import add_user
from wibawa.applications import actions as applying
from wibawa.applications.checks import Wish, applicant_of
from wibawa.applications.moves import Author as Mover
from wibawa.applications.queries import case
from wibawa.arrears.actions import record_contact
from wibawa.arrears.checks import NewContact
from wibawa.arrears.reminders.actions import issue_reminders
from wibawa.arrears.reminders.queries import due_lines
from wibawa.banks.models import Bank, DirectPermit
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.queries import borrower_facts
from wibawa.database import db, writing
from wibawa.decisions.actions import approve as bank_approves
from wibawa.disbursements import actions as disbursing
from wibawa.disbursements.checks import Draft
from wibawa.disbursements.queries import disbursement_facts, fingerprint
from wibawa.indicators.locks import actions as locking
from wibawa.loans.chain.actions import append
from wibawa.loans.chain.lines import DISBURSEMENT, REQUEST, UPLOAD
from wibawa.loans.journal import Author, NewEntry, NewLoan, add_entries, open_loans
from wibawa.loans.models import LedgerEntry, Loan, LoanRequest, SuspenseEntry
from wibawa.loans.standings.actions import Moved, count_money, stand_anew
from wibawa.proposals.actions import send as send_proposal
from wibawa.reconciliation import actions as reconciling
from wibawa.reconciliation.queries import reconciliation_of
from wibawa.rules.facts import BorrowerKind, EntryKind, Method, Terms
from wibawa.rules.reconciliation import Month
from wibawa.rules.statuses import Action, State
from wibawa.scans.actions import Keeper, keep_scan
from wibawa.scans.queries import Owner, kinds_on
from wibawa.scans.reader import JPEG, Scan
from wibawa.uploads.models import Upload
from wibawa.web.clock import now, today

Made = TypeVar("Made")
Client = FlaskClient
PASSWORD = "kata-sandi-uji"
JATENG, PASAR = 1, 2
PEOPLE = {
    "staff": (Role.OFFICE_STAFF, None),
    "staff2": (Role.OFFICE_STAFF, None),
    "approver": (Role.APPROVER, None),
    "jateng": (Role.BANK_OFFICER, JATENG),
    "pasar": (Role.BANK_OFFICER, PASAR),
    "leader": (Role.LEADER, None),
    "auditor": (Role.AUDITOR, None),
    "admin": (Role.ADMINISTRATOR, None),
}


def people(session: Session) -> dict[str, int]:
    """One user of each role, all with the same password; name → id."""
    return {
        name: add_user(
            session,
            username=name,
            name=name.capitalize(),
            role=role,
            password=PASSWORD,
            bank_id=bank,
            now=now(),
        ).id
        for name, (role, bank) in PEOPLE.items()
    }


def borrower(session: Session, by: int, number: int = 1, name: str = "Siti Aminah") -> int:
    """A woman born on 8 April 1985 with a bakery in Pekunden; `number` makes another one."""
    return add_borrowers(
        session,
        [
            NewBorrower(
                kind=BorrowerKind.MICRO,
                name=name,
                nik=f"337401480485{number:04d}",
                sex="P",
                birth_date=dt.date(1985, 4, 8),
                kelurahan_code="33.74.01.1001",
                business_name="Roti Siti",
                sector="Kuliner",
                business_started_on=dt.date(2018, 1, 1),
                address="Jl. Pekunden No. 1",
                phone="081234567890",
            )
        ],
        by,
        now(),
    ).ids[0]


def loan(
    session: Session,
    by: int,
    approved_by: int,
    *,
    number: int = 1,
    bank_id: int = PASAR,
    principal: int = 5_000_000,
    method: Method = Method.FLAT,
    disbursed_on: dt.date = dt.date(2026, 1, 31),
    account: str | None = None,
    name: str = "Siti Aminah",
    opened_on: dt.date | None = None,
    opening: int = 0,
    linked: bool = True,
) -> int:
    """A running loan of a borrower of its own; with `opened_on` of an opening portfolio. Its id.

    Not yet `linked`, its money may follow with `payment` and `link_loan` covers both."""
    loan_id = open_loans(
        session,
        [
            NewLoan(
                bank_id=bank_id,
                borrower_id=borrower(session, by, number, name),
                account_number=account or f"0{bank_id}{number:011d}",
                agreement_number=f"PK/{number:04d}",
                terms=Terms(principal, 300, 24, method, disbursed_on),
                opened_on=opened_on,
                opening=opening,
            )
        ],
        Author(by, approved_by, now()),
    )[0]
    if linked:
        link_loan(session, loan_id)
    return loan_id


def link_loan(session: Session, loan_id: int) -> None:
    """The chain of its bank covers a loan and what stands in its book now."""
    append(session, session.get_one(Loan, loan_id).bank_id, DISBURSEMENT, loan_id, now())


VISIT = applying.NewVisit(
    dt.date(2026, 11, 24), True, True, 4_500_000, 3, 4, 3, 2, "Toko ramai, pembukuan lengkap."
)


def application(
    session: Session,
    people: dict[str, int],
    *,
    to: State = State.SENT,
    bank_id: int = PASAR,
    number: int = 1,
    amount: int = 5_000_000,
    months: int = 24,
    collateral: str = "",
    name: str = "Siti Aminah",
    borrower_id: int | None = None,
    approved: int | None = None,
) -> int:
    """An application of a borrower of its own, moved as far as `to`; its id.

    Staff records, submits, visits and sends it; the approver recommends it; the bank's officer
    approves the `approved` amount, or all; staff records that it was paid out, the approver agrees.
    """
    clerk = Mover(people["staff"], Role.OFFICE_STAFF, now())
    borrower_id = borrower_id or borrower(session, clerk.id, 500 + number, name)
    facts = borrower_facts(session, borrower_id)
    assert facts is not None
    wish = Wish(applicant_of(facts), bank_id, amount, months, "Membeli oven", collateral,
                registered_id=borrower_id)  # fmt: skip
    made = applying.record(session, wish, None, clerk, lambda *_: [], submitted=to != State.DRAFT)
    if to != State.DRAFT:
        forward(session, people, made, State.SENT if to in BANK_SAID_YES else to)
    if to in BANK_SAID_YES:
        approve_application(session, people, made, approved or amount)
    if to is State.DISBURSED:
        pay_out(session, people, made)
    return made


BANK_SAID_YES = {State.APPROVED, State.DISBURSED}


def approve_application(
    session: Session, people: dict[str, int], application_id: int, amount: int
) -> None:
    """The bank of a sent application approves `amount`."""
    found = case(session, application_id)
    assert found is not None
    bank_id = found.facts.bank_id
    officer = Mover(people["jateng" if bank_id == JATENG else "pasar"], Role.BANK_OFFICER, now())
    bank_approves(session, application_id, bank_id=bank_id, shown=found.shown, author=officer,
                  amount=amount, note="")  # fmt: skip


def payment_draft(session: Session, application_id: int, **changes: Any) -> Draft:
    """What the clerk types for an approved application: all of it, today, an account of its own."""
    found = case(session, application_id)
    assert found is not None
    facts = found.facts
    return replace(
        Draft(
            applicant_of(found.borrower), facts.bank_id, f"07{application_id:09d}",
            f"PK/{application_id:04d}/2026", today(), facts.approved_amount, facts.collateral,
            registered_id=facts.borrower_id, application_id=application_id,
        ),
        **changes,
    )  # fmt: skip


def recorded_payment(
    session: Session, people: dict[str, int], application_id: int, **changes: Any
) -> int:
    """A disbursement of an approved application that waits for the approver; its id."""
    draft = payment_draft(session, application_id, **changes)
    return disbursing.record(session, draft, None, people["staff"], now())


def pay_out(session: Session, people: dict[str, int], application_id: int, **changes: Any) -> int:
    """An approved application paid out by two people; the loan's id."""
    number = recorded_payment(session, people, application_id, **changes)
    facts = disbursement_facts(session, number)
    assert facts is not None
    borrower = borrower_facts(session, facts.borrower_id)
    assert borrower is not None
    head = Mover(people["approver"], Role.APPROVER, now())
    return disbursing.approve(session, number, fingerprint(facts, borrower), head)


def allow_direct(session: Session, people: dict[str, int], *banks: int) -> None:
    """Let loans be recorded without an application, at the banks named or at both."""
    for bank_id in banks or (JATENG, PASAR):
        session.add(
            DirectPermit(
                bank_id=bank_id, valid_from=dt.date(2017, 1, 1), allowed=True,
                reason="Masa peralihan", entered_by=people["admin"], entered_at=now(),
            )
        )  # fmt: skip
    session.flush()


def forward(session: Session, people: dict[str, int], application_id: int, to: State) -> None:
    """Move an application that is submitted on to `to`, at most sent."""
    clerk = Mover(people["staff"], Role.OFFICE_STAFF, now())
    head = Mover(people["approver"], Role.APPROVER, now())
    road = [State.SUBMITTED, State.VISITED, State.RECOMMENDED, State.SENT]
    for state in road[1 : road.index(to) + 1]:
        found = case(session, application_id)
        assert found is not None
        seen: dict[str, Any] = {"shown": found.shown}
        if state is State.VISITED:
            applying.visit(session, application_id, **seen, author=clerk, seen=VISIT)
        elif state is State.RECOMMENDED:
            applying.recommend(
                session, application_id, **seen, author=head, elsewhere=lambda *_: []
            )
        else:
            found, sent = applying.to_move(
                session, application_id, Action.SEND, **seen, author=clerk
            )
            applying.advance(session, found.facts, Action.SEND, sent, clerk)


def proposal(
    session: Session, people: dict[str, int], *, bank_id: int = PASAR, number: int = 1
) -> int:
    """A batch of one application, sent to the bank by the staff; its id."""
    made = application(session, people, number=number, bank_id=bank_id, to=State.RECOMMENDED)
    found = case(session, made)
    assert found is not None
    clerk = Mover(people["staff"], Role.OFFICE_STAFF, now())
    bank = session.get_one(Bank, bank_id)
    return send_proposal(session, bank, {made: found.facts.version}, clerk)


def document(
    session: Session,
    by: int,
    code: str = "ktp",
    *,
    borrower_id: int | None = None,
    application_id: int | None = None,
    content: bytes = b"a picture",
) -> int:
    """A document of a micro-enterprise or of its application, kept by `by`; its id."""
    kind = next(each for each in kinds_on(session, "micro", today()) if each.code == code)
    owner = Owner(borrower_id=borrower_id, application_id=application_id)
    scan = Scan(JPEG, content, b"small " + content)
    return keep_scan(session, owner, kind, scan, Keeper(by, now(), 10_000_000))


def payment(
    session: Session,
    loan_id: int,
    amount: int,
    on: dt.date,
    by: int,
    approved_by: int,
    *,
    penalty: int = 0,
    asked: int | None = None,
    bank_outstanding: int | None = None,
    bank_collectibility: int | None = None,
) -> int:
    """Money that came in for a loan on `on`, recorded by hand by two people; its sequence.

    `asked` is its request; without one only a loan that is not linked yet takes it soundly."""
    bank_id, last = session.execute(
        select(LedgerEntry.bank_id, func.max(LedgerEntry.sequence))
        .where(LedgerEntry.loan_id == loan_id)
        .group_by(LedgerEntry.bank_id)
    ).one()
    session.add(
        LedgerEntry(
            loan_id=loan_id,
            sequence=last + 1,
            bank_id=bank_id,
            kind="repayment",
            amount=amount,
            penalty=penalty,
            applied=amount - penalty,
            effective_on=on,
            booked_on=today(),
            booked_at=now(),
            entered_by=by,
            approved_by=approved_by,
            bank_outstanding=bank_outstanding,
            bank_collectibility=bank_collectibility,
            request_id=asked,
        )
    )
    stand_anew(session, [loan_id], on)
    moved = Moved()
    moved.add(bank_id, on, "repayment", amount, amount - penalty)
    count_money(session, moved)
    return int(last) + 1


def request(
    session: Session,
    kind: str,
    by: int,
    approved_by: int,
    *,
    loan_id: int | None = None,
    suspense_id: int | None = None,
    bank_id: int = PASAR,
    result: str = "",
    valid_until: dt.date | None = None,
) -> int:
    """A request that a second person has approved; what it does is left to the test. Its id."""
    made = LoanRequest(
        kind=kind,
        status="approved",
        bank_id=bank_id,
        loan_id=loan_id,
        suspense_id=suspense_id,
        data="{}",
        reason="Salah catat",
        valid_until=valid_until,
        entered_by=by,
        entered_at=now(),
        shown="",
        decided_by=approved_by,
        decided_at=now(),
        result=result,
    )
    session.add(made)
    session.flush()
    return made.id


def linked(session: Session, asked: int) -> int:
    """The chain of the bank covers a request, and what the test wrote for it; its id."""
    append(session, session.get_one(LoanRequest, asked).bank_id, REQUEST, asked, now())
    return asked


def paid(
    session: Session, loan_id: int, amount: int, on: dt.date, by: int, approved_by: int
) -> int:
    """A `payment` with its request, covered by the chain; its sequence."""
    bank_id = session.get_one(Loan, loan_id).bank_id
    asked = request(session, "payment", by, approved_by, loan_id=loan_id, bank_id=bank_id)
    number = payment(session, loan_id, amount, on, by, approved_by, asked=asked)
    linked(session, asked)
    return number


def reversal(
    session: Session, loan_id: int, sequence: int, on: dt.date, by: int, approved_by: int
) -> int:
    """The entry that undoes entry `sequence` of a loan on `on`; its sequence."""
    entry = session.get_one(LedgerEntry, (loan_id, sequence))
    asked = request(session, "reversal", by, approved_by, loan_id=loan_id, bank_id=entry.bank_id)
    undo = NewEntry(
        loan_id,
        entry.bank_id,
        EntryKind.REVERSAL,
        entry.amount,
        on,
        applied=-entry.applied,
        reverses=sequence,
    )
    made = add_entries(session, [undo], Author(by, approved_by, now()), asked, "Salah catat")[0]
    linked(session, asked)
    return made


def write_off(
    session: Session, loan_id: int, amount: int, on: dt.date, by: int, approved_by: int
) -> int:
    """A loan taken out of the books for `amount` of principal; the entry's sequence."""
    bank_id = session.get_one(Loan, loan_id).bank_id
    asked = request(session, "write_off", by, approved_by, loan_id=loan_id, bank_id=bank_id)
    entry = NewEntry(loan_id, bank_id, EntryKind.WRITE_OFF, amount, on)
    made = add_entries(session, [entry], Author(by, approved_by, now()), asked, "Macet")[0]
    linked(session, asked)
    return made


def contact(
    session: Session,
    loan_id: int,
    bank_id: int,
    by: int,
    *,
    on: dt.date | None = None,
    amount: int | None = None,
    until: dt.date | None = None,
) -> int:
    """A call about a late loan: with `amount` a promise until a day, else not answered. Its id."""
    outcome = "absent" if amount is None else "promise"
    until = None if amount is None else until
    new = NewContact("call", on or today(), by, "Peminjam", outcome, amount, until, "")
    return record_contact(session, loan_id, bank_id, new, by, now())


def reminders(session: Session, by: int, *loans: int) -> int:
    """The reminder letters that are due today for these loans, issued together; the batch's id."""
    due = due_lines(session, today(), thresholds_on(session, today()), only=loans)
    chosen = {line.id: (line.grade, line.arrears) for line in due}
    return issue_reminders(session, chosen, by, now())


def suspense(
    session: Session,
    by: int,
    *,
    bank_id: int = PASAR,
    number: int = 1,
    amount: int = 250_000,
    on: dt.date = dt.date(2026, 10, 5),
    account: str = "0299999999999",
    name: str = "Tidak Dikenal",
) -> int:
    """Titipan from a posted file of its own: money on an account that nobody knows; its id."""
    upload = Upload(
        bank_id=bank_id,
        kind="repayments",
        status="posted",
        filename=f"angsuran_{number}.csv",
        size=1,
        sha256=f"{number:064d}",
        content=b"x",
        uploaded_by=by,
        uploaded_at=now(),
        posted_at=now(),
        row_count=1,
        total=amount,
        suspense_rows=1,
        suspense_total=amount,
        control_total=amount,
    )
    session.add(upload)
    session.flush()
    entry = SuspenseEntry(
        bank_id=bank_id,
        account_text=account,
        name=name,
        amount=amount,
        effective_on=on,
        booked_on=today(),
        booked_at=now(),
        reason="account_unknown",
        upload_id=upload.id,
        row_number=2,
        entered_by=by,
    )
    session.add(entry)
    append(session, bank_id, UPLOAD, upload.id, now())
    return entry.id


def close_month(session: Session, people: dict[str, int], bank_id: int, month: Month) -> int:
    """A bank's month proposed by the staff and closed by the approver as the books say; its id."""
    bank = session.get_one(Bank, bank_id)
    seen = reconciling.shown(reconciliation_of(session, bank, month))
    reconciling.propose(session, bank, month, seen, "", people["staff"], now())
    return reconciling.close(session, bank, month, seen, people["approver"], now())


def lock_year(session: Session, people: dict[str, int], year: int) -> None:
    """A year of the indicators that the staff asked to lock and the approver locked."""
    seen = locking.shown(locking.document_now(session, year)[0])
    locking.ask_to_lock(session, year, seen, "", people["staff"], now())
    locking.approve(session, year, seen, people["approver"], now())


def saved(app: Flask, make: Callable[[Session], Made]) -> Made:
    """What `make` puts into the books of `app`, committed."""
    with app.app_context(), writing():
        made = make(db.session())
        db.session.commit()
    return made


def two_banks(app: Flask, people: dict[str, int]) -> dict[str, int]:
    """Three loans of January 2026, seen on 24 November 2026; name → id.

    "jateng" never paid (class 5), "pasar" is up to date, "pasar_late" lacks October's installment.
    Each bank also has titipan: Rp250.000 at Bank Jateng, Rp400.000 at Bank Pasar.
    """
    by, second = people["staff"], people["approver"]

    def make(session: Session) -> dict[str, int]:
        made = {
            "jateng": loan(session, by, second, number=1, bank_id=JATENG, method=Method.ANNUITY),
            "pasar": loan(session, by, second, number=2, name="Joko Susilo", linked=False),
            "pasar_late": loan(session, by, second, number=3, name="Rahayu Lestari", linked=False),
        }
        payment(session, made["pasar"], 9 * 220_833, dt.date(2026, 10, 31), by, second)
        payment(session, made["pasar_late"], 8 * 220_833, dt.date(2026, 9, 30), by, second)
        link_loan(session, made["pasar"])
        link_loan(session, made["pasar_late"])
        suspense(session, by, bank_id=JATENG, number=1, account="0177777777777")
        suspense(session, by, bank_id=PASAR, number=2, account="0288888888888", amount=400_000)
        return made

    return saved(app, make)


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """The statements that reach the database inside the block. Where somebody has entered, but for
    those of an application's first page, which asks whether the database is fit."""
    if "somebody_entered" in app.extensions:
        contextvars.Context().run(lambda: app.test_client().get("/masuk"))
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
