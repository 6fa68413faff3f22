"""What the office tells an applicant, as a letter in plain data. No NIK stands in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wibawa.letters.documents import Block, Facts, Heading, Letter, PaperKind, Points
from wibawa.rules.dates import long_date
from wibawa.rules.money import percent, rupiah, words

# "Alasan lain" is explained to the office only: what a bank writes there is not the applicant's.
UNTOLD_REASON: Final = "other"
THANKS: Final = (
    "Demikian pemberitahuan ini kami sampaikan. Atas perhatian {you}, kami ucapkan terima kasih."
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a letter to an applicant says. Rupiah, months, `rate` in basis points a year.

    `reason`: the office's own words, or those of the list of reasons for a bank's refusal (""
    where the list says nothing to the applicant). `until`: the day by which what is `missing` is to
    be brought; `submitted_on`: the day of the application.
    """

    number: str
    cooperative: bool
    name: str
    sex: str
    business_name: str
    address: str
    kelurahan: str
    kecamatan: str
    bank: str
    asked: int
    approved: int | None
    months: int
    rate: int
    collateral: str
    submitted_on: dt.date
    reason: str = ""
    missing: tuple[str, ...] = ()
    until: dt.date | None = None

    @property
    def you(self) -> str:
        """How the applicant is addressed."""
        return "Saudari" if self.sex == "P" and not self.cooperative else "Saudara"

    @property
    def recipient(self) -> tuple[str, ...]:
        first = "Yth. Ketua" if self.cooperative else f"Yth. {self.you}"
        place = f"Kel. {self.kelurahan}, Kec. {self.kecamatan}"
        business = "" if self.cooperative else self.business_name
        lines = (first, self.name, business, self.address, place, "di Semarang")
        return tuple(line for line in lines if line)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What every letter repeats of the application."""
        return (
            ("Nomor permohonan", self.number),
            ("Tanggal permohonan", long_date(self.submitted_on)),
            ("Jumlah yang diminta", in_words(self.asked)),
            ("Bank penyalur", self.bank),
        )


def in_words(amount: int) -> str:
    """An amount in figures and in words.

    >>> in_words(5_000_000)
    'Rp5.000.000 (lima juta rupiah)'
    """
    return f"{rupiah(amount)} ({words(amount)})"


def months_in_words(months: int) -> str:
    """A number of months in figures and in words.

    >>> months_in_words(24)
    '24 (dua puluh empat) bulan'
    """
    return f"{months} ({words(months).removesuffix(' rupiah')}) bulan"


def _approval(told: Told, _: Heading) -> tuple[Block, ...]:
    assert told.approved is not None
    papers = "akta pendirian dan KTP asli pengurus" if told.cooperative else "KTP asli dan kartu "
    papers += "" if told.cooperative else "keluarga"
    collateral = " serta dokumen asli agunan" if told.collateral else ""
    less = ""
    if told.approved < told.asked:
        less = "Jumlah yang disetujui lebih rendah dari yang diminta menurut penilaian bank. "
    return (
        f"Bersama ini kami beritahukan bahwa permohonan Kredit Wibawa {told.you} telah disetujui "
        "oleh bank dengan rincian sebagai berikut:",
        Facts(
            (
                *told.facts,
                ("Jumlah yang disetujui", in_words(told.approved)),
                ("Jangka waktu", months_in_words(told.months)),
                ("Bunga", f"{percent(told.rate)} per tahun"),
            )
        ),
        f"{less}Langkah berikutnya:",
        Points(
            (
                f"Hubungi kantor {told.bank} untuk menentukan hari akad kredit dan tunjukkan surat "
                "ini.",
                f"Pada hari akad, bawa {papers}{collateral}.",
                "Pinjaman dicairkan setelah perjanjian kredit ditandatangani, lalu diangsur setiap "
                "bulan.",
                f"Bila {told.you} tidak jadi mengambil pinjaman ini, mohon memberitahu kami.",
            )
        ),
    )


def _office_refusal(told: Told, _: Heading) -> tuple[Block, ...]:
    return (
        f"Setelah permohonan Kredit Wibawa {told.you} kami periksa, dengan menyesal kami "
        "beritahukan bahwa permohonan tersebut belum dapat kami rekomendasikan kepada bank:",
        Facts((*told.facts, ("Alasan", told.reason))),
        f"{told.you} dapat mengajukan permohonan baru setelah alasan tersebut tidak ada lagi. "
        "Petugas kami siap memberi penjelasan pada jam pelayanan.",
    )


def _bank_refusal(told: Told, _: Heading) -> tuple[Block, ...]:
    reason = told.reason or "Pertimbangan lain dari bank"
    return (
        f"Bersama ini kami beritahukan bahwa permohonan Kredit Wibawa {told.you} belum dapat "
        "disetujui oleh bank:",
        Facts((*told.facts, ("Alasan bank", reason))),
        f"Penjelasan tentang penilaian bank dapat {told.you} minta kepada {told.bank}. "
        f"{told.you} dapat mengajukan permohonan baru setelah alasan tersebut tidak ada lagi.",
    )


def _completion(told: Told, heading: Heading) -> tuple[Block, ...]:
    until = "secepatnya"
    if told.until is not None and told.until >= heading.date:
        until = f"paling lambat {long_date(told.until)}"
    papers: tuple[Block, ...] = ()
    if told.missing:
        papers = ("Dokumen wajib yang belum kami terima:", Points(told.missing))
    return (
        f"Setelah permohonan Kredit Wibawa {told.you} kami periksa, masih ada yang perlu "
        "dilengkapi sebelum permohonan tersebut dapat kami proses:",
        Facts((*told.facts, ("Yang perlu dilengkapi", told.reason))),
        *papers,
        f"Mohon {told.you} melengkapinya {until} di kantor kami, dengan menunjukkan surat ini. "
        "Selama belum lengkap, permohonan belum dapat diteruskan.",
    )


def _recommendation(told: Told, _: Heading) -> tuple[Block, ...]:
    business = () if told.cooperative else (("Nama usaha", told.business_name or "–"),)
    place = f"{told.address}, Kel. {told.kelurahan}, Kec. {told.kecamatan}"
    return (
        f"Setelah diperiksa dan dikunjungi, dengan ini kami merekomendasikan kepada {told.bank} "
        "untuk memproses permohonan Kredit Wibawa berikut:",
        Facts(
            (
                ("Nama", told.name),
                *business,
                ("Alamat", place),
                *told.facts,
                ("Jangka waktu", months_in_words(told.months)),
                ("Bunga", f"{percent(told.rate)} per tahun"),
                ("Agunan", told.collateral or "Tidak dipersyaratkan"),
            )
        ),
        "Rekomendasi ini bukan persetujuan kredit. Keputusan sepenuhnya ada pada bank menurut "
        "penilaiannya sendiri.",
    )


Body = Callable[[Told, Heading], tuple[Block, ...]]
BODIES: Final[dict[PaperKind, tuple[str, Body]]] = {
    PaperKind.APPROVAL: ("Pemberitahuan persetujuan Kredit Wibawa", _approval),
    PaperKind.OFFICE_REFUSAL: ("Pemberitahuan hasil pemeriksaan permohonan", _office_refusal),
    PaperKind.BANK_REFUSAL: ("Pemberitahuan keputusan bank", _bank_refusal),
    PaperKind.COMPLETION: ("Permintaan kelengkapan permohonan", _completion),
    PaperKind.RECOMMENDATION: ("Rekomendasi Kredit Wibawa", _recommendation),
}


def notice_letter(kind: PaperKind, told: Told, heading: Heading) -> Letter:
    """The letter of this kind. The bank gets a copy of what concerns its own decision."""
    subject, body = BODIES[kind]
    if kind is PaperKind.RECOMMENDATION:
        recipient = ("Yth. Direktur", told.bank, "di Semarang")
        closing = "Atas perhatian dan kerja sama Saudara, kami ucapkan terima kasih."
        return Letter(
            heading=heading,
            subject=subject,
            recipient=recipient,
            body=("Dengan hormat,", *body(told, heading), closing),
            copies=(told.name,),
        )
    of_bank = kind in (PaperKind.APPROVAL, PaperKind.BANK_REFUSAL)
    return Letter(
        heading=heading,
        subject=subject,
        recipient=told.recipient,
        body=("Dengan hormat,", *body(told, heading), THANKS.format(you=told.you)),
        copies=(f"Direktur {told.bank}",) if of_bank else (),
    )
