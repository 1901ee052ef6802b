"""Every regular expression of the package means the same to all supported Pythons, the system's of Debian 12 too."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import pattern_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
# Imports all of the package in a process of its own, and prints what each of its modules compiles on the way.
_COLLECT = """
import importlib, json, pkgutil, re, sys
found, compile_pattern = [], re.compile
def noted(pattern, flags=0):
    caller = sys._getframe(1)
    if caller.f_globals.get("__name__", "").startswith("ciphertool."):
        as_text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
        found.append((f"{caller.f_globals['__name__']}:{caller.f_lineno}", as_text, pattern is not as_text, int(flags)))
    return compile_pattern(pattern, flags)
re.compile = noted
import ciphertool.deferred
ciphertool.deferred.pattern = noted  # where the others compile on first use
for module in pkgutil.walk_packages(ciphertool.__path__, "ciphertool."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:  # an integration with what is not installed
            if error.name.startswith("ciphertool"):
                raise
print(json.dumps(found))
"""
_POSSESSIVE = re.compile(r"\)(?:[*+?]|\{\d*,\d*\}|\{.*,.*\})\+")


def _patterns() -> Iterator[Any]:
    run = subprocess.run([sys.executable, "-c", _COLLECT], cwd=ROOT, capture_output=True, text=True, check=True)
    seen = set()
    for where, text, is_bytes, flags in json.loads(run.stdout):
        if (text, is_bytes, flags) not in seen:
            seen.add((text, is_bytes, flags))
            yield pytest.param(text.encode("latin-1") if is_bytes else text, flags, id=where)


PATTERNS = list(_patterns())
WITH_POSSESSIVE_GROUPS = [
    found for found in PATTERNS if pattern_trees.possessive_groups(pattern_trees.parse(*found.values))
]


def test_patterns_are_found() -> None:
    """Or the other tests would prove nothing."""
    assert len(PATTERNS) > 300
    assert len(WITH_POSSESSIVE_GROUPS) > 30


@pytest.mark.parametrize(("pattern", "flags"), PATTERNS)
def test_no_possessive_group_goes_astray(pattern: str | bytes, flags: int) -> None:
    """End such a group with `|(?!)`, as CONTRIBUTING says: an alternative begins where the group does."""
    assert pattern_trees.harmed_groups(pattern_trees.parse(pattern, flags)) == []


@pytest.mark.parametrize("harmed", ["(?:ab++)*+", "(?:a(?!b))++", "(?:a?b)?+", "(?:(?:ab)*c)*+", "(?:ab|c(?:dd|ee))*+"])
def test_what_may_go_astray_is_noticed(harmed: str) -> None:
    assert len(pattern_trees.harmed_groups(pattern_trees.parse(harmed))) == 1
    mended = harmed[:-3] + "|(?!)" + harmed[-3:]
    assert pattern_trees.harmed_groups(pattern_trees.parse(mended)) == []


def test_functions_compile_no_possessive_groups() -> None:
    """What a function builds is not seen by the tests above."""
    for path in sorted((ROOT / "ciphertool").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                texts = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
                assert not [text for text in texts if isinstance(text, str) and _POSSESSIVE.search(text)], path


def _fragments(pattern: str | bytes, flags: int) -> list[str]:
    """Return what a pattern speaks of: its runs of literal characters and pieces of these, and some characters."""
    found = {" ", "\n", "\r", "\t", "a", "B", "0", "_", "\\", "ä"}
    run = ""
    for code, argument in [*pattern_trees.nodes(pattern_trees.parse(pattern, flags)), ("end", None)]:
        if str(code) == "LITERAL":
            run += chr(argument)
            found.add(chr(argument))
        elif run:
            found.update((run, run[:-1]))
            run = ""
    return sorted(found - {""})


@pytest.mark.parametrize(("pattern", "flags"), WITH_POSSESSIVE_GROUPS)
@given(data=st.data())
def test_possessive_groups_match_as_atomic_ones_do(pattern: str | bytes, flags: int, data: st.DataObject) -> None:
    """On Python before 3.11.5 too: `(?:…)*+` is `(?>(?:…)*)`."""
    text: Any = "".join(data.draw(st.lists(st.sampled_from(_fragments(pattern, flags)), max_size=25)))
    if isinstance(pattern, bytes):
        text = text.encode("latin-1")
    spans = [
        [tuple(map(match.span, range(compiled.groups + 1))) for match in compiled.finditer(text)]
        for compiled in (re.compile(pattern, flags), pattern_trees.without_possession(pattern, flags))
    ]
    assert spans[0] == spans[1]
