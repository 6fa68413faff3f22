"""Bytes that somebody sent → what is stored as a scan or a photo, or a sentence why not.

A file is judged by its content, never by its name. Pictures are drawn anew in a process of their
own (`reader_child`): upright, scaled down, without the place, time and device that a phone writes
into them. A PDF is stored as it is, once its structure is known.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from wibawa.rules.refused import Refused
from wibawa.uploads.apart import start

CHILD = Path(__file__).with_name("reader_child.py")
PDF, JPEG = "application/pdf", "image/jpeg"
PAPER_SIDE, PHOTO_SIDE = 2400, 1600  # pixels, the longer side: fine print; a place
LOGO_SIDE = 480  # in the head of a paper, not three centimetres wide
MEGABYTE = 1024 * 1024
OTHERS = (
    (b"MZ", "sebuah program Windows"),
    (b"\x7fELF", "sebuah program"),
    (b"PK\x03\x04", "berkas ZIP, Word, atau Excel"),
    (b"\xd0\xcf\x11\xe0", "berkas Word atau Excel lama"),
    (b"GIF8", "gambar GIF"),
    (b"RIFF", "gambar WebP atau suara"),
    (b"BM", "gambar BMP"),
    (b"II*\x00", "gambar TIFF"),
    (b"MM\x00*", "gambar TIFF"),
    (b"<", "halaman web atau gambar SVG"),
)


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """The most that one file may hold. `pdf` and `picture` are bytes as sent, `pixels` the whole
    picture; `seconds` and `memory` bound the process that opens it."""

    pdf: int = 5 * MEGABYTE
    picture: int = 10 * MEGABYTE
    pixels: int = 50_000_000
    seconds: int = 20
    memory: int = 700 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Scan:
    """What is stored: a PDF as sent, or a JPEG drawn anew with a small one beside it."""

    media_type: str
    content: bytes
    thumbnail: bytes | None


class Unfit(Refused):
    """This file is not stored; the sentence says what was found and what is needed."""


def read_scan(content: bytes, limits: ScanLimits, *, photo: bool = False) -> Scan:
    """The scan in `content`, a `photo` scaled to 1600 pixels, a paper to 2400.

    Source: decisions, "Documents". Raises `Unfit` with one of the codes empty, not_a_scan, heic,
    not_a_photo, too_large, pixels, tiny, broken, pdf_broken, pdf_cut, pdf_mixed, pdf_locked,
    pdf_pages, pdf_empty, pdf_active, memory.
    Example: the bytes of a program that is named ktp.pdf raise `not_a_scan`.
    """
    media_type = _kind_of(content)
    most = limits.pdf if media_type == PDF else limits.picture
    if len(content) > most:
        raise _unfit("too_large", f"{len(content)}|{most}")
    if photo and media_type == PDF:
        raise _unfit("not_a_photo", "")
    stored, small = _opened(content, limits, PHOTO_SIDE if photo else PAPER_SIDE)
    return Scan(media_type, stored, small or None)


def read_logo(content: bytes, limits: ScanLimits) -> bytes:
    """The picture in `content` as a small JPEG for the head of papers, transparent parts white.

    Raises `Unfit` as `read_scan` does for a photo.
    """
    if _kind_of(content) == PDF:
        raise _unfit("not_a_photo", "")
    if len(content) > limits.picture:
        raise _unfit("too_large", f"{len(content)}|{limits.picture}")
    return _opened(content, limits, LOGO_SIDE)[0]


def _kind_of(content: bytes) -> str:
    """The media type that will be stored, by the first bytes alone."""
    if not content:
        raise _unfit("empty", "")
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return JPEG
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc", b"ftypavif"):
        raise _unfit("heic", "")
    found = (words for magic, words in OTHERS if content.lstrip().startswith(magic))
    raise _unfit("not_a_scan", next(found, "berkas jenis lain"))


def _opened(content: bytes, limits: ScanLimits, side: int) -> tuple[bytes, bytes]:
    told = {
        "pixels": limits.pixels,
        "seconds": limits.seconds,
        "memory": limits.memory,
        "longest": side,
    }
    process = start(CHILD)
    try:
        sent = json.dumps(told).encode() + b"\n" + content
        said, _ = process.communicate(sent, timeout=limits.seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise _unfit("memory", "") from None
    head, _, parts = said.partition(b"\n")
    answer = json.loads(head or b'{"refused": "memory", "found": ""}')
    if "refused" in answer:
        why = "pdf_broken" if content.startswith(b"%PDF-") else "broken"
        raise _unfit(why if answer["refused"] == "broken" else answer["refused"], answer["found"])
    if len(parts) != answer["stored"] + answer["small"]:
        raise _unfit("memory", "")
    return parts[: answer["stored"]], parts[answer["stored"] :]


def _unfit(why: str, found: str) -> Unfit:
    return Unfit(why, _sentence(why, found))


def _sentence(why: str, found: str) -> str:
    if why == "too_large":
        size, most = (int(each) for each in found.split("|"))
        tenths = -(-size * 10 // MEGABYTE)
        return (
            f"Berkasnya {tenths // 10},{tenths % 10} MB, paling banyak {most // MEGABYTE} MB. "
            "Pindai dengan mutu lebih rendah (150–200 dpi), lalu unggah lagi."
        )
    return {
        "empty": "Berkasnya kosong. Pilih pindaian PDF atau foto JPEG atau PNG.",
        "not_a_scan": f"Isinya {found}, bukan pindaian. Yang diterima: PDF, JPEG, atau PNG.",
        "not_a_photo": "Isinya PDF; untuk bagian ini pilih foto JPEG atau PNG.",
        "heic": (
            "Fotonya berformat HEIC yang tidak dapat ditampilkan. Atur kamera ke JPEG (iPhone: "
            "Format, Paling Kompatibel), lalu ambil lagi."
        ),
        "pixels": (
            f"Gambarnya {found} piksel, terlalu besar untuk dibuka. Ambil foto dengan ukuran "
            "biasa (paling banyak 50 juta piksel)."
        ),
        "tiny": f"Gambarnya hanya {found} piksel dan tidak terbaca. Ambil foto yang lebih besar.",
        "broken": "Gambarnya rusak atau terpotong. Ambil foto atau pindai sekali lagi.",
        "pdf_cut": "PDF-nya terpotong. Simpan atau pindai sekali lagi, lalu unggah lagi.",
        "pdf_broken": "PDF-nya rusak dan tidak dapat dibuka. Pindai sekali lagi.",
        "pdf_mixed": "Berkas ini PDF sekaligus berkas lain. Pindai atau cetak ulang sebagai PDF.",
        "pdf_locked": (
            "PDF-nya memakai kata sandi atau pembatasan. Cetak ulang sebagai PDF biasa, lalu "
            "unggah lagi."
        ),
        "pdf_empty": "PDF-nya tidak berisi halaman. Pindai sekali lagi.",
        "pdf_pages": f"PDF-nya {found} halaman, paling banyak 100. Unggah bagian yang perlu saja.",
        "pdf_active": (
            "PDF-nya memuat skrip atau berkas lain di dalamnya. Cetak ulang sebagai PDF biasa, "
            "lalu unggah lagi."
        ),
    }.get(why, "Berkas ini terlalu berat untuk dibuka. Pindai sekali lagi dengan mutu biasa.")
