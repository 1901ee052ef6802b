"""What is searched for before tokens are: it holds for every token, and finds one however a file spells it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ciphertool.audit import Subject, audit
from ciphertool.detection.hints import candidates, in_text, is_candidate
from ciphertool.detection.patterns import CREDENTIALS, KINDS, held
from ciphertool.detection.tokens import TOKENS
from tests.detection.test_tokens import VECTORS, mixed

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.detection.tokens import Token

_TOKEN = "gh" + "p_" + mixed(36)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: f"{token.kind} {token.leads}")
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_whatever_is_a_token_has_a_hint(token: Token, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(token.pattern, re.ASCII)))
    assert in_text(text)
    assert is_candidate(text)
    assert is_candidate(text, assigned=False)
    assert candidates(["-", text]) == {1}


@settings(max_examples=300, deadline=None)
@given(data=st.data(), kind=st.sampled_from([*KINDS, *CREDENTIALS]))
def test_whatever_is_held_has_a_hint(data: st.DataObject, kind: str) -> None:
    text = data.draw(st.from_regex(re.compile((KINDS | CREDENTIALS)[kind], re.ASCII)))
    assume(kind != "password in a command line" or re.match(r"\s?--?[A-Za-z]", text))  # as every option's name begins
    if len(text) >= 8:  # as long as what is looked into
        assert is_candidate(text)
        assert 1 in candidates(["-", text])


@pytest.mark.parametrize(("kind", "value"), VECTORS, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(VECTORS)])
def test_hints_stand_in_the_line_of_the_token(kind: str, value: str) -> None:
    text = f"a: 1\nb: {value}\nc: 2\n"
    lines = {text.count("\n", 0, position) for position in in_text(text)}
    assert lines == {1}
    assert kind in [each.kind for each in held(text)]


def test_a_text_without_a_token_has_no_hint() -> None:
    assert in_text("url: https://example.com/a/b\nclass: org.example.Main\nname: a_long_name_of_a_setting_2\n") == []


_SPELLED = {
    "a.json": '{"a": "ESCAPED"}',
    "a.toml": 'a = "ESCAPED"\n',
    "a.yaml": 'a: "ESCAPED"\n',
    "folded.yaml": 'a: "\\\n  TOKEN"\n',
    "joined.yaml": 'a: "HALF\\\n  REST"\n',
    "a.properties": "a=ESCAPED\n",
    "joined.properties": "a=HALF\\\n  REST\n",
    "a.ini": "[a]\nb = TOKEN\n",
    "a.env": "A='TOKEN'\n",
    "a.xml": "<a><b>HALF&#x52;REST</b></a>",
    "comment.xml": "<a><b>HALF<!-- x -->REST</b></a>",
    "instruction.xml": "<a><b>HALF<?x?>REST</b></a>",
    "section.xml": "<a><b><![CDATA[HALF]]>REST</b></a>",
    "later.xml": "<a><b>HALF<![CDATA[REST]]></b></a>",
}


@pytest.mark.parametrize("name", _SPELLED)
def test_a_token_is_found_however_it_is_spelled(name: str, tmp_path: Path) -> None:
    half, rest = _TOKEN[:10], _TOKEN[10:]
    text = _SPELLED[name].replace("TOKEN", _TOKEN).replace("ESCAPED", f"\\u{ord(_TOKEN[0]):04x}{_TOKEN[1:]}")
    text = text.replace("HALF&#x52;REST", f"{half}&#x{ord(rest[0]):x};{rest[1:]}")
    (tmp_path / name).write_text(text.replace("HALF", half).replace("REST", rest))
    report = audit([Subject(tmp_path)], now=datetime(2026, 1, 1, tzinfo=UTC))
    assert [(finding.rule.id, finding.place.path) for finding in report.findings] == [("CT004", name)]
