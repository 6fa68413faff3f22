"""What every page must hold, checked whenever a test opens one."""

from __future__ import annotations

import getpass
import re
import tempfile
from hashlib import sha256
from pathlib import Path

import html5lib
from html5lib.constants import namespaces

XHTML = "{" + namespaces["html"] + "}"
# html5lib knows neither newer attributes nor self-closed SVG shapes; these are no faults of a page.
HARMLESS = {"non-void-element-with-trailing-slash"}


# Keys of forms differ each time and say nothing about a page.
KEY = re.compile(r'value="[\w.-]{30,}"')
# The pages that these very words of this file found sound: one empty file each, named by its hash,
# so that workers and runs share them.
WORDS = sha256(Path(__file__).read_bytes() + html5lib.__version__.encode()).hexdigest()[:16]
SOUND = Path(tempfile.gettempdir()) / f"wibawa-test-pages-{getpass.getuser()}" / WORDS
SOUND.mkdir(mode=0o700, parents=True, exist_ok=True)


def inspect_page(text: str) -> None:
    """Fail unless the page is valid HTML with one h1, a language, labels, and nothing inline.

    A page that was found sound before is not read again: reading is a fifth of the run."""
    same = SOUND / sha256(KEY.sub('value=""', text).encode()).hexdigest()
    if not same.exists():
        _inspect(text)
        same.touch()


def _inspect(text: str) -> None:
    parser = html5lib.HTMLParser(strict=False)
    document = parser.parse(text)
    errors = [error for error in parser.errors if error[1] not in HARMLESS]
    assert not errors, f"invalid HTML: {errors[:5]}"
    assert document.get("lang") == "id", "the page must say its language"
    headings = list(document.iter(f"{XHTML}h1"))
    assert len(headings) == 1, f"{len(headings)} h1 on the page"
    ids = [element.get("id") for element in document.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), f"doubled id: {[i for i in ids if ids.count(i) > 1]}"
    labelled = {label.get("for") for label in document.iter(f"{XHTML}label")}
    for tag in ("input", "select", "textarea"):
        for field in document.iter(f"{XHTML}{tag}"):
            if field.get("type") in ("hidden", "submit", "button"):
                continue
            named = field.get("aria-label") or field.get("aria-labelledby")
            assert named or field.get("id") in labelled, f"no label: {field.get('name')}"
    for element in document.iter():
        inline = [name for name in element.attrib if str(name).startswith("on") or name == "style"]
        assert not inline, f"inline {inline} on {element.tag}"
    for script in document.iter(f"{XHTML}script"):
        assert script.get("src") or script.get("type") == "application/json", "inline script"
    assert "None" not in _visible(document), "a Python None shows on the page"


def _visible(document: object) -> list[str]:
    return [
        text.strip()
        for element in document.iter()  # type: ignore[attr-defined]
        if str(element.tag) not in (f"{XHTML}script", f"{XHTML}style")
        for text in (element.text or "", element.tail or "")
    ]
