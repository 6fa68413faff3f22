"""The two policies: what is refused, in which words, and what is not asked for."""

from __future__ import annotations

import datetime as dt

import pytest

from wibawa.rules.passwords import Policy, faults, is_over_age

OWASP, BSSN = Policy(False, 12), Policy(True, 12)
COMMON = {"wibawa", "password", "qwerty", "p@ssw0rd1234"}
GOOD = ("kereta lumpia biru", "kata-sandi-uji", "tujuhbelas pintu", "密码密码钥匙门窗桌椅天地")


@pytest.mark.parametrize("password", GOOD)
def test_long_and_uncommon_is_enough_whatever_it_is_made_of(password: str) -> None:
    assert faults(password, OWASP, COMMON, ("ani", "Ani Lestari")) == []


@pytest.mark.parametrize("password", ["", "pendek", "sebelas-hur"])
def test_too_short_is_said_with_both_figures(password: str) -> None:
    assert faults(password, OWASP, COMMON, ()) == [
        f"Kata sandi terlalu pendek ({len(password)} karakter). Perlu paling sedikit 12 karakter."
    ]


def test_too_long_is_refused_at_201() -> None:
    assert faults("kereta api " * 18 + "ab", OWASP, COMMON, ()) == []
    assert faults("kereta api " * 18 + "abc", OWASP, COMMON, ()) == [
        "Kata sandi terlalu panjang; paling banyak 200 karakter."
    ]


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("Wibawa-2026-!", "kata umum"),
        ("wibawawibawa", "kata umum"),
        ("1234PASSWORD1234", "kata umum"),
        ("P@ssw0rd1234", "kata umum"),
        ("p@ssw0rd1234p@ssw0rd1234", "kata umum"),
        ("AniLestari1985", "nama Anda"),
        ("ani-ani-ani-1", "nama Anda"),
        ("aaaaaaaaaaaa", "deretan"),
        ("112211221122", "deretan"),
        ("abcdefghijkl", "deretan"),
        ("987654321098", "deretan"),
        ("asdfghjklqwerty", "deretan"),
    ],
)
def test_what_everybody_tries_first_is_refused(password: str, word: str) -> None:
    (said,) = faults(password, OWASP, COMMON, ("ani", "Ani Lestari"))
    assert "mudah ditebak" in said
    assert word in said


@pytest.mark.parametrize(
    ("password", "is_run"),
    [
        ("abc123qw", False),  # pieces of less than three
        ("abc123qwe", True),  # three pieces of three
        ("abcdefqwert12345", True),
        ("abcdqwer1234zyxw", False),  # four pieces
        ("abcdabdcacbd", True),  # four characters
        ("abcdeabdceacbed", False),  # five
    ],
)
def test_rows_and_few_characters_are_refused_up_to_here(password: str, is_run: bool) -> None:
    said = ["Kata sandi ini mudah ditebak: hanya deretan atau ulangan."] if is_run else []
    assert faults(password, Policy(False, 8), COMMON, ()) == said


@pytest.mark.parametrize(
    ("password", "what"), [("wibawa-2026", "kata umum"), ("ani-1985", "nama Anda")]
)
def test_what_is_easy_to_guess_is_said_whole_and_only_of_what_is_long_enough(
    password: str, what: str
) -> None:
    easy = f"Kata sandi ini mudah ditebak: hanya {what} dengan angka atau tanda."
    assert faults(password, Policy(False, 8), COMMON, ("Ani",)) == [easy]
    (short,) = faults(password, OWASP, COMMON, ("Ani",))
    assert short.startswith("Kata sandi terlalu pendek")


def test_a_word_inside_of_a_longer_password_is_no_fault() -> None:
    assert faults("wibawa kereta biru", OWASP, COMMON, ()) == []
    assert faults("1a2b3c9x7z8y", OWASP, COMMON, ()) == []


def test_bssn_asks_for_four_kinds_of_characters() -> None:
    assert faults("Kereta-lumpia-7", BSSN, COMMON, ()) == []
    assert faults("kereta lumpia", BSSN, COMMON, ()) == [
        "Kata sandi masih perlu huruf besar, angka."
    ]
    assert faults("KERETALUMPIA7", BSSN, COMMON, ()) == [
        "Kata sandi masih perlu huruf kecil, tanda baca."
    ]


def test_bssn_asks_for_a_new_password_after_ninety_days_and_owasp_never() -> None:
    first = dt.datetime(2026, 1, 1, 8, 0, tzinfo=dt.UTC)
    last_good = dt.datetime(2026, 4, 1, 8, 0, tzinfo=dt.UTC)  # 31 + 28 + 31 days
    assert not is_over_age(first, last_good, BSSN)
    assert is_over_age(first, last_good + dt.timedelta(seconds=1), BSSN)
    assert not is_over_age(first, dt.datetime(2036, 1, 1, tzinfo=dt.UTC), OWASP)
