"""Whether two names can belong to the same borrower."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

_WORDS = re.compile(r"[a-z0-9']+")
_TITLES = frozenset(
    re.findall(
        r"\w+",
        "h hj haji hajah bpk bapak ibu sdr sdri ny nn tn dr drs dra ir prof pt cv ud pd "
        "koperasi ksp ksu kop kpri kud koppas bin binti alm almh se sh st spd mm",
    )
)
LONGEST = 120


def name_words(name: str) -> list[str]:
    """The words of a name without case, accents, punctuation, titles and forms of business.

    >>> name_words("Hj. Siti AMINAH, S.E.")
    ['siti', 'aminah', 's', 'e']
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = [word.replace("'", "") for word in _WORDS.findall(plain)]
    return [word for word in words if word and word not in _TITLES]


def far_off(name: str, known: str) -> bool:
    """True when two names share no word and are not alike: probably different borrowers.

    A word in common, a misspelling or an abbreviation is near enough; a name without any word left
    tells nothing.

    >>> far_off("JUWITA SAPUTRA", "Juwita Saputra"), far_off("Budi Santoso", "Siti Aminah")
    (False, True)
    """
    ours, theirs = name_words(name[:LONGEST]), name_words(known[:LONGEST])
    if not ours or not theirs:
        return False
    if {word for word in ours if len(word) > 2} & {word for word in theirs if len(word) > 2}:
        return False
    return SequenceMatcher(None, " ".join(ours), " ".join(theirs), autojunk=False).ratio() < 0.6
