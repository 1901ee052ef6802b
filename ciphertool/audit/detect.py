"""Whether what stands at a place is a secret in clear: by the place, by the value, by the name. Knows no settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import names, references
from ciphertool.audit import patterns, places
from ciphertool.audit.model import Evidence
from ciphertool.names import Strength, strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.rewriters.base import Site

# Where a setting is a pair, one part names it: <parameter name="password">x</parameter>, {name: DB_PASSWORD, value: x}.
_TITLES = (
    "/@name",
    "/@key",
    "/@id",
    "/name",
    "/key",
    "/param-name",
    "/@property",
    "['name']",
    "['key']",
    "['Name']",
    ".name",
    ".key",
)
_TITLE_KEYS = ("name", "key", "id", "Name", "property", "type")
_TITLED = ("/@value", "/value", "/param-value", "/@content", "['value']", "['Value']", ".value", "['default']")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=(?P<value>\S.*)", re.DOTALL)
_STEP = re.compile(r"(?:/@?[^/\[\]]+(?:\[\d+\])?|\[[^\[\]]*\]|\.[^.\[\]]+)$")


@dataclass(frozen=True, slots=True)
class Suspect:
    """A site that is one for a secret.

    `kind` says of a value what it is; `placeholder`, that something else fills it in. The name that gave it away is
    not here: where it comes from another value of the document, it may be a secret itself.
    """

    site: Site
    evidence: Evidence
    kind: str = ""
    placeholder: bool = False


def suspects(path: str, sites: Sequence[Site]) -> Iterator[Suspect]:
    """Yield the sites of one document that hold a secret in clear, or a placeholder where one belongs."""
    keys = [site.key for site in sites]
    titles = _titles(sites, keys)
    known = places.known(path, sites)
    by_value = patterns.candidates([site.value for site in sites])
    for index in sorted(by_value | _telling(sites, keys, titles, known)):
        site = sites[index]
        if site.reference is None and site.value.strip():
            title = _title(site, titles) if titles else None
            kind = patterns.kind_of(site.value) if index in by_value else None
            found = _judge(site, site.key if title is None else title, known, kind)
            if found is not None:
                yield found


def _telling(sites: Sequence[Site], keys: Sequence[str], titles: dict[str, str], known: places.Known) -> set[int]:
    """Return the indexes of all sites whose name or place says something, by what is cheap to ask of every one."""
    found = names.telling(keys)
    for index in [index for index, site in enumerate(sites) if "=" in site.value]:
        if (assigned := _ASSIGNED.match(sites[index].value.strip())) and strength(assigned["name"]):
            found.add(index)
    if known.secrets is not None:
        search = known.secrets.search
        found.update([index for index, key in enumerate(keys) if search(key)])
    if telling := {selector: title for selector, title in titles.items() if strength(title)}:
        found.update(index for index, site in enumerate(sites) if _title(site, telling) is not None)
    return found


def _titles(sites: Sequence[Site], keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    # A key ends as its selector does, and has fewer ends to try.
    for site in [sites[index] for index, key in enumerate(keys) if key.endswith(_TITLE_KEYS)]:
        if site.selector.endswith(_TITLES) or (site.value == "password" and site.selector.endswith("type']")):
            found.setdefault(_STEP.sub("", site.selector), site.value)
    return found


def _title(site: Site, titles: dict[str, str]) -> str | None:
    """Return what names a site that is one part of a pair."""
    title = titles.get(site.selector)
    if title is None and site.selector.endswith(_TITLED):
        title = titles.get(_STEP.sub("", site.selector))
    return title


def _judge(site: Site, name: str, known: places.Known, kind: str | None) -> Suspect | None:
    found = _suspect(site, name, known, kind)
    if found is None or known.is_harmless(site):
        return None
    return None if site.value == name.rpartition(".")[2] and not site.value.islower() else found


def _suspect(site: Site, name: str, known: places.Known, kind: str | None) -> Suspect | None:
    value = site.value.strip()
    if "=" in value and (assigned := _ASSIGNED.fullmatch(value)):  # an item of a list of environment variables
        name, value = assigned["name"], assigned["value"]
    is_known = known.is_secret(site)
    strong = Strength.PASSWORD if is_known else strength(name)
    if (
        strong >= Strength.TOKEN
        and not patterns.is_ciphertext(value)
        and (references.is_placeholder(value) or patterns.is_template(value))
    ):
        return Suspect(site, Evidence.NAME, placeholder=True)
    if kind is not None:
        return Suspect(site, Evidence.VALUE, kind)
    if strong is not Strength.NONE and is_secret(strong, value):
        return Suspect(site, Evidence.KNOWN_PLACE if is_known else Evidence.NAME)
    return None


def is_secret(strong: Strength, value: str) -> bool:
    """Tell whether a value under a name of that strength is a secret in clear."""
    if (
        strong is Strength.NONE
        or patterns.is_template(value)
        or patterns.is_switch(value)
        or patterns.is_example(value)
        or patterns.is_ciphertext(value)
    ):
        return False
    if strong is Strength.PASSWORD:
        return not patterns.is_pointer(value)
    return patterns.looks_like_token(value) if strong is Strength.TOKEN else patterns.is_random(value)
