"""Proposing, approving, refusing and confirming dated settings: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.banks.models import CollectibilityRule, LoanTerms, TermsConfirmation
from wibawa.banks.terms import queries
from wibawa.banks.terms.queries import Version
from wibawa.chains.actions import append_decision
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.dated import refuse_past
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused, by_same_person
from wibawa.rules.terms import ProductTerms, limits_rise
from wibawa.web.clock import in_wib
from wibawa.web.formats import moment, rate


@dataclass(frozen=True)
class Setting:
    """A kind of dated setting: where its versions lie and what the trail and the screen call it."""

    name: str
    word: str
    model: type[LoanTerms] | type[CollectibilityRule]
    version: Callable[[Session, int], Version | None]
    before: Callable[[Session, Any], int | None]


def _terms_before(session: Session, version: Version) -> int | None:
    before = queries.terms_before(session, version.valid_from)
    return before.id if before else None


def _limits_before(session: Session, version: queries.LimitsVersion) -> int | None:
    before = queries.limits_before(session, version.bank_kind, version.valid_from)
    return before.id if before else None


PRODUCT: dict[str, tuple[str, Callable[[int], str]]] = {
    "rate": ("Bunga", rate),
    "months": ("Jangka waktu", "{} bulan".format),
    "ceiling_micro": ("Plafon usaha mikro", rupiah),
    "ceiling_cooperative": ("Plafon koperasi", rupiah),
    "collateral_free_limit": ("Batas tanpa agunan", rupiah),
    "minimum_age": ("Usia paling muda", "{} tahun".format),
    "minimum_business_years": ("Usia usaha paling sedikit", "{} tahun".format),
}


def _told(
    before: ProductTerms | None,
    after: ProductTerms,
    words: dict[str, tuple[str, Callable[[int], str]]],
) -> str:
    return trail.changes(
        (label, said(getattr(before, name)) if before else None, said(getattr(after, name)))
        for name, (label, said) in words.items()
    )


TERMS = Setting("terms", "Ketentuan pinjaman", LoanTerms, queries.terms_version, _terms_before)
LIMITS = Setting(
    "limits", "Batas kolektibilitas", CollectibilityRule, queries.limits_version, _limits_before
)


def shown(session: Session, setting: Setting, version: Version) -> str:
    """The fingerprint of a version beside the one it would follow."""
    return queries.fingerprint(version, setting.before(session, version))


def propose_terms(
    session: Session, wanted: ProductTerms, start: dt.date, basis: str, by: int, now: dt.datetime
) -> int:
    """Propose loan terms from `start` on; the version's id.

    Raises `Refused`: `starts_in_past`, `starts_taken`, `nothing_changed`.
    """
    before = queries.terms_before(session, start)
    same = before is not None and before.product == wanted
    told = _told(before.product if before else None, wanted, PRODUCT)
    new = LoanTerms(**asdict(wanted), legal_basis=basis)
    return _propose(session, TERMS, new, start, same, told, by, now)


def propose_limits(
    session: Session, kind: str, wanted: Thresholds, start: dt.date, by: int, now: dt.datetime
) -> int:
    """Propose limits of collectibility for a kind of bank from `start` on; the version's id.

    Raises `Refused` as `propose_terms` does, and `not_rising`.
    """
    if not limits_rise(wanted):
        raise Refused(
            "not_rising",
            "Batas hari harus naik: setiap kolektibilitas berakhir lebih lama daripada yang "
            "sebelumnya.",
        )
    before = queries.limits_before(session, kind, start)
    same = before is not None and before.limits == wanted
    days = {f"class_{number}": limit for number, limit in enumerate(wanted, 1)}
    told = trail.changes(
        (f"Kolektibilitas {number}", was, f"sampai {limit} hari")
        for number, (was, limit) in enumerate(
            zip([f"sampai {each} hari" for each in before.limits] if before else [None] * 4,
                wanted, strict=True), 1)
    )  # fmt: skip
    new = CollectibilityRule(bank_kind=kind, **days)
    return _propose(session, LIMITS, new, start, same, told, by, now)


def _propose(
    session: Session,
    setting: Setting,
    new: LoanTerms | CollectibilityRule,
    start: dt.date,
    same: bool,
    told: str,
    by: int,
    now: dt.datetime,
) -> int:
    refuse_past(start, in_wib(now).date(), ", supaya yang sudah berlaku tidak berubah")
    if same:
        raise Refused(
            "nothing_changed",
            "Semua angka sama dengan yang sudah berlaku pada tanggal itu. Ubah paling sedikit "
            "satu angka.",
        )
    new.status, new.valid_from, new.proposed_by, new.proposed_at = "proposed", start, by, now
    session.add(new)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(
            "starts_taken",
            f"Sudah ada usulan atau ketentuan yang berlaku mulai {long_date(start)}. Pilih tanggal "
            "lain, atau tunggu usulan itu diputuskan.",
        ) from error
    detail = f"Mulai {long_date(start)}: {told}"
    _note(session, setting, "proposed", new.id, detail, by, now)
    return new.id


def approve(
    session: Session, setting: Setting, version_id: int, seen: str, by: int, now: dt.datetime
) -> int:
    """Let a proposed version take effect on its day; its id.

    Raises `Refused`: `not_there`, `same_person`, `already_decided`, `changed`, `too_late`.
    """
    version = _to_decide(session, setting, version_id, seen, by)
    if version.valid_from < in_wib(now).date():
        raise Refused(
            "too_late",
            f"Tanggal berlakunya, {long_date(version.valid_from)}, sudah lewat. Tolak usulan ini, "
            "lalu minta usulan baru dengan tanggal yang akan datang.",
        )
    _decide(session, setting, version_id, "approved", "", by, now)
    detail = f"Mulai {long_date(version.valid_from)}"
    _note(session, setting, "approved", version_id, detail, by, now)
    append_decision(session, setting.name, version_id, now)
    return version_id


def refuse(
    session: Session,
    setting: Setting,
    version_id: int,
    seen: str,
    reason: str,
    by: int,
    now: dt.datetime,
) -> int:
    """Refuse a proposed version with a reason; its id. Raises `Refused` as `approve` does."""
    version = _to_decide(session, setting, version_id, seen, by)
    _decide(session, setting, version_id, "refused", reason, by, now)
    detail = f"Mulai {long_date(version.valid_from)}: {reason}"
    _note(session, setting, "refused", version_id, detail, by, now)
    append_decision(session, setting.name, version_id, now)
    return version_id


def _to_decide(session: Session, setting: Setting, version_id: int, seen: str, by: int) -> Version:
    """The proposal as it is now, when this person may decide on what was shown."""
    version = setting.version(session, version_id)
    if version is None:
        raise Refused("not_there", "Usulan ini tidak ada.")
    if version.status != "proposed":
        how = "menyetujui" if version.status == "approved" else "menolak"
        raise Refused(
            "already_decided",
            f"Usulan ini sudah diputuskan oleh {version.decided_by}, yang {how}nya pada "
            f"{moment(version.decided_at)}."
            if version.decided_by
            else f"{setting.word} ini sudah berlaku sejak awal dan tidak dapat diubah.",
        )
    if version.proposed_by_id == by:
        raise by_same_person(
            "Usulan ini Anda ajukan sendiri. Keputusannya harus diambil orang lain.",
        )
    if shown(session, setting, version) != seen:
        raise Refused(
            "changed",
            "Yang berlaku sebelum usulan ini berubah sejak halaman ditampilkan. Periksa "
            "perbandingan yang sekarang tampil, lalu putuskan lagi.",
        )
    return version


def _decide(
    session: Session,
    setting: Setting,
    version_id: int,
    status: str,
    reason: str,
    by: int,
    now: dt.datetime,
) -> None:
    """Decide what nobody else has decided and somebody else has proposed."""
    model = setting.model
    changed = session.execute(
        update(model)
        .where(model.id == version_id, model.status == "proposed", model.proposed_by != by)
        .values(status=status, decided_by=by, decided_at=now, decision_reason=reason)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused("already_decided", "Usulan ini sudah diputuskan oleh orang lain.")


def confirm_terms(session: Session, version_id: int, basis: str, by: int, now: dt.datetime) -> int:
    """Record the legal basis of an approved version; its id. Raises `Refused`: `not_approved`."""
    version = queries.terms_version(session, version_id)
    if version is None or version.status != "approved":
        raise Refused(
            "not_approved", "Hanya ketentuan yang sudah disetujui yang dapat dikonfirmasi."
        )
    confirmed = TermsConfirmation(
        terms_id=version_id, legal_basis=basis, confirmed_by=by, confirmed_at=now
    )
    session.add(confirmed)
    session.flush()
    _note(session, TERMS, "confirmed", version_id, basis, by, now)
    append_decision(session, "confirmation", confirmed.id, now)
    return version_id


def _note(
    session: Session,
    setting: Setting,
    deed: str,
    version_id: int,
    detail: str,
    by: int,
    now: dt.datetime,
) -> None:
    trail.record(session, now, by, f"{setting.name}_{deed}", setting.name, version_id, detail)
