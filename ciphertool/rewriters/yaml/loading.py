"""A YAML file's data with its references replaced. Independent of sites and spans."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, Literal

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.references import Reference
    from ciphertool.rewriters.yaml.document import YamlDocument

MAX_ENTRIES = 1_000_000
Version = Literal["1.1", "1.2"]

_NOT_PLAIN = "a tag or a value that is not plain data"
_VERSION = re.compile(r"^%YAML", re.MULTILINE)


def load(document: YamlDocument, reveal: Callable[[Reference], str], version: Version = "1.2") -> list[object]:
    """Return the data of every document of a file, its values with every reference revealed.

    Read by this version of YAML, or the one that a directive names, into Python's own types. 1.1 is read as PyYAML
    reads it. Keys are left as they are. Raise `ConfigSyntaxError` for what is not plain data, as unknown tags are.
    """
    if document.entries_with_merged() > MAX_ENTRIES:
        raise ConfigSyntaxError(f"merge keys that make more than {MAX_ENTRIES:,} entries", 1, 1)
    documents = _construct(document.source.text, version)
    pending: list[Any] = [documents]
    seen: set[int] = set()  # what several aliases share is revealed once: a secret is never scanned for references
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            pair = value if isinstance(value, tuple) else (value,)  # an entry of `!!pairs`
            if isinstance(pair[-1], str):
                revealed = references.substitute(pair[-1], reveal)
                node[key] = (*pair[:-1], revealed) if isinstance(value, tuple) else revealed
            elif isinstance(pair[-1], dict | list):
                pending.append(pair[-1])
    return documents


def _construct(text: str, version: Version) -> list[object]:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError

    # libyaml's composer refuses an anchor that is set twice, which YAML allows, and overlooks the directive.
    for pure in (True,) if _VERSION.search(text) else (False, True):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parser = YAML(typ="safe", pure=pure)
                if version == "1.1":
                    from ciphertool.rewriters.yaml.version_1_1 import Resolver

                    parser.version, parser.Resolver = version, Resolver
                return list(parser.load_all(text))
        except Exception as error:  # noqa: BLE001 - whatever a constructor trips over is a refusal, and quotes the text
            mark = getattr(error, "problem_mark", None)
            reason = "a duplicate key in a mapping" if isinstance(error, DuplicateKeyError) else _NOT_PLAIN
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    raise ConfigSyntaxError(reason, line, column)
