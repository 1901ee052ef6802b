"""Expressions of settings: a group for the secret or the reference in its place, and never much time."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigError
from ciphertool.rewriters import expressions
from ciphertool.rewriters.expressions import Expression

if TYPE_CHECKING:
    from collections.abc import Sequence

CATASTROPHIC = (
    r"^(a|aa)+(?P<secret>$)",
    r"(a+)+(?P<secret>b)",
    r"(?P<secret>(a*)*)b",
    r"(?P<secret>(x+x+)+)y",
    r"(?P<secret>(?:(?:(?:a{1,100}){1,100}){1,10}){1,10})b",
    r"(?P<secret>(.*)*)\1x",
    r"(?=(a+)+(?P<secret>b))",
    r"(?P<secret>(?:a?){20}a{20})(?:a|aa)+b",
    r"^(([a-z])+.)+[A-Z](?P<secret>([a-z])+)$",
    r"(?P<secret>.*.*.*.*.*.*.*.*b)",
)
_PIECES = st.sampled_from(
    [
        "a",
        "b",
        "[ab]",
        "[^a]",
        ".",
        "\\w",
        "(?:a|b)",
        "(a)",
        "(?:ab)+",
        "a{2}",
        "b{0,3}",
        "a+",
        "b*?",
        "(?=a)",
        "\\b",
        "|",
    ]
)
_SIMPLE = st.tuples(st.lists(_PIECES, max_size=4), st.lists(_PIECES, max_size=3), st.lists(_PIECES, max_size=3)).map(
    lambda parts: "{}(?P<secret>{}){}".format(*map("".join, parts))
)


def _found(text: str, *lines: str) -> list[tuple[int, int, int]]:
    return [*Expression(text).find(lines)]


def test_it_finds_the_secret_or_a_reference_in_its_place() -> None:
    text = r"^pin=(?P<secret>\d{4})$"
    assert _found(text, "x", "pin=1234") == [(1, 4, 8)]
    for reference in ("$secret{a}", "${sec:a.b}", "{ciphertool:a}", "{ciphertool-verbatim:a}"):
        assert _found(text, f"pin={reference}") == [(0, 4, 4 + len(reference))]
    assert _found(text, "pin=$secret{}", "pin=${other}", "pin=12345") == []


def test_a_reference_is_never_found_in_part() -> None:
    assert _found("k=(?P<secret>[^}]+)", "k={ciphertool:a}") == [(0, 2, 16)]


@pytest.mark.parametrize(
    "before", [r"\(?P<secret>", "[(?P<secret>]", "(?#(?P<secret>)", "[](?P<secret>]", "(?:(?i:a))?"]
)
def test_the_group_is_found_behind_what_looks_like_it(before: str) -> None:
    lines = ("P<secret>$secret{a}", "($secret{a}")
    found = _found(f"{before}(?P<secret>x)", *lines)
    assert {lines[index][start:end] for index, start, end in found} == {"$secret{a}"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(?P<secret>c4n4ry", "not a regular expression: missing ), unterminated subpattern"),
        ("(c4n4ry)", "a regular expression must have a group (?P<secret>…)"),
        ("(?x)(?P<secret>c4n4ry) # (", "a regular expression cannot have the flag x"),
        ("(?P<secret>c4n4ry){e}", "a regular expression has a { that repeats nothing"),
        ("(?:c4n4ry{90}){900}(?P<secret>x)", "a regular expression is too large"),
        ("(?:" * 20 + "c4n4ry" + "+)" * 20 + "(?P<secret>x)", "a regular expression is too large"),
        ("(?P<secret>" + "x" * 2001 + ")", "a regular expression is too large"),
        ("(" * 3000 + "(?P<secret>x)" + ")" * 3000, "not a regular expression: too large"),
        ("(?P<secret>x{99999999999999999999})", "not a regular expression: too large"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Expression(text)
    assert caught.value.message == reason
    assert "c4n4ry" not in str(caught.value)


@given(_SIMPLE, st.lists(st.text("ab \n", max_size=12), max_size=3))
def test_it_matches_as_re_does(text: str, lines: Sequence[str]) -> None:
    try:
        compiled = re.compile(text)
        expression = Expression(text)
    except (re.error, ConfigError):
        return
    expected = [(n, *match.span("secret")) for n, line in enumerate(lines) for match in compiled.finditer(line)]
    assert [*expression.find(lines)] == expected


@pytest.mark.parametrize("text", CATASTROPHIC)
def test_no_expression_takes_long(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(expressions, "SECONDS", 0.2)
    expression = Expression(text)
    for line in ("a" * 50 + "!", "x" * 4000, "ab" * 3000):
        before = time.process_time()
        with contextlib.suppress(TimeoutError):
            [*expression.find([line] * 50)]
        assert time.process_time() - before < 1


def test_one_that_took_long_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expressions, "SECONDS", 0.1)
    expression = Expression(CATASTROPHIC[0])
    for _ in range(2):
        before = time.process_time()
        with pytest.raises(TimeoutError, match=r"has an expression that takes more than 0\.1 s of processor time"):
            [*expression.find(["a" * 60 + "!"])]
    assert time.process_time() - before < 0.02


def test_none_takes_much_memory() -> None:
    """Whatever is tried within its time, in a process of its own, whose peak is then known."""
    code = (
        "import resource\nfrom ciphertool.rewriters.expressions import Expression\n"
        f"for text in {CATASTROPHIC!r}:\n"
        "    try:\n        list(Expression(text).find(['a' * 100_000 + '!', 'xX.' * 30_000]))\n"
        "    except TimeoutError:\n        pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 1024
