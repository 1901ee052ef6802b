"""Values are masked in a stream however it is cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ciphertool.masking import Masker, spellings


def _through(masker: Masker, *chunks: bytes) -> bytes:
    return b"".join([*(masker.feed(chunk) for chunk in chunks), masker.finish()])


@given(
    st.lists(st.integers(0, 40)), st.sampled_from([b"a s3cret-value b", b"s3cret-values3cret-value", b"xs3cret-val"])
)
def test_the_borders_of_chunks_do_not_leak(cuts: list[int], text: bytes) -> None:
    places = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    chunks = [text[a:b] for a, b in itertools.pairwise(places)]
    expected = text.replace(b"s3cret-value", b"****")
    masker = Masker(["s3cret-value"])
    shown = b""
    for chunk in chunks:
        shown += masker.feed(chunk)
        assert expected.startswith(shown)
    assert shown + masker.finish() == expected


@given(
    st.lists(st.text("ab", min_size=4, max_size=6), min_size=1, max_size=3),
    st.text("ab", max_size=30),
    st.integers(0, 30),
)
def test_no_value_survives_and_cuts_make_no_difference(values: list[str], text: str, cut: int) -> None:
    data = text.encode()
    whole = _through(Masker(values), data)
    assert _through(Masker(values), data[:cut], data[cut:]) == whole
    assert all(value.encode() not in whole for value in values)


def test_values_that_overlap_are_masked_together() -> None:
    assert _through(Masker(["abcd1", "d1efg", "abcd1efgh"]), b"<abcd1efg>") == b"<****>"
    assert _through(Masker(["abcd", "abcdefgh"]), b"abc", b"def", b"g!") == b"****efg!"


def test_what_cannot_become_a_value_is_shown_at_once() -> None:
    masker = Masker(["s3cret-value"])
    assert masker.feed(b"Name: ") == b"Name: "
    assert masker.feed(b"is it s3c") == b"is it "
    assert masker.feed(b"ond?") == b"s3cond?"


def test_a_value_is_found_as_programs_spell_it() -> None:
    value = 'pä"ss\\wörd\nsecond line'
    for shown in (value, repr(value), repr(value.encode()), "p%C3%A4%22ss%5Cw%C3%B6rd%0Asecond+line", "second line"):
        assert b"second" not in _through(Masker([value]), shown.encode())
        assert b"p\\xc3" not in _through(Masker([value]), shown.encode())


def test_short_values_are_left_alone() -> None:
    assert spellings("abc") == set()
    assert _through(Masker(["abc", ""]), b"abc") == b"abc"


def test_a_text_is_masked_by_itself() -> None:
    masker = Masker(["s3cret-value"])
    masker.feed(b"s3cret")
    assert masker.mask("s3cret-value and s3cret") == "**** and s3cret"
    assert masker.finish() == b"s3cret"
