"""Rows of a repayment file + known facts → problems, and which way the money of each row goes.

Plain Python: the facts are handed in, nothing is stored. The identity
posted + suspense + already posted + skipped = control total holds whenever nothing blocks.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple

from wibawa.repayments.outcome import (
    AccountFact,
    Checked,
    Entry,
    Match,
    Posted,
    Same,
    SuspenseEntry,
    row_key,
)
from wibawa.repayments.rows import RepaymentFile, RepaymentRow
from wibawa.rules.dates import short_date
from wibawa.rules.money import rupiah
from wibawa.rules.references import reference_key
from wibawa.uploads.garbage import collector_paused
from wibawa.uploads.names import far_off
from wibawa.uploads.tally import Tally

ACCOUNT_UNKNOWN = "account_unknown"
LOAN_CLOSED = "loan_closed"
EXCEEDS_OUTSTANDING = "exceeds_outstanding"

# A file with more names written differently has another column under its headings.
MOST_NAMES = 10_000


class _Payment(NamedTuple):
    """A good row with its account resolved."""

    row: RepaymentRow
    paid_on: dt.date
    amount: int
    row_key: str
    fact: AccountFact | None


def check_repayments(
    file: RepaymentFile,
    accounts: Mapping[str, AccountFact],
    posted: Posted,
    today: dt.date,
    *,
    suspend_unknown: bool = False,
    skip_problems: bool = False,
) -> Checked:
    """Check every row against the facts and say where the money of each goes.

    `accounts` holds the uploading bank's own accounts only, `posted` what that bank's files have
    posted before. Money in rupiah. Raises nothing: what is wrong is in
    `problems`, of the file and of the checks together, in row order; notices among them.

    With `suspend_unknown` a row of an unknown account goes to suspense; with `skip_problems` rows
    with problems are left out. A problem of the whole file (row 0) blocks in any case.
    """
    with collector_paused():
        return _Check(file, accounts, posted, today, suspend_unknown).run(skip_problems)


class _Check:
    """One run over one file."""

    def __init__(
        self,
        file: RepaymentFile,
        accounts: Mapping[str, AccountFact],
        posted: Posted,
        today: dt.date,
        suspend_unknown: bool,
    ) -> None:
        self.file = file
        self.accounts = accounts
        self.posted = posted
        self.keys = {row.row: reference_key(row.reference) for row in file.rows if row.reference}
        self.today = today
        self.suspend_unknown = suspend_unknown
        self.tally = Tally(bad_rows=set(file.bad_rows))
        self.bad = self.tally.bad_rows
        self.headings = {
            key: file.heading(key) for key in ("account", "name", "paid_on", "amount", "reference")
        }
        self.without_zeros: dict[str, list[AccountFact]] | None = None
        self.same_names: dict[tuple[str, str], bool] = {}
        self.freed: dict[str, list[int]] | None = None
        self.used: set[str] = set()
        self.settling: dict[int, int] = {}
        self.matches: list[Match] = []
        self.matched: Counter[Same] = Counter()
        self.recognised: Counter[Same] = Counter()  # rows without a reference

    def run(self, skip_problems: bool) -> Checked:
        result = Checked(rows=len(self.file.rows), total=self.file.readable_total)
        result.control_total = self.file.control_total
        self.duplicates()
        payments = self.payments(result)
        self.pour(payments, result)
        self.add_up(result, skip_problems)
        problems = [*self.file.problems, *self.file.notices, *self.tally.closed()]
        result.bad_rows = self.bad
        result.matches = self.matches
        result.problems = sorted(problems, key=lambda problem: problem.row)
        result.blocked = any(
            problem.blocking and (problem.row == 0 or not skip_problems) for problem in problems
        )
        return result

    def note(self, row: int, key: str, code: str, found: str, message: str, blocks: bool) -> None:
        heading = self.headings.get(key, "")
        self.tally.add(row, heading, code, found, message, blocks)

    def duplicates(self) -> None:
        """Every row of a group that shares a reference is a problem: which one is right?"""
        if len(set(self.keys.values())) == len(self.keys):
            return
        written = {row.row: row.reference or "" for row in self.file.rows}
        rows_of: dict[str, list[int]] = {}
        for number, key in self.keys.items():
            rows_of.setdefault(key, []).append(number)
        for rows in rows_of.values():
            if len(rows) == 1:
                continue
            for number in rows:
                reference = written[number]
                others = ", ".join(str(other) for other in rows[:6] if other != number)
                message = (
                    f"Nomor bukti “{reference}” juga ada di baris {others}; "
                    "setiap pembayaran memerlukan nomor bukti sendiri, hapus baris yang ganda."
                )
                self.note(number, "reference", "reference_duplicate", reference, message, True)

    def payments(self, result: Checked) -> list[_Payment]:
        """The rows that bring new money, checked; rows posted before are counted in `result`."""
        payments: list[_Payment] = []
        occurrences: Counter[Same] = Counter()
        exact = self.accounts.get
        today = self.today
        bad = self.bad
        for row in self.file.rows:
            number, account, is_number, name, paid_on, amount, *_ = row
            # A number may have lost zeros: of several accounts that differ by them, none is sure.
            fact = self.zeros_restored(account) if is_number and account else exact(account)
            key = self.keys.get(number, "")
            if paid_on is not None and amount is not None and number not in bad:
                same = (fact.account if fact is not None else account, paid_on, amount)
                if not key:
                    occurrences[same] += 1
                    key = row_key(*same, occurrences[same])
                if self.is_posted(row, key, same, occurrences[same], fact):
                    result.already_posted_rows += 1
                    result.already_posted_total += amount
                    continue
                if not row.reference:
                    key = self.free_key(same, occurrences[same])
            if paid_on is not None:
                if paid_on > today:
                    self.note_future(number, paid_on)
                elif fact is not None and paid_on < fact.disbursed_on:
                    self.note_too_early(number, paid_on, fact)
                elif fact is not None and fact.opened_on and paid_on <= fact.opened_on:
                    self.note_in_opening(number, paid_on, fact.opened_on)
            if fact is None:
                if account:
                    self.note_unknown(number, account)
            elif name and name != fact.name and name.casefold() != fact.name.casefold():
                self.check_name(number, name, fact)
            if number not in bad and paid_on is not None and amount is not None:
                payments.append(_Payment(row, paid_on, amount, key, fact))
        return payments

    def zeros_restored(self, account: str) -> AccountFact | None:
        """The one account that differs by leading zeros only; None for none or several."""
        if self.without_zeros is None:
            self.without_zeros = {}
            for known in self.accounts.values():
                self.without_zeros.setdefault(known.account.lstrip("0"), []).append(known)
        found = self.without_zeros.get(account.lstrip("0"), [])
        return found[0] if len(found) == 1 else None

    def is_posted(
        self, row: RepaymentRow, key: str, same: Same, occurrence: int, fact: AccountFact | None
    ) -> bool:
        """Whether a row's money is in the books already; says so, and what is doubtful."""
        posted, (account, paid_on, amount) = self.posted, same
        if not row.reference:
            before = posted.suspended.get((account.lstrip("0"), paid_on, amount), 0)
            before += posted.payments.get(same, 0) if fact is not None else 0
            if occurrence > before - self.matched[same]:
                return False
            self.recognised[same] += 1
        elif (money := posted.references.get(key)) is None:
            if self.is_by_hand(row, key, same):
                return True
            if posted.unreferenced.get(same):
                self.note_doubtful(row)
            return False
        elif money != amount:
            self.note_other_amount(row, amount, money)
            return False
        self.note_posted(row.row, row.reference)
        return True

    def is_by_hand(self, row: RepaymentRow, key: str, same: Same) -> bool:
        """Whether the row is money that the office recorded before it had the bank's reference.

        Each such entry stands for one row; the match is kept when the file is posted.
        """
        waiting, used = self.posted.by_hand.get(same, ()), self.matched[same]
        left = self.posted.payments.get(same, 0) - used - self.recognised[same]
        if used >= len(waiting) or left < 1:
            return False
        self.matched[same] += 1
        loan_id, entry = sorted(waiting)[used]
        self.matches.append(Match(row.row, loan_id, entry, key))
        message = (
            "Pembayaran dengan rekening, tanggal dan jumlah yang sama sudah dicatat dinas tanpa "
            f"nomor bukti (entri {entry} buku pinjaman); baris ini dicocokkan dengannya dan tidak "
            "dibukukan lagi."
        )
        self.note(row.row, "reference", "row_recorded_by_hand", row.reference or "", message, False)
        return True

    def free_key(self, same: Same, occurrence: int) -> str:
        """A key for one more payment without a reference: first what was undone, then a new one."""
        start = row_key(*same, 0).removesuffix("0")
        if self.freed is None:
            self.freed = {}
            for key in self.posted.freed:
                if not key.startswith("R|"):
                    head, _, number = key.rpartition("|")
                    self.freed.setdefault(f"{head}|", []).append(int(number))
        for number in (*sorted(self.freed.get(start, ())), *range(occurrence, occurrence + 999)):
            key = f"{start}{number}"
            if key not in self.used and key not in self.posted.taken:
                self.used.add(key)
                return key
        return row_key(*same, occurrence)

    def note_other_amount(self, row: RepaymentRow, amount: int, before: int) -> None:
        """Money under a used reference is real, but which row is right only the bank can say."""
        reference = row.reference or ""
        message = (
            f"Nomor bukti “{reference}” sudah dibukukan dengan jumlah {rupiah(before)}, di sini "
            f"{rupiah(amount)}; periksa jumlahnya atau beri pembayaran ini nomor buktinya sendiri."
        )
        self.note(row.row, "reference", "reference_other_amount", reference, message, True)

    def note_doubtful(self, row: RepaymentRow) -> None:
        message = (
            "Pembayaran dengan rekening, tanggal dan jumlah yang sama sudah dibukukan tanpa nomor "
            "bukti; periksa apakah ini pembayaran yang sama."
        )
        self.note(row.row, "reference", "row_may_be_posted", row.reference or "", message, False)

    def note_in_opening(self, row: int, paid_on: dt.date, opened_on: dt.date) -> None:
        message = (
            f"Tanggal bayar {short_date(paid_on)} tidak sesudah tanggal data awal "
            f"({short_date(opened_on)}), yang sudah memuat semua pembayaran sampai hari itu; "
            "perbaiki tanggalnya atau lewati baris ini."
        )
        self.note(row, "paid_on", "date_before_cut_off", short_date(paid_on), message, True)

    def note_posted(self, row: int, reference: str | None) -> None:
        if reference is not None:
            message = f"Nomor bukti “{reference}” sudah dibukukan sebelumnya; tidak dibukukan lagi."
            self.note(row, "reference", "reference_already_posted", reference, message, False)
        else:
            message = (
                "Pembayaran dengan rekening, tanggal dan jumlah yang sama sudah dibukukan "
                "sebelumnya; tidak dibukukan lagi."
            )
            self.note(row, "", "row_already_posted", "", message, False)

    def note_future(self, row: int, paid_on: dt.date) -> None:
        message = (
            f"Tanggal bayar {short_date(paid_on)} sesudah hari ini ({short_date(self.today)}); "
            "tulis tanggal uang diterima, misalnya "
            f"{short_date(self.today).replace('/', '-')}."
        )
        self.note(row, "paid_on", "date_in_future", short_date(paid_on), message, True)

    def note_too_early(self, row: int, paid_on: dt.date, fact: AccountFact) -> None:
        message = (
            f"Tanggal bayar {short_date(paid_on)} sebelum tanggal pencairan "
            f"({short_date(fact.disbursed_on)}); periksa tanggal atau nomor rekeningnya."
        )
        self.note(row, "paid_on", "date_before_disbursement", short_date(paid_on), message, True)

    def note_unknown(self, row: int, account: str) -> None:
        similar = self.zeros_restored(account)
        hint = ""
        if similar is not None:
            hint = f" (mungkin {similar.account}, angka nol di depan hilang)"
        if self.suspend_unknown:
            message = f"Rekening {account} tidak dikenal{hint}; uangnya masuk ke titipan."
        else:
            message = (
                f"Rekening {account} bukan rekening Kredit Wibawa di bank ini{hint}; "
                "perbaiki nomornya atau pilih “masukkan ke titipan”."
            )
        self.note(row, "account", ACCOUNT_UNKNOWN, account, message, not self.suspend_unknown)

    def check_name(self, row: int, name: str, fact: AccountFact) -> None:
        """A far-off name is a notice: the number may belong to somebody else."""
        if len(self.same_names) >= MOST_NAMES:
            return
        pair = (name, fact.name)
        differs = self.same_names.get(pair)
        if differs is None:
            differs = far_off(name, fact.name) and (not fact.chair or far_off(name, fact.chair))
            self.same_names[pair] = differs
        if differs:
            message = (
                f"Nama “{name[:60]}” jauh berbeda dari nama peminjam “{fact.name}”; "
                "periksa apakah nomor rekeningnya benar."
            )
            self.note(row, "name", "name_differs", name[:64], message, False)

    def pour(self, payments: list[_Payment], result: Checked) -> None:
        """Send every payment to its loan or to suspense, at most what each loan still owes."""
        owed: Counter[int] = Counter()
        in_time: Counter[int] = Counter()
        for row, paid_on, amount, _, fact in payments:
            if fact is not None:
                owed[fact.loan_id] += amount - row.penalty
                if fact.settles is not None and paid_on <= fact.settles[1]:
                    in_time[fact.loan_id] += amount - row.penalty
        # An early settlement whose sum comes in time asks for that and no more.
        self.settling = {
            fact.loan_id: fact.settles[0]
            for _, _, _, _, fact in payments
            if fact is not None and fact.settles and in_time[fact.loan_id] >= fact.settles[0]
        }
        over: list[_Payment] = []
        for payment in payments:
            fact = payment.fact
            if fact is None:
                self.suspend(payment, payment.amount, ACCOUNT_UNKNOWN, result)
            elif fact.closed:
                self.note_closed(payment)
                self.suspend(payment, payment.amount, LOAN_CLOSED, result)
            elif owed[fact.loan_id] > self.settling.get(fact.loan_id, fact.owed):
                over.append(payment)
            else:
                result.entries.append(_entry(payment, fact.loan_id, payment.amount))
        self.pour_over(over, result)
        result.entries.sort()
        result.suspense.sort(key=lambda entry: entry.row)

    def pour_over(self, over: list[_Payment], result: Checked) -> None:
        """Payments of loans that get more than they owe: by date paid, then by row."""
        over.sort(key=lambda p: (p.fact.loan_id if p.fact else 0, p.paid_on, p.row.row))
        for loan_id, group in groupby(over, key=lambda p: p.fact.loan_id if p.fact else 0):
            left: int | None = None
            for payment in group:
                assert payment.fact is not None
                if left is None:
                    left = max(self.settling.get(loan_id, payment.fact.owed), 0)
                net = payment.amount - payment.row.penalty
                taken = min(net, left)
                left -= taken
                excess = net - taken
                if net and not taken:
                    excess = payment.amount
                if excess:
                    self.note_excess(payment, excess)
                    self.suspend(payment, excess, EXCEEDS_OUTSTANDING, result)
                if excess < payment.amount:
                    result.entries.append(_entry(payment, loan_id, payment.amount - excess))

    def note_closed(self, payment: _Payment) -> None:
        message = (
            f"Pinjaman rekening {payment.row.account} sudah selesai; "
            f"{rupiah(payment.amount)} masuk ke titipan."
        )
        self.note(payment.row.row, "account", LOAN_CLOSED, payment.row.account, message, False)

    def note_excess(self, payment: _Payment, excess: int) -> None:
        message = (
            f"Pembayaran {rupiah(payment.amount)} melebihi sisa tagihan pinjaman; "
            f"kelebihan {rupiah(excess)} masuk ke titipan."
        )
        row = payment.row.row
        self.note(row, "amount", EXCEEDS_OUTSTANDING, str(excess), message, False)

    def suspend(self, payment: _Payment, amount: int, reason: str, result: Checked) -> None:
        row = payment.row
        loan_id = payment.fact.loan_id if payment.fact else None
        result.suspense.append(
            SuspenseEntry(
                row.row, row.account, row.name, amount, payment.paid_on, row.reference,
                payment.row_key, loan_id, reason,
            )
        )  # fmt: skip

    def add_up(self, result: Checked, skip_problems: bool) -> None:
        """Counts and totals; what a control total has beyond the readable rows is skipped."""
        posted = {entry.row for entry in result.entries}
        result.posted_rows = len(posted)
        result.posted_total = sum([entry.amount for entry in result.entries])
        result.suspense_rows = sum(entry.row not in posted for entry in result.suspense)
        result.suspense_total = sum(entry.amount for entry in result.suspense)
        result.problem_rows = sum(row.row in self.bad for row in self.file.rows)
        if skip_problems and result.problem_rows:
            result.skipped_rows = result.problem_rows
            result.skipped_total = (
                result.control_total
                - result.posted_total
                - result.suspense_total
                - result.already_posted_total
            )


def _entry(payment: _Payment, loan_id: int, amount: int) -> Entry:
    row = payment.row
    return Entry(
        row.row, loan_id, amount, row.penalty, payment.paid_on, row.reference, payment.row_key,
        row.principal, row.interest, row.outstanding, row.collectibility,
    )  # fmt: skip
