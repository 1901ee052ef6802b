"""The chain: who is asked when, how often, and that passwords are compared whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciphertool.errors import NoPasswordError
from ciphertool.passwords import (
    Environment,
    PasswordChain,
    Passwords,
    Prompt,
)


class Source:
    """A source that counts how often it is asked."""

    name = "a source"
    variables = ("ITS_VARIABLE",)

    def __init__(self, gives: Passwords | None = None) -> None:
        self.gives = gives
        self.asked = 0

    def read(self) -> Passwords | None:
        self.asked += 1
        return self.gives


def _typed() -> str:
    raise AssertionError("a person is asked")


def test_passwords_are_equal_in_all_or_not_at_all() -> None:
    whole = Passwords("a", "b", Path("f"))
    assert whole == Passwords("a", "b", Path("f"))
    others = (Passwords("x", "b", Path("f")), Passwords("a", "x", Path("f")), Passwords("a", "b"), Passwords("a"))
    for other in (*others, "a", None, ("a", "b", Path("f"))):
        assert whole != other
        assert (whole == other) is False
    assert whole.__eq__("a") is NotImplemented


def test_each_source_is_asked_once_also_if_it_has_nothing() -> None:
    empty, full, later = Source(), Source(Passwords("a")), Source(Passwords("b"))
    chain = PasswordChain([empty, full, later])
    assert [chain.read_unasked(), chain.read(), chain.read_unasked()] == [Passwords("a")] * 3
    assert [source.asked for source in (empty, full, later)] == [1, 1, 0]
    none = PasswordChain([empty, Prompt(lambda: None)])
    assert none.read_unasked() is None
    assert none.read_unasked() is None
    with pytest.raises(NoPasswordError):
        none.read()
    assert empty.asked == 2


class Completing(Source):
    """A source that states a key's password beside a keystore password."""

    name = "a statement"
    completes = True


def test_a_source_that_completes_adds_the_keys_password_to_the_same_keystore_password() -> None:
    chain = PasswordChain([Source(Passwords("a", source="FIRST")), Completing(Passwords("a", "k"))])
    assert chain.read() == Passwords("a", "k")
    assert (chain.read().source, chain.read().key_source) == ("FIRST", "a statement")
    for first, stated in (("b", Passwords("a", "k")), ("b", None)):
        assert PasswordChain([Source(Passwords(first)), Completing(stated)]).read() == Passwords(first)
    assert PasswordChain([Source(Passwords("a", "own")), Completing(Passwords("a", "k"))]).read().key == "own"


def test_nobody_is_asked_while_there_is_another_source_or_none_is_to_be_asked() -> None:
    chain = PasswordChain([Prompt(_typed), Source(Passwords("a"))])
    assert chain.read_unasked() == chain.read() == Passwords("a")
    assert PasswordChain([Prompt(_typed), Source()]).read_unasked() is None


def test_what_a_person_typed_is_kept() -> None:
    typed = iter(["first", "second"])
    chain = PasswordChain([Source(), Prompt(lambda: next(typed))])
    assert chain.read() == chain.read() == Passwords("first")
    assert chain.read_unasked() == Passwords("first")
    assert Prompt(lambda: "").read() == Passwords("")


def test_a_chain_names_the_variables_of_all_its_sources() -> None:
    chain = PasswordChain([Environment({}, "STORE", "KEY"), Source(), Prompt(_typed)])
    assert chain.variables == {"STORE", "KEY", "ITS_VARIABLE"}
    assert chain.variables == frozenset(chain.variables)
