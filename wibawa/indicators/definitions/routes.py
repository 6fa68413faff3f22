from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms.fields.choices import SelectChoice as Choice

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.database import db
from wibawa.indicators.definitions import actions, queries
from wibawa.indicators.definitions.forms import DefinitionForm, RefusalForm
from wibawa.indicators.definitions.queries import Definition
from wibawa.indicators.definitions.sheet import HEADINGS, TITLE, sheet_letter, sheet_rows
from wibawa.indicators.inputs.queries import latest_inputs
from wibawa.indicators.models import Indicator
from wibawa.indicators.queries import figures_of_indicator, indicator_of, slug
from wibawa.letters.documents import Heading
from wibawa.letters.queries import logos_of, profile_on
from wibawa.printing.letters import letter_pdf
from wibawa.rules.refused import Refused
from wibawa.uploads.exports import list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.charts import bar_line_chart

Answer = str | AnyResponse | tuple[str, int]
FIRST_YEAR, LAST_YEAR = 2020, 2030
SEEDED = ("since", "rule", "counted", "kinds", "other_programmes", "denominator", "definition",
          "formula", "interpretation", "source", "cut_off", "responsible")  # fmt: skip


def _asked(word: str) -> Indicator:
    return indicator_of(db.session(), word) or not_found("indicator", 0)


@needs(Permission.SEE_INDICATORS)
def indicator(word: str) -> str:
    one, today = _asked(word), clock.today()
    versions = queries.definitions(db.session(), one.code)
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    figures = figures_of_indicator(db.session(), one.code, years, today)
    this_year = min(max(today.year, FIRST_YEAR), LAST_YEAR)
    return render_template(
        "indicators/indicator.html",
        indicator=one,
        word=word,
        versions=versions,
        current=queries.of_year(db.session(), one.code, this_year),
        waiting=[each for each in versions if each.status == "proposed"],
        figures=[each for each in figures if each.target is not None or each.realised is not None],
        draw_years=bar_line_chart,
        year_url=lambda year: url_for("indicators.indicator_list", tahun=year),
        today=today,
    )


@needs(Permission.SEE_INDICATORS)
def metadata_sheet(word: str, kind: str) -> Response:
    """MS-Ind of the version that counts this year, or of the one that is asked for."""
    one, session = _asked(word), db.session()
    version = _version_asked(one)
    rows = sheet_rows(one, version)
    name = f"ms-ind-{word}-versi-{version.version}"
    profile = profile_on(session, clock.today())
    number = f"{one.code}, versi {version.version}"
    decided = version.decided_at  # nobody decided on what came with the program
    day = clock.in_wib(decided).date() if decided else clock.today()
    heading = Heading(number, day, profile.place, profile.letterhead, profile.signatory)
    logos = logos_of(session)
    record_apart(clock.now(), me().id, "list_exported", "metadata_sheet", version.id)
    if kind == "xlsx":
        return list_file("xlsx", name, TITLE, HEADINGS, rows, [one.name], decided)
    out = io.BytesIO(letter_pdf(sheet_letter(one, version, heading), logos=logos))
    return send_file(out, mimetype="application/pdf", download_name=f"{name}.pdf")


def _version_asked(one: Indicator) -> Definition:
    wanted = asked_number(request.args.get("versi"), 1, 9999)
    if wanted is not None:
        versions = queries.definitions(db.session(), one.code)
        found = next((each for each in versions if each.version == wanted), None)
    else:
        found = queries.of_year(db.session(), one.code, clock.today().year)
    return found or not_found("definition", wanted or 0)


@needs(Permission.MANAGE_FIGURES)
def new_definition(word: str) -> Answer:
    one = _asked(word)
    form = _form(one)
    if not form.validate_on_submit():
        return _new_page(one, form)

    def deed() -> int:
        return actions.propose(db.session(), one, form.wish, me().id, clock.now())

    try:
        made = _done(f"propose_definition {one.code}", deed)
    except Refused as refused:
        db.session.rollback()
        return _new_page(_asked(word), form, refused.sentence), 409
    flash("Usulan disimpan dan menunggu persetujuan kepala bidang.", "success")
    return redirect(url_for("indicators.definition", definition_id=made))


def _form(one: Indicator) -> DefinitionForm:
    """The form, filled with what counts now."""
    session = db.session()
    before = queries.of_year(session, one.code, clock.today().year)
    start: dict[str, Any] = {}
    if before is not None:
        start = {name: getattr(before, name) for name in SEEDED} | {"since": clock.today().year}
    form = DefinitionForm(data=start)
    known = latest_inputs(session).names("denominator")
    none = [] if one.unit == "percent" else [Choice("", "Tidak ada; indikator ini sebuah jumlah")]
    form.denominator.choices = [*none, *(Choice(name, name) for name in known)]
    if one.unit == "count":
        form.denominator.validate_choice = False
    form.request_key.data = form.request_key.data or once.new_key()
    return form


def _new_page(one: Indicator, form: DefinitionForm, loose: str = "") -> str:
    if loose:
        form.request_key.data = once.new_key()
    return render_template(
        "indicators/new_definition.html",
        indicator=one,
        word=slug(one.code),
        form=form,
        loose=[(loose, None)] if loose else [],
    )


@needs(Permission.SEE_INDICATORS)
def definition(definition_id: int) -> str:
    return _page(definition_id, RefusalForm(formdata=None))


def _page(definition_id: int, form: RefusalForm, loose: str = "") -> str:
    session = db.session()
    version = queries.definition(session, definition_id) or not_found("definition", definition_id)
    before = queries.of_year(session, version.code, version.since)
    one = next(iter(_indicators(version.code)))
    return render_template(
        "indicators/definition.html",
        edition=version,
        indicator=one,
        word=slug(one.code),
        before=before if version.status == "proposed" else None,
        changes=_changes(before, version) if before and version.status == "proposed" else None,
        events=_events(version),
        may_decide=version.status == "proposed" and me().may(Permission.APPROVE_FIGURES),
        mine=version.proposed_by_id == me().id,
        too_late=False,
        shown=actions.shown(session, version),
        approve_key=once.new_key(),
        refuse_key=once.new_key(),
        form=form,
        loose=[(loose, None)] if loose else [],
    )


def _indicators(code: str) -> list[Indicator]:
    found = indicator_of(db.session(), slug(code))
    assert found is not None, "a definition is of an indicator"
    return [found]


def _changes(before: Definition, after: Definition) -> list[dict[str, Any]]:
    return [
        {"label": name, "before": old, "after": new, "changed": old != new}
        for (name, old), (_, new) in zip(before.facts(), after.facts(), strict=True)
    ]


def _events(version: Definition) -> list[dict[str, Any]]:
    if version.proposed_by is None:
        return [{"title": "Definisi awal", "who": "Bawaan aplikasi",
                 "when": f"mulai {version.since}"}]  # fmt: skip
    events = [{"title": "Diusulkan", "who": version.proposed_by, "when": version.proposed_at,
               "tone": "info", "detail": f"Alasan: {version.reason}"}]  # fmt: skip
    if version.decided_at is not None:
        approved = version.status == "approved"
        events.append(
            {
                "title": "Disetujui" if approved else "Ditolak",
                "who": version.decided_by,
                "when": version.decided_at,
                "tone": "success" if approved else "danger",
                "detail": "" if approved else f"Alasan: {version.decision_reason}",
            }
        )
    return events


@needs(Permission.APPROVE_FIGURES)
def approve_definition(definition_id: int) -> Answer:
    seen = request.form.get("shown", "")

    def deed() -> int:
        return actions.approve(db.session(), definition_id, seen, me().id, clock.now())

    return _decided(definition_id, "approve_definition", deed, "Definisi disetujui.")


@needs(Permission.APPROVE_FIGURES)
def refuse_definition(definition_id: int) -> Answer:
    form = RefusalForm()
    if not form.validate():
        return _page(definition_id, form)
    reason, seen = " ".join((form.reason.data or "").split()), form.shown.data or ""

    def deed() -> int:
        return actions.refuse(db.session(), definition_id, seen, reason, me().id, clock.now())

    said = "Usulan ditolak. Alasannya terlihat oleh pengusulnya."
    return _decided(definition_id, "refuse_definition", deed, said)


def _decided(definition_id: int, name: str, deed: Callable[[], int], said: str) -> Answer:
    try:
        _done(f"{name} {definition_id}", deed)
    except Refused as refused:
        db.session.rollback()
        note_own_try(refused, "definition", definition_id)
        return _page(definition_id, RefusalForm(formdata=None), refused.sentence), 409
    flash(said, "success")
    return redirect(url_for("indicators.definition", definition_id=definition_id))


def _done(action: str, deed: Callable[[], int]) -> int:
    session = db.session()
    number, _ = once.do_once(
        session, request.form, request.full_path, me().id, action, clock.now(), deed
    )
    session.commit()
    return number


READ, BOTH, SENT = ["GET"], ["GET", "POST"], ["POST"]
URLS = (
    ("/indikator/<word>", indicator, READ),
    ("/indikator/<word>/ms-ind.<any(xlsx, pdf):kind>", metadata_sheet, READ),
    ("/indikator/<word>/definisi-baru", new_definition, BOTH),
    ("/indikator/definisi/<int:definition_id>", definition, READ),
    ("/indikator/definisi/<int:definition_id>/setujui", approve_definition, SENT),
    ("/indikator/definisi/<int:definition_id>/tolak", refuse_definition, SENT),
)
