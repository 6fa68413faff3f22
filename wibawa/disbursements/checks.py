"""What a disbursement is checked on: pages and rows as the rules want them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from wibawa.applications.queries import ApplicationFacts
from wibawa.banks.models import LoanTerms
from wibawa.borrowers.queries import BorrowerFacts, BorrowerLine
from wibawa.rules.disbursing import Approval
from wibawa.rules.eligibility import Applicant, Limits
from wibawa.rules.facts import BorrowerKind
from wibawa.rules.refused import Problem
from wibawa.web.clock import in_wib


@dataclass(frozen=True)
class Draft:
    """A disbursement as far as it is typed. `registered_id` names a borrower who is known already;
    otherwise `name` and `cooperative_number` are what was typed. It pays out `application_id`, or
    says in `direct_reason` why there is no application."""

    applicant: Applicant
    bank_id: int | None
    account_number: str
    agreement_number: str
    disbursed_on: dt.date | None
    principal: int | None
    collateral: str
    registered_id: int | None = None
    name: str = ""
    cooperative_number: str | None = None
    application_id: int | None = None
    direct_reason: str = ""


def approval_of(application: ApplicationFacts) -> Approval:
    """An application as the rules of paying out want it."""
    return Approval(
        application.number,
        application.state,
        application.approved_amount,
        in_wib(application.sent_at).date() if application.sent_at else None,
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


def other_name(draft: Draft, same: BorrowerLine) -> tuple[Problem, ...]:
    """The obstacle that a stored borrower with the typed number bears another name."""
    if " ".join(draft.name.casefold().split()) == " ".join(same.name.casefold().split()):
        return ()
    cooperative = draft.applicant.kind is BorrowerKind.COOPERATIVE
    what, place = ("Nomor induk koperasi", "cooperative_number") if cooperative else ("NIK", "nik")
    business = f" ({same.business_name})" if same.business_name else ""
    sentence = (
        f"{what} ini sudah terdaftar atas nama {same.name}{business}, sedangkan tertulis "
        f"“{draft.name}”; periksa nomornya, atau pilih peminjam itu lewat pencarian."
    )
    return (Problem(0, place, "borrower_other_name", same.name, sentence),)
