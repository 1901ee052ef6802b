"""YAML 1.1 is read as PyYAML reads it; the table of the documentation says what differs, and is true."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ciphertool import CipherToolError, Vault
from ciphertool.rewriters.yaml import YamlRewriter
from tests.walk import ROOT

if TYPE_CHECKING:
    from pathlib import Path

Reader = Literal["1.1", "1.2", "PyYAML"]
_BASES = "b: &b {p: 1, q: 2}\nc: &c {q: 3, r: 4}\n"
_MERGED = {"p": 1, "q": 2, "r": 4, "k": "v"}
_TWICE, _DIRECTIVE, _OMAP = "one key twice", "`%YAML 1.2` before `yes`", "`!!omap [a: 1]`"


def _read(text: str, reader: Reader) -> Any:
    """Return the value of `a` in a document; a class if it is refused."""
    try:
        if reader == "PyYAML":
            return yaml.safe_load(text)["a"]
        found = YamlRewriter(version=reader).load(text.encode(), lambda _: "")
        assert isinstance(found, dict)
        return found["a"]
    except (CipherToolError, yaml.YAMLError, ValueError, IndexError):
        return "refused"


def _told(cell: str, spelled: list[str]) -> list[object]:
    """Return the values that a cell of the table promises for these spellings."""
    match cell:
        case "text":
            return [*spelled]
        case "merged" | "refused":
            return [_MERGED if cell == "merged" else "refused"]
        case "the last one":
            return [2]
        case "`dict` in order" | "list of pairs":
            return [{"a": 1} if cell.startswith("`dict") else [("a", 1)]]
        case "`date`, `datetime`":
            return [datetime.date(2001, 12, 14), datetime.datetime(2001, 12, 14, 21, 59, 43)]
        case "`True`, `False`":
            return [True, False, True, False]
    return [{"True": True}.get(word) or float(word) for word in re.findall("`([^`]+)`", cell)]


def _rows() -> list[tuple[str, ...]]:
    page = (ROOT / "docs/applications.md").read_text(encoding="utf-8")
    section = page.partition("## YAML 1.1")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", section, re.MULTILINE)
    assert len(rows) == 15
    return rows[1:]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row[0])
def test_a_row_of_the_table_is_true(row: tuple[str, ...]) -> None:
    first, *cells = row
    readers: tuple[Reader, ...] = ("1.2", "1.1", "PyYAML")
    spelled = ["yes"] if first == _DIRECTIVE else re.findall("`([^`]+)`", first)
    texts = [f"{_BASES}a: {word}\n" for word in spelled]
    texts = {_TWICE: ["a: 1\na: 2\n"], _DIRECTIVE: ["%YAML 1.2\n---\na: yes\n"]}.get(first, texts)
    for reader, cell in zip(readers, cells, strict=True):
        found = [_read(text, reader) for text in texts]
        expected = _told(cell, spelled)
        assert found == expected, reader
        assert [type(value) is str for value in found] == [type(value) is str for value in expected]


_NUMBERS = st.text("0127_9.eE+-:xboyYnN~", min_size=1, max_size=7)
_DATES = st.from_regex(
    r"2001-(1|01|12)-(1|31)([Tt ](1:2:3|21:59:43)(\.[0-9]{1,6})?( ?(Z|[-+]0?5(:30)?))?)?", fullmatch=True
)
_WORDS = st.sampled_from(
    ["yes", "No", "ON", "off", "y", "N", "true", "NULL", "~", "-.INF", ".nan", "=", "<<", "0x1F", "-0b11", "+0o7", "é"]
)


@given(_NUMBERS | _DATES | _WORDS)
def test_a_plain_word_means_what_it_means_to_pyyaml(word: str) -> None:
    text = f"a: {word}\n"
    expected, found = _read(text, "PyYAML"), _read(text, "1.1")
    if "refused" not in (expected, found):
        assert found == expected or repr(found) == repr(expected)
        assert type(found) is type(expected)
    else:
        assert expected == found


def test_a_secret_is_text_in_both_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yml").write_text("a: ${sec:a}\nb: yes\nc: !!binary aGk=\nd: [no, 'x-${sec:a}']\n")
    vault = Vault.of({"a": "no"})
    assert vault.load("app.yml") == {"a": "no", "b": "yes", "c": b"hi", "d": ["no", "x-no"]}
    assert vault.load("app.yml", yaml="1.1") == {"a": "no", "b": True, "c": b"hi", "d": [False, "x-no"]}
    (tmp_path / "app.json").write_text('{"a": "${sec:a}", "b": "yes"}')
    assert vault.load("app.json", yaml="1.1") == {"a": "no", "b": "yes"}
    with pytest.raises(ValueError, match=r"'1\.1' or '1\.2'"):
        vault.load("app.yml", yaml="1.3")  # type: ignore[arg-type]
