"""Changes of the installments to come: each makes a new version of the schedule."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session
from wtforms import IntegerField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from wibawa.changes.case import LoanCase
from wibawa.changes.effect import Effect, Fact, money_fact
from wibawa.changes.forms import ChangeForm
from wibawa.changes.kinds.kind import LoanKind, Words
from wibawa.changes.queries import ChangeFacts
from wibawa.loans.journal import Author, NewVersion, add_version
from wibawa.rules.changes import (
    MOST_HOLIDAY,
    HolidayInterest,
    Plan,
    first_open,
    first_to_come,
    holiday,
    longer,
    on_day,
    with_multiple,
)
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date
from wibawa.rules.facts import Position
from wibawa.rules.money import number, rupiah
from wibawa.rules.schedule import MOST_MONTHS, MULTIPLES

INTEREST_WORDS = {
    HolidayInterest.SPREAD: "Ditunda: dibagi rata ke angsuran sesudah jeda",
    HolidayInterest.WAIVED: "Dibebaskan: tidak ditagih",
}


class ScheduleForm(ChangeForm):
    """`first` is the installment that the change begins with."""

    first = SelectField("Mulai dari angsuran", [InputRequired()], coerce=int)


class ScheduleKind(LoanKind):
    """A kind that makes a new version with other installments."""

    alone = True
    form = ScheduleForm
    reason_hint = "Tercetak pada jadwal yang baru, misalnya: toko tutup karena banjir."

    def why_not(self, case: LoanCase) -> str | None:
        if case.written_off_on is not None:
            return "Pinjaman ini sudah dihapus buku; jadwalnya tidak diubah lagi."
        if case.plan.owed <= 0:
            return "Pinjaman ini sudah lunas; tidak ada angsuran yang diubah."
        return None

    def prepare(self, form: Any, case: LoanCase, asked: Mapping[str, str]) -> None:
        opened = first_open(case.plan)
        form.first.choices = [
            SelectChoice(row.number, f"Ke-{row.number}, jatuh tempo {long_date(row.due_on)}")
            for row in case.plan.rows[opened - 1 :]
        ]
        if not form.is_submitted():
            form.first.data = first_to_come(case.plan, case.today)

    @abstractmethod
    def changed(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Plan:
        """The plan as it would be. Raises `Refused`."""

    def effect(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Effect:
        new = self.changed(session, case, data)
        return version_effect(case, self.code, new, data, schedule_facts(case, new))

    def apply(
        self, session: Session, change: ChangeFacts, effect: Effect, author: Author
    ) -> Collection[int]:
        version: NewVersion = effect.work
        add_version(session, version, author, change.id, change.reason)
        return ()


def version_effect(
    case: LoanCase, kind: str, new: Plan, data: Mapping[str, Any], facts: tuple[Fact, ...]
) -> Effect:
    """Old and new rows beside each other, and the version that would be written."""
    notes = []
    if case.quote is not None:
        notes.append(
            f"Pelunasan dipercepat yang disetujui sampai {long_date(case.quote.valid_until)} gugur "
            "begitu permintaan ini disetujui."
        )
    return Effect(
        facts,
        case.plan.rows,
        new.rows,
        tuple(notes),
        (kind, *case.depends, sorted(data.items())),
        NewVersion(case.loan.id, kind, new, case.begins_on),
    )


def schedule_facts(case: LoanCase, new: Plan) -> tuple[Fact, ...]:
    """The schedule as a whole before and after, and where the loan stands by it."""
    old = case.plan
    return (
        Fact("Berlaku sejak", long_date(case.version_since), long_date(case.begins_on)),
        _fact("Angsuran", number(len(old.rows)) + " kali", number(len(new.rows)) + " kali"),
        _fact("Angsuran terakhir", long_date(old.rows[-1].due_on), long_date(new.rows[-1].due_on)),
        _fact("Angsuran berikutnya", _next(old, case), _next(new, case)),
        money_fact("Jumlah bunga", old.interest, new.interest),
        money_fact("Jumlah pokok dan bunga", old.total, new.total),
        money_fact("Masih harus dibayar", old.owed, new.owed),
        *standing_facts(case.position(old), case.position(new)),
    )


def _next(plan: Plan, case: LoanCase) -> str:
    """The next installment that asks for money, after those that are in arrears."""
    coming = (row for row in plan.rows if row.due_on >= case.begins_on and row.total)
    found = next(coming, None)
    return f"{rupiah(found.total)}, {long_date(found.due_on)}" if found else "tidak ada"


def standing_facts(before: Position, after: Position) -> tuple[Fact, ...]:
    """Where the loan stands by the old and by the new schedule, on the same day."""
    return (
        money_fact("Baki debet", before.outstanding_principal, after.outstanding_principal),
        money_fact("Tunggakan", before.arrears, after.arrears),
        _fact("Hari tunggakan", f"{before.days_past_due} hari", f"{after.days_past_due} hari"),
        _fact("Kolektibilitas", _class(before), _class(after)),
    )


def _class(where: Position) -> str:
    return f"{where.collectibility} {CLASS_NAMES[where.collectibility]}"


def _fact(what: str, before: str, after: str) -> Fact:
    return Fact(what, before, "" if before == after else after)


class HolidayForm(ScheduleForm):
    months = SelectField(
        "Lama jeda",
        [InputRequired()],
        coerce=int,
        choices=[SelectChoice(n, f"{n} bulan") for n in range(1, MOST_HOLIDAY + 1)],
        default=3,
    )
    interest = RadioField(
        "Bunga selama jeda",
        [InputRequired()],
        choices=[SelectChoice(key.value, words) for key, words in INTEREST_WORDS.items()],
        default=HolidayInterest.SPREAD.value,
    )


class Holiday(ScheduleKind):
    code = "holiday"
    word = "jeda"
    hint = "Pokok dan bunga tidak ditagih selama beberapa bulan; angsuran sesudahnya bergeser."
    form = HolidayForm

    def data(self, form: Any) -> dict[str, Any]:
        return {
            "first": form.first.data,
            "months": form.months.data,
            "interest": form.interest.data,
        }

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Mulai dari angsuran", f"Ke-{data['first']}"),
            ("Lama jeda", f"{data['months']} bulan"),
            ("Bunga selama jeda", INTEREST_WORDS[HolidayInterest(data["interest"])]),
        ]

    def changed(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Plan:
        return holiday(case.plan, data["first"], data["months"], HolidayInterest(data["interest"]))


class TenorForm(ScheduleForm):
    more = IntegerField(
        "Tambahan jangka waktu (bulan)",
        [
            InputRequired(),
            NumberRange(1, MOST_MONTHS, "Isi dengan bilangan bulan, paling sedikit 1."),
        ],
    )


class Tenor(ScheduleKind):
    code = "tenor"
    word = "jangka-waktu"
    hint = "Sisa pokok dibagi ke lebih banyak bulan, sehingga angsuran lebih kecil."
    form = TenorForm

    def data(self, form: Any) -> dict[str, Any]:
        return {"first": form.first.data, "more": form.more.data}

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Mulai dari angsuran", f"Ke-{data['first']}"),
            ("Tambahan jangka waktu", f"{data['more']} bulan"),
        ]

    def changed(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Plan:
        return longer(case.plan, data["first"], data["more"], case.begins_on)


class MultipleForm(ScheduleForm):
    multiple = SelectField(
        "Kelipatan angsuran",
        [InputRequired()],
        coerce=int,
        choices=[SelectChoice(each, f"Rp{number(each)}") for each in sorted(MULTIPLES)],
    )


class Multiple(ScheduleKind):
    code = "multiple"
    word = "kelipatan"
    hint = "Angsuran dibulatkan ke kelipatan lain; jangka waktu dan jatuh tempo tetap."
    form = MultipleForm

    def data(self, form: Any) -> dict[str, Any]:
        return {"first": form.first.data, "multiple": form.multiple.data}

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Mulai dari angsuran", f"Ke-{data['first']}"),
            ("Kelipatan angsuran", f"Rp{number(data['multiple'])}"),
        ]

    def changed(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Plan:
        return with_multiple(case.plan, data["first"], data["multiple"])


class DueDayForm(ScheduleForm):
    day = IntegerField(
        "Tanggal jatuh tempo yang baru",
        [InputRequired(), NumberRange(1, 31, "Isi tanggal 1 sampai 31.")],
        description="Dalam bulan yang lebih pendek, hari terakhir bulan itu.",
    )


class DueDay(ScheduleKind):
    code = "due_day"
    word = "jatuh-tempo"
    hint = "Angsuran jatuh tempo pada tanggal lain setiap bulan; jumlahnya tetap."
    form = DueDayForm

    def data(self, form: Any) -> dict[str, Any]:
        return {"first": form.first.data, "day": form.day.data}

    def said(self, data: Mapping[str, Any]) -> Words:
        return [
            ("Mulai dari angsuran", f"Ke-{data['first']}"),
            ("Tanggal jatuh tempo", f"setiap tanggal {data['day']}"),
        ]

    def changed(self, session: Session, case: LoanCase, data: Mapping[str, Any]) -> Plan:
        return on_day(case.plan, data["first"], data["day"], case.begins_on)
