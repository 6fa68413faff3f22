"""NIK at rest: AES-256-GCM per value, and a keyed index to find it by (domain rules §6).

Both keys are derived from the installation's data key, which lives outside the database. The
value's place (table and column) is authenticated with it: a ciphertext moved elsewhere is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app


class WrongKey(RuntimeError):
    """The data key does not fit this database."""


def _derive(purpose: bytes) -> bytes:
    secret = str(current_app.config["DATA_KEY"]).encode()
    return hmac.new(secret, b"wibawa/" + purpose, hashlib.sha256).digest()


def seal(value: str, place: str) -> bytes:
    """`value` encrypted for `place` ("borrowers.nik"): 12 bytes nonce, then ciphertext and tag."""
    nonce = os.urandom(12)
    return nonce + AESGCM(_derive(b"seal")).encrypt(nonce, value.encode(), place.encode())


def unseal(sealed: bytes, place: str) -> str:
    """The value again. Raises `WrongKey` when the key or the place is another."""
    try:
        plain = AESGCM(_derive(b"seal")).decrypt(sealed[:12], sealed[12:], place.encode())
    except InvalidTag as error:
        raise WrongKey(
            "Kunci data tidak cocok dengan basis data ini. Periksa WIBAWA_DATA_KEY "
            "atau instance/data.key."
        ) from error
    return plain.decode()


def index_of(value: str) -> bytes:
    """A keyed hash to look `value` up by without storing it."""
    return hmac.new(_derive(b"index"), value.encode(), hashlib.sha256).digest()
