"""HCL, as Terraform, Nomad and Packer use it: strings are targets, expressions and templates are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ciphertool import references
from ciphertool.errors import UnrepresentableValueError
from ciphertool.references import Syntax
from ciphertool.rewriters import hcl_data, jsonpath
from ciphertool.rewriters.base import Outline, Source
from ciphertool.rewriters.hcl_data import Expression
from ciphertool.rewriters.tree import TreeDocument, check_characters, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Site
    from ciphertool.rewriters.jsonpath import Location
    from ciphertool.rewriters.tree import Span

_ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"})
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
_TEMPLATE = re.compile(r"([$%])(?=\{)")


class HclDocument(TreeDocument):
    """A parsed HCL file. A block is a table under its type and labels; several of the same names are a list."""

    escapes = re.compile(r"\\|\$\$\{|%%\{")
    data: dict[str, Any]

    def __init__(self, source: Source) -> None:
        data, self._places = hcl_data.read(source)
        super().__init__(source, data)

    def places(self, locations: Collection[Location]) -> Mapping[Location, Span]:
        """Return the span of each of these scalars."""
        return {location: self._places[location] for location in locations}

    def outline(self) -> Outline:
        """Return all sites by their selectors, keys and values; an expression's value is its text."""
        selectors, keys, nodes = jsonpath.columns(self.data)
        values = [
            node.text if isinstance(node, Expression) else node if isinstance(node, str) else "" for node in nodes
        ]
        return Outline(selectors, keys, values, references.within(values))

    def refusal(self, location: Location, value: object) -> str | None:
        """Return why a location is not a target, or None."""
        if isinstance(value, Expression):
            what = "has a template, ${…} or %{…}" if value.is_template else "is an expression, not a string"
            return f"{jsonpath.dotted(location)} {what}"
        return super().refusal(location, value)

    def _spelled(self, site: Site, value: str) -> str:
        if not isinstance(self._value(jsonpath.steps(site.selector)), str):
            raise UnrepresentableValueError(site.selector, "the value there is not a plain string")
        check_characters(site.selector, value)
        if "\0" in value:
            raise UnrepresentableValueError(site.selector, "HCL cannot hold a NUL")
        return self.spell(value, "")

    def spell(self, value: str, spelled: str) -> str:  # noqa: ARG002 - a heredoc, too, becomes a string in quotes
        """Spell a value as a string in quotes."""
        text = _TEMPLATE.sub(r"\1\1", value.translate(_ESCAPES))
        return '"' + _TO_ESCAPE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + '"'


class HclRewriter:
    """HCL's native syntax; its JSON is JSON."""

    name = "hcl"
    suffixes = frozenset({".hcl", ".nomad", ".tf", ".tfvars", ".tofu"})
    syntax = Syntax.SECRET

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, it is UTF-8."""
        self._encoding = encoding

    def parse(self, data: bytes) -> HclDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` for what is not HCL."""
        return HclDocument(Source.decode(data, said=self._encoding))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> object:
        """Return a file's data with the references in its strings replaced; an expression is `${…}`, as in JSON."""
        return resolve(_written(self.parse(data).data), reveal)


def _written(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _written(child) for key, child in node.items()}
    if isinstance(node, list):
        return [_written(child) for child in node]
    if isinstance(node, Expression):
        return node.text[1:-1] if node.text.startswith('"') and node.is_template else f"${{{node.text}}}"
    return node
