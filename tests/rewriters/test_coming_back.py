"""What a YAML document says of how its values come back: never that one does which does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Site, rewrite
from ciphertool.rewriters.yaml import YamlRewriter

if TYPE_CHECKING:
    from ciphertool.rewriters.yaml.document import YamlDocument

YAML = YamlRewriter()
AROUND = [
    "k: {}\n",
    "k: {} # c\n",
    "- {}\n",
    "k: [{}]\n",
    "{{k: {}}}\n",
    "k: &a {}\n",
    "k: !!str {}\n",
    "k: {}#c\n",
    "{}",
]
CONTENT = st.text("ab1.eE+-:_?#'\"{}[]|>~!&*@%$,\\ \n\tnulyso", max_size=12)


def _place(data: bytes) -> tuple[YamlDocument, Site]:
    document = YAML.parse(data)
    sites = [*document.sites()]
    if len(sites) != 1:
        raise ConfigSyntaxError("not one value")
    (site,) = sites
    (found,) = document.locate([site.selector])
    if isinstance(found, SelectorError):
        raise found
    return document, site


def _claim_and_truth(data: bytes) -> tuple[bool, bool]:
    """Return whether a value is said to come back, and whether the same file does."""
    document, site = _place(data)
    change = Change(site, Reference("a.b/c-1", Syntax.SEC))
    edits = document.edits([change])
    protected = rewrite(YAML, document, [change])
    _, reference = _place(protected)
    assert reference.reference is not None
    try:
        back = rewrite(YAML, YAML.parse(protected), [Change(reference, site.value)])
    except UnrepresentableValueError:
        back = b""
    return document.comes_back(site, edits[-1].text), back == data


@given(st.sampled_from(AROUND), st.sampled_from(["{}", "'{}'", '"{}"', "|\n  {}", ">-\n  {}"]), CONTENT)
def test_what_is_said_to_come_back_does(around: str, style: str, content: str) -> None:
    try:
        claimed, true = _claim_and_truth(around.format(style.format(content)).encode())
    except (ConfigSyntaxError, SelectorError, UnrepresentableValueError):  # no document with one value
        reject()
    assert true or not claimed


@pytest.mark.parametrize(
    "value", ["s3cret", "'s3cret'", '"s3cret"', "12345678", "1e5", "yes", "'it''s'", '"a\\nb"', "a b"]
)
@pytest.mark.parametrize("around", ["k: {}\n", "k: [{}]\n", "k: &a {}\n"])
def test_usual_values_are_said_to_come_back(around: str, value: str) -> None:
    assert _claim_and_truth(around.format(value).encode()) == (True, True)


@pytest.mark.parametrize(
    "value",
    ['"\\u0061"', "|\n  block", '"two\n  lines"', "two\n  lines", '"\\x41"', "'a\n\n  b'"],
)
def test_an_unusual_spelling_is_not_said_to_come_back(value: str) -> None:
    assert _claim_and_truth(f"k: {value}\n".encode()) == (False, False)
