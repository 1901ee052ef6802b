"""Whether what stands at a place is a secret in clear: by the place, by the value, by the name. Knows no settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import references
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
    titles = _titles(sites)
    known = places.known(path, sites)
    for site in _candidates(sites, titles, known):
        if site.reference is None and site.value.strip():
            title = _title(site, titles) if titles else None
            found = _judge(site, site.key if title is None else title, known)
            if found is not None:
                yield found


def _candidates(sites: Sequence[Site], titles: dict[str, str], known: places.Known) -> Iterator[Site]:
    """Yield every site that `_judge` may say something of, by what is cheap to ask of all of them."""
    by_value = patterns.candidates([site.value for site in sites])
    telling = {selector: title for selector, title in titles.items() if strength(title)}
    for index, site in enumerate(sites):
        if (
            strength(site.key)
            or index in by_value
            or ("=" in site.value and (assigned := _ASSIGNED.match(site.value.strip())) and strength(assigned["name"]))
            or known.is_secret(site)
            or (telling and _title(site, telling) is not None)
        ):
            yield site


def _titles(sites: Sequence[Site]) -> dict[str, str]:
    found: dict[str, str] = {}
    for site in sites:
        # The key ends as the selector does, and unlike that one it is short.
        if site.key.endswith(_TITLE_KEYS) and (
            site.selector.endswith(_TITLES) or (site.value == "password" and site.selector.endswith("type']"))
        ):
            found.setdefault(_STEP.sub("", site.selector), site.value)
    return found


def _title(site: Site, titles: dict[str, str]) -> str | None:
    """Return what names a site that is one part of a pair."""
    title = titles.get(site.selector)
    if title is None and site.selector.endswith(_TITLED):
        title = titles.get(_STEP.sub("", site.selector))
    return title


def _judge(site: Site, name: str, known: places.Known) -> Suspect | None:
    found = _suspect(site, name, known)
    if found is None or known.is_harmless(site):
        return None
    return None if site.value == name.rpartition(".")[2] and not site.value.islower() else found


def _suspect(site: Site, name: str, known: places.Known) -> Suspect | None:
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
    if kind := patterns.kind_of(site.value):
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
