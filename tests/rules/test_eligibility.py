"""Who may receive a disbursement: every obstacle at once, each with what was found and needed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wibawa.rules.dates import add_months
from wibawa.rules.eligibility import (
    Applicant,
    Known,
    Limits,
    Request,
    RunningLoan,
    Verdict,
    WaitingDisbursement,
    check,
    plain_account,
)
from wibawa.rules.facts import BorrowerKind, Health, Standing

TODAY = dt.date(2026, 11, 24)
LIMITS = Limits(dt.date(2017, 1, 1), 50_000_000, 40_000_000, 5_000_000, 17, 2)
SITI = Applicant(
    BorrowerKind.MICRO, "3374014804850012", "P", dt.date(1985, 4, 8), dt.date(2018, 1, 1), True
)
WISH = Request("Bank Pasar", "0123456789", "PK/1", TODAY, 5_000_000, "")
LOAN = RunningLoan("KW-000012", "Bank Jateng", "Siti Aminah", 2_000_000, own=True)
OTHER = WaitingDisbursement("Bank Jateng", "Siti Aminah", 3_000_000, own=True)
GOOD = Standing(True, Health.HEALTHY, dt.date(2026, 3, 31), dt.date(2026, 3, 14))
COOPERATIVE = replace(SITI, kind=BorrowerKind.COOPERATIVE, standing=GOOD)
many = settings(max_examples=200, deadline=None)


def judge(
    applicant: Applicant = SITI, request: Request = WISH, known: Known | None = None
) -> Verdict:
    return check(applicant, request, LIMITS, known or Known(), TODAY)


def blocks(verdict: Verdict) -> dict[str, str]:
    return {problem.code: problem.message for problem in verdict.blocks}


def test_a_borrower_who_meets_every_rule_has_no_obstacle_and_no_warning() -> None:
    assert judge() == Verdict((), ())


@pytest.mark.parametrize(
    ("applicant", "field", "sentence"),
    [
        (replace(SITI, nik="123"), "nik", "NIK berisi 3 angka; diperlukan tepat 16 angka."),
        (replace(SITI, nik="3374017804850012"), "birth_date", None),
        (
            replace(SITI, sex="L"),
            "sex",
            "Jenis kelamin tertulis laki-laki, sedangkan menurut NIK perempuan; samakan keduanya "
            "dengan KTP.",
        ),
        (
            replace(SITI, birth_date=dt.date(1985, 4, 9)),
            "birth_date",
            "Tanggal lahir 9 April 1985 tidak cocok dengan NIK; samakan keduanya dengan KTP.",
        ),
        (
            replace(SITI, nik="", birth_date=dt.date(2009, 11, 25)),
            "birth_date",
            "Umur peminjam 16 tahun pada 24 November 2026; diperlukan paling sedikit 17 tahun.",
        ),
        (
            replace(SITI, nik="", birth_date=dt.date(2027, 1, 1)),
            "birth_date",
            "Tanggal lahir 1 Januari 2027 sesudah tanggal pencairan; periksa tahunnya.",
        ),
        (
            replace(SITI, business_started_on=dt.date(2025, 7, 1)),
            "business_started_on",
            "Usaha baru berjalan 1 tahun 4 bulan pada 24 November 2026; diperlukan paling sedikit "
            "2 tahun.",
        ),
        (
            replace(SITI, business_started_on=dt.date(2026, 12, 1)),
            "business_started_on",
            "Tanggal mulai usaha 1 Desember 2026 sesudah tanggal pencairan; periksa tahunnya.",
        ),
        (
            replace(SITI, kelurahan_known=False),
            "kelurahan_code",
            "Kelurahan ini tidak ada dalam daftar 177 kelurahan Kota Semarang; pilih dari daftar.",
        ),
    ],
)
def test_what_is_wrong_with_the_borrower_is_said_with_what_is_needed(
    applicant: Applicant, field: str, sentence: str | None
) -> None:
    found = judge(applicant).blocks
    if sentence is None:
        assert found
        return
    assert [(problem.column, problem.message) for problem in found] == [(field, sentence)]


@pytest.mark.parametrize(
    ("request_", "field", "sentence"),
    [
        (
            replace(WISH, principal=50_000_001, collateral="BPKB"),
            "principal",
            "Jumlah Rp50.000.001 melebihi plafon tertinggi usaha mikro, Rp50.000.000; kurangi "
            "jumlahnya.",
        ),
        (
            replace(WISH, principal=0),
            "principal",
            "Jumlah Rp0 tidak dapat dicairkan; tulis jumlah di atas Rp0.",
        ),
        (
            replace(WISH, principal=5_000_001, collateral="  "),
            "collateral",
            "Jumlah Rp5.000.001 di atas batas tanpa agunan, Rp5.000.000; uraikan agunannya.",
        ),
        (
            replace(WISH, account_number="12/34"),
            "account_number",
            "Nomor rekening “12/34” tidak terbaca; diperlukan 5 sampai 40 angka atau huruf.",
        ),
        (
            replace(WISH, disbursed_on=dt.date(2026, 11, 25)),
            "disbursed_on",
            "Tanggal pencairan 25 November 2026 sesudah hari ini (24 November 2026); catat paling "
            "cepat pada hari uangnya cair.",
        ),
    ],
)
def test_what_is_wrong_with_the_disbursement_is_said_with_what_is_needed(
    request_: Request, field: str, sentence: str
) -> None:
    found = judge(request=request_).blocks
    assert [(problem.column, problem.message) for problem in found] == [(field, sentence)]


def test_a_day_before_the_programme_is_a_mistyped_year() -> None:
    found = judge(replace(SITI, nik=""), replace(WISH, disbursed_on=dt.date(2016, 11, 24)))
    assert blocks(found)["date_before_programme"] == (
        "Tanggal pencairan 24 November 2016 sebelum ketentuan pinjaman yang pertama "
        "(1 Januari 2017); periksa tahunnya."
    )


def test_an_active_and_healthy_cooperative_with_a_meeting_this_year_has_no_obstacle() -> None:
    assert judge(COOPERATIVE) == Verdict((), ())


@pytest.mark.parametrize(
    ("how", "field", "code", "said"),
    [
        (
            replace(GOOD, active=False),
            "active",
            "cooperative_inactive",
            "Koperasi tercatat tidak aktif; diperlukan koperasi yang masih aktif.",
        ),
        (
            replace(GOOD, active=None),
            "active",
            "cooperative_activity_unknown",
            "diperlukan isian “Koperasi masih aktif”, lewat Ubah data di halaman peminjam.",
        ),
        (
            replace(GOOD, health=Health.FAIRLY_HEALTHY),
            "health",
            "cooperative_not_healthy",
            "Kesehatan koperasi pada penilaian terakhir (31 Maret 2026): cukup sehat; diperlukan "
            "predikat sehat.",
        ),
        (
            replace(GOOD, health=Health.WATCHED),
            "health",
            "cooperative_not_healthy",
            "dalam pengawasan; diperlukan predikat sehat.",
        ),
        (
            replace(GOOD, health=Health.SPECIALLY_WATCHED),
            "health",
            "cooperative_not_healthy",
            "dalam pengawasan khusus; diperlukan predikat sehat.",
        ),
        (
            replace(GOOD, health=None, assessed_on=None),
            "health",
            "cooperative_health_unknown",
            "Belum tercatat hasil penilaian kesehatan koperasi",
        ),
    ],
)
def test_a_cooperative_that_is_not_known_to_be_active_and_healthy_is_stopped(
    how: Standing, field: str, code: str, said: str
) -> None:
    (problem,) = judge(replace(COOPERATIVE, standing=how)).blocks
    assert (problem.column, problem.code) == (field, code)
    assert said in problem.message


def test_a_cooperative_of_which_nothing_is_known_is_stopped_twice_and_warned_of_once() -> None:
    verdict = judge(replace(COOPERATIVE, standing=None))
    assert list(blocks(verdict)) == ["cooperative_activity_unknown", "cooperative_health_unknown"]
    assert [problem.code for problem in verdict.warnings] == ["annual_meeting_unknown"]


@pytest.mark.parametrize(
    ("day", "held", "old"),
    [
        # until the end of June the meeting on last year may still come
        (dt.date(2026, 6, 30), dt.date(2025, 1, 1), False),
        (dt.date(2026, 6, 30), dt.date(2024, 12, 31), True),
        (dt.date(2026, 7, 1), dt.date(2025, 12, 31), True),
        (dt.date(2026, 7, 1), dt.date(2026, 1, 2), False),
        (dt.date(2026, 7, 1), dt.date(2026, 7, 1), False),
    ],
)
def test_the_yearly_meeting_is_missed_half_a_year_after_its_book_year(
    day: dt.date, held: dt.date, old: bool
) -> None:
    applicant = replace(COOPERATIVE, standing=replace(GOOD, annual_meeting_on=held))
    verdict = check(applicant, replace(WISH, disbursed_on=day), LIMITS, Known(), day)
    assert [problem.code for problem in verdict.warnings] == ["annual_meeting_old"] * old
    assert verdict.blocks == ()


def test_a_micro_enterprise_is_not_asked_for_health() -> None:
    assert judge(replace(SITI, standing=None)) == Verdict((), ())


def test_a_cooperative_has_its_own_ceiling_and_its_chair_is_named() -> None:
    cooperative = replace(COOPERATIVE, nik="", birth_date=TODAY)
    wish = replace(WISH, principal=45_000_000, collateral="Tanah")
    said = blocks(judge(cooperative, wish))
    assert said["above_ceiling"].startswith(
        "Jumlah Rp45.000.000 melebihi plafon tertinggi koperasi, Rp40.000.000"
    )
    assert said["too_young"].startswith("Umur ketua 0 tahun")


def test_a_running_loan_and_a_waiting_disbursement_block_at_whatever_bank() -> None:
    said = blocks(judge(known=Known(running=(LOAN,), waiting=(OTHER,))))
    assert said == {
        "loan_running": "Peminjam masih mempunyai pinjaman KW-000012 di Bank Jateng dengan baki "
        "debet Rp2.000.000; diperlukan pelunasan lebih dahulu.",
        "disbursement_waiting": "Pencairan lain untuk peminjam ini, Rp3.000.000 di Bank Jateng, "
        "masih menunggu persetujuan; diperlukan keputusan atasnya lebih dahulu.",
    }


def test_a_loan_of_the_cooperative_that_the_person_chairs_is_only_a_warning() -> None:
    known = Known(running=(replace(LOAN, own=False),), waiting=(replace(OTHER, own=False),))
    verdict = judge(known=known)
    assert not verdict.blocks
    assert [problem.code for problem in verdict.warnings] == [
        "loan_of_same_person",
        "disbursement_of_same_person",
    ]


def test_a_taken_account_blocks_and_a_repeated_agreement_warns() -> None:
    verdict = judge(known=Known(account_held_by="pinjaman KW-1", agreement_held_by="pinjaman KW-1"))
    assert blocks(verdict)["account_taken"] == (
        "Rekening 0123456789 di Bank Pasar sudah dipakai pinjaman KW-1; diperlukan nomor rekening "
        "pinjaman yang baru."
    )
    assert [problem.message for problem in verdict.warnings] == [
        "Nomor perjanjian PK/1 di Bank Pasar sudah dipakai pinjaman KW-1; pastikan tidak tertukar."
    ]


def test_another_city_and_an_unknown_start_of_business_are_warnings() -> None:
    verdict = judge(replace(SITI, nik="3322014804850012", business_started_on=None))
    assert not verdict.blocks
    assert [problem.code for problem in verdict.warnings] == [
        "nik_not_semarang",
        "business_start_unknown",
    ]


def test_everything_wrong_is_said_at_once_and_no_sentence_repeats_the_nik() -> None:
    applicant = Applicant(
        BorrowerKind.MICRO, "3322014804850012", "L", dt.date(2012, 4, 8), TODAY, False
    )
    wish = Request("Bank Pasar", "1", "PK/1", dt.date(2026, 12, 1), 90_000_000, "")
    verdict = judge(applicant, wish, Known((LOAN,), (OTHER,), "pinjaman KW-1", "pinjaman KW-1"))
    assert len(verdict.blocks) == 11
    assert len(verdict.warnings) == 2
    for problem in (*verdict.blocks, *verdict.warnings):
        assert "3322014804850012" not in problem.message + problem.found
        assert problem.message.endswith(".")
    assert "3322014804850012" not in repr(applicant)


def test_what_is_not_typed_yet_is_passed_over() -> None:
    empty = Applicant(BorrowerKind.MICRO, "", "", None, dt.date(2018, 1, 1), None)
    assert judge(empty, Request("", "", "", None, None, "")) == Verdict((), ())


@many
@given(principal=st.integers(-10, 10**12), collateral=st.sampled_from(["", " ", "BPKB"]))
def test_the_amount_is_allowed_exactly_within_the_limits(principal: int, collateral: str) -> None:
    verdict = judge(request=replace(WISH, principal=principal, collateral=collateral))
    allowed = 1 <= principal <= 50_000_000 and (principal <= 5_000_000 or collateral.strip())
    assert bool(allowed) == (not verdict.blocks)


@many
@given(months=st.integers(0, 1200), spare=st.integers(0, 27))
@example(months=17 * 12, spare=0)
@example(months=17 * 12, spare=1)
@example(months=24, spare=0)
@example(months=24, spare=1)
def test_age_and_age_of_business_count_to_the_day_of_disbursement(months: int, spare: int) -> None:
    start = add_months(TODAY, -months) + dt.timedelta(days=spare)
    said = blocks(judge(replace(SITI, nik="", birth_date=start, business_started_on=start)))
    started = start <= TODAY
    assert ("too_young" in said) == (started and add_months(start, 17 * 12) > TODAY)
    assert ("business_too_young" in said) == (started and add_months(start, 24) > TODAY)


def test_an_account_is_read_without_the_marks_people_write() -> None:
    assert plain_account(" 056-783.63 706\t") == "05678363706"
