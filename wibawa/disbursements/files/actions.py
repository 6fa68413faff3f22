"""A bank's file of disbursements: received and checked, submitted, confirmed as a whole."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.applications.moves import Author, Known, Step, advance_all, one_at_a_time
from wibawa.banks.queries import layout_on
from wibawa.disbursements.files.checks import check_payments
from wibawa.disbursements.files.kind import DISBURSEMENTS
from wibawa.disbursements.files.queries import books
from wibawa.disbursements.files.reader import SHAPE
from wibawa.disbursements.files.rows import Checked, Payment, PaymentFile
from wibawa.disbursements.models import Disbursement
from wibawa.loans.chain.actions import append
from wibawa.loans.chain.lines import UPLOAD
from wibawa.loans.journal import Author as Booker
from wibawa.loans.journal import NewLoan, open_loans
from wibawa.rules.dates import add_months, long_date, short_date
from wibawa.rules.money import number, rupiah
from wibawa.rules.nik import mask_niks
from wibawa.rules.refused import Refused, by_same_person
from wibawa.rules.statuses import Action, State, move
from wibawa.uploads import actions as files
from wibawa.uploads.actions import Found, Received, Sent, only, shown_cell
from wibawa.uploads.layouts import Layout
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib


def layout_at(session: Session, bank_id: int, moment: dt.datetime) -> Layout:
    """How the bank writes this kind of file, as it was known at a moment."""
    return layout_on(session, bank_id, DISBURSEMENTS.code, SHAPE, in_wib(moment).date(), moment)


def receive(
    session: Session,
    bank_id: int,
    content: bytes,
    filename: str,
    file: PaymentFile,
    author: Author,
    replaces: int | None = None,
) -> Received:
    """Store a file that was read before, and check it."""

    def check(upload: Upload) -> Found:
        return _found(file, _checked(session, upload, file, author))

    sent = Sent(content, filename, author.id, author.now)
    return files.receive(session, DISBURSEMENTS, bank_id, sent, file.rows_hash, check, replaces)


def _checked(session: Session, upload: Upload, file: PaymentFile, author: Author) -> Checked:
    """The file against the books as they are now."""
    assert upload.bank_id is not None
    return check_payments(file, books(session, upload.bank_id, file, author.today), author.today)


def _found(file: PaymentFile, checked: Checked) -> Found:
    """What is kept of a check beside the file, with every row that the approver shall read."""
    rows = [] if checked.blocked else [_shown(each) for each in checked.payments]
    figures: dict[str, object] = {
        "row_count": len(file.rows),
        "total": sum(row.amount or 0 for row in file.rows),
        "control_total": file.control_total,
        "control_total_stated": file.control_total_stated,
        "posted_rows": len(checked.payments),
        "posted_total": checked.total,
        "summary": files.storable(
            json.dumps({"fingerprint": checked.fingerprint, "rows": rows}, ensure_ascii=False)
        ),
    }
    return Found(
        checked.problems,
        checked.blocked,
        [mask_niks(heading) for heading in file.headings],
        [_understood(row) for row in file.rows[: files.FIRST_ROWS]],
        lambda row: [mask_niks(shown_cell(cell)) for cell in file.cells(row)],
        figures,
    )


def _understood(row: Any) -> dict[str, Any]:
    day = row.disbursed_on
    return {
        "row": row.row,
        "number": row.number,
        "name": mask_niks(row.name),
        "account": row.account,
        "agreement": mask_niks(row.agreement_number),
        "disbursed_on": short_date(day) if day else "",
        "amount": "" if row.amount is None else number(row.amount),
    }


def _shown(payment: Payment) -> dict[str, Any]:
    fact, terms = payment.fact, payment.terms
    day, approved = terms.disbursed_on, fact.approval.amount
    return {
        "row": payment.row,
        "application_id": fact.id,
        "number": fact.approval.number,
        "name": fact.name,
        "account": payment.account,
        "agreement": mask_niks(payment.agreement_number),
        "disbursed_on": short_date(day),
        "matures_on": short_date(add_months(day, terms.months)),
        "months": terms.months,
        "rate": terms.rate,
        "method": terms.method.value,
        "multiple": terms.multiple,
        "amount": terms.principal,
        "less": bool(approved and terms.principal < approved),
        "approved": approved,
    }


def submit(session: Session, upload: Upload, author: Author, file: PaymentFile) -> bool:
    """Hand a clean file to the approver; False for a second press, which changes nothing."""
    files.lock_upload(session, DISBURSEMENTS, upload)
    if upload.status in ("submitted", "posted"):
        return False
    only(DISBURSEMENTS, upload, "clean")
    checked = _checked(session, upload, file, author)
    files.keep(session, upload, _found(file, checked))
    if checked.blocked:
        raise Refused(
            "file_faulty",
            "Berkas ini bermasalah menurut buku saat ini. Perbaiki, lalu unggah lagi.",
        )
    upload.status, upload.submitted_by, upload.submitted_at = "submitted", author.id, author.now
    session.flush()
    return True


def shown_payments(upload: Upload) -> str:
    """What a person saw before confirming; confirming something else is refused."""
    return str(json.loads(upload.summary).get("fingerprint", ""))


@dataclass(frozen=True)
class Confirmed:
    """Whether the loans were opened now, by this call; `sentence` says why not, else ""."""

    now: bool
    sentence: str = ""


def confirm(
    session: Session, upload: Upload, author: Author, file: PaymentFile, shown: str
) -> Confirmed:
    """Open every loan of a submitted file, or none, once only: a fixed number of queries.

    The stored file, read again as `file`, is checked inside the transaction; when that gives
    something else than the person saw, it is kept and shown and nothing is paid out.
    """
    files.lock_upload(session, DISBURSEMENTS, upload)
    if upload.status == "posted":
        return Confirmed(now=False)  # a second press of the button
    only(DISBURSEMENTS, upload, "submitted")
    if author.id in (upload.uploaded_by, upload.submitted_by):
        raise by_same_person(
            "Berkas ini Anda sendiri yang mengirim. Persetujuannya harus diberikan orang lain.",
        )
    one_at_a_time(session)
    checked = _checked(session, upload, file, author)
    files.keep(session, upload, _found(file, checked))
    if checked.blocked:
        return Confirmed(
            False,
            "Belum ada yang dicairkan: buku berubah sejak berkas diajukan. Lihat masalahnya di "
            "bawah; pengirim berkas perlu memperbaikinya.",
        )
    upload.status = "submitted"
    if shown != checked.fingerprint:
        return Confirmed(
            False,
            "Hasil pemeriksaan berubah sejak halaman ini dibuka. Periksa lagi, lalu setujui.",
        )
    _pay_out(session, upload, checked, author)
    return Confirmed(now=True)


def _pay_out(session: Session, upload: Upload, checked: Checked, author: Author) -> None:
    assert upload.bank_id is not None
    upload.status, upload.posted_by, upload.posted_at = "posted", author.id, author.now
    session.flush()
    loans = open_loans(
        session,
        [
            NewLoan(upload.bank_id, each.fact.borrower_id, each.account, each.agreement_number,
                    each.terms, upload.id, each.row)
            for each in checked.payments
        ],
        Booker(upload.uploaded_by, author.id, author.now),
    )  # fmt: skip
    session.execute(
        insert(Disbursement).execution_options(render_nulls=True),
        [
            _row(upload, each, loan_id, author)
            for each, loan_id in zip(checked.payments, loans, strict=True)
        ],
    )
    advance_all(session, [_step(each, upload.bank_id, author) for each in checked.payments], author)
    detail = f"{upload.filename}: {number(len(loans))} pinjaman, {rupiah(checked.total)}"
    trail.record(session, author.now, author.id, "disbursements_paid", "upload", upload.id, detail)
    append(session, upload.bank_id, UPLOAD, upload.id, author.now)


def _row(upload: Upload, payment: Payment, loan_id: int, author: Author) -> dict[str, Any]:
    terms = payment.terms
    return {
        "status": "approved",
        "borrower_id": payment.fact.borrower_id,
        "bank_id": upload.bank_id,
        "account_number": payment.account,
        "agreement_number": payment.agreement_number,
        "agreement_on": payment.agreement_on,
        "disbursed_on": terms.disbursed_on,
        "principal": terms.principal,
        "rate": terms.rate,
        "months": terms.months,
        "method": terms.method.value,
        "multiple": terms.multiple,
        "collateral": payment.fact.collateral,
        "entered_by": upload.uploaded_by,
        "entered_at": upload.uploaded_at,
        "decided_by": author.id,
        "decided_at": author.now,
        "decision_reason": "",
        "loan_id": loan_id,
        "application_id": payment.fact.id,
        "direct_reason": "",
        "upload_id": upload.id,
        "row_number": payment.row,
    }


def _step(payment: Payment, bank_id: int, author: Author) -> Step:
    """The move of one application, as the table of moves allows it."""
    fact = payment.fact
    state = State(fact.approval.state)
    to = move(state, Action.DISBURSE, author.role, person=author.id, authors={})
    terms = payment.terms
    said = f"{rupiah(terms.principal)} pada {long_date(terms.disbursed_on)}."
    return Step(Known(fact.id, bank_id, state, fact.version), Action.DISBURSE, to, said)
