"""`JavaMessages.java` from Python: SOAP messages that WSS4J, on which Carbon's Rampart stands, secures and opens."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from ciphertool.keystore import EntryKind, KeyEntry
from ciphertool.keystore.formats.writing import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.wsse.parties import Party

SOURCE = Path(__file__).with_name("JavaMessages.java")
PASSWORD = "a password for java"
_JARS = [
    Path("/usr/share/java") / f"{name}.jar" for name in ("wss4j", "xmlsec", "commons-logging", "slf4j-api", "slf4j-nop")
]


def missing() -> str:
    """Return why WSS4J cannot be run, or nothing if it can."""
    if which("java") is None:
        return "no JVM on this machine"
    absent = [jar.name for jar in _JARS if not jar.exists()]
    return f"no WSS4J on this machine (Debian's libwss4j-java): {', '.join(absent)}" if absent else ""


@dataclass(frozen=True)
class Opened:
    """What WSS4J verified. Actions are 2 for a signature, 4 for encryption, 32 for a Timestamp."""

    actions: frozenset[int]
    signed: frozenset[str]
    encrypted: frozenset[str]
    signer: str
    text: str


class JavaError(Exception):
    """The exception with which Java answered."""


def keystore(path: Path, *parties: Party, trusts: Sequence[Party] = ()) -> Path:
    """Write a PKCS #12 store with the keys of all parties, and the certificates of those it trusts; return its path."""
    keys = [KeyEntry(one.name, EntryKind.KEY, one.chain, sealed=one.keystore().entries[0].sealed) for one in parties]
    entries = [*keys, *(KeyEntry(one.name, EntryKind.TRUSTED, one.chain[:1]) for one in trusts)]
    path.write_bytes(write("PKCS12", entries, PASSWORD))
    return path


def ask(store: Path, requests: Sequence[Sequence[str | bytes]], *, timeout: int = 400) -> list[str | JavaError]:
    """Return WSS4J's answer to each request (see the source)."""
    lines = "".join("\t".join(map(_field, request)) + "\n" for request in requests)
    # The JDK of its day read RSA-SHA1 in signatures; newer ones do not, unless they are asked.
    options = ["-Dorg.jcp.xml.dsig.secureValidation=false"]
    command = ["java", *options, "-cp", os.pathsep.join(map(str, _JARS)), str(SOURCE), str(store), PASSWORD]
    done = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", timeout=timeout)
    answers = done.stdout.splitlines()
    assert len(answers) == len(requests), done.stderr[-2000:]
    return [JavaError(answer[1:]) if answer.startswith("!") else answer for answer in answers]


def opened(answer: str | JavaError) -> Opened:
    """Return an answer to the request to open a message; raise the exception if it is one."""
    if isinstance(answer, JavaError):
        raise answer
    actions, signed, encrypted, signer, text = answer.split("|")
    return Opened(
        frozenset(map(int, _names(actions))),
        frozenset(_names(signed)),
        frozenset(_names(encrypted)),
        signer,
        base64.b64decode(text).decode(),
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.strip("[]").split(",") if name.strip()]


def _field(field: str | bytes) -> str:
    return field if isinstance(field, str) else base64.b64encode(field).decode("ascii")
