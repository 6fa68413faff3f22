from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.banks.queries import thresholds_on
from wibawa.borrowers import queries
from wibawa.borrowers.forms import (
    KIND_LABELS,
    RUNNING_LABELS,
    NikForm,
    RegisterAsked,
    RevealForm,
    read_register,
)
from wibawa.borrowers.queries import BorrowerFacts, BorrowerLine, RegisterLine
from wibawa.database import db
from wibawa.home.queries import (
    BorrowerLoan,
    loans_of_borrower,
    running_by_borrower,
    waiting_of_borrower,
)
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.formats import moment
from wibawa.web.pages import Wanted, address, sort_address, wanted, without

pages = Blueprint("borrowers", __name__)

HEADINGS = (
    "Nama", "Jenis", "NIK", "Nama usaha", "Nomor induk koperasi", "Ketua", "Jenis kelamin",
    "Bidang usaha", "Alamat", "Kelurahan", "Kecamatan", "Telepon", "Terdaftar",
    "Pinjaman berjalan", "Baki debet (Rp)",
)  # fmt: skip
KIND_WORDS = {"micro": "Usaha mikro", "cooperative": "Koperasi"}
SEX_WORDS = {"L": "Laki-laki", "P": "Perempuan"}
MASK = "************"


def _list_asked() -> tuple[RegisterAsked, Wanted, list[tuple[str, str]]]:
    """The filter and the order of the register, from the address, and all kecamatan."""
    kecamatan = queries.kecamatan_choices(db.session())
    asked = read_register(request.args, dict(kecamatan))
    return asked, wanted(request.args.to_dict(), queries.SORTS, "nama"), kecamatan


def _running() -> Any:
    today = clock.today()
    return running_by_borrower(today, thresholds_on(db.session(), today))


@needs(Permission.SEE_BORROWERS)
def borrower_list() -> str | AnyResponse:
    if queries.is_whole_nik(request.args.get("q", "")):
        flash("NIK tidak dicari lewat alamat halaman. Pakai “Cari dengan NIK lengkap”.", "warning")
        return redirect(without("q"))
    form, found = NikForm(), list[BorrowerLine]()
    if form.validate_on_submit():  # POST only looks up: a NIK must not stand in an address
        found = queries.with_nik(db.session(), form.nik.data)
        if len(found) == 1:
            return redirect(url_for("borrowers.borrower", borrower_id=found[0].id))
    return _list_page(form, found)


def _list_page(form: NikForm, found: list[BorrowerLine]) -> str:
    asked, order, kecamatan = _list_asked()
    page, totals = queries.register_lines(db.session(), _running(), asked.wanted, order)
    return render_template(
        "borrowers/borrower_list.html",
        asked=asked,
        page=page,
        totals=totals,
        order=order,
        today=clock.today(),
        form=form,
        found=found,
        looked_up=form.is_submitted() and not form.errors,
        choices=_choices(kecamatan),
        chips=[{"label": says, "remove_url": without(key)} for key, says in asked.chips],
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


def _choices(kecamatan: list[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """What the filters offer."""
    sectors = queries.sectors(db.session(), most=200)
    return {
        "jenis": [("", "Semua jenis"), *KIND_LABELS.items()],
        "kecamatan": [("", "Semua kecamatan"), *kecamatan],
        "bidang": [("", "Semua bidang"), *((sector, sector) for sector in sectors)],
        "pinjaman": [("", "Semua"), *RUNNING_LABELS.items()],
    }


@needs(Permission.SEE_BORROWERS)
def export_list(kind: str) -> Response:
    asked, order, _ = _list_asked()
    lines = queries.all_register_lines(db.session(), _running(), asked.wanted, order)
    today = clock.today()
    notes = [
        f"Pinjaman berjalan dan baki debet: posisi {long_date(today)}",
        "Saringan: " + (", ".join(says for _, says in asked.chips) or "semua peminjam"),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_apart(clock.now(), me().id, "list_exported", "borrower_list", None)
    rows = [_export_row(line) for line in lines]
    name = f"peminjam-{today.isoformat()}"
    return list_file(kind, name, "Daftar peminjam Kredit Wibawa", HEADINGS, rows, notes)


def _export_row(line: RegisterLine) -> tuple[Value, ...]:
    return (
        line.name,
        KIND_WORDS[line.kind],
        MASK + line.nik_tail,
        line.business_name,
        line.cooperative_number,
        line.chair_name,
        SEX_WORDS[line.sex],
        line.sector,
        line.address,
        line.kelurahan,
        line.kecamatan,
        line.phone,
        clock.in_wib(line.created_at).date(),
        int(line.loans),
        int(line.outstanding),
    )


@needs(Permission.SEE_BORROWERS)
def borrower(borrower_id: int) -> str:
    return _page(_facts(borrower_id), RevealForm(formdata=None))


def _facts(borrower_id: int) -> BorrowerFacts:
    return queries.borrower_facts(db.session(), borrower_id) or not_found("borrower", borrower_id)


def _page(facts: BorrowerFacts, form: RevealForm) -> str:
    session, today = db.session(), clock.today()
    loans = loans_of_borrower(session, facts.id, today, thresholds_on(session, today))
    running = [each for each in loans if each.position and each.position.outstanding_principal]
    form.request_key.data = once.new_key()
    return render_template(
        "borrowers/borrower.html",
        borrower=facts,
        today=today,
        loans=loans,
        running=running,
        owed=sum(each.position.outstanding_principal for each in running if each.position),
        arrears=sum(each.position.arrears for each in running if each.position),
        waiting=waiting_of_borrower(session, facts.id),
        events=_events(facts, loans),
        form=form,
    )


def _events(facts: BorrowerFacts, loans: list[BorrowerLoan]) -> list[dict[str, Any]]:
    """What happened around the borrower, newest first."""
    events: list[dict[str, Any]] = [
        {
            "title": "Didaftarkan",
            "who": queries.registered_by(db.session(), facts.id),
            "when": facts.created_at,
            "tone": "info",
        }
    ]
    for shown in queries.nik_shown(db.session(), facts.id):
        events.append(
            {
                "title": "NIK lengkap ditampilkan",
                "who": shown.who,
                "when": shown.at,
                "tone": "warning",
                "detail": f"Alasan: {shown.reason}",
            }
        )
    events.sort(key=lambda event: event["when"], reverse=True)
    return events


@needs(Permission.REVEAL_NIK)
def reveal_nik(borrower_id: int) -> str | AnyResponse | tuple[str, int]:
    facts, form = _facts(borrower_id), RevealForm()
    key, reason = form.request_key.data or "", " ".join((form.reason.data or "").split())
    if not form.validate():
        return _page(facts, form), 400
    if not 16 <= len(key) <= 64:
        raise Refused("form_incomplete", "Formulir tidak lengkap. Muat ulang halaman, lalu ulangi.")
    session, now = db.session(), clock.now()
    body = once.body_hash([("borrower", str(borrower_id)), ("reason", reason)])
    if once.claim(session, key, me().id, "reveal_nik", body, now) is not None:
        flash("NIK itu sudah ditampilkan satu kali. Ulangi permintaannya bila masih perlu.", "info")
        return redirect(url_for("borrowers.borrower", borrower_id=borrower_id))
    once.settle(session, key, "shown")
    trail.record(session, now, me().id, "nik_revealed", "borrower", borrower_id, reason)
    session.commit()
    return render_template("borrowers/reveal_nik.html", borrower=facts, reason=reason, now=now)


pages.add_url_rule("/peminjam", view_func=borrower_list, methods=["GET", "POST"])
pages.add_url_rule("/peminjam/ekspor.<any(xlsx, csv):kind>", view_func=export_list)
pages.add_url_rule("/peminjam/<int:borrower_id>", view_func=borrower)
pages.add_url_rule("/peminjam/<int:borrower_id>/nik", view_func=reveal_nik, methods=["POST"])
