"""What a link of the office's chain covers: one decision, by the second person or by the bank that
was asked, that is not in a bank's chain already. Tables are named, not imported: the folders that
write them stand above."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.chains.lines import (
    AT_A_TIME,
    Family,
    Links,
    Part,
    Place,
    Source,
    all_lines,
    with_lines,
)
from wibawa.chains.models import Link, OfficeLink

CODE = "DINAS"  # stands where a bank's chain has the code of the bank

# Decisions along the way of an application, as its moves call them. Each happens at most once to an
# application, so that the application is the subject; of several rows a link would cover all.
ALONG = ("recommend", "refuse", "approve", "decline")
_MOVES = (
    "(SELECT m.application_id, m.sequence, m.action, m.from_state, m.to_state, m.user_id, m.at,"
    " a.bank_id, a.amount AS asked, a.months, m.reason FROM application_moves m"
    " JOIN applications a ON a.id = m.application_id) r"
)
# "amount" would be counted as money of the link; an answer moves none.
_ANSWERS = (
    "(SELECT b.application_id, b.bank_id, b.outcome, b.amount AS granted, b.reason_code, b.user_id,"
    " b.decided_at, b.upload_id, b.row_number, b.note FROM bank_decisions b) r"
)
_PROPOSED = ("proposed_by", "proposed_at", "decided_by", "decided_at")
_ENTERED = ("entered_by", "entered_at", "decided_by", "decided_at")


def _part(
    name: str,
    columns: tuple[str, ...],
    texts: tuple[str, ...],
    rows: str,
    where: str,
    subject: str = "r.id",
    *,
    kind: str = "",
    ordered: int = 1,
) -> Part:
    return Part(name, columns, texts, ordered, {kind or name: Source(rows, where, subject)})


PARTS = (
    _part(
        "change",
        ("id", "kind", "bank_id", "loan_id", "suspense_id", "upload_id", "valid_until", *_ENTERED),
        ("data", "reason", "decision_reason", "result"),
        "loan_requests r",
        "r.status = 'refused'",
    ),
    _part(
        "disbursement",
        ("id", "bank_id", "application_id", "disbursed_on", "principal", "rate",
         "months", "method", "multiple", "upload_id", "row_number", *_ENTERED),
        ("account_number", "agreement_number", "direct_reason", "decision_reason"),
        "disbursements r",
        "r.status = 'refused'",
    ),
    _part(
        "terms",
        ("id", "status", "valid_from", *_PROPOSED, "rate", "months", "ceiling_micro",
         "ceiling_cooperative", "collateral_free_limit", "minimum_age", "minimum_business_years"),
        ("legal_basis", "decision_reason"),
        "loan_terms r",
        "r.decided_by IS NOT NULL",
    ),
    _part(
        "confirmation",
        ("id", "terms_id", "confirmed_by", "confirmed_at"),
        ("legal_basis",),
        "terms_confirmations r",
        "r.id > 0",
    ),
    _part(
        "limits",
        ("id", "status", "bank_kind", "valid_from", *_PROPOSED, "class_1", "class_2", "class_3",
         "class_4"),
        ("decision_reason",),
        "collectibility_rules r",
        "r.decided_by IS NOT NULL",
    ),
    _part(
        "definition",
        ("id", "status", "code", "version", "valid_from", *_PROPOSED, "rule", "counted", "kinds",
         "other_programmes"),
        ("denominator", "definition", "interpretation", "formula", "source", "cut_off",
         "responsible", "reason", "decision_reason"),
        "indicator_definitions r",
        "r.decided_by IS NOT NULL",
    ),
    _part(
        "year",
        ("id", "kind", "year", "lock_id", "shown", "requested_by", "requested_at", "approved",
         "decided_by", "decided_at"),
        ("request_reason", "reason"),
        "(SELECT d.request_id AS id, q.kind, q.year, q.lock_id, q.shown, q.requested_by,"
        " q.requested_at, d.approved, d.decided_by, d.decided_at, q.reason AS request_reason,"
        " d.reason FROM lock_decisions d JOIN lock_requests q ON q.id = d.request_id) r",
        "r.id > 0",
    ),
    _part(
        "locked",
        ("id", "year", "version", "after", "data_hash", "locked_at"),
        (),
        "year_locks r",
        "r.id > 0",
        "r.request_id",
        kind="year",
    ),
    _part(
        "merge",
        ("id", "kind", "status", "kept_id", "gone_id", "undoes_id", "same_person", *_ENTERED),
        ("chosen", "reason", "decision_reason"),
        "borrower_merges r",
        "r.decided_by IS NOT NULL",
    ),
    _part(
        "moved",
        ("object_kind", "object_id", "from_id", "to_id"),
        (),
        "borrower_moves r",
        "r.id > 0",
        "r.merge_id",
        kind="merge",
        ordered=2,
    ),
    _part(
        "pseudonym",
        ("id", "status", "borrower_id", "kind", "due_on", *_ENTERED),
        ("reason", "decision_reason"),
        "pseudonymisations r",
        "r.decided_by IS NOT NULL",
    ),
    _part(
        "retention",
        ("id", "kind", "valid_from", "years", "entered_by", "entered_at"),
        ("reason",),
        "retention_settings r",
        "r.entered_by IS NOT NULL",
    ),
    _part(
        "closing",
        ("id", "bank_id", "month", "previous", "proposal_id", "shown", "data_hash", "chain_number",
         "chain_hash", "opening", "closing", "suspense", "differences", "proposed_by", "closed_by",
         "closed_at"),
        (),
        "closed_months r",
        "r.id > 0",
    ),
    _part(
        "return",
        ("id", "bank_id", "month", "shown", "proposed_by", "proposed_at", "entered_by",
         "entered_at"),
        ("note", "reason"),
        "(SELECT b.proposal_id AS id, p.bank_id, p.month, p.shown, p.proposed_by, p.proposed_at,"
        " b.entered_by, b.entered_at, p.note, b.reason FROM proposal_returns b"
        " JOIN closing_proposals p ON p.id = b.proposal_id) r",
        "r.id > 0",
    ),
    Part(
        "move",
        ("application_id", "sequence", "action", "from_state", "to_state", "user_id", "at",
         "bank_id", "asked", "months"),
        ("reason",),
        2,
        {action: Source(_MOVES, f"r.action = '{action}'", "r.application_id") for action in ALONG},
    ),
    Part(
        "answer",
        ("application_id", "bank_id", "outcome", "granted", "reason_code", "user_id", "decided_at",
         "upload_id", "row_number"),
        ("note",),
        1,
        {
            action: Source(_ANSWERS, f"r.outcome = '{outcome}'", "r.application_id")
            for action, outcome in (("approve", "approved"), ("decline", "refused"))
        },
    ),
)  # fmt: skip
OFFICE = Family("office_links", PARTS, of_banks=False)


def links_with_lines(session: Session) -> Links:
    """Each link in order, the code of the chain, and its lines, to be read before the next link."""
    query = select(OfficeLink).order_by(OfficeLink.number)

    def links() -> Iterator[tuple[Place, Link, str]]:
        for link in session.scalars(query.execution_options(yield_per=AT_A_TIME)):
            yield (0, link.number), link, CODE

    return with_lines(links(), all_lines(session, OFFICE))
