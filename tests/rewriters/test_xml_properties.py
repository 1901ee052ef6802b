"""XML: what holds for random documents and random values, and for real files."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ciphertool.errors import UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Edit, Site, rewrite, splice
from ciphertool.rewriters.xml import XmlRewriter
from ciphertool.testing import is_outlined

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.rewriters.xml.document import XmlDocument

REWRITER = XmlRewriter()

_HOLDERS = (
    ("<a><p>{}</p></a>", "/a/p"),
    ("<a>\r\n<p> {}\r\n</p></a>", "/a/p"),
    ("<a><p><![CDATA[{}]]></p></a>", "/a/p"),
    ("<a><p><!-- c -->{}<?pi?></p></a>", "/a/p"),
    ('<a><p x="{}"/></a>', "/a/p/@x"),
    ("<a><p x='{}'>t</p></a>", "/a/p/@x"),
)
_CODECS = ("utf-8", "utf-16-le", "iso-8859-1", "shift_jis", "us-ascii")
_traps = st.sampled_from(
    ["]]>", "&", "<", ">", '"', "'", "${x}", "\r", "\n", "\t", " ", "\x00", "\x85", "\u2028", "&#32;", "€"]
)
_texts = st.lists(st.one_of(st.characters(), st.text(max_size=5), _traps), max_size=6).map("".join)


def _declared(text: str, codec: str) -> bytes:
    name = "utf-16" if codec == "utf-16-le" else codec
    return f'<?xml version="1.0" encoding="{name}"?>\r\n{text}'.encode(codec)


def _locate(data: bytes, selector: str) -> Site:
    (found,) = REWRITER.parse(data).locate([selector])
    assert isinstance(found, tuple), found
    (site,) = found
    return site


def _holds(value: str) -> bool:
    """Tell by XML 1.0's own production whether it has all of a value's characters."""
    return all(c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" for c in value)


@settings(max_examples=150)
@given(st.sampled_from(_HOLDERS), st.sampled_from(_CODECS), _texts)
def test_any_value_reads_back_or_is_refused(holder: tuple[str, str], codec: str, value: str) -> None:
    shape, selector = holder
    data = _declared(shape.format("old"), codec)
    document = REWRITER.parse(data)
    change = Change(_locate(data, selector), value)
    if not _holds(value):
        with pytest.raises(UnrepresentableValueError):
            document.edits([change])
        return
    changed = rewrite(REWRITER, document, [change])
    sites = {site.selector: site.value for site in REWRITER.parse(changed).sites()}
    assert sites[selector] == value
    if not value:
        return
    site = _locate(changed, selector)
    protected = rewrite(REWRITER, REWRITER.parse(changed), [Change(site, Reference("A", Syntax.ATTRIBUTE))])
    back = rewrite(REWRITER, REWRITER.parse(protected), [Change(_locate(protected, selector), value)])
    assert back == changed  # what this tool has spelled comes back to the byte


_words = st.text(alphabet="abc &<\"'$€ü😀\u3042", min_size=1, max_size=8).map(lambda word: word.strip(" ") or "x")
_blank = st.sampled_from(["", " ", "\n  ", "\t"])
_aside = st.sampled_from(["", "<!-- <p x='1'> - -->", "<?pi <p> ?>", "<!---->"])


@st.composite
def _starts(draw: st.DrawFn, name: str) -> str:
    parts = [f"<{name}"]
    for key in draw(st.lists(st.sampled_from(["x", "y", "z", "n:x", "password"]), unique=True, max_size=3)):
        quote = draw(st.sampled_from("\"'"))
        value = draw(_words).replace("&", "&amp;").replace("<", "&lt;")
        value = value.replace(quote, "&quot;" if quote == '"' else "&apos;")
        white = draw(st.sampled_from([" ", "\n\t"]))
        parts.append(f"{white}{key}{draw(_blank)}={draw(_blank)}{quote}{value}{quote}")
    return "".join(parts) + draw(_blank)


@st.composite
def _elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(st.sampled_from(["a", "b", "n:c", "password"]))
    start = draw(_starts(name))
    kind = draw(st.sampled_from(["empty", "text", "cdata"] + ["children"] * 3 * (depth > 0)))
    if kind == "empty":
        return f"{start}/>"
    if kind == "text":
        content = draw(_words).replace("&", "&amp;").replace("<", "&lt;")
    elif kind == "cdata":
        content = f"<![CDATA[{draw(_words)}]]>"
    else:
        content = "".join(draw(st.lists(_elements(depth - 1), min_size=1, max_size=3)))
    return f"{start}>{draw(_aside)}{draw(_blank)}{content}{draw(_blank)}{draw(_aside)}</{name}{draw(_blank)}>"


@settings(max_examples=100)
@given(_elements(), _aside, _aside, st.sampled_from(["utf-8", "utf-16-le"]))
def test_protecting_everything_and_putting_it_back_restores_the_bytes(
    element: str, before: str, after: str, codec: str
) -> None:
    text = element.replace(">", ' xmlns:n="urn:n">', 1) if "/>" not in element.split(">")[0] + ">" else "<a>1</a>"
    data = f"\ufeff{before}\n{text}\n{after}".encode(codec)
    document = REWRITER.parse(data)
    assert is_outlined(document)
    changes = _protect_all(document)
    protected = rewrite(REWRITER, document, changes)
    assert is_outlined(REWRITER.parse(protected))
    assert _outside(document, changes) == _without_references(protected.decode(codec))
    found = {site.reference.alias: site for site in REWRITER.parse(protected).sites() if site.reference}
    assert len(found) == len(changes)
    back = [Change(found[f"alias.{number}"], change.site.value) for number, change in enumerate(changes)]
    assert rewrite(REWRITER, REWRITER.parse(protected), back) == data


def _protect_all(document: XmlDocument) -> list[Change]:
    sites = [site for site in document.sites() if isinstance(document.locate([site.selector])[0], tuple)]
    return [Change(site, Reference(f"alias.{number}", Syntax.ATTRIBUTE)) for number, site in enumerate(sites)]


def _outside(document: XmlDocument, changes: list[Change]) -> str:
    """Return a document's text with a dash for every site that changes."""
    text = document.source.text
    sites = [change.site for change in changes]
    marks = [Edit(site.start, site.end, _dash(site, text[site.start : site.end])) for site in sites]
    return document.source.bom.decode(document.source.codec) + splice(text, marks)


def _dash(site: Site, spelled: str) -> str:
    if "/@" in site.selector:
        return f"{spelled[0]}-{spelled[0]}"
    return "<![CDATA[-]]>" if spelled.startswith("<![CDATA[") else "-"


def _without_references(text: str) -> str:
    """Take out of a text what protecting puts in, by patterns that know nothing of where it was put."""
    text = text.replace('  xmlns:svns="http://org.wso2.securevault/configuration"', "")
    text = re.sub(r"""(?<=["'])password(["']) svns:secretAlias="alias\.[0-9]+\"""", r"-\1", text)
    text = re.sub(r"\$secret\{alias\.[0-9]+\}", "-", text)
    pattern = r"( svns:secretAlias=\"alias\.[0-9]+\")([^>]*>(?:<!--.*?-->|<\?.*?\?>|[ \t\n])*(?:<!\[CDATA\[)?)password"
    return re.sub(pattern, r"\2-", text)


@pytest.mark.corpus
@pytest.mark.parametrize("home", ["carbon-4.4.3-home", "carbon-4.4.x-home"])
def test_a_real_home_changes_in_eighteen_lines_and_comes_back(corpus: Path, home: str) -> None:
    changed_lines = 0
    for path, targets in _targets(corpus / home).items():
        data = path.read_bytes()
        document = REWRITER.parse(data)
        sites = [found[0] for found in document.locate(list(targets.values())) if isinstance(found, tuple)]
        assert len(sites) == len(targets)
        references = [Reference(alias, Syntax.ATTRIBUTE) for alias in targets]
        changes = [Change(site, reference) for site, reference in zip(sites, references, strict=True)]
        protected = rewrite(REWRITER, document, changes)
        lines = [content.decode("iso-8859-1").splitlines() for content in (data, protected)]
        changed_lines += sum(line[:1] in "+-" for line in list(difflib.unified_diff(lines[0], lines[1], n=0))[2:])
        found = {site.reference.alias: site for site in REWRITER.parse(protected).sites() if site.reference}
        assert {alias: site.selector for alias, site in found.items()} == {
            alias: site.selector for alias, site in zip(targets, sites, strict=True)
        }
        back = [Change(found[alias], site.value) for alias, site in zip(targets, sites, strict=True)]
        assert rewrite(REWRITER, REWRITER.parse(protected), back) == data
    assert changed_lines == 18


@pytest.mark.corpus
@pytest.mark.parametrize("home", ["carbon-4.4.3-home", "carbon-4.4.x-home"])
def test_what_the_java_tool_has_protected_is_read(corpus: Path, home: str) -> None:
    for path, targets in _targets(corpus / "protected-by-java" / home, corpus / home).items():
        document = REWRITER.parse(path.read_bytes())
        references = {site.reference.alias: site.selector for site in document.sites() if site.reference}
        assert references.keys() == targets.keys()
        for alias, found in zip(targets, document.locate(list(targets.values())), strict=True):
            assert isinstance(found, tuple)
            assert found[0].selector == references[alias]


@pytest.mark.corpus
def test_every_real_file_is_read_protected_and_put_back(corpus: Path) -> None:
    paths = sorted(corpus.rglob("*.xml"))
    assert len(paths) > 30
    for path in paths:
        data = path.read_bytes()
        document = REWRITER.parse(data)
        changes = [change for change in _protect_all(document) if change.site.reference is None]
        protected = rewrite(REWRITER, document, changes)
        found = {site.reference.alias: site for site in REWRITER.parse(protected).sites() if site.reference}
        values = {str(change.to): change.site.value for change in changes}
        back = [
            Change(site, values[_by_attribute(alias)])
            for alias, site in found.items()
            if _by_attribute(alias) in values
        ]
        assert len(back) == len(changes)
        revealed = REWRITER.parse(rewrite(REWRITER, REWRITER.parse(protected), back))
        assert [(site.selector, site.value) for site in revealed.sites()] == [
            (site.selector, site.value) for site in document.sites()
        ]
        etree.fromstring(protected)


def _by_attribute(alias: str) -> str:
    return str(Reference(alias, Syntax.ATTRIBUTE))


def _targets(home: Path, settings_home: Path | None = None) -> dict[Path, dict[str, str]]:
    """Return file → alias → XPath, as the home's cipher-tool.properties names them."""
    targets: dict[Path, dict[str, str]] = {}
    listed = ((settings_home or home) / "repository/conf/security/cipher-tool.properties").read_text("utf-8")
    for alias, file, selector, flag in re.findall(r"(?m)^([^#=\n]+)=(.+?)/(/.+),(true|false)$", listed):
        path = re.sub(r"\[@(\w+)\]$", r"/@\1", selector) if flag == "true" else selector
        targets.setdefault(home / file, {})[alias] = path
    return targets
