"""One word through endpoint, template and test; nothing inline; no link into nowhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import nodes

from tests.house.source import ROOT, TEMPLATES, calls, modules

NO_ENDPOINT = {
    "base.html": "the frame of every page",
    "components.html": "the macros",
    "error.html": "every error",
    "access/proof.html": "the question before an approval, at the approval's own address",
}
NO_FRAME = {"base.html", "components.html"}
FRAGMENTS = {
    "applications/preview.html": "the installments that are put into the form while one types",
    "layouts/preview.html": "the rows as understood, put into the page while one chooses columns",
    "disbursements/preview.html": "the schedule that is put into the form while one types",
}
INLINE = re.compile(
    r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\b(?:src=|type=\"application/json\"))",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    from tests.conftest import make_app

    return make_app(f"sqlite:///{tmp_path_factory.mktemp('house') / 'empty.sqlite3'}")


def template_names() -> list[str]:
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))


def is_part(name: str) -> bool:
    return name.rsplit("/", maxsplit=1)[-1].startswith("_")


def pages() -> list[str]:
    """The templates with an endpoint of their own; `_part.html` belongs to others."""
    return [name for name in template_names() if name not in NO_ENDPOINT and not is_part(name)]


def test_every_page_is_named_after_its_endpoint(program: Flask) -> None:
    nameless = [
        name
        for name in pages()
        if name.removesuffix(".html").replace("/", ".") not in program.view_functions
    ]
    assert nameless == []


def test_every_page_has_a_test_of_its_name() -> None:
    untested = [
        name
        for name in pages()
        if not (ROOT / "tests" / Path(name).parent / f"test_{Path(name).stem}.py").exists()
    ]
    assert untested == []


def test_every_rendered_template_lies_in_the_folder_that_renders_it() -> None:
    wrong = []
    for name, tree in modules().items():
        for node, called in calls(tree):
            if called != "render_template" or not isinstance(node.args[0], ast.Constant):
                continue
            template = str(node.args[0].value)
            own = (
                template in NO_ENDPOINT or name.split("/")[1] == template.split("/", maxsplit=1)[0]
            )
            if not own or not (TEMPLATES / template).is_file():
                wrong.append(f"{name}:{node.lineno} {template}")
    assert wrong == []


def test_every_template_extends_the_base() -> None:
    wrong = [
        name
        for name in template_names()
        if name not in NO_FRAME
        and name not in FRAGMENTS
        and not is_part(name)
        and not (TEMPLATES / name).read_text().lstrip().startswith('{% extends "base.html" %}')
    ]
    assert wrong == []


def test_no_template_has_anything_inline() -> None:
    wrong = [
        f"{name}: {found.group(0)}"
        for name in template_names()
        for found in INLINE.finditer((TEMPLATES / name).read_text())
    ]
    assert wrong == []


def test_no_template_turns_escaping_off() -> None:
    wrong = [
        name
        for name in template_names()
        if "autoescape" in (TEMPLATES / name).read_text()
        or (re.search(r"\|\s*safe\b", (TEMPLATES / name).read_text()) and name not in NO_ENDPOINT)
    ]
    assert wrong == []


def _linked_in_templates(program: Flask) -> Iterator[tuple[str, str]]:
    for name in template_names():
        tree = program.jinja_env.parse((TEMPLATES / name).read_text())
        for call in tree.find_all(nodes.Call):
            target = call.node
            named = isinstance(target, nodes.Name) and target.name == "url_for"
            if named and isinstance(call.args[0], nodes.Const):
                yield f"{name}:{call.lineno}", str(call.args[0].value)


def _linked_in_code() -> Iterator[tuple[str, str]]:
    for name, tree in modules().items():
        for node, called in calls(tree):
            if called == "url_for" and node.args and isinstance(node.args[0], ast.Constant):
                yield f"{name}:{node.lineno}", str(node.args[0].value)


def test_every_link_leads_to_an_endpoint(program: Flask) -> None:
    links = [*_linked_in_templates(program), *_linked_in_code()]
    wrong = [(place, to) for place, to in links if to not in program.view_functions]
    assert wrong == []


def test_every_menu_item_leads_to_an_endpoint(program: Flask) -> None:
    from wibawa.home.menu import ITEMS

    assert [item[1] for item in ITEMS if item[1] not in program.view_functions] == []


def test_the_menu_shows_exactly_what_the_permission_of_the_page_allows(program: Flask) -> None:
    from wibawa.home.menu import ITEMS

    wrong = [
        (target, permission)
        for _, target, _, permission, _ in ITEMS
        if target in program.view_functions
        and program.view_functions[target].wibawa_permission is not permission  # type: ignore[attr-defined]
    ]
    assert wrong == []
