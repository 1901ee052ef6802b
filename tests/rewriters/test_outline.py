"""Every vector's outline: it says of the sites what there is to say, and each can be picked by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciphertool.errors import CipherToolError
from ciphertool.rewriters import by_name
from ciphertool.testing import is_outlined

_VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@pytest.mark.parametrize("name", ["env", "ini", "json", "properties", "toml", "xml", "yaml"])
def test_every_vector_is_outlined(name: str) -> None:
    outlined = []
    for path in sorted((_VECTORS / name).iterdir()):
        try:
            document = by_name(name).parse(path.read_bytes())
        except CipherToolError:  # a vector of what is refused
            continue
        assert is_outlined(document), path
        outlined.append(path)
    assert len(outlined) >= 40


@pytest.mark.parametrize(
    ("name", "text", "marked"),
    [
        (
            "xml",
            '<a xmlns:svns="http://org.wso2.securevault/configuration"><b/><c svns:secretAlias="x" d="1">e</c></a>',
            2,
        ),
        ("xml", "<a><b>plain</b><c>x ${sec:y}</c><d>${carbon.home}</d></a>", 1),
        ("properties", "a=secretAlias:x\nb=y\nc=a secretAlias:x\n", 1),
        ("json", '{"a": "$secret{x}", "b": 1, "c": "${env:X}"}', 1),
    ],
)
def test_few_are_marked(name: str, text: str, marked: int) -> None:
    assert len(by_name(name).parse(text.encode()).outline().marked) == marked


def test_an_entity_of_a_dtd_is_read_as_in_the_sites() -> None:
    document = by_name("xml").parse(b'<!DOCTYPE a [<!ENTITY e "v">]><a><b>x&e;y</b><c d="&e;">z</c></a>')
    assert is_outlined(document)
    assert "z" in document.outline().values


def test_attributes_of_one_local_name_are_told_apart() -> None:
    document = by_name("xml").parse(b'<a xmlns:x="x" xmlns:y="y" x:n="1" n="2" y:n="3">4</a>')
    assert is_outlined(document)
    assert set(document.outline().selectors) == {"/a/@n[1]", "/a/@n[2]", "/a/@n[3]", "/a"}


def test_a_site_is_picked_in_its_document() -> None:
    document = by_name("yaml").parse(b"a: 1\n---\na: 2\n---\n- 3\n")
    assert [site.value for site in document.pick(["doc[2]$[0]", "doc[1]$['a']"])] == ["3", "2"]
