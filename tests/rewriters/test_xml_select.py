"""XPath as the Java tool understands it, and plain paths answered as lxml answers them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciphertool.errors import NoMatchError, SelectorError
from ciphertool.rewriters.xml import XmlRewriter, xpath
from ciphertool.rewriters.xml.children import Children
from ciphertool.rewriters.xml.select import Node, Select

REWRITER = XmlRewriter()
DOCUMENT = b"""<a xmlns="urn:d" xmlns:p="urn:p">
 <b n="1"><name>X</name><v>one</v></b><p:b n="2" p:n="3"><name>Y</name><name>X</name><v>two</v><v>three</v></p:b>
 <b><name>X<!-- c -->Y</name><p:v p:n="1">four</p:v><text>five</text></b><div><and or="six"/></div>
</a>"""


@pytest.mark.parametrize(
    ("expression", "translated"),
    [
        ("/a/b", "/*[local-name()='a']/*[local-name()='b']"),
        ("//p:b", "//*[name()='p:b']"),
        ("p:*", "*[starts-with(name(),'p:')]"),
        ("/a[@b='a/b']", "/*[local-name()='a'][@*[local-name()='b']='a/b']"),
        ("/*/@*", "/*/@*"),
        ("a * b", "*[local-name()='a'] * *[local-name()='b']"),
        ("*[* * 2 div 3]", "*[* * 2 div 3]"),
        ("div div div", "*[local-name()='div'] div *[local-name()='div']"),
        ("/and/or[mod mod 2]", "/*[local-name()='and']/*[local-name()='or'][*[local-name()='mod'] mod 2]"),
        ("count(a)", "count(*[local-name()='a'])"),
        ("text ()|text", "text ()|*[local-name()='text']"),
        ("ancestor::a/..", "ancestor::*[local-name()='a']/.."),
        ("a[$x or .5<1.]", "*[local-name()='a'][$x or .5<1.]"),
        ("p:f(a)", "p:f(*[local-name()='a'])"),
        ("@p:n", "@*[name()='p:n']"),
        ("ü/a-b.c", "*[local-name()='ü']/*[local-name()='a-b.c']"),
    ],
)
def test_name_tests_become_tests_of_the_name(expression: str, translated: str) -> None:
    assert xpath.translate(expression) == translated


@pytest.mark.parametrize("expression", ["$", "a;b", "a['x]", "a#b", "{a}b"])
def test_what_no_token_starts_with_is_no_xpath(expression: str) -> None:
    assert xpath.translate(expression) is None
    (found,) = REWRITER.parse(DOCUMENT).locate([expression])
    assert isinstance(found, SelectorError)
    assert found.reason == "is not an XPath 1.0 expression"


@pytest.mark.parametrize(
    ("selector", "values"),
    [
        ("/a/b[name='X']/v", ["one", "two", "three"]),
        ("/a/b[2]/v[2]", ["three"]),
        ("/a/p:b/v", ["two", "three"]),
        ("/a/b/v[2]", ["three"]),
        ("/a/b/name[1]", ["X", "Y", "XY"]),
        ("/a/b/@n", ["1", "2", "3"]),
        ("/a/b[@n]/name", ["X", "Y", "X"]),
        ("/a/b[name='XY']/v", ["four"]),
        ("//and/@or | //text", ["five", "six"]),
        ("/a/b/name/text()[1]", ["X", "Y", "X", "XY"]),
        ("/a/b[last()]/*", ["XY", "four", "five"]),
        ("(//v)[2]", ["two"]),
    ],
)
def test_selector_names_these_values(selector: str, values: list[str]) -> None:
    (found,) = REWRITER.parse(DOCUMENT).locate([selector])
    assert isinstance(found, tuple), found
    assert [site.value for site in found] == values


def test_normalized_selector_and_key() -> None:
    (found,) = REWRITER.parse(DOCUMENT).locate(["//@p:n | //v[. = 'three']"])
    assert isinstance(found, tuple)
    assert [(site.selector, site.key, site.line) for site in found] == [
        ("/a/b[2]/@n[2]", "a.b.n", 2),
        ("/a/b[2]/v[2]", "a.b.v", 2),
        ("/a/b[3]/v/@n", "a.b.v.n", 3),
    ]


def test_undeclared_prefixes_match_by_local_and_by_qualified_name() -> None:
    document = REWRITER.parse(b'<x:a><x:b y:n="1">2</x:b><b>3</b></x:a>')
    found = document.locate(["/a/b", "/x:a/x:b/@n", "/a/b[2]", "//@y:n"])
    values = [[site.value for site in sites] for sites in found if isinstance(sites, tuple)]
    assert values == [["2", "3"], ["1"], ["3"], ["1"]]


class _Counting(Select):
    """Counts what only lxml can answer, each time by a walk over the document."""

    walks = 0

    def evaluate(self, selector: str) -> list[Node]:
        self.walks += 1
        return super().evaluate(selector)


@pytest.mark.parametrize("selector", ["/r/b[{}]", "/r/q:b[{}]", "/r/b[{}]/@n"])
def test_own_selectors_of_elements_with_an_undeclared_prefix_take_no_walk_each(selector: str) -> None:
    document = REWRITER.parse(b"<r>" + b"<q:b q:n='1'>2</q:b>" * 50 + b"</r>")
    select = _Counting(document.tree, Children(document.tree, undeclared=True), undeclared=True)
    assert [len(select.nodes(selector.format(place))) for place in range(1, 51)] == [1] * 50
    assert select.walks == 0


_names = st.sampled_from(["a", "b", "c", "p:a", "p:b", "div"])
_values = st.sampled_from(["", "1", "2", "a/b", "x]"])


@st.composite
def _elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(_names)
    keys = draw(st.lists(st.sampled_from(["a", "b", "p:a"]), unique=True, max_size=2))
    attributes = "".join(f' {key}="{draw(_values)}"' for key in keys)
    parts = st.one_of(_values, _elements(depth - 1)) if depth else _values
    content = "".join(draw(st.lists(parts | st.just("<!-- c -->"), max_size=5)))
    return f"<{name}{attributes}>{content}</{name}>"


_quoted = st.sampled_from(["'1'", '"2"', "''", "'a/b'", "'x]'"])
_predicates = st.one_of(
    st.builds("[{}={}]".format, st.sampled_from("abc"), _quoted),
    st.builds("[ @{} = {}]".format, st.sampled_from("abc"), _quoted),
    st.sampled_from(["[@a]", "[@b]", "[1]", "[2]", "[03]", "[0]"]),
)
_steps = st.builds("/{}{}".format, _names | st.just("*"), st.lists(_predicates, max_size=2).map("".join))
_paths = st.builds("/r{}{}".format, st.lists(_steps, max_size=3).map("".join), st.sampled_from(["", "/@a", "/@b"]))


@settings(max_examples=150)
@given(st.lists(_elements(), max_size=3).map("".join), st.lists(_paths, min_size=1, max_size=8))
def test_plain_paths_give_what_lxml_gives(content: str, paths: list[str]) -> None:
    for declarations in ('xmlns:p="urn:p" xmlns="urn:d"', 'xmlns="urn:d"', ""):  # `p` undeclared in two
        document = REWRITER.parse(f"<r {declarations}>{content}</r>".encode())
        for few in (0, 8):
            children = Children(document.tree, undeclared=document.undeclared)
            select = Select(document.tree, children, undeclared=document.undeclared, few=few)
            for path in paths:
                assert xpath.plain(path) is not None
                assert select.nodes(path) == select.evaluate(path)


@given(st.text(alphabet="ab:/@[]()'\"=.*|$ 12", max_size=12))
def test_any_text_is_answered_or_refused(selector: str) -> None:
    (found,) = REWRITER.parse(b"<a><b a='1'>2</b></a>").locate([selector])
    assert isinstance(found, tuple | SelectorError)
    if xpath.plain(selector) is not None and isinstance(found, tuple | NoMatchError):
        document = REWRITER.parse(b"<a><b a='1'>2</b></a>")
        select = Select(document.tree, Children(document.tree, undeclared=False), undeclared=False)
        assert select.nodes(selector) == select.evaluate(selector)


def test_no_literal_is_taken_for_a_step() -> None:
    named = "".join(f"<d n='x{n}'><b>1</b></d>" for n in range(20))
    document = REWRITER.parse(f'<r>{named}<d n="x1\'/b"><c><b>2</b></c></d></r>'.encode())
    first, second = document.locate(["/r/d[@n='x1']/b", '/r/d[@n="x1\'/b"]/c/b'])
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert (first[0].value, second[0].value) == ("1", "2")


def test_many_different_paths_share_their_beginning() -> None:
    blocks = "".join(f"<d><name>N{n}</name><c><p>s{n}</p></c></d>" for n in range(3000))
    document = REWRITER.parse(f"<r>{blocks}</r>".encode())
    started = time.process_time()
    found = document.locate([f"/r/d[name='N{n}']/c/p" for n in range(3000)])
    taken = time.process_time() - started
    assert [sites[0].value for sites in found if isinstance(sites, tuple)] == [f"s{n}" for n in range(3000)]
    assert taken < 5  # evaluated one by one they take a minute
