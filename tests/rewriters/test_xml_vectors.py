"""XML: one file for each trap, with the bytes that protect makes of it or the reason why it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ciphertool.errors import ConfigSyntaxError, SelectorError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Site, rewrite
from ciphertool.rewriters.xml import XmlRewriter

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "xml"
MANIFEST: list[dict[str, Any]] = json.loads((VECTORS / "manifest.json").read_text("utf-8"))
REWRITER = XmlRewriter()


def _named(*, refused: bool) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in MANIFEST if ("error" in vector) is refused]


def _read(vector: dict[str, Any], kind: str = "") -> bytes:
    return (VECTORS / f"{vector['name']}{kind}.xml").read_bytes()


def _locate(data: bytes, selectors: list[str]) -> list[Site]:
    sites: list[Site] = []
    for found in REWRITER.parse(data).locate(selectors):
        assert isinstance(found, tuple), found
        sites += found
    return sites


@pytest.mark.parametrize("vector", _named(refused=False))
def test_protect_writes_these_bytes(vector: dict[str, Any]) -> None:
    before, expected = _read(vector), _read(vector, ".protected")
    sites = _locate(before, vector["protect"])
    assert [site.value for site in sites] == vector["values"]
    changes = [Change(site, Reference(f"a.{n}", Syntax.ATTRIBUTE)) for n, site in enumerate(sites)]
    assert rewrite(REWRITER, REWRITER.parse(before), changes) == expected


@pytest.mark.parametrize("vector", _named(refused=False))
def test_what_is_protected_is_found_again_without_its_selector(vector: dict[str, Any]) -> None:
    selectors = [site.selector for site in _locate(_read(vector), vector["protect"])]
    found = {s.reference.alias: s.selector for s in REWRITER.parse(_read(vector, ".protected")).sites() if s.reference}
    assert [found[f"a.{n}"] for n in range(len(selectors))] == selectors


@pytest.mark.parametrize("vector", _named(refused=False))
def test_a_second_run_changes_nothing(vector: dict[str, Any]) -> None:
    protected = _read(vector, ".protected")
    sites = _locate(protected, vector["protect"])
    changes = [Change(site, site.reference) for site in sites if site.reference]
    assert len(changes) == len(sites)
    assert rewrite(REWRITER, REWRITER.parse(protected), changes) == protected


@pytest.mark.parametrize("vector", _named(refused=False))
def test_putting_the_values_back_restores_the_file(vector: dict[str, Any]) -> None:
    before, protected = _read(vector), _read(vector, ".protected")
    sites = _locate(protected, vector["protect"])
    changes = [Change(site, value) for site, value in zip(sites, vector["values"], strict=True)]
    back = rewrite(REWRITER, REWRITER.parse(protected), changes)
    assert [site.value for site in _locate(back, vector["protect"])] == vector["values"]
    assert (back == before) is (vector["back"] == "same")


@pytest.mark.parametrize("vector", _named(refused=True))
def test_refused_for_this_reason(vector: dict[str, Any]) -> None:
    error: ConfigSyntaxError | SelectorError
    if vector["error"] == "ConfigSyntaxError":
        with pytest.raises(ConfigSyntaxError) as caught:
            REWRITER.parse(_read(vector))
        error = caught.value
    else:
        (found,) = REWRITER.parse(_read(vector)).locate([vector["selector"]])
        assert isinstance(found, SelectorError)
        assert found.selector == vector["selector"]
        error = found
    assert (type(error).__name__, error.reason, error.line) == (vector["error"], vector["reason"], vector["line"])
    assert "c4n4ry-7d1f" not in f"{error}{error!r}{error.hint}"


def test_every_file_is_in_the_manifest() -> None:
    expected = {f"{vector['name']}.xml" for vector in MANIFEST}
    expected |= {f"{vector['name']}.protected.xml" for vector in MANIFEST if "error" not in vector}
    assert {path.name for path in VECTORS.glob("*.xml")} == expected
