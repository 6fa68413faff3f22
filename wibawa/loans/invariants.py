"""What must always hold of schedules, journal and titipan: queries that find what breaks it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.chains.proof import prove_office
from wibawa.database import is_sqlite
from wibawa.loans.chain.proof import prove
from wibawa.loans.models import Loan, Schedule, ScheduleRow
from wibawa.loans.positions import Classes, positions
from wibawa.loans.standings.queries import wrong_dues, wrong_money, wrong_principal, wrong_standings
from wibawa.rules.facts import BankKind, Installment
from wibawa.rules.position import position
from wibawa.schema import differences


@dataclass(frozen=True)
class Check:
    """One invariant: `found` is what breaks it, "" when it holds."""

    name: str
    found: str

    @property
    def ok(self) -> bool:
        return not self.found


# Each query lists what breaks the rule of its name; the first column names the culprit.
QUERIES: tuple[tuple[str, str], ...] = (
    (
        "schedule_principal_adds_up",
        """SELECT s.id FROM schedules s JOIN loans l ON l.id = s.loan_id
        JOIN schedule_rows r ON r.schedule_id = s.id
        GROUP BY s.id, l.principal, s.total
        HAVING SUM(r.principal) <> l.principal OR SUM(r.principal + r.interest) <> s.total""",
    ),
    (
        "schedule_rows_chain",
        """SELECT schedule_id FROM (
            SELECT schedule_id, number, due_on, principal, balance, total_before,
                   LAG(total_through, 1, 0) OVER w AS before,
                   LAG(balance) OVER w AS above,
                   LAG(next_due_on) OVER w AS announced,
                   LAG(number, 1, 0) OVER w AS previous
            FROM schedule_rows WINDOW w AS (PARTITION BY schedule_id ORDER BY number)) AS chain
        WHERE total_before <> before OR number <> previous + 1
           OR (above IS NOT NULL AND (balance <> above - principal OR announced <> due_on))""",
    ),
    (
        "schedule_ends_at_zero",
        """SELECT r.schedule_id FROM schedule_rows r
        WHERE (r.next_due_on = '9999-12-31' AND r.balance <> 0)
           OR (r.number = 1 AND r.balance + r.principal <> (SELECT l.principal FROM loans l
               JOIN schedules s ON s.loan_id = l.id WHERE s.id = r.schedule_id))""",
    ),
    (
        "one_schedule_in_force",
        """SELECT l.id FROM loans l LEFT JOIN schedules s ON s.loan_id = l.id
        GROUP BY l.id, l.disbursed_on
        HAVING COUNT(s.id) = 0 OR MIN(s.starts_on) <> l.disbursed_on
            OR MAX(s.ends_on) <> '9999-12-31'
            OR SUM(CASE WHEN s.ends_on = '9999-12-31' THEN 1 ELSE 0 END) <> 1""",
    ),
    (
        "one_disbursement_of_the_whole_principal",
        """SELECT l.id FROM loans l
        LEFT JOIN ledger_entries e ON e.loan_id = l.id AND e.kind = 'disbursement'
        GROUP BY l.id, l.principal, l.disbursed_on
        HAVING COUNT(e.sequence) <> 1 OR MIN(e.amount) <> l.principal
            OR MIN(e.effective_on) <> l.disbursed_on""",
    ),
    (
        "one_opening_entry_per_opening_loan",
        """SELECT l.id FROM loans l
        LEFT JOIN ledger_entries e ON e.loan_id = l.id AND e.kind = 'opening'
        GROUP BY l.id, l.opened_on
        HAVING COUNT(e.sequence) <> CASE WHEN l.opened_on IS NULL THEN 0 ELSE 1 END
            OR MIN(e.effective_on) <> l.opened_on""",
    ),
    (
        "journal_numbered_without_gaps",
        """SELECT loan_id FROM ledger_entries GROUP BY loan_id
        HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*)""",
    ),
    (
        "money_within_what_is_owed",
        """SELECT l.id FROM loans l
        JOIN schedules s ON s.loan_id = l.id AND s.ends_on = '9999-12-31'
        JOIN ledger_entries e ON e.loan_id = l.id
        GROUP BY l.id, s.total HAVING SUM(e.applied) < 0 OR SUM(e.applied) > s.total""",
    ),
    (
        "reversal_undoes_its_entry_once",
        """SELECT r.loan_id FROM ledger_entries r
        LEFT JOIN ledger_entries o ON o.loan_id = r.loan_id AND o.sequence = r.reverses
        WHERE r.kind = 'reversal'
          AND (o.loan_id IS NULL OR o.kind = 'reversal' OR r.amount <> o.amount
               OR r.applied <> -o.applied OR r.effective_on < o.effective_on)""",
    ),
    (
        "money_of_a_loan_is_never_negative",
        """SELECT loan_id FROM (
            SELECT loan_id, SUM(applied) OVER (
                PARTITION BY loan_id ORDER BY effective_on RANGE UNBOUNDED PRECEDING) AS so_far
            FROM ledger_entries) AS running
        WHERE so_far < 0""",
    ),
    (
        "money_posted_again_was_undone_before",
        """SELECT e.loan_id FROM ledger_entries e
        JOIN ledger_entries o ON o.bank_id = e.bank_id AND o.row_key = e.row_key
            AND o.attempt < e.attempt
        WHERE NOT EXISTS (SELECT 1 FROM ledger_entries r
                          WHERE r.loan_id = o.loan_id AND r.reverses = o.sequence)
        UNION ALL
        SELECT o.id FROM suspense_entries e
        JOIN suspense_entries o ON o.bank_id = e.bank_id AND o.row_key = e.row_key
            AND o.attempt < e.attempt
        WHERE o.amount <> (SELECT COALESCE(SUM(d.amount), 0) FROM suspense_resolutions d
                           WHERE d.suspense_id = o.id AND d.kind IN ('returned','reversed'))""",
    ),
    (
        "titipan_open_is_received_less_resolved",
        """SELECT s.id FROM suspense_entries s
        JOIN suspense_resolutions d ON d.suspense_id = s.id
        GROUP BY s.id, s.amount HAVING SUM(d.amount) < 0 OR SUM(d.amount) > s.amount
        UNION ALL
        SELECT d.suspense_id FROM suspense_resolutions d
        LEFT JOIN ledger_entries e ON e.loan_id = d.loan_id AND e.sequence = d.entry
        LEFT JOIN ledger_entries r ON r.loan_id = d.loan_id AND r.reverses = d.entry
        LEFT JOIN suspense_resolutions u ON u.suspense_id = d.suspense_id
            AND u.kind = 'undone' AND u.loan_id = d.loan_id AND u.entry = d.entry
        WHERE d.kind = 'loan' AND (e.amount IS NULL OR e.amount <> d.amount
              OR (r.sequence IS NULL) <> (u.sequence IS NULL)
              OR COALESCE(u.amount, -d.amount) <> -d.amount)""",
    ),
    (
        "titipan_by_hand_belongs_to_its_entry",
        """SELECT s.id FROM suspense_entries s
        LEFT JOIN ledger_entries e ON e.loan_id = s.loan_id AND e.sequence = s.entry
        WHERE s.entry IS NOT NULL AND (e.loan_id IS NULL OR e.upload_id IS NOT NULL
           OR e.request_id IS NULL OR e.bank_id <> s.bank_id
           OR e.effective_on <> s.effective_on OR e.attempt <> s.attempt
           OR COALESCE(e.row_key, '') <> COALESCE(s.row_key, ''))""",
    ),
    (
        "rows_of_payments_by_hand_are_booked_once",
        """SELECT m.loan_id FROM payment_matches m
        JOIN ledger_entries e ON e.loan_id = m.loan_id AND e.sequence = m.entry
        LEFT JOIN ledger_entries r ON r.loan_id = e.loan_id AND r.reverses = e.sequence
        WHERE e.upload_id IS NOT NULL OR e.row_key IS NOT NULL
           OR (r.sequence IS NULL AND EXISTS (
               SELECT 1 FROM ledger_entries o WHERE o.bank_id = m.bank_id
               AND o.row_key = m.row_key AND NOT EXISTS (
                   SELECT 1 FROM ledger_entries u
                   WHERE u.loan_id = o.loan_id AND u.reverses = o.sequence)))""",
    ),
    (
        "decided_requests_stand_in_the_books",
        """SELECT q.id FROM loan_requests q
        LEFT JOIN ledger_entries e ON e.request_id = q.id
        LEFT JOIN schedules s ON s.request_id = q.id
        LEFT JOIN suspense_resolutions d ON d.request_id = q.id
        WHERE q.status = 'approved' AND q.kind <> 'settlement' AND e.loan_id IS NULL
          AND s.id IS NULL AND d.suspense_id IS NULL
        UNION ALL
        SELECT q.id FROM loan_requests q JOIN ledger_entries e ON e.request_id = q.id
        WHERE q.status <> 'approved' OR e.entered_by <> q.entered_by
           OR e.approved_by <> q.decided_by
        UNION ALL
        SELECT q.id FROM loan_requests q JOIN schedules s ON s.request_id = q.id
        WHERE q.status <> 'approved'""",
    ),
    (
        "versions_follow_each_other",
        """SELECT s.loan_id FROM schedules s
        LEFT JOIN schedules p ON p.loan_id = s.loan_id AND p.version = s.version - 1
        WHERE (s.version = 1) <> (s.kind = 'first')
           OR (s.version > 1 AND (p.id IS NULL OR p.ends_on <> s.starts_on
                                  OR s.approved_by IS NULL OR s.request_id IS NULL))""",
    ),
    (
        "covered_installments_stay_in_every_version",
        """SELECT s.loan_id FROM schedules s
        JOIN schedules p ON p.loan_id = s.loan_id AND p.version = s.version - 1
        JOIN schedule_rows o ON o.schedule_id = p.id
        LEFT JOIN schedule_rows n ON n.schedule_id = s.id AND n.number = o.number
        WHERE s.kind IN ('holiday','tenor','multiple','due_day')
          AND o.total_through <= (SELECT COALESCE(SUM(e.applied), 0) FROM ledger_entries e
                                  WHERE e.loan_id = s.loan_id AND e.booked_at < s.made_at)
          AND (n.number IS NULL OR n.due_on <> o.due_on OR n.principal <> o.principal
               OR n.interest <> o.interest)""",
    ),
    (
        "written_off_once",
        """SELECT e.loan_id FROM ledger_entries e
        WHERE e.kind = 'write_off' AND NOT EXISTS (
            SELECT 1 FROM ledger_entries r WHERE r.loan_id = e.loan_id AND r.reverses = e.sequence)
        GROUP BY e.loan_id HAVING COUNT(*) > 1""",
    ),
    (
        "entries_of_files_stand_in_posted_files",
        """SELECT e.upload_id FROM ledger_entries e JOIN uploads u ON u.id = e.upload_id
        WHERE u.status <> 'posted' OR u.bank_id <> e.bank_id
        UNION ALL
        SELECT e.upload_id FROM suspense_entries e JOIN uploads u ON u.id = e.upload_id
        WHERE u.status <> 'posted' OR u.bank_id <> e.bank_id""",
    ),
    (
        "posted_files_add_up",
        """SELECT u.id FROM uploads u
        LEFT JOIN (SELECT upload_id, SUM(amount) AS amount, COUNT(*) AS entries
                   FROM ledger_entries WHERE kind IN ('repayment','settlement','recovery')
                   GROUP BY upload_id) e
            ON e.upload_id = u.id
        LEFT JOIN (SELECT upload_id, SUM(amount) AS amount
                   FROM suspense_entries GROUP BY upload_id) t ON t.upload_id = u.id
        WHERE u.kind = 'repayments' AND u.status = 'posted'
          AND (COALESCE(e.amount, 0) <> u.posted_total OR COALESCE(e.entries, 0) <> u.posted_rows
               OR COALESCE(t.amount, 0) <> u.suspense_total)""",
    ),
    (
        "files_account_for_every_rupiah",
        """SELECT id FROM uploads WHERE kind = 'repayments' AND status = 'posted'
        AND posted_total + suspense_total + already_posted_total + skipped_total
            <> control_total""",
    ),
    (
        "two_persons",
        """SELECT loan_id FROM ledger_entries WHERE approved_by = entered_by
        UNION ALL SELECT id FROM disbursements WHERE decided_by = entered_by
        UNION ALL SELECT id FROM uploads
        WHERE posted_by = uploaded_by AND kind IN ('repayments', 'disbursements')""",
    ),
    (
        "applied_registers_stand_in_the_history",
        """SELECT l.upload_id FROM register_lines l JOIN uploads u ON u.id = l.upload_id
        WHERE u.status = 'posted' AND l.borrower_id IS NULL
        UNION ALL
        SELECT c.upload_id FROM register_changes c JOIN uploads u ON u.id = c.upload_id
        JOIN register_lines l ON l.upload_id = c.upload_id AND l.row_number = c.row_number
        LEFT JOIN borrower_changes b ON b.upload_id = c.upload_id
          AND b.row_number = c.row_number AND b.field = c.field
        WHERE u.status = 'posted' AND l.outcome = 'changed' AND b.id IS NULL""",
    ),
    (
        "approved_disbursements_have_their_loan",
        """SELECT d.id FROM disbursements d LEFT JOIN loans l ON l.id = d.loan_id
        WHERE d.status = 'approved' AND (l.id IS NULL OR l.principal <> d.principal
              OR l.bank_id <> d.bank_id OR l.borrower_id <> d.borrower_id
              OR l.months <> d.months)""",
    ),
    (
        "applications_are_paid_out_as_approved",
        """SELECT a.id FROM applications a
        LEFT JOIN disbursements d ON d.application_id = a.id AND d.status = 'approved'
        WHERE (a.state = 'disbursed') <> (d.id IS NOT NULL)
        UNION ALL
        SELECT d.id FROM disbursements d JOIN applications a ON a.id = d.application_id
        WHERE d.status <> 'refused'
          AND (d.principal > a.approved_amount OR d.months <> a.months OR d.bank_id <> a.bank_id
               OR d.borrower_id <> a.borrower_id
               OR (d.status = 'recorded' AND a.state <> 'approved'))""",
    ),
)


def run_checks(session: Session, today: dt.date, classes: Classes) -> list[Check]:
    """Every invariant in turn; nothing is written. Reads the whole journal: for `wibawa check`."""
    checks = [Check("schema_whole", _listed(differences(session.connection())))]
    if is_sqlite(session):
        checks.append(Check("database_file_whole", _sqlite_integrity(session)))
        broken = session.execute(text("PRAGMA foreign_key_check")).fetchall()
        checks.append(Check("foreign_keys", _listed([str(row[0]) for row in broken])))
    for name, query in QUERIES:
        culprits = session.execute(text(query + " LIMIT 6")).fetchall()
        checks.append(Check(name, _listed([str(row[0]) for row in culprits])))
    for chain, proof in (("chain", prove(session)), ("office_chain", prove_office(session))):
        checks += [
            Check(f"{chain}_covers_everything", _listed(proof.uncovered)),
            Check(f"{chain}_numbered_without_gaps", _listed(proof.gaps)),
            Check(f"{chain}_contents_as_written", _listed(proof.contents)),
            Check(f"{chain}_hashes_as_reckoned", _listed(proof.hashes)),
        ]
    wrong = [str(loan_id) for loan_id in wrong_standings(session)]
    checks.append(Check("standings_equal_the_journal", _listed(wrong)))
    checks.append(Check("dues_equal_the_schedules", _listed(wrong_dues(session))))
    checks.append(Check("money_equals_the_journal", _listed(wrong_money(session))))
    checks.append(Check("principal_equals_the_standings", _listed(wrong_principal(session))))
    checks.append(
        Check("positions_equal_the_rule", _listed(list(_wrong_positions(session, today, classes))))
    )
    return checks


def _listed(culprits: list[str]) -> str:
    more = f" … ({len(culprits)})" if len(culprits) > 5 else ""
    return ", ".join(culprits[:5]) + more


def _sqlite_integrity(session: Session) -> str:
    answer = session.execute(text("PRAGMA quick_check(5)")).fetchall()
    return (
        "" if [tuple(row) for row in answer] == [("ok",)] else _listed([str(r[0]) for r in answer])
    )


def _wrong_positions(session: Session, today: dt.date, classes: Classes) -> Iterator[str]:
    """Loans whose position by SQL differs from `rules.position` on `today`, at most six."""
    by_sql = {row.loan_id: row for row in session.execute(positions(today, classes))}
    kinds = {
        loan_id: classes[BankKind(kind)]
        for loan_id, kind in session.execute(
            select(Loan.id, Bank.kind).join(Bank, Bank.id == Loan.bank_id)
        )
    }
    wrong = 0
    for loan_id, rows in _schedules(session, today):
        found = by_sql.pop(loan_id, None)
        if found is not None:
            right = position(found.principal, rows, int(found.applied), today, kinds[loan_id])
            if (
                right.outstanding_principal,
                right.arrears,
                right.arrears_principal,
                right.collectibility,
            ) == (
                found.outstanding,
                found.arrears,
                found.arrears_principal,
                found.collectibility,
            ):
                continue
        wrong += 1
        yield str(loan_id)
        if wrong > 5:
            return
    yield from (str(loan_id) for loan_id in list(by_sql)[:6])


def _schedules(session: Session, today: dt.date) -> Iterator[tuple[int, list[Installment]]]:
    query = (
        select(
            Schedule.loan_id,
            ScheduleRow.number,
            ScheduleRow.due_on,
            ScheduleRow.principal,
            ScheduleRow.interest,
            ScheduleRow.balance,
        )
        .join(ScheduleRow, ScheduleRow.schedule_id == Schedule.id)
        .where(Schedule.starts_on <= today, today < Schedule.ends_on)
        .order_by(Schedule.loan_id, ScheduleRow.number)
        .execution_options(yield_per=10_000)
    )
    with session.execute(query) as found:  # closed also when the caller has seen enough
        for loan_id, group in groupby(found, key=itemgetter(0)):
            yield loan_id, [Installment._make(row[1:]) for row in group]
