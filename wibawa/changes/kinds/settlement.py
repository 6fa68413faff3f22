"""Paying off early, and taking an early payoff back that was made by mistake."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms.validators import InputRequired

from wibawa.changes.case import LoanCase, rows_of
from wibawa.changes.effect import Effect, Fact, money_fact
from wibawa.changes.forms import ChangeForm
from wibawa.changes.kinds.kind import LoanKind, Words
from wibawa.changes.kinds.schedule import ScheduleKind
from wibawa.changes.queries import ChangeFacts
from wibawa.loans.journal import Author
from wibawa.loans.models import Schedule
from wibawa.loans.settlements import kept_quote
from wibawa.rules.changes import Plan, settled
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused
from wibawa.web.fields import DayField

LONGEST_AFTER_THE_LAST = 30  # days that an amount holds once every installment is due


class SettlementForm(ChangeForm):
    on = DayField(
        "Dihitung untuk tanggal",
        [InputRequired()],
        description="Hari peminjam hendak melunasi.",
    )
    valid_until = DayField(
        "Berlaku sampai",
        [InputRequired()],
        description="Paling lama sampai jatuh tempo angsuran bulan itu; sesudahnya jumlahnya lain.",
    )


class Settlement(LoanKind):
    """An amount for a chosen day. Nothing changes until its money is in; then the loan ends."""

    code = "settlement"
    word = "pelunasan"
    hint = "Sisa pokok dan bunga bulan berjalan dibayar sekaligus; bunga sisanya dibebaskan."
    agreed = "Jumlah pelunasan disetujui. Pinjaman lunas begitu uangnya masuk tepat waktu."
    reason_hint = "Misalnya: peminjam hendak melunasi sekaligus dari hasil panen."
    alone = True
    form = SettlementForm

    def why_not(self, case: LoanCase) -> str | None:
        if case.written_off_on is not None:
            return (
                "Pinjaman ini sudah dihapus buku. Uang yang masuk dicatat dengan “Catat "
                "pembayaran”, sebagai penerimaan setelah hapus buku."
            )
        if case.plan.owed <= 0:
            return "Pinjaman ini sudah lunas."
        return None

    def prepare(self, form: Any, case: LoanCase, asked: Mapping[str, str]) -> None:
        if not form.is_submitted():
            form.on.data = case.today
            form.valid_until.data = min(case.today + dt.timedelta(days=7), _last(case, case.today))

    def data(self, form: Any) -> dict[str, Any]:
        return {
            "on": form.on.data.isoformat(),
            "valid_until": form.valid_until.data.isoformat(),
        }

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Dihitung untuk tanggal", long_date(dt.date.fromisoformat(data["on"]))),
            ("Berlaku sampai", long_date(dt.date.fromisoformat(data["valid_until"]))),
        ]

    def valid_until(self, data: Mapping[str, Any]) -> dt.date:
        return dt.date.fromisoformat(data["valid_until"])

    def effect(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Effect:
        on, until = dt.date.fromisoformat(data["on"]), self.valid_until(data)
        _sensible(case, on, until)
        old, new = case.plan, settled(case.plan, on)
        notes = []
        if case.quote is not None:
            notes.append(
                f"Pelunasan {rupiah(case.quote.total - old.applied)} yang disetujui sampai "
                f"{long_date(case.quote.valid_until)} digantikan oleh permintaan ini."
            )
        notes.append(
            f"Belum ada yang berubah saat disetujui. Begitu {rupiah(new.owed)} masuk paling lambat "
            f"{long_date(until)}, pinjaman lunas sejak hari uang itu utuh."
        )
        return Effect(
            (
                Fact("Yang dibayar untuk lunas", rupiah(old.owed), rupiah(new.owed)),
                money_fact("Bunga yang dibebaskan", 0, old.interest - new.interest),
                Fact("Berlaku sampai", "", long_date(until)),
            ),
            old.rows,
            new.rows,
            tuple(notes),
            (self.code, *case.depends, sorted(data.items())),
            new,
        )

    def kept(self, case: LoanCase, effect: Effect) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(kept_quote(case.version, effect.work))
        return found

    def apply(
        self, session: Session, change: ChangeFacts, effect: Effect, author: Author
    ) -> Collection[int]:
        """Only the money makes the version; it may be there already."""
        assert change.loan_id is not None
        return (change.loan_id,)


def _last(case: LoanCase, on: dt.date) -> dt.date:
    """The last day on which the amount for `on` holds: until the current installment is due."""
    coming = (row.due_on for row in case.plan.rows if row.due_on >= on)
    return next(coming, on + dt.timedelta(days=LONGEST_AFTER_THE_LAST))


def _sensible(case: LoanCase, on: dt.date, until: dt.date) -> None:
    if until < on:
        raise Refused(
            "until_before_day",
            f"Berlaku sampai {long_date(until)} mendahului tanggal hitung {long_date(on)}.",
        )
    if until < case.today:
        raise Refused(
            "past_day",
            f"Tanggal {long_date(until)} sudah lewat; isi hari ini atau sesudahnya.",
        )
    last = _last(case, on)
    if until > last:
        raise Refused(
            "until_too_late",
            f"Jumlah untuk {long_date(on)} hanya berlaku sampai {long_date(last)}, karena sesudah "
            "itu ada bunga bulan berikutnya. Ubah isian “Berlaku sampai”.",
        )


class Reopen(ScheduleKind):
    """The schedule of before an early payoff follows again: the payoff was a mistake, the money is
    not. Where the money was a mistake its reversal opens the loan by itself."""

    code = "reopen"
    word = "buka-kembali"
    hint = "Pelunasan dipercepat yang keliru ditarik kembali; jadwal sebelumnya berlaku lagi."
    form = ChangeForm

    def why_not(self, case: LoanCase) -> str | None:
        if case.version_kind == "settlement":
            return None
        if case.plan.owed <= 0:
            return (
                "Pinjaman ini lunas karena angsurannya terbayar. Bila pembayarannya keliru, "
                "batalkan entrinya; pinjaman terbuka dengan sendirinya."
            )
        return "Pinjaman ini tidak lunas dipercepat."

    def prepare(self, form: Any, case: LoanCase, asked: Mapping[str, str]) -> None:
        return None

    def changed(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Plan:
        """The schedule of before the last version, with the money of today."""
        found = session.execute(
            select(Schedule.id, Schedule.due_day, Schedule.multiple).where(
                Schedule.loan_id == case.loan.id, Schedule.version == case.version - 1
            )
        ).one()
        return replace(
            case.plan,
            rows=rows_of(session, found.id),
            due_day=found.due_day,
            multiple=found.multiple,
        )
