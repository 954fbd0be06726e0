"""Calls are readable: at most three positional arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from support.services import CHECKOUT

MOST = 3
PACKAGE = CHECKOUT / "monitor"
SOURCES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
IMPOSED = {"handle_error", "settings_customise_sources", "request"}
"""Signatures of aiohttp, pydantic-settings and http.client, which are overridden."""
TABLES = {"Published"}
"""Records that are rows of a table in the code: their columns are named above the table."""


def test_functions_take_at_most_three_positional_arguments() -> None:
    found = [
        f"{name}:{line} {function}"
        for name, tree in SOURCES.items()
        for line, function, count in _functions(tree)
        if count > MOST and function not in IMPOSED
    ]

    assert not found


def test_records_are_made_with_at_most_three_positional_arguments() -> None:
    records = {
        each.name
        for tree in SOURCES.values()
        for each in ast.walk(tree)
        if isinstance(each, ast.ClassDef) and _is_record(each)
    }

    found = [
        f"{name}:{call.lineno} {ast.unparse(call)}"
        for name, tree in SOURCES.items()
        for known in [(records - TABLES) & _own_names(tree)]
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in known
        if len(call.args) > MOST and not any(isinstance(each, ast.Starred) for each in call.args)
    ]

    assert records
    assert not found


def _functions(tree: ast.AST, *, in_class: bool = False) -> Iterator[tuple[int, str, int]]:
    """Line, name and number of positional parameters of each function; `self` and `cls` do not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_static = any(ast.unparse(each) == "staticmethod" for each in node.decorator_list)
            yield node.lineno, node.name, len(node.args.posonlyargs + node.args.args) - (in_class and not is_static)
        yield from _functions(node, in_class=isinstance(node, ast.ClassDef))


def _is_record(node: ast.ClassDef) -> bool:
    """Whether it is a dataclass or a named tuple."""
    decorators = map(ast.unparse, node.decorator_list)
    return any("dataclass" in each for each in decorators) or "NamedTuple" in map(ast.unparse, node.bases)


def _own_names(tree: ast.Module) -> set[str]:
    """Names of classes of this package that a module defines or imports."""
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    imported = {alias.name for each in imports if (each.module or "").startswith("monitor") for alias in each.names}
    return imported | {each.name for each in ast.walk(tree) if isinstance(each, ast.ClassDef)}
