"""TOML: the rewriter's contract, any value in any quotes, any document, and the real deployment.toml."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Rewriter, rewrite
from ciphertool.rewriters.jsonpath import normalized
from ciphertool.rewriters.toml import TomlDocument, TomlRewriter
from ciphertool.rewriters.tree import leaves
from ciphertool.testing import RewriterContract, is_outlined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REWRITER = TomlRewriter()


class TestToml(RewriterContract):
    rewriter: ClassVar[Rewriter] = REWRITER
    documents = (
        b"[db]\npassword = \"s3cret\" # comment\nport = 5432\nurl = 'jdbc:x'\n",
        b'# c\r\n[[u]]\r\n"a.b" = """\r\none\r\ntwo"""\r\n[[u]]\r\nc.d = \'\'\'x\'\'\'\r\n',
        '\ufefft = { a = "ü", b = [ "x", [ \'y\' ], 1.5 ] }\nd = 1979-05-27 07:32:00'.encode(),
    )
    damaged = (
        b"password = c4n4ry-7d1f",
        b'password = "c4n4ry-7d1f',
        b"[c4n4ry-7d1f]\n[c4n4ry-7d1f]\n",
        b"c4n4ry-7d1f = 1\nc4n4ry-7d1f.x = 1\n",
        b"c4n4ry-7d1f = { a = 1, a.b = 2 }\n",
        b'"c4n4ry-7d1f\x01" = 1\n',
        b"x = 'c4n4ry-7d1f\xff'\n",
    )

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        tree = tomllib.loads(data.decode("utf-8-sig"))
        return {normalized(at): value for at, value in leaves(tree) if isinstance(value, str) and value}


_FORMS = ("'{}'", '"{}"', "'''{}'''", '"""{}"""', "'''\n{}'''", '"""\n{}"""')
_VALUES = st.text(st.sampled_from("'\"\\\n\r\t$#{} \x00\x7f") | st.characters(exclude_categories=["Cs"]), min_size=1)


@example(value='""""', form='"""{}"""', newline="\n")
@example(value="\"\"\"'''", form="'''{}'''", newline="\n")
@given(value=_VALUES, form=st.sampled_from(_FORMS), newline=st.sampled_from(["\n", "\r\n"]))
def test_any_value_is_held_by_any_quotes(value: str, form: str, newline: str) -> None:
    data = f"# [db]\na = {form.format('x')} # b\n".replace("\n", newline).encode()
    document = REWRITER.parse(data)
    site = next(document.sites())
    changed = rewrite(REWRITER, document, [Change(site, value)])
    assert tomllib.loads(changed.decode()) == {"a": value}
    assert changed.startswith(data[: site.start])
    assert changed.endswith(data[site.end :])
    with_value = REWRITER.parse(changed)
    protected = rewrite(REWRITER, with_value, [Change(next(with_value.sites()), Reference("b.c", Syntax.SECRET))])
    after = REWRITER.parse(protected)
    assert rewrite(REWRITER, after, [Change(next(after.sites()), value)]) == changed


def test_half_a_surrogate_pair_is_refused() -> None:
    document = REWRITER.parse(b'a = "x"\n')
    with pytest.raises(UnrepresentableValueError) as caught:
        rewrite(REWRITER, document, [Change(next(document.sites()), "\ud800")])
    assert caught.value.selector == "$['a']"


# Canonical spellings of one value in each form; a text without quotes and line ends is canonical in all of them.
_PLAIN = st.text(st.sampled_from("abc $#=[]{},.é😀"), min_size=1)
_STRINGS = st.builds(str.format, st.sampled_from(_FORMS), _PLAIN)
_OTHERS = st.sampled_from(["1", "0x1F", "true", "1979-05-27 07:32:00Z", "07:32:00", "[]", "{}", "nan", "''"])
_INSIDE = st.recursive(
    _STRINGS | _OTHERS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ # ]\n" + " # ,\n, ".join(items) + "\n]"),
        st.lists(inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"k{n} . 'x.y' = {item}" for n, item in enumerate(items)) + "}"
        ),
    ),
    max_leaves=6,
)
_HEADERS = st.sampled_from(["", "[t{}]", "  [ 'a]b' . t{} ] # [c]", "[[e]]", "[[e]]\n[e.s]", '[[e]]\n[[e."]]"]]'])


_COMMENTS = st.sampled_from(["", " # c", "\n\n"])


@st.composite
def _documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    for number, header in enumerate(draw(st.lists(_HEADERS, max_size=4))):
        lines.append(header.format(number))
        # Without a header the keys belong to the table above: the numbers keep all of them apart.
        values = enumerate(draw(st.lists(_INSIDE, max_size=3)))
        lines += [f'\t"k{number}".{key} = {value}{draw(_COMMENTS)}' for key, value in values]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(_documents())
def test_any_document_is_protected_in_place_and_comes_back(text: str) -> None:
    document = REWRITER.parse(text.encode())
    sites = list(document.sites())
    tree = tomllib.loads(text)
    assert {site.selector for site in sites} == {normalized(location) for location, _ in leaves(tree)}
    assert is_outlined(document)
    strings = [site for site in sites if site.value and text[site.start] in "\"'"]
    assert [document.locate([site.selector]) for site in strings] == [[(site,)] for site in strings]
    assert document.locate([site.selector for site in strings[1:]]) == [(site,) for site in strings[1:]]
    changes = [Change(site, Reference(f"a{n}", Syntax.SECRET)) for n, site in enumerate(strings)]
    protected = rewrite(REWRITER, document, changes)
    position = 0
    for site in strings:  # only what stands between the quotes goes
        kept = text[position : site.start].encode()
        assert kept in protected
        position = site.end
    values = {f"a{n}": site.value for n, site in enumerate(strings)}
    assert repr(REWRITER.load(protected, lambda reference: values[reference.alias])) == repr(tree)
    after = REWRITER.parse(protected)
    back = [Change(s, values[s.reference.alias]) for s in after.sites() if s.reference]
    assert rewrite(REWRITER, after, back) == text.encode()


def test_site_says_where_it_is() -> None:
    document = REWRITER.parse(b'\n[db]\n"a b".c = "$secret{x}"\nn = 0x1F\n')
    first, second = document.sites()
    assert (first.selector, first.key, first.line) == ("$['db']['a b']['c']", "db.a b.c", 3)
    assert first.reference == Reference("x", Syntax.SECRET, 0, 10)
    assert (second.value, second.reference) == ("0x1F", None)
    assert document.source.text[first.start : first.end] == '"$secret{x}"'


def test_number_cannot_be_changed_even_if_asked() -> None:
    document = REWRITER.parse(b"port = 1\n")
    with pytest.raises(UnrepresentableValueError, match="is not a string"):
        document.edits([Change(next(document.sites()), "2")])


@pytest.mark.parametrize(
    "after",
    [
        b'a = "x"\nb = "y"\nc = 1\n',  # not changed
        b'a = "$secret{other}"\nb = "y"\nc = 1\n',  # another alias
        b'a = "$secret{s}"\nb = "z"\nc = 1\n',  # another value changed too
        b'a = "$secret{s}"\nb = "y"\nc = true\n',  # a type changed
        b'a = "$secret{s}"\nb = "y"\nc = 1\nd = 1\n',  # something new
        b'a = "$secret{s}"\nb = "y"\n',  # something gone
        b'a = "$secret{s}"\nb = ["y"]\nc = 1\n',  # another shape
    ],
)
def test_proof_sees_any_difference(after: bytes) -> None:
    before = REWRITER.parse(b'a = "x"\nb = "y"\nc = 1\n')
    changes = [Change(next(before.sites()), Reference("s", Syntax.SECRET))]
    assert REWRITER.parse(rewrite(REWRITER, before, changes)).proves(before, changes)
    assert not REWRITER.parse(after).proves(before, changes)


def test_load_resolves_values_once_and_no_key() -> None:
    data = b'"$secret{k}" = "jdbc:$secret{a};$env{X}"\nl = [ "$secret{a}", 1, { m = "${sec:a}" } ]\n'
    loaded = REWRITER.load(data, lambda reference: f"<{reference.alias}>$secret{{b}}")
    revealed = "<a>$secret{b}"
    assert loaded == {"$secret{k}": f"jdbc:{revealed};$env{{X}}", "l": [revealed, 1, {"m": revealed}]}


def test_source_stays_as_it_was_decoded() -> None:
    data = '\ufeffa = "x"\r\n'.encode()
    document = REWRITER.parse(data)
    assert isinstance(document, TomlDocument)
    source = document.source
    assert (source.text, source.codec, source.bom) == ('a = "x"\r\n', "utf-8", b"\xef\xbb\xbf")
    assert rewrite(REWRITER, document, []) == data


@pytest.mark.corpus
def test_real_deployment_toml_is_protected_and_comes_back(corpus: Path) -> None:
    data = (corpus / "carbon-4.12-home/repository/conf/deployment.toml").read_bytes()
    document = REWRITER.parse(data)
    found: list[Any] = document.locate(["$..password", "$..key_password"])
    sites = [*found[0], *found[1]]
    assert len(sites) == 5
    changes = [Change(site, Reference(site.key, Syntax.SECRET)) for site in sites]
    protected = rewrite(REWRITER, document, changes)
    before, after = data.split(b"\n"), protected.split(b"\n")
    assert sum(a != b for a, b in zip(before, after, strict=True)) == len(sites)
    values = {site.key: site.value for site in sites}
    again = REWRITER.parse(protected)
    back = [Change(site, values[site.key]) for site in again.sites() if site.reference]
    assert rewrite(REWRITER, again, back) == data


_LONG_KEY = ".".join(["a", '"b c"', "'d'"] * 20)


@pytest.mark.parametrize(
    "text",
    [
        f"{_LONG_KEY} = 1",
        f"\n[{_LONG_KEY}]",
        f"[[{_LONG_KEY.replace('.', ' . ')}]]",
        f"x = {{ b = 1, {_LONG_KEY} = 1 }}",
        f'x = """\ndon\'t""" # "\n{_LONG_KEY} = \'\'',
        f"{'.'.join('a' * 100_000)} = 1",
    ],
)
def test_a_key_of_too_many_parts_is_refused_before_it_is_parsed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tomllib, "loads", lambda _text: pytest.fail("it is parsed"))
    with pytest.raises(ConfigSyntaxError, match="nested too deeply") as refused:
        REWRITER.parse(text.encode())
    assert refused.value.line == text.count("\n") + 1


@pytest.mark.parametrize("text", ["x = '{}'", 'x = "{}"', 'x = """\n{}"""', "# {}", "x = 1 # it's {}"])
def test_a_text_with_many_dots_is_no_key(text: str) -> None:
    assert REWRITER.parse(text.format(".".join("a" * 1_000)).encode())


def test_a_key_of_fifty_parts_is_read() -> None:
    (site,) = REWRITER.parse(f"{'.'.join('a' * 50)} = 'v'".encode()).sites()
    assert site.value == "v"
