"""Vaults within a tree: each is judged by its own settings, none is trusted, and nothing is judged twice."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool import settings
from ciphertool.audit import Level, Report, SiteState, Subject, audit
from ciphertool.git import staged

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.audit import AuditFinding

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VAULT = "security/vault.properties"


@pytest.fixture
def tree(tmp_path_factory: pytest.TempPathFactory, protected: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a file of its own and a protected project, `a/svc`."""
    root = tmp_path_factory.mktemp("tree")
    (root / "a").mkdir()
    (root / "a/own.yaml").write_text("password: ${sec:app.smtp.password}\n")
    shutil.copytree(protected, root / "a/svc")
    monkeypatch.chdir(root)
    return root


def _audit(*roots: Path) -> Report:
    return audit([Subject(root) for root in roots], now=NOW)


def _moved(findings: tuple[AuditFinding, ...], directory: str) -> list[AuditFinding]:
    return [each._replace(place=each.place._replace(path=f"{directory}/{each.place.path}")) for each in findings]


def _warnings(report: Report) -> list[tuple[str, str, str]]:
    return [(f.rule.id, f.place.path, f.message) for f in report.findings if f.effective_level.rank < 2]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_vault_is_judged_as_it_is_alone(tree: Path) -> None:
    svc = tree / "a/svc"
    _replace(svc / "conf/app.yaml", "app.smtp.password", "other")
    alone = audit([Subject(svc, settings.load(svc))], now=NOW)
    assert {"CT006", "CT007"} <= {finding.rule.id for finding in alone.findings}
    report = _audit(tree)
    # The reference around the vault has none to be judged by.
    around = [finding for finding in report.findings if finding.place.path == "a/own.yaml"]
    assert [(f.rule.id, f.effective_level) for f in around] == [("CT033", Level.NOTE)]
    assert [f for f in report.findings if f not in around] == _moved(alone.findings, "a/svc")
    assert report.files == alone.files + 1
    assert len(report.values) == len(alone.values) + 1


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["carbon-4.4.x-home", "carbon-4.12-home"])
def test_a_home_is_judged_as_it_is_alone(tmp_path: Path, corpus: Path, name: str) -> None:
    home = tmp_path / "tree/products" / name
    shutil.copytree(corpus / name, home, copy_function=shutil.copyfile)
    alone = audit([Subject(home, settings.load(home))], now=NOW)
    report = _audit(tmp_path / "tree")
    assert list(report.findings) == _moved(alone.findings, f"products/{name}")
    assert (report.files, len(report.values)) == (alone.files, len(alone.values))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[keystore\n", "is not valid TOML"),
        ('[keystore]\npath = "k"\n[repository]\npath = "r"\n[[password]]\nfrom = "command"\ncommand = [', "valid TOML"),
        (
            '[keystore]\npath = "k"\n[repository]\npath = "r"\nkind = "a-plug-in"\n',
            "the [repository] kind 'a-plug-in' of this vault works only from a configuration that is named",
        ),
    ],
)
def test_settings_that_cannot_be_read_are_a_finding_and_the_rest_goes_on(tree: Path, text: str, message: str) -> None:
    (tree / "a/svc/ciphertool.toml").write_text(text)
    (tree / "z.yaml").write_text("password: c4n4ry\n")
    report = _audit(tree)
    assert [(rule, path) for rule, path, _ in _warnings(report)] == [
        ("CT024", "a/svc/ciphertool.toml"),
        ("CT003", "z.yaml"),
    ]
    assert message in _warnings(report)[0][2]
    assert (report.count(SiteState.UNJUDGED), report.count(SiteState.PROTECTED)) == (5, 0)


@pytest.mark.parametrize("what", ["keystore", "secret repository", "target 'app.{key}'"])
@pytest.mark.parametrize("link", [False, True])
def test_what_leads_out_of_the_tree_is_not_looked_at(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, what: str, link: bool
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "file"
    outside.write_text("c4n4ry=c4n4ry\nkey: c4n4ry\n")
    toml = tree / "a/svc/ciphertool.toml"
    old = {"keystore": "security/primary.p12", "secret repository": VAULT}.get(what)
    if old is None:
        with toml.open("a") as file:
            file.write(
                f'[[target]]\nfile = "../../../{outside.parent.name}/*"\nselector = "k"\nalias = "app.{{key}}"\n'
            )
    elif link:
        (tree / "a/svc" / old).unlink()
        (tree / "a/svc" / old).symlink_to(outside)
    else:
        _replace(toml, old, str(outside))
    report = _audit(tree)
    messages = [message for _, _, message in _warnings(report)]
    assert f"the {what} of this vault leads out of the tree; not looked at" in messages
    assert "c4n4ry" not in str(report)


@pytest.mark.parametrize(
    "target",
    [
        "file = 'x.yaml'\nselector = '$..[*]..[*]..password'",
        "file = 'x.yaml'\nselector = '$[0,0,0][0,0,0]'",
        "file = 'x.yaml'\nselector = '$[?@.a > 1]'",
        "file = 'x.xml'\nselector = '//*[count(//*[count(//*)>1])>1]'",
        "file = 'x.xml'\nselector = '//a//a//a//a'",
        "file = 'x.xml'\nselector = 'a[//b[//b]]'",
        "file = 'x.xml'\nselector = 'descendant::b[following::b]'",
        "file = 'x.xml'\nselector = '(//b)[//b]'",
        "file = '*'\nselector = 'a/b = a/b'",
        "file = '**/**/x.yaml'\nselector = '$.a'",
        "file = '*/*/*/*'\nselector = '$.a'",
        "file = '*/../*/../x.yaml'\nselector = '$.a'",
    ],
)
def test_an_expression_that_may_take_long_is_not_looked_at(tree: Path, target: str) -> None:
    svc = tree / "a/svc"
    (svc / "x.yaml").write_text("password: aaaaaaaa-c4n4ry\n")
    (svc / "x.xml").write_text("<a><b/><password>c4n4ry-7d1f</password></a>")
    with (svc / "ciphertool.toml").open("a") as file:
        file.write(f"[[target]]\n{target}\nalias = 'long'\n")
    found = _warnings(_audit(tree))
    message = "the target 'long' of this vault has an expression that may take long; not looked at"
    assert ("CT024", "a/svc/ciphertool.toml", message) in found
    assert {path for rule, path, _ in found if rule == "CT003"} == {"a/svc/x.xml", "a/svc/x.yaml"}


@pytest.mark.parametrize(
    "target",
    [
        "file = 'x.yaml'\nselector = '$..password'",
        "file = 'x.yaml'\nselector = '$.a[*].password'",
        "file = 'x.yaml'\nselector = 'doc[0]$[\"a\"][-1].*'",
        "file = 'x.xml'\nselector = '//b[@c=\"http://d\"]/@password'",
        "file = 'x.xml'\nselector = '/a/b[1]/@password'",
        "file = 'x.properties'\nselector = 'a-b.users[0].password'",
        "file = 'x.ini'\nselector = 'a b/password'",
        "file = 'x.properties'\nselector = 'url'\npart = 'password'",
    ],
)
def test_an_expression_that_cannot_take_long_is_looked_at(tree: Path, target: str) -> None:
    svc = tree / "a/svc"
    (svc / "x.yaml").write_text("a: [password: c4n4ry]\n")
    (svc / "x.xml").write_text('<a><b c="http://d" password="c4n4ry"/></a>')
    (svc / "x.properties").write_text("a-b.users[0].password=c4n4ry\nurl=amqp://u:c4n4ry@h\n")
    (svc / "x.ini").write_text("[a b]\npassword=c4n4ry\n")
    with (svc / "ciphertool.toml").open("a") as file:
        file.write(f"[[target]]\n{target}\nalias = 'short'\n")
    assert [message for rule, _, message in _warnings(_audit(tree)) if rule == "CT001"] == ["'short' stands in clear"]


@pytest.mark.parametrize("target", ["file = '*.yaml'\nselector = '$.a'", "file = 'x.yaml'\nselector = '$..a'"])
def test_targets_that_search_are_counted(tree: Path, target: str) -> None:
    svc = tree / "a/svc"
    with (svc / "ciphertool.toml").open("a") as file:
        file.writelines(f"[[target]]\n{target}\nalias = 'a{number}'\noptional = true\n" for number in range(210))
    found = [message for rule, _, message in _warnings(_audit(tree)) if rule == "CT024"]
    assert found[-1] == "the target 'a209' of this vault has an expression that may take long; not looked at"
    assert 10 <= len(found) <= 15


def test_what_no_file_can_be_called_is_not_looked_at(tmp_path: Path) -> None:
    security = tmp_path / "a/repository/conf/security"
    security.mkdir(parents=True)
    (security.parent / "carbon.xml").write_text("<Server><Password>c4n4ry-7d1f</Password></Server>")
    (security / "secret-conf.properties").write_text("keystore.identity.location=\\ud800.jks\n")
    lines = [
        f"{alias}={file}//Server/Password,false\n" for alias, file in (("x", "\\ud800"), ("y", "\\u0000"), ("z", "z**"))
    ]
    (security / "cipher-tool.properties").write_text("".join(lines))
    found = _warnings(_audit(tmp_path))
    assert [message.partition(" of ")[0] for rule, _, message in found if rule == "CT024"] == [
        "the keystore",
        "the target 'z'",
    ]
    assert [path for rule, path, _ in found if rule == "CT003"] == ["a/repository/conf/carbon.xml"]


def test_settings_behind_a_link_are_none(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "ciphertool.toml"
    shutil.move(tree / "a/svc/ciphertool.toml", outside)
    (tree / "a/svc/ciphertool.toml").symlink_to(outside)
    report = _audit(tree)
    assert (report.count(SiteState.UNJUDGED), report.count(SiteState.PROTECTED)) == (5, 0)
    assert report.schemes == ()


def test_a_home_is_told_nothing_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", "c4n4ry")
    conf = tmp_path / "a/repository/conf"
    conf.mkdir(parents=True)
    (conf / "carbon.xml").write_text(
        "<Server><Security><KeyStore><Location>${carbon.home}/${env:WHERE}</Location></KeyStore></Security></Server>"
    )
    report = _audit(tmp_path)
    message = "the keystore of this vault has a placeholder in its path, which is not replaced; not looked at"
    assert ("CT024", "a", message) in _warnings(report)
    assert "c4n4ry" not in str(report)
    assert "c4n4ry" in str(settings.load(tmp_path / "a").keystore.path)


def test_a_file_that_an_outer_target_names_is_judged_by_that_alone(tree: Path) -> None:
    shutil.copytree(tree / "a/svc/security", tree / "security")
    (tree / "ciphertool.toml").write_text(
        f'[keystore]\npath = "security/primary.p12"\n[repository]\npath = "{VAULT}"\n'
        '[[target]]\nfile = "a/svc/conf/extra.yaml"\nselector = "$.password"\nalias = "outer"\n'
    )
    (tree / "a/svc/conf/extra.yaml").write_text("password: c4n4ry\n")
    report = audit([Subject(tree, settings.load(tree))], now=NOW)
    found = [(f.rule.id, f.message) for f in report.findings if f.place.path == "a/svc/conf/extra.yaml"]
    assert found == [("CT001", "'outer' stands in clear")]


def test_a_vault_s_own_file_elsewhere_in_the_tree_is_no_configuration(tree: Path) -> None:
    shutil.move(tree / "a/svc" / VAULT, tree / "shared.properties")
    _replace(tree / "a/svc/ciphertool.toml", VAULT, "../../shared.properties")
    with (tree / "shared.properties").open("a") as file:
        file.write("other.password=[c4n4ry]\n")
    report = _audit(tree)
    assert report.files == 3  # and not the vault
    found = {rule for rule, path, _ in _warnings(report) if path == "shared.properties"}
    assert found - {"CT017"} == {"CT007", "CT008"}


def test_a_vault_within_a_vault_is_no_part_of_it(tree: Path) -> None:
    inner = tree / "a/svc/inner"
    shutil.copytree(tree / "a/svc/security", inner / "security")
    shutil.copy(tree / "a/svc/ciphertool.toml", inner)
    (inner / "more.yaml").write_text("password: ${sec:gone}\n")
    report = _audit(tree)
    dangling = [value.place.path for value in report.values if value.state is SiteState.DANGLING]
    assert dangling == ["a/svc/inner/more.yaml"]
    assert {v.place.path for v in report.values if v.state is SiteState.ORPHANED} == {f"a/svc/inner/{VAULT}"}


def test_a_subject_that_is_named_is_not_found_again(tree: Path) -> None:
    svc = tree / "a/svc"
    report = audit([Subject(tree), Subject(svc, settings.load(svc))], now=NOW)
    assert report == _audit(tree)


def _git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


def test_staged_files_are_judged_by_the_vault_they_lie_in(tree: Path) -> None:
    _git(tree, "init", "-q")
    _git(tree, "add", ".")
    _git(tree, "commit", "-q", "-m", "1")
    _replace(tree / "a/svc/conf/app.yaml", "app.smtp.password", "other")
    _git(tree, "add", ".")
    _replace(tree / "a/svc/conf/app.yaml", "other", "app.smtp.password")
    subject = Subject(tree, contents=staged(tree))
    found = [(rule, path) for rule, path, _ in _warnings(audit([subject], now=NOW))]
    assert sorted(found) == [
        ("CT006", "a/svc/conf/app.yaml"),
        ("CT007", f"a/svc/{VAULT}"),
        ("CT029", "a/svc/conf/app.yaml"),
    ]
