"""No document, whatever it holds, is a bug of ciphertool. scripts/fuzz-documents tries far more."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import pytest

from ciphertool import rewriters
from ciphertool.errors import ConfigSyntaxError
from ciphertool.keystore.create import CertificateRequest, create_keystore
from tests.conftest import PASSWORD
from tests.rewriters.damaged import bases, command_all, damage, exercise, lay_out

if TYPE_CHECKING:
    from pathlib import Path

BASES = bases()


def keystore_of(password: str) -> bytes:
    """Return a keystore with the key `primary`."""
    return create_keystore(CertificateRequest(subject="CN=test", bits=2048), "primary", password, now=datetime.now(UTC))


@pytest.mark.parametrize("name", BASES)
def test_a_damaged_document_is_refused_with_its_place_or_comes_back_byte_for_byte(name: str) -> None:
    for number in range(60):
        random = Random(f"{name}:{number}")  # noqa: S311 - to be repeated
        assert exercise(name, damage(random, random.choice(BASES[name]))) == []


@pytest.mark.parametrize("name", BASES)
def test_no_command_takes_a_damaged_document_for_a_bug(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keystore_bytes: bytes
) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    for number in range(2):
        random = Random(f"{name}:{number}:commands")  # noqa: S311 - to be repeated
        damaged = damage(random, random.choice(BASES[name]))
        lay_out(tmp_path / "project", name, damaged, keystore_bytes)
        monkeypatch.chdir(tmp_path / "project")
        assert command_all(tmp_path / "project", damaged) == []


@pytest.mark.parametrize(
    ("name", "data", "line", "column"),
    [
        ("json", b'{"a": 1,\n "b": NaN}', 2, 7),
        ("json", b'{"NaN": 1,\n "b": -Infinity}', 2, 7),
        ("json", b"[\n" + b"[" * 600 + b"]" * 600 + b"]", 2, 500),
        ("json", b'[1,\n "x", ' + b"9" * 5000 + b"]", 2, 7),
        ("json", b'{"a": "b\xff"}', 1, 9),
        ("toml", b"a = 1\nb = " + b"9" * 5000 + b"\n", 2, 5),
        ("toml", b"a = 1\nb = " + b"[" * 600 + b"]" * 600 + b"\n", 2, 505),
        ("ini", b"[s]\n\xc3\xa4\xff = 1\n", 2, 2),
        ("yaml", b"a: 1\nb: \xff\n", 2, 4),
        ("properties", b"\xff\xfe\x00\x00", 1, 1),
    ],
)
def test_a_refusal_names_line_and_column(name: str, data: bytes, line: int, column: int) -> None:
    with pytest.raises(ConfigSyntaxError) as refused:
        rewriters.by_name(name).parse(data)
    assert (refused.value.line, refused.value.column) == (line, column)
