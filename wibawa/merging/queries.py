from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access import once
from wibawa.access.models import User
from wibawa.applications.models import Application
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower, BorrowerDistinct
from wibawa.borrowers.queries import borrower_facts, editable_facts
from wibawa.disbursements.models import Disbursement
from wibawa.disbursements.queries import running_loans
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.merging.checks import (
    HeldApplication,
    HeldDisbursement,
    HeldLoan,
    Payments,
    Side,
    stands_against,
)
from wibawa.merging.models import BorrowerMerge, BorrowerMove
from wibawa.rules.eligibility import Verdict
from wibawa.rules.refused import Problem
from wibawa.rules.statuses import State
from wibawa.web.pages import Page, Wanted

# What carries a borrower and goes along when records become one.
MOVED: dict[str, Any] = {
    "loan": Loan,
    "application": Application,
    "disbursement": Disbursement,
}
STATUSES = {"menunggu": "recorded", "disetujui": "approved", "ditolak": "refused"}
STATUS_WORDS = {
    "recorded": ("Menunggu persetujuan", "waiting"),
    "approved": ("Disetujui", "success"),
    "refused": ("Ditolak", "danger"),
}
MONEY_IN = ("opening", "repayment", "settlement", "recovery")
entered, decided = aliased(User, name="entered"), aliased(User, name="decided")
kept, gone = aliased(Borrower, name="kept"), aliased(Borrower, name="gone")


@dataclass(frozen=True)
class MergeFacts:
    """One request with all that its page shows; the two records apart."""

    id: int
    kind: str
    status: str
    kept_id: int
    gone_id: int
    kept: str
    gone: str
    undoes_id: int | None
    chosen: frozenset[str]
    same_person: bool
    reason: str
    entered_by_id: int
    entered_by: str
    entered_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_reason: str

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]

    @property
    def is_split(self) -> bool:
        return self.kind == "split"


@dataclass(frozen=True)
class MovedObject:
    """What a request put under another record."""

    kind: str
    id: int
    number: str
    from_id: int
    to_id: int


@dataclass(frozen=True)
class Pair:
    """Two records beside each other, and what stands against making them one."""

    kept: Side
    gone: Side
    verdict: Verdict

    @property
    def shown(self) -> str:
        """What a person was shown of both, in 64 characters."""
        parts = [("kept", repr(self.kept)), ("gone", repr(self.gone))]
        return once.body_hash([*parts, ("said", repr(self.verdict))]).hex()


def pair(
    session: Session, kept_id: int, gone_id: int, today: dt.date, apart_from: int | None = None
) -> Pair | None:
    """Both records with all that hangs on them; None when one is not there or was merged already.

    `apart_from` is the request itself when it is stored already.
    """
    ids = [kept_id, gone_id]
    alive = select(func.count()).where(Borrower.id.in_(ids), Borrower.merged_into_id.is_(None))
    if kept_id == gone_id or session.scalar(alive) != 2:
        return None
    one, other = sides(session, ids, today)
    known = {"first_id": min(ids), "second_id": max(ids)}
    verdict = stands_against(
        one, other, session.get(BorrowerDistinct, tuple(known.values())) is not None
    )
    waiting = _waiting(session, ids, apart_from)
    return Pair(one, other, replace(verdict, blocks=(*verdict.blocks, *waiting)))


def sides(session: Session, ids: list[int], today: dt.date) -> list[Side]:
    """These records as they are, whether merged or not, in this order."""
    loans, applications = _loans(session, ids), _applications(session, ids)
    disbursements, payments = _disbursements(session, ids), _payments(session, ids)
    running = running_loans(session, ids, today)
    found = []
    for number in ids:
        facts, values = (
            borrower_facts(session, number, follow=False),
            editable_facts(session, number),
        )
        assert facts is not None
        assert values is not None
        found.append(
            Side(
                facts,
                values,
                tuple(loans[number]),
                tuple(applications[number]),
                tuple(disbursements[number]),
                tuple(loan for holder, loan in running if holder == number),
                payments.get(number, Payments()),
            )
        )
    return found


def _loans(session: Session, ids: list[int]) -> dict[int, list[HeldLoan]]:
    rows = session.execute(
        select(Loan.borrower_id, Loan.id, Loan.number, Bank.name, Loan.disbursed_on, Loan.principal)
        .join(Bank, Bank.id == Loan.bank_id)
        .where(Loan.borrower_id.in_(ids))
        .order_by(Loan.id)
    )
    found = defaultdict(list)
    for row in rows:
        found[row[0]].append(HeldLoan(*row[1:]))
    return found


def _applications(session: Session, ids: list[int]) -> dict[int, list[HeldApplication]]:
    rows = session.execute(
        select(
            Application.borrower_id,
            Application.id,
            Application.number,
            Bank.name,
            Application.amount,
            Application.state,
        )
        .join(Bank, Bank.id == Application.bank_id)
        .where(Application.borrower_id.in_(ids))
        .order_by(Application.id)
    )
    found = defaultdict(list)
    for row in rows:
        found[row[0]].append(HeldApplication(*row[1:5], State(row[5])))
    return found


def _disbursements(session: Session, ids: list[int]) -> dict[int, list[HeldDisbursement]]:
    rows = session.execute(
        select(
            Disbursement.borrower_id,
            Disbursement.id,
            Bank.name,
            Disbursement.principal,
            Disbursement.status,
        )
        .join(Bank, Bank.id == Disbursement.bank_id)
        .where(Disbursement.borrower_id.in_(ids))
        .order_by(Disbursement.id)
    )
    found = defaultdict(list)
    for row in rows:
        found[row[0]].append(HeldDisbursement(*row[1:]))
    return found


def _payments(session: Session, ids: list[int]) -> dict[int, Payments]:
    money = case((LedgerEntry.kind.in_(MONEY_IN), 1), else_=0)
    rows: Any = session.execute(
        select(
            Loan.borrower_id,
            func.sum(money) - func.sum(case((LedgerEntry.applied < 0, 1), else_=0)),
            func.sum(LedgerEntry.applied),
            func.max(case((LedgerEntry.kind.in_(MONEY_IN), LedgerEntry.effective_on))),
        )
        .join(LedgerEntry, LedgerEntry.loan_id == Loan.id)
        .where(Loan.borrower_id.in_(ids))
        .group_by(Loan.borrower_id)
    )
    return {row[0]: Payments(int(row[1]), int(row[2]), row[3]) for row in rows}


def _waiting(session: Session, ids: list[int], apart_from: int | None) -> list[Problem]:
    """The obstacle that another request about one of the two waits for its decision."""
    query = select(BorrowerMerge.id).where(
        BorrowerMerge.status == "recorded",
        or_(BorrowerMerge.kept_id.in_(ids), BorrowerMerge.gone_id.in_(ids)),
        BorrowerMerge.id != (apart_from or 0),
    )
    number = session.scalar(query.order_by(BorrowerMerge.id).limit(1))
    if number is None:
        return []
    sentence = (
        f"Permintaan nomor {number} tentang salah satu catatan ini masih menunggu keputusan; "
        "diperlukan keputusan atasnya lebih dahulu."
    )
    return [Problem(0, "borrower", "merge_waiting", str(number), sentence)]


def _facts() -> Any:
    return (
        select(
            BorrowerMerge.id,
            BorrowerMerge.kind,
            BorrowerMerge.status,
            BorrowerMerge.kept_id,
            BorrowerMerge.gone_id,
            kept.name,
            gone.name,
            BorrowerMerge.undoes_id,
            BorrowerMerge.chosen,
            BorrowerMerge.same_person,
            BorrowerMerge.reason,
            BorrowerMerge.entered_by,
            entered.name,
            BorrowerMerge.entered_at,
            decided.name,
            BorrowerMerge.decided_at,
            BorrowerMerge.decision_reason,
        )
        .join(kept, kept.id == BorrowerMerge.kept_id)
        .join(gone, gone.id == BorrowerMerge.gone_id)
        .join(entered, entered.id == BorrowerMerge.entered_by)
        .outerjoin(decided, decided.id == BorrowerMerge.decided_by)
    )


def _read(row: Any) -> MergeFacts:
    facts = MergeFacts(*row)
    return replace(facts, chosen=frozenset(str(facts.chosen).split()))


def merge_facts(session: Session, merge_id: int) -> MergeFacts | None:
    row = session.execute(_facts().where(BorrowerMerge.id == merge_id)).first()
    return None if row is None else _read(row)


def merge_lines(session: Session, status: str, asked: Wanted) -> Page[MergeFacts]:
    """One page of all requests, those that wait first, then the newest: two queries."""
    conditions = [BorrowerMerge.status == STATUSES[status]] if status in STATUSES else []
    waiting_first = case((BorrowerMerge.status == "recorded", 0), else_=1)
    rows = session.execute(
        _facts()
        .where(*conditions)
        .order_by(waiting_first, BorrowerMerge.id.desc())
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    total = session.scalar(select(func.count()).select_from(BorrowerMerge).where(*conditions))
    return Page([_read(row) for row in rows], asked.page, asked.per_page, int(total or 0))


def merges_of(session: Session, borrower_id: int) -> list[MergeFacts]:
    """The requests about this record that wait or were carried out, oldest first."""
    query = _facts().where(
        or_(BorrowerMerge.kept_id == borrower_id, BorrowerMerge.gone_id == borrower_id),
        BorrowerMerge.status != "refused",
    )
    return [_read(row) for row in session.execute(query.order_by(BorrowerMerge.id))]


def moved_by(session: Session, merge_id: int) -> list[MovedObject]:
    """What a request put under another record, with the number that people know it by."""
    number = case(
        (BorrowerMove.object_kind == "loan", Loan.number),
        (BorrowerMove.object_kind == "application", Application.number),
        else_=Disbursement.account_number,
    )
    rows = session.execute(
        select(
            BorrowerMove.object_kind,
            BorrowerMove.object_id,
            number,
            BorrowerMove.from_id,
            BorrowerMove.to_id,
        )
        .outerjoin(Loan, (BorrowerMove.object_kind == "loan") & (Loan.id == BorrowerMove.object_id))
        .outerjoin(
            Application,
            (BorrowerMove.object_kind == "application")
            & (Application.id == BorrowerMove.object_id),
        )
        .outerjoin(
            Disbursement,
            (BorrowerMove.object_kind == "disbursement")
            & (Disbursement.id == BorrowerMove.object_id),
        )
        .where(BorrowerMove.merge_id == merge_id)
        .order_by(BorrowerMove.id)
    )
    return [MovedObject(*row) for row in rows]


def may_split(session: Session, facts: MergeFacts) -> Problem | None:
    """Why a merge cannot be taken apart now; None when it can."""
    if facts.is_split or facts.status != "approved":
        return _not_now("no_merge", "Yang dapat dipisahkan hanya penggabungan yang disetujui.")
    undone = select(BorrowerMerge.status).where(
        BorrowerMerge.undoes_id == facts.id, BorrowerMerge.status != "refused"
    )
    status = session.scalar(undone)
    if status == "approved":
        return _not_now("split_already", "Penggabungan ini sudah dipisahkan lagi.")
    if status == "recorded":
        return _not_now("split_waiting", "Permintaan memisahkannya sudah menunggu keputusan.")
    later = exists().where(Borrower.id == facts.kept_id, Borrower.merged_into_id.is_not(None))
    if session.scalar(select(later)):
        return _not_now(
            "merged_further",
            f"Catatan {facts.kept} sendiri sudah digabung ke catatan lain; pisahkan yang itu lebih "
            "dahulu.",
        )
    return None


def _not_now(code: str, sentence: str) -> Problem:
    return Problem(0, "borrower", code, "", sentence)


def fingerprint(session: Session, facts: MergeFacts, today: dt.date) -> str:
    """What an approver is shown of a request, in 64 characters; "" when it has lost its ground."""
    asked = replace(facts, status="", decided_by=None, decided_at=None, decision_reason="")
    parts = [("request", repr(replace(asked, chosen=frozenset()))), ("chosen", _sorted(asked))]
    if facts.is_split:
        both = sides(session, [facts.kept_id, facts.gone_id], today)
        return once.body_hash([*parts, ("sides", repr(both))]).hex()
    found = pair(session, facts.kept_id, facts.gone_id, today, facts.id)
    return "" if found is None else once.body_hash([*parts, ("pair", found.shown)]).hex()


def _sorted(facts: MergeFacts) -> str:
    return " ".join(sorted(facts.chosen))
