"""How references inside a value are found: which they are, where a URL holds them, and in linear time."""

from __future__ import annotations

import time

import pytest

from ciphertool import references


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
