"""Issuing reminders together and changing their days: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.arrears.models import Reminder, ReminderBatch, ReminderSetting
from wibawa.arrears.reminders import queries
from wibawa.arrears.reminders.letter import Reminded, reminder_letter
from wibawa.banks.queries import thresholds_on
from wibawa.letters import actions as letters
from wibawa.letters.documents import Heading, PaperKind, letter_data
from wibawa.loans.journal import lock_loans
from wibawa.rules.dated import is_sent_twice, refuse_past
from wibawa.rules.dates import long_date
from wibawa.rules.money import number
from wibawa.rules.refused import Refused
from wibawa.web.clock import in_wib

NAMED = {
    "first_days": "peringatan 1",
    "second_days": "peringatan 2",
    "third_days": "peringatan 3",
    "gap_days": "jarak",
    "pay_days": "batas bayar",
}


def issue_reminders(
    session: Session, chosen: Mapping[int, tuple[int, int]], by: int, now: dt.datetime
) -> int:
    """Issue the chosen letters (loan → grade and arrears that were seen) together; the batch's id.

    All or nothing, each with its number. Raises `Refused`: `nothing_chosen`, `too_many`,
    `changed`, and what `letters.actions.issue` raises.
    """
    if not chosen:
        raise Refused("nothing_chosen", "Belum ada surat yang dipilih. Centang dahulu.")
    if len(chosen) > queries.MOST_AT_ONCE:
        raise Refused(
            "too_many",
            f"Terpilih {number(len(chosen))} surat; sekali terbit paling banyak "
            f"{queries.MOST_AT_ONCE}.",
        )
    lock_loans(session, sorted(chosen))
    today = in_wib(now).date()
    due = queries.due_lines(session, today, thresholds_on(session, today), only=chosen)
    now_due = {line.id: (line.grade, line.arrears) for line in due}
    if now_due != dict(chosen):
        raise Refused(
            "changed",
            "Sebagian yang dipilih berubah sejak ditampilkan: sudah dibayar, atau suratnya sudah "
            "terbit. Belum ada surat yang terbit. Periksa daftar yang sekarang, lalu ulangi.",
        )
    batch = ReminderBatch(created_by=by, created_at=now)
    session.add(batch)
    session.flush()
    said = queries.reminded(session, due, today)
    rows = []
    for line in due:
        paper = _issue(session, line, said[line.id], by, now)
        rows.append({"paper_id": paper, "batch_id": batch.id, "loan_id": line.id,
                     "bank_id": line.bank_id, "grade": line.grade, "dated": today,
                     "arrears_since": line.uncovered_since})  # fmt: skip
    session.execute(insert(Reminder), rows)
    detail = f"{number(len(rows))} surat peringatan"
    trail.record(session, now, by, "reminders_issued", "reminder_batch", batch.id, detail)
    return batch.id


def _issue(
    session: Session, line: queries.DueLine, told: Reminded, by: int, now: dt.datetime
) -> int:
    def compose(heading: Heading) -> dict[str, Any]:
        return {"letter": letter_data(reminder_letter(told, heading))}

    subject = f"Pinjaman {line.number}, peringatan {line.grade}"
    return letters.issue(
        session, PaperKind.REMINDER, line.bank_id, subject, compose, by, now, holder=told.name
    )


def change_steps(
    session: Session,
    start: dt.date,
    days: Mapping[str, int],
    seen: int,
    by: int,
    now: dt.datetime,
) -> bool:
    """Put other days in force from a day on; False when nothing changes.

    `seen` is the newest entry that the form knew. Raises `Refused`: `starts_in_past`, `changed`.
    """
    refuse_past(start, in_wib(now).date(), "; surat yang sudah terbit tidak berubah")
    newest = queries.step_history(session)[0]
    if is_sent_twice(
        seen, newest.id, newest.days == days and newest.valid_from == start, "Hari surat peringatan"
    ):
        return False
    before = queries.steps_on(session, start).days
    told = trail.changes(
        (NAMED[name], f"{before[name]} hari", f"{days[name]} hari") for name in before
    )
    if not told:
        return False
    setting = ReminderSetting(valid_from=start, entered_by=by, entered_at=now, **days)
    session.add(setting)
    session.flush()
    detail = f"Mulai {long_date(start)}: {told}"
    trail.record(session, now, by, "reminder_days_changed", "reminder_days", setting.id, detail)
    return True
