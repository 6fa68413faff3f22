from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for

from wibawa.access.guard import me, needs, not_found
from wibawa.access.permissions import Permission
from wibawa.access.trail import record_apart
from wibawa.banks.queries import thresholds_on
from wibawa.database import db
from wibawa.indicators.counted import lists, queries
from wibawa.indicators.counted.forms import (
    KINDS_SLUGS,
    RULE_SLUGS,
    UNIT_SLUGS,
    Asked,
    day_fields,
    read,
)
from wibawa.indicators.counted.lists import MemberLine
from wibawa.indicators.counted.queries import DIMENSIONS, KIND_LABELS, SEXES, Stage
from wibawa.indicators.locks.queries import Lock, lock_in_force, locks_of
from wibawa.rules.dates import long_date
from wibawa.rules.indicators import (
    KINDS_WORDS,
    RULE_MEANINGS,
    RULE_WORDS,
    UNIT_WORDS,
    Span,
    span_of,
)
from wibawa.uploads.exports import Value, list_file
from wibawa.web import clock
from wibawa.web.asked import asked_day, asked_number
from wibawa.web.formats import moment
from wibawa.web.pages import address, sort_address, wanted

FIRST_YEAR = 2017
SPLIT_HEADINGS = ("Menurut", "Rincian", "Jumlah", "Plafon (Rp)")
FUNNEL_HEADINGS = ("Bagian", "Langkah", *SEXES.values(), "Jumlah")
MEMBER_HEADINGS = ("Peminjam", "Jenis", "Jenis kelamin", "Kelurahan", "Kecamatan", "Sektor",
                   "Nomor pinjaman", "Bank", "Tanggal pencairan", "Plafon (Rp)",
                   "Pinjaman ke-")  # fmt: skip


def span_asked(year: int) -> tuple[Span, str | None]:
    """The year of an address as far as the day that is asked for, or as far as it has come; with a
    sentence when the day is none of this year's."""
    span = span_of(year, clock.today())
    if not request.args.get("tanggal") or not span.begun:
        return span, None
    day, problem = asked_day(request.args.get("tanggal"), span.last)
    if problem is None and not span.first <= day <= span.last:
        problem = (
            f"Pilih tanggal di tahun {year} yang sudah lewat. Yang tampil adalah data terakhir."
        )
        day = span.last
    return Span(year, day), problem


def _asked(year: int) -> tuple[Asked, str | None]:
    """The figure of the address; 404 for a lock that is not there."""
    version = asked_number(request.args.get("kunci"), 1, 9999)
    if version is None:
        span, problem = span_asked(year)
        return read(request.args, span), problem
    found = next((each for each in locks_of(db.session(), year) if each.version == version), None)
    lock = found or not_found("year_lock", year)
    return read(request.args, lock.span, (lock.id, lock.version)), None


def _beside(asked: Asked) -> Lock | None:
    """The lock in force of a year whose figure is counted from the books all the same."""
    return lock_in_force(db.session(), asked.span.year) if asked.lock is None else None


@needs(Permission.SEE_INDICATORS)
def split_list(year: int) -> str:
    asked, problem = _asked(year)
    parts = queries.splits(db.session(), asked.source)
    return render_template(
        "indicators/split_list.html",
        year=year,
        asked=asked,
        problem=problem,
        parts=parts,
        total=sum(part.count for part in parts["jenis-kelamin"]),
        principal=sum(part.principal for part in parts["jenis-kelamin"]),
        members=queries.members_of(db.session(), asked.source),
        dimensions=DIMENSIONS,
        lock=_beside(asked),
        sees_people=me().may(Permission.SEE_BORROWERS),
        **_words(year),
    )


def _words(year: int) -> dict[str, Any]:
    return {
        "rules": {word: RULE_WORDS[rule] for word, rule in RULE_SLUGS.items()},
        "units": {word: UNIT_WORDS[unit] for word, unit in UNIT_SLUGS.items()},
        "kinds": {word: KINDS_WORDS[kinds] for word, kinds in KINDS_SLUGS.items()},
        "meanings": RULE_MEANINGS,
        "years": range(FIRST_YEAR, clock.today().year + 1),
    }


def _notes(asked: Asked) -> list[str]:
    """What a file says of the figure; of a locked year nothing that changes with the hour."""
    if asked.lock is not None:
        return [asked.words, f"Tahun {asked.span.year}, kunci versi {asked.lock}"]
    return [asked.words, *live_notes(asked.span)]


def live_notes(span: Span) -> list[str]:
    """What a file says of figures that are counted from the books; also that the year is locked."""
    lock = lock_in_force(db.session(), span.year)
    return [
        f"Data sampai {long_date(span.last)}" if span.begun else "Tahun ini belum tiba",
        *([f"{lock.words}; angka di berkas ini dihitung dari buku sekarang."] if lock else []),
        f"Diekspor {moment(clock.now())} WIB oleh {me().name}",
    ]


@needs(Permission.SEE_INDICATORS)
def export_splits(year: int, kind: str) -> Response:
    asked, _ = _asked(year)
    parts = queries.splits(db.session(), asked.source)
    rows: list[tuple[Value, ...]] = [
        (DIMENSIONS[name], part.label, part.count, part.principal)
        for name, listed in parts.items()
        for part in listed
    ]
    notes, made_at = _notes(asked), _locked_at(year, asked)
    record_apart(clock.now(), me().id, "list_exported", "indicator_splits", year)
    return list_file(
        kind, f"rincian-{year}", f"Rincian {year}", SPLIT_HEADINGS, rows, notes, made_at
    )


def _locked_at(year: int, asked: Asked) -> Any:
    found = (each for each in locks_of(db.session(), year) if each.version == asked.lock)
    return next((each.locked_at for each in found), None)


@needs(Permission.SEE_BORROWERS)
def member_list(year: int) -> str:
    asked, problem = _asked(year)
    order = wanted(request.args.to_dict(), lists.SORTS, "nama")
    session, cell = db.session(), asked.cell
    page = lists.member_lines(session, asked.source, cell, order)
    label = f"{DIMENSIONS[cell[0]]}: {queries.cell_label(session, *cell)}" if cell else ""
    whole = url_for("indicators.member_list", year=year, **asked.fields)
    return render_template(
        "indicators/member_list.html",
        year=year,
        asked=asked,
        problem=problem,
        page=page,
        lock=_beside(asked),
        cell=label,
        order=order,
        chips=[{"label": label, "remove_url": whole}] if label else [],
        sexes=SEXES,
        kinds=KIND_LABELS,
        page_url=address("hal"),
        size_url=address("per_hal"),
        sort_url=sort_address(),
    )


@needs(Permission.SEE_BORROWERS)
def export_members(year: int, kind: str) -> Response:
    asked, _ = _asked(year)
    order = wanted(request.args.to_dict(), lists.SORTS, "nama")
    session, cell = db.session(), asked.cell
    page = lists.member_lines(session, asked.source, cell, order, whole=True)
    notes, made_at = _notes(asked), _locked_at(year, asked)
    if cell:
        notes.insert(1, f"{DIMENSIONS[cell[0]]}: {queries.cell_label(session, *cell)}")
    record_apart(clock.now(), me().id, "list_exported", "indicator_members", year)
    rows = [_row(line) for line in page.rows]
    title = f"Daftar di balik angka {year}"
    return list_file(kind, f"daftar-{year}", title, MEMBER_HEADINGS, rows, notes, made_at)


def _row(line: MemberLine) -> tuple[Value, ...]:
    return (
        line.borrower, KIND_LABELS[line.kind], SEXES.get(line.sex, queries.UNKNOWN),
        line.kelurahan, line.kecamatan, line.sector, line.number, line.bank, line.disbursed_on,
        line.principal, line.nth,
    )  # fmt: skip


def _funnel(span: Span) -> tuple[Stage, Stage, Stage]:
    return queries.funnel(db.session(), span, thresholds_on(db.session(), span.last))


@needs(Permission.SEE_INDICATORS)
def funnel(year: int) -> str:
    span, problem = span_asked(year)
    moves, paid_out, late = _funnel(span)
    return render_template(
        "indicators/funnel.html",
        year=year,
        span=span,
        problem=problem,
        lock=lock_in_force(db.session(), year),
        day=day_fields(span),
        moves=moves,
        paid_out=paid_out,
        late=late,
        sexes=SEXES,
        empty=not any(part.known for part in (moves, paid_out, late)),
        years=range(FIRST_YEAR, clock.today().year + 1),
    )


@needs(Permission.SEE_INDICATORS)
def export_funnel(year: int, kind: str) -> Response:
    span, _ = span_asked(year)
    moves, paid_out, late = _funnel(span)
    running = f"Pinjaman berjalan {long_date(span.last)}"
    rows: list[tuple[Value, ...]] = [
        (said, step.label, *part.shown(step))
        for said, part in (("Langkah", moves), ("Langkah", paid_out), (running, late))
        for step in part.steps
    ]
    notes, title = live_notes(span), f"Corong {year} menurut jenis kelamin"
    record_apart(clock.now(), me().id, "list_exported", "indicator_funnel", year)
    return list_file(kind, f"corong-{year}", title, FUNNEL_HEADINGS, rows, notes)


ONE = "/indikator/angka/<int:year>"
URLS: tuple[tuple[str, Any, list[str]], ...] = (
    (f"{ONE}/rincian", split_list, ["GET"]),
    (f"{ONE}/rincian.<any(xlsx, csv):kind>", export_splits, ["GET"]),
    (f"{ONE}/daftar", member_list, ["GET"]),
    (f"{ONE}/daftar.<any(xlsx, csv):kind>", export_members, ["GET"]),
    (f"{ONE}/corong", funnel, ["GET"]),
    (f"{ONE}/corong.<any(xlsx, csv):kind>", export_funnel, ["GET"]),
)
