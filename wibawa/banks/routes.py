from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.banks import queries
from wibawa.banks.actions import (
    BankSettings,
    add_holiday,
    change_bank,
    set_permit,
    set_quota,
    shown,
    told,
)
from wibawa.banks.actions import (
    remove_holiday as take_out,
)
from wibawa.banks.forms import HOLIDAY_RULES, BankForm, HolidayForm, PermitForm, QuotaForm
from wibawa.banks.models import Bank
from wibawa.banks.terms.routes import KIND_LABELS, URLS
from wibawa.database import db
from wibawa.rules.dates import DateError, long_date, parse_date
from wibawa.rules.refused import Refused
from wibawa.web import clock
from wibawa.web.asked import EARLIEST, LATEST, asked_number

pages = Blueprint("banks", __name__)


@needs(Permission.MANAGE_BANKS)
def bank_list() -> str:
    return render_template(
        "banks/bank_list.html",
        banks=queries.all_banks(db.session()),
        kinds=KIND_LABELS,
        holiday_words=HOLIDAY_RULES,
    )


def _about_to_change(bank_id: int) -> Deed:
    bank, form = db.session.get(Bank, bank_id) or abort(404), BankForm()
    facts = [("Bank penyalur", bank.name)]
    if form.validate():
        facts.append(("Perubahan", told(bank, _settings(form)) or "Tidak ada"))
    return Deed("Mengubah pengaturan bank", facts)


@needs(Permission.MANAGE_BANKS)
@proven(_about_to_change)
def edit_bank(bank_id: int) -> str | Response | tuple[str, int]:
    bank = db.session.get(Bank, bank_id) or abort(404)
    form = BankForm(obj=bank)
    if not form.validate_on_submit():
        if not form.is_submitted():
            form.seen.data = shown(bank)
        return _bank_page(form, bank)
    try:
        seen = form.seen.data or ""
        said = change_bank(db.session(), bank_id, seen, _settings(form), me().id, clock.now())
    except Refused as refused:
        db.session.rollback()
        form.seen.data, form.seen.raw_data = shown(bank), None
        return _bank_page(form, bank, refused.sentence), 409
    db.session.commit()
    flash(f"Pengaturan {bank.name} disimpan." if said else "Tidak ada yang berubah.", "success")
    return redirect(url_for("banks.bank_list"))


def _bank_page(form: BankForm, bank: Bank, said: str | None = None) -> str:
    return render_template(
        "banks/edit_bank.html",
        bank=bank,
        form=form,
        kinds=KIND_LABELS,
        direct=bank.id in queries.direct_banks(db.session(), clock.today()),
        loose=[(said, None)] if said else [],
    )


def _settings(form: BankForm) -> BankSettings:
    return BankSettings(
        name=form.name.data,
        method=form.method.data,
        multiple=int(form.multiple.data),
        holiday_rule=form.holiday_rule.data,
        posts_clean_files=bool(form.posts_clean_files.data),
    )


@needs(Permission.MANAGE_BANKS)
def edit_permit(bank_id: int) -> str | Response | tuple[str, int]:
    bank = db.session.get(Bank, bank_id) or abort(404)
    form: Any = PermitForm()
    if not form.validate_on_submit():
        return _permit_page(form, bank)

    def deed() -> int:
        set_permit(
            db.session(),
            bank,
            asked_number(form.seen.data, 0, 999_999_999) or 0,
            valid_from=form.valid_from.data,
            allowed=form.allowed.data == "ya",
            reason=form.reason.data,
            by=me().id,
            now=clock.now(),
        )
        return bank_id

    said = _done_once(f"set_permit {bank_id}", deed)
    if said is not None:
        return _permit_page(form, bank, said), 409
    flash(f"Izin pencairan tanpa permohonan di {bank.name} disimpan.", "success")
    return redirect(url_for("banks.edit_permit", bank_id=bank_id))


def _done_once(action: str, deed: Callable[[], int]) -> str | None:
    """Do `deed` once for this form; why not, when it was refused."""
    session, now = db.session(), clock.now()
    try:
        once.do_once(session, request.form, request.full_path, me().id, action, now, deed)
    except Refused as refused:
        db.session.rollback()
        return refused.sentence
    db.session.commit()
    return None


def _permit_page(form: Any, bank: Bank, said: str | None = None) -> str:
    history = queries.permit_history(db.session(), bank.id)
    form.seen.data = str(max((each.id for each in history), default=0))
    form.seen.raw_data = None
    form.request_key.data = once.new_key()
    if not form.is_submitted():
        form.valid_from.data = clock.today()
    return render_template(
        "banks/edit_permit.html",
        form=form,
        bank=bank,
        history=history,
        allowed=bank.id in queries.direct_banks(db.session(), clock.today()),
        today=clock.today(),
        loose=[(said, None)] if said else [],
    )


@needs(Permission.SEE_REPORTS)
def quota() -> str:
    this_year = clock.today().year
    year = asked_number(request.args.get("tahun"), EARLIEST.year, LATEST.year) or this_year
    return render_template(
        "banks/quota.html",
        year=year,
        years=[(y, y) for y in range(max(this_year, year) + 1, min(2020, year) - 1, -1)],
        lines=queries.quota_lines(db.session(), year),
        today=clock.today(),
    )


@needs(Permission.SET_QUOTA)
def edit_quota(year: int, bank_id: int) -> str | Response | tuple[str, int]:
    bank = db.session.get(Bank, bank_id) or abort(404)
    if not EARLIEST.year <= year <= LATEST.year:
        abort(404)
    form = QuotaForm()
    if not form.validate_on_submit():
        return _quota_page(form, bank, year)
    seen = asked_number(form.seen.data, 0, 999_999) or 0
    amount, source = form.amount.data or 0, form.source.data or ""
    try:
        set_quota(db.session(), bank, year, seen, amount, source, me().id, clock.now())
    except Refused as refused:
        db.session.rollback()
        return _quota_page(form, bank, year, refused.sentence), 409
    db.session.commit()
    flash(f"Kuota {bank.name} tahun {year} disimpan.", "success")
    return redirect(url_for("banks.quota", tahun=year))


def _quota_page(form: QuotaForm, bank: Bank, year: int, said: str | None = None) -> str:
    history = queries.quota_history(db.session(), bank.id, year)
    lines = queries.quota_lines(db.session(), year)
    form.seen.data = str(history[0].sequence if history else 0)
    form.seen.raw_data = None
    if not form.is_submitted() and history:
        form.amount.data, form.source.data = history[0].amount, history[0].source
    return render_template(
        "banks/edit_quota.html",
        form=form,
        bank=bank,
        year=year,
        history=history,
        line=next(line for line in lines if line.bank_id == bank.id),
        loose=[(said, None)] if said else [],
    )


@needs(Permission.MANAGE_BANKS)
def holiday_list() -> str | Response | tuple[str, int]:
    form: Any = HolidayForm()
    if not form.validate_on_submit():
        return _holiday_page(form)
    day, name = form.day.data, form.name.data or ""
    if not EARLIEST <= day <= LATEST:
        form.day.errors = [f"Pilih tanggal antara {long_date(EARLIEST)} dan {long_date(LATEST)}."]
        return _holiday_page(form)
    try:
        add_holiday(db.session(), day, name, me().id, clock.now())
    except Refused as refused:
        db.session.rollback()
        form.day.errors = [refused.sentence]
        return _holiday_page(form), 409
    db.session.commit()
    flash(f"{long_date(day)}, {name}, dicatat sebagai hari libur.", "success")
    return redirect(url_for("banks.holiday_list", tahun=day.year))


def _holiday_page(form: HolidayForm) -> str:
    this_year = clock.today().year
    year = asked_number(request.args.get("tahun"), EARLIEST.year, LATEST.year) or this_year
    return render_template(
        "banks/holiday_list.html",
        form=form,
        year=year,
        years=[(y, y) for y in range(max(this_year + 1, year), min(this_year - 5, year) - 1, -1)],
        days=queries.holiday_list(db.session(), year),
    )


@needs(Permission.MANAGE_BANKS)
def remove_holiday() -> Response:
    year = None
    try:
        day = parse_date(request.form.get("day", ""))
        year = day.year
        name = take_out(db.session(), day, me().id, clock.now())
    except (DateError, Refused) as refused:
        db.session.rollback()
        flash(refused.sentence, "error")
    else:
        db.session.commit()
        flash(f"{long_date(day)}, {name}, bukan lagi hari libur.", "success")
    return redirect(url_for("banks.holiday_list", tahun=year))


READ, BOTH, SENT = ["GET"], ["GET", "POST"], ["POST"]
for address, view, methods in (
    ("/bank", bank_list, READ),
    ("/bank/<int:bank_id>", edit_bank, BOTH),
    ("/bank/<int:bank_id>/tanpa-permohonan", edit_permit, BOTH),
    ("/kuota", quota, READ),
    ("/kuota/<int:year>/<int:bank_id>", edit_quota, BOTH),
    ("/libur", holiday_list, BOTH),
    ("/libur/hapus", remove_holiday, SENT),
    *URLS,
):
    pages.add_url_rule(f"/pengaturan{address}", view_func=view, methods=methods)
