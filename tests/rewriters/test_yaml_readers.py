"""YAML that readers differ on: read where one of them reads it as YAML 1.2 says, refused with its place where not."""

from __future__ import annotations

import pytest

from ciphertool.errors import ConfigSyntaxError, SelectorError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.rewriters.yaml import YamlRewriter
from ciphertool.testing import is_outlined

REWRITER = YamlRewriter()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a: [::1, 127.0.0.1, fe80::1]\np: x\n", ["::1", "127.0.0.1", "fe80::1", "x"]),
        ("a: |\n \tx\n y\np: x\n", ["\tx\ny\n", "x"]),
        ("%TOOL x\n---\np: x\n", ["x"]),
        ("a: [b?c, http://x?y=1]\np: x\n", ["b?c", "http://x?y=1", "x"]),
        ("{a: [::1], b: 'x:'}\n", ["::1", "x:"]),
    ],
)
def test_what_yaml_1_2_allows_is_read_and_protected(text: str, values: list[str]) -> None:
    document = REWRITER.parse(text.encode())
    sites = list(document.sites())
    assert [site.value for site in sites] == values
    changes = [Change(site, Reference(f"a{n}", Syntax.SEC)) for n, site in enumerate(sites)]
    protected = REWRITER.parse(rewrite(REWRITER, document, changes))
    again = list(protected.sites())
    assert [site.reference and site.reference.alias for site in again] == [f"a{n}" for n in range(len(sites))]
    back = rewrite(REWRITER, protected, [Change(new, old.value) for new, old in zip(again, sites, strict=True)])
    assert [site.value for site in REWRITER.parse(back).sites()] == values


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("b: 1\np: &db:main c4n4ry\n", 2, 4),
        ("p: !!str &db:main c4n4ry\n", 1, 4),
        ("a: 1\nb: [admin:, c4n4ry]\n", 2, 5),
        ("a: [::1]\nb: {?foo: c4n4ry}\n", 2, 6),
        ("a: 1\nb: c4n4ry\u2028\n", 2, 10),
        ('a: 1\nb: "c4n4ry\\ud83d\\ude00"\n', 2, 4),
        ("a: *c4n4ry\n", 1, 4),
        (f"a: {'[' * 501}\n", 1, 503),
    ],
)
def test_what_readers_differ_on_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        REWRITER.parse(text.encode())
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "c4n4ry" not in str(caught.value)


def test_a_text_that_neither_parser_reads_is_refused_in_the_words_of_libyaml() -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        REWRITER.parse(b"a: 1\nb: [\nc: c4n4ry\n")
    assert caught.value.reason.startswith("not well-formed YAML: did not find")


REPEATED = """\
x: {k: one, k: two, l: three}
list:
- k: {a: four}
  k: {a: five}
m: &m {a: six}
n:
  <<: *m
  <<: *m
  p: seven
1: eight
01: nine
'2': ten
two: [1, 1]
"""


def test_equal_keys_matter_only_to_what_they_hold() -> None:
    document = REWRITER.parse(REPEATED.encode())
    assert [site.value for site in document.sites()] == ["three", "six", "seven", "ten", "1", "1"]
    assert sorted(site.value for site in document.shadowed()) == ["eight", "five", "four", "nine", "one", "two"]
    assert is_outlined(document)
    refused = ["$.x.k", "$.list[0].k.a", "$['1']", "$['01']", "$.x.*"]
    for error, line in zip(document.locate(refused), (1, 4, 10, 11, 1), strict=True):
        assert isinstance(error, SelectorError)
        assert "occurs more than once" in error.reason
        assert error.line == line
    for found in document.locate(["$.x.l", "$.n.p", "$['2']"]):
        assert isinstance(found, tuple)
        protected = rewrite(REWRITER, document, [Change(found[0], Reference("a", Syntax.SEC))]).decode()
        assert protected == REPEATED.replace(found[0].value, "${sec:a}" if found[0].key != "x.l" else '! "${sec:a}"')


def test_a_reference_under_equal_keys_is_reported() -> None:
    (error,) = REWRITER.parse(b"a:\n  k: ${sec:a}\n  k: 2\n").strays()
    assert (error.selector, error.line) == ("$['a']['k']", 2)
    assert list(REWRITER.parse(b"k: ${sec:a}\nl: 2\n").strays()) == []


def test_load_refuses_equal_keys_by_their_name() -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        REWRITER.load(b"a: 1\na: 2\n", str)
    assert (caught.value.reason, caught.value.line) == ("a duplicate key in a mapping", 2)
