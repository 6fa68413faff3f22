from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import trail
from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.database import db
from wibawa.letters import actions, queries
from wibawa.letters.documents import KIND_WORDS, PaperKind, paper_number
from wibawa.letters.forms import OfficeForm, form_data
from wibawa.letters.queries import PaperFilter
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("letters", __name__)

SLUGS: Final = {
    "usulan": PaperKind.PROPOSAL,
    "persetujuan": PaperKind.APPROVAL,
    "penolakan-dinas": PaperKind.OFFICE_REFUSAL,
    "penolakan-bank": PaperKind.BANK_REFUSAL,
    "kelengkapan": PaperKind.COMPLETION,
}
LIST_HEADINGS = ("Nomor surat", "Jenis", "Perihal", "Bank", "Tanggal", "Diterbitkan oleh")
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
        "q": asked_for.text and f"Nomor memuat: {asked_for.text}",
    }
    return {key: label for key, label in said.items() if label}


@needs(Permission.SEE_LETTERS)
def export_list(kind: str) -> Response:
    asked_for, asked = _list_asked()
    said = ", ".join(_said(asked_for).values()) or "semua surat"
    notes = [f"Saringan: {said}", f"Diekspor {moment(clock.now())} WIB oleh {me().name}"]
    trail.record_apart(clock.now(), me().id, "list_exported", "paper_list", None)
    found = queries.all_papers(db.session(), asked_for, asked)
    rows = [(p.number, KIND_WORDS[p.kind], p.subject, p.bank, p.dated, p.by) for p in found]
    name = f"surat-keluar-{clock.today().isoformat()}"
    return list_file(kind, name, "Surat keluar", LIST_HEADINGS, rows, notes)


@needs(Permission.MANAGE_OFFICE)
def office() -> str | Response | tuple[str, int]:
    newest, today = queries.newest_profile(db.session()), clock.today()
    start = max(today, newest.valid_from)
    form = OfficeForm(data=form_data(newest) | {"valid_from": start, "shown": str(newest.id)})
    if not form.validate_on_submit():
        return _office_page(form)
    seen, now = asked_number(form.shown.data, 0, 999_999) or 0, clock.now()
    wanted = form.profile
    try:
        changed = actions.change_profile(db.session(), wanted, seen, me().id, now)
    except Refused as refused:
        db.session.rollback()
        return _office_page(form, refused.sentence), 409
    db.session.commit()
    said = f"Kop surat dan penandatangan disimpan, berlaku mulai {long_date(wanted.valid_from)}."
    flash(said if changed else "Tidak ada yang berubah.", "success")
    return redirect(url_for("letters.office"))


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
pages.add_url_rule("/surat-keluar", view_func=paper_list)
pages.add_url_rule("/surat-keluar/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
