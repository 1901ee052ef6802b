"""`resolve` gives a file back byte for byte, however its secrets were spelled, where the vault can keep that."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING

import pytest

from ciphertool import rewriters
from ciphertool.errors import UnrepresentableValueError
from ciphertool.rewriters.json import JsonDocument, JsonRewriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ciphertool.rewriters.base import Change, Edit
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

VAULT = "security/vault.properties"
YAML = r"""
escaped: "gehe\u0069m"   # a comment
literal: |
  -----BEGIN KEY-----
  c4n4ry/yaml==

folded: >-
  c4n4ry
  folded
list: ["c4n4ry\x2d1", 'c4n4ry-2']
"""
FILES = {
    "a.yaml": (YAML, ["$.escaped", "$.literal", "$.folded", "$.list[*]"]),
    "b.xml": (
        "<a><p>c4n4ry&#x2d;&quot;1</p><q x='c4n4ry&#45;2'/><r><![CDATA[c4n4ry-<3>]]></r></a>\n",
        ["/a/p", "/a/q/@x", "/a/r"],
    ),
    "c.json": (r'{"k": "c4n4ry\u002d\/1", "l": "c4n4ry-2"}', ["$.k", "$.l"]),
    "d.toml": ("k = '''\nc4n4ry\\1'''\nl = \"c4n4ry\\u002d2\"\n", ["$.k", "$.l"]),
    "e.properties": ("k = c4n4ry\\u002d1\nl: c4n4ry\\\n    -2\n", ["k", "l"]),
}


def _lay_out(project: Path, name: str, text: str, selectors: list[str]) -> None:
    (project / "conf" / name).write_text(text)
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    for number, selector in enumerate(selectors):
        target = f"file = 'conf/{name}'\nselector = '{selector}'\nalias = 'a{number}.{{key}}'\n"
        settings += f"\n[[target]]\n{target}"
    (project / "ciphertool.toml").write_text(settings)


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_back_byte_for_byte(name: str, project: Path, run: Run) -> None:
    text, selectors = FILES[name]
    _lay_out(project, name, text, selectors)
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert "spelled otherwise" not in outcome.err
    assert "c4n4ry" not in (project / "conf" / name).read_text()
    assert "JWE" in (project / VAULT).read_text()
    assert run("resolve", f"conf/{name}").out == text


def test_a_spelling_is_not_used_where_it_would_read_otherwise(project: Path, run: Run) -> None:
    """The vault's text belongs to one place; a reference that has moved into quotes gets the value alone."""
    _lay_out(project, "a.yaml", YAML, ["$.literal"])
    assert run("protect").status == 0
    file = project / "conf/a.yaml"
    moved = re.sub(r"literal: .*\n", "", file.read_text()) + 'moved: {in: ["${sec:a0.literal}"]}\n'
    file.write_text(moved)
    assert run("resolve", "conf/a.yaml").out.endswith('moved: {in: ["-----BEGIN KEY-----\\nc4n4ry/yaml==\\n"]}\n')


def test_a_value_at_two_places_has_no_spelling(project: Path, run: Run) -> None:
    _lay_out(project, "a.yaml", 'one: "geh\\u0065im"\ntwo: geheim\n', ["$.one", "$.two"])
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("a0.{key}", "same").replace("a1.{key}", "same"))
    assert run("protect").status == 0
    assert "JWE" not in (project / VAULT).read_text()
    assert run("resolve", "conf/a.yaml").out == 'one: "geheim"\ntwo: geheim\n'


def test_a_changed_value_has_none_either(project: Path, run: Run) -> None:
    _lay_out(project, "a.yaml", YAML, ["$.escaped"])
    assert run("protect").status == 0
    assert run("set", "a0.escaped", stdin=b"another").status == 0
    assert 'escaped: "another"   # a comment' in run("resolve", "conf/a.yaml").out


@pytest.mark.parametrize("name", FILES)
def test_a_vault_that_keeps_no_spelling_names_what_will_come_back_otherwise(name: str, project: Path, run: Run) -> None:
    text, selectors = FILES[name]
    _lay_out(project, name, text, selectors)
    settings = project / "ciphertool.toml"
    settings.write_text(f'[encryption]\nscheme = "RSA-OAEP-256"\n{settings.read_text()}')
    planned = re.findall(rf"conf/{name}:(\d+): .*spelled otherwise", run("protect", "--dry-run").err)
    assert run("protect").status == 0
    resolved = run("resolve", f"conf/{name}").out
    assert planned
    if resolved.count("\n") == text.count("\n"):
        lines = zip(text.splitlines(), resolved.splitlines(), strict=True)
        differing = [number for number, (old, new) in enumerate(lines, 1) if old != new]
        assert sorted({int(line) for line in planned}) == differing
    assert resolved != text


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        (">\n c4n4ry\n\n\n", "$"),
        ("|-\n c4n4ry\n \n...\n", "$"),
        ("a:\n  |  # c\n     c4n4ry\n  \nb: 1\n", "$.a"),
        ("a:\n  - |#c\n    c4n4ry\n", "$.a[0]"),
        ('a: "c4n4ry\\x31"# c\n', "$.a"),
        ("a: 'c4n4ry'# c\n", "$.a"),
    ],
)
def test_a_value_keeps_what_stands_before_and_after_it(text: str, selector: str, project: Path, run: Run) -> None:
    _lay_out(project, "a.yaml", text, [selector])
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert "spelled otherwise" not in outcome.err
    assert run("resolve", "conf/a.yaml").out == text


@pytest.mark.parametrize(
    "value",
    [
        "c4n4ry<!-- c -->;more",
        "\n  c4n4ry<?x y?>\n <!-- <b> -->more&#33;\n",
        "<!-- a -->c4<![CDATA[n<!-- b -->4]]>ry<!---->",
    ],
)
def test_a_value_keeps_the_comments_within_it(value: str, project: Path, run: Run) -> None:
    text = f"<a><p>{value}</p><q>c4n4ry&#x21;</q></a>\n"
    _lay_out(project, "b.xml", text, ["/a/p", "/a/q"])
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert "spelled otherwise" not in outcome.err
    assert run("resolve", "conf/b.xml").out == text


def test_a_block_keeps_its_header_and_the_comment_there(project: Path, run: Run) -> None:
    text = "a: |2-  # c\n    c4n4ry\n   x\nb: >+ # d\n  c4n4ry\n\nc: 1\n"
    _lay_out(project, "a.yaml", text, ["$.a", "$.b"])
    assert run("protect").status == 0
    assert run("resolve", "conf/a.yaml").out == text
    file = project / "conf/a.yaml"
    file.write_text(file.read_text().replace("# c", "# changed"))
    assert run("resolve", "conf/a.yaml").out.startswith('a: "  c4n4ry\\n x"  # changed\n')


class OneWayDocument(JsonDocument):
    """A document that takes references, but no value back."""

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        for change in changes:
            if isinstance(change.to, str):
                raise UnrepresentableValueError(change.site.selector, "it does not go back")
        return super().edits(changes)


class OneWayRewriter(JsonRewriter):
    """A rewriter as a plug-in may have it."""

    name = "one-way"
    suffixes = frozenset({".oneway"})

    def parse(self, data: bytes) -> OneWayDocument:
        document = super().parse(data)
        return OneWayDocument(document.source, document.judged, document.data, repeating=False)


def test_what_could_not_be_put_back_is_refused_beforehand(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = EntryPoints([EntryPoint("one-way", f"{__name__}:OneWayRewriter", rewriters.ENTRY_POINTS)])
    monkeypatch.setattr("importlib.metadata.entry_points", offered.select)
    _lay_out(project, "c.json", '{"k": "c4n4ry"}', ["$.k"])
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text() + 'format = "one-way"\n')
    outcome = run("protect", "--config", str(settings))
    assert outcome.status == 3
    assert "it does not go back" in outcome.err
    assert (project / "conf/c.json").read_text() == '{"k": "c4n4ry"}'


@pytest.mark.parametrize(
    ("name", "text", "selector", "spellings"),
    [
        ("a.yaml", 'k: "c4n4ry"  # c\n', "$.k", ['"x"\nadmin: true', "y", '"x', "x: admin", "", "x # admin\nadmin:"]),
        ("a.yaml", 'k: "c4n4ry"\nb: &b []\nadmins: *b\n', "$.k", ['"x"\nadmins: admin', '"x"\nb: admin']),
        ("b.xml", "<a><p>c4n4ry</p></a>\n", "/a/p", ["x<?admin ?>", "x<!-- admin -->", "x</p><p>admin", "&admin;"]),
        ("b.xml", "<a q='c4n4ry'/>\n", "/a/@q", ["'x' admin=''", "'x'><admin/></a><a>"]),
        ("c.json", '{"k": "c4n4ry"}', "$.k", ['"x", "admin": 1', '"x", "k": "admin"', '"admin", "k": "x"']),
        ("d.toml", 'k = "c4n4ry"\n', "$.k", ['"x"\nadmin = 1', '"x"\n[admin]']),
        ("e.properties", "k=c4n4ry\n", "k", ["x\nadmin", "x\nk=admin", "admin\nk=x"]),
        ("g.env", "K=c4n4ry\n", "K", ["x\nADMIN", "x\nADMIN=1", "x\nK=admin"]),
        ("f.ini", "[s]\nk=c4n4ry\n", "s/k", ["x\nadmin", "x\n[admin]", "x\nk=admin"]),
    ],
)
def test_a_spelling_cannot_bring_anything_else_into_a_file(
    name: str, text: str, selector: str, spellings: list[str], project: Path, run: Run
) -> None:
    """Whoever has the certificate can make an envelope with any spelling; the file must be the same with it."""
    from datetime import UTC, datetime

    from ciphertool import Vault, settings
    from ciphertool.passwords import Environment, PasswordChain
    from ciphertool.secret import Secret
    from ciphertool.vault.opening import VaultAccess

    _lay_out(project, name, text, [selector])
    (project / "ciphertool.toml").write_text((project / "ciphertool.toml").read_text().replace("a0.{key}", "k"))
    assert run("protect").status == 0
    access = VaultAccess(settings.load(project), PasswordChain((Environment(),)))
    sealer = access.to_seal(now=datetime.now(UTC)).sealer
    for spelling in spellings:
        made = sealer.seal("k", Secret("x"), spelling)
        (project / VAULT).write_bytes(access.repository().updated({"k": made}))
        assert Vault.open(project).resolve_file(f"conf/{name}").decode() == text.replace("c4n4ry", "x")


def test_a_part_of_one_value_takes_no_spelling_from_another(project: Path, run: Run) -> None:
    text = 'url: "db://me:c4n4ry-1@host"\nescaped: "gehe\\u0069m"\n'
    _lay_out(project, "a.yaml", text, ["$.url", "$.escaped"])
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("$.url'", "$.url'\npart = 'password'"))
    assert run("protect").status == 0
    assert (
        project / "conf" / "a.yaml"
    ).read_text() == 'url: "db://me:${sec:a0.url}@host"\nescaped: "${sec:a1.escaped}"\n'
    assert run("resolve", "conf/a.yaml").out == text
