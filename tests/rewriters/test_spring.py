"""`.properties` of several documents: every value has a name of its own, and nothing else is read otherwise."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import javaproperties
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import NoMatchError, SelectorError
from ciphertool.rewriters import for_path
from ciphertool.rewriters.properties import PropertiesRewriter
from ciphertool.rewriters.spring import SpringRewriter
from ciphertool.testing import RewriterContract, is_outlined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Outcome

REWRITER = SpringRewriter()
_LINES = ("#---", "!---", "a=1", "a=2", "b:\\", "#--- ", "doc[0]a=3", " x", "#----")
THREE = b"""\
p=one
only=1
#---
p = two
 #--- no division
a = b\\
#---
q=4
!---
p: three
"""


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (THREE, b"a=1\n#---\nb=2\n", b"#---\r\na=1\r\n#---\r\na=2\r\n")
    damaged = (b"a=1\n#---\na=c4n4ry-7d1f\\u12\n",)

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        text = data.decode()
        divided = text.replace("\\\n#---", "~").replace("!---", "#---").replace("\r", "")
        values: dict[str, str] = {}
        pieces = [javaproperties.loads(piece) for piece in divided.split("#---\n")]
        for number, piece in enumerate(pieces):
            for key, value in piece.items():
                several = sum(key in other for other in pieces) > 1
                values[f"doc[{number}]{key}" if several else key] = value.replace("~", "#---")
        return values


def test_the_documents_of_a_file_are_divided_as_spring_does() -> None:
    document = for_path(PurePath("application.properties")).parse(THREE)
    sites = {site.selector: (site.key, site.value, document.number(site)) for site in document.sites()}
    assert sites == {
        "doc[0]p": ("p", "one", 0),
        "only": ("only", "1", 0),
        "doc[1]p": ("p", "two", 1),
        "a": ("a", "b#---", 1),
        "q": ("q", "4", 1),
        "doc[2]p": ("p", "three", 2),
    }


def test_a_key_of_several_documents_is_refused_without_a_number() -> None:
    several, third, none = REWRITER.parse(THREE).locate(["p", "doc[2]p", "doc[3]p"])
    assert isinstance(several, SelectorError)
    assert several.reason == "occurs on lines 1, 4 and 10"
    assert several.hint == "name the document: doc[0]p is in the first"
    assert isinstance(third, tuple)
    assert third[0].value == "three"
    assert isinstance(none, NoMatchError)


def test_a_key_twice_in_one_document_is_refused_there() -> None:
    first, second = REWRITER.parse(b"p=1\np=2\n#---\np=3\n").locate(["doc[0]p", "doc[1]p"])
    assert isinstance(first, SelectorError)
    assert first.reason == "occurs on lines 1 and 2"
    assert isinstance(second, tuple)


@given(st.lists(st.sampled_from(_LINES), max_size=8))
def test_a_file_loads_as_one_of_a_single_document(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    document = REWRITER.parse(data)
    assert REWRITER.load(data, str) == PropertiesRewriter().load(data, str)
    assert is_outlined(document)


@pytest.mark.parametrize(
    ("name", "text", "selector"),
    [
        ("a.properties", "p=c4n4ry-1\n#---\np=c4n4ry-2\n", ("doc[0]p", "doc[1]p")),
        ("a.yaml", "p: c4n4ry-1\n---\np: c4n4ry-2\n", ("$.p",)),
    ],
)
def test_an_alias_pattern_has_the_number_of_the_document(
    name: str, text: str, selector: tuple[str, ...], project: Path, run: Callable[..., Outcome]
) -> None:
    (project / "conf" / name).write_text(text)
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    for one in selector:
        settings += f'[[target]]\nfile = "conf/{name}"\nselector = "{one}"\nalias = "{{stem}}.{{doc}}.{{key}}"\n'
    (project / "ciphertool.toml").write_text(settings)
    assert run("protect").status == 0
    assert [run("get", f"a.{number}.p").out for number in (0, 1)] == ["c4n4ry-1\n", "c4n4ry-2\n"]
    assert run("resolve", f"conf/{name}").out == text
