"""What a file of SI-UMI would do, row by row; expected values from the file rules and domain §5."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests import factories
from tests.siumi.files import JOKO, SITI, check, codes, csv_of, xlsx_of
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.borrowers.models import Borrower, BorrowerDistinct
from wibawa.rules.facts import BorrowerKind
from wibawa.siumi.checks import Checked
from wibawa.siumi.kind import REGISTER
from wibawa.uploads.limits import Unreadable
from wibawa.web.clock import now

MISTAKES = Path(__file__).parent.parent / "files" / "register_mistakes"


@pytest.fixture
def office(session: Session) -> dict[str, int]:
    return factories.people(session)


@pytest.fixture
def by(office: dict[str, int]) -> int:
    return office["staff"]


@pytest.fixture
def siti(session: Session, by: int) -> int:
    return factories.borrower(session, by)


def counts(checked: Checked) -> tuple[int, ...]:
    """new, changed, unchanged, repeated, faulty."""
    found = (checked.new, checked.changed, checked.unchanged, checked.repeated, checked.faulty)
    assert sum(found) == checked.rows
    return found


@pytest.mark.usefixtures("siti")
def test_new_changed_and_unchanged_rows_are_told_apart(session: Session, by: int) -> None:
    other = SITI | {"NIK": "3374014804850003", "NAMA": "Rahayu", "NO HP": ""}
    factories.borrower(session, by, number=3, name="Rahayu")
    checked = check(session, csv_of(SITI, JOKO, other | {"ALAMAT": "Jl. Baru 2"}))
    assert counts(checked) == (1, 1, 1, 0, 0)
    assert not checked.blocked
    new, changed = checked.lines
    assert (new.row, new.outcome, new.facts["kelurahan_code"]) == (3, "new", "33.74.01.1001")
    assert changed.changes == (("address", "Jl. Pekunden No. 1", "Jl. Baru 2"),)


@pytest.mark.usefixtures("siti")
def test_empty_cells_case_spaces_and_the_way_of_writing_change_nothing(session: Session) -> None:
    bare = dict.fromkeys(SITI, "") | {"NIK": SITI["NIK"]}
    loud = SITI | {"NAMA": "SITI  AMINAH", "BIDANG USAHA": "KULINER", "NO HP": "+62 812-3456-7890"}
    for row in (bare, loud):
        checked = check(session, csv_of(row))
        assert counts(checked) == (0, 0, 1, 0, 0), checked.problems


def test_a_new_row_takes_sex_and_birth_date_from_the_nik_when_the_file_has_none(
    session: Session,
) -> None:
    checked = check(session, csv_of(SITI | {"JENIS KELAMIN": "", "TANGGAL LAHIR": ""}))
    assert counts(checked) == (1, 0, 0, 0, 0)
    facts = checked.lines[0].facts
    assert (facts["sex"], facts["birth_date"]) == ("P", dt.date(1985, 4, 8))


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"NIK": "337401480485000"}, "NIK", "nik_unreadable"),
        ({"NIK": "3374017204850001"}, "NIK", "nik_birth_date_impossible"),
        ({"JENIS KELAMIN": "L"}, "JENIS KELAMIN", "nik_sex_differs"),
        ({"TANGGAL LAHIR": "09-04-1985"}, "TANGGAL LAHIR", "nik_birth_date_differs"),
        ({"TANGGAL MULAI USAHA": "01-01-2027"}, "TANGGAL MULAI USAHA", "business_start_in_future"),
        ({"KELURAHAN": "33.74.01.9999"}, "KELURAHAN", "kelurahan_unknown"),
        ({"KELURAHAN": "Menteng"}, "KELURAHAN", "kelurahan_unknown"),
        ({"KELURAHAN": "Purwosari"}, "KELURAHAN", "kelurahan_ambiguous"),
        ({"KELURAHAN": "Miroto", "KECAMATAN": "Tembalang"}, "KELURAHAN", "kelurahan_unknown"),
        ({"KELURAHAN": ""}, "KELURAHAN", "kelurahan_missing"),
        ({"NAMA": ""}, "NAMA", "name_missing"),
    ],
)
def test_a_row_is_judged_as_the_form_judges_it(
    session: Session, cells: dict[str, str], column: str, code: str
) -> None:
    checked = check(session, csv_of(SITI | cells))
    assert codes(checked) == [(2, column, code)]
    assert checked.blocked
    assert counts(checked) == (0, 0, 0, 0, 1)
    assert "337401480485" not in str(checked.problems)


@pytest.mark.parametrize("path", sorted(MISTAKES.glob("*.csv")), ids=lambda path: path.stem)
def test_each_file_of_a_mistake_says_the_code_in_its_name_and_nothing_else(
    session: Session, path: Path
) -> None:
    try:
        found = check(session, path.read_bytes()).problems
    except Unreadable as refusal:
        found = [refusal.problem]
    assert [problem.code for problem in found] == [path.stem]
    assert found[0].message.endswith(".")
    assert "3374014804" not in str(found)


def test_every_code_has_a_file_of_its_mistake_or_needs_books_to_be_found() -> None:
    files = {path.stem for path in MISTAKES.glob("*.csv")}
    beside_books = {"record_merged", "rename_unconfirmed", "sector_new"}
    assert set(REGISTER.codes) == files - {"column_missing", "column_ambiguous"} | beside_books


def test_a_kelurahan_of_two_kecamatan_is_told_by_its_kecamatan(session: Session) -> None:
    place = {"KELURAHAN": "Kel. PURWOSARI", "KECAMATAN": "semarang utara"}
    assert not check(session, csv_of(SITI | place)).problems


def test_an_unreadable_fact_is_told_once_and_not_called_missing(session: Session) -> None:
    checked = check(session, csv_of(SITI | {"KELURAHAN": "x" * 61}))
    assert codes(checked) == [(2, "KELURAHAN", "text_too_long")]


def test_another_city_is_a_notice(session: Session) -> None:
    checked = check(session, csv_of(SITI | {"NIK": "3322014804850001"}))
    assert codes(checked) == []
    assert codes(checked, blocking=False) == [(2, "NIK", "nik_not_semarang")]


@pytest.mark.usefixtures("siti")
def test_a_changed_row_is_judged_by_what_it_changes(session: Session) -> None:
    checked = check(session, csv_of(SITI | {"TANGGAL LAHIR": "09-04-1985"}))
    assert codes(checked) == [(2, "TANGGAL LAHIR", "nik_birth_date_differs")]
    session.execute(update(Borrower).values(sex="L"))  # an old disagreement
    phone = {"JENIS KELAMIN": "", "NO HP": "081300000000"}
    assert codes(check(session, csv_of(SITI | phone))) == []


def test_the_same_row_twice_is_a_notice_and_other_facts_a_problem_on_the_later_row(
    session: Session,
) -> None:
    checked = check(session, csv_of(SITI, SITI, SITI | {"ALAMAT": "Jl. Lain"}))
    assert codes(checked, blocking=False) == [(3, "NIK", "nik_repeated")]
    assert codes(checked) == [(4, "NIK", "nik_repeated_differs")]
    assert counts(checked) == (1, 0, 0, 1, 1)
    assert "baris 2" in checked.problems[-1].message


def test_bad_rows_can_be_left_out_and_the_good_ones_stay(session: Session) -> None:
    checked = check(session, csv_of(SITI, JOKO | {"NO HP": "x"}), skip=True)
    assert not checked.blocked
    assert (checked.skipped, [line.row for line in checked.applied]) == (1, [2])


def test_a_borrower_with_a_running_loan_gets_another_name_only_when_that_is_confirmed(
    session: Session, by: int, office: dict[str, int]
) -> None:
    factories.loan(session, by, office["approver"], number=1)
    factories.borrower(session, by, number=2, name="Tanpa Pinjaman")
    renamed = SITI | {"NAMA": "Siti Rahayu"}
    without = SITI | {"NIK": "3374014804850002", "NAMA": "Boleh Ganti"}
    checked = check(session, csv_of(renamed, without))
    assert codes(checked) == [(2, "NAMA", "rename_unconfirmed")]
    assert "KW-" in checked.problems[0].message
    assert (checked.renames, [line.outcome for line in checked.lines]) == (1, ["held", "changed"])
    confirmed = check(session, csv_of(renamed, without), renames={2})
    assert codes(confirmed) == []
    assert counts(confirmed) == (0, 2, 0, 0, 0)


class TestSomebodyWhoMayBeKnownAlready:
    """… under another NIK is a notice with the borrower's number, never a block."""

    OTHER = SITI | {"NIK": "3374014804850777", "NO HP": "", "ALAMAT": "Jl. Lain"}

    def test_by_the_phone(self, session: Session, siti: int) -> None:
        checked = check(session, csv_of(self.OTHER | {"NAMA": "Wati", "NO HP": "+6281234567890"}))
        assert codes(checked) == []
        assert codes(checked, blocking=False) == [(2, "NO HP", "person_alike")]
        assert f"peminjam nomor {siti}" in checked.problems[0].message
        assert checked.lines[0].like_id == siti

    def test_by_birth_date_and_a_name_that_sounds_the_same(
        self, session: Session, siti: int
    ) -> None:
        checked = check(session, csv_of(self.OTHER | {"NAMA": "Aminah, Hj. SITIE"}))
        assert codes(checked, blocking=False) == [(2, "NAMA", "person_alike")]
        assert checked.lines[0].like_id == siti

    @pytest.mark.usefixtures("siti")
    def test_but_not_by_the_name_or_the_day_alone(self, session: Session) -> None:
        namesake = JOKO | {"NAMA": "Siti Aminah", "BIDANG USAHA": "Kuliner"}
        assert check(session, csv_of(self.OTHER | {"NAMA": "Wati"}, namesake)).problems == []

    def test_in_the_same_file(self, session: Session) -> None:
        checked = check(session, csv_of(SITI, JOKO | {"NO HP": SITI["NO HP"]}))
        assert codes(checked, blocking=False) == [(3, "NO HP", "person_alike")]
        assert checked.lines[1].like_row == 2

    def test_but_not_by_what_did_not_change_and_not_a_pair_known_to_differ(
        self, session: Session, by: int, siti: int
    ) -> None:
        other = factories.borrower(session, by, number=9, name="Wati")
        row = SITI | {"NIK": "3374014804850009", "NAMA": "Siti Aminah", "ALAMAT": "Jl. Baru"}
        unnamed = row | {"NAMA": "Wati"}  # what is the same did not change
        assert codes(check(session, csv_of(unnamed)), blocking=False) == []
        assert len(codes(check(session, csv_of(row)), blocking=False)) == 1
        session.add(BorrowerDistinct(first_id=siti, second_id=other, at=now(), user_id=by))
        session.flush()
        assert codes(check(session, csv_of(row)), blocking=False) == []


def test_the_nik_of_a_merged_record_leads_to_the_one_that_was_kept(
    session: Session, by: int, siti: int
) -> None:
    gone = factories.borrower(session, by, number=5)
    session.execute(update(Borrower).where(Borrower.id == gone).values(merged_into_id=siti))
    row = SITI | {"NIK": "3374014804850005", "ALAMAT": "Jl. Baru"}
    checked = check(session, csv_of(row))
    assert codes(checked, blocking=False) == [(2, "NIK", "record_merged")]
    assert [(line.stored.id, line.changes) for line in checked.lines if line.stored] == [
        (siti, (("address", "Jl. Pekunden No. 1", "Jl. Baru"),))
    ]
    both = check(session, csv_of(SITI, row))
    assert codes(both) == [(3, "NIK", "nik_repeated_differs")]


@pytest.mark.usefixtures("siti")
def test_a_sector_that_nobody_wrote_before_is_a_notice_told_once(session: Session) -> None:
    rows = (JOKO | {"BIDANG USAHA": "Kulnier"}, SITI | {"BIDANG USAHA": "kulnier", "NIB": ""})
    checked = check(session, csv_of(*rows))
    assert codes(checked, blocking=False) == [(2, "BIDANG USAHA", "sector_new")]
    assert "2 baris" in checked.problems[0].message
    assert checked.lines[1].facts["sector"] == "Kulnier"


def test_the_chair_of_a_cooperative_may_have_an_enterprise_and_is_not_told_apart(
    session: Session, by: int
) -> None:
    coop = NewBorrower(
        kind=BorrowerKind.COOPERATIVE,
        name="Koperasi Maju",
        nik=SITI["NIK"],
        sex="P",
        birth_date=dt.date(1985, 4, 8),
        kelurahan_code="33.74.01.1001",
        phone=SITI["NO HP"],
        cooperative_number="3374000000001",
        chair_name="Siti Aminah",
    )
    add_borrowers(session, [coop], by, now())
    checked = check(session, csv_of(SITI))
    assert (counts(checked), checked.problems) == ((1, 0, 0, 0, 0), [])
    other = check(session, csv_of(SITI | {"NIK": "3374014804850777"}))
    assert codes(other, blocking=False) == [(2, "NO HP", "person_alike")]
    assert "Siti Aminah" in other.problems[0].message


def test_a_numeric_nik_is_a_problem_and_never_a_new_borrower(session: Session) -> None:
    content = xlsx_of(("NIK", "NAMA", "KELURAHAN"), (3374014804850001, "Siti", "Miroto"))
    checked = check(session, content)
    assert codes(checked) == [(2, "NIK", "nik_unreadable")]
    assert checked.lines == []
