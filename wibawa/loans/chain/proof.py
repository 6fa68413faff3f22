"""Whether the banks' chains are whole."""

from __future__ import annotations

from sqlalchemy.orm import Session

from wibawa.chains import proof
from wibawa.chains.proof import Proof
from wibawa.loans.chain.lines import BANKS, DISBURSEMENT, REQUEST, UPLOAD, links_with_lines
from wibawa.uploads.garbage import collector_paused

WORDS = {UPLOAD: "berkas", REQUEST: "permintaan", DISBURSEMENT: "pencairan pinjaman"}


def prove(session: Session) -> Proof:
    """Read all that the chains cover, once, and reckon every link again."""
    with collector_paused():
        return proof.prove(session, BANKS, links_with_lines(session), WORDS)
