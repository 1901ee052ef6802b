"""JSON: the rewriter's contract, any value, any document, comments and keys that are there twice."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Rewriter, SpliceError, rewrite
from ciphertool.rewriters.json import JsonRewriter
from ciphertool.rewriters.jsonpath import normalized
from ciphertool.rewriters.tree import leaves
from ciphertool.testing import RewriterContract, is_outlined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REWRITER = JsonRewriter()


class TestJson(RewriterContract):
    rewriter: ClassVar[Rewriter] = REWRITER
    documents = (
        b'{\n  "db": {"password": "s3cret", "port": 5432, "tls": true, "ca": null},\n  "l": ["a", ["b"], {}]\n}\n',
        '\ufeff{"ü": "\\u00fc", "\\"": "x\\/y"}\r\n'.encode("utf-16-le"),
        b'{"a": "b", "c": "\\ud83d\\ude00"}',
        b'"x"',
    )
    damaged = (
        b'{"p": "c4n4ry-7d1f',
        b'{"p": c4n4ry-7d1f}',
        b'{"p": "c4n4ry-7d1f\\q"}',
        b'{"p": "c4n4ry-7d1f"} c4n4ry-7d1f',
        b'{"p": "c4n4ry-7d1f", "n": NaN}',
        b'{"p": "c4n4ry-7d1f\xff"}',
        b'// c4n4ry-7d1f\n{"p": "c4n4ry-7d1f",,}',
    )

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        return {normalized(at): value for at, value in leaves(json.loads(data)) if isinstance(value, str) and value}


@given(st.text(min_size=1), st.sampled_from(['{{"a": {} }}', '// c\n["\\u00e4", {},]', '["\\/", {}]', '["ä", {}]']))
def test_any_value_is_held_in_any_habit(value: str, document: str) -> None:
    before, after = document.replace("{{", "{").replace("}}", "}").split("{}")
    parsed = REWRITER.parse(f'{before}"x"{after}'.encode())
    site = next(site for site in parsed.sites() if site.value == "x")
    changed = rewrite(REWRITER, parsed, [Change(site, value)]).decode()
    assert changed.startswith(before)
    assert changed.endswith(after)
    assert json.loads(changed[len(before) : len(changed) - len(after)]) == value


@pytest.mark.parametrize("value", ["\ud800", "a\udfff", "\ud83d\ude00"])
def test_half_a_surrogate_pair_is_refused(value: str) -> None:
    document = REWRITER.parse(b'["\\u00e4", "x"]')
    with pytest.raises(UnrepresentableValueError) as caught:
        rewrite(REWRITER, document, [Change(next(document.sites()), value)])
    assert caught.value.selector == "$[0]"


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_DATA = st.recursive(
    _TEXTS | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)
_COMMENTS = st.sampled_from(["", '// ]"\n', '/* {"\n */'])


@given(_DATA, st.sampled_from([None, 1, "\t"]), st.booleans(), _COMMENTS, st.sampled_from(["utf-8", "utf-16-le"]))
def test_any_document_is_protected_in_place_and_comes_back(
    tree: object, indent: str | int | None, to_ascii: bool, comment: str, codec: str
) -> None:
    text = f"\ufeff{comment}{json.dumps(tree, indent=indent, ensure_ascii=to_ascii)}\n{comment}"
    document = REWRITER.parse(text.encode(codec))
    sites = list(document.sites())
    assert {site.selector for site in sites} == {normalized(location) for location, _ in leaves(tree)}
    assert is_outlined(document)
    strings = [site for site in sites if site.value and document.source.text[site.start] == '"']
    changes = [Change(site, Reference(f"a{n}", Syntax.SECRET)) for n, site in enumerate(strings)]
    protected = rewrite(REWRITER, document, changes)
    spliced = list(document.source.text)
    for site, change in zip(strings, changes, strict=True):
        spliced[site.start : site.end] = [f'"{change.to}"', *[""] * (site.end - site.start - 1)]
    assert protected == f"\ufeff{''.join(spliced)}".encode(codec)
    values = {f"a{n}": site.value for n, site in enumerate(strings)}
    assert repr(REWRITER.load(protected, lambda reference: values[reference.alias])) == repr(tree)
    after = REWRITER.parse(protected)
    back = rewrite(REWRITER, after, [Change(s, values[s.reference.alias]) for s in after.sites() if s.reference])
    assert {s.selector: s.value for s in REWRITER.parse(back).sites()} == {s.selector: s.value for s in sites}
    if not to_ascii:
        assert back == text.encode(codec)


@given(st.text('"\\/*,[]{}: \n1x', max_size=12))
def test_comments_make_nothing_valid_that_is_not(text: str) -> None:
    """What is accepted is JSON once its comments and trailing commas are gone, with every other character in place."""
    try:
        document = REWRITER.parse(text.encode())
    except ConfigSyntaxError:
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
        return
    changed = [(a, b) for a, b in zip(text, document.judged, strict=True) if a != b]
    assert {b for _, b in changed} <= {" "}
    without = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda m: m[1] or " ", text, flags=re.DOTALL)
    without = re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[]}])', lambda m: m[1] or " ", without, flags=re.DOTALL)
    assert json.loads(without) == json.loads(document.judged)


@given(st.lists(_TEXTS | st.text('\\",:[]{}', max_size=4) | st.integers() | st.lists(_TEXTS, max_size=2), max_size=30))
def test_one_value_is_found_among_any_others(members: list[object]) -> None:
    for tree in (members, {f'"{number}\\': member for number, member in enumerate(members)}):
        document = REWRITER.parse(json.dumps(tree).encode())
        sites = [site for site in document.sites() if site.value]
        assert all(str(json.loads(document.source.text[site.start : site.end])) == site.value for site in sites)
        strings = [site for site in sites if document.source.text[site.start] == '"']
        assert [document.locate([site.selector]) for site in strings] == [[(site,)] for site in strings]


@pytest.mark.parametrize(("start", "rest"), [('["', '\\"'), ('{"a": 1,, "', '\\"'), ("{} ", "/* ")])
def test_what_has_no_end_is_refused_at_once(start: str, rest: str) -> None:
    before = time.process_time()
    with pytest.raises(ConfigSyntaxError):
        REWRITER.parse((start + rest * 50_000).encode())
    assert time.process_time() - before < 5  # searched from every quote or slash it takes half a minute


@pytest.mark.parametrize(("start", "filler", "end"), [("", " ", "}"), ("", "/* x */", "}"), (', "b": [', "[ ],", "]}")])
def test_what_follows_the_last_value_is_read_once(start: str, filler: str, end: str) -> None:
    document = REWRITER.parse(f'{{"a": "1"{start}{filler * (70_000 // len(filler))}{end}'.encode())
    before = time.process_time()
    assert [site.value for site in document.sites()] == ["1"]
    assert time.process_time() - before < 2  # looked for from each character of it, it takes 13 s and more


def test_duplicate_keys_are_no_sites() -> None:
    document = REWRITER.parse(b'{"a": "1", "b": {"c": "2", "c": "3", "d": "4"}, "a": {"e": "5"}, "f": "6"}')
    assert [(site.key, site.value) for site in document.sites()] == [("b.d", "4"), ("f", "6")]


def test_site_says_where_it_is() -> None:
    document = REWRITER.parse(b'{"n": 1e5,\n"a b": ["$secret{x}"]}')
    first, second = document.sites()
    assert (first.value, first.reference) == ("1e5", None)
    assert (second.selector, second.key, second.line) == ("$['a b'][0]", "a b.0", 2)
    assert second.reference == Reference("x", Syntax.SECRET, 0, 10)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["x", 1]', '["x", 1]'),
        ('["x", 1]', '["$secret{t}", 1]'),
        ('["x", 1]', '["$secret{s}", true]'),
        ('["x", 1]', '["$secret{s}", 1.0]'),
        ('["x", 1]', '["$secret{s}", 1, 1]'),
        ('["x", 0.0]', '["$secret{s}", -0.0]'),
        ('["x", "y"]', '["$secret{s}", "z"]'),
        ('["x", {"a": [1, "y"]}]', '["$secret{s}", {"a": [true, "y"]}]'),
        ('["x", {"a": null}]', '["$secret{s}", {"b": null}]'),
        ('["x", {"a": 1, "b": true}]', '["$secret{s}", {"b": 1, "a": true}]'),
        ('["x", {"a": {"c": 1}, "b": {"c": true}}]', '["$secret{s}", {"b": {"c": 1}, "a": {"c": true}}]'),
    ],
)
def test_proof_sees_any_difference(before: str, after: str) -> None:
    document = REWRITER.parse(before.encode())
    changes = [Change(next(document.sites()), Reference("s", Syntax.SECRET))]
    assert REWRITER.parse(rewrite(REWRITER, document, changes)).proves(document, changes)
    assert not REWRITER.parse(after.encode()).proves(document, changes)


def test_an_alias_that_would_not_be_read_back_is_not_written() -> None:
    document = REWRITER.parse(b'["x"]')
    for alias in ("a}", "a ", "\x01"):
        with pytest.raises(SpliceError):
            rewrite(REWRITER, document, [Change(next(document.sites()), Reference(alias, Syntax.SECRET))])


_NUMBERS = st.sampled_from(["0", "1", "0.0", "-0.0", "1.0", "true", "false", "null"])
_TYPED = st.recursive(
    _NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(st.sampled_from(['"a"', '"b"', '"c"']), inner), max_size=3, unique_by=lambda m: m[0]).map(
            lambda members: "{" + ",".join(f"{key}:{value}" for key, value in members) + "}"
        )
    ),
    max_leaves=6,
)


@given(_TYPED, _TYPED)
def test_proof_knows_types_and_minds_no_order(old: str, new: str) -> None:
    """Where it is proved, the reference parser gives the same with keys in order, which text tells to the type."""
    document = REWRITER.parse(f'["x",{old}]'.encode())
    changes = [Change(next(document.sites()), "y")]
    proved = REWRITER.parse(f'["y",{new}]'.encode()).proves(document, changes)
    assert proved is (json.dumps(json.loads(old), sort_keys=True) == json.dumps(json.loads(new), sort_keys=True))


@pytest.mark.parametrize(("deepest", "is_read"), [(501, True), (502, False)])
@pytest.mark.parametrize("inside", ["", "1", '"x"'])
def test_depth_is_limited(deepest: int, is_read: bool, inside: str) -> None:
    data = ("[" * deepest + inside + "]" * deepest).encode()
    if is_read:
        REWRITER.parse(data)
        return
    with pytest.raises(ConfigSyntaxError, match="nested too deeply"):
        REWRITER.parse(data)


def test_proof_sees_what_stands_behind_a_duplicate_key() -> None:
    before = REWRITER.parse(b'{"a": "x", "b": 1, "b": 2}')
    changes = [Change(next(before.sites()), Reference("s", Syntax.SECRET))]
    assert REWRITER.parse(b'{"a": "$secret{s}", "b": 1, "b": 2}').proves(before, changes)
    assert not REWRITER.parse(b'{"a": "$secret{s}", "b": 3, "b": 2}').proves(before, changes)


def test_load_resolves_values_once_and_no_key() -> None:
    data = b'{"$secret{k}": "a:$secret{a}", "l": ["$secret{a}", 1, null], "d": "$secret{a}", "d": "last"} // c'
    loaded = REWRITER.load(data, lambda reference: f"<{reference.alias}>$secret{{b}}")
    assert loaded == {"$secret{k}": "a:<a>$secret{b}", "l": ["<a>$secret{b}", 1, None], "d": "last"}


def test_load_of_a_single_reference() -> None:
    assert REWRITER.load(b'"$secret{a}"', lambda reference: reference.alias) == "a"


@pytest.mark.corpus
def test_real_default_json_is_protected_and_comes_back(corpus: Path) -> None:
    data = (corpus / "carbon-4.12-home/repository/resources/conf/default.json").read_bytes()
    document = REWRITER.parse(data)
    sites = [site for site in document.sites() if document.source.text[site.start] == '"' and site.value]
    assert len(sites) > 20
    protected = rewrite(REWRITER, document, [Change(s, Reference(str(s.start), Syntax.SECRET)) for s in sites])
    values = {str(site.start): site.value for site in sites}
    after = REWRITER.parse(protected)
    back = [Change(s, values[s.reference.alias]) for s in after.sites() if s.reference and s.reference.alias in values]
    assert rewrite(REWRITER, after, back) == data
