"""The vectors of `.properties`, `.env` and INI: one trap each, with what protecting makes of it or why it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ciphertool.errors import ConfigSyntaxError, SelectorError
from ciphertool.references import Reference
from ciphertool.rewriters.base import Change, Document, Rewriter, Site, rewrite
from ciphertool.rewriters.env import EnvRewriter
from ciphertool.rewriters.ini import IniRewriter
from ciphertool.rewriters.properties import PropertiesRewriter

_VECTORS = Path(__file__).resolve().parents[1] / "vectors"
_REWRITERS: tuple[Rewriter, ...] = (PropertiesRewriter(), EnvRewriter(), IniRewriter())


def _manifest(rewriter: Rewriter) -> list[dict[str, Any]]:
    manifest: list[dict[str, Any]] = json.loads((_VECTORS / rewriter.name / "manifest.json").read_text("utf-8"))
    return manifest


def _vectors(*, refused: bool) -> list[Any]:
    return [
        pytest.param(rewriter, vector, id=f"{rewriter.name}-{vector['name']}")
        for rewriter in _REWRITERS
        for vector in _manifest(rewriter)
        if ("error" in vector) is refused
    ]


def _read(rewriter: Rewriter, name: str) -> bytes:
    return (_VECTORS / rewriter.name / f"{name}.{rewriter.name}").read_bytes()


def _named(document: Document, selectors: list[str]) -> list[Site]:
    sites: list[Site] = []
    for found in document.locate(selectors):
        assert isinstance(found, tuple), found
        sites += found
    return sites


@pytest.mark.parametrize("rewriter", _REWRITERS, ids=lambda rewriter: rewriter.name)
def test_every_vector_file_is_in_the_manifest(rewriter: Rewriter) -> None:
    manifest = _manifest(rewriter)
    named = {f"{vector['name']}.{rewriter.name}" for vector in manifest}
    named |= {f"{vector['name']}.expected.{rewriter.name}" for vector in manifest if "targets" in vector}
    assert {path.name for path in (_VECTORS / rewriter.name).iterdir()} == {*named, "manifest.json"}
    assert len(manifest) >= 40


@pytest.mark.parametrize(("rewriter", "vector"), _vectors(refused=False))
def test_trap_is_protected_and_comes_back(rewriter: Rewriter, vector: dict[str, Any]) -> None:
    data, expected = _read(rewriter, vector["name"]), _read(rewriter, f"{vector['name']}.expected")
    document = rewriter.parse(data)
    sites = _named(document, list(vector["targets"]))
    assert {site.selector: site.value for site in sites} == vector["targets"]
    aliases = [f"a{number}" for number in range(1, len(sites) + 1)]
    changes = [Change(site, Reference(alias, rewriter.syntax)) for site, alias in zip(sites, aliases, strict=True)]
    assert rewrite(rewriter, document, changes) == expected

    protected = rewriter.parse(expected)
    again = _named(protected, list(vector["targets"]))
    assert [site.reference and site.reference.alias for site in again] == aliases
    back = rewrite(rewriter, protected, [Change(new, old.value) for new, old in zip(again, sites, strict=True)])
    assert [(site.selector, site.value) for site in rewriter.parse(back).sites()] == [
        (site.selector, site.value) for site in document.sites()
    ]
    assert (back != data) is vector.get("respelled", False)


@pytest.mark.parametrize(("rewriter", "vector"), _vectors(refused=True))
def test_trap_is_refused_with_its_reason(rewriter: Rewriter, vector: dict[str, Any]) -> None:
    try:
        found: object = rewriter.parse(_read(rewriter, vector["name"])).locate([vector["selector"]])[0]
    except ConfigSyntaxError as error:
        found = error
    assert isinstance(found, SelectorError | ConfigSyntaxError)
    assert type(found).__name__ == vector["error"]
    assert (found.reason, found.line) == (vector["reason"], vector["line"])
    assert "c4n4ry-7d1f" not in f"{found}{found!r}"
