"""Changing banks, their quotas and the days off: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import once, trail
from wibawa.banks import queries
from wibawa.banks.models import (
    Bank,
    BankQuota,
    DirectPermit,
    Holiday,
)
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused
from wibawa.web.clock import in_wib


@dataclass(frozen=True)
class BankSettings:
    """What an administrator may change of a bank."""

    name: str
    method: str
    multiple: int
    holiday_rule: str
    posts_clean_files: bool


LABELS = {
    "name": "Nama",
    "method": "Metode",
    "multiple": "Kelipatan",
    "holiday_rule": "Hari libur",
    "posts_clean_files": "Langsung dibukukan",
}
VALUES = {
    "annuity": "anuitas",
    "flat": "flat",
    "declining": "menurun",
    "none": "tidak digeser",
    "following": "hari kerja berikutnya",
    "preceding": "hari kerja sebelumnya",
}


def shown(bank: Bank) -> str:
    """A bank's settings in 64 characters: changing others than were seen is refused."""
    return once.body_hash((field, str(getattr(bank, field))) for field in LABELS).hex()


def told(bank: Bank, wanted: BankSettings) -> str:
    """What would change, as "Metode: flat → anuitas; …"; "" for nothing."""
    return trail.changes(
        (label, _said(getattr(bank, field)), _said(getattr(wanted, field)))
        for field, label in LABELS.items()
    )


def change_bank(
    session: Session, bank_id: int, seen: str, wanted: BankSettings, by: int, now: dt.datetime
) -> str:
    """Change a bank's settings that were `seen`; what changed, "" when nothing did.

    Loans that were disbursed before keep the terms that were copied to them. Raises `Refused`
    `changed` when somebody else set them to something else meanwhile.
    """
    bank = session.get_one(Bank, bank_id, with_for_update=True, populate_existing=True)
    said = told(bank, wanted)
    if not said:
        return ""  # sent twice, or nothing changed
    if shown(bank) != seen:
        raise Refused(
            "changed",
            "Pengaturan bank ini diubah orang lain sejak formulir dibuka. Belum ada yang "
            f"disimpan. Bila isian di bawah disimpan sekarang: {said}.",
        )
    for field in LABELS:
        setattr(bank, field, getattr(wanted, field))
    session.flush()
    trail.record(session, now, by, "bank_changed", "bank", bank.id, said)
    return said


def _said(value: object) -> object:
    return VALUES.get(value, value) if isinstance(value, str) else value


def set_quota(
    session: Session,
    bank: Bank,
    year: int,
    seen: int,
    amount: int,
    source: str,
    by: int,
    now: dt.datetime,
) -> None:
    """Set a bank's quota of a year after the entry that was `seen` (0: none).

    The same again leaves no second entry. Raises `Refused` `changed` when somebody else set it
    to something else meanwhile.
    """
    before = next(iter(queries.quota_history(session, bank.id, year)), None)
    if before is not None and (before.amount, before.source) == (amount, source):
        return  # sent twice, or nothing changed
    if (before.sequence if before else 0) != seen:
        raise _quota_changed()
    session.add(
        BankQuota(
            bank_id=bank.id,
            year=year,
            sequence=seen + 1,
            amount=amount,
            source=source,
            entered_by=by,
            entered_at=now,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise _quota_changed() from error
    was = rupiah(before.amount) if before else None
    said = trail.changes([(f"{bank.name} {year}", was, rupiah(amount))])
    trail.record(session, now, by, "quota_set", "bank", bank.id, f"{said} ({source})")


def _quota_changed() -> Refused:
    return Refused(
        "changed",
        "Kuota ini baru saja diubah orang lain. Periksa riwayatnya, lalu simpan sekali lagi bila "
        "masih perlu.",
    )


def set_permit(
    session: Session,
    bank: Bank,
    seen: int,
    *,
    valid_from: dt.date,
    allowed: bool,
    reason: str,
    by: int,
    now: dt.datetime,
) -> None:
    """Decide whether this bank's loans may be recorded without an application from a day on, after
    the decision that was `seen` (0: none). Days gone by stay as they were.

    Raises `Refused`: `in_the_past`, `changed`.
    """
    if valid_from < in_wib(now).date():
        raise Refused(
            "in_the_past",
            f"Tertulis {long_date(valid_from)}; diperlukan hari ini atau sesudahnya.",
        )
    history = queries.permit_history(session, bank.id, for_update=True)
    if max((each.id for each in history), default=0) != seen:
        raise Refused(
            "changed",
            "Izin ini baru saja diubah orang lain. Periksa riwayatnya, lalu simpan sekali lagi "
            "bila masih perlu.",
        )
    before = bank.id in queries.direct_banks(session, valid_from)
    session.add(
        DirectPermit(
            bank_id=bank.id,
            valid_from=valid_from,
            allowed=allowed,
            reason=reason,
            entered_by=by,
            entered_at=now,
        )
    )
    session.flush()
    what = f"{bank.name} sejak {long_date(valid_from)}"
    said = trail.changes([(what, before, allowed)]) or f"{what}: tidak berubah"
    trail.record(session, now, by, "direct_permit_set", "bank", bank.id, f"{said} ({reason})")


def add_holiday(session: Session, day: dt.date, name: str, by: int, now: dt.datetime) -> None:
    """Keep a day off. Raises `Refused` `already_there`."""
    known = session.get(Holiday, day)
    if known is not None:
        raise Refused("already_there", f"{long_date(day)} sudah tercatat: {known.name}.")
    session.add(Holiday(day=day, name=name))
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused("already_there", f"{long_date(day)} baru saja dicatat orang lain.") from error
    trail.record(session, now, by, "holiday_added", "holiday", None, f"{long_date(day)}, {name}")


def remove_holiday(session: Session, day: dt.date, by: int, now: dt.datetime) -> str:
    """Take a day off out again; its name. Raises `Refused` `not_there`."""
    known = session.get(Holiday, day)
    if known is None:
        raise Refused("not_there", f"{long_date(day)} tidak tercatat sebagai hari libur.")
    name = known.name
    session.delete(known)
    session.flush()
    trail.record(session, now, by, "holiday_removed", "holiday", None, f"{long_date(day)}, {name}")
    return name
