from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once, trail
from wibawa.access.guard import me, needs, not_found, takes_files
from wibawa.access.permissions import Permission
from wibawa.banks.models import Bank
from wibawa.banks.queries import LayoutVersion, layout_history, layout_on
from wibawa.database import db
from wibawa.layouts import actions, queries
from wibawa.layouts.checks import Choice, Place, faults, suggested, words_of
from wibawa.layouts.forms import (
    PREFIX,
    ExampleForm,
    choice_of,
    column_fields,
    fill,
    layout_form,
    letters,
)
from wibawa.layouts.kinds import BY_CODE, BY_WORD, KINDS, FileKind
from wibawa.layouts.models import LayoutExample
from wibawa.layouts.queries import Understood
from wibawa.rules.nik import mask_niks
from wibawa.rules.refused import Refused
from wibawa.uploads.actions import shown_cell
from wibawa.uploads.layouts import Layout, recognise
from wibawa.web import clock
from wibawa.web.asked import asked_number

pages = Blueprint("layouts", __name__)
P = Permission


@needs(P.MANAGE_BANKS)
def layout_list(bank_id: int) -> str:
    bank = _bank(bank_id)
    history = layout_history(db.session(), bank_id)
    return render_template(
        "layouts/layout_list.html",
        bank=bank,
        kinds=[(kind, [each for each in history if each.kind == kind.code]) for kind in KINDS],
        counting={kind.code: _counting(history, kind) for kind in KINDS},
        today=clock.today(),
        orders=actions.DATE_ORDERS,
        marks=actions.DECIMAL_MARKS,
    )


def _counting(history: list[LayoutVersion], kind: FileKind) -> int | None:
    """The version that counts today."""
    today = clock.today()
    begun = (each.id for each in history if each.kind == kind.code and each.valid_from <= today)
    return next(begun, None)


@takes_files
@needs(P.MANAGE_BANKS)
def new_example(bank_id: int, word: str) -> str | Response:
    bank, kind, form = _bank(bank_id), BY_WORD[word], ExampleForm()
    if form.validate_on_submit():
        content, name = form.file.data.read(), form.file.data.filename or "berkas"
        layout = _layout(bank_id, kind)
        db.session.rollback()  # no lock while reading
        try:
            if queries.places_of(content, name, layout)[1] is None:
                raise Refused("no_table", "Tidak ada tabel dengan judul kolom di berkas ini.")
        except Refused as refused:
            form.file.errors = [refused.sentence]
        else:
            bank, by = _bank(bank_id), me().id
            now = clock.now()
            kept = actions.keep_example(db.session(), bank, kind, content, name, by, now)
            number = kept.id
            db.session.commit()
            return redirect(url_for("layouts.edit_layout", example_id=number))
    return render_template("layouts/new_example.html", bank=bank, kind=kind, form=form)


@dataclass(frozen=True)
class Asked:
    """The example of this address with what its headings may be; its bytes are read, and no lock
    is held."""

    id: int
    bank_id: int
    kind: FileKind
    filename: str
    content: bytes
    layout: Layout
    places: list[Place]
    place: Place


def _asked(example_id: int) -> Asked | None:
    """None for an example that is not kept any more; 404, recorded, for another person's."""
    found = queries.find_example(db.session(), example_id, clock.now())
    if found is None:
        return None
    if found.uploaded_by != me().id:
        not_found("layout_example", example_id)
    kind, content = BY_CODE[found.kind], queries.content_of(found)
    bank_id, name, layout = found.bank_id, found.filename, _layout(found.bank_id, kind)
    db.session.rollback()
    places, likely = queries.places_of(content, name, layout)
    wanted = request.args.get("judul", "")
    place = next((each for each in places if each.code == wanted), likely)
    if place is None:
        abort(404)
    layout = recognise(place.headings, layout)
    return Asked(example_id, bank_id, kind, name, content, layout, places, place)


@needs(P.MANAGE_BANKS)
def edit_layout(example_id: int) -> str | Response | tuple[str, int]:
    asked = _asked(example_id)
    if asked is None:
        return _gone()
    form = layout_form(asked.kind, asked.place)
    if not form.is_submitted():
        fill(form, asked.kind, asked.layout, suggested(asked.place, asked.layout.columns))
        form.valid_from.data = clock.today()
    choice = choice_of(form, asked.kind)
    wrong, understood = _understood(asked, choice)
    if request.form.get("lihat") or not form.validate_on_submit():
        return _page(asked, form, wrong, understood, errors=form.is_submitted())
    said = _refusal(wrong, understood) or _taught(asked, form, choice)
    if said:
        return _page(asked, form, wrong, understood, said), 409
    flash("Nama kolom disimpan; contoh berkasnya sudah dibuang.", "success")
    return redirect(url_for("layouts.layout_list", bank_id=asked.bank_id))


def _refusal(wrong: list[tuple[str, str]], understood: Understood | None) -> str:
    """Why a choice is not saved, "" when it may be."""
    if wrong or understood is None:
        return "Pilihan kolom belum lengkap atau keliru; perbaiki yang ditandai."
    if understood.refused:
        return understood.refused
    if understood.count and understood.bad == understood.count:
        return (
            "Tidak satu baris pun terbaca tanpa masalah. Periksa pilihan kolom, urutan tanggal, "
            "dan tanda desimal menurut hasil baca di bawah."
        )
    return ""


def _taught(asked: Asked, form: Any, choice: Choice) -> str:
    """Save a choice, once for this form; why not, when it was refused."""
    session, now = db.session(), clock.now()
    example = queries.find_example(session, asked.id, now)
    bank = _bank(asked.bank_id)

    def deed() -> int:
        if example is None:
            raise Refused("gone", "Contoh ini sudah dibuang. Unggah contohnya sekali lagi.")
        words = words_of(asked.kind.shape, asked.place, choice)
        seen = asked_number(form.seen.data, 0, 2**31 - 1) or 0
        return actions.teach(session, bank, asked.kind, words, example=example, seen=seen,
                             valid_from=form.valid_from.data, by=me().id, now=now)  # fmt: skip

    where = request.full_path
    try:
        once.do_once(session, request.form, where, me().id, f"teach {asked.id}", now, deed)
    except Refused as refused:
        session.rollback()
        return refused.sentence
    session.commit()
    return ""


def _understood(asked: Asked, choice: Choice) -> tuple[list[tuple[str, str]], Understood | None]:
    """What is wrong with a choice, else the example as it would be read."""
    wrong = faults(asked.kind.shape, asked.place, choice)
    if wrong:
        return wrong, None
    words = words_of(asked.kind.shape, asked.place, choice)
    return [], queries.understand(asked.kind, asked.content, asked.filename, words)


def _page(
    asked: Asked,
    form: Any,
    wrong: list[tuple[str, str]],
    understood: Understood | None,
    said: str = "",
    *,
    errors: bool = True,
) -> str:
    kind, history = asked.kind, layout_history(db.session(), asked.bank_id)
    if not form.is_submitted() or said:
        form.request_key.data = once.new_key()
        form.request_key.raw_data = None
    form.seen.data, form.seen.raw_data = str(actions.newest(history, kind)), None
    for key, sentence in wrong if errors else ():
        field = form[f"{PREFIX}{key}"]
        field.errors = [*field.errors, sentence]
    return render_template(
        "layouts/edit_layout.html",
        asked=asked,
        bank=_bank(asked.bank_id),
        kind=kind,
        form=form,
        selects=column_fields(form, kind),
        wrong=wrong,
        understood=understood,
        columns=_columns(asked, choice_of(form, kind)),
        loose=[(said, None)] if said else [],
    )


def _columns(asked: Asked, choice: Choice) -> list[dict[str, Any]]:
    """Each of the file's columns: its letter, heading, some of what it holds, and what it is."""
    owner = {index: asked.kind.shape.heading(key) for key, index in choice.chosen.items()}
    known = set(suggested(asked.place, asked.layout.columns).values())
    return [
        {"letter": letters(index), "heading": mask_niks(heading), "used": owner.get(index),
         "known": index in known,
         "samples": [mask_niks(shown_cell(cell)) for cell in asked.place.samples(index)]}
        for index, heading in enumerate(asked.place.headings)
        if heading
    ]  # fmt: skip


@needs(P.MANAGE_BANKS)
def preview(example_id: int) -> str | Response:
    asked = _asked(example_id)
    if asked is None:
        return _gone()
    form = layout_form(asked.kind, asked.place, formdata=request.args, meta={"csrf": False})
    wrong, understood = _understood(asked, choice_of(form, asked.kind))
    return render_template("layouts/preview.html", wrong=wrong, understood=understood)


@needs(P.MANAGE_BANKS)
def drop_example(example_id: int) -> Response:
    found: LayoutExample | None = queries.find_example(db.session(), example_id, clock.now())
    if found is None:
        return _gone()
    if found.uploaded_by != me().id:
        not_found("layout_example", example_id)
    bank_id = found.bank_id
    actions.drop_example(db.session(), found)
    trail.record(
        db.session(), clock.now(), me().id, "layout_example_dropped", "bank", bank_id,
        found.filename,
    )  # fmt: skip
    db.session.commit()
    flash("Contoh berkas dibuang; nama kolom tidak berubah.", "success")
    return redirect(url_for("layouts.layout_list", bank_id=bank_id))


def _gone() -> Response:
    flash(
        "Contoh berkas itu sudah tidak disimpan: sudah dipakai, dibuang, diganti contoh lain, atau "
        "lewat 24 jam. Unggah contohnya lagi bila masih perlu.",
        "warning",
    )
    return redirect(url_for("banks.bank_list"))


def _bank(bank_id: int) -> Bank:
    return db.session.get(Bank, bank_id) or abort(404)


def _layout(bank_id: int, kind: FileKind) -> Layout:
    return layout_on(db.session(), bank_id, kind.code, kind.shape, clock.today())


_WORDS = ",".join(BY_WORD)
_EXAMPLE = "/pengaturan/berkas-bank/contoh/<int:example_id>"
for _address, _view, _methods in (
    ("/pengaturan/bank/<int:bank_id>/berkas", layout_list, ["GET"]),
    (f"/pengaturan/bank/<int:bank_id>/berkas/<any({_WORDS}):word>", new_example, ["GET", "POST"]),
    (_EXAMPLE, edit_layout, ["GET", "POST"]),
    (f"{_EXAMPLE}/pratinjau", preview, ["GET"]),
    (f"{_EXAMPLE}/buang", drop_example, ["POST"]),
):
    pages.add_url_rule(_address, view_func=_view, methods=_methods)
