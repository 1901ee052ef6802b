"""Encodings: which can be said, what is in doubt, and that every reader sees afterwards what it saw before."""

from __future__ import annotations

import codecs
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool import rewriters
from ciphertool.errors import ConfigError, ConfigSyntaxError, UnknownEncodingError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import encodings
from ciphertool.rewriters.base import Change, Site, rewrite
from ciphertool.rewriters.properties import PropertiesRewriter
from tests.interop.java_properties import load_in_java
from tests.rewriters.encoded import FORMATS, PIECES, differences, file, pieces, tried

KINDS = [(name, encoding) for name, known in FORMATS.items() for encoding in known] + [("properties", "unsaid")] * 5


@given(st.data())
def test_every_reader_sees_afterwards_what_it_saw_before(data: st.DataObject) -> None:
    name, encoding = data.draw(st.sampled_from(KINDS))
    texts = st.lists(st.sampled_from(pieces(name, encoding)), min_size=1, max_size=7).map("".join)
    given_file = file(name, encoding, data.draw(texts), data.draw(texts), escaped=data.draw(st.booleans()))
    if given_file is not None and not (seen := tried(given_file)).refusal:
        assert list(differences(given_file, seen)) == []


@pytest.mark.jvm
@pytest.mark.parametrize("encoding", ["unsaid", "iso-8859-1", "utf-8"])
def test_java_sees_afterwards_what_it_saw_before(encoding: str) -> None:
    random = Random(11)  # noqa: S311 - the same files each time
    trials: list[tuple[bytes, bytes, bytes]] = []
    while len(trials) < 80:
        texts = ("".join(random.choices(PIECES, k=5)) for _ in range(2))
        given_file = file("properties", encoding, *texts, escaped=random.random() < 0.3)
        if given_file is not None and not (seen := tried(given_file)).refusal:
            trials.append((seen.before, seen.protected, seen.after))
    charsets: dict[str, list[str | None]] = {"unsaid": [None, "UTF-8"], "iso-8859-1": [None], "utf-8": ["UTF-8"]}
    for charset in charsets[encoding]:
        loaded = load_in_java([data for trial in trials for data in trial], charset)
        for before, protected, after in zip(loaded[::3], loaded[1::3], loaded[2::3], strict=True):
            assert before is not None
            assert before == after
            assert protected == {**before, "a.password": "$secret{an.alias}"}


@pytest.mark.parametrize(
    "names", [("utf8", "UTF-8", "utf_8", "utf-8-sig"), ("latin1", "ISO-8859-1", "iso8859_1", "L1")]
)
def test_one_encoding_has_one_name(names: tuple[str, ...]) -> None:
    assert len({encodings.canonical(name) for name in names}) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("rot13", "base64", "hex", "zip", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"),
        *("utf-7", "hz", "iso-2022-jp", "iso2022_kr", "cp037", "cp864", "utf-32", "utf-32-le", "mbcs", "nowhere"),
        *("", "../aliases", "aliases", "utf-8\0", "ütf-8", "x" * 100_000),
    ],
)
def test_what_cannot_be_spliced_is_no_encoding(name: str) -> None:
    with pytest.raises(UnknownEncodingError) as error:
        encodings.canonical(name)
    assert error.value.name == name


@pytest.mark.parametrize(
    ("name", "encoding"), [("toml", "utf-16"), ("toml", "latin-1"), ("json", "cp1252"), ("yaml", "iso-8859-15")]
)
def test_a_format_that_is_unicode_by_definition_has_no_other_encoding(name: str, encoding: str) -> None:
    with pytest.raises(ConfigError, match="by its definition"):
        rewriters.by_name(name, encoding)


@pytest.mark.parametrize("name", rewriters.names())
def test_a_mark_that_contradicts_what_is_said_is_refused(name: str) -> None:
    texts = {"xml": "<a/>", "json": "{}", "ini": "[s]\na=b\n", "yaml": "a: b\n"}
    text = texts.get(name, "a='b'\n")
    for mark, codec in (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"):
        data = mark + text.encode(codec)
        for said in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252"):
            try:
                rewriter = rewriters.by_name(name, said)
            except ConfigError:
                continue
            if encodings.agree(said, codec) and not (name == "toml" and codec != "utf-8"):
                assert rewriter.parse(data).source.text == text
            else:
                with pytest.raises(ConfigSyntaxError, match=r"byte order mark"):
                    rewriter.parse(data)


@pytest.mark.parametrize("name", ["properties", "env", "ini", "yaml", "json"])
def test_utf_16_without_a_mark_must_say_its_order(name: str) -> None:
    data = '{"a": "b"}'.encode("utf-16-le") if name == "json" else "[s]\na=b\n".encode("utf-16-le")
    with pytest.raises(ConfigSyntaxError, match="no byte order mark") as error:
        rewriters.by_name(name, "utf-16").parse(data)
    assert "utf-16-le" in error.value.hint


def _site(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    document = PropertiesRewriter(encoding).parse(data)
    [found] = document.locate(["p"])
    assert not isinstance(found, Exception)
    return found[0].value, document.doubt(found[0])


@pytest.mark.parametrize(
    ("data", "encoding", "value"),
    [
        ("p=ä\n".encode(), "utf-8", "ä"),
        ("p=ä\n".encode(), "iso-8859-1", "Ã¤"),
        (codecs.BOM_UTF8 + "p=ä\n".encode(), None, "ä"),
        (b"p=\xe4\n", None, "ä"),
        (b"p=\\u00e4\n", None, "ä"),
        (b"p=\xc3\xa4\nq=\xe4\n", None, "Ã¤"),
        ("# ä\nq=ö\np=a\n".encode(), None, "a"),
    ],
)
def test_a_value_is_certain_where_its_encoding_is(data: bytes, encoding: str | None, value: str) -> None:
    assert _site(data, encoding) == (value, "")


@pytest.mark.parametrize("spelled", ["ä", "\\u00e4ä", "x\\\n  ä", "\\ä", "漢", "😀", "\xa0"])
def test_a_value_is_in_doubt_where_utf_8_is_another(spelled: str) -> None:
    value, doubt = _site(f"p={spelled}\n".encode())
    assert "UTF-8" in doubt
    assert value not in doubt
    assert PropertiesRewriter().parse(b"p=x\n").may_misread(value)
    assert not PropertiesRewriter("utf-8").parse(b"p=x\n").may_misread(value)


@pytest.mark.parametrize(("name", "template"), [("env", "P='{}'\n"), ("ini", "[s]\np = {}\n")])
def test_what_an_encoding_lacks_is_refused_where_there_are_no_escapes(name: str, template: str) -> None:
    rewriter = rewriters.by_name(name, "iso-8859-1")
    document = rewriter.parse(template.format("$secret{a}").encode("latin-1"))
    [site] = list(document.sites())
    changed = rewrite(rewriter, document, [Change(site, "ä")])
    assert b"\xe4" in changed
    assert [site.value for site in rewriter.parse(changed).sites()] == ["ä"]
    with pytest.raises(UnrepresentableValueError) as error:
        rewrite(rewriter, document, [Change(site, "a€")])
    assert "€" not in str(error.value)


def _put(data: bytes, encoding: str | None, value: str) -> bytes:
    rewriter = PropertiesRewriter(encoding)
    document = rewriter.parse(data)
    sites: list[Site] = [site for site in document.sites() if site.reference]
    return rewrite(rewriter, document, [Change(sites[0], value)])


def test_a_value_stands_as_it_is_where_the_encoding_is_said_and_has_it() -> None:
    reference = str(Reference("a", Syntax.SECRET)).encode()
    assert _put(b"p=" + reference, "utf-8", "ä€😀\xa0\u2028") == "p=ä€😀\\u00A0\\u2028".encode()
    assert _put(b"p=" + reference, "iso-8859-1", "ä€") == b"p=\xe4\\u20AC"
    assert _put(b"p=" + reference, None, "ä€") == b"p=\\u00E4\\u20AC"
    assert _put(b"q=\\u00e4\np=" + reference, "utf-8", "ä") == b"q=\\u00e4\np=\\u00E4"


XML = '<?xml version="1.0" encoding="{}"?>\n<a><p>s3ä</p></a>\n'
CONTRADICTIONS = [
    (codecs.BOM_UTF8, "utf-8", "iso-8859-1"),
    (codecs.BOM_UTF8, "utf-8", "us-ascii"),
    (codecs.BOM_UTF8, "utf-8", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8", "nowhere"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16BE"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "iso-8859-1"),
    (b"", "utf-16-be", "utf-8"),
    (b"", "utf-16-be", "UTF-16LE"),
    (b"", "utf-8", "UTF-16"),
    (b"", "utf-8", "us-ascii"),
]


@pytest.mark.parametrize(("mark", "codec", "declared"), CONTRADICTIONS)
def test_xml_that_contradicts_itself_is_refused(mark: bytes, codec: str, declared: str) -> None:
    with pytest.raises(ConfigSyntaxError) as error:
        rewriters.by_name("xml").parse(mark + XML.format(declared).encode(codec))
    assert "s3" not in str(error.value)


@pytest.mark.parametrize(
    ("mark", "codec", "declared"),
    [
        *((codecs.BOM_UTF8, "utf-8", name) for name in ("utf-8", "UTF8", "Utf_8")),
        *((codecs.BOM_UTF16_LE, "utf-16-le", name) for name in ("UTF-16", "utf-16le", "ISO-10646-UCS-2")),
        (b"", "utf-16-le", "UTF-16"),
        (b"", "iso-8859-1", "latin1"),
        (b"", "utf-8", "utf-8"),
    ],
)
def test_xml_may_call_its_encoding_by_any_name(mark: bytes, codec: str, declared: str) -> None:
    document = rewriters.by_name("xml").parse(mark + XML.format(declared).encode(codec))
    assert [site.value for site in document.sites()] == ["s3ä"]


def test_xml_is_in_the_encoding_that_is_said_only_where_it_says_none() -> None:
    rewriter = rewriters.by_name("xml", "latin-1")
    assert [site.value for site in rewriter.parse("<p>ä</p>".encode("latin-1")).sites()] == ["ä"]
    assert rewriter.parse(XML.format("ISO-8859-1").encode("latin-1")).source.codec == "iso-8859-1"
    with pytest.raises(ConfigSyntaxError, match="it declares utf-8, but it is stated to be in iso-8859-1"):
        rewriter.parse(XML.format("UTF-8").encode())


def test_a_processing_instruction_is_no_declaration() -> None:
    data = '<?xml-stylesheet href="x" encoding="iso-8859-1"?>\n<p>ä</p>'.encode()
    assert [site.value for site in rewriters.by_name("xml").parse(data).sites()] == ["ä"]
