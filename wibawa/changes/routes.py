from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try, own_bank_only, takes_photos
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.access.trail import record_export
from wibawa.banks.queries import all_banks
from wibawa.changes import actions, lists, queries
from wibawa.changes.actions import Wish
from wibawa.changes.case import loan_case
from wibawa.changes.effect import Effect, effect_of
from wibawa.changes.forms import RefusalForm
from wibawa.changes.kinds import ALL, ALONE, KINDS, OF_FILES, OF_LOANS, OF_SUSPENSE
from wibawa.changes.kinds.kind import Kind
from wibawa.changes.lists import ChangeFilter, ChangeLine
from wibawa.changes.queries import ChangeFacts
from wibawa.changes.rules.queries import rule_on
from wibawa.changes.rules.routes import URLS as RULE_URLS
from wibawa.database import db
from wibawa.letters.documents import KIND_WORDS
from wibawa.papers.queries import PaperOfLoan, open_quote, papers_of_loan
from wibawa.rules.refused import Refused
from wibawa.scans.forms import ScansForm, scan_limits, scans_form
from wibawa.scans.queries import (
    DocumentFacts,
    KindFacts,
    documents_of_requests,
    events_of,
    kinds_of_requests,
)
from wibawa.scans.reader import Scan
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("changes", __name__)

HIDDEN = "Disamarkan"
STATUS_CHOICES = [
    ("", "Semua"), ("menunggu", "Menunggu keputusan"), ("disetujui", "Disetujui"),
    ("ditolak", "Ditolak"),
]  # fmt: skip
HEADINGS = (
    "Nomor", "Jenis", "Pinjaman", "Peminjam", "Bank", "Alasan", "Diajukan oleh", "Diajukan pada",
    "Keadaan", "Diputuskan oleh", "Diputuskan pada", "Dokumen",
)  # fmt: skip
Loose = list[tuple[str, str | None]]
Answer = str | Response | tuple[str, int]


def _sees_people() -> bool:
    return me().may(Permission.SEE_PERSONAL_DATA)


# — asking —


@needs(Permission.REQUEST_CHANGE)
def choose_kind(loan_id: int) -> str:
    case = loan_case(db.session(), loan_id, clock.today()) or not_found("loan", loan_id)
    waiting = queries.waiting_of_loan(db.session(), loan_id)
    taken = next((each for each in waiting if each.kind in ALONE), None)
    return render_template(
        "changes/choose_kind.html",
        loan=case.loan,
        kinds=[(kind, kind.why_not(case)) for kind in OF_LOANS.values()],
        waiting=waiting,
        taken=taken,
        all_kinds=KINDS,
    )


@takes_photos
@needs(Permission.REQUEST_CHANGE)
def new_change(loan_id: int, word: str) -> Answer:
    return ask_page(OF_LOANS[word], loan_id, "loan", url_for("loans.loan", loan_id=loan_id))


@takes_photos
@needs(Permission.REQUEST_CHANGE)
def ask_suspense(suspense_id: int, word: str) -> Answer:
    back_url = url_for("loans.suspense", suspense_id=suspense_id)
    return ask_page(OF_SUSPENSE[word], suspense_id, "suspense", back_url)


@takes_photos
@needs(Permission.REQUEST_CHANGE)
def ask_file(upload_id: int, word: str) -> Answer:
    back_url = url_for("repayments.check_upload", upload_id=upload_id)
    return ask_page(OF_FILES[word], upload_id, "upload", back_url)


def ask_page(kind: Kind[Any], subject_id: int, what: str, back_url: str) -> Answer:
    """The form of any kind: the first press shows what would change, the second one asks for it,
    with the documents that are sent along."""
    case = kind.find(db.session(), subject_id, clock.today()) or not_found(what, subject_id)
    form: Any = kind.form()
    scans = scans_form(kinds_of_requests(db.session(), clock.today()))
    form.request_key.data = form.request_key.data or once.new_key()
    kind.prepare(form, case, request.args)
    valid = form.validate_on_submit()
    looks = "lihat" in request.form or not form.shown.data
    if looks:
        form.reason.errors = []
    db.session.rollback()  # no lock while the documents are opened
    papers = scans.read(complete=valid and not looks)
    if papers is None:
        return _ask_page(kind, case, form, scans, back_url)
    try:
        number, first = _once(
            f"request_{kind.code} {subject_id}",
            lambda: _ask(kind, case, form, papers),
            scans.digest(),
        )
    except Refused as refused:
        return _not_asked(kind, subject_id, form, scans, back_url, refused)
    if first:
        flash("Permintaan dicatat dan menunggu keputusan kepala bidang.", "success")
    else:
        flash("Permintaan ini sudah dikirim sebelumnya.", "info")
    return redirect(url_for("changes.change", change_id=number))


def _ask(kind: Kind[Any], case: Any, form: Any, papers: list[tuple[KindFacts, Scan]]) -> int:
    reason, room = " ".join(form.reason.data.split()), current_app.config["SCANS_ROOM_BYTES"]
    wish = Wish(kind.data(form), reason, form.shown.data, papers, room)
    subject = case.subject
    subject_id = subject.suspense_id or subject.upload_id or subject.loan_id
    return actions.ask(db.session(), kind, subject_id, wish, me().id, clock.now())


def _not_asked(
    kind: Kind[Any],
    subject_id: int,
    form: Any,
    scans: ScansForm,
    back_url: str,
    refused: Refused,
) -> Answer:
    db.session.rollback()
    if refused.code == "form_used":
        form.request_key.data = once.new_key()
    scans.read(complete=False)
    case = kind.find(db.session(), subject_id, clock.today())
    loose: Loose = [(refused.sentence, None)]
    return _ask_page(kind, case, form, scans, back_url, loose), 409


def _ask_page(
    kind: Kind[Any],
    case: Any,
    form: Any,
    scans: ScansForm,
    back_url: str,
    loose: Loose | None = None,
) -> str:
    """The form, and beside it what it would change once it is filled in readably."""
    loose, effect, why_not = list(loose or []), None, kind.why_not(case)
    if why_not is None and form.is_submitted() and not form.own_errors:
        try:
            effect = kind.effect(db.session(), case, kind.data(form))
        except Refused as refused:
            loose += [] if refused.sentence in dict(loose) else [(refused.sentence, None)]
    form.shown.data = effect.fingerprint if effect else ""
    return render_template(
        "changes/new_change.html",
        kind=kind,
        case=case,
        form=form,
        scans=scans,
        limits=scan_limits(),
        needs_document=kind.code in rule_on(db.session(), clock.today()).kinds,
        back_url=back_url,
        effect=effect,
        why_not=why_not,
        loose=loose,
    )


# — the list —


def _list_asked() -> tuple[ChangeFilter, Wanted, dict[str, str]]:
    """The filter and order of the list from the address, and the filters in words by their key; a
    bank officer is confined to the own bank."""
    banks = {bank.code: bank for bank in all_banks(db.session(), me().bank_id)}
    status, kind = request.args.get("keadaan", ""), request.args.get("jenis", "")
    bank = banks.get(request.args.get("bank", ""))
    by_word = {each.word: each for each in ALL}
    said = {}
    if status in lists.STATUSES:
        said["keadaan"] = f"Keadaan: {dict(STATUS_CHOICES)[status].lower()}"
    if kind in by_word:
        said["jenis"] = f"Jenis: {by_word[kind].label.lower()}"
    if bank is not None and me().bank_id is None:
        said["bank"] = bank.name
    asked_for = ChangeFilter(
        status if "keadaan" in said else "",
        by_word[kind].code if "jenis" in said else "",
        me().bank_id or (bank.id if bank else None),
    )
    return asked_for, wanted(request.args.to_dict(), lists.SORTS, "-diminta"), said


def _shown(line: ChangeLine) -> ChangeLine:
    """A line as this person may see it: without permission no name, and no free text."""
    if _sees_people():
        return line
    return replace(line, borrower=HIDDEN, account_text=HIDDEN, filename=HIDDEN, reason=HIDDEN)


@needs(Permission.SEE_LOANS)
def change_list() -> str:
    asked_for, asked, said = _list_asked()
    page, waiting = lists.change_lines(db.session(), asked_for, asked)
    banks = [] if me().bank_id else all_banks(db.session())
    return render_template(
        "changes/change_list.html",
        page=replace(page, rows=[_shown(line) for line in page.rows]),
        waiting=waiting,
        asked=asked,
        kinds=KINDS,
        statuses=STATUS_CHOICES,
        kind_choices=[("", "Semua jenis"), *((each.word, each.label) for each in ALL)],
        banks=[("", "Semua bank"), *((bank.code, bank.name) for bank in banks)] if banks else [],
        chips=[{"label": label, "remove_url": without(key)} for key, label in said.items()],
        kept={key: request.args.get(key) for key in ("keadaan", "jenis", "bank")},
        sees_people=_sees_people(),
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_LOANS)
def export_list(kind: str) -> Response:
    asked_for, asked, said = _list_asked()
    lines = lists.all_change_lines(db.session(), asked_for, asked)
    notes = [
        "Saringan: " + (", ".join(said.values()) or "semua permintaan"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_export(clock.now(), me().id, "loan_request_list", None, kind, notes)
    rows = [lists.export_row(_shown(line)) for line in lines]
    name = f"permintaan-{clock.today().isoformat()}"
    return list_file(kind, name, "Permintaan perubahan", HEADINGS, rows, notes)


# — one request —


@needs(Permission.SEE_LOANS)
def change(change_id: int) -> str:
    return _page(change_id, RefusalForm(formdata=None))


def _page(change_id: int, form: RefusalForm, loose: Loose | None = None) -> str:
    facts = queries.change_facts(db.session(), change_id)
    if facts is None:
        not_found("loan_request", change_id)
    own_bank_only(facts.bank_id, "loan_request", change_id)
    kind, waiting = KINDS[facts.kind], facts.status == "recorded"
    found, papers = _effect(kind, facts), documents_of_requests(db.session(), [facts.id])
    counting = [each for each in papers if each.counts]
    return render_template(
        "changes/change.html",
        facts=facts if _sees_people() else _anonymous(facts),
        kind=kind,
        said=kind.said(facts.data) if _sees_people() else [],
        sees_people=_sees_people(),
        effect=found if isinstance(found, Effect) else None,
        obstacle=found.sentence if isinstance(found, Refused) else None,
        shown=actions.shown(found, counting) if isinstance(found, Effect) else "",
        papers=counting,
        paper_kinds=kinds_of_requests(db.session(), clock.today()) if waiting else [],
        lacking=_lacking(facts) if waiting else None,
        events=_events(facts, papers),
        issued=_issued(facts),
        offers=_may_offer(facts),
        paper_words=(KIND_WORDS, once.new_key),
        may_decide=waiting and me().may(Permission.DECIDE_CHANGE),
        asked_by_me=facts.entered_by_id == me().id,
        approve_key=once.new_key(),
        refuse_key=once.new_key(),
        form=form,
        loose=loose or [],
    )


def _lacking(facts: ChangeFacts) -> str | None:
    missing = actions.document_missing(db.session(), facts, clock.today())
    return missing.sentence if missing else None


def _effect(kind: Kind[Any], facts: ChangeFacts) -> Effect | Refused | None:
    """What a waiting request would do now; of a decided one what whoever decided was shown."""
    if facts.status == "recorded":
        return actions.effect_now(db.session(), kind, facts, clock.today())
    return effect_of(facts.result["effect"]) if "effect" in facts.result else None


def _issued(facts: ChangeFacts) -> list[PaperOfLoan]:
    """The papers that were issued of an approved request."""
    if facts.status != "approved" or facts.loan_id is None:
        return []
    found = papers_of_loan(db.session(), facts.loan_id, clock.today())
    return [paper for paper in found if paper.request_id == facts.id]


def _may_offer(facts: ChangeFacts) -> bool:
    """Whether this early settlement may still be paid, so that its offer may be issued."""
    if facts.valid_until is None or facts.status != "approved" or facts.loan_id is None:
        return False
    until, quote = facts.valid_until, open_quote(db.session(), facts.loan_id)
    return until >= clock.today() and quote == facts.id


def _anonymous(facts: ChangeFacts) -> ChangeFacts:
    return replace(
        facts,
        borrower=HIDDEN,
        account_text=HIDDEN,
        filename=HIDDEN,
        reason=HIDDEN,
        decision_reason=HIDDEN,
    )


def _events(facts: ChangeFacts, papers: list[DocumentFacts]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [
        {"title": "Diajukan", "who": facts.entered_by, "when": facts.entered_at, "tone": "info"}
    ]
    if facts.decided_at is not None:
        approved = facts.status == "approved"
        events.append(
            {
                "title": "Disetujui" if approved else "Ditolak",
                "who": facts.decided_by,
                "when": facts.decided_at,
                "tone": "success" if approved else "danger",
                "detail": f"Alasan: {facts.decision_reason}"
                if not approved and _sees_people()
                else "",
            }
        )
    if me().may(Permission.SEE_DOCUMENTS):
        events += events_of(papers)
    return sorted(events, key=lambda each: each["when"])


def _about_to_approve(change_id: int) -> Deed:
    facts = queries.change_facts(db.session(), change_id) or not_found("loan_request", change_id)
    kind, asked = KINDS[facts.kind], [("Bank penyalur", facts.bank)]
    if facts.loan:
        asked.append(("Pinjaman", facts.loan))
    if _sees_people():
        asked += [("Tentang", facts.subject), *kind.said(facts.data)]
    return Deed(f"Menyetujui permintaan nomor {facts.id}: {kind.label}", asked)


@needs(Permission.DECIDE_CHANGE)
@proven(_about_to_approve)
def approve(change_id: int) -> Response | tuple[str, int]:
    seen = request.form.get("shown", "")

    def deed() -> int:
        return actions.approve(db.session(), change_id, seen, me().id, clock.now())

    try:
        _once(f"approve_change {change_id}", deed)
    except Refused as refused:
        return _refused(change_id, refused)
    facts = queries.change_facts(db.session(), change_id) or not_found("loan_request", change_id)
    flash(KINDS[facts.kind].agreed, "success")
    return redirect(url_for("changes.change", change_id=change_id))


@needs(Permission.DECIDE_CHANGE)
def refuse(change_id: int) -> Answer:
    form = RefusalForm()
    if not form.validate():
        return _page(change_id, form)
    reason = " ".join(form.reason.data.split())

    def deed() -> int:
        return actions.refuse(db.session(), change_id, reason, me().id, clock.now())

    try:
        _once(f"refuse_change {change_id}", deed)
    except Refused as refused:
        return _refused(change_id, refused)
    flash("Permintaan ditolak. Alasannya tersimpan dan terlihat oleh pengajunya.", "success")
    return redirect(url_for("changes.change", change_id=change_id))


def _refused(change_id: int, refused: Refused) -> tuple[str, int]:
    """The page as it is now, with the words of the refusal on top."""
    db.session.rollback()
    if refused.code == "not_there":
        not_found("loan_request", change_id)
    note_own_try(refused, "loan_request", change_id)
    return _page(change_id, RefusalForm(), [(refused.sentence, None)]), 409


def _once(action: str, deed: Callable[[], int], files: str = "") -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    sent, person, now = request.form.copy(), me().id, clock.now()
    sent["file"] = files
    done = once.do_once(db.session(), sent, request.full_path, person, action, now, deed)
    db.session.commit()
    return done


LOAN_WORDS = ", ".join(f'"{word}"' for word in OF_LOANS)
pages.add_url_rule("/pinjaman/<int:loan_id>/ubah", view_func=choose_kind)
pages.add_url_rule(
    f"/pinjaman/<int:loan_id>/ubah/<any({LOAN_WORDS}):word>",
    view_func=new_change,
    methods=["GET", "POST"],
)
for _words, _view, _path in (
    (OF_SUSPENSE, ask_suspense, "/titipan/<int:suspense_id>"),
    (OF_FILES, ask_file, "/angsuran/berkas/<int:upload_id>"),
):
    _any = ", ".join(f'"{word}"' for word in _words)
    pages.add_url_rule(f"{_path}/<any({_any}):word>", view_func=_view, methods=["GET", "POST"])
for _address, _page_of, _methods in RULE_URLS:
    pages.add_url_rule(_address, view_func=_page_of, methods=_methods)
pages.add_url_rule("/permintaan", view_func=change_list)
pages.add_url_rule("/permintaan/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
pages.add_url_rule("/permintaan/<int:change_id>", view_func=change)
pages.add_url_rule("/permintaan/<int:change_id>/setujui", view_func=approve, methods=["POST"])
pages.add_url_rule("/permintaan/<int:change_id>/tolak", view_func=refuse, methods=["POST"])
