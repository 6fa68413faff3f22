"""The covering letter and the list of a batch, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wibawa.letters.documents import AttachedList, Facts, Heading, Letter, ListColumn
from wibawa.proposals.queries import Candidate
from wibawa.rules.dates import short_date
from wibawa.rules.money import number, rupiah, words
from wibawa.rules.nik import mask_nik

KINDS: Final = {"micro": "Usaha mikro", "cooperative": "Koperasi"}
# The last three are empty: the bank writes its answer there and sends the file back (files.md §2).
HEADINGS: Final = (
    "No.", "Nomor Permohonan", "Jenis", "Nama", "Ketua", "NIK", "Nomor Induk Koperasi",
    "Nama Usaha", "Bidang Usaha", "Alamat", "Kelurahan", "Kecamatan", "Telepon",
    "Jumlah Diminta", "Jumlah Disarankan", "Jangka Waktu (bulan)", "Tujuan", "Agunan",
    "Tanggal Kunjungan", "Layak", "Bankable", "KEPUTUSAN", "JUMLAH DISETUJUI", "ALASAN",
)  # fmt: skip
SentCell = str | int
COLUMNS: Final = (
    ListColumn("No.", 3, right=True),
    ListColumn("Permohonan", 9),
    ListColumn("Nama dan usaha", 20),
    ListColumn("Alamat", 21),
    ListColumn("Tujuan", 16),
    ListColumn("Agunan", 12),
    ListColumn("Bulan", 5, right=True),
    ListColumn("Diminta (Rp)", 10, right=True),
    ListColumn("Disarankan (Rp)", 11, right=True),
)


def sent_rows(chosen: Sequence[Candidate]) -> list[list[SentCell]]:
    """The rows of the workbook, a list for each application in the order of `HEADINGS`.

    Rupiah and months are whole numbers; a NIK shows its last four digits.
    """
    return [
        [
            position,
            each.number,
            KINDS[each.kind],
            each.name,
            each.chair_name,
            mask_nik(each.nik_tail.rjust(16, "0")),
            each.cooperative_number or "",
            each.business_name,
            each.sector,
            each.address,
            each.kelurahan,
            each.kecamatan,
            each.phone,
            each.amount,
            each.recommended_amount,
            each.months,
            each.purpose,
            each.collateral,
            short_date(each.visited_on),
            "Ya" if each.feasible else "Tidak",
            "Ya" if each.bankable else "Tidak",
            "",
            "",
            "",
        ]
        for position, each in enumerate(chosen, 1)
    ]


def covering_letter(heading: Heading, bank: str, chosen: Sequence[Candidate]) -> Letter:
    """The letter to the bank's director with the list of what is sent. Rupiah."""
    asked = sum(each.amount for each in chosen)
    recommended = sum(each.recommended_amount for each in chosen)
    return Letter(
        heading=heading,
        subject="Usulan penerima Kredit Wibawa",
        recipient=("Yth. Direktur", bank, "di Semarang"),
        enclosure="1 (satu) daftar",
        body=(
            "Dengan hormat,",
            "Bersama ini kami mengusulkan calon penerima Kredit Wibawa yang sudah kami verifikasi "
            "di lapangan dan kami rekomendasikan untuk diproses lebih lanjut sesuai ketentuan bank "
            "yang Saudara pimpin:",
            Facts(
                (
                    ("Jumlah pemohon", f"{number(len(chosen))} pemohon"),
                    ("Jumlah yang diminta", f"{rupiah(asked)} ({words(asked)})"),
                    ("Jumlah yang disarankan", f"{rupiah(recommended)} ({words(recommended)})"),
                )
            ),
            "Rincian tiap pemohon ada pada daftar terlampir. Berkas Excel dari daftar yang sama "
            "memuat kolom keputusan, jumlah disetujui, dan alasan untuk diisi bank, lalu "
            "dikembalikan kepada kami.",
            "Atas perhatian dan kerja sama Saudara, kami ucapkan terima kasih.",
        ),
        attached=_list(bank, chosen, asked, recommended),
    )


def _list(bank: str, chosen: Sequence[Candidate], asked: int, recommended: int) -> AttachedList:
    rows = tuple(
        (
            str(position),
            each.number,
            _who(each),
            f"{each.address}, Kel. {each.kelurahan}, Kec. {each.kecamatan}".lstrip(", "),
            each.purpose,
            each.collateral or "Tanpa agunan",
            str(each.months),
            number(each.amount),
            number(each.recommended_amount),
        )
        for position, each in enumerate(chosen, 1)
    )
    totals = ("", "", f"Jumlah {number(len(chosen))} pemohon", "", "", "", "", number(asked),
              number(recommended))  # fmt: skip
    return AttachedList(f"Daftar usulan penerima Kredit Wibawa, {bank}", COLUMNS, rows, totals)


def _who(each: Candidate) -> str:
    if each.kind == "cooperative":
        return f"{each.name}, ketua {each.chair_name}" if each.chair_name else each.name
    return f"{each.name}, {each.business_name}" if each.business_name else each.name
