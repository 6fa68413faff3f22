"""Requests of the demo office: a payment holiday that was granted, an early payoff that waits for
its money, and what the head of section has still to decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.banks.queries import thresholds_on
from wibawa.changes import actions
from wibawa.changes.actions import Wish
from wibawa.changes.effect import Effect
from wibawa.changes.kinds import KINDS
from wibawa.changes.queries import change_facts
from wibawa.demo_documents import ROOM, example
from wibawa.letters.documents import PaperKind
from wibawa.loans.positions import positions
from wibawa.papers.actions import Clerk, issue
from wibawa.rules.changes import first_to_come
from wibawa.scans.queries import kinds_of_requests
from wibawa.web.clock import in_wib

LOST: Final = 5


def add_changes(session: Session, now: dt.datetime, people: dict[str, int]) -> None:
    """A holiday approved three days ago, a payoff for today, and two or three that wait."""
    today, before = in_wib(now).date(), now - dt.timedelta(days=3)
    each = positions(today, thresholds_on(session, today)).subquery()
    owing = select(each.c.loan_id).where(each.c.outstanding > 0).order_by(each.c.loan_id)
    young = owing.order_by(None).order_by(each.c.loan_id.desc())
    well = list(session.scalars(young.where(each.c.arrears == 0).limit(3)))
    late = list(session.scalars(owing.where(each.c.arrears > 0, each.c.collectibility < LOST)))
    lost = list(session.scalars(owing.where(each.c.collectibility == LOST).limit(1)))

    holiday = {"first": _first(session, late[0], today), "months": 3, "interest": "spread"}
    number = _ask(session, "holiday", late[0], holiday, "Kios rusak terkena rob", before, people)
    _approve(session, number, before, people)
    _issue(session, late[0], PaperKind.MINUTES, number, before, people)
    payoff = {"on": today.isoformat(), "valid_until": today.isoformat()}
    number = _ask(session, "settlement", well[0], payoff, "Dilunasi dari arisan", now, people)
    _approve(session, number, now, people)
    _issue(session, well[0], PaperKind.OFFER, number, now, people)

    longer = {"first": _first(session, late[1], today), "more": 6}
    reason = "Omzet turun sejak pasar direnovasi"
    shown = ("borrower_letter", "request_photo")
    _ask(session, "tenor", late[1], longer, reason, now, people, shown)
    day = {"first": _first(session, well[1], today), "day": 10}
    _ask(session, "due_day", well[1], day, "Menyesuaikan hari gajian pasangan", now, people)
    for loan_id in lost:
        _ask(session, "write_off", loan_id, {}, "Usaha tutup, tiga kali ditagih", now, people)


def _first(session: Session, loan_id: int, today: dt.date) -> int:
    case = KINDS["holiday"].find(session, loan_id, today)
    assert case is not None
    return first_to_come(case.plan, today)


def _ask(
    session: Session,
    code: str,
    loan_id: int,
    data: Mapping[str, Any],
    reason: str,
    at: dt.datetime,
    people: dict[str, int],
    papers: Sequence[str] = (),
) -> int:
    kind, today = KINDS[code], in_wib(at).date()
    case = kind.find(session, loan_id, today)
    assert case is not None
    shown = kind.effect(session, case, data).fingerprint
    scans = [
        (each, example(each.name, case.loan.borrower))
        for each in kinds_of_requests(session, today)
        if each.code in papers
    ]
    wish = Wish(data, reason, shown, scans, ROOM)
    return actions.ask(session, kind, loan_id, wish, people["ani"], at)


def _issue(
    session: Session,
    loan_id: int,
    kind: PaperKind,
    number: int,
    at: dt.datetime,
    people: dict[str, int],
) -> None:
    """The paper of a decided request, issued by whoever asked for it."""
    name = session.get_one(User, people["ani"]).name
    issue(session, loan_id, kind, Clerk(people["ani"], name, at), change_id=number)


def _approve(session: Session, number: int, at: dt.datetime, people: dict[str, int]) -> None:
    facts = change_facts(session, number)
    assert facts is not None
    effect = actions.effect_now(session, KINDS[facts.kind], facts, in_wib(at).date())
    assert isinstance(effect, Effect), effect
    seen = actions.shown(effect, actions.attached(session, number))
    actions.approve(session, number, seen, people["budi"], at)
