"""What is ruled out at once is what the tables rule out line by line, whatever the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ciphertool import references
from ciphertool.detection import comments, harmless, known_settings
from ciphertool.rewriters.ini import IniDocument
from ciphertool.rewriters.xml.document import XmlDocument

_VALUES = st.one_of(
    st.text(),
    st.text("aZ9 .:/\\=-_$@", max_size=12),
    *map(st.from_regex, (harmless._ROOTED, harmless._NAMED_FILE, harmless._FOLDER, harmless._URL)),
)


_LOOKUPS = ("{wso2:vault-lookup('a", "wso2:vault-lookup('a", "')")


def _joined(*pieces: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=9).map("".join)


@settings(max_examples=1000, deadline=None)
@given(value=_VALUES)
def test_what_has_no_sign_of_a_place_is_none(value: str) -> None:
    is_place = harmless.is_path(value) or harmless.may_be_path(value) or harmless.is_url(value)
    assert harmless.may_be_place(value) or not is_place


@settings(max_examples=1000, deadline=None)
@given(_joined("/", "//", "/*", "*/", " ", "\t", "\n", "\r", ",", "{", "[", '"', ":", "a", "http://", "\\"))
def test_a_json_text_has_a_comment_if_it_has_a_sign_of_one(text: str) -> None:
    assert comments._may_have_json_comment(text) == (comments._MAY_BE_JSON_COMMENT.search(text) is not None)


@settings(max_examples=1000, deadline=None)
@given(
    values=st.lists(_joined("${sec:a", "$secret{a", "{ciphertool:a", "secretAlias:a", "{", "}", "$", *_LOOKUPS)),
    whole=st.booleans(),
)
@example(values=["", "secretAlias:a", "x"], whole=True)
def test_the_values_with_references_are_those_in_which_one_is_found(values: list[str], whole: bool) -> None:
    def has_one(value: str) -> bool:
        alone = references.parse(value, whole=whole)
        return alone is not None or any(references._inside(value)) or any(references.mentions(value))

    assert references.within(values, whole=whole) == [n for n, value in enumerate(values) if has_one(value)]


@settings(max_examples=1000, deadline=None)
@given(_joined("<", ">", "!", "?", "&", "]", " ", "\n", "a"))
def test_an_xml_text_spells_words_otherwise_only_with_an_escape(text: str) -> None:
    escaped = re.search(r"&|<[!?](?<=[^\s>]..)|\]\]>[^\s<]", text)
    assert (XmlDocument.escapes.search(text) is None) == (escaped is None)


@given(st.text("\0a\\\n"))
def test_an_ini_text_has_no_escapes(text: str) -> None:
    assert IniDocument.escapes.search(text) is None


@pytest.mark.parametrize("line", known_settings._SECRETS, ids=lambda line: line[1])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_the_key_of_a_known_secret_has_its_word(
    line: tuple[re.Pattern[str], str, re.Pattern[str]], data: st.DataObject
) -> None:
    _, word, keys = line
    assert word in data.draw(st.from_regex(re.compile(keys.pattern, keys.flags & ~re.IGNORECASE)))
