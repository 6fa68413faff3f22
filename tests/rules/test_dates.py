"""Dates: read from cells, printed in Indonesian, moved by months."""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt

import pytest
from babel.dates import format_date
from hypothesis import given, settings
from hypothesis import strategies as st

from wibawa.rules.dates import (
    DateError,
    add_months,
    completed_years,
    days_in_month,
    long_date,
    long_moment,
    month_name,
    parse_date,
    pay_by,
    short_date,
)
from wibawa.rules.facts import HolidayRule

many = settings(max_examples=300, deadline=None)
days = st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2199, 12, 31))
FIFTH = dt.date(2026, 10, 5)


@pytest.mark.parametrize(
    "cell",
    [
        FIFTH,
        dt.datetime(2026, 10, 5, 23, 59),  # noqa: DTZ001 - workbooks know no zone
        dt.datetime(2026, 10, 5, 23, 59, tzinfo=dt.UTC),
        "05-10-2026",
        "5-10-2026",
        "05/10/2026",
        "5/10/2026",
        "05.10.2026",
        "2026-10-05",
        "2026-10-5",
        "5 Okt 2026",
        "05 OKT 2026",
        "5 Oktober 2026",
        "5 oktober 2026",
        "5 Oct 2026",
        "5 October 2026",
        "5 Okt. 2026",
        "5-Okt-2026",
        "  05-10-2026 ",
        "\u00a05\u00a0Okt\u00a02026",
        "05-10-2026 00:00",
        "05/10/2026 23:59:59",
        "2026-10-05T09:14:00",
        "2026-10-05 09:14:00.000",
        "5 Okt 2026 09.14",
    ],
)
def test_the_fifth_of_october_is_read_in_every_spelling(cell: object) -> None:
    assert parse_date(cell) == FIFTH
    assert type(parse_date(cell)) is dt.date


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("Jan", 1), ("Januari", 1), ("January", 1), ("Feb", 2), ("Februari", 2), ("Pebruari", 2),
        ("February", 2), ("Mar", 3), ("Maret", 3), ("March", 3), ("Apr", 4), ("April", 4),
        ("Mei", 5), ("May", 5), ("Jun", 6), ("Juni", 6), ("June", 6), ("Jul", 7), ("Juli", 7),
        ("July", 7), ("Agu", 8), ("Agt", 8), ("Ags", 8), ("Agustus", 8), ("Aug", 8),
        ("August", 8), ("Sep", 9), ("Sept", 9), ("September", 9), ("Okt", 10), ("Oct", 10),
        ("Nov", 11), ("November", 11), ("Nopember", 11), ("Des", 12), ("Desember", 12),
        ("Dec", 12), ("December", 12),
    ],
)  # fmt: skip
def test_months_are_known_by_their_indonesian_and_english_names(name: str, month: int) -> None:
    assert parse_date(f"7 {name} 2026") == dt.date(2026, month, 7)


@pytest.mark.parametrize(
    "cell",
    [
        None, "", "  ", "31-02-2026", "29-02-2025", "29-02-2100", "00-01-2026", "32-01-2026",
        "01-13-2026", "10/25/2026", "05-10-26", "5/10/26", "05-10/2026", "2026/10-05", "2026-13-01",
        "5 Foo 2026", "Oktober 5, 2026", "Oct 5 2026", "5 Okt 26", "5Okt2026", "20261005",
        "05102026", "15-10-0026", "05-10-2026 24:00", "05-10-2026 9", "05-10-2026x", "٠٥-١٠-٢٠٢٦",
        "05–10–2026", "45935", 45935, 45935.0, True, b"05-10-2026", "9" * 100_000,
        "05-10-20260", "#VALUE!",
    ],
)  # fmt: skip
def test_impossible_days_short_years_numbers_and_month_first_are_refused(cell: object) -> None:
    with pytest.raises(DateError) as refused:
        parse_date(cell)
    assert refused.value.code == "date_unreadable"
    assert len(refused.value.found) <= 64


def test_a_number_too_long_to_be_written_out_is_refused_too() -> None:
    with pytest.raises(DateError) as refused:
        parse_date(10**6000)
    assert refused.value.found == "int"


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (None, ""),
        (45935, "45935"),
        ("31 Februari 2026", "31 Februari 2026"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 63 + "…"),
    ],
)
def test_what_is_no_date_is_named_as_it_was_found(cell: object, found: str) -> None:
    with pytest.raises(DateError) as refused:
        parse_date(cell)
    assert refused.value.found == found


def test_a_cell_of_64_characters_is_read_and_a_longer_one_is_not() -> None:
    assert parse_date("5" + " " * 55 + "Okt 2026") == FIFTH
    with pytest.raises(DateError):
        parse_date("5" + " " * 56 + "Okt 2026")


def test_a_refused_date_is_said_in_indonesian() -> None:
    with pytest.raises(DateError) as refused:
        parse_date("31-02-2026")
    assert refused.value.found == "31-02-2026"
    assert refused.value.sentence == (
        "Tanggal “31-02-2026” tidak dapat dibaca; "
        "tulis hari-bulan-tahun dengan tahun empat angka, misalnya 05-10-2026."
    )
    with pytest.raises(DateError, match="Tanggal kosong; tulis"):
        parse_date(None)


@many
@given(days)
def test_every_written_date_is_read_back_with_the_day_before_the_month(d: dt.date) -> None:
    for cell in (
        d,
        d.isoformat(),
        d.strftime("%d-%m-%Y"),
        d.strftime("%d/%m/%Y"),
        d.strftime("%d.%m.%Y"),
        long_date(d),
        short_date(d),
        format_date(d, "d MMM y", locale="id"),
        format_date(d, "d MMMM y", locale="en"),
        format_date(d, "d MMM y", locale="en"),
    ):
        assert parse_date(cell) == d


@many
@given(st.one_of(st.text(max_size=80), st.floats(), st.integers(), st.binary()))
def test_no_cell_whatever_breaks_the_reader(cell: object) -> None:
    with contextlib.suppress(DateError):
        assert type(parse_date(cell)) is dt.date


@many
@given(days)
def test_long_dates_agree_with_babel(d: dt.date) -> None:
    assert long_date(d) == format_date(d, "long", locale="id")
    assert month_name(d.month) == format_date(d, "LLLL", locale="id")
    assert short_date(d) == format_date(d, "dd/MM/y", locale="id")


@pytest.mark.parametrize("month", [0, 13, -1])
def test_there_are_twelve_months(month: int) -> None:
    with pytest.raises(ValueError, match="no month"):
        month_name(month)


def test_dates_and_moments_are_printed_as_letters_write_them() -> None:
    assert long_date(dt.date(2026, 11, 24)) == "24 November 2026"
    assert short_date(dt.date(2026, 11, 24)) == "24/11/2026"
    assert long_moment(dt.datetime(2026, 1, 5, 9, 14, 59, tzinfo=dt.UTC)) == "5 Januari 2026 09.14"


@pytest.mark.parametrize(
    ("year", "days"), [(1900, 28), (2000, 29), (2024, 29), (2025, 28), (2100, 28)]
)
def test_a_century_has_a_leap_day_every_fourth_time(year: int, days: int) -> None:
    assert days_in_month(year, 2) == days


@many
@given(st.integers(1, 9999), st.integers(1, 12))
def test_month_lengths_agree_with_the_calendar(year: int, month: int) -> None:
    assert days_in_month(year, month) == calendar.monthrange(year, month)[1]


@pytest.mark.parametrize(
    ("n", "due"),
    [
        (1, dt.date(2026, 2, 28)),
        (2, dt.date(2026, 3, 31)),
        (3, dt.date(2026, 4, 30)),
        (11, dt.date(2026, 12, 31)),
        (12, dt.date(2027, 1, 31)),
        (25, dt.date(2028, 2, 29)),
        (0, dt.date(2026, 1, 31)),
        (-1, dt.date(2025, 12, 31)),
        (-2, dt.date(2025, 11, 30)),
    ],
)
def test_months_after_the_31st_are_held_at_the_months_end(n: int, due: dt.date) -> None:
    assert add_months(dt.date(2026, 1, 31), n) == due


def test_the_original_day_comes_back_after_a_short_month() -> None:
    assert add_months(dt.date(2026, 2, 28), 1) == dt.date(2026, 3, 28)
    assert add_months(dt.date(2026, 2, 28), 1, day=31) == dt.date(2026, 3, 31)
    assert add_months(dt.date(2026, 2, 28), 2, day=31) == dt.date(2026, 4, 30)


@many
@given(days, st.integers(-600, 600))
def test_adding_months_moves_the_month_and_keeps_the_day_if_it_can(d: dt.date, n: int) -> None:
    moved = add_months(d, n)
    assert (moved.year - d.year) * 12 + moved.month - d.month == n
    assert moved.day == min(d.day, calendar.monthrange(moved.year, moved.month)[1])
    assert add_months(moved, -n, day=d.day) == d


@pytest.mark.parametrize(
    ("start", "day", "years"),
    [
        (dt.date(2009, 11, 24), dt.date(2026, 11, 23), 16),
        (dt.date(2009, 11, 24), dt.date(2026, 11, 24), 17),
        (dt.date(2008, 2, 29), dt.date(2025, 2, 28), 16),
        (dt.date(2008, 2, 29), dt.date(2025, 3, 1), 17),
        (dt.date(2026, 11, 24), dt.date(2026, 11, 24), 0),
    ],
)
def test_an_age_grows_on_the_birthday(start: dt.date, day: dt.date, years: int) -> None:
    assert completed_years(start, day) == years


SATURDAY, MONDAY_HOLIDAY = dt.date(2026, 8, 15), dt.date(2026, 8, 17)


@pytest.mark.parametrize(
    ("rule", "paid_by"),
    [
        (HolidayRule.NONE, SATURDAY),
        (HolidayRule.FOLLOWING, dt.date(2026, 8, 18)),
        (HolidayRule.PRECEDING, dt.date(2026, 8, 14)),
    ],
)
def test_the_printed_pay_by_date_follows_the_banks_rule(
    rule: HolidayRule, paid_by: dt.date
) -> None:
    assert pay_by(SATURDAY, rule, {MONDAY_HOLIDAY}) == paid_by


@many
@given(days, st.sampled_from(HolidayRule), st.frozensets(days, max_size=5))
def test_the_pay_by_date_is_the_nearest_working_day_in_its_direction(
    due_on: dt.date, rule: HolidayRule, holidays: frozenset[dt.date]
) -> None:
    def working(d: dt.date) -> bool:
        return d.isoweekday() not in (6, 7) and d not in holidays

    paid_by = pay_by(due_on, rule, holidays)
    if rule is HolidayRule.NONE or working(due_on):
        assert paid_by == due_on
        return
    assert working(paid_by)
    assert (paid_by > due_on) == (rule is HolidayRule.FOLLOWING)
    between = sorted((due_on, paid_by))
    passed = range(between[0].toordinal() + 1, between[1].toordinal())
    assert not any(working(dt.date.fromordinal(n)) for n in passed)


def test_1900_is_the_first_year_that_is_read() -> None:
    assert parse_date("1-1-1900") == dt.date(1900, 1, 1)
    with pytest.raises(DateError):
        parse_date("31-12-1899")
