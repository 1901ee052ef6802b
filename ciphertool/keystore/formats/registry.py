"""Detects a file's format by its content, and finds its reader. The formats are in modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.errors import NotAKeystoreError, UnsupportedKeystoreError

if TYPE_CHECKING:
    from ciphertool.keystore.entries import Reader
    from ciphertool.plugins import Extensions


def plug_in(name: str, extensions: Extensions) -> tuple[str, Reader]:
    """Return a plug-in's name and its reader."""
    from ciphertool.keystore.formats.plugin import reader

    return name, reader(name, extensions)


def format_of(data: bytes) -> tuple[str, Reader]:
    """Return the format's name and its reader. Readers are imported lazily: one format does not load the others."""
    if not data:
        raise NotAKeystoreError("the file is empty (0 bytes)")
    if data[:4] in (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"):
        from ciphertool.keystore.formats import javastore

        return ("JKS", javastore.read_jks) if data[0] == 0xFE else ("JCEKS", javastore.read_jceks)
    from ciphertool.keystore.formats import pkcs12

    if pkcs12.looks_like(data):
        return "PKCS12", pkcs12.read
    from ciphertool.certificates import chains
    from ciphertool.keystore.formats import pem

    if pem.looks_like(data):
        return "PEM", pem.read
    if chains.names(data) is not None:
        return "DER", pem.read_der
    if data[:3] == b"\0\0\0":
        from ciphertool.keystore.formats import bks

        if bks.looks_like_bks(data):
            return "BKS", bks.read_bks
        if bks.looks_like_uber(data):
            return "UBER", bks.read_uber
    from ciphertool.keystore.formats.foreign import foreign_format

    if (foreign := foreign_format(data)) is not None:
        raise UnsupportedKeystoreError(f"{foreign.name}, a format that is not read", foreign.conversion)
    raise NotAKeystoreError("unknown format")
