"""Every kind of request: one object each, in the order in which they are offered."""

from __future__ import annotations

from typing import Any

from wibawa.changes.kinds.files import UploadReversal
from wibawa.changes.kinds.kind import Kind
from wibawa.changes.kinds.money import Move, Payment, Reversal
from wibawa.changes.kinds.schedule import DueDay, Holiday, Multiple, Tenor
from wibawa.changes.kinds.settlement import Reopen, Settlement
from wibawa.changes.kinds.suspense import SuspenseLoan, SuspenseReturn
from wibawa.changes.kinds.write_off import WriteOff

ALL: tuple[Kind[Any], ...] = (
    Holiday(),
    Tenor(),
    Multiple(),
    DueDay(),
    Settlement(),
    Reopen(),
    WriteOff(),
    Payment(),
    Reversal(),
    Move(),
    SuspenseLoan(),
    SuspenseReturn(),
    UploadReversal(),
)
KINDS = {kind.code: kind for kind in ALL}
OF_LOANS = {kind.word: kind for kind in ALL if kind.about == "loan"}
OF_SUSPENSE = {kind.word: kind for kind in ALL if kind.about == "suspense"}
OF_FILES = {kind.word: kind for kind in ALL if kind.about == "upload"}
ALONE = frozenset(kind.code for kind in ALL if kind.alone)
