from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from wibawa.banks.models import Bank


@dataclass(frozen=True)
class BankSettings:
    """What an administrator may change of a bank."""

    name: str
    method: str
    multiple: int
    holiday_rule: str
    posts_clean_files: bool


LABELS = {
    "name": "Nama",
    "method": "Metode",
    "multiple": "Kelipatan",
    "holiday_rule": "Hari libur",
    "posts_clean_files": "Langsung dibukukan",
}
VALUES = {
    "annuity": "anuitas",
    "flat": "flat",
    "declining": "menurun",
    "none": "tidak digeser",
    "following": "hari kerja berikutnya",
    "preceding": "hari kerja sebelumnya",
    True: "ya",
    False: "tidak",
}


def change_bank(session: Session, bank: Bank, wanted: BankSettings) -> str:
    """Change a bank's settings; what changed as "Metode: flat → anuitas; …", "" when nothing did.

    Loans that were disbursed before keep the terms that were copied to them.
    """
    changes = []
    for field, label in LABELS.items():
        before, after = getattr(bank, field), getattr(wanted, field)
        if before != after:
            setattr(bank, field, after)
            changes.append(f"{label}: {_words(field, before)} → {_words(field, after)}")
    session.flush()
    return "; ".join(changes)


def _words(field: str, value: object) -> str:
    """A value as the trail shows it; the free text of a name stays as it is."""
    return str(value) if field in ("name", "multiple") else VALUES[value]
