"""Titipan that becomes money of a loan, or goes back to the bank."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from wibawa.changes.case import Subject, loan_case
from wibawa.changes.effect import Effect, Fact, money_fact
from wibawa.changes.forms import ChangeForm
from wibawa.changes.kinds.kind import Kind, Words
from wibawa.changes.kinds.money import deed_effect, loan_named
from wibawa.changes.queries import ChangeFacts
from wibawa.loans.deeds import carry_out
from wibawa.loans.journal import Author, lock_loans
from wibawa.loans.suspense import SuspenseFacts, returned, suspense_facts, to_loan
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.web.fields import DayField, RupiahField, required_text


@dataclass(frozen=True)
class SuspenseCase:
    """One sum in titipan today."""

    today: dt.date
    facts: SuspenseFacts

    @property
    def subject(self) -> Subject:
        return Subject(self.facts.bank_id, suspense_id=self.facts.id)

    @property
    def title(self) -> str:
        return f"Titipan nomor {self.facts.id}"

    @property
    def depends(self) -> tuple[object, ...]:
        return (self.facts.id, self.facts.last, self.facts.open)


class SuspenseForm(ChangeForm):
    amount = RupiahField(
        "Jumlah", [InputRequired()], description="Sebagian boleh; sisanya tetap titipan."
    )


class SuspenseKind(Kind[SuspenseCase]):
    """A request about titipan."""

    about = "suspense"

    def find(self, session: Session, subject_id: int, today: dt.date) -> SuspenseCase | None:
        facts = suspense_facts(session, subject_id)
        return None if facts is None else SuspenseCase(today, facts)

    def why_not(self, case: SuspenseCase) -> str | None:
        if case.facts.open <= 0:
            return "Titipan ini sudah selesai; tidak ada sisa yang terbuka."
        return None

    def prepare(self, form: Any, case: SuspenseCase, asked: Mapping[str, str]) -> None:
        if not form.is_submitted():
            form.amount.data = case.facts.open

    def apply(
        self, session: Session, change: ChangeFacts, effect: Effect, author: Author
    ) -> Collection[int]:
        carry_out(session, effect.work, author, change.id, change.reason)
        return ()


def _left(case: SuspenseCase, amount: int) -> Fact:
    return money_fact("Titipan terbuka", case.facts.open, case.facts.open - amount)


class SuspenseLoanForm(SuspenseForm):
    numbers = frozenset({"loan"})

    loan = StringField(
        "Pinjaman",
        [InputRequired(), Length(1, 40, "Paling banyak 40 karakter.")],
        filters=[required_text],
        description="Nomor pinjaman atau nomor rekening di bank yang sama.",
    )
    on = DayField(
        "Berlaku sejak",
        [InputRequired()],
        description="Hari uang diterima, supaya hari tunggakan dihitung benar.",
    )


class SuspenseLoan(SuspenseKind):
    code = "suspense_loan"
    word = "jadi-angsuran"
    hint = "Uang yang pemiliknya sudah ditemukan menjadi angsuran pinjamannya."
    form = SuspenseLoanForm

    def prepare(self, form: Any, case: SuspenseCase, asked: Mapping[str, str]) -> None:
        super().prepare(form, case, asked)
        if not form.is_submitted():
            form.on.data = case.facts.effective_on
            form.loan.data = asked.get("pinjaman", "")[:40]

    def subject(self, session: Session, case: SuspenseCase, data: Mapping[str, Any]) -> Subject:
        bank_id = case.facts.bank_id
        return Subject(bank_id, loan_named(session, bank_id, data["loan"]), case.facts.id)

    def lock(self, session: Session, subject: Subject, data: Mapping[str, Any]) -> None:
        lock_loans(session, [loan_named(session, subject.bank_id, data["loan"])])

    def data(self, form: Any) -> dict[str, Any]:
        return {
            "loan": form.loan.data,
            "amount": form.amount.data,
            "on": form.on.data.isoformat(),
        }

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Pinjaman", data["loan"]),
            ("Jumlah", rupiah(data["amount"])),
            ("Berlaku sejak", long_date(dt.date.fromisoformat(data["on"]))),
        ]

    def effect(self, session: Session, case: SuspenseCase, data: Mapping[str, Any]) -> Effect:
        loan_id = loan_named(session, case.facts.bank_id, data["loan"])
        day = dt.date.fromisoformat(data["on"])
        deed = to_loan(session, case.facts, loan_id, data["amount"], day, case.today)
        loan = loan_case(session, loan_id, case.today)
        assert loan is not None
        facts = [
            Fact("Pinjaman", "", f"{loan.loan.number}, {loan.loan.borrower}"),
            _left(case, data["amount"]),
        ]
        found = deed_effect(session, [loan], deed, data, facts)
        return Effect(
            found.facts, notes=found.notes, depends=(*case.depends, *found.depends), work=deed
        )


class SuspenseReturnForm(SuspenseForm):
    numbers = frozenset({"reference"})

    on = DayField("Tanggal dikembalikan", [InputRequired()])
    reference = StringField(
        "Nomor bukti pengembalian",
        [InputRequired(), Length(1, 64, "Paling banyak 64 karakter.")],
        filters=[required_text],
        description="Nomor surat atau bukti dari bank.",
    )


class SuspenseReturn(SuspenseKind):
    code = "suspense_return"
    word = "kembalikan"
    hint = "Uang yang bukan milik pinjaman mana pun dikembalikan ke bank."
    form = SuspenseReturnForm

    def prepare(self, form: Any, case: SuspenseCase, asked: Mapping[str, str]) -> None:
        super().prepare(form, case, asked)
        if not form.is_submitted():
            form.on.data = case.today

    def data(self, form: Any) -> dict[str, Any]:
        return {
            "amount": form.amount.data,
            "on": form.on.data.isoformat(),
            "reference": form.reference.data,
        }

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Jumlah", rupiah(data["amount"])),
            ("Tanggal dikembalikan", long_date(dt.date.fromisoformat(data["on"]))),
            ("Nomor bukti pengembalian", data["reference"]),
        ]

    def effect(self, session: Session, case: SuspenseCase, data: Mapping[str, Any]) -> Effect:
        day = dt.date.fromisoformat(data["on"])
        deed = returned(case.facts, data["amount"], day, case.today)
        facts = (
            _left(case, data["amount"]),
            Fact("Dikembalikan ke bank", "", f"{rupiah(data['amount'])}, {long_date(day)}"),
        )
        depends = (*case.depends, sorted(data.items()), deed.digest)
        return Effect(facts, depends=depends, work=deed)
