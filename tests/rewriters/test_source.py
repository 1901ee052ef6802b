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
