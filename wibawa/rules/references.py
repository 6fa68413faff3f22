"""A bank's reference of a payment ("nomor bukti"), compared as banks and Excel write it."""

from __future__ import annotations


def reference_key(reference: str) -> str:
    """A reference as it is compared: Excel loses leading zeros, people change case and spaces.

    Source: files.md §2 (once only). No errors.

    >>> reference_key("00 ab7"), reference_key("AB7"), reference_key("000")
    ('R|AB7', 'R|AB7', 'R|0')
    """
    return f"R|{reference.replace(' ', '').upper().lstrip('0') or '0'}"
