"""How papers look: what is bold, how large it is set, and what stays on one page."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import pytest
from pypdf import PageObject

from tests.printing.test_letters_pdf import HEADING, read, sent
from tests.printing.test_schedule_pdf import EIGHTY, document
from wibawa.arrears.reminders.letter import OpenRow, Reminded, reminder_letter
from wibawa.letters.documents import Facts, Grid, Letter, ListColumn, Signatory
from wibawa.printing.letters import letter_pdf
from wibawa.printing.pdf import schedule_pdf

SIGNER = HEADING.signatory.name
HEAD = HEADING.signatory.role
COPIES = ("Direktur Bank Pasar", "Camat Semarang Tengah")


class Printed(NamedTuple):
    """A piece of text as it stands on the page; size and height above the edge in points."""

    text: str
    font: str
    size: float
    height: float


def printed(page: PageObject) -> list[Printed]:
    found: list[Printed] = []

    def visit(text: str, page: list[float], line: list[float], font: Any, size: float) -> None:
        if text.strip():
            name = str(font["/BaseFont"]) if font else ""
            height = page[5] + page[3] * line[5]
            found.append(Printed(text.strip(), name, round(size * line[3], 2), height))

    page.extract_text(visitor_text=visit)
    return found


def one(page: PageObject, text: str) -> Printed:
    """The first piece of the page that begins so."""
    return next(each for each in printed(page) if each.text.startswith(text))


def reminder(grade: int, rows: int) -> Letter:
    missing = tuple(
        OpenRow(number, dt.date(2026, number, 28), 208_333, 12_500, 0)
        for number in range(1, rows + 1)
    )
    told = Reminded(
        grade=grade, loan_number="KW-000123", cooperative=False, name="Siti Rahayu",
        business_name="Warung Bu Siti", address="Jl. Pekunden No. 100", kelurahan="Pekunden",
        kecamatan="Semarang Tengah", bank="Bank Jateng", account_number="0201234567890",
        agreement_number="PK/J/2026/0123", principal=5_000_000, rows=missing, days_past_due=250,
        until=dt.date(2026, 12, 1), before=("001/PERINGATAN/KW/X/2026", dt.date(2026, 10, 1)),
    )  # fmt: skip
    return reminder_letter(told, HEADING)


def lines(count: int) -> Letter:
    """A letter of so many short paragraphs, with copies."""
    body = tuple(f"Alinea {number}." for number in range(1, count + 1))
    return sent(body=body, copies=COPIES)


@pytest.mark.parametrize(
    ("recipient", "bold"),
    [
        (("Yth. Direktur", "Bank Pasar", "di Semarang"), "Bank Pasar"),
        (("Kepada", "Yth. Joko Susilo", "Jl. Pekunden No. 1", "di Semarang"), "Yth. Joko Susilo"),
        (("Yth. Direktur Bank Pasar", "di Semarang"), ""),
    ],
)
def test_of_the_recipient_the_name_is_bold_and_never_the_town(
    recipient: tuple[str, ...], bold: str
) -> None:
    page = read(letter_pdf(sent(recipient=recipient))).pages[0]
    heavy = [line for line in recipient if one(page, line).font == "/Helvetica-Bold"]
    assert heavy == ([bold] if bold else [])


@pytest.mark.parametrize("grade", [2, 3])
def test_a_reminder_of_up_to_six_installments_keeps_to_one_page(grade: int) -> None:
    for rows in (1, 3, 6):
        assert len(read(letter_pdf(reminder(grade, rows))).pages) == 1, rows


def test_a_letter_that_has_room_is_signed_with_room_and_its_copies_stand_below() -> None:
    page = read(letter_pdf(lines(3))).pages[0]
    assert one(page, f"{HEAD},").height - one(page, SIGNER).height > 70
    assert one(page, "Tembusan:").height < one(page, "NIP").height


def test_signature_and_copies_never_stand_alone_however_long_the_letter_is() -> None:
    for count in range(10, 40):
        pages = [page.extract_text() for page in read(letter_pdf(lines(count))).pages]
        last = pages[-1]
        for part in (f"Alinea {count}.", f"{HEAD},", SIGNER, "Tembusan:", f"2. {COPIES[1]}"):
            assert part in last, (count, part)


def test_minutes_signed_by_three_come_closer_before_they_take_a_second_page() -> None:
    three = tuple(Signatory("Yang menyetujui", f"Orang {n}") for n in "ABC")
    rooms = []
    for count in range(20, 36):
        facts = Facts(tuple((f"Hal {number}", "–") for number in range(count)))
        letter = sent(name="Berita Acara", body=(facts, "Demikian."), signatories=three)
        pages = read(letter_pdf(letter)).pages
        last = pages[-1]
        assert "Demikian." in last.extract_text()
        room = one(last, "Yang menyetujui").height - one(last, "Orang A").height
        rooms.append((len(pages), round(room)))
    assert sorted(set(rooms), key=rooms.index) == [(1, 64), (1, 55), (2, 64)]


def test_a_table_of_few_columns_is_set_larger_than_one_of_many() -> None:
    for columns, size in ((2, 8.6), (6, 8.6), (9, 7.6)):
        heads = tuple(ListColumn(f"K{n}", 1, right=True) for n in range(columns))
        row = tuple(f"{n + 1}.583.334" for n in range(columns))
        page = read(letter_pdf(sent(body=(Grid(heads, (row,), row),)))).pages[0]
        assert {one(page, text).size for text in row} == {size}


def test_every_amount_of_a_reminder_is_found_by_who_searches_the_file() -> None:
    text = " ".join(read(letter_pdf(reminder(3, 6))).pages[0].extract_text().split())
    assert "Rp1.324.998 (satu juta tiga ratus dua puluh empat ribu sembilan ratus" in text
    assert text.count("208.333 12.500 0 220.833") == 6
    assert "Jumlah 1.249.998 75.000 0 1.324.998" in text
    assert "30 September 2026" not in text
    assert "28 Februari 2026" in text


def test_a_long_name_takes_the_lines_that_a_short_address_leaves() -> None:
    made = document(borrower_name=EIGHTY, address="Jl. Pekunden No. 1", business_name="Roti Siti")
    page = read(schedule_pdf(made)).pages[0]
    name = [each for each in printed(page) if each.text.startswith(EIGHTY[:12])]
    assert [each.size >= 7.7 for each in name] == [True, True], "above, and at the signature"
    assert " ".join(EIGHTY.split()) in " ".join(page.extract_text().split())
