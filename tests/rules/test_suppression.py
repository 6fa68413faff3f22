"""Small cells are hidden so that nobody can reckon them back from what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wibawa.rules.suppression import LEAST, Public, suppressed

CELLS = st.lists(st.integers(0, 40), min_size=1, max_size=16)


def test_a_split_without_small_cells_is_shown_whole() -> None:
    assert suppressed([12, 5, 9]) == Public(26, (12, 5, 9))
    assert suppressed([]) == Public(0, ())


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([12, 3, 9], Public(24, (12, None, None))),  # 3 alone would be 24 - 12 - 9
        ([12, 3, 4, 9], Public(28, (12, None, None, 9))),  # 3 and 4 are 7 together
        ([12, 1, 2, 9], Public(24, (12, None, None, None))),  # 1 and 2 are too few together
        ([12, 0, 9, 9], Public(30, (12, None, None, 9))),  # the first of equal ones
        ([3], Public(None, (None,))),
        ([1, 2], Public(None, (None, None))),
    ],
)
def test_hidden_cells_hide_behind_each_other(cells: list[int], shown: Public) -> None:
    assert suppressed(cells) == shown


def test_a_negative_count_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        suppressed([5, -1])


@settings(max_examples=400, deadline=None)
@given(CELLS)
def test_no_small_cell_is_shown_nor_follows_from_the_total(cells: list[int]) -> None:
    public = suppressed(cells)
    hidden = [cell for cell, shown in zip(cells, public.cells, strict=True) if shown is None]
    assert all(shown is None or shown == cell
               for cell, shown in zip(cells, public.cells, strict=True))  # fmt: skip
    assert all(shown is None or shown >= LEAST for shown in public.cells)
    if public.total is None:
        assert all(shown is None for shown in public.cells)
        assert sum(cells) < LEAST or len(cells) == 1
        return
    assert public.total == sum(cells)
    rest = public.total - sum(shown for shown in public.cells if shown is not None)
    assert rest == sum(hidden)
    assert not hidden or (len(hidden) >= 2 and rest >= LEAST)


@settings(max_examples=200, deadline=None)
@given(CELLS)
def test_what_is_hidden_could_be_otherwise(cells: list[int]) -> None:
    """With the total known, a hidden cell may hold another count than it does."""
    public = suppressed(cells)
    hidden = [place for place, shown in enumerate(public.cells) if shown is None]
    if public.total is None or not hidden:
        return
    rest = sum(cells[place] for place in hidden)
    # Each of at least two hidden cells may be nothing or all of what is left.
    assert all(0 <= other <= rest for place in hidden for other in (0, rest))
    assert any(cells[place] != other for place in hidden for other in (0, rest))


@settings(max_examples=200, deadline=None)
@given(CELLS)
def test_no_more_is_hidden_than_it_takes(cells: list[int]) -> None:
    if all(cell >= LEAST for cell in cells):
        assert None not in suppressed(cells).cells
