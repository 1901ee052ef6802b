"""What a `svns:secretAlias` attribute stands for: a rule on names and values. Independent of tree and text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.rewriters.xml.children import local
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

URI = "http://org.wso2.securevault"
"""What a namespace has to start with for the runtime."""
NAMESPACE = f"{URI}/configuration"
PREFIX = "svns"
ATTRIBUTE = "secretAlias"
PASSWORD = "password"  # noqa: S105 - the word that replaces a secret
DECLARATION = f'xmlns:{PREFIX}="{NAMESPACE}"'
MARK = f"  {DECLARATION}"
"""A declaration that this tool added: after two spaces, and last in the root's start tag."""


def is_alias(key: str) -> bool:
    """Return whether an attribute's key is that of a secret alias, with a declared or an undeclared prefix."""
    return key.endswith(ATTRIBUTE) and (
        key == f"{PREFIX}:{ATTRIBUTE}" or (key.startswith(f"{{{URI}") and key.endswith(f"}}{ATTRIBUTE}"))
    )


def named(alias: str, keys: Iterable[str]) -> str | None:
    """Return the key of the attribute that the alias's last dotted part names, or None."""
    name = alias.rpartition(".")[2]
    return next((key for key in keys if local(key) == name and not is_alias(key)), None)


def bearer(alias: str, text: str | None, attributes: Mapping[str, str]) -> str | None:
    """Return the slot that an alias stands for, or None if that is unclear.

    `text` is the element's value, or None for an element with child elements; `attributes` are in document order and
    include the alias. The text comes first if there is one, then the attribute that the alias's last dotted part names,
    then the only attribute whose value is `password`; of several, the one directly before the alias attribute, which is
    where this tool writes it.
    """
    if text:
        return TEXT
    if name := named(alias, attributes):
        return name
    candidates = [key for key, value in attributes.items() if value == PASSWORD and not is_alias(key)]
    if len(candidates) > 1:
        keys = list(attributes)
        place = next(place for place, key in enumerate(keys) if is_alias(key))
        return keys[place - 1] if place and keys[place - 1] in candidates else None
    if candidates:
        return candidates[0]
    return None if text is None else TEXT
