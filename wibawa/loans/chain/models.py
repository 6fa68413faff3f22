from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wibawa.chains.models import Link, whole
from wibawa.database import Base


class ChainLink(Link, Base):
    """One deed in a bank's chain. Append-only. A trigger refuses a link that does not follow the
    last one. `subject_id` is a file (`upload`), a request (`request`) or a loan (`disbursement`).
    """

    __tablename__ = "chain_links"
    __table_args__ = (
        CheckConstraint("kind IN ('upload','request','disbursement')", name="kind_known"),
        *whole(),
        UniqueConstraint("kind", "subject_id"),
        {"sqlite_with_rowid": False},
    )

    bank_id: Mapped[int] = mapped_column(ForeignKey("banks.id"), primary_key=True)
