"""INI: the same options as configparser sees; values that every reader reads alike, on one line or on several."""

from __future__ import annotations

import configparser
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.rewriters.ini import IniDocument, IniRewriter
from ciphertool.testing import RewriterContract, is_outlined

if TYPE_CHECKING:
    from collections.abc import Mapping

REWRITER = IniRewriter()

_PIECES = (
    *("[a]", "[a/b]", "[DEFAULT]", "[", "]", "\n", "\n", "\r", "\r\n", " ", "\t", "=", ":", "#", ";", "a", "B", "b/c"),
    *("\n  ", "\n\t", "\x85", "é", "\n[c]\nx = 1\n", "k=v\n", "\n # c\n", "\nkey\n", "%(x)s", "y = 1\n    2\n"),
)
_DOCUMENTS = st.lists(st.sampled_from(_PIECES), max_size=14).map(lambda pieces: ("[s]\n" + "".join(pieces)).encode())
_VALUES = st.text(st.one_of(st.sampled_from("#; \n\t=:["), st.characters(exclude_categories=["Cs"])), max_size=10)


def _options(data: bytes) -> list[tuple[str, str, str | None]] | None:
    """Section, key and value of every option as configparser reads them from a file, or None where it refuses it."""
    parser = configparser.RawConfigParser(allow_no_value=True)
    try:
        parser.read_file(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig"))
    except (configparser.Error, AttributeError):  # AttributeError: a further line of a key without a value
        return None
    own = {"DEFAULT": vars(parser)["_defaults"], **vars(parser)["_sections"]}  # the public view mixes the two
    return [(section, key, value) for section, options in own.items() for key, value in options.items()]


def _read(document: IniDocument) -> list[tuple[str, str | None]]:
    spelled = [(name, document.spelled(ordinal)) for ordinal, name in enumerate(document.entries.selectors)]
    return sorted((name, None if value is None else document.read(value)) for name, value in spelled)


def _parse(data: bytes) -> IniDocument | None:
    try:
        return REWRITER.parse(data)
    except ConfigSyntaxError:
        return None


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (
        b"; c\n[DEFAULT]\na=1\n[s t]\nB : two words  \nflag\nempty =\n# d\nc = x\n    y\n\n    z\n[u]\nd=%(a)s",
        b"\xef\xbb\xbf[s]\r\n  a = w\xc3\xb6rd\r\n  b =\r\n    x\r\n",
        b"[s]\na = 1 ; refused\nb = 2\n",
    )
    damaged = (b"= c4n4ry-7d1f\n", b"[s]\n= c4n4ry-7d1f\n")

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        options = _options(data)
        assert options is not None
        return {f"{section}/{key}": value for section, key, value in options if value and " ;" not in value}


def _with(data: bytes, to: Reference | str) -> bytes:
    document = REWRITER.parse(data)
    (site,) = document.sites()
    return rewrite(REWRITER, document, [Change(site, to)])


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        (b"[s]\na = $secret{a}\n", "x", b"[s]\na = x\n"),
        (b"[s]\na = $secret{a}\n", "x\ny", b"[s]\na = x\n    y\n"),
        (b"[s]\r\n\ta = $secret{a}\r\n", "x\n\ny", b"[s]\r\n\ta = x\r\n\r\n\t    y\r\n"),
        (b"[s]\na =$secret{a}", "\nx", b"[s]\na =\n    x"),
        (b"[s]\na = x\n  y\nb\n", "[t]", b"[s]\na = [t]\nb\n"),
        (b"[s]\na =  \n", "x", b"[s]\na =x  \n"),
    ],
)
def test_value_is_written_on_as_many_lines_as_it_has(before: bytes, value: str, after: bytes) -> None:
    assert _with(before, value) == after


@pytest.mark.parametrize(
    "value", [" x", "x ", "x\n", "x\ry", "x\n y", "x ;y", "x\t#", "#x", "x\n;y", "\u2003x", "half \ud83d"]
)
def test_value_that_would_be_read_otherwise_is_refused(value: str) -> None:
    with pytest.raises(UnrepresentableValueError) as caught:
        _with(b"[s]\na = x\n", value)
    assert caught.value.selector == "s/a"


def test_value_that_would_make_its_line_a_section_is_refused() -> None:
    with pytest.raises(UnrepresentableValueError) as caught:
        _with(b"[s]\n[a = x\n", "x]")
    assert caught.value.reason == "its line would read as a section"
    assert _with(b"[s]\n[a = x\n", "x\n]") == b"[s]\n[a = x\n    ]\n"


def test_selector_finds_a_key_in_any_case_and_a_section_only_in_its_own() -> None:
    document = REWRITER.parse(b"[Db/Main]\nUser/PassWord = x\n")
    exact, upper, section = document.locate(["Db/Main/user/password", "Db/Main/USER/Password", "db/main/user/password"])
    assert isinstance(exact, tuple)
    assert exact == upper
    assert (exact[0].selector, exact[0].key) == ("Db/Main/user/password", "Db.Main.user.password")
    assert isinstance(section, SelectorError)


def test_load_gives_defaults_to_every_section_and_expands_nothing() -> None:
    data = b"[DEFAULT]\na = $secret{x}\n[s]\nb = u;$secret{x}\nflag\nc = 1\n  2\r\n[t]\n"
    assert REWRITER.load(data, lambda _: "%(b)s$secret{x}") == {
        "DEFAULT": {"a": "%(b)s$secret{x}"},
        "s": {"a": "%(b)s$secret{x}", "b": "u;%(b)s$secret{x}", "flag": None, "c": "1\n2"},
        "t": {"a": "%(b)s$secret{x}"},
    }


def test_load_takes_the_last_of_equal_keys_and_those_before_the_first_section() -> None:
    data = b"a = 0\n[s]\nb = 1\n[t]\n[s]\nB = 2\nc = 3\n"
    assert REWRITER.load(data, str) == {"DEFAULT": {}, "": {"a": "0"}, "s": {"b": "2", "c": "3"}, "t": {}}


def test_a_line_that_continues_no_value_is_a_key_of_its_own() -> None:
    document = REWRITER.parse(b"[s]\nflag\n  a = 1\n    2\n  b = 3\n")
    assert {site.selector: site.value for site in document.sites()} == {"s/a": "1\n2", "s/b": "3"}


def test_every_entry_of_a_repeated_key_is_a_site_and_only_its_number_names_it() -> None:
    document = REWRITER.parse(b"[s]\nA = 1\na = 2\nb = 3\n")
    assert [site.selector for site in document.sites()] == ["s/a[0]", "s/a[1]", "s/b"]
    several, second, third = document.locate(["s/A", "s/A[1]", "s/a[2]"])
    assert isinstance(several, SelectorError)
    assert (several.reason, several.line) == ("occurs on lines 2 and 3", 3)
    assert "s/A[0]" in several.hint
    assert isinstance(second, tuple)
    assert second[0].value == "2"
    assert isinstance(third, NoMatchError)


def test_a_key_in_another_section_is_not_proved() -> None:
    before = REWRITER.parse(b"[s]\na = 1\n[t]\nb = 2\n")
    change = Change(next(before.sites()), Reference("x", Syntax.SECRET))
    assert REWRITER.parse(b"[s]\na = $secret{x}\n[t]\nb = 2\n").proves(before, [change])
    for other in (
        b"[s]\na = $secret{x}\nb = 2\n[t]\n",
        b"[s]\na = $secret{x}\n  y\n[t]\nb = 2\n",
        b"[s]\na = 1\n[t]\nb = 2\n",
        b"[s]\na = $secret{x}\n[u]\n[t]\nb = 2\n",
        b"[s]\na = $secret{x}\n[t]\nb = 2\n[u]\n",
    ):
        assert not REWRITER.parse(other).proves(before, [change])


@given(_DOCUMENTS)
def test_any_document_is_read_as_configparser_reads_it(data: bytes) -> None:
    document, options = _parse(data), _options(data)
    if options is not None:
        assert document is not None
        assert _read(document) == sorted((f"{section}/{key}", value) for section, key, value in options)
    if document is not None:
        assert is_outlined(document)
        for site in document.sites():
            (found,) = document.locate([site.selector])
            why = found.reason if isinstance(found, SelectorError) else ""
            assert found == (site,) or re.search("begin a comment|value is empty|occurs on lines", why)


@given(_DOCUMENTS, _VALUES)
def test_any_protectable_site_gives_its_value_back_and_takes_another(data: bytes, value: str) -> None:
    document = _parse(data)
    for site in document.sites() if document else ():
        assert document is not None
        if not isinstance(document.locate([site.selector])[0], tuple):
            continue
        protected = rewrite(REWRITER, document, [Change(site, Reference("x", Syntax.SECRET))])
        text = document.source.text
        assert protected.decode() == f"{text[: site.start]}$secret{{x}}{text[site.end :]}"
        after = REWRITER.parse(protected)
        again = next(other for other in after.sites() if other.selector == site.selector)
        back = rewrite(REWRITER, after, [Change(again, site.value)])
        assert _options(back) == _options(data)
        try:
            changed = rewrite(REWRITER, after, [Change(again, value)])
        except UnrepresentableValueError as error:
            assert error.selector == site.selector  # noqa: PT017 - a refusal is one of two right outcomes
        else:
            values = {other.selector: other.value for other in REWRITER.parse(changed).sites()}
            assert values[site.selector] == value
            options = _options(changed)
            assert (options is None) == (_options(data) is None)
            assert options is None or value in [
                found for section, key, found in options if f"{section}/{key}" == site.selector
            ]
