from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from wibawa.access import once
from wibawa.access.models import User
from wibawa.indicators.models import IndicatorDefinition
from wibawa.rules.indicators import KINDS_WORDS, RULE_WORDS, UNIT_WORDS, Kinds, Rule, Unit

proposer = aliased(User, name="proposer")
decider = aliased(User, name="decider")


@dataclass(frozen=True)
class Definition:
    """One version of what an indicator counts, with its two persons; what came with the program has
    none."""

    id: int
    code: str
    version: int
    valid_from: dt.date
    rule: Rule
    counted: Unit
    kinds: Kinds
    other_programmes: bool
    denominator: str | None
    definition: str
    interpretation: str
    formula: str
    source: str
    cut_off: str
    responsible: str
    reason: str
    status: str
    proposed_by_id: int | None
    proposed_by: str | None
    proposed_at: dt.datetime | None
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_reason: str

    @property
    def since(self) -> int:
        return self.valid_from.year

    @property
    def numerator_words(self) -> str:
        """What the numerator counts, in words."""
        words = f"{UNIT_WORDS[self.counted]}, {RULE_WORDS[self.rule].lower()}"
        kinds = "" if self.kinds is Kinds.ALL else f" ({KINDS_WORDS[self.kinds].lower()})"
        return words + kinds + (", ditambah program lain" if self.other_programmes else "")

    def facts(self) -> list[tuple[str, str]]:
        """What two versions are compared by, and what a page shows."""
        return [
            ("Berlaku untuk tahun", f"{self.since} dan sesudahnya"),
            ("Pembilang", self.numerator_words),
            ("Penyebut", self.denominator or "Tidak ada; indikator ini sebuah jumlah"),
            ("Definisi", self.definition),
            ("Rumus", self.formula),
            ("Interpretasi", self.interpretation),
            ("Sumber data", self.source),
            ("Batas waktu data", self.cut_off),
            ("Penanggung jawab", self.responsible),
        ]

    @property
    def state(self) -> tuple[str, str]:
        return {
            "proposed": ("Menunggu persetujuan", "waiting"),
            "approved": ("Disetujui", "success"),
            "refused": ("Ditolak", "danger"),
        }[self.status]


def definitions(
    session: Session, code: str | None = None, only: int | None = None
) -> list[Definition]:
    """Versions of definitions, the newest first; of one indicator, or only one: one query."""
    row: Any = IndicatorDefinition
    query = (
        select(row, proposer.name, decider.name)
        .outerjoin(proposer, proposer.id == row.proposed_by)
        .outerjoin(decider, decider.id == row.decided_by)
        .order_by(row.code, row.version.desc())
    )
    if code is not None:
        query = query.where(row.code == code)
    if only is not None:
        query = query.where(row.id == only)
    return [_definition(*each) for each in session.execute(query)]


def _definition(row: IndicatorDefinition, by: str | None, decided_by: str | None) -> Definition:
    return Definition(
        row.id,
        row.code,
        row.version,
        row.valid_from,
        Rule(row.rule),
        Unit(row.counted),
        Kinds(row.kinds),
        row.other_programmes,
        row.denominator,
        row.definition,
        row.interpretation,
        row.formula,
        row.source,
        row.cut_off,
        row.responsible,
        row.reason,
        row.status,
        row.proposed_by,
        by,
        row.proposed_at,
        decided_by,
        row.decided_at,
        row.decision_reason,
    )


def definition(session: Session, definition_id: int) -> Definition | None:
    return next(iter(definitions(session, only=definition_id)), None)


def waiting_definitions(session: Session, not_of: int) -> list[tuple[int, str, int]]:
    """(id, code, first year) of what others proposed and nobody decided: one query."""
    row: Any = IndicatorDefinition
    query = select(row.id, row.code, row.valid_from).order_by(row.code)
    query = query.where(row.status == "proposed", row.proposed_by != not_of)
    return [(number, code, since.year) for number, code, since in session.execute(query)]


def in_force(session: Session, years: Iterable[int]) -> dict[tuple[str, int], Definition]:
    """The definition of each indicator in each year: one query."""
    approved = [each for each in definitions(session) if each.status == "approved"]
    return {
        (code, year): found
        for year in years
        for code in {each.code for each in approved}
        if (found := _of_year(approved, code, year)) is not None
    }


def _of_year(approved: list[Definition], code: str, year: int) -> Definition | None:
    known = [each for each in approved if each.code == code and each.since <= year]
    return max(known, key=lambda each: (each.since, each.version), default=None)


def of_year(session: Session, code: str, year: int) -> Definition | None:
    return in_force(session, [year]).get((code, year))


def fingerprint(version: Definition, before: Definition | None) -> str:
    """What an approver was shown, in 64 characters: approving something else is refused."""
    return once.body_hash([("version", repr(version)), ("before", repr(before))]).hex()
