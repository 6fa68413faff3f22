"""Charts say their figures exactly, in text, without style attributes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wibawa.web.charts import (
    Segment,
    bar_line_chart,
    hundredths_text,
    nice_step,
    shares,
    stacked_bar,
)

SVG = "{http://www.w3.org/2000/svg}"
YEARS = ["2023", "2024", "2025"]


def access(title: str = "Akses") -> str:
    return bar_line_chart(YEARS, [750, 800, 850], [804, 794, None], title, "%", "Turun & naik")


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def rows(svg: str) -> list[ElementTree.Element]:
    return [
        node
        for node in ElementTree.fromstring(svg).iter(f"{SVG}rect")
        if node.get("class") == "mark-realised"
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1130, "11,30"),
        (0, "0,00"),
        (5, "0,05"),
        (-250, "-2,50"),
        (123456789, "1.234.567,89"),
    ],
)
def test_hundredths_are_written_with_a_comma(value: int, written: str) -> None:
    assert hundredths_text(value) == written


def test_target_and_realised_figures_stand_in_the_drawing() -> None:
    found = texts(access())
    assert {"7,50", "8,00", "8,50", "8,04", "7,94", "Target", "Realisasi"} <= set(found)


def test_a_year_without_data_has_no_bar_and_says_so() -> None:
    svg = access()
    assert len(rows(svg)) == 2
    assert "ada data" in texts(svg)
    assert "0,00" not in texts(svg)


def test_a_realised_zero_is_not_the_same_as_no_data() -> None:
    svg = bar_line_chart(["2024"], [800], [0], "Akses", "%", "")
    assert len(rows(svg)) == 1
    assert "ada data" not in texts(svg)
    assert "0,00" in texts(svg)


def test_a_higher_value_has_a_higher_bar_that_ends_on_the_axis() -> None:
    first, second = rows(access())
    assert int(first.attrib["height"]) > int(second.attrib["height"])
    assert {int(bar.attrib["y"]) + int(bar.attrib["height"]) for bar in (first, second)} == {254}


def test_name_and_description_are_readable_and_escaped() -> None:
    root = ElementTree.fromstring(access("<b>Akses</b> & layanan"))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None
    assert title.text == "<b>Akses</b> & layanan"
    assert description is not None
    assert description.text == "Turun & naik"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_two_charts_on_one_page_share_no_id() -> None:
    def ids(svg: str) -> set[str | None]:
        return {node.get("id") for node in ElementTree.fromstring(svg).iter() if node.get("id")}

    assert not ids(access("Akses")) & ids(access("Akses lain"))


def test_charts_carry_no_style_attribute() -> None:
    both = access() + stacked_bar([Segment("1 Lancar", 10, "Rp10")], "Portofolio")
    assert "style=" not in both
    assert "<script" not in both


def test_no_figures_at_all_still_draws() -> None:
    svg = bar_line_chart(YEARS, [None] * 3, [None] * 3, "Akses", "%", "")
    assert rows(svg) == []


def test_lists_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        bar_line_chart(["2024"], [1, 2], [1], "Akses", "%", "")


def test_stacked_bar_gives_each_class_its_line_and_fills_the_width() -> None:
    svg = stacked_bar(
        [Segment("1 Lancar", 900, "Rp900"), Segment("5 Macet", 100, "Rp100")], "Portofolio"
    )
    assert {"1 Lancar", "Rp900", "90,00%", "5 Macet", "Rp100", "10,00%"} <= set(texts(svg))
    bars = [
        node
        for node in ElementTree.fromstring(svg).iter(f"{SVG}rect")
        if node.get("class", "").startswith("mark-")
    ]
    assert sum(int(bar.attrib["width"]) for bar in bars) == 760


def test_an_empty_portfolio_has_no_bar_but_keeps_its_lines() -> None:
    svg = stacked_bar([Segment("1 Lancar", 0, "Rp0")], "Portofolio")
    assert "0,00%" in texts(svg)
    assert 'class="mark-' not in svg


def test_stacked_bar_refuses_what_it_cannot_show() -> None:
    with pytest.raises(ValueError, match="negative"):
        stacked_bar([Segment("1 Lancar", -1, "-Rp1")], "Portofolio")
    with pytest.raises(ValueError, match="at most 5"):
        stacked_bar([Segment("x", 1, "Rp1")] * 6, "Portofolio")


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=8))
def test_shares_add_up_to_the_whole(values: list[int]) -> None:
    found = shares(values)
    assert sum(found) == (10000 if sum(values) else 0)
    assert all(share == 0 for share, value in zip(found, values, strict=True) if value == 0)


@given(st.integers(1, 10**12))
def test_axis_step_covers_the_highest_value_in_at_most_six_steps(highest: int) -> None:
    step = nice_step(highest)
    assert step * 6 >= highest
    assert str(step).rstrip("0") in {"1", "2", "5"}
