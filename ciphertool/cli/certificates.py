"""Shows a certificate, and asks a person whether it is the right one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ciphertool.cli import console
from ciphertool.cli.misuse import Misuse
from ciphertool.cli.options import confirm
from ciphertool.errors import UnprovenCertificateError

if TYPE_CHECKING:
    from ciphertool.certificates.facts import CertificateFacts


def certificate_lines(facts: CertificateFacts | None) -> list[str]:
    """Return what a person compares: subject, fingerprint, size and validity."""
    if facts is None:
        return []
    times = [f"{time:%Y-%m-%d}" if time else "?" for time in (facts.not_before, facts.not_after)]
    key = f"{facts.algorithm} {facts.bits or ''}".strip()
    return [facts.subject or "no subject", f"sha256:{facts.sha256}", f"{key}, valid {' to '.join(times)}"]


def confirm_certificate(
    facts: CertificateFacts | None, path: Path, fingerprint: str | None, question: str, *, dry_run: bool
) -> None:
    """Show a certificate, and return only if a person or `--fingerprint` says that it is the right one."""
    for detail in certificate_lines(facts):
        console.say("note", f"  {detail}", label=False, public=True)
    if fingerprint is not None:
        given, sha256 = fingerprint.lower().removeprefix("sha256:").replace(":", ""), facts.sha256 if facts else ""
        if len(given) != 64 or set(given) - set("0123456789abcdef"):
            raise Misuse("--fingerprint must be sha256: and 64 hexadecimal digits")
        if given != sha256:
            reason = f"its fingerprint is sha256:{sha256}, not the expected one"
            raise UnprovenCertificateError(path.name, reason, "ask its owner for the right one").at(path)
    elif not dry_run:
        answer = confirm(question)
        if answer is None:
            raise Misuse("there is no terminal to ask on", "compare the certificate, and pass its --fingerprint")
        if not answer:
            console.say("done", "nothing was written", label=False)
            raise typer.Exit(130)
