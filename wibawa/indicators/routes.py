from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.database import db
from wibawa.indicators.counted.forms import address_of, day_fields
from wibawa.indicators.counted.queries import NO_DATA
from wibawa.indicators.counted.routes import URLS as COUNTED_URLS
from wibawa.indicators.counted.routes import live_notes, span_asked
from wibawa.indicators.definitions.queries import in_force, waiting_definitions
from wibawa.indicators.definitions.routes import URLS as DEFINITION_URLS
from wibawa.indicators.implied import SEARCHED, implied_of
from wibawa.indicators.inputs.queries import latest_inputs
from wibawa.indicators.inputs.routes import URLS as INPUT_URLS
from wibawa.indicators.locks.queries import lock_in_force, locks_in_force, waiting_years
from wibawa.indicators.locks.routes import URLS as LOCK_URLS
from wibawa.indicators.queries import (
    NOTHING,
    SI_UMI,
    TPB,
    Counts,
    Growth,
    IndicatorFigure,
    counts,
    figures_of_indicator,
    figures_of_year,
    growth_of,
    slug,
)
from wibawa.rules.dates import long_date
from wibawa.rules.indicators import (
    KINDS_WORDS,
    RULE_MEANINGS,
    RULE_WORDS,
    UNIT_WORDS,
    Kinds,
    Rule,
    Unit,
    percentage,
)
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.asked import asked_number
from wibawa.web.charts import bar_line_chart
from wibawa.web.formats import moment

pages = Blueprint("indicators", __name__)

FIRST_YEAR, LAST_YEAR = 2020, 2030
FIRST_BOOK_YEAR = 2017
VARIANT_HEADINGS = ("Varian", "Jenis peminjam", *(UNIT_WORDS[unit] for unit in Unit),
                    "Plafon (Rp)", "Peminjam terhadap SI-UMI (%)", "Penyebut SI-UMI",
                    "Indikator resmi")  # fmt: skip
GROWTH_HEADINGS = ("Tahun", "Riwayat: peminjam", "Riwayat: pinjaman (Rp)", "Riwayat: sumber",
                   "Peminjam kumulatif", "Pinjaman kumulatif (Rp)", "Berjalan", "Dilayani",
                   "Baru")  # fmt: skip
WORDS: dict[str, Any] = {
    "rules": list(Rule),
    "units": list(Unit),
    "kinds": list(Kinds),
    "rule_words": RULE_WORDS,
    "meanings": RULE_MEANINGS,
    "unit_words": UNIT_WORDS,
    "kinds_words": KINDS_WORDS,
}


def _rows_behind(figure: IndicatorFigure) -> tuple[str, str] | None:
    """(what is counted, address of the list behind it) of a numerator that comes from the books."""
    if not figure.counted or figure.rule is None or not me().may(Permission.SEE_BORROWERS):
        return None
    unit, kinds = Unit(figure.unit_counted or ""), Kinds(figure.kinds or "")
    words = {Kinds.MICRO: "usaha mikro", Kinds.COOPERATIVE: "koperasi"}
    counted = words.get(kinds, "peminjam") if unit is Unit.PEOPLE else "pinjaman"
    fields: dict[str, Any] = dict(address_of(Rule(figure.rule), unit, kinds))
    if figure.lock is not None:
        fields["kunci"] = figure.lock
    return counted, url_for("indicators.member_list", year=figure.year, **fields)


@needs(Permission.SEE_INDICATORS)
def indicator_list() -> str:
    today = clock.today()
    this_year = min(max(today.year, FIRST_YEAR), LAST_YEAR)
    year = asked_number(request.args.get("tahun"), FIRST_YEAR, LAST_YEAR) or this_year
    figures = figures_of_year(db.session(), year, today)
    return render_template(
        "indicators/indicator_list.html",
        year=year,
        today=today,
        years=range(FIRST_YEAR, LAST_YEAR + 1),
        figures=[(figure, _rows_behind(figure)) for figure in figures],
        tpb=figures_of_indicator(db.session(), TPB, range(FIRST_YEAR, LAST_YEAR), today),
        draw_years=bar_line_chart,
        year_url=lambda year: url_for("indicators.indicator_list", tahun=year),
        slug=slug,
        as_of=min(dt.date(year, 12, 31), today),
        waiting=_waiting() if me().may(Permission.APPROVE_FIGURES) else [],
    )


def _waiting() -> list[tuple[str, str]]:
    """(what it is, address) of each proposal of somebody else."""
    session = db.session()
    words = {"lock": "Penguncian tahun", "unlock": "Pembukaan kunci tahun"}
    return [
        *(
            (f"Definisi {code} mulai {since}",
             url_for("indicators.definition", definition_id=number))
            for number, code, since in waiting_definitions(session, me().id)
        ),
        *((f"{words[kind]} {year}", url_for("indicators.lock", year=year))
          for year, kind in waiting_years(session, me().id)),
    ]  # fmt: skip


def _official(session: Session, year: int) -> dict[tuple[Rule, Unit, Kinds], list[str]]:
    """The indicators that a variant counts for, by their codes; several may count the same."""
    found: dict[tuple[Rule, Unit, Kinds], list[str]] = {}
    for (code, _), each in sorted(in_force(session, [year]).items()):
        found.setdefault((each.rule, each.counted, each.kinds), []).append(code)
    return found


@needs(Permission.SEE_INDICATORS)
def variant_list(year: int) -> str:
    span, problem = span_asked(year)
    session = db.session()
    counted = counts(session, [span]).get(year, NOTHING)
    inputs = latest_inputs(session)
    return render_template(
        "indicators/variant_list.html",
        year=year,
        span=span,
        problem=problem,
        years=range(FIRST_BOOK_YEAR, clock.today().year + 1),
        counted=counted,
        lock=lock_in_force(session, year),
        official=_official(session, year),
        slug=slug,
        si_umi=inputs.by.get(("denominator", SI_UMI, year)),
        percentage=percentage,
        programmes=inputs.of_programmes(year),
        address_of=address_of,
        day=day_fields(span),
        **WORDS,
    )


@needs(Permission.SEE_INDICATORS)
def export_variants(year: int, kind: str) -> Response:
    span, _ = span_asked(year)
    session = db.session()
    counted = counts(session, [span]).get(year, NOTHING)
    si_umi = latest_inputs(session).by.get(("denominator", SI_UMI, year))
    official = _official(session, year)
    rows = [
        _variant_row(counted, rule, kinds, si_umi.count if si_umi else None, official)
        for rule in Rule
        for kinds in Kinds
        if counted.known(Rule.CUMULATIVE)
    ]
    notes, title = live_notes(span), f"Varian hitungan {year}"
    if si_umi and si_umi.count:
        notes.insert(1, f"Penyebut: usaha mikro, {si_umi.source}")
    record_apart(clock.now(), me().id, "list_exported", "indicator_variants", year)
    return list_file(kind, f"varian-{year}", title, VARIANT_HEADINGS, rows, notes)


def _variant_row(
    counted: Counts,
    rule: Rule,
    kinds: Kinds,
    enterprises: int | None,
    official: dict[tuple[Rule, Unit, Kinds], list[str]],
) -> tuple[Value, ...]:
    """A line of the page; a share only where the page has one, beside what it is a part of."""
    known = counted.known(rule)
    figures: list[Value] = [counted.of(rule, unit, kinds) if known else NO_DATA for unit in Unit]
    money = (counted.principal.get(rule, 0) if known else NO_DATA) if kinds is Kinds.ALL else None
    whole = enterprises if known and kinds is not Kinds.COOPERATIVE else None
    people = counted.of(rule, Unit.PEOPLE, kinds)
    share = percentage(people, whole) if whole else None
    marks = [
        f"{code} ({UNIT_WORDS[unit].lower()})"
        for unit in Unit
        for code in official.get((rule, unit, kinds), [])
    ]
    return (RULE_WORDS[rule], KINDS_WORDS[kinds], *figures, money,
            None if share is None else Decimal(share).scaleb(-2), whole or None,
            "; ".join(marks))  # fmt: skip


@needs(Permission.SEE_INDICATORS)
def growth() -> str:
    today, session = clock.today(), db.session()
    years = range(FIRST_BOOK_YEAR, today.year + 1)
    return render_template(
        "indicators/growth.html",
        today=today,
        lines=growth_of(session, years, today),
        locks=[lock for _, lock in sorted(locks_in_force(session, years).items())],
    )


@needs(Permission.SEE_INDICATORS)
def export_growth(kind: str) -> Response:
    today, session = clock.today(), db.session()
    years = range(FIRST_BOOK_YEAR, today.year + 1)
    locks = locks_in_force(session, years)
    rows = [_growth_row(line) for line in growth_of(session, years, today)]
    notes = [
        f"Buku dihitung sampai {long_date(today)}",
        *(f"{locks[year].words}; di sini dihitung dari buku sekarang" for year in sorted(locks)),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]
    record_apart(clock.now(), me().id, "list_exported", "indicator_growth", None)
    return list_file(kind, "perkembangan", "Perkembangan program", GROWTH_HEADINGS, rows, notes)


def _growth_row(line: Growth) -> tuple[Value, ...]:
    opening, counted = line.opening, line.counted
    kept = (opening.count, opening.principal, opening.source) if opening else (NO_DATA,) * 3
    figures: list[Value] = [
        counted.of(rule) if counted.known(rule) else NO_DATA
        for rule in (Rule.CUMULATIVE, Rule.RUNNING, Rule.SERVED, Rule.NEW)
    ]
    money = counted.principal[Rule.CUMULATIVE] if line.known else NO_DATA
    return (line.year, *kept, figures[0], money, *figures[1:])


@needs(Permission.SEE_INDICATORS)
def definition_search() -> str:
    labels = {
        (rule, unit): f"{RULE_WORDS[rule]}, {UNIT_WORDS[unit].lower()}"
        for rule in SEARCHED
        for unit in Unit
    }
    return render_template(
        "indicators/definition_search.html",
        today=clock.today(),
        found=implied_of(db.session(), clock.today(), labels),
        slug=slug,
    )


URLS: tuple[tuple[str, Any, list[str]], ...] = (
    ("/indikator/mencari-definisi", definition_search, ["GET"]),
    ("/indikator", indicator_list, ["GET"]),
    ("/indikator/angka/<int:year>", variant_list, ["GET"]),
    ("/indikator/angka/<int:year>/varian.<any(xlsx, csv):kind>", export_variants, ["GET"]),
    ("/indikator/perkembangan", growth, ["GET"]),
    ("/indikator/perkembangan.<any(xlsx, csv):kind>", export_growth, ["GET"]),
)
for url, view, methods in (*URLS, *DEFINITION_URLS, *INPUT_URLS, *LOCK_URLS, *COUNTED_URLS):
    pages.add_url_rule(url, view_func=view, methods=methods)
