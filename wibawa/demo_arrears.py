"""What the demo office did about its late loans: calls and visits, a promise that was broken, one
that is awaited, and a first batch of reminder letters."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy.orm import Session

from wibawa.arrears.actions import assign_officer, record_contact
from wibawa.arrears.checks import NewContact
from wibawa.arrears.lists import ArrearsFilter, LateLine, all_late_lines
from wibawa.arrears.reminders.actions import issue_reminders
from wibawa.arrears.reminders.queries import due_lines
from wibawa.banks.queries import thresholds_on
from wibawa.loans.queries import facts_of_loans
from wibawa.web.clock import WIB, in_wib
from wibawa.web.pages import Wanted

LETTERS, LETTERS_AGO = 6, 16
# kind, days ago, outcome, part of the arrears promised in hundredths, days to the promise, note
Note = tuple[str, int, str, int, int, str]
NOTES: Final[tuple[Note, ...]] = (
    ("visit", 12, "promise", 50, 7, "Warung sepi sejak jalan diperbaiki; akan dibayar bertahap."),
    ("call", 3, "promise", 100, 10, "Menunggu pembayaran pesanan."),
    ("call", 5, "absent", 0, 0, "Dua kali ditelepon, tidak diangkat."),
    ("message", 2, "paid", 0, 0, "Mengirim foto bukti setor; cocokkan dengan berkas bank."),
    ("visit", 9, "unable", 0, 0, "Sakit, usaha berhenti sementara. Tawarkan relaksasi."),
)


def add_arrears(session: Session, people: dict[str, int], now: dt.datetime) -> None:
    """Letters to those who were late longest two weeks ago, and notes about five of them."""
    ani, day = people["ani"], in_wib(now).date() - dt.timedelta(days=LETTERS_AGO)
    due = due_lines(session, day, thresholds_on(session, day))[:LETTERS]
    sent = dt.datetime(day.year, day.month, day.day, 14, 5, tzinfo=WIB)
    issue_reminders(session, {line.id: (line.grade, line.arrears) for line in due}, ani, sent)
    today = in_wib(now).date()
    asked, classes = Wanted(1, 50, "janji", False), thresholds_on(session, today)
    late = all_late_lines(session, today, classes, ArrearsFilter(), asked)
    banks = {each.id: each.bank_id for each in facts_of_loans(session, [one.id for one in late])}
    for line, note in zip(late[2:], NOTES, strict=False):
        _note(session, line, banks[line.id], note, ani, now)
        assign_officer(session, line.id, banks[line.id], ani, 0, people["budi"], now)


def _note(
    session: Session, line: LateLine, bank_id: int, note: Note, by: int, now: dt.datetime
) -> None:
    kind, ago, outcome, part, days, said = note
    on = in_wib(now).date() - dt.timedelta(days=ago)
    amount = line.arrears * part // 100 if part else None
    until = on + dt.timedelta(days=days) if part else None
    new = NewContact(kind, on, by, "Peminjam", outcome, amount, until, said)
    at = dt.datetime(on.year, on.month, on.day, 15, 20, tzinfo=WIB)
    record_contact(session, line.id, bank_id, new, by, at)
