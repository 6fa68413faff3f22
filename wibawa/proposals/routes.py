from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found, own_bank_only
from wibawa.access.permissions import Permission
from wibawa.applications.moves import Author
from wibawa.banks.models import Bank
from wibawa.banks.queries import QuotaLine, all_banks, quota_lines
from wibawa.database import db
from wibawa.letters.queries import paper_data
from wibawa.proposals import actions, queries
from wibawa.proposals.forms import chosen_from
from wibawa.proposals.letter import HEADINGS
from wibawa.proposals.queries import ProposalFacts
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.clock import in_wib
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, wanted, without

pages = Blueprint("proposals", __name__)

P = Permission
LIST_HEADINGS = (
    "Nomor surat", "Bank", "Permohonan", "Jumlah diminta (Rp)", "Dikirim", "Oleh",
)  # fmt: skip
Answer = str | Response | tuple[str, int]


@needs(P.SEE_PROPOSALS)
def proposal_list() -> str:
    banks, bank_id, asked = _list_asked()
    waiting = queries.waiting_by_bank(db.session()) if me().bank_id is None else {}
    chosen = [bank.name for bank in banks if len(banks) > 1 and bank.id == bank_id]
    chips = [{"label": f"Bank: {name}", "remove_url": without("bank")} for name in chosen]
    return render_template(
        "proposals/proposal_list.html",
        page=queries.proposal_page(db.session(), bank_id, asked),
        banks=banks,
        chips=chips,
        choices=[("", "Semua bank"), *((bank.code, bank.name) for bank in banks)],
        waiting=waiting,
        page_url=address("hal"),
        size_url=address("per_hal"),
    )


def _list_asked() -> tuple[list[Bank], int | None, Wanted]:
    """The banks that this person may choose from, the chosen one, and the order."""
    banks = all_banks(db.session(), me().bank_id)
    codes = {bank.code: bank.id for bank in banks}
    bank_id = me().bank_id or codes.get(request.args.get("bank", ""))
    return banks, bank_id, wanted(request.args.to_dict(), queries.SORTS, "-dikirim")


@needs(P.SEE_PROPOSALS)
def export_list(kind: str) -> Response:
    banks, bank_id, asked = _list_asked()
    named = [bank.name for bank in banks if bank.id == bank_id]
    notes = [
        f"Saringan: {named[0] if named else 'semua bank'}",
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    trail.record_export(clock.now(), me().id, "proposal_list", None, kind, notes)
    found = queries.all_proposals(db.session(), bank_id, asked)
    rows = [(p.number, p.bank, p.count, p.amount, in_wib(p.at).date(), p.by) for p in found]
    name = f"usulan-{clock.today().isoformat()}"
    return list_file(kind, name, "Usulan Kredit Wibawa ke bank", LIST_HEADINGS, rows, notes)


@needs(P.SEND_PROPOSAL)
def new_proposal() -> str:
    session = db.session()
    waiting = queries.waiting_by_bank(session)
    bank = _bank(request.args.get("bank", ""), waiting)
    return render_template(
        "proposals/new_proposal.html",
        bank=bank,
        banks=all_banks(session),
        waiting=waiting,
        lines=queries.candidates(session, bank.id),
        chosen=chosen_from(request.args.getlist("pilih")),
        today=clock.today(),
        quota=_quota(bank),
        most=queries.MOST_AT_ONCE,
    )


def _bank(code: str, waiting: dict[int, tuple[int, int]]) -> Bank:
    """The bank that the address names; else the one for which the most waits."""
    banks = all_banks(db.session())
    named = [bank for bank in banks if bank.code == code]
    return named[0] if named else max(banks, key=lambda bank: waiting.get(bank.id, (0, 0))[0])


def _quota(bank: Bank) -> QuotaLine:
    lines = quota_lines(db.session(), clock.today().year)
    return next(line for line in lines if line.bank_id == bank.id)


@needs(P.SEND_PROPOSAL)
def review_proposal() -> Answer:
    bank, chosen = _bank(request.args.get("bank", ""), {}), request.args.getlist("pilih")
    try:
        actions.check_size(chosen_from(chosen))
    except Refused as refused:
        flash(refused.sentence, "warning")
        return redirect(url_for("proposals.new_proposal", bank=bank.code))
    return _review(bank, chosen)


def _review(bank: Bank, chosen: list[str], said: str = "") -> str:
    lines = queries.candidates(db.session(), bank.id, chosen_from(chosen))
    return render_template(
        "proposals/review_proposal.html",
        bank=bank,
        lines=lines,
        asked=sum(each.amount for each in lines),
        recommended=sum(each.recommended_amount for each in lines),
        quota=_quota(bank),
        today=clock.today(),
        loose=[(said, None)] if said else [],
        missing=len(chosen_from(chosen)) - len(lines),
        key=once.new_key(),
    )


@needs(P.SEND_PROPOSAL)
def send_proposal() -> Answer:
    session, person, now = db.session(), me(), clock.now()
    number = asked_number(request.form.get("bank_id", ""), 1, 999_999) or 0
    bank = session.get(Bank, number)
    if bank is None:
        raise Refused("bank_unknown", "Bank tujuan tidak dikenal. Buka Usulan, lalu pilih lagi.")
    chosen = request.form.getlist("pilih")
    author = Author(person.id, person.role, now)

    def deed() -> int:
        return actions.send(session, bank, chosen_from(chosen), author)

    try:
        proposal_id, first = _once(deed)
    except Refused as refused:
        session.rollback()
        return _review(session.get_one(Bank, number), chosen, refused.sentence), 409
    if first:
        flash("Usulan dikirim. Bank melihatnya sekarang; unduh suratnya di bawah ini.", "success")
    else:
        flash("Usulan ini sudah dikirim sebelumnya.", "info")
    return redirect(url_for("proposals.proposal", proposal_id=proposal_id))


def _once(deed: Callable[[], int]) -> tuple[int, bool]:
    session, now = db.session(), clock.now()
    done = once.do_once(
        session, request.form, request.full_path, me().id, "send_proposal", now, deed
    )
    session.commit()
    return done


@needs(P.SEE_PROPOSALS)
def proposal(proposal_id: int) -> str:
    facts = _facts(proposal_id)
    lines = queries.sent_lines(db.session(), proposal_id)
    return render_template("proposals/proposal.html", facts=facts, lines=lines)


def _facts(proposal_id: int) -> ProposalFacts:
    found = queries.proposal_facts(db.session(), proposal_id) or not_found("proposal", proposal_id)
    own_bank_only(found.bank_id, "proposal", proposal_id)
    return found


@needs(P.SEE_PROPOSALS)
def sent_file(proposal_id: int) -> Response:
    """The list as it was sent, from the issued paper alone."""
    facts = _facts(proposal_id)
    data: Any = paper_data(db.session(), facts.paper_id)
    trail.record_apart(clock.now(), me().id, "proposal_exported", "proposal", proposal_id)
    notes = [
        f"Surat {facts.number} kepada {facts.bank}, {long_date(clock.in_wib(facts.at).date())}",
        "Isi KEPUTUSAN (setuju atau tolak), JUMLAH DISETUJUI, dan ALASAN, lalu kembalikan berkas.",
    ]
    name = f"usulan-{proposal_id}"
    return list_file("xlsx", name, "Usulan Kredit Wibawa", HEADINGS, data["rows"], notes)


pages.add_url_rule("/usulan", view_func=proposal_list)
pages.add_url_rule("/usulan/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
pages.add_url_rule("/usulan/baru", view_func=new_proposal)
pages.add_url_rule("/usulan/periksa", view_func=review_proposal)
pages.add_url_rule("/usulan/kirim", view_func=send_proposal, methods=["POST"])
pages.add_url_rule("/usulan/<int:proposal_id>", view_func=proposal)
pages.add_url_rule("/usulan/<int:proposal_id>/daftar.xlsx", view_func=sent_file)
