"""The form of a disbursement: what its address names, and what it begins with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from wibawa.access import once
from wibawa.access.guard import not_found
from wibawa.applications.queries import ApplicationFacts, application_facts
from wibawa.banks.queries import all_banks, direct_banks, places
from wibawa.borrowers.forms import offer_places
from wibawa.borrowers.queries import BorrowerFacts, borrower_facts
from wibawa.disbursements.checks import Draft
from wibawa.disbursements.forms import (
    FORMS,
    ApprovedForm,
    RegisteredForm,
    approved_draft,
    bank_of,
    draft_from,
)
from wibawa.rules.facts import BorrowerKind

KINDS = {"mikro": BorrowerKind.MICRO, "koperasi": BorrowerKind.COOPERATIVE}


@dataclass(frozen=True)
class Entry:
    """An approved application with its borrower, or, without one, a registered borrower or the
    kind of a new one."""

    kind: BorrowerKind | None = None
    borrower: BorrowerFacts | None = None
    application: ApplicationFacts | None = None

    @property
    def months(self) -> int | None:
        return self.application.months if self.application else None


def read_entry(session: Session, arguments: Mapping[str, str]) -> Entry | None:
    """What the address names; None for nothing, 404 for what is not there."""
    for key in ("permohonan", "peminjam"):
        if not arguments.get(key):
            continue
        number = bank_of(arguments[key]) or 0
        if key == "peminjam":
            return Entry(borrower=borrower_facts(session, number) or not_found("borrower", number))
        found = application_facts(session, number) or not_found("application", number)
        return Entry(borrower=borrower_facts(session, found.borrower_id), application=found)
    kind = KINDS.get(arguments.get("jenis", ""))
    return Entry(kind=kind) if kind else None


def entry_form(session: Session, entry: Entry, today: dt.date, *, sent: bool) -> Any:
    """The form with its choices; an application fills in what the bank approved."""
    form: Any
    if entry.application is not None:
        begins = {
            "disbursed_on": today,
            "principal": entry.application.approved_amount,
            "collateral": entry.application.collateral,
        }
        form = ApprovedForm(data=begins)
    else:
        form = FORMS[entry.kind]() if entry.kind else RegisteredForm()
        allowed = direct_banks(session, today)
        banks = [bank for bank in all_banks(session) if bank.id in allowed]
        choices = [SelectChoice(str(bank.id), bank.name) for bank in banks]
        form.bank_id.choices = [SelectChoice("", "Pilih bank"), *choices]
        if not sent:
            form.disbursed_on.data = today
    if entry.kind:
        found = places(session)
        offer_places(form, [(each.code, each.kelurahan, each.kecamatan) for each in found])
    form.request_key.data = form.request_key.data or once.new_key()
    return form


def typed_draft(session: Session, form: Any, entry: Entry) -> Draft:
    """The disbursement as far as it is typed."""
    if entry.application is not None:
        assert entry.borrower is not None
        return approved_draft(form, entry.application, entry.borrower)
    codes = frozenset(each.code for each in places(session))
    return draft_from(form, entry.kind, entry.borrower, codes)


def bank_id_of(form: Any, entry: Entry) -> int | None:
    return entry.application.bank_id if entry.application else bank_of(form.bank_id.data)
