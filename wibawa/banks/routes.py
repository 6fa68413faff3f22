from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from wibawa.access.guard import me, needs
from wibawa.access.permissions import Permission
from wibawa.access.trail import record
from wibawa.banks import queries
from wibawa.banks.actions import BankSettings, change_bank
from wibawa.banks.forms import HOLIDAY_RULES, BankForm
from wibawa.banks.models import Bank
from wibawa.database import db
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.web import clock

pages = Blueprint("banks", __name__)

KIND_LABELS = {"commercial": "Bank umum", "rural": "BPR"}
COLUMN_LABELS = {
    "account": "Nomor rekening",
    "name": "Nama peminjam",
    "paid_on": "Tanggal bayar",
    "amount": "Jumlah bayar",
    "principal": "Pokok",
    "interest": "Bunga",
    "penalty": "Denda",
    "outstanding": "Sisa pokok",
    "collectibility": "Kolektibilitas",
    "days_past_due": "Hari tunggakan",
    "reference": "Nomor bukti",
}


@needs(Permission.MANAGE_BANKS)
def bank_list() -> str:
    today = clock.today()
    return render_template(
        "banks/bank_list.html",
        banks=queries.all_banks(db.session()),
        terms=queries.terms_on(db.session(), today),
        limits=queries.thresholds_on(db.session(), today),
        kinds=KIND_LABELS,
        classes=CLASS_NAMES,
        holiday_words=HOLIDAY_RULES,
    )


@needs(Permission.MANAGE_BANKS)
def edit_bank(bank_id: int) -> str | Response:
    bank = db.session.get(Bank, bank_id) or abort(404)
    form = BankForm(obj=bank)
    if form.validate_on_submit():
        said = change_bank(db.session(), bank, _settings(form))
        if said:
            record(db.session(), clock.now(), me().id, "bank_changed", "bank", bank.id, said)
        db.session.commit()
        flash(f"Pengaturan {bank.name} disimpan." if said else "Tidak ada yang berubah.", "success")
        return redirect(url_for("banks.bank_list"))
    return render_template(
        "banks/edit_bank.html",
        bank=bank,
        form=form,
        kinds=KIND_LABELS,
        layout=queries.layout_mapping(db.session(), bank_id, "repayments", clock.today()),
        column_labels=COLUMN_LABELS,
    )


def _settings(form: BankForm) -> BankSettings:
    return BankSettings(
        name=form.name.data,
        method=form.method.data,
        multiple=int(form.multiple.data),
        holiday_rule=form.holiday_rule.data,
        posts_clean_files=bool(form.posts_clean_files.data),
    )


pages.add_url_rule("/pengaturan/bank", view_func=bank_list)
pages.add_url_rule("/pengaturan/bank/<int:bank_id>", view_func=edit_bank, methods=["GET", "POST"])
