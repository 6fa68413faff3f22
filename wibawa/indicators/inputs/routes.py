from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wibawa.access import once
from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.database import db
from wibawa.indicators.inputs import actions, queries
from wibawa.indicators.inputs.forms import InputForm
from wibawa.indicators.inputs.queries import KIND_WORDS, OWN_PROGRAMME, SLUGS, InputLine
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.formats import moment
from wibawa.web.pages import address, sort_address, wanted, without

Answer = str | AnyResponse | tuple[str, int]
WORDS = {kind: word for word, kind in SLUGS.items()}
HEADINGS = ("Jenis", "Nama", "Tahun", "Versi", "Jumlah", "Laki-laki", "Perempuan",
            "Nilai pinjaman (Rp)", "Keadaan per tanggal", "Sumber", "Dokumen", "Alasan koreksi",
            "Dicatat oleh", "Berlaku")  # fmt: skip
FIXED = ("count", "male", "female", "principal", "cut_off", "source", "document")


def _kind() -> str:
    return SLUGS.get(request.args.get("jenis", ""), "denominator")


def _year() -> int | None:
    return asked_number(request.args.get("tahun"), 2000, 2100)


def _history() -> bool:
    return request.args.get("versi") == "semua"


@needs(Permission.SEE_INDICATORS)
def input_list() -> str:
    kind, year, history = _kind(), _year(), _history()
    order = wanted(request.args.to_dict(), queries.SORTS, "-tahun")
    chips = [("tahun", f"Tahun {year}")] if year else []
    chips += [("versi", "Dengan versi lama")] if history else []
    return render_template(
        "indicators/input_list.html",
        kind=kind,
        word=WORDS[kind],
        tabs=[{"key": each, "label": KIND_WORDS[each],
               "url": url_for("indicators.input_list", jenis=word)}
              for word, each in SLUGS.items()],
        page=queries.input_lines(db.session(), kind, year, history, order),
        today_year=clock.today().year,
        years=queries.years_of(db.session(), kind),
        year=year,
        history=history,
        chips=[{"label": says, "remove_url": without(key)} for key, says in chips],
        order=order,
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )  # fmt: skip


@needs(Permission.SEE_INDICATORS)
def export_inputs(kind: str) -> Response:
    of, year, history = _kind(), _year(), _history()
    order = wanted(request.args.to_dict(), queries.SORTS, "-tahun")
    page = queries.input_lines(db.session(), of, year, history, order, whole=True)
    rows = [_row(each) for each in page.rows]
    said = [KIND_WORDS[of]] + ([f"tahun {year}"] if year else [])
    notes = [
        "Saringan: " + ", ".join(said) + (", dengan versi lama" if history else ""),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_apart(clock.now(), me().id, "list_exported", "indicator_inputs", None)
    return list_file(kind, f"masukan-{WORDS[of]}", "Masukan indikator", HEADINGS, rows, notes)


def _row(line: InputLine) -> tuple[Value, ...]:
    return (
        line.kind_words, line.name, line.year, line.version, line.count, line.male, line.female,
        line.principal, line.cut_off, line.source, line.document, line.reason, line.by or "",
        "ya" if line.latest and line.count is not None else "tidak",
    )  # fmt: skip


@needs(Permission.MANAGE_FIGURES)
def new_input() -> Answer:
    kind = _kind()
    form = _form(kind)
    if not form.validate_on_submit():
        return _page(kind, form)
    said = form.said(kind)
    after = asked_number(form.after.data, 0, 9999) or 0

    def deed() -> int:
        return actions.write_down(db.session(), said, after, me().id, clock.now())

    try:
        session, what = db.session(), f"record_input {kind}"
        once.do_once(session, request.form, request.full_path, me().id, what, clock.now(), deed)
        session.commit()
    except Refused as refused:
        db.session.rollback()
        return _page(kind, form, refused), 409
    flash(f"{said.name} {said.year} disimpan. Angka sebelumnya tetap tersimpan.", "success")
    return redirect(url_for("indicators.input_list", jenis=WORDS[kind]))


def _form(kind: str) -> InputForm:
    """The form; of an input that is known, filled with what counts now."""
    name, year = request.args.get("nama", ""), _year()
    if kind == "opening":
        name = OWN_PROGRAMME
    start: dict[str, Any] = {"name": name, "year": year}
    line = queries.input_now(db.session(), kind, name, year) if name and year else None
    if line is not None:
        start |= {each: getattr(line, each) for each in FIXED} | {"after": str(line.version)}
    form = InputForm(data=start)
    form.request_key.data = form.request_key.data or once.new_key()
    return form


def _page(kind: str, form: InputForm, refused: Refused | None = None) -> str:
    name = OWN_PROGRAMME if kind == "opening" else (form.name.data or "")
    year = form.year.data
    line = queries.input_now(db.session(), kind, name, year) if name and year else None
    if refused is not None:
        form.request_key.data = once.new_key()
        form.after.data = str(line.version if line else 0)
    return render_template(
        "indicators/new_input.html",
        kind=kind,
        word=WORDS[kind],
        kind_words=KIND_WORDS[kind],
        form=form,
        line=line,
        history=_versions(kind, name, year),
        known=queries.latest_inputs(db.session()).names(kind),
        loose=[(refused.sentence, None)] if refused else [],
    )


def _versions(kind: str, name: str, year: int | None) -> list[InputLine]:
    if not year:
        return []
    newest = wanted({}, queries.SORTS, "-tahun")
    lines = queries.input_lines(db.session(), kind, year, True, newest, whole=True).rows
    return [each for each in lines if each.name.lower() == name.lower()]


READ, BOTH = ["GET"], ["GET", "POST"]
URLS = (
    ("/indikator/masukan", input_list, READ),
    ("/indikator/masukan/ekspor.<any(xlsx, csv):kind>", export_inputs, READ),
    ("/indikator/masukan/baru", new_input, BOTH),
)
