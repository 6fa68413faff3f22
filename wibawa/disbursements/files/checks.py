"""Rows of a file of disbursements + what the books know → problems, and what it would pay out.

Plain Python. A bank reads what is found, so nothing here names another bank's business.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace

from wibawa.decisions.checks import TOLD
from wibawa.disbursements.files.rows import (
    ApplicationFact,
    Books,
    Checked,
    Payment,
    PaymentFile,
    PaymentRow,
)
from wibawa.rules.dates import add_months, long_date
from wibawa.rules.disbursing import approval_problems
from wibawa.rules.eligibility import Request, check
from wibawa.rules.facts import Terms
from wibawa.rules.nik import mask_niks
from wibawa.uploads.names import far_off
from wibawa.uploads.tally import Tally

# Field of the rules → column of the file; what belongs to the borrower stands at the number.
_COLUMNS = {
    "account_number": "account",
    "agreement_number": "agreement",
    "disbursed_on": "disbursed_on",
    "principal": "amount",
}


def check_payments(file: PaymentFile, books: Books, today: dt.date) -> Checked:
    """Check every row against the applications of this bank and the books.

    Rupiah. What is wrong is in `problems`, of the file and of the checks together, in row order;
    notices among them. One problem blocks the file: it is paid out as a whole or not at all.
    Source: file rules §1 and §2, domain rules §5.
    """
    return _Check(file, books, today).run()


class _Check:
    """One run over one file."""

    def __init__(self, file: PaymentFile, books: Books, today: dt.date) -> None:
        self.file = file
        self.books = books
        self.today = today
        self.tally = Tally(bad_rows=set(file.bad_rows))

    def run(self) -> Checked:
        result = Checked()
        self.duplicates("number", "application_duplicate", "Permohonan {} juga ada")
        self.duplicates("account", "account_duplicate", "Rekening {} juga dipakai")
        for row in self.file.rows:
            payment = self.payment(row)
            if payment is not None:
                result.payments.append(payment)
        result.payments = [each for each in result.payments if each.row not in self.tally.bad_rows]
        if not self.file.rows:
            self.tally.add(0, "", "nothing_to_pay_out", "", "Berkas ini tidak berisi pencairan.")
        found = [*self.file.problems, *self.file.notices, *self.tally.closed()]
        result.problems = sorted(found, key=lambda problem: problem.row)
        result.blocked = any(each.blocking for each in found)
        return result

    def add(
        self, row: PaymentRow, key: str, code: str, found: str, message: str, blocking: bool = True
    ) -> None:
        heading = self.file.heading(key)
        self.tally.add(row.row, heading, code, mask_niks(found)[:64], message, blocking)

    def duplicates(self, key: str, code: str, said: str) -> None:
        rows_of: dict[str, list[PaymentRow]] = defaultdict(list)
        for row in self.file.rows:
            if value := getattr(row, key):
                rows_of[value].append(row)
        for value, rows in rows_of.items():
            for row in rows if len(rows) > 1 else []:
                others = ", ".join(str(other.row) for other in rows[:6] if other is not row)
                message = f"{said.format(value)} di baris {others}; hapus atau perbaiki salah satu."
                self.add(row, key, code, value, message)

    def payment(self, row: PaymentRow) -> Payment | None:
        """What the row would pay out, when it can; its problems are noted."""
        if not row.number:
            return None
        fact = self.books.applications.get(row.number)
        if fact is None:
            message = (
                f"Permohonan {row.number} tidak ada di antara permohonan yang dikirim ke bank "
                "ini; periksa nomornya pada daftar usulan."
            )
            self.add(row, "number", "application_unknown", row.number, message)
            return None
        self.name(row, fact)
        for problem in approval_problems(fact.approval, row.disbursed_on, row.amount):
            key = _COLUMNS.get(problem.column, "number")
            self.add(row, key, problem.code, problem.found, problem.message)
        if fact.recorded:
            message = (
                f"Pencairan permohonan {row.number} sudah dicatat dinas dan menunggu persetujuan; "
                "hapus baris ini."
            )
            self.add(row, "number", "already_recorded", row.number, message)
        self.eligible(row, fact)
        self.dates(row, fact)
        if row.disbursed_on is None or row.amount is None:
            return None
        terms = Terms(
            row.amount,
            self.books.rates[row.disbursed_on],
            fact.months,
            self.books.method,
            row.disbursed_on,
            self.books.multiple,
        )
        return Payment(row.row, fact, row.account, row.agreement_number, row.agreement_on, terms)

    def name(self, row: PaymentRow, fact: ApplicationFact) -> None:
        if row.name and far_off(row.name, fact.name) and far_off(row.name, fact.chair or fact.name):
            message = (
                f"Nama “{mask_niks(row.name)[:60]}” jauh berbeda dari pemohon {row.number}, "
                f"“{fact.name}”; periksa apakah nomor permohonannya benar."
            )
            self.add(row, "name", "name_differs", row.name, message, blocking=False)

    def eligible(self, row: PaymentRow, fact: ApplicationFact) -> None:
        """What the rules of a disbursement say, without the names of other banks and loans."""
        known = replace(
            fact.known,
            account_held_by=self.books.accounts.get(row.account, ""),
            agreement_held_by=self.books.agreements.get(row.agreement_number, ""),
        )
        most = fact.approval.amount
        beyond = most is not None and row.amount is not None and row.amount > most
        request = Request(
            self.books.bank,
            row.account,
            row.agreement_number,
            row.disbursed_on,
            None if beyond else row.amount,  # said already: the bank approved less
            fact.collateral,
        )
        verdict = check(fact.applicant, request, fact.limits, known, self.today)
        for problem in (*verdict.blocks, *verdict.warnings):
            if problem.column == "borrower":
                self.add(row, "number", problem.code, "", TOLD[problem.code], problem.blocking)
            elif problem.column in _COLUMNS:
                key = _COLUMNS[problem.column]
                self.add(row, key, problem.code, problem.found, problem.message, problem.blocking)
            elif problem.blocking:
                self.add(row, "number", "borrower_not_eligible", "", problem.message)

    def dates(self, row: PaymentRow, fact: ApplicationFact) -> None:
        """The agreement comes first, and the last installment falls where the months say."""
        if row.disbursed_on is None:
            return
        if row.agreement_on is not None and row.agreement_on > row.disbursed_on:
            message = (
                f"Tanggal perjanjian {long_date(row.agreement_on)} sesudah tanggal pencairan "
                f"{long_date(row.disbursed_on)}; periksa keduanya."
            )
            found = long_date(row.agreement_on)
            self.add(row, "agreement_on", "agreement_after_disbursement", found, message)
        due = add_months(row.disbursed_on, fact.months)
        if row.matures_on is not None and row.matures_on != due:
            message = (
                f"Jatuh tempo {long_date(row.matures_on)} tidak cocok dengan jangka waktu "
                f"{fact.months} bulan sejak {long_date(row.disbursed_on)}, yaitu {long_date(due)}; "
                "periksa tanggalnya."
            )
            self.add(row, "matures_on", "maturity_differs", long_date(row.matures_on), message)
