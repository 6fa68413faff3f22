"""The kinds of files whose headings can be taught: one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wibawa.decisions import reader as decisions
from wibawa.decisions.kind import DECISIONS
from wibawa.disbursements.files import reader as disbursements
from wibawa.disbursements.files.kind import DISBURSEMENTS
from wibawa.repayments import reader as repayments
from wibawa.repayments.kind import REPAYMENTS
from wibawa.repayments.layout import SHAPE as REPAYMENT_SHAPE
from wibawa.rules.refused import Problem
from wibawa.uploads.layouts import Layout, Shape
from wibawa.uploads.table import Table


class ReadFile(Protocol):
    """What every reader gives. Each of `rows` has a `row`, Excel's row number."""

    table: Table
    rows: Any
    problems: list[Problem]
    bad_rows: set[int]


class Reader(Protocol):
    def __call__(self, content: bytes, filename: str, layout: Layout) -> ReadFile: ...


@dataclass(frozen=True)
class FileKind:
    """`code` as uploads have it, `word` in addresses; `fields`: our column → the name of what a
    row says of it, where the two differ."""

    code: str
    word: str
    label: str
    shape: Shape
    read: Reader
    fields: Mapping[str, str] = field(default_factory=dict)

    def field_of(self, key: str) -> str:
        return self.fields.get(key, key)


KINDS: Sequence[FileKind] = (
    FileKind(REPAYMENTS.code, "angsuran", "Angsuran", REPAYMENT_SHAPE, repayments.read_repayments),
    FileKind(DISBURSEMENTS.code, "pencairan", "Pencairan", disbursements.SHAPE,
             disbursements.read_payments, {"agreement": "agreement_number"}),
    FileKind(DECISIONS.code, "keputusan", "Keputusan bank", decisions.SHAPE,
             decisions.read_answers, {"decision": "outcome"}),
)  # fmt: skip
BY_CODE = {kind.code: kind for kind in KINDS}
BY_WORD = {kind.word: kind for kind in KINDS}
