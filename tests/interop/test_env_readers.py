"""What the readers of `.env` files find: after `resolve` what they found before, and a mere text in between."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import hypothesis
import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from ciphertool import Vault
from tests.interop.env_cases import ENV, QUOTES, Case, changed, judge, made, worked
from tests.interop.env_readers import CANARY, node_is_there, read_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

_FILE = r"""
DB_HOST=db.example.com
DATABASE_URL="postgres://app:pw-Zz91@${DB_HOST}:5432/db"
BARE_URL=postgres://app:p!w*1@db/x # a comment
PLAIN_PASSWORD=Tr0ub4dor&3!
JSON_SECRET={"a":"b c"}
DQ_PASSWORD="simple9Kq"
SQ_PASSWORD='simple9Kq'
export MIXED=a"b'c-h
TICKS=`it's "q" x`
KEY="-----BEGIN-----\nabc\n-----END-----\n"
LINES='a
b'
""".lstrip()
_PROTECTED = r"""
DB_HOST=db.example.com
DATABASE_URL="postgres://app:{ciphertool:DATABASE_URL}@${DB_HOST}:5432/db"
BARE_URL=postgres://app:{ciphertool-verbatim:BARE_URL}@db/x # a comment
PLAIN_PASSWORD={ciphertool-verbatim:PLAIN_PASSWORD}
JSON_SECRET={ciphertool-verbatim:JSON_SECRET}
DQ_PASSWORD="{ciphertool:DQ_PASSWORD}"
SQ_PASSWORD='{ciphertool:SQ_PASSWORD}'
export MIXED={ciphertool-verbatim:MIXED}
TICKS={ciphertool-verbatim:TICKS}
KEY="{ciphertool-escaped:KEY}"
LINES='{ciphertool:LINES}'
""".lstrip()
_NAMES = [line.split("=")[0].removeprefix("export ") for line in _FILE.splitlines() if "=" in line]
_TARGETS = "".join(
    f'\n[[target]]\nfile = "conf/.env"\nselector = "{name}"\nalias = "{name}"\n'
    + ('part = "password"\n' if name.endswith("URL") else "")
    for name in _NAMES[1:]
)


@pytest.mark.skipif(not node_is_there(), reason="no Node, or no `npm ci` in tests/interop/node")
def test_node_is_one_of_the_readers(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('B=h\nA="x$B"\n')
    (tmp_path / "scratch").mkdir()
    found = read_all([tmp_path / ".env"], ["A"], {}, tmp_path / "scratch")
    assert found["dotenv"] == found["dotenv-18"] == [("x$B",)]
    assert found["dotenv-expand"] == found["dotenv-expand-13"] == [("xh",)]


def test_readers_notice_what_they_are_to_notice(tmp_path: Path) -> None:
    """The judges themselves: a line that runs a command, one that expands, and one whose quotes changed."""
    case = Case("", False, b"VAL=x\n", b'VAL="$secret{a}$(: >made)"\n', b"VAL='x'\n")
    _, differences = judge([case], tmp_path)
    told = {(reader, when): after for reader, when, _, _, after in differences}
    assert told["docker run --env-file", "resolved"] == (None, "'x'", None, None, None)
    assert told["bash", "protected"] == (None, f"{CANARY}{{a}}", None, None, None, "made")


@hypothesis.settings(max_examples=4, phases=[hypothesis.Phase.generate])
@given(st.integers(0, 2**32))
def test_every_reader_finds_what_it_found_and_nothing_to_expand_meanwhile(seed: int) -> None:
    """`scripts/fuzz-env` tries many more."""
    random = Random(seed)  # noqa: S311 - cases, not keys
    cases = [
        case
        for quote in QUOTES
        for part in (False, True)
        for _ in range(8)
        if (case := made(random, quote, part=part, literal=seed % 2 == 0)) is not None and not case.refused
    ]
    with tempfile.TemporaryDirectory() as folder:
        readings, differences = judge(cases, Path(folder))
    assert not differences
    assert len(readings) >= 5
    assert all(case.before == case.after for case in cases)


@hypothesis.settings(max_examples=4, phases=[hypothesis.Phase.generate])
@given(st.integers(0, 2**32), st.sampled_from(("", "'", '"')))
def test_value_that_was_changed_is_the_same_for_every_reader_or_is_refused(seed: int, quote: str) -> None:
    random = Random(seed)  # noqa: S311 - cases, not keys
    accepted = [each for _ in range(100) if (each := changed(random, quote)) is not None]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.env" for number in range(len(accepted))]
        for path, (data, _) in zip(paths, accepted, strict=True):
            path.write_bytes(data)
        (scratch := Path(folder) / "scratch").mkdir()
        found = read_all(paths, ["VAL"], ENV, scratch)
    for reader, readings in found.items():
        for reading, (_, value) in zip(readings, accepted, strict=True):
            if reader.startswith("docker"):
                assert reading == (f"{quote}{value}{quote}".split("\n")[0].removesuffix("\r"),) or "\n" in value
            else:
                assert reading == ((value, "") if reader == "bash" else (value,)), reader
    assert accepted


@pytest.mark.parametrize(
    "line",
    [
        'VAL="tok-${HOST}-x"',
        'VAL="tok-$HOST"',
        "VAL=tok-$HOST",
        'VAL="$(: >canary)"',
        'VAL="`: >canary`"',
        "VAL=a`b`c",
    ],
)
def test_value_that_is_expanded_is_no_secret_unless_it_is_literal(line: str, tmp_path: Path) -> None:
    case = worked(Case("", False, f"{line}\n".encode()))
    assert case is not None
    assert case.refused == "VAL: holds a $ or ` that a shell or compose expands"
    literal = worked(Case("", False, f"{line}\n".encode()), literal=True)
    assert literal is not None
    assert literal.after == literal.before
    _, differences = judge([literal], tmp_path)
    assert not differences


@pytest.mark.parametrize(
    "line", ["VAL=pa$$word", "VAL='tok-${HOST}'", "VAL=a$", 'VAL="5$"', r'VAL="a\$HOST"', "VAL=`x`"]
)
def test_dollar_that_stands_for_itself_is_a_part_of_the_secret(line: str, tmp_path: Path) -> None:
    case = worked(Case("", False, f"{line}\n".encode()))
    assert case is not None
    assert not case.refused
    assert case.after == case.before
    assert not judge([case], tmp_path)[1]


def test_backtick_of_which_readers_see_other_ends_is_refused() -> None:
    """Node's value goes on to the next line, or past the comment; what stands there would stay in clear."""
    for text in (b"VAL=`a\nb`\n", b"VAL=`a # b`\n", b"VAL=`a` b`\n"):
        case = worked(Case("`", False, text))
        assert case is not None
        assert case.refused == "VAL: begins with a ` that some readers take for a quote, and ends elsewhere for them"


def test_commands_give_a_file_back_to_every_reader_as_it_was(
    project: Path, run: Callable[..., Outcome], tmp_path: Path
) -> None:
    """Through `protect`, `check`, `get`, `Vault.load`, `run --env-file` and `resolve`."""
    path, config = project / "conf/.env", project / "ciphertool.toml"
    path.write_text(_FILE)
    config.write_text(config.read_text() + _TARGETS)
    done = run("protect")
    assert done.status == 0, done.err
    protected = path.read_text()
    assert protected == _PROTECTED
    assert run("protect").status == run("check").status == 0
    assert path.read_text() == protected

    values = dict(dotenv_values(stream=io.StringIO(_FILE), interpolate=False))
    assert run("get", "PLAIN_PASSWORD").out.rstrip("\n") == "Tr0ub4dor&3!"
    assert run("get", "BARE_URL").out.rstrip("\n") == "p!w*1"
    assert Vault.open().load(path) == values
    shown = run("run", "--no-masking", "--env-file", str(path), "--", "env", "-0").out.split("\0")
    assert {f"{name}={value}" for name, value in values.items() if "URL" not in name} <= {*shown}
    assert run("resolve", str(path)).out == _FILE
    assert run("resolve", str(path), "--output", str(tmp_path / "back.env")).status == 0
    assert (tmp_path / "back.env").read_text() == _FILE
