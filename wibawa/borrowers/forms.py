from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wtforms import (
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import (
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    StopValidation,
    ValidationError,
)

from wibawa.borrowers.actions import NewBorrower
from wibawa.borrowers.checks import (
    LABELS,
    NIB_FAULT,
    YES_NO,
    label_of,
    phone_fault,
    plain_digits,
    plain_phone,
    said,
    typed_text,
)
from wibawa.borrowers.history import ChangeLine
from wibawa.borrowers.queries import is_number_of_somebody
from wibawa.borrowers.register import BorrowerFilter
from wibawa.rules.dates import long_date, short_date
from wibawa.rules.facts import BorrowerKind, Health, Standing
from wibawa.rules.nik import mask_nik
from wibawa.rules.refused import Problem
from wibawa.rules.standing import HEALTH_WORDS
from wibawa.web import clock
from wibawa.web.fields import DayField, Form, required_text
from wibawa.web.formats import moment

SEXES = [SelectChoice("L", "Laki-laki"), SelectChoice("P", "Perempuan")]
KINDS = {"mikro": "micro", "koperasi": "cooperative"}
KIND_LABELS = {"mikro": "Usaha mikro", "koperasi": "Koperasi"}
RUNNING = {"berjalan": True, "tanpa": False}
RUNNING_LABELS = {"berjalan": "Dengan pinjaman berjalan", "tanpa": "Tanpa pinjaman berjalan"}
LONGEST_SEARCH = 80


def _is_phone(_form: Any, field: Any) -> None:
    if said := phone_fault(field.data):
        raise ValidationError(said)


def phone_field() -> StringField:
    return StringField(
        "Nomor telepon",
        [
            Optional(),
            Length(max=30),
            _is_phone,
        ],
        description="Contoh: 0812 3456 7890",
    )


def nib_field() -> StringField:
    return StringField(
        "NIB",
        [Optional(), Regexp(r"^\s*[0-9]{13}\s*$", message=NIB_FAULT)],
        description="Nomor Induk Berusaha, 13 angka.",
    )


def members_field(label: str) -> IntegerField:
    limits = NumberRange(0, 1_000_000, "Tulis jumlah anggota, paling sedikit 0.")
    return IntegerField(label, [InputRequired(), limits])


def _yes_or_no(value: Any) -> bool | None:
    return {"ya": True, "tidak": False, True: True, False: False}.get(value)


def _not_to_come(_form: Any, field: Any) -> None:
    if field.data is not None and field.data > clock.today():
        raise ValidationError(
            f"Tanggal {long_date(field.data)} sesudah hari ini; periksa tahunnya."
        )


def _with_grade(form: Any, field: Any) -> None:
    """A grade has its day, and a day its grade."""
    if form.health.data and not field.data and not field.errors:
        raise StopValidation("Isi tanggal penilaiannya, karena kesehatannya diisi.")
    if field.data and not form.health.data:
        raise StopValidation("Pilih juga kesehatan koperasinya, atau kosongkan tanggal ini.")


class MicroFields(Form):
    """A person and the business. Every text is what stands on the KTP."""

    numbers = frozenset({"nik", "phone", "nib"})
    phones = frozenset({"address"})

    name = StringField("Nama lengkap", [InputRequired(), Length(max=120)])
    nik = StringField("NIK", [InputRequired(), Length(max=40)], description="16 angka pada KTP.")
    sex = RadioField("Jenis kelamin", [InputRequired()], choices=SEXES)
    birth_date = DayField(
        "Tanggal lahir", [InputRequired()], description="Hari/bulan/tahun, contoh 08/04/1985."
    )
    business_name = StringField("Nama usaha", [InputRequired(), Length(max=120)])
    sector = StringField(
        "Bidang usaha", [InputRequired(), Length(max=60)], description="Contoh: Kuliner, Fesyen."
    )
    business_started_on = DayField(
        "Tanggal mulai usaha", [InputRequired()], description="Hari/bulan/tahun, contoh 01/06/2019."
    )
    kelurahan_code = SelectField("Kelurahan", [InputRequired()])
    address = StringField("Alamat usaha", [InputRequired(), Length(max=200)])
    phone = phone_field()
    nib = nib_field()


class CooperativeFields(Form):
    """A cooperative with its chair."""

    numbers = frozenset({"nik", "phone", "nib", "cooperative_number"})
    phones = frozenset({"address"})

    name = StringField("Nama koperasi", [InputRequired(), Length(max=120)])
    cooperative_number = StringField(
        "Nomor induk koperasi",
        [InputRequired(), Length(max=30)],
        description="Sesuai sertifikat NIK koperasi.",
    )
    business_started_on = DayField(
        "Tanggal berdiri", [InputRequired()], description="Hari/bulan/tahun, contoh 01/06/2019."
    )
    sector = StringField(
        "Bidang usaha", [InputRequired(), Length(max=60)], description="Contoh: Simpan pinjam."
    )
    kelurahan_code = SelectField("Kelurahan", [InputRequired()])
    address = StringField("Alamat", [InputRequired(), Length(max=200)])
    phone = phone_field()
    nib = nib_field()
    chair_name = StringField("Nama ketua", [InputRequired(), Length(max=120)])
    nik = StringField(
        "NIK ketua", [InputRequired(), Length(max=40)], description="16 angka pada KTP ketua."
    )
    sex = RadioField("Jenis kelamin ketua", [InputRequired()], choices=SEXES)
    birth_date = DayField(
        "Tanggal lahir ketua", [InputRequired()], description="Hari/bulan/tahun, contoh 08/04/1985."
    )
    members_male = members_field("Anggota laki-laki")
    members_female = members_field("Anggota perempuan")
    active = SelectField(
        LABELS["active"],
        [Optional()],
        choices=[
            SelectChoice("", "Belum diketahui"),
            SelectChoice("ya", "Ya"),
            SelectChoice("tidak", "Tidak"),
        ],
        coerce=_yes_or_no,
    )
    health = SelectField(
        LABELS["health"],
        [Optional()],
        choices=[
            SelectChoice("", "Belum diketahui"),
            *(SelectChoice(grade.value, words) for grade, words in HEALTH_WORDS.items()),
        ],
        description="Predikat pada penilaian kesehatan terakhir.",
    )
    health_assessed_on = DayField(
        LABELS["health_assessed_on"], [_with_grade, Optional(), _not_to_come]
    )
    annual_meeting_on = DayField("Rapat anggota tahunan (RAT) terakhir", [Optional(), _not_to_come])


def _kept_nik(label: str) -> StringField:
    return StringField(
        label,
        [Optional(), Length(max=40)],
        description="Kosongkan bila tetap. Isi 16 angka hanya untuk membetulkan.",
    )


class EditMicroForm(MicroFields):
    """`shown` is the number of the last change that this form knows."""

    shown = HiddenField()
    nik = _kept_nik("NIK baru")


class EditCooperativeForm(CooperativeFields):
    shown = HiddenField()
    nik = _kept_nik("NIK ketua yang baru")


EDIT_FORMS: dict[BorrowerKind, type[Form]] = {
    BorrowerKind.MICRO: EditMicroForm,
    BorrowerKind.COOPERATIVE: EditCooperativeForm,
}


def field_text(value: Any) -> str:
    """A stored fact as the form's field shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES_NO[value]
    return short_date(value) if isinstance(value, dt.date) else str(value)


def touched_fields(form: Any, facts: Mapping[str, Any]) -> set[str]:
    """The fields in which something else stands than is stored. The others lose their errors: what
    was never known, or is written oddly since long ago, may stay so."""
    touched = set()
    for name, value in facts.items():
        field = form[name]
        typed = (field.raw_data[0] if field.raw_data else "").strip()
        if typed == field_text(value).strip():
            field.errors = []
        else:
            touched.add(name)
    return touched


def put_at_fields(form: Any, blocks: Iterable[Problem]) -> None:
    """Show each obstacle at its field."""
    for problem in blocks:
        field = form[problem.column]
        field.errors = [*field.errors, problem.message]


def whole_number(text: str | None) -> int:
    whole = text or ""
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 16 else 0


def merged(
    form: Any,
    kind: BorrowerKind,
    known: Mapping[str, Any],
    newer: list[ChangeLine],
    names: Mapping[str, str],
) -> list[dict[str, str]]:
    """What others changed meanwhile, beside what was typed. Fields that the person had not touched
    take the new value over; the form then knows of these changes."""
    rows = []
    for field in dict.fromkeys(change.field for change in newer):
        ours = [change for change in newer if change.field == field]
        typed = (form[field].raw_data or [""])[0].strip()
        untouched = typed == ("" if field == "nik" else typed_text(field, ours[0].before).strip())
        if untouched and field != "nik":
            form[field].data, form[field].raw_data = known[field], None
        rows.append(
            {
                "label": label_of(kind, field),
                "who": f"{ours[-1].who}, {moment(ours[-1].at)}",
                "before": said(field, ours[0].before, names),
                "now": said(field, ours[-1].after, names),
                "typed": "" if untouched else _typed(field, typed, names),
            }
        )
    form.shown.data = str(newer[-1].number)
    return rows


def _typed(field: str, text: str, names: Mapping[str, str]) -> str:
    return mask_nik(plain_digits(text)) if field == "nik" else said(field, text, names)


def offer_places(form: Any, places: Iterable[tuple[str, str, str]]) -> None:
    """Put (code, kelurahan, kecamatan) into the form's list, grouped by kecamatan."""
    form.kelurahan_code.choices = [
        SelectChoice("", "Pilih kelurahan"),
        *(SelectChoice(code, name, optgroup=f"Kecamatan {over}") for code, name, over in places),
    ]


def entered_borrower(form: Any, kind: BorrowerKind) -> NewBorrower:
    """The borrower as typed into a form that is complete."""
    shared: dict[str, Any] = {
        "kind": kind,
        "name": " ".join(required_text(form.name.data).split()),
        "nik": plain_digits(form.nik.data),
        "sex": form.sex.data,
        "birth_date": form.birth_date.data,
        "kelurahan_code": form.kelurahan_code.data,
        "sector": required_text(form.sector.data),
        "business_started_on": form.business_started_on.data,
        "address": required_text(form.address.data),
        "phone": plain_phone(form.phone.data),
        "nib": required_text(form.nib.data),
    }
    if kind is BorrowerKind.MICRO:
        return NewBorrower(**shared, business_name=required_text(form.business_name.data))
    return NewBorrower(
        **shared,
        cooperative_number=required_text(form.cooperative_number.data),
        chair_name=required_text(form.chair_name.data),
        members_male=form.members_male.data,
        members_female=form.members_female.data,
        active=form.active.data,
        health=Health(form.health.data) if form.health.data in HEALTH_WORDS else None,
        health_assessed_on=form.health_assessed_on.data,
        annual_meeting_on=form.annual_meeting_on.data,
    )


def entered_standing(form: Any, kind: BorrowerKind) -> Standing | None:
    """How a cooperative stands, as far as it is typed."""
    if kind is not BorrowerKind.COOPERATIVE:
        return None
    return Standing(
        form.active.data,
        Health(form.health.data) if form.health.data in HEALTH_WORDS else None,
        form.health_assessed_on.data,
        form.annual_meeting_on.data,
    )


class RevealForm(Form):
    reason = TextAreaField(
        "Alasan menampilkan NIK",
        [InputRequired(), Length(5, 200, "Tulis alasan dengan 5 sampai 200 karakter.")],
    )

    def validate_reason(self, field: Any) -> None:
        if re.search(r"[0-9]{12}", plain_digits(field.data)):
            raise ValidationError("Jangan menulis NIK atau nomor panjang lain di dalam alasan.")


@dataclass(frozen=True)
class RegisterAsked:
    """The filter of the register. `fields` is what the form shows again; `chips` are (key of the
    filter, what it says)."""

    wanted: BorrowerFilter
    fields: dict[str, str]
    chips: list[tuple[str, str]]


def read_register(arguments: Mapping[str, str], kecamatan: Mapping[str, str]) -> RegisterAsked:
    """Read the filters of the address; what is odd is left out. A NIK is never looked up here."""
    text = " ".join(arguments.get("q", "").split())[:LONGEST_SEARCH]
    found = {
        "q": "" if is_number_of_somebody(text) else text,
        "jenis": _one_of(arguments.get("jenis"), KINDS),
        "kecamatan": _one_of(arguments.get("kecamatan"), kecamatan),
        "bidang": arguments.get("bidang", "").strip()[:60],
        "pinjaman": _one_of(arguments.get("pinjaman"), RUNNING),
    }
    fields = {key: value for key, value in found.items() if value}
    says = {
        "q": f"Cari “{found['q']}”",
        "jenis": KIND_LABELS.get(found["jenis"], ""),
        "kecamatan": f"Kecamatan {kecamatan.get(found['kecamatan'], '')}",
        "bidang": f"Bidang: {found['bidang']}",
        "pinjaman": RUNNING_LABELS.get(found["pinjaman"], ""),
    }
    wanted = BorrowerFilter(
        text=found["q"],
        kind=KINDS.get(found["jenis"]),
        kecamatan=found["kecamatan"] or None,
        sector=found["bidang"] or None,
        running=RUNNING.get(found["pinjaman"]),
    )
    return RegisterAsked(wanted, fields, [(key, says[key]) for key in fields])


def _one_of(text: str | None, known: Mapping[str, Any]) -> str:
    return text if text is not None and text in known else ""
