"""Two versions of a vault, merged alias by alias: nothing is lost, and nothing is decided that only a person can."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigError
from ciphertool.files import Snapshot
from ciphertool.repository import repository_of
from ciphertool.repository.merging import Merged, merge

PATH = Path("vault.properties")
OPS, CI = "a" * 16, "b" * 16


def _vault(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _value(alias: str, text: str) -> str:
    return f"{alias}=[{text}]"


def _envelope(alias: str, key: str) -> str:
    return f"{alias}=ENC[JWE,{key},e30..AAAA.AAAA.AAAA]"


def _key(key: str, *recipients: str) -> list[str]:
    return [f"{{{key}}}{recipient}=e30.AAAA.AAAA.AAAA.AAAA" for recipient in recipients]


def _merged(base: bytes, ours: bytes, theirs: bytes) -> Merged:
    return merge(base, ours, theirs, PATH)


BASE = _vault(_value("a", "1"), _value("b", "2"), _value("c", "3"))


def test_additions_at_one_place_both_stay_in_order() -> None:
    ours = BASE.replace(b"b=", b"aa=[x]\nb=")
    theirs = BASE.replace(b"b=", b"ab=[y]\nb=")
    assert _merged(BASE, ours, theirs) == (BASE.replace(b"b=", b"aa=[x]\nab=[y]\nb="), ())


def test_a_change_a_removal_and_an_addition_are_taken_over() -> None:
    ours = BASE.replace(b"[1]", b"[new]")
    theirs = _vault(_value("b", "2"), _value("c", "3"), _value("d", "4")).replace(b"b=[2]\n", b"")
    theirs = b"a=[1]\n" + theirs
    assert _merged(BASE, ours, theirs).data == _vault(_value("a", "new"), _value("c", "3"), _value("d", "4"))
    assert _merged(BASE, theirs, ours) == _merged(BASE, ours, theirs)


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    same = BASE.replace(b"[1]", b"[new]")
    assert _merged(BASE, same, same) == (same, ())


@pytest.mark.parametrize("other", ["a=[theirs]\n", ""], ids=["changed", "removed"])
def test_one_alias_changed_on_both_sides_stands_there_twice(other: str) -> None:
    ours, theirs = BASE.replace(b"[1]", b"[ours]"), BASE.replace(b"a=[1]\n", other.encode())
    found = _merged(BASE, ours, theirs + b"d=[4]\n")
    assert found.data.decode() == f"<<<<<<< ours\na=[ours]\n=======\n{other}>>>>>>> theirs\nb=[2]\nc=[3]\nd=[4]\n"
    assert found.conflicts == ("a: changed on both sides",)


def test_content_keys_of_both_sides_stay() -> None:
    one, two = "1" * 12, "2" * 12
    ours = BASE + _vault(_envelope("d", one), *_key(one, OPS, CI))
    theirs = BASE + _vault(_envelope("e", two), *_key(two, OPS, CI))
    found = _merged(BASE, ours, theirs)
    assert found.conflicts == ()
    keys = repository_of("native", Snapshot(PATH, PATH, found.data)).keys
    assert {key: set(wrapped) for key, wrapped in keys.items()} == {one: {OPS, CI}, two: {OPS, CI}}


def test_a_value_whose_content_key_one_side_has_removed_is_a_conflict() -> None:
    old, new = "1" * 12, "2" * 12
    base = _vault(_envelope("a", old), *_key(old, OPS))
    ours = _vault(_envelope("a", new), *_key(new, OPS))
    theirs = _vault(_envelope("a", old), _envelope("b", old), *_key(old, OPS))
    found = _merged(base, ours, theirs)
    assert found.conflicts == ("b: one side has removed its content key; restore that side's value",)
    assert b"<<<<<<< ours\n=======\nb=ENC[" in found.data


def test_a_recipient_removed_on_one_side_and_a_value_added_on_the_other_is_said() -> None:
    one, two = "1" * 12, "2" * 12
    base = _vault(_envelope("a", one), *_key(one, OPS, CI))
    ours = _vault(_envelope("a", one), *_key(one, OPS))
    theirs = base + _vault(_envelope("b", two), *_key(two, OPS, CI))
    (conflict,) = _merged(base, ours, theirs).conflicts
    assert conflict.startswith(f"only part of the vault is encrypted to {CI}")


def test_comments_come_from_the_side_that_changed_them() -> None:
    ours, theirs = BASE.replace(b"[1]", b"[new]"), b"# about a\n" + BASE + b"d=[4]\n"
    assert _merged(BASE, ours, theirs) == (theirs.replace(b"[1]", b"[new]"), ())
    with pytest.raises(ConfigError, match="both sides have changed its comments"):
        _merged(BASE, b"# another\n" + ours, theirs)


_VAULTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"), max_size=6)


@given(base=_VAULTS, ours=_VAULTS, theirs=_VAULTS)
def test_each_alias_is_what_three_versions_of_it_make(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]
) -> None:
    """Whatever three vaults there are: what one side alone changed is there, and the rest is a conflict."""
    texts = [_vault(*(_value(*item) for item in sorted(each.items()))) for each in (base, ours, theirs)]
    found = _merged(*texts)
    expected: dict[str, str] = {}
    disputed: set[str] = set()
    for alias in {**base, **ours, **theirs}:
        versions = base.get(alias), ours.get(alias), theirs.get(alias)
        if versions[1] != versions[2] and versions[0] not in versions[1:]:
            disputed.add(alias)
        else:
            changed = versions[2] if versions[1] == versions[0] else versions[1]
            expected |= {} if changed is None else {alias: changed}
    assert {conflict.partition(":")[0] for conflict in found.conflicts} == disputed
    if not disputed:
        entries = repository_of("native", Snapshot(PATH, PATH, found.data)).entries
        assert list(entries) == sorted(expected)
        assert found.data == _vault(*(_value(*item) for item in sorted(expected.items())))
