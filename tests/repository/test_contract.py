"""Every kind of repository keeps the contract that plug-ins are held to."""

from __future__ import annotations

import base64
from pathlib import Path

from ciphertool.ciphertext import Bare, Native
from ciphertool.files import Snapshot
from ciphertool.repository import SecretRepository, repository_of
from ciphertool.testing import RepositoryContract

_TEXT = base64.b64encode(bytes(range(64))).decode()


def _open(kind: str, data: bytes) -> SecretRepository:
    return repository_of(kind, Snapshot(Path("store"), Path("/store"), data))


class TestNative(RepositoryContract):
    stored = f"# kept\none=ENC[RSA-OAEP-256,0123456789abcdef,{_TEXT}]\ntwo=[c4n4ry-7d1f]\n".encode()
    other = Native("RSA-OAEP-256", "fedcba9876543210", b"x" * 64)

    def open(self, data: bytes) -> SecretRepository:
        return _open("native", data)


class TestCarbon4(RepositoryContract):
    stored = f"# kept\r\none={_TEXT.replace('=', chr(92) + '=')}\r\ntwo=[c4n4ry-7d1f]\r\n".encode()
    other = Bare(b"x" * 64)

    def open(self, data: bytes) -> SecretRepository:
        return _open("carbon4", data)


class TestCarbon5(RepositoryContract):
    stored = f"# kept\none=cipherText {_TEXT}\ntwo=plainText c4n4ry-7d1f\n".encode()
    other = Bare(b"x" * 64)

    def open(self, data: bytes) -> SecretRepository:
        return _open("carbon5", data)


class TestTomlSecrets(RepositoryContract):
    stored = f'[secrets] # kept\none = "{_TEXT}"\ntwo = "[c4n4ry-7d1f]"\n'.encode()
    other = Bare(b"x" * 64)

    def open(self, data: bytes) -> SecretRepository:
        return _open("toml-secrets", data)
