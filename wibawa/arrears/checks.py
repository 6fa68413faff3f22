"""What a note about a late loan must say: plain Python."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Problem

LONGEST_PROMISE = 366  # days; beyond it a year was mistyped


@dataclass(frozen=True)
class NewContact:
    """A note as it was typed. A promise is an amount in rupiah until a day, or neither."""

    kind: str
    contacted_on: dt.date
    officer_id: int
    met: str
    outcome: str
    promise_amount: int | None
    promise_on: dt.date | None
    note: str


def contact_problems(
    new: NewContact, today: dt.date, disbursed_on: dt.date, owed: int
) -> list[Problem]:
    """What stands against keeping a note; `column` is the field. `owed`: all that is still to be
    paid, principal and interest, rupiah."""
    found = [*_days(new, today, disbursed_on), *_promise(new, owed)]
    if new.outcome == "other" and not new.note:
        found.append(_problem("note", "note_missing", "Tulis dalam catatan apa hasilnya."))
    return found


def _problem(column: str, code: str, message: str, found: str = "") -> Problem:
    return Problem(0, column, code, found, message)


def _days(new: NewContact, today: dt.date, disbursed_on: dt.date) -> list[Problem]:
    day = long_date(new.contacted_on)
    if new.contacted_on > today:
        said = f"{day} belum tiba. Catat yang sudah terjadi, paling lambat hari ini."
        return [_problem("contacted_on", "day_in_future", said, day)]
    if new.contacted_on < disbursed_on:
        said = f"{day} sebelum pinjaman ini cair, {long_date(disbursed_on)}."
        return [_problem("contacted_on", "day_before_loan", said, day)]
    return []


def _promise(new: NewContact, owed: int) -> list[Problem]:
    amount, until = new.promise_amount, new.promise_on
    if new.outcome != "promise":
        said = "Diisi hanya bila hasilnya “Berjanji membayar”. Pilih hasil itu, atau kosongkan."
        return [
            _problem(column, "promise_not_meant", said)
            for column, typed in (("promise_amount", amount), ("promise_on", until))
            if typed is not None
        ]
    found = []
    if amount is None:
        found.append(_problem("promise_amount", "amount_missing", "Isi jumlah yang dijanjikan."))
    elif amount <= 0:
        said = "Jumlah yang dijanjikan harus lebih dari nol."
        found.append(_problem("promise_amount", "amount_not_positive", said))
    elif amount > owed:
        said = f"Tertulis {rupiah(amount)}, padahal sisa seluruh tagihan {rupiah(owed)}."
        found.append(_problem("promise_amount", "amount_beyond_debt", said))
    if until is None:
        found.append(_problem("promise_on", "day_missing", "Isi sampai tanggal berapa."))
    elif until < new.contacted_on:
        said = f"{long_date(until)} sebelum janji dibuat, {long_date(new.contacted_on)}."
        found.append(_problem("promise_on", "promise_before", said))
    elif (until - new.contacted_on).days > LONGEST_PROMISE:
        said = f"{long_date(until)} lebih dari setahun sesudah janji dibuat. Periksa tahunnya."
        found.append(_problem("promise_on", "promise_too_far", said))
    return found
