"""Borrowers whose time is over, or not, made through the program's own ways."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import Flask
from sqlalchemy.orm import Session

from tests import factories
from wibawa.access.trail import record
from wibawa.borrowers.actions import NewBorrower, add_borrowers, edit_borrower
from wibawa.borrowers.history import last_change
from wibawa.rules.facts import BorrowerKind
from wibawa.web.clock import now

LONG_AGO = dt.datetime(2013, 3, 1, 3, 0, tzinfo=dt.UTC)
NIK, PHONE, ADDRESS, NAME = "3374014804850777", "081277776666", "Jl. Rahasia 77", "Siti Lama"


@dataclass(frozen=True)
class Known:
    """`old`: without a loan and nothing for thirteen years; `paid`: a loan of 2012, paid in 2014;
    `running`: registered and lent to long ago, and still owing; `fresh`: registered today."""

    old: int
    paid: int
    running: int
    fresh: int


def facts(nik: str, name: str = NAME, phone: str = PHONE) -> NewBorrower:
    return NewBorrower(
        kind=BorrowerKind.MICRO, name=name, nik=nik, sex="P", birth_date=dt.date(1985, 4, 8),
        kelurahan_code="33.74.01.1001", business_name="Roti Lama", sector="Kuliner",
        business_started_on=dt.date(2010, 1, 1), address=ADDRESS, phone=phone,
    )  # fmt: skip


def known(app: Flask, people: dict[str, int]) -> Known:
    staff, second = people["staff"], people["approver"]
    first = dt.date(2012, 1, 31)

    def make(session: Session) -> Known:
        old = add_borrowers(session, [facts(NIK)], staff, LONG_AGO).ids[0]
        edit_borrower(session, old, last_change(session, old),
                      facts("", "Siti Lebih Lama", "081277775555"), staff, LONG_AGO)  # fmt: skip
        edit_borrower(session, old, last_change(session, old), facts(""), staff, LONG_AGO)
        factories.document(session, staff, borrower_id=old, content=b"the card of Siti")
        record(session, LONG_AGO, second, "nik_revealed", "borrower", old, "Mencocokkan KTP")
        paid = factories.loan(session, staff, second, number=2, name="Rahayu", disbursed_on=first,
                              linked=False)  # fmt: skip
        factories.payment(session, paid, 5_300_000, dt.date(2014, 1, 31), staff, second)
        factories.link_loan(session, paid)
        running = factories.loan(session, staff, second, number=3, name="Joko", disbursed_on=first)
        fresh = add_borrowers(session, [facts(NIK[:-1] + "8", "Rahmat Baru")], staff, now()).ids[0]
        return Known(old, old + 1, old + 2, fresh) if running else Known(0, 0, 0, 0)

    return factories.saved(app, make)
