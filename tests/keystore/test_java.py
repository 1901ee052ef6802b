"""Real stores, and stores made here, against what the JDK's own keytool says of them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import KeystoreError
from ciphertool.keystore import EntryKind, open_keystore

from .vectors import expected, listed, vector

if TYPE_CHECKING:
    from pathlib import Path

_ENTRY = re.compile(
    r"Alias name: (?P<alias>.*)\n(?:Creation date: .*\n)?Entry type: (?P<kind>\w+)"
    r"(?:\nCertificate chain length: (?P<length>\d+))?"
)
_KINDS = {"PrivateKeyEntry": "key", "trustedCertEntry": "trusted", "SecretKeyEntry": "secret"}


def keytool_lists(store: Path, password: str) -> dict[str, dict[str, object]]:
    """Return what keytool says is in a store."""
    command = ["keytool", "-J-Duser.language=en", "-list", "-v", "-keystore", str(store), "-storepass", password]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    entries: dict[str, dict[str, object]] = {}
    found = list(_ENTRY.finditer(text))
    for match, end in zip(found, [*(later.start() for later in found[1:]), len(text)], strict=True):
        fingerprint = re.search(r"SHA256: ([0-9A-F:]+)", text[match.end() : end])
        entries[match["alias"]] = {
            "kind": _KINDS[match["kind"]],
            "chain": int(match["length"] or (1 if match["kind"] == "trustedCertEntry" else 0)),
            "sha256": fingerprint[1].replace(":", "").lower() if fingerprint else None,
        }
    return entries


def corpus_stores(corpus: Path) -> list[Path]:
    return sorted(path for path in corpus.rglob("*") if path.suffix in (".jks", ".p12"))


@pytest.mark.corpus
@pytest.mark.jvm
def test_real_stores_hold_what_keytool_lists(corpus: Path) -> None:
    stores = corpus_stores(corpus)
    assert len(stores) >= 13
    for store in stores:
        assert listed(open_keystore(store, "wso2carbon")) == keytool_lists(store, "wso2carbon"), store


@pytest.mark.corpus
def test_every_real_key_is_read_and_proved(corpus: Path) -> None:
    read = 0
    for store in corpus_stores(corpus):
        keystore = open_keystore(store, "wso2carbon")
        for entry in keystore.entries:
            if entry.kind is EntryKind.KEY:
                certificate = keystore.encryption_certificate(entry.alias)
                assert keystore.private_key(entry.alias).public_key() == certificate.public_key()
                read += 1
    assert read >= 11


@pytest.mark.corpus
def test_a_wrong_password_opens_no_real_key(corpus: Path) -> None:
    for store in corpus_stores(corpus):
        with pytest.raises(KeystoreError):
            open_keystore(store, "wrong").private_key()


@pytest.mark.jvm
@pytest.mark.parametrize("name", ["six.p12", "six.jceks", "chain.jks", "legacy.p12", "secret.p12"])
def test_expectations_are_those_of_this_keytool(name: str) -> None:
    assert keytool_lists(vector(name).path, "changeit") == expected()[name]
