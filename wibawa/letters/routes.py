from __future__ import annotations

from typing import Any, Final

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_login import AnonymousUserMixin
from werkzeug.wrappers import Response

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found, public
from wibawa.access.permissions import Permission
from wibawa.database import db
from wibawa.letters import actions, queries
from wibawa.letters.documents import KIND_WORDS, SHEETS, PaperKind, paper_number
from wibawa.letters.forms import OfficeForm, WithdrawForm, form_data
from wibawa.letters.queries import PaperFilter
from wibawa.papers.queries import why_void
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.brake import Brake
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("letters", __name__)

SLUGS: Final = {
    "usulan": PaperKind.PROPOSAL,
    "persetujuan": PaperKind.APPROVAL,
    "penolakan-dinas": PaperKind.OFFICE_REFUSAL,
    "penolakan-bank": PaperKind.BANK_REFUSAL,
    "kelengkapan": PaperKind.COMPLETION,
    "rekomendasi": PaperKind.RECOMMENDATION,
    "jadwal": PaperKind.SCHEDULE,
    "kartu": PaperKind.CARD,
    "bukti": PaperKind.RECEIPT,
    "lunas": PaperKind.PAYOFF,
    "peringatan": PaperKind.REMINDER,
    "penawaran": PaperKind.OFFER,
    "berita-acara": PaperKind.MINUTES,
    "tanda-terima": PaperKind.UPLOAD_RECEIPT,
    "rekonsiliasi": PaperKind.RECONCILIATION,
}
LIST_HEADINGS = (
    "Nomor surat", "Jenis", "Perihal", "Bank", "Tanggal", "Diterbitkan oleh", "Keadaan",
)  # fmt: skip
LONGEST_SEARCH = 80


def _list_asked() -> tuple[PaperFilter, Wanted]:
    """What the address asks of the list of issued papers; anything odd is left out."""
    kind = SLUGS.get(request.args.get("jenis", ""))
    year = asked_number(request.args.get("tahun", ""), 2000, 2999)
    text = " ".join(request.args.get("q", "").split())[:LONGEST_SEARCH]
    asked = wanted(request.args.to_dict(), queries.SORTS, "-tanggal")
    return PaperFilter(kind, year, text), asked


@needs(Permission.SEE_LETTERS)
def paper_list() -> str:
    asked_for, asked = _list_asked()
    said = _said(asked_for)
    years = queries.paper_years(db.session())
    return render_template(
        "letters/paper_list.html",
        page=queries.paper_page(db.session(), asked_for, asked),
        asked=asked,
        asked_for=asked_for,
        words=KIND_WORDS,
        kinds=[("", "Semua jenis"), *((slug, KIND_WORDS[kind]) for slug, kind in SLUGS.items())],
        years=[("", "Semua tahun"), *((str(year), str(year)) for year in years)],
        chips=[{"label": label, "remove_url": without(key)} for key, label in said.items()],
        kept={key: request.args.get(key) for key in ("jenis", "tahun", "q")},
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


def _said(asked_for: PaperFilter) -> dict[str, str]:
    """The filters in words, by the name they have in the address."""
    said: dict[str, Any] = {
        "jenis": asked_for.kind and f"Jenis: {KIND_WORDS[asked_for.kind]}",
        "tahun": asked_for.year and f"Tahun: {asked_for.year}",
        "q": asked_for.text and f"Nomor memuat “{asked_for.text}”",
    }
    return {key: label for key, label in said.items() if label}


@needs(Permission.SEE_LETTERS)
def export_list(kind: str) -> Response:
    asked_for, asked = _list_asked()
    said = ", ".join(_said(asked_for).values()) or "semua surat"
    notes = [f"Saringan: {said}", f"Diekspor {moment(clock.now())} WIB oleh {me().name}"]
    trail.record_export(clock.now(), me().id, "paper_list", None, kind, notes)
    found = queries.all_papers(db.session(), asked_for, asked)
    rows = [
        (p.number, KIND_WORDS[p.kind], p.subject, p.bank, p.dated, p.by, p.state) for p in found
    ]
    name = f"surat-keluar-{clock.today().isoformat()}"
    return list_file(kind, name, "Surat keluar", LIST_HEADINGS, rows, notes)


@needs(Permission.SEE_LETTERS)
def paper(paper_id: int) -> str:
    return _paper_page(paper_id, WithdrawForm(formdata=None))


def _paper_page(paper_id: int, form: WithdrawForm) -> str:
    facts = queries.paper_facts(db.session(), paper_id) or not_found("paper", paper_id)
    form.request_key.data = once.new_key()
    return render_template(
        "letters/paper.html", facts=facts, word=KIND_WORDS[facts.kind], form=form
    )


@needs(Permission.ISSUE_LETTER)
def withdraw(paper_id: int) -> str | Response | tuple[str, int]:
    session, person, now, form = db.session(), me(), clock.now(), WithdrawForm()
    if not form.validate():
        return _paper_page(paper_id, form), 422
    why = " ".join(form.reason.data.split())

    def deed() -> int:
        return actions.withdraw(session, paper_id, why, person.id, now)

    name = f"withdraw_paper {paper_id}"
    once.do_once(session, request.form, request.full_path, person.id, name, now, deed)
    session.commit()
    flash("Surat ditarik. Siapa pun yang memeriksa kodenya diberi tahu.", "success")
    return redirect(url_for("letters.paper", paper_id=paper_id))


@public
def check(token: str) -> Response:
    """Anybody who holds a paper: is it ours, and does it still count? Nothing else is told."""
    brakes = current_app.extensions
    brake = brakes.setdefault("papers_brake", Brake(current_app.config["CHECKS_A_MINUTE"], 60))
    if not brake.lets(request.remote_addr or "", clock.now()):
        return _check_page(429, found=None, busy=True)
    found = queries.checked_paper(db.session(), token)
    void = why_void(db.session(), found.id if found else 0, clock.today())
    return _check_page(200 if found else 404, found=found, void=void, busy=False)


def _check_page(status: int, **shown: Any) -> Response:
    """The page as a stranger sees it, whoever looks; no search engine and no other site is to know
    its address."""
    nobody = {"current_user": AnonymousUserMixin(), "menu": []}
    page = render_template("letters/check.html", words=KIND_WORDS, **shown, **nobody)
    answer = make_response(page, status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@needs(Permission.MANAGE_OFFICE)
def office() -> str | Response | tuple[str, int]:
    newest, today = queries.newest_profile(db.session()), clock.today()
    start = max(today, newest.valid_from)
    form = OfficeForm(data=form_data(newest) | {"valid_from": start, "shown": str(newest.id)})
    if not form.validate_on_submit():
        return _office_page(form)
    db.session.rollback()  # no lock while the logo is opened
    picture = form.read_logo()
    if form.logo_file.errors:
        return _office_page(form), 422
    try:
        changed = _change_office(form, picture, newest.logo)
    except Refused as refused:
        db.session.rollback()
        return _office_page(form, refused.sentence), 409
    start = form.valid_from.data or today
    said = f"Kop surat dan penandatangan disimpan, berlaku mulai {long_date(start)}."
    flash(said if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("letters.office"))


def _change_office(form: OfficeForm, picture: bytes | None, before: str) -> bool:
    """Whether something changed; without a new picture the logo of before stays."""
    session, person, now = db.session(), me().id, clock.now()
    seen = asked_number(form.shown.data, 0, 999_999) or 0
    logo = "" if form.no_logo.data else before
    if picture is not None:
        logo = actions.keep_logo(session, picture, person, now)
    changed = actions.change_profile(session, form.profile(logo), seen, person, now)
    session.commit()
    return changed


@needs(Permission.MANAGE_OFFICE)
def logo(digest: str) -> Response:
    """The picture itself, as it was drawn anew; another digest is another picture."""
    content = queries.logo_content(db.session(), digest) or not_found("office_logo", 0)
    answer = make_response(content)
    answer.mimetype = "image/jpeg"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Content-Disposition"] = 'inline; filename="logo.jpg"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _office_page(form: OfficeForm, said: str | None = None) -> str:
    session, today = db.session(), clock.today()
    history, current = queries.profile_history(session), queries.profile_on(session, today)
    form.shown.data, form.shown.raw_data = str(history[0].id), None
    return render_template(
        "letters/office.html",
        form=form,
        loose=[(said, None)] if said else [],
        history=history,
        current=current,
        kinds=[(kind.value, word) for kind, word in KIND_WORDS.items()],
        sheets=SHEETS,
        next_numbers={
            kind.value: paper_number(
                current.formats[kind],
                queries.last_sequence(session, kind, today.year) + 1,
                today,
            )
            for kind in KIND_WORDS
        },
    )


pages.add_url_rule("/pengaturan/kop-surat", view_func=office, methods=["GET", "POST"])
pages.add_url_rule("/pengaturan/kop-surat/logo/<digest>.jpg", view_func=logo)
pages.add_url_rule("/surat-keluar", view_func=paper_list)
pages.add_url_rule("/surat-keluar/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
pages.add_url_rule("/surat-keluar/<int:paper_id>", view_func=paper)
pages.add_url_rule("/surat-keluar/<int:paper_id>/tarik", view_func=withdraw, methods=["POST"])
pages.add_url_rule("/cek/<token>", view_func=check)
