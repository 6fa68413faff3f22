from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.applications.models import Application
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.loans.positions import positions
from wibawa.privacy.models import Incident, IncidentStep, Pseudonymisation, RetentionSetting
from wibawa.rules.statuses import OPEN
from wibawa.web.pages import Page, Wanted

KINDS: Final = {
    "without_loan": "Terdaftar atau memohon tanpa pernah meminjam",
    "after_loan": "Pernah meminjam, semua pinjaman lunas",
}
COUNTED_FROM: Final = {
    "without_loan": "sejak kegiatan terakhir",
    "after_loan": "sejak entri terakhir di buku pinjaman",
}
CLOCK: Final = dt.timedelta(hours=72)  # UU 27/2022, pasal 46
STEP_WORDS: Final = {
    "note": "Catatan",
    "authority": "Lembaga sudah diberi tahu",
    "persons": "Subjek data sudah diberi tahu",
    "closed": "Insiden ditutup",
}
TOLD: Final = {"authority": "lembaga", "persons": "subjek data"}


@dataclass(frozen=True)
class Setting:
    """For how many years a kind is kept, from a day on."""

    id: int
    kind: str
    valid_from: dt.date
    years: int
    reason: str
    by: str | None
    at: dt.datetime | None


def settings(session: Session) -> list[Setting]:
    """Every setting, the newest entry first."""
    row = RetentionSetting
    query = (
        select(row.id, row.kind, row.valid_from, row.years, row.reason, User.name, row.entered_at)
        .outerjoin(User, User.id == row.entered_by)
        .order_by(row.id.desc())
    )
    return [Setting(*found) for found in session.execute(query)]


def setting_on(session: Session, kind: str, day: dt.date) -> Setting:
    """What is in force on a day; the first settings came with the program, so there is one."""
    valid = [each for each in settings(session) if each.kind == kind and each.valid_from <= day]
    return max(valid, key=lambda each: (each.valid_from, each.id))


@dataclass(frozen=True)
class Due:
    """A borrower whose data has been kept long enough; `request_id`: asked for, and by whom."""

    borrower_id: int
    name: str
    borrower_kind: str
    last_on: dt.date
    due_on: dt.date
    request_id: int | None
    asked_by: int | None
    asked_name: str | None
    reason: str | None


def years_later(day: dt.date, years: int) -> dt.date:
    """The same day some years later; 29 February becomes 1 March.

    >>> years_later(dt.date(2024, 2, 29), 1), years_later(dt.date(2024, 3, 1), -1)
    (datetime.date(2025, 3, 1), datetime.date(2023, 3, 1))
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


def _last(kind: str) -> Any:
    """borrower_id and `last`, the day from which the years of a kind are counted."""
    if kind == "after_loan":
        return (
            select(Loan.borrower_id, func.max(LedgerEntry.effective_on).label("last"))
            .join(LedgerEntry, LedgerEntry.loan_id == Loan.id)
            .group_by(Loan.borrower_id)
            .subquery("last")
        )
    asked = (
        select(Application.borrower_id, func.max(Application.state_since).label("at"))
        .group_by(Application.borrower_id)
        .subquery("asked")
    )
    latest = func.coalesce(asked.c.at, Borrower.created_at)
    return (
        select(Borrower.id.label("borrower_id"), latest.label("last"))
        .outerjoin(asked, asked.c.borrower_id == Borrower.id)
        .where(Borrower.id.not_in(select(Loan.borrower_id)))
        .subquery("last")
    )


def _due(session: Session, kind: str, today: dt.date, years: int, only: int | None) -> Any:
    """(what is selected of, conditions): borrowers whose time is over and who owe nothing."""
    last = _last(kind)
    until: Any = years_later(today, -years)
    if kind == "without_loan":  # a moment of UTC; the day after in WIB has begun for sure
        until = dt.datetime.combine(until, dt.time(), dt.UTC)
    each = positions(today, thresholds_on(session, today)).subquery("each")
    owing = (
        select(Loan.borrower_id).join(each, each.c.loan_id == Loan.id).where(each.c.outstanding > 0)
    )
    written_off = (
        select(Loan.borrower_id)
        .join(LedgerEntry, LedgerEntry.loan_id == Loan.id)
        .where(LedgerEntry.kind == "write_off")
    )
    asking = select(Application.borrower_id).where(Application.state.in_([s.value for s in OPEN]))
    waiting = select(Disbursement.borrower_id).where(Disbursement.status == "recorded")
    conditions = [
        Borrower.merged_into_id.is_(None),
        Borrower.pseudonymised_at.is_(None),
        last.c.last <= until,
        *(Borrower.id.not_in(busy) for busy in (owing, written_off, asking, waiting)),
    ]
    if only is not None:
        conditions.append(Borrower.id == only)
    return last, conditions


@dataclass(frozen=True)
class DueFilter:
    """Which of those whose time is over: by name, and by whether somebody asked already."""

    text: str = ""
    asked: bool | None = None


DUE_SORTS: Final = ("terakhir", "nama")
EVERYBODY: Final = DueFilter()


def due_page(
    session: Session,
    kind: str,
    today: dt.date,
    asked: Wanted,
    only: int | None = None,
    such: DueFilter = EVERYBODY,
) -> Page[Due]:
    """One page of those whose time is over; first what waits for a decision."""
    years = setting_on(session, kind, today).years
    query = _due_query(session, kind, today, years, only, such)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    found = session.execute(_in_order(query, asked).limit(asked.per_page).offset(asked.offset))
    rows = [_line(years, *row) for row in found]
    return Page(rows, asked.page, asked.per_page, total)


def all_due(
    session: Session, kind: str, today: dt.date, asked: Wanted, such: DueFilter
) -> list[Due]:
    """All of them, for an export."""
    years = setting_on(session, kind, today).years
    query = _in_order(_due_query(session, kind, today, years, None, such), asked)
    return [_line(years, *row) for row in session.execute(query)]


def _in_order(query: Any, asked: Wanted) -> Any:
    column = Borrower.name_key if asked.sort == "nama" else query.selected_columns["last"]
    waits_first = query.selected_columns["request_id"].is_(None)
    return query.order_by(waits_first, column.desc() if asked.descending else column, Borrower.id)


def _due_query(
    session: Session, kind: str, today: dt.date, years: int, only: int | None, such: DueFilter
) -> Any:
    last, conditions = _due(session, kind, today, years, only)
    request = aliased(Pseudonymisation)
    if such.text:
        conditions.append(Borrower.search_text.contains(such.text.casefold(), autoescape=True))
    if such.asked is not None:
        conditions.append(request.id.is_not(None) if such.asked else request.id.is_(None))
    return (
        select(Borrower.id, Borrower.name, Borrower.kind, last.c.last.label("last"),
               request.id.label("request_id"), request.entered_by, User.name.label("asker"),
               request.reason)
        .join(last, last.c.borrower_id == Borrower.id)
        .outerjoin(
            request, (request.borrower_id == Borrower.id) & (request.status == "recorded")
        )
        .outerjoin(User, User.id == request.entered_by)
        .where(*conditions)
    )  # fmt: skip


def _line(years: int, number: int, name: str, kind: str, last: Any, *request: Any) -> Due:
    if isinstance(last, str):  # SQLite gives the bare text of a grouped moment
        last = dt.datetime.fromisoformat(last)
    day = last.date() if isinstance(last, dt.datetime) else last
    return Due(number, name, kind, day, years_later(day, years), *request)


def asked_about(session: Session, pseudonym_id: int) -> tuple[str, str] | None:
    """Whom a request is about, and why it was made."""
    row = session.execute(
        select(Borrower.name, Pseudonymisation.reason)
        .join(Borrower, Borrower.id == Pseudonymisation.borrower_id)
        .where(Pseudonymisation.id == pseudonym_id)
    ).first()
    return None if row is None else (row.name, row.reason)


def due_one(session: Session, borrower_id: int, today: dt.date) -> tuple[str, Due] | None:
    """Why the time of this borrower is over, and since when; None when it is not."""
    for kind in KINDS:
        rows = due_page(session, kind, today, Wanted(1, 1, "", False), borrower_id).rows
        if rows:
            return kind, rows[0]
    return None


def waiting_requests(session: Session, person_id: int) -> dict[str, int]:
    """How many requests of each kind of data wait for this person as the second one."""
    row = Pseudonymisation
    mine = row.status == "recorded", row.entered_by != person_id
    query = select(row.kind, func.count()).where(*mine).group_by(row.kind).order_by(row.kind)
    return {each[0]: each[1] for each in session.execute(query)}


@dataclass(frozen=True)
class Step:
    kind: str
    done_at: dt.datetime
    text: str
    by: str
    entered_at: dt.datetime


@dataclass(frozen=True)
class IncidentFacts:
    """An incident with its steps, and where its clock stands at `now`."""

    id: int
    title: str
    happened_at: dt.datetime | None
    noticed_at: dt.datetime
    kinds: str
    affected: int | None
    what: str
    by: str
    entered_at: dt.datetime
    now: dt.datetime
    steps: tuple[Step, ...] = ()

    @property
    def deadline(self) -> dt.datetime:
        return self.noticed_at + CLOCK

    def told_at(self, kind: str) -> dt.datetime | None:
        return min((step.done_at for step in self.steps if step.kind == kind), default=None)

    @property
    def is_closed(self) -> bool:
        return any(step.kind == "closed" for step in self.steps)

    @property
    def untold(self) -> tuple[str, ...]:
        """Whom nobody has told yet."""
        return tuple(name for kind, name in TOLD.items() if self.told_at(kind) is None)

    @property
    def late(self) -> tuple[str, ...]:
        """Who was told after the deadline."""
        times = {name: self.told_at(kind) for kind, name in TOLD.items()}
        return tuple(name for name, at in times.items() if at and at > self.deadline)

    @property
    def hours_left(self) -> int:
        """Whole hours until the deadline; negative after it."""
        return int((self.deadline - self.now).total_seconds() // 3600)

    @property
    def state(self) -> tuple[str, str]:
        if self.is_closed:
            return "Ditutup", "neutral"
        if not self.untold:
            late = "Diberitahukan terlambat", "warning"
            return late if self.late else ("Sudah diberitahukan", "info")
        if self.hours_left < 0:
            return "Batas 3 × 24 jam lewat", "danger"
        left = f"{self.hours_left} jam" if self.hours_left else "kurang dari 1 jam"
        return f"Sisa {left}", "warning"

    @property
    def next_step(self) -> str:
        """What the first page says beside an incident that is not closed."""
        if self.untold:
            return f"{self.state[0]}. Belum diberi tahu: {' dan '.join(self.untold)}."
        return f"{self.state[0]}. Tutup bila penanganannya selesai."


def incidents(session: Session, now: dt.datetime, only: int | None = None) -> list[IncidentFacts]:
    """All incidents (there are few), the open ones first, or the one with this id: two queries."""
    row = Incident
    query = select(
        row.id, row.title, row.happened_at, row.noticed_at, row.kinds, row.affected, row.what,
        User.name, row.entered_at,
    ).join(User, User.id == row.entered_by)  # fmt: skip
    of_steps = select(
        IncidentStep.incident_id, IncidentStep.kind, IncidentStep.done_at, IncidentStep.text,
        User.name, IncidentStep.entered_at,
    ).join(User, User.id == IncidentStep.entered_by)  # fmt: skip
    if only is not None:
        query, of_steps = (
            query.where(row.id == only),
            of_steps.where(IncidentStep.incident_id == only),
        )
    steps: dict[int, list[Step]] = {}
    told: Any = session.execute(of_steps.order_by(IncidentStep.sequence))
    for number, *step in told:
        steps.setdefault(number, []).append(Step(*step))
    found = [IncidentFacts(*each, now) for each in session.execute(query.order_by(row.id.desc()))]
    whole = [replace(each, steps=tuple(steps.get(each.id, ()))) for each in found]
    return sorted(whole, key=lambda each: (each.is_closed, -each.id))


def waiting_for_person(
    session: Session, person_id: int, now: dt.datetime, *, keeps: bool, decides: bool
) -> list[tuple[str, int | None, str, dict[str, Any], str]]:
    """(label, count, endpoint, its values, hint): incidents that are not closed for who `keeps`
    them, and pseudonyms that wait for who `decides`."""
    found: list[tuple[str, int | None, str, dict[str, Any], str]] = [
        (f"Insiden data pribadi: {each.title}", None, "privacy.incident",
         {"incident_id": each.id}, each.next_step)
        for each in (incidents(session, now) if keeps else [])
        if not each.is_closed
    ]  # fmt: skip
    for kind, count in (waiting_requests(session, person_id) if decides else {}).items():
        label, values = "Penyamaran menunggu keputusan", {"jenis": kind}
        hint = f"{KINDS[kind]}; masa simpannya lewat. Periksa, lalu putuskan."
        found.append((label, count, "privacy.retention_list", values, hint))
    return found
