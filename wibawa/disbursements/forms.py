from __future__ import annotations

from typing import Any

from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from wibawa.applications.queries import ApplicationFacts
from wibawa.borrowers.checks import plain_digits
from wibawa.borrowers.forms import CooperativeFields, MicroFields, entered_standing
from wibawa.borrowers.queries import BorrowerFacts
from wibawa.disbursements.checks import Draft, applicant_of
from wibawa.rules.eligibility import SEX_WORDS, Applicant, plain_account
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.refused import Problem
from wibawa.web.fields import DayField, Form, RupiahField, required_text


class SearchForm(Form):
    """Sent by POST: a NIK that is typed here must not stand in an address."""

    numbers = frozenset({"text"})

    text = StringField(
        "Nama, usaha, NIK, nomor induk koperasi, atau telepon", [InputRequired(), Length(max=80)]
    )


class ApprovedForm(Form):
    """What the bank paid out of an application: borrower and bank are the application's."""

    numbers = frozenset({"account_number", "agreement_number"})

    account_number = StringField(
        "Nomor rekening pinjaman",
        [InputRequired(), Length(max=60)],
        description="5 sampai 40 angka atau huruf. Titik, tanda hubung, dan spasi boleh ikut.",
    )
    agreement_number = StringField("Nomor perjanjian kredit", [InputRequired(), Length(max=60)])
    disbursed_on = DayField(
        "Tanggal pencairan", [InputRequired()], description="Hari uangnya cair, contoh 24/11/2026."
    )
    principal = RupiahField("Jumlah pencairan (plafon)", [InputRequired()])
    collateral = TextAreaField("Uraian agunan", [Length(max=200)])

    def validate_account_number(self, field: Any) -> None:
        if not plain_account(field.data or ""):
            raise ValidationError(
                f"Tertulis “{field.data}”; diperlukan 5 sampai 40 angka atau huruf."
            )


class DisbursementFields(ApprovedForm):
    """Without an application, where that is allowed."""

    bank_id = SelectField("Bank penyalur", [InputRequired()])
    direct_reason = TextAreaField(
        "Alasan tanpa permohonan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
        description="Misalnya: cair sebelum permohonan dicatat di sistem ini.",
        filters=[required_text],
    )


class RegisteredForm(DisbursementFields):
    """For a borrower who is in the register."""


class _WithNik(DisbursementFields):
    """The rules pass over a NIK that is not there, so the form must not: it is who the loan is
    for."""

    def validate_nik(self, field: Any) -> None:
        if not plain_digits(field.data):
            raise ValidationError(f"Tertulis “{field.data}”; diperlukan tepat 16 angka.")


class MicroForm(MicroFields, _WithNik):
    """With a new micro-enterprise."""


class CooperativeForm(CooperativeFields, _WithNik):
    """With a new cooperative."""


class DecisionForm(Form):
    """`shown` is the fingerprint of the facts on the page that the decision was taken on."""

    shown = HiddenField()


class RefusalForm(DecisionForm):
    reason = TextAreaField(
        "Alasan penolakan",
        [InputRequired(), Length(5, 300, "Tulis alasan dengan 5 sampai 300 karakter.")],
    )


FORMS: dict[BorrowerKind, type[Form]] = {
    BorrowerKind.MICRO: MicroForm,
    BorrowerKind.COOPERATIVE: CooperativeForm,
}


def approved_draft(form: Any, application: ApplicationFacts, borrower: BorrowerFacts) -> Draft:
    """The disbursement of an application as far as it is typed."""
    return Draft(
        applicant_of(borrower),
        application.bank_id,
        plain_account(form.account_number.data or ""),
        required_text(form.agreement_number.data),
        form.disbursed_on.data,
        form.principal.data,
        required_text(form.collateral.data),
        registered_id=borrower.id,
        application_id=application.id,
    )


def draft_from(
    form: Any, kind: BorrowerKind | None, borrower: BorrowerFacts | None, codes: frozenset[str]
) -> Draft:
    """The disbursement as far as it is typed; `codes` are the kelurahan of the city."""
    asked: dict[str, Any] = {
        "bank_id": bank_of(form.bank_id.data),
        "account_number": plain_account(form.account_number.data or ""),
        "agreement_number": required_text(form.agreement_number.data),
        "disbursed_on": form.disbursed_on.data,
        "principal": form.principal.data,
        "collateral": required_text(form.collateral.data),
        "direct_reason": required_text(form.direct_reason.data),
    }
    if borrower is not None:
        return Draft(applicant_of(borrower), **asked, registered_id=borrower.id)
    assert kind is not None
    code = form.kelurahan_code.data
    started = form.business_started_on.data
    applicant = Applicant(
        kind,
        plain_digits(form.nik.data),
        form.sex.data if form.sex.data in SEX_WORDS else "",
        form.birth_date.data,
        started,
        kelurahan_known=(code in codes) if code else None,
        standing=entered_standing(form, kind),
    )
    number = getattr(form, "cooperative_number", None)
    return Draft(
        applicant,
        **asked,
        name=required_text(form.name.data),
        cooperative_number=required_text(number.data) if number else None,
    )


def bank_of(text: str | None) -> int | None:
    """The bank's id as a form or an address gives it."""
    whole = (text or "").strip()
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 10 else None


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
