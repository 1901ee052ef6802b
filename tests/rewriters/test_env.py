"""`.env`: the same bindings as python-dotenv sees, references that nothing expands, values back in their quotes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values
from dotenv.parser import parse_stream
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Edit, rewrite, splice
from ciphertool.rewriters.env import EnvDocument, EnvRewriter
from ciphertool.testing import RewriterContract, is_outlined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REWRITER = EnvRewriter()

_PIECES = (
    *("\\", "'", '"', "\n", "\r", "\r\n", " ", "\t", "=", "=", "#", "a", "é", "\x85", "\\n", "\\'", '\\"', "\\\\"),
    *("export", "export ", "K=v\n", "K='v'", 'K="v" # c\n', " #", "K=", "$K", "${K}"),
)
_DOCUMENTS = st.lists(st.sampled_from(_PIECES), max_size=12).map(lambda pieces: "".join(pieces).encode())
_VALUES = st.text(st.one_of(st.sampled_from("'\"\\ #\r\n$"), st.characters(exclude_categories=["Cs"])), max_size=10)


def _judged(data: bytes) -> list[tuple[str, str | None]] | None:
    """What python-dotenv reads from a file, or None where it skips a line."""
    bindings = list(parse_stream(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")))
    if any(binding.error for binding in bindings):
        return None
    return [(binding.key, binding.value) for binding in bindings if binding.key is not None]


def _pairs(document: EnvDocument) -> list[tuple[str, str | None]]:
    spelled = [(name, document.spelled(ordinal)) for ordinal, name in enumerate(document.entries.selectors)]
    return [(name, None if value is None else document.read(value)) for name, value in spelled]


def _parse(data: bytes) -> EnvDocument | None:
    try:
        return REWRITER.parse(data)
    except ConfigSyntaxError:
        return None


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (
        b"# c\nA=1\nexport B = 'two words' # d\nC=\"x\\n\\\"y\\\"\"\nFLAG\nEMPTY=\nD='a\nb'\nE=a b # c",
        b"\xef\xbb\xbfA=w\xc3\xb6rd\r\nB='x\r\ny'\r\n",
        b"A=${B}\nB='${A}'\nC=$A\n",
    )
    damaged = (b"A='c4n4ry-7d1f\n", b'B=1\nA="c4n4ry-7d1f\\"', b"A c4n4ry-7d1f\n", b"A='x'c4n4ry-7d1f\n", b"A=\xff\n")

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        stream = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig")
        return {key: value for key, value in dotenv_values(stream=stream, interpolate=False).items() if value}


def _with(data: bytes, to: Reference | str) -> bytes:
    document = REWRITER.parse(data)
    (site,) = document.sites()
    return rewrite(REWRITER, document, [Change(site, to)])


@pytest.mark.parametrize(
    ("before", "protected"),
    [
        (b"A=x # c", b"A={ciphertool:a.b} # c"),
        (b"A='x'# c", b"A='{ciphertool:a.b}'# c"),
        (b'A="x"', b'A="{ciphertool:a.b}"'),
        (b"A=", b"A={ciphertool:a.b}"),
        (b"A=Tr0ub4dor&3!", b"A={ciphertool-verbatim:a.b}"),
        (b"A=`x y`", b"A={ciphertool-verbatim:a.b}"),
        (b"A='x$HOST'", b"A='{ciphertool-verbatim:a.b}'"),
        (b'A="pa$word"', b'A="{ciphertool-verbatim:a.b}"'),
        (b'A="x\\ny"', b'A="{ciphertool-escaped:a.b}"'),
        (b"A='it\\'s'", b"A='{ciphertool-escaped:a.b}'"),
        (b"A='${sec:b}'", b"A='$secret{a.b}'"),
        (b"A='$secret{b}'", b"A='$secret{a.b}'"),
        (b'A="{ciphertool-escaped:b}"', b'A="{ciphertool-escaped:a.b}"'),
    ],
)
def test_reference_takes_the_place_of_the_value_between_its_quotes(before: bytes, protected: bytes) -> None:
    assert _with(before, Reference("a.b", Syntax.SEC)) == protected
    (site,) = REWRITER.parse(protected).sites()
    assert site.reference is not None
    assert site.reference.alias == "a.b"


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        (b"A={ciphertool:a} # c\n", "x", b"A=x # c\n"),
        (b"A={ciphertool:a}\n", "", b"A=\n"),
        (b"A='{ciphertool:a}'\n", "pa$$ `word`", b"A='pa$$ `word`'\n"),
        (b"A='{ciphertool:a}'\r\n", "a\nb", b"A='a\r\nb'\r\n"),
        (b'A="{ciphertool:a}"\n', "it's", b'A="it\'s"\n'),
        (b"A={ciphertool-verbatim:a}\n", "x&y z", b"A=x&y z\n"),
        (b'A="{ciphertool-verbatim:a}"\n', "pa$$", b'A="pa$$"\n'),
        (b'A="{ciphertool-escaped:a}"\n', 'a\n"b"\\', b'A="a\\n\\"b\\"\\\\"\n'),
        (b"A='{ciphertool-escaped:a}'\n", "it's", b"A='it\\'s'\n"),
    ],
)
def test_value_comes_back_between_the_quotes_that_stand_there(before: bytes, value: str, after: bytes) -> None:
    assert _with(before, value) == after


@pytest.mark.parametrize(
    ("before", "value"),
    [
        (b"A={ciphertool:a}\n", "x;touch y"),
        (b"A={ciphertool:a}\n", "two words"),
        (b"A={ciphertool:a}\n", "it's"),
        (b"A={ciphertool:a}\n", "~root"),
        (b"A='{ciphertool:a}'\n", "it's"),
        (b"A='{ciphertool:a}'\n", "a\\"),
        (b"A='{ciphertool:a}'\n", "a${HOST}"),
        (b"A='{ciphertool:a}'\n", "a\\$"),
        (b'A="{ciphertool:a}"\n', "$(touch y)"),
        (b'A="{ciphertool:a}"\n', "`touch y`"),
        (b'A="{ciphertool:a}"\n', "a\\b"),
        (b"A={ciphertool-verbatim:a}\n", "a\nb"),
        (b"A={ciphertool-verbatim:a}\n", "x # y"),
        (b"A={ciphertool-verbatim:a}\n", " x"),
        (b"A= {ciphertool-verbatim:a}\n", "#x"),
        (b"A={ciphertool-verbatim:a}\n", "'x'"),
        (b'A="{ciphertool-verbatim:a}"\n', 'x"y'),
        (b"A={ciphertool-escaped:a}\n", "x"),
    ],
)
def test_changed_value_that_a_reader_would_take_for_another_is_refused(before: bytes, value: str) -> None:
    with pytest.raises(UnrepresentableValueError) as caught:
        _with(before, value)
    assert caught.value.selector == "A"
    assert value not in f"{caught.value}{caught.value.hint}"


def _within(data: bytes, secret: str, to: Reference | str) -> bytes:
    document = REWRITER.parse(data)
    (site,) = document.sites()
    start = site.value.index(secret)
    edits = (Edit(start, start + len(secret), str(to)),)
    return rewrite(REWRITER, document, [Change(site, splice(site.value, edits), edits)])


@pytest.mark.parametrize(
    "line",
    [
        b'A="postgres://app:%b@${DB_HOST}/db" # c\n',
        b"A=postgres://app:%b@${DB_HOST}/db\n",
        b"A='x$%%(%b)'\r\n",
        b'A="\\n\\"%b\\\\x"\n',
        b'A="a\r\n%b\n"\n',
        b"A='it\\'s %b'\n",
        b"A=Server=x;Password=%b;User ID=y\n",
    ],
)
def test_all_that_stands_around_a_part_stays(line: bytes) -> None:
    protected = _within(line % b"pw9", "pw9", Reference("a", Syntax.INERT))
    assert protected == line % b"{ciphertool:a}"
    assert _within(protected, "{ciphertool:a}", "pw9") == line % b"pw9"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'A="x$pw9"\n', "stands after a $"),
        (b"A='x$HOSTpw9'\n", "stands after a $"),
        (b'A="${X:-pw9}"\n', "stands within something that is expanded, or after a command"),
        (b"A='${X:-pw9}'\n", "stands within something that is expanded, or after a command"),
        (b'A="$(echo pw9)"\n', "stands within something that is expanded, or after a command"),
        (b'A="`echo pw9`"\n', "stands after a backtick"),
        (b"A=`x pw9`\n", "stands after a backtick"),
        (b'A="x\\pw9"\n', "stands after a backslash"),
        (b"A=x pw9\n", "stands where a shell takes a bare value for a command"),
        (b"A=x>pw9\n", "stands where a shell takes a bare value for a command"),
        (b"A= x-pw9\n", "stands where a shell takes a bare value for a command"),
        (b"export A=/pw9a,b}\n", "stands among braces that a shell expands"),
        (b"#\r  export\tA={1..pw9}\n", "stands among braces that a shell expands"),
    ],
)
def test_part_that_a_reader_would_expand_or_run_is_refused(line: bytes, reason: str) -> None:
    with pytest.raises(UnrepresentableValueError) as caught:
        _within(line, "pw9", Reference("a", Syntax.INERT))
    assert caught.value.reason == f"the part {reason}"


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        (b"A='$secret{a}'\n", "p.w:d/1@x%2+3=4,5_6-7", b"A=p.w:d/1@x%2+3=4,5_6-7\n"),
        (b"A='$secret{a}'\n", "s3 cret", b"A='s3 cret'\n"),
        (b"A='$secret{a}'\n", "pa$$", b"A='pa$$'\n"),
        (b"A='$secret{a}'\n", "it's", b'A="it\'s"\n'),
        (b"A='$secret{a}'\n", "a\\b", b"A='a\\b'\n"),
        (b"A='$secret{a}'\n", "a\\", b'A="a\\\\"\n'),
        (b"A='$secret{a}'\n", "a\nb", b"A='a\nb'\n"),
        (b"A='$secret{a}'\n", "a\rb", b'A="a\\rb"\n'),
        (b"A='$secret{a}'\n", "", b"A=''\n"),
        (b"A='$secret{a}'\n", "x#y", b"A='x#y'\n"),
        (b"A='old'\n", "new", b"A='new'\n"),
        (b'A="old"\n', "new", b"A='new'\n"),
        (b"A= # c\n", "x", b"A=x # c\n"),
        (b"A=old # c\n", "new", b"A=new # c\n"),
    ],
)
def test_value_is_bare_or_in_the_quotes_that_need_least_where_nothing_tells_how_it_stood(
    before: bytes, value: str, after: bytes
) -> None:
    assert _with(before, value) == after


@pytest.mark.parametrize("value", ["a\0b", "half \ud83d"])
def test_value_that_no_variable_can_hold_is_refused(value: str) -> None:
    with pytest.raises(UnrepresentableValueError) as caught:
        _with(b"A=x\n", value)
    assert caught.value.selector == "A"


def test_load_expands_nothing_and_keeps_names_without_value() -> None:
    data = b"A=1\nB='$secret{b}'\nC='${A}$secret{b}'\nFLAG\nA=2\n"
    assert REWRITER.load(data, lambda _: "${A}") == {"A": "2", "B": "${A}", "C": "${A}${A}", "FLAG": None}


def test_name_that_is_set_twice_is_refused_and_its_last_value_counts() -> None:
    document = REWRITER.parse(b"A=1\nB=2\nA=3\n")
    assert [(site.selector, site.value) for site in document.sites()] == [("B", "2"), ("A", "3")]
    (refused,) = document.locate(["A"])
    assert isinstance(refused, SelectorError)
    assert refused.reason == "occurs on lines 1 and 3"


def test_a_lost_or_gained_value_is_not_proved() -> None:
    before = REWRITER.parse(b"A=1\nFLAG\nB=2\n")
    change = Change(next(before.sites()), Reference("x", Syntax.SECRET))
    assert REWRITER.parse(b"A={ciphertool:x}\nFLAG\nB=2\n").proves(before, [change])
    for rest in (b"FLAG=\nB=2\n", b"FLAG\nB\n", b"FLAG\nB='2'\n"):
        other = b"A={ciphertool:x}\n" + rest
        assert not REWRITER.parse(other).proves(before, [change])


def test_damage_is_found_in_linear_time() -> None:
    for data in (
        b"A='" + b"x" * 2_000_000,
        b"x" * 2_000_000 + b" y",
        b"'" * 2_000_000,
        b"A=" + b"x " * 1_000_000 + b"'",
    ):
        _parse(data)  # seconds, not hours


@given(_DOCUMENTS)
def test_any_document_is_read_as_python_dotenv_reads_it(data: bytes) -> None:
    document = _parse(data)
    assert (_pairs(document) if document else None) == _judged(data)
    assert document is None or is_outlined(document)


@given(_DOCUMENTS, _VALUES)
def test_any_site_gives_its_own_value_back_to_the_byte_and_no_other_than_it_is_given(data: bytes, value: str) -> None:
    document = _parse(data)
    for site in document.sites() if document else ():
        assert document is not None
        try:
            protected = rewrite(REWRITER, document, [Change(site, Reference("x", Syntax.INERT))])
        except UnrepresentableValueError:
            continue
        parsed = REWRITER.parse(protected)
        again = next(other for other in parsed.sites() if other.selector == site.selector)
        assert again.reference is not None
        assert again.reference.alias == "x"
        assert rewrite(REWRITER, parsed, [Change(again, site.value)]) == data
        try:
            changed = _judged(rewrite(REWRITER, parsed, [Change(again, value)]))
        except UnrepresentableValueError:
            continue
        assert changed is not None
        assert dict(changed)[site.selector] == value


@given(_DOCUMENTS, _VALUES)
def test_any_site_with_a_reference_of_former_versions_takes_any_value(data: bytes, value: str) -> None:
    document = _parse(data)
    for site in document.sites() if document else ():
        assert document is not None
        text = document.source.text
        protected = f"{text[: site.start]}'$secret{{x}}'{text[site.end :]}".encode()
        again = next(other for other in REWRITER.parse(protected).sites() if other.selector == site.selector)
        if "\0" in value:
            with pytest.raises(UnrepresentableValueError):
                REWRITER.parse(protected).edits([Change(again, value)])
            continue
        read = _judged(rewrite(REWRITER, REWRITER.parse(protected), [Change(again, value)]))
        assert read is not None
        assert dict(read)[site.selector] == value


def test_shell_reads_what_is_written(tmp_path: Path) -> None:
    import subprocess

    values = ["plain", "two words", "pa$$w`o`rd", "it's", "a\\b", "a\nb", "#x", "ü", "*", "~", "a\\"]
    for value in values:
        path = tmp_path / ".env"
        path.write_bytes(_with(b"export A='$secret{a}'\n", value))
        shown = subprocess.run(["sh", "-c", '. "$0"; printf %s "$A"', path], stdout=subprocess.PIPE, check=True)
        assert shown.stdout.decode() == value
