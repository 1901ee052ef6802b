"""Patterns that are compiled on first use find what compiled ones find."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from ciphertool.deferred import pattern


def test_pattern_is_compiled_on_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_pattern = re.compile

    def noted(text: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(text)
        return compile_pattern(text, flags)

    monkeypatch.setattr(re, "compile", noted)
    digits = pattern(r"\d+")
    assert compiled == []
    assert digits.findall("1 and 22") == ["1", "22"]
    assert digits.findall("333") == ["333"]
    assert compiled == [r"\d+"]


def test_pattern_has_flags_and_attributes() -> None:
    word = pattern(rb"(?P<word>a.c)", re.DOTALL)
    assert word.fullmatch(b"a\nc") is not None
    assert (word.pattern, dict(word.groupindex)) == (rb"(?P<word>a.c)", {"word": 1})
    with pytest.raises(AttributeError, match="absent"):
        _ = word.absent  # type: ignore[attr-defined]


def test_threads_share_a_pattern() -> None:
    letter = pattern(r"[a-z]")
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: letter.sub("x", "abc"), range(100))) == {"xxx"}
