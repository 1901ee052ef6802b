"""Settings that are found, in an audited tree or upwards, reach nothing but the files of their own tree."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import CipherToolError, Vault, protection
from ciphertool import settings as settings_
from ciphertool.errors import FoundSettingsError, ProblemsError
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.repository import open_repository
from ciphertool.vault.opening import VaultAccess
from tests.conftest import APP_YAML, PASSWORD, SERVER_XML, TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

VAULT = "security/vault.properties"
_TOUCHED: list[str] = []
_WATCHED = ""


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note every file and directory of the watched one that this process opens, and every program it starts."""
    if not _WATCHED:
        return
    if event in ("open", "os.scandir", "os.listdir", "os.remove", "os.rename"):
        name = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
        if name and os.path.realpath(name).startswith(_WATCHED):
            _TOUCHED.append(f"{event} {name}")
    elif event == "subprocess.Popen" and not str(arguments[0]).endswith("git"):
        _TOUCHED.append(f"started {arguments[0]}")
    elif event == "socket.connect":
        _TOUCHED.append("connected")


sys.addaudithook(_watch)


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that no settings of the tree may reach; what is touched there is noted."""
    global _WATCHED
    directory = tmp_path_factory.mktemp("outside")
    _TOUCHED.clear()
    yield directory
    _WATCHED = ""


def _watching(outside: Path) -> None:
    global _WATCHED
    _WATCHED = os.path.realpath(outside)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _named(what: str, how: str) -> Callable[[Path, Path], None]:
    """Move a file of the vault out of its tree; its settings name it there by `..`, absolutely or through a link."""

    def arrange(tree: Path, outside: Path) -> None:
        settings, inside = tree / "ciphertool.toml", tree / what
        shutil.move(inside, outside)
        there = outside / inside.name
        if how == "link":
            inside.symlink_to(there)
        elif how == "linked directory":
            (tree / "linked").symlink_to(outside)
            _replace(settings, f'"{what}"', f'"linked/{there.name}"')
        else:
            path = there if how == "absolute" else os.path.relpath(there, tree)
            _replace(settings, f'"{what}"', f'"{path}"')

    return arrange


def _certificate(tree: Path, outside: Path) -> None:
    (outside / "c4n4ry.pem").write_text("c4n4ry")
    _replace(tree / "ciphertool.toml", "[repository]", f'certificate = "{outside}/c4n4ry.pem"\n[repository]')


def _target(file: str, link: str = "") -> Callable[[Path, Path], None]:
    def arrange(tree: Path, outside: Path) -> None:
        (outside / "c4n4ry.yaml").write_text("c4n4ry: c4n4ry\n")
        if link:
            (tree / link).symlink_to(outside / "c4n4ry.yaml" if link.endswith(".yaml") else outside)
        named = file.format(outside=outside, up=os.path.relpath(outside, tree))
        with (tree / "ciphertool.toml").open("a") as settings:
            settings.write(f'[[target]]\nfile = "{named}"\nselector = "$.c4n4ry"\nalias = "x"\n')

    return arrange


def _password(table: str) -> Callable[[Path, Path], None]:
    def arrange(tree: Path, outside: Path) -> None:
        (outside / "password").write_text("c4n4ry\n")
        (outside / "password").chmod(0o600)
        (outside / "keys.yaml").write_text("masterKeys:\n  keyStorePassword: !!binary YzRuNHJ5\n")
        with (tree / "ciphertool.toml").open("a") as settings:
            settings.write(f"[[password]]\n{table.format(outside=outside)}\n")

    return arrange


def _linked_settings(tree: Path, outside: Path) -> None:
    shutil.move(tree / "ciphertool.toml", outside / "c4n4ry.toml")
    (tree / "ciphertool.toml").symlink_to(outside / "c4n4ry.toml")


def _home(linked: str = "", location: str = "k.jks", standalone: str = "") -> Callable[[Path, Path], None]:
    """A Carbon home in place of the vault, with one of its files behind a link, or a path that leads out of it."""

    def arrange(tree: Path, outside: Path) -> None:
        (tree / "ciphertool.toml").unlink()
        security = tree / "repository/conf/security"
        security.mkdir(parents=True)
        where = location.format(outside=outside)
        (security.parent / "carbon.xml").write_text(
            f"<Server><Security><KeyStore><Location>{where}</Location></KeyStore></Security></Server>"
        )
        (security / "cipher-text.properties").write_text("a=c4n4ry\n")
        (security / "cipher-tool.properties").write_text("c4n4ry=x.xml//a,false\n")
        (outside / "secret-conf.properties").write_text("keystore.identity.location=c4n4ry.jks\n")
        if standalone:
            text = standalone.format(outside=outside)
            (security.parent / "cipher-standalone-config.properties").write_text(text)
        if linked:
            path = tree / linked
            shutil.move(path, outside / "c4n4ry")
            path.symlink_to(outside / "c4n4ry")

    return arrange


LEADING_OUT: dict[str, Callable[[Path, Path], None]] = {
    **{
        f"{what}, {how}": _named(path, how)
        for what, path in (("keystore", "security/primary.p12"), ("repository", VAULT))
        for how in ("above", "absolute", "link", "linked directory")
    },
    "certificate": _certificate,
    "settings behind a link": _linked_settings,
    "target": _target("{up}/c4n4ry.yaml"),
    "target, absolute": _target("{outside}/c4n4ry.yaml"),
    "target, glob": _target("{up}/*.yaml"),
    "target, absolute glob": _target("{outside}/*.yaml"),
    "target, glob of directories": _target("*/../{up}/*.yaml"),
    "target, link": _target("linked.yaml", "linked.yaml"),
    "target, glob finds a link": _target("*.yaml", "linked.yaml"),
    "target, glob through a link": _target("linked/*.yaml", "linked"),
    "target, glob of links": _target("lin*/*.yaml", "linked"),
    "home: carbon.xml": _home("repository/conf/carbon.xml"),
    "home: cipher-text": _home("repository/conf/security/cipher-text.properties"),
    "home: cipher-tool": _home("repository/conf/security/cipher-tool.properties"),
    "home: its configuration": _home("repository/conf"),
    "home: keystore": _home(location="{outside}/c4n4ry"),
    "home: keystore by the environment": _home(location="${{env:C4N4RY}}/k.jks"),
    "home: keystore by --define": _home(location="${{sys:C4N4RY}}/k.jks"),
    "home: secret-conf": _home(
        standalone="secret.conf.properties.file={outside}/secret-conf.properties\n",
    ),
    "home: cipher-text by the standalone file": _home(
        standalone="cipher.text.properties.file={outside}/secret-conf.properties\n",
    ),
}
PASSWORDS: dict[str, Callable[[Path, Path], None]] = {
    "file": _password('from = "file"\npath = "{outside}/password"'),
    "mounted": _password('from = "mounted"\ndirectory = "{outside}"\nname = "password"'),
    "mounted, above": _password('from = "mounted"\ndirectory = "security"\nname = "{outside}/password"'),
    "systemd": _password('from = "systemd"\nname = "password"'),
    "keyring": _password('from = "keyring"\nservice = "s"\nuser = "u"'),
    "command": _password('from = "command"\ncommand = ["touch", "{outside}/started"]'),
    "plug-in": _password('from = "a-plug-in"'),
    "carbon": _password('from = "carbon"\nhome = "{outside}"'),
    "carbon, consume": _password('from = "carbon"\nhome = "."\nconsume = true'),
    "master-keys": _password('from = "master-keys"\npath = "{outside}/keys.yaml"'),
}
PLUG_INS = {
    "kind": ("[repository]", '[repository]\nkind = "a-plug-in"'),
    "keystore format": ("[keystore]", '[keystore]\nformat = "a-plug-in"'),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, keystore_bytes: bytes) -> Path:
    """A protected project, made once."""
    root = tmp_path_factory.mktemp("template")
    for name in ("conf", "security"):
        (root / name).mkdir()
    (root / "security/primary.p12").write_bytes(keystore_bytes)
    (root / "ciphertool.toml").write_text(
        f'[keystore]\npath = "security/primary.p12"\nalias = "primary"\n[repository]\npath = "{VAULT}"\n' + TARGETS
    )
    (root / "conf/app.yaml").write_text(APP_YAML, encoding="utf-8")
    (root / "conf/server.xml").write_text(SERVER_XML, encoding="utf-8")
    loaded = settings_.load(root)
    passwords = PasswordChain([Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD})])
    cipher = VaultAccess(loaded, passwords).to_seal(now=datetime.now(UTC)).sealer
    protection.apply(loaded, protection.plan(loaded, open_repository(loaded.kind, loaded.repository), cipher))
    return root


@pytest.fixture
def tree(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside: Path) -> Path:
    """The protected project in a directory of its own, with one below it to work in."""
    tree = tmp_path / "tree"
    shutil.copytree(template, tree)
    (tree / "below").mkdir()
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    monkeypatch.setenv("C4N4RY", "c4n4ry-of-the-environment")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(outside))
    return tree


PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "a path": (".", ("tree",)),
    "a path to the file": (".", ("tree/ciphertool.toml",)),
    "several paths": (".", ("tree/below", "tree")),
    "here": ("tree", (".",)),
    "upwards": ("tree/below", ()),
    "nested": (".", (".",)),
}


def _audit(run: Run, *arguments: str) -> dict[str, Any]:
    outcome = run("audit", "--json", "--define", "C4N4RY=c4n4ry-of-the-options", *arguments)
    assert outcome.status == 1, outcome.err
    shown = outcome.out.replace("$.c4n4ry", "")  # a selector of the settings' own
    assert "c4n4ry" not in shown + outcome.err
    report: dict[str, Any] = json.loads(outcome.out)
    return report


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", LEADING_OUT)
def test_an_audit_looks_at_nothing_outside_the_tree(
    tree: Path, outside: Path, run: Run, monkeypatch: pytest.MonkeyPatch, case: str, place: str
) -> None:
    LEADING_OUT[case](tree, outside)
    directory, arguments = PLACES[place]
    if place == "a path to the file" and not (tree / "ciphertool.toml").exists():
        pytest.skip("a home has no such file")
    monkeypatch.chdir(tree.parent / directory)
    _watching(outside)
    report = _audit(run, *arguments)
    assert _TOUCHED == []
    assert [f["rule"] for f in report["findings"] if "not looked at" in f["message"]] == ["CT024"]


COMMANDS = (
    ("protect", "--dry-run"),
    ("check",),
    ("get", "app.smtp.password"),
    ("resolve", "../conf/app.yaml"),
    ("run", "--env", "A=app.smtp.password", "--", "true"),
    ("encrypt", "--secret-alias", "x"),
    ("decrypt", "--secret-alias", "x"),
    ("audit", "--decrypt"),
)
_ANSWERS = {"run": 125, "audit": 4}  # to a vault that needs a password from its settings; 3 to all else


@pytest.mark.parametrize("case", [*(f"password, {name}" for name in PASSWORDS), *PLUG_INS, *LEADING_OUT])
def test_no_command_goes_further_for_settings_that_it_finds(
    tree: Path, outside: Path, run: Run, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    password = PASSWORDS.get(case.removeprefix("password, "))
    if case in PLUG_INS:
        _replace(tree / "ciphertool.toml", *PLUG_INS[case])
    else:
        (password or LEADING_OUT[case])(tree, outside)
    monkeypatch.chdir(tree / "below")
    named = f"--home {tree}" if case.startswith("home") else f"--config {tree}/ciphertool.toml"
    # What looks at no target has no reason to refuse one.
    commands = [c for c in COMMANDS if c[0] in ("protect", "check")] if case.startswith("target") else COMMANDS
    for command in commands:
        if password and command[0] == "audit":
            monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
        _watching(outside)
        outcome = run(*command, stdin=b"QUJDRA==")
        assert _TOUCHED == []
        assert "c4n4ry-of" not in outcome.out + outcome.err
        expected = _ANSWERS.get(command[0], 3) if password or command[0] == "run" else 3
        assert outcome.status == (1 if command[0] == "check" and case.startswith("target") else expected), outcome.err
        line = " ".join(["ciphertool", command[0], named, *command[1:]]).partition(" -- ")[0]
        assert line in outcome.err


@pytest.mark.parametrize("name", ["file", "carbon", "mounted", "master-keys"])
def test_who_names_the_settings_has_what_they_say(tree: Path, outside: Path, run: Run, name: str) -> None:
    PASSWORDS[name](tree, outside)
    assert run("get", "app.smtp.password", "--config", str(tree / "ciphertool.toml")).status == 0


def test_the_command_line_of_the_hint_works(
    tree: Path, outside: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _named("security/primary.p12", "above")(tree, outside)
    monkeypatch.chdir(tree)
    outcome = run("check", "--json")
    assert outcome.status == 3
    assert (
        outcome.err.splitlines()
        == [
            f"error: ciphertool.toml: the keystore {tree}/../../{outside.name}/primary.p12 leads out of the tree; "
            "these settings were found, not named",
            "hint: if you trust these settings, name them: ciphertool check --config ciphertool.toml --json",
        ]
        or os.path.relpath(outside, tree).count("..") != 2
    )
    _, _, line = outcome.err.rpartition("name them: ")
    assert run(*shlex.split(line)[1:]).status == 0


def test_what_a_person_gives_beside_found_settings_may_lie_anywhere(
    tree: Path, outside: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _named("security/primary.p12", "above")(tree, outside)
    monkeypatch.chdir(tree)
    assert run("check").status == 3
    assert run("check", "--keystore", str(outside / "primary.p12")).status == 0


def test_the_library_finds_or_is_given_a_path(tree: Path, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _named("security/primary.p12", "link")(tree, outside)
    PASSWORDS["command"](tree, outside)
    monkeypatch.chdir(tree / "below")
    with pytest.raises(ProblemsError) as caught:
        Vault.open()
    assert all(isinstance(problem, FoundSettingsError) for problem in caught.value.problems)
    assert f"Vault.open('{tree / 'ciphertool.toml'}')" in caught.value.problems[0].hint
    assert Vault.open(tree)["app.smtp.password"].reveal()
    monkeypatch.setenv("CIPHERTOOL_CONFIG", str(tree / "ciphertool.toml"))
    assert Vault.open()["app.smtp.password"].reveal()


def test_master_keys_relocate_only_within_the_tree(tree: Path, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PASSWORDS["plug-in"](tree, outside)
    (tree / "keys.yaml").write_text(f"relocation: {outside}/keys.yaml\n")
    _replace(tree / "ciphertool.toml", 'from = "a-plug-in"', 'from = "master-keys"\npath = "keys.yaml"')
    monkeypatch.chdir(tree)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    _watching(outside)
    with pytest.raises(CipherToolError, match="relocates out of"):
        Vault.open()["app.smtp.password"]
    assert _TOUCHED == []
    (tree / "inner").mkdir()
    (tree / "inner/keys.yaml").write_text("masterKeys:\n  keyStorePassword: !!binary YSBrZXlzdG9yZSBwYXNzd29yZA==\n")
    (tree / "inner/keys.yaml").chmod(0o600)
    (tree / "keys.yaml").write_text("relocation: inner/keys.yaml\n")
    assert Vault.open()["app.smtp.password"].reveal()


@pytest.mark.parametrize("place", ["a path", "here", "upwards"])
def test_an_audit_asks_no_password_source_of_the_tree(
    tree: Path, outside: Path, run: Run, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Not even a variable: whether it opens a keystore would tell whether a guess of it is right."""
    PASSWORDS["plug-in"](tree, outside)
    _replace(tree / "ciphertool.toml", '"a-plug-in"', '"environment"\nvariable = "OTHER"')
    monkeypatch.setenv("OTHER", os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"])
    directory, arguments = PLACES[place]
    monkeypatch.chdir(tree.parent / directory)
    assert run("audit", "--decrypt", *arguments).status == 0
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    outcome = run("audit", "--decrypt", *arguments)
    assert outcome.status == 4
    line = outcome.err.splitlines()[-1].partition("if you trust them, ")[2]
    assert run(*shlex.split(line)[1:]).status == 0
    monkeypatch.chdir(tree)
    assert run("get", "app.smtp.password").status == 0  # a command of the vault's own directory does ask it


@pytest.mark.parametrize("place", PLACES)
def test_no_regular_expression_of_the_tree_is_tried(
    tree: Path, run: Run, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tree / "a.properties").write_text(f"x={'a' * 40}c\n")
    with (tree / "ciphertool.toml").open("a") as settings:
        settings.write('[[target]]\nfile = "a.properties"\nselector = "x"\nalias = "x"\n')
        settings.write('part = "^(a+)+(?P<secret>b)$"\n')
    directory, arguments = PLACES[place]
    monkeypatch.chdir(tree.parent / directory)
    messages = [f["message"] for f in _audit(run, *arguments)["findings"] if f["rule"] == "CT024"]
    assert messages == ["the target 'x' of this vault has a regular expression; not looked at"]


@pytest.mark.parametrize("where", [VAULT, "security/primary.p12", "ciphertool.toml", "password"])
@pytest.mark.parametrize("what", ["pipe", "directory", "10 GB"])
def test_what_is_no_file_is_not_waited_for(
    tree: Path, run: Run, monkeypatch: pytest.MonkeyPatch, where: str, what: str
) -> None:
    monkeypatch.chdir(tree)
    with (tree / "ciphertool.toml").open("a") as settings:
        settings.write('[[password]]\nfrom = "file"\npath = "password"\n')
    path = tree / where
    path.unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "directory":
        path.mkdir()
    else:
        path.touch(0o600)
        os.truncate(path, 10 << 30)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    assert run("audit", ".").status in (0, 1)
    assert run("get", "app.smtp.password").status in (3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 100_000 + " = 1\n",
        "a = {a" + ".a" * 100_000 + " = 1}\n",
        "#" * (1 << 20),
    ],
)
def test_settings_that_would_take_long_to_read_are_not_read(tree: Path, run: Run, text: str) -> None:
    (tree / "ciphertool.toml").write_text(text)
    assert run("audit", str(tree)).status in (0, 1, 3)  # 0: what states nothing is no vault yet
    assert run("check", "--config", str(tree / "ciphertool.toml")).status == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("security/cipher-tool.properties", "a=x" + "//" * 100_000 + "\\n\n"),
        ("security/cipher-tool.properties", "a=x//" + "[@" * 100_000 + ",true\n"),
        ("security/cipher-tool.properties", "a=x//y" + " " * 100_000 + "\\n\n"),
        ("security/cipher-tool.properties", "a=" + "x" * 300 + "//y\n"),
        ("carbon.xml", "${" * 100_000),
        ("carbon.xml", "a/" * 50_000),
        ("carbon.xml", "a" * 300),
    ],
)
def test_a_home_that_would_take_long_to_read_is_read(tree: Path, outside: Path, run: Run, name: str, text: str) -> None:
    _home()(tree, outside)
    path = tree / "repository/conf" / name
    if name == "carbon.xml":
        _replace(path, "k.jks", text)
    else:
        path.write_text(text)
    assert run("audit", str(tree)).status in (0, 1, 3)  # 0: what states nothing is no vault yet
    assert run("audit", str(tree.parent)).status == 1
