"""Which of the program's functions a function can come to, read from the source: every function
that it names counts, called or handed on, but for what only records a refusal."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any


def reaches(
    view: Callable[..., Any], wanted: frozenset[Any], beside: frozenset[Any] = frozenset()
) -> bool:
    """Whether `view` names one of the functions `wanted`, or a function of ours that does; what
    only those `beside` come to does not count."""
    start = inspect.unwrap(view)
    seen, waiting = {start, *beside}, [start]
    while waiting:
        for named in _named(waiting.pop()):
            if named in wanted:
                return True
            if named not in seen:
                seen.add(named)
                waiting.append(named)
    return False


@cache
def _named(function: FunctionType) -> tuple[Any, ...]:
    """The functions and classes that a function of ours names; nothing of other people's code."""
    if not str(getattr(function, "__module__", "")).startswith("wibawa."):
        return ()
    module = importlib.import_module(function.__module__)
    nodes = _source(module).get(function.__qualname__, ())
    return tuple(found for node in nodes for found in _of(node, module))


def _of(node: ast.AST, module: ModuleType) -> Iterator[Any]:
    refusals = {
        id(each.func)
        for each in ast.walk(node)
        if isinstance(each, ast.Call)
        and any(isinstance(arg, ast.Constant) and arg.value == "denied" for arg in each.args)
    }
    for each in ast.walk(node):
        if id(each) in refusals:
            continue
        found: Any = None
        if isinstance(each, ast.Name):
            found = getattr(module, each.id, None)
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            owner = getattr(module, each.value.id, None)
            found = getattr(owner, each.attr, None) if inspect.ismodule(owner) else None
        found = inspect.unwrap(found) if callable(found) else None
        if inspect.isfunction(found):
            yield found


@cache
def _source(module: ModuleType) -> dict[str, list[ast.AST]]:
    """Name → the functions of a module that have it."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return found
