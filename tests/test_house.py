"""The house is in order: files and functions are small, and what CONTRIBUTING says is where it says."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "ciphertool").rglob("*.py"))
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
LARGEST_FILE, LONGEST_FUNCTION = 250, 40


def _lines_of_code(source: str) -> set[int]:
    """Return the numbers of the lines that hold code: no blank ones, no comments, no docstrings."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_are_small(path: Path) -> None:
    """Errors are one family in one file, and the signature of a command is its list of options."""
    source = path.read_text(encoding="utf-8")
    code = _lines_of_code(source)
    if path.name != "errors.py":
        assert len(code) <= LARGEST_FILE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
            assert len(code.intersection(body)) <= LONGEST_FUNCTION, node.name


def test_what_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:ciphertool|tests|scripts)/[\w./-]+)`", text))
    assert len(named) > 40
    assert [name for name in sorted(named) if "NAME" not in name and not (ROOT / name).exists()] == []
    beside = re.findall(r"`(ciphertool/[\w/]+)/\w+\.py`((?:, `\w+\.py`)+)", text)
    assert beside
    for directory, names in beside:
        for name in re.findall(r"\w+\.py", names):
            assert (ROOT / directory / name).exists(), f"{directory}/{name}"
