"""`ciphertool audit --staged`: what the next commit leaves is judged, files and vault, and not the working tree."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_audit import VAULT, _report, _rules

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_audit import Run


def _git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def committed(protected: Path) -> Path:
    """The protected project, all but its keystore in a commit."""
    (protected / ".gitignore").write_text("*.p12\n")
    _git(protected, "init", "-q")
    _git(protected, "add", ".")
    _git(protected, "commit", "-q", "-m", "1")
    return protected


def _stage(file: Path, text: str) -> None:
    """Put a text into the index and leave the working tree as it was."""
    before = file.read_text()
    file.write_text(text)
    _git(file.parent, "add", file.name)
    file.write_text(before)


def _findings(run: Run, level: str = "note") -> list[tuple[str, str]]:
    _, report = _report(run, "--staged")
    kept = ("error", "warning") if level != "note" else ("error", "warning", "note")
    return [(f["rule"], f["path"]) for f in report["findings"] if f["level"] in kept]


def test_a_commit_that_breaks_nothing_is_silent(committed: Path, run: Run) -> None:
    _stage(committed / "conf/app.yaml", (committed / "conf/app.yaml").read_text() + "more: 1\n")
    status, report = _report(run, "--staged")
    assert status == 0
    assert _rules(report) == ["CT025"]  # the keystore's certificate cannot be read without the password
    assert {value["state"] for value in report["values"]} == {"protected"}
    assert len(report["values"]) == 4  # the other file's references are listed, too


def test_the_repository_is_that_of_the_index(committed: Path, run: Run) -> None:
    vault = committed / VAULT
    _stage(vault, vault.read_text() + "plain=[c4n4ry]\nbad=nonsense\n")
    assert {("CT008", VAULT), ("CT009", VAULT), ("CT007", VAULT)} <= set(_findings(run))
    _git(committed, "reset", "-q")
    vault.write_text(vault.read_text() + "plain=[c4n4ry]\nbad=nonsense\n")
    assert _findings(run, "warning") == []


def test_a_secret_that_is_taken_away_leaves_its_reference_dangling_in_a_file_that_does_not_change(
    committed: Path, run: Run
) -> None:
    vault = committed / VAULT
    lines = [line for line in vault.read_text().splitlines(keepends=True) if not line.startswith("app.smtp")]
    _stage(vault, "".join(lines))
    assert _findings(run, "warning") == [("CT006", "conf/app.yaml")]
    _git(committed, "rm", "-q", "-f", "--cached", VAULT)
    assert _findings(run, "warning") == [("CT006", "conf/app.yaml")] * 2 + [("CT006", "conf/server.xml")] * 2


def test_a_reference_that_is_taken_away_leaves_an_orphan(committed: Path, run: Run) -> None:
    file = committed / "conf/server.xml"
    _stage(committed / "conf/app.yaml", (committed / "conf/app.yaml").read_text() + "more: 1\n")
    assert _findings(run, "warning") == []
    _stage(file, "<Server/>\n")
    assert _findings(run, "warning").count(("CT007", VAULT)) == 2


def test_nothing_but_its_references_is_judged_of_a_file_that_does_not_change(committed: Path, run: Run) -> None:
    file = committed / "conf/app.yaml"
    file.write_text(file.read_text() + "other:\n  password: c4n4ry\n")
    _git(committed, "commit", "-q", "-a", "-m", "2")
    _stage(committed / "conf/server.xml", (committed / "conf/server.xml").read_text() + "<!-- -->\n")
    assert _findings(run, "warning") == []


def test_a_repository_that_git_does_not_track_is_that_of_the_working_tree_without_orphans(
    committed: Path, run: Run
) -> None:
    _git(committed, "rm", "-q", "--cached", VAULT)
    _git(committed, "commit", "-q", "-m", "2")
    (committed / VAULT).write_text((committed / VAULT).read_text() + "plain=[c4n4ry]\n")
    assert _findings(run, "warning") == [("CT008", VAULT)]


def test_the_certificate_is_that_of_the_index(committed: Path, run: Run) -> None:
    exported = run("keystore", "export", "security/primary.p12", "--alias", "primary")
    pem = committed / "security/primary.pem"
    pem.write_text(exported.out)
    settings = committed / "ciphertool.toml"
    settings.write_text(
        settings.read_text().replace("[repository]", 'certificate = "security/primary.pem"\n[repository]')
    )
    _git(committed, "add", ".")
    pem.write_text("no certificate\n")
    _, report = _report(run, "--staged")
    assert [key["path"] for key in report["keys"]] == ["security/primary.pem"]
    assert "CT025" not in _rules(report)
