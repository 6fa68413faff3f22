from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wibawa.access import once
from wibawa.access.guard import me, needs, not_found, note_own_try
from wibawa.access.permissions import Permission
from wibawa.access.proof import Deed, proven
from wibawa.banks.queries import rules_on, terms_on
from wibawa.banks.terms import actions, queries
from wibawa.banks.terms.actions import LIMITS, TERMS, Setting
from wibawa.banks.terms.forms import (
    TERMS_FIELDS,
    ConfirmationForm,
    LimitsForm,
    RefusalForm,
    TermsForm,
)
from wibawa.banks.terms.queries import Version
from wibawa.database import db
from wibawa.rules.collectibility import CLASS_NAMES
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused
from wibawa.rules.terms import EXAMPLE_PRINCIPAL, class_spans, limit_changes, product_changes
from wibawa.web import clock

Loose = list[tuple[str, str | None]]
KIND_LABELS = {"commercial": "Bank umum", "rural": "BPR"}
KINDS = {"umum": "commercial", "bpr": "rural"}


@needs(Permission.SEE_TERMS)
def terms_list() -> str:
    today = clock.today()
    versions = queries.terms_versions(db.session())
    current = terms_on(db.session(), today).id
    return render_template(
        "banks/terms_list.html",
        versions=[(each, each.state(today, {current})) for each in versions],
        current=next(each for each in versions if each.id == current),
        waiting=sum(each.status == "proposed" for each in versions),
        coming=min(
            (v.valid_from for v in versions if v.status == "approved" and v.valid_from > today),
            default=None,
        ),
    )


@needs(Permission.PROPOSE_TERMS)
def new_terms() -> str | Response | tuple[str, int]:
    before = terms_on(db.session(), clock.today())
    form: Any = TermsForm(data={name: getattr(before.product, name) for name in TERMS_FIELDS})
    form.request_key.data = form.request_key.data or once.new_key()
    if not form.validate_on_submit() or "lihat" in request.form:
        return _new_terms_page(form)

    def deed() -> int:
        start, basis = form.valid_from.data, form.legal_basis.data
        now = clock.now()
        return actions.propose_terms(db.session(), form.product, start, basis, me().id, now)

    try:
        terms_id, _ = _once("propose_terms", deed)
    except Refused as refused:
        return _new_terms_page(form, _at_field(form, refused)), 409
    flash("Usulan disimpan dan menunggu persetujuan kepala bidang.", "success")
    return redirect(url_for("banks.terms_version", terms_id=terms_id))


def _new_terms_page(form: TermsForm, loose: Loose | None = None) -> str:
    """The form; beside it what would change, once everything is filled in readably."""
    changes, examples, before = None, None, None
    if form.is_submitted() and not any(form[name].errors for name in TERMS_FIELDS):
        day = form.valid_from.data or clock.today()
        before = queries.terms_before(db.session(), day)
        if before is not None:
            changes = product_changes(before.product, form.product)
            examples = queries.examples(db.session(), before.product, form.product, day)
    return render_template(
        "banks/new_terms.html",
        form=form,
        loose=loose or [],
        before=before,
        changes=changes,
        examples=examples,
        example=EXAMPLE_PRINCIPAL,
    )


@needs(Permission.SEE_TERMS)
def terms_version(terms_id: int) -> str:
    return _terms_page(terms_id, RefusalForm(formdata=None), ConfirmationForm(formdata=None))


def _terms_page(
    terms_id: int, form: RefusalForm, confirmation: ConfirmationForm, loose: Loose | None = None
) -> str:
    session = db.session()
    version = queries.terms_version(session, terms_id) or not_found("terms", terms_id)
    before = queries.terms_before(session, version.valid_from)
    product = before.product if before else version.product
    current = {terms_on(session, clock.today()).id}
    confirmation.request_key.data = once.new_key()
    confirmed = queries.confirmations(session, terms_id)
    return render_template(
        "banks/terms_version.html",
        edition=version,
        before=before,
        until=queries.terms_after(session, version.valid_from),
        changes=product_changes(product, version.product),
        examples=queries.examples(session, product, version.product, version.valid_from),
        example=EXAMPLE_PRINCIPAL,
        confirmation=confirmation,
        may_confirm=version.status == "approved" and me().may(Permission.APPROVE_TERMS),
        **_deciding(TERMS, version, current, form, loose, _confirmed(confirmed)),
    )


def _confirmed(found: list[queries.Confirmation]) -> list[dict[str, Any]]:
    return [
        {
            "title": "Dasar hukum dikonfirmasi",
            "who": each.by,
            "when": each.at,
            "tone": "success",
            "detail": each.legal_basis,
        }
        for each in found
    ]


def _deciding(
    setting: Setting,
    version: Version,
    current: set[int],
    form: RefusalForm,
    loose: Loose | None,
    more: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What the page of a version of any setting needs: its state, its history, the decision."""
    return {
        "state": version.state(clock.today(), current),
        "events": [*_events(version), *(more or [])],
        "may_decide": version.status == "proposed" and me().may(Permission.APPROVE_TERMS),
        "mine": version.proposed_by_id == me().id,
        "too_late": version.status == "proposed" and version.valid_from < clock.today(),
        "shown": actions.shown(db.session(), setting, version),
        "approve_key": once.new_key(),
        "refuse_key": once.new_key(),
        "form": form,
        "loose": loose or [],
    }


def _events(version: Version) -> list[dict[str, Any]]:
    if version.proposed_by is None:
        start = long_date(version.valid_from)
        return [{"title": "Nilai awal", "who": "Bawaan aplikasi", "when": f"mulai {start}"}]
    events = [
        {
            "title": "Diusulkan",
            "who": version.proposed_by,
            "when": version.proposed_at,
            "tone": "info",
        }
    ]
    if version.decided_at is not None:
        approved = version.status == "approved"
        events.append(
            {
                "title": "Disetujui" if approved else "Ditolak",
                "who": version.decided_by,
                "when": version.decided_at,
                "tone": "success" if approved else "danger",
                "detail": f"Alasan: {version.decision_reason}" if not approved else "",
            }
        )
    return events


def _about_to_approve_terms(terms_id: int) -> Deed:
    version = queries.terms_version(db.session(), terms_id) or not_found("terms", terms_id)
    before = queries.terms_before(db.session(), version.valid_from)
    changes = product_changes(before.product if before else version.product, version.product)
    return Deed(
        f"Menyetujui ketentuan pinjaman mulai {long_date(version.valid_from)}",
        [(each.label, f"{each.before} → {each.after}") for each in changes if each.changed],
    )


@needs(Permission.APPROVE_TERMS)
@proven(_about_to_approve_terms)
def approve_terms(terms_id: int) -> Response | tuple[str, int]:
    try:
        _approve(TERMS, terms_id)
    except Refused as refused:
        return _terms_refused(terms_id, refused)
    flash("Ketentuan disetujui. Pinjaman yang sudah ada tidak berubah.", "success")
    return redirect(url_for("banks.terms_version", terms_id=terms_id))


@needs(Permission.APPROVE_TERMS)
def refuse_terms(terms_id: int) -> str | Response | tuple[str, int]:
    form = RefusalForm()
    if not form.validate():
        return _terms_page(terms_id, form, ConfirmationForm(formdata=None))
    try:
        _refuse(TERMS, terms_id, form)
    except Refused as refused:
        return _terms_refused(terms_id, refused)
    flash("Usulan ditolak. Alasannya terlihat oleh pengusulnya.", "success")
    return redirect(url_for("banks.terms_version", terms_id=terms_id))


def _terms_refused(terms_id: int, refused: Refused) -> tuple[str, int]:
    _after_refusal(TERMS, terms_id, refused)
    form, confirmation = RefusalForm(), ConfirmationForm(formdata=None)
    return _terms_page(terms_id, form, confirmation, [(refused.sentence, None)]), 409


@needs(Permission.APPROVE_TERMS)
def confirm_terms(terms_id: int) -> str | Response | tuple[str, int]:
    form = ConfirmationForm()
    if not form.validate():
        return _terms_page(terms_id, RefusalForm(formdata=None), form)

    def deed() -> int:
        basis = form.basis.data
        return actions.confirm_terms(db.session(), terms_id, basis, me().id, clock.now())

    try:
        _once(f"confirm_terms {terms_id}", deed)
    except Refused as refused:
        return _terms_refused(terms_id, refused)
    flash("Dasar hukum dikonfirmasi dan tercatat.", "success")
    return redirect(url_for("banks.terms_version", terms_id=terms_id))


def _approve(setting: Setting, version_id: int) -> None:
    seen = request.form.get("shown", "")

    def deed() -> int:
        return actions.approve(db.session(), setting, version_id, seen, me().id, clock.now())

    _once(f"approve_{setting.name} {version_id}", deed)


def _refuse(setting: Setting, version_id: int, form: RefusalForm) -> None:
    reason, seen = " ".join((form.reason.data or "").split()), form.shown.data or ""

    def deed() -> int:
        now = clock.now()
        return actions.refuse(db.session(), setting, version_id, seen, reason, me().id, now)

    _once(f"refuse_{setting.name} {version_id}", deed)


def _after_refusal(setting: Setting, version_id: int, refused: Refused) -> None:
    db.session.rollback()
    note_own_try(refused, setting.name, version_id)


@needs(Permission.SEE_TERMS)
def limits_list() -> str:
    today = clock.today()
    current = rules_on(db.session(), today)
    in_force = {rule.id for rule in current.values()}
    versions = queries.limits_versions(db.session())
    return render_template(
        "banks/limits_list.html",
        versions=[(each, each.state(today, in_force)) for each in versions],
        spans=class_spans,
        current={kind: (rule, class_spans(rule.limits)) for kind, rule in current.items()},
        kinds=KIND_LABELS,
        addresses={kind: word for word, kind in KINDS.items()},
        classes=CLASS_NAMES,
        waiting=sum(each.status == "proposed" for each in versions),
    )


@needs(Permission.PROPOSE_TERMS)
def new_limits() -> str | Response | tuple[str, int]:
    kind = KINDS.get(request.args.get("jenis", ""), "commercial")
    before = rules_on(db.session(), clock.today())[kind]
    form: Any = LimitsForm(data={f"class_{n}": limit for n, limit in enumerate(before.limits, 1)})
    form.request_key.data = form.request_key.data or once.new_key()
    if not form.validate_on_submit() or "lihat" in request.form:
        return _new_limits_page(form, kind)

    def deed() -> int:
        start, now = form.valid_from.data, clock.now()
        return actions.propose_limits(db.session(), kind, form.limits, start, me().id, now)

    try:
        limits_id, _ = _once(f"propose_limits {kind}", deed)
    except Refused as refused:
        return _new_limits_page(form, kind, _at_field(form, refused)), 409
    flash("Usulan disimpan dan menunggu persetujuan kepala bidang.", "success")
    return redirect(url_for("banks.limits_version", limits_id=limits_id))


def _new_limits_page(form: LimitsForm, kind: str, loose: Loose | None = None) -> str:
    changes, before = None, None
    if form.is_submitted() and not any(form[f"class_{n}"].errors for n in (1, 2, 3, 4)):
        day = form.valid_from.data or clock.today()
        before = queries.limits_before(db.session(), kind, day)
        changes = limit_changes(before.limits, form.limits) if before else None
    return render_template(
        "banks/new_limits.html",
        form=form,
        loose=loose or [],
        kind=kind,
        kinds=KIND_LABELS,
        addresses=KINDS,
        before=before,
        changes=changes,
    )


@needs(Permission.SEE_TERMS)
def limits_version(limits_id: int) -> str:
    return _limits_page(limits_id, RefusalForm(formdata=None))


def _limits_page(limits_id: int, form: RefusalForm, loose: Loose | None = None) -> str:
    session = db.session()
    version = queries.limits_version(session, limits_id) or not_found("limits", limits_id)
    before = queries.limits_before(session, version.bank_kind, version.valid_from)
    current = {rule.id for rule in rules_on(session, clock.today()).values()}
    return render_template(
        "banks/limits_version.html",
        edition=version,
        before=before,
        kinds=KIND_LABELS,
        changes=limit_changes(before.limits if before else version.limits, version.limits),
        **_deciding(LIMITS, version, current, form, loose),
    )


def _about_to_approve_limits(limits_id: int) -> Deed:
    version = queries.limits_version(db.session(), limits_id) or not_found("limits", limits_id)
    return Deed(
        f"Menyetujui batas kolektibilitas mulai {long_date(version.valid_from)}",
        [("Diusulkan oleh", version.proposed_by)],
    )


@needs(Permission.APPROVE_TERMS)
@proven(_about_to_approve_limits)
def approve_limits(limits_id: int) -> Response | tuple[str, int]:
    try:
        _approve(LIMITS, limits_id)
    except Refused as refused:
        return _limits_refused(limits_id, refused)
    flash("Batas kolektibilitas disetujui. Laporan hari yang lalu tidak berubah.", "success")
    return redirect(url_for("banks.limits_version", limits_id=limits_id))


@needs(Permission.APPROVE_TERMS)
def refuse_limits(limits_id: int) -> str | Response | tuple[str, int]:
    form = RefusalForm()
    if not form.validate():
        return _limits_page(limits_id, form)
    try:
        _refuse(LIMITS, limits_id, form)
    except Refused as refused:
        return _limits_refused(limits_id, refused)
    flash("Usulan ditolak. Alasannya terlihat oleh pengusulnya.", "success")
    return redirect(url_for("banks.limits_version", limits_id=limits_id))


def _limits_refused(limits_id: int, refused: Refused) -> tuple[str, int]:
    _after_refusal(LIMITS, limits_id, refused)
    return _limits_page(limits_id, RefusalForm(), [(refused.sentence, None)]), 409


def _at_field(form: Any, refused: Refused) -> Loose:
    """The words of a refusal: at their field, or for the summary. A used form gets a new key."""
    db.session.rollback()
    if refused.code == "form_used":
        form.request_key.data = once.new_key()
    if refused.code not in ("starts_in_past", "starts_taken"):
        return [(refused.sentence, None)]
    form.valid_from.errors = [*form.valid_from.errors, refused.sentence]
    return []


def _once(action: str, deed: Callable[[], int]) -> tuple[int, bool]:
    """Do `deed` once for this form; its number, and whether it was done now or before."""
    session, key = db.session(), request.form.get("request_key", "")
    if not 16 <= len(key) <= 64:
        raise Refused("form_incomplete", "Formulir tidak lengkap. Muat ulang halaman, lalu ulangi.")
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in ("csrf_token", "request_key")
    ]
    answer = once.claim(session, key, me().id, action, once.body_hash(fields), clock.now())
    if answer is not None:
        return int(answer), False
    number = deed()
    once.settle(session, key, str(number))
    session.commit()
    return number, True


READ, BOTH, SENT = ["GET"], ["GET", "POST"], ["POST"]
URLS = (
    ("/ketentuan", terms_list, READ),
    ("/ketentuan/baru", new_terms, BOTH),
    ("/ketentuan/<int:terms_id>", terms_version, READ),
    ("/ketentuan/<int:terms_id>/setujui", approve_terms, SENT),
    ("/ketentuan/<int:terms_id>/tolak", refuse_terms, SENT),
    ("/ketentuan/<int:terms_id>/konfirmasi", confirm_terms, SENT),
    ("/kolektibilitas", limits_list, READ),
    ("/kolektibilitas/baru", new_limits, BOTH),
    ("/kolektibilitas/<int:limits_id>", limits_version, READ),
    ("/kolektibilitas/<int:limits_id>/setujui", approve_limits, SENT),
    ("/kolektibilitas/<int:limits_id>/tolak", refuse_limits, SENT),
)
