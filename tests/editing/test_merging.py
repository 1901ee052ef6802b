"""Two edits of one text become one; only what both have changed needs a decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.editing.merging import MIDDLE, OURS, THEIRS, is_unsettled, merge

_LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=8).map("".join)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "made"),
    [
        ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"),
        ("a\nb\n", "a\nx\nb\n", "a\nb\ny\n", "a\nx\nb\ny\n"),
        ("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n"),
        ("a\n", "b\n", "b\n", "b\n"),
        ("a\n", "b\n", "c\n", f"{OURS}\nb\n{MIDDLE}\nc\n{THEIRS}\n"),
        ("a\r\n", "b", "c\r\n", f"{OURS}\r\nb\r\n{MIDDLE}\r\nc\r\n{THEIRS}\r\n"),
        ("", "", "", ""),
    ],
)
def test_of_three_texts_one_is_made(base: str, ours: str, theirs: str, made: str) -> None:
    assert merge(base, ours, theirs) == made
    assert is_unsettled(made) == (OURS in made)


@given(_LINES, _LINES)
def test_what_one_side_alone_has_changed_is_taken(base: str, changed: str) -> None:
    assert merge(base, changed, base) == merge(base, base, changed) == merge(base, changed, changed) == changed


@given(_LINES, _LINES, _LINES)
def test_no_line_of_a_side_is_lost(base: str, ours: str, theirs: str) -> None:
    made = merge(base, ours, theirs).splitlines()
    for side in (ours, theirs):
        assert {line for line in side.splitlines() if line not in base.splitlines()} <= set(made)
