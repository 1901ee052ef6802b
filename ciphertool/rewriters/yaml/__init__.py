"""YAML files: references as `${sec:alias}`, spliced in so that nothing else changes. Independent of keys.

How references are written (and removed when the value is restored):

- A scalar in quotes keeps them: `"hunter2"` becomes `"${sec:a}"`, and back.
- A plain scalar becomes plain: `hunter2` becomes `${sec:a}`, and back. A value that YAML 1.1 or 1.2 would read as
  something other than text (`true`, `0123`, `1e3`, a date) is put in quotes: the application gets the string.
- If a plain reference does not record how to restore the value, the tag `!` does. To every reader of YAML it means
  "text", which a reference is anyway. `1234` becomes `! ${sec:a}`: it will be plain again, although it is a number.
  In a flow collection, where a reference must be quoted, `[hunter2]` becomes `[! "${sec:a}"]`. (Only a value with `:`
  or `?` comes back there in quotes: many readers refuse it plain.)
- A block scalar becomes one line; its header's comment and the blank lines after it stay. Its value comes back in
  double quotes, as does any value whose line ends or control characters need escapes.
- An anchor and the tag `!!str` stay. A value with any other tag, or behind an alias or a merge key, is refused.

A site's value is the scalar's text, `1234` for the number too, and empty for null. A file may hold several documents:
`$.a` applies to all of them, `doc[1]$.a` to the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Source
from ciphertool.rewriters.yaml.document import YamlDocument
from ciphertool.rewriters.yaml.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.rewriters.yaml.loading import Version

__all__ = ["YamlDocument", "YamlRewriter"]


class YamlRewriter:
    """The YAML format."""

    name = "yaml"
    suffixes = frozenset({".yaml", ".yml"})
    syntax = Syntax.SEC

    def __init__(self, encoding: str | None = None, version: Version = "1.2") -> None:
        """Read files in this encoding; without one, it is UTF-8, or UTF-16 with a byte order mark.

        `version` is the version of YAML by which `load` reads data; values are protected alike in both.
        """
        self._encoding = encoding
        self._version = version

    def with_version(self, version: Version) -> YamlRewriter:
        """Return a rewriter of the same encoding whose `load` reads this version of YAML."""
        return YamlRewriter(self._encoding, version)

    def parse(self, data: bytes) -> YamlDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError`, which never quotes the text."""
        return YamlDocument(Source.decode(data, said=self._encoding))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> object:
        """Return the file's data, every reference in a value replaced; a list if it holds several documents.

        What a reference stands for is a string whatever it looks like, and is not scanned again.
        """
        documents = load(self.parse(data), reveal, self._version)
        return documents[0] if len(documents) == 1 else documents or None
