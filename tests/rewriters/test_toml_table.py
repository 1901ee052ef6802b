"""Entries of `[secrets]` set, added and taken out, with every other byte as it was."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigError, UnrepresentableValueError
from ciphertool.rewriters.toml import TomlRewriter
from ciphertool.rewriters.toml_table import rewrite_entries


def _rewritten(before: str, changes: dict[str, str | None]) -> str:
    return rewrite_entries(TomlRewriter().parse(before.encode()), "secrets", changes).decode()


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ('[secrets]\na = "[x]" # c\n', {"a": "YWJj"}, '[secrets]\na = "YWJj" # c\n'),
        ("[secrets]\na = '[x]'\n", {"a": "it's"}, '[secrets]\na = "it\'s"\n'),
        ("[secrets]\na = 1\n", {"a": "x"}, '[secrets]\na = "x"\n'),
        ('[secrets]\n"a.b" = "x"\n', {"a.b": "y", "c.d": "z"}, '[secrets]\n"a.b" = "y"\n"c.d" = "z"\n'),
        ('[secrets]\na = "x"\n\n# next\n[n]\n', {"b": "y"}, '[secrets]\na = "x"\nb = "y"\n\n# next\n[n]\n'),
        ('[secrets] # c\n  [n] # d\nb = "y"\n', {"a": "x"}, '[secrets] # c\na = "x"\n  [n] # d\nb = "y"\n'),
        ("[secrets]\nl = [\n 1, # ]\n]\n[n]\n", {"a": "x"}, '[secrets]\nl = [\n 1, # ]\n]\na = "x"\n[n]\n'),
        ('[secrets]\na = "x"', {"b": "y", "c": "z"}, '[secrets]\na = "x"\nb = "y"\nc = "z"'),
        ('[secrets]\r\na = "x"\r\n', {"b": "y"}, '[secrets]\r\na = "x"\r\nb = "y"\r\n'),
        ('\ufeff[n]\na = "x"\n', {"b": "y"}, '\ufeff[n]\na = "x"\n\n[secrets]\nb = "y"\n'),
        ("[n]\r\na = 1", {"b": "y"}, '[n]\r\na = 1\r\n\r\n[secrets]\r\nb = "y"'),
        ("", {"b": "y"}, '[secrets]\nb = "y"\n'),
        ('[secrets]\na = "x" # c\nb = "y"\n', {"a": None}, '[secrets]\nb = "y"\n'),
        ('[secrets]\na = """\nx\n""" # c\nb = "y"', {"a": None, "b": "z"}, '[secrets]\nb = "z"'),
        ('[secrets]\na = "x"\n', {"a": None, "b": "y"}, '[secrets]\nb = "y"\n'),
        ('[secrets]\na = "x"', {"a": None}, "[secrets]\n"),
        ('secrets.a = "x"\nb = 1\n', {"a": "y"}, 'secrets.a = "y"\nb = 1\n'),
        ('secrets.a = "x"\nsecrets.b = "y"\n', {"a": None}, 'secrets.b = "y"\n'),
        ('secrets = { a = "x" }\n', {"a": "y"}, 'secrets = { a = "y" }\n'),
        ('secrets.a = "x"\n', {"a": None}, ""),
        ('[x]\nsecrets = "s"\n[secrets]\n[y]\n', {"a": "y"}, '[x]\nsecrets = "s"\n[secrets]\na = "y"\n[y]\n'),
        ('[secrets]\na = "x"\n', {"a": "x", "b": None}, '[secrets]\na = "x"\n'),
        ("[n]\n", {"b": None}, "[n]\n"),
        ('[secrets]\na = "[$env{X}]"\n', {"b": "[y]"}, '[secrets]\na = "[$env{X}]"\nb = "[y]"\n'),
    ],
)
def test_entries_change_in_place(before: str, changes: dict[str, str | None], after: str) -> None:
    assert _rewritten(before, changes) == after
    assert _rewritten(after, changes) == after


@pytest.mark.parametrize(
    ("before", "changes", "reason"),
    [
        ('secrets = "x"\n', {"a": "y"}, "secrets is not a table"),
        ("[[secrets]]\n", {"a": "y"}, "secrets is not a table"),
        ('secrets = { a = "x" }\n', {"b": "y"}, "secrets is a table without a header"),
        ('secrets.a = "x"\n', {"b": "y"}, "secrets is a table without a header"),
        ('[secrets.n]\na = "x"\n', {"b": "y"}, "secrets is a table without a header"),
        ("secrets = {}\n", {"b": "y"}, "secrets is a table without a header"),
        ('secrets = { a = "x" }\n', {"a": None}, "[secrets] 'a' does not stand on a line of its own"),
        ('[secrets]\na.b = "x"\n', {"a": "y"}, "[secrets] 'a' is not a single value"),
    ],
)
def test_what_cannot_be_edited_is_refused(before: str, changes: dict[str, str | None], reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _rewritten(before, changes)
    assert caught.value.message == reason


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(UnrepresentableValueError) as caught:
        _rewritten("[secrets]\n", {"a": "\ud800"})
    assert caught.value.selector == "[secrets] 'a'"


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.dictionaries(_TEXTS, _TEXTS), st.dictionaries(_TEXTS, st.none() | _TEXTS))
def test_any_alias_and_value_is_read_back(old: dict[str, str], changes: dict[str, str | None]) -> None:
    before = _rewritten("[a] # b\n[[c]] # d", dict(old))
    after = _rewritten(before, changes)
    expected = {alias: value for alias, value in {**old, **changes}.items() if value is not None}
    assert tomllib.loads(after).get("secrets", {}) == expected
    assert after.startswith("[a] # b\n[[c]] # d")
