from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from wibawa.applications.actions import NewVisit
from wibawa.applications.checks import Wish, applicant_of
from wibawa.applications.lists import AGES, SLUGS, ApplicationFilter
from wibawa.borrowers.checks import plain_digits
from wibawa.borrowers.forms import CooperativeFields, MicroFields, entered_standing
from wibawa.borrowers.queries import BorrowerFacts
from wibawa.rules.dates import long_date
from wibawa.rules.eligibility import Applicant
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Problem
from wibawa.rules.statuses import AT_BANK, REASON_LENGTH, STATE_WORDS, Action, State
from wibawa.scans.forms import PhotosForm
from wibawa.web.fields import DayField, Form, RupiahField, required_text
from wibawa.web.pages import without

TENORS = (3, 6, 12, 18, 24, 36)
SCORES = [
    SelectChoice("1", "1 Kurang"),
    SelectChoice("2", "2 Cukup"),
    SelectChoice("3", "3 Baik"),
    SelectChoice("4", "4 Sangat baik"),
]
KINDS = {"mikro": BorrowerKind.MICRO, "koperasi": BorrowerKind.COOPERATIVE}
STATE_CHOICES = [
    ("", "Semua"),
    ("menunggu", "Menunggu saya"),
    *((slug, STATE_WORDS[state]) for slug, state in SLUGS.items()),
]
BANK_STATE_CHOICES = [
    *STATE_CHOICES[:2],
    *((slug, STATE_WORDS[at]) for slug, at in SLUGS.items() if at in AT_BANK | {State.WITHDRAWN}),
]
AGE_CHOICES = [("", "Semua"), *((str(days), f"{days} hari atau lebih") for days in AGES)]
LIMIT_CHOICES = [("", "Semua"), ("lewat", "Terlambat")]
NOT_KEPT = {"csrf_token", "request_key", "shown", "simpan", "hitung"}
# What a person reads after a move that is made on a page of this folder.
SAID = {
    Action.REVISE: "Perubahan disimpan.",
    Action.SUBMIT: "Permohonan diajukan dan menunggu kunjungan lapangan.",
    Action.VISIT: "Hasil kunjungan disimpan. Permohonan menunggu rekomendasi kepala bidang.",
    Action.RECOMMEND: "Permohonan direkomendasikan.",
    Action.RETURN: "Permohonan dikembalikan. Petugas melihat apa yang masih kurang.",
    Action.REFUSE: "Permohonan ditolak. Alasannya tersimpan dan terlihat oleh petugas.",
    Action.WITHDRAW: "Permohonan dibatalkan. Alasannya tersimpan.",
}


class SearchForm(Form):
    """Sent by POST: a NIK that is typed here must not stand in an address."""

    numbers = frozenset({"text"})

    text = StringField(
        "Nama, usaha, NIK, nomor induk koperasi, atau telepon", [InputRequired(), Length(max=80)]
    )


def _above_zero(_form: Any, field: Any) -> None:
    if field.data is not None and not 1 <= field.data <= 10**12:
        raise ValidationError("Tulis jumlah di atas Rp0, paling banyak Rp1.000.000.000.000.")


class WishFields(Form):
    bank_id = SelectField("Bank yang diinginkan", [InputRequired()])
    amount = RupiahField("Jumlah yang diminta", [InputRequired(), _above_zero])
    months = SelectField("Jangka waktu", [InputRequired()])
    purpose = TextAreaField(
        "Tujuan penggunaan",
        [InputRequired(), Length(5, 200, "Tulis tujuan dengan 5 sampai 200 karakter.")],
    )
    collateral = TextAreaField("Uraian agunan", [Length(max=200)])
    shown = HiddenField()


class RegisteredForm(WishFields):
    """For a borrower who is in the register."""


class MicroForm(MicroFields, WishFields):
    """With a new micro-enterprise."""


class CooperativeForm(CooperativeFields, WishFields):
    """With a new cooperative."""


FORMS: dict[BorrowerKind, type[Form]] = {
    BorrowerKind.MICRO: MicroForm,
    BorrowerKind.COOPERATIVE: CooperativeForm,
}


class MoveForm(Form):
    """`shown` is the fingerprint of what was on the page that the move was decided on."""

    shown = HiddenField()


class ReasonForm(MoveForm):
    reason = TextAreaField(
        "Alasan",
        [InputRequired(), Length(*REASON_LENGTH, "Tulis alasan dengan 5 sampai 300 karakter.")],
    )


def _score(label: str, hint: str) -> RadioField:
    return RadioField(label, [InputRequired()], choices=SCORES, description=hint)


class VisitForm(PhotosForm, MoveForm):
    phones = frozenset({"notes"})

    visited_on = DayField("Tanggal kunjungan", [InputRequired()])
    score_business = _score("Usaha", "Tempat, persediaan, pencatatan, dan keberlanjutannya.")
    score_character = _score("Karakter", "Kejujuran, keterangan tetangga, riwayat pinjaman.")
    score_capacity = _score("Kemampuan bayar", "Sisa pendapatan sebulan dibanding angsurannya.")
    score_market = _score("Pasar", "Pelanggan, pesaing, dan arah penjualannya.")
    feasible = RadioField(
        "Apakah usahanya layak dibiayai (feasible)?",
        [InputRequired()],
        choices=[SelectChoice("ya", "Layak"), SelectChoice("tidak", "Tidak layak")],
    )
    bankable = RadioField(
        "Apakah memenuhi syarat bank (bankable)?",
        [InputRequired()],
        choices=[SelectChoice("ya", "Memenuhi"), SelectChoice("tidak", "Belum memenuhi")],
        description="Surat, agunan bila perlu, dan riwayat kredit.",
    )
    recommended_amount = RupiahField("Jumlah yang disarankan", [InputRequired()])
    notes = TextAreaField(
        "Catatan lapangan",
        [InputRequired(), Length(10, 1000, "Tulis catatan dengan 10 sampai 1000 karakter.")],
    )


def offer_banks(form: Any, banks: Iterable[tuple[int, str]]) -> None:
    choices = [SelectChoice(str(number), name) for number, name in banks]
    form.bank_id.choices = [SelectChoice("", "Pilih bank"), *choices]


def offer_months(form: Any, most: int, stored: int | None = None) -> None:
    """The usual tenors up to the one of the terms, and what was asked for earlier."""
    offered = {each for each in TENORS if each < most} | {most} | ({stored} if stored else set())
    choices = [SelectChoice(str(each), f"{each} bulan") for each in sorted(offered)]
    form.months.choices = choices
    if form.months.data is None:
        form.months.data = str(stored or most)


def whole(text: str | None) -> int | None:
    """An id or a number of months as a form or an address gives it."""
    typed = (text or "").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None


def wish_from(
    form: Any, kind: BorrowerKind | None, borrower: BorrowerFacts | None, codes: frozenset[str]
) -> Wish:
    """The application as far as it is typed; `codes` are the kelurahan of the city."""
    asked: dict[str, Any] = {
        "bank_id": whole(form.bank_id.data),
        "amount": form.amount.data,
        "months": whole(form.months.data),
        "purpose": " ".join(required_text(form.purpose.data).split()),
        "collateral": " ".join(required_text(form.collateral.data).split()),
    }
    if borrower is not None:
        return Wish(applicant_of(borrower), **asked, registered_id=borrower.id)
    assert kind is not None
    code = form.kelurahan_code.data
    applicant = Applicant(
        kind,
        plain_digits(form.nik.data),
        form.sex.data or "",
        form.birth_date.data,
        form.business_started_on.data,
        kelurahan_known=(code in codes) if code else None,
        standing=entered_standing(form, kind),
    )
    number = getattr(form, "cooperative_number", None)
    return Wish(
        applicant,
        **asked,
        name=required_text(form.name.data),
        cooperative_number=required_text(number.data) if number else None,
    )


def put_at_fields(form: Any, blocks: tuple[Problem, ...]) -> list[tuple[str, str | None]]:
    """Show each obstacle at its field; what belongs to no field is returned for the summary."""
    loose: list[tuple[str, str | None]] = []
    for problem in blocks:
        field = getattr(form, problem.column, None)
        if field is None:
            loose.append((problem.message, None))
        elif problem.message not in field.errors:
            field.errors = [*field.errors, problem.message]
    return loose


def body_of(typed: MultiDict[str, str]) -> str:
    """What was typed, as text to be kept."""
    return json.dumps([pair for pair in typed.items(multi=True) if pair[0] not in NOT_KEPT])


def typed_again(body: str) -> MultiDict[str, str]:
    """What `body_of` kept, as a form reads it."""
    return MultiDict([(name, value) for name, value in json.loads(body)])


def is_complete(form: Any, today: dt.date, asked: int) -> bool:
    """Whether a visit was sent without faults, also those that its fields cannot know alone: today,
    and the amount asked for."""
    if not form.is_submitted():
        return False
    form.validate()
    day, amount = form.visited_on.data, form.recommended_amount.data
    if day is not None and day > today:
        sentence = f"Tanggal {long_date(day)} sesudah hari ini; tulis hari kunjungannya."
        form.visited_on.errors = [*form.visited_on.errors, sentence]
    if amount is not None and form.feasible.data == "ya" and not 1 <= amount <= asked:
        sentence = (
            f"Tertulis {rupiah(amount)}; untuk usaha yang layak tulis paling sedikit Rp1 dan "
            f"paling banyak {rupiah(asked)}, jumlah yang diminta."
        )
        form.recommended_amount.errors = [*form.recommended_amount.errors, sentence]
    return not form.errors


def visit_from(form: Any) -> NewVisit:
    """What was seen, as typed into a form that is complete."""
    return NewVisit(
        form.visited_on.data,
        form.feasible.data == "ya",
        form.bankable.data == "ya",
        form.recommended_amount.data,
        int(form.score_business.data),
        int(form.score_character.data),
        int(form.score_capacity.data),
        int(form.score_market.data),
        required_text(form.notes.data),
    )


def entry_url(name: str, draft_id: int | None) -> str:
    """The address of the form for a kind of new borrower, or for "peminjam-7"."""
    if name in KINDS:
        return url_for("applications.new_application", jenis=name, draf=draft_id)
    number = name.removeprefix("peminjam-")
    return url_for("applications.new_application", peminjam=number, draf=draft_id)


def read_filter(
    arguments: Mapping[str, str], codes: Mapping[str, int], seen_by: int | None = None
) -> ApplicationFilter:
    """The filter of the list as the address gives it; anything odd is passed over."""
    state, days = arguments.get("keadaan", ""), whole(arguments.get("lama"))
    return ApplicationFilter(
        state if state in dict(STATE_CHOICES) else "",
        codes.get(arguments.get("bank", "")),
        days if days in AGES else None,
        seen_by,
        arguments.get("batas") == "lewat",
    )


def chips_of(asked_for: ApplicationFilter, names: Mapping[int, str]) -> list[dict[str, str]]:
    """The filters in use, each with the address without it."""
    chips = []
    if asked_for.state:
        label = dict(STATE_CHOICES)[asked_for.state]
        chips.append({"label": f"Keadaan: {label}", "remove_url": without("keadaan")})
    if asked_for.bank_id is not None:
        chips.append({"label": names[asked_for.bank_id], "remove_url": without("bank")})
    if asked_for.days is not None:
        label = f"Sudah {asked_for.days} hari atau lebih"
        chips.append({"label": label, "remove_url": without("lama")})
    if asked_for.late:
        chips.append({"label": "Terlambat", "remove_url": without("batas")})
    return chips
