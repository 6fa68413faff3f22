"""Rows of a file of answers against the applications that were sent to the bank."""

from __future__ import annotations

import dataclasses

import pytest

from wibawa.decisions.answers import ApplicationFact, Checked, Decided, Reason
from wibawa.decisions.checks import check_answers, find_reason
from wibawa.decisions.reader import read_answers
from wibawa.rules.statuses import State

HEAD = "Nomor Permohonan;Nama;KEPUTUSAN;JUMLAH DISETUJUI;ALASAN;CATATAN\n"
REASONS = (
    Reason("slik", "Riwayat kredit pada SLIK buruk", needs_text=False),
    Reason("other_credit", "Masih mempunyai kredit lain", needs_text=False),
    Reason("other", "Alasan lain", needs_text=True),
)
SENT = ApplicationFact(1, "PM-000001", "Siti Aminah", "", 5_000_000, State.SENT, 5)
APPROVED = dataclasses.replace(
    SENT, id=2, number="PM-000002", name="Budi Santoso", state=State.APPROVED,
    decided=Decided("approved", 4_000_000, None, "disetujui Rp4.000.000 oleh Citra pada kemarin"),
)  # fmt: skip
REFUSED = dataclasses.replace(
    SENT, id=3, number="PM-000003", state=State.REFUSED_BY_BANK,
    decided=Decided("refused", None, "slik", "ditolak oleh Citra pada kemarin"),
)  # fmt: skip
WITHDRAWN = dataclasses.replace(
    SENT, id=4, number="PM-000004", state=State.WITHDRAWN, since="20 November 2026 09.00"
)
KNOWN = {fact.number: fact for fact in (SENT, APPROVED, REFUSED, WITHDRAWN)}


def check(*rows: str, skip: bool = False) -> Checked:
    file = read_answers((HEAD + "\n".join(rows)).encode(), "keputusan.csv")
    return check_answers(file, KNOWN, REASONS, skip_problems=skip)


def codes(checked: Checked) -> list[tuple[int, str]]:
    return [(problem.row, problem.code) for problem in checked.problems]


def test_an_approval_and_its_remark_are_taken_as_they_stand() -> None:
    found = check("PM-000001;Siti Aminah;SETUJU;5.000.000;;Akad Kamis")
    assert (found.problems, found.blocked) == ([], False)
    (answer,) = found.answers
    assert (answer.fact, answer.outcome, answer.amount) == (SENT, "approved", 5_000_000)
    assert (answer.reason, answer.note) == (None, "Akad Kamis")
    assert found.approved_total == 5_000_000


@pytest.mark.parametrize(
    ("text", "code", "note"),
    [
        ("Riwayat kredit pada SLIK buruk", "slik", ""),
        ("SLIK", "slik", ""),
        ("slik: kol 5 di bank lain", "slik", "kol 5 di bank lain"),
        ("Riwayat kredit pada SLIK buruk - kol 5", "slik", "kol 5"),
        ("other_credit", "other_credit", ""),
        ("Alasan lain: usaha pindah", "other", "usaha pindah"),
        ("other (usaha pindah)", "other", "usaha pindah"),
    ],
)
def test_a_reason_is_known_by_its_words_or_its_code_with_what_follows(
    text: str, code: str, note: str
) -> None:
    (answer,) = check(f"PM-000001;Siti Aminah;TOLAK;;{text};").answers
    assert answer.reason is not None
    assert (answer.reason.code, answer.note, answer.amount) == (code, note, None)


def test_a_word_that_only_begins_like_a_reason_is_none() -> None:
    assert find_reason("slikker", REASONS) == (None, "slikker")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("PM-000009;Siti Aminah;SETUJU;5.000;;", "Nomor Permohonan", "application_unknown"),
        ("PM-000001;Siti Aminah;SETUJU;;;", "JUMLAH DISETUJUI", "amount_missing"),
        ("PM-000001;Siti Aminah;SETUJU;0;;", "JUMLAH DISETUJUI", "amount_not_positive"),
        ("PM-000001;Siti Aminah;SETUJU;-5;;", "JUMLAH DISETUJUI", "amount_not_positive"),
        ("PM-000001;Siti Aminah;SETUJU;5.000.001;;", "JUMLAH DISETUJUI", "above_asked"),
        ("PM-000001;Siti Aminah;TOLAK;4.000.000;slik;", "JUMLAH DISETUJUI", "amount_of_refusal"),
        ("PM-000001;Siti Aminah;TOLAK;;;", "ALASAN", "reason_missing"),
        ("PM-000001;Siti Aminah;TOLAK;;omzet turun;", "ALASAN", "reason_unknown"),
        ("PM-000001;Siti Aminah;TOLAK;;Alasan lain;", "ALASAN", "reason_needs_text"),
        (f"PM-000001;Siti Aminah;TOLAK;;slik: {'x' * 201};", "ALASAN", "note_too_long"),
        ("PM-000002;Budi Santoso;SETUJU;4.000.001;;", "KEPUTUSAN", "already_decided"),
        ("PM-000002;Budi Santoso;TOLAK;;slik;", "KEPUTUSAN", "already_decided"),
        ("PM-000003;Siti Aminah;TOLAK;;other_credit;", "KEPUTUSAN", "already_decided"),
        ("PM-000004;Siti Aminah;SETUJU;5.000.000;;", "Nomor Permohonan", "application_withdrawn"),
    ],
)
def test_one_mistake_blocks_with_its_row_and_column(row: str, column: str, code: str) -> None:
    found = check(row)
    assert [(each.row, each.column, each.code) for each in found.problems] == [(2, column, code)]
    assert found.blocked
    assert found.answers == []


def test_a_zero_beside_a_refusal_says_nothing() -> None:
    found = check("PM-000001;Siti Aminah;TOLAK;0;slik;")
    assert (found.problems, len(found.answers)) == ([], 1)


def test_the_most_that_may_be_approved_is_told() -> None:
    (problem,) = check("PM-000001;Siti Aminah;SETUJU;5.000.001;;").problems
    assert "Rp5.000.001" in problem.message
    assert "paling banyak Rp5.000.000" in problem.message


def test_who_decided_before_and_when_is_told() -> None:
    (problem,) = check("PM-000002;Budi Santoso;TOLAK;;slik;").problems
    assert "sudah disetujui Rp4.000.000 oleh Citra pada kemarin" in problem.message


def test_the_same_answer_again_is_a_notice_and_changes_nothing() -> None:
    found = check(
        "PM-000002;Budi Santoso;SETUJU;4.000.000;;",
        "PM-000003;Siti Aminah;TOLAK;;SLIK;",
        "PM-000001;Siti Aminah;SETUJU;1;;",
    )
    assert codes(found) == [(2, "already_decided_same"), (3, "already_decided_same")]
    assert (found.blocked, found.already, [each.row for each in found.answers]) == (False, 2, [4])


def test_an_unanswered_row_is_a_notice_and_only_of_one_that_waits() -> None:
    found = check("PM-000001;Siti Aminah;;;;", "PM-000002;Budi Santoso;;;;", "PM-000009;X;;;;",
                  "PM-000001;Siti Aminah;SETUJU;1;;")  # fmt: skip
    assert codes(found) == [(2, "unanswered")]
    assert (found.unanswered, found.blocked) == (1, False)


def test_two_answers_to_one_application_are_both_told() -> None:
    found = check("PM-000001;Siti Aminah;SETUJU;1;;", "pm 1;Siti Aminah;TOLAK;;slik;")
    assert codes(found) == [(2, "application_duplicate"), (3, "application_duplicate")]
    assert "baris 3" in found.problems[0].message


def test_a_far_off_name_is_a_notice() -> None:
    found = check("PM-000001;Agus Wijaya;SETUJU;1;;")
    assert (codes(found), found.blocked) == ([(2, "name_differs")], False)


@pytest.mark.parametrize(
    "rows",
    [["PM-000001;Siti Aminah;;;;"], ["PM-000002;Budi Santoso;SETUJU;4.000.000;;"]],
)
def test_a_file_that_would_change_nothing_is_not_sent(rows: list[str]) -> None:
    found = check(*rows)
    assert found.blocked
    assert found.problems[0].code == "nothing_to_send"


def test_rows_with_problems_are_left_out_when_the_officer_says_so() -> None:
    rows = ("PM-000001;Siti Aminah;SETUJU;1;;", "PM-000009;X;SETUJU;1;;")
    assert check(*rows).blocked
    found = check(*rows, skip=True)
    assert (found.blocked, found.skipped_rows, len(found.answers)) == (False, 1, 1)
    none = check("PM-000009;X;SETUJU;1;;", skip=True)
    assert none.blocked
    assert "nothing_to_send" in {each.code for each in none.problems}


def test_a_nik_in_a_cell_is_told_masked() -> None:
    found = check("PM-000001;Siti Aminah;TOLAK;;3374014804850012;")
    assert "3374014804850012" not in found.problems[0].found + found.problems[0].message
    (answer,) = check("PM-000001;Siti Aminah;SETUJU;1;;NIK 3374014804850012").answers
    assert answer.note == "NIK ************0012"


def test_what_would_be_sent_has_one_fingerprint() -> None:
    one = check("PM-000001;Siti Aminah;SETUJU;1;;").fingerprint
    assert one == check("PM-000001;Siti Aminah;setuju;1;;").fingerprint
    for other in ("SETUJU;2;;", "TOLAK;;slik;", "SETUJU;1;;catatan"):
        assert check(f"PM-000001;Siti Aminah;{other}").fingerprint != one
