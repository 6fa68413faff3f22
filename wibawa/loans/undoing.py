"""Undoing what is booked: one entry, one entry that belongs to another loan, a whole file.

An entry is undone with the row it came from: what of that row lies in titipan goes with it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.loans.deeds import Deed, Taken, together
from wibawa.loans.journal import NewEntry
from wibawa.loans.models import (
    LedgerEntry,
    Loan,
    LoanRequest,
    PaymentMatch,
    SuspenseEntry,
    SuspenseResolution,
)
from wibawa.loans.receiving import Money, placed, receiver
from wibawa.loans.undone import RECEIVED, UNDOABLE, is_reversed, resolved
from wibawa.rules.dates import long_date
from wibawa.rules.facts import EntryKind
from wibawa.rules.money import number, rupiah
from wibawa.rules.refused import Refused
from wibawa.uploads.models import Upload

MOST_NAMED = 5


@dataclass(frozen=True)
class Undoing:
    """What undoes an entry, the entry itself, the whole money of its row, and the titipan that it
    was taken from, if any."""

    deed: Deed
    entry: LedgerEntry
    amount: int
    suspense_id: int | None


def reversal(
    session: Session, loan_id: int, sequence: int, on: dt.date | None, today: dt.date
) -> Undoing:
    """What undoes one whole entry on `on`, or on its own day. Raises `Refused`."""
    entry = _to_undo(session, loan_id, sequence)
    on = on or entry.effective_on
    if not entry.effective_on <= on <= today:
        raise Refused(
            "date_out_of_range",
            f"Tanggal {long_date(on)} tidak dapat dipakai; pilih tanggal antara "
            f"{long_date(entry.effective_on)}, hari entri itu, dan {long_date(today)}, hari ini.",
        )
    rest, taken = _rest_of(session, entry, on), _taken_from(session, entry, on)
    deed = Deed((_undo(entry, on),), (), (*rest, *taken))
    whole = entry.amount + sum(each.amount for each in rest)
    return Undoing(deed, entry, whole, taken[0].suspense_id if taken else None)


def move(
    session: Session, loan_id: int, sequence: int, to_loan_id: int, today: dt.date
) -> tuple[Undoing, Deed]:
    """What undoes an entry and books its money to another loan of the same bank, on the same day;
    the undoing, and the deed that does both. Money that came out of titipan stays there as far as
    the other loan does not take it. Raises `Refused`."""
    undoing = reversal(session, loan_id, sequence, None, today)
    entry = undoing.entry
    if entry.kind not in RECEIVED:
        raise Refused(
            "not_money", "Hanya uang yang diterima yang dapat dipindahkan ke pinjaman lain."
        )
    loan = receiver(session, to_loan_id, today)
    if loan.bank_id != entry.bank_id or to_loan_id == loan_id:
        raise Refused(
            "other_loan_wanted",
            "Pilih pinjaman lain di bank yang sama; uang tidak berpindah bank lewat buku ini.",
        )
    if undoing.suspense_id is not None:
        there = placed(loan, Money(entry.amount, 0, entry.effective_on), today).entries[0]
        again = Taken(undoing.suspense_id, "loan", there.amount, there.effective_on, place=0)
        return undoing, together(undoing.deed, Deed((there,), (), (again,)))
    key, attempt = _key_of(session, entry)
    money = Money(
        undoing.amount, entry.penalty, entry.effective_on, entry.bank_reference, key, attempt
    )
    return undoing, together(undoing.deed, placed(loan, money, today))


def _to_undo(session: Session, loan_id: int, sequence: int) -> LedgerEntry:
    entry = session.get(LedgerEntry, (loan_id, sequence))
    if entry is None:
        raise Refused("not_there", f"Entri {number(sequence)} tidak ada di buku pinjaman ini.")
    if entry.kind not in UNDOABLE:
        raise Refused(
            "cannot_be_undone",
            "Entri ini tidak dapat dibatalkan; hanya uang yang diterima dan hapus buku.",
        )
    undone = select(LedgerEntry.sequence).where(
        LedgerEntry.loan_id == loan_id, LedgerEntry.reverses == sequence
    )
    by = session.scalar(undone)
    if by is not None:
        raise Refused(
            "undone_already",
            f"Entri {number(sequence)} sudah dibatalkan oleh entri {number(by)}.",
        )
    return entry


def _undo(entry: Any, on: dt.date) -> NewEntry:
    return NewEntry(
        entry.loan_id, entry.bank_id, EntryKind.REVERSAL, entry.amount, on,
        applied=-entry.applied, reverses=entry.sequence,
    )  # fmt: skip


def _rest_of(session: Session, entry: LedgerEntry, on: dt.date) -> tuple[Taken, ...]:
    """Titipan of the same row, which is undone together with the entry."""
    if entry.upload_id is None:
        same = and_(SuspenseEntry.loan_id == entry.loan_id, SuspenseEntry.entry == entry.sequence)
    else:
        same = and_(
            SuspenseEntry.upload_id == entry.upload_id,
            SuspenseEntry.row_number == entry.row_number,
        )
    found = session.execute(_with_open(same)).first()
    if found is None or found.amount == found.given_back:
        return ()
    if found.open != found.amount:
        raise Refused(
            "rest_is_used",
            f"Kelebihan pembayaran ini, {rupiah(found.amount)}, sudah keluar dari titipan nomor "
            f"{number(found.id)}. Batalkan dulu yang memakainya.",
        )
    return (Taken(found.id, "reversed", found.amount, on),)


def _with_open(which: ColumnElement[bool]) -> Any:
    """id, row number, amount, what is open of it and what was given back or undone."""
    out, back = resolved(), resolved("returned", "reversed")
    query: Any = (
        select(
            SuspenseEntry.id,
            SuspenseEntry.row_number,
            SuspenseEntry.effective_on,
            SuspenseEntry.amount,
            (SuspenseEntry.amount - func.coalesce(out.c.resolved, 0)).label("open"),
            func.coalesce(back.c.resolved, 0).label("given_back"),
        )
        .outerjoin(out, out.c.suspense_id == SuspenseEntry.id)
        .outerjoin(back, back.c.suspense_id == SuspenseEntry.id)
        .where(which)
    )
    return query


def _taken_from(session: Session, entry: LedgerEntry, on: dt.date) -> tuple[Taken, ...]:
    """The titipan that an entry was made from: its money is titipan again."""
    found = session.execute(
        select(SuspenseResolution.suspense_id, SuspenseResolution.amount).where(
            SuspenseResolution.loan_id == entry.loan_id,
            SuspenseResolution.entry == entry.sequence,
            SuspenseResolution.kind == "loan",
        )
    ).first()
    if found is None:
        return ()
    undone = Taken(found.suspense_id, "undone", -found.amount, on,
                   loan_id=entry.loan_id, entry=entry.sequence)  # fmt: skip
    return (undone,)


def _key_of(session: Session, entry: LedgerEntry) -> tuple[str | None, int]:
    """The key under which an entry's money is known, and how often it has been posted with the
    next time; the key of the file's row that a payment by hand was matched with."""
    if entry.row_key is not None:
        return entry.row_key, entry.attempt + 1
    key = session.scalar(
        select(PaymentMatch.row_key).where(
            PaymentMatch.loan_id == entry.loan_id, PaymentMatch.entry == entry.sequence
        )
    )
    if key is None:
        return None, 1
    posted = session.scalar(
        select(func.max(LedgerEntry.attempt)).where(
            LedgerEntry.bank_id == entry.bank_id, LedgerEntry.row_key == key
        )
    )
    return key, int(posted or 0) + 1


def whole_file(session: Session, upload_id: int) -> Deed:
    """What undoes every entry of a posted file on its own day, and its titipan. Raises `Refused`
    when money of it has gone further since. Four queries, however long the file is."""
    upload = session.get(Upload, upload_id)
    if upload is None or upload.kind != "repayments" or upload.status != "posted":
        raise Refused("not_posted", "Hanya berkas angsuran yang sudah dibukukan dapat dibatalkan.")
    if upload.reversed_at is not None:
        raise Refused("undone_already", "Berkas ini sudah dibatalkan.")
    entries = _entries_of(session, upload_id)
    suspense = session.execute(_with_open(SuspenseEntry.upload_id == upload_id)).all()
    _nothing_went_further(session, upload_id, suspense)
    taken = tuple(
        Taken(each.id, "reversed", each.open, each.effective_on) for each in suspense if each.open
    )
    if not entries and not taken:
        raise Refused("nothing_to_undo", "Tidak ada uang dari berkas ini yang masih ada di buku.")
    return Deed(tuple(entries), (), taken, upload_id)


def loans_of_file(session: Session, upload_id: int) -> list[int]:
    """The loans that a file has money in."""
    query = select(LedgerEntry.loan_id).where(LedgerEntry.upload_id == upload_id).distinct()
    return sorted(session.scalars(query))


def _entries_of(session: Session, upload_id: int) -> list[NewEntry]:
    rows: Any = session.execute(
        select(
            LedgerEntry.loan_id,
            LedgerEntry.bank_id,
            LedgerEntry.sequence,
            LedgerEntry.amount,
            LedgerEntry.applied,
            LedgerEntry.effective_on,
        )
        .where(
            LedgerEntry.upload_id == upload_id,
            LedgerEntry.kind.in_(RECEIVED),
            ~is_reversed(LedgerEntry),
        )
        .order_by(LedgerEntry.loan_id, LedgerEntry.sequence)
    )
    return [_undo(row, row.effective_on) for row in rows]


other = aliased(LedgerEntry, name="other")
file = aliased(LedgerEntry, name="file")
later = aliased(LedgerEntry, name="later")


def _nothing_went_further(session: Session, upload_id: int, suspense: Any) -> None:
    """Refuse while money of a file was moved to another loan, or its titipan was used in part."""
    said = [
        f"titipan baris {number(each.row_number)}"
        for each in suspense
        if each.open != each.amount and each.given_back != each.amount
    ]
    moved: Any = session.execute(
        select(file.row_number, Loan.number, other.sequence)
        .select_from(file)
        .join(
            other,
            and_(
                other.bank_id == file.bank_id,
                other.row_key == file.row_key,
                other.attempt > file.attempt,
                other.upload_id.is_(None),
                ~is_reversed(other),
            ),
        )
        .join(Loan, Loan.id == other.loan_id)
        .join(LoanRequest, and_(LoanRequest.id == other.request_id, LoanRequest.kind == "move"))
        .where(
            file.upload_id == upload_id,
            ~exists().where(
                later.bank_id == file.bank_id,
                later.row_key == file.row_key,
                later.attempt > file.attempt,
                later.attempt < other.attempt,
                later.upload_id.is_not(None),
            ),
        )
        .order_by(file.row_number)
        .limit(MOST_NAMED + 1)
    )
    said += [
        f"baris {number(row)} (sekarang entri {number(sequence)} pinjaman {loan})"
        for row, loan, sequence in moved
    ]
    if said:
        more = "" if len(said) <= MOST_NAMED else ", dan lainnya"
        raise Refused(
            "went_further",
            f"Uang dari berkas ini sudah dipakai: {', '.join(said[:MOST_NAMED])}{more}. Batalkan "
            "dulu entri yang memakainya, lalu batalkan berkasnya.",
        )
