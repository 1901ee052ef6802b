"""The policies by which certificates are judged, by their names in settings. How they judge is in `policy`."""

from __future__ import annotations

from enum import Enum


class Policy(Enum):
    """`JAVA` refuses what `javax.crypto.Cipher` refuses and warns of the rest; `STRICT` refuses both."""

    JAVA = "java"
    STRICT = "strict"
