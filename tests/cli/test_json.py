"""`--json`: one document on stdout, also of the errors that end a command, which stderr reports as without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool.audit.rules import RULES
from ciphertool.cli import console
from tests.conftest import PASSWORD, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Outcome]

TOKEN = "ghp_" + "A1b2C3d4E5f6" * 3
"""A secret by itself, wherever it stands."""


def _errors(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the errors on stdout, which has nothing else; stderr reports each of them as well."""
    document = json.loads(outcome.out)
    assert list(document) == ["error", "errors"]
    assert document["error"] == document["errors"][0]
    for error in document["errors"]:
        assert list(error) == ["message", "path", "line", "hint", "status"]
        place = "".join(f"{part}:" for part in (error["path"], error["line"]) if part)
        assert f"error: {place}{' ' if place else ''}{error['message']}\n" in outcome.err
        assert not error["hint"] or f"hint: {error['hint']}\n" in outcome.err
    assert document["errors"][0]["status"] == outcome.status
    return list(document["errors"])


COMMANDS = [("check",), ("protect",), ("audit", "--decrypt")]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_error_of_the_settings_has_its_place(protected: Path, run: Run, command: tuple[str, ...]) -> None:
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write("\n[[target]]\nfile = 1\n\n[nonsense]\n")
    named = ("--config", "ciphertool.toml", "--json")
    errors = _errors(run(*command, *named))
    assert errors
    assert {(error["path"], error["status"]) for error in errors} == {("ciphertool.toml", 3)}
    (protected / "ciphertool.toml").write_text("a = 1\nb = \n")
    (error,) = _errors(run(*command, *named))
    assert (error["path"], error["status"]) == ("ciphertool.toml", 3)
    (protected / "ciphertool.toml").unlink()
    (error,) = _errors(run(*command, *named))
    assert error["status"] == 3


def test_an_error_of_the_keystore_is_of_status_4(protected: Path, run: Run) -> None:
    (protected / "security/primary.p12").write_bytes(b"no keystore at all")
    (error,) = _errors(run("check", "--json"))
    assert (error["path"], error["status"]) == ("security/primary.p12", 4)
    (error,) = _errors(run("keystore", "list", "security/primary.p12", "--json"))
    assert (error["path"], error["status"]) == ("security/primary.p12", 4)
    assert _errors(run("keystore", "check", "nowhere.p12", "--json"))[0]["status"] == 4


def test_a_password_that_is_wrong_or_missing_is_of_status_4(
    protected: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", f"not {PASSWORD}")
    (error,) = _errors(run("check", "--json"))
    assert (error["path"], error["status"]) == ("security/primary.p12", 4)
    assert "CIPHERTOOL_KEYSTORE_PASSWORD" in error["message"] + error["hint"]
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    (error,) = _errors(run("check", "--json"))
    assert (error["status"], bool(error["hint"])) == (4, True)
    assert protected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "--json", "--nonsense"), "there is no such option"),
        (("check", "--nonsense", "--json"), "there is no such option"),
        (("protect", "--json", "--take", "neither"), "--take must be one of file, repository"),
        (("keystore", "list", "--json"), "STORE is missing"),
        (("audit", "--json", "--jobs", "0"), "--jobs must be a whole number of at least 1"),
        (("nonsense", "--json"), "there is no such command"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_wrong_command_line_is_of_status_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    (error,) = _errors(run(*arguments))
    assert (error["message"], error["path"], error["line"], error["status"]) == (message, None, None, 2)


@pytest.mark.parametrize("asked", [["--format", "json"], ["--format=json"], ["-f", "json"], ["-fjson"]], ids=" ".join)
@pytest.mark.usefixtures("project")
def test_the_format_json_is_the_option_json(run: Run, asked: list[str]) -> None:
    assert _errors(run("audit", *asked, "--config", "nowhere.toml"))[0]["status"] == 3
    assert _errors(run("audit", "--nonsense", *asked))[0]["status"] == 2


@pytest.mark.usefixtures("protected")
def test_without_json_and_in_what_is_no_option_of_the_command_stdout_stays_empty(run: Run) -> None:
    for arguments in (
        ("check", "--nonsense"),
        ("check", "--config", "nowhere.toml"),
        ("get", "nothing", "--json"),
        ("check", "--config", "nowhere.toml", "--", "--json"),
        ("run", "--config", "nowhere.toml", "true", "--json"),
        ("audit", "--config", "nowhere.toml", "--format", "sarif"),
        ("audit", "--config", "nowhere.toml", "--", "--format", "json"),
        ("resolve", "--format", "json", "--config", "nowhere.toml", "conf/app.yaml"),
    ):
        outcome = run(*arguments)
        assert (outcome.status != 0, outcome.out) == (True, ""), arguments


@pytest.mark.parametrize("command", ["check", "protect"])
def test_problems_of_files_have_the_same_shape(protected: Path, run: Run, command: str) -> None:
    (protected / "app.yaml").write_text("a: 1\nb: [\n")
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write('\n[[target]]\nfile = "app.yaml"\nselector = "$.a"\nalias = "a"\n')
    outcome = run(command, "--json")
    problems = json.loads(outcome.out)["problems"]
    assert problems, outcome
    for problem in problems:
        assert list(problem) == ["message", "path", "line", "hint", "status"]
        assert (problem["path"], problem["line"], problem["status"]) == ("app.yaml", 3, 3)


@pytest.mark.usefixtures("project")
def test_a_secret_in_an_error_is_masked(run: Run) -> None:
    outcome = run("check", "--config", f"{TOKEN}.toml", "--json")
    assert TOKEN not in outcome.out + outcome.err
    assert "****" in json.dumps(_errors(outcome))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
@pytest.mark.usefixtures("project")
def test_an_error_keeps_its_status_if_stdout_cannot_be_written() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ciphertool", "check", "--config", "nowhere.toml", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ,
        )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")


def test_a_bug_is_of_status_70_and_shows_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    console.answer.promise(True)
    assert console.report(RuntimeError("c4n4ry")) == 70
    out, err = capsys.readouterr()
    (error,) = _errors(Outcome(70, out, err))
    assert error["message"].startswith("a bug in ciphertool: RuntimeError")
    assert "c4n4ry" not in out
    assert console.report(RuntimeError("c4n4ry")) == 70
    assert capsys.readouterr().out == "", "stdout has one document at most"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    for name in ("CIPHERTOOL_KEY_PASSWORD", "CIPHERTOOL_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.usefixtures("empty")
def test_init_has_what_it_wrote_and_the_key(run: Run) -> None:
    outcome = run("init", "--json")
    document = json.loads(outcome.out)
    written = [each["path"] for each in document["written"]]
    assert sorted(written) == [
        "ciphertool.toml",
        "security/.gitattributes",
        "security/.gitignore",
        "security/primary.p12",
        "security/primary.pem",
    ]
    assert {each["change"] for each in document["written"]} == {"created"}
    assert "created ciphertool.toml\n" in outcome.err
    assert document["entries"] == json.loads(run("keystore", "list", "security/primary.p12", "--json").out)
    assert document["entries"][0]["sha256"] in Path("ciphertool.toml").read_text()
    (error,) = _errors(run("init", "--json"))
    assert error["message"].startswith("already exists: ")


@pytest.mark.usefixtures("empty")
def test_a_command_that_writes_a_store_has_its_entries(run: Run) -> None:
    def written(*arguments: str) -> list[str]:
        """Return the aliases in a store after a command that wrote it, first the change."""
        document = json.loads(run("keystore", *arguments, "--json").out)
        ((path, change),) = [tuple(each.values()) for each in document["written"]]
        assert path == arguments[1]
        assert document["entries"] == json.loads(run("keystore", "list", path, "--json").out)
        return [change, *(entry["alias"] for entry in document["entries"])]

    assert written("create", "a.p12", "--bits", "2048", "--alias", "a") == ["created", "a"]
    assert written("import", "b.jks", "a.p12", "--format", "JKS") == ["created", "a"]
    assert written("import", "b.jks", "a.p12", "--as", "b") == ["changed", "a", "b"]
    assert written("delete", "b.jks", "a") == ["changed", "b"]
    exported = json.loads(run("keystore", "export", "a.p12", "-o", "a.pem", "--json").out)
    assert exported["written"] == [{"path": "a.pem", "change": "created"}]
    assert exported["entries"] == json.loads(run("keystore", "list", "a.p12", "--json").out)
    asked = json.loads(run("keystore", "csr", "a.p12", "-o", "a.csr", "--json").out)
    assert (asked["written"][0]["path"], asked["entries"]) == ("a.csr", exported["entries"])
    assert written("trust", "t.p12", "a.pem", "--alias", "t") == ["created", "t"]
    assert written("trust", "t.p12", "a.pem", "--alias", "u") == ["changed", "t"], "which it had"
    for command in ("export", "csr"):
        (error,) = _errors(run("keystore", command, "a.p12", "--json"))
        assert "--output" in error["message"]
    Path("new").write_text("another password")
    changed = json.loads(run("keystore", "change-password", "a.p12", "--new-password-file", "new", "--json").out)
    assert changed == {"written": [{"path": "a.p12", "change": "changed"}], "entries": exported["entries"]}
    assert _errors(run("keystore", "delete", "a.p12", "a", "--json"))[0]["status"] == 4, "the password is another"


def test_rules_are_explained_as_data(run: Run) -> None:
    known = json.loads(run("explain", "--json").out)
    assert [rule["rule"] for rule in known] == [rule.id for rule in RULES]
    one = json.loads(run("explain", "CT004", "--json").out)
    assert one == next(rule for rule in known if rule["rule"] == "CT004")
    assert list(one) == ["rule", "name", "level", "cwe", "sentence", "remedy"]
    assert one["remedy"] in run("explain", "CT004").out
    assert "{id}" not in json.dumps(known)
    assert _errors(run("explain", "CT999", "--json"))[0]["status"] == 2
