"""The policies for certificates, by their names in settings. `policy` implements them."""

from __future__ import annotations

from enum import Enum


class Policy(Enum):
    """`JAVA` refuses what `javax.crypto.Cipher` refuses and warns of the rest; `STRICT` refuses both."""

    JAVA = "java"
    STRICT = "strict"
