"""How references inside a value are found: which they are, where a URL holds them, and in linear time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool import references, rewriters

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("value", "aliases"),
    [
        ("${sec:a}", ["a"]),
        ("x ${sec: a }$secret{b c}", ["a", "b c"]),
        ("${sec:a ${sec:b}", ["a ${sec:b"]),
        ("${sec:a\n${sec:b}", ["b"]),
        ("${sec:a\n}$secret{}${sec:b} ${sec:c", ["b"]),
        ("${sec:a {wso2:vault-lookup('b')}", ["a {wso2:vault-lookup('b')"]),
        ("${sec:a {wso2:vault-lookup(\n'b')}", ["b"]),
        ("{wso2:vault-lookup('${sec:a')}${sec:b}", ["${sec:a", "b"]),
        ("{wso2:vault-lookup('a}${sec:b}", ["b"]),
    ],
)
def test_an_alias_is_all_that_stands_before_the_brace(value: str, aliases: list[str]) -> None:
    found = list(references.find(value))
    assert [reference.alias for reference in found] == aliases
    assert references.within(["$", value]) == [1]
    assert all(value[reference.end - 1] == "}" for reference in found)


@pytest.mark.parametrize(
    ("value", "in_url"),
    [
        ("amqp://u:${sec:a}@h", [True]),
        ("amqp://u:${sec:a}", [False]),
        ("x://a://u:${sec:a}@h", [True]),
        ("x://h/d?user=u&password=$secret{a}&ssl=${sec:b}", [True, True]),
        ("x://h/d?user=u#password=${sec:a}", [False]),
        ("x://h/d?a=b=${sec:a}", [False]),
        ("password=${sec:a} x://h?b=${sec:b}", [False, True]),
        ("u:${sec:a}@h", [False]),
    ],
)
def test_a_reference_knows_that_it_is_in_a_url(value: str, in_url: list[bool]) -> None:
    found = list(references.find(value))
    assert [reference.in_url for reference in found] == in_url
    assert [references.is_in_url(value, reference.start, reference.end) for reference in found] == in_url


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("${sec:" * 100_000, 0),
        ("$secret{" * 100_000 + "\n}", 0),
        ("${sec:{wso2:vault-lookup('" * 30_000, 0),
        ("://?a=${sec:a}" + "&=${sec:a}" * 30_000, 30_001),
        ("://" * 30_000 + "a=${sec:a}", 1),
        ("://u" + ":${sec:a}@" * 30_000, 30_000),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_value_is_read_once(value: str, count: int) -> None:
    before = time.process_time()
    assert len(list(references.find(value))) == count
    assert time.process_time() - before < 3  # read to its end for each reference, it takes minutes


def _xml(character: str, way: int) -> str:
    number = f"&#{ord(character)};", f"&#x{ord(character):x};"
    return (character, *number, f"<![CDATA[{character}]]>", f"<!---->{character}", f"{character}<?p?>")[way]


def _properties(character: str, way: int) -> str:
    backslash = character if character in "tnrfu" else f"\\{character}"
    return (character, f"\\u{ord(character):04X}", backslash, f"{character}\\\n  ")[way % 4]


def _quoted(character: str, way: int) -> str:
    return (character, f"\\u{ord(character):04x}")[way % 2]


def _double(character: str, way: int) -> str:
    return (character, f"\\u{ord(character):04x}", f"\\U{ord(character):08x}", f"{character}\\\n ")[way % 4]


@given(
    reference=st.sampled_from(["${sec:a}", "$secret{a}", "{wso2:vault-lookup('a')}", "{ciphertool:a}"]),
    form=st.sampled_from(
        [
            ("xml", "<a><b>x{}y</b></a>", _xml),
            ("properties", "k=x{}y\n", _properties),
            ("json", '{{"k": "x{}y"}}', _quoted),
            ("toml", 'k = """x{}y"""\n', _double),
            ("yaml", 'k: "x{}y"\n', _double),
        ]
    ),
    ways=st.lists(st.integers(0, 5), min_size=30, max_size=30),
    utf_16=st.booleans(),
)
def test_no_spelling_of_a_reference_is_overlooked(
    reference: str, form: tuple[str, str, Callable[[str, int], str]], ways: list[int], utf_16: bool
) -> None:
    name, document, spell = form
    text = document.format("".join(spell(character, way) for character, way in zip(reference, ways, strict=False)))
    data = text.encode("utf-16" if utf_16 and name in ("xml", "yaml", "json") else "utf-8")
    [site] = rewriters.by_name(name).parse(data).sites()
    assert [found.alias for found in references.find(site.value)] == ["a"]
    assert references.has_mark(data) or references.has_escapes(data)


def test_what_formats_escape_anyway_is_no_reason_to_parse_a_file() -> None:
    text = '<!-- (c) -->\n<a b="&quot;&lt;">\n  <!-- x -->\n C:\\\\new "\\n\\t\\"\\u00e4" &amp;&#160;&#8364;</a>\n'
    assert not references.has_mark(text.encode())
    assert not references.has_escapes(text.encode())
    assert not references.has_escapes(text.encode("utf-16"))
