"""Fixtures of a project that can be protected without a password."""

from __future__ import annotations

from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING

import pytest

from ciphertool.keystore import open_keystore
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def certified(project: Path, keystore_bytes: bytes) -> Path:
    """The project with its certificate beside the keystore, so that it can be protected without a password."""
    settings = project / "ciphertool.toml"
    settings.write_text(
        settings.read_text().replace("[repository]", 'certificate = "security/primary.pem"\n[repository]')
    )
    keystore = open_keystore(project / "security/primary.p12", PASSWORD, data=keystore_bytes)
    (project / "security/primary.pem").write_text(DER_cert_to_PEM_cert(keystore.entry("primary").chain[0]))
    return project
