"""Nomor Induk Kependudukan: taken apart, refused, masked."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.id import nik as stdnum_nik

from wibawa.rules.nik import is_semarang, mask_nik, mask_written_niks, read_nik
from wibawa.rules.refused import Refused

TODAY = dt.date(2026, 11, 24)
many = settings(max_examples=300, deadline=None)


def written(born: dt.date, sex: str, region: str = "337401", serial: int = 12) -> str:
    day = born.day + (40 if sex == "P" else 0)
    return f"{region}{day:02d}{born:%m%y}{serial:04d}"


def test_a_mans_number_carries_region_birth_date_and_serial() -> None:
    nik = read_nik("3374031106718118", TODAY)
    assert (nik.region, nik.birth_date, nik.sex, nik.serial) == (
        "337403",
        dt.date(1971, 6, 11),
        "L",
        "8118",
    )
    assert nik.number == "3374031106718118"


def test_a_womans_day_of_birth_is_forty_more() -> None:
    nik = read_nik(" 3374075008739627 ", TODAY)
    assert (nik.birth_date, nik.sex) == (dt.date(1973, 8, 10), "P")


@pytest.mark.parametrize(
    ("digits", "born"),
    [
        ("241109", dt.date(2009, 11, 24)),  # 17 today
        ("251109", dt.date(2009, 11, 25)),  # 16: 1909 would be 117, so a child it is
        ("010126", dt.date(1926, 1, 1)),  # 100 years old rather than ten months
        ("010125", dt.date(2025, 1, 1)),  # 1925 would be past 100
        ("251126", dt.date(1926, 11, 25)),  # tomorrow has not been yet
        ("311299", dt.date(1999, 12, 31)),
        ("010100", dt.date(2000, 1, 1)),
        ("290200", dt.date(2000, 2, 29)),  # 1900 had no leap day
    ],
)
def test_the_century_is_the_youngest_that_makes_a_plausible_holder(
    digits: str, born: dt.date
) -> None:
    assert read_nik(f"337401{digits}0012", TODAY).birth_date == born


def test_a_leap_day_that_this_century_does_not_have_is_one_of_the_last() -> None:
    nik = read_nik("3374012902000012", dt.date(2101, 1, 1))
    assert nik.birth_date == dt.date(2000, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "337403110671811",
        "33740311067181181",
        "3374 0311 0671 8118",
        "3374031106718l18",
        "3,37403E+15",
        "٣٣٧٤٠٣١١٠٦٧١٨١١٨",
        "３３７４０３１１０６７１８１１８",
    ],
)
def test_what_is_not_sixteen_digits_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_nik(text, TODAY)
    assert refused.value.code == "nik_unreadable"
    assert "diperlukan tepat 16 angka" in refused.value.sentence


@pytest.mark.parametrize(
    "digits",
    [
        "000190",
        "320190",
        "400190",
        "410090",
        "720190",
        "990190",
        "310490",
        "300290",
        "290290",
        "290201",
        "690201",
        "011390",
    ],
)
def test_a_birth_date_that_never_was_is_refused(digits: str) -> None:
    with pytest.raises(Refused) as refused:
        read_nik(f"337401{digits}0012", TODAY)
    assert refused.value.code == "nik_birth_date_impossible"
    assert digits in refused.value.sentence


def test_refusals_and_representations_never_show_the_whole_number() -> None:
    number = "3374011113900012"
    with pytest.raises(Refused) as refused:
        read_nik(number, TODAY)
    assert number not in refused.value.sentence
    with pytest.raises(Refused) as long:
        read_nik(number + "3", TODAY)
    assert not re.search(r"\d{4}", long.value.sentence)
    assert "3106" not in repr(read_nik("3374033106718118".replace("3106", "1106"), TODAY))
    assert "8118" not in repr(read_nik("3374031106718118", TODAY))


ages = st.dates(dt.date(1926, 11, 25), dt.date(2009, 11, 24))


@many
@given(ages, st.sampled_from("LP"), st.integers(0, 9999))
def test_every_holder_of_17_to_99_years_is_read_back(born: dt.date, sex: str, serial: int) -> None:
    nik = read_nik(written(born, sex, serial=serial), TODAY)
    assert (nik.birth_date, nik.sex, nik.serial) == (born, sex, f"{serial:04d}")


@many
@given(st.from_regex(r"33740[1-9][0-7][0-9][01][0-9]{7}", fullmatch=True))
def test_acceptance_agrees_with_stdnum_but_for_its_century(number: str) -> None:
    # Days from 80 on are left out: it takes them modulo 40 and so believes in a day 99.
    day = int(number[6:8])
    try:
        theirs = stdnum_nik.get_birth_date(number)
    except stdnum_nik.InvalidComponent:
        theirs = None
    try:
        ours = read_nik(number, TODAY).birth_date
    except Refused:
        ours = None
    if theirs is None:
        assert ours is None
    elif ours is None:
        # It knows no future: a leap day of 1900 + n that never was becomes one of 2000 + n.
        assert theirs > TODAY
    else:
        assert (ours.day, ours.month, ours.year % 100) == (
            theirs.day,
            theirs.month,
            theirs.year % 100,
        )
        assert ours.day == day % 40


def test_a_masked_number_shows_its_last_four_digits_only() -> None:
    assert mask_nik("3374010101900012") == "************0012"
    assert mask_nik("12345") == "*****"
    assert mask_nik("") == ""


def test_only_the_prefix_3374_is_semarang() -> None:
    born = dt.date(1990, 1, 1)
    assert is_semarang(read_nik(written(born, "L"), TODAY))
    assert not is_semarang(read_nik(written(born, "L", region="332201"), TODAY))


@given(st.text("0123456789", min_size=16, max_size=20), st.data())
def test_a_number_is_masked_however_it_is_written(digits: str, data: st.DataObject) -> None:
    signs = st.sampled_from(("", "", "", " ", ".", "-", ". ", "\n"))
    written = "".join(digit + data.draw(signs) for digit in digits)
    masked = mask_written_niks(f"KTP {written}, HP 0812 3456 7890")
    assert re.sub(r"\D", "", masked.split(",")[0]) == digits[-4:]
    assert masked.endswith(", HP 0812 3456 7890")


@pytest.mark.parametrize(
    ("number", "shown"),
    [("12345678901", "***********"), ("123456789012", "********9012"),
     ("1234567890123", "*********0123")],
)  # fmt: skip
def test_a_number_too_short_for_a_nik_is_hidden_whole(number: str, shown: str) -> None:
    assert mask_nik(number) == shown


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("337401480485001", "NIK berisi 15 angka; diperlukan tepat 16 angka."),
        ("3374-0148-0485-0012", "NIK berisi 16 angka dan tanda lain; diperlukan tepat 16 angka."),
        ("X37401480485001X", "NIK berisi 14 angka dan tanda lain; diperlukan tepat 16 angka."),
        (
            "3374013002850012",
            "Angka ke-7 sampai ke-12 NIK (300285) bukan tanggal lahir yang mungkin; diperlukan "
            "hari, bulan dan tahun (hari ditambah 40 untuk perempuan).",
        ),
    ],
)
def test_what_is_wrong_with_a_number_is_said_whole(number: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        read_nik(number, dt.date(2026, 11, 24))
    assert refused.value.sentence == sentence
