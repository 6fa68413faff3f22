"""Writing off: administrative, of a loan of class 5 as a whole; the claim remains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from wibawa.changes.case import LoanCase
from wibawa.changes.effect import Effect, Fact
from wibawa.changes.kinds.kind import LoanKind
from wibawa.changes.queries import ChangeFacts
from wibawa.loans.journal import Author, NewEntry, add_entries
from wibawa.loans.queries import applied_on, schedule_on
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date
from wibawa.rules.facts import EntryKind, Position
from wibawa.rules.money import number, rupiah
from wibawa.rules.position import position
from wibawa.rules.refused import Refused

LOST = 5


class WriteOff(LoanKind):
    code = "write_off"
    word = "hapus-buku"
    hint = "Hanya pinjaman kolektibilitas 5; tagihan tetap ada dan pembayaran tetap dicatat."
    reason_hint = "Misalnya: usaha tutup, penagihan tiga kali tanpa hasil."
    alone = True

    def why_not(self, case: LoanCase) -> str | None:
        if case.written_off_on is not None:
            return f"Pinjaman ini sudah dihapus buku {long_date(case.written_off_on)}."
        where = position(
            case.plan.principal, case.plan.rows, case.plan.applied, case.today, case.limits
        )
        return _obstacle(where)

    def effect(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Effect:
        schedule = schedule_on(session, case.loan.id, case.today)
        assert schedule is not None, "a loan in arrears is disbursed"
        money = applied_on(session, case.loan.id, case.today)
        where = position(case.plan.principal, schedule.rows, money, case.today, case.limits)
        obstacle = _obstacle(where)
        if obstacle is not None:
            raise Refused("not_class_5", obstacle)
        owed = where.outstanding_principal
        return Effect(
            (
                Fact("Keadaan", "Berjalan", f"Dihapus buku {long_date(case.today)}"),
                Fact("Baki debet dalam NPL dan PAR", rupiah(owed), "tidak dihitung lagi"),
                Fact("Tagihan kepada peminjam", f"{rupiah(owed)} pokok"),
                Fact("Bunga yang belum dibayar", rupiah(where.outstanding_interest)),
                Fact("Hari tunggakan", f"{number(where.days_past_due)} hari"),
                Fact("Kolektibilitas", f"{where.collectibility} "
                     f"{CLASS_NAMES[where.collectibility]}"),
            ),
            notes=(
                "Hapus buku bersifat administratif: tagihan tetap ada, dan uang yang masuk sesudah "
                "ini dicatat sebagai penerimaan setelah hapus buku.",
            ),
            depends=(self.code, *case.depends, case.today),
            work=NewEntry(
                case.loan.id, case.loan.bank_id, EntryKind.WRITE_OFF, owed, case.today
            ),
        )  # fmt: skip

    def apply(
        self, session: Session, change: ChangeFacts, effect: Effect, author: Author
    ) -> Collection[int]:
        add_entries(session, [effect.work], author, change.id, change.reason)
        return ()


def _obstacle(where: Position) -> str | None:
    """Why a loan that stands so is not written off; source: domain rules §4."""
    if where.outstanding_principal == 0:
        return "Pinjaman ini tidak punya pokok yang belum dibayar."
    if where.collectibility != LOST:
        return (
            f"Hanya pinjaman kolektibilitas 5 (Macet) yang dihapus buku; pinjaman ini "
            f"kolektibilitas {where.collectibility} ({CLASS_NAMES[where.collectibility]}), "
            f"{number(where.days_past_due)} hari menunggak."
        )
    return None
