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


# Words that no parser can stumble on, as they stand in the page.
PLAIN = r"(?:[^<>&\"\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]|&(?:amp|lt|gt|#34|#39);)"
# The value of these says something about the page, and of some only whether there is one; that of
# any other attribute says nothing.
SAYING = "type|lang|encoding|charset|http-equiv"
IF_ANY, NAMING = "aria-label|aria-labelledby|src", "id|for"
OTHER = re.compile(rf'(\s(?!(?:{SAYING}|{IF_ANY}|{NAMING})=)[a-zA-Z][\w:-]*)="{PLAIN}+"')
ANY = re.compile(rf'(\s(?:{IF_ANY}))="{PLAIN}+"')
NAME = re.compile(rf'(\s(?:{NAMING}))="({PLAIN}+)"')
BLANK = re.compile(r">[ \t\n]+<")
WORDS_OF = re.compile(rf'>(?! <)(?!\s*None\s*<)(?:{PLAIN}|")+<')  # "None" alone is looked for
ROW = re.compile(r"(?=<(?:tr|li|option)[ >])")


def skeleton(text: str) -> str:
    """The page without its words and figures: what is sound in the one is sound in the other.

    Tags, the names of attributes, and which label belongs to which field stay. Thousands of opened
    pages have some hundreds of skeletons, and the longest list is as long as two of its rows."""
    known: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return f'{found[1]}="n{known.setdefault(found[2], str(len(known)))}"'

    bare = ANY.sub(r'\1="x"', OTHER.sub(r'\1=""', text))
    bare = WORDS_OF.sub(">x<", BLANK.sub("> <", bare))
    kept: list[str] = []
    for row in ROW.split(bare):
        whole = row.rstrip().endswith(("</tr>", "</li>", "</option>"))
        if not (whole and kept[-2:] == [row, row]):
            kept.append(row)
    return NAME.sub(numbered, "".join(kept))


def inspect_page(text: str) -> None:
    """Fail unless the page is valid HTML with one h1, a language, labels, and nothing inline.

    Neither a page nor a skeleton that was found sound before is read again: reading is a fifth of
    the run."""
    same = _mark(KEY.sub('value=""', text))
    if same.exists():
        return
    bare = skeleton(text)
    sound = _mark(bare)
    if not sound.exists():
        _inspect(text)  # says what is wrong in the page's own words
        sound.touch()
    same.touch()


def _mark(text: str) -> Path:
    return SOUND / sha256(text.encode()).hexdigest()


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
