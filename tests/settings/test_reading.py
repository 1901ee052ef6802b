"""What the settings say of a file, its format and its encoding, counts in every command and in the library."""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.errors import ConfigError, SelectorError, UnknownFormatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

SETTINGS = (
    '[keystore]\npath = "security/primary.p12"\nalias = "primary"\n[repository]\npath = "security/vault.properties"\n'
)
UTF8 = "# Schlüssel\napp.password=päss-c4n4ry\napp.name=Größe\n".encode()


def _target(file: str, selector: str, alias: str, **more: str) -> str:
    said = "".join(f"{key} = {json.dumps(value)}\n" for key, value in more.items())
    return f'[[target]]\nfile = "{file}"\nselector = "{selector}"\nalias = "{alias}"\n{said}'


def _settings(project: Path, *targets: str) -> None:
    (project / "ciphertool.toml").write_text(SETTINGS + "".join(targets))


@pytest.fixture
def odd(project: Path, run: Run) -> Path:
    """A protected file of INI lines in ISO-8859-1, which only its target tells."""
    _settings(project, _target("conf/*.cnf", "client/password", "my.password", format="ini", encoding="latin1"))
    (project / "conf/my.cnf").write_bytes("[client]\npassword = s3crä-c4n4ry\n".encode("latin-1"))
    assert run("protect").status == 0
    assert b"c4n4ry" not in (project / "conf/my.cnf").read_bytes()
    return project


def test_what_a_target_says_counts_in_every_command(odd: Path, run: Run) -> None:
    original = "[client]\npassword = s3crä-c4n4ry\n".encode("latin-1")
    assert run("resolve", "conf/my.cnf", "--output", "out").status == 0
    assert (odd / "out").read_bytes() == original
    assert run("check").status == 0
    assert run("get", "my.password").out == "s3crä-c4n4ry\n"
    copy = "import shutil, sys; shutil.copy(sys.argv[1], 'copied')"
    assert run("run", "--config-file", "conf/my.cnf", "--", sys.executable, "-c", copy, "conf/my.cnf").status == 0
    assert (odd / "copied").read_bytes() == original
    report = json.loads(run("audit", "--json", ".").out)
    assert [(value["path"], value["state"]) for value in report["values"] if value["path"].endswith("cnf")] == [
        ("conf/my.cnf", "protected")
    ]
    vault = Vault.open()
    assert vault.load("conf/my.cnf")["client"]["password"] == "s3crä-c4n4ry"
    assert vault.resolve_file("conf/my.cnf") == original


@pytest.mark.parametrize("way", ["relative", "absolute", "dots", "link", "directory", "elsewhere"])
def test_a_file_is_recognised_however_it_is_reached(odd: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    (odd / "other").mkdir()
    (odd / "a-link").symlink_to("conf/my.cnf")
    (odd / "a-directory").symlink_to("conf")
    path = {
        "relative": "conf/my.cnf",
        "absolute": str(odd / "conf/my.cnf"),
        "dots": "conf/../other/../conf/my.cnf",
        "link": "a-link",
        "directory": "a-directory/my.cnf",
        "elsewhere": "../conf/my.cnf",
    }[way]
    if way == "elsewhere":
        monkeypatch.chdir(odd / "other")
    vault = Vault.open(odd)
    assert vault.load(path)["client"]["password"] == "s3crä-c4n4ry"
    assert vault.reading(path) == ("ini", "iso-8859-1")


def test_targets_reach_their_files_through_links(odd: Path) -> None:
    (odd / "linked").symlink_to("conf")
    _settings(odd, _target("linked/my.cnf", "client/password", "my.password", format="ini", encoding="latin1"))
    assert Vault.open().load("conf/my.cnf")["client"]["password"] == "s3crä-c4n4ry"


def test_what_is_asked_for_goes_before_what_is_said_and_that_before_the_name(odd: Path, run: Run) -> None:
    vault = Vault.open()
    assert vault.load("conf/my.cnf", encoding="utf-8")["client"]["password"] == "s3crä-c4n4ry"
    assert "[client]" in vault.load("conf/my.cnf", format="properties")
    assert run("resolve", "conf/my.cnf", "--encoding", "utf-8").out == "[client]\npassword = s3crä-c4n4ry\n"
    data = (odd / "conf/my.cnf").read_bytes()
    (odd / "conf/other").write_bytes(data)
    with pytest.raises(UnknownFormatError):
        vault.load("conf/other")
    assert vault.resolve_bytes(data, format="ini", encoding="cp437") == "[client]\npassword = s3crä-c4n4ry\n".encode(
        "cp437"
    )
    piped = run("resolve", "-", "--format", "ini", "--encoding", "utf-8", stdin=data)
    assert piped.out == "[client]\npassword = s3crä-c4n4ry\n"
    assert run("resolve", "conf/my.cnf", "--encoding", "nowhere").status == 3


@pytest.mark.parametrize(("key", "one", "other"), [("format", "ini", "properties"), ("encoding", "utf-8", "latin1")])
def test_targets_that_contradict_each_other_are_a_problem_everywhere(
    odd: Path, run: Run, key: str, one: str, other: str
) -> None:
    protected = (odd / "conf/my.cnf").read_bytes()
    said = [{"format": "ini", key: name} for name in (one, other)]
    _settings(odd, *(_target("conf/my.cnf", "client/password", "my.password", **each) for each in said))
    for command in (("protect",), ("resolve", "conf/my.cnf"), ("check",)):
        outcome = run(*command)
        assert outcome.status in (1, 3)
        assert f"name several {key}s" in outcome.err
    assert f"name several {key}s" in run("audit", ".").out
    assert (odd / "conf/my.cnf").read_bytes() == protected
    with pytest.raises(ConfigError, match="name several"):
        Vault.open().load("conf/my.cnf")


def test_two_names_of_one_encoding_are_no_contradiction(odd: Path, run: Run) -> None:
    names = ("ISO-8859-1", "latin1")
    _settings(odd, *(_target("conf/my.cnf", "client/password", "my.password", format="ini", encoding=n) for n in names))
    assert run("protect").status == 0


@pytest.mark.parametrize(
    ("file", "encoding", "reason"),
    [
        ("a.ini", "rot13", "is not known; use, for example"),
        ("a.ini", "nowhere", "is not known; use, for example"),
        ("a.json", "latin-1", "by its definition"),
        ("*.toml", "utf-16", "by its definition"),
        ("a.yaml", "utf-32", "is not known; use, for example"),
    ],
)
def test_an_encoding_that_cannot_be_is_a_problem_of_the_settings(
    project: Path, run: Run, file: str, encoding: str, reason: str
) -> None:
    _settings(project, _target(file, "a", "a", encoding=encoding), _target("b.ini", "a", "b", encoding="utf-7"))
    outcome = run("protect")
    assert outcome.status == 3
    assert f"[target 1] encoding '{encoding}'" in outcome.err
    assert reason in outcome.err
    assert "[target 2] encoding 'utf-7'" in outcome.err


def test_properties_in_doubt_are_not_protected_until_their_encoding_is_said(project: Path, run: Run) -> None:
    path = project / "conf/application.properties"
    path.write_bytes(UTF8)
    _settings(project, _target("conf/application.properties", "app.password", "app.password"))
    outcome = run("protect")
    assert outcome.status == 3
    assert "conf/application.properties:2: app.password: " in outcome.err
    assert '"utf-8" or "iso-8859-1"' in outcome.err
    assert "c4n4ry" not in outcome.err + outcome.out
    assert path.read_bytes() == UTF8
    assert "CT027" in run("audit", ".").out
    for encoding in ("utf-8", "iso-8859-1"):
        _settings(project, _target("conf/application.properties", "app.password", encoding, encoding=encoding))
        assert run("protect").status == 0
        assert run("get", encoding).out == "päss-c4n4ry\n".encode().decode(encoding)
        assert run("resolve", str(path), "--output", "out").status == 0
        assert (project / "out").read_bytes() == UTF8
        path.write_bytes(UTF8)


def test_a_secret_that_was_misread_is_warned_of_once_and_can_be_put_right(project: Path, run: Run) -> None:
    path = project / "conf/application.properties"
    path.write_bytes(UTF8)
    target = _target("conf/*.properties", "app.password", "{key}")
    _settings(project, _target("conf/*.properties", "app.password", "{key}", encoding="iso-8859-1"))
    assert run("protect").status == 0  # as it was protected before there were encodings
    _settings(project, target)
    for command in (("get", "app.password"), ("check",), ("resolve", "conf/application.properties")):
        outcome = run(*command)
        assert outcome.status == 0
        assert outcome.err.count("'app.password' looks like UTF-8") == 1
    told: list[str] = []
    vault = Vault.open(warn=told.append)
    for _ in range(2):
        vault.resolve("app.password")
        vault.resolve_file(path)
        vault.check()
    assert len(told) == 1
    vault.load(path)
    vault.load(path)
    assert [message for message in told if "app.name" in message] == told[1:]
    assert len(told) == 2
    assert run("resolve", str(path), "--encoding", "iso-8859-1", "--output", "out").status == 0
    path.write_bytes((project / "out").read_bytes())
    _settings(project, target + 'encoding = "utf-8"\n')
    assert run("protect", "--take", "file").status == 0
    outcome = run("get", "app.password")
    assert (outcome.out, outcome.err) == ("päss-c4n4ry\n", "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Vault.open().load(path)["app.name"] == "Größe"


def test_what_stands_beside_a_reference_is_not_spelled_in_another_encoding(project: Path, run: Run) -> None:
    path = project / "conf/a.properties"
    path.write_bytes("url=jdbc:ä;password=c4n4ry-7\n".encode())
    _settings(project, _target("conf/a.properties", "url", "a", part="password"))
    assert run("protect").status == 3
    _settings(project, _target("conf/a.properties", "url", "a", part="password", encoding="utf-8"))
    assert run("protect").status == 0
    assert path.read_bytes() == "url=jdbc:ä;password=$secret{a}\n".encode()
    _settings(project, _target("conf/a.properties", "url", "a", part="password"))
    for command in (("resolve", "conf/a.properties"), ("check",)):
        outcome = run(*command)
        assert outcome.status in (1, 3)
        assert "readers of UTF-8" in outcome.err
    with pytest.raises(SelectorError):
        Vault.open().resolve_file(path)


@pytest.mark.parametrize(
    "data",
    [
        "# Schlüssel\r\napp.password=c4n4ry-1\napp.name=Größe".encode(),
        b"# Schl\xfcssel\napp.password=c4n4ry-\xe4\n",
        b"app.password=c4n4ry-\\u00e4\n",
    ],
)
def test_properties_that_leave_no_doubt_need_no_encoding(project: Path, run: Run, data: bytes) -> None:
    path = project / "conf/application.properties"
    path.write_bytes(data)
    _settings(project, _target("conf/application.properties", "app.password", "app.password"))
    outcome = run("protect")
    assert (outcome.status, "ncoding" in outcome.err, "looks" in outcome.err) == (0, False, False)
    resolved = Vault.open().resolve_file(path)
    assert resolved == data


def test_targets_are_not_proposed_for_what_is_in_doubt(project: Path, run: Run) -> None:
    (project / "conf/application.properties").write_bytes("db.password=päss-C4n4ry-17\n".encode())
    (project / "conf/plain.properties").write_bytes("# ä\ndb.password=pass-C4n4ry-17\n".encode())
    _settings(project)
    proposed = run("audit", "--write-targets")
    assert 'file = "conf/plain.properties"' in proposed.out
    assert "application.properties" not in proposed.out
    assert "conf/application.properties:1" in proposed.err
    assert "utf-8 or iso-8859-1" in proposed.err


def test_an_env_file_is_read_as_its_target_says(project: Path, run: Run) -> None:
    (project / "some.env").write_bytes("NAME=grün\nPASSWORD=s3crä-c4n4ry\n".encode("latin-1"))
    _settings(project, _target("some.env", "PASSWORD", "env.password"))
    refused = run("protect")
    assert refused.status == 3
    assert "some.env:1: not utf-8 text" in refused.err
    assert "`encoding` in its target" in refused.err
    _settings(project, _target("some.env", "PASSWORD", "env.password", encoding="latin-1"))
    assert run("protect").status == 0
    show = "import os, sys; print(ascii(os.environ['NAME']), len(os.environ['PASSWORD']))"
    shown = run("run", "--no-masking", "--env-file", "some.env", "--", sys.executable, "-c", show)
    assert (shown.status, shown.out) == (0, "'gr\\xfcn' 12\n")
    from ciphertool.integrations.dotenv import dotenv_values

    assert dotenv_values("some.env") == {"NAME": "grün", "PASSWORD": "s3crä-c4n4ry"}


def test_audit_reads_text_without_marks_as_its_target_says(project: Path, run: Run) -> None:
    (project / "conf/wide.ini").write_bytes("[s]\npassword = c4n4ry-7d1f-x\n".encode("utf-16-le"))
    _settings(project, _target("conf/wide.ini", "s/password", "wide", encoding="utf-16-le"))
    report = json.loads(run("audit", "--json", ".").out)
    assert ("wide", "unprotected") in [(value["alias"], value["state"]) for value in report["values"]]
    assert run("protect").status == 0
    assert Vault.open().load("conf/wide.ini")["s"]["password"] == "c4n4ry-7d1f-x"
    assert os.path.getsize(project / "conf/wide.ini") % 2 == 0  # noqa: PTH202 - bytes of UTF-16


@pytest.mark.parametrize("kind", ["carbon4", "carbon5"])
def test_a_carbon_kind_reads_properties_as_java_does_without_a_word(project: Path, run: Run, kind: str) -> None:
    path = project / "conf/application.properties"
    path.write_bytes(UTF8)
    settings = SETTINGS.replace('vault.properties"', f'vault.properties"\nkind = "{kind}"')
    (project / "ciphertool.toml").write_text(settings + _target(str(path), "app.password", "app.password"))
    for command in (("protect",), ("get", "app.password"), ("check",), ("resolve", str(path))):
        outcome = run(*command)
        assert outcome.status == 0
        assert "readers" not in outcome.err
        assert "looks like" not in outcome.err
    assert Vault.open().load(path)["app.password"] == "päss-c4n4ry".encode().decode("latin-1")
