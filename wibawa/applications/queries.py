from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access import once
from wibawa.access.models import User
from wibawa.access.personal_data import index_of
from wibawa.applications.checks import OtherApplication, Wish, applicant_of, judge, other_name
from wibawa.applications.models import Application, ApplicationMove, SiteVisit
from wibawa.applications.moves import sent_at
from wibawa.banks.models import Bank, LoanTerms
from wibawa.banks.queries import terms_on
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import BorrowerFacts, BorrowerLine, borrower_facts, registered
from wibawa.rules.eligibility import Known, RunningLoan, Verdict, WaitingDisbursement
from wibawa.rules.refused import Problem
from wibawa.rules.statuses import (
    ACTION_WORDS,
    AT_BANK,
    CLOSED,
    MOVES,
    OPEN,
    STATE_WORDS,
    Action,
    State,
)
from wibawa.scans.queries import Holder
from wibawa.web.clock import in_wib

TONES = {
    State.DRAFT: "neutral",
    State.SUBMITTED: "waiting",
    State.VISITED: "waiting",
    State.RECOMMENDED: "success",
    State.SENT: "info",
    State.APPROVED: "success",
    State.DISBURSED: "success",
    State.RETURNED: "warning",
    State.REFUSED_BY_OFFICE: "danger",
    State.REFUSED_BY_BANK: "danger",
    State.WITHDRAWN: "neutral",
}
MOVE_TONES = {
    Action.RECOMMEND: "success",
    Action.RETURN: "warning",
    Action.REFUSE: "danger",
    Action.WITHDRAW: "danger",
    Action.APPROVE: "success",
    Action.DECLINE: "danger",
    Action.DISBURSE: "success",
}
# What happened in the office before it sent the application is not the bank's to read.
SEEN_BY_BANK = frozenset(
    {
        Action.RECOMMEND,
        Action.SEND,
        Action.APPROVE,
        Action.DECLINE,
        Action.WITHDRAW,
        Action.DISBURSE,
    }
)
# The loans and waiting disbursements of some borrowers, each with the borrower's id. Loans stand
# above applications, so a page brings them along.
Elsewhere = Callable[[Session, list[int]], list[tuple[int, RunningLoan | WaitingDisbursement]]]
recorder = aliased(User, name="recorder")


@dataclass(frozen=True)
class ApplicationFacts:
    """One application with all that its page shows; borrower, moves and visits apart."""

    id: int
    number: str
    borrower_id: int
    bank_id: int
    bank: str
    method: str
    amount: int
    months: int
    purpose: str
    collateral: str
    terms_id: int
    terms_from: dt.date
    state: State
    state_since: dt.datetime
    version: int
    created_by: str
    created_at: dt.datetime
    approved_amount: int | None
    due_on: dt.date | None
    sent_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def state_word(self) -> tuple[str, str]:
        return STATE_WORDS[self.state], TONES[self.state]


@dataclass(frozen=True)
class MoveFacts:
    action: Action
    to: State
    by_id: int
    by: str
    at: dt.datetime
    reason: str


@dataclass(frozen=True)
class VisitFacts:
    number: int
    visitor: str
    visited_on: dt.date
    feasible: bool
    bankable: bool
    recommended_amount: int
    scores: tuple[tuple[str, int], ...]
    notes: str
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Standing:
    """Where an application stands: what decides who may see it and open its documents."""

    number: str
    bank_id: int
    state: State
    was_sent: bool
    holder: Holder

    def is_seen_by(self, bank_id: int | None) -> bool:
        """Whether a person of that bank may see it; None is anybody outside the banks."""
        shown = self.state in AT_BANK or (self.state is State.WITHDRAWN and self.was_sent)
        return bank_id is None or (bank_id == self.bank_id and shown)


@dataclass(frozen=True)
class Case:
    """An application with everything its page and its moves need."""

    facts: ApplicationFacts
    borrower: BorrowerFacts
    moves: list[MoveFacts]
    visits: list[VisitFacts]

    @property
    def wish(self) -> Wish:
        """The application as stored, to be examined again."""
        return Wish(
            applicant_of(self.borrower),
            self.facts.bank_id,
            self.facts.amount,
            self.facts.months,
            self.facts.purpose,
            self.facts.collateral,
            registered_id=self.facts.borrower_id,
        )

    @property
    def why(self) -> MoveFacts | None:
        """The move that returned, refused or withdrew it, when that is where it stands."""
        last = [each for each in self.moves if each.action is not Action.REVISE][-1:]
        return next((each for each in last if MOVES[each.action].needs_reason), None)

    @property
    def standing(self) -> Standing:
        facts, was_sent = self.facts, Action.SEND in self.authors
        holder = _holder(facts, self.borrower.kind)
        return Standing(facts.number, facts.bank_id, facts.state, was_sent, holder)

    def is_seen_by(self, bank_id: int | None) -> bool:
        """Whether a person of that bank may see it; None is anybody outside the banks."""
        return self.standing.is_seen_by(bank_id)

    def moves_for(self, bank_id: int | None) -> list[MoveFacts]:
        """The history as that person may read it."""
        return [each for each in self.moves if bank_id is None or each.action in SEEN_BY_BANK]

    @property
    def is_feasible(self) -> bool:
        """Whether the last visit found that the business can be financed."""
        return bool(self.visits) and self.visits[0].feasible

    @property
    def authors(self) -> dict[Action, set[int]]:
        """Who made which moves, as the table of moves asks."""
        found: dict[Action, set[int]] = {}
        for each in self.moves:
            found.setdefault(each.action, set()).add(each.by_id)
        return found

    @property
    def shown(self) -> str:
        """What a person was shown, in 64 characters: deciding on something else is refused."""
        parts = [
            ("application", repr(self.facts)),
            ("borrower", repr(self.borrower)),
            ("visits", repr(self.visits)),
        ]
        return once.body_hash(parts).hex()


def standings(
    session: Session, *, application_id: int | None = None, borrower_id: int | None = None
) -> list[Standing]:
    """Where one application stands, or those of a borrower, the newest first."""
    column = Application.borrower_id if application_id is None else Application.id
    moves, sent = ApplicationMove.application_id, ApplicationMove.action == Action.SEND
    found = session.execute(
        select(Application, Borrower.kind, exists().where(moves == Application.id, sent))
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(column == (application_id or borrower_id))
        .order_by(Application.id.desc())
    )
    return [
        Standing(row.number, row.bank_id, State(row.state), was_sent, _holder(row, kind))
        for row, kind, was_sent in found
    ]


def _holder(of: Application | ApplicationFacts, kind: str) -> Holder:
    ended = of.state_since if of.state in CLOSED else None
    return Holder(of.borrower_id, kind, of.id, of.amount, ended)


def case(session: Session, application_id: int) -> Case | None:
    facts = application_facts(session, application_id)
    borrower = borrower_facts(session, facts.borrower_id) if facts else None
    if facts is None or borrower is None:
        return None
    return Case(
        facts, borrower, moves_of(session, application_id), visits_of(session, application_id)
    )


def application_facts(session: Session, application_id: int) -> ApplicationFacts | None:
    row: Any = session.execute(
        select(
            Application.id,
            Application.number,
            Application.borrower_id,
            Application.bank_id,
            Bank.name,
            Bank.method,
            Application.amount,
            Application.months,
            Application.purpose,
            Application.collateral,
            Application.terms_id,
            LoanTerms.valid_from,
            Application.state,
            Application.state_since,
            Application.version,
            recorder.name,
            Application.created_at,
            Application.approved_amount,
            Application.due_on,
            sent_at(),
        )
        .join(Bank, Bank.id == Application.bank_id)
        .join(LoanTerms, LoanTerms.id == Application.terms_id)
        .join(recorder, recorder.id == Application.created_by)
        .where(Application.id == application_id)
    ).first()
    if row is None:
        return None
    facts = ApplicationFacts(*row)
    return replace(facts, state=State(facts.state))


def moves_of(session: Session, application_id: int) -> list[MoveFacts]:
    """Every move so far, the first one first."""
    found = session.execute(
        select(
            ApplicationMove.action,
            ApplicationMove.to_state,
            ApplicationMove.user_id,
            User.name,
            ApplicationMove.at,
            ApplicationMove.reason,
        )
        .join(User, User.id == ApplicationMove.user_id)
        .where(ApplicationMove.application_id == application_id)
        .order_by(ApplicationMove.sequence)
    )
    return [MoveFacts(Action(row[0]), State(row[1]), *row[2:]) for row in found]


def events_of(moves: list[MoveFacts]) -> list[dict[str, Any]]:
    """The moves as a history, the newest first."""
    return [
        {
            "title": ACTION_WORDS[each.action].capitalize(),
            "who": each.by,
            "when": each.at,
            "tone": MOVE_TONES.get(each.action, "info"),
            "detail": f"Alasan: {each.reason}" if MOVES[each.action].needs_reason else each.reason,
        }
        for each in reversed(moves)
    ]


def visits_of(session: Session, application_id: int) -> list[VisitFacts]:
    """Every site visit, the newest first."""
    found = session.execute(
        select(SiteVisit, User.name)
        .join(User, User.id == SiteVisit.visitor_id)
        .where(SiteVisit.application_id == application_id)
        .order_by(SiteVisit.number.desc())
    )
    return [_visit(row, name) for row, name in found]


def _visit(row: SiteVisit, visitor: str) -> VisitFacts:
    return VisitFacts(
        row.number,
        visitor,
        row.visited_on,
        row.feasible,
        row.bankable,
        row.recommended_amount,
        (
            ("Usaha", row.score_business),
            ("Karakter", row.score_character),
            ("Kemampuan bayar", row.score_capacity),
            ("Pasar", row.score_market),
        ),
        row.notes,
        row.recorded_at,
    )


def same_borrower(session: Session, wish: Wish) -> BorrowerLine | None:
    """A stored borrower with the key that was typed as a new one."""
    if wish.registered_id is not None or not wish.applicant.nik:
        return None
    return registered(session, wish.applicant.kind, wish.applicant.nik, wish.cooperative_number)


def examine(
    session: Session,
    wish: Wish,
    today: dt.date,
    elsewhere: Elsewhere,
    apart_from: int | None = None,
) -> Verdict:
    """All obstacles and warnings for an application, as stored and as typed, under today's terms.

    `apart_from` is the application itself when it is stored already. The facts of a registered
    borrower count, not what was typed again.
    """
    same = same_borrower(session, wish)
    strangers: tuple[Problem, ...] = ()
    if same is not None:
        stored = borrower_facts(session, same.id)
        assert stored is not None
        strangers = other_name(wish, same)
        wish = replace(wish, applicant=applicant_of(stored))
    borrower_id = wish.registered_id or (same.id if same else None)
    ids = _with_same_nik(session, wish, borrower_id)
    others = _open_applications(session, ids, borrower_id, apart_from)
    known = _known(elsewhere(session, ids), borrower_id)
    verdict = judge(wish, terms_on(session, today), known, others, today)
    return Verdict(strangers + verdict.blocks, verdict.warnings)


def _with_same_nik(session: Session, wish: Wish, borrower_id: int | None) -> list[int]:
    """The borrower, and those with the same person behind them."""
    conditions = [Borrower.id == borrower_id] if borrower_id is not None else []
    if wish.applicant.nik:
        conditions.append(Borrower.nik_index == index_of(wish.applicant.nik))
    return list(session.scalars(select(Borrower.id).where(or_(*conditions)))) if conditions else []


def _known(
    found: list[tuple[int, RunningLoan | WaitingDisbursement]], borrower_id: int | None
) -> Known:
    running: list[RunningLoan] = []
    waiting: list[WaitingDisbursement] = []
    for holder, each in found:
        own = holder == borrower_id
        if isinstance(each, RunningLoan):
            running.append(replace(each, own=own))
        else:
            waiting.append(replace(each, own=own))
    return Known(tuple(running), tuple(waiting))


def _open_applications(
    session: Session, ids: list[int], borrower_id: int | None, apart_from: int | None
) -> tuple[OtherApplication, ...]:
    if not ids:
        return ()
    found = session.execute(
        select(
            Application.borrower_id,
            Application.number,
            Bank.name,
            Borrower.name,
            Application.state,
            Application.state_since,
        )
        .join(Bank, Bank.id == Application.bank_id)
        .join(Borrower, Borrower.id == Application.borrower_id)
        .where(
            Application.borrower_id.in_(ids),
            Application.state.in_(OPEN),
            Application.id != (apart_from or 0),
        )
        .order_by(Application.id)
    )
    return tuple(
        OtherApplication(
            row[1],
            row[2],
            row[3],
            State(row[4]),
            in_wib(row[5]).date(),
            own=row[0] == borrower_id,
        )
        for row in found
    )


def open_by_borrower(session: Session, ids: list[int]) -> dict[int, tuple[int, str]]:
    """The open application (id, number) of each of some borrowers that has one."""
    found = session.execute(
        select(Application.borrower_id, Application.id, Application.number).where(
            Application.borrower_id.in_(ids), Application.state.in_(OPEN)
        )
    )
    return {row[0]: (row[1], row[2]) for row in found}
