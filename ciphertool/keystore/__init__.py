"""Keystores and truststores: opened whatever their format, made, changed and checked. `open_keystore` is the door.

Nothing here encrypts or decrypts a secret, and nothing writes a file.
"""

from __future__ import annotations

from ciphertool.keystore.create import CertificateRequest, Role, create_keystore
from ciphertool.keystore.formats import open_keystore
from ciphertool.keystore.store import Entry, EntryKind, Keystore

__all__ = ["CertificateRequest", "Entry", "EntryKind", "Keystore", "Role", "create_keystore", "open_keystore"]
