from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.wrappers import Response as Answer

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, own_bank_only
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.arrears.reminders.queries import letters_of_batch, reminders_of_loan
from wibawa.banks.queries import all_banks, bank_by_code, thresholds_on
from wibawa.database import db, reading, writing
from wibawa.jobs.actions import enqueue
from wibawa.letters.documents import SHEETS, Heading, sample_letter
from wibawa.letters.queries import letter, logos_of, paper_data, profile, profile_on
from wibawa.loans.queries import loan_facts
from wibawa.papers.queries import issued_schedule, printed_schedules
from wibawa.printing.batch import MIMETYPES, batch_file
from wibawa.printing.forms import (
    AT_ONCE,
    JOB,
    MOST_LOANS,
    MOST_NUMBERS,
    SHAPES,
    BatchAsked,
    paper_of,
    read_batch,
)
from wibawa.printing.issued import paper_pdf
from wibawa.printing.letters import letter_pdf, letters_pdf
from wibawa.printing.pdf import schedules_pdf
from wibawa.printing.queries import chosen_loans, kecamatan_names, schedule_documents
from wibawa.proposals.queries import proposal_facts
from wibawa.rules.money import number
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.asked import asked_day
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
    schedules_pdf(documents, out, title, logos=logos_of(db.session()))
    out.seek(0)
    return send_file(out, mimetype="application/pdf", download_name=name)


@needs(Permission.PRINT_SCHEDULE)
def schedule(loan_id: int) -> Response:
    """The version in force on a day, today's when none is named; as it was issued, if it was."""
    facts = loan_facts(db.session(), loan_id) or not_found("loan", loan_id)
    own_bank_only(facts.bank_id, "loan", loan_id)
    title = f"Jadwal Angsuran {facts.number}"
    asked, _ = asked_day(request.args.get("tanggal"), clock.today())
    on, name = max(asked, facts.disbursed_on), f"jadwal-{facts.number}.pdf"
    issued = issued_schedule(db.session(), loan_id, on)
    kept = None if issued is None else paper_data(db.session(), issued)
    if kept is None:
        answer = _pdf([loan_id], on, title, name)
    else:
        out = io.BytesIO(paper_pdf(kept, public_address(), logos_of(db.session())))
        answer = send_file(out, mimetype="application/pdf", download_name=name)
    record_apart(clock.now(), me().id, "schedule_printed", "loan", loan_id)
    return answer


@needs(Permission.PRINT_SCHEDULE)
def schedules(code: str) -> Answer:
    bank = bank_by_code(db.session(), code) or not_found("bank", 0)
    own_bank_only(bank.id, "bank", bank.id)
    return _batch(BatchAsked(bank, "", (), "pdf", paper_of(request.args)))


@needs(Permission.PRINT_SCHEDULE)
def batch() -> str:
    session = db.session()
    return render_template(
        "printing/batch.html",
        banks=all_banks(session, me().bank_id),
        kecamatan=kecamatan_names(session),
        shapes=SHAPES,
        sheets=SHEETS,
        own_paper=profile_on(session, clock.today()).paper,
        most=MOST_NUMBERS,
        at_once=AT_ONCE,
        new_key=once.new_key,
    )


@needs(Permission.PRINT_SCHEDULE)
def batch_download() -> Answer:
    """Few schedules come at once; many become a job, which only a form that is sent can ask for."""
    with reading():
        session = db.session()
        banks, places = all_banks(session, me().bank_id), kecamatan_names(session)
        asked = read_batch(request.values, banks, places)
        return _batch(asked)


def _batch(asked: BatchAsked) -> Answer:
    """The file that was asked for, or the way to the job that makes it. Another bank's loan is as
    unknown as one that nobody has."""
    session, today = db.session(), clock.today()
    found = chosen_loans(
        session,
        today,
        thresholds_on(session, today),
        bank_id=asked.bank.id if asked.bank else None,
        kecamatan=asked.kecamatan,
        numbers=asked.numbers,
    )
    _check_found(asked, found)
    ids = sorted(found.values())
    if len(ids) <= AT_ONCE:
        return _batch_now(asked, ids)
    return _batch_later(asked, ids) if request.method == "POST" else _batch_page_again(asked, ids)


def _batch_now(asked: BatchAsked, ids: list[int]) -> Answer:
    session, today = db.session(), clock.today()
    printed = printed_schedules(
        session, ids, on=today, printed_on=clock.now(), printed_by=me().name, paper=asked.paper
    )
    out = batch_file(printed, asked.shape, asked.title, public_address(), logos_of(session))
    _record_batch(asked, ids)
    name = asked.file_name(today)
    return send_file(out, mimetype=MIMETYPES[asked.shape], download_name=name)


def _batch_later(asked: BatchAsked, ids: list[int]) -> Answer:
    """What the file will hold is chosen now; who asks twice with one form gets one job."""
    session, person, now, today = db.session(), me(), clock.now(), clock.today()
    params = {
        "loans": ids,
        "on": today.isoformat(),
        "shape": asked.shape,
        "paper": asked.paper,
        "title": asked.title,
        "site": public_address(),
        "name": asked.file_name(today),
    }

    title = asked.job_title(len(ids))

    def deed() -> int:
        return enqueue(session, JOB, title, params, person.id, person.bank_id, now, len(ids))

    session.rollback()  # what was read so far; the bank would be read once more
    with writing():
        job, _ = once.do_once(
            session, request.form, request.full_path, person.id, "print_schedules", now, deed
        )
        session.commit()
    _record_batch(asked, ids)
    return redirect(url_for("jobs.job", job_id=job))


def _batch_page_again(asked: BatchAsked, ids: list[int]) -> Answer:
    """An address alone starts no long work."""
    flash(
        f"Pilihan ini berisi {number(len(ids))} pinjaman. Tekan Unduh: berkasnya dibuat di latar, "
        "dan Anda dapat mengikuti kemajuannya.",
        "info",
    )
    names = ("kecamatan", "bentuk", "kertas", "nomor")
    given: dict[str, Any] = {name: request.args[name] for name in names if request.args.get(name)}
    return redirect(url_for("printing.batch", bank=asked.bank and asked.bank.code, **given))


def _record_batch(asked: BatchAsked, ids: list[int]) -> None:
    bank_id = asked.bank.id if asked.bank else None
    said = f"{len(ids)} jadwal"
    record_apart(clock.now(), me().id, "schedules_printed", "bank", bank_id, said)


def _check_found(asked: BatchAsked, found: Mapping[str, int]) -> None:
    missing = [each for each in asked.numbers if each not in found]
    if missing:
        more = f" dan {len(missing) - 5} lainnya" if len(missing) > 5 else ""
        raise Refused(
            "loan_unknown",
            f"Tidak ditemukan: {', '.join(missing[:5])}{more}. Tulis nomor pinjaman seperti "
            "KW-000123; belum ada yang dicetak.",
        )
    if len(found) > MOST_LOANS:
        raise Refused(
            "too_many_loans",
            f"Terpilih {number(len(found))} pinjaman; paling banyak {number(MOST_LOANS)} sekali "
            "cetak. Pilih satu bank atau satu kecamatan.",
        )
    if not found:
        whose = asked.bank.name if asked.bank else "Pilihan ini"
        raise Refused(
            "no_running_loans",
            f"{whose} belum punya pinjaman berjalan, jadi tidak ada jadwal untuk dicetak.",
        )


@needs(Permission.SEE_LETTERS)
def paper(paper_id: int) -> Response:
    """Any letter of the office, from what was kept when it was issued."""
    issued = paper_data(db.session(), paper_id) or not_found("paper", paper_id)
    out = io.BytesIO(paper_pdf(issued, public_address(), logos_of(db.session())))
    record_apart(clock.now(), me().id, "paper_printed", "paper", paper_id)
    return send_file(out, mimetype="application/pdf", download_name=f"surat-{paper_id}.pdf")


@needs(Permission.MANAGE_OFFICE)
def office_sample(profile_id: int) -> Response:
    """How papers look under one entry of the office's settings."""
    said = profile(db.session(), profile_id) or not_found("office", profile_id)
    day = max(clock.today(), said.valid_from)
    heading = Heading("CONTOH", day, said.place, said.letterhead, said.signatory)
    out = io.BytesIO(letter_pdf(sample_letter(heading), logos=logos_of(db.session())))
    return send_file(out, mimetype="application/pdf", download_name="contoh-kop-surat.pdf")


@needs(Permission.SEE_PROPOSALS)
def proposal_letter(proposal_id: int) -> Response:
    facts = proposal_facts(db.session(), proposal_id) or not_found("proposal", proposal_id)
    own_bank_only(facts.bank_id, "proposal", proposal_id)
    sent = letter(db.session(), facts.paper_id)
    assert sent is not None, "a batch has its paper"
    out = io.BytesIO(letter_pdf(sent, public_address(), logos_of(db.session())))
    record_apart(clock.now(), me().id, "proposal_printed", "proposal", proposal_id)
    return send_file(out, mimetype="application/pdf", download_name=f"usulan-{proposal_id}.pdf")


@needs(Permission.SEE_LETTERS)
def reminders(batch_id: int) -> Response:
    """The reminders that were issued together, in one file."""
    letters = letters_of_batch(db.session(), batch_id) or not_found("reminder_batch", batch_id)
    title = f"Surat peringatan, {number(len(letters))} surat"
    out = io.BytesIO(letters_pdf(letters, public_address(), title, logos_of(db.session())))
    record_apart(clock.now(), me().id, "reminders_printed", "reminder_batch", batch_id)
    name = f"surat-peringatan-{batch_id}.pdf"
    return send_file(out, mimetype="application/pdf", download_name=name)


@needs(Permission.SEE_ARREARS)
def reminder(loan_id: int, paper_id: int) -> Response:
    """One reminder of a loan, for the loan's bank too."""
    facts = loan_facts(db.session(), loan_id) or not_found("loan", loan_id)
    own_bank_only(facts.bank_id, "loan", loan_id)
    known = {each.paper_id for each in reminders_of_loan(db.session(), loan_id)}
    kept = paper_data(db.session(), paper_id) if paper_id in known else None
    if kept is None:
        not_found("paper", paper_id)
    out = io.BytesIO(paper_pdf(kept, public_address(), logos_of(db.session())))
    record_apart(clock.now(), me().id, "paper_printed", "paper", paper_id)
    return send_file(out, mimetype="application/pdf", download_name=f"surat-{paper_id}.pdf")


pages.add_url_rule("/tunggakan/surat/<int:batch_id>/surat.pdf", view_func=reminders)
pages.add_url_rule("/tunggakan/<int:loan_id>/surat/<int:paper_id>.pdf", view_func=reminder)
pages.add_url_rule("/pengaturan/kop-surat/<int:profile_id>/contoh.pdf", view_func=office_sample)
pages.add_url_rule("/surat-keluar/<int:paper_id>/surat.pdf", view_func=paper)
pages.add_url_rule("/usulan/<int:proposal_id>/surat.pdf", view_func=proposal_letter)
pages.add_url_rule("/pinjaman/<int:loan_id>/jadwal.pdf", view_func=schedule)
pages.add_url_rule("/pinjaman/jadwal-bank/<code>.pdf", view_func=schedules)
pages.add_url_rule("/pinjaman/jadwal", view_func=batch)
pages.add_url_rule("/pinjaman/jadwal/unduh", view_func=batch_download, methods=["GET", "POST"])
