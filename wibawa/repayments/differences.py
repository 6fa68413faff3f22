"""The bank's own split, balance and class beside ours, as notices. Plain Python; money in rupiah.

A difference never blocks and changes nothing: the row is booked by the schedule, the bank's figures
are kept beside it, and the reconciliation lists what stays apart.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wibawa.repayments.outcome import Entry
from wibawa.repayments.rows import RepaymentFile
from wibawa.rules.collectibility import CLASS_NAMES, Thresholds, collectibility
from wibawa.rules.dates import short_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Problem
from wibawa.uploads.tally import Tally

MOST_DIFFERENCES = 5_000
"""Differences of one sort that are told row by row; more are counted in one sentence. A bank's
month has fewer rows; a larger file that differs everywhere differs for one reason."""

STATED = ("principal", "interest", "outstanding", "collectibility")


class Step(NamedTuple):
    """An installment as far as pouring needs it. `after`: the principal left once it is paid."""

    due_on: dt.date
    principal: int
    interest: int
    after: int
    total_before: int
    total_through: int


class Version(NamedTuple):
    """A schedule in force from `starts_on` until before `ends_on`, from the first step that the
    file's money can touch to the last."""

    starts_on: dt.date
    ends_on: dt.date
    steps: Sequence[Step]


@dataclass(frozen=True)
class Books:
    """A loan as the books have it: all money poured over it, the part of that which became
    effective after the file's first day, and its schedules in force on the file's days."""

    applied: int
    later: Sequence[tuple[dt.date, int]] = ()
    versions: Sequence[Version] = ()

    def applied_on(self, day: dt.date) -> int:
        return self.applied - sum(money for on, money in self.later if on > day)

    def step_at(self, applied: int, day: dt.date) -> Step | None:
        """The installment that the next rupiah goes to; None when nothing is left to pay."""
        for version in self.versions:
            if version.starts_on <= day < version.ends_on:
                for step in version.steps:
                    if applied < step.total_through:
                        return step
        return None


def differences(
    file: RepaymentFile,
    entries: Iterable[Entry],
    books: Mapping[int, Books],
    classes: Thresholds,
    without: Collection[int] = frozenset(),
) -> list[Problem]:
    """A notice for every row whose stated split, balance or class is not what ours is after it.

    The money of a loan is poured in order of days, oldest installment first, interest before
    principal (domain rules §4), over what the books had on that day. A class agrees when it is ours
    on the day paid or on the file's last day, since banks state either. `without`: rows whose money
    only partly goes to the loan. Raises nothing.
    """
    loans: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        loans[entry.loan_id].append(entry)
    last_day = max((entry.paid_on for group in loans.values() for entry in group), default=None)
    notices = _Notices(file, classes)
    for loan_id, group in loans.items():
        known = books.get(loan_id)
        if known is None or last_day is None:
            continue
        group.sort(key=lambda entry: (entry.paid_on, entry.row))
        added = sum(entry.amount - entry.penalty for entry in group)
        at_end = notices.class_at(known, known.applied_on(last_day) + added, last_day)[0]
        added = 0
        for entry in group:
            before = known.applied_on(entry.paid_on) + added
            added += entry.amount - entry.penalty
            if entry.row not in without:
                notices.compare(entry, known, before, at_end)
    return notices.tally.closed()


class _Notices:
    def __init__(self, file: RepaymentFile, classes: Thresholds) -> None:
        self.tally = Tally(most=MOST_DIFFERENCES)
        self.classes = classes
        self.headings = {key: file.heading(key) for key in STATED}

    def class_at(self, books: Books, applied: int, day: dt.date) -> tuple[int, int]:
        """Class and days past due."""
        step = books.step_at(applied, day)
        days = 0 if step is None or step.due_on >= day else (day - step.due_on).days
        return collectibility(days, self.classes), days

    def compare(self, entry: Entry, books: Books, before: int, at_end: int) -> None:
        day, after = entry.paid_on, before + entry.amount - entry.penalty
        left = _left(books.step_at(after, day), after)
        if entry.principal is not None or entry.interest is not None:
            principal = _left(books.step_at(before, day), before) - left
            self.compare_split(entry, principal, after - before - principal)
        if entry.outstanding is not None and entry.outstanding != left:
            sentence = (
                f"Sisa pokok menurut bank {rupiah(entry.outstanding)}, menurut catatan dinas "
                f"{rupiah(left)} sesudah pembayaran ini (beda {rupiah(entry.outstanding - left)})."
            )
            self.note(entry.row, "outstanding", "balance_differs", entry.outstanding, sentence)
        stated = entry.collectibility
        if stated is not None and stated != at_end:
            ours, days = self.class_at(books, after, day)
            if stated != ours:
                sentence = (
                    f"Kolektibilitas menurut bank {_class(stated)}, menurut catatan dinas "
                    f"{_class(ours)}: {days} hari tunggakan pada {short_date(day)}."
                )
                self.note(entry.row, "collectibility", "class_differs", stated, sentence)

    def compare_split(self, entry: Entry, principal: int, interest: int) -> None:
        stated = entry.principal or 0, entry.interest or 0
        if stated != (principal, interest):
            sentence = (
                f"Menurut bank pokok {rupiah(stated[0])} dan bunga {rupiah(stated[1])}, menurut "
                f"jadwal pokok {rupiah(principal)} dan bunga {rupiah(interest)}; dibukukan menurut "
                "jadwal, angka bank tetap disimpan."
            )
            self.note(entry.row, "principal", "split_differs", stated[0], sentence)

    def note(self, row: int, key: str, code: str, found: int, sentence: str) -> None:
        self.tally.add(row, self.headings[key], code, str(found), sentence, False)


def _left(step: Step | None, applied: int) -> int:
    """The principal that is left when `applied` is poured and the next rupiah goes to `step`."""
    if step is None:
        return 0
    into = max(0, applied - step.total_before - step.interest)
    return step.after + step.principal - into


def _class(number: int) -> str:
    return f"{number} ({CLASS_NAMES[number]})"
