"""The program's own files, read for the tests about the code."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "wibawa"
TEMPLATES = PACKAGE / "templates"


@cache
def modules() -> dict[str, ast.Module]:
    """Path from the root → parsed source, of every Python file of the program."""
    paths = [*PACKAGE.rglob("*.py"), ROOT / "config.py", ROOT / "wsgi.py"]
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(paths)
        if "__pycache__" not in path.parts
    }


def under(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The parsed files of some folders of the package."""
    for name, tree in modules().items():
        if any(name.startswith(f"wibawa/{folder}/") for folder in folders):
            yield name, tree


def dotted(node: ast.expr) -> str:
    """`db.session.commit` for that expression; a call inside shows as `()`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.func)}()" if isinstance(node, ast.Call) else "?"


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the dotted name of what it calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    assert node.end_lineno is not None
    lines = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is None or first.end_lineno is None:
        return lines
    return lines - (first.end_lineno - first.lineno + 1)


def is_view(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it is decorated as a page of the program."""
    names = [dotted(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
    return any(name in ("needs", "public") for name in names)


def tracked_files() -> list[Path]:
    """Every file under version control; outside a checkout, every file that would be."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listed = subprocess.run(
            [git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        found = [ROOT / name for name in listed.split("\0") if name]
        linked = [path for path in found if path.is_symlink()]
        assert linked == [], "a link under version control leads out of the project"
        return [path for path in found if path.is_file()]
    tops = ("wibawa", "tests", "docs", "migrations", "instance", ".ci")
    inside = [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file()]
    beside = [path for path in ROOT.iterdir() if path.is_file()]
    return [path for path in (*inside, *beside) if "__pycache__" not in path.parts]
