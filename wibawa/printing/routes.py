from __future__ import annotations

import datetime as dt
import io

from flask import Blueprint, Response, send_file

from wibawa.access.guard import me, needs, not_found, own_bank_only
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.banks.queries import bank_by_code, thresholds_on
from wibawa.database import db
from wibawa.letters.queries import letter, paper_data
from wibawa.loans.queries import loan_facts, running_loans
from wibawa.papers.queries import issued_schedule
from wibawa.printing.issued import paper_pdf
from wibawa.printing.letters import letter_pdf
from wibawa.printing.pdf import schedules_pdf
from wibawa.printing.queries import schedule_documents
from wibawa.proposals.queries import proposal_facts
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.site import public_address

pages = Blueprint("printing", __name__)


def _pdf(loan_ids: list[int], on: dt.date, title: str, name: str) -> Response:
    """The schedules in force on a day, shown in the browser. File names carry no personal data."""
    documents = schedule_documents(
        db.session(),
        loan_ids,
        on=on,
        printed_on=clock.now(),
        printed_by=me().name,
    )
    out = io.BytesIO()
    schedules_pdf(documents, out, title)
    out.seek(0)
    return send_file(out, mimetype="application/pdf", download_name=name)


@needs(Permission.PRINT_SCHEDULE)
def schedule(loan_id: int) -> Response:
    facts = loan_facts(db.session(), loan_id) or not_found("loan", loan_id)
    own_bank_only(facts.bank_id, "loan", loan_id)
    title = f"Jadwal Angsuran {facts.number}"
    on, name = max(clock.today(), facts.disbursed_on), f"jadwal-{facts.number}.pdf"
    issued = issued_schedule(db.session(), loan_id, on)
    kept = None if issued is None else paper_data(db.session(), issued)
    if kept is None:
        answer = _pdf([loan_id], on, title, name)
    else:
        out = io.BytesIO(paper_pdf(kept, public_address()))
        answer = send_file(out, mimetype="application/pdf", download_name=name)
    record_apart(clock.now(), me().id, "schedule_printed", "loan", loan_id)
    return answer


@needs(Permission.PRINT_SCHEDULE)
def schedules(code: str) -> Response:
    bank = bank_by_code(db.session(), code) or not_found("bank", 0)
    own_bank_only(bank.id, "bank", bank.id)
    bank_id, bank_code, today = bank.id, bank.code, clock.today()
    classes = thresholds_on(db.session(), today)
    running = running_loans(db.session(), today, classes, bank_id)
    if not running:
        raise Refused(
            "no_running_loans",
            f"{bank.name} belum punya pinjaman berjalan, jadi tidak ada jadwal untuk dicetak.",
        )
    name = f"jadwal-{bank_code}-{today.isoformat()}.pdf"
    answer = _pdf(running, today, f"Jadwal Angsuran {bank.name}", name)
    record_apart(clock.now(), me().id, "schedules_printed", "bank", bank_id)
    return answer


@needs(Permission.SEE_LETTERS)
def paper(paper_id: int) -> Response:
    """Any letter of the office, from what was kept when it was issued."""
    issued = paper_data(db.session(), paper_id) or not_found("paper", paper_id)
    out = io.BytesIO(paper_pdf(issued, public_address()))
    record_apart(clock.now(), me().id, "paper_printed", "paper", paper_id)
    return send_file(out, mimetype="application/pdf", download_name=f"surat-{paper_id}.pdf")


@needs(Permission.SEE_PROPOSALS)
def proposal_letter(proposal_id: int) -> Response:
    facts = proposal_facts(db.session(), proposal_id) or not_found("proposal", proposal_id)
    own_bank_only(facts.bank_id, "proposal", proposal_id)
    sent = letter(db.session(), facts.paper_id)
    assert sent is not None, "a batch has its paper"
    out = io.BytesIO(letter_pdf(sent, public_address()))
    record_apart(clock.now(), me().id, "proposal_printed", "proposal", proposal_id)
    return send_file(out, mimetype="application/pdf", download_name=f"usulan-{proposal_id}.pdf")


pages.add_url_rule("/surat-keluar/<int:paper_id>/surat.pdf", view_func=paper)
pages.add_url_rule("/usulan/<int:proposal_id>/surat.pdf", view_func=proposal_letter)
pages.add_url_rule("/pinjaman/<int:loan_id>/jadwal.pdf", view_func=schedule)
pages.add_url_rule("/pinjaman/jadwal-bank/<code>.pdf", view_func=schedules)
