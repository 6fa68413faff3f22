"""The process that opens a scan or a photo, apart from the application and under limits.

Started by `reader` as a script: it reads one line of limits and the file from standard input, and
writes one line of JSON, then the bytes to be stored, to standard output. It holds neither key nor
database. Whatever a hostile file does to it, the application sees a process that ended too early.
"""

from __future__ import annotations

import io
import json
import re
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from wibawa.uploads.xlsx_child import Refusal, set_limits

THUMBNAIL = 240  # pixels, the longer side
LEAST = 100  # pixels, the shorter side: below it nothing can be read
MOST_PAGES = 100
ZIP_COMMENT = 65_557  # a zip's directory ends within so many bytes of the end
ACTIVE_KEYS = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/RichMedia", "/XFA"}
ACTIVE_DEEDS = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition"}
DEPTH = 50


def picture(content: bytes, told: dict[str, int]) -> tuple[bytes, bytes]:
    """A JPEG of sane size and a small one, drawn anew: nothing but pixels is taken over."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - after the limits are set

    Image.MAX_IMAGE_PIXELS = None  # the size is checked here, before anything is unpacked
    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as opened:
        width, height = opened.size
        if width * height > told["pixels"]:
            raise Refusal("pixels", f"{width} × {height}")
        if min(width, height) < LEAST:
            raise Refusal("tiny", f"{width} × {height}")
        side = told["longest"]
        opened.draft("RGB", (side, side))  # a JPEG is unpacked smaller
        image = _greys(opened)
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        drawn = _on_white(ImageOps.exif_transpose(image))
    stored = _jpeg(drawn, 85)
    drawn.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return stored, _jpeg(drawn, 75)


def _greys(image: Any) -> Any:
    """The picture in a mode that can be scaled: a palette or 16 bits of grey cannot."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image


def _on_white(image: Any) -> Any:
    """The pixels alone, as RGB; what is transparent becomes white paper."""
    from PIL import Image  # noqa: PLC0415

    plain = Image.new("RGB", image.size, "white")
    if image.mode in ("RGBA", "LA"):
        plain.paste(image.convert("RGB"), mask=image.getchannel("A"))
    else:
        plain.paste(image.convert("RGB"))
    return plain


def _jpeg(image: Any, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def pdf(content: bytes) -> bytes:
    """The PDF as it is, once its structure, its pages and its manners are known."""
    import pypdf  # noqa: PLC0415 - after the limits are set

    _ends_well(content)
    if b"/JavaScript" in content:  # also where no table of the file points at it
        raise Refusal("pdf_active")
    reader = pypdf.PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted:
        raise Refusal("pdf_locked")
    pages = len(reader.pages)
    if not 1 <= pages <= MOST_PAGES:
        raise Refusal("pdf_pages" if pages else "pdf_empty", str(pages))
    for value in _objects(reader):
        _looked_through(value, 0)
    return content


def _ends_well(content: bytes) -> None:
    """Refuse a PDF whose end is missing, or after whose end something else begins."""
    if not content.rstrip(b"\r\n\t \0").endswith(b"%%EOF"):
        raise Refusal("pdf_cut")
    if b"PK\x05\x06" in content[-ZIP_COMMENT:]:
        raise Refusal("pdf_mixed")
    found = re.search(rb"startxref\s+(\d{1,9})\s+%%EOF\s*\0*\s*\Z", content[-1024:])
    at = int(found[1]) if found else len(content)
    if not re.match(rb"\s{0,4}(xref|\d+\s+\d+\s+obj)", content[at : at + 40]):
        raise Refusal("pdf_cut")


def _objects(reader: Any) -> Iterable[Any]:
    """Every object that the file's own tables name, those in compressed streams too."""
    from pypdf.generic import IndirectObject  # noqa: PLC0415

    yield reader.trailer
    plain = [(number, gen) for gen, those in reader.xref.items() for number in those]
    packed = [(number, 0) for number in reader.xref_objStm]
    for number, generation in (*plain, *packed):
        yield reader.get_object(IndirectObject(number, generation, reader))


def _looked_through(value: Any, depth: int) -> None:
    """Refuse scripts, attached files and what starts or sends something."""
    if depth > DEPTH:
        raise Refusal("pdf_broken")
    if isinstance(value, dict):
        if ACTIVE_KEYS & value.keys() or _deed(value) in ACTIVE_DEEDS:
            raise Refusal("pdf_active")
        for each in dict.values(value):  # what is only pointed at is looked through by itself
            _looked_through(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _looked_through(each, depth + 1)


def _deed(value: dict[Any, Any]) -> str:
    kind: Any = dict.get(value, "/S")
    return str(kind.get_object() if hasattr(kind, "get_object") else kind)


def main() -> None:
    told: dict[str, int] = json.loads(sys.stdin.buffer.readline())
    set_limits(told["memory"], told["seconds"])
    warnings.simplefilter("ignore")
    content, parts = sys.stdin.buffer.read(), (b"", b"")
    try:
        is_pdf = content.startswith(b"%PDF-")
        parts = (pdf(content), b"") if is_pdf else picture(content, told)
        said: dict[str, Any] = {"stored": len(parts[0]), "small": len(parts[1])}
    except Refusal as refusal:
        said = {"refused": refusal.why, "found": refusal.found}
    except MemoryError:
        said = {"refused": "memory", "found": ""}
    except BaseException as error:
        said = {"refused": "broken", "found": type(error).__name__}
    out = sys.stdout.buffer
    out.write(json.dumps(said).encode() + b"\n")
    if "refused" not in said:
        out.write(b"".join(parts))
    out.flush()


if __name__ == "__main__":
    main()
