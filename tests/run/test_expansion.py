"""Variables within a `.env` file are expanded where its readers agree, and refused where they do not."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import CipherToolError, ProblemsError
from ciphertool.run.environment import Rules, child_environment
from tests.run.env_files import judged, made

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.references import Reference

SECRETS = {"db": "p${HOST}$X\\", "url": "a/b"}


def _given(path: Path, text: str, rules: Rules | None = None, **inherited: str) -> dict[str, str]:
    def reveal(reference: Reference) -> str:
        return SECRETS[reference.alias]

    path.write_bytes(text.encode())
    return child_environment(inherited, [(path, None)], {}, reveal, rules or Rules()).variables


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${HOST}", "h"),
        ('"a ${HOST} b"', "a h b"),
        ("${HOST}:${PORT}/${HOST}", "h:1/h"),
        ("${HOST:-other}", "h"),
        ("${NONE:-http://x:80/?q='1'}", "http://x:80/?q='1'"),
        ("${NONE:-}", ""),
        ("<${NONE}>", "<>"),
        ("${EMPTY}", ""),
        ("'${HOST} $HOST $$ \\$'", "${HOST} $HOST $$ \\$"),
        ("costs 5$", "costs 5$"),
        ('"5$ or 6$, 7$"', "5$ or 6$, 7$"),
        ("$secret{db}", SECRETS["db"]),
        ("'$secret{db}'", SECRETS["db"]),
        ('"${HOST}-${sec:db}-${NONE:-d}"', f"h-{SECRETS['db']}-d"),
        ("'${HOST}-$secret{db}'", "${HOST}-" + SECRETS["db"]),
        ("${INHERITED}", "${HOST} $X $secret{db}"),
        ("${LATER}", ""),
    ],
)
def test_what_readers_agree_about_is_expanded_and_no_secret_is(path: Path, value: str, expected: str) -> None:
    text = f"HOST=h\nPORT=1\nEMPTY=\nA={value}\nLATER=x\n"
    assert _given(path, text, INHERITED="${HOST} $X $secret{db}", HOST="outside")["A"] == expected


def test_an_expanded_secret_stays_as_it_is(path: Path) -> None:
    assert _given(path, "DB='$secret{db}'\nA=<${DB}>\nB=${A}\n", HOST="h")["B"] == f"<{SECRETS['db']}>"


@pytest.mark.parametrize(
    "value",
    ["$HOST", "a$HOST", "${HOST-d}", "${HOST:?d}", "${HOST:+d}", "${HOST:-${PORT}}", "${HOST:-a{b}}", "$$", "$$HOST",
     "$1", "$(id)", '"\\$HOST"', "\\${HOST}", '"\\$ "', "${HOST", "${}", "${a b}", "${env:HOST}", "$env{HOST}",
     '"${NONE:-a\nb}"', "${HOST:-$secret{db}}", "$!", "${EMPTY:-d}", "${ALONE}", "${ALONE:-d}"],
)  # fmt: skip
def test_what_readers_dispute_is_refused_with_its_place_and_without_its_value(path: Path, value: str) -> None:
    with pytest.raises(CipherToolError) as e:
        _given(path, f"HOST=h\nEMPTY=\nALONE\n# c4n4ry\n\nexport A=c4n4ry{value}\n" if value[0] != '"' else
               f'HOST=h\nEMPTY=\nALONE\n#\n\nA="c4n4ry{value[1:]}\n')  # fmt: skip
    assert e.value.message.startswith(f"A of {path}:6: ")
    assert "c4n4ry" not in f"{e.value.message}{e.value.hint}"
    assert e.value.hint


def test_all_that_is_refused_is_told_at_once(path: Path) -> None:
    with pytest.raises(ProblemsError) as e:
        _given(path, "A=$B\nB='$B'\nC=${C-x}\n")
    assert [problem.message.split(":")[1] for problem in e.value.problems] == ["1", "3"]


def test_a_variable_that_is_withheld_does_not_come_back_by_expansion(path: Path) -> None:
    for name in ("STORE", "CIPHERTOOL_KEYSTORE_PASSWORD"):
        with pytest.raises(CipherToolError) as e:
            _given(path, f"A=${{{name}}}\n", Rules(passwords={"STORE"}), **{name: "c4n4ry"})
        assert f"--keep-environment {name}" in e.value.hint
        kept = Rules(passwords={"STORE"}, keep=[name])
        assert _given(path, f"A=${{{name}}}\n", kept, **{name: "value"}) == {"A": "value", name: "value"}


def test_a_name_without_a_value_leaves_the_variable_as_it_was(path: Path) -> None:
    assert _given(path, "A=1\nA\nB=2\n", A="outside") == {"A": "outside", "B": "2"}


@pytest.mark.parametrize("disputed", [False, True])
def test_random_files_become_what_python_dotenv_makes_of_them_or_are_refused(path: Path, *, disputed: bool) -> None:
    random = Random(7)  # noqa: S311 - for files, no secrets
    seen = [judged(path, made(random, disputed=disputed)) for _ in range(300)]
    assert seen.count("same") > (150 if not disputed else 25)
    assert "refused" in seen
