"""The metadata sheet of an indicator (MS-Ind), as plain data for workbook and paper."""

from __future__ import annotations

from wibawa.indicators.definitions.queries import Definition
from wibawa.indicators.models import Indicator
from wibawa.letters.documents import Grid, Heading, Letter, ListColumn
from wibawa.rules.dates import long_date
from wibawa.rules.indicators import KINDS_WORDS, Kinds
from wibawa.web.clock import in_wib

HEADINGS = ("No.", "Rincian", "Isian")
TITLE = "Metadata Statistik Indikator (MS-Ind)"
SPLITS = (
    "Jenis kelamin; kecamatan dan kelurahan; jenis peminjam; bank penyalur; sektor usaha; besar "
    "pinjaman; peminjam baru dan berulang"
)


def sheet_rows(indicator: Indicator, version: Definition) -> list[tuple[str, str, str]]:
    """What the statistics office asks of an indicator (Peraturan BPS 5/2020), in its order."""
    numerator = version.numerator_words
    parts = numerator + (f"; {version.denominator}" if version.denominator else "")
    said = (
        ("Nama indikator", f"{indicator.name} ({indicator.code})"),
        ("Konsep", _concept(version)),
        ("Definisi", version.definition),
        ("Interpretasi", version.interpretation),
        ("Metode atau rumus penghitungan", version.formula),
        ("Ukuran", "Persentase" if indicator.unit == "percent" else "Jumlah"),
        ("Satuan", indicator.unit_label),
        ("Klasifikasi penyajian", SPLITS),
        ("Indikator komposit", "Tidak"),
        ("Variabel pembangun", parts),
        ("Kegiatan penghasil variabel", version.source),
        ("Batas waktu data", version.cut_off),
        ("Level estimasi", "Kota Semarang; kecamatan dan kelurahan"),
        ("Dapat diakses umum", "Ya, sebagai agregat; isi sel di bawah lima disamarkan"),
        ("Produsen data dan penanggung jawab", version.responsible),
        ("Versi", f"{version.version}, berlaku untuk tahun {version.since} dan sesudahnya"),
        ("Penetapan", _approved(version)),
    )
    return [(str(place), name, text) for place, (name, text) in enumerate(said, 1)]


def _approved(version: Definition) -> str:
    """When the office settled this version; nobody did with what came with the program."""
    if version.proposed_by is None:
        return "Definisi awal aplikasi, belum ditetapkan melalui persetujuan dinas"
    if version.decided_at is None or version.status != "approved":
        return f"Belum ditetapkan: {version.state[0].lower()}"
    day = long_date(in_wib(version.decided_at).date())
    return f"{day}, diusulkan {version.proposed_by} dan disetujui {version.decided_by}"


def _concept(version: Definition) -> str:
    if version.kinds is Kinds.ALL:
        return "Akses usaha mikro dan koperasi kepada pembiayaan"
    return f"Akses {KINDS_WORDS[version.kinds].lower()} kepada pembiayaan"


def sheet_letter(indicator: Indicator, version: Definition, heading: Heading) -> Letter:
    """The sheet as a paper of the office."""
    columns = (ListColumn("No.", 5), ListColumn("Rincian", 28), ListColumn("Isian", 67))
    return Letter(
        heading=heading,
        subject=indicator.name,
        recipient=(),
        body=(Grid(columns, tuple(sheet_rows(indicator, version))),),
        name=TITLE,
    )
