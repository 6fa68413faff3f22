"""What must always hold of closed months: part of `wibawa check`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from wibawa.access.personal_data import WrongKey
from wibawa.loans.invariants import Check
from wibawa.reconciliation.models import ClosedMonth
from wibawa.reconciliation.queries import DamagedMonth, frozen

# Each query lists what breaks the rule of its name; the first column names the closed month.
QUERIES: tuple[tuple[str, str], ...] = (
    (
        "closed_months_follow_each_other",
        """SELECT c.id FROM closed_months c
        LEFT JOIN closed_months p ON p.bank_id = c.bank_id AND p.month = c.previous
        WHERE (c.previous IS NULL AND c.month <> (
            SELECT MIN(o.month) FROM closed_months o WHERE o.bank_id = c.bank_id))
           OR (c.previous IS NOT NULL AND (p.id IS NULL OR p.closed_at > c.closed_at))""",
    ),
    (
        "closed_months_open_as_the_one_before_was_signed",
        """SELECT c.id FROM closed_months c
        JOIN closed_months p ON p.bank_id = c.bank_id AND p.month = c.previous
        WHERE c.opening <> p.closing""",
    ),
    (
        "closed_months_are_the_sum_of_their_loans",
        """SELECT c.id FROM closed_months c
        LEFT JOIN reconciled_loans l ON l.closed_id = c.id
        GROUP BY c.id, c.closing HAVING COALESCE(SUM(l.outstanding), 0) <> c.closing""",
    ),
    (
        "closed_months_knew_entries_that_are_there",
        """SELECT l.closed_id FROM reconciled_loans l
        LEFT JOIN ledger_entries e ON e.loan_id = l.loan_id AND e.sequence = l.last_sequence
        JOIN closed_months c ON c.id = l.closed_id
        WHERE e.loan_id IS NULL OR e.booked_at > c.closed_at""",
    ),
    (
        "closed_months_name_a_link_of_their_chain",
        """SELECT c.id FROM closed_months c
        LEFT JOIN chain_links l ON l.bank_id = c.bank_id AND l.number = c.chain_number
        WHERE c.chain_number IS NOT NULL AND (l.hash IS NULL OR l.hash <> c.chain_hash)""",
    ),
)


def month_checks(session: Session) -> list[Check]:
    """Every invariant of closed months in turn; nothing is written. Opens every document."""
    checks = []
    for name, query in QUERIES:
        culprits = session.execute(text(query + " LIMIT 6")).fetchall()
        checks.append(Check(name, ", ".join(str(row[0]) for row in culprits)))
    checks.append(Check("closed_months_are_their_documents", ", ".join(_damaged(session))))
    return checks


def _damaged(session: Session) -> Iterator[str]:
    """Closed months whose document is another one, or does not foot, or says other sums."""
    for row in session.scalars(select(ClosedMonth).order_by(ClosedMonth.id)):
        try:
            document = frozen(session, row.id)
        except (DamagedMonth, WrongKey):
            yield str(row.id)
            continue
        moved, titipan = document.movement, document.suspense
        said = (moved.opening, moved.closing, titipan.closing, document.open_differences)
        kept = (row.opening, row.closing, row.suspense, row.differences)
        if said != kept or not (moved.foots and titipan.foots) or document.of.code != row.month:
            yield str(row.id)
