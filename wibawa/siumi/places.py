"""The 177 kelurahan by code and by name, as files write them; plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from wibawa.rules.refused import Refused

_CODE = re.compile(r"(\d{2})\.?(\d{2})\.?(\d{2})\.?(\d{4})")
_WHAT = re.compile(r"^(?:kel|kelurahan|kec|kecamatan)[.\s]\s*", re.IGNORECASE)


@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", _WHAT.sub("", name.strip()).casefold())


class Places:
    """Kelurahan to look up: (code, kelurahan, kecamatan) of each."""

    def __init__(self, places: Iterable[tuple[str, str, str]]) -> None:
        self.names: dict[str, str] = {}
        self.by_name: dict[str, list[tuple[str, str]]] = {}
        for code, kelurahan, kecamatan in places:
            self.names[code] = f"{kelurahan}, Kecamatan {kecamatan}"
            self.by_name.setdefault(_plain(kelurahan), []).append((code, kecamatan))
        self.found: dict[tuple[str, str], str | Refused] = {}

    def code_of(self, text: str, kecamatan: str = "") -> str:
        """The code of a kelurahan that is written as its code or its name; the kecamatan tells
        apart those of one name. Raises `Refused`."""
        asked = text, kecamatan
        if asked not in self.found:
            try:
                self.found[asked] = self._code_of(text, kecamatan)
            except Refused as refused:
                self.found[asked] = refused
        answer = self.found[asked]
        if isinstance(answer, Refused):
            raise Refused(answer.code, answer.sentence)
        return answer

    def _code_of(self, text: str, kecamatan: str) -> str:
        parts = _CODE.fullmatch(text)
        if parts is not None:
            code = ".".join(parts.groups())
            if code in self.names:
                return code
            raise Refused(
                "kelurahan_unknown",
                f"Kode kelurahan {code} tidak ada di Kota Semarang; periksa daftar 177 kelurahan.",
            )
        found = self.by_name.get(_plain(text), [])
        if not found:
            raise Refused(
                "kelurahan_unknown",
                f"Kelurahan “{text}” tidak ada dalam daftar 177 kelurahan Kota Semarang; tulis "
                "namanya atau kodenya, misalnya 33.74.01.1001.",
            )
        inside = [code for code, over in found if _plain(over) == _plain(kecamatan)]
        if kecamatan and not inside:
            over = " dan ".join(over for _, over in found)
            raise Refused(
                "kelurahan_unknown",
                f"Kelurahan {text} tidak ada di Kecamatan {kecamatan}; adanya di {over}.",
            )
        if not kecamatan and len(found) > 1:
            over = " dan ".join(over for _, over in found)
            raise Refused(
                "kelurahan_ambiguous",
                f"Kelurahan {text} ada di Kecamatan {over}; tulis kodenya atau isi kolom "
                "kecamatan.",
            )
        return (inside or [found[0][0]])[0]
