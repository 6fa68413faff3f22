"""What a kind of request is: the only thing that another kind must bring."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy.orm import Session

from wibawa.changes.case import LoanCase, Subject, loan_case
from wibawa.changes.effect import Effect
from wibawa.changes.forms import ChangeForm
from wibawa.changes.queries import KIND_WORDS, ChangeFacts
from wibawa.loans.journal import Author, lock_loans

C = TypeVar("C")
Words = list[tuple[str, str]]


class Kind(ABC, Generic[C]):
    """One kind of `LoanRequest`. `C` is what it is about, as it is now.

    Of a `C` the pages need `.subject` and `.title`. `word` stands in addresses, `hint` tells when
    it is meant. `alone`: makes a version or closes the loan, so only one such request of a loan
    may wait.
    """

    code: ClassVar[str]
    word: ClassVar[str]
    hint: ClassVar[str]
    about: ClassVar[str] = "loan"  # or "suspense", "upload"
    alone: ClassVar[bool] = False
    form: ClassVar[type[ChangeForm]] = ChangeForm
    agreed: ClassVar[str] = "Permintaan disetujui dan sudah berlaku."
    reason_hint: ClassVar[str] = "Tersimpan pada buku, misalnya: salah baca nomor rekening."

    @property
    def label(self) -> str:
        return KIND_WORDS[self.code]

    @abstractmethod
    def find(self, session: Session, subject_id: int, today: dt.date) -> C | None:
        """What the request is about; None when there is no such thing."""

    def subject(self, session: Session, case: Any, data: Mapping[str, Any]) -> Subject:
        """What the request is kept with; titipan also names the loan that it goes to."""
        subject: Subject = case.subject
        return subject

    def lock(self, session: Session, subject: Subject, data: Mapping[str, Any]) -> None:
        """Hold every loan that the request may touch; the bank's files are held already."""
        if subject.loan_id is not None:
            lock_loans(session, [subject.loan_id])

    def why_not(self, case: C) -> str | None:
        """A sentence that says why nobody can ask for this now; None when one can."""
        return None

    def prepare(self, form: Any, case: C, asked: Mapping[str, str]) -> None:
        """Fill in choices, and what the form begins with (`asked` is the address's query)."""

    def data(self, form: Any) -> dict[str, Any]:
        """The wish as plain JSON, from a form that is filled in readably."""
        return {}

    def said(self, data: Mapping[str, Any]) -> Words:
        """The wish in words: (label, value)."""
        return []

    def valid_until(self, data: Mapping[str, Any]) -> dt.date | None:
        return None

    @abstractmethod
    def effect(self, session: Session, case: C, data: Mapping[str, Any]) -> Effect:
        """What it would change now. Reads only. Raises `Refused` with the reason when it cannot."""

    def kept(self, case: C, effect: Effect) -> dict[str, Any]:
        """What an approved request keeps beside the effect that was shown."""
        return {}

    @abstractmethod
    def apply(
        self, session: Session, change: ChangeFacts, effect: Effect, author: Author
    ) -> Collection[int]:
        """Write it; the ids of the loans whose money changed. The request is decided already."""


class LoanKind(Kind[LoanCase]):
    """A request about one loan."""

    def find(self, session: Session, subject_id: int, today: dt.date) -> LoanCase | None:
        return loan_case(session, subject_id, today)
