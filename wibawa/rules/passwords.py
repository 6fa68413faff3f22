"""What a password must be: OWASP's policy (length, nothing common), or BSSN's beside it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection
from typing import Final, NamedTuple

LONGEST: Final = 200
FEW: Final = 4  # as many different characters are no password
BSSN_AGE: Final = dt.timedelta(days=90)
BSSN_HISTORY: Final = 5
KINDS: Final = (
    (str.isupper, "huruf besar"),
    (str.islower, "huruf kecil"),
    (str.isdigit, "angka"),
    (lambda c: not c.isalnum(), "tanda baca"),
)
RUNS: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


class Policy(NamedTuple):
    """`bssn` adds composition, age and history to what OWASP asks."""

    bssn: bool
    minimum: int


def faults(
    password: str, policy: Policy, common: Collection[str], names: Collection[str]
) -> list[str]:
    """What is wrong with a new password, in sentences; empty when it will do.

    `common` are lower-case words and passwords, `names` those of the person. A password that
    consists of one of them, with figures and punctuation around or repeated, is refused; one that
    only contains a word is not.

    >>> faults("Wibawa-2026!", Policy(False, 12), {"wibawa"}, ())
    ['Kata sandi ini mudah ditebak: hanya kata umum dengan angka atau tanda.']
    """
    found = []
    if len(password) < policy.minimum:
        found.append(
            f"Kata sandi terlalu pendek ({len(password)} karakter). "
            f"Perlu paling sedikit {policy.minimum} karakter."
        )
    if len(password) > LONGEST:
        found.append(f"Kata sandi terlalu panjang; paling banyak {LONGEST} karakter.")
    if password and not found:
        found = _guessable(password.casefold(), common, names)
    if policy.bssn:
        missing = [word for has, word in KINDS if not any(has(c) for c in password)]
        if missing:
            found.append(f"Kata sandi masih perlu {', '.join(missing)}.")
    return found


def _guessable(lower: str, common: Collection[str], names: Collection[str]) -> list[str]:
    letters = "".join(c for c in lower if c.isalpha())
    once = _without_repeats(letters)
    if any(each in common for each in (lower, letters, once, _without_repeats(lower))):
        return ["Kata sandi ini mudah ditebak: hanya kata umum dengan angka atau tanda."]
    if letters and {letters, once} & {"".join(filter(str.isalpha, n.casefold())) for n in names}:
        return ["Kata sandi ini mudah ditebak: hanya nama Anda dengan angka atau tanda."]
    if len(set(lower)) <= FEW or _is_run(lower):
        return ["Kata sandi ini mudah ditebak: hanya deretan atau ulangan."]
    return []


def _without_repeats(text: str) -> str:
    """What is repeated, once: "wibawawibawa" is "wibawa".

    >>> _without_repeats("abcabc"), _without_repeats("abcab"), _without_repeats("aaa")
    ('abc', 'abcab', 'a')
    """
    return text[: (text + text).find(text, 1)]


def _is_run(lower: str) -> bool:
    """Nothing but pieces of three or more of a row of keys, of the alphabet or of figures."""
    steps = {pair for run in RUNS for row in (run, run[::-1]) for pair in itertools.pairwise(row)}
    breaks = sum(pair not in steps for pair in itertools.pairwise(lower))
    return breaks * 3 < len(lower) - 2 and breaks <= 2


def is_over_age(since: dt.datetime, now: dt.datetime, policy: Policy) -> bool:
    """Whether the policy asks for a new password by now.

    >>> is_over_age(dt.datetime(2026, 1, 1), dt.datetime(2026, 4, 2), Policy(True, 12))
    True
    """
    return policy.bssn and now - since > BSSN_AGE
