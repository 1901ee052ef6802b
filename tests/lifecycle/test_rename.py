"""`rename`: another name for a secret in vault, files and settings, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from tests.changes.kills import Fault, run_forked, worlds
from tests.conftest import SECRETS, SETTINGS, contents, strays
from tests.lifecycle.conftest import VAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

OLD, NEW, TOML = "a.secret", "b.other", "ciphertool.toml"
WHOLE_SETTINGS = SETTINGS.replace(
    'selector = "$..password"\nalias = "{stem}.{key}"',
    'selector = "$.datasource.password"\nalias = "app.datasource.password"  # kept\n\n'
    '[[ target ]]\nalias = \'app.smtp.password\'\nfile = "conf/app.yaml"\nselector = "$.smtp.password"',
)
FILES = {
    "a.yaml": ("$.p", "# kept\np: {0}\nq: x-${{sec:a.secret.other}}\n"),
    "b.json": ("$.p", '{{"p": "{0}", "port": 1}}\n'),
    "c.toml": ("$.p", "p = '{0}'  # kept\r\nq = 1\r\n"),
    "d.properties": ("p", "! kept\np : {0}\\u0041\n"),
    "e.ini": ("s/p", "[s]\np = {0} \n"),
    "f.env": ("P", "export P='{0}'\n"),
    "g.xml": ("/r/a/@p", "<r><a p='{0}' q=\"1\"/>\n<!-- kept --></r>\n"),
    "h.xml": ("/r/a", "<r>\n<a q=\"1\">{0}</a></r>\n"),
    "i.yaml": ("$.u", "u: http://me:{0}@host/  # kept\n"),
}  # fmt: skip


def _values(root: Path) -> dict[str, str]:
    vault = Vault.open(root / TOML)
    vault.check()
    return {alias: vault[alias].reveal() for alias in vault}


def _changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)} - {f"{VAULT}.lock"}


@pytest.fixture
def named(project: Path, run: Run) -> Path:
    """The project with an alias of its own in each target, protected."""
    (project / TOML).write_text(WHOLE_SETTINGS)
    assert run("protect").status == 0
    return project


def test_only_the_name_changes(named: Path, run: Run) -> None:
    before = contents(named)
    for old, new in (("app.smtp.password", "mail.password"), ("server.keystore.password", "tls")):
        outcome = run("rename", old, new)
        assert (outcome.status, outcome.out) == (0, "")
        assert f"renamed: {old} to {new}\n" in outcome.err
    after = contents(named)
    for name in (TOML, "conf/app.yaml", "conf/server.xml"):
        text = before[name].replace(b"app.smtp.password", b"mail.password").replace(b"server.keystore.password", b"tls")
        assert after[name] == text
    assert _changed(before, after) == {TOML, "conf/app.yaml", "conf/server.xml", VAULT}
    renamed = {"app.smtp.password": "mail.password", "server.keystore.password": "tls"}
    assert _values(named) == {renamed.get(alias, alias): value for alias, value in SECRETS.items()}
    assert run("protect", "--dry-run").status == 0
    assert run("rename", "app.smtp.password", "mail.password").status == 5


@pytest.mark.parametrize("name", FILES)
def test_in_every_format_each_other_byte_stays(project: Path, run: Run, name: str) -> None:
    selector, text = FILES[name]
    part = '\npart = "password"' if name == "i.yaml" else ""
    target = f'[[target]]\nfile = "{name}"\nselector = "{selector}"\nalias = "{OLD}"{part}\nliteral = true\n'
    (project / TOML).write_text(SETTINGS.partition("\n[[target]]")[0] + "\n" + target)
    (project / name).write_bytes(text.format("c4n4ry").encode())
    assert run("set", "a.secret.other", stdin=b"x").status == 0
    assert run("protect").status == 0
    before = (project / name).read_bytes()
    assert OLD.encode() in before
    assert run("rename", OLD, NEW).status == 0
    longer = b"{sec:a.secret.other}"
    held = before.replace(longer, b"<>").replace(OLD.encode(), NEW.encode()).replace(b"<>", longer)
    assert (project / name).read_bytes() == held
    assert NEW in _values(project)
    assert run("protect", "--dry-run").status == 0
    resolved = run("resolve", name).out
    assert resolved == text.format("c4n4ry").replace("${sec:a.secret.other}", "x")


def test_a_name_by_which_its_target_no_longer_finds_it_is_refused(project: Path, run: Run) -> None:
    (project / "i.yaml").write_text("u: http://me:c4n4ry@host/\n")
    target = f'[[target]]\nfile = "i.yaml"\nselector = "$.u"\nalias = "{OLD}"\npart = "password"\n'
    (project / TOML).write_text(SETTINGS.partition("\n[[target]]")[0] + "\n" + target)
    assert run("protect").status == 0
    assert "the new name hides a reference to a.secret from its target" in _refused(project, run, OLD, "b/other")


def test_a_reference_that_is_spelled_with_escapes_is_spelled_anew(named: Path, run: Run) -> None:
    beside = ', "q": "\\u0041", "r": "\\u0041 ${sec:app.smtp.password}"}\n'
    (named / "conf/x.json").write_text('{"p": "\\u0024{sec:app.smtp.\\u0070assword}"' + beside)
    with (named / TOML).open("a") as stream:
        stream.write('[[target]]\nfile = "conf/x.json"\nselector = "$.p"\nalias = "app.smtp.password"\n')
    assert run("rename", "app.smtp.password", "mail").status == 0
    assert (named / "conf/x.json").read_text() == '{"p": "${sec:mail}"' + beside.replace("app.smtp.password", "mail")
    assert _values(named)["mail"] == SECRETS["app.smtp.password"]


def test_the_kept_spelling_moves_along(project: Path, run: Run) -> None:
    text = '{"p": "c4n4ry\\u002djson"}\n'
    (project / "x.json").write_text(text)
    target = f'[[target]]\nfile = "x.json"\nselector = "$.p"\nalias = "{OLD}"\n'
    (project / TOML).write_text(SETTINGS.partition("\n[[target]]")[0] + "\n" + target)
    assert run("protect").status == 0
    assert run("rename", OLD, NEW).status == 0
    assert run("resolve", "x.json").out == text


def test_references_elsewhere_are_named(named: Path, run: Run) -> None:
    (named / "deploy").mkdir()
    (named / "deploy/job.yaml").write_text("a: 1\nurl: x ${sec:app.smtp.password}\n")
    (named / "deploy/start.sh").write_text("# $secret{app.smtp.password}\n# $secret{app.smtp.password.other}\n")
    (named / "nested").mkdir()
    (named / "nested" / TOML).write_text("")
    (named / "nested/a.yaml").write_text("a: ${sec:app.smtp.password}\n")
    before = contents(named)
    outcome = run("rename", "app.smtp.password", "mail", "--dry-run", "--json")
    places = [{"path": "deploy/job.yaml", "line": 2}, {"path": "deploy/start.sh", "line": 1}]
    assert json.loads(outcome.out) == {
        "written": False,
        "alias": "app.smtp.password",
        "new": "mail",
        "files": [VAULT, "conf/app.yaml", TOML],
        "elsewhere": places,
    }
    assert not _changed(before, contents(named))
    outcome = run("rename", "app.smtp.password", "mail")
    assert outcome.status == 0
    assert "warning: deploy/job.yaml:2: refers to app.smtp.password; no target names this file\n" in outcome.err


def _refused(root: Path, run: Run, *arguments: str, status: int = 3) -> str:
    before = contents(root)
    outcome = run("rename", *arguments)
    assert outcome.status == status, outcome.err
    assert not _changed(before, contents(root))
    return outcome.err


def test_what_is_refused_writes_nothing(named: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    there = _refused(named, run, "app.smtp.password", "server.admin.password")
    assert "server.admin.password is there already, with another value" in there
    assert "cannot be an alias" in _refused(named, run, "app.smtp.password", "with blank")
    assert "cannot be an alias" in _refused(named, run, "app.smtp.password", "app.smtp.password")
    assert "did you mean app.smtp.password?" in _refused(named, run, "app.smtp.passwort", "x", status=5)
    broken = (named / "conf/server.xml").read_text()
    (named / "conf/server.xml").write_text("<not closed")
    assert "conf/server.xml" in _refused(named, run, "app.smtp.password", "mail")
    (named / "conf/server.xml").write_text(broken.replace("8005", "${wso2:vault-lookup('app.smtp.password')}"))
    assert "an expression of the product refers to app.smtp.password" in _refused(
        named, run, "app.smtp.password", "mail"
    )
    (named / "conf/server.xml").write_text(broken)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wrong")
    _refused(named, run, "app.smtp.password", "mail", status=4)


def test_an_alias_that_a_pattern_makes_is_refused(protected: Path, run: Run) -> None:
    said = _refused(protected, run, "app.smtp.password", "mail")
    assert "conf/app.yaml:4: the alias app.smtp.password is made from the pattern {stem}.{key}" in said
    assert "hint: give $['smtp']['password'] a target of its own" in said
    assert run("rename", "server.admin.password", "admin").status == 0


def test_an_alias_that_another_settings_file_declares_is_refused(named: Path, run: Run) -> None:
    text = (named / TOML).read_text()
    head, _, targets = text.partition("\n[[target]]")
    (named / "base.toml").write_text(f"[[target]]{targets}")
    (named / TOML).write_text(f'extends = "base.toml"\n{head}\n')
    assert "stands in another file" in _refused(named, run, "app.smtp.password", "mail")


def test_an_interrupted_run_is_completed_first(named: Path, run: Run) -> None:
    journal = named / "security/.ciphertool-journal"
    journal.write_text(
        '{"ciphertool": 1, "repository": "vault.properties", "identity": null, "entries": {}, "files": {}}\n'
    )
    journal.chmod(0o600)
    _refused(named, run, "app.smtp.password", "mail", status=7)


def test_a_name_that_has_the_same_value_is_taken_over(named: Path, run: Run) -> None:
    assert run("set", "mail", stdin=SECRETS["app.smtp.password"].encode()).status == 0
    entry = next(line for line in (named / VAULT).read_bytes().splitlines() if line.startswith(b"mail="))
    assert run("rename", "app.smtp.password", "mail").status == 0
    assert entry in (named / VAULT).read_bytes().splitlines(), "encrypted once"
    assert "app.smtp.password" not in _values(named)


def test_a_vault_in_the_file_that_refers_to_it_is_written_with_it(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = next(world for world in worlds() if world.name == "deployment.toml")
    world.build(tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    assert run("protect").status == 0
    before = (tmp_path / "home/conf/deployment.toml").read_text()
    assert run("rename", "database.password", "db.secret").status == 0
    after = (tmp_path / "home/conf/deployment.toml").read_text()
    assert 'password = "$secret{db.secret}"  # kept' in after
    assert "database.password" not in after
    assert before.replace("database.password", "db.secret").splitlines()[:2] == after.splitlines()[:2]
    assert _values(tmp_path / "home")["db.secret"] == "c4n4ry-toml-1"


def test_an_alias_that_a_product_s_own_file_declares_is_refused(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = next(world for world in worlds() if world.name == "carbon4")
    world.build(tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    assert run("protect", "--home", ".").status == 0
    assert "stands in another file" in _refused(tmp_path / "home", run, "Axis2.Password", "x", "--home", ".")


def _restore(root: Path, before: Path, names: Iterable[str]) -> None:
    for name in names:
        shutil.copy(before / name, root / name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_that_is_killed_anywhere_is_completed_by_the_same_command(named: Path, run: Run) -> None:
    """At each point every reference has a secret that decrypts, and after it the vault is as if nothing had been."""
    with (named / "conf/server.xml").open("a") as stream:
        stream.write("<!-- kept -->\n")
    (named / "conf/more.yaml").write_text("a: ${sec:app.smtp.password}\n")
    with (named / TOML).open("a") as stream:
        stream.write('[[target]]\nfile = "conf/more.yaml"\nselector = "$.a"\nalias = "app.smtp.password"\n')
    before = named.parent / "before-rename"
    shutil.copytree(named, before)
    names = (VAULT, TOML, "conf/app.yaml", "conf/more.yaml")
    command, value = ["rename", "app.smtp.password", "mail"], SECRETS["app.smtp.password"]
    expected = {("mail" if alias == "app.smtp.password" else alias): secret for alias, secret in SECRETS.items()}
    states, number = set[tuple[bool, ...]](), 0
    while True:
        number += 1
        _restore(named, before, names)
        if run_forked(named, command, with_key=True, fault=Fault(number))[0] != -1:
            break
        held = _values(named)
        assert {held.get("mail", value), held.get("app.smtp.password", value)} == {value}
        states.add(("mail" in held, *((named / n).read_bytes() != (before / n).read_bytes() for n in names[1:]),
                    "app.smtp.password" not in held))  # fmt: skip
        status, _, said = run_forked(named, command, with_key=True)
        assert status == (0 if "app.smtp.password" in held else 5), said
        assert _values(named) == expected
        for name in names[1:]:
            text = (before / name).read_bytes()
            assert (named / name).read_bytes() == text.replace(b"app.smtp.password", b"mail")
        if status:  # all that was left to do is what any command that writes does
            assert run("set", "mail", stdin=value.encode()).status == 0
        assert not strays(named)
    # The vault first, then each file in turn, the settings, and the former name at last.
    order = [(0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (1, 0, 1, 0, 0), (1, 0, 1, 1, 0), (1, 1, 1, 1, 0), (1, 1, 1, 1, 1)]
    assert sorted(states, key=sum) == [tuple(map(bool, one)) for one in order]
    assert run("check").status == 0
