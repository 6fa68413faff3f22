"""Passwords against the office's policy; one-time passwords; what was used before."""

from __future__ import annotations

import datetime as dt
import functools
import gzip
import secrets
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wibawa.access.models import OldPassword, User
from wibawa.access.settings import current, policy_of
from wibawa.rules.passwords import BSSN_HISTORY, faults
from wibawa.rules.refused import Refused

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what looks alike on paper
GROUPS, LONG = 4, 4

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_of(password: str) -> str:
    return _hasher.hash(password)


@functools.cache
def hash_of_nobody() -> str:
    return hash_of("nobody has this password")


def fits(stored: str, password: str) -> bool:
    """Whether `password` is the one that was hashed."""
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def common_words() -> frozenset[str]:
    """Our own words, and what leaked elsewhere the most often; read when a password is chosen."""
    here = Path(__file__).parent
    own = (here / "common_passwords.txt").read_text(encoding="utf-8")
    leaked = gzip.decompress((here / "breached_passwords.txt.gz").read_bytes()).decode()
    lines = (*own.splitlines(), *leaked.splitlines())
    return frozenset(line for line in lines if line and not line.startswith("# "))


def one_time() -> str:
    """A password to hand over: four groups of four, some 79 bits, without look-alikes."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(LONG)) for _ in range(GROUPS))
    return "-".join(groups)


def check_new(session: Session, password: str, username: str, name: str) -> None:
    """Raises `Refused` with every fault of a new password in one sentence after another."""
    policy = policy_of(current(session))
    found = faults(password, policy, common_words(), (username, name, *name.split()))
    if found:
        code = "password_short" if len(password) < policy.minimum else "password_weak"
        raise Refused(code, " ".join(found))


def change(session: Session, user: User, password: str, now: dt.datetime) -> None:
    """The person's own new password. Raises `Refused`: against the policy, or used before."""
    check_new(session, password, user.username, user.name)
    if fits(user.password_hash, password):
        raise Refused("password_same", "Kata sandi baru harus berbeda dari yang lama.")
    if policy_of(current(session)).bssn and any(
        fits(each, password) for each in _earlier(session, user.id)
    ):
        raise Refused(
            "password_used",
            f"Kata sandi ini pernah dipakai. Pilih yang tidak sama dengan {BSSN_HISTORY} kata "
            "sandi terakhir.",
        )
    _keep_old(session, user, now)
    user.password_hash = hash_of(password)
    user.password_set_at = now
    user.one_time_until = None
    session.flush()


def give_one_time(session: Session, user: User, now: dt.datetime) -> str:
    """A new one-time password for `user`: shown once, to be changed at the first sign-in."""
    password = one_time()
    if user.one_time_until is None:
        _keep_old(session, user, now)
    user.password_hash = hash_of(password)
    user.one_time_until = now + dt.timedelta(days=current(session).one_time_days)
    session.flush()
    return password


def _keep_old(session: Session, user: User, now: dt.datetime) -> None:
    session.add(OldPassword(user_id=user.id, password_hash=user.password_hash, replaced_at=now))
    session.flush()
    kept = (
        select(OldPassword.id)
        .where(OldPassword.user_id == user.id)
        .order_by(OldPassword.id.desc())
        .limit(BSSN_HISTORY)
    )
    session.execute(
        delete(OldPassword).where(OldPassword.user_id == user.id, OldPassword.id.not_in(kept))
    )


def _earlier(session: Session, user_id: int) -> list[str]:
    return list(
        session.scalars(select(OldPassword.password_hash).where(OldPassword.user_id == user_id))
    )
