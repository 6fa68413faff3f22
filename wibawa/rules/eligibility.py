"""Who may receive a disbursement (domain rules §5): every obstacle at once, each as a sentence.

The limits come from the loan terms, the facts about other loans from storage; nothing is read here.
A fact that is not known yet (None or "") is passed over: the form says that it is missing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wibawa.rules.dates import completed_years, long_date
from wibawa.rules.facts import BorrowerKind, Standing
from wibawa.rules.money import rupiah
from wibawa.rules.nik import is_semarang, mask_nik, read_nik
from wibawa.rules.refused import Problem, Refused
from wibawa.rules.standing import standing_problems

KIND_WORDS: Final = {BorrowerKind.MICRO: "usaha mikro", BorrowerKind.COOPERATIVE: "koperasi"}
SEX_WORDS: Final = {"L": "laki-laki", "P": "perempuan"}
_ACCOUNT: Final = re.compile(r"[0-9A-Za-z]{5,40}")
_PUNCTUATION: Final = re.compile(r"[\s.\-]")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the loan terms in force on the day of disbursement; amounts in rupiah."""

    valid_from: dt.date
    ceiling_micro: int
    ceiling_cooperative: int
    collateral_free_limit: int
    minimum_age: int
    minimum_business_years: int


@dataclass(frozen=True, slots=True)
class Applicant:
    """The borrower. `nik`, `sex` and `birth_date` are the chair's for a cooperative, `standing` is
    only a cooperative's."""

    kind: BorrowerKind
    nik: str = field(repr=False)
    sex: str
    birth_date: dt.date | None
    business_started_on: dt.date | None
    kelurahan_known: bool | None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be disbursed; `principal` in rupiah."""

    bank: str
    account_number: str
    agreement_number: str
    disbursed_on: dt.date | None
    principal: int | None
    collateral: str


@dataclass(frozen=True, slots=True)
class RunningLoan:
    """A loan that is not paid off. `own` is False when only the chair or the person is the same."""

    number: str
    bank: str
    borrower: str
    outstanding: int
    own: bool


@dataclass(frozen=True, slots=True)
class WaitingDisbursement:
    """Another disbursement that waits for approval; `application_id` is what it pays out."""

    bank: str
    borrower: str
    principal: int
    own: bool
    application_id: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What storage knows. The two `…_held_by` name who holds the number in words, "" for nobody."""

    running: tuple[RunningLoan, ...] = ()
    waiting: tuple[WaitingDisbursement, ...] = ()
    account_held_by: str = ""
    agreement_held_by: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands in the way, and what somebody should look at before deciding."""

    blocks: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def plain_account(text: str) -> str:
    """An account number without the spaces, dots and dashes that people write into it.

    Source: file rules §1 (the same account in a file and on the form). No errors.

    >>> plain_account(" 056-783.63 ")
    '05678363'
    """
    return _PUNCTUATION.sub("", text)


def check(
    applicant: Applicant, request: Request, limits: Limits, known: Known, today: dt.date
) -> Verdict:
    """All obstacles (blocks) and all warnings for one disbursement, in the order of the form.

    `column` of each `Problem` is the key of the form's field, "borrower" for the borrower as a
    whole; `row` is 0. Units: rupiah, completed years. Source: domain rules §5. No errors.

    >>> applicant = Applicant(BorrowerKind.MICRO, "3374014804850012", "P", dt.date(1985, 4, 8),
    ...                       dt.date(2018, 1, 1), True)
    >>> request = Request("Bank Pasar", "0123456789", "PK/1", dt.date(2026, 11, 24), 60000000, "")
    >>> limits = Limits(dt.date(2017, 1, 1), 50000000, 50000000, 5000000, 17, 2)
    >>> [p.code for p in check(applicant, request, limits, Known(), dt.date(2026, 11, 24)).blocks]
    ['above_ceiling', 'collateral_missing']
    """
    day = request.disbursed_on or today
    found = [
        *_person(applicant, limits, day),
        *_business(applicant, limits, day),
        *_cooperative(applicant, day),
        *_others(known),
        *_account(request, known),
        *_date(request, limits, today),
        *_amount(applicant, request, limits),
    ]
    return Verdict(
        tuple(problem for problem in found if problem.blocking),
        tuple(problem for problem in found if not problem.blocking),
    )


def _block(column: str, code: str, found: str, message: str) -> Problem:
    return Problem(0, column, code, found, message)


def _warn(column: str, code: str, found: str, message: str) -> Problem:
    return Problem(0, column, code, found, message, blocking=False)


def _person(applicant: Applicant, limits: Limits, day: dt.date) -> Iterator[Problem]:
    whose = "ketua" if applicant.kind is BorrowerKind.COOPERATIVE else "peminjam"
    if applicant.nik:
        yield from _nik(applicant, whose, day)
    born = applicant.birth_date
    if born is None:
        return
    if born > day:
        yield _block(
            "birth_date",
            "birth_date_in_future",
            long_date(born),
            f"Tanggal lahir {long_date(born)} sesudah tanggal pencairan; periksa tahunnya.",
        )
    elif (age := completed_years(born, day)) < limits.minimum_age:
        yield _block(
            "birth_date",
            "too_young",
            str(age),
            f"Umur {whose} {age} tahun pada {long_date(day)}; diperlukan paling sedikit "
            f"{limits.minimum_age} tahun.",
        )


def _nik(applicant: Applicant, whose: str, day: dt.date) -> Iterator[Problem]:
    masked = mask_nik(applicant.nik)
    try:
        nik = read_nik(applicant.nik, day)
    except Refused as refused:
        yield _block("nik", refused.code, masked, refused.sentence)
        return
    if not is_semarang(nik):
        yield _warn(
            "nik",
            "nik_not_semarang",
            masked,
            f"NIK {whose} tidak berawalan 3374 (Kota Semarang); pastikan KTP-nya masih beralamat "
            "di Kota Semarang.",
        )
    if applicant.sex and applicant.sex != nik.sex:
        yield _block(
            "sex",
            "nik_sex_differs",
            applicant.sex,
            f"Jenis kelamin tertulis {SEX_WORDS[applicant.sex]}, sedangkan menurut NIK "
            f"{SEX_WORDS[nik.sex]}; samakan keduanya dengan KTP.",
        )
    born = applicant.birth_date
    # The number holds two digits of the year only, so the century is not compared.
    if born is not None and (born.day, born.month, born.year % 100) != (
        nik.birth_date.day,
        nik.birth_date.month,
        nik.birth_date.year % 100,
    ):
        yield _block(
            "birth_date",
            "nik_birth_date_differs",
            long_date(born),
            f"Tanggal lahir {long_date(born)} tidak cocok dengan NIK; samakan keduanya dengan KTP.",
        )


def _business(applicant: Applicant, limits: Limits, day: dt.date) -> Iterator[Problem]:
    what = "Koperasi" if applicant.kind is BorrowerKind.COOPERATIVE else "Usaha"
    started, needed = applicant.business_started_on, limits.minimum_business_years
    if started is None:
        yield _warn(
            "business_started_on",
            "business_start_unknown",
            "",
            f"Tanggal mulai {what.lower()} belum tercatat; pastikan sudah berjalan paling sedikit "
            f"{needed} tahun.",
        )
    elif started > day:
        yield _block(
            "business_started_on",
            "business_start_in_future",
            long_date(started),
            f"Tanggal mulai {what.lower()} {long_date(started)} sesudah tanggal pencairan; "
            "periksa tahunnya.",
        )
    elif completed_years(started, day) < needed:
        yield _block(
            "business_started_on",
            "business_too_young",
            long_date(started),
            f"{what} baru berjalan {_span(started, day)} pada {long_date(day)}; diperlukan paling "
            f"sedikit {needed} tahun.",
        )
    if applicant.kelurahan_known is False:
        yield _block(
            "kelurahan_code",
            "kelurahan_unknown",
            "",
            "Kelurahan ini tidak ada dalam daftar 177 kelurahan Kota Semarang; pilih dari daftar.",
        )


def _cooperative(applicant: Applicant, day: dt.date) -> list[Problem]:
    if applicant.kind is not BorrowerKind.COOPERATIVE:
        return []
    return standing_problems(applicant.standing or Standing(), day)


def _span(start: dt.date, day: dt.date) -> str:
    """Whole years and months in words: "1 tahun 4 bulan"."""
    months = (day.year - start.year) * 12 + day.month - start.month - (day.day < start.day)
    years, rest = divmod(months, 12)
    said = [f"{years} tahun"] if years else []
    if rest or not years:
        said.append(f"{rest} bulan")
    return " ".join(said)


def _others(known: Known) -> Iterator[Problem]:
    for loan in known.running:
        left = f"{loan.number} di {loan.bank} dengan baki debet {rupiah(loan.outstanding)}"
        if loan.own:
            yield _block(
                "borrower",
                "loan_running",
                loan.number,
                f"Peminjam masih mempunyai pinjaman {left}; diperlukan pelunasan lebih dahulu.",
            )
        else:
            yield _warn(
                "borrower",
                "loan_of_same_person",
                loan.number,
                f"NIK yang sama tercatat pada {loan.borrower}, yang masih mempunyai pinjaman "
                f"{left}; periksa sebelum memutuskan.",
            )
    for other in known.waiting:
        what = f"{rupiah(other.principal)} di {other.bank}"
        if other.own:
            yield _block(
                "borrower",
                "disbursement_waiting",
                other.bank,
                f"Pencairan lain untuk peminjam ini, {what}, masih menunggu persetujuan; "
                "diperlukan keputusan atasnya lebih dahulu.",
            )
        else:
            yield _warn(
                "borrower",
                "disbursement_of_same_person",
                other.bank,
                f"NIK yang sama tercatat pada {other.borrower}, yang pencairannya, {what}, masih "
                "menunggu persetujuan; periksa sebelum memutuskan.",
            )


def _account(request: Request, known: Known) -> Iterator[Problem]:
    number = request.account_number
    if number and _ACCOUNT.fullmatch(number) is None:
        yield _block(
            "account_number",
            "account_unreadable",
            number,
            f"Nomor rekening “{number}” tidak terbaca; diperlukan 5 sampai 40 angka atau huruf.",
        )
    elif number and known.account_held_by:
        yield _block(
            "account_number",
            "account_taken",
            number,
            f"Rekening {number} di {request.bank} sudah dipakai {known.account_held_by}; "
            "diperlukan nomor rekening pinjaman yang baru.",
        )
    if request.agreement_number and known.agreement_held_by:
        yield _warn(
            "agreement_number",
            "agreement_repeated",
            request.agreement_number,
            f"Nomor perjanjian {request.agreement_number} di {request.bank} sudah dipakai "
            f"{known.agreement_held_by}; pastikan tidak tertukar.",
        )


def _date(request: Request, limits: Limits, today: dt.date) -> Iterator[Problem]:
    day = request.disbursed_on
    if day is None:
        return
    if day > today:
        yield _block(
            "disbursed_on",
            "date_in_future",
            long_date(day),
            f"Tanggal pencairan {long_date(day)} sesudah hari ini ({long_date(today)}); catat "
            "paling cepat pada hari uangnya cair.",
        )
    elif day < limits.valid_from:
        yield _block(
            "disbursed_on",
            "date_before_programme",
            long_date(day),
            f"Tanggal pencairan {long_date(day)} sebelum ketentuan pinjaman yang pertama "
            f"({long_date(limits.valid_from)}); periksa tahunnya.",
        )


def _amount(applicant: Applicant, request: Request, limits: Limits) -> Iterator[Problem]:
    amount = request.principal
    if amount is None:
        return
    ceiling = (
        limits.ceiling_cooperative
        if applicant.kind is BorrowerKind.COOPERATIVE
        else limits.ceiling_micro
    )
    if amount < 1:
        yield _block(
            "principal",
            "principal_not_positive",
            rupiah(amount),
            f"Jumlah {rupiah(amount)} tidak dapat dicairkan; tulis jumlah di atas Rp0.",
        )
    elif amount > ceiling:
        yield _block(
            "principal",
            "above_ceiling",
            rupiah(amount),
            f"Jumlah {rupiah(amount)} melebihi plafon tertinggi {KIND_WORDS[applicant.kind]}, "
            f"{rupiah(ceiling)}; kurangi jumlahnya.",
        )
    if amount > limits.collateral_free_limit and not request.collateral.strip():
        yield _block(
            "collateral",
            "collateral_missing",
            "",
            f"Jumlah {rupiah(amount)} di atas batas tanpa agunan, "
            f"{rupiah(limits.collateral_free_limit)}; uraikan agunannya.",
        )
