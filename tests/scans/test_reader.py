"""Whatever is sent, only pictures drawn anew and quiet PDFs are kept; the rest gets a sentence."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from wibawa.scans.reader import Scan, ScanLimits, Unfit, read_scan
from wibawa.uploads import apart

FILES = Path(__file__).resolve().parent.parent / "files" / "scans"
GOOD = sorted(FILES.glob("good*"))
FAULTY = sorted(path for path in FILES.iterdir() if not path.name.startswith("good"))
LIMITS = ScanLimits()


def read(name: str, limits: ScanLimits = LIMITS, *, photo: bool = False) -> Scan:
    return read_scan((FILES / name).read_bytes(), limits, photo=photo)


def picture(content: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(content), formats=("JPEG",))
    opened.load()
    return opened


def drawn(mode: str, size: tuple[int, int], format_: str = "PNG", **how: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, **({"color": 40} if mode not in ("RGB", "RGBA", "CMYK") else {})).save(
        out, format_, **how
    )
    return out.getvalue()


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.name)
def test_each_mistake_is_refused_under_its_own_code_in_a_sentence(path: Path) -> None:
    """The file's name begins with the code."""
    code = path.stem.split("--")[0]
    with pytest.raises(Unfit) as caught:
        read(path.name, photo=code == "not_a_photo")
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".")
    assert len(caught.value.sentence) > 30


def test_every_code_of_a_pdf_and_a_picture_has_a_file() -> None:
    assert {path.stem.split("--")[0] for path in FAULTY} == {
        "empty", "not_a_scan", "not_a_photo", "heic", "broken", "pixels", "tiny",
        "pdf_cut", "pdf_broken", "pdf_mixed", "pdf_locked", "pdf_active", "pdf_empty", "pdf_pages",
    }  # fmt: skip


def test_a_photo_is_drawn_anew_upright_and_without_place_time_and_device() -> None:
    with Image.open(FILES / "good_gps.jpg") as sent:
        assert sent.size == (640, 400)
        assert sent.getexif().get_ifd(0x8825), "the file of the test has a place"
    scan = read("good_gps.jpg")
    kept = picture(scan.content)
    assert kept.size == (400, 640), "the telephone was held upright"
    assert dict(kept.getexif()) == {}
    for part in (b"Exif", b"TELEPON", b"GPS"):
        assert part not in scan.content
    assert scan.media_type == "image/jpeg"
    assert scan.thumbnail is not None
    assert max(picture(scan.thumbnail).size) == 240


def test_a_png_is_kept_as_a_jpeg_and_what_is_transparent_is_white_paper() -> None:
    assert picture(read("good.png").content).size == (640, 400)
    out = io.BytesIO()
    Image.new("RGBA", (200, 200), (255, 0, 0, 0)).save(out, "PNG")
    kept = picture(read_scan(out.getvalue(), LIMITS).content)
    red, green, blue = kept.getpixel((100, 100))  # type: ignore[misc]
    assert min(red, green, blue) > 250


def test_a_pdf_is_kept_byte_for_byte() -> None:
    sent = (FILES / "good.pdf").read_bytes()
    scan = read_scan(sent, LIMITS)
    assert scan.content == sent
    assert scan.media_type == "application/pdf"
    assert scan.thumbnail is None
    assert len(pypdf.PdfReader(io.BytesIO(scan.content)).pages) == 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_picture_of_any_colours_is_kept(mode: str) -> None:
    assert picture(read_scan(drawn(mode, (300, 200)), LIMITS).content).size == (300, 200)


def test_a_picture_in_print_colours_is_kept() -> None:
    assert picture(read_scan(drawn("CMYK", (300, 200), "JPEG"), LIMITS).content).mode == "RGB"


@pytest.mark.parametrize(("photo", "longest"), [(False, 2400), (True, 1600)])
def test_a_large_picture_is_made_smaller(photo: bool, longest: int) -> None:
    sent = drawn("RGB", (6000, 3000), "JPEG")
    kept = picture(read_scan(sent, LIMITS, photo=photo).content)
    assert kept.size == (longest, longest // 2)


def test_what_is_larger_than_the_limit_is_told_with_both_figures() -> None:
    limits = ScanLimits(pdf=1024 * 1024, picture=1024 * 1024)
    with pytest.raises(Unfit) as caught:
        read_scan(b"%PDF-1.4" + b" " * (1024 * 1024 * 3 // 2), limits)
    assert caught.value.code == "too_large"
    assert "1,6 MB, paling banyak 1 MB" in caught.value.sentence


def test_a_process_that_takes_too_much_memory_is_ended_and_told() -> None:
    limits = ScanLimits(memory=90 * 1024 * 1024)
    with pytest.raises(Unfit) as caught:
        read_scan(drawn("RGB", (6000, 4000)), limits)
    assert "terlalu berat" in caught.value.sentence or "rusak" in caught.value.sentence


def test_the_process_that_opens_it_knows_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[str, dict[str, str]] = {}
    monkeypatch.setenv("WIBAWA_DATA_KEY", "secret")
    monkeypatch.setattr(apart.subprocess, "Popen", lambda *_, **how: told.update(how))
    apart.start(FILES / "empty.jpg")
    assert set(told["env"]) <= {"PYTHONPATH", "SYSTEMROOT"}


SEEDS = [path.read_bytes() for path in GOOD]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SEEDS), st.data())
def test_a_damaged_file_is_kept_sound_or_refused_in_a_sentence(
    seed: bytes, data: st.DataObject
) -> None:
    """Bytes are changed, cut or put in; what is kept can be opened by another reader."""
    at = data.draw(st.integers(0, len(seed)))
    cut = data.draw(st.integers(0, 200))
    content = seed[:at] + data.draw(st.binary(max_size=20)) + seed[at + cut :]
    try:
        scan = read_scan(content, LIMITS)
    except Unfit:
        return
    if scan.media_type == "image/jpeg":
        assert b"Exif" not in scan.content
        assert min(picture(scan.content).size) >= 1
    else:
        assert scan.content.startswith(b"%PDF-")
        assert pypdf.PdfReader(io.BytesIO(scan.content)).pages


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"%PDF-1.7\n", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]),
)
@example(b"<html>", b"")
def test_bytes_that_are_no_picture_are_never_kept(tail: bytes, head: bytes) -> None:
    with pytest.raises(Unfit):
        read_scan(head + tail, LIMITS)
