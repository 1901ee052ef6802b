"""The pictures of the documentation: well-formed, text as text, nothing from elsewhere, and true."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from tests.walk import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = sorted((ROOT / "docs").glob("*.svg"))
_SVG = "{http://www.w3.org/2000/svg}"


def _texts(path: Path) -> list[etree._Element]:
    return etree.parse(path).getroot().findall(f".//{_SVG}text")


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_stands_alone(path: Path) -> None:
    root = etree.parse(path).getroot()
    assert root.tag == f"{_SVG}svg"
    assert len(_texts(path)) > 20
    assert {element.tag for element in root.iter(etree.Element)}.isdisjoint(
        f"{_SVG}{name}" for name in ("image", "script", "foreignObject", "use")
    )
    (style,) = root.findall(f".//{_SVG}style")
    assert style.text is not None
    assert "prefers-color-scheme: dark" in style.text
    assert "@import" not in style.text
    assert "@font-face" not in style.text
    assert [name for element in root.iter(etree.Element) for name in element.attrib if "href" in str(name)] == []


@pytest.mark.parametrize("name", ["architecture.svg", "threat-model.svg"])
def test_a_drawing_has_a_title_and_a_description(name: str) -> None:
    root = etree.parse(ROOT / "docs" / name).getroot()
    ids = str(root.get("aria-labelledby")).split()
    assert [str(root.findtext(f".//{_SVG}*[@id='{one}']"))[:3] for one in ids] != [""] * len(ids)
    assert len(ids) == 2


def test_the_architecture_is_the_one_that_imports_obey() -> None:
    """Layer by layer, from above: the lowest is drawn in several lines."""
    rows: dict[float, set[str]] = defaultdict(set)
    steps = set()
    for text in _texts(ROOT / "docs/architecture.svg"):
        kinds = str(text.get("class")).split()
        if "package" in kinds and "middle" in kinds:
            rows[float(str(text.get("y")))].add(str(text.text))
        elif "package" in kinds:
            steps.add(str(text.text))
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    expected = [{name.strip().removeprefix("ciphertool.") for name in _packages(layer)} for layer in layers]
    drawn = [names for _, names in sorted(rows.items())]
    assert drawn[: len(expected) - 1] == expected[:-1]
    assert set().union(*drawn[len(expected) - 1 :]) == expected[-1]
    packages = {path.stem for path in (ROOT / "ciphertool").iterdir()}
    assert set().union(*expected) <= packages
    assert steps <= packages
    assert len(steps) >= 10


def _packages(layer: str) -> list[str]:
    """Return the packages of a layer, which `|` or `:` separates."""
    return layer.replace("|", ":").split(":")


def test_the_threat_model_says_what_the_security_page_says() -> None:
    """Each cell of the table in words stands in the picture, where it may be broken into lines."""
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    section = page.partition("## Who holds what")[2].partition("\n## ")[0]
    picture = "".join(str(text.text) for text in _texts(ROOT / "docs/threat-model.svg"))
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    cells = [cell for row in rows[1:] for cell in row[1:]]
    assert len(cells) >= 14
    plain = {_plain(cell) for cell in cells}
    assert [cell for cell in plain if cell not in _plain(picture)] == []


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
