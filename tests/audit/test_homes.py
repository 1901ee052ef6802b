"""The two Carbon 4.4 homes: the six secrets that they declare, and those that the Java tool leaves in clear."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool import protection, settings
from ciphertool.audit import Evidence, Report, SiteState, Subject, audit
from ciphertool.audit.model import IN_A_COMMENT
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.repository import open_repository
from ciphertool.vault.opening import VaultAccess

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.corpus

# Live values in clear that cipher-tool.properties does not declare.
LEFT_BEHIND = {
    "carbon-4.4.x-home": [
        ("axis2/axis2_client.xml", 46),
        ("carbon.xml", 423),
        ("carbon.xml", 427),
        ("carbon.xml", 628),
        ("log4j.properties", 144),
        ("tomcat/tomcat-users.xml", 12),
        ("tomcat/tomcat-users.xml", 13),
        ("tomcat/tomcat-users.xml", 14),
        ("tomcat/tomcat-users.xml", 15),
    ],
    "carbon-4.4.3-home": [
        ("axis2/axis2_client.xml", 46),
        ("carbon.xml", 590),
        ("log4j.properties", 129),
        ("tomcat/tomcat-users.xml", 12),
        ("tomcat/tomcat-users.xml", 13),
        ("tomcat/tomcat-users.xml", 14),
        ("tomcat/tomcat-users.xml", 15),
    ],
}


def _audit(home: Path) -> Report:
    return audit([Subject(home, settings.load(home))], now=datetime(2026, 1, 1, tzinfo=UTC))


def _rules(report: Report) -> set[str]:
    return {finding.rule.id for finding in report.findings}


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_the_declared_six_and_what_is_left_behind_and_nothing_else(corpus: Path, name: str) -> None:
    report = _audit(corpus / name)
    clear = [value for value in report.values if value.state is SiteState.UNPROTECTED and value.where != IN_A_COMMENT]
    assert len([value for value in clear if value.evidence is Evidence.DECLARED]) == 6
    others = [value.place for value in clear if value.evidence is not Evidence.DECLARED]
    assert [(p.path.removeprefix("repository/conf/"), p.line) for p in others] == LEFT_BEHIND[name]
    assert report.count(SiteState.DANGLING) == report.count(SiteState.ORPHANED) == 0


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_the_homes_that_the_java_tool_protected(corpus: Path, name: str) -> None:
    report = _audit(corpus / "protected-by-java" / name)
    assert report.count(SiteState.PROTECTED) == 6
    assert report.count(SiteState.DANGLING) == report.count(SiteState.ORPHANED) == 0
    assert {"CT011", "CT016"} <= _rules(report)  # PKCS #1 v1.5 under a key that everybody has


def test_after_protect_the_six_are_protected_and_the_nine_are_still_found(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(corpus / "carbon-4.4.x-home", home, copy_function=shutil.copyfile)
    for path in home.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wso2carbon")
    loaded = settings.load(home)
    passwords = PasswordChain((Environment(),))
    primary = VaultAccess(loaded, passwords).to_seal(now=datetime.now(UTC))
    repository = open_repository(loaded.kind, loaded.repository)
    protection.apply(loaded, protection.plan(loaded, repository, primary.sealer))
    report = _audit(home)
    assert report.count(SiteState.PROTECTED) == 6
    clear = [value for value in report.values if value.state is SiteState.UNPROTECTED and value.where != IN_A_COMMENT]
    left = [value.place for value in clear]
    assert [(p.path.removeprefix("repository/conf/"), p.line) for p in left] == LEFT_BEHIND["carbon-4.4.x-home"]
    graver = {finding.rule.id for finding in report.active if finding.effective_level.rank < 2}
    assert graver == {"CT003", "CT016", "CT040", "CT041"}  # one key for everything, and without host names


def test_a_short_key_is_told(corpus: Path) -> None:
    report = _audit(corpus / "carbon-4.4.3-home")
    assert "CT013" in _rules(report)
    assert [card.bits for card in report.keys] == [1024]
