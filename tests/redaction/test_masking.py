"""Values are masked in a stream however it is cut."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.redaction.masking import Masker, spellings
from tests.redaction.reference_masker import ReferenceMasker, random_case


def _through(masker: Masker | ReferenceMasker, *chunks: bytes) -> bytes:
    return b"".join([*(masker.feed(chunk) for chunk in chunks), masker.finish()])


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, *(min(cut, len(data)) for cut in cuts), len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@given(
    st.lists(st.integers(0, 40)), st.sampled_from([b"a s3cret-value b", b"s3cret-values3cret-value", b"xs3cret-val"])
)
def test_the_borders_of_chunks_do_not_leak(cuts: list[int], text: bytes) -> None:
    chunks = _cut(text, cuts)
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


_short = st.text("ab", max_size=9)
_values = st.lists(
    st.one_of(
        st.text("ab", min_size=4, max_size=40),
        st.builds(lambda part, times, end: part * times + end, _short, st.integers(1, 12), _short),
        st.text(max_size=20),
        st.text("a\n", min_size=4, max_size=60),
    ),
    max_size=12,
)


@given(_values, st.data(), st.lists(st.integers(0, 200)))
def test_it_masks_what_a_plain_search_at_every_byte_finds(
    values: list[str], data: st.DataObject, cuts: list[int]
) -> None:
    patterns = [text.encode("utf-8", "surrogatepass") for value in values for text in spellings(value)] or [b"x"]
    piece = st.one_of(
        st.sampled_from(patterns),
        st.sampled_from(patterns).map(lambda pattern: pattern[: len(pattern) * 2 // 3]),
        st.binary(max_size=6),
        st.text("ab", max_size=60).map(str.encode),
    )
    stream = b"".join(data.draw(st.lists(piece, max_size=12)))
    chunks = _cut(stream, cuts)
    new, reference = Masker(values), ReferenceMasker(values)
    shown, expected = b"", b""
    for chunk in chunks:
        shown += new.feed(chunk)
        expected += reference.feed(chunk)
        assert len(shown) >= len(expected)  # nothing is held back for longer than need be
    assert shown + new.finish() == expected + reference.finish() == _through(ReferenceMasker(values), stream)


@pytest.mark.parametrize("seed", range(150))
def test_it_masks_what_a_plain_search_finds_among_many_values_whenever_they_became_known(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    values, stream = random_case(chance)
    expected = _through(ReferenceMasker(values), stream)
    growing = Masker(())
    for value in chance.sample(values, len(values)):
        growing.add([value])
    for masker in (Masker(values), growing, growing.another()):
        assert _through(masker, *_cut(stream, [chance.randrange(len(stream) + 1) for _ in range(5)])) == expected


def test_what_other_values_cover_costs_nothing() -> None:
    search = Masker(["a" * length for length in range(4, 300)])._search
    assert sum(1 for _ in search.find(b"a" * 900)) == 300


def test_a_value_that_others_cover_with_a_gap_is_found() -> None:
    assert _through(Masker(["abcd", "efgh", "abcdefgh", "xabcdabcd"]), b"abcdefgh,xabcdabcd") == b"****,****"
    assert _through(Masker(["abcd", "efgh"]), b"abcdefgh") == b"********"


def test_a_mask_is_shown_before_the_value_that_goes_on_has_ended() -> None:
    masker = Masker(["abcdabcdX", "abcd"])
    assert masker.feed(b"-abcdX abcdab") == b"-****X "
    assert masker.feed(b"c.") == b"****abc."
    assert masker.finish() == b""


@pytest.mark.parametrize("length", [4, 5, 6, 7, 8, 14, 15, 16, 40])
def test_each_of_many_values_is_found_wherever_it_stands_in_a_long_text(length: int) -> None:
    chance = random.Random(length)  # noqa: S311 - not for secrets
    values = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=length)) for _ in range(200)]
    text = "".join(value + "-" * chance.randrange(1, 99) for value in values * 5)
    assert Masker(values).mask(text) == re.sub("[a-z]+", "****", text)
