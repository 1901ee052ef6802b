"""`JavaCipher.java` from Python: what javax.crypto makes of keys, values and certificates."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.engine import Scheme

SOURCE = Path(__file__).with_name("JavaCipher.java")

# How Java spells each scheme: the transformation, and the mask's digest where the provider's default is another.
_TRANSFORMATIONS = {"RSA-OAEP-256": ("RSA/ECB/OAEPWithSHA-256AndMGF1Padding", "SHA-256")}


class JavaError(Exception):
    """The exception with which Java answered."""


def ask(requests: Sequence[Sequence[str | bytes]]) -> list[bytes | JavaError]:
    """Return Java's answer to each request (see the source)."""
    lines = "".join("\t".join(map(_field, request)) + "\n" for request in requests)
    command = ["java", str(SOURCE)]
    done = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", check=True, timeout=120)
    answers = done.stdout.splitlines()
    assert len(answers) == len(requests)
    return [JavaError(answer[1:]) if answer.startswith("!") else base64.b64decode(answer) for answer in answers]


def request(operation: str, scheme: Scheme, label: bytes, key: bytes, data: bytes) -> tuple[str | bytes, ...]:
    """Return the request to encrypt or decrypt by a scheme, with the key's DER (X.509 or PKCS #8)."""
    transformation, mask = _TRANSFORMATIONS.get(scheme.name, (scheme.name, "SHA-1" if label else ""))
    return (operation, transformation, mask, label, key, data)


def _field(field: str | bytes) -> str:
    return field if isinstance(field, str) else base64.b64encode(field).decode("ascii")
