"""Money by hand: a payment that was reported, an entry undone, an entry of another loan."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from wibawa.changes.case import LoanCase, Subject, loan_case
from wibawa.changes.effect import Effect, Fact, money_fact
from wibawa.changes.forms import ChangeForm
from wibawa.changes.kinds.kind import LoanKind, Words
from wibawa.changes.kinds.schedule import standing_facts
from wibawa.changes.queries import ChangeFacts
from wibawa.loans.deeds import Deed, NewSchedule, carry_out, versions_after
from wibawa.loans.journal import Author, NewEntry, lock_loans
from wibawa.loans.queries import EntryLine, applied_on, find_loan, ledger, loan_facts, schedule_on
from wibawa.loans.receiving import alike, payment
from wibawa.loans.statement import ENTRY_LABELS
from wibawa.loans.undoing import move, reversal
from wibawa.rules.dates import long_date, short_date
from wibawa.rules.money import number, rupiah
from wibawa.rules.position import position
from wibawa.rules.refused import Refused
from wibawa.web.fields import DayField, RupiahField, required_text

SETTLED = "Pelunasan dipercepat selesai: pinjaman lunas begitu permintaan ini disetujui."
TAKEN_BACK = (
    "Pinjaman yang lunas dipercepat terbuka lagi dengan jadwal sebelumnya, karena uangnya tidak "
    "utuh lagi."
)


def deed_effect(
    session: Session,
    cases: Sequence[LoanCase],
    deed: Deed,
    data: Mapping[str, Any],
    facts: Sequence[Fact] = (),
    notes: Sequence[str] = (),
) -> Effect:
    """What a deed would write, and where each loan stands today before and after it."""
    coming = versions_after(session, deed)
    said = [SETTLED if each.ends else TAKEN_BACK for each in coming.values()]
    found = list(facts)
    for case in cases:
        found += _of_loan(session, case, deed, coming.get(case.loan.id), named=len(cases) > 1)
    found += _to_titipan(deed)
    depends = [case.depends for case in cases]
    return Effect(
        tuple(found),
        notes=(*notes, *said),
        depends=(*depends, sorted(data.items()), deed.digest),
        work=deed,
    )


def _of_loan(
    session: Session, case: LoanCase, deed: Deed, coming: NewSchedule | None, *, named: bool
) -> list[Fact]:
    """Its journal, its outstanding principal and where it stands today, before and after."""
    loan, today = case.loan, case.today
    schedule = schedule_on(session, loan.id, today)
    assert schedule is not None, "a loan whose money changes is disbursed"
    rows = schedule.rows
    applied = applied_on(session, loan.id, today)
    more = sum(amount for day, amount in deed.poured[loan.id] if day <= today)
    before = position(loan.principal, rows, applied, today, case.limits)
    if coming is not None and coming.starts_on <= today:
        rows = coming.rows
    after = position(loan.principal, rows, applied + more, today, case.limits)
    entries = [entry for entry in deed.entries if entry.loan_id == loan.id]
    facts = [
        Fact("Buku pinjaman", f"{number(case.entries)} entri", "; ".join(map(_said, entries))),
        money_fact("Baki debet", before.outstanding_principal, after.outstanding_principal),
        money_fact("Bunga yang belum dibayar", before.outstanding_interest,
                   after.outstanding_interest),
        *standing_facts(before, after),
    ]  # fmt: skip
    if not named:
        return facts
    return [Fact(f"{loan.number}: {fact.what.lower()}", fact.before, fact.after) for fact in facts]


def _said(entry: NewEntry) -> str:
    label = ENTRY_LABELS[entry.kind.value]
    if entry.reverses is not None:
        label = f"Pembatalan entri {number(entry.reverses)}"
    penalty = f", denda {rupiah(entry.penalty)}" if entry.penalty else ""
    return f"{label} {rupiah(entry.amount)}{penalty}, {short_date(entry.effective_on)}"


def _to_titipan(deed: Deed) -> list[Fact]:
    rest = sum(each.amount for each in deed.rests)
    back = -sum(each.amount for each in deed.taken if each.kind == "undone")
    gone = sum(each.amount for each in deed.taken if each.kind == "reversed")
    used = sum(each.amount for each in deed.taken if each.kind == "loan")
    found = []
    if rest:
        found.append(Fact("Masuk titipan", "", f"{rupiah(rest)}, melebihi sisa tagihan"))
    if gone:
        found.append(Fact("Titipan dari baris yang sama", rupiah(gone), "ikut dibatalkan"))
    if back:
        stays = "" if used == 0 else f", {rupiah(used)} di antaranya ke pinjaman tujuan"
        found.append(Fact("Kembali ke titipan", "", rupiah(back) + stays))
    return found


class DeedKind(LoanKind):
    """A kind whose work is a deed."""

    def apply(
        self, session: Session, change: ChangeFacts, effect: Effect, author: Author
    ) -> Collection[int]:
        carry_out(session, effect.work, author, change.id, change.reason)
        return ()


class PaymentForm(ChangeForm):
    numbers = frozenset({"reference"})

    paid_on = DayField("Tanggal uang diterima bank", [InputRequired()])
    amount = RupiahField("Jumlah seluruhnya", [InputRequired()])
    penalty = RupiahField(
        "Di antaranya denda", [Optional()], description="Kosongkan bila tidak ada."
    )
    reference = StringField(
        "Nomor bukti bank",
        [Optional(), Length(max=64, message="Paling banyak 64 karakter.")],
        filters=[required_text],
        description="Bila sudah diketahui. Bila kosong, baris berkas bank dicocokkan nanti.",
    )
    source = StringField(
        "Dilaporkan oleh",
        [InputRequired(), Length(3, 120, "Tulis 3 sampai 120 karakter.")],
        filters=[required_text],
        description="Siapa dan lewat apa, misalnya: Rina, Bank Pasar cabang Johar, telepon.",
    )


class Payment(DeedKind):
    code = "payment"
    word = "pembayaran"
    hint = "Pembayaran yang dilaporkan lewat telepon atau surat, sebelum ada di berkas bank."
    form = PaymentForm

    def why_not(self, case: LoanCase) -> str | None:
        if case.plan.owed <= 0:
            return "Pinjaman ini sudah lunas, jadi tidak menerima angsuran lagi."
        return None

    def data(self, form: Any) -> dict[str, Any]:
        return {
            "paid_on": form.paid_on.data.isoformat(),
            "amount": form.amount.data,
            "penalty": form.penalty.data or 0,
            "reference": form.reference.data or "",
            "source": form.source.data,
        }

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Tanggal uang diterima bank", _day(data["paid_on"])),
            ("Jumlah seluruhnya", rupiah(data["amount"])),
            ("Di antaranya denda", rupiah(data["penalty"])),
            ("Nomor bukti bank", data["reference"] or "belum diketahui"),
            ("Dilaporkan oleh", data["source"]),
        ]

    def effect(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Effect:
        day, amount = dt.date.fromisoformat(data["paid_on"]), data["amount"]
        deed = payment(
            session, case.loan.id, amount, data["penalty"], day, data["reference"], case.today
        )
        same = alike(session, case.loan.id, amount, day)
        notes = []
        if same:
            numbers = " dan ".join(number(each) for each in same[:3])
            notes.append(
                f"Entri {numbers} sudah mencatat {rupiah(amount)} pada {long_date(day)}. Pastikan "
                "ini pembayaran yang lain."
            )
        return deed_effect(session, [case], deed, data, notes=notes)


@dataclass(frozen=True)
class EntriesCase(LoanCase):
    """A loan with its journal."""

    journal: tuple[EntryLine, ...]

    def line(self, sequence: int) -> EntryLine | None:
        return next((each for each in self.journal if each.sequence == sequence), None)


def entries_case(session: Session, loan_id: int, today: dt.date) -> EntriesCase | None:
    case = loan_case(session, loan_id, today)
    if case is None:
        return None
    known = {each.name: getattr(case, each.name) for each in fields(case)}
    return EntriesCase(**known, journal=tuple(ledger(session, loan_id)))


class EntryForm(ChangeForm):
    entry = SelectField("Entri", [InputRequired()], coerce=int)


class EntryKind(DeedKind):
    """A request about one entry of a loan's journal."""

    def find(self, session: Session, subject_id: int, today: dt.date) -> EntriesCase | None:
        return entries_case(session, subject_id, today)

    @abstractmethod
    def may(self, line: EntryLine) -> bool:
        """Whether this can be asked for of an entry."""

    def choices(self, case: Any) -> list[EntryLine]:
        return [line for line in case.journal if self.may(line)]

    def why_not(self, case: LoanCase) -> str | None:
        # The list of kinds looks at a loan without its journal.
        if isinstance(case, EntriesCase) and not self.choices(case):
            return "Tidak ada entri di buku pinjaman ini yang dapat dibatalkan atau dipindahkan."
        return None

    def prepare(self, form: Any, case: LoanCase, asked: Mapping[str, str]) -> None:
        lines = self.choices(case)
        form.entry.choices = [(line.sequence, _entry_words(line)) for line in lines]
        wanted = asked.get("entri", "")
        if not form.is_submitted() and wanted.isascii() and wanted.isdigit():
            form.entry.data = int(wanted)


def _entry_words(line: EntryLine) -> str:
    label = ENTRY_LABELS[line.kind].lower()
    return f"{line.sequence}: {label} {rupiah(line.amount)}, {long_date(line.effective_on)}"


class ReversalForm(EntryForm):
    on = DayField(
        "Berlaku sejak",
        [Optional()],
        description="Kosongkan untuk hari entri itu sendiri; posisi sejak hari itu berubah.",
    )


class Reversal(EntryKind):
    code = "reversal"
    word = "batalkan-entri"
    hint = "Satu entri yang keliru dibatalkan dengan entri lawan; keduanya tetap tampak di buku."
    form = ReversalForm

    def may(self, line: EntryLine) -> bool:
        return line.may_be_undone

    def data(self, form: Any) -> dict[str, Any]:
        on = form.on.data
        return {"entry": form.entry.data, "on": on.isoformat() if on else ""}

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Entri", f"Nomor {data['entry']}"),
            ("Berlaku sejak", _day(data["on"]) if data["on"] else "Hari entri itu sendiri"),
        ]

    def effect(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Effect:
        on = dt.date.fromisoformat(data["on"]) if data["on"] else None
        found = reversal(session, case.loan.id, data["entry"], on, case.today)
        notes = []
        if case.plan.owed <= 0:
            notes.append("Pinjaman yang sudah lunas ini terbuka lagi.")
        return deed_effect(session, [case], found.deed, data, notes=notes)


class MoveForm(EntryForm):
    numbers = frozenset({"to"})

    to = StringField(
        "Pinjaman tujuan",
        [InputRequired(), Length(1, 40, "Paling banyak 40 karakter.")],
        filters=[required_text],
        description="Nomor pinjaman atau nomor rekening di bank yang sama.",
    )


class Move(EntryKind):
    code = "move"
    word = "pindahkan"
    hint = "Uang yang dibukukan ke pinjaman yang salah, dalam satu persetujuan."
    form = MoveForm

    def may(self, line: EntryLine) -> bool:
        return line.may_be_moved

    def lock(self, session: Session, subject: Subject, data: Mapping[str, Any]) -> None:
        assert subject.loan_id is not None
        there = loan_named(session, subject.bank_id, data["to"])
        lock_loans(session, [subject.loan_id, there])

    def data(self, form: Any) -> dict[str, Any]:
        return {"entry": form.entry.data, "to": form.to.data}

    def said(self, data: Mapping[str, Any]) -> Words:
        return [("Entri", f"Nomor {data['entry']}"), ("Pinjaman tujuan", data["to"])]

    def effect(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Effect:
        there_id = loan_named(session, case.loan.bank_id, data["to"])
        _, deed = move(session, case.loan.id, data["entry"], there_id, case.today)
        there = loan_case(session, there_id, case.today)
        assert there is not None
        facts = [Fact("Pinjaman tujuan", "", f"{there.loan.number}, {there.loan.borrower}")]
        return deed_effect(session, [case, there], deed, data, facts)


def loan_named(session: Session, bank_id: int, text: str) -> int:
    """The one loan of a bank that a number names. Raises `Refused`."""
    found = [
        each
        for each in find_loan(session, text)
        if (facts := loan_facts(session, each)) and facts.bank_id == bank_id
    ]
    if len(found) != 1:
        how = "tidak ada" if not found else "lebih dari satu"
        raise Refused(
            "loan_unknown",
            f"Pinjaman “{text}” {how} di bank ini. Tulis nomor pinjaman, misalnya KW-000123.",
        )
    return found[0]


def _day(text: str) -> str:
    return long_date(dt.date.fromisoformat(text))
