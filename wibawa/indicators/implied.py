"""Which numerators the published figures imply, beside what each variant counts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.indicators.inputs.queries import InputLine, latest_inputs
from wibawa.indicators.models import Indicator, IndicatorYear
from wibawa.indicators.queries import NOTHING, SI_UMI, Counts, counts
from wibawa.rules.indicators import Rule, Unit, distance, implied_numerators, span_of

SEARCHED = (Rule.CUMULATIVE, Rule.RUNNING, Rule.SERVED, Rule.NEW)


@dataclass(frozen=True)
class Candidate:
    """A count that could be the numerator, and how far it lies outside the implied ones; None where
    nothing is known."""

    label: str
    count: int | None
    away: int | None


@dataclass(frozen=True)
class Implied:
    """A published percentage and what its numerator must have been over one denominator."""

    code: str
    year: int
    published: int
    denominator: InputLine | None
    numerators: tuple[int, int] | None
    candidates: tuple[Candidate, ...]


def implied_of(
    session: Session, today: dt.date, labels: dict[tuple[Rule, Unit], str]
) -> list[Implied]:
    """Every published percentage over every denominator of its year: four queries."""
    published = session.execute(
        select(IndicatorYear)
        .join(Indicator, Indicator.code == IndicatorYear.code)
        .where(Indicator.unit == "percent", IndicatorYear.published.is_not(None))
        .order_by(Indicator.position, IndicatorYear.year)
    ).scalars()
    said = list(published)
    inputs = latest_inputs(session)
    spans = [span_of(year, today) for year in sorted({each.year for each in said})]
    counted = counts(session, spans, SEARCHED)
    names = inputs.names("denominator")
    found = []
    for each in said:
        lines = [inputs.by.get(("denominator", name, each.year)) for name in names]
        missing = [None] if inputs.count("denominator", SI_UMI, each.year) is None else []
        for line in [*(line for line in lines if line is not None), *missing]:
            numerators = _numerators(each.published, line)
            opening = inputs.by.get(("opening", "Kredit Wibawa", each.year))
            candidates = [
                *_variants(counted.get(each.year, NOTHING), numerators, labels),
                _candidate("Riwayat program", opening.count if opening else None, numerators),
                _candidate("Program lain", inputs.programmes(each.year), numerators),
            ]
            if opening is not None and inputs.programmes(each.year) is not None:
                both = (opening.count or 0) + (inputs.programmes(each.year) or 0)
                candidates.append(_candidate("Riwayat dan program lain", both, numerators))
            found.append(
                Implied(
                    each.code, each.year, each.published or 0, line, numerators, tuple(candidates)
                )
            )
    return found


def _numerators(published: int | None, line: InputLine | None) -> tuple[int, int] | None:
    if published is None or line is None or not line.count:
        return None
    return implied_numerators(published, line.count)


def _variants(
    counted: Counts, numerators: tuple[int, int] | None, labels: dict[tuple[Rule, Unit], str]
) -> list[Candidate]:
    return [
        _candidate(label, counted.of(rule, unit) if counted.known(rule) else None, numerators)
        for (rule, unit), label in labels.items()
    ]


def _candidate(label: str, count: int | None, numerators: tuple[int, int] | None) -> Candidate:
    away = distance(count, numerators) if count is not None and numerators else None
    return Candidate(label, count, away)
