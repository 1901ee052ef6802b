"""A small sample of scripts/measure-matrix: what is found, class by class, and what is no secret.

What is missed now stands in tests/vectors/matrix/missed.tsv; its rows are strict expectations of failure. Whoever mends
one takes it out, by hand or by `scripts/measure-matrix --write-missed`. The aim is an empty list.
"""

from __future__ import annotations

import io
import json
import plistlib
import shlex
import tomllib
from typing import TYPE_CHECKING

import javaproperties
import pytest
from dotenv import dotenv_values
from lxml import etree
from ruamel.yaml import YAML

from tests.matrix import cases, harmless, judging, sample, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.matrix.cases import Case
    from tests.matrix.harmless import File, Reported
    from tests.matrix.sample import Cell

KNOWN = sample.known()
CELLS = sorted(sample.cells(sample.sample()))
HARMLESS = sorted({file.klass for file in harmless.files()})
# Classes of values that are no secrets, of which more than 2 % are reported now.
REPORTED: set[str] = set()


@pytest.fixture(scope="module")
def missed(tmp_path_factory: pytest.TempPathFactory) -> dict[Cell, set[str]]:
    return sample.missed(judging.judge(sample.sample(), tmp_path_factory.mktemp("matrix")))


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[File, Reported]:
    return harmless.judge(harmless.files(), tmp_path_factory.mktemp("harmless"))


@pytest.mark.parametrize("cell", CELLS, ids=": ".join)
def test_what_is_found_stays_found(missed: dict[Cell, set[str]], cell: Cell) -> None:
    assert missed.get(cell, set()) <= KNOWN.get(cell, set())


@pytest.mark.parametrize("cell", KNOWN, ids=": ".join)
@pytest.mark.xfail(strict=True, reason="a row of missed.tsv, none of whose classes is found now")
def test_what_is_found_now_is_no_longer_listed(missed: dict[Cell, set[str]], cell: Cell) -> None:
    assert not KNOWN[cell] <= missed.get(cell, set())


@pytest.mark.parametrize(
    "klass",
    [
        pytest.param(klass, marks=[pytest.mark.xfail(strict=True, reason="reported now")] * (klass in REPORTED))
        for klass in HARMLESS
    ],
)
def test_what_is_no_secret_is_not_reported_above_note(reported: dict[File, Reported], klass: str) -> None:
    files = [file for file in reported if file.klass == klass]
    wrong = sum(len(reported[file].values) + len(reported[file].rest) for file in files)
    assert wrong <= 0.02 * sum(len(file.lines) for file in files)


def test_there_is_enough_of_each() -> None:
    assert sum(len(file.lines) for file in harmless.files()) >= 300
    assert {case.klass for case in sample.sample()} >= {*values.CLASSES}


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)


def _xml(text: str) -> Iterator[str]:
    for element in etree.fromstring(text).iter(etree.Element):
        yield element.text or ""
        yield from map(str, element.attrib.values())


READERS: dict[str, Callable[[str], Iterator[str]]] = {
    "yaml": lambda text: _texts(YAML(typ="safe").load(text)),
    "json": lambda text: _texts(json.loads(text)),
    "toml": lambda text: _texts(tomllib.loads(text)),
    "xml": _xml,
    "plist": lambda text: _texts(plistlib.loads(text.encode())),
    "properties": lambda text: _texts(javaproperties.loads(text)),
    "env": lambda text: _texts(dict(dotenv_values(stream=io.StringIO(text), interpolate=False))),
    "shell": lambda text: iter(shlex.split(text, comments=True)),
}


@pytest.mark.parametrize("format_name", READERS)
def test_a_reader_of_the_format_finds_the_value(format_name: str) -> None:
    chosen = [case for case in cases.matrix(lambda _: [24]).cases if case.format == format_name]
    assert len(chosen) > 100
    for case in chosen:
        if case.place != "comment" and not _reads_otherwise(case):
            assert any(case.content in text for text in READERS[format_name](case.text)), case.text


def _reads_otherwise(case: Case) -> bool:
    """A shell reads a here-document as it stands, which shlex does not know, and expands defaults."""
    return case.format == "shell" and case.place in ("multi-line", "command line")


def test_a_secret_is_on_the_line_of_its_case() -> None:
    for case in sample.sample():
        if case.place == "name" and case.klass == "alnum":
            assert case.content in case.text.splitlines()[case.line - 1]
