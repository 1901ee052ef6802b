"""Hostile XML: nothing is fetched, nothing expands, nothing takes long, and no error shows the text."""

from __future__ import annotations

import codecs
import socket
import time
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, SpliceError, rewrite
from ciphertool.rewriters.xml import XmlRewriter
from ciphertool.testing import is_outlined

if TYPE_CHECKING:
    from pathlib import Path

REWRITER = XmlRewriter()
CANARY = "c4n4ry-7d1f"


def _seen(data: bytes) -> str:
    """Return all that a document shows of itself."""
    document = REWRITER.parse(data)
    located = document.locate(["/a", "/a/p", "//text()", "//p[.!='']"])
    return f"{[site.value for site in document.sites()]}{located}{etree.tostring(document.tree.getroot())!r}"


@pytest.mark.parametrize("prefix", ["", "undeclared:"])
def test_an_external_entity_is_not_read(tmp_path: Path, prefix: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    name = f"{prefix}a"
    assert CANARY not in _seen(
        f'<!DOCTYPE {name} [<!ENTITY e SYSTEM "{secret.as_uri()}">]><{name}><p>&e;</p></{name}>'.encode()
    )
    with pytest.raises(ConfigSyntaxError):
        REWRITER.parse(f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a x="&e;"/>'.encode())


@pytest.mark.parametrize("prefix", ["", "undeclared:"])
def test_an_external_dtd_is_not_read(tmp_path: Path, prefix: str) -> None:
    dtd = tmp_path / "x.dtd"
    dtd.write_text(f'<!ENTITY e "{CANARY}"><!ATTLIST p x CDATA "{CANARY}">')
    name = f"{prefix}a"
    assert CANARY not in _seen(f'<!DOCTYPE {name} SYSTEM "{dtd.as_uri()}"><{name}><p>&e;</p></{name}>'.encode())
    assert CANARY not in _seen(f'<!DOCTYPE {name} SYSTEM "{dtd}"><{name}><p>1</p></{name}>'.encode())
    parameter = f'<!DOCTYPE {name} [<!ENTITY % q SYSTEM "{dtd.as_uri()}"> %q;]><{name}><p>&e;</p></{name}>'
    assert CANARY not in _seen(parameter.encode())


def test_nothing_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        REWRITER.parse(f'<!DOCTYPE a SYSTEM "{url}" [<!ENTITY e SYSTEM "{url}">]><a><p>&e;</p></a>'.encode())
        with pytest.raises(TimeoutError):
            server.accept()


def _bomb(attribute: bool) -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 12))
    use = '<p x="&e11;"/>' if attribute else "<p>&e11;</p>"
    return f'<!DOCTYPE a [<!ENTITY e0 "{CANARY}">{entities}]><a>{use}<undeclared:q/></a>'


@pytest.mark.parametrize("attribute", [False, True])
@pytest.mark.parametrize("prefix", ["", "undeclared:"])
def test_an_entity_bomb_is_refused_at_once(attribute: bool, prefix: str) -> None:
    started = time.process_time()
    with pytest.raises(ConfigSyntaxError) as caught:
        REWRITER.parse(_bomb(attribute).replace("undeclared:", prefix).encode())
    assert caught.value.reason == "not well-formed XML: resource limit"
    assert CANARY not in str(caught.value)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 300 + "</a>" * 300,
        "<a>" * 200_000,
        "<a " * 200_000,
        '<a x="' * 100_000,
        "<!--" + "-" * 200_000,
        "<a" + " x=''" * 100_000 + ">",
        "<?xml" + " " * 200_000 + "?><a",
        "<!DOCTYPE a [" + "<!-- ' -->" * 50_000 + "'",
        "<![CDATA[" * 50_000,
        f"<a>{'x' * 11_000_000}</a>",
    ],
    ids=lambda text: text[:12],
)
def test_broken_or_excessive_text_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ConfigSyntaxError):
        REWRITER.parse(text.encode())
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        "<r>" + ("<a" + "".join(f" x{n}='>'" for n in range(1_000)) + "/>") * 20 + "</r>",
        "<a>" + "<!-- - -->]]<![CDATA[]]]]>" * 20_000 + "</a>",
        "<a>" + "&#32;&amp; " * 50_000 + "</a>",
        f"<!DOCTYPE a [{'<!-- ] -->' * 20_000}]><a/>",
    ],
    ids=["attributes", "sections", "references", "subset"],
)
def test_tiresome_text_takes_no_longer_than_it_is(text: str) -> None:
    document = REWRITER.parse(text.replace("]]<", "] <").encode())
    started = time.process_time()
    assert sum(1 for _ in document.sites()) >= 1
    assert time.process_time() - started < 10


@pytest.mark.parametrize("prefix", ["", "undeclared:"])
def test_an_element_has_a_thousand_prefixes_and_no_more(prefix: str) -> None:
    def text(count: int) -> bytes:
        attributes = " ".join(f"xmlns:p{n}='urn:{n}'" for n in range(count))
        return f"<r>\n<{prefix}q {attributes}/></r>".encode()

    assert REWRITER.parse(text(999))
    with pytest.raises(ConfigSyntaxError, match="more than 1000 prefixes") as refused:
        REWRITER.parse(text(1_001))
    assert refused.value.line == 2


_WIDE = {
    "attributes": lambda count: (
        "<a " + " ".join(f"x{n}='v{n}'" for n in range(count)) + "/>",
        [f"/a/@x{n}" for n in range(count)],
    ),
    "undeclared attributes": lambda count: (
        "<a " + " ".join(f"u:x{n}='v{n}'" for n in range(count)) + "/>",
        [f"/a/@x{n}" for n in range(count)],
    ),
    "undeclared elements": lambda count: (
        "<a>" + "".join(f"<u:b>v{n}</u:b>" for n in range(count)) + "</a>",
        [f"/a/u:b[{n + 1}]" for n in range(count)],
    ),
}


def _protect_all(text: str, selectors: list[str]) -> float:
    """Protect and reveal every value; return the time it took."""
    started = time.process_time()
    document = REWRITER.parse(text.encode())
    found = [sites[0] for sites in document.locate(selectors) if isinstance(sites, tuple)]
    changes = [Change(site, Reference(f"a{n}", REWRITER.syntax)) for n, site in enumerate(found)]
    protected = REWRITER.parse(rewrite(REWRITER, document, changes))
    again = [site for site in protected.sites() if site.reference]
    assert len(again) == len(selectors)
    assert sum(1 for value in document.outline().values if value) == len(selectors)
    back = rewrite(REWRITER, protected, [Change(new, old.value) for new, old in zip(again, found, strict=True)])
    assert back == text.encode()
    return time.process_time() - started


@pytest.mark.parametrize("name", _WIDE)
def test_thousands_of_values_that_are_all_targets_take_time_in_proportion(name: str) -> None:
    _protect_all(*_WIDE[name](50))
    assert _protect_all(*_WIDE[name](12_000)) < 10 * _protect_all(*_WIDE[name](3_000))


@pytest.mark.parametrize("order", ["x='1' y='2'", "y='2' x='1'"])
def test_a_wide_element_with_another_attribute_is_not_proved(order: str) -> None:
    others = " ".join(f"o{n}='v'" for n in range(100))
    document = REWRITER.parse(f"<a x='1' y='2' {others} p='s'/>".encode())
    site = next(site for site in document.sites() if site.value == "s")
    change = Change(site, Reference("s", Syntax.SECRET))
    same = f"<a {order} {others} p='$secret{{s}}'/>".encode()
    assert REWRITER.parse(same).proves(document, [change]) is order.startswith("x")
    assert not REWRITER.parse(same.replace(b"y='2'", b"y='3'")).proves(document, [change])
    assert [site.value for site in document.sites()][:2] == ["1", "2"]


@pytest.mark.parametrize(
    "subset",
    [
        "<!ELEMENT a ANY><!ATTLIST a x NMTOKEN 'a b'>",
        "<!ELEMENT a ANY><!ELEMENT a EMPTY>",
        "<!ATTLIST b x ID #IMPLIED y ID #IMPLIED>",
        "<!ATTLIST b i ID #IMPLIED>",
    ],
)
def test_a_document_that_is_not_valid_is_read_as_java_reads_it(subset: str) -> None:
    text = f"<!DOCTYPE a [{subset}]>\n<a><b i='one'>s</b><b i='one'/><b i='two' x='t'/></a>"
    assert _protect_all(text, ["/a/b[1]/@i", "/a/b[1]", "/a/b[2]/@i", "/a/b[3]/@i", "/a/b[3]/@x"]) < 10


def test_a_warning_is_no_error_and_hides_none() -> None:
    assert [site.value for site in REWRITER.parse(b"<?xml version='1.1'?>\n<u:a>1</u:a>").sites()] == ["1"]
    with pytest.raises(ConfigSyntaxError) as refused:
        REWRITER.parse(b"<?xml version='1.1'?>\n<a>\n<b></c></a>")
    assert (refused.value.reason, refused.value.line) == ("not well-formed XML: tag name mismatch", 3)


@pytest.mark.parametrize(
    ("subset", "drops"),
    [
        ("<!ATTLIST a x CDATA #IMPLIED><!ATTLIST a x NMTOKENS #IMPLIED>", False),
        ("<!ATTLIST a x NMTOKENS #IMPLIED><!ATTLIST a x CDATA #IMPLIED>", True),
        ("<!-- <!ATTLIST a x NMTOKEN ''> --><!ATTLIST a y (p|q) 'p' x CDATA ''>", False),
        ("<!ATTLIST b x NMTOKEN ''><!ATTLIST a y CDATA 'x ID' x (p | q) 'p'>", True),
        ("<!ENTITY e \"<!ATTLIST a x CDATA ''>\"><!ATTLIST a x ID #REQUIRED>", True),
        ("<!NOTATION n SYSTEM 'n'><!ATTLIST a y NOTATION (n) #IMPLIED x NOTATION (n) #IMPLIED>", True),
        ("<!ATTLIST a y CDATA #FIXED 'b' x CDATA #FIXED ' '>", False),
    ],
)
def test_the_first_declaration_of_an_attribute_says_if_blanks_are_dropped(subset: str, drops: bool) -> None:
    scan = REWRITER.parse(f"<!DOCTYPE a [{subset}]>\n<a x='p'/>".encode()).scan
    assert scan.drops_blanks("a", "x") is drops


def test_the_next_document_is_judged_by_its_own_errors() -> None:
    with pytest.raises(ConfigSyntaxError):
        REWRITER.parse(f"<a>{CANARY}".encode())
    assert [site.value for site in REWRITER.parse(b"<u:a>1</u:a>").sites()] == ["1"]


def test_no_repr_shows_a_value() -> None:
    document = REWRITER.parse(f'<a x="{CANARY}">{CANARY}</a>'.encode())
    located = document.locate(["/a", "/a/@x", "/a/b"])
    changes = [Change(site, CANARY) for site in document.sites()]
    assert CANARY not in f"{document!r}{located!r}{changes!r}{document.edits(changes)!r}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<a><p>s</p><q/></a>", "<a><p>s</p><q>new</q></a>"),
        ("<a><p>s</p><q x='1'/></a>", "<a><p>s</p><q x='2'/></a>"),
        ("<a><p>s</p><q/></a>", "<a><p>s</p></a>"),
        ("<a><p>s</p><q><r/></q></a>", "<a><p>s</p><q/><r/></a>"),
        ("<a><p>s</p><!-- c --></a>", "<a><p>s</p><!-- d --></a>"),
        ("<a><p>s<!-- c --></p></a>", "<a><p>s<!-- d --></p></a>"),
        ("<a><p>s</p></a>", "<a><p>s<!-- c --></p></a>"),
        ("<a><p>s</p></a>", "<a><p><?x y?>s</p></a>"),
        ("<a><p>s</p></a>", "<a><p>s</p> </a>"),
        ("<a><p>s</p><q/></a>", "<a><p>s</p><q/> </a>"),
        ("<a><p> s</p></a>", "<a><p>\ts</p></a>"),
        ("<a><p> s</p></a>", "<a><p>s</p></a>"),
        ("<a><p y='1'>s</p></a>", "<a><p y='2'>s</p></a>"),
        ("<a><p>s</p></a>", "<a xmlns:n='urn:n'><p>s</p></a>"),
        ("<a><p>s</p></a><!-- c -->", "<a><p>s</p></a>"),
        ("<!DOCTYPE a><a><p>s</p></a>", "<a><p>s</p></a>"),
        ("<a><p>s</p><?x y?></a>", "<a><p>s</p><?x z?></a>"),
        (
            "<!DOCTYPE a [<!ENTITY e 'x'><!ENTITY f 'x'>]><a><p>s</p>&e;</a>",
            "<!DOCTYPE a [<!ENTITY e 'x'><!ENTITY f 'x'>]><a><p>s</p>&f;</a>",
        ),
    ],
)
@pytest.mark.parametrize("to", ["t", Reference("A", Syntax.ATTRIBUTE)])
def test_any_difference_beyond_the_plan_is_seen(before: str, after: str, to: str | Reference) -> None:
    document = REWRITER.parse(before.encode())
    (found,) = document.locate(["/a/p"])
    assert isinstance(found, tuple)
    changes = [Change(found[0], to)]
    assert REWRITER.parse(rewrite(REWRITER, document, changes)).proves(document, changes)
    (other,) = REWRITER.parse(after.encode()).locate(["/a/p"])
    assert isinstance(other, tuple)
    tampered = rewrite(REWRITER, REWRITER.parse(after.encode()), [Change(other[0], to)])
    assert not REWRITER.parse(tampered).proves(document, changes)


@pytest.mark.parametrize("inner", ["t<q/>", "t<q/>t", "<q>t</q>", "<q/>t", "t<!-- c -->", "", " t"])
def test_more_than_the_planned_text_is_seen(inner: str) -> None:
    document = REWRITER.parse(b"<a><p>s</p></a>")
    (found,) = document.locate(["/a/p"])
    assert isinstance(found, tuple)
    assert REWRITER.parse(b"<a><p>t</p></a>").proves(document, [Change(found[0], "t")])
    assert not REWRITER.parse(f"<a><p>{inner}</p></a>".encode()).proves(document, [Change(found[0], "t")])


def test_a_value_other_than_planned_is_seen() -> None:
    document = REWRITER.parse(b"<a><p x='1'>s</p></a>")
    attribute, text = [site for site in document.sites() if site.value]
    after = rewrite(REWRITER, document, [Change(attribute, "t")])
    assert not REWRITER.parse(after).proves(document, [Change(attribute, "u")])
    assert not REWRITER.parse(after).proves(document, [Change(text, "t")])
    assert not REWRITER.parse(after).proves(document, [Change(attribute, Reference("t", Syntax.ATTRIBUTE))])
    assert not REWRITER.parse(after).proves(document, [])


def test_another_spelling_or_encoding_than_planned_is_seen() -> None:
    document = REWRITER.parse(b"<a><p>s</p></a>")
    (found,) = document.locate(["/a/p"])
    assert isinstance(found, tuple)
    attribute, in_place = Reference("A", Syntax.ATTRIBUTE), Reference("A", Syntax.SECRET)
    after = rewrite(REWRITER, document, [Change(found[0], attribute)])
    assert REWRITER.parse(after).proves(document, [Change(found[0], attribute)])
    assert not REWRITER.parse(after).proves(document, [Change(found[0], in_place)])
    assert not REWRITER.parse(codecs.BOM_UTF8 + after).proves(document, [Change(found[0], attribute)])


def test_what_stands_beside_the_root_stays_when_a_value_comes_back() -> None:
    data = b"<!-- a --><?b c?><d><e>s</e></d><!-- f --><?g?>"
    document = REWRITER.parse(data)
    (found,) = document.locate(["/d/e"])
    assert isinstance(found, tuple)
    protected = rewrite(REWRITER, document, [Change(found[0], Reference("A", Syntax.ATTRIBUTE))])
    (again,) = REWRITER.parse(protected).locate(["/d/e"])
    assert isinstance(again, tuple)
    assert rewrite(REWRITER, REWRITER.parse(protected), [Change(again[0], "s")]) == data
    other = REWRITER.parse(data.replace(b"f", b"F"))
    assert not other.proves(REWRITER.parse(protected), [Change(again[0], "s")])


def test_an_empty_element_with_its_alias_stays_and_with_another_gets_a_text() -> None:
    data = b'<a xmlns:svns="http://org.wso2.securevault/configuration"><p svns:secretAlias="A"/></a>'
    document = REWRITER.parse(data)
    (found,) = document.locate(["/a/p"])
    assert isinstance(found, tuple)
    assert rewrite(REWRITER, document, [Change(found[0], Reference("A", Syntax.ATTRIBUTE))]) == data
    other = data.replace(b'"A"/>', b'"B">password</p>')
    assert rewrite(REWRITER, document, [Change(found[0], Reference("B", Syntax.ATTRIBUTE))]) == other


def test_an_alias_attribute_that_stayed_is_seen() -> None:
    document = REWRITER.parse(b'<a><p svns:secretAlias="A">password</p></a>')
    (found,) = document.locate(["/a/p"])
    assert isinstance(found, tuple)
    after = REWRITER.parse(b'<a><p svns:secretAlias="A">t</p></a>')
    assert not after.proves(document, [Change(found[0], "t")])


def test_a_site_of_another_document_is_never_written() -> None:
    (other,) = REWRITER.parse(b"<bb><c>other</c></bb>").locate(["/bb/c"])
    assert not isinstance(other, SelectorError)
    for data in (b"<a><p>s</p></a>", b"<!-- a long head -->\n<a><p>s</p></a>", b"<aa><p>s</p></aa>"):
        document = REWRITER.parse(data)
        document.locate(["//p"])
        with pytest.raises(SpliceError):
            rewrite(REWRITER, document, [Change(other[0], "t")])


def test_two_changes_of_one_site_are_never_written() -> None:
    document = REWRITER.parse(b"<a><p>s</p></a>")
    (found,) = document.locate(["/a/p"])
    assert isinstance(found, tuple)
    with pytest.raises(SpliceError):
        rewrite(REWRITER, document, [Change(found[0], "t"), Change(found[0], "u")])


@pytest.mark.parametrize("prefix", ["", "undeclared:"])
@pytest.mark.parametrize("after", ["<b/>", "</b>", "x", '<">&', "<c", "&#1;", "<![CDATA[x]]>", "<!DOCTYPE a>"])
def test_what_follows_the_root_is_not_left_out(prefix: str, after: str) -> None:
    whole = f'<a><p {prefix}q="1">v</p></a><!-- c -->\n'
    assert [site.value for site in REWRITER.parse(whole.encode()).sites()] == ["1", "v"]
    with pytest.raises(ConfigSyntaxError):
        REWRITER.parse((whole + after).encode())


def test_the_text_after_an_empty_element_is_not_its_value() -> None:
    document = REWRITER.parse(b"<r><p>one<br />two</p><p><br/>three</p><q><b>x</b></q></r>")
    assert sorted(site.value for site in document.sites()) == ["", "", "x"] == sorted(document.outline().values)
    assert is_outlined(document)
    (found,) = document.locate(["//br"])
    assert isinstance(found, NoMatchError)
