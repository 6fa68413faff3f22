from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access import once
from wibawa.access.models import User
from wibawa.banks.models import Bank, CollectibilityRule, LoanTerms, TermsConfirmation
from wibawa.banks.queries import all_banks
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import Method, Terms
from wibawa.rules.schedule import schedule
from wibawa.rules.terms import EXAMPLE_PRINCIPAL, ProductTerms

proposer = aliased(User, name="proposer")
decider = aliased(User, name="decider")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A dated setting with its two persons; what came with the program has none."""

    id: int
    status: str
    valid_from: dt.date
    proposed_by_id: int | None
    proposed_by: str | None
    proposed_at: dt.datetime | None
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_reason: str

    def state(self, today: dt.date, in_force: Collection[int]) -> tuple[str, str]:
        """Where it stands today: word and tone."""
        if self.status == "proposed":
            return "Menunggu persetujuan", "waiting"
        if self.status == "refused":
            return "Ditolak", "danger"
        if self.id in in_force:
            return "Berlaku", "success"
        return ("Berlaku nanti", "info") if self.valid_from > today else ("Diganti", "neutral")


@dataclass(frozen=True, kw_only=True)
class TermsVersion(Version):
    product: ProductTerms
    proposed_basis: str
    confirmed_basis: str | None

    @property
    def confirmed(self) -> bool:
        return self.confirmed_basis is not None

    @property
    def basis(self) -> str:
        return self.confirmed_basis or self.proposed_basis


@dataclass(frozen=True, kw_only=True)
class LimitsVersion(Version):
    bank_kind: str
    limits: Thresholds


@dataclass(frozen=True)
class Confirmation:
    legal_basis: str
    by: str
    at: dt.datetime


@dataclass(frozen=True)
class Quoted:
    """What the example loan would cost under some terms."""

    months: int
    first: int
    last: int
    interest: int


@dataclass(frozen=True)
class Example:
    bank: str
    method: str
    before: Quoted
    after: Quoted


def _proposals(model: type[LoanTerms] | type[CollectibilityRule], *more: Any) -> Select[Any]:
    """Versions with the names of their two persons: what waits first, then the newest."""
    return (
        select(model, proposer.name, decider.name, *more)
        .outerjoin(proposer, proposer.id == model.proposed_by)
        .outerjoin(decider, decider.id == model.decided_by)
        .order_by(
            case((model.status == "proposed", 0), else_=1), model.valid_from.desc(), model.id.desc()
        )
    )


def _two_persons(row: LoanTerms | CollectibilityRule, by: str, decided_by: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "valid_from": row.valid_from,
        "proposed_by_id": row.proposed_by,
        "proposed_by": by,
        "proposed_at": row.proposed_at,
        "decided_by": decided_by,
        "decided_at": row.decided_at,
        "decision_reason": row.decision_reason,
    }


def _confirmed_basis() -> Any:
    """The legal basis of the latest confirmation of a version, as a column."""
    return (
        select(TermsConfirmation.legal_basis)
        .where(TermsConfirmation.terms_id == LoanTerms.id)
        .order_by(TermsConfirmation.id.desc())
        .limit(1)
        .correlate(LoanTerms)
        .scalar_subquery()
    )


def terms_versions(session: Session, only: int | None = None) -> list[TermsVersion]:
    """Every version of the loan terms, what waits first, then the newest: one query."""
    query = _proposals(LoanTerms, _confirmed_basis())
    if only is not None:
        query = query.where(LoanTerms.id == only)
    return [
        TermsVersion(
            **_two_persons(row, by, decided_by),
            product=row.product,
            proposed_basis=row.legal_basis,
            confirmed_basis=confirmed,
        )
        for row, by, decided_by, confirmed in session.execute(query)
    ]


def terms_version(session: Session, version_id: int) -> TermsVersion | None:
    return next(iter(terms_versions(session, version_id)), None)


def terms_before(session: Session, day: dt.date) -> LoanTerms | None:
    """The approved terms that a version beginning on `day` follows; None for the first."""
    return session.scalar(
        select(LoanTerms)
        .where(LoanTerms.status == "approved", LoanTerms.valid_from < day)
        .order_by(LoanTerms.valid_from.desc())
        .limit(1)
    )


def terms_after(session: Session, day: dt.date) -> dt.date | None:
    """The day on which the next approved version takes the place of one that began on `day`."""
    return session.scalar(
        select(func.min(LoanTerms.valid_from)).where(
            LoanTerms.status == "approved", LoanTerms.valid_from > day
        )
    )


def confirmations(session: Session, terms_id: int) -> list[Confirmation]:
    """Who confirmed the legal basis, oldest first."""
    found = session.execute(
        select(TermsConfirmation.legal_basis, User.name, TermsConfirmation.confirmed_at)
        .join(User, User.id == TermsConfirmation.confirmed_by)
        .where(TermsConfirmation.terms_id == terms_id)
        .order_by(TermsConfirmation.id)
    )
    return [Confirmation(*row) for row in found]


def limits_versions(session: Session, only: int | None = None) -> list[LimitsVersion]:
    """Every version of the limits of collectibility, what waits first: one query."""
    query = _proposals(CollectibilityRule)
    if only is not None:
        query = query.where(CollectibilityRule.id == only)
    return [
        LimitsVersion(
            **_two_persons(row, by, decided_by), bank_kind=row.bank_kind, limits=row.limits
        )
        for row, by, decided_by in session.execute(query)
    ]


def limits_version(session: Session, version_id: int) -> LimitsVersion | None:
    return next(iter(limits_versions(session, version_id)), None)


def limits_before(session: Session, kind: str, day: dt.date) -> CollectibilityRule | None:
    """The approved limits that a version beginning on `day` follows; None for the first."""
    return session.scalar(
        select(CollectibilityRule)
        .where(
            CollectibilityRule.status == "approved",
            CollectibilityRule.bank_kind == kind,
            CollectibilityRule.valid_from < day,
        )
        .order_by(CollectibilityRule.valid_from.desc())
        .limit(1)
    )


def fingerprint(version: Version, before_id: int | None) -> str:
    """What an approver was shown, in 64 characters: approving something else is refused."""
    return once.body_hash([("version", repr(version)), ("before", str(before_id))]).hex()


def examples(
    session: Session, before: ProductTerms, after: ProductTerms, day: dt.date
) -> list[Example]:
    """What the example loan would cost at each bank under both terms."""
    return [
        Example(bank.name, bank.method, _quoted(before, bank, day), _quoted(after, bank, day))
        for bank in all_banks(session)
    ]


def _quoted(product: ProductTerms, bank: Bank, day: dt.date) -> Quoted:
    method = Method(bank.method)
    terms = Terms(EXAMPLE_PRINCIPAL, product.rate, product.months, method, day, bank.multiple)
    rows = schedule(terms)
    interest = sum(row.interest for row in rows)
    return Quoted(product.months, rows[0].total, rows[-1].total, interest)
