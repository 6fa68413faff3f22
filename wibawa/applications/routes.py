from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try, takes_photos
from wibawa.access.permissions import Permission
from wibawa.applications import actions, lists, queries
from wibawa.applications.checks import Wish
from wibawa.applications.deadlines.routes import URLS as DEADLINE_URLS
from wibawa.applications.entry import (
    Entry,
    compare,
    drafts_of,
    entry_form,
    offer,
    read_entry,
    typed_wish,
)
from wibawa.applications.export import URLS as EXPORT_URLS
from wibawa.applications.forms import (
    AGE_CHOICES,
    BANK_STATE_CHOICES,
    LIMIT_CHOICES,
    SAID,
    STATE_CHOICES,
    ReasonForm,
    RegisteredForm,
    SearchForm,
    VisitForm,
    body_of,
    chips_of,
    entry_url,
    is_complete,
    put_at_fields,
    read_filter,
    visit_from,
    whole,
)
from wibawa.applications.moves import Author
from wibawa.applications.queries import Case
from wibawa.banks.queries import all_banks, terms_on
from wibawa.borrowers.forms import entered_borrower
from wibawa.borrowers.queries import BorrowerFacts, find_borrowers, sectors
from wibawa.database import db
from wibawa.decisions.queries import source_of
from wibawa.disbursements.queries import paid_out, running_loans
from wibawa.home.queries import elsewhere
from wibawa.rules.eligibility import Verdict
from wibawa.rules.masking import mask_people
from wibawa.rules.money import AmountError, parse_typed
from wibawa.rules.refused import Refused
from wibawa.rules.statuses import Action, State, allowed, not_now
from wibawa.scans.queries import papers_of_application
from wibawa.web import clock
from wibawa.web.pages import address, sort_address, wanted

pages = Blueprint("applications", __name__)

FOUND_AT_ONCE = 10
CHECKED = {State.DRAFT, State.RETURNED, State.SUBMITTED, State.VISITED}
KEPT = (
    "Isian Anda tersimpan di server sebagai formulir yang belum selesai; lanjutkan kapan saja dari "
    "daftar Permohonan."
)
Loose = list[tuple[str, str | None]]
Answer = str | Response | tuple[str, int]
P = Permission


@needs(P.SEE_APPLICATIONS)
def application_list() -> str:
    session, person, today = db.session(), me(), clock.today()
    banks = all_banks(session, person.bank_id)
    codes = {bank.code: bank.id for bank in banks}
    asked_for = read_filter(request.args, codes, person.bank_id)
    asked = wanted(request.args.to_dict(), lists.SORTS, "-sejak")
    waits = lists.waits_for(person)
    page, totals = lists.application_lines(session, asked_for, asked, waits, today)
    waiting, count = lists.waiting_lines(session, person, today)
    return render_template(
        "applications/application_list.html",
        page=page,
        totals=totals,
        asked=asked,
        waiting=waiting,
        waiting_count=count,
        drafts=[(each, entry_url(each.form, each.id)) for each in drafts_of(session, person.id)],
        chips=chips_of(asked_for, {bank.id: bank.name for bank in banks}),
        states=BANK_STATE_CHOICES if person.bank_id else STATE_CHOICES,
        ages=AGE_CHOICES,
        limits=LIMIT_CHOICES,
        banks=[("", "Semua bank"), *((bank.code, bank.name) for bank in banks)],
        urls=(address("hal"), address("per_hal"), sort_address()),
        asked_fields={key: request.args.get(key) for key in ("keadaan", "bank", "batas", "lama")},
    )


def _examined(wish: Wish, apart_from: int | None = None) -> Verdict:
    return queries.examine(db.session(), wish, clock.today(), elsewhere, apart_from)


@needs(P.RECORD_APPLICATION)
def choose_borrower() -> str:
    form, session = SearchForm(), db.session()
    found = []
    if form.validate_on_submit():
        found = find_borrowers(session, form.text.data, FOUND_AT_ONCE + 1)
    ids = [line.id for line in found]
    return render_template(
        "applications/choose_borrower.html",
        form=form,
        searched=form.is_submitted() and not form.errors,
        found=found[:FOUND_AT_ONCE],
        more=len(found) > FOUND_AT_ONCE,
        running=dict(running_loans(session, ids, clock.today())),
        open=queries.open_by_borrower(session, ids),
    )


@needs(P.RECORD_APPLICATION)
def new_application() -> Answer:
    sent = request.method == "POST"
    entry = read_entry(db.session(), request.args, me().id, sent=sent)
    if entry is None:
        return redirect(url_for("applications.choose_borrower"))
    form = entry_form(db.session(), entry, clock.today(), sent=sent)
    if request.method == "GET" or "hitung" in request.form:
        return _entry_page(entry, form)
    wish = typed_wish(db.session(), form, entry.kind, entry.borrower)
    if not form.validate():
        return _unfinished(entry, form, put_at_fields(form, _examined(wish).blocks))
    try:
        number, first = _once("record_application", lambda: _record(entry, form, wish))
    except Refused as refused:
        return _unfinished(entry, form, _obstacles(form, refused))
    _say_recorded(first)
    return redirect(url_for("applications.application", application_id=number))


def _record(entry: Entry, form: Any, wish: Wish) -> int:
    session, new = db.session(), entered_borrower(form, entry.kind) if entry.kind else None
    submitted = "simpan" not in request.form
    number = actions.record(session, wish, new, _author(), elsewhere, submitted=submitted)
    if entry.draft_id is not None:
        actions.drop_draft(
            session, entry.draft_id, me().id, clock.now(), "sudah menjadi permohonan"
        )
    return number


def _author() -> Author:
    return Author(me().id, me().role, clock.now())


def _unfinished(entry: Entry, form: Any, loose: Loose) -> Response | tuple[str, int]:
    """Keep what was typed on the server, so that it survives a closed browser, and show it."""
    db.session.rollback()
    session, body = db.session(), body_of(request.form)
    typed = mask_people(" ".join((form.name.data or "").split())) if not entry.borrower else ""
    name = entry.borrower.name if entry.borrower else typed
    kept = actions.keep_draft(
        session, entry.draft_id, entry.name, name[:120], body, me().id, clock.now()
    )
    session.commit()
    flash(KEPT, "success")  # it also tells the browser to forget its own copy
    if "simpan" in request.form:
        return redirect(entry_url(entry.name, kept))
    return _entry_page(replace(entry, draft_id=kept), form, loose), 409


def _obstacles(form: Any, refused: Refused) -> Loose:
    """The words of a refusal for the summary; those of a field go to the field."""
    if isinstance(refused, actions.NotEligible):
        return put_at_fields(form, refused.verdict.blocks)
    if refused.code == "form_used":
        form.request_key.data = once.new_key()
        sentence = "Formulir ini sudah pernah dikirim dengan isi yang lain, yang sudah tercatat. "
        sentence += "Periksa daftar permohonan; bila ini permohonan lain, simpan sekali lagi."
        return [(sentence, url_for("applications.application_list"))]
    return [(refused.sentence, None)]


def _say_recorded(first: bool) -> None:
    if not first:
        flash("Formulir ini sudah dikirim sebelumnya. Inilah permohonan yang tercatat.", "info")
    elif "simpan" in request.form:
        flash("Permohonan disimpan sebagai draf. Ajukan bila syaratnya sudah lengkap.", "success")
    else:
        flash(SAID[Action.SUBMIT], "success")


def _entry_page(entry: Entry, form: Any, loose: Loose | None = None) -> str:
    """The form with what stands in the way: at its fields once it was sent, else on top."""
    blank = entry.kind is not None and entry.body is None and request.method == "GET"
    wish = typed_wish(db.session(), form, entry.kind, entry.borrower)
    return _form_page(
        form,
        entry.borrower,
        loose,
        kind=entry.kind,
        verdict=None if blank else _examined(wish),
        draft_id=entry.draft_id,
        action=entry_url(entry.name, entry.draft_id),
        sectors=sectors(db.session()) if entry.kind else [],
    )


def _form_page(form: Any, borrower: BorrowerFacts | None, loose: Loose | None, **more: Any) -> str:
    session, today = db.session(), clock.today()
    bank_id, months = whole(form.bank_id.data), whole(form.months.data)
    return render_template(
        "applications/new_application.html",
        form=form,
        borrower=borrower,
        loose=loose or [],
        terms=terms_on(session, today),
        comparison=compare(session, bank_id, form.amount.data, months, today),
        **({"facts": None, "sectors": [], "kind": None, "draft_id": None} | more),
    )


@needs(P.RECORD_APPLICATION)
def preview() -> str:
    """A fragment for the form. Its address carries bank, amount and months, never a person."""
    try:
        amount: int | None = parse_typed(request.args.get("amount", ""))
    except AmountError:
        amount = None
    bank_id, months = whole(request.args.get("bank_id")), whole(request.args.get("months"))
    found = compare(db.session(), bank_id, amount, months, clock.today())
    return render_template("applications/preview.html", comparison=found)


@needs(P.RECORD_APPLICATION)
def drop_draft(draft_id: int) -> Response:
    if not actions.drop_draft(db.session(), draft_id, me().id, clock.now()):
        not_found("application_draft", draft_id)
    db.session.commit()
    flash("Formulir yang belum selesai itu dihapus.", "success")
    return redirect(url_for("applications.application_list"))


@needs(P.RECORD_APPLICATION)
def edit_application(application_id: int) -> Answer:
    found = _case(application_id)
    facts = found.facts
    if Action.REVISE not in _allowed(found):
        return _page(found, loose=[(not_now(facts.state, Action.REVISE), None)]), 409
    stored = vars(facts) | {"bank_id": str(facts.bank_id), "months": str(facts.months)}
    form: Any = RegisteredForm(data=stored | {"shown": found.shown})
    offer(db.session(), form, clock.today(), facts.months)
    wish, loose = typed_wish(db.session(), form, None, found.borrower), Loose()
    if form.validate_on_submit():
        done = _moved(application_id, Action.REVISE, partial(actions.revise, wish=wish))
        if not isinstance(done, Refused):
            return done
        loose = _obstacles(form, done)
    return _edit_page(found, form, wish, loose)


def _edit_page(found: Case, form: Any, wish: Wish, loose: Loose) -> str | tuple[str, int]:
    form.request_key.data = form.request_key.data or once.new_key()
    page = _form_page(
        form,
        found.borrower,
        loose,
        facts=found.facts,
        verdict=_examined(wish, found.facts.id),
        action=url_for("applications.edit_application", application_id=found.facts.id),
    )
    return (page, 409) if loose else page


@needs(P.SEE_APPLICATIONS)
def application(application_id: int) -> str:
    return _page(_case(application_id))


def _case(application_id: int) -> Case:
    found = queries.case(db.session(), application_id)
    if found is None or not found.is_seen_by(me().bank_id):
        not_found("application", application_id)
    return found


def _allowed(found: Case) -> list[Action]:
    """What this person may do here now."""
    may = allowed(found.facts.state, me().role, me().id, found.authors)
    return [action for action in may if action in SAID]


def _page(found: Case, form: ReasonForm | None = None, loose: Loose | None = None) -> str:
    facts, may = found.facts, _allowed(found)
    decides = facts.state is State.VISITED and me().may(P.DECIDE_APPLICATION)
    payments = paid_out(db.session(), facts.id)
    return render_template(
        "applications/application.html",
        facts=facts,
        borrower=found.borrower,
        visits=found.visits,
        found=found,
        papers=papers_of_application(db.session(), found.standing.holder, clock.today()),
        source=source_of(db.session(), facts.id),
        cost=compare(db.session(), facts.bank_id, facts.amount, facts.months, clock.today()),
        verdict=_examined(found.wish, facts.id) if facts.state in CHECKED else None,
        events=queries.events_of(found.moves_for(me().bank_id)),
        may={action.value for action in may},
        late=(clock.today() - facts.due_on).days if facts.due_on else 0,
        prepared_by_me=decides and Action.RECOMMEND not in may,
        keys=(once.new_key(), once.new_key()),
        payments=payments,
        pending=any(each.status == "recorded" for each in payments),
        form=form or ReasonForm(formdata=None),
        loose=loose or [],
    )


def _moved(
    application_id: int, action: Action, deed: Callable[..., None], files: str = ""
) -> Response | Refused:
    """Make the move once for this form and go to its page, or hand back why not."""
    shown = request.form.get("shown", "")

    def numbered() -> int:
        deed(db.session(), application_id, shown=shown, author=_author())
        return application_id

    try:
        _once(f"{action.value}_application {application_id}", numbered, files)
    except Refused as refused:
        db.session.rollback()
        if refused.code == "not_there":
            not_found("application", application_id)
        note_own_try(refused, "application", application_id)
        return refused
    flash(SAID[action], "success")
    return redirect(url_for("applications.application", application_id=application_id))


def _move(application_id: int, action: Action, deed: Callable[..., None]) -> Answer:
    done = _moved(application_id, action, deed)
    if not isinstance(done, Refused):
        return done
    loose: Loose = [(done.sentence, None)]
    if isinstance(done, actions.NotEligible):
        loose = [(problem.message, None) for problem in done.verdict.blocks]
    form = ReasonForm() if "reason" in request.form else None
    return _page(_case(application_id), form, loose), 409


@needs(P.RECORD_APPLICATION)
def submit(application_id: int) -> Answer:
    deed = partial(actions.submit, elsewhere=elsewhere)
    return _move(application_id, Action.SUBMIT, deed)


@needs(P.DECIDE_APPLICATION)
def recommend(application_id: int) -> Answer:
    deed = partial(actions.recommend, elsewhere=elsewhere)
    return _move(application_id, Action.RECOMMEND, deed)


@needs(P.RETURN_APPLICATION)
def send_back(application_id: int) -> Answer:
    return _end(application_id, Action.RETURN)


@needs(P.DECIDE_APPLICATION)
def refuse(application_id: int) -> Answer:
    return _end(application_id, Action.REFUSE)


@needs(P.RECORD_APPLICATION)
def withdraw(application_id: int) -> Answer:
    return _end(application_id, Action.WITHDRAW)


def _end(application_id: int, action: Action) -> Answer:
    """Return, refuse or withdraw with the reason that was typed."""
    form, found = ReasonForm(), _case(application_id)
    if action in _allowed(found) and not form.validate():
        return _page(found, form)
    reason = " ".join((form.reason.data or "").split())
    deed = partial(actions.end, action=action, reason=reason, elsewhere=elsewhere)
    return _move(application_id, action, deed)


@takes_photos
@needs(P.RECORD_APPLICATION)
def visit(application_id: int) -> Answer:
    found = _case(application_id)
    form, loose = VisitForm(data={"shown": found.shown, "visited_on": clock.today()}), Loose()
    complete = is_complete(form, clock.today(), found.facts.amount)
    if not complete and Action.VISIT not in _allowed(found):
        return _page(found, loose=[(not_now(found.facts.state, Action.VISIT), None)]), 409
    db.session.rollback()  # no lock while the photos are opened
    photos = form.read(complete=complete)
    if photos is not None:
        room = current_app.config["SCANS_ROOM_BYTES"]
        deed = partial(actions.visit, seen=visit_from(form), photos=photos, room=room)
        done = _moved(application_id, Action.VISIT, deed, form.digest())
        if not isinstance(done, Refused):
            return done
        if done.code == "wrong_state":
            return _page(_case(application_id), loose=[(done.sentence, None)]), 409
        loose = _obstacles(form, done)
    form.request_key.data = form.request_key.data or once.new_key()
    values = {"facts": found.facts, "borrower": found.borrower, "loose": loose}
    page = render_template("applications/visit.html", form=form, **values)
    return (page, 409) if loose else page


def _once(action: str, deed: Callable[[], int], files: str = "") -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    person, now, sent = me().id, clock.now(), request.form.copy()
    sent["files"] = files
    done = once.do_once(db.session(), sent, request.full_path, person, action, now, deed)
    db.session.commit()
    return done


ONE = "/permohonan/<int:application_id>"
for _address, _view, _methods in (
    ("/permohonan", application_list, ["GET"]),
    ("/permohonan/baru/peminjam", choose_borrower, ["GET", "POST"]),
    ("/permohonan/baru", new_application, ["GET", "POST"]),
    ("/permohonan/pratinjau", preview, ["GET"]),
    ("/permohonan/draf/<int:draft_id>/hapus", drop_draft, ["POST"]),
    (ONE, application, ["GET"]),
    (f"{ONE}/ubah", edit_application, ["GET", "POST"]),
    (f"{ONE}/kunjungan", visit, ["GET", "POST"]),
    (f"{ONE}/ajukan", submit, ["POST"]),
    (f"{ONE}/rekomendasikan", recommend, ["POST"]),
    (f"{ONE}/kembalikan", send_back, ["POST"]),
    (f"{ONE}/tolak", refuse, ["POST"]),
    (f"{ONE}/batalkan", withdraw, ["POST"]),
    *DEADLINE_URLS,
    *EXPORT_URLS,
):
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
