"""A place that has moved is noticed: no ciphertext is overwritten, and the hint says by which selector it is found."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ciphertool import Vault, protection, settings
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.protection.moved import MovedError
from ciphertool.repository import open_repository
from ciphertool.vault.opening import VaultAccess
from tests.protection.edits import NAMESPACE, Figures, worlds
from tests.protection.test_protect import _certificate_only, _tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

SECRET = "c4n4ry-pw"


class Case(NamedTuple):
    """A file whose second entry is the secret, an entry to put in above, and the selector that holds."""

    file: str
    text: str
    selector: str
    above: tuple[str, str]
    stable: str


CASES = (
    Case(
        "a.yaml",
        "env:\n  - {name: user, value: bob}\n  - {name: pw, value: c4n4ry-pw}\n",
        "$['env'][1]['value']",
        ("env:\n", "  - {name: new, value: clear}\n"),
        "$.env[?@.name=='pw'].value",
    ),
    Case(
        "docs.yaml",
        "kind: a\n---\nusers:\n- {id: 7, password: bob}\n- {id: 8, password: c4n4ry-pw}\n",
        "doc[1]$.users[1].password",
        ("users:\n", "- {id: 9, password: clear}\n"),
        "$.users[?@.id==8].password",
    ),
    Case(
        "twins.yaml",
        "env: [{name: pw, value: bob}]\n---\nenv:\n- {name: pw, value: c4n4ry-pw}\n",
        "doc[1]$.env[0].value",
        ("env:\n", "- {name: new, value: clear}\n"),
        "doc[1]$.env[?@.name=='pw'].value",
    ),
    Case(
        "a.toml",
        '[[db]]\nname = "a"\npassword = "bob"\n[[db]]\nname = "b"\npassword = "c4n4ry-pw"\n',
        "$.db[1].password",
        ("", '[[db]]\nname = "new"\npassword = "clear"\n'),
        "$.db[?@.name=='b'].password",
    ),
    Case(
        "a.json",
        '{"env": [\n{"key": "USER", "value": "bob"}, {"key": "PW", "value": "c4n4ry-pw"}]}',
        "$.env[-1].value",
        ("c4n4ry", '"}, {"key": "NEW", "value": "clear'),
        "$.env[?@.key=='PW'].value",
    ),
    Case(
        "realm.xml",
        '<R>\n<Property name="user">bob</Property>\n<Property name="pw">c4n4ry-pw</Property>\n</R>',
        "/R/Property[2]",
        ("<R>\n", '<Property name="new">clear</Property>\n'),
        "/R/Property[@name='pw']",
    ),
    Case(
        "servers.xml",
        "<R>\n<s><id>a</id><password>bob</password></s>\n<s><id>b</id><password>c4n4ry-pw</password></s>\n</R>",
        "/R/s[2]/password",
        ("<R>\n", "<s><id>new</id><password>clear</password></s>\n"),
        "/R/s[id='b']/password",
    ),
    Case(
        "attributes.xml",
        '<R>\n<add key="user" value="bob"/>\n<add key="pw" value="c4n4ry-pw"/>\n</R>',
        "/R/add[2]/@value",
        ("<R>\n", '<add key="new" value="clear"/>\n'),
        "/R/add[@key='pw']/@value",
    ),
)
KEYED = (
    Case("a.ini", "[db]\nuser = bob\npassword = c4n4ry-pw\n", "db/password", ("", ""), "db/secret"),
    Case("a.properties", "db.user=bob\ndb.password=c4n4ry-pw\n", "db.password", ("", ""), "db.secret"),
    Case("a.env", "USER=bob\npassword=c4n4ry-pw\n", "password", ("", ""), "secret"),
    Case("k.yaml", "user: bob\npassword: c4n4ry-pw\n", "$.password", ("", ""), "$['secret']"),
    Case("k.xml", "<R>\n<user>bob</user><password>c4n4ry-pw</password>\n</R>", "/R/password", ("", ""), "/R/secret"),
)


def _declare(project: Path, *targets: tuple[str, str, str]) -> None:
    head = (project / "ciphertool.toml").read_text().split("[[target]]")[0]
    tables = [f"[[target]]\nfile = '{f}'\nselector = \"{s}\"\nalias = '{a}'\n" for f, s, a in targets]
    (project / "ciphertool.toml").write_text(head + "".join(tables))


def _begin(project: Path, run: Run, case: Case) -> Path:
    file = project / case.file
    file.write_text(case.text)
    _declare(project, (case.file, case.selector, "pw"))
    assert run("protect").status == 0
    assert SECRET not in file.read_text()
    return file


def _insert(file: Path, case: Case) -> None:
    text = file.read_text()
    if case.selector == "$.env[-1].value":  # counted from the end
        text = text.replace("}]}", '}, {"key": "NEW", "value": "clear"}]}')
    elif file.suffix == ".xml":
        text = text.replace(">\n", f">\n{case.above[1]}", 1)
    elif case.above[0]:
        text = case.above[1].join([text[: (at := text.rindex(case.above[0]) + len(case.above[0]))], text[at:]])
    else:
        text = case.above[1] + text
    file.write_text(text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_an_entry_above_is_noticed_and_the_hint_mends_it(project: Path, run: Run, case: Case) -> None:
    file = _begin(project, run, case)
    _insert(file, case)
    before = _tree(project)
    for take in ((), ("--take", "file"), ("--take", "repository")):
        outcome = run("protect", *take)
        assert outcome.status == 3
        assert "the selector has moved" in outcome.err
        assert f"'pw' the selector `{case.stable}`" in outcome.err
        assert "--take" not in outcome.err
        assert "c4n4ry" not in outcome.err
        assert _tree(project) == before
    _declare(project, (case.file, case.stable, "pw"))
    assert run("protect").status == 0
    _insert(file, case)
    assert run("protect").status == 0
    assert Vault.open(project)["pw"].reveal() == SECRET
    assert SECRET in run("resolve", case.file).out


@pytest.mark.parametrize("take", [None, "file", "repository"])
def test_without_the_private_key_nothing_is_taken(
    project: Path, run: Run, take: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _begin(project, run, CASES[0])
    _certificate_only(project)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    _insert(file, CASES[0])
    before = _tree(project)
    outcome = run("protect", *(("--take", take) if take else ()))
    assert outcome.status == 3
    assert "no private key is at hand to compare it" in outcome.err
    assert "--take" not in outcome.err
    assert _tree(project) == before


@pytest.mark.parametrize("case", [*CASES[:1], *KEYED], ids=lambda case: case.file)
def test_a_renamed_entry_is_said_to_be_where_it_is(project: Path, run: Run, case: Case) -> None:
    file = _begin(project, run, case)
    text = re.sub(r"password(?=\s*[=:])|password(?= svns)|(?<=/)password", "secret", file.read_text())
    if case in KEYED:
        file.write_text(text)
        outcome = run("protect")
        assert outcome.status == 3
        assert f"; the reference to 'pw' stands at {case.file}:" in outcome.err
        assert f"'pw' the selector `{case.stable}`" in outcome.err
    else:
        file.write_text(text.replace("name: pw", "name: other"))
        assert run("protect").status == 0


@pytest.mark.parametrize("take", [None, "file", "repository"])
def test_a_key_with_a_new_value_beside_the_renamed_one(project: Path, run: Run, take: str | None) -> None:
    file = _begin(project, run, KEYED[1])
    file.write_text(file.read_text().replace("db.password", "old.password") + "db.password=another\n")
    before = _tree(project)
    outcome = run("protect", *(("--take", take) if take else ()))
    assert outcome.status == 3
    assert "stands at a.properties:2 (old.password)" in outcome.err
    assert _tree(project) == before


@pytest.mark.parametrize("other", ["b.yaml", "b.xml"])
@pytest.mark.parametrize("take", [None, "file", "repository"])
def test_a_block_in_another_file_of_the_settings(project: Path, run: Run, other: str, take: str | None) -> None:
    case = CASES[0]
    file = _begin(project, run, case)
    (project / "b.yaml").write_text("port: 1\nuser: bob\n")
    (project / "b.xml").write_text("<R><port>1</port><user>bob</user></R>")
    moved = ("b.yaml", file.read_text() + "port: 1\n")
    if other == "b.xml":
        attributes = f'xmlns:svns="{NAMESPACE}" svns:secretAlias="pw"'
        moved = ("b.xml", f"<R><port>1</port><P {attributes}>password</P></R>")
    (project / moved[0]).write_text(moved[1])
    file.write_text(case.text.replace(SECRET, "another"))
    selector = "$.port" if other == "b.yaml" else "/R/port"
    _declare(project, (case.file, case.selector, "pw"), (other, selector, "port"))
    before = _tree(project)
    outcome = run("protect", *(("--take", take) if take else ()))
    assert outcome.status == 3
    found = "$.env[?@.name=='pw'].value" if other == "b.yaml" else "/R/P"
    assert f"'pw' the file `{other}` and the selector `{found}`" in outcome.err
    assert _tree(project) == before
    file.write_text("nothing: here\n")
    outcome = run("protect")
    assert "matches nothing; the reference to 'pw' stands at " + other in outcome.err
    assert f"'pw' the file `{other}` and the selector `{found}`" in outcome.err


def test_two_entries_that_change_places(project: Path, run: Run) -> None:
    file = project / "a.yaml"
    file.write_text(CASES[0].text)
    selectors = [f"$.env[{n}].value" for n in range(2)]
    _declare(project, ("a.yaml", selectors[0], "user"), ("a.yaml", selectors[1], "pw"))
    assert run("protect").status == 0
    first, second, third = file.read_text().splitlines(keepends=True)
    file.write_text(first + third + second)
    before = _tree(project)
    outcome = run("protect", "--take", "file")
    assert outcome.status == 3
    assert "refers to 'pw', but the settings call this secret 'user', to which the reference stands at" in outcome.err
    assert "2 problems" in outcome.err
    assert _tree(project) == before
    named = {"user": "$.env[?@.name=='user'].value", "pw": "$.env[?@.name=='pw'].value"}
    for alias, selector in named.items():
        assert f"'{alias}' the selector `{selector}`" in outcome.err
    _declare(project, *[("a.yaml", selector, alias) for alias, selector in named.items()])
    assert run("protect").status == 0
    assert (
        run("resolve", "a.yaml").out
        == first + CASES[0].text.splitlines(keepends=True)[2] + (CASES[0].text.splitlines(keepends=True)[1])
    )


def test_a_removed_entry_whose_neighbour_follows(project: Path, run: Run) -> None:
    file = project / "a.yaml"
    file.write_text(CASES[0].text)
    _declare(project, ("a.yaml", "$.env[0].value", "user"), ("a.yaml", "$.env[1].value", "pw"))
    assert run("protect").status == 0
    first, _, third = file.read_text().splitlines(keepends=True)
    file.write_text(first + third)
    outcome = run("protect")
    assert outcome.status == 3
    assert "'pw' the selector `$.env[?@.name=='pw'].value`; if 'user' is gone, remove its target" in outcome.err
    assert "$.env[1].value: matches nothing; the reference to 'pw' stands at a.yaml:2" in outcome.err


def test_an_alias_that_only_the_settings_have_renamed_is_no_move(project: Path, run: Run) -> None:
    _begin(project, run, CASES[0])
    _declare(project, (CASES[0].file, CASES[0].selector, "another"))
    outcome = run("protect")
    assert outcome.status == 3
    assert "change the target's alias to the one in the file" in outcome.err
    assert "moved" not in outcome.err


@pytest.mark.parametrize("pattern", ["$.env[*].value", "$..value", "$.env[-1].value"])
def test_a_pattern_with_indexes_gives_no_secret_to_another(project: Path, run: Run, pattern: str) -> None:
    file = project / "a.yaml"
    file.write_text(CASES[0].text)
    _declare(project, ("a.yaml", pattern, "{stem}.{key}"))
    assert run("protect").status == 0
    lines = file.read_text().splitlines(keepends=True)
    new = "  - {name: new, value: clear}\n"
    file.write_text("".join([*lines, new] if "-1" in pattern else [lines[0], new, *lines[1:]]))
    before = _tree(project)
    for take in ((), ("--take", "file"), ("--take", "repository")):
        outcome = run("protect", *take)
        assert outcome.status == 3
        assert "the selector has moved" in outcome.err
        assert "'a.env.1.value' the selector `$.env[?@.name=='pw'].value`" in outcome.err
        assert _tree(project) == before


def test_an_entry_more_for_a_pattern_is_protected(project: Path, run: Run) -> None:
    file = project / "a.yaml"
    file.write_text(CASES[0].text)
    _declare(project, ("a.yaml", "$..value", "{stem}.{key}"))
    assert run("protect").status == 0
    file.write_text(file.read_text() + "  - {name: new, value: clear}\n")
    assert run("protect").status == 0
    assert Vault.open(project)["a.env.2.value"].reveal() == "clear"


def test_one_more_place_of_a_secret_is_protected(project: Path, run: Run) -> None:
    """A reference written by hand, and the same value in a file that is new to the settings."""
    _begin(project, run, CASES[0])
    (project / "b.yaml").write_text(f"password: {SECRET}\n")
    _declare(project, (CASES[0].file, CASES[0].selector, "pw"), ("b.yaml", "$.password", "pw"))
    assert run("protect").status == 0
    assert (project / "b.yaml").read_text() == "password: ${sec:pw}\n"


@pytest.mark.parametrize("take", [None, "file", "repository"])
def test_a_secret_changed_at_one_of_its_places(project: Path, run: Run, take: str | None) -> None:
    test_one_more_place_of_a_secret_is_protected(project, run)
    (project / "b.yaml").write_text("password: changed\n")
    before = _tree(project)
    outcome = run("protect", *(("--take", take) if take else ()))
    assert outcome.status == 3
    assert "put the new value at all of its places" in outcome.err
    assert "has moved" not in outcome.err
    assert "--take" not in outcome.err
    assert _tree(project) == before
    (project / "a.yaml").write_text(CASES[0].text.replace(SECRET, "changed"))
    _declare(project, (CASES[0].file, CASES[0].stable, "pw"), ("b.yaml", "$.password", "pw"))
    assert run("protect").status == 3
    assert run("protect", "--take", "file").status == 0
    assert Vault.open(project)["pw"].reveal() == "changed"


POSITIONS = (
    *CASES,
    CASES[0]._replace(selector="$.env[1:].value"),
    CASES[0]._replace(selector="$.env[ 1, 7].value"),
    CASES[5]._replace(selector="/R/Property[last()]"),
    CASES[5]._replace(selector="(//Property)[2]"),
    CASES[5]._replace(selector="/R/Property[position() > 1]"),
    CASES[7]._replace(selector="/R/add[1]/following-sibling::add/@value"),
)


@pytest.mark.parametrize("case", POSITIONS, ids=lambda case: f"{case.file}-{case.selector}")
@pytest.mark.parametrize("key", [True, False])
def test_another_value_at_a_position_is_not_taken_until_it_is_named(
    project: Path, run: Run, case: Case, key: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry may have been taken out, with its reference: another may have come to stand in its place."""
    file = _begin(project, run, case)
    file.write_text(case.text.replace(SECRET, "other"))
    password = os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"]
    if not key:
        _certificate_only(project)
        monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    before = _tree(project)
    for take in ((), ("--take", "file"), ("--take", "repository")):
        outcome = run("protect", *take)
        assert outcome.status == 3
        assert f"if what stands there now is 'pw', give 'pw' the selector `{case.stable}` first" in outcome.err
        assert "--take" not in outcome.err
        assert ("no private key is at hand to compare it" in outcome.err) != key
        assert _tree(project) == before
    _declare(project, (case.file, case.stable, "pw"))
    assert "--take file" in run("protect").err
    assert run("protect", "--take", "repository").status == 0
    if key:
        monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", password)
        assert Vault.open(project)["pw"].reveal() == SECRET
        assert SECRET in run("resolve", case.file).out


@pytest.mark.parametrize("take", ["file", "repository"])
def test_other_values_at_the_positions_of_a_pattern_are_not_taken(project: Path, run: Run, take: str) -> None:
    file = project / "a.yaml"
    file.write_text(CASES[0].text)
    _declare(project, ("a.yaml", "$.env[*].value", "{stem}.{key}"))
    assert run("protect").status == 0
    file.write_text("env:\n  - {name: pw, value: c4n4ry-pw}\n")  # as a newer version has it, in clear
    before = _tree(project)
    outcome = run("protect", "--take", take)
    assert outcome.status == 3
    assert "give 'a.env.0.value' the selector `$.env[?@.name=='pw'].value` first" in outcome.err
    assert _tree(project) == before


@pytest.mark.parametrize("text", ["pws: [bob, c4n4ry-pw]\n", "m: {'1': c4n4ry-pw}\n"])
def test_where_nothing_has_a_name_a_person_decides(project: Path, run: Run, text: str) -> None:
    """The key of a mapping is a name, whatever it looks like."""
    file = project / "a.yaml"
    file.write_text(text)
    selector = "$.pws[1]" if "pws" in text else "$.m['1']"
    _declare(project, ("a.yaml", selector, "pw"))
    assert run("protect").status == 0
    file.write_text(text.replace(SECRET, "default"))
    outcome = run("protect")
    assert "--take file" in outcome.err
    assert ("another value is at this position now" in outcome.err) == ("pws" in text)
    assert run("protect", "--take", "repository").status == 0
    assert Vault.open(project)["pw"].reveal() == SECRET


@pytest.mark.parametrize("take", ["file", "repository"])
def test_the_only_element_that_is_left_is_not_taken_by_its_position(project: Path, run: Run, take: str) -> None:
    file = project / "a.xml"
    file.write_text("<R><P name='pw'>c4n4ry-pw</P><P name='user'>bob</P></R>")
    _declare(project, ("a.xml", "/R/P[1]", "pw"))
    assert run("protect").status == 0
    file.write_text("<R><P name='user'>bob</P></R>")
    before = _tree(project)
    outcome = run("protect", "--take", take)
    assert outcome.status == 3
    assert "if what stands there now is 'pw', give 'pw' the selector `/R/P[@name='user']` first" in outcome.err
    assert _tree(project) == before


def test_a_position_in_quotes_is_none(project: Path, run: Run) -> None:
    file = project / "a.yaml"
    file.write_text("env:\n- {name: 'a[1]', value: c4n4ry-pw}\n")
    _declare(project, ("a.yaml", "$.env[?@.name=='a[1]'].value", "pw"))
    assert run("protect").status == 0
    file.write_text("env:\n- {name: 'a[1]', value: changed}\n")
    assert run("protect", "--take", "file").status == 0


@pytest.mark.parametrize("take", [None, "file", "repository"])
def test_a_lost_entry_whose_reference_stands_elsewhere(project: Path, run: Run, take: str | None) -> None:
    """A line of the vault is gone after a merge: the reference must not come to stand for another value."""
    case = CASES[0]
    file = _begin(project, run, case)
    _insert(file, case)
    vault = settings.load(project).repository
    vault.write_text("".join(line for line in vault.read_text().splitlines(True) if not line.startswith("pw")))
    before = _tree(project)
    outcome = run("protect", *(("--take", take) if take else ()))
    assert outcome.status == 3
    assert "to which the reference stands at a.yaml:4" in outcome.err
    assert f"'pw' the selector `{case.stable}`" in outcome.err
    assert _tree(project) == before


def test_a_copy_with_its_reference_leaves_all_as_it_is(project: Path, run: Run) -> None:
    file = _begin(project, run, CASES[0])
    text = file.read_text()
    file.write_text(text + text.splitlines()[-1].replace("name: pw", "name: copy") + "\n")
    before = _tree(project)
    assert run("protect").status == 0
    assert _tree(project) == before


def test_plaintext_beside_a_moved_attribute_counts_as_its_place(project: Path, run: Run) -> None:
    case = CASES[5]
    file = _begin(project, run, case)
    _insert(file, case)
    file.write_text(file.read_text().replace(">password<", ">new-password<"))
    before = _tree(project)
    assert run("protect", "--take", "file").status == 3
    assert _tree(project) == before


def _home(project: Path, keystore_bytes: bytes) -> tuple[Path, Path]:
    """Make a Carbon home of one target, and return it and its directory of configuration."""
    home = project / "home"
    conf = home / "repository/conf"
    (conf / "security").mkdir(parents=True)
    security = home / "repository/resources/security"
    security.mkdir(parents=True)
    (security / "primary.p12").write_bytes(keystore_bytes)
    (conf / "carbon.xml").write_text(
        "<Server><Security><KeyStore><Location>${carbon.home}/repository/resources/security/primary.p12</Location>"
        "<Type>PKCS12</Type><KeyAlias>primary</KeyAlias></KeyStore></Security></Server>"
    )
    (conf / "a.xml").write_text(CASES[5].text)
    (conf / "security/cipher-tool.properties").write_text("pw=repository/conf/a.xml///R/Property[2],false\n")
    return home, conf


@pytest.mark.parametrize("moved", ["attribute", "text", "utf-16"])
def test_a_file_that_only_the_product_reads(project: Path, run: Run, keystore_bytes: bytes, moved: str) -> None:
    home, conf = _home(project, keystore_bytes)
    (conf / "security/cipher-text.properties").write_text("pw=[c4n4ry-pw]\n")
    assert run("protect", "--home", str(home)).status == 0
    text = (conf / "a.xml").read_text() if moved == "attribute" else "<R>\n\n<P/><P>${sec:pw}</P></R>"
    (conf / "moved.xml").write_bytes(text.encode("utf-16" if moved == "utf-16" else "utf-8"))
    (conf / "a.xml").write_text(CASES[5].text.replace(SECRET, "clear"))
    before = _tree(home)
    outcome = run("protect", "--home", str(home), "--take", "file")
    assert outcome.status == 3
    place = "/R/Property[2]" if moved == "attribute" else "/R/P[2]"
    assert f"stands at repository/conf/moved.xml:3 ({place})" in outcome.err
    assert _tree(home) == before
    (conf / "moved.xml").write_text("<R svns:secretAlias='pw'>")
    assert "moved.xml" in run("protect", "--home", str(home), "--take", "file").err
    assert (conf / "security/cipher-text.properties").read_bytes() == before[
        "repository/conf/security/cipher-text.properties"
    ]


def test_an_alias_that_waits_for_its_value_takes_it_although_it_is_in_use(
    project: Path, run: Run, keystore_bytes: bytes
) -> None:
    home, conf = _home(project, keystore_bytes)
    (conf / "security/cipher-text.properties").write_text("pw=[]\n")
    (conf / "other.xml").write_text("<R><P>${sec:pw}</P></R>")
    assert run("protect", "--home", str(home)).status == 0
    assert SECRET in run("resolve", "--home", str(home), str(conf / "other.xml")).out


def test_what_a_target_calls_a_secret_is_no_name_in_a_hint(project: Path, run: Run) -> None:
    file = project / "a.yaml"
    file.write_text("env:\n- {name: c4n4ry-name, value: c4n4ry-pw}\n")
    _declare(project, ("a.yaml", "$.env[0].value", "pw"))
    assert run("protect").status == 0
    file.write_text(file.read_text().replace("env:\n", "env:\n- {name: x, value: clear}\n"))
    _declare(project, ("a.yaml", "$.env[0].value", "pw"), ("a.yaml", "$.env[1].name", "name"))
    outcome = run("protect")
    assert outcome.status == 3
    assert "'pw' the selector `$['env'][1]['value']`" in outcome.err
    assert "c4n4ry" not in outcome.err


def test_the_error_has_its_facts(project: Path, run: Run) -> None:
    file = _begin(project, run, CASES[0])
    _insert(file, CASES[0])
    loaded = settings.load(project)
    from datetime import UTC, datetime

    cipher = VaultAccess(loaded, PasswordChain((Environment(),))).to_seal(now=datetime.now(UTC)).sealer
    work = protection.plan(loaded, open_repository(loaded.kind, loaded.repository), cipher)
    (problem,) = work.problems
    assert isinstance(problem, MovedError)
    assert (problem.alias, problem.selector, problem.path, problem.line) == ("pw", "$['env'][1]['value']", file, 3)
    assert [(s.path, s.line, s.selector, s.stable) for s in problem.stands] == [
        (file, 4, "$['env'][2]['value']", CASES[0].stable)
    ]


def test_random_edits_lose_nothing(key: RSAPrivateKey) -> None:
    """A small sample of scripts/fuzz-edits."""
    figures = Figures()
    worlds(100, 20, 1, figures, key)
    assert (figures.lost, figures.swapped) == ([], [])
    assert figures.refused["MovedError"] > 10
    assert figures.followed["selector"] > 10
    assert figures.reset["all"] < figures.edits.total() // 10
