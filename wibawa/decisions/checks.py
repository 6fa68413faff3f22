"""What a bank is told about an applicant besides the application itself."""

from __future__ import annotations

from typing import Final

from wibawa.rules.eligibility import Verdict

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
