"""OpenSSL's command line opens a native value, given the alias as the label."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from ciphertool.engine import Decryptor, Encryptor, LocalKey
from tests.engine.vectors import FOLDER, key

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")

LABEL = "db.password/ä".encode()
OAEP = ("-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256")


def _pkeyutl(operation: str, label: bytes, data: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    (folder / "in").write_bytes(data)
    command = ["openssl", "pkeyutl", operation, "-inkey", str(FOLDER / "rsa-2048.pem"), "-in", str(folder / "in")]
    label_option = ("-pkeyopt", f"rsa_oaep_label:{label.hex()}")
    return subprocess.run([*command, *OAEP, *label_option], capture_output=True, check=False)


def test_openssl_decrypts_a_native_value(tmp_path: Path) -> None:
    ciphertext = Encryptor(key("2048").public_key()).encrypt(b"ABC@123", LABEL)
    assert _pkeyutl("-decrypt", LABEL, ciphertext, tmp_path).stdout == b"ABC@123"
    assert _pkeyutl("-decrypt", b"other", ciphertext, tmp_path).returncode != 0


def test_a_native_value_of_openssl_decrypts(tmp_path: Path) -> None:
    ciphertext = _pkeyutl("-encrypt", LABEL, b"ABC@123", tmp_path).stdout
    assert Decryptor(LocalKey(key("2048"))).detect_text(ciphertext, LABEL)[0] == "ABC@123"
