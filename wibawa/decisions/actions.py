"""A bank's answers to applications, one on screen or a whole file: flush at most, the page
commits."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.applications.actions import advance, to_move
from wibawa.applications.moves import Author, Known, Step, advance_all, one_at_a_time
from wibawa.applications.queries import Case
from wibawa.banks.queries import layout_on
from wibawa.decisions.answers import Answer, AnswerFile, AnswerRow, Checked, Reason
from wibawa.decisions.checks import check_answers
from wibawa.decisions.kind import DECISIONS
from wibawa.decisions.models import BankDecision
from wibawa.decisions.queries import reasons_on, sent_applications
from wibawa.decisions.reader import SHAPE
from wibawa.rules.money import number, rupiah
from wibawa.rules.nik import mask_niks
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State, move
from wibawa.uploads import actions as files
from wibawa.uploads.actions import Found, Received, Sent, only, shown_cell
from wibawa.uploads.kinds import OPEN
from wibawa.uploads.layouts import Layout
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib


def approve(
    session: Session,
    application_id: int,
    *,
    bank_id: int,
    shown: str,
    author: Author,
    amount: int,
    note: str,
) -> None:
    """The bank approves all or a part of what is asked for.

    Raises `Refused`: what `to_move` raises, `above_asked`.
    """
    found, to = _to_answer(session, application_id, bank_id, Action.APPROVE, shown, author)
    asked = found.facts.amount
    if not 1 <= amount <= asked:
        raise Refused(
            "above_asked",
            f"Tertulis {rupiah(amount)}; diperlukan paling sedikit Rp1 dan paling banyak "
            f"{rupiah(asked)}, jumlah yang diminta.",
        )
    said = approval_said(amount, note)
    _keep(session, found, author, outcome="approved", amount=amount, note=note)
    advance(session, found.facts, Action.APPROVE, to, author, said, approved_amount=amount)


def decline(
    session: Session,
    application_id: int,
    *,
    bank_id: int,
    shown: str,
    author: Author,
    reason: Reason,
    explanation: str,
) -> None:
    """The bank refuses for a reason of the list. Raises `Refused` as `to_move` does."""
    said = decline_said(reason, explanation)
    found, to = _to_answer(session, application_id, bank_id, Action.DECLINE, shown, author, said)
    _keep(session, found, author, outcome="refused", reason_code=reason.code, note=explanation)
    advance(session, found.facts, Action.DECLINE, to, author, said)


def approval_said(amount: int, note: str) -> str:
    """An approval as the application's history shows it."""
    return f"Jumlah disetujui {rupiah(amount)}." + (f" {note}" if note else "")


def decline_said(reason: Reason, explanation: str) -> str:
    """A refusal as the application's history shows it."""
    return f"{reason.words}: {explanation}" if explanation else reason.words


def _to_answer(
    session: Session,
    application_id: int,
    bank_id: int,
    action: Action,
    shown: str,
    author: Author,
    reason: str = "",
) -> tuple[Case, State]:
    found, to = to_move(session, application_id, action, shown, author, reason)
    if found.facts.bank_id != bank_id:
        raise Refused("not_there", "Permohonan ini tidak ada. Cari lewat daftar permohonan.")
    return found, to


def _keep(session: Session, found: Case, author: Author, **answer: Any) -> None:
    """The answer itself, before its move: the link of the move covers both."""
    session.execute(
        insert(BankDecision).values(
            application_id=found.facts.id,
            bank_id=found.facts.bank_id,
            user_id=author.id,
            decided_at=author.now,
            **answer,
        )
    )


def layout_at(session: Session, bank_id: int, moment: dt.datetime) -> Layout:
    """How the bank writes this kind of file, as it was known at a moment."""
    return layout_on(session, bank_id, DECISIONS.code, SHAPE, in_wib(moment).date(), moment)


def receive(
    session: Session,
    bank_id: int,
    content: bytes,
    filename: str,
    file: AnswerFile,
    author: Author,
    replaces: int | None = None,
) -> Received:
    """Store a bank's file of answers that was read before, and check it."""

    def check(upload: Upload) -> Found:
        return _found(file, _checked(session, upload, file, author))

    sent = Sent(content, filename, author.id, author.now)
    return files.receive(session, DECISIONS, bank_id, sent, file.rows_hash, check, replaces)


def _checked(session: Session, upload: Upload, file: AnswerFile, author: Author) -> Checked:
    """The file against the applications and reasons as they are now: two queries."""
    assert upload.bank_id is not None
    numbers = {row.number for row in file.rows if row.number}
    return check_answers(
        file,
        sent_applications(session, upload.bank_id, numbers),
        reasons_on(session, author.today),
        skip_problems=upload.skip_problems,
    )


def _found(file: AnswerFile, checked: Checked) -> Found:
    """What is kept of a check beside the file; a NIK that somebody wrote into it is masked."""
    summary = {
        "approved": len(checked.approved),
        "refused": len(checked.answers) - len(checked.approved),
        "unanswered": checked.unanswered,
        "fingerprint": checked.fingerprint,
    }
    figures: dict[str, object] = {
        "row_count": len(file.rows),
        "total": checked.approved_total,
        "control_total": checked.approved_total,
        "control_total_stated": file.control_total_stated,
        "posted_rows": len(checked.answers),
        "posted_total": checked.approved_total,
        "already_posted_rows": checked.already,
        "skipped_rows": checked.skipped_rows,
        "summary": json.dumps(summary),
    }
    return Found(
        checked.problems,
        checked.blocked,
        [mask_niks(heading) for heading in file.headings],
        [_understood(row) for row in file.rows[: files.FIRST_ROWS]],
        lambda row: [mask_niks(shown_cell(cell)) for cell in file.cells(row)],
        figures,
    )


_WORDS = {"approved": "Disetujui", "refused": "Ditolak", None: ""}


def _understood(row: AnswerRow) -> dict[str, Any]:
    return {
        "row": row.row,
        "number": row.number,
        "name": mask_niks(row.name),
        "decision": _WORDS[row.outcome] if row.answered else "Belum dijawab",
        "amount": "" if row.amount is None else number(row.amount),
        "reason": mask_niks(" ".join(part for part in (row.reason, row.note) if part)),
    }


def choose(
    session: Session, upload: Upload, author: Author, file: AnswerFile, skip: bool, reason: str
) -> None:
    """Leave rows with problems out, for a reason, or not; checked at once."""
    files.lock_upload(session, DECISIONS, upload)
    only(DECISIONS, upload, *OPEN)
    files.choose_skipping(upload, skip, reason)
    files.keep(session, upload, _found(file, _checked(session, upload, file, author)))


def shown_answers(upload: Upload) -> str:
    """What a person saw before the answers were sent; sending others is refused."""
    return str(json.loads(upload.summary).get("fingerprint", ""))


@dataclass(frozen=True)
class Applied:
    """Whether the answers were given now, by this call; `sentence` says why not, else ""."""

    now: bool
    sentence: str = ""


def apply(
    session: Session, upload: Upload, author: Author, file: AnswerFile, shown: str
) -> Applied:
    """Give all answers of a clean file, or none, once only: a fixed number of queries.

    The stored file, read again as `file`, is checked inside the transaction; when that gives other
    answers than the person saw, the new ones are kept and shown and nothing is given.
    """
    files.lock_upload(session, DECISIONS, upload)
    if upload.status == "posted":
        return Applied(now=False)  # a second press of the button
    only(DECISIONS, upload, "clean")
    one_at_a_time(session)
    checked = _checked(session, upload, file, author)
    files.keep(session, upload, _found(file, checked))
    if checked.blocked:
        return Applied(
            False,
            "Keputusan belum dikirim: ada permohonan yang berubah sejak berkas diperiksa. Lihat "
            "masalahnya di bawah.",
        )
    if shown != checked.fingerprint:
        return Applied(
            False,
            "Hasil pemeriksaan berubah sejak halaman ini dibuka. Periksa lagi, lalu kirim.",
        )
    _give(session, upload, checked, author)
    return Applied(now=True)


def _give(session: Session, upload: Upload, checked: Checked, author: Author) -> None:
    upload.status, upload.posted_by, upload.posted_at = "posted", author.id, author.now
    session.flush()
    session.execute(
        insert(BankDecision).execution_options(render_nulls=True),  # one statement for both kinds
        [
            {"application_id": each.fact.id, "bank_id": upload.bank_id, "outcome": each.outcome,
             "amount": each.amount, "reason_code": each.reason.code if each.reason else None,
             "note": each.note, "user_id": author.id, "decided_at": author.now,
             "upload_id": upload.id, "row_number": each.row}
            for each in checked.answers
        ],
    )  # fmt: skip
    advance_all(session, [_step(answer, upload, author) for answer in checked.answers], author)
    approved = len(checked.approved)
    detail = (
        f"{upload.filename}: {number(approved)} disetujui, {rupiah(checked.approved_total)}; "
        f"{number(len(checked.answers) - approved)} ditolak"
    )
    trail.record(session, author.now, author.id, "decisions_sent", "upload", upload.id, detail)


def _step(answer: Answer, upload: Upload, author: Author) -> Step:
    """The move of one application, as the table of moves allows it."""
    fact = answer.fact
    assert upload.bank_id is not None
    seen = Known(fact.id, upload.bank_id, fact.state, fact.version)
    if answer.reason is None:
        assert answer.amount is not None
        action, said = Action.APPROVE, approval_said(answer.amount, answer.note)
    else:
        action, said = Action.DECLINE, decline_said(answer.reason, answer.note)
    to = move(fact.state, action, author.role, person=author.id, authors={}, reason=said)
    columns = {} if answer.amount is None else {"approved_amount": answer.amount}
    return Step(seen, action, to, said, columns)
