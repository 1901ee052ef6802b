"""A file's bytes as text: where its lines begin."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ciphertool.rewriters.base import Source


@given(st.text("a\r\n\x0b\x85\u2028", max_size=12))
def test_lines_end_at_cr_lf_or_both_and_nowhere_else(text: str) -> None:
    source = Source(text)
    for offset in range(len(text) + 1):
        ends = [match.end() for match in re.finditer(r"\r\n|\r|\n", text) if match.end() <= offset]
        assert source.position(offset) == (len(ends) + 1, offset - (ends[-1] if ends else 0) + 1)
        assert source.line(offset) == len(ends) + 1
        for other in range(len(text) + 1):  # in whatever order they are asked for
            assert source.line(other) == source.position(other)[0]
            assert source.line(offset) == len(ends) + 1


def test_lines_are_counted_across_the_blocks_of_a_long_text() -> None:
    for width in (2046, 2047, 2048, 2049):
        for end in ("\n", "\r", "\r\n"):
            source = Source(f"{'x' * width}{end}" * 5)
            for offset in range(len(source.text) + 1):
                assert source.line(offset) == source.position(offset)[0]
