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


class DataKey:
    """What is derived from one data key: the cipher, and the key of the indexes."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(_derived(secret, b"seal"))
        self.index_key = _derived(secret, b"index")

    def seal(self, value: bytes, place: str) -> bytes:
        """A nonce, ciphertext and tag."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, value, place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """Raises `WrongKey` when the key or the place is another."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise WrongKey(DAMAGED) from error

    def index_of(self, value: str) -> bytes:
        return index_under(self.index_key, value)


def _derived(secret: str, purpose: bytes) -> bytes:
    return hmac.new(secret.encode(), b"wibawa/" + purpose, hashlib.sha256).digest()


@lru_cache(maxsize=8)
def data_key(secret: str) -> DataKey:
    """Made once for each key, since a register brings tens of thousands of values."""
    return DataKey(secret)


def index_under(index_key: bytes, value: str) -> bytes:
    return hmac.digest(index_key, value.encode(), "sha256")


def _own() -> DataKey:
    return data_key(str(current_app.config["DATA_KEY"]))


def seal(value: str, place: str) -> bytes:
    """`value` encrypted for `place` ("borrowers.nik:7"): a nonce, ciphertext and tag."""
    return seal_bytes(value.encode(), place)


def seal_bytes(value: bytes, place: str) -> bytes:
    """Like `seal`, for the bytes of a file."""
    return _own().seal(value, place)


def unseal(sealed: bytes, place: str) -> str:
    """The value again. Raises `WrongKey` when the key or the place is another."""
    return unseal_bytes(sealed, place).decode()


def unseal_bytes(sealed: bytes, place: str) -> bytes:
    """Like `unseal`, for the bytes of a file."""
    return _own().unseal(sealed, place)


def index_of(value: str) -> bytes:
    """A keyed hash to look `value` up by without storing it."""
    return _own().index_of(value)
