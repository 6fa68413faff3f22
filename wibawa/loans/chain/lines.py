"""What a link of a bank's chain covers: postings, and approvals that concern its money."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
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
from wibawa.chains.models import Link
from wibawa.loans.chain.models import ChainLink

UPLOAD, REQUEST, DISBURSEMENT = "upload", "request", "disbursement"
POSTING_KINDS = "('repayments','portfolio','disbursements')"  # of files that write the journal
_UNFILED = "r.upload_id IS NULL"
_OF_LOAN = "JOIN loans r ON r.id = e.loan_id"
PARTS = (
    Part(
        "upload",
        ("id", "kind", "sha256", "uploaded_by", "uploaded_at", "submitted_by", "posted_by",
         "posted_at", "posted_rows", "posted_total", "suspense_rows", "suspense_total",
         "already_posted_rows", "already_posted_total", "skipped_rows", "skipped_total",
         "control_total"),
        (),
        1,
        {UPLOAD: Source("uploads r", f"r.status = 'posted' AND r.kind IN {POSTING_KINDS}", "r.id")},
    ),
    Part(
        "request",
        ("id", "kind", "loan_id", "suspense_id", "upload_id", "valid_until", "entered_by",
         "entered_at", "decided_by", "decided_at"),
        ("data", "reason", "decision_reason", "result"),
        1,
        {REQUEST: Source("loan_requests r", "r.status = 'approved'", "r.id")},
    ),
    Part(
        "loan",
        ("id", "disbursed_on", "principal", "rate", "months", "method", "multiple", "opened_on"),
        ("account_number",),
        1,
        {
            UPLOAD: Source(
                f"ledger_entries e {_OF_LOAN}",
                "e.kind = 'disbursement' AND e.upload_id IS NOT NULL",
                "e.upload_id",
            ),
            DISBURSEMENT: Source(
                f"ledger_entries e {_OF_LOAN}",
                "e.kind = 'disbursement' AND e.upload_id IS NULL AND e.request_id IS NULL",
                "e.loan_id",
            ),
        },
    ),
    Part(
        "entry",
        ("loan_id", "sequence", "kind", "amount", "penalty", "applied", "effective_on", "booked_on",
         "booked_at", "entered_by", "approved_by", "row_number", "reverses", "bank_principal",
         "bank_interest", "bank_outstanding", "bank_collectibility", "attempt"),
        ("bank_reference", "row_key", "note"),
        2,
        {
            UPLOAD: Source("ledger_entries r", "r.upload_id IS NOT NULL", "r.upload_id"),
            REQUEST: Source(
                "ledger_entries r", f"{_UNFILED} AND r.request_id IS NOT NULL", "r.request_id"
            ),
            DISBURSEMENT: Source(
                "ledger_entries r", f"{_UNFILED} AND r.request_id IS NULL", "r.loan_id"
            ),
        },
    ),
    Part(
        "suspense",
        ("id", "loan_id", "entry", "amount", "effective_on", "booked_on", "booked_at", "reason",
         "row_number", "entered_by", "approved_by", "attempt"),
        ("account_text", "name", "bank_reference", "row_key"),
        1,
        {
            UPLOAD: Source("suspense_entries r", "r.upload_id IS NOT NULL", "r.upload_id"),
            REQUEST: Source(
                "suspense_entries r JOIN ledger_entries e"
                " ON e.loan_id = r.loan_id AND e.sequence = r.entry",
                _UNFILED,
                "e.request_id",
            ),
        },
    ),
    Part(
        "resolution",
        ("suspense_id", "sequence", "kind", "amount", "effective_on", "booked_at", "loan_id",
         "entry"),
        (),
        2,
        {
            REQUEST: Source(
                "suspense_resolutions r JOIN suspense_entries s ON s.id = r.suspense_id",
                "r.request_id IS NOT NULL",
                "r.request_id",
                "s.bank_id",
            )
        },
    ),
    Part(
        "match",
        ("loan_id", "entry", "row_number"),
        ("row_key",),
        2,
        {UPLOAD: Source("payment_matches r", "r.upload_id IS NOT NULL", "r.upload_id")},
    ),
)  # fmt: skip
BANKS = Family("chain_links", PARTS, of_banks=True)


def links_with_lines(session: Session, bank_id: int | None = None) -> Links:
    """Each link in order, the code of its bank, and its lines, to be read before the next link."""
    query = select(ChainLink, Bank.code).join(Bank, Bank.id == ChainLink.bank_id)
    query = query.order_by(ChainLink.bank_id, ChainLink.number)
    if bank_id is not None:
        query = query.where(ChainLink.bank_id == bank_id)

    def links() -> Iterator[tuple[Place, Link, str]]:
        for link, code in session.execute(query.execution_options(yield_per=AT_A_TIME)):
            yield (link.bank_id, link.number), link, code

    return with_lines(links(), all_lines(session, BANKS, bank_id))
