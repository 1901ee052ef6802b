"""INI with quotes: what lies between them is the value, and what readers differ on is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import by_name
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.rewriters.quoted_ini import QuotedIniRewriter
from ciphertool.testing import RewriterContract

if TYPE_CHECKING:
    from collections.abc import Mapping

REWRITER = QuotedIniRewriter()
PHP = b"""\
; c
extension=redis.so
extension=lzf.so
[PHP]
  mysqli.default_pw = "p#ss; word"  ; comment
\tother='it "is"'
flag
empty =
bare = a:b
"""


def _value(line: str) -> str | None:
    """Read a line by a grammar of its own, of which the module's is to be the same where it takes a value at all."""
    found = re.match(r"""^[^=]+=\s*(?:"([^"\\]*)"|'([^'\\]*)'|([^"'#;\\]*?))\s*(?:[#;].*)?$""", line)
    return next((value for value in found.groups() if value is not None), None) if found else None


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (PHP, b"\xef\xbb\xbf[a \"b\"]\r\n\tk = v\r\n\tk = 'w'\r\n")
    damaged = (b"= c4n4ry-7d1f\n", b"[s]\n = c4n4ry-7d1f\n")

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        values: dict[str, str] = {}
        section = ""
        for line in data.decode("utf-8-sig").splitlines():
            if line.lstrip().startswith("["):
                section = line.strip()[1:-1] + "/"
            elif "=" in line and (value := _value(line)):
                key = section + line.partition("=")[0].strip().lower()
                values[f"{key}[0]" if line.strip() in ("extension=redis.so", "k = v") else key] = value
        return {f"{key}[1]" if key in ("extension", 'a "b"/k') else key: value for key, value in values.items()}


def test_the_format_is_known_by_its_name() -> None:
    assert isinstance(by_name("quoted-ini"), QuotedIniRewriter)


@pytest.mark.parametrize("value", [b'a"b', b"a#b", b"a;b", b"a\\b", b'"a" "b"', b'"a\\"b"', b"'a"])
def test_a_value_that_readers_differ_on_is_refused(value: bytes) -> None:
    (found,) = REWRITER.parse(b"[s]\nk = " + value + b"\n").locate(["s/k"])
    assert isinstance(found, SelectorError)
    assert "readers differ" in found.reason
    assert found.line == 2


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        (b'k = "a" # c\n', "b", b'k = "b" # c\n'),
        (b"k = 'a'\n", 'b"', b"k = 'b\"'\n"),
        (b'k = "a"\n', 'b"', b"k = 'b\"'\n"),
        (b"k = a\n", "b c", b'k = "b c"\n'),
        (b"k = a\n", "b-c", b"k = b-c\n"),
    ],
)
def test_a_value_stands_in_quotes_where_it_needs_them(before: bytes, value: str, after: bytes) -> None:
    document = REWRITER.parse(before)
    (site,) = document.sites()
    assert rewrite(REWRITER, document, [Change(site, value)]) == after


@given(st.text(alphabet="ab\"'\\#; \n=[]é", max_size=8))
def test_any_value_that_is_written_is_read_again(value: str) -> None:
    document = REWRITER.parse(b"[s]\nk = $secret{a}\nl = 1\n")
    site = next(document.sites())
    try:
        data = rewrite(REWRITER, document, [Change(site, value)])
    except UnrepresentableValueError:
        assert re.search(r"[\\\n]|\"(?s:.)*'|'(?s:.)*\"", value)
        return
    again = REWRITER.parse(data)
    assert [each.value for each in again.sites()] == [value, "1"]
    protected = rewrite(REWRITER, again, [Change(next(again.sites()), Reference("a", Syntax.SECRET))])
    assert next(REWRITER.parse(protected).sites()).reference is not None
