from __future__ import annotations

import io
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, own_bank_only
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.database import db
from wibawa.letters.documents import KIND_WORDS, PaperKind
from wibawa.letters.queries import logos_of, paper_data
from wibawa.loans.queries import LoanFacts, loan_facts
from wibawa.loans.statement import ENTRY_LABELS
from wibawa.papers import actions
from wibawa.papers.queries import loan_view, papers_of_loan, papers_of_upload
from wibawa.printing.issued import paper_pdf
from wibawa.repayments.kind import REPAYMENTS
from wibawa.uploads.pages import asked_upload, refusal_said
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.site import public_address

pages = Blueprint("papers", __name__)

P = Permission
KINDS: Final = {
    "jadwal": PaperKind.SCHEDULE,
    "kartu": PaperKind.CARD,
    "bukti": PaperKind.RECEIPT,
    "lunas": PaperKind.PAYOFF,
    "penawaran": PaperKind.OFFER,
    "berita-acara": PaperKind.MINUTES,
}


def _loan(loan_id: int) -> LoanFacts:
    facts = loan_facts(db.session(), loan_id) or not_found("loan", loan_id)
    own_bank_only(facts.bank_id, "loan", loan_id)
    return facts


@needs(P.PRINT_SCHEDULE)
def loan_papers(loan_id: int) -> str:
    facts, session, today = _loan(loan_id), db.session(), clock.today()
    issued = papers_of_loan(session, loan_id, today)
    good = [paper for paper in issued if not paper.void]
    latest = {kind: next((p for p in good if p.kind is kind), None) for kind in KINDS.values()}
    return render_template(
        "papers/loan_papers.html",
        loan=facts,
        view=loan_view(session, loan_id, today),
        issued=issued,
        latest={slug: latest[kind] for slug, kind in KINDS.items()},
        receipts={paper.sequence: paper for paper in good if paper.kind is PaperKind.RECEIPT},
        words=KIND_WORDS,
        entry_labels=ENTRY_LABELS,
        new_key=once.new_key,
    )


@needs(P.ISSUE_LETTER)
def issue(loan_id: int, kind: str) -> Response:
    facts, session, person = _loan(loan_id), db.session(), me()
    clerk = actions.Clerk(person.id, person.name, clock.now())
    sequence = asked_number(request.form.get("entri", ""), 1, 999_999)
    change = asked_number(request.form.get("permintaan", ""), 1, 999_999_999)

    def deed() -> int:
        return actions.issue(session, facts.id, KINDS[kind], clerk, sequence, change)

    name = f"issue_{kind} {loan_id}"
    paper, _ = once.do_once(
        session, request.form, request.full_path, person.id, name, clerk.now, deed
    )
    session.commit()
    said: Any = {
        "text": f"{KIND_WORDS[KINDS[kind]]} sudah terbit dan dapat dicetak.",
        "link_url": url_for("papers.paper_file", loan_id=loan_id, paper_id=paper),
        "link_label": "Buka PDF",
    }
    flash(said, "success")
    if change is not None:
        return redirect(url_for("changes.change", change_id=change))
    return redirect(url_for("papers.loan_papers", loan_id=loan_id))


@needs(P.PRINT_SCHEDULE)
def paper_file(loan_id: int, paper_id: int) -> Response:
    """A paper of this loan, from what was kept when it was issued."""
    _loan(loan_id)
    papers = papers_of_loan(db.session(), loan_id, clock.today())
    if paper_id not in {paper.id for paper in papers}:
        not_found("paper", paper_id)
    return _printed(paper_id)


def _printed(paper_id: int) -> Response:
    data = paper_data(db.session(), paper_id)
    assert data is not None, "an issued paper has its document"
    out = io.BytesIO(paper_pdf(data, public_address(), logos_of(db.session())))
    record_apart(clock.now(), me().id, "paper_printed", "paper", paper_id)
    return send_file(out, mimetype="application/pdf", download_name=f"surat-{paper_id}.pdf")


@needs(P.ISSUE_UPLOAD_RECEIPT)
def issue_upload_receipt(upload_id: int) -> Response:
    found, session, person = asked_upload(REPAYMENTS, upload_id), db.session(), me()
    clerk = actions.Clerk(person.id, person.name, clock.now())

    def deed() -> int:
        return actions.issue_upload_receipt(session, found, clerk)

    name = f"issue_upload_receipt {upload_id}"
    with refusal_said(upload_id):
        paper, _ = once.do_once(
            session, request.form, request.full_path, person.id, name, clerk.now, deed
        )
        session.commit()
        said: Any = {
            "text": "Tanda terima pembukuan sudah terbit dan dapat dicetak.",
            "link_url": url_for("papers.upload_receipt", upload_id=upload_id, receipt_id=paper),
            "link_label": "Buka PDF",
        }
        flash(said, "success")
    return redirect(url_for("repayments.check_upload", upload_id=upload_id))


@needs(P.SEE_UPLOADS)
def upload_receipt(upload_id: int, receipt_id: int) -> Response:
    """A receipt of this file, from what was kept when it was issued."""
    asked_upload(REPAYMENTS, upload_id)
    if receipt_id not in {paper.id for paper in papers_of_upload(db.session(), upload_id)}:
        not_found("paper", receipt_id)
    return _printed(receipt_id)


ONE = "/pinjaman/<int:loan_id>/cetak"
pages.add_url_rule(ONE, view_func=loan_papers)
pages.add_url_rule(f"{ONE}/<int:paper_id>.pdf", view_func=paper_file)
pages.add_url_rule(
    f"{ONE}/<any(jadwal, kartu, bukti, lunas, penawaran, 'berita-acara'):kind>",
    view_func=issue,
    methods=["POST"],
)

FILE = "/angsuran/berkas/<int:upload_id>/tanda-terima"
pages.add_url_rule(FILE, view_func=issue_upload_receipt, methods=["POST"])
pages.add_url_rule(f"{FILE}/<int:receipt_id>.pdf", view_func=upload_receipt)
