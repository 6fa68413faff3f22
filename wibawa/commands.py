"""The `wibawa` command: the web pages and these commands call the same code.

`--json` prints one JSON object and nothing else. Exit 0 is done, 1 refused by the data or hindered
by a database that is busy or full, 2 wrong usage.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

import click
from flask import Flask, current_app
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from wibawa import demo, schema
from wibawa.access import trail
from wibawa.access.keys import make_new, new_key_file, refuse_another_key
from wibawa.access.permissions import Role
from wibawa.access.personal_data import WrongKey
from wibawa.access.users import add_user, add_with_one_time, command_line_user
from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks, bank_by_code, thresholds_on
from wibawa.chains.export import exported
from wibawa.chains.lines import Links
from wibawa.chains.office import links_with_lines as office_links
from wibawa.chains.queries import Head, office_head
from wibawa.database import (
    Trouble,
    db,
    engine_at,
    full_url,
    reading,
    set_writing,
    trouble_of,
    writing,
)
from wibawa.indicators.locks.invariants import lock_checks
from wibawa.indicators.locks.queries import Lock, locks_in_force
from wibawa.indicators.queries import IndicatorFigure, figures_of_year
from wibawa.jobs.process import stop_when_asked, worker_beside
from wibawa.jobs.runner import work
from wibawa.keeping.backups import backup
from wibawa.keeping.rekeying import rotate
from wibawa.keeping.restoring import move, restore
from wibawa.keeping.upgrading import bring_up, record_made
from wibawa.letters.documents import Signatory
from wibawa.letters.queries import logos_of
from wibawa.loans.actions import Imported, import_portfolio
from wibawa.loans.chain.lines import links_with_lines as bank_links
from wibawa.loans.chain.queries import head
from wibawa.loans.invariants import Check, run_checks
from wibawa.loans.journal import Author
from wibawa.loans.portfolio import BankFigures, Portfolio, portfolio
from wibawa.loans.queries import find_loan, running_loans
from wibawa.loans.standings.actions import rebuild
from wibawa.migrating import migrate_if_empty
from wibawa.printing.pdf import schedules_pdf
from wibawa.printing.queries import schedule_documents
from wibawa.reconciliation.invariants import month_checks
from wibawa.repayments.actions import import_at_once
from wibawa.repayments.facts import Options, Outcome
from wibawa.reports.catalogue import REPORTS, Definition
from wibawa.reports.document import Report
from wibawa.reports.files import as_json as report_json
from wibawa.reports.files import as_lines as report_lines
from wibawa.rules.dates import DateError, long_date, parse_date, short_date
from wibawa.rules.facts import Method, Terms
from wibawa.rules.money import AmountError, number, parse_typed, percent, rupiah
from wibawa.rules.refused import Problem, Refused
from wibawa.rules.schedule import MULTIPLES, schedule
from wibawa.schema import DamagedSchema
from wibawa.serving import serve
from wibawa.siumi.actions import import_at_once as import_register
from wibawa.siumi.checks import Checked
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.models import Upload
from wibawa.web import clock

REFUSED = 1
# How a service ends that could not start; the numbers are gunicorn's own, which ends with them.
AGAIN = 3  # the database is away
UNFIT = 4  # settings, key or schema: only a person can mend that
TROUBLES = {
    Trouble.BUSY: (
        "database_busy",
        "Basis data sedang sibuk: orang lain sedang menulis ke buku yang sama. Buku tetap seperti "
        "semula. Tunggu sebentar, lalu jalankan perintah ini sekali lagi.",
    ),
    Trouble.FULL: (
        "storage_full",
        "Penyimpanan penuh: tempat di mesin ini atau di peladen basis data habis. Buku tetap "
        "seperti semula. Tambah tempatnya, lalu jalankan perintah ini sekali lagi.",
    ),
}
Make = Callable[[], Flask]


class Money(click.ParamType[int]):
    name = "rupiah"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else parse_typed(str(value))
        except AmountError:
            self.fail(f"{value!r} bukan jumlah rupiah bulat, misalnya 5000000", param, ctx)


class Day(click.ParamType[dt.date]):
    name = "tanggal"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.date:
        try:
            return value if isinstance(value, dt.date) else parse_date(str(value))
        except DateError:
            self.fail(f"{value!r} bukan tanggal, misalnya 2026-10-31", param, ctx)


class Rate(click.ParamType[int]):
    """Percent a year, to basis points."""

    name = "persen"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            points = Decimal(str(value).replace(",", ".")) * 100
        except InvalidOperation:
            self.fail(f"{value!r} bukan persen, misalnya 3 atau 3,25", param, ctx)
        if points != points.to_integral_value() or not 0 <= points <= 10_000:
            self.fail(f"{value!r} harus antara 0 dan 100 dengan dua desimal", param, ctx)
        return int(points)


def run(make_app: Make) -> None:
    """Run the command line; `make_app` is called only by commands that need the database."""
    wibawa(obj=make_app, prog_name="wibawa")


@click.group(help="Wibawa: pengelolaan pinjaman Kredit Wibawa.")
def wibawa() -> None:
    pass


as_json = click.option("--json", "json_", is_flag=True, help="Cetak satu objek JSON saja.")


def _say(json_: bool, data: dict[str, Any], lines: list[str]) -> None:
    click.echo(json.dumps(data, ensure_ascii=False) if json_ else "\n".join(lines))


def _refuse(json_: bool, data: dict[str, Any], lines: list[str]) -> NoReturn:
    if json_:
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        click.echo("\n".join(lines), err=True)
    sys.exit(REFUSED)


def _with_books(
    make: Make,
    deed: Callable[[Session], Any],
    *,
    write: bool = True,
    hindered: Callable[[Problem], Any] | None = None,
) -> Any:
    """Run `deed` in one transaction on a database that is migrated when empty; all or nothing.

    A database that is busy or full is told in words, or gives what `hindered` makes of them."""
    try:
        return _in_books(make, deed, write=write)
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is Trouble.NONE:
            raise
        code, sentence = TROUBLES[trouble]
        if hindered is None:
            raise click.ClickException(sentence) from error
        return hindered(Problem(0, "", code, "", sentence))


class Unfit(click.ClickException):
    """Settings, key or schema are not those of this database."""


def _fit(make: Make) -> Flask:
    """The application, before a database that it may work on."""
    try:
        app = make()
        made = migrate_if_empty(app)
        with app.app_context():
            refuse_another_key(db.engine)
            if made:
                record_made(db.engine)
    except (DamagedSchema, RuntimeError) as error:
        raise Unfit(str(error)) from error
    return app


def away(error: OperationalError) -> str:
    """What a service says that finds no database; its driver's words name no password."""
    told = " ".join(str(error.orig).split())
    return f"Basis data tidak dapat dihubungi ({told}). Layanan ini akan mencobanya lagi."


def _in_books(make: Make, deed: Callable[[Session], Any], *, write: bool) -> Any:
    app = _fit(make)
    with app.app_context(), writing():
        session = db.session()
        try:
            result = deed(session)
            if write:
                session.commit()
            return result
        finally:
            session.rollback()
            db.session.remove()
            db.engine.dispose()


def _leave_line(
    session: Session, action: str, kind: str = "", number: int | None = None, detail: str = ""
) -> None:
    """One line in the trail in the transaction of the command, whose author cannot sign in."""
    by = command_line_user(session)
    trail.record(session, clock.now(), by, action, kind, number, detail)


def _leave_line_first(
    session: Session, action: str, kind: str, number: int | None, detail: str
) -> None:
    """The same for what writes a file: the line is there before the file is, and from then on the
    command reads, all of it as of one moment."""
    _leave_line(session, action, kind, number, detail)
    session.commit()
    set_writing(False)


# — schedule —


@wibawa.command("schedule", help="Hitung jadwal angsuran tanpa menyimpan apa pun.")
@click.option("--principal", type=Money(), required=True)
@click.option("--rate", type=Rate(), default="3", help="Persen per tahun.")
@click.option("--months", type=int, default=24)
@click.option(
    "--method", type=click.Choice([m.value for m in Method]), default=Method.ANNUITY.value
)
@click.option("--disbursed", type=Day(), required=True)
@click.option("--multiple", type=click.Choice([str(m) for m in MULTIPLES]), default="1")
@as_json
def schedule_command(
    principal: int,
    rate: int,
    months: int,
    method: str,
    disbursed: dt.date,
    multiple: str,
    json_: bool,
) -> None:
    try:
        rows = schedule(Terms(principal, rate, months, Method(method), disbursed, int(multiple)))
    except Refused as refused:
        raise click.UsageError(refused.sentence) from refused
    data = {
        "rows": [
            {
                "number": row.number,
                "due_on": row.due_on.isoformat(),
                "principal": row.principal,
                "interest": row.interest,
                "total": row.total,
                "balance": row.balance,
            }
            for row in rows
        ],
        "total_principal": sum(row.principal for row in rows),
        "total_interest": sum(row.interest for row in rows),
    }
    lines = [
        f"{row.number:>3}  {short_date(row.due_on)}  {number(row.principal):>14}"
        f"  {number(row.interest):>12}  {number(row.total):>14}  {number(row.balance):>14}"
        for row in rows
    ]
    _say(json_, data, lines)


# — import —


@wibawa.group("import", help="Muat berkas.")
def import_group() -> None:
    pass


def problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "row": problem.row,
        "column": problem.column,
        "code": problem.code,
        "found": problem.found,
        "message": problem.message,
    }


def _told(problems: list[Problem]) -> list[str]:
    return [
        f"baris {p.row}, kolom {p.column or '–'}: {p.message} [{p.code}]"
        if p.row
        else f"{p.message} [{p.code}]"
        for p in problems
    ]


def _author(session: Session) -> Author:
    return Author(command_line_user(session), None, clock.now())


@import_group.command("portfolio", help="Muat data awal (portofolio berjalan), semua atau tidak.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
@click.pass_obj
def import_portfolio_command(make: Make, file: Path, json_: bool) -> None:
    def deed(session: Session) -> Imported:
        done = import_portfolio(session, file.read_bytes(), file.name, _author(session))
        if done.loans:
            said = f"{file.name}: {done.loans} pinjaman, {done.borrowers} peminjam baru"
            _leave_line(session, "portfolio_imported", detail=said)
        return done

    result = _with_books(make, deed, hindered=lambda problem: Imported(0, 0, 0, (problem,)))
    data = {
        "loans": result.loans,
        "borrowers": result.borrowers,
        "opening_entries": result.opening_entries,
        "problems": [problem_json(p) for p in result.problems if p.blocking],
        "notices": [problem_json(p) for p in result.problems if not p.blocking],
        "already_imported": result.already_imported,
    }
    if data["problems"]:
        _refuse(json_, data, _told([p for p in result.problems if p.blocking]))
    said = (
        "Berkas ini sudah dimuat sebelumnya; tidak ada yang berubah."
        if result.already_imported
        else f"{result.loans} pinjaman, {result.borrowers} peminjam baru, "
        f"{result.opening_entries} catatan pembuka."
    )
    _say(json_, data, [said])


@import_group.command("repayments", help="Periksa dan bukukan berkas angsuran sebuah bank.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bank", "bank_code", required=True, help="JATENG atau PASAR.")
@click.option("--check", is_flag=True, help="Periksa saja, jangan bukukan.")
@click.option("--skip-problems", is_flag=True, help="Lewati baris bermasalah.")
@click.option("--suspend-unknown", is_flag=True, help="Rekening tidak dikenal masuk titipan.")
@as_json
@click.pass_obj
def import_repayments_command(
    make: Make,
    file: Path,
    bank_code: str,
    check: bool,
    skip_problems: bool,
    suspend_unknown: bool,
    json_: bool,
) -> None:
    options = Options(skip_problems, suspend_unknown)

    def deed(session: Session) -> tuple[dict[str, Any], list[Problem]]:
        bank = _bank(session, bank_code)
        try:
            outcome, upload = import_at_once(
                session, bank, file.read_bytes(), file.name, _author(session), options
            )
        except Unreadable as error:
            return _repayments_json(None, None, [error.problem]), [error.problem]
        if outcome is None:
            assert upload is not None
            again = _already(upload)
            return _repayments_json(None, upload, [again]), [again]
        if upload is not None:
            _leave_line(session, "file_posted", "upload", upload.id, upload.filename)
        problems = [p for p in outcome.checked.problems if p.blocking]
        return _repayments_json(outcome, upload, outcome.checked.problems), (
            [] if upload is not None else problems
        )

    def hindered(problem: Problem) -> tuple[dict[str, Any], list[Problem]]:
        return _repayments_json(None, None, [problem]), [problem]

    data, blocking = _with_books(make, deed, write=not check, hindered=hindered)
    if blocking:
        _refuse(json_, data, _told(blocking))
    word = "akan dibukukan" if check else "dibukukan"
    lines = [
        f"{data['posted_rows']} baris {word} ({rupiah(data['posted_total'])}), "
        f"titipan {rupiah(data['suspense_total'])}, "
        f"sudah dibukukan sebelumnya {data['already_posted_rows']} baris, "
        f"dilewati {data['skipped_rows']} baris; "
        f"total kontrol {rupiah(data['control_total'])}."
    ]
    _say(json_, data, lines)


@import_group.command("register", help="Periksa dan terapkan berkas SI-UMI (usaha mikro kota).")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Periksa saja, jangan terapkan.")
@click.option("--skip-problems", is_flag=True, help="Lewati baris bermasalah.")
@click.option(
    "--rename",
    "renames",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="BARIS",
    help="Benarkan nama baru peminjam dengan pinjaman berjalan pada baris ini; boleh diulang.",
)
@as_json
@click.pass_obj
def import_register_command(
    make: Make,
    file: Path,
    check: bool,
    skip_problems: bool,
    renames: tuple[int, ...],
    json_: bool,
) -> None:
    def deed(session: Session) -> tuple[dict[str, Any], list[Problem]]:
        content, author = file.read_bytes(), _author(session)
        try:
            checked, upload = import_register(
                session, content, file.name, author, skip=skip_problems, renames=renames
            )
        except Unreadable as error:
            return _register_json(None, 0, [error.problem]), [error.problem]
        if checked is None:
            assert upload is not None
            return _register_json(None, upload.row_count, []), []
        if upload is not None:
            _leave_line(session, "register_applied", "upload", upload.id, upload.filename)
        stopped = [p for p in checked.problems if p.blocking] if checked.blocked else []
        return _register_json(checked, checked.rows, checked.problems), stopped

    def hindered(problem: Problem) -> tuple[dict[str, Any], list[Problem]]:
        return _register_json(None, 0, [problem]), [problem]

    data, blocking = _with_books(make, deed, write=not check, hindered=hindered)
    if blocking:
        _refuse(json_, data, _told(blocking))
    if data["already_imported"]:
        said = "Berkas ini sudah diterapkan sebelumnya; tidak ada yang berubah."
    else:
        said = (
            f"{data['new']} usaha mikro baru, {data['changed']} berubah, "
            f"{data['unchanged']} sama, {data['repeated']} kembar, "
            f"{data['faulty']} bermasalah{' dan dilewati' * bool(data['skipped'])}"
            f"{' (hanya diperiksa)' * check}."
        )
    _say(json_, data, [said])


def _register_json(checked: Checked | None, rows: int, problems: list[Problem]) -> dict[str, Any]:
    names = ("new", "changed", "unchanged", "repeated", "faulty", "skipped")
    return {
        "rows": rows,
        **{name: getattr(checked, name) if checked else 0 for name in names},
        "problems": [problem_json(p) for p in problems if p.blocking],
        "notices": [problem_json(p) for p in problems if not p.blocking],
        "already_imported": checked is None and not problems,
    }


def _bank(session: Session, code: str) -> Bank:
    bank = bank_by_code(session, code)
    if bank is None:
        known = ", ".join(bank.code for bank in all_banks(session))
        raise click.UsageError(f"Bank {code!r} tidak dikenal. Yang ada: {known}.")
    return bank


def _already(upload: Upload) -> Problem:
    assert upload.posted_at is not None
    day = long_date(clock.in_wib(upload.posted_at).date())
    message = (
        f"Berkas ini sudah dibukukan pada {day} sebagai “{upload.filename}” "
        f"(berkas nomor {upload.id}); tidak dibukukan lagi."
    )
    return Problem(0, "", "file_already_uploaded", upload.filename, message)


def _repayments_json(
    outcome: Outcome | None, upload: Upload | None, problems: list[Problem]
) -> dict[str, Any]:
    names = (
        "rows", "total", "posted_rows", "posted_total", "suspense_rows", "suspense_total",
        "already_posted_rows", "already_posted_total", "skipped_rows", "skipped_total",
        "control_total",
    )  # fmt: skip
    data: dict[str, Any] = dict.fromkeys(names, 0)
    if outcome is not None:
        data |= {name: getattr(outcome.checked, name) for name in names}
    elif upload is not None:
        data |= {
            "rows": upload.row_count,
            "total": upload.total,
            "already_posted_rows": upload.row_count,
            "already_posted_total": upload.control_total,
            "control_total": upload.control_total,
        }
    data["problems"] = [problem_json(p) for p in problems if p.blocking]
    data["notices"] = [problem_json(p) for p in problems if not p.blocking]
    return data


# — report —


@wibawa.group("report", help="Laporan.")
def report_group() -> None:
    pass


@report_group.command("portfolio", help="Portofolio per bank pada suatu hari.")
@click.option("--on", type=Day(), default=None, help="Bawaan: hari ini.")
@as_json
@click.pass_obj
def report_portfolio(make: Make, on: dt.date | None, json_: bool) -> None:
    day = on or clock.today()

    def deed(session: Session) -> Portfolio:
        _leave_line(
            session, "list_exported", "report", None, f"Portofolio per bank {long_date(day)}"
        )
        return portfolio(session, day, thresholds_on(session, day))

    figures = _with_books(make, deed)
    data = {
        "on": day.isoformat(),
        "banks": {bank.code: bank.as_json() for bank in figures.banks},
        "written_off": {
            bank.code: {
                "loans": bank.written_off_loans,
                "outstanding": bank.written_off_outstanding,
            }
            for bank in figures.banks
        },
        "incomplete_before": figures.incomplete_before and figures.incomplete_before.isoformat(),
    }
    lines = [f"Portofolio {long_date(day)}"]
    if figures.incomplete:
        lines.append(
            f"Belum lengkap: pembayaran sebelum {long_date(figures.incomplete_before)} "
            "hanya tercatat sebagai satu catatan pembuka."
        )
    lines += [_bank_line(bank) for bank in (*figures.banks, figures.total)]
    _say(json_, data, lines)


def _bank_line(bank: BankFigures) -> str:
    classes = ", ".join(f"kol {k}: {v.loans}" for k, v in bank.classes.items())
    return (
        f"{bank.name}: {bank.loans_outstanding} pinjaman berjalan, "
        f"baki debet {rupiah(bank.outstanding_principal)}, "
        f"tunggakan {rupiah(bank.arrears)}, PAR30 {rupiah(bank.par30_outstanding)}, "
        f"NPL {rupiah(bank.npl_outstanding)} ({classes}); "
        f"hapus buku {bank.written_off_loans} pinjaman, "
        f"sisa tagihan {rupiah(bank.written_off_outstanding)}"
    )


@report_group.command("indicators", help="Target, realisasi dan rasio capaian suatu tahun.")
@click.option("--year", type=click.IntRange(2000, 2100), required=True)
@as_json
@click.pass_obj
def report_indicators(make: Make, year: int, json_: bool) -> None:
    def ask(session: Session) -> tuple[list[IndicatorFigure], Lock | None]:
        _leave_line(session, "list_exported", "report", None, f"Indikator {year}")
        lock = locks_in_force(session, [year]).get(year)
        return figures_of_year(session, year, clock.today()), lock

    figures, lock = _with_books(make, ask)
    data = {
        "year": year,
        "indicators": [_indicator_json(figure) for figure in figures],
        "locked": lock and {"version": lock.version, "sha256": lock.data_hash},
    }
    lines = [
        f"{f.code}: target {_or_none(f.target)}, realisasi {_or_none(f.realised)}, "
        f"rasio {_or_none(f.ratio)} ({f.status_words})"
        for f in figures
    ]
    if lock is not None:
        lines.append(f"Dikunci, versi {lock.version}, sidik {lock.data_hash}")
    _say(json_, data, lines)


def _or_none(hundredths: int | None) -> str:
    return "belum ada data" if hundredths is None else percent(hundredths).removesuffix("%")


def _plain(hundredths: int | None) -> float | int | None:
    """794 → 7.94, 5000 → 50: a figure as JSON writes it. It is printed, never reckoned with."""
    if hundredths is None:
        return None
    whole, rest = divmod(hundredths, 100)
    return whole if rest == 0 else float(f"{whole}.{rest:02d}")


def _indicator_json(figure: IndicatorFigure) -> dict[str, Any]:
    return {
        "code": figure.code,
        "target": _plain(figure.target),
        "realised": _plain(figure.realised),
        "ratio": _plain(figure.ratio),
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "status": figure.status,
    }


def _report_command(definition: Definition) -> None:
    """`wibawa report CODE`: any report of the page /laporan, with its figures as plain rows."""

    @click.option("--bank", default="", help="JATENG atau PASAR; bawaan: semua bank.")
    @as_json
    @click.pass_obj
    def command(make: Make, /, bank: str, json_: bool, **asked: Any) -> None:
        given = {key: value.isoformat() for key, value in asked.items() if value}
        given |= {"bank": bank}

        def deed(session: Session) -> Report:
            if bank:
                _bank(session, bank)
            scope = definition.read(given, clock.today(), all_banks(session), None).scope
            made = definition.make(session, scope)
            _leave_line(session, "list_exported", "report", None, f"{made.title}: {made.scope}")
            return made

        report = _with_books(make, deed)
        _say(json_, report_json(report), report_lines(report))

    fields = (
        {"tanggal": "--on"} if definition.since is None else {"dari": "--from", "sampai": "--to"}
    )
    for field, option in fields.items():
        command = click.option(option, field, type=Day(), default=None)(command)
    report_group.command(definition.code, help=f"{definition.title}.")(command)


for _definition in REPORTS.values():
    _report_command(_definition)


# — print —


@wibawa.group("print", help="Cetak ke PDF.")
def print_group() -> None:
    pass


@print_group.command("schedule", help="Jadwal angsuran satu pinjaman.")
@click.argument("loan_number")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.pass_obj
def print_schedule(make: Make, loan_number: str, out: Path) -> None:
    def deed(session: Session) -> int:
        found = find_loan(session, loan_number)
        if len(found) != 1:
            said = "tidak ditemukan" if not found else f"cocok dengan {len(found)} pinjaman"
            raise click.ClickException(
                f"Pinjaman {loan_number!r} {said}. "
                "Tulis nomor pinjaman (KW-000123), nomor akad atau nomor rekening."
            )
        _leave_line_first(session, "schedule_printed", "loan", found[0], out.name)
        return _print(session, found, out, f"Jadwal angsuran {loan_number}")

    click.echo(f"{_with_books(make, deed, write=False)} halaman → {out}")


@print_group.command("schedules", help="Jadwal semua pinjaman berjalan sebuah bank, satu PDF.")
@click.option("--bank", "bank_code", required=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.pass_obj
def print_schedules(make: Make, bank_code: str, out: Path) -> None:
    def deed(session: Session) -> int:
        bank = _bank(session, bank_code)
        today = clock.today()
        found = running_loans(session, today, thresholds_on(session, today), bank.id)
        if not found:
            raise click.ClickException(f"{bank.name} tidak punya pinjaman berjalan.")
        _leave_line_first(
            session, "schedules_printed", "bank", bank.id, f"{len(found)} pinjaman, {out.name}"
        )
        return _print(session, found, out, f"Jadwal angsuran {bank.name}")

    click.echo(f"{_with_books(make, deed, write=False)} halaman → {out}")


def _print(session: Session, loan_ids: list[int], out: Path, title: str) -> int:
    documents = schedule_documents(
        session,
        loan_ids,
        on=clock.today(),
        printed_on=clock.now(),
        printed_by="baris perintah",
        officer=Signatory("Petugas"),
    )
    with out.open("wb") as file:
        return schedules_pdf(documents, file, title, logos=logos_of(session))


# — the chains —


@wibawa.group("chain", help="Rantai pembukuan dan keputusan.")
def chain_group() -> None:
    pass


@chain_group.command("export", help="Rantai bank atau dinas sebagai berkas untuk verify_chain.py.")
@click.option("--bank", "bank_code", help="Kode bank.")
@click.option("--office", is_flag=True, help="Rantai keputusan dinas.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.pass_obj
def chain_export(make: Make, bank_code: str | None, office: bool, out: Path) -> None:
    if (bank_code is None) is not office:
        raise click.UsageError("Sebutkan salah satu: --bank KODE atau --office.")

    def deed(session: Session) -> Head:
        last, links = (
            _office_chain(session) if bank_code is None else _bank_chain(session, bank_code)
        )
        said = f"{bank_code or 'DINAS'}, sampai nomor {last.number}, {out.name}"
        _leave_line_first(session, "chain_exported", "chain_list", None, said)
        with out.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(exported(links))
        return last

    last = _with_books(make, deed, write=False)
    click.echo(f"{last.number} mata rantai → {out}")
    click.echo(f"Sidik mata rantai terakhir: {last.hash}")
    click.echo(
        "Simpan berkas ini seperti daftar nomor rekening: nomornya dapat ditemukan dari sidiknya "
        "dengan mencoba. Hapus sesudah diperiksa."
    )


def _office_chain(session: Session) -> tuple[Head, Links]:
    last = office_head(session)
    if last is None:
        raise click.ClickException("Belum ada keputusan dalam rantai dinas.")
    return last, office_links(session)


def _bank_chain(session: Session, code: str) -> tuple[Head, Links]:
    bank = _bank(session, code)
    last = head(session, bank.id)
    if last is None:
        raise click.ClickException(f"Belum ada yang dibukukan untuk {bank.name}.")
    return last, bank_links(session, bank.id)


# — backup, restore, move, upgrade —


def _kept(make: Make, json_: bool, deed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do what concerns the whole database; what refuses it is told in words, with exit 1."""
    app = make()
    try:
        with app.app_context():
            try:
                return deed()
            finally:
                db.engine.dispose()
    except Refused as refused:
        code, sentence = refused.code, refused.sentence
    except (DamagedSchema, WrongKey) as error:
        code, sentence = "database_unfit", str(error)
    except Exception as error:
        if trouble_of(error) is not Trouble.NONE:
            code, sentence = TROUBLES[trouble_of(error)]
        elif isinstance(error, OperationalError):
            said = str(error.orig).splitlines()[0]
            code, sentence = "database_unreachable", f"Basis data tidak dapat dibuka: {said}."
        else:
            raise
    _refuse(json_, {"ok": False, "code": code, "message": sentence}, [sentence])


@wibawa.command("backup", help="Cadangkan seluruh basis data ke satu berkas, sambil orang bekerja.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json
@click.pass_obj
def backup_command(make: Make, file: Path, json_: bool) -> None:
    def deed() -> dict[str, Any]:
        made = backup(db.engine, file)
        if made.manifest.revision == schema.head_revision():  # lines of today fit no older one
            with writing():
                said = f"{made.bytes} bita, {file.name}, SHA-256 {made.sha256}"
                _leave_line_first(db.session(), "backup_made", "", None, said)
                db.session.remove()
        return made.as_json()

    data = _kept(make, json_, deed)
    lines = [
        f"{number(data['rows'])} baris dari {data['tables']} tabel → {file} "
        f"({number(data['bytes'])} bita), sudah dibaca ulang dan cocok.",
        f"SHA-256 {data['sha256']}",
        "Kunci data tidak ikut di dalamnya; simpan salinannya di tempat lain.",
    ]
    _say(json_, {"ok": True, **data}, lines)


@wibawa.command("restore", help="Pulihkan sebuah cadangan ke basis data yang kosong.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
@click.pass_obj
def restore_command(make: Make, file: Path, json_: bool) -> None:
    app = make()
    data = _kept(lambda: app, json_, lambda: restore(db.engine, file).as_json())
    said = f"{number(data['rows'])} baris dalam {data['tables']} tabel dipulihkan dari {file}."
    _proved(
        app,
        app.config["SQLALCHEMY_DATABASE_URI"],
        json_,
        data,
        [said, *_carried(data), "Semua orang masuk lagi dengan kata sandinya."],
    )


def _carried(data: dict[str, Any]) -> list[str]:
    lines = data["carried_trail_lines"]
    told = f"{lines} baris jejak yang sudah ada di tempat kosong itu ikut disimpan di belakangnya."
    return [told] if lines else []


@wibawa.command("move", help="Pindahkan seluruh isi ke basis data lain yang kosong.")
@click.argument("target_url")
@as_json
@click.pass_obj
def move_command(make: Make, target_url: str, json_: bool) -> None:
    app, url = make(), full_url(target_url)
    data = _kept(lambda: app, json_, lambda: move(db.engine, url).as_json())
    said = f"{number(data['rows'])} baris dalam {data['tables']} tabel dipindahkan."
    after = "Arahkan WIBAWA_DATABASE_URL ke tujuan, lalu jalankan aplikasi di sana saja."
    _proved(app, url, json_, data, [said, *_carried(data), after])


@wibawa.command("upgrade", help="Cadangkan, lalu bawa basis data lama ke versi aplikasi ini.")
@as_json
@click.pass_obj
def upgrade_command(make: Make, json_: bool) -> None:
    app = make()
    folder = Path(app.config["BACKUP_FOLDER"])
    done = _kept(lambda: app, json_, lambda: bring_up(db.engine, folder).as_json())
    if done["from"] == done["to"]:
        lines = [f"Basis data sudah berversi {done['to']}; tidak ada yang berubah."]
    else:
        lines = [f"Basis data dibawa dari versi {done['from'] or 'kosong'} ke {done['to']}."]
    lines += [f"Cadangan sebelumnya: {done['backup']}"] if done["backup"] else []
    _say(json_, {"ok": True, **done}, lines)


@wibawa.group("key", help="Kunci data.")
def key_group() -> None:
    pass


new_file_option = click.option(
    "--file", "file", type=click.Path(dir_okay=False, path_type=Path), default=None,
    help="Tempat kunci baru; tanpa ini di samping kunci yang sekarang, berakhiran .new.",
)  # fmt: skip


@key_group.command("new", help="Buat kunci data baru; belum ada yang disegel dengannya.")
@new_file_option
@as_json
@click.pass_obj
def key_new_command(make: Make, file: Path | None, json_: bool) -> None:
    with make().app_context():
        path = file or new_key_file()
    try:
        make_new(path)
    except FileExistsError:
        said = f"Di {path} sudah ada kunci yang menunggu. Pakai kunci itu: wibawa key rotate"
        _refuse(json_, {"ok": False, "code": "new_key_waits", "message": said}, [said])
    except OSError as error:
        raise click.ClickException(f"Kunci tidak dapat ditulis ke {path}: {error}.") from error
    lines = [
        f"Kunci baru: {path}. Simpan salinannya di brankas, terpisah dari semua cadangan.",
        "Hentikan aplikasi dan pekerja di semua mesin, lalu: wibawa key rotate",
    ]
    _say(json_, {"ok": True, "new_key": str(path)}, lines)


@key_group.command("rotate", help="Segel semua isi dengan kunci baru, lalu pasang kunci itu.")
@new_file_option
@as_json
@click.pass_obj
def key_rotate_command(make: Make, file: Path | None, json_: bool) -> None:
    app = make()

    def deed() -> dict[str, Any]:
        folder, path = Path(app.config["BACKUP_FOLDER"]), file or new_key_file()
        return rotate(db.engine, folder, path).as_json()

    data = _kept(lambda: app, json_, deed)
    lines = ["Semua isi basis data sudah disegel dengan kunci yang sekarang."]
    if data["values"]:
        lines = [
            f"{number(data['values'])} nilai disegel dengan kunci baru dan dibaca ulang.",
            f"Cadangan sebelumnya, dengan kunci lama: {data['backup']}",
        ]
    if data["installed"]:
        lines.append(f"Kunci baru terpasang di {data['new_key']}.")
    else:
        lines.append(
            f"Pasang isi {data['new_key']} sebagai kunci data (WIBAWA_DATA_KEY atau berkasnya) di "
            "semua mesin, lalu jalankan perintah ini sekali lagi."
        )
    if data["old_key"]:
        lines.append(f"Kunci lama, untuk cadangan lama saja: {data['old_key']}")
    _say(json_, {"ok": True, **data}, lines)


def _proved(app: Flask, url: str, json_: bool, data: dict[str, Any], lines: list[str]) -> None:
    """Say what was done, and every law of the books there; exit 1 when one is broken."""
    engine = engine_at(url)
    with app.app_context(), reading(), Session(engine) as session:
        checks = _every_check(session, clock.today())
    engine.dispose()
    broken = [c for c in checks if not c.ok]
    told = {"ok": not broken, **data, "checks": _checks_json(checks)}
    if broken:
        lines.append("Isinya sama dengan asalnya, tetapi hukum buku besar dilanggar:")
        _refuse(json_, told, lines + [f"SALAH  {c.name}  {c.found}" for c in broken])
    _say(json_, told, [*lines, f"{len(checks)} hukum buku besar diperiksa: semuanya baik."])


def _checks_json(checks: list[Check]) -> list[dict[str, Any]]:
    return [{"name": c.name, "ok": c.ok, "found": c.found} for c in checks]


# — check, demo, serve, users —


def _every_check(session: Session, today: dt.date) -> list[Check]:
    books = run_checks(session, today, thresholds_on(session, today))
    return [*books, *month_checks(session), *lock_checks(session)]


@wibawa.command("check", help="Buktikan setiap hukum buku besar.")
@as_json
@click.pass_obj
def check_command(make: Make, json_: bool) -> None:
    today = clock.today()

    def deed(session: Session) -> list[Check]:
        session.rollback()
        set_writing(False)  # people go on working: all laws are proved as of one moment
        return _every_check(session, today)

    checks = _with_books(make, deed, write=False)
    data = {
        "ok": all(check.ok for check in checks),
        "checks": _checks_json(checks),
    }
    lines = [f"{'baik ' if c.ok else 'SALAH'}  {c.name}  {c.found}".rstrip() for c in checks]
    if not data["ok"]:
        _refuse(json_, data, lines)
    _say(json_, data, lines)


@wibawa.command(
    "rebuild", help="Susun ulang salinan keadaan pinjaman dan jumlah jatuh tempo dari buku besar."
)
@as_json
@click.pass_obj
def rebuild_command(make: Make, json_: bool) -> None:
    def deed(session: Session) -> int:
        made = rebuild(session)
        _leave_line(session, "standings_rebuilt", detail=f"{made} baris")
        return made

    rows = _with_books(make, deed)
    _say(json_, {"ok": True, "rows": rows}, [f"{rows} baris keadaan pinjaman disusun ulang."])


@wibawa.command("demo", help="Isi basis data kosong dengan kantor contoh.")
@click.option("--if-empty", is_flag=True, help="Diam saja bila sudah ada isinya.")
@click.pass_obj
def demo_command(make: Make, if_empty: bool) -> None:
    def deed(session: Session) -> demo.Office | None:
        if current_app.config["WIBAWA_ENV"] == "production":
            raise click.ClickException(
                "Kantor contoh memakai kata sandi umum; tidak untuk produksi."
            )
        if demo.has_content(session):
            if if_empty:
                return None
            raise click.ClickException("Basis data ini sudah berisi; contoh tidak dimuat.")
        return demo.fill(session, clock.now())

    office = _with_books(make, deed)
    if office is not None:
        click.echo(
            f"Kantor contoh siap: {office.loans} pinjaman, {office.entries} catatan buku, "
            f"{office.files} berkas bank."
        )
        for path in demo.write_sample_files(office, Path(make().config["INSTANCE_FOLDER"])):
            click.echo(f"Berkas untuk dicoba diunggah: {path}")


@wibawa.command("serve", help="Jalankan aplikasi.")
@click.option("--host", default="127.0.0.1")
@click.option("--port", type=int, default=8000)
@click.option("--threads", type=int, default=8)
@click.option("--no-worker", is_flag=True, help="Tanpa pekerja latar; jalankan `work` sendiri.")
@click.pass_obj
def serve_command(make: Make, host: str, port: int, threads: int, no_worker: bool) -> None:
    app, stop = _at_work(make), threading.Event()
    stop_when_asked(stop, beside=False)
    people = _with_books(lambda: app, demo.sign_in_help, write=False)
    click.echo(f"Wibawa berjalan di http://{host}:{port}  (Ctrl+C untuk berhenti)")
    for line in people:
        click.echo(line)
    with nullcontext() if no_worker else worker_beside():
        serve(
            app, stop, host=host, port=port, threads=threads, ident=None,
            clear_untrusted_proxy_headers=not app.config["PROXIES"],  # then `app` reads them
        )  # fmt: skip


class _Stays(click.ClickException):
    exit_code = UNFIT


class _ComesAgain(click.ClickException):
    exit_code = AGAIN


def _at_work(make: Make) -> Flask:
    """The application of a service. What hinders its start is told in words, by its exit whether
    it may try again."""
    try:
        app = _fit(make)
    except Unfit as refused:
        raise _Stays(refused.message) from refused
    except OperationalError as error:
        _, sentence = TROUBLES.get(trouble_of(error), ("", away(error)))
        raise _ComesAgain(sentence) from error
    with app.app_context():
        db.engine.dispose()
    return app


@wibawa.command("work", help="Kerjakan pekerjaan latar yang antre, sampai dihentikan.")
@click.option("--until-idle", is_flag=True, help="Berhenti bila tidak ada lagi yang antre.")
@click.option("--beside", is_flag=True, hidden=True, help="Berhenti bila masukan tertutup.")
@click.pass_obj
def work_command(make: Make, until_idle: bool, beside: bool) -> None:
    app, stop = _at_work(make), threading.Event()
    stop_when_asked(stop, beside=beside)
    work(app, stop, until_idle=until_idle)


@wibawa.group("user", help="Pengguna.")
def user_group() -> None:
    pass


@user_group.command("add", help="Tambah pengguna.")
@click.argument("username")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--bank", "bank_code", default=None, help="Hanya untuk bank_officer.")
@click.option("--password", default=None, help="Tanpa ini ditanyakan.")
@click.option("--one-time", is_flag=True, help="Cetak kata sandi sekali pakai.")
@click.pass_obj
def user_add(
    make: Make,
    username: str,
    name: str,
    role: str,
    bank_code: str | None,
    password: str | None,
    one_time: bool,
) -> None:
    if one_time and password is not None:
        raise click.UsageError("Pilih salah satu: --password atau --one-time.")
    typed = password
    if typed is None and not one_time:
        typed = click.prompt("Kata sandi", hide_input=True, confirmation_prompt=True)

    def deed(session: Session) -> str:
        bank = _bank(session, bank_code) if bank_code else None
        issued = None
        who: dict[str, Any] = {
            "username": username,
            "name": name,
            "role": Role(role),
            "now": clock.now(),
        }
        bank_id = bank.id if bank else None
        if typed is None:
            user, issued = add_with_one_time(session, bank_id=bank_id, **who)
        else:
            user = add_user(session, password=typed, bank_id=bank_id, **who)
        said = f"{user.name} ({user.username}), {user.role_label}"
        _leave_line(session, "user_added", "user", user.id, user.username)
        return f"{said}." if issued is None else f"{said}. Sekali pakai: {issued}"

    try:
        click.echo(f"Pengguna ditambahkan: {_with_books(make, deed)}")
    except Refused as refused:
        raise click.ClickException(refused.sentence) from refused
