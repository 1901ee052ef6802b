"""YAML: the contract of every rewriter, how values come back, what is loaded, and life without libyaml."""

from __future__ import annotations

import datetime
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from ciphertool.errors import ConfigSyntaxError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference
from ciphertool.rewriters.base import Change, Source, rewrite
from ciphertool.rewriters.jsonpath import normalized
from ciphertool.rewriters.yaml import YamlRewriter
from ciphertool.rewriters.yaml.spelling import Style, can_be_plain, quoted
from ciphertool.rewriters.yaml.stream import read
from ciphertool.testing import RewriterContract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ciphertool.rewriters.base import Site


class TestYaml(RewriterContract):
    rewriter = YamlRewriter()
    documents = (
        b"password: hunter2\n",
        b"# c\r\na: 'it''s'   # d\r\nb:\r\n  - \"x\\ty\"\r\n  - plain text # e\r\n",
        b"\xef\xbb\xbfa: {b: c, d: ['e', \"f\"]}\n",
        "a: ü€😀 # 😀\nb: x\n".encode("utf-16"),
        b"a: |  # c\n  one\n  two\n\nb: >-\n  three\n  four\nc: multi\n  line\n",
        b"port: 8080\non: true\npi: 3.14\nday: 2001-01-01\nnothing: ~\nempty: ''\nquoted: 'null'\n",
        b"a: &x b\nc: *x\nd: &m {e: f}\ng:\n  <<: *m\n  h: !!str 12\n",
        b"a: 1\n---\na: two\n---\n- three\n",
        b"? k\n: v\n8080: w\n'q': z\n\"it's\": y\n",
        b"just text",
    )
    damaged = (
        b"a: c4n4ry-7d1f\nb: [\n",
        b"a:\n\tb: c4n4ry-7d1f\n",
        b"a: 'c4n4ry-7d1f\n",
        b"c4n4ry-7d1f: c4n4ry-7d1f: x\n",
        b"a: !c4n4ry-7d1f!x y\n",
        b'a: "\\c4n4ry-7d1f"\n',
        b"a: \xff c4n4ry-7d1f\n",
        b"a: c4n4ry-7d1f\x01\n",
        "a: c4n4ry-7d1f\u2028\n".encode(),
        b"[" * 501,
        b"%YAML 3.0\n--- c4n4ry-7d1f\n",
    )

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        text = data.decode("utf-16" if data[:1] == b"\xff" else "utf-8-sig")
        documents = [_texts(node) for node in YAML(typ="safe", pure=True).compose_all(text)]
        several = len(documents) > 1
        return {
            normalized(place, number if several else None): value
            for number, values in enumerate(documents)
            for place, value in values.items()
        }


def _texts(root: Any) -> dict[tuple[str | int, ...], str]:
    """Return the text of every scalar that stands in its place itself and is not null or empty."""
    found: dict[tuple[str | int, ...], str] = {}
    seen: set[int] = set()

    def visit(node: Any, place: tuple[str | int, ...]) -> None:
        if id(node) in seen:  # an alias
            return
        seen.add(id(node))
        if node.id == "mapping":
            for key, value in node.value:
                if key.id == "scalar":
                    visit(value, (*place, key.value))
        elif node.id == "sequence":
            for index, value in enumerate(node.value):
                visit(value, (*place, index))
        elif node.value and not node.tag.endswith(":null"):
            found[place] = node.value

    visit(root, ())
    return found


REWRITER = YamlRewriter()


def _put(text: str, change: Callable[[Site], Reference | str], selector: str = "$.p") -> str:
    document = REWRITER.parse(text.encode())
    (found,) = document.locate([selector])
    assert isinstance(found, tuple)
    return rewrite(REWRITER, document, [Change(site, change(site)) for site in found]).decode()


@pytest.mark.parametrize(
    ("reference", "value", "expected"),
    [
        ("${sec:a}", "hunter2", "hunter2"),
        ("${sec:a}", "12345", '"12345"'),
        ("${sec:a}", "no", '"no"'),
        ("${sec:a}", "~", '"~"'),
        ("${sec:a}", "a: b", '"a: b"'),
        ("${sec:a}", "", '""'),
        ("${sec:a}", "\u2028\x85\ufeff\U0001f600", '"\\u2028\\x85\\ufeff\U0001f600"'),
        ("! ${sec:a}", "12345", "12345"),
        ("! ${sec:a}", "true", "true"),
        ("! ${sec:a}", "null", '"null"'),
        ("! ${sec:a}", "a: b", '"a: b"'),
        ("'${sec:a}'", "12345", "'12345'"),
        ("'${sec:a}'", "it's", "'it''s'"),
        ("'${sec:a}'", "a\nb", '"a\\nb"'),
        ('"${sec:a}"', 'a"\\b', '"a\\"\\\\b"'),
        ("!!str ${sec:a}", "12345", "!!str 12345"),
        ("&x ! ${sec:a}", "12345", "&x 12345"),
        ("! &x ${sec:a}", "12345", '! &x "12345"'),
        ('["${sec:a}"]', "b", '["b"]'),
        ('[! "${sec:a}"]', "b", "[b]"),
        ('[! "${sec:a}"]', "b,c", '["b,c"]'),
    ],
)
def test_a_revealed_value_is_spelled(reference: str, value: str, expected: str) -> None:
    selector = "$.p[0]" if reference.startswith("[") else "$.p"
    assert _put(f"p: {reference}\n", lambda _: value, selector) == f"p: {expected}\n"


def test_a_value_that_stands_already_is_not_respelled() -> None:
    text = "p: 1234\nq: 'x'\n"
    assert _put(text, lambda site: site.value, "$.*") == text


@pytest.mark.parametrize(
    ("text", "reason"), [("p: a\n", "lone surrogate"), ("p: a\n \t\n", "tabs"), ("p: '\\'\n", "lone surrogate")]
)
def test_what_yaml_cannot_hold_is_refused(text: str, reason: str) -> None:
    value = "1" if reason == "tabs" else "\ud800"
    with pytest.raises(UnrepresentableValueError, match=reason) as caught:
        _put(text, lambda _: value)
    assert caught.value.selector == "$['p']"


def test_nothing_is_written_where_no_value_stands() -> None:
    document = REWRITER.parse(b"p:\nq: 1\n")
    site = next(document.sites())
    assert (site.selector, site.value) == ("$['p']", "")
    with pytest.raises(UnrepresentableValueError) as caught:
        document.edits([Change(site, "a")])
    assert caught.value.selector == "$['p']"


def test_the_characters_of_a_plain_scalar_are_those_that_all_readers_print() -> None:
    printed = [(0x21, 0x7E), (0xA0, 0x2027), (0x202A, 0xD7FF), (0xE000, 0xFEFE), (0xFF00, 0xFFFD), (0x10000, 0x10FFFF)]
    edges = {code + step for span in printed for code in span for step in (-1, 0, 1)} | {0, 9, 10, 0x7F, 0x85}
    for code in sorted(edges - {0x110000, 0x20}):
        is_printed = any(first <= code <= last for first, last in printed)
        assert can_be_plain(f"a{chr(code)}b", flow=False) is is_printed, hex(code)
        assert (quoted(f"a{chr(code)}", Style.SINGLE)[0] == "'") is is_printed, hex(code)


def test_sites_say_where_they_are() -> None:
    sites = list(REWRITER.parse(b"a:\n  - b: 'x'\n---\nc.d: |\n  y\n  z\n\n").sites())
    assert [(s.selector, s.key, s.line, s.start, s.end) for s in sites] == [
        ("doc[0]$['a'][0]['b']", "a.0.b", 2, 10, 13),
        ("doc[1]$['c.d']", "c.d", 4, 23, 32),
    ]


def test_complex_keys_hide_what_is_below_and_nothing_else() -> None:
    document = REWRITER.parse(b"? [a]\n: {p: x}\nq: 1\n? {b: c}\n: d\n&r r: e\n? *r\n: f\ns: g\n")
    assert [site.selector for site in document.sites()] == ["$['q']", "$['r']", "$['s']"]
    assert [site.value for site in document.sites()] == ["1", "e", "g"]


def test_references_are_read_in_both_spellings() -> None:
    sites = list(REWRITER.parse(b"a: ${sec:x}\nb: '$secret{y}'\nc: a ${sec:z}\nd: secretAlias:w\n").sites())
    assert [site.reference.alias if site.reference else None for site in sites] == ["x", "y", None, None]


_BEFORE = b"p: a\nq: &x [b, *x]\nr: ! 1\ns: &y {}\nt: *x\n"


def _is_proved(after: bytes, to: Reference | str, before: bytes = _BEFORE) -> bool:
    document = REWRITER.parse(before)
    (found,) = document.locate(["$.p"])
    assert isinstance(found, tuple)
    return document.is_proved_by(REWRITER, after, [Change(site, to) for site in found])


@pytest.mark.parametrize("spelled", ["${sec:s}", "! ${sec:s}", "'${sec:s}'", "\n  ${sec:s} # c"])
def test_a_rewrite_is_proved_however_the_value_is_spelled(spelled: str) -> None:
    reference = Reference("s", REWRITER.syntax)
    assert _is_proved(_BEFORE.replace(b"a", spelled.encode(), 1), reference)
    assert _is_proved(f"p: &y !!str {spelled.removeprefix('! ')}\n".encode(), reference, b"p: &y !!str a\n")


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("p: ${sec:s}", "p: a"),
        ("p: ${sec:s}", "p: ${sec:t}"),
        ("p: ${sec:s}", "p: !t ${sec:s}"),
        ("p: ${sec:s}", "p: &z ${sec:s}"),
        ("p: ${sec:s}", "p: [${sec:s}]"),
        ("p: ${sec:s}", "p: ${sec:s} # \u2028"),
        ("p: ${sec:s}\n", ""),
        ("b", "c"),
        ("q", "v"),
        ("q", "! q"),
        ("q: &x [b, *x]", "q: &x {b: *x}"),
        ("q: &x [b, *x]", "q: &x !t [b, *x]"),
        ("q: &x [b, *x]", "q: &x [b, x]"),
        ("q: &x [b, *x]", "q: &x [[b, *x]]"),
        ("q: &x [b, *x]", "q: &x [b, *x, c]"),
        ("q: &x [b, *x]", "q: &x\n- b\n- *x"),
        ("r: ! 1", "r: 1"),
        ("r: ! 1", "r: &z ! 1"),
        ("r: ! 1\ns: &y {}", "s: &y {}\nr: ! 1"),
        ("&y {}", "&z {}"),
        ("&y {}", "&y []"),
        ("&y {}", "&y ''"),
        ("t: *x\n", "t: *y\n"),
        ("t: *x\n", ""),
        ("t: *x\n", "t: *x\nu:\n"),
        ("t: *x\n", "t: *x\n---\n"),
        ("t: *x\n", "t: *x\nu\n"),
    ],
)
def test_a_rewrite_that_changes_more_or_less_is_not_proved(part: str, other: str) -> None:
    after = _BEFORE.decode().replace("a", "${sec:s}", 1)
    assert part in after
    assert not _is_proved(after.replace(part, other, 1).encode(), Reference("s", REWRITER.syntax))


@pytest.mark.parametrize(
    ("after", "is_proved"), [("null", False), ("! null", True), ("'null'", True), ("!!str null", False), ("~", False)]
)
def test_a_value_that_looks_like_null_is_proved_to_be_text(after: str, is_proved: bool) -> None:
    assert _is_proved(_BEFORE.replace(b"a", after.encode(), 1), "null") is is_proved
    assert _is_proved(b"p: !!str null\n", "null", b"p: !!str a\n")


def test_a_rewrite_is_not_proved_by_what_is_no_text() -> None:
    assert not _is_proved(b"p: \xff\n", "b", b"p: a\n")


def _load(text: str) -> object:
    return REWRITER.load(text.encode(), lambda reference: f"<{reference.alias}>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: ${sec:x}\nb: 'u ${sec:y} $secret{z}'\n", {"a": "<x>", "b": "u <y> <z>"}),
        ("[1, true, ~, 0o17, 1e3, no, secretAlias:x]\n", [1, True, None, 15, 1000.0, "no", "secretAlias:x"]),
        ("{url: http://h/?q, p: '${sec:x}'}\n", {"url": "http://h/?q", "p": "<x>"}),
        ("- '${sec:k}': v\n", [{"${sec:k}": "v"}]),
        ("a: 1\n---\nb: ${sec:x}\n", [{"a": 1}, {"b": "<x>"}]),
        ("", None),
        ("# nothing\n", None),
        ("${sec:x}", "<x>"),
        ("a: !!binary aGk=\nb: 2001-02-03\n", {"a": b"hi", "b": datetime.date(2001, 2, 3)}),
        ("%YAML 1.1\n---\na: yes\n", {"a": True}),
        ("- &a 1\n- &a 2\n- *a\n", [1, 2, 2]),
        ("a: &m {x: '${sec:x}'}\nb:\n  <<: *m\n", {"a": {"x": "<x>"}, "b": {"x": "<x>"}}),
        ("a: !!pairs [b: '${sec:x}', c: ['${sec:y}']]\n", {"a": [("b", "<x>"), ("c", ["<y>"])]}),
    ],
)
def test_load_gives_the_data_with_references_revealed(text: str, expected: object) -> None:
    assert _load(text) == expected


def test_load_gives_strings_and_never_scans_them_again() -> None:
    values = {"a": "${sec:b}", "b": "1234", "c": "true"}
    data = b"x: &x [ '${sec:a}' ]\ny: *x\nz: ! ${sec:b}\nw: ${sec:c}\n"
    assert REWRITER.load(data, lambda reference: values[reference.alias]) == {
        "x": ["${sec:b}"],
        "y": ["${sec:b}"],
        "z": "1234",
        "w": "true",
    }


@pytest.mark.parametrize(
    "text",
    [
        "a: !c4n4ry-7d1f x\n",
        "a: !!python/object/apply:os.system [c4n4ry-7d1f]\n",
        "a: !!int c4n4ry-7d1f\n",
        "a: !!bool c4n4ry-7d1f\n",
        "a: 2001-99-99\n",
        "c: c4n4ry-7d1f\nc: d\n",
        "0x1: c4n4ry-7d1f\n1: d\n",
        "<<: c4n4ry-7d1f\n",
    ],
)
def test_load_refuses_what_is_not_plain_data(text: str) -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        _load(text)
    assert "c4n4ry" not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_load_refuses_merge_keys_that_multiply() -> None:
    maps = ["- &m0 {a: 1}", *(f"- &m{n}\n  <<: [*m{n - 1}, *m{n - 1}]" for n in range(1, 60))]
    with pytest.raises(ConfigSyntaxError, match="merge keys"):
        _load("\n".join(maps))


def test_aliases_that_multiply_are_no_burden() -> None:
    lists = ["a0: &a0 [x, '${sec:y}']", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60))]
    text = "\n".join(lists)
    assert isinstance(_load(text), dict)
    assert len(list(REWRITER.parse(text.encode()).sites())) == 2
    assert isinstance(REWRITER.parse(text.encode()).locate([f"$.a59{'[0]' * 60}"])[0], SelectorError)


def test_without_libyaml_it_reads_the_same() -> None:
    for data in TestYaml.documents:
        text = Source.decode(data).text
        assert read(text, pure=True) == read(text, pure=False)
    program = (
        "import sys; sys.modules['_ruamel_yaml'] = sys.modules['_ruamel_yaml_clibz'] = None\n"
        "sys.modules['ruamel.yaml.clib'] = None\n"
        "from ciphertool.rewriters.yaml import YamlRewriter, events\n"
        "document = YamlRewriter().parse(b'p: hunter2')\n"
        "print(events.CParser, [site.value for site in document.sites()], YamlRewriter().load(b'p: 1', str))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "None ['hunter2'] {'p': 1}\n"


@pytest.mark.parametrize("data", [*TestYaml.damaged, b"- " * 5_000, b"{a: " * 5_000])
def test_without_libyaml_errors_quote_nothing_either(data: bytes) -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        read(Source.decode(data).text, pure=True)
    assert "c4n4ry" not in repr(caught.value)


@pytest.mark.corpus
def test_the_corpus_is_protected_and_restored(corpus: Path) -> None:
    files = sorted(path for suffix in REWRITER.suffixes for path in corpus.rglob(f"*{suffix}"))
    assert files
    for path in files:
        data = path.read_bytes()
        document = REWRITER.parse(data)
        sites = [site for site in document.sites() if isinstance(document.locate([site.selector])[0], tuple)]
        changes = [Change(site, Reference(f"s{number}", REWRITER.syntax)) for number, site in enumerate(sites)]
        protected = REWRITER.parse(rewrite(REWRITER, document, changes))
        assert [site.reference.alias for site in protected.sites() if site.reference] == [
            f"s{n}" for n in range(len(sites))
        ]
        assert rewrite(REWRITER, protected, [Change(site, site.value) for site in sites]) == data
