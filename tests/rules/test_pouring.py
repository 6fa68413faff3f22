"""Where each rupiah of each payment went."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wibawa.rules.facts import Installment, Method, Terms
from wibawa.rules.position import position
from wibawa.rules.pouring import Receipt, pour
from wibawa.rules.schedule import schedule

CLASSES = (0, 90, 120, 180)
ROWS = [
    Installment(1, dt.date(2026, 2, 28), 500, 10, 500),
    Installment(2, dt.date(2026, 3, 31), 0, 0, 500),
    Installment(3, dt.date(2026, 4, 30), 500, 5, 0),
]
DAY = dt.date(2026, 3, 10)


def brief(receipts: list[Receipt]) -> list[tuple[int | None, int, int, int, int, int]]:
    return [
        (s.number, s.interest, s.principal, s.penalty, s.excess, s.balance)
        for s in pour(1000, ROWS, receipts)
    ]


def test_interest_is_paid_before_principal_and_the_oldest_installment_first() -> None:
    assert brief([Receipt(2, DAY, 8), Receipt(3, DAY, 502)]) == [
        (1, 8, 0, 0, 0, 1000),
        (1, 2, 500, 0, 0, 500),
    ]


def test_one_payment_may_lie_on_several_installments_and_skips_those_that_ask_for_nothing() -> None:
    assert brief([Receipt(2, DAY, 600)]) == [(1, 10, 500, 0, 0, 500), (3, 5, 85, 0, 0, 415)]


def test_a_penalty_stands_beside_the_first_part_of_its_payment_only() -> None:
    assert brief([Receipt(2, DAY, 620, 20)]) == [(1, 10, 500, 20, 0, 500), (3, 5, 85, 0, 0, 415)]


def test_what_no_installment_takes_is_told_apart() -> None:
    assert brief([Receipt(2, DAY, 7, 7), Receipt(3, DAY, 1_020), Receipt(4, DAY, 3)]) == [
        (None, 0, 0, 7, 0, 1000),
        (1, 10, 500, 0, 0, 500),
        (3, 5, 500, 0, 0, 0),
        (None, 0, 0, 0, 5, 0),
        (None, 0, 0, 0, 3, 0),
    ]


def test_a_schedule_that_asks_for_nothing_takes_nothing() -> None:
    assert [share[2:] for share in pour(0, ROWS[1:2], [Receipt(2, DAY, 5)])] == [
        (None, None, 0, 0, 0, 5, 0)
    ]


money = st.integers(1, 3_000_000)
receipts = st.lists(st.tuples(st.integers(0, 900), money, st.integers(0, 50_000)), max_size=30).map(
    lambda found: [
        Receipt(number, dt.date(2026, 1, 31) + dt.timedelta(days=days), amount + penalty, penalty)
        for number, (days, amount, penalty) in enumerate(sorted(found), 2)
    ]
)
terms = st.builds(
    Terms,
    st.integers(1, 50_000_000),
    st.sampled_from([0, 300, 1200]),
    st.integers(1, 60),
    st.sampled_from(Method),
    st.just(dt.date(2026, 1, 31)),
)


@given(terms, receipts)
def test_the_parts_of_every_prefix_add_up_to_the_position_of_its_day(
    of: Terms, paid: list[Receipt]
) -> None:
    rows = schedule(of)
    for count in range(len(paid) + 1):
        shares = pour(of.principal, rows, paid[:count])
        on = paid[count - 1].on if count else of.disbursed_on
        where = position(
            of.principal,
            rows,
            sum(each.amount - each.penalty for each in paid[:count]),
            on,
            CLASSES,
        )
        assert sum(share.principal for share in shares) == where.principal_paid
        assert sum(share.interest for share in shares) == where.interest_paid
        assert sum(share.excess for share in shares) == where.excess
        assert sum(share.penalty for share in shares) == sum(each.penalty for each in paid[:count])
        for receipt in paid[:count]:
            parts = [share for share in shares if share.sequence == receipt.sequence]
            assert sum(share.total for share in parts) == receipt.amount
        if shares:
            assert shares[-1].balance == where.outstanding_principal
        numbers = [share.number for share in shares if share.number is not None]
        assert all(one <= other for one, other in pairwise(numbers))


def test_every_share_tells_its_entry_and_day_and_the_installments_own_day() -> None:
    shares = pour(1000, ROWS, [Receipt(2, DAY, 600), Receipt(3, dt.date(2026, 5, 1), 500)])
    assert [(each.sequence, each.on, each.number, each.due_on) for each in shares] == [
        (2, DAY, 1, dt.date(2026, 2, 28)),
        (2, DAY, 3, dt.date(2026, 4, 30)),
        (3, dt.date(2026, 5, 1), 3, dt.date(2026, 4, 30)),
        (3, dt.date(2026, 5, 1), None, None),
    ]
