from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try, own_bank_only
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.access.trail import record_apart, record_export
from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks, bank_by_code
from wibawa.database import db
from wibawa.letters.queries import logos_of, paper_data
from wibawa.printing.issued import paper_pdf
from wibawa.reconciliation import actions, lists, months, queries
from wibawa.reconciliation.document import Reconciliation
from wibawa.reconciliation.forms import NoteForm, ProposeForm, ReturnForm, StrikeForm
from wibawa.reconciliation.letter import KINDS, correction_rows, grouped, statement_rows
from wibawa.reconciliation.queries import Closed
from wibawa.rules.money import number, rupiah
from wibawa.rules.reconciliation import CAUSE_WORDS, Cause, Month
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without
from wibawa.web.site import public_address

pages = Blueprint("reconciliation", __name__)

P = Permission
Answer = str | AnyResponse | tuple[str, int]
LISTS = ("pernyataan", "pinjaman", "selisih", "susulan")


@dataclass(frozen=True)
class Asked:
    """The bank and the month of an address, and the closed month if it is one."""

    bank: Bank
    month: Month
    closed: Closed | None

    @property
    def url(self) -> str:
        return url_for("reconciliation.month", code=self.bank.code, text=self.month.text)

    def document(self) -> Reconciliation:
        """What was signed, or what the books say now."""
        if self.closed is not None:
            return queries.frozen(db.session(), self.closed.id)
        return queries.reconciliation_of(db.session(), self.bank, self.month)


def _asked(code: str, text: str) -> Asked:
    """404 for a bank that is not there or not the own one, and for no month or one to come."""
    bank = bank_by_code(db.session(), code) or not_found("reconciliation", 0)
    own_bank_only(bank.id, "reconciliation", bank.id)
    month = Month.parse(text)
    if month is None or month > Month.of(clock.today()):
        not_found("reconciliation", bank.id)
    return Asked(bank, month, queries.closed_month(db.session(), bank.id, month))


def _sees_people() -> bool:
    return me().may(P.SEE_PERSONAL_DATA)


@needs(P.SEE_RECONCILIATION)
def month_list() -> str:
    session, today = db.session(), clock.today()
    banks = all_banks(session, me().bank_id)
    return render_template(
        "reconciliation/month_list.html",
        banks=banks,
        table=months.month_table(session, banks, today),
        due={
            bank: state
            for bank, state in months.open_months(session, today, me().bank_id).items()
            if state.due
        },
    )


@needs(P.SEE_RECONCILIATION)
def month(code: str, text: str) -> str:
    return _page(_asked(code, text))


def _line_order() -> Wanted:
    return wanted(request.args.to_dict(), lists.SORTS, "nomor")


def _cause() -> Cause | None:
    return lists.CAUSE_SLUGS.get(request.args.get("sebab", ""))


def _page(asked: Asked, form: Any = None, loose: str = "") -> str:
    document = asked.document()
    seen = lists.as_seen(document, _sees_people())
    cause, order = _cause(), _line_order()
    return render_template(
        "reconciliation/month.html",
        asked=asked,
        month=asked.month,
        bank=asked.bank,
        closed=asked.closed,
        document=seen,
        statement=statement_rows(seen),
        corrections=[label for label, _ in correction_rows(seen)],
        found=lists.with_cause(seen, cause),
        cause=cause,
        slugs={each: slug for slug, each in lists.CAUSE_SLUGS.items()},
        words=CAUSE_WORDS,
        kinds=KINDS,
        page=lists.line_page(seen.lines, order),
        order=order,
        urls=(address("hal"), address("per_hal"), sort_address()),
        all_causes_url=without("sebab"),
        sees_people=_sees_people(),
        form=form,
        loose=[(loose, None)] if loose else [],
        key=once.new_key,
        grouped=grouped,
        as_month=Month.parse,
        day_of=dt.date.fromisoformat,
        **_state(asked, document),
    )


def _state(asked: Asked, document: Reconciliation) -> dict[str, Any]:
    """How far the closing of this month is, and what there is to do."""
    session, today = db.session(), clock.today()
    if asked.closed is not None:
        later = queries.later_entries(session, asked.closed)
        papers = queries.papers_of_month(session, asked.closed.id)
        return {"later": len(later), "papers": papers, "proposal": None, "turn": "",
                "waits": None, "shown": ""}  # fmt: skip
    turn = ""
    try:
        actions.check_turn(session, asked.bank, asked.month, today)
    except Refused as refused:
        turn = refused.sentence
    return {
        "later": 0,
        "papers": [],
        "proposal": queries.latest_proposal(session, asked.bank.id, asked.month),
        "turn": turn,
        "waits": queries.unfinished(session, asked.bank.id),
        "shown": actions.shown(document),
    }


def _done(asked: Asked, name: str, deed: Callable[[], int], said: str, at: str = "") -> Answer:
    """Do `deed` once for this form, then show the month again."""
    session, person = db.session(), me().id
    action = f"{name} {asked.bank.code} {asked.month.text}"
    try:
        _, first = once.do_once(
            session, request.form, request.full_path, person, action, clock.now(), deed
        )
        session.commit()
    except Refused as refused:
        session.rollback()
        note_own_try(refused, "reconciliation", asked.bank.id, asked.month.words)
        return _page(_asked(asked.bank.code, asked.month.text), loose=refused.sentence), 409
    flash(said if first else "Sudah tersimpan sebelumnya.", "success")
    return redirect(asked.url + at)


@needs(P.PREPARE_RECONCILIATION)
def note_difference(code: str, text: str, loan_id: int) -> Answer:
    asked, form = _asked(code, text), NoteForm()
    if not form.validate():
        return _page(asked, form, loose=" ".join(form.text.errors)), 422

    def deed() -> int:
        words = " ".join(form.text.data.split())
        bank, settles = asked.bank, bool(form.settles.data)
        return actions.add_note(
            db.session(), bank, asked.month, loan_id, words, settles, me().id, clock.now()
        )

    return _done(asked, f"note_difference {loan_id}", deed, "Catatan disimpan.", "#selisih")


@needs(P.PREPARE_RECONCILIATION)
def strike_note(code: str, text: str, note_id: int) -> Answer:
    asked, form = _asked(code, text), StrikeForm()
    if not form.validate():
        return _page(asked, form, loose=" ".join(form.reason.errors)), 422

    def deed() -> int:
        reason = " ".join(form.reason.data.split())
        return actions.strike_note(db.session(), asked.bank, note_id, reason, me().id, clock.now())

    return _done(asked, f"strike_note {note_id}", deed, "Catatan dicoret.", "#selisih")


@needs(P.PREPARE_RECONCILIATION)
def propose(code: str, text: str) -> Answer:
    asked, form = _asked(code, text), ProposeForm()
    if not form.validate():
        return _page(asked, form, loose=" ".join(form.note.errors)), 422

    def deed() -> int:
        note = " ".join((form.note.data or "").split())
        return actions.propose(
            db.session(), asked.bank, asked.month, form.shown.data, note, me().id, clock.now()
        )

    said = "Penutupan diusulkan dan menunggu kepala bidang."
    return _done(asked, "propose_closing", deed, said)


@needs(P.CLOSE_MONTH)
def give_back(code: str, text: str) -> Answer:
    asked, form = _asked(code, text), ReturnForm()
    if not form.validate():
        return _page(asked, form, loose=" ".join(form.reason.errors)), 422

    def deed() -> int:
        reason = " ".join(form.reason.data.split())
        return actions.give_back(
            db.session(), asked.bank, asked.month, reason, me().id, clock.now()
        )

    return _done(asked, "give_back_closing", deed, "Usulan dikembalikan kepada petugas.")


def _about_to_close(code: str, text: str) -> Deed:
    asked = _asked(code, text)
    document = asked.document()
    return Deed(
        f"Menutup {asked.month.words}",
        [
            ("Bank penyalur", asked.bank.name),
            ("Saldo pokok akhir bulan", rupiah(document.movement.closing)),
            ("Pinjaman berjalan", number(document.loans_closing)),
        ],
    )


@needs(P.CLOSE_MONTH)
@proven(_about_to_close)
def close(code: str, text: str) -> Answer:
    asked = _asked(code, text)
    seen = request.form.get("shown", "")

    def deed() -> int:
        return actions.close(db.session(), asked.bank, asked.month, seen, me().id, clock.now())

    said = f"{asked.month.words} {asked.bank.name} ditutup. Angkanya tidak berubah lagi."
    return _done(asked, "close_month", deed, said)


@needs(P.ISSUE_LETTER)
def issue(code: str, text: str) -> Answer:
    asked = _asked(code, text)

    def deed() -> int:
        if asked.closed is None:
            raise Refused("not_closed", "Tutup bulan ini dahulu; baru ada yang ditandatangani.")
        return actions.issue(db.session(), asked.closed, asked.bank, me().id, clock.now())

    return _done(asked, "issue_reconciliation", deed, "Berita Acara terbit dan dapat dicetak.")


@needs(P.SEE_PERSONAL_DATA)
def minutes(code: str, text: str, paper_id: int) -> Response:
    """The Berita Acara, from what was kept when it was issued."""
    asked = _asked(code, text)
    papers = queries.papers_of_month(db.session(), asked.closed.id) if asked.closed else []
    if paper_id not in {paper.id for paper in papers}:
        not_found("paper", paper_id)
    data = paper_data(db.session(), paper_id)
    assert data is not None, "a paper has its document"
    out = io.BytesIO(paper_pdf(data, public_address(), logos_of(db.session())))
    record_apart(clock.now(), me().id, "paper_printed", "paper", paper_id)
    name = f"berita-acara-rekonsiliasi-{code.lower()}-{text}.pdf"
    return send_file(out, mimetype="application/pdf", download_name=name)


@needs(P.SEE_RECONCILIATION)
def later_list(code: str, text: str) -> str:
    asked = _asked(code, text)
    if asked.closed is None:
        not_found("reconciliation", asked.bank.id)
    return render_template(
        "reconciliation/later_list.html",
        asked=asked,
        month=asked.month,
        bank=asked.bank,
        closed=asked.closed,
        found=_later(asked.closed),
        kinds=KINDS,
        day_of=dt.date.fromisoformat,
        sees_people=_sees_people(),
    )


def _later(closed: Closed) -> list[queries.LateLine]:
    found = queries.later_entries(db.session(), closed)
    if _sees_people():
        return found
    return [replace(line, entry=lists.hidden(line.entry)) for line in found]


@needs(P.SEE_RECONCILIATION)
def export(code: str, text: str, which: str, kind: str) -> Response:
    """A list of a month as a file; of a closed month always the same bytes, but for what came
    later."""
    asked = _asked(code, text)
    sheet = _sheet(asked, which)
    notes = [f"{asked.bank.name}, {asked.month.words}"]
    closed = asked.closed if which != "susulan" else None
    if closed is not None:
        notes.append(f"Ditutup {moment(closed.closed_at)} WIB oleh {closed.closed_by}")
        notes.append(f"Sidik dokumen {closed.data_hash}")
    else:
        notes.append("Belum ditutup; angka dapat berubah" if asked.closed is None else "Susulan")
        notes.append(f"Diekspor {moment(clock.now())} WIB oleh {me().name}")
    record_export(clock.now(), me().id, f"reconciliation_{which}", asked.bank.id, kind, notes)
    name = f"rekonsiliasi-{code.lower()}-{text}-{which}"
    made_at = closed.closed_at if closed else None
    return list_file(kind, name, sheet.title, sheet.headings, sheet.rows, notes, made_at)


def _sheet(asked: Asked, which: str) -> lists.Sheet:
    if which == "susulan":
        return lists.late_sheet(_later(asked.closed) if asked.closed else [])
    seen = lists.as_seen(asked.document(), _sees_people())
    if which == "pernyataan":
        return lists.statement_sheet(seen)
    if which == "selisih":
        return lists.difference_sheet(lists.with_cause(seen, _cause()))
    return lists.line_sheet(lists.in_order(seen.lines, _line_order()))


ONE = "/rekonsiliasi/<code>/<text>"
pages.add_url_rule("/rekonsiliasi", view_func=month_list)
pages.add_url_rule(ONE, view_func=month)
pages.add_url_rule(f"{ONE}/susulan", view_func=later_list)
pages.add_url_rule(f"{ONE}/<any({', '.join(LISTS)}):which>.<any(xlsx, csv):kind>", view_func=export)
pages.add_url_rule(f"{ONE}/usulkan", view_func=propose, methods=["POST"])
pages.add_url_rule(f"{ONE}/kembalikan", view_func=give_back, methods=["POST"])
pages.add_url_rule(f"{ONE}/tutup", view_func=close, methods=["POST"])
pages.add_url_rule(f"{ONE}/berita-acara", view_func=issue, methods=["POST"])
pages.add_url_rule(f"{ONE}/berita-acara/<int:paper_id>.pdf", view_func=minutes)
pages.add_url_rule(f"{ONE}/selisih/<int:loan_id>", view_func=note_difference, methods=["POST"])
pages.add_url_rule(f"{ONE}/catatan/<int:note_id>/coret", view_func=strike_note, methods=["POST"])
