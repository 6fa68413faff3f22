"""What a borrower's data is checked on, and how its facts are written down and said: plain data."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from wibawa.rules.dates import DateError, parse_date, short_date
from wibawa.rules.eligibility import (
    Applicant,
    Known,
    Limits,
    Request,
    Verdict,
    check,
)
from wibawa.rules.facts import BorrowerKind, Health
from wibawa.rules.refused import Problem
from wibawa.rules.standing import HEALTH_WORDS

EDITABLE = {
    BorrowerKind.MICRO: (
        "name", "nik", "sex", "birth_date", "business_name", "sector", "business_started_on",
        "kelurahan_code", "address", "phone", "nib",
    ),
    BorrowerKind.COOPERATIVE: (
        "name", "cooperative_number", "business_started_on", "sector", "kelurahan_code", "address",
        "phone", "nib", "active", "health", "health_assessed_on", "annual_meeting_on", "chair_name",
        "nik", "sex", "birth_date", "members_male", "members_female",
    ),
}  # fmt: skip
LABELS = {
    "name": "Nama",
    "nik": "NIK",
    "sex": "Jenis kelamin",
    "birth_date": "Tanggal lahir",
    "business_name": "Nama usaha",
    "sector": "Bidang usaha",
    "business_started_on": "Mulai usaha",
    "kelurahan_code": "Kelurahan",
    "address": "Alamat",
    "phone": "Telepon",
    "nib": "NIB",
    "cooperative_number": "Nomor induk koperasi",
    "chair_name": "Ketua",
    "members_male": "Anggota laki-laki",
    "members_female": "Anggota perempuan",
    "active": "Koperasi masih aktif",
    "health": "Kesehatan koperasi",
    "health_assessed_on": "Tanggal penilaian kesehatan",
    "annual_meeting_on": "RAT terakhir",
}
CHAIR_LABELS = {
    "nik": "NIK ketua",
    "sex": "Jenis kelamin ketua",
    "birth_date": "Tanggal lahir ketua",
    "business_started_on": "Tanggal berdiri",
}
SEX_WORDS = {"L": "Laki-laki", "P": "Perempuan"}
YES_NO = {True: "ya", False: "tidak"}
DAYS = frozenset({"birth_date", "business_started_on", "health_assessed_on", "annual_meeting_on"})
CODED = frozenset({"sex", "kelurahan_code", "active", "health"})  # the form's field writes the code
WHO = frozenset({"nik", "sex", "birth_date"})  # must agree with each other
NIB_FAULT = "NIB terdiri atas 13 angka."
_PUNCTUATION = re.compile(r"[\s.\-()]")
# Limits for receiving a loan are no reason to keep a fact wrong; they are shown as warnings.
ONLY_FOR_A_LOAN = frozenset(
    {"too_young", "business_too_young", "cooperative_inactive", "cooperative_not_healthy"}
)
ABOUT_A_LOAN = frozenset(
    {
        "date_in_future",
        "date_before_programme",
        "business_start_unknown",
        "cooperative_activity_unknown",
        "cooperative_health_unknown",
        "annual_meeting_unknown",
    }
)


def plain_digits(text: str | None) -> str:
    """A number without the spaces, dots and dashes that people write into it."""
    return _PUNCTUATION.sub("", text or "")


def plain_phone(text: str | None) -> str:
    """A phone number the one way it is stored and searched: 081234567890."""
    plain = plain_digits(text)
    return "0" + plain.removeprefix("+62") if plain.startswith("+62") else plain


def phone_fault(text: str | None) -> str:
    """What is wrong with a phone number, in a sentence; "" when nothing is.

    >>> phone_fault("0812 3456 7890"), phone_fault("123")
    ('', 'Tertulis “123”; tulis 7 sampai 15 angka.')
    """
    digits = plain_phone(text)
    fine = digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15
    return "" if fine else f"Tertulis “{text}”; tulis 7 sampai 15 angka."


def label_of(kind: BorrowerKind, field: str) -> str:
    return (CHAIR_LABELS if kind is BorrowerKind.COOPERATIVE else {}).get(field) or LABELS[field]


def stored_text(value: object) -> str:
    """A fact as the history keeps it: days as ISO, nothing as "".

    >>> stored_text(dt.date(1985, 4, 8)), stored_text(None), stored_text(40), stored_text(True)
    ('1985-04-08', '', '40', 'ya')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES_NO[value]
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def from_text(field: str, text: str) -> object:
    """A fact as the register keeps it, out of its text in the history.

    >>> from_text("birth_date", "1985-04-08"), from_text("active", "ya"), from_text("phone", "")
    (datetime.date(1985, 4, 8), True, '')
    """
    if field in DAYS:
        return dt.date.fromisoformat(text) if text else None
    if field == "active":
        return {said: value for value, said in YES_NO.items()}.get(text)
    if field in ("members_male", "members_female"):
        return int(text) if text else None
    return (text or None) if field in ("health", "cooperative_number") else text


def said(field: str, text: str, places: Mapping[str, str]) -> str:
    """A fact of the history as people read it; `places` are the kelurahan by code.

    >>> said("birth_date", "1985-04-08", {}), said("sex", "P", {}), said("phone", "0812", {})
    ('08/04/1985', 'Perempuan', '0812')
    """
    if field in DAYS and text:
        try:
            return short_date(parse_date(text))
        except DateError:
            return text
    if field == "sex":
        return SEX_WORDS.get(text, text)
    if field == "active":
        return text.capitalize()
    if field == "health" and text:
        return HEALTH_WORDS[Health(text)]
    return places.get(text, text) if field == "kelurahan_code" else text


def typed_text(field: str, text: str) -> str:
    """A fact of the history as the form's field writes it."""
    return text if field in CODED else said(field, text, {})


def examine(
    applicant: Applicant, minimum_age: int, minimum_years: int, today: dt.date, touched: set[str]
) -> Verdict:
    """What stands in the way of these facts, and what somebody should look at.

    NIK, sex and birth date are compared with each other only when one of them was `touched`: an old
    disagreement must not stop a new phone number.
    """
    limits = Limits(today, 0, 0, 0, minimum_age, minimum_years)
    if not touched & WHO:
        applicant = replace(applicant, nik="")
    verdict = check(applicant, Request("", "", "", None, None, ""), limits, Known(), today)
    found = [
        replace(problem, message=problem.message.replace("tanggal pencairan", "hari ini"))
        for problem in verdict.blocks + verdict.warnings
        if problem.code not in ABOUT_A_LOAN
    ]
    return Verdict(tuple(p for p in found if _stops(p)), tuple(p for p in found if not _stops(p)))


def _stops(problem: Problem) -> bool:
    return problem.blocking and problem.code not in ONLY_FOR_A_LOAN


# — two borrowers who may be one —

ALIKE = 85  # percent of likeness from which two names may be one person's
_TITLES = frozenset(
    re.findall(
        r"\w+",
        "h hj haji hajah bpk bapak ibu sdr sdri ny nn tn dr drs dra ir prof bin binti alm almh "
        "se sh st spd skom mm",
    )
)
_SHORT = dict.fromkeys(("m", "mhd", "moh", "mohamad", "muh"), "muhamad") | {"abd": "abdul"}
_SAME_SOUND = (
    ("tj", "c"), ("dj", "j"), ("oe", "u"), ("ch", "h"), ("kh", "h"), ("dh", "d"), ("th", "t"),
    ("ph", "f"), ("ie", "i"), ("v", "f"), ("z", "s"), ("q", "k"), ("y", "i"),
)  # fmt: skip


@dataclass(frozen=True)
class Candidates:
    """Two borrowers with something in common. A person is the borrower or a cooperative's chair."""

    first_id: int
    second_id: int
    first_person: str
    second_person: str
    same_nik: bool
    same_phone: bool
    same_birth_date: bool


@dataclass(frozen=True)
class Likeness:
    """Why two borrowers may be one person. `allowed`: one person behind two borrowers is known by
    the NIK and no mistake (a chair may also have a business)."""

    first_id: int
    second_id: int
    reasons: tuple[str, ...]
    allowed: bool


@lru_cache(maxsize=4096)
def spelling_key(name: str) -> str:
    """A name as it sounds: letters only, no titles, old and new spelling alike.

    >>> spelling_key("Hj. Siti Chotidjah, S.E."), spelling_key("SITI KHOTIJAH")
    ('siti hotijah', 'siti hotijah')
    >>> spelling_key("Moch. Joesoef"), spelling_key("Muhammad Jusuf")
    ('muhamad jusuf', 'muhamad jusuf')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    found = []
    for word in re.findall(r"[a-z]+", plain.replace(".", " ").replace("'", "")):
        for old, new in _SAME_SOUND:
            word = word.replace(old, new)
        word = re.sub(r"(.)\1+", r"\1", word)
        found.append(_SHORT.get(word, word))
    words = [word for word in found if word not in _TITLES and len(word) > 1]
    return " ".join(words)


def alike(name: str, other: str) -> int:
    """How alike two names sound, in percent, whatever the order of their words.

    >>> alike("Djoko Soesilo", "Susilo, Joko"), alike("Siti Aminah", "Budi Santoso") < ALIKE
    (100, True)
    """
    ours, theirs = spelling_key(name), spelling_key(other)
    if not ours or not theirs:
        return 0
    if ours == theirs:
        return 100
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    if matcher.real_quick_ratio() * 100 < ALIKE or matcher.quick_ratio() * 100 < ALIKE:
        return 0  # not even with their letters in any order
    sorted_ours, sorted_theirs = (" ".join(sorted(key.split())) for key in (ours, theirs))
    turned = SequenceMatcher(None, sorted_ours, sorted_theirs, autojunk=False)
    return int(max(matcher.ratio(), turned.ratio()) * 100)


def likeness(pair: Candidates) -> Likeness | None:
    """Why the two may be one; None when what they share is chance."""
    if pair.same_nik:
        reasons = ["NIK sama"]
    elif pair.same_birth_date and (percent := _percent(pair)) >= ALIKE:
        sounds = "nama sama" if percent == 100 else f"nama mirip {percent}%"
        reasons = [f"Tanggal lahir dan {sounds}"]
    else:
        reasons = []
    if pair.same_phone:
        reasons.append("Telepon sama")
    if not reasons:
        return None
    return Likeness(pair.first_id, pair.second_id, tuple(reasons), pair.same_nik)


def _percent(pair: Candidates) -> int:
    return alike(pair.first_person, pair.second_person)
