"""Rows of a repayment file against known facts: problems, and which way the money goes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wibawa.loans.reader import read_portfolio
from wibawa.repayments.checks import check_repayments
from wibawa.repayments.outcome import AccountFact, Checked, Posted, row_key
from wibawa.repayments.reader import RepaymentFile, read_repayments
from wibawa.rules.references import reference_key
from wibawa.uploads.names import far_off
from wibawa.uploads.table import Unreadable

SAMPLES = Path(__file__).parent.parent / "files" / "samples"
TODAY = dt.date(2026, 11, 24)
MUCH = 10**9
HEAD = "No Rekening;Nama;Tgl Bayar;Jumlah;Denda;No Bukti\n"


@cache
def facts_of(bank: str) -> dict[str, AccountFact]:
    """The accounts of one bank in the sample portfolio."""
    portfolio = read_portfolio((SAMPLES / "data_awal.xlsx").read_bytes(), "data_awal.xlsx")
    return {
        row.account: AccountFact(
            row.row, row.account, row.name, row.disbursed_on, MUCH, chair=row.chair_name
        )
        for row in portfolio.rows
        if row.bank_code == bank
    }


def account(
    number: str = "0012", owed: int = MUCH, closed: bool = False, loan_id: int = 1
) -> AccountFact:
    return AccountFact(loan_id, number, "Siti Aminah", dt.date(2026, 1, 31), owed, closed)


NOTHING = Posted()
SAME = ("0012", dt.date(2026, 10, 5), 5)


def under(**money: int) -> Posted:
    """What was posted under these references."""
    return Posted({reference_key(reference): amount for reference, amount in money.items()})


def file_of(*rows: str, total: str = "") -> RepaymentFile:
    text = HEAD + "".join(row + "\n" for row in rows) + (f";TOTAL;;{total};;\n" if total else "")
    return read_repayments(text.encode(), "angsuran.csv")


def check(
    *rows: str,
    facts: Iterable[AccountFact] = (account(),),
    posted: Posted = NOTHING,
    total: str = "",
    suspend_unknown: bool = False,
    skip_problems: bool = False,
) -> Checked:
    return check_repayments(
        file_of(*rows, total=total),
        {fact.account: fact for fact in facts},
        posted,
        TODAY,
        suspend_unknown=suspend_unknown,
        skip_problems=skip_problems,
    )


def codes(checked: Checked) -> list[tuple[int, str, bool]]:
    return [(problem.row, problem.code, problem.blocking) for problem in checked.problems]


def foots(checked: Checked) -> bool:
    shares = (
        checked.posted_total
        + checked.suspense_total
        + checked.already_posted_total
        + checked.skipped_total
    )
    rows = (
        checked.posted_rows
        + checked.suspense_rows
        + checked.already_posted_rows
        + checked.skipped_rows
    )
    return shares == checked.control_total and rows == checked.rows


class TestTheSamples:
    @pytest.mark.parametrize(
        ("name", "bank"),
        [("angsuran_jateng_2026-10.xlsx", "JATENG"), ("angsuran_pasar_2026-10.csv", "PASAR")],
    )
    def test_of_both_banks_post_every_row(self, name: str, bank: str) -> None:
        answer = json.loads((SAMPLES / "jawaban.json").read_text())["files"][bank]
        file = read_repayments((SAMPLES / name).read_bytes(), name)
        checked = check_repayments(file, facts_of(bank), NOTHING, TODAY)
        assert checked.problems == []
        assert not checked.blocked
        assert (checked.posted_rows, checked.posted_total) == (answer["rows"], answer["total"])
        assert (checked.rows, checked.total) == (answer["rows"], answer["total"])
        assert foots(checked)

    def test_with_faults_has_exactly_the_codes_of_the_answer(self) -> None:
        answer = json.loads((SAMPLES / "jawaban.json").read_text())["salah"]
        name = "angsuran_pasar_salah.csv"
        file = read_repayments((SAMPLES / name).read_bytes(), name)
        checked = check_repayments(file, facts_of("PASAR"), NOTHING, TODAY)
        assert [(problem.row, problem.code) for problem in checked.problems] == [
            (row["row"], row["code"]) for row in answer if row["code"] != "ok"
        ]
        assert checked.blocked

    def test_with_faults_posts_the_right_rows_when_the_others_are_skipped(self) -> None:
        name = "angsuran_pasar_salah.csv"
        file = read_repayments((SAMPLES / name).read_bytes(), name)
        checked = check_repayments(file, facts_of("PASAR"), NOTHING, TODAY, skip_problems=True)
        assert not checked.blocked
        assert [entry.row for entry in checked.entries] == [15, 16]
        assert (checked.posted_total, checked.skipped_rows) == (200_000, 13)
        assert foots(checked)


class TestDates:
    def test_in_the_future_block(self) -> None:
        assert codes(check("0012;;25-11-2026;5;;X")) == [(2, "date_in_future", True)]
        assert codes(check("0012;;24-11-2026;5;;X")) == []

    def test_before_the_disbursement_block(self) -> None:
        assert codes(check("0012;;30-01-2026;5;;X")) == [(2, "date_before_disbursement", True)]
        assert codes(check("0012;;31-01-2026;5;;X")) == []


class TestAccounts:
    def test_unknown_block_and_say_nothing_of_other_banks(self) -> None:
        checked = check("0999;;05-10-2026;5;;X")
        assert codes(checked) == [(2, "account_unknown", True)]
        elsewhere = check("36296057401002;;05-10-2026;5;;X").problems[0].message
        assert elsewhere.replace("36296057401002", "0999") == checked.problems[0].message

    def test_unknown_go_to_suspense_when_the_officer_says_so(self) -> None:
        checked = check("0999;Budi;05-10-2026;5;;X", suspend_unknown=True)
        assert codes(checked) == [(2, "account_unknown", False)]
        assert not checked.blocked
        entry = checked.suspense[0]
        assert (entry.account, entry.name, entry.amount, entry.loan_id, entry.reason) == (
            "0999", "Budi", 5, None, "account_unknown",
        )  # fmt: skip
        assert (checked.suspense_rows, checked.suspense_total) == (1, 5)
        assert foots(checked)

    def test_that_lost_leading_zeros_in_text_get_a_hint_only(self) -> None:
        checked = check("12;;05-10-2026;5;;X")
        assert codes(checked) == [(2, "account_unknown", True)]
        assert "0012" in checked.problems[0].message

    def number_file(self, number: float) -> RepaymentFile:
        file = file_of(f"{number:.0f};;05-10-2026;5;;X")
        file.rows = [row._replace(account_is_number=True) for row in file.rows]
        return file

    def test_in_numeric_cells_are_accepted_when_exactly_one_matches(self) -> None:
        facts = {"0012": account()}
        checked = check_repayments(self.number_file(12), facts, NOTHING, TODAY)
        assert [entry.loan_id for entry in checked.entries] == [1]
        facts["00012"] = account("00012", loan_id=2)
        checked = check_repayments(self.number_file(12), facts, NOTHING, TODAY)
        assert codes(checked) == [(2, "account_unknown", True)]

    def test_of_a_far_off_name_are_worth_a_look(self) -> None:
        checked = check("0012;Budi Santoso;05-10-2026;5;;X", "0012;SITI A;05-10-2026;5;;Y")
        assert codes(checked) == [(2, "name_differs", False)]
        assert checked.posted_rows == 2


@pytest.mark.parametrize(
    ("name", "known", "differs"),
    [
        ("HJ. SITI AMINAH, S.E.", "Siti Aminah", False),
        ("Sitti Aminnah", "Siti Aminah", False),
        ("KSP Lumpia 75", "KSP Lumpia 75", False),
        ("", "Siti Aminah", False),
        ("KSP Lumpia 75", "KSP Laundry 50", True),
        ("Budi Santoso", "Siti Aminah", True),
        ("x" * 100_000, "Siti Aminah", True),
    ],
)
def test_names_are_far_off_when_nothing_is_alike(name: str, known: str, differs: bool) -> None:
    assert far_off(name, known) == differs


class TestOnceOnly:
    def test_a_reference_twice_in_the_file_blocks_every_row_of_the_group(self) -> None:
        rows = ["0012;;05-10-2026;5;;X"] * 3 + ["0012;;05-10-2026;5;;Y"]
        checked = check(*rows)
        assert codes(checked) == [(row, "reference_duplicate", True) for row in (2, 3, 4)]
        assert "baris 2, 4" in checked.problems[1].message

    def test_a_reference_posted_before_is_counted_and_not_posted_again(self) -> None:
        checked = check("0012;;05-10-2026;5;;X", "0012;;05-10-2026;7;;Y", posted=under(X=5))
        assert codes(checked) == [(2, "reference_already_posted", False)]
        assert (checked.already_posted_rows, checked.already_posted_total) == (1, 5)
        assert (checked.posted_rows, checked.posted_total) == (1, 7)
        assert foots(checked)

    def test_equal_rows_without_reference_are_told_apart_by_their_occurrence(self) -> None:
        rows = ["0012;;05-10-2026;5;;"] * 2
        first = check(*rows)
        keys = [entry.row_key for entry in first.entries]
        assert keys == [row_key("0012", dt.date(2026, 10, 5), 5, n) for n in (1, 2)]
        posted = Posted(payments={SAME: 2})
        again = check(*rows, "0012;;05-10-2026;5;;", posted=posted)
        assert [(row, code) for row, code, _ in codes(again)] == [
            (2, "row_already_posted"), (3, "row_already_posted"),
        ]  # fmt: skip
        assert [entry.row for entry in again.entries] == [4]
        assert foots(again)

    def test_every_row_has_a_key_of_its_reference_or_of_its_payment(self) -> None:
        entries = check("0012;;05-10-2026;5;;x 1", "0012;;05-10-2026;5;;").entries
        assert [(entry.reference, entry.row_key) for entry in entries] == [
            ("x 1", "R|X1"), (None, "0012|2026-10-05|5|1"),
        ]  # fmt: skip

    def test_a_used_reference_with_another_amount_blocks_and_names_both(self) -> None:
        checked = check("0012;;05-10-2026;500.000;;X", posted=under(X=100_000))
        assert codes(checked) == [(2, "reference_other_amount", True)]
        assert "Rp100.000" in checked.problems[0].message
        assert "Rp500.000" in checked.problems[0].message
        assert checked.already_posted_rows == 0

    def test_a_reference_that_excel_changed_is_the_same_reference(self) -> None:
        for first, again in (("000777", "777"), ("ab 1", "AB1"), ("000", "0")):
            posted = Posted(references={reference_key(first): 5})
            checked = check(f"0012;;05-10-2026;5;;{again}", posted=posted)
            assert codes(checked) == [(2, "reference_already_posted", False)]
            both = check(f"0012;;05-10-2026;5;;{first}", f"0012;;06-10-2026;5;;{again}")
            assert [code for _, code, _ in codes(both)] == ["reference_duplicate"] * 2

    def test_a_row_that_lost_its_reference_is_not_posted_again(self) -> None:
        checked = check("0012;;05-10-2026;5;;", posted=Posted(payments={SAME: 1}))
        assert codes(checked) == [(2, "row_already_posted", False)]

    def test_a_row_that_gained_a_reference_is_pointed_out(self) -> None:
        posted = Posted(payments={SAME: 1}, unreferenced={SAME: 1})
        checked = check("0012;;05-10-2026;5;;X", posted=posted)
        assert codes(checked) == [(2, "row_may_be_posted", False)]

    def test_money_in_titipan_is_not_posted_again_when_its_account_appears(self) -> None:
        posted = Posted(suspended={("12", dt.date(2026, 10, 5), 5): 1})
        checked = check("0012;;05-10-2026;5;;", posted=posted)
        assert codes(checked) == [(2, "row_already_posted", False)]
        assert checked.entries == []

    def test_money_up_to_the_cut_off_is_in_the_opening_entry_already(self) -> None:
        opened = account()._replace(opened_on=dt.date(2026, 9, 30))
        for day, found in (("15-09", True), ("30-09", True), ("01-10", False)):
            checked = check(f"0012;;{day}-2026;5;;X", facts=[opened])
            expected = [(2, "date_before_cut_off", True)] if found else []
            assert codes(checked) == expected

    def test_a_row_posted_to_suspense_before_is_not_unknown_again(self) -> None:
        assert not check("0999;;05-10-2026;5;;X", posted=under(X=5)).blocked


class TestTheWayOfTheMoney:
    def test_of_a_closed_loan_is_suspense_with_a_notice(self) -> None:
        checked = check("0012;;05-10-2026;5;;X", facts=[account(closed=True)])
        assert codes(checked) == [(2, "loan_closed", False)]
        assert [(e.loan_id, e.reason, e.amount) for e in checked.suspense] == [
            (1, "loan_closed", 5)
        ]
        assert foots(checked)

    def test_beyond_what_is_owed_is_split(self) -> None:
        checked = check("0012;;05-10-2026;100;10;X", facts=[account(owed=70)])
        assert codes(checked) == [(2, "exceeds_outstanding", False)]
        assert [(entry.amount, entry.penalty) for entry in checked.entries] == [(80, 10)]
        assert [entry.amount for entry in checked.suspense] == [20]
        assert (checked.posted_rows, checked.suspense_rows) == (1, 0)
        assert (checked.posted_total, checked.suspense_total) == (80, 20)
        assert foots(checked)

    def test_of_several_payments_is_poured_by_date_then_by_row(self) -> None:
        checked = check(
            "0012;;07-10-2026;60;;A", "0012;;05-10-2026;60;;B", "0012;;05-10-2026;60;;C",
            facts=[account(owed=100)],
        )  # fmt: skip
        assert [(entry.reference, entry.amount) for entry in checked.entries] == [
            ("B", 60), ("C", 40),
        ]  # fmt: skip
        assert [(entry.reference, entry.amount) for entry in checked.suspense] == [
            ("A", 60), ("C", 20),
        ]  # fmt: skip
        assert (checked.posted_rows, checked.suspense_rows) == (2, 1)
        assert foots(checked)

    def test_that_is_all_penalty_is_posted_whatever_is_owed(self) -> None:
        checked = check("0012;;05-10-2026;10;10;X", facts=[account(owed=0)])
        assert [(entry.amount, entry.penalty) for entry in checked.entries] == [(10, 10)]
        assert foots(checked)

    def test_exactly_what_is_owed_goes_to_the_loan(self) -> None:
        assert check("0012;;05-10-2026;70;;X", facts=[account(owed=70)]).problems == []


class TestProblemsOfTheFile:
    def test_block_even_when_rows_may_be_skipped(self) -> None:
        checked = check("0012;;05-10-2026;5;;X", total="6", skip_problems=True)
        assert codes(checked) == [(0, "control_total_differs", True)]
        assert checked.blocked

    def test_an_unreadable_amount_is_worth_what_the_control_total_leaves(self) -> None:
        checked = check(
            "0012;;05-10-2026;5;;X", "0012;;05-10-2026;l;;Y", total="12", skip_problems=True
        )
        assert not checked.blocked
        assert (checked.skipped_rows, checked.skipped_total) == (1, 7)
        assert foots(checked)

    def test_an_empty_file_posts_nothing(self) -> None:
        checked = check()
        assert (checked.rows, checked.blocked, checked.control_total) == (0, False, 0)
        assert foots(checked)


FIELD = st.sampled_from
ROW = st.tuples(
    FIELD(["0012", "0012", "0013", "0014", "0999", "1E+9", ""]),
    FIELD(["05-10-2026", "06-10-2026", "01-01-2026", "31-02-2026", "01-01-2030"]),
    FIELD(["5", "60", "100", "1.000", "-5", "l", "", "0"]),
    FIELD(["", "0", "5"]),
    FIELD(["", "", "A", "B", "C", "D"]),
).map(lambda row: f"{row[0]};;{row[1]};{row[2]};{row[3]};{row[4]}")


@settings(max_examples=400, deadline=None)
@given(
    st.lists(ROW, max_size=12),
    st.sampled_from(["", "100", "1.065"]),
    st.booleans(),
    st.sets(st.sampled_from("ABCD")),
)
def test_every_rupiah_is_accounted_for_when_nothing_blocks(
    rows: list[str], total: str, suspend: bool, posted: set[str]
) -> None:
    facts = [account(owed=130), account("0013", loan_id=2), account("0014", 5, True, 3)]
    before = {reference_key(reference): 60 for reference in posted}
    known = Posted(before, {("0012", dt.date(2026, 10, 5), 60): 1})
    for skip in (False, True):
        checked = check(
            *rows, facts=facts, posted=known, total=total,
            suspend_unknown=suspend, skip_problems=skip,
        )  # fmt: skip
        if not checked.blocked:
            assert foots(checked)
        taken: dict[int, int] = {}
        for entry in checked.entries:
            taken[entry.loan_id] = taken.get(entry.loan_id, 0) + entry.amount - entry.penalty
            assert entry.amount > 0
            assert entry.row_key.startswith("R|") == (entry.reference is not None)
        assert taken.get(1, 0) <= 130
        assert 3 not in taken
        assert all(entry.amount > 0 for entry in checked.suspense)
        assert all(problem.message.endswith(".") for problem in checked.problems)


GOOD = (SAMPLES / "angsuran_pasar_2026-10.csv").read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.integers(150, len(GOOD) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_file_never_loses_a_rupiah(place: int, damage: bytes) -> None:
    content = GOOD[:place] + damage + GOOD[place + len(damage) :]
    try:
        file = read_repayments(content, "rusak.csv")
    except Unreadable:
        return
    checked = check_repayments(
        file, facts_of("PASAR"), NOTHING, TODAY,
        suspend_unknown=True, skip_problems=True,
    )  # fmt: skip
    assert checked.blocked or foots(checked)
    if file.control_total_stated and not checked.blocked:
        assert checked.control_total == 52_022_819 or file.control_total != 52_022_819
