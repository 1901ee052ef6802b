"""What an alias attribute in XML stands for, how it is read, replaced, taken out and resolved."""

from __future__ import annotations

from itertools import permutations

import pytest

from ciphertool.errors import ConfigSyntaxError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Site, rewrite
from ciphertool.rewriters.xml import XmlRewriter

REWRITER = XmlRewriter()
NS = "http://org.wso2.securevault/configuration"


def _wrap(element: str, prefix: str = "svns") -> bytes:
    return f'<r xmlns:{prefix}="{NS}">{element}</r>'.encode()


def _read(data: bytes) -> dict[str, tuple[str | None, str | None]]:
    """Return selector → alias of the reference, alias beside plaintext; for all sites that have one."""
    return {
        site.selector: (site.reference.alias if site.reference else None, site.beside)
        for site in REWRITER.parse(data).sites()
        if site.reference or site.beside
    }


def _locate(data: bytes, selector: str) -> Site:
    (found,) = REWRITER.parse(data).locate([selector])
    assert isinstance(found, tuple), found
    (site,) = found
    return site


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<p svns:secretAlias="A">password</p>', {"/r/p": ("A", None)}),
        ('<p svns:secretAlias="A"></p>', {"/r/p": ("A", None)}),
        ('<p svns:secretAlias="A"/>', {"/r/p": ("A", None)}),
        ('<p svns:secretAlias="A"> <!-- c --> </p>', {"/r/p": ("A", None)}),
        ('<p svns:secretAlias=" A ">\n password\n</p>', {"/r/p": ("A", None)}),
        ('<p svns:secretAlias="A">Real</p>', {"/r/p": (None, "A")}),
        ('<p svns:secretAlias="">Real</p>', {}),
        ("<p>$secret{A}</p>", {"/r/p": ("A", None)}),
        ("<p>x$secret{A}</p>", {}),
        ('<c pass="password" svns:secretAlias="x.pass" other="password"/>', {"/r/c/@pass": ("x.pass", None)}),
        ('<c pass="Real" svns:secretAlias="x.pass" other="password"/>', {"/r/c/@pass": (None, "x.pass")}),
        ('<c pass="password" svns:secretAlias="A" other="x"/>', {"/r/c/@pass": ("A", None)}),
        ('<c pass="password" svns:secretAlias="A" other="x">text</c>', {"/r/c": (None, "A")}),
        ('<c pass="password" svns:secretAlias="x.pass"><d/></c>', {"/r/c/@pass": ("x.pass", None)}),
        ('<c a="password" b="password" svns:secretAlias="A"/>', {"/r/c/@b": ("A", None)}),
        ('<c svns:secretAlias="A" a="password" b="password"/>', {"/r/c/@a": (None, "A"), "/r/c/@b": (None, "A")}),
        ('<c a="password" b="password" d="" svns:secretAlias="A"/>', {"/r/c/@a": (None, "A"), "/r/c/@b": (None, "A")}),
        ('<c name="x" svns:secretAlias="A"/>', {"/r/c": ("A", None)}),
        ('<c pass="$secret{A}"/>', {"/r/c/@pass": ("A", None)}),
    ],
)
def test_alias_stands_for_the_text_then_the_named_then_the_only_attribute(
    element: str, expected: dict[str, tuple[str | None, str | None]]
) -> None:
    assert _read(_wrap(element)) == expected


def test_any_prefix_of_the_namespace_counts_and_no_other_attribute_of_that_name() -> None:
    assert _read(_wrap('<p sv:secretAlias="A">password</p>', "sv")) == {"/r/p": ("A", None)}
    assert _read(b'<r><p svns:secretAlias="A">password</p></r>') == {"/r/p": ("A", None)}
    assert _read(b'<r><p secretAlias="A">password</p></r>') == {}
    assert _read(b'<r xmlns:svns="urn:other"><p svns:secretAlias="A">password</p></r>') == {}


def test_a_selector_tells_what_the_rule_cannot() -> None:
    data = _wrap('<c svns:secretAlias="A" a="password" b="password" d="x"/>')
    assert _locate(data, "/r/c/@a").reference == Reference("A", Syntax.ATTRIBUTE, 0, 8)
    assert _locate(data, "/r/c/@b").reference == Reference("A", Syntax.ATTRIBUTE, 0, 8)
    assert _locate(data, "/r/c/@d").reference is None
    named = _wrap('<property name="password" svns:secretAlias="A"/>')
    assert _locate(named, "/r/property").reference == Reference("A", Syntax.ATTRIBUTE)
    both = _wrap('<c pass="password" svns:secretAlias="A">password</c>')
    assert _locate(both, "/r/c/@pass").reference is None
    connector = _wrap('<c pass="password" svns:secretAlias="x.pass"/>')
    (found,) = REWRITER.parse(connector).locate(["/r/c"])
    assert isinstance(found, SelectorError)


def test_an_attribute_told_by_its_selector_gives_its_alias_back() -> None:
    data = _wrap('<c svns:secretAlias="A" a="password" b="password"/>')
    site = _locate(data, "/r/c/@a")
    assert rewrite(REWRITER, REWRITER.parse(data), [Change(site, "s")]) == _wrap('<c a="s" b="password"/>')


@pytest.mark.parametrize(
    ("element", "selector", "to", "expected"),
    [
        ('<p svns:secretAlias="A"/>', "/r/p", "s", "<p>s</p>"),
        ('<p svns:secretAlias="A" />', "/r/p", "s", "<p >s</p>"),
        ('<p svns:secretAlias="A"></p>', "/r/p", "s", "<p>s</p>"),
        ('<p svns:secretAlias="A"><!--c--></p>', "/r/p", "s", "<p>s<!--c--></p>"),
        ('<p\n  svns:secretAlias="A"\n  x="1">password</p>', "/r/p", "s", '<p\n  x="1">s</p>'),
        (
            '<p svns:secretAlias="A"/>',
            "/r/p",
            Reference("B", Syntax.ATTRIBUTE),
            '<p svns:secretAlias="B">password</p>',
        ),
        ('<p svns:secretAlias="A">password</p>', "/r/p", Reference("B", Syntax.SECRET), "<p>$secret{B}</p>"),
        (
            "<p svns:secretAlias='A'>Real</p>",
            "/r/p",
            Reference("B", Syntax.ATTRIBUTE),
            "<p svns:secretAlias='B'>password</p>",
        ),
        (
            '<p svns:secretAlias="">Real</p>',
            "/r/p",
            Reference("B", Syntax.ATTRIBUTE),
            '<p svns:secretAlias="B">password</p>',
        ),
        ("<p>$secret{A}</p>", "/r/p", Reference("B", Syntax.ATTRIBUTE), '<p svns:secretAlias="B">password</p>'),
        ("<p>$secret{A}</p>", "/r/p", "s", "<p>s</p>"),
        (
            '<c a="password" svns:secretAlias="x.a" b="s"/>',
            "/r/c/@b",
            Reference("x.b", Syntax.ATTRIBUTE),
            '<c a="password" svns:secretAlias="x.a" b="$secret{x.b}"/>',
        ),
        ('<c a="s" type="x"/>', "/r/c/@a", Reference("x.type", Syntax.ATTRIBUTE), '<c a="$secret{x.type}" type="x"/>'),
    ],
)
def test_change_moves_the_alias_attribute_with_the_value(
    element: str, selector: str, to: str | Reference, expected: str
) -> None:
    data = _wrap(element)
    assert rewrite(REWRITER, REWRITER.parse(data), [Change(_locate(data, selector), to)]) == _wrap(expected)


def test_the_order_of_changes_does_not_matter() -> None:
    document = REWRITER.parse(b"<a><b x='1' y='2'>3</b><b x='4'/><c>5</c></a>")
    changes = [Change(site, Reference(f"A{site.value}", Syntax.ATTRIBUTE)) for site in document.sites() if site.value]
    expected = rewrite(REWRITER, document, changes)
    for order in permutations(changes):
        assert rewrite(REWRITER, document, order) == expected


def test_one_attribute_is_revealed_while_another_is_protected() -> None:
    data = _wrap('<c a="password" svns:secretAlias="x.a" b="s"/>')
    changes = [
        Change(_locate(data, "/r/c/@a"), "s"),
        Change(_locate(data, "/r/c/@b"), Reference("x.b", Syntax.ATTRIBUTE)),
    ]
    expected = _wrap('<c a="s" svns:secretAlias="x.b" b="password"/>')
    assert rewrite(REWRITER, REWRITER.parse(data), changes) == expected


@pytest.mark.parametrize(
    "declaration",
    [f'   xmlns:svns="{NS}"', f'  xmlns:svns="{NS}" x="1"', f' xmlns:svns="{NS}"', f"  xmlns:svns='{NS}'"],
)
def test_a_declaration_without_our_mark_stays(declaration: str) -> None:
    data = f'<r{declaration}><p svns:secretAlias="A">password</p></r>'.encode()
    changes = [Change(_locate(data, "/r/p"), "s")]
    assert rewrite(REWRITER, REWRITER.parse(data), changes) == f"<r{declaration}><p>s</p></r>".encode()


def test_our_declaration_stays_until_its_last_use_is_gone() -> None:
    head = f'<r  xmlns:svns="{NS}"><!-- svns: -->'
    data = f'{head}<p svns:secretAlias="A">password</p><q svns:secretAlias="B">password</q></r>'.encode()
    half = rewrite(REWRITER, REWRITER.parse(data), [Change(_locate(data, "/r/p"), "s")])
    assert half == f'{head}<p>s</p><q svns:secretAlias="B">password</q></r>'.encode()
    whole = rewrite(REWRITER, REWRITER.parse(half), [Change(_locate(half, "/r/q"), "t")])
    assert whole == b"<r><!-- svns: --><p>s</p><q>t</q></r>"


def test_our_declaration_stays_where_one_secret_goes_and_another_comes() -> None:
    data = f'<r  xmlns:svns="{NS}"><p svns:secretAlias="A">password</p><q>t</q></r>'.encode()
    changes = [Change(_locate(data, "/r/p"), "s"), Change(_locate(data, "/r/q"), Reference("B", Syntax.ATTRIBUTE))]
    expected = f'<r  xmlns:svns="{NS}"><p>s</p><q svns:secretAlias="B">password</q></r>'.encode()
    assert rewrite(REWRITER, REWRITER.parse(data), changes) == expected


def test_our_declaration_stays_last_when_the_root_itself_is_protected_later() -> None:
    data = f'<r a="s"  xmlns:svns="{NS}">t</r>'.encode()
    protected = rewrite(REWRITER, REWRITER.parse(data), [Change(_locate(data, "/r"), Reference("A", Syntax.ATTRIBUTE))])
    assert protected == f'<r a="s" svns:secretAlias="A"  xmlns:svns="{NS}">password</r>'.encode()
    assert rewrite(REWRITER, REWRITER.parse(protected), [Change(_locate(protected, "/r"), "t")]) == b'<r a="s">t</r>'


def test_load_gives_the_tree_without_references() -> None:
    data = _wrap(
        '<p svns:secretAlias="A"> password </p><c x="password" svns:secretAlias="c.x"/>'
        "<u>jdbc:x;password=$secret{B};$secret{C}</u><b svns:secretAlias='D'>Real</b>"
    )
    root = REWRITER.load(data, lambda reference: f"<{reference.alias}>").getroot()
    assert [root[0].text, root[0].attrib, dict(root[1].attrib)] == [" <A> ", {}, {"x": "<c.x>"}]
    assert root[2].text == "jdbc:x;password=<B>;<C>"
    assert (root[3].text, list(root[3].attrib.values())) == ("Real", ["D"])


def test_load_refuses_what_cannot_be_told() -> None:
    with pytest.raises(SelectorError) as caught:
        REWRITER.load(_wrap('<c svns:secretAlias="A" a="password" b="password"/>'), lambda _: "s")
    assert caught.value.selector == "/r/c"
    assert caught.value.line == 1


@pytest.mark.parametrize("value", ["\x00", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_a_character_that_xml_lacks_is_named_and_the_value_is_not(value: str) -> None:
    document = REWRITER.parse(b'<a x="1">2</a>')
    for site in document.sites():
        with pytest.raises(UnrepresentableValueError) as caught:
            document.edits([Change(site, f"c4n4ry-7d1f{value}")])
        assert caught.value.selector == site.selector
        assert caught.value.reason == f"XML 1.0 has no character U+{ord(value):04X}"
        assert "c4n4ry" not in str(caught.value)


def test_blanks_that_a_dtd_would_drop_are_refused_in_attributes_only() -> None:
    document = REWRITER.parse(
        b"<!DOCTYPE a [<!ATTLIST a x NMTOKENS #IMPLIED y CDATA 'x'><!ATTLIST b y ID #IMPLIED>]><a x='1' y='1'>2</a>"
    )
    attribute, free, text = document.sites()
    with pytest.raises(UnrepresentableValueError) as caught:
        document.edits([Change(attribute, "a  b")])
    assert caught.value.selector == "/a/@x"
    changed = rewrite(REWRITER, document, [Change(attribute, "a b"), Change(free, " a  b "), Change(text, " a  b ")])
    assert [site.value for site in REWRITER.parse(changed).sites()] == ["a b", " a  b ", " a  b "]


@pytest.mark.parametrize("syntax", [Syntax.ATTRIBUTE, Syntax.SECRET])
def test_an_alias_that_would_read_back_as_another_is_refused(syntax: Syntax) -> None:
    document = REWRITER.parse(b"<a>2</a>")
    (site,) = document.sites()
    with pytest.raises(UnrepresentableValueError):
        document.edits([Change(site, Reference(" a\x01}", syntax))])


@pytest.mark.parametrize(
    ("data", "value", "expected"),
    [
        ("<a><![CDATA[x]]></a>", "a\rb", "<a>a&#13;b</a>"),
        ("<a><![CDATA[x]]></a>", " <&\n> ", "<a><![CDATA[ <&\n> ]]></a>"),
        ("<a><![CDATA[x]]></a>", "]]>", "<a>]]&gt;</a>"),
        ("<a>\r\nx</a>", "a\nb", "<a>\r\na\r\nb</a>"),
        ("<a>x</a>", " \t\n", "<a>&#32;&#9;&#10;</a>"),
        ("<a>x</a>", "\xa0\x85\u2028", "<a>\xa0&#133;&#8232;</a>"),
    ],
)
def test_a_value_is_spelled_so_that_it_reads_back(data: str, value: str, expected: str) -> None:
    document = REWRITER.parse(data.encode())
    (site,) = document.sites()
    assert rewrite(REWRITER, document, [Change(site, value)]) == expected.encode()


@pytest.mark.parametrize(
    ("codec", "value", "spelled"), [("shift_jis", "¥表€", "&#165;表&#8364;"), ("us-ascii", "é", "&#233;")]
)
def test_what_a_codec_lacks_or_gives_back_as_another_is_referred_to(codec: str, value: str, spelled: str) -> None:
    text = f'<?xml version="1.0" encoding="{codec}"?><a x="1">2</a>'
    document = REWRITER.parse(text.encode(codec))
    changed = rewrite(REWRITER, document, [Change(site, value) for site in document.sites()])
    assert changed == text.replace('1">2', f'{spelled}">{spelled}').encode(codec)


S = f'xmlns:svns="{NS}"'
STRAYS = {
    "text before a child": ("<a>\n<b>x $secret{a} <c/></b></a>", "/a/b: a reference stands between"),
    "text after a child": ("<a>\n<b><c/> tail ${sec:a}</b></a>", "/a/b: a reference stands between"),
    "text cut by a comment": ("<a>\n<b>$sec<!-- -->ret{a}<c/></b></a>", "/a/b: a reference stands between"),
    "alias of one of two": (
        f'<a {S}>\n<b svns:secretAlias="a" x="password" y="password"/></a>',
        "/a/b: it is not clear which",
    ),
    "alias over children": (f'<a {S}>\n<b svns:secretAlias="a"><c/></b></a>', "/a/b: the alias a stands for no value"),
    "entity beside": ("<!DOCTYPE a [<!ENTITY d 'x'>]><a>\n<b>${sec:a}&d;</b></a>", "/a/b: a reference stands bes"),
    "entity within": (
        "<!DOCTYPE a [<!ENTITY d '$sec'>]><a>\n<b x='&d;ret{a}'/></a>",
        "/a/b: a reference stands bes",
    ),
}
NO_STRAYS = [
    "<a><b>x $secret{a} <!-- --> y</b><c>{<d/>}</c></a>",
    f'<a {S}><b svns:secretAlias="a" x="password" y="z"/><b svns:secretAlias="a">password</b></a>',
    f'<a {S}><b svns:secretAlias="a.x" x="password" y="password"/><b svns:secretAlias="a" x="y"/></a>',
    f'<a {S}><b svns:secretAlias=""><c/></b><b svns:secretAlias="a">plain</b></a>',
    "<!DOCTYPE a [<!ENTITY d 'x'>]><a><b>&d;</b><c>${sec:a}</c></a>",
]


@pytest.mark.parametrize(("text", "message"), STRAYS.values(), ids=STRAYS)
def test_a_reference_that_nothing_can_replace_is_an_error_and_not_left_standing(text: str, message: str) -> None:
    [error] = REWRITER.parse(text.encode()).strays()
    assert str(error).startswith(message)
    assert error.line == 2
    with pytest.raises(SelectorError) as caught:
        REWRITER.load(text.encode(), lambda _: "c4n4ry")
    assert str(caught.value) == str(error)


@pytest.mark.parametrize("text", NO_STRAYS)
def test_what_is_replaced_or_refers_to_nothing_is_no_stray(text: str) -> None:
    assert list(REWRITER.parse(text.encode()).strays()) == []


@pytest.mark.parametrize(
    "text",
    [
        '<a xmlns="http://x/$ref{a}b"><p>c4n4ry</p></a>',
        '<a xmlns:n="u}v"><p n:q="c4n4ry"/></a>',
        '<a xmlns:n="{u"><n:p>c4n4ry</n:p></a>',
        '<a xmlns:n="&#123;u"><p n:q="1">c4n4ry</p></a>',
    ],
)
def test_a_place_that_lxml_cannot_name_is_refused(text: str) -> None:
    document = REWRITER.parse(text.encode())
    (site,) = (site for site in document.sites() if site.value == "c4n4ry")
    with pytest.raises(ConfigSyntaxError, match="a namespace whose URI has a brace") as caught:
        rewrite(REWRITER, document, [Change(site, Reference("a", Syntax.SECRET))])
    assert caught.value.line == 1
