"""What plain scalars mean in YAML 1.1 as PyYAML reads it. Independent of documents and references."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver

_TEXT = re.compile(r"[yYnN]|[-+]?[0-9][0-9_]*(?:[eE][-+]?|\.[0-9_]*[eE])[0-9]+|[-+]_[0-9_]*|\._[0-9_]*", re.ASCII)
"""What YAML 1.1 reads as a boolean or a number, and PyYAML as text: `y`, `1e3`, `1.5e3`, `+_1`."""


class Resolver(VersionedResolver):
    """Decides what an untagged scalar is; it differs from YAML 1.1 only where PyYAML does."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Return the tag of a node."""
        if kind is ScalarNode and implicit[0] and _TEXT.fullmatch(value):
            implicit = (False, implicit[1])
        return super().resolve(kind, value, implicit)
