"""The vectors of TOML and JSON: one trap each, with what protecting must make of it or why it must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ciphertool.errors import ConfigSyntaxError, SelectorError
from ciphertool.references import Reference
from ciphertool.rewriters.base import Change, Rewriter, Site, rewrite
from ciphertool.rewriters.json import JsonRewriter
from ciphertool.rewriters.toml import TomlRewriter
from ciphertool.rewriters.tree import TreeDocument, same

_VECTORS = Path(__file__).resolve().parents[1] / "vectors"
_REWRITERS: tuple[Rewriter, ...] = (TomlRewriter(), JsonRewriter())


def _vectors(*, refused: bool) -> list[Any]:
    return [
        pytest.param(rewriter, vector, id=f"{rewriter.name}-{vector['name']}")
        for rewriter in _REWRITERS
        for vector in json.loads((_VECTORS / rewriter.name / "manifest.json").read_text("utf-8"))
        if ("error" in vector) is refused
    ]


def _read(rewriter: Rewriter, name: str) -> bytes:
    return (_VECTORS / rewriter.name / f"{name}.{rewriter.name}").read_bytes()


def _parse(rewriter: Rewriter, data: bytes) -> TreeDocument:
    document = rewriter.parse(data)
    assert isinstance(document, TreeDocument)
    return document


def _named(document: TreeDocument, selectors: list[str]) -> list[Site]:
    sites: list[Site] = []
    for found in document.locate(selectors):
        assert isinstance(found, tuple), found
        sites += found
    return sites


def test_there_are_enough_of_them() -> None:
    for rewriter in _REWRITERS:
        files = {path.name for path in (_VECTORS / rewriter.name).glob(f"*.{rewriter.name}")} - {"manifest.json"}
        manifest = json.loads((_VECTORS / rewriter.name / "manifest.json").read_text("utf-8"))
        named = {f"{vector['name']}.{rewriter.name}" for vector in manifest}
        named |= {f"{vector['name']}.expected.{rewriter.name}" for vector in manifest if "targets" in vector}
        assert files == named
        assert len(manifest) >= 40


@pytest.mark.parametrize(("rewriter", "vector"), _vectors(refused=False))
def test_trap_is_protected_and_comes_back(rewriter: Rewriter, vector: dict[str, Any]) -> None:
    data, expected = _read(rewriter, vector["name"]), _read(rewriter, f"{vector['name']}.expected")
    selectors = list(vector["targets"])
    document = _parse(rewriter, data)
    sites = _named(document, selectors)
    assert [site.value for site in sites] == [value for values in vector["targets"].values() for value in values]
    aliases = [f"a{number}" for number in range(1, len(sites) + 1)]
    changes = [Change(s, Reference(a, rewriter.syntax)) for s, a in zip(sites, aliases, strict=True)]
    assert rewrite(rewriter, document, changes) == expected

    protected = _parse(rewriter, expected)
    again = _named(protected, [site.selector for site in sites])
    assert [site.reference and site.reference.alias for site in again] == aliases
    back = rewrite(rewriter, protected, [Change(new, old.value) for new, old in zip(again, sites, strict=True)])
    assert same(document.data, _parse(rewriter, back).data)
    assert (back == data) is ("revealed" not in vector)


@pytest.mark.parametrize(("rewriter", "vector"), _vectors(refused=True))
def test_trap_is_refused_with_its_reason(rewriter: Rewriter, vector: dict[str, Any]) -> None:
    try:
        found = rewriter.parse(_read(rewriter, vector["name"])).locate([vector["selector"]])[0]
    except ConfigSyntaxError as error:
        facts: dict[str, Any] = {"reason": error.reason, "line": error.line, "column": error.column}
        assert "c4n4ry-7d1f" not in f"{error}{error!r}"  # noqa: PT017 - a refusal is raised or returned
        found_error: object = error
    else:
        assert isinstance(found, SelectorError)
        facts = {"reason": found.reason, "line": found.line}
        found_error = found
    assert type(found_error).__name__ == vector["error"]
    assert facts == {fact: vector.get(fact) for fact in facts}
