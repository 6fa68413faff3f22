"""What an application is checked on: pages and rows as the rules want them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from wibawa.banks.models import LoanTerms
from wibawa.borrowers.queries import BorrowerFacts, BorrowerLine
from wibawa.rules.dates import long_date
from wibawa.rules.eligibility import Applicant, Known, Limits, Request, Verdict, check
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.refused import Problem
from wibawa.rules.statuses import STATE_WORDS, State

# What must be right before a new borrower can enter the register, even for a draft.
IDENTITY = frozenset({"nik", "sex", "birth_date", "kelurahan_code", "name", "cooperative_number"})


@dataclass(frozen=True)
class Wish:
    """An application as far as it is typed. `registered_id` names a borrower who is known already;
    otherwise `name` and `cooperative_number` are what was typed."""

    applicant: Applicant
    bank_id: int | None
    amount: int | None
    months: int | None
    purpose: str
    collateral: str
    registered_id: int | None = None
    name: str = ""
    cooperative_number: str | None = None


@dataclass(frozen=True)
class OtherApplication:
    """An open application. `own` is False when only the chair or the person is the same."""

    number: str
    bank: str
    borrower: str
    state: State
    since: dt.date
    own: bool


def applicant_of(borrower: BorrowerFacts) -> Applicant:
    """A stored borrower as the rules of eligibility want it."""
    return Applicant(
        borrower.kind,
        borrower.nik,
        borrower.sex,
        borrower.birth_date,
        borrower.business_started_on,
        kelurahan_known=True,
        standing=borrower.standing,
    )


def limits_of(terms: LoanTerms) -> Limits:
    return Limits(
        terms.valid_from,
        terms.ceiling_micro,
        terms.ceiling_cooperative,
        terms.collateral_free_limit,
        terms.minimum_age,
        terms.minimum_business_years,
    )


def judge(
    wish: Wish,
    terms: LoanTerms,
    known: Known,
    others: tuple[OtherApplication, ...],
    today: dt.date,
) -> Verdict:
    """All obstacles and warnings of an application today, each at its field of the form."""
    request = Request("", "", "", None, wish.amount, wish.collateral)
    verdict = check(wish.applicant, request, limits_of(terms), known, today)
    own = [*_others(others), *_months(wish, terms.months)]
    found = [*(_for_the_form(each) for each in (*verdict.blocks, *verdict.warnings)), *own]
    return Verdict(
        tuple(each for each in found if each.blocking),
        tuple(each for each in found if not each.blocking),
    )


def _for_the_form(problem: Problem) -> Problem:
    """The shared rules speak of a disbursement; here it is an application of today."""
    column = "amount" if problem.column == "principal" else problem.column
    message = problem.message.replace("sesudah tanggal pencairan", "sesudah hari ini")
    return replace(problem, column=column, message=message)


def _others(others: tuple[OtherApplication, ...]) -> Iterator[Problem]:
    for other in others:
        what = (
            f"permohonan {other.number} di {other.bank} yang berstatus "
            f"{STATE_WORDS[other.state].lower()} sejak {long_date(other.since)}"
        )
        if other.own:
            sentence = (
                f"Peminjam masih mempunyai {what}; selesaikan atau batalkan permohonan itu lebih "
                "dahulu."
            )
            yield Problem(0, "borrower", "application_open", other.number, sentence)
        else:
            sentence = (
                f"NIK yang sama tercatat pada {other.borrower}, yang mempunyai {what}; periksa "
                "sebelum memutuskan."
            )
            yield Problem(
                0, "borrower", "application_of_same_person", other.number, sentence, blocking=False
            )


def _months(wish: Wish, most: int) -> Iterator[Problem]:
    if wish.months is not None and wish.months > most:
        yield Problem(
            0,
            "months",
            "too_many_months",
            str(wish.months),
            f"Jangka waktu {wish.months} bulan melebihi {most} bulan menurut ketentuan pinjaman; "
            "pilih yang lebih pendek.",
        )


def other_name(wish: Wish, same: BorrowerLine) -> tuple[Problem, ...]:
    """The obstacle that a stored borrower with the typed number bears another name."""
    if " ".join(wish.name.casefold().split()) == " ".join(same.name.casefold().split()):
        return ()
    cooperative = wish.applicant.kind is BorrowerKind.COOPERATIVE
    what, place = ("Nomor induk koperasi", "cooperative_number") if cooperative else ("NIK", "nik")
    business = f" ({same.business_name})" if same.business_name else ""
    sentence = (
        f"{what} ini sudah terdaftar atas nama {same.name}{business}, sedangkan tertulis "
        f"“{wish.name}”; periksa nomornya, atau pilih peminjam itu lewat pencarian."
    )
    return (Problem(0, place, "borrower_other_name", same.name, sentence),)


def stops_draft(wish: Wish, verdict: Verdict) -> bool:
    """Whether not even a draft can be kept under a number: the borrower has an open application,
    or is new and cannot enter the register yet."""
    return any(
        each.code == "application_open" or (wish.registered_id is None and each.column in IDENTITY)
        for each in verdict.blocks
    )
