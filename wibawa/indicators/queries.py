from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, case, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from wibawa.borrowers.models import Borrower
from wibawa.indicators.definitions.queries import Definition, in_force
from wibawa.indicators.inputs.queries import InputLine, Inputs, latest_inputs
from wibawa.indicators.locks.queries import locks_in_force
from wibawa.indicators.members import FACTS, loans_of
from wibawa.indicators.models import Indicator, IndicatorYear
from wibawa.loans.models import Loan
from wibawa.rules.indicators import (
    PROGRAMME_SINCE,
    Kinds,
    Rule,
    Span,
    Unit,
    achievement_ratio,
    percentage,
    span_of,
)

TPB = "TPB 8.3.1.(c)"
SI_UMI = "SI-UMI"
STATUS_WORDS = {
    "published": "angka terbitan",
    "computed": "dihitung dari buku",
    "denominator_missing": "penyebut belum dimasukkan",
    "numerator_missing": "pembilang belum lengkap",
    "no_data": "belum ada data",
}


@dataclass(frozen=True)
class IndicatorFigure:
    """One indicator in one year. `target`, `realised`, `ratio` in hundredths; counts are plain.

    `counted` is the part of the numerator that comes from the books, `others` what other programmes
    add to it; both are None where the numerator is not known.
    """

    code: str
    name: str
    unit: str
    unit_label: str
    definition: str
    year: int
    target: int | None
    realised: int | None
    ratio: int | None
    numerator: int | None
    denominator: int | None
    status: str
    source: str
    counted: int | None = None
    others: int | None = None
    rule: str | None = None
    unit_counted: str | None = None
    kinds: str | None = None
    version: int | None = None
    lock: int | None = None  # the version of the lock that keeps it

    @property
    def status_words(self) -> str:
        return STATUS_WORDS[self.status]


def slug(code: str) -> str:
    """The word of an indicator in addresses.

    >>> slug("TPB 8.3.1.(c)")
    'tpb-8-3-1-c'
    """
    return re.sub(r"[^a-z0-9]+", "-", code.lower()).strip("-")


def indicators(session: Session) -> list[Indicator]:
    return list(session.scalars(select(Indicator).order_by(Indicator.position)))


def indicator_of(session: Session, word: str) -> Indicator | None:
    """The indicator of an address' word."""
    return next((each for each in indicators(session) if slug(each.code) == word), None)


@dataclass(frozen=True)
class Counts:
    """What the books count in a year up to a day: rule, unit, kind of borrower → how many."""

    by: Mapping[tuple[Rule, Unit, Kinds], int]
    principal: Mapping[Rule, int]  # of the loans, rupiah

    def of(self, rule: Rule, unit: Unit = Unit.PEOPLE, kinds: Kinds = Kinds.ALL) -> int:
        return self.by.get((rule, unit, kinds), 0)

    def known(self, rule: Rule) -> bool:
        """Whether the year holds anything that the rule could count: nothing known is never 0."""
        asked = {
            Rule.CUMULATIVE: Rule.CUMULATIVE,
            Rule.RUNNING: Rule.RUNNING,
            Rule.SERVED: Rule.SERVED,
            Rule.NEW: Rule.SERVED,
            Rule.RESTRUCTURED: Rule.RUNNING,
        }[rule]
        return self.of(asked, Unit.ACCOUNTS) > 0


def counts_of(rows: Iterable[tuple[str, Sequence[Any]]]) -> Counts:
    """The same reckoned from the loans themselves: rows of (rule, FACTS)."""
    by: dict[tuple[Rule, Unit, Kinds], int] = {}
    principal: dict[Rule, int] = {}
    for word, row in rows:
        rule, fact = Rule(word), dict(zip(FACTS, row, strict=True))
        principal[rule] = principal.get(rule, 0) + int(fact["principal"])
        for kinds in (Kinds.ALL, Kinds(fact["kind"])):
            for unit, count in ((Unit.ACCOUNTS, 1), (Unit.PEOPLE, int(fact["leads"]))):
                by[rule, unit, kinds] = by.get((rule, unit, kinds), 0) + count
    return Counts(by, principal)


NOTHING = Counts({}, {})
NEEDS = {Rule.NEW: {Rule.SERVED}, Rule.RESTRUCTURED: {Rule.RUNNING}}


def counts(
    session: Session, spans: Sequence[Span], rules: Collection[Rule] = tuple(Rule)
) -> dict[int, Counts]:
    """What each rule counts in each year: one query, whatever the number of years."""
    return counts_by(session, dict.fromkeys(spans, tuple(rules)))


def counts_by(session: Session, asked: Mapping[Span, Collection[Rule]]) -> dict[int, Counts]:
    """The same with the rules of each year named: one query."""
    wanted = {
        span: [
            rule
            for rule in Rule
            if rule in rules or any(rule in NEEDS.get(each, ()) for each in rules)
        ]
        for span, rules in asked.items()
        if span.begun and rules
    }
    if not wanted:
        return {}
    every = [rule for rule in Rule if any(rule in rules for rules in wanted.values())]
    query = union_all(*(_counted(span, rules, every) for span, rules in wanted.items()))
    by: dict[int, dict[tuple[Rule, Unit, Kinds], int]] = {}
    principal: dict[int, dict[Rule, int]] = {}
    for year, kind, *values in session.execute(query):
        of_year, sums = by.setdefault(year, {}), principal.setdefault(year, {})
        for place, rule in enumerate(every):
            loans, people, money = (int(value or 0) for value in values[3 * place : 3 * place + 3])
            for kinds in (Kinds.ALL, Kinds(kind)):
                for unit, count in ((Unit.ACCOUNTS, loans), (Unit.PEOPLE, people)):
                    of_year[rule, unit, kinds] = of_year.get((rule, unit, kinds), 0) + count
            sums[rule] = sums.get(rule, 0) + money
    return {year: Counts(by[year], principal[year]) for year in by}


def _counted(span: Span, rules: Sequence[Rule], every: Sequence[Rule]) -> Any:
    """Loans, people and principal of each rule by kind of borrower: a row for each borrower first,
    so that nobody is counted twice and nothing need be looked up for it. Of `every` rule there is
    a column; what the year is not asked for is NULL."""
    each = loans_of(span, rules).subquery(f"loans_{span.year}")
    inner: list[Any] = []
    for rule in rules:
        flag = each.c[rule.value]
        inner += [
            cast(func.sum(case((flag, 1), else_=0)), BigInteger).label(f"{rule.value}_loans"),
            cast(func.sum(case((flag, each.c.principal), else_=0)), BigInteger).label(
                f"{rule.value}_principal"
            ),
        ]
    one = select(each.c.borrower_id, *inner).group_by(each.c.borrower_id).subquery()
    columns: list[Any] = []
    for rule in every:
        if rule not in rules:
            columns += [cast(null(), BigInteger)] * 3
            continue
        loans = one.c[f"{rule.value}_loans"]
        columns += [
            func.sum(loans),
            func.sum(case((loans > 0, 1), else_=0)),
            func.sum(one.c[f"{rule.value}_principal"]),
        ]
    return (
        select(literal(span.year), Borrower.kind, *columns)
        .select_from(one)
        .join(Borrower, Borrower.id == one.c.borrower_id)
        .group_by(Borrower.kind)
    )


def figures_of_year(session: Session, year: int, today: dt.date) -> list[IndicatorFigure]:
    """Every indicator in `year`. Loans count up to the year's end, or `today` while it runs."""
    return figures_of_years(session, [year], today)


def figures_of_indicator(
    session: Session, code: str, years: Iterable[int], today: dt.date
) -> list[IndicatorFigure]:
    """One indicator over many years."""
    return figures_of_years(session, years, today, code)


def figures_of_years(
    session: Session,
    years: Iterable[int],
    today: dt.date,
    code: str | None = None,
    full: int | None = None,
) -> list[IndicatorFigure]:
    """Every indicator, or one, in each of the years, year by year, and every one in the year
    `full`; the number of queries does not depend on how many. A locked year gives what was locked,
    unless a day of it is asked for."""
    asked = list(years)
    kept = {
        year: kept_figures(lock.document, lock.version)
        for year, lock in locks_in_force(session, asked).items()
        if lock.span.last <= today
    }
    live = figures_now(session, [year for year in asked if year not in kept], today, code, full)
    found = [
        each
        for figures in kept.values()
        for each in figures
        if code in (None, each.code) or each.year == full
    ]
    order = {year: place for place, year in enumerate(asked)}
    return sorted([*live, *found], key=lambda each: order[each.year])


def kept_figures(document: Mapping[str, Any], version: int) -> list[IndicatorFigure]:
    """The figures of a locked year, in the order of the indicators."""
    return [replace(IndicatorFigure(**each), lock=version) for each in document["figures"]]


def figures_now(
    session: Session,
    asked: Sequence[int],
    today: dt.date,
    code: str | None = None,
    full: int | None = None,
    counted: Mapping[int, Counts] | None = None,
) -> list[IndicatorFigure]:
    """What the books and the inputs say of each year, locked or not; by what was `counted` before,
    where that is known. With `code` of that indicator alone, but of all in the year `full`."""
    every = indicators(session) if asked else []
    found = [
        (one, year) for year in asked for one in every if code in (None, one.code) or year == full
    ]
    said = {
        (each.code, each.year): each
        for each in session.scalars(select(IndicatorYear).where(IndicatorYear.year.in_(asked)))
    }
    definitions = in_force(session, asked)
    inputs = latest_inputs(session)
    computed = {
        (year, definitions[one.code, year].rule)
        for one, year in found
        if (one.code, year) in definitions and not _published(said.get((one.code, year)))
    }
    if counted is None:
        rules: dict[int, set[Rule]] = {}
        for year, rule in sorted(computed):
            rules.setdefault(year, set()).add(rule)
        counted = counts_by(session, {span_of(year, today): each for year, each in rules.items()})
    lent = {year for year, of_year in counted.items() if of_year.by}
    apart = set(asked) - {year for year, _ in computed}  # nothing was counted for these
    if any((one.code, year) not in definitions for one, year in found if year in apart):
        lent |= _lent(session, [span_of(year, today) for year in apart])
    return [
        _figure(
            one,
            said.get((one.code, year)),
            year,
            definitions.get((one.code, year)),
            counted.get(year, NOTHING),
            inputs,
            year in lent,
        )
        for one, year in found
    ]


def _lent(session: Session, spans: Iterable[Span]) -> set[int]:
    """The years up to whose end anything was lent: one query."""
    since = session.scalar(
        select(func.min(Loan.disbursed_on)).where(Loan.disbursed_on >= PROGRAMME_SINCE)
    )
    return {span.year for span in spans if span.begun and since and since <= span.last}


def _published(of_year: IndicatorYear | None) -> bool:
    return of_year is not None and of_year.published is not None


def _figure(
    indicator: Indicator,
    of_year: IndicatorYear | None,
    year: int,
    definition: Definition | None,
    counted: Counts,
    inputs: Inputs,
    lent: bool,
) -> IndicatorFigure:
    target = of_year.target if of_year else None
    if of_year is not None and of_year.published is not None:
        denominator = inputs.count("denominator", SI_UMI, year) if indicator.code == TPB else None
        value = _Value(None, None, None, denominator, of_year.published, "published")
    else:
        value = _computed(indicator, definition, year, counted, inputs, lent)
    ratio = (
        achievement_ratio(value.realised, target) if value.realised is not None and target else None
    )
    return IndicatorFigure(
        indicator.code,
        indicator.name,
        indicator.unit,
        indicator.unit_label,
        definition.definition if definition else indicator.definition,
        year,
        target,
        value.realised,
        ratio,
        value.numerator,
        value.denominator,
        value.status,
        of_year.source if of_year else "",
        value.counted,
        value.others,
        definition.rule.value if definition else None,
        definition.counted.value if definition else None,
        definition.kinds.value if definition else None,
        definition.version if definition else None,
    )


@dataclass(frozen=True)
class _Value:
    counted: int | None
    others: int | None
    numerator: int | None
    denominator: int | None
    realised: int | None
    status: str


def _computed(
    indicator: Indicator,
    definition: Definition | None,
    year: int,
    counted: Counts,
    inputs: Inputs,
    lent: bool,
) -> _Value:
    """What the books and the inputs say by the definition; nothing is guessed. Without one the
    numerator is what is missing, as soon as anything is `lent`."""
    if definition is None:
        said = "numerator_missing" if lent else "no_data"
        return _Value(None, None, None, None, None, said)
    if not counted.by:
        return _Value(None, None, None, None, None, "no_data")
    if not counted.known(definition.rule):
        return _Value(None, None, None, None, None, "no_data")
    own = counted.of(definition.rule, definition.counted, definition.kinds)
    others = inputs.programmes(year) if definition.other_programmes else 0
    if others is None:
        return _Value(own, None, None, None, None, "numerator_missing")
    numerator = own + others
    if indicator.unit == "count":
        return _Value(own, others, numerator, None, numerator * 100, "computed")
    name = definition.denominator
    denominator = inputs.count("denominator", name, year) if name else None
    if denominator is None:
        return _Value(own, others, numerator, None, None, "denominator_missing")
    realised = percentage(numerator, denominator)
    return _Value(own, others, numerator, denominator, realised, "computed")


@dataclass(frozen=True)
class Growth:
    """A year of the programme: its published history beside what the books count."""

    year: int
    opening: InputLine | None
    counted: Counts

    @property
    def known(self) -> bool:
        return self.counted.known(Rule.CUMULATIVE)


def growth_of(session: Session, years: Sequence[int], today: dt.date) -> list[Growth]:
    """The years of which anything is known, oldest first: two queries, however many years."""
    inputs = latest_inputs(session)
    rules = (Rule.CUMULATIVE, Rule.RUNNING, Rule.SERVED, Rule.NEW)
    counted = counts(session, [span_of(year, today) for year in years], rules)
    opening = {each.year: each for each in inputs.of_kind("opening")}
    lines = [
        Growth(year, opening.get(year), counted.get(year, NOTHING))
        for year in sorted({*years, *opening})
    ]
    return [line for line in lines if line.opening is not None or line.known]
