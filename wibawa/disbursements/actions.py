"""Recording, approving and refusing disbursements: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.applications.actions import advance, to_move
from wibawa.applications.models import Application
from wibawa.applications.moves import Author as Mover
from wibawa.applications.moves import one_at_a_time
from wibawa.applications.queries import case
from wibawa.banks.models import Bank
from wibawa.banks.queries import terms_on
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.queries import BorrowerFacts, borrower_facts
from wibawa.chains.actions import append_decision
from wibawa.disbursements.checks import Draft
from wibawa.disbursements.models import Disbursement
from wibawa.disbursements.queries import (
    DisbursementFacts,
    disbursement_facts,
    draft_of,
    examine,
    fingerprint,
)
from wibawa.loans.chain.actions import append
from wibawa.loans.chain.lines import DISBURSEMENT
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.rules.dates import long_date
from wibawa.rules.eligibility import Verdict
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused, by_same_person
from wibawa.rules.statuses import Action
from wibawa.web.clock import in_wib
from wibawa.web.formats import moment


class NotEligible(Refused):
    """The rules of eligibility stand in the way; `verdict` says which and at which field."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("not_eligible", " ".join(each.message for each in verdict.blocks))
        self.verdict = verdict


def record(
    session: Session, draft: Draft, borrower: NewBorrower | None, by: int, now: dt.datetime
) -> int:
    """Record a disbursement for the registered borrower of `draft`, or for a new one; its id.

    A new one whose NIK or number is registered already is that borrower, facts unchanged.

    Raises `NotEligible` with every obstacle, `Refused` when the account was taken meanwhile.
    """
    one_at_a_time(session)
    verdict = examine(session, draft, in_wib(now).date())
    if verdict.blocks:
        raise NotEligible(verdict)
    borrower_id = draft.registered_id
    if borrower_id is None:
        assert borrower is not None
        borrower_id = add_borrowers(session, [borrower], by, now).ids[0]
    new = _row(session, draft, borrower_id, by, now)
    session.add(new)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "account_taken",
            f"Rekening {draft.account_number} di bank itu baru saja dipakai pencairan lain, atau "
            "permohonannya baru saja dicatat cair. Muat ulang daftar pencairan.",
        ) from error
    detail = f"Nomor {new.id}, {rupiah(new.principal)}"
    trail.record(session, now, by, "disbursement_recorded", "disbursement", new.id, detail)
    return new.id


def _row(
    session: Session, draft: Draft, borrower_id: int, by: int, now: dt.datetime
) -> Disbursement:
    """The row with the terms of the day and the bank's method copied to it, and the months that
    were applied for."""
    bank = session.get(Bank, draft.bank_id)
    assert bank is not None
    assert draft.disbursed_on is not None
    assert draft.principal is not None
    terms, months = terms_on(session, draft.disbursed_on), None
    if draft.application_id is not None:
        months = session.get_one(Application, draft.application_id).months
    return Disbursement(
        status="recorded",
        borrower_id=borrower_id,
        bank_id=bank.id,
        account_number=draft.account_number,
        agreement_number=draft.agreement_number,
        disbursed_on=draft.disbursed_on,
        principal=draft.principal,
        rate=terms.rate,
        months=months or terms.months,
        method=bank.method,
        multiple=bank.multiple,
        collateral=draft.collateral,
        entered_by=by,
        entered_at=now,
        application_id=draft.application_id,
        direct_reason="" if draft.application_id else draft.direct_reason,
    )


def approve(session: Session, disbursement_id: int, shown: str, author: Mover) -> int:
    """Open the loan of a recorded disbursement, whose application is paid out then; the loan's id.

    All or nothing. Raises `Refused`: `same_person`, `already_decided`, `changed`, `not_eligible`,
    or what the table of moves refuses.
    """
    by, now = author.id, author.now
    facts, borrower = _to_decide(session, disbursement_id, shown, by)
    draft = draft_of(facts, borrower)
    verdict = examine(session, draft, in_wib(now).date(), apart_from=facts.id)
    if verdict.blocks:
        raise NotEligible(verdict)
    loan_id = open_loans(
        session,
        [
            NewLoan(
                bank_id=facts.bank_id,
                borrower_id=facts.borrower_id,
                account_number=facts.account_number,
                agreement_number=facts.agreement_number,
                terms=facts.terms,
            )
        ],
        Author(facts.entered_by_id, by, now),
    )[0]
    _decide(session, facts, "approved", by, now, loan_id=loan_id)
    if facts.application_id is not None:
        _pay_out(session, facts.application_id, facts, author)
    detail = f"Nomor {facts.id}, {rupiah(facts.principal)}"
    trail.record(session, now, by, "disbursement_approved", "disbursement", facts.id, detail)
    append(session, facts.bank_id, DISBURSEMENT, loan_id, now)
    return loan_id


def _pay_out(
    session: Session, application_id: int, facts: DisbursementFacts, author: Mover
) -> None:
    found = case(session, application_id)
    assert found is not None
    found, to = to_move(session, application_id, Action.DISBURSE, found.shown, author)
    said = f"{rupiah(facts.principal)} pada {long_date(facts.disbursed_on)}."
    advance(session, found.facts, Action.DISBURSE, to, author, said)


def refuse(
    session: Session, disbursement_id: int, shown: str, reason: str, by: int, now: dt.datetime
) -> int:
    """Refuse a recorded disbursement with a reason; its id. Raises `Refused` as `approve` does."""
    facts, _ = _to_decide(session, disbursement_id, shown, by)
    _decide(session, facts, "refused", by, now, reason=reason)
    detail = f"Nomor {facts.id}, {rupiah(facts.principal)}"
    trail.record(session, now, by, "disbursement_refused", "disbursement", facts.id, detail)
    append_decision(session, "disbursement", facts.id, now)
    return facts.id


def _to_decide(
    session: Session, disbursement_id: int, shown: str, by: int
) -> tuple[DisbursementFacts, BorrowerFacts]:
    """The disbursement as it is now, when this person may decide on what was shown."""
    one_at_a_time(session)
    facts = disbursement_facts(session, disbursement_id)
    borrower = borrower_facts(session, facts.borrower_id) if facts else None
    if facts is None or borrower is None:
        raise Refused("not_there", "Pencairan ini tidak ada. Cari lewat daftar pencairan.")
    if facts.entered_by_id == by:
        raise by_same_person(
            "Pencairan ini Anda catat sendiri. Keputusannya harus diambil orang lain.",
        )
    if facts.status != "recorded":
        raise _decided_already(facts)
    if fingerprint(facts, borrower) != shown:
        raise Refused(
            "changed",
            "Data pencairan ini berubah sejak ditampilkan. Periksa data yang sekarang tampil, "
            "lalu putuskan lagi.",
        )
    return facts, borrower


def _decided_already(facts: DisbursementFacts) -> Refused:
    how = "menyetujui" if facts.status == "approved" else "menolak"
    return Refused(
        "already_decided",
        f"Pencairan ini sudah diputuskan oleh {facts.decided_by}, yang {how}nya pada "
        f"{moment(facts.decided_at)}.",
    )


def _decide(
    session: Session,
    facts: DisbursementFacts,
    status: str,
    by: int,
    now: dt.datetime,
    *,
    loan_id: int | None = None,
    reason: str = "",
) -> None:
    """Change the status of what nobody else has decided and somebody else has recorded."""
    changed = session.execute(
        update(Disbursement)
        .where(
            Disbursement.id == facts.id,
            Disbursement.status == "recorded",
            Disbursement.entered_by != by,
        )
        .values(
            status=status, decided_by=by, decided_at=now, decision_reason=reason, loan_id=loan_id
        )
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("already_decided", "Pencairan ini sudah diputuskan oleh orang lain.")
