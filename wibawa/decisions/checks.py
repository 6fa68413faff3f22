"""What a bank is told about an applicant besides the application itself; and the rows of a file of
answers + known facts → problems, and the answers that it would give. Plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from wibawa.decisions.answers import (
    Answer,
    AnswerFile,
    AnswerRow,
    ApplicationFact,
    Checked,
    Decided,
    Outcome,
    Reason,
)
from wibawa.rules.eligibility import Verdict
from wibawa.rules.money import rupiah
from wibawa.rules.nik import mask_niks
from wibawa.rules.statuses import State
from wibawa.uploads.names import far_off
from wibawa.uploads.tally import Tally

# The full sentences name the other bank, the number and the amount: a competitor's business. Only
# these are told, so that a rule that is added later tells a bank nothing by accident.
TOLD: Final = {
    "loan_running": "Peminjam masih mempunyai pinjaman Kredit Wibawa yang belum lunas.",
    "loan_of_same_person": (
        "NIK yang sama tercatat pada peminjam lain yang pinjaman Kredit Wibawanya belum lunas."
    ),
    "disbursement_waiting": (
        "Pencairan lain untuk peminjam ini sudah dicatat dan menunggu persetujuan dinas."
    ),
    "disbursement_of_same_person": (
        "NIK yang sama tercatat pada peminjam lain yang pencairannya menunggu persetujuan dinas."
    ),
    "application_of_same_person": (
        "NIK yang sama tercatat pada peminjam lain yang permohonannya masih terbuka."
    ),
}


def told_to_bank(verdict: Verdict) -> list[str]:
    """What stands in the way of a later disbursement, without the other bank's name."""
    codes = dict.fromkeys(each.code for each in (*verdict.blocks, *verdict.warnings))
    return [TOLD[code] for code in codes if code in TOLD]


LONGEST_NOTE = 200
SHORTEST_NOTE = 5
_SEPARATORS = " \t:;,.-–—()/"


def find_reason(text: str, reasons: Sequence[Reason]) -> tuple[Reason | None, str]:
    """The reason of the list that a text begins with, by its words or code, and what follows.

    >>> reasons = [Reason("slik", "Riwayat kredit pada SLIK buruk", False)]
    >>> find_reason("SLIK: kol 5", reasons)[1], find_reason("Omzet turun", reasons)
    ('kol 5', (None, 'Omzet turun'))
    """
    folded = text.casefold()
    names = [(name.casefold(), each) for each in reasons for name in (each.words, each.code)]
    for name, each in sorted(names, key=lambda pair: -len(pair[0])):
        rest = text[len(name) :]
        if folded.startswith(name) and not (rest[:1].isalnum() or rest[:1] == "_"):
            return each, rest.strip(_SEPARATORS)
    return None, text


def check_answers(
    file: AnswerFile,
    applications: Mapping[str, ApplicationFact],
    reasons: Sequence[Reason],
    *,
    skip_problems: bool = False,
) -> Checked:
    """Check every row against the applications that were sent to this bank, by their numbers.

    Rupiah. What is wrong is in `problems`, of the file and of the checks together, in row order;
    notices among them. With `skip_problems` rows with problems are left out; a problem of the whole
    file (row 0) blocks in any case. Source: file rules §1 and §2.
    """
    return _Check(file, applications, reasons).run(skip_problems)


class _Check:
    """One run over one file."""

    def __init__(
        self,
        file: AnswerFile,
        applications: Mapping[str, ApplicationFact],
        reasons: Sequence[Reason],
    ) -> None:
        self.file = file
        self.applications = applications
        self.reasons = reasons
        self.tally = Tally(bad_rows=set(file.bad_rows))
        self.unread = {(problem.row, problem.column) for problem in file.problems}

    def run(self, skip_problems: bool) -> Checked:
        result = Checked()
        self.duplicates()
        for row in self.file.rows:
            self.check(row, result)
        bad = self.tally.bad_rows
        result.answers = [each for each in result.answers if each.row not in bad]
        if not result.answers and (skip_problems or not bad):
            self.note_nothing(result)
        result.skipped_rows = len(bad) if skip_problems else 0
        found = [*self.file.problems, *self.file.notices, *self.tally.closed()]
        result.problems = sorted(found, key=lambda problem: problem.row)
        result.blocked = any(
            each.blocking and (each.row == 0 or not skip_problems) for each in found
        )
        return result

    def problem(self, row: AnswerRow, key: str, code: str, found: str, message: str) -> None:
        self.tally.add(row.row, self.file.heading(key), code, mask_niks(found)[:64], message)

    def notice(self, row: AnswerRow, key: str, code: str, found: str, message: str) -> None:
        self.tally.add(row.row, self.file.heading(key), code, mask_niks(found)[:64], message, False)

    def duplicates(self) -> None:
        """Every answer to an application that the file answers twice: which one is meant?"""
        rows_of: dict[str, list[AnswerRow]] = defaultdict(list)
        for row in self.file.rows:
            if row.answered and row.number:
                rows_of[row.number].append(row)
        for number, rows in rows_of.items():
            for row in rows if len(rows) > 1 else []:
                others = ", ".join(str(other.row) for other in rows[:6] if other is not row)
                message = (
                    f"Permohonan {number} juga dijawab di baris {others}; setiap permohonan "
                    "dijawab satu kali, hapus baris yang ganda."
                )
                self.problem(row, "number", "application_duplicate", number, message)

    def check(self, row: AnswerRow, result: Checked) -> None:
        fact = self.applications.get(row.number)
        if not row.answered:
            if fact is not None and fact.state is State.SENT:
                result.unanswered += 1
                message = f"{row.number} belum dijawab; tetap menunggu keputusan bank."
                self.notice(row, "decision", "unanswered", "", message)
            return
        if fact is None:
            if row.number:
                message = (
                    f"Permohonan {row.number} tidak ada di antara permohonan yang dikirim ke bank "
                    "ini; periksa nomornya pada daftar usulan."
                )
                self.problem(row, "number", "application_unknown", row.number, message)
            return
        if row.name and far_off(row.name, fact.name) and far_off(row.name, fact.chair or fact.name):
            message = (
                f"Nama “{mask_niks(row.name)[:60]}” jauh berbeda dari pemohon {fact.number}, "
                f"“{fact.name}”; periksa apakah nomor permohonannya benar."
            )
            self.notice(row, "name", "name_differs", row.name, message)
        if row.outcome is not None:
            self.answer(row, fact, row.outcome, result)

    def answer(
        self, row: AnswerRow, fact: ApplicationFact, outcome: Outcome, result: Checked
    ) -> None:
        """The answer of a row whose application and decision are known."""
        amount = self.amount(row, fact) if outcome == "approved" else None
        reason, note = None, " ".join(part for part in (row.reason, row.note) if part)
        if outcome == "refused":
            self.no_amount(row)
            reason, note = self.reason(row)
        if len(note) > LONGEST_NOTE:
            message = (
                f"Penjelasan {len(note)} karakter; paling banyak {LONGEST_NOTE}. Persingkat, "
                "tanpa rincian SLIK."
            )
            self.problem(row, "reason", "note_too_long", note, message)
        if fact.state is not State.SENT:
            self.answered_before(row, fact, (outcome, amount, reason), result)
            return
        result.answers.append(Answer(row.row, fact, outcome, amount, reason, mask_niks(note)))

    def amount(self, row: AnswerRow, fact: ApplicationFact) -> int | None:
        amount, needed = row.amount, f"paling banyak {rupiah(fact.asked)}, jumlah yang diminta"
        if amount is None:
            if (row.row, self.file.heading("amount")) not in self.unread:
                message = f"Jumlah yang disetujui kosong; tulis jumlahnya, {needed}."
                self.problem(row, "amount", "amount_missing", "", message)
        elif amount <= 0:
            message = f"Jumlah {rupiah(amount)} harus lebih dari nol, {needed}."
            self.problem(row, "amount", "amount_not_positive", str(amount), message)
        elif amount > fact.asked:
            message = f"Jumlah {rupiah(amount)} melebihi permohonan {fact.number}; tulis {needed}."
            self.problem(row, "amount", "above_asked", str(amount), message)
        return amount

    def no_amount(self, row: AnswerRow) -> None:
        """Which of the two is meant, only the bank can say."""
        if row.amount:
            message = (
                f"Keputusan penolakan disertai jumlah {rupiah(row.amount)}; kosongkan jumlahnya, "
                "atau tulis DISETUJUI bila memang disetujui."
            )
            self.problem(row, "amount", "amount_of_refusal", str(row.amount), message)

    def reason(self, row: AnswerRow) -> tuple[Reason | None, str]:
        reason, rest = find_reason(row.reason, self.reasons)
        note = " ".join(part for part in (rest if reason else "", row.note) if part)
        offered = "; ".join(each.words for each in self.reasons)
        if not row.reason:
            message = f"Alasan penolakan kosong; tulis salah satu: {offered}."
            self.problem(row, "reason", "reason_missing", "", message)
        elif reason is None:
            message = (
                f"Alasan “{mask_niks(row.reason)[:60]}” tidak ada dalam daftar; awali dengan salah "
                f"satu: {offered}. Penjelasan boleh menyusul sesudah titik dua."
            )
            self.problem(row, "reason", "reason_unknown", row.reason, message)
        elif reason.needs_text and len(note) < SHORTEST_NOTE:
            message = (
                f"Alasan “{reason.words}” memerlukan penjelasan, {SHORTEST_NOTE} karakter atau "
                f"lebih; misalnya “{reason.words}: usaha pindah ke luar kota”."
            )
            self.problem(row, "reason", "reason_needs_text", row.reason, message)
        return reason, note

    def answered_before(
        self,
        row: AnswerRow,
        fact: ApplicationFact,
        given: tuple[Outcome, int | None, Reason | None],
        result: Checked,
    ) -> None:
        """The same answer again changes nothing; another one is refused, and who gave the first."""
        if fact.state is State.WITHDRAWN or fact.decided is None:
            message = (
                f"Permohonan {fact.number} sudah dibatalkan dinas pada {fact.since}; kosongkan "
                "keputusannya."
            )
            self.problem(row, "number", "application_withdrawn", fact.number, message)
            return
        before, (outcome, amount, reason) = fact.decided, given
        code = reason.code if reason else None
        if (outcome, amount, code) == (before.outcome, before.amount, before.reason_code):
            result.already += 1
            message = f"{fact.number} sudah {before.said}; tidak dikirim lagi."
            self.notice(row, "decision", "already_decided_same", "", message)
            return
        message = (
            f"Permohonan {fact.number} sudah {before.said}. Keputusan bank tidak dapat diubah; "
            "kosongkan baris ini."
        )
        self.problem(row, "decision", "already_decided", _word(before), message)

    def note_nothing(self, result: Checked) -> None:
        heading = self.file.heading("decision")
        message = (
            f"Kolom {heading} belum terisi; tulis DISETUJUI atau DITOLAK pada baris yang sudah "
            "diputuskan."
        )
        if result.already:
            message = "Semua keputusan dalam berkas ini sudah tersimpan; tidak ada yang baru."
        elif self.tally.bad_rows:
            message = "Setelah baris bermasalah dilewati tidak ada keputusan yang tersisa."
        self.tally.add(0, heading, "nothing_to_send", "", message)


def _word(decided: Decided) -> str:
    return "DISETUJUI" if decided.outcome == "approved" else "DITOLAK"
