from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.applications.models import Application, SiteVisit
from wibawa.applications.queries import TONES
from wibawa.banks.models import Bank, Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.letters.models import IssuedPaper
from wibawa.proposals.models import Proposal, ProposalLine
from wibawa.rules.statuses import STATE_WORDS, State
from wibawa.web.clock import in_wib
from wibawa.web.pages import Page, Wanted

SORTS = ("dikirim",)
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Candidate:
    """A recommended application with what the bank is told of it. Rupiah, months."""

    id: int
    version: int
    number: str
    kind: str
    name: str
    nik_tail: str
    cooperative_number: str | None
    chair_name: str
    business_name: str
    sector: str
    address: str
    kelurahan: str
    kecamatan: str
    phone: str
    amount: int
    recommended_amount: int
    months: int
    purpose: str
    collateral: str
    visited_on: dt.date
    feasible: bool
    bankable: bool
    since: dt.datetime

    @property
    def key(self) -> str:
        """The application as it was seen: `id-version`."""
        return f"{self.id}-{self.version}"

    def days(self, today: dt.date) -> int:
        """How long it has waited since its recommendation."""
        return (today - in_wib(self.since).date()).days


@dataclass(frozen=True)
class ProposalFacts:
    id: int
    bank_id: int
    bank: str
    paper_id: int
    number: str
    by: str
    at: dt.datetime
    count: int
    amount: int


@dataclass(frozen=True)
class SentLine:
    """One application of a batch and where it stands now."""

    position: int
    application_id: int
    number: str
    borrower: str
    business_name: str
    amount: int
    months: int
    approved_amount: int | None
    state: State
    since: dt.datetime

    @property
    def state_word(self) -> tuple[str, str]:
        state = State(self.state)
        return STATE_WORDS[state], TONES[state]


def candidates(
    session: Session, bank_id: int, only: Collection[int] | None = None
) -> list[Candidate]:
    """What waits to be sent to a bank, the longest first, at most as many as go into one batch."""
    last = (
        select(SiteVisit.application_id, func.max(SiteVisit.number).label("number"))
        .group_by(SiteVisit.application_id)
        .subquery("last_visit")
    )
    query = (
        select(
            Application.id,
            Application.version,
            Application.number,
            Borrower.kind,
            Borrower.name,
            Borrower.nik_tail,
            Borrower.cooperative_number,
            Borrower.chair_name,
            Borrower.business_name,
            Borrower.sector,
            Borrower.address,
            Kelurahan.name,
            Kecamatan.name,
            Borrower.phone,
            Application.amount,
            SiteVisit.recommended_amount,
            Application.months,
            Application.purpose,
            Application.collateral,
            SiteVisit.visited_on,
            SiteVisit.feasible,
            SiteVisit.bankable,
            Application.state_since,
        )
        .join(Borrower, Borrower.id == Application.borrower_id)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .join(last, last.c.application_id == Application.id)
        .join(
            SiteVisit,
            and_(
                SiteVisit.application_id == Application.id,
                SiteVisit.number == last.c.number,
            ),
        )
        .where(Application.state == State.RECOMMENDED, Application.bank_id == bank_id)
        .order_by(Application.state_since, Application.id)
        .limit(MOST_AT_ONCE)
    )
    if only is not None:
        query = query.where(Application.id.in_(only))
    found: Any = session.execute(query)
    return [Candidate(*row) for row in found]


def waiting_by_bank(session: Session) -> dict[int, tuple[int, int]]:
    """How many recommended applications wait for each bank, and the rupiah they ask for."""
    found = session.execute(
        select(Application.bank_id, func.count(), func.sum(Application.amount))
        .where(Application.state == State.RECOMMENDED)
        .group_by(Application.bank_id)
    )
    return {bank: (int(count), int(amount)) for bank, count, amount in found}


def _facts() -> Any:
    count = func.count(ProposalLine.position).label("count")
    amount = func.sum(Application.amount).label("amount")
    return (
        select(
            Proposal.id,
            Proposal.bank_id,
            Bank.name,
            Proposal.paper_id,
            IssuedPaper.number,
            User.name,
            Proposal.created_at,
            count,
            amount,
        )
        .join(Bank, Bank.id == Proposal.bank_id)
        .join(IssuedPaper, IssuedPaper.id == Proposal.paper_id)
        .join(User, User.id == Proposal.created_by)
        .join(ProposalLine, ProposalLine.proposal_id == Proposal.id)
        .join(Application, Application.id == ProposalLine.application_id)
        .group_by(Proposal.id, Bank.name, IssuedPaper.number, User.name)
    )


def _fact(row: Any) -> ProposalFacts:
    values: tuple[Any, ...] = (*row[:7], int(row[7]), int(row[8]))
    return ProposalFacts(*values)


def proposal_page(session: Session, bank_id: int | None, asked: Wanted) -> Page[ProposalFacts]:
    """One page of the batches, of one bank or of both: two queries."""
    mine, query = _of_bank(bank_id, asked)
    query = query.limit(asked.per_page).offset(asked.offset)
    rows = [_fact(row) for row in session.execute(query)]
    total = session.scalar(select(func.count()).select_from(Proposal).where(*mine))
    return Page(rows, asked.page, asked.per_page, int(total or 0))


def all_proposals(session: Session, bank_id: int | None, asked: Wanted) -> list[ProposalFacts]:
    """The whole list, in the order of its pages."""
    return [_fact(row) for row in session.execute(_of_bank(bank_id, asked)[1])]


def _of_bank(bank_id: int | None, asked: Wanted) -> tuple[list[Any], Any]:
    mine = [Proposal.bank_id == bank_id] if bank_id is not None else []
    order = Proposal.id.desc() if asked.descending else Proposal.id.asc()
    return mine, _facts().where(*mine).order_by(order)


def proposal_facts(session: Session, proposal_id: int) -> ProposalFacts | None:
    row = session.execute(_facts().where(Proposal.id == proposal_id)).first()
    return None if row is None else _fact(row)


def sent_lines(session: Session, proposal_id: int) -> list[SentLine]:
    """The applications of a batch as they stand now, in the order of the list that was sent."""
    found: Any = session.execute(
        select(
            ProposalLine.position,
            Application.id,
            Application.number,
            Borrower.name,
            Borrower.business_name,
            Application.amount,
            Application.months,
            Application.approved_amount,
            Application.state,
            Application.state_since,
        )
        .join(Application, Application.id == ProposalLine.application_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(ProposalLine.proposal_id == proposal_id)
        .order_by(ProposalLine.position)
    )
    return [SentLine(*row) for row in found]


def proposal_of(session: Session, application_id: int) -> tuple[int, str] | None:
    """The batch (id, number) with which an application was sent."""
    row = session.execute(
        select(Proposal.id, IssuedPaper.number)
        .join(ProposalLine, ProposalLine.proposal_id == Proposal.id)
        .join(IssuedPaper, IssuedPaper.id == Proposal.paper_id)
        .where(ProposalLine.application_id == application_id)
    ).first()
    return None if row is None else (int(row[0]), str(row[1]))
