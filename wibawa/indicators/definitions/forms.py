from __future__ import annotations

from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice as Choice
from wtforms.validators import InputRequired, Length, NumberRange

from wibawa.indicators.definitions.actions import Wish
from wibawa.rules.indicators import (
    KINDS_WORDS,
    PROGRAMME_SINCE,
    RULE_MEANINGS,
    RULE_WORDS,
    UNIT_WORDS,
    Kinds,
    Rule,
    Unit,
)
from wibawa.web.fields import Form, required_text

LAST_YEAR = 2100


def _text(most: int) -> list[Any]:
    return [InputRequired(), Length(3, most, f"Tulis 3 sampai {most} karakter.")]


class DefinitionForm(Form):
    since = IntegerField(
        "Berlaku mulai tahun",
        [
            InputRequired(),
            NumberRange(
                PROGRAMME_SINCE.year, LAST_YEAR, f"Antara {PROGRAMME_SINCE.year} dan 2100."
            ),
        ],
        description="Angka terbitan dan tahun yang sudah dikunci tidak berubah.",
    )
    rule = SelectField(
        "Yang dihitung",
        choices=[Choice(rule.value, f"{RULE_WORDS[rule]}: {RULE_MEANINGS[rule]}") for rule in Rule],
    )
    counted = SelectField(
        "Satuan hitung",
        choices=[
            Choice(Unit.PEOPLE.value, f"{UNIT_WORDS[Unit.PEOPLE]}, setiap orang satu kali"),
            Choice(Unit.ACCOUNTS.value, f"{UNIT_WORDS[Unit.ACCOUNTS]}, setiap rekening"),
        ],
    )
    kinds = SelectField(
        "Jenis peminjam", choices=[Choice(kinds.value, KINDS_WORDS[kinds]) for kinds in Kinds]
    )
    other_programmes = BooleanField("Ditambah jumlah dari program lain (KUR dan sebagainya)")
    denominator = SelectField("Penyebut", validate_choice=True)
    definition = TextAreaField("Definisi", _text(1000), filters=[required_text])
    formula = TextAreaField("Rumus dengan kata-kata", _text(1000), filters=[required_text])
    interpretation = TextAreaField("Interpretasi", _text(1000), filters=[required_text])
    source = StringField("Sumber data", _text(300), filters=[required_text])
    cut_off = StringField(
        "Batas waktu data",
        _text(100),
        description="Misalnya 31 Desember.",
        filters=[required_text],
    )
    responsible = StringField("Penanggung jawab", _text(200), filters=[required_text])
    reason = TextAreaField(
        "Alasan usulan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
        filters=[required_text],
    )

    @property
    def wish(self) -> Wish:
        return Wish(
            self.since.data,
            Rule(self.rule.data),
            Unit(self.counted.data),
            Kinds(self.kinds.data),
            bool(self.other_programmes.data),
            self.denominator.data or None,
            *(
                self[name].data
                for name in ("definition", "interpretation", "formula", "source", "cut_off",
                             "responsible", "reason")
            ),
        )  # fmt: skip


class RefusalForm(Form):
    """`shown` is the fingerprint of the proposal on the page that the decision was taken on."""

    shown = HiddenField()
    reason = TextAreaField(
        "Alasan penolakan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
        filters=[required_text],
    )
