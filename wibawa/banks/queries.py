from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.banks.models import (
    Bank,
    BankLayout,
    CollectibilityRule,
    Holiday,
    Kecamatan,
    Kelurahan,
    LoanTerms,
)
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind


@dataclass(frozen=True)
class Place:
    code: str
    kelurahan: str
    kecamatan: str


def all_banks(session: Session, only: int | None = None) -> list[Bank]:
    """The banks in order of code; just one when `only` names it (a bank officer's own)."""
    query = select(Bank).order_by(Bank.code)
    if only is not None:
        query = query.where(Bank.id == only)
    return list(session.scalars(query))


def bank_by_code(session: Session, code: str) -> Bank | None:
    return session.scalar(select(Bank).where(Bank.code == code.strip().upper()))


def terms_on(session: Session, day: dt.date) -> LoanTerms:
    """The loan terms in force on `day`; the earliest ones for a day before them."""
    found = session.scalar(
        select(LoanTerms)
        .where(LoanTerms.valid_from <= day)
        .order_by(LoanTerms.valid_from.desc())
        .limit(1)
    ) or session.scalar(select(LoanTerms).order_by(LoanTerms.valid_from).limit(1))
    assert found is not None, "the migrations make the first terms"
    return found


def thresholds_on(session: Session, day: dt.date) -> dict[BankKind, Thresholds]:
    """The largest days past due of classes 1–4 for each kind of bank, as in force on `day`."""
    rules = session.scalars(select(CollectibilityRule).order_by(CollectibilityRule.valid_from))
    found: dict[BankKind, Thresholds] = {}
    for rule in rules:
        kind = BankKind(rule.bank_kind)
        if rule.valid_from <= day or kind not in found:
            found[kind] = (rule.class_1, rule.class_2, rule.class_3, rule.class_4)
    return found


def layout_mapping(session: Session, bank_id: int, kind: str, day: dt.date) -> dict[str, list[str]]:
    """The bank's own column names for a kind of file: our key → its names, or nothing."""
    columns = session.scalar(
        select(BankLayout.columns)
        .where(BankLayout.bank_id == bank_id, BankLayout.kind == kind, BankLayout.valid_from <= day)
        .order_by(BankLayout.valid_from.desc())
        .limit(1)
    )
    return {} if columns is None else dict(json.loads(columns))


def holidays(session: Session) -> frozenset[dt.date]:
    return frozenset(session.scalars(select(Holiday.day)))


def kelurahan_codes(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(Kelurahan.code)))


def places(session: Session) -> list[Place]:
    """Every kelurahan with its kecamatan, in order of name."""
    rows = session.execute(
        select(Kelurahan.code, Kelurahan.name, Kecamatan.name)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .order_by(Kecamatan.name, Kelurahan.name)
    )
    return [Place(row[0], row[1], row[2]) for row in rows]
