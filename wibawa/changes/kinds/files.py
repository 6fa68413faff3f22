"""A posted file of a bank that is undone as a whole, so that a corrected one can be posted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from wibawa.banks.queries import thresholds_on
from wibawa.changes.case import Subject
from wibawa.changes.effect import Effect, Fact, money_fact
from wibawa.changes.kinds.kind import Kind
from wibawa.changes.queries import ChangeFacts
from wibawa.loans.deeds import Deed, carry_out, versions_after
from wibawa.loans.journal import Author, lock_loans
from wibawa.loans.portfolio import FileEffect, file_effect
from wibawa.loans.undoing import loans_of_file, whole_file
from wibawa.rules.money import number, rupiah
from wibawa.uploads.models import Upload


@dataclass(frozen=True)
class FileCase:
    """A bank's file of payments today."""

    today: dt.date
    id: int
    bank_id: int
    filename: str
    status: str
    reversed: bool

    @property
    def subject(self) -> Subject:
        return Subject(self.bank_id, upload_id=self.id)

    @property
    def title(self) -> str:
        return self.filename


class UploadReversal(Kind[FileCase]):
    code = "upload_reversal"
    word = "batalkan-berkas"
    hint = "Semua yang dibukukan berkas ini dibatalkan dengan entri lawan pada harinya."
    about = "upload"

    def find(self, session: Session, subject_id: int, today: dt.date) -> FileCase | None:
        found = session.get(Upload, subject_id)
        if found is None or found.kind != "repayments" or found.bank_id is None:
            return None
        return FileCase(
            today, found.id, found.bank_id, found.filename, found.status,
            found.reversed_at is not None,
        )  # fmt: skip

    def lock(self, session: Session, subject: Subject, data: Mapping[str, Any]) -> None:
        assert subject.upload_id is not None
        lock_loans(session, loans_of_file(session, subject.upload_id))

    def why_not(self, case: FileCase) -> str | None:
        if case.reversed:
            return "Berkas ini sudah dibatalkan. Berkas yang benar dapat diunggah dan dibukukan."
        if case.status != "posted":
            return "Hanya berkas yang sudah dibukukan yang dapat dibatalkan."
        return None

    def effect(self, session: Session, case: FileCase, data: Mapping[str, Any]) -> Effect:
        deed = whole_file(session, case.id)
        classes = thresholds_on(session, case.today)
        found = file_effect(session, case.id, deed.loan_ids, case.today, classes)
        reopened = len(versions_after(session, deed))
        notes = []
        if reopened:
            notes.append(
                f"{number(reopened)} pinjaman yang lunas dipercepat terbuka lagi dengan jadwal "
                "sebelumnya, karena uangnya tidak utuh lagi."
            )
        facts = _facts(deed, found)
        return Effect(facts, notes=tuple(notes), depends=(case.id, deed.digest), work=deed)

    def apply(
        self, session: Session, change: ChangeFacts, effect: Effect, author: Author
    ) -> Collection[int]:
        carry_out(session, effect.work, author, change.id, change.reason)
        return ()


def _facts(deed: Deed, found: FileEffect) -> tuple[Fact, ...]:
    money = sum(entry.amount for entry in deed.entries)
    kept = sum(each.amount for each in deed.taken)
    before, after = found
    return (
        Fact("Dibukukan ke pinjaman", f"{number(len(deed.entries))} entri, {rupiah(money)}",
             f"{number(len(deed.entries))} entri lawan"),
        Fact("Masuk titipan", f"{number(len(deed.taken))} titipan, {rupiah(kept)}",
             "dibatalkan" if deed.taken else ""),
        Fact("Pinjaman yang berubah", "", number(len(deed.loan_ids))),
        money_fact("Baki debet pinjaman itu", before.outstanding, after.outstanding),
        money_fact("Tunggakan pinjaman itu", before.arrears, after.arrears),
        _count("Menunggak", before.late, after.late),
        _count("Kolektibilitas 3 sampai 5", before.non_performing, after.non_performing),
        _count("Lunas", before.paid_off, after.paid_off),
    )  # fmt: skip


def _count(what: str, before: int, after: int) -> Fact:
    same = before == after
    return Fact(what, f"{number(before)} pinjaman", "" if same else f"{number(after)} pinjaman")
