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


def test_a_new_line_goes_where_it_belongs_and_comments_keep_their_entries() -> None:
    text = "# head\na=[1]\n# of c\nc=[2]\n"
    other = TestNative.other
    after = _open("native", text.encode()).updated({"d": other, "b": other, "0": other})
    lines = [line.split("=")[0] for line in after.decode().splitlines()]
    assert lines == ["# head", "0", "a", "b", "# of c", "c", "d"]
    unordered = _open("native", b"b=[1]\na=[2]").updated({"aa": other})
    assert [line.split("=")[0] for line in unordered.decode().splitlines()] == ["b", "a", "aa"]
