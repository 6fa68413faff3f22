"""A seeded portfolio with known answers, reckoned by other code than the program's.

Plain Python: nothing is imported from the program. Schedules, positions, classes and every figure
are worked out here from the rules as they are written down, loan by loan and day by day. What is
to be fed stands in `World.steps`, in the order of booking; every answer can be asked for as it is
known on a day (`known`), so that a report of before later entries can be checked as well.

Banks: "JATENG" (commercial) and "PASAR" (rural). Amounts in rupiah, percentages in hundredths.
"""

from __future__ import annotations

import calendar
import datetime as dt
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

BANKS = {"JATENG": "Bank Jateng", "PASAR": "Bank Pasar"}
LIMITS = {"JATENG": (0, 90, 120, 180), "PASAR": (30, 90, 180, 360)}
METHODS = {"JATENG": ("annuity", "declining"), "PASAR": ("flat",)}
PLACES = {
    "33.74.01.1001": "Semarang Tengah",
    "33.74.02.1008": "Semarang Utara",
    "33.74.05.1004": "Genuk",
    "33.74.07.1001": "Semarang Selatan",
    "33.74.16.1007": "Tugu",
}
SECTORS = ("Kuliner", "Kriya", "Jasa", "Perdagangan")
FIRST, LAST = dt.date(2024, 12, 1), dt.date(2026, 11, 24)
CUT_OFF = dt.date(2024, 12, 10)
# What two persons made of the figures while the world went on, each on the last day of a month: a
# bank's month closed, a year of the indicators locked. A loan of that year comes after its lock.
CLOSED, CLOSED_ON = ("PASAR", dt.date(2025, 5, 1)), dt.date(2025, 6, 30)
LOCKED, LOCKED_ON = 2025, dt.date(2026, 1, 31)
LATE_LOAN = dt.date(2025, 12, 29), dt.date(2026, 2, 10)
# Counts from outside the books: when they were written down, kind, name, year, count.
INPUTS = (
    (dt.date(2026, 1, 20), "denominator", "SI-UMI", 2025, 400),
    (dt.date(2026, 6, 5), "denominator", "SI-UMI", 2025, 410),
    (dt.date(2026, 7, 10), "programme", "KUR", 2026, 14),
    (dt.date(2026, 9, 15), "denominator", "SI-UMI", 2026, 380),
)
# Access to finance is defined late: micro-enterprises with a running loan, and other programmes.
DEFINED, DEFINED_ON = 2026, dt.date(2026, 5, 12)
MONTHS = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
    "Oktober", "November", "Desember",
)  # fmt: skip
CLASSES = ("Lancar", "Dalam Perhatian Khusus", "Kurang Lancar", "Diragukan", "Macet")
DAY = dt.timedelta(days=1)
Figures = dict[tuple[str, ...], list[Any]]


def half_up(part: int, whole: int) -> int:
    return (2 * part + whole) // (2 * whole)


def percent(part: int, whole: int) -> int | None:
    return None if whole == 0 else half_up(part * 10_000, whole)


def months_on(day: dt.date, count: int, of_month: int | None = None) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(of_month or day.day, last))


def month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def long_date(day: dt.date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


@dataclass(frozen=True)
class Due:
    on: dt.date
    principal: int
    interest: int

    @property
    def total(self) -> int:
        return self.principal + self.interest


def schedule(principal: int, months: int, method: str, lent_on: dt.date) -> list[Due]:
    """3 % a year by the rules of §3: each division rounded half up once, the last row the rest."""
    rows: list[Due] = []
    left = principal
    monthly = Fraction(300, 120_000)
    if method == "annuity":
        grown = (1 + monthly) ** months
        exact = principal * monthly * grown / (grown - 1)
        installment = half_up(exact.numerator, exact.denominator)
    flat_left = half_up(principal * 300 * months, 120_000)
    flat = half_up(flat_left, months)
    for number in range(1, months + 1):
        interest = half_up(left * 300, 120_000)
        part = half_up(principal, months)
        if method == "annuity":
            part = installment - interest
        if method == "flat":
            interest = flat_left if number == months else min(flat, flat_left)
            flat_left -= interest
        part = left if number == months else min(part, left)
        left -= part
        rows.append(Due(months_on(lent_on, number), part, interest))
    return rows


@dataclass
class Version:
    since: dt.date
    kind: str
    rows: list[Due]
    made: dt.date


@dataclass
class Entry:
    loan: int
    number: int
    kind: str
    amount: int
    applied: int
    on: dt.date
    booked: dt.date
    reverses: int | None = None
    undone: bool = False


@dataclass
class Borrower:
    key: int
    kind: str
    sex: str
    place: str
    sector: str
    nik: str
    birth: dt.date


@dataclass
class Loan:
    key: int
    borrower: Borrower
    bank: str
    principal: int
    months: int
    method: str
    lent_on: dt.date
    booked: dt.date
    habit: str
    opened_on: dt.date | None = None
    opening: int = 0
    entries: list[Entry] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)

    @property
    def account(self) -> str:
        return f"0{1 + (self.bank == 'PASAR')}7{self.key:09d}"


@dataclass
class Titipan:
    key: int
    bank: str
    account: str
    reason: str
    amount: int
    on: dt.date
    booked: dt.date
    taken: list[tuple[str, int, dt.date, dt.date]] = field(default_factory=list)

    def open_on(self, day: dt.date, known: dt.date) -> int:
        gone = sum(a for _, a, on, booked in self.taken if on <= day and booked <= known)
        return self.amount - gone if self.on <= day and self.booked <= known else 0


@dataclass(frozen=True)
class Step:
    """Something to feed on a day: "lend", "file" or the kind of a request."""

    booked: dt.date
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Stand:
    """Where a loan stands at the end of a day."""

    outstanding: int
    interest_left: int
    arrears: int
    arrears_principal: int
    days: int
    grade: int
    gone: bool
    applied: int


class World:
    """Everything that happened, made by one seed."""

    def __init__(self, seed: int = 8) -> None:
        self.chance = random.Random(seed)
        self.borrowers: list[Borrower] = []
        self.loans: list[Loan] = []
        self.titipan: list[Titipan] = []
        self.steps: list[Step] = []
        self.references = 0
        self.late_rows: dict[str, list[tuple[Any, ...]]] = {bank: [] for bank in BANKS}
        self.quotas: list[tuple[str, int, int]] = [("JATENG", 2025, 300_000_000),
                                                   ("PASAR", 2025, 200_000_000),
                                                   ("JATENG", 2026, 250_000_000)]  # fmt: skip
        self._people()
        self._lend_all()
        self._say_all()
        self._live()

    # — making the world —

    def _people(self) -> None:
        places = list(PLACES)
        for key in range(1, 57):
            cooperative = key % 9 == 0
            sex = "P" if key % 5 in (1, 2, 4) else "L"
            birth = dt.date(1970 + key % 30, 1 + key % 12, 1 + key % 28)
            day = birth.day + (40 if sex == "P" else 0)
            nik = f"337401{day:02d}{birth.month:02d}{birth.year % 100:02d}{key:04d}"
            self.borrowers.append(
                Borrower(key, "cooperative" if cooperative else "micro", sex,
                         places[key * 7 % len(places)], SECTORS[key % 4], nik, birth)
            )  # fmt: skip

    def _lend_all(self) -> None:
        habits = ("good", "late", "good", "partial", "over", "skip", "good", "stop")
        for borrower in self.borrowers:
            key = borrower.key
            bank = "JATENG" if key % 2 else "PASAR"
            method = METHODS[bank][key // 4 % len(METHODS[bank])]
            habit = habits[(key // 2) % len(habits)]
            months = 6 if key % 11 == 5 else 12 if key % 6 == 1 else 24
            principal = (3 + key * 5 % 23) * 1_000_000 + (137 if key % 4 == 0 else 0)
            if key <= 4:
                lent = months_on(dt.date(2024, 3, 31), key)
                self._open(borrower, bank, principal, 24, method, lent, habit)
                continue
            lent = FIRST + dt.timedelta(days=(key - 4) * 12 + key % 5)
            if key % 10 == 0:
                lent = month_end(lent.year, lent.month)
            late = 2 if key % 3 == 0 else 0
            self._add(borrower, bank, principal, months, method, lent, lent + late * DAY, habit)
        again = [loan for loan in self.loans if loan.months == 6][:2]
        for loan in again:  # the same people once more, at the other bank
            lent = months_on(loan.lent_on, 9)
            bank = "PASAR" if loan.bank == "JATENG" else "JATENG"
            self._add(loan.borrower, bank, 9_000_000, 24, METHODS[bank][0], lent, lent, "good")
        lent, booked = LATE_LOAN
        place = self.borrowers[0].place
        late = Borrower(57, "micro", "P", place, SECTORS[0], "3374014801900057",
                        dt.date(1990, 1, 8))  # fmt: skip
        self.borrowers.append(late)
        self._add(late, "JATENG", 8_000_000, 24, "annuity", lent, booked, "good")

    def _say_all(self) -> None:
        for booked, kind, name, year, count in INPUTS:
            self._ask(booked, "input", of=kind, name=name, year=year, count=count)
        self._ask(DEFINED_ON, "define", since=DEFINED)

    def _open(
        self, borrower: Borrower, bank: str, principal: int, months: int, method: str,
        lent: dt.date, habit: str,
    ) -> None:  # fmt: skip
        rows = schedule(principal, months, method, lent)
        paid = sum(row.total for row in rows if row.on <= dt.date(2024, 11, 30))
        loan = self._add(borrower, bank, principal, months, method, lent, CUT_OFF, habit)
        loan.opened_on, loan.opening = CUT_OFF, paid
        loan.entries.append(Entry(loan.key, 2, "opening", paid, paid, CUT_OFF, CUT_OFF))

    def _add(
        self, borrower: Borrower, bank: str, principal: int, months: int, method: str,
        lent: dt.date, booked: dt.date, habit: str,
    ) -> Loan:  # fmt: skip
        key = len(self.loans) + 1
        loan = Loan(key, borrower, bank, principal, months, method, lent, booked, habit)
        loan.entries.append(Entry(key, 1, "disbursement", principal, 0, lent, booked))
        loan.versions.append(
            Version(lent, "first", schedule(principal, months, method, lent), booked)
        )
        self.loans.append(loan)
        self.steps.append(Step(booked, "lend", {"loan": key}))
        return loan

    def _live(self) -> None:
        for place in range(24):
            start = months_on(FIRST, place)
            end = min(month_end(start.year, start.month), LAST - DAY)
            filed = min(end + 3 * DAY, LAST)
            if place:
                self._by_hand(place, start)
            for bank in BANKS:
                self._file(bank, place, start, end, filed)
        self.steps.sort(key=lambda step: step.booked)

    def _next_reference(self) -> str:
        self.references += 1
        return f"R{self.references:05d}"

    def _file(self, bank: str, place: int, start: dt.date, end: dt.date, filed: dt.date) -> None:
        rows = [*self.late_rows[bank]]
        self.late_rows[bank] = []
        for loan in self.loans:
            if loan.bank != bank or loan.lent_on >= start or loan.booked > filed:
                continue
            amount, penalty, day = self._wish(loan, place, start, end)
            if amount <= 0 or (loan.opened_on and day <= CUT_OFF):
                continue
            row = (loan.key, loan.account, day, amount + penalty, penalty)
            if loan.key % 7 == 3 and place % 4 == 1:
                self.late_rows[bank].append(row)  # the bank sends it a month later
            else:
                rows.append(row)
        if place % 6 == 2:
            rows.append((None, f"0999000{place:05d}", start + 4 * DAY, 125_000 + place, 0))
        rows.sort(key=lambda row: row[2])
        named = [(*row, self._next_reference()) for row in rows]
        if not named:
            return
        self.steps.append(Step(filed, "file", {"bank": bank, "rows": named}))
        closed = {loan.key for loan in self.loans if self._owed(loan) <= 0}  # before the file
        for key, account, day, amount, penalty, _ in named:
            if key is None:
                self._suspend(bank, account, "account_unknown", amount, day, filed)
            else:
                loan = self.loans[key - 1]
                self._receive(loan, amount, penalty, day, filed, closed=key in closed)

    def _wish(
        self, loan: Loan, place: int, start: dt.date, end: dt.date
    ) -> tuple[int, int, dt.date]:
        """What a borrower pays in a month: amount, penalty, day."""
        rows = loan.versions[-1].rows
        applied = sum(each.applied for each in loan.entries)
        owed = sum(row.total for row in rows) - applied
        until = end if loan.habit != "late" else start - DAY
        need = sum(row.total for row in rows if row.on <= until) - applied
        day = start + dt.timedelta(days=(loan.key * 3 + place) % 20)
        penalty = 2_500 if loan.habit == "late" and place % 3 == 0 else 0
        if owed <= 0:
            stray = 75_000 if (loan.key + place) % 13 == 0 else 0
            return stray, 0, day
        if loan.habit == "stop":
            gone = self._gone(loan, day, filed_by=end)
            if gone:
                return (150_000 if place % 3 == 0 else 0), 0, day
            if place > 3 + loan.key % 4:
                return 0, 0, day
        if loan.habit == "partial":
            return (need if place % 3 == 0 else need * 6 // 10), 0, day
        if loan.habit == "over":
            extra = 50_000 if need * 13 // 10 >= owed else 0
            return min(need * 13 // 10, owed) + extra, 0, day
        if loan.habit == "skip" and place % 4 == loan.key % 4:
            return 0, 0, day
        if need > 0 and need == owed and loan.key % 2 == 0:
            return owed + 40_000, 0, day  # more than what is left
        return max(need, 0), (penalty if need > 0 else 0), day

    def _gone(self, loan: Loan, day: dt.date, filed_by: dt.date) -> bool:
        return any(
            each.kind == "write_off" and not each.undone and each.on <= day for each in loan.entries
        )

    def _suspend(
        self, bank: str, account: str, reason: str, amount: int, on: dt.date, booked: dt.date
    ) -> None:
        key = len(self.titipan) + 1
        self.titipan.append(Titipan(key, bank, account, reason, amount, on, booked))

    def _owed(self, loan: Loan) -> int:
        """What the last schedule still asks for, with all money that is booked."""
        applied = sum(each.applied for each in loan.entries)
        return sum(row.total for row in loan.versions[-1].rows) - applied

    def _receive(
        self, loan: Loan, amount: int, penalty: int, on: dt.date, booked: dt.date,
        closed: bool = False,
    ) -> Entry | None:  # fmt: skip
        owed = self._owed(loan)
        net = amount - penalty
        takes = min(net, max(owed, 0))
        if takes < net:
            reason = "loan_closed" if closed else "exceeds_outstanding"
            self._suspend(loan.bank, loan.account, reason, net - takes, on, booked)
        if not takes:
            return None
        kind = "recovery" if self._gone(loan, on, booked) else "repayment"
        return self._enter(loan, kind, takes + penalty, takes, on, booked)

    def _enter(
        self, loan: Loan, kind: str, amount: int, applied: int, on: dt.date, booked: dt.date,
        reverses: int | None = None,
    ) -> Entry:  # fmt: skip
        number = len(loan.entries) + 1
        entry = Entry(loan.key, number, kind, amount, applied, on, booked, reverses)
        loan.entries.append(entry)
        return entry

    def _ask(self, booked: dt.date, kind: str, **data: Any) -> None:
        self.steps.append(Step(booked, kind, data))

    def _by_hand(self, place: int, start: dt.date) -> None:
        """What two people decide in a month: on its 20th, after the file of the month before."""
        day = start + 19 * DAY
        if day > LAST:
            return
        if place in (9, 15, 21):
            self._holiday(day, place)
        if place in (12, 18):
            self._tenor(day)
        if place in (7, 13, 20):
            self._reverse(day, own_day=place != 13)
        if place in (8, 16, 22):
            self._pay_by_hand(day, place)
        if place in (10, 17):
            self._place_titipan(day)
        if place == 19:
            self._return_titipan(day)
        for loan in self.loans:
            if loan.habit == "stop" and loan.lent_on < day and not self._gone(loan, day, day):
                stand = self.stand(loan, day, day)
                if stand.grade == 5 and stand.outstanding and (loan.key + place) % 3 == 0:
                    self._ask(day, "write_off", loan=loan.key)
                    self._enter(loan, "write_off", stand.outstanding, 0, day, day)
        if place == 22:
            self._bring_back(day)

    def _bring_back(self, day: dt.date) -> None:
        """One loan was written off by mistake."""
        for loan in self.loans:
            for each in loan.entries:
                later = any(e.kind == "recovery" for e in loan.entries)
                if each.kind == "write_off" and not each.undone and not later:
                    self._undo(loan, each, day, day)
                    return

    def _running(self, day: dt.date, habit: str, skip: int) -> list[Loan]:
        found = []
        for loan in self.loans:
            if loan.habit == habit and loan.lent_on < day - 60 * DAY and loan.booked < day:
                stand = self.stand(loan, day, day)
                if stand.outstanding > 0 and not stand.gone and loan.key % 5 != skip:
                    found.append(loan)
        return found

    def _first_to_come(self, loan: Loan, day: dt.date) -> int:
        applied = sum(each.applied for each in loan.entries)
        through = 0
        opened = 0
        for place, row in enumerate(loan.versions[-1].rows):
            through += row.total
            if through > applied and not opened:
                opened = place + 1
            if opened and row.on >= day:
                return place + 1
        return opened

    def _holiday(self, day: dt.date, place: int) -> None:
        """Three months without installments, their interest waived: the rest moves."""
        loan = next(
            each for each in self._running(day, "skip" if place == 15 else "partial", 9)
            if len(each.versions) == 1 and self._first_to_come(each, day)
        )  # fmt: skip
        first = self._first_to_come(loan, day)
        rows = loan.versions[-1].rows
        moved = [
            Due(months_on(row.on, 3, loan.lent_on.day), row.principal, row.interest)
            for row in rows[first - 1 :]
        ]
        loan.versions.append(Version(day, "holiday", [*rows[: first - 1], *moved], day))
        self._ask(day, "holiday", loan=loan.key, first=first, months=3, interest="waived")

    def _tenor(self, day: dt.date) -> None:
        """A flat loan is spread over six months more."""
        for loan in self._running(day, "good", 9):
            first = self._first_to_come(loan, day)
            rows = loan.versions[-1].rows
            applied = sum(each.applied for each in loan.entries)
            before = sum(row.total for row in rows[: first - 1])
            if loan.method != "flat" or len(loan.versions) > 1 or applied > before:
                continue
            if len(rows) - first < 4:
                continue
            old = rows[first - 1 :]
            count = len(old) + 6
            principal = sum(row.principal for row in old)
            part, left = half_up(principal, count), principal
            interest = sum(row.interest for row in old) + 6 * half_up(loan.principal * 300, 120_000)
            each, extra = half_up(interest, count), interest
            new: list[Due] = []
            for place in range(count):
                last = place == count - 1
                principal_part = left if last else min(part, left)
                interest_part = extra if last else min(each, extra)
                left, extra = left - principal_part, extra - interest_part
                on = months_on(old[0].on, place, loan.lent_on.day) if place else old[0].on
                new.append(Due(on, principal_part, interest_part))
            loan.versions.append(Version(day, "tenor", [*rows[: first - 1], *new], day))
            self._ask(day, "tenor", loan=loan.key, first=first, more=6)
            return
        raise AssertionError("the seed has no loan for this")

    def _reverse(self, day: dt.date, own_day: bool) -> None:
        rests = {(each.account, each.on) for each in self.titipan}
        for loan in self._running(day, "good" if own_day else "partial", 1):
            paid = [
                each for each in loan.entries
                if each.kind == "repayment" and not each.undone
                and (loan.account, each.on) not in rests and each.booked < day
            ]  # fmt: skip
            if len(paid) >= 2:
                self._undo(loan, paid[-1], paid[-1].on if own_day else day, day)
                return
        raise AssertionError("the seed has no loan for this")

    def _undo(self, loan: Loan, entry: Entry, on: dt.date, day: dt.date) -> None:
        entry.undone = True
        self._enter(loan, "reversal", entry.amount, -entry.applied, on, day, entry.number)
        self._ask(day, "reversal", loan=loan.key, entry=entry.number,
                  on="" if on == entry.on else on.isoformat())  # fmt: skip

    def _pay_by_hand(self, day: dt.date, place: int) -> None:
        loan = self._running(day, "partial", 2)[0]
        on, amount = day - 25 * DAY, 90_000 + place
        self._ask(day, "payment", loan=loan.key, paid_on=on.isoformat(), amount=amount, penalty=0,
                  reference=f"T{place}", source="Telepon")  # fmt: skip
        self._receive(loan, amount, 0, on, day)

    def _place_titipan(self, day: dt.date) -> None:
        """A part of money on an unknown account is found to be a loan's."""
        for sum_ in self.titipan:
            if sum_.reason == "account_unknown" and not sum_.taken and sum_.booked < day:
                loan = next(e for e in self._running(day, "partial", 3) if e.bank == sum_.bank)
                on = sum_.on + 2 * DAY
                sum_.taken.append(("loan", 100_000, on, day))
                self._ask(day, "suspense_loan", titipan=sum_.key, loan_key=loan.key,
                          amount=100_000, on=on.isoformat())  # fmt: skip
                self._enter(loan, "repayment", 100_000, 100_000, on, day)
                return
        raise AssertionError("the seed has no titipan for this")

    def _return_titipan(self, day: dt.date) -> None:
        for sum_ in self.titipan:
            if sum_.reason == "loan_closed" and not sum_.taken and sum_.booked < day:
                sum_.taken.append(("returned", sum_.amount, day, day))
                self._ask(day, "suspense_return", titipan=sum_.key, amount=sum_.amount,
                          on=day.isoformat(), reference="Surat bank 12")  # fmt: skip
                return

    # — where a loan stands —

    def version(self, loan: Loan, day: dt.date, known: dt.date) -> Version:
        return [each for each in loan.versions if each.since <= day and each.made <= known][-1]

    def applied(self, loan: Loan, day: dt.date, known: dt.date) -> int:
        return sum(e.applied for e in loan.entries if e.on <= day and e.booked <= known)

    def there(self, day: dt.date, known: dt.date, bank: str | None = None) -> list[Loan]:
        return [
            loan
            for loan in self.loans
            if loan.lent_on <= day and loan.booked <= known and bank in (None, loan.bank)
        ]

    def stand(self, loan: Loan, day: dt.date, known: dt.date) -> Stand:
        rows = self.version(loan, day, known).rows
        applied = left = self.applied(loan, day, known)
        outstanding = interest_left = arrears = arrears_principal = 0
        oldest: dt.date | None = None
        for row in rows:
            interest = max(row.interest - left, 0)
            left = max(left - row.interest, 0)
            principal = max(row.principal - left, 0)
            left = max(left - row.principal, 0)
            outstanding += principal
            interest_left += interest
            if row.on < day and principal + interest:
                arrears += principal + interest
                arrears_principal += principal
                oldest = oldest or row.on
        days = (day - oldest).days if oldest else 0
        grade = 1 + sum(days > limit for limit in LIMITS[loan.bank])
        gone = self.written_off(loan, day, known) is not None
        return Stand(
            outstanding, interest_left, arrears, arrears_principal, days, grade, gone, applied
        )

    def written_off(self, loan: Loan, day: dt.date, known: dt.date) -> Entry | None:
        undone = {
            e.reverses for e in loan.entries
            if e.kind == "reversal" and e.on <= day and e.booked <= known
        }  # fmt: skip
        found = [
            e for e in loan.entries
            if e.kind == "write_off" and e.on <= day and e.booked <= known
            and e.number not in undone
        ]  # fmt: skip
        return found[0] if found else None

    def stands(
        self, day: dt.date, known: dt.date, bank: str | None = None
    ) -> list[tuple[Loan, Stand]]:
        key = (day, min(known, LAST))
        if key not in self._stands:
            self._stands[key] = [(loan, self.stand(loan, *key)) for loan in self.there(*key)]
        return [pair for pair in self._stands[key] if bank in (None, pair[0].bank)]

    @cached_property
    def _stands(self) -> dict[tuple[dt.date, dt.date], list[tuple[Loan, Stand]]]:
        return {}

    def later(self, day: dt.date, kinds: Iterable[str] | None = None) -> int:
        """How many entries are dated up to a day and were booked after it."""
        return sum(
            e.on <= day < e.booked and (kinds is None or e.kind in kinds)
            for loan in self.loans
            for e in loan.entries
        )
