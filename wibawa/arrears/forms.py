"""What is typed about a late loan, and what the address of the list of late loans asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from wibawa.arrears.checks import NewContact
from wibawa.arrears.lists import NOBODY, ArrearsFilter
from wibawa.arrears.queries import KIND_WORDS, OUTCOME_WORDS
from wibawa.banks.models import Bank
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.money import number
from wibawa.rules.refused import Problem
from wibawa.web.asked import asked_number
from wibawa.web.fields import DayField, Form, RupiahField, required_text

REASON_LENGTH = (5, 300)
PROMISES = {"lewat": "Janji lewat", "ditunggu": "Janji masih ditunggu"}
NO_OFFICER = "tanpa"
MOST_DAYS = 9_999


def _choices(words: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice("", "Pilih"), *(SelectChoice(key, word) for key, word in words.items())]


class ContactForm(Form):
    """A note of a visit, a call, a message; with a promise or without."""

    numbers = frozenset({"met", "note"})  # sealed, and a NIK is masked when it is kept

    kind = SelectField("Cara", [InputRequired()], choices=_choices(KIND_WORDS))
    contacted_on = DayField("Tanggal", [InputRequired()])
    officer_id = SelectField("Petugas", [InputRequired()])
    met = StringField(
        "Bertemu atau berbicara dengan",
        [Optional(), Length(max=120, message="Paling banyak 120 karakter.")],
        description="Misalnya: peminjam sendiri, suaminya.",
        filters=[required_text],
    )
    outcome = SelectField("Hasil", [InputRequired()], choices=_choices(OUTCOME_WORDS))
    promise_amount = RupiahField("Jumlah yang dijanjikan", [Optional()])
    promise_on = DayField("Dijanjikan paling lambat", [Optional()])
    note = TextAreaField(
        "Catatan",
        [Optional(), Length(max=1000, message="Paling banyak 1.000 karakter.")],
        description="Keadaan usaha, alasan menunggak, langkah berikutnya. Tanpa NIK.",
        filters=[required_text],
    )

    @property
    def contact(self) -> NewContact:
        """What was typed, from a form without faults."""
        day: Any = self.contacted_on.data
        return NewContact(
            kind=self.kind.data,
            contacted_on=day,
            officer_id=int(self.officer_id.data),
            met=" ".join(self.met.data.split()),
            outcome=self.outcome.data,
            promise_amount=self.promise_amount.data,
            promise_on=self.promise_on.data or None,
            note=self.note.data,
        )


class StrikeForm(Form):
    reason = StringField(
        "Alasan mencoret",
        [InputRequired(), Length(*REASON_LENGTH, "Tulis alasan dengan 5 sampai 300 karakter.")],
        filters=[required_text],
    )


class OfficerForm(Form):
    shown = HiddenField()
    officer = SelectField("Petugas yang menangani")


def offer_people(field: Any, people: Iterable[tuple[int, str]], none: str) -> None:
    """Put the people into a select field, after a first line that means nobody."""
    offered = [SelectChoice(str(number_), name) for number_, name in people]
    field.choices = [SelectChoice("", none), *offered]


def put_at_fields(form: Any, problems: Sequence[Problem]) -> None:
    """Show each problem at its field."""
    for problem in problems:
        field = form[problem.column]
        field.errors = [*field.errors, problem.message]


@dataclass(frozen=True)
class ListAsked:
    """The filter of the list. `fields` is what the form shows again; `chips` are (key, words)."""

    wanted: ArrearsFilter
    fields: dict[str, str]
    chips: list[tuple[str, str]]


def read_list(
    arguments: Mapping[str, str],
    banks: Sequence[Bank],
    own_bank: int | None,
    kecamatan: Mapping[str, str],
    people: Mapping[int, str],
) -> ListAsked:
    """Read the filters; a bank officer is confined to `own_bank` whatever the address says."""
    bank = next((each for each in banks if each.code == arguments.get("bank", "").upper()), None)
    place, promise = arguments.get("kecamatan", ""), arguments.get("janji", "")
    officer = asked_number(arguments.get("petugas"), 1, 999_999)
    nobody = arguments.get("petugas") == NO_OFFICER
    wanted = ArrearsFilter(
        bank_id=own_bank if own_bank is not None else bank.id if bank else None,
        kecamatan=place if place in kecamatan else None,
        days_from=asked_number(arguments.get("dari"), 1, MOST_DAYS),
        days_to=asked_number(arguments.get("sampai"), 1, MOST_DAYS),
        collectibility=asked_number(arguments.get("kol"), 1, 5),
        officer_id=NOBODY if nobody else officer if officer in people else None,
        promise=promise if promise in PROMISES else "",
    )
    says = {
        "bank": (bank.code, bank.name) if bank and own_bank is None else None,
        "kecamatan": wanted.kecamatan and (place, f"Kecamatan {kecamatan.get(place)}"),
        "dari": _days(wanted.days_from, "Menunggak paling sedikit"),
        "sampai": _days(wanted.days_to, "Menunggak paling banyak"),
        "kol": wanted.collectibility
        and (str(wanted.collectibility), f"Kolektibilitas {_class(wanted.collectibility)}"),
        "petugas": _officer(wanted.officer_id, people),
        "janji": wanted.promise and (promise, PROMISES[promise]),
    }
    used = {key: said for key, said in says.items() if said}
    fields = {key: typed for key, (typed, _) in used.items()}
    return ListAsked(wanted, fields, [(key, words) for key, (_, words) in used.items()])


def _days(days: int | None, words: str) -> tuple[str, str] | None:
    return None if days is None else (str(days), f"{words} {number(days)} hari")


def _class(collectibility: int) -> str:
    return f"{collectibility} {CLASS_NAMES[collectibility]}"


def _officer(officer: int | None, people: Mapping[int, str]) -> tuple[str, str] | None:
    if officer == NOBODY:
        return NO_OFFICER, "Tanpa petugas"
    return None if officer is None else (str(officer), f"Petugas: {people[officer]}")
