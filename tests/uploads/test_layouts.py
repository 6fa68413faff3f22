"""A bank's own headings: what is taught is what is read, whatever the usual names say."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wibawa.layouts.checks import Choice, Place, faults, words_of
from wibawa.repayments.layout import COLUMNS, SHAPE
from wibawa.uploads.columns import known_names, match_headings, squeeze
from wibawa.uploads.layouts import (
    Words,
    known_layout,
    read_recognised,
    recognise,
    taught_layout,
    usual_layout,
)
from wibawa.uploads.limits import Unreadable

USUAL = sorted({name for column in COLUMNS for name in (column.heading, *column.names)})
KEYS = [column.key for column in COLUMNS]
headings = st.lists(
    st.sampled_from(USUAL) | st.text("ABCXYZ ._", min_size=1, max_size=6).filter(squeeze),
    min_size=3, max_size=12, unique_by=squeeze,
)  # fmt: skip


@st.composite
def choices(draw: st.DrawFn) -> tuple[list[str], dict[str, int]]:
    """Headings that differ, and some of our columns given to some of them."""
    row = draw(headings)
    places = draw(st.permutations(range(len(row))))
    keys = draw(st.permutations(KEYS))
    return row, dict(zip(keys, places[: draw(st.integers(0, len(row)))], strict=False))


def place(row: list[str]) -> Place:
    return Place("0:1:1", "", 1, 1, row, [])


@given(choices())
@example((["Jumlah Bayar", "Pokok", "x"], {"principal": 0, "amount": 1}))
@example((["Sisa Pokok", "a", "b"], {"account": 1, "paid_on": 2}))
def test_exactly_the_chosen_columns_are_read(given: tuple[list[str], dict[str, int]]) -> None:
    row, chosen = given
    layout = taught_layout(SHAPE, words_of(SHAPE, place(row), Choice(chosen)))
    assert match_headings(row, known_names(layout.columns)) == (chosen, [])


@given(choices())
def test_a_choice_is_refused_exactly_when_something_needed_is_missing(
    given: tuple[list[str], dict[str, int]],
) -> None:
    row, chosen = given
    whole = {"account", "paid_on"} <= chosen.keys() and (
        "amount" in chosen or {"principal", "interest"} <= chosen.keys()
    )
    assert (faults(SHAPE, place(row), Choice(chosen)) == []) == whole


def test_a_heading_given_to_a_later_column_is_taken_from_the_earlier_one() -> None:
    layout = taught_layout(SHAPE, Words({"principal": ["Jumlah Bayar"]}))
    assert match_headings(["Jumlah Bayar"], known_names(layout.columns))[0] == {"principal": 0}


class TestRecognising:
    OLD = Words({"account": ["REK"], "paid_on": ["TGL"], "amount": ["JUMLAH"]})
    NEW = Words(
        {"account": ["KONTRAK"], "paid_on": ["TGL"], "principal": ["JUMLAH"], "interest": ["JASA"]},
        date_order="ymd",
    )

    @pytest.mark.parametrize(
        ("row", "order"),
        [
            (["KONTRAK", "TGL", "JUMLAH", "JASA"], "ymd"),
            (["REK", "TGL", "JUMLAH"], "dmy"),  # the same word means another column
            (["REK", "TGL", "JUMLAH", "KOL"], "dmy"),
            (["Nomor Rekening", "Tanggal Bayar", "Jumlah Bayar"], "dmy"),  # fewer are missing
        ],
    )
    def test_the_headings_tell_which_of_several_ways_it_is(
        self, row: list[str], order: str
    ) -> None:
        both = known_layout(SHAPE, [self.NEW, self.OLD])
        assert recognise(row, both).date_order == order

    def test_of_two_that_fit_the_newest_counts(self) -> None:
        newer = Words(self.OLD.names | {"reference": ["BUKTI"]}, date_order="ymd")
        both = known_layout(SHAPE, [newer, self.OLD])
        assert recognise(["REK", "TGL", "JUMLAH"], both).date_order == "ymd"

    def test_a_file_is_read_by_the_way_it_is_in(self) -> None:
        both = known_layout(SHAPE, [self.NEW, self.OLD])
        for text, columns in (
            (b"KONTRAK;TGL;JUMLAH;JASA\n1;20261005;5;6", {"account", "paid_on", "principal",
                                                         "interest"}),
            (b"REK;TGL;JUMLAH\n1;05-10-2026;5", {"account", "paid_on", "amount"}),
        ):  # fmt: skip
            table, used = read_recognised(text, "a.csv", both)
            assert table.columns.keys() == columns
            assert used.date_order == ("ymd" if b"JASA" in text else "dmy")


class TestRefusing:
    @pytest.mark.parametrize("text", [b"Kota;Kode;Luas\nSemarang;3374;373", b"REK;TGL;KOL\n1;2;3"])
    def test_a_refusal_names_what_is_needed_what_stands_and_what_to_do(self, text: bytes) -> None:
        layout = known_layout(SHAPE, [TestRecognising.OLD])
        with pytest.raises(Unreadable) as caught:
            read_recognised(text, "a.csv", layout)
        problem = caught.value.problem
        assert problem.code == "column_missing"
        assert "Jumlah Bayar (atau Pokok dan Bunga)" in problem.message
        assert text.split(b"\n")[0].decode().replace(";", ", ") in problem.message
        assert "Judul yang dikenal untuk bank ini: Nomor Rekening “REK”" in problem.message
        assert "minta administrator dinas mengajarkannya" in problem.message

    def test_other_refusals_are_left_as_they_are(self) -> None:
        with pytest.raises(Unreadable, match="Berkas kosong") as caught:
            read_recognised(b"", "a.csv", usual_layout(SHAPE))
        assert "administrator" not in caught.value.problem.message
