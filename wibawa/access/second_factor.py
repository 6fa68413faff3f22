"""Codes of an authenticator app (TOTP, RFC 6238) and recovery codes on paper, each good once."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets

import pyotp
import segno
from markupsafe import Markup
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from wibawa.access.keys import index_keys
from wibawa.access.models import RecoveryCode, SecondFactor
from wibawa.access.passwords import ALPHABET
from wibawa.access.personal_data import WrongKey, index_of, index_under, seal, unseal
from wibawa.access.sealed import place_of

ISSUER = "Kredit Wibawa"
STEP = 30  # seconds that a code lasts
QUIET = 4  # the white margin that a code needs, in its own squares
DRIFT = 1  # steps by which a telephone's clock may be off
CODES = 10
OFFER = dt.timedelta(minutes=30)  # how long a secret waits on the page to be confirmed
PLACE = "second_factors.secret"


def new_secret() -> str:
    return pyotp.random_base32()


def offer(secret: str, user_id: int, now: dt.datetime) -> str:
    """`secret` sealed for the form of one person, so that looking at the page writes nothing."""
    return seal(f"{secret} {int(now.timestamp())}", f"second_factor_offer.{user_id}").hex()


def offered(text: str, user_id: int, now: dt.datetime) -> str | None:
    """The secret of a form; None when it is too old, another's, or not ours."""
    try:
        secret, at = unseal(bytes.fromhex(text), f"second_factor_offer.{user_id}").split()
    except (ValueError, WrongKey):
        return None
    return secret if int(at) + OFFER.total_seconds() > now.timestamp() else None


def picture(secret: str, username: str) -> Markup:
    """The square code that an authenticator app reads, drawn as one path of an SVG."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)
    rows = segno.make_qr(uri, error="m").matrix
    wide = len(rows) + 2 * QUIET
    path = "".join(
        f"M{column + QUIET} {line + QUIET}h1v1h-1z"
        for line, row in enumerate(rows)
        for column, dark in enumerate(row)
        if dark
    )
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="qr" viewBox="0 0 {wide} {wide}" width="240" height="240" role="img" '
        f'aria-label="Kode QR untuk aplikasi autentikator"><path d="{path}"/></svg>'
    )


def step_of(secret: str, code: str, now: dt.datetime) -> int | None:
    """The step of 30 seconds whose code this is, now or a step to either side; None for another."""
    typed = "".join(code.split())
    made, here = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    fitting = [
        step
        for step in range(max(0, here - DRIFT), here + DRIFT + 1)
        if hmac.compare_digest(made.generate_otp(step).encode(), typed.encode())
    ]
    return fitting[-1] if fitting else None


def set_up(session: Session, user_id: int, secret: str, step: int, now: dt.datetime) -> list[str]:
    """From now on `user_id` signs in with codes of `secret`; the recovery codes, shown once."""
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    session.add(
        SecondFactor(
            user_id=user_id,
            secret=seal(secret, place_of(PLACE, user_id)),
            last_step=step,
            since=now,
        )
    )
    session.flush()
    return new_recovery_codes(session, user_id)


def new_recovery_codes(session: Session, user_id: int) -> list[str]:
    """Ten new codes of some 59 bits; the earlier ones are worth nothing any more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [_code() for _ in range(CODES)]
    session.add_all(RecoveryCode(user_id=user_id, code_hash=_hash(user_id, c)) for c in codes)
    session.flush()
    return codes


def _code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _hash(user_id: int, code: str) -> bytes:
    return index_of(_said(user_id, code))


def _said(user_id: int, code: str) -> str:
    plain = "".join(c for c in code.lower() if c.isalnum())
    return f"recovery:{user_id}:{plain}"


def take(session: Session, user_id: int, code: str, now: dt.datetime) -> bool:
    """Whether `code` is right, and has not been taken before. Each code is taken once, by one
    request, whatever others do at the same time."""
    kept = session.scalar(select(SecondFactor.secret).where(SecondFactor.user_id == user_id))
    if kept is None:
        return False
    step = step_of(unseal(kept, place_of(PLACE, user_id)), code, now)
    if step is None:
        return False
    taken = session.execute(
        update(SecondFactor)
        .where(SecondFactor.user_id == user_id, SecondFactor.last_step < step)
        .values(last_step=step)
        .returning(SecondFactor.user_id)
    )
    return taken.first() is not None


def take_recovery(session: Session, user_id: int, code: str, now: dt.datetime) -> bool:
    """The same for a recovery code; one of before the data key was changed is as good."""
    said = _said(user_id, code)
    hashes = [index_under(key, said) for key in index_keys(session)]
    taken = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash.in_(hashes),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return taken.first() is not None


def remove(session: Session, user_id: int) -> None:
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def since(session: Session, user_id: int) -> dt.datetime | None:
    """Since when the person signs in with codes."""
    return session.scalar(select(SecondFactor.since).where(SecondFactor.user_id == user_id))


def codes_left(session: Session, user_id: int) -> int:
    count = select(func.count()).select_from(RecoveryCode)
    return (
        session.scalar(count.where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)))
        or 0
    )
