"""Every obstacle and every warning of a disbursement as a whole: the field that it belongs to, its
code, what was found, the sentence, and whether it blocks. The sentences are what officers read."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from tests.rules.test_eligibility import COOPERATIVE, GOOD, LOAN, OTHER, SITI, TODAY, WISH, judge
from wibawa.rules.disbursing import Approval, OpenApplication, approval_problems, direct_problems
from wibawa.rules.eligibility import Applicant, Known, Request
from wibawa.rules.facts import BorrowerKind, Health, Standing
from wibawa.rules.refused import Problem
from wibawa.rules.standing import standing_problems
from wibawa.rules.statuses import State

DAY = dt.date(2026, 11, 20)


def blocks(column: str, code: str, found: str, message: str) -> Problem:
    return Problem(0, column, code, found, message, blocking=True)


def warns(column: str, code: str, found: str, message: str) -> Problem:
    return Problem(0, column, code, found, message, blocking=False)


@pytest.mark.parametrize(
    ("applicant", "problem"),
    [
        (
            replace(SITI, nik="123"),
            blocks("nik", "nik_unreadable", "***",
                   "NIK berisi 3 angka; diperlukan tepat 16 angka."),
        ),
        (
            replace(SITI, nik="3375014804850012"),
            warns("nik", "nik_not_semarang", "************0012",
                  "NIK peminjam tidak berawalan 3374 (Kota Semarang); pastikan KTP-nya masih "
                  "beralamat di Kota Semarang."),
        ),
        (
            replace(COOPERATIVE, nik="3375014804850012"),
            warns("nik", "nik_not_semarang", "************0012",
                  "NIK ketua tidak berawalan 3374 (Kota Semarang); pastikan KTP-nya masih "
                  "beralamat di Kota Semarang."),
        ),
        (
            replace(SITI, sex="L"),
            blocks("sex", "nik_sex_differs", "L",
                   "Jenis kelamin tertulis laki-laki, sedangkan menurut NIK perempuan; samakan "
                   "keduanya dengan KTP."),
        ),
        (
            replace(SITI, birth_date=dt.date(1985, 5, 8)),
            blocks("birth_date", "nik_birth_date_differs", "8 Mei 1985",
                   "Tanggal lahir 8 Mei 1985 tidak cocok dengan NIK; samakan keduanya dengan KTP."),
        ),
        (
            replace(SITI, birth_date=dt.date(1986, 4, 8)),
            blocks("birth_date", "nik_birth_date_differs", "8 April 1986",
                   "Tanggal lahir 8 April 1986 tidak cocok dengan NIK; samakan keduanya dengan "
                   "KTP."),
        ),
        (
            replace(SITI, nik="", birth_date=dt.date(2009, 11, 25)),
            blocks("birth_date", "too_young", "16",
                   "Umur peminjam 16 tahun pada 24 November 2026; diperlukan paling sedikit 17 "
                   "tahun."),
        ),
        (
            replace(COOPERATIVE, nik="", birth_date=dt.date(2009, 11, 25)),
            blocks("birth_date", "too_young", "16",
                   "Umur ketua 16 tahun pada 24 November 2026; diperlukan paling sedikit 17 "
                   "tahun."),
        ),
        (
            replace(SITI, nik="", birth_date=dt.date(2027, 1, 1)),
            blocks("birth_date", "birth_date_in_future", "1 Januari 2027",
                   "Tanggal lahir 1 Januari 2027 sesudah tanggal pencairan; periksa tahunnya."),
        ),
        (
            replace(SITI, business_started_on=None),
            warns("business_started_on", "business_start_unknown", "",
                  "Tanggal mulai usaha belum tercatat; pastikan sudah berjalan paling sedikit 2 "
                  "tahun."),
        ),
        (
            replace(COOPERATIVE, business_started_on=None),
            warns("business_started_on", "business_start_unknown", "",
                  "Tanggal mulai koperasi belum tercatat; pastikan sudah berjalan paling sedikit "
                  "2 tahun."),
        ),
        (
            replace(SITI, business_started_on=dt.date(2026, 11, 25)),
            blocks("business_started_on", "business_start_in_future", "25 November 2026",
                   "Tanggal mulai usaha 25 November 2026 sesudah tanggal pencairan; periksa "
                   "tahunnya."),
        ),
        (
            replace(SITI, business_started_on=TODAY),
            blocks("business_started_on", "business_too_young", "24 November 2026",
                   "Usaha baru berjalan 0 bulan pada 24 November 2026; diperlukan paling sedikit "
                   "2 tahun."),
        ),
        (
            replace(SITI, business_started_on=dt.date(2025, 11, 24)),
            blocks("business_started_on", "business_too_young", "24 November 2025",
                   "Usaha baru berjalan 1 tahun pada 24 November 2026; diperlukan paling sedikit "
                   "2 tahun."),
        ),
        (
            replace(COOPERATIVE, business_started_on=dt.date(2024, 11, 25)),
            blocks("business_started_on", "business_too_young", "25 November 2024",
                   "Koperasi baru berjalan 1 tahun 11 bulan pada 24 November 2026; diperlukan "
                   "paling sedikit 2 tahun."),
        ),
        (
            replace(SITI, kelurahan_known=False),
            blocks("kelurahan_code", "kelurahan_unknown", "",
                   "Kelurahan ini tidak ada dalam daftar 177 kelurahan Kota Semarang; pilih dari "
                   "daftar."),
        ),
    ],
)  # fmt: skip
def test_an_obstacle_at_the_borrower_is_told_whole(applicant: Applicant, problem: Problem) -> None:
    verdict = judge(applicant)
    assert [*verdict.blocks, *verdict.warnings] == [problem]


@pytest.mark.parametrize(
    ("kind", "wish", "problem"),
    [
        (
            BorrowerKind.MICRO, replace(WISH, account_number="12"),
            blocks("account_number", "account_unreadable", "12",
                   "Nomor rekening “12” tidak terbaca; diperlukan 5 sampai 40 angka atau huruf."),
        ),
        (
            BorrowerKind.MICRO, replace(WISH, disbursed_on=dt.date(2026, 11, 25)),
            blocks("disbursed_on", "date_in_future", "25 November 2026",
                   "Tanggal pencairan 25 November 2026 sesudah hari ini (24 November 2026); catat "
                   "paling cepat pada hari uangnya cair."),
        ),
        (
            BorrowerKind.MICRO, replace(WISH, principal=0),
            blocks("principal", "principal_not_positive", "Rp0",
                   "Jumlah Rp0 tidak dapat dicairkan; tulis jumlah di atas Rp0."),
        ),
        (
            BorrowerKind.MICRO, replace(WISH, principal=50_000_001, collateral="BPKB"),
            blocks("principal", "above_ceiling", "Rp50.000.001",
                   "Jumlah Rp50.000.001 melebihi plafon tertinggi usaha mikro, Rp50.000.000; "
                   "kurangi jumlahnya."),
        ),
        (
            BorrowerKind.COOPERATIVE, replace(WISH, principal=40_000_001, collateral="BPKB"),
            blocks("principal", "above_ceiling", "Rp40.000.001",
                   "Jumlah Rp40.000.001 melebihi plafon tertinggi koperasi, Rp40.000.000; kurangi "
                   "jumlahnya."),
        ),
        (
            BorrowerKind.MICRO, replace(WISH, principal=5_000_001, collateral="  "),
            blocks("collateral", "collateral_missing", "",
                   "Jumlah Rp5.000.001 di atas batas tanpa agunan, Rp5.000.000; uraikan "
                   "agunannya."),
        ),
    ],
)  # fmt: skip
def test_an_obstacle_at_the_wish_is_told_whole(
    kind: BorrowerKind, wish: Request, problem: Problem
) -> None:
    verdict = judge(COOPERATIVE if kind is BorrowerKind.COOPERATIVE else SITI, wish)
    assert [*verdict.blocks, *verdict.warnings] == [problem]


def test_a_day_before_the_programme_is_told_whole() -> None:
    young = replace(SITI, business_started_on=dt.date(2010, 1, 1))
    assert judge(young, replace(WISH, disbursed_on=dt.date(2016, 12, 31))).blocks == (
        blocks("disbursed_on", "date_before_programme", "31 Desember 2016",
               "Tanggal pencairan 31 Desember 2016 sebelum ketentuan pinjaman yang pertama (1 "
               "Januari 2017); periksa tahunnya."),
    )  # fmt: skip
    first_day = judge(young, replace(WISH, disbursed_on=dt.date(2017, 1, 1)))
    assert (first_day.blocks, first_day.warnings) == ((), ())


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        (
            Known(running=(LOAN,)),
            blocks("borrower", "loan_running", "KW-000012",
                   "Peminjam masih mempunyai pinjaman KW-000012 di Bank Jateng dengan baki debet "
                   "Rp2.000.000; diperlukan pelunasan lebih dahulu."),
        ),
        (
            Known(running=(replace(LOAN, own=False),)),
            warns("borrower", "loan_of_same_person", "KW-000012",
                  "NIK yang sama tercatat pada Siti Aminah, yang masih mempunyai pinjaman "
                  "KW-000012 di Bank Jateng dengan baki debet Rp2.000.000; periksa sebelum "
                  "memutuskan."),
        ),
        (
            Known(waiting=(OTHER,)),
            blocks("borrower", "disbursement_waiting", "Bank Jateng",
                   "Pencairan lain untuk peminjam ini, Rp3.000.000 di Bank Jateng, masih menunggu "
                   "persetujuan; diperlukan keputusan atasnya lebih dahulu."),
        ),
        (
            Known(waiting=(replace(OTHER, own=False),)),
            warns("borrower", "disbursement_of_same_person", "Bank Jateng",
                  "NIK yang sama tercatat pada Siti Aminah, yang pencairannya, Rp3.000.000 di "
                  "Bank Jateng, masih menunggu persetujuan; periksa sebelum memutuskan."),
        ),
        (
            Known(account_held_by="pinjaman KW-000012"),
            blocks("account_number", "account_taken", "0123456789",
                   "Rekening 0123456789 di Bank Pasar sudah dipakai pinjaman KW-000012; "
                   "diperlukan nomor rekening pinjaman yang baru."),
        ),
        (
            Known(agreement_held_by="pinjaman KW-000012"),
            warns("agreement_number", "agreement_repeated", "PK/1",
                  "Nomor perjanjian PK/1 di Bank Pasar sudah dipakai pinjaman KW-000012; pastikan "
                  "tidak tertukar."),
        ),
    ],
)  # fmt: skip
def test_what_others_hold_is_told_whole(known: Known, problem: Problem) -> None:
    verdict = judge(known=known)
    assert [*verdict.blocks, *verdict.warnings] == [problem]


@pytest.mark.parametrize(
    ("standing", "problem"),
    [
        (
            replace(GOOD, active=None),
            blocks("active", "cooperative_activity_unknown", "",
                   "Belum tercatat apakah koperasi masih aktif; diperlukan isian “Koperasi masih "
                   "aktif”, lewat Ubah data di halaman peminjam."),
        ),
        (
            replace(GOOD, active=False),
            blocks("active", "cooperative_inactive", "Tidak aktif",
                   "Koperasi tercatat tidak aktif; diperlukan koperasi yang masih aktif."),
        ),
        (
            replace(GOOD, health=None, assessed_on=None),
            blocks("health", "cooperative_health_unknown", "",
                   "Belum tercatat hasil penilaian kesehatan koperasi; diperlukan isian "
                   "“Kesehatan koperasi” dan tanggal penilaiannya, lewat Ubah data di halaman "
                   "peminjam."),
        ),
        (
            replace(GOOD, health=Health.FAIRLY_HEALTHY),
            blocks("health", "cooperative_not_healthy", "Cukup sehat",
                   "Kesehatan koperasi pada penilaian terakhir (31 Maret 2026): cukup sehat; "
                   "diperlukan predikat sehat."),
        ),
        (
            replace(GOOD, health=Health.WATCHED, assessed_on=None),
            blocks("health", "cooperative_not_healthy", "Dalam pengawasan",
                   "Kesehatan koperasi pada penilaian terakhir: dalam pengawasan; diperlukan "
                   "predikat sehat."),
        ),
        (
            replace(GOOD, annual_meeting_on=None),
            warns("annual_meeting_on", "annual_meeting_unknown", "",
                  "Tanggal rapat anggota tahunan (RAT) terakhir belum tercatat; pastikan RAT "
                  "tahun buku 2025 sudah diadakan."),
        ),
        (
            replace(GOOD, annual_meeting_on=dt.date(2025, 12, 31)),
            warns("annual_meeting_on", "annual_meeting_old", "31 Desember 2025",
                  "Rapat anggota tahunan (RAT) terakhir 31 Desember 2025; RAT tahun buku 2025 "
                  "mestinya sudah diadakan."),
        ),
    ],
)  # fmt: skip
def test_how_a_cooperative_stands_is_told_whole(standing: Standing, problem: Problem) -> None:
    assert standing_problems(standing, TODAY) == [problem]


@pytest.mark.parametrize(
    ("day", "held_on", "told"),
    [
        ("2026-06-30", "2025-01-01", []),  # the book year 2025 may be answered for until today
        ("2026-06-30", "2024-12-31", ["annual_meeting_old"]),
        ("2026-07-01", "2026-01-01", []),
        ("2026-07-01", "2025-12-31", ["annual_meeting_old"]),
    ],
)
def test_a_meeting_is_due_six_months_after_the_book_year(
    day: str, held_on: str, told: list[str]
) -> None:
    standing = replace(GOOD, annual_meeting_on=dt.date.fromisoformat(held_on))
    found = standing_problems(standing, dt.date.fromisoformat(day))
    assert [each.code for each in found] == told


def test_what_an_approval_does_not_allow_is_told_whole() -> None:
    approval = Approval("PM-000007", State.APPROVED, 4_000_000, DAY)
    assert approval_problems(approval, dt.date(2026, 11, 19), 4_000_001) == [
        blocks("disbursed_on", "date_before_sending", "19 November 2026",
               "Tanggal pencairan 19 November 2026 sebelum permohonan PM-000007 dikirim ke bank, "
               "20 November 2026; periksa tanggalnya."),
        blocks("principal", "above_approved", "Rp4.000.001",
               "Jumlah Rp4.000.001 melebihi yang disetujui bank, Rp4.000.000; tulis paling banyak "
               "jumlah itu."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (
            State.DISBURSED,
            blocks("borrower", "already_disbursed", "dicairkan",
                   "Permohonan PM-000007 sudah dicairkan; satu permohonan hanya dicairkan satu "
                   "kali."),
        ),
        (
            State.SENT,
            blocks("borrower", "application_not_approved", "dikirim ke bank",
                   "Permohonan PM-000007 berstatus dikirim ke bank; hanya yang disetujui bank "
                   "dapat dicairkan."),
        ),
    ],
)  # fmt: skip
def test_an_application_that_is_not_there_to_be_paid_out_is_told_whole(
    state: State, problem: Problem
) -> None:
    assert approval_problems(Approval("PM-000007", state, 1, DAY), DAY, 1) == [problem]


def test_why_nothing_is_paid_out_without_an_application_is_told_whole() -> None:
    waiting = OpenApplication("PM-000007", "Bank Jateng", State.SENT)
    assert direct_problems("Bank Pasar", False, waiting) == [
        blocks("bank_id", "direct_not_allowed", "Bank Pasar",
               "Pencairan tanpa permohonan di Bank Pasar tidak diperbolehkan; catat "
               "permohonannya lebih dahulu."),
        blocks("borrower", "application_open", "PM-000007",
               "Peminjam ini mempunyai permohonan PM-000007 di Bank Jateng, berstatus dikirim ke "
               "bank; pencairannya hanya lewat permohonan itu."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "principal"),
    [
        (BorrowerKind.MICRO, 1),
        (BorrowerKind.MICRO, 5_000_000),
        (BorrowerKind.MICRO, 50_000_000),
        (BorrowerKind.COOPERATIVE, 40_000_000),
    ],
)
def test_the_limits_themselves_are_within(kind: BorrowerKind, principal: int) -> None:
    collateral = "BPKB" if principal > 5_000_000 else ""
    wish = replace(WISH, principal=principal, collateral=collateral)
    verdict = judge(COOPERATIVE if kind is BorrowerKind.COOPERATIVE else SITI, wish)
    assert (verdict.blocks, verdict.warnings) == ((), ())
