from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try
from wibawa.access.permissions import Permission
from wibawa.banks.queries import places
from wibawa.borrowers.forms import whole_number
from wibawa.borrowers.queries import borrower_facts, find_borrowers
from wibawa.database import db
from wibawa.disbursements.queries import running_loans
from wibawa.merging import actions, queries
from wibawa.merging.actions import NewMerge, StandsAgainst
from wibawa.merging.checks import SAME_PERSON, fact_rows
from wibawa.merging.forms import MergeForm, RefusalForm, SearchForm, SplitForm, chosen_of
from wibawa.merging.queries import MergeFacts, Pair
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import STATE_WORDS
from wibawa.web import clock
from wibawa.web.pages import address, wanted, without

pages = Blueprint("merging", __name__)

FOUND_AT_ONCE = 10
STATUS_CHOICES = [
    ("", "Semua"),
    ("menunggu", "Menunggu persetujuan"),
    ("disetujui", "Disetujui"),
    ("ditolak", "Ditolak"),
]
Loose = list[tuple[str, str | None]]
Answer = str | Response | tuple[str, int]


@needs(Permission.SEE_BORROWERS)
def merge_list() -> str:
    status = request.args.get("keadaan", "")
    asked = wanted(request.args.to_dict(), ("nomor",), "-nomor")
    chips = []
    if status in queries.STATUSES:
        label = f"Keadaan: {dict(STATUS_CHOICES)[status]}"
        chips.append({"label": label, "remove_url": without("keadaan")})
    return render_template(
        "merging/merge_list.html",
        page=queries.merge_lines(db.session(), status, asked),
        statuses=STATUS_CHOICES,
        chips=chips,
        page_url=address("hal"),
        size_url=address("per_hal"),
    )


@needs(Permission.EDIT_BORROWER)
def choose_other(borrower_id: int) -> str:
    form, session = SearchForm(), db.session()
    facts = borrower_facts(session, borrower_id) or not_found("borrower", borrower_id)
    found = []
    if form.validate_on_submit():
        found = find_borrowers(session, form.text.data, FOUND_AT_ONCE + 2)
    others = [line for line in found if line.id != facts.id]
    return render_template(
        "merging/choose_other.html",
        borrower=facts,
        form=form,
        searched=form.is_submitted() and not form.errors,
        found=others[:FOUND_AT_ONCE],
        more=len(others) > FOUND_AT_ONCE,
        running=dict(running_loans(session, [line.id for line in others], clock.today())),
    )


@needs(Permission.EDIT_BORROWER)
def new_merge() -> Answer:
    found = _asked_pair()
    if found is None:
        flash("Pilih dua catatan yang berbeda dan belum digabung.", "warning")
        return redirect(url_for("borrowers.duplicate_list"))
    form = MergeForm()
    form.request_key.data = form.request_key.data or once.new_key()
    if not form.validate_on_submit():
        return _pair_page(found, form)
    try:
        number, first = _once("request_merge", lambda: _request(found, form))
    except Refused as refused:
        return _not_requested(form, refused)
    if first:
        flash("Permintaan penggabungan dicatat dan menunggu kepala bidang.", "success")
    else:
        flash("Permintaan ini sudah dikirim sebelumnya.", "info")
    return redirect(url_for("merging.merge", merge_id=number))


def _asked_pair() -> Pair | None:
    """The two records that the address names: the one that stays and the other."""
    kept, gone = (whole_number(request.args.get(name)) for name in ("tetap", "lain"))
    fits = all(number < 2**31 for number in (kept, gone))
    return queries.pair(db.session(), kept, gone, clock.today()) if fits else None


def _request(found: Pair, form: Any) -> int:
    new = NewMerge(
        found.kept.facts.id,
        found.gone.facts.id,
        chosen_of(request.form, found.kept, found.gone),
        form.same_person.data,
        " ".join(form.reason.data.split()),
        form.shown.data,
    )
    return actions.request_merge(db.session(), new, me().id, clock.now())


def _not_requested(form: Any, refused: Refused) -> Answer:
    db.session.rollback()
    found = _asked_pair()
    if found is None:
        flash(refused.sentence, "warning")
        return redirect(url_for("borrowers.duplicate_list"))
    if refused.code == "form_used":
        form.request_key.data = once.new_key()
    return _pair_page(found, form, _obstacles(refused)), 409


def _obstacles(refused: Refused) -> Loose:
    if isinstance(refused, StandsAgainst):
        return [(problem.message, None) for problem in refused.problems]
    return [(refused.sentence, None)]


def _pair_page(found: Pair, form: Any, loose: Loose | None = None) -> str:
    kept, gone = found.kept, found.gone
    chosen = chosen_of(request.form, kept, gone)
    alike = kept.facts.kind is gone.facts.kind
    form.shown.data = found.shown
    codes = {problem.code for problem in found.verdict.warnings}
    return render_template(
        "merging/new_merge.html",
        kept=kept,
        gone=gone,
        states=STATE_WORDS,
        verdict=found.verdict,
        rows=fact_rows(kept, gone, chosen, _places()) if alike else [],
        needs_cards=bool(codes & SAME_PERSON),
        form=form,
        loose=loose or [],
    )


def _places() -> dict[str, str]:
    found = places(db.session())
    return {each.code: f"{each.kelurahan}, Kecamatan {each.kecamatan}" for each in found}


@needs(Permission.SEE_BORROWERS)
def merge(merge_id: int) -> str:
    return _page(_facts(merge_id), RefusalForm(formdata=None))


def _facts(merge_id: int) -> MergeFacts:
    return queries.merge_facts(db.session(), merge_id) or not_found("borrower_merge", merge_id)


def _page(facts: MergeFacts, form: Any, loose: Loose | None = None) -> str:
    session, today = db.session(), clock.today()
    waiting = facts.status == "recorded"
    kept, gone = queries.sides(session, [facts.kept_id, facts.gone_id], today)
    found = queries.pair(session, facts.kept_id, facts.gone_id, today, facts.id)
    alike = kept.facts.kind is gone.facts.kind
    why_not = queries.may_split(session, facts)
    return render_template(
        "merging/merge.html",
        facts=facts,
        kept=kept,
        gone=gone,
        states=STATE_WORDS,
        rows=fact_rows(kept, gone, facts.chosen, _places()) if alike else [],
        verdict=found.verdict if waiting and found and not facts.is_split else None,
        lost=waiting and found is None and not facts.is_split,
        moved=queries.moved_by(session, facts.undoes_id or facts.id),
        may_decide=waiting and me().may(Permission.APPROVE_MERGE),
        mine=facts.entered_by_id == me().id,
        may_split=why_not is None and me().may(Permission.EDIT_BORROWER),
        why_not=why_not,
        shown=queries.fingerprint(session, facts, today) if waiting else "",
        keys=(once.new_key(), once.new_key()),
        form=form,
        loose=loose or [],
        events=_events(facts),
    )


def _events(facts: MergeFacts) -> list[dict[str, Any]]:
    asked = "Pemisahan diminta" if facts.is_split else "Penggabungan diminta"
    events = [
        {
            "title": asked,
            "who": facts.entered_by,
            "when": facts.entered_at,
            "tone": "info",
            "detail": f"Alasan: {facts.reason}",
        }
    ]
    if facts.decided_at is not None:
        approved = facts.status == "approved"
        events.append(
            {
                "title": "Disetujui" if approved else "Ditolak",
                "who": facts.decided_by,
                "when": facts.decided_at,
                "tone": "success" if approved else "danger",
                "detail": "" if approved else f"Alasan: {facts.decision_reason}",
            }
        )
    return events


@needs(Permission.APPROVE_MERGE)
def approve(merge_id: int) -> Answer:
    shown = request.form.get("shown", "")

    def deed() -> int:
        return actions.approve(db.session(), merge_id, shown, me().id, clock.now())

    try:
        kept_id, _ = _once(f"approve_merge {merge_id}", deed)
    except Refused as refused:
        return _refused(merge_id, refused)
    if _facts(merge_id).is_split:
        flash("Kedua catatan sudah dipisahkan lagi.", "success")
    else:
        flash("Kedua catatan sudah digabung. Semua yang melekat tampil di halaman ini.", "success")
    return redirect(url_for("borrowers.borrower", borrower_id=kept_id))


@needs(Permission.APPROVE_MERGE)
def refuse(merge_id: int) -> Answer:
    form = RefusalForm()
    if not form.validate():
        return _page(_facts(merge_id), form)
    reason, shown = " ".join(form.reason.data.split()), form.shown.data or ""

    def deed() -> int:
        session = db.session()
        return actions.refuse(session, merge_id, shown, reason, me().id, clock.now())

    try:
        _once(f"refuse_merge {merge_id}", deed)
    except Refused as refused:
        return _refused(merge_id, refused)
    flash("Permintaan ditolak. Alasannya tersimpan dan terlihat oleh pemintanya.", "success")
    return redirect(url_for("merging.merge", merge_id=merge_id))


@needs(Permission.EDIT_BORROWER)
def split(merge_id: int) -> Answer:
    facts, form = _facts(merge_id), SplitForm()
    if not form.validate():
        return _page(facts, form)
    reason = " ".join(form.reason.data.split())

    def deed() -> int:
        return actions.request_split(db.session(), merge_id, reason, me().id, clock.now())

    try:
        number, _ = _once(f"request_split {merge_id}", deed)
    except Refused as refused:
        return _refused(merge_id, refused)
    flash("Permintaan pemisahan dicatat dan menunggu kepala bidang.", "success")
    return redirect(url_for("merging.merge", merge_id=number))


def _refused(merge_id: int, refused: Refused) -> tuple[str, int]:
    """The page as it is now, with the words of the refusal on top."""
    db.session.rollback()
    note_own_try(refused, "borrower_merge", merge_id)
    form = RefusalForm() if "reason" in request.form else RefusalForm(formdata=None)
    return _page(_facts(merge_id), form, _obstacles(refused)), 409


def _once(action: str, deed: Callable[[], int]) -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    person, now = me().id, clock.now()
    done = once.do_once(db.session(), request.form, request.full_path, person, action, now, deed)
    db.session.commit()
    return done


ONE = "/peminjam/gabung/<int:merge_id>"
pages.add_url_rule("/peminjam/gabung", view_func=merge_list)
pages.add_url_rule("/peminjam/gabung/baru", view_func=new_merge, methods=["GET", "POST"])
pages.add_url_rule(
    "/peminjam/<int:borrower_id>/gabung", view_func=choose_other, methods=["GET", "POST"]
)
pages.add_url_rule(ONE, view_func=merge)
pages.add_url_rule(f"{ONE}/setujui", view_func=approve, methods=["POST"])
pages.add_url_rule(f"{ONE}/tolak", view_func=refuse, methods=["POST"])
pages.add_url_rule(f"{ONE}/pisahkan", view_func=split, methods=["POST"])
