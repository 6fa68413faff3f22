"""Numbers of people and telephones are hidden however they are written; other numbers stay."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rules.test_nik import written
from wibawa.rules.dates import long_date, short_date
from wibawa.rules.masking import mask_days, mask_people, mask_phone, mask_phones
from wibawa.rules.money import number, rupiah

many = settings(max_examples=400, deadline=None)
gaps = st.sampled_from(["", "", " ", ".", "-", " - ", "\u2013", "\u00a0"])
born = st.dates(dt.date(1930, 1, 1), dt.date(2009, 12, 31))
regions = st.from_regex(r"[1-9][1-9](0[1-9]|7[1-9])[0-9]{2}", fullmatch=True)
niks = st.builds(written, born, st.sampled_from("LP"), regions, st.integers(1, 9999))
mobiles = st.builds(
    lambda begin, rest: f"{begin}8{rest}",
    st.sampled_from(["0", "62", "+62"]),
    st.from_regex(r"[1-9][0-9]{7,10}", fullmatch=True),
)
landlines = st.builds(
    "{}{}{}".format,
    st.sampled_from(["024", "(024)", "0291", "(021)", "+62 24", "+62 (24)"]),
    st.sampled_from([" ", "-", " - "]),
    st.from_regex(r"[1-9][0-9]{2}[ .-]?[0-9]{4}", fullmatch=True),
)
words = st.sampled_from(["", "Alasan: ", "KTP ", "(", "a/n Siti, ", "x"])


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


@st.composite
def spread(draw: st.DrawFn, numbers: st.SearchStrategy[str]) -> str:
    """A number with separators wherever people may put them."""
    one = draw(numbers)
    each = draw(st.lists(gaps, min_size=len(one), max_size=len(one)))
    begin = {"+": 3, "6": 2}.get(one[0], 1)
    return one[:begin] + "".join(gap + digit for gap, digit in zip(each, one[begin:], strict=False))


@many
@given(spread(niks), words)
@example("337401 480485 0012", "")
@example("33.74.01.480485.0012", "")
@example("3.374.014.804.850.012", "")  # as a spreadsheet writes a number
@example("33.74.01.4804 850012", "RT 3 ")
def test_a_nik_is_masked_however_it_is_written(nik: str, word: str) -> None:
    assert digits(mask_people(f"{word}{nik}; catatan")).endswith(digits(nik)[-4:])
    assert len(digits(mask_people(f"{word}{nik}; catatan"))) <= len(digits(word)) + 4


@many
@given(st.text("0123456789", min_size=16, max_size=24))
def test_sixteen_figures_and_more_in_one_piece_are_masked_even_if_they_are_no_nik(
    figures: str,
) -> None:
    assert mask_people(f"x{figures}y") == f"x************{figures[-4:]}y"


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("1111 1199 9999 9999", "************9999"),  # day 99
        ("1111 1199 9999 99998", "************9998"),
        ("1111 1199 9999 999", "1111 1199 9999 999"),
    ],
)
def test_sixteen_figures_and_more_in_pieces_are_masked_even_if_they_are_no_nik(
    written: str, masked: str
) -> None:
    assert mask_people(f"nomor {written}; lain") == f"nomor {masked}; lain"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("12345 99999999999999999", "12345 ************9999"),  # too long for anything else
        ("31-12-2026 01122026", "************2026"),  # has the shape of a NIK
        ("31-12-2026 01-12-2026", "31-12-2026 01-12-2026"),  # the same figures as two days
        ("337401 480485 0012 - 12.500", "************0012 - 12.500"),
    ],
)
def test_what_stands_before_or_behind_a_number_of_a_person_is_told_for_itself(
    text: str, masked: str
) -> None:
    assert mask_people(f"nomor {text}; lain") == f"nomor {masked}; lain"


def test_two_hashes_stay_and_the_numbers_around_them_are_masked() -> None:
    sums = "0123456789012345678901234567890a"
    text = f"KTP 3374014804850012, {sums} KTP 3374014804850013 {sums} WA +62 812 3456 789"
    assert mask_people(text) == (
        f"KTP ************0012, {sums} KTP ************0013 {sums} WA **********89"
    )


@many
@given(spread(mobiles), words)
@example("0812-3456-7890", "")
@example("0812 3456 7890", "")
@example("6281234567890", "")
@example("+62 812 3456 7890", "")
@example("(+62) 812-3456-7890", "")
@example("+62 (0)812 3456 7890", "")
def test_a_mobile_number_is_masked_however_it_is_written(phone: str, word: str) -> None:
    if re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+", phone):
        return  # 62.812.345.678 is an amount as well, and amounts stay
    assert digits(mask_people(f"{word}{phone}; catatan")) == digits(phone)[-2:]


@many
@given(landlines, words)
@example("telp 0243512345", "")
@example("Tlp. 0243512345", "")
def test_a_landline_is_masked_when_its_area_code_or_a_word_tells_it(phone: str, word: str) -> None:
    assert digits(mask_people(f"{word}{phone}; catatan")) == digits(phone)[-2:]


@many
@given(st.lists(st.integers(0, 999_999_999_999_998), min_size=1, max_size=4))
def test_amounts_stay(amounts: list[int]) -> None:
    for one in amounts:
        for text in (rupiah(one), f"Nilai: {number(one)} \u2192 {number(one + 1)}; lain"):
            assert mask_people(text) == text
    told = ", ".join(map(number, amounts))
    assert mask_people(told) == told


@many
@given(st.lists(st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31)), min_size=1, max_size=4))
def test_dates_stay(days: list[dt.date]) -> None:
    for form in ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y%m%d"):
        for between in (", ", " - ", "\u2013", " s.d. "):
            text = between.join(f"{day:{form}}" for day in days)
            assert mask_people(text) == text


@many
@given(st.binary(min_size=32, max_size=32))
def test_hashes_stay(content: bytes) -> None:
    if not content.hex().isdecimal():
        assert mask_people(f"SHA-256 {content.hex()}.") == f"SHA-256 {content.hex()}."


@pytest.mark.parametrize(
    "text",
    [
        "KW-000012, KW-081234",
        "rekening 3001000123, 3001000124",
        "rekening 0243512345",
        "33.74.01.1001 \u2192 33.74.01.1002",
        "33.74.01.1001 33.74.01.1002",
        "tiket 08123456, tiket 0E412233",
        "NIB 0220001234567",
        "Rp62.812.345.678",
        "angsuran-2026-11-29-20261129.csv",
        "20261101-20261130.csv",
        "2026-11-29T16:50:08.123456Z",
        "pukul 08.30\u201316.00",
        "2026-08 \u2013 2026-09",
        "************0012, ********90",
    ],
)
def test_codes_account_numbers_tickets_and_moments_stay(text: str) -> None:
    assert mask_people(text) == text


def test_an_amount_beside_a_number_of_a_person_stays() -> None:
    said = mask_people("3001000123 3374014804850012 Rp1.234.567, 0812 3456 7890 1.000.000")
    assert said == "3001000123 ************0012 Rp1.234.567, **********90 1.000.000"


@many
@given(st.text("01238 .-()+62", max_size=60))
def test_what_is_masked_once_is_not_masked_again_and_gains_no_figure(text: str) -> None:
    once = mask_people(text)
    assert len(digits(once)) <= len(digits(text))
    assert mask_phones(once).count("*") >= once.count("*")


@pytest.mark.parametrize(
    ("written", "masked"), [("12", "**"), ("1234", "****"), ("12345", "***45")]
)
def test_a_number_of_up_to_four_figures_is_hidden_whole(written: str, masked: str) -> None:
    assert mask_phone(written) == masked


def test_a_long_hostile_text_takes_no_long_time() -> None:
    for piece in ("1 ", "1 - ", "08 ", "1.000 ", "+62(", "3374-"):
        assert mask_people(piece * 20_000)


@given(born, st.sampled_from(["%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d", "%-d.%-m.%Y", "long", "short"]))
def test_of_a_day_of_birth_its_year_is_left_however_it_is_written(day: dt.date, how: str) -> None:
    known = {"long": long_date, "short": short_date}
    text = known[how](day) if how in known else day.strftime(how)
    told = mask_days(f"Tanggal lahir {text} tidak cocok dengan NIK; lihat KTP-nya.")
    assert told == f"Tanggal lahir tahun {day.year} tidak cocok dengan NIK; lihat KTP-nya."


def test_the_figures_by_which_a_nik_tells_a_day_of_birth_are_hidden() -> None:
    sentence = "Angka ke-7 sampai ke-12 NIK ({}) bukan tanggal lahir yang mungkin"
    assert mask_days(sentence.format("480485")) == sentence.format("******")
