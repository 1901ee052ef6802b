"""`.properties`: the same entries as java.util.Properties and javaproperties see, and entries set, added, removed."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import javaproperties
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, SpliceError, rewrite
from ciphertool.rewriters.properties import PropertiesDocument, PropertiesRewriter, rewrite_entries
from ciphertool.testing import RewriterContract, is_outlined
from tests.interop.java_properties import load_in_java

if TYPE_CHECKING:
    from collections.abc import Mapping

REWRITER = PropertiesRewriter()
_VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "properties"

_PIECES = (
    *("\\", "\\", "\n", "\r", "\r\n", " ", "\t", "\f", "=", ":", "#", "!", "a", "u", "é", "\\u0041", "\\u00"),
    *("\\ud83d\\ude00", "\\n", "\\:", "\\\n", "k=v\n", "key: value\n", "# c\n"),
)
# Java has an own view of a line that is nothing but a backslash, and so of a comment after it.
_FOLD_ALONE = re.compile(rb"(?:\A|[\r\n])[ \t\f]*\\(?:[\r\n]|\Z)")
_DOCUMENTS = st.lists(st.sampled_from(_PIECES), max_size=14).map(lambda pieces: "".join(pieces).encode("latin-1"))
_VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_KEYS = st.one_of(_VALUES, st.sampled_from(["", "#a", "!a", "a b", "a=b", "a:b", "\\", "k"]))


def _vector_documents() -> list[bytes]:
    return [path.read_bytes() for path in sorted(_VECTORS.glob("*.properties"))]


def _parse(data: bytes) -> PropertiesDocument | None:
    try:
        return REWRITER.parse(data)
    except ConfigSyntaxError:
        return None


def _judged(data: bytes) -> dict[str, str] | None:
    try:
        return {str(key): str(value) for key, value in javaproperties.loads(data.decode("latin-1")).items()}
    except javaproperties.InvalidUEscapeError:
        return None


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (
        b"# c\n\na=1\nb : two words  \r\n! d\n\tc\\ d=\\u0041\\\n   x\nflag\nempty=\nlast=y",
        b"\xef\xbb\xbfp\xc3\xa4ss=w\xc3\xb6rd\n",
        b"url jdbc:h2:mem\r\npassword = \xe4\r\n",
        b"p=\xe4\\\n",
    )
    damaged = (b"a=c4n4ry-7d1f\\u12\n", b"\xef\xbb\xbfa=c4n4ry-7d1f\xff\n", b"a=\\\n \\uc4n4ry-7d1f")

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        codec, text = ("utf-8-sig", data) if data.startswith(b"\xef\xbb\xbf") else ("latin-1", data)
        return {key: value for key, value in javaproperties.loads(text.decode(codec)).items() if value}


@pytest.mark.parametrize(
    ("spelled", "alias"),
    [
        ("$secret{a.b}", "a.b"),
        ("${sec:a}", "a"),
        ("secretAlias:a", "a"),
        (r"secretAlias\:a", "a"),
        ("secretAlias:a ", "a"),
        ("x$secret{a}", None),
        ("${env:a}", None),
    ],
)
def test_reference_is_read_where_it_is_the_whole_value(spelled: str, alias: str | None) -> None:
    (site,) = REWRITER.parse(f"k = {spelled}\n".encode()).sites()
    assert (site.reference and site.reference.alias) == alias


@pytest.mark.parametrize(
    ("syntax", "written"),
    [
        (Syntax.SECRET, b"$secret{x:y/z@1}"),
        (Syntax.SEC, b"$secret{x:y/z@1}"),
        (Syntax.SECRET_ALIAS, b"secretAlias:x:y/z@1"),
    ],
)
def test_reference_is_written_in_the_formats_syntax(syntax: Syntax, written: bytes) -> None:
    document = REWRITER.parse(b"k: v\n")
    (site,) = document.sites()
    assert rewrite(REWRITER, document, [Change(site, Reference("x:y/z@1", syntax))]) == b"k: " + written + b"\n"


@pytest.mark.parametrize("to", [Reference("a b", Syntax.SECRET), Reference("ü", Syntax.SECRET), "half \ud83d"])
def test_what_cannot_be_written_is_refused(to: Reference | str) -> None:
    document = REWRITER.parse(b"k: v\n")
    (site,) = document.sites()
    with pytest.raises(UnrepresentableValueError) as caught:
        document.edits([Change(site, to)])
    assert caught.value.selector == "k"


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        (b"k\n", "v", b"k=v\n"),
        (b"k", "=v", b"k==v"),
        (b"k \n", ":v", b"k \\:v\n"),
        (b"k v\n", "=v", b"k \\=v\n"),
        (b"k=\n", "=v", b"k==v\n"),
        (b"k=\\\n  v\n", "#v", b"k=\\\n  #v\n"),
        (b"k\\", "v", b"k=v"),
    ],
)
def test_value_is_guarded_against_the_separator_before_it(before: bytes, value: str, after: bytes) -> None:
    document = REWRITER.parse(before)
    (site,) = document.sites()
    assert rewrite(REWRITER, document, [Change(site, value)]) == after


def test_of_a_repeated_key_the_last_counts_and_none_is_changed() -> None:
    document = REWRITER.parse(b"a=1\nb=2\na=3\n")
    assert [(site.selector, site.value, site.line) for site in document.sites()] == [("b", "2", 2), ("a", "3", 3)]
    (refused,) = document.locate(["a"])
    assert isinstance(refused, SelectorError)
    assert refused.reason == "occurs on lines 1 and 3"
    assert REWRITER.load(b"a=1\nb=2\na=3\n", lambda _: "") == {"a": "3", "b": "2"}


def test_encoding_says_how_a_file_is_read() -> None:
    data = "a=plainText pässwörd\n".encode()
    (site,) = PropertiesRewriter("utf-8").parse(data).sites()
    assert site.value == "plainText pässwörd"
    (site,) = REWRITER.parse(data).sites()
    assert site.value == "plainText pässwörd".encode().decode("latin-1")


def test_load_replaces_references_once() -> None:
    data = b"a=secretAlias:x\nb=jdbc;password=$secret{y};u\nc=${sec:x}$secret{x}\nd=\\u0041\n"
    secrets = {"x": "$secret{y}", "y": "2"}
    loaded = REWRITER.load(data, lambda reference: secrets[reference.alias])
    assert loaded == {"a": "$secret{y}", "b": "jdbc;password=2;u", "c": "$secret{y}$secret{y}", "d": "A"}


def test_proof_fails_on_any_other_difference() -> None:
    before = REWRITER.parse(b"a=1\na=2\nb=3\n")
    (site,) = (site for site in before.sites() if site.selector == "b")
    change = Change(site, Reference("x", Syntax.SECRET))
    assert REWRITER.parse(b"a=1\na=2\nb=$secret{x}\n").proves(before, [change])
    for other in (
        b"a=9\na=2\nb=$secret{x}\n",  # a replaced entry is no site, but it is an entry
        b"a=1\na=2\nb=$secret{y}\n",
        b"a=1\na=2\nb=3\n",
        b"a=1\na=2\nb=$secret{x}\nc=4\n",
        b"a=1\nb=$secret{x}\n",
        b"a=1\na=2\nc=$secret{x}\n",
    ):
        assert not REWRITER.parse(other).proves(before, [change])


def test_change_of_another_document_is_not_proved() -> None:
    document = REWRITER.parse(b"a=1\nb=2\nc=3\n")
    (foreign,) = REWRITER.parse(b"# long\na=1\n").sites()
    assert not document.proves(document, [Change(foreign, "x")])
    with pytest.raises(SpliceError):
        rewrite(REWRITER, document, [Change(foreign, "x")])


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        (b"", {"b": "2", "a": "1"}, b"b=2\na=1\n"),
        (b"a=1\n", {"a": "YQ=="}, b"a=YQ\\=\\=\n"),
        (b"a : 1\r\n", {"b": "2"}, b"a : 1\r\nb=2\r\n"),
        (b"a=1\rb=2", {"c": "3"}, b"a=1\rb=2\rc=3"),
        (b"a=1", {"b": "2", "c": "3"}, b"a=1\nb=2\nc=3"),
        (b"# c", {"b": "2"}, b"# c\nb=2"),
        (b"# c\\\n", {"b": "2"}, b"# c\\\n\nb=2\n"),
        (b"a=1\\", {"b": "2"}, b"a=1\\\n\nb=2"),
        (b"a=1\\\n", {"b": "2"}, b"a=1\\\n\nb=2\n"),
        (b"a=1\\\\\n", {"b": "2"}, b"a=1\\\\\nb=2\n"),
        (b"a=1\n # c\n  b=2\\\n   x\nc=3\n", {"b": None}, b"a=1\n # c\nc=3\n"),
        (b"a=1\nb=2", {"b": None}, b"a=1\n"),
        (b"a=1\nb=2", {"b": None, "c": "3"}, b"a=1\nc=3\n"),
        (b"a=1\nc=3\n", {"c": "4", "d": "5", "a": None}, b"c=4\nd=5\n"),
        (b"a=1\n", {"#b =:\\ü": " x y "}, b"a=1\n\\#b\\ \\=\\:\\\\\\u00FC=\\ x y \n"),
        (b"a=\xe4\n", {"b": "\u00e4\U0001f600\t#!"}, b"a=\xe4\nb=\\u00E4\\uD83D\\uDE00\\t\\#\\!\n"),
        (b"\xef\xbb\xbfa=\xc3\xa4\n", {"b": "2"}, b"\xef\xbb\xbfa=\xc3\xa4\nb=2\n"),
        (b"a=1\na=2\n", {"b": "3"}, b"a=1\na=2\nb=3\n"),
        (b"a=1\n", {}, b"a=1\n"),
    ],
)
def test_entries_are_set_added_and_removed(before: bytes, changes: dict[str, str | None], after: bytes) -> None:
    assert rewrite_entries(REWRITER.parse(before), changes) == after


def test_entries_that_cannot_be_changed_are_refused() -> None:
    document = REWRITER.parse(b"a=1\na=2\n")
    with pytest.raises(SelectorError) as repeated:
        rewrite_entries(document, {"a": "3"})
    assert repeated.value.reason == "occurs on lines 1 and 2"
    with pytest.raises(NoMatchError) as absent:
        rewrite_entries(document, {"b": None})
    assert absent.value.selector == "b"
    with pytest.raises(UnrepresentableValueError):
        rewrite_entries(document, {"b": "\ud83d"})


@given(_DOCUMENTS, st.dictionaries(_KEYS, _VALUES, max_size=4), st.randoms(use_true_random=False))
def test_any_entries_go_in_and_out(data: bytes, added: dict[str, str], chance: random.Random) -> None:
    document = _parse(data)
    if document is None:
        return
    changes: dict[str, str | None] = {key: value for key, value in added.items() if key not in document.repeated}
    for key in document.index:
        if key not in document.repeated and chance.random() < 0.5:
            changes[key] = chance.choice([None, "=x", " y ", "#", "a\nb", "ü😀", ""])
    expected = {**dict(document.pairs()), **changes}
    after = dict(REWRITER.parse(rewrite_entries(document, changes)).pairs())
    assert after == {key: value for key, value in expected.items() if value is not None}


@given(_DOCUMENTS, _VALUES)
def test_any_site_takes_any_value_and_gives_its_own_back(data: bytes, value: str) -> None:
    document = _parse(data)
    for site in document.sites() if document else ():
        assert document is not None
        if type(document.locate([site.selector])[0]) is SelectorError:  # a repeated key, half of a surrogate pair
            continue
        for to in (value, Reference("x", Syntax.SECRET)):
            changed = REWRITER.parse(rewrite(REWRITER, document, [Change(site, to)]))
            again = next(other for other in changed.sites() if other.selector == site.selector)
            assert again.value == (value if isinstance(to, str) else "$secret{x}")
            back = REWRITER.parse(rewrite(REWRITER, changed, [Change(again, site.value)]))
            assert list(back.pairs()) == list(document.pairs())


@given(_DOCUMENTS)
def test_any_document_is_read_as_javaproperties_reads_it(data: bytes) -> None:
    assume(not _FOLD_ALONE.search(data))
    document = _parse(data)
    assert (dict(document.pairs()) if document else None) == _judged(data)
    assert document is None or is_outlined(document)


@pytest.mark.jvm
def test_documents_are_read_as_java_reads_them() -> None:
    chance = random.Random(7)  # noqa: S311 - documents, not keys
    documents = [data for data in _vector_documents() if not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe"))]
    documents += ["".join(chance.choices(_PIECES, k=chance.randrange(14))).encode("latin-1") for _ in range(10_000)]
    for data, loaded in zip(documents, load_in_java(documents), strict=True):
        document = _parse(data)
        found = dict(document.pairs()) if document else None
        if data.endswith((b"\\", b"\\\n", b"\\\r")) and found is not None and loaded is not None:
            found[""] = loaded.get("", "")  # the one known difference
            loaded.setdefault("", "")
        assert found == loaded, data


@pytest.mark.jvm
def test_java_reads_what_is_written() -> None:
    chance = random.Random(8)  # noqa: S311 - documents, not keys
    characters = "ab =:#!\\\t\n\r\f\0é€😀\u2028"
    written: list[dict[str, str]] = [
        {
            "".join(chance.choices(characters, k=chance.randrange(5))): "".join(chance.choices(characters, k=6))
            for _ in range(4)
        }
        for _ in range(1_000)
    ]
    stored = [rewrite_entries(REWRITER.parse(b"# a\\\n"), entries) for entries in written]
    values = ["".join(chance.choices(characters, k=4)) for _ in range(3_000)]
    expected = [dict(zip("abc", values[i : i + 3], strict=True)) for i in range(0, len(values), 3)]
    document = REWRITER.parse(b"a x\nb= x\nc\n")
    sites = list(document.sites())
    spelled = [
        rewrite(REWRITER, document, [Change(site, entries[site.selector]) for site in sites]) for entries in expected
    ]
    for charset in (None, "UTF-8"):
        assert load_in_java([*stored, *spelled], charset) == [*written, *expected]


@pytest.mark.corpus
def test_real_files_keep_every_other_byte(corpus: Path) -> None:
    paths = sorted(corpus.rglob("*.properties"))
    assert paths
    for path in paths:
        data = path.read_bytes()
        document = REWRITER.parse(data)
        assert dict(document.pairs()) == _judged(data)
        changes = [Change(s, Reference("x", Syntax.SECRET)) for s in document.sites() if s.value]
        expected, position = b"", 0
        for change in changes:
            expected += data[position : change.site.start] + b"$secret{x}"
            position = change.site.end
        assert rewrite(REWRITER, document, changes) == expected + data[position:]


@pytest.mark.parametrize("character", [chr(code) for code in range(0x20, 0x7F)])
def test_what_is_escaped_and_of_blanks_only_the_first(character: str) -> None:
    value = f"{character}x{character}x"
    document = PropertiesRewriter().parse(b"k=v\n")
    (site,) = document.sites()
    inner = "" if character == " " else "\\"
    least = f"\\{character}x{inner}{character}x" if character in "\\ " else value
    assert document.spell(site, value) == least
    stored = f"\\{character}x{inner}{character}x" if character in "\\=:#! " else value
    assert rewrite_entries(document, {"k": value}) == f"k={stored}\n".encode()
    assert rewrite_entries(PropertiesRewriter().parse(b""), {character: "v"}).strip() == (
        f"\\{character}=v".encode() if character in "\\=:#! " else f"{character}=v".encode()
    )
