"""The form at the counter: what its address names, what was typed earlier, what the months cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access import once
from wibawa.access.guard import not_found
from wibawa.access.personal_data import unseal
from wibawa.access.sealed import place_of
from wibawa.applications.actions import DRAFT_PLACE
from wibawa.applications.checks import Wish
from wibawa.applications.forms import (
    FORMS,
    KINDS,
    RegisteredForm,
    offer_banks,
    offer_months,
    typed_again,
    whole,
    wish_from,
)
from wibawa.applications.models import ApplicationDraft
from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks, places, terms_on
from wibawa.borrowers.forms import offer_places
from wibawa.borrowers.queries import BorrowerFacts, borrower_facts
from wibawa.rules.facts import BorrowerKind, Method, Terms
from wibawa.rules.refused import Refused
from wibawa.rules.schedule import schedule

MOST_COMPARED = 10**12


@dataclass(frozen=True)
class Entry:
    """A registered borrower or the kind of a new one, and the draft that the form goes on with."""

    name: str
    kind: BorrowerKind | None
    borrower: BorrowerFacts | None
    draft_id: int | None
    body: str | None


@dataclass(frozen=True)
class DraftLine:
    """A form that this person has not finished."""

    id: int
    form: str
    label: str
    saved_at: dt.datetime


@dataclass(frozen=True)
class Tenor:
    """The first installment and the whole interest at one tenor, for each method."""

    months: int
    asked: bool
    methods: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Comparison:
    bank: str
    method: str
    rate: int
    collateral_free_limit: int
    amount: int
    tenors: tuple[Tenor, ...]

    @property
    def first(self) -> int | None:
        """The first installment of what is asked for, by the bank's own method."""
        asked = [tenor.methods for tenor in self.tenors if tenor.asked]
        return next((row[1] for rows in asked for row in rows if row[0] == self.method), None)


def read_entry(
    session: Session, arguments: Mapping[str, str], user_id: int, *, sent: bool
) -> Entry | None:
    """What the address names; None when it names nobody. Stops with 404 for what is not there.

    A form that is sent may go on with a draft that its first sending has used up.
    """
    text, name = arguments.get("peminjam", ""), arguments.get("jenis", "")
    borrower = None
    if text:
        number = whole(text) or 0
        borrower = borrower_facts(session, number) or not_found("borrower", number)
        name = f"peminjam-{number}"
    elif name not in KINDS:
        return None
    draft_id, body = whole(arguments.get("draf")), None
    if draft_id is not None:
        body = draft_body(session, draft_id, user_id, name)
        if body is None and not sent:
            not_found("application_draft", draft_id)
        draft_id = None if body is None else draft_id
    return Entry(name, KINDS.get(name), borrower, draft_id, body)


def entry_form(session: Session, entry: Entry, today: dt.date, *, sent: bool) -> Any:
    """The form with its lists; one that was not sent now shows what was kept earlier."""
    made = FORMS[entry.kind] if entry.kind else RegisteredForm
    kept = entry.body is not None and not sent
    form: Any = made(formdata=typed_again(entry.body or "[]")) if kept else made()
    offer(session, form, today)
    if entry.kind:
        found = places(session)
        offer_places(form, [(each.code, each.kelurahan, each.kecamatan) for each in found])
    form.request_key.data = form.request_key.data or once.new_key()
    return form


def offer(session: Session, form: Any, today: dt.date, stored: int | None = None) -> None:
    offer_banks(form, [(bank.id, bank.name) for bank in all_banks(session)])
    offer_months(form, terms_on(session, today).months, stored)


def typed_wish(
    session: Session, form: Any, kind: BorrowerKind | None, borrower: BorrowerFacts | None
) -> Wish:
    return wish_from(form, kind, borrower, frozenset(each.code for each in places(session)))


def compare(
    session: Session, bank_id: int | None, amount: int | None, months: int | None, day: dt.date
) -> Comparison | None:
    """First installments by tenor and method; None while the amount is missing or impossible."""
    bank = session.get(Bank, bank_id) if bank_id else None
    settings = terms_on(session, day)
    if not amount or not 1 <= amount <= MOST_COMPARED:
        return None
    offered = sorted({each for each in (6, 12, 18, 24, months or 0) if 0 < each <= settings.months})
    multiple = bank.multiple if bank else 1
    rows = []
    for tenor in offered:
        terms = [Terms(amount, settings.rate, tenor, each, day, multiple) for each in Method]
        try:
            rows.append(Tenor(tenor, tenor == months, tuple(_figures(each) for each in terms)))
        except Refused:
            return None
    name, method = (bank.name, bank.method) if bank else ("", "")
    limit = settings.collateral_free_limit
    return Comparison(name, method, settings.rate, limit, amount, tuple(rows))


def _figures(terms: Terms) -> tuple[str, int, int]:
    rows = schedule(terms)
    return terms.method.value, rows[0].total, sum(row.interest for row in rows)


def drafts_of(session: Session, user_id: int) -> list[DraftLine]:
    """This person's unfinished forms, the newest first."""
    found = session.execute(
        select(
            ApplicationDraft.id,
            ApplicationDraft.form,
            ApplicationDraft.label,
            ApplicationDraft.saved_at,
        )
        .where(ApplicationDraft.user_id == user_id)
        .order_by(ApplicationDraft.saved_at.desc(), ApplicationDraft.id.desc())
    )
    return [DraftLine(*row) for row in found]


def draft_body(session: Session, draft_id: int, user_id: int, form: str) -> str | None:
    """What this person typed into that form earlier; None when it is not hers or another form."""
    sealed = session.scalar(
        select(ApplicationDraft.body).where(
            ApplicationDraft.id == draft_id,
            ApplicationDraft.user_id == user_id,
            ApplicationDraft.form == form,
        )
    )
    return None if sealed is None else unseal(sealed, place_of(DRAFT_PLACE, draft_id))
