"""Exit statuses, which scripts rely on: of each kind of error, and of several at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciphertool.cli import console
from ciphertool.errors import (
    CipherToolError,
    ConfigError,
    ConflictError,
    DecryptionError,
    KeystoreError,
    MalformedCiphertextError,
    NotRsaError,
    ProblemsError,
    SelectorError,
    UnknownAliasError,
    WriteError,
)

KINDS = [
    (ConfigError("x"), 3),
    (SelectorError("$.a", "x"), 3),
    (KeystoreError("x"), 4),
    (NotRsaError("a", "EC"), 4),
    (DecryptionError("x"), 5),
    (MalformedCiphertextError("x"), 5),
    (UnknownAliasError("a", Path("v")), 5),
    (WriteError("x"), 6),
    (ConflictError("x"), 7),
]


@pytest.mark.parametrize(("error", "status"), KINDS)
def test_each_kind_has_its_status(error: CipherToolError, status: int) -> None:
    assert console.status(error) == status


def test_several_have_the_status_of_the_first() -> None:
    for error, status in KINDS:
        for other, _ in KINDS:
            assert console.status(ProblemsError([error, other])) == status
            assert console.status(ProblemsError([ProblemsError([error]), other])) == status
