"""What a `svns:secretAlias` attribute stands for: a rule on names and values. Knows no tree and no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.rewriters.xml.select import TEXT, local

if TYPE_CHECKING:
    from collections.abc import Sequence

URI = "http://org.wso2.securevault"
"""What the runtime compares the start of a namespace with."""
NAMESPACE = f"{URI}/configuration"
PREFIX = "svns"
ATTRIBUTE = "secretAlias"
PASSWORD = "password"  # noqa: S105 - the word that stands where a secret was
DECLARATION = f'xmlns:{PREFIX}="{NAMESPACE}"'
MARK = f"  {DECLARATION}"
"""A declaration that this tool has added: two spaces before it, and last in the root's start tag."""


def is_alias(key: str) -> bool:
    """Tell whether an attribute's key is that of a secret alias, its prefix declared or not."""
    return key.endswith(ATTRIBUTE) and (
        key == f"{PREFIX}:{ATTRIBUTE}" or (key.startswith(f"{{{URI}") and key.endswith(f"}}{ATTRIBUTE}"))
    )


def named(alias: str, keys: Sequence[str]) -> str | None:
    """Return the key of the attribute that the alias's last dotted part names, or None."""
    name = alias.rpartition(".")[2]
    return next((key for key in keys if local(key) == name and not is_alias(key)), None)


def bearer(alias: str, text: str | None, attributes: Sequence[tuple[str, str]]) -> str | None:
    """Return the slot that an alias stands for, or None if that cannot be told.

    `text` is the element's value, or None for an element with child elements; `attributes` are in document order,
    the alias among them. The text comes first where there is one, then the attribute that the alias's last dotted
    part names, then the only attribute whose value is `password`, of several the one before the alias attribute,
    which is where this tool writes it.
    """
    if text:
        return TEXT
    keys = [key for key, _ in attributes]
    if name := named(alias, keys):
        return name
    candidates = [key for key, value in attributes if value == PASSWORD and not is_alias(key)]
    if len(candidates) > 1:
        place = next(place for place, key in enumerate(keys) if is_alias(key))
        candidates = [key for key in keys[max(place - 1, 0) : place] if key in candidates]
    if candidates:
        return candidates[0]
    several = any(value == PASSWORD and not is_alias(key) for key, value in attributes)
    return None if text is None or several else TEXT
