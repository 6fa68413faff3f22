"""Users: added by an administrator, signed in by name and password (argon2id)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access import passwords
from wibawa.access.models import User
from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.database import Base
from wibawa.rules.refused import Refused

COMMAND_LINE = "baris-perintah"  # the author of what the command line does; it cannot sign in


def add_user(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    password: str,
    bank_id: int | None,
    now: dt.datetime,
    checked: bool = True,
) -> User:
    """A new user who may sign in. Raises `Refused` in words when something does not fit; a password
    that the program itself has made is not `checked` against the policy."""
    username = username.strip().lower()
    if not username or not all(c.isascii() and (c.isalnum() or c in "._-") for c in username):
        raise Refused(
            "username_invalid",
            f"Nama pengguna “{username}” tidak dapat dipakai. "
            "Pakai huruf a–z, angka, titik, atau tanda hubung.",
        )
    if session.scalar(select(User.id).where(User.username == username)) is not None:
        raise Refused(
            "username_taken", f"Nama pengguna “{username}” sudah dipakai. Pilih yang lain."
        )
    if checked:
        passwords.check_new(session, password, username, name)
    if (role is Role.BANK_OFFICER) != (bank_id is not None):
        raise Refused(
            "bank_of_officer",
            "Petugas bank harus punya bank; peran lain tidak boleh punya bank.",
        )
    user = User(
        username=username,
        name=name.strip() or username,
        role=role.value,
        bank_id=bank_id,
        password_hash=passwords.hash_of(password),
        created_at=now,
        password_set_at=now,
    )
    session.add(user)
    session.flush()
    return user


def add_with_one_time(
    session: Session, *, username: str, name: str, role: Role, bank_id: int | None, now: dt.datetime
) -> tuple[User, str]:
    """A new user, and the one-time password to hand over. Raises what `add_user` raises."""
    user = add_user(
        session,
        username=username,
        name=name,
        role=role,
        password=passwords.one_time(),
        bank_id=bank_id,
        now=now,
        checked=False,
    )
    user.one_time_until = now  # so that the first password of all is not kept as an earlier one
    return user, passwords.give_one_time(session, user, now)


def named(session: Session, username: str) -> int | None:
    """Whom a typed name means; None for one that nobody has, which may be a mistyped password."""
    return session.scalar(select(User.id).where(User.username == username.strip().lower()))


def verify(session: Session, username: str, password: str) -> User | None:
    """The user with this name and password, else None. An unknown name takes the same time."""
    nobody = passwords.hash_of_nobody()  # asked for always: the first time it is made
    user = session.scalar(select(User).where(User.username == username.strip().lower()))
    known = user is not None and user.can_sign_in
    stored = user.password_hash if user is not None and known else nobody
    return user if passwords.fits(stored, password) and known else None


def command_line_user(session: Session) -> int:
    """The id of the author of what the command line does."""
    found = session.scalar(select(User.id).where(User.username == COMMAND_LINE))
    assert found is not None, "the migrations make this user"
    return found


def all_users(session: Session) -> list[tuple[User, str | None]]:
    """Every user that can have signed in, with the bank's name, in order of name."""
    banks = Base.metadata.tables["banks"]
    found = session.execute(
        select(User, banks.c.name)
        .outerjoin(banks, banks.c.id == User.bank_id)
        .where(User.username != COMMAND_LINE)
        .order_by(User.name)
    )
    return [(user, bank) for user, bank in found]


def role_label(role: str) -> str:
    return ROLE_LABELS[Role(role)]
