"""The office's settings of passwords, sessions and second factors: an entry per change."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.models import AccessSetting, User
from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.rules.passwords import Policy
from wibawa.rules.refused import Refused

PROFILES = {
    "owasp": "OWASP: cukup panjang, bukan kata umum",
    "bssn": "BSSN: ditambah huruf besar, kecil, angka, tanda; diganti tiap 90 hari",
}
LABELS = {
    "profile": "kebijakan",
    "minimum_length": "panjang paling sedikit",
    "one_time_days": "masa kata sandi sekali pakai (hari)",
    "idle_minutes": "batas diam (menit)",
    "absolute_hours": "batas sekali masuk (jam)",
    "proof_minutes": "masa bukti persetujuan (menit)",
    "second_factor_roles": "wajib kode",
}


@dataclass(frozen=True)
class Change:
    """An entry of the history in words."""

    entry: AccessSetting
    by: str | None
    roles: str


def newest_id() -> Any:
    return select(func.max(AccessSetting.id)).scalar_subquery()


def current(session: Session) -> AccessSetting:
    """What counts now."""
    return session.scalars(select(AccessSetting).where(AccessSetting.id == newest_id())).one()


def policy_of(setting: AccessSetting) -> Policy:
    return Policy(setting.profile == "bssn", setting.minimum_length)


def history(session: Session) -> list[Change]:
    found = session.execute(
        select(AccessSetting, User.name)
        .outerjoin(User, User.id == AccessSetting.entered_by)
        .order_by(AccessSetting.id.desc())
    )
    return [Change(entry, name, words_of(entry.roles)) for entry, name in found]


def words_of(roles: frozenset[Role]) -> str:
    return ", ".join(ROLE_LABELS[role] for role in Role if role in roles) or "tidak ada"


def change(
    session: Session, values: dict[str, Any], reason: str, seen: int, by: int, now: dt.datetime
) -> bool:
    """Put other settings in force at once; False when nothing changes.

    `seen` is the newest entry that the form knew. Raises `Refused`: `changed`.
    """
    before = current(session)
    changed = {name for name, value in values.items() if getattr(before, name) != value}
    if not changed:
        return False
    if before.id != seen:
        raise Refused(
            "changed",
            "Pengaturan ini baru saja diubah orang lain. Periksa riwayatnya, lalu simpan sekali "
            "lagi bila masih perlu.",
        )
    entry = AccessSetting(**values, reason=reason, entered_by=by, entered_at=now)
    session.add(entry)
    session.flush()
    told = trail.changes(
        (label, _said(before, name), _said(entry, name)) for name, label in LABELS.items()
    )
    detail = f"{told}; alasan: {reason}"
    trail.record(session, now, by, "access_settings_changed", "access_settings", entry.id, detail)
    return True


def _said(entry: AccessSetting, name: str) -> str:
    if name == "second_factor_roles":
        return words_of(entry.roles)
    return str(getattr(entry, name))
