"""Personal data at rest: AES-256-GCM per value, and a keyed index to find it by (domain rules §6).

Both keys are derived from the installation's data key, which lives outside the database and its
backups. The value's place (table, column and row) is authenticated with it: a ciphertext moved
elsewhere is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

DAMAGED = (
    "Kunci data tidak cocok dengan basis data ini, atau isinya diubah di luar aplikasi. Periksa "
    "WIBAWA_DATA_KEY atau berkas kuncinya (WIBAWA_DATA_KEY_FILE)."
)


class WrongKey(RuntimeError):
    """The data key does not fit this database."""


@lru_cache(maxsize=8)
def _derive(secret: str, purpose: bytes) -> bytes:
    return hmac.new(secret.encode(), b"wibawa/" + purpose, hashlib.sha256).digest()


@lru_cache(maxsize=8)
def _cipher(secret: str) -> AESGCM:
    """The cipher of a data key: made once, since a register brings tens of thousands of values."""
    return AESGCM(_derive(secret, b"seal"))


def _secret() -> str:
    return str(current_app.config["DATA_KEY"])


def seal(value: str, place: str) -> bytes:
    """`value` encrypted for `place` ("borrowers.nik:7"): a nonce, ciphertext and tag."""
    return seal_bytes(value.encode(), place)


def seal_bytes(value: bytes, place: str) -> bytes:
    """Like `seal`, for the bytes of a file."""
    nonce = os.urandom(12)
    return nonce + _cipher(_secret()).encrypt(nonce, value, place.encode())


def unseal(sealed: bytes, place: str) -> str:
    """The value again. Raises `WrongKey` when the key or the place is another."""
    return unseal_bytes(sealed, place).decode()


def unseal_bytes(sealed: bytes, place: str) -> bytes:
    """Like `unseal`, for the bytes of a file."""
    try:
        return _cipher(_secret()).decrypt(sealed[:12], sealed[12:], place.encode())
    except InvalidTag as error:
        raise WrongKey(DAMAGED) from error


def index_of(value: str) -> bytes:
    """A keyed hash to look `value` up by without storing it."""
    return hmac.digest(_derive(_secret(), b"index"), value.encode(), "sha256")
