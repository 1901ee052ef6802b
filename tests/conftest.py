"""Fixtures shared by all tests: keys, the corpus of real files, a JVM."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the corpus or a JVM where there is none."""
    for item in items:
        if item.get_closest_marker("corpus") and not CORPUS.is_dir():
            item.add_marker(pytest.mark.skip(reason="../shared/corpus is absent"))
        if item.get_closest_marker("jvm") and not (shutil.which("java") and shutil.which("keytool")):
            item.add_marker(pytest.mark.skip(reason="no JVM on this machine"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real WSO2 homes, keystores and ciphertexts."""
    return CORPUS


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    """A real RSA-2048 key."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    """Another real RSA-2048 key."""
    return rsa.generate_private_key(65537, 2048)
