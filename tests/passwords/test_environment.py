"""Passwords from environment variables: which ones, and what each property of the source says."""

from __future__ import annotations

import os

import pytest

from ciphertool.errors import PasswordSourceError
from ciphertool.passwords import Environment, Passwords


def test_the_variables_may_have_other_names() -> None:
    source = Environment({"STORE": "a", "KEY": "b", "CIPHERTOOL_KEYSTORE_PASSWORD": "no"}, "STORE", "KEY")
    assert source.read() == Passwords("a", "b")
    assert (source.name, source.variables, source.files) == ("the environment variable STORE", ("STORE", "KEY"), ())
    with pytest.raises(PasswordSourceError, match="STORE is not set") as caught:
        Environment({"KEY": "b"}, "STORE", "KEY").read()
    assert caught.value.source == "the environment variable KEY"
    assert caught.value.hint == "set both, or put the key password on line 2 of the password file and unset KEY"


@pytest.mark.skipif(os.name != "posix", reason="other bytes in the environment exist on POSIX only")
def test_a_key_password_of_other_bytes_is_refused_too() -> None:
    given = {"CIPHERTOOL_KEYSTORE_PASSWORD": "a", "CIPHERTOOL_KEY_PASSWORD": os.fsdecode(b"c4n4ry\xff")}
    with pytest.raises(PasswordSourceError, match="not UTF-8 text") as caught:
        Environment(given).read()
    assert caught.value.source == "the environment variable CIPHERTOOL_KEY_PASSWORD"
    assert "c4n4ry" not in str(caught.value)


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": "", "CIPHERTOOL_KEY_PASSWORD": ""}).read() is None
    assert Environment({}).read() is None
