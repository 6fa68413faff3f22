"""Amounts: read from cells, printed, put into words, divided."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import time
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from wibawa.rules.money import (
    AmountError,
    divide_half_up,
    number,
    parse_amount,
    parse_typed,
    percent,
    rupiah,
    share,
    words,
)
from wibawa.rules.refused import Refused

many = settings(max_examples=400, deadline=None)
amounts = st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1)

FIVE_MILLION = [
    "5000000",
    "5.000.000",
    "5.000.000,00",
    "5.000.000,0",
    "5,000,000.00",
    "5,000,000",
    "5000000,00",
    "5000000.0",
    "Rp5.000.000,-",
    "Rp5.000.000",
    "Rp 5.000.000",
    "Rp. 5.000.000,00",
    "rp 5.000.000",
    "IDR 5,000,000.00",
    "  5.000.000  ",
    "\u00a05.000.000\u00a0",
    "Rp\u00a05.000.000",
    "Rp\u202f5.000.000,00",
    "000005000000",
    5000000,
    5000000.0,
    Decimal(5000000),
    Decimal("5000000.00"),
    Decimal("5E6"),
]


@pytest.mark.parametrize("cell", FIVE_MILLION)
def test_five_million_is_read_in_every_spelling_of_the_banks(cell: object) -> None:
    assert parse_amount(cell) == 5_000_000


@pytest.mark.parametrize(
    "cell",
    [
        "(1.250)",
        "( 1.250,00 )",
        "(Rp1.250)",
        "Rp(1.250)",
        "-1.250",
        "- 1.250",
        "1.250-",
        "1.250 -",
        "-Rp1.250",
        "Rp-1.250",
        "Rp -1.250,00",
        "-1.250,-",
        "\u22121.250",
        "-1,250.00",
        "(Rp1.250,-)",
        -1250,
        -1250.0,
        Decimal("-1250.0"),
    ],
)
def test_parentheses_and_a_minus_on_either_side_mean_negative(cell: object) -> None:
    assert parse_amount(cell) == -1250


@pytest.mark.parametrize(
    ("cell", "rupiahs"),
    [
        ("1.000", 1000),
        ("1,000", 1000),
        ("12.000", 12_000),
        ("5,0", 5),
        ("5.00", 5),
        ("5,-", 5),
        ("0", 0),
        ("0,00", 0),
        ("-0", 0),
        (-0.0, 0),
        ("999.999.999.999.999", 10**15 - 1),
        ("999999999999999", 10**15 - 1),
    ],
)
def test_three_digits_behind_the_last_separator_are_thousands_and_two_are_sen(
    cell: object, rupiahs: int
) -> None:
    assert parse_amount(cell) == rupiahs


@pytest.mark.parametrize(
    "cell",
    [
        "215.000,50",
        "215,000.50",
        "215000,5",
        "1.5",
        "1,5",
        "0,01",
        "Rp1.250,99",
        "(1,5)",
        1.5,
        Decimal("1.5"),
        Decimal("0.001"),
        Decimal("1E-99999"),
        -0.25,
    ],
)
def test_sen_other_than_00_are_refused_and_never_rounded(cell: object) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(cell)
    assert refused.value.code == "amount_has_sen"


@pytest.mark.parametrize(
    "cell",
    [
        None, "", "   ", "abc", "Rp", "-", ",-", "2l5.000,00", "5.000.000.00", "5.000,000",
        "5,000.000", "5.000.000,000", "1.25.000", "1250.000", "1.2500", "0.500", "000.500", ".500",
        ",50", "5.", "5,", "5..000", "5.000.", "5 000 000", "5'000'000", "1e6", "1E+6", "+5000",
        "--5", "-5-", "-(5)", "(5", "5)", "((5))", "(-5)", "5.000.000,--", "5.000.000.-",
        "1.250,50,-", "Rp Rp5", "5 Rp", "USD 5", "5%", "=5", "5.000 6.000", "5\n6", "٥٠٠٠", "५०००",
        "５０００", "²", "1000000000000000", "1.000.000.000.000.000", "1" * 70, "9" * 100_000,
        "NaN", "inf", "#REF!", "True", True, False, math.nan, math.inf, -math.inf, 1e15, -1e15,
        1e300, 10**15, -(10**15), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"),
        Decimal("1E+15"), Decimal("1E+9999999"), b"5000", [5000], dt.date(2026, 1, 1),
    ],
)  # fmt: skip
def test_what_is_mixed_irregular_or_no_amount_is_refused(cell: object) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(cell)
    assert refused.value.code == "amount_unreadable"
    assert len(refused.value.found) <= 64


def test_a_number_too_long_to_be_written_out_is_refused_too() -> None:
    with pytest.raises(AmountError, match="lebih dari 15 angka"):
        parse_amount(10**6000)


def test_a_refusal_says_in_indonesian_what_was_found() -> None:
    with pytest.raises(Refused) as refused:
        parse_amount("2l5.000,00")
    assert refused.value.sentence == (
        "Jumlah “2l5.000,00” tidak dapat dibaca; "
        "tulis rupiah utuh, misalnya 5.000.000 atau 5000000."
    )
    with pytest.raises(AmountError) as empty:
        parse_amount(None)
    assert empty.value.found == ""
    assert empty.value.sentence == "Jumlah kosong; tulis rupiah utuh, misalnya 5.000.000."


@pytest.mark.parametrize("text", ["1250000", "1.250.000", "Rp1.250.000,00", " Rp 1.250.000 "])
def test_a_form_takes_what_people_type(text: str) -> None:
    assert parse_typed(text) == 1_250_000


@pytest.mark.parametrize(
    ("text", "code"), [("1.5", "amount_has_sen"), ("1.25.000", "amount_unreadable")]
)
def test_a_form_refuses_by_the_rules_of_files(text: str, code: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_typed(text)
    assert refused.value.code == code


@many
@given(amounts)
def test_what_is_printed_can_be_read_again(n: int) -> None:
    english = f"{n:,}"
    for cell in (
        rupiah(n),
        number(n),
        f"{number(n)},00",
        f"Rp {number(n)},-",
        str(n),
        english,
        f"{english}.00",
        float(n),
        Decimal(n),
        n,
    ):
        assert parse_amount(cell) == n
    if n < 0:
        assert parse_amount(f"({number(-n)})") == parse_amount(f"{number(-n)}-") == n


@many
@given(st.text(alphabet="0123456789.,-() Rp", max_size=24))
def test_any_text_is_read_or_refused_and_never_guessed(text: str) -> None:
    try:
        n = parse_amount(text)
    except AmountError:
        return
    digits = "".join(c for c in text if c.isdigit())
    # Only whole rupiah, or whole rupiah with one or two zeros of sen, can have been meant.
    assert any(
        abs(n) * 10**sen == int(digits) and (sen == 0 or digits.endswith("0" * sen))
        for sen in (0, 1, 2)
    )
    assert n <= 0 or not any(sign in text.replace(",-", "").replace(".-", "") for sign in "(-)")


@many
@given(st.one_of(st.text(max_size=80), st.floats(), st.decimals(), st.binary(), st.integers()))
def test_no_cell_whatever_breaks_the_reader(cell: object) -> None:
    with contextlib.suppress(AmountError):
        assert type(parse_amount(cell)) is int


@pytest.mark.parametrize(
    "cell",
    ["5000000", "5.000.000", "5.000.000,00", "5,000,000.00", "Rp5.000.000,-", "Rp 5.000.000"],
)
def test_the_usual_spellings_do_not_take_the_careful_way(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wibawa.rules.money._parse_text", pytest.fail)
    assert parse_amount(cell) == 5_000_000


def test_a_file_of_100000_rows_is_read_in_a_blink() -> None:
    cells = [f"Rp {number(n)},00" for n in range(100_000, 200_000)]
    start = time.process_time()
    for cell in cells:
        parse_amount(cell)
    # Far above the 0,1 s it takes, so that a busy machine does not fail it.
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("n", "printed"),
    [
        (0, "Rp0"),
        (999, "Rp999"),
        (5_000_000, "Rp5.000.000"),
        (-5_000_000, "-Rp5.000.000"),
        (17_591_500_000, "Rp17.591.500.000"),
    ],
)
def test_rupiah_are_printed_without_space_and_without_sen(n: int, printed: str) -> None:
    assert rupiah(n) == printed
    assert number(n) == printed.replace("Rp", "")


@pytest.mark.parametrize(
    ("hundredths", "printed"),
    [
        (794, "7,94%"),
        (18833, "188,33%"),
        (0, "0,00%"),
        (5, "0,05%"),
        (-5, "-0,05%"),
        (-794, "-7,94%"),
        (123_456_789, "1.234.567,89%"),
    ],
)
def test_percentages_are_printed_with_two_decimals_and_a_comma(
    hundredths: int, printed: str
) -> None:
    assert percent(hundredths) == printed


@pytest.mark.parametrize(
    ("n", "spoken"),
    [
        (0, "nol rupiah"),
        (1, "satu rupiah"),
        (10, "sepuluh rupiah"),
        (11, "sebelas rupiah"),
        (19, "sembilan belas rupiah"),
        (20, "dua puluh rupiah"),
        (100, "seratus rupiah"),
        (111, "seratus sebelas rupiah"),
        (1000, "seribu rupiah"),
        (1100, "seribu seratus rupiah"),
        (21_000, "dua puluh satu ribu rupiah"),
        (101_000, "seratus satu ribu rupiah"),
        (1_000_000, "satu juta rupiah"),
        (2_001_000, "dua juta seribu rupiah"),
        (5_000_000, "lima juta rupiah"),
        (-5_000_000, "minus lima juta rupiah"),
        (1_001_001_001, "satu miliar satu juta seribu satu rupiah"),
        (1_000_000_000_000, "satu triliun rupiah"),
        (10**15, "satu kuadriliun rupiah"),
    ],
)
def test_amounts_are_put_into_words_as_agreements_write_them(n: int, spoken: str) -> None:
    assert words(n) == spoken


@many
@given(st.integers(min_value=0, max_value=10**15 - 1) | st.integers(0, 2_100_000))
def test_words_agree_with_num2words(n: int) -> None:
    said = num2words(n, lang="id")
    if n // 1000 % 1000 == 1:
        # num2words says "satu juta satu ribu", and "satu miliar seribu" only now and then.
        head, found, tail = said.rpartition("satu ribu")
        said = f"{head}seribu{tail}" if found else said
    assert words(n) == f"{said} rupiah"


@pytest.mark.parametrize("n", [10**18, -(10**18)])
def test_amounts_without_a_word_are_not_put_into_words(n: int) -> None:
    with pytest.raises(ValueError, match="no words"):
        words(n)


@pytest.mark.parametrize(
    ("top", "bottom", "result"),
    [
        (5, 2, 3),
        (-5, 2, -3),
        (5, -2, -3),
        (-5, -2, 3),
        (4, 3, 1),
        (-4, 3, -1),
        (0, 7, 0),
        (1, 2, 1),
        (0, -7, 0),
        (-1, 2, -1),
        (-1, 3, 0),
    ],
)
def test_a_half_is_rounded_away_from_zero(top: int, bottom: int, result: int) -> None:
    assert divide_half_up(top, bottom) == result


@many
@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6).filter(bool))
def test_division_agrees_with_decimal_rounding(top: int, bottom: int) -> None:
    exact = Decimal(top) / Decimal(bottom)
    assert divide_half_up(top, bottom) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert abs(Fraction(top, bottom) - divide_half_up(top, bottom)) <= Fraction(1, 2)


def test_division_by_zero_is_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        divide_half_up(1, 0)


@pytest.mark.parametrize(
    ("part", "whole", "hundredths"),
    [
        (1, 3, 3333),
        (2, 3, 6667),
        (1, 1, 10000),
        (0, 5, 0),
        (1, 20000, 1),
        (1, 20001, 0),
        (-1, 3, -3333),
    ],
)
def test_a_share_is_rounded_half_up_to_hundredths_of_a_percent(
    part: int, whole: int, hundredths: int
) -> None:
    assert share(part, whole) == hundredths


def test_a_share_of_nothing_is_no_figure() -> None:
    assert share(0, 0) is None
    assert share(5, 0) is None


def test_a_text_of_another_class_is_read_as_its_text() -> None:
    class Marked(str):
        __slots__ = ()

    assert parse_amount(Marked("Rp1.250.000,00")) == 1_250_000


@pytest.mark.parametrize(
    ("cell", "code", "found"),
    [
        (Decimal("441667.5"), "amount_has_sen", "441667.5"),
        (441667.5, "amount_has_sen", "441667.5"),
        (Decimal("NaN"), "amount_unreadable", "NaN"),
        (float("inf"), "amount_unreadable", "inf"),
        (Decimal(10**15), "amount_unreadable", "1000000000000000"),
        ([5000], "amount_unreadable", "[5000]"),
        (None, "amount_unreadable", ""),
    ],
)
def test_an_odd_number_of_a_workbook_is_named_as_it_was_found(
    cell: object, code: str, found: str
) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(cell)
    assert (refused.value.code, refused.value.found) == (code, found)


def test_an_amount_of_fifteen_digits_is_the_largest_that_is_read() -> None:
    assert parse_amount("999.999.999.999.999,00") == 10**15 - 1
    assert parse_amount("(999.999.999.999.999)") == 1 - 10**15
    with pytest.raises(AmountError):
        parse_amount("1.000.000.000.000.000,00")


def test_a_cell_of_64_characters_is_read_and_a_longer_one_is_not() -> None:
    assert parse_amount("Rp" + " " * 61 + "5") == 5
    with pytest.raises(AmountError):
        parse_amount("Rp" + " " * 62 + "5")


@pytest.mark.parametrize(("cell", "found"), [("x" * 64, "x" * 64), ("x" * 65, "x" * 63 + "…")])
def test_a_cell_is_named_with_64_characters_at_most(cell: str, found: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(cell)
    assert refused.value.found == found
