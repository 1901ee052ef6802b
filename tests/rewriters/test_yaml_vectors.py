"""YAML: one file for each trap, with the bytes that protect makes of it or the reason why it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ciphertool.errors import ConfigSyntaxError, SelectorError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Site, rewrite
from ciphertool.rewriters.yaml import YamlRewriter

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "yaml"
MANIFEST: list[dict[str, Any]] = json.loads((VECTORS / "manifest.json").read_text("utf-8"))
REWRITER = YamlRewriter()


def _named(*, refused: bool) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in MANIFEST if ("error" in vector) is refused]


def _locate(data: bytes, selectors: list[str]) -> list[Site]:
    sites: list[Site] = []
    for found in REWRITER.parse(data).locate(selectors):
        assert isinstance(found, tuple)
        sites += found
    return sites


@pytest.mark.parametrize("vector", _named(refused=False))
def test_protect_writes_these_bytes(vector: dict[str, Any]) -> None:
    before = (VECTORS / f"{vector['name']}.yaml").read_bytes()
    expected = (VECTORS / f"{vector['name']}.protected.yaml").read_bytes()
    sites = _locate(before, vector["protect"])
    changes = [Change(site, Reference(f"s{n}", Syntax.SEC)) for n, site in enumerate(sites)]
    assert rewrite(REWRITER, REWRITER.parse(before), changes) == expected
    again = _locate(expected, vector["protect"])
    assert [site.reference.alias for site in again if site.reference] == [f"s{n}" for n in range(len(sites))]
    assert rewrite(REWRITER, REWRITER.parse(expected), changes) == expected  # a second run changes nothing


@pytest.mark.parametrize("vector", _named(refused=False))
def test_putting_the_values_back_restores_the_file(vector: dict[str, Any]) -> None:
    before = (VECTORS / f"{vector['name']}.yaml").read_bytes()
    protected = (VECTORS / f"{vector['name']}.protected.yaml").read_bytes()
    values = [site.value for site in _locate(before, vector["protect"])]
    sites = _locate(protected, vector["protect"])
    changes = [Change(site, value) for site, value in zip(sites, values, strict=True)]
    back = rewrite(REWRITER, REWRITER.parse(protected), changes)
    assert [site.value for site in _locate(back, vector["protect"])] == values
    assert (back == before) is (vector["back"] == "same")


@pytest.mark.parametrize("vector", _named(refused=True))
def test_refused_for_this_reason(vector: dict[str, Any]) -> None:
    data = (VECTORS / f"{vector['name']}.yaml").read_bytes()
    error: Exception
    if "selector" not in vector:
        with pytest.raises(ConfigSyntaxError) as caught:
            REWRITER.parse(data)
        error = caught.value
    else:
        (found,) = REWRITER.parse(data).locate([vector["selector"]])
        assert isinstance(found, SelectorError)
        assert found.selector == vector["selector"]
        error = found
    assert (type(error).__name__, error.reason, error.line) == (vector["error"], vector["reason"], vector["line"])


def test_every_file_is_in_the_manifest() -> None:
    expected = {f"{vector['name']}.yaml" for vector in MANIFEST}
    expected |= {f"{vector['name']}.protected.yaml" for vector in MANIFEST if "error" not in vector}
    assert {path.name for path in VECTORS.glob("*.yaml")} == expected
