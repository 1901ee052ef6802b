"""JSONPath selectors: what they name, how places are spelled, and that the short cut answers as the library does."""

from __future__ import annotations

import timeit

import jsonpath_rfc9535
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import NoMatchError, SelectorError
from ciphertool.rewriters.jsonpath import (
    ByNames,
    Every,
    Where,
    dotted,
    filtered_steps,
    locate,
    locate_in_documents,
    normalized,
    plain_steps,
    steps,
)

TREE = {"a": [{"b": "x"}, {"b": "y", "c d": "z"}], "日本": "k", "": {"8080": "p"}, "e": "f"}

_NAMES = st.one_of(
    st.sampled_from(["a", "b", "", "0", "c d", "$", "'", '"', "\\", "a.b", "é", "\x7f"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
)
_TREES = st.recursive(
    st.sampled_from(["x", "", "1", 1, 1.0, True, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=10,
)
_STEPS = st.one_of(
    _NAMES.map(lambda name: normalized((name,))[1:]),
    st.sampled_from(["a", "b", "_1", "x9"]).map(lambda name: f".{name}"),
    st.sampled_from(["a", "b", "c d", "it's", ""]).map(lambda name: f'["{name}"]'),
    st.integers(-4, 4).map(lambda index: f"[{index}]"),
    st.tuples(st.sampled_from([".a", "['b']", ".b", "['']"]), st.sampled_from(["'x'", '"x"', "1", "''", "-1"])).map(
        lambda filter_: f"[?@{filter_[0]}=={filter_[1]}]"
    ),
    st.sampled_from([".*", "[*]"]),
)


def _nodes(tree: object, location: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [location, *(found for key, child in children for found in _nodes(child, (*location, key)))]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("$", [()]),
        ("$.a[0].b", [("a", 0, "b")]),
        ("$.a[-1]['c d']", [("a", 1, "c d")]),
        ('$["a"][1]["c d"]', [("a", 1, "c d")]),
        ("$..b", [("a", 0, "b"), ("a", 1, "b")]),
        ("$.a[*].b", [("a", 0, "b"), ("a", 1, "b")]),
        ("$.a[?@.b == 'y'].b", [("a", 1, "b")]),
        ("$.a[?@['c d']==\"z\"].b", [("a", 1, "b")]),
        ("$[?@['8080']=='p']['8080']", [("", "8080")]),
        ("$.日本", [("日本",)]),
        ("$['']['8080']", [("", "8080")]),
        ("$['\\u0061'][ 0 ]", [("a", 0)]),
        ("$['a','a']", [("a",)]),
    ],
)
def test_names_these_places(selector: str, expected: list[tuple[str | int, ...]]) -> None:
    assert locate(TREE, [selector]) == [tuple(expected)]


@pytest.mark.parametrize(
    "selector",
    ["$.x", "$.a.b", "$.a[2]", "$.a[-3]", "$.e[0]", "$.e.f", "$['8080']", "$.a[8080]", "$[0]", "$..x", "doc[1]$"],
)
def test_nothing_there(selector: str) -> None:
    (error,) = locate(TREE, [selector])
    assert isinstance(error, NoMatchError)
    assert error.selector == selector


@pytest.mark.parametrize(
    "selector",
    [
        "$.",
        "$.a b",
        "$.a ",
        "$[",
        "$[01]",
        "$[-0]",
        "$['a",
        "$['\\ud800']",
        "$['\x01']",
        "$[9007199254740992]",
        f"$[{'9' * 5000}]",
        "$[?@.a == 1e999]",
        "$[?nope(@)]",
        "$[?length(@.a)]",
        f"$[?{'!' * 100_000}@.a]",
        "$['a'']",
        "$\n",
    ],
    ids=lambda selector: ascii(selector[:20]),
)
def test_what_is_no_jsonpath_is_one_error(selector: str) -> None:
    (error,) = locate(TREE, [selector])
    assert isinstance(error, SelectorError)
    assert not isinstance(error, NoMatchError)
    assert error.selector == selector


@pytest.mark.parametrize("selector", ["", "a.b", ".a", " $.a", "//a", "doc[1].a", "doc[-1]$", "doc[00]$", "@.a"])
def test_a_path_without_its_root_says_how_it_begins(selector: str) -> None:
    (error,) = locate(TREE, [selector])
    assert isinstance(error, SelectorError)
    assert "begins with `$`" in error.hint


def test_errors_stand_beside_results_in_order() -> None:
    first, second, third = locate(TREE, ["$.a.", "$.e", "$.nope"])
    assert isinstance(first, SelectorError)
    assert second == (("e",),)
    assert isinstance(third, NoMatchError)


def test_documents_are_asked_all_or_by_index() -> None:
    trees = [{"a": "1"}, None, {"a": "3", "b": "4"}]
    found = locate_in_documents(
        trees, ["$.a", "doc[2]$.a", "doc[2]$['b']", "doc[1]$", "doc[2]$..a", "doc[3]$", "doc[0]$.b"]
    )
    assert found[:5] == [((0, ("a",)), (2, ("a",))), ((2, ("a",)),), ((2, ("b",)),), ((1, ()),), ((2, ("a",)),)]
    assert all(isinstance(error, NoMatchError) for error in found[5:])


def _nested(depth: int) -> object:
    tree: object = "leaf"
    for _ in range(depth):
        tree = {"a": tree}
    return tree


def test_as_deep_as_the_formats_allow() -> None:
    assert locate(_nested(500), ["$" + ".a" * 500]) == [(("a",) * 500,)]
    assert locate(_nested(500), ["$..a"]) == [tuple(("a",) * depth for depth in range(1, 501))]
    assert isinstance(locate(_nested(5000), ["$..a"])[0], SelectorError)


def test_normalized_paths_are_the_standards() -> None:
    # RFC 9535, section 2.7: the escapes, lower-case hexadecimal digits, and nothing else escaped.
    assert normalized(()) == "$"
    assert normalized(("a", 0, "c d")) == "$['a'][0]['c d']"
    assert normalized(("\b\t\n\f\r'\\\x0b\x1f\"/\x7fé",)) == "$['\\b\\t\\n\\f\\r\\'\\\\\\u000b\\u001f\"/\x7fé']"
    assert normalized(("a",), 2) == "doc[2]$['a']"
    assert dotted(("a", 0, "b.c")) == "a.0.b.c"


@given(_TREES)
def test_a_normalized_path_names_its_place(tree: object) -> None:
    places = _nodes(tree)
    assert locate(tree, [normalized(place) for place in places]) == [(place,) for place in places]


@given(_TREES, st.lists(_STEPS, max_size=4).map(lambda steps: "$" + "".join(steps)))
def test_the_short_cut_answers_as_the_library(tree: str, path: str) -> None:
    expected = tuple(node.location for node in jsonpath_rfc9535.find(path, tree))
    (found,) = locate(tree, [path])
    assert (() if isinstance(found, NoMatchError) else found) == expected


@given(st.text("$.[]'\"?@()!&|=<>,:*-019ae \\u\ud800", max_size=12).map(lambda text: f"${text}"))
def test_any_text_is_answered_or_refused(selector: str) -> None:
    (found,) = locate(TREE, [selector])
    assert isinstance(found, SelectorError) or len(found) == len(set(found)) > 0


def test_many_plain_selectors_cost_about_what_one_with_as_many_matches_does() -> None:
    tree = {"pools": [{"name": f"n{i}", "url": "u", "password": "p"} for i in range(5_000)]}
    (matches,) = locate(tree, ["$..password"])
    assert isinstance(matches, tuple)
    selectors = [normalized(location) for location in matches]
    assert locate(tree, selectors) == [(location,) for location in matches]
    one = min(timeit.repeat(lambda: locate(tree, ["$..password"]), number=1, repeat=5))
    many = min(timeit.repeat(lambda: locate(tree, selectors), number=1, repeat=5))
    assert many < 6 * one  # by the library it would be 16


def test_a_short_name_has_the_characters_of_the_rfc() -> None:
    # RFC 9535, section 2.5.1.1: letters, `_` and what is beyond ASCII; digits, but not first.
    edges = {*range(0x100), 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF}
    for name in map(chr, sorted(edges)):
        is_first = (
            (name.isascii() and name.isalpha())
            or name == "_"
            or (ord(name) > 0x7F and not 0xD800 <= ord(name) <= 0xDFFF)
        )
        assert (plain_steps(f"$.{name}") is not None) is is_first, hex(ord(name))
        is_later = is_first or (name.isascii() and name.isdigit())
        assert (plain_steps(f"$.a{name}") == (f"a{name}",)) is is_later, hex(ord(name))


def test_a_filter_by_a_member_is_a_step_and_any_other_is_not() -> None:
    assert filtered_steps("$.a[?@.name=='x'][0]['b']") == ("a", Where("name", "x"), 0, "b")
    assert filtered_steps("$[?@['id'] == 12]") == (Where("id", 12),)
    assert filtered_steps("$.a.*[*].b") == ("a", Every(), Every(), "b")
    for other in ("$[?@.a]", "$[?@.a!='x']", "$[?@.a=='x' && @.b=='y']", "$[?@.a.b=='x']", "$..a", "$[?@.a==1.0]", "a"):
        assert filtered_steps(other) is None


def test_elements_are_called_by_what_is_theirs_alone() -> None:
    elements = [{"name": "x", "value": "1"}, {"name": "y", "value": "2"}, {"name": "y", "id": 3, "value": "4"}, "5"]
    spelled = ByNames({"l": elements})
    assert [spelled.path(("l", n, "value")) for n in range(3)] == [
        "$.l[?@.name=='x'].value",
        "$.l[1].value",
        "$.l[?@.id==3].value",
    ]
    assert spelled.path(("l", 3)) == "$.l[3]"
    assert spelled.path(("l", 0, "name")) == "$.l[0].name"  # it would not be found once it is a reference


def test_an_item_is_called_by_what_it_assigns_to_or_by_the_option_before_it() -> None:
    tree = {"l": ["A=1", "DB_PASSWORD=x=y", "B=1", "B=2", "QmFzZTY0S2V5MTIz==", "--key", "k", "-p", "-p", "z"]}
    spelled = ByNames(tree)
    paths = [spelled.path(("l", n)) for n in range(10)]
    assert paths[1] == "$.l[?match(@, 'DB_PASSWORD=.*')]"
    assert paths[6] == "$.l['--key']"
    assert [paths[n] for n in (2, 4, 9)] == ["$.l[2]", "$.l[4]", "$.l[9]"]
    assert locate(tree, [paths[1], paths[6], "$.l['-p']", "$.l['z']"])[:2] == [(("l", 1),), (("l", 6),)]
    assert all(isinstance(found, NoMatchError) for found in locate(tree, ["$.l['-p']", "$.l['z']", "$.l['--none']"]))
    library = jsonpath_rfc9535.find(paths[1], tree)
    assert [tuple(node.location) for node in library] == [("l", 1)]


@pytest.mark.parametrize("name", ["", "${sec:a}", "$secret{a}", "it's", "a\\b", "a\nb", "`", "x" * 81, None, True, 1.5])
def test_what_cannot_be_shown_in_a_selector_is_no_name(name: object) -> None:
    assert ByNames([{"name": name, "value": "1"}]).path((0, "value")) == "$[0].value"


def test_a_key_is_a_name_beside_a_value_only_and_of_words() -> None:
    assert ByNames([{"key": "db.password", "value": "1"}]).path((0, "value")) == "$[?@.key=='db.password'].value"
    assert ByNames([{"key": "db.password", "secret": "1"}]).path((0, "secret")) == "$[0].secret"
    assert ByNames([{"key": "AKIA2OSF7DNN8EXA", "value": "1"}]).path((0, "value")) == "$[0].value"


@given(st.lists(_NAMES | st.integers(0, 10**6)).map(tuple))
def test_a_normalized_path_is_read_back(location: tuple[str | int, ...]) -> None:
    assert steps(normalized(location)) == location
