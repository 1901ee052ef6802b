"""YAML: the contract of every rewriter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from ciphertool.rewriters.jsonpath import normalized
from ciphertool.rewriters.yaml import YamlRewriter
from ciphertool.testing import RewriterContract

if TYPE_CHECKING:
    from collections.abc import Mapping


class TestYaml(RewriterContract):
    rewriter = YamlRewriter()
    documents = (
        b"password: hunter2\n",
        b"# c\r\na: 'it''s'   # d\r\nb:\r\n  - \"x\\ty\"\r\n  - plain text # e\r\n",
        b"\xef\xbb\xbfa: {b: c, d: ['e', \"f\"]}\n",
        "a: ü€😀 # 😀\nb: x\n".encode("utf-16"),
        b"a: |  # c\n  one\n  two\n\nb: >-\n  three\n  four\nc: multi\n  line\n",
        b"port: 8080\non: true\npi: 3.14\nday: 2001-01-01\nnothing: ~\nempty: ''\n",
        b"a: &x b\nc: *x\nd: &m {e: f}\ng:\n  <<: *m\n  h: !!str 12\n",
        b"a: 1\n---\na: two\n---\n- three\n",
        b"? k\n: v\n8080: w\n'q': z\n\"it's\": y\n",
        b"just text",
    )
    damaged = (
        b"a: c4n4ry-7d1f\nb: [\n",
        b"a: c4n4ry-7d1f\na: c4n4ry-7d1f\n",
        b"a:\n\tb: c4n4ry-7d1f\n",
        b"a: 'c4n4ry-7d1f\n",
        b"c4n4ry-7d1f: c4n4ry-7d1f: x\n",
        b"a: !e!c4n4ry-7d1f x\n",
        b'a: "\\c4n4ry-7d1f"\n',
        b"a: \xff c4n4ry-7d1f\n",
        b"a: c4n4ry-7d1f\x01\n",
        "a: c4n4ry-7d1f\u2028\n".encode(),
        b"[" * 501,
        b"%YAML 3.0\n--- c4n4ry-7d1f\n",
    )

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        text = data.decode("utf-16" if data[:1] == b"\xff" else "utf-8-sig")
        documents = [_texts(node) for node in YAML(typ="safe", pure=True).compose_all(text)]
        several = len(documents) > 1
        return {
            normalized(place, number if several else None): value
            for number, values in enumerate(documents)
            for place, value in values.items()
        }


def _texts(root: Any) -> dict[tuple[str | int, ...], str]:
    """Return the text of every scalar that stands in its place itself and is not null or empty."""
    found: dict[tuple[str | int, ...], str] = {}
    seen: set[int] = set()

    def visit(node: Any, place: tuple[str | int, ...]) -> None:
        if id(node) in seen:  # an alias
            return
        seen.add(id(node))
        if node.id == "mapping":
            for key, value in node.value:
                if key.id == "scalar":
                    visit(value, (*place, key.value))
        elif node.id == "sequence":
            for index, value in enumerate(node.value):
                visit(value, (*place, index))
        elif node.value and not node.tag.endswith(":null"):
            found[place] = node.value

    visit(root, ())
    return found
