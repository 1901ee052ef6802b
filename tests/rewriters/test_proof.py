"""The proof that every format strengthens: sites, values, and which secret each reference stands for."""

from __future__ import annotations

import pytest

from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import by_name
from ciphertool.rewriters.base import Change, Document

BEFORE = b"a: one\nb: two\n"


def _proves(after: bytes, *, alias: str | None = "x", value: str | None = None) -> bool:
    """Tell whether the base proof takes `after` for `BEFORE` with `a` changed to a reference or to a value."""
    rewriter = by_name("yaml")
    before, found = rewriter.parse(BEFORE), rewriter.parse(after)
    site = next(site for site in before.sites() if site.key == "a")
    change = Change(site, Reference(alias or "", Syntax.SEC) if value is None else value)
    return Document.proves(found, before, [change])


def test_the_planned_change_is_proved() -> None:
    assert _proves(b"a: ${sec:x}\nb: two\n")
    assert _proves(b"a: three\nb: two\n", value="three")


@pytest.mark.parametrize(
    "after",
    [
        b"a: ${sec:y}\nb: two\n",  # the reference of another secret
        b"a: one\nb: two\n",
        b"a: ${sec:x}\nb: three\n",
        b"a: ${sec:x}\nb: ${sec:x}\n",
        b"a: ${sec:x}\n",
        b"a: ${sec:x}\nb: two\nc: three\n",
        b"b: ${sec:x}\na: two\n",
    ],
)
def test_anything_else_is_not_proved(after: bytes) -> None:
    assert not _proves(after)


@pytest.mark.parametrize("after", [b"a: three\nb: three\n", b"a: ${sec:x}\nb: two\n", b"a: four\nb: two\n"])
def test_another_value_is_not_proved(after: bytes) -> None:
    assert not _proves(after, value="three")
