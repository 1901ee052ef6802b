"""The text of settings with a recipient's table put in and taken out: no other byte changes, or nothing does."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigError
from ciphertool.files import Snapshot
from ciphertool.lifecycle.recipient_tables import added, removed
from ciphertool.settings.model import RecipientSettings

_PATH = Path("ciphertool.toml")
_OPS = RecipientSettings("ops", Path("security/ops.pem"), "ab" * 32)
_TABLE = '[[recipient]]\nname = "ops"\ncertificate = "a.pem"\n'
_PARTS = (
    "# a comment\n",
    "\n",
    '[keystore]\npath = "k.p12"  # kept\n',
    '[[recipient]]\nname = "first"\ncertificate = "1.pem"\n',
    '[[target]]\nfile = "x"\nselector = """\n[[recipient]]\nname = "ops"\n"""\nalias = "[[recipient]]"\n',
    "[run]\ninherit = [\n  'A',\n]\n",
)


def _snapshot(text: str | bytes) -> Snapshot:
    return Snapshot(_PATH, _PATH, text if isinstance(text, bytes) else text.encode())


@given(st.lists(st.sampled_from(_PARTS), min_size=1, unique=True), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_added_can_be_removed_and_leaves_the_bytes_as_they_were(
    parts: list[str], newline: str, marked: bool
) -> None:
    text = ("\ufeff" if marked else "") + "".join(parts).replace("\n", newline)
    before = _snapshot(text)
    after = added(before, _OPS, "security/ops.pem")
    assert after.startswith(before.bytes)
    assert b"\n" not in after.replace(b"\r\n", b"") or newline == "\n"
    content = tomllib.loads(after.decode("utf-8-sig"))
    assert content["recipient"][-1] == {
        "name": "ops",
        "certificate": "security/ops.pem",
        "fingerprint": f"sha256:{'ab' * 32}",
    }
    assert removed(_snapshot(after), "ops") == before.bytes


def test_the_algorithm_is_stated_if_it_is_not_the_usual_one() -> None:
    text = added(_snapshot(""), _OPS._replace(algorithm="RSA-OAEP", name='a "b" \\c'), "o.pem").decode()
    assert tomllib.loads(text)["recipient"][0]["algorithm"] == "RSA-OAEP"
    assert tomllib.loads(text)["recipient"][0]["name"] == 'a "b" \\c'


def test_a_file_without_a_last_newline_gets_one() -> None:
    assert added(_snapshot("[run]"), _OPS, "o.pem").startswith(b"[run]\n\n[[recipient]]\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"# of ops\n{_TABLE}# of the rest\n[run]\n", "# of ops\n# of the rest\n[run]\n"),
        (
            "[[ recipient ]] # gone\n# stays\nname = 'ops' # gone\n\ncertificate=\"a.pem\"\n[run]\n",
            "# stays\n\n[run]\n",
        ),
        (f"[run]\n\n{_TABLE}\n[keystore]\n", "[run]\n\n[keystore]\n"),
        (f"{_TABLE}{_TABLE.replace('ops', 'other')}", _TABLE.replace("ops", "other")),
        (_TABLE.rstrip("\n"), ""),
    ],
)
def test_a_table_goes_and_comments_stay(before: str, after: str) -> None:
    assert removed(_snapshot(before), "ops").decode() == after


@pytest.mark.parametrize(
    "text",
    [
        'recipient = [{name = "ops", certificate = "a.pem"}]\n',
        '[[recipient]]\nname = """ops"""\ncertificate = "a.pem"\n',
        '[["recipient"]]\nname = "ops"\ncertificate = "a.pem"\n',
        "[[recipient]]\nname = \"ops\"\ncertificate = '''\n[run]\n'''\n",
    ],
)
def test_a_table_that_is_spelled_otherwise_is_refused(text: str) -> None:
    assert tomllib.loads(text)["recipient"][0]["name"] == "ops"
    with pytest.raises(ConfigError, match="not spelled as one that can be taken out") as raised:
        removed(_snapshot(text), "ops")
    assert "by hand" in raised.value.hint


def test_an_array_of_recipients_gets_no_table() -> None:
    with pytest.raises(ConfigError, match="not spelled as ones that can be changed"):
        added(_snapshot('recipient = [{name = "a", certificate = "a.pem"}]\n'), _OPS, "o.pem")
