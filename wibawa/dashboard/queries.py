from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from wibawa.applications.models import Application, ApplicationMove
from wibawa.banks.models import CollectibilityRule, Kecamatan, Kelurahan, LoanTerms
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.dashboard.books import Books
from wibawa.disbursements.models import Disbursement
from wibawa.indicators.definitions.queries import in_force
from wibawa.indicators.locks.queries import locks_in_force, undecided
from wibawa.indicators.models import (
    IndicatorDefinition,
    IndicatorYear,
    LockRequest,
)
from wibawa.indicators.queries import (
    TPB,
    Counts,
    IndicatorFigure,
    counts_by,
    figures_now,
    kept_figures,
)
from wibawa.indicators.starts import Starts, starts
from wibawa.loans.models import Loan, LoanRequest
from wibawa.loans.portfolio import PAR_DAYS, BankFigures
from wibawa.loans.positions import positions
from wibawa.merging.models import BorrowerMerge
from wibawa.reconciliation.months import waiting_proposals
from wibawa.rules.dates import add_months
from wibawa.rules.indicators import Kinds, Rule, Unit, span_of
from wibawa.rules.money import share
from wibawa.rules.pace import Pace, median_halves, numerator_needed, pace
from wibawa.rules.reconciliation import Month
from wibawa.rules.statuses import Action, State
from wibawa.uploads.models import Upload
from wibawa.web.clock import WIB, in_wib

MONTHS: Final = 12
AT_ONCE: Final = 20_000
"""Of more loans than these the trend is reckoned when somebody asks for it."""


# — this year against its target —


@dataclass(frozen=True)
class Goal:
    """An indicator this year. `pace` is None where the books or the inputs do not say enough;
    `expected` is what the year would end with, in hundredths of the indicator's unit."""

    figure: IndicatorFigure
    pace: Pace | None
    expected: int | None


def goals(
    books: Books, today: dt.date, trend: Sequence[int]
) -> tuple[list[Goal], list[IndicatorFigure]]:
    """Every indicator this year, and the access figure of all the years of `trend`."""
    session, years = books.session, sorted({today.year, *trend})
    locks = locks_in_force(session, years)
    live = [year for year in years if year not in locks]
    published = select(IndicatorYear.year).where(
        IndicatorYear.code == TPB, IndicatorYear.published.is_not(None)
    )
    known = set(session.scalars(published)) - {today.year}
    begun = [year for year in live if year <= today.year and year not in known]
    asked: dict[int, list[Rule]] = {}  # of other years than this one only the access figure
    for (code, year), each in in_force(session, begun).items():
        if code == TPB or year == today.year:
            asked[year] = sorted({*asked.get(year, ()), each.rule})
    counted = _counted(books, today, asked)
    figures = figures_now(session, live, today, TPB, today.year, counted)
    for lock in locks.values():
        figures += kept_figures(lock.document, lock.version)
    rules = asked.get(today.year, [])
    began: Starts = books.kept(
        ("starts", *rules), today, lambda: starts(session, today.year, rules)
    )
    access = [each for each in figures if each.code == TPB and each.year in trend]
    return (
        [_goal(each, began, today) for each in figures if each.year == today.year],
        sorted(access, key=lambda each: each.year),
    )


def _counted(
    books: Books, today: dt.date, asked: Mapping[int, Sequence[Rule]]
) -> dict[int, Counts]:
    def make() -> dict[int, Counts]:
        return counts_by(
            books.session, {span_of(year, today): rules for year, rules in asked.items()}
        )

    name = ("counts", *((year, *rules) for year, rules in asked.items()))
    found: dict[int, Counts] = books.kept(name, today, make)
    return found


def _goal(
    figure: IndicatorFigure, began: Mapping[tuple[Rule, Unit, Kinds], int], today: dt.date
) -> Goal:
    numerator, target = figure.numerator, figure.target
    if figure.status != "computed" or numerator is None or target is None or figure.lock:
        return Goal(figure, None, None)
    if figure.unit == "count":
        wanted = -(-target // 100)
    elif figure.denominator:
        wanted = numerator_needed(target, figure.denominator)
    else:
        return Goal(figure, None, None)
    key = (Rule(figure.rule or ""), Unit(figure.unit_counted or ""), Kinds(figure.kinds or ""))
    found = pace(began.get(key, 0) + (figure.others or 0), numerator, wanted, today)
    expected = (
        found.expected * 100
        if figure.unit == "count"
        else share(found.expected, figure.denominator or 0)
    )
    return Goal(figure, found, expected)


# — where the portfolio stands —


@dataclass(frozen=True)
class Place:
    """A kecamatan: borrowers with a running loan, what is outstanding, and how much of that is of
    loans more than 30 days late."""

    code: str
    name: str
    borrowers: int = 0
    loans: int = 0
    outstanding: int = 0
    late: int = 0

    @property
    def share(self) -> int | None:
        return share(self.late, self.outstanding)

    @property
    def grade(self) -> int:
        """1 (none is late) to 5, for the tone of the cell; 0 without anything outstanding."""
        if self.share is None:
            return 0
        return 1 + sum(self.share >= limit for limit in GRADES)


GRADES: Final = (1, 500, 1000, 2000)  # hundredths of a percent


def places(books: Books, on: dt.date) -> list[Place]:
    """Every kecamatan, by name."""
    found: list[Place] = books.kept("places", on, lambda: _places(books.session, on))
    return found


def _places(session: Session, on: dt.date) -> list[Place]:
    classes = thresholds_on(session, on)
    each = positions(on, classes, overdue=False).add_columns(Loan.borrower_id).subquery("each")
    late = each.c.uncovered_since < on - dt.timedelta(days=PAR_DAYS)
    one = (  # a row for each borrower first, so that nobody is counted twice
        select(
            each.c.borrower_id,
            func.count().label("loans"),
            func.sum(each.c.outstanding).label("outstanding"),
            func.sum(case((late, each.c.outstanding), else_=0)).label("late"),
        )
        .where(each.c.outstanding > 0, each.c.written_off_on.is_(None))
        .group_by(each.c.borrower_id)
        .subquery("one")
    )
    sums = (func.sum(value) for value in (one.c.loans, one.c.outstanding, one.c.late))
    query = (
        select(Kelurahan.kecamatan_code, func.count(), *sums)
        .select_from(one)
        .join(Borrower, Borrower.id == one.c.borrower_id)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .group_by(Kelurahan.kecamatan_code)
    )
    found = {row[0]: [int(value) for value in row[1:]] for row in session.execute(query)}
    names = session.execute(select(Kecamatan.code, Kecamatan.name).order_by(Kecamatan.name))
    return [Place(code, name, *found.get(code, ())) for code, name in names]


@dataclass(frozen=True)
class Point:
    """The portfolio at the end of a day; None before there was any."""

    on: dt.date
    total: BankFigures | None


def trend_days(today: dt.date) -> list[dt.date]:
    """The ends of the eleven months before this one, and today."""
    months = [Month.of(today).plus(-back) for back in range(MONTHS - 1, 0, -1)]
    return [*(month.last for month in months), today]


def is_at_hand(books: Books, days: Sequence[dt.date]) -> bool:
    """Whether the trend may be reckoned while somebody waits, or already is."""
    return books.loans <= AT_ONCE or books.know(days)


def trend(books: Books, days: Sequence[dt.date]) -> list[Point]:
    """The portfolio at the end of each day; of days before it was taken over nothing is known."""
    opened = books.session.scalar(select(func.max(Loan.opened_on)))
    found = [books.standing(day) for day in days]
    return [
        Point(day, sums if sums.loans_disbursed and (opened is None or day >= opened) else None)
        for day, sums in zip(days, found, strict=True)
    ]


# — applications on their way —

STEPS: Final = (
    (Action.RECORD, "Dicatat", (), ""),
    (Action.SUBMIT, "Diajukan", (State.DRAFT, State.RETURNED), "petugas dinas"),
    (Action.VISIT, "Dikunjungi", (State.SUBMITTED,), "petugas dinas"),
    (Action.RECOMMEND, "Direkomendasikan dinas", (State.VISITED,), "kepala bidang"),
    (Action.SEND, "Dikirim ke bank", (State.RECOMMENDED,), "petugas dinas"),
    (Action.APPROVE, "Disetujui bank", (State.SENT,), "petugas bank"),
    (Action.DISBURSE, "Dicairkan", (State.APPROVED,), "bank dan petugas dinas"),
)


@dataclass(frozen=True)
class Waiting:
    """Applications that stand in a state now, and since when the oldest of them does, in days."""

    state: State
    count: int
    days: int


@dataclass(frozen=True)
class Step:
    """How many of the period's applications came as far as this, in how many days (halves) from the
    step before as a median, and who waits for it now."""

    label: str
    who: str
    reached: int
    part: int | None
    median: int | None
    waiting: tuple[Waiting, ...]


def funnel(session: Session, since: dt.date, today: dt.date) -> list[Step]:
    """The way of the applications recorded from a day on: two queries."""
    reached = _moments(session, since)
    waiting = _waiting(session, today)
    steps, before = [], STEPS[0][0]
    for action, label, states, who in STEPS:
        days = [
            (in_wib(there).date() - in_wib(here).date()).days
            for row in reached
            if (there := row[action]) is not None and (here := row[before]) is not None
        ]
        count = sum(row[action] is not None for row in reached)
        steps.append(
            Step(
                label,
                who,
                count,
                share(count, len(reached)),
                median_halves(days) if action is not before else None,
                tuple(waiting[state] for state in states if state in waiting),
            )
        )
        before = action
    return steps


def _moments(session: Session, since: dt.date) -> list[dict[Action, dt.datetime | None]]:
    """When each application of the period made each step for the last time: a way back and forth
    counts until it ended."""
    at, action = ApplicationMove.at, ApplicationMove.action
    query = (
        select(*(func.max(case((action == step, at))) for step, *_ in STEPS))
        .join(Application, Application.id == ApplicationMove.application_id)
        .where(Application.created_at >= dt.datetime.combine(since, dt.time(), WIB))
        .group_by(ApplicationMove.application_id)
    )
    actions = [step for step, *_ in STEPS]
    return [dict(zip(actions, row, strict=True)) for row in session.execute(query)]


def _waiting(session: Session, today: dt.date) -> dict[State, Waiting]:
    query: Any = (
        select(Application.state, func.count(), func.min(Application.state_since))
        .where(Application.state.in_([state for _, _, states, _ in STEPS for state in states]))
        .group_by(Application.state)
    )
    return {
        State(state): Waiting(State(state), int(count), (today - in_wib(since).date()).days)
        for state, count, since in session.execute(query)
    }


# — what needs a decision —


@dataclass(frozen=True)
class Decision:
    """Something that waits: how many, for whom, and the list that shows them."""

    label: str
    who: str
    count: int
    endpoint: str
    arguments: Mapping[str, str]


def decisions(session: Session, today: dt.date) -> list[Decision]:
    """What waits for somebody's decision, without what has nothing waiting: two queries."""
    asked = _questions(today)
    row = session.execute(
        select(*(select(func.count()).select_from(table).where(*where).scalar_subquery()
                 for _, _, table, where, _, _ in asked))
    ).one()  # fmt: skip
    found = [
        Decision(label, who, int(count), endpoint, arguments)
        for (label, who, _, _, endpoint, arguments), count in zip(asked, row, strict=True)
    ]
    months = len(waiting_proposals(session))
    found.append(Decision("Bulan menunggu ditutup", "kepala bidang", months,
                          "reconciliation.month_list", {}))  # fmt: skip
    return [each for each in found if each.count]


def _questions(today: dt.date) -> list[tuple[str, str, Any, tuple[Any, ...], str, dict[str, str]]]:
    head, staff, bank = "kepala bidang", "petugas dinas", "petugas bank"
    applications = "applications.application_list"

    def files(kind: str) -> tuple[Any, ...]:
        return Upload.kind == kind, Upload.status == "submitted"

    return [
        ("Permohonan lewat batas waktu", "pemegang langkahnya", Application,
         (Application.due_on < today,), applications, {"batas": "lewat"}),
        ("Permohonan menunggu rekomendasi", head, Application,
         (Application.state == State.VISITED,), applications, {"keadaan": "diverifikasi"}),
        ("Permohonan menunggu jawaban bank", bank, Application,
         (Application.state == State.SENT,), applications, {"keadaan": "dikirim"}),
        ("Pencairan menunggu persetujuan", head, Disbursement,
         (Disbursement.status == "recorded",), "disbursements.disbursement_list",
         {"keadaan": "menunggu"}),
        ("Berkas pencairan menunggu persetujuan", head, Upload, files("disbursements"),
         "disbursements.upload_list", {"keadaan": "submitted"}),
        ("Berkas angsuran menunggu dibukukan", staff, Upload, files("repayments"),
         "repayments.upload_list", {"keadaan": "submitted"}),
        ("Permintaan perubahan pinjaman", head, LoanRequest, (LoanRequest.status == "recorded",),
         "changes.change_list", {"keadaan": "menunggu"}),
        ("Penggabungan catatan peminjam", head, BorrowerMerge,
         (BorrowerMerge.status == "recorded",), "merging.merge_list", {"keadaan": "menunggu"}),
        ("Ketentuan pinjaman yang diusulkan", head, LoanTerms,
         (LoanTerms.status == "proposed",), "banks.terms_list", {}),
        ("Batas kolektibilitas yang diusulkan", head, CollectibilityRule,
         (CollectibilityRule.status == "proposed",), "banks.limits_list", {}),
        ("Definisi indikator yang diusulkan", head, IndicatorDefinition,
         (IndicatorDefinition.status == "proposed",), "indicators.indicator_list", {}),
        ("Tahun indikator menunggu dikunci atau dibuka", head, LockRequest, (undecided(),),
         "indicators.indicator_list", {}),
    ]  # fmt: skip


def year_ago(today: dt.date) -> dt.date:
    return add_months(today, -12)
