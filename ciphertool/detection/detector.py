"""Whether what stands at a place is a secret in clear: by the place, by the value, by the name. Knows no settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.detection import known_settings, names, patterns
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.names import Strength, strength

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ciphertool.rewriters.base import Outline, Site

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


class Detector:
    """Finds the suspects of one document. `candidates` are the indexes of the sites that can be one."""

    def __init__(self, path: str, outline: Outline) -> None:
        self._known = known_settings.known(path, outline)
        lasts = names.lasts(outline.keys)
        self._titles = _titles(outline, lasts)
        self.candidates = patterns.candidates(outline.values) | self._telling(outline, lasts)

    def suspects(self, sites: Iterable[Site]) -> Iterator[Suspect]:
        """Yield those of the candidates' sites that hold a secret in clear, or a placeholder where one belongs."""
        for site in sites:
            if site.reference is None and site.value.strip() and (found := self._judge(site)) is not None:
                yield found

    def _telling(self, outline: Outline, lasts: Sequence[str]) -> set[int]:
        """Return the indexes of all sites whose name or place says something, by what is cheap to ask of every one."""
        found = names.telling(outline.keys, lasts)
        for index in [index for index, value in enumerate(outline.values) if "=" in value]:
            if (assigned := _ASSIGNED.match(outline.values[index].strip())) and strength(assigned["name"]):
                found.add(index)
        if self._known.secrets is not None:
            search = self._known.secrets.search
            found.update([index for index, key in enumerate(outline.keys) if search(key)])
        if pairs := [pair for pair, title in self._titles.items() if strength(title)]:
            titled = {f"{pair}{value}" for pair in pairs for value in ("", *_TITLED)}
            found.update([index for index, selector in enumerate(outline.selectors) if selector in titled])
        return found

    def _title(self, selector: str) -> str | None:
        """Return what names a site that is one part of a pair."""
        title = self._titles.get(selector)
        if title is None and selector.endswith(_TITLED):
            title = self._titles.get(_STEP.sub("", selector))
        return title

    def _judge(self, site: Site) -> Suspect | None:
        title = self._title(site.selector) if self._titles else None
        name = site.key if title is None else title
        found = _suspect(site, name, self._known)
        if found is None or self._known.is_harmless(site):
            return None
        return None if site.value == name.rpartition(".")[2] and not site.value.islower() else found


def _titles(outline: Outline, lasts: Sequence[str]) -> dict[str, str]:
    """Return what names the values of pairs, by the selectors of the pairs."""
    found: dict[str, str] = {}
    # A key ends as its selector does, and there are few of them.
    ends = {last for last in set(lasts) if last.endswith(_TITLE_KEYS)}
    for index in [index for index, last in enumerate(lasts) if last in ends]:
        selector, value = outline.selectors[index], outline.values[index]
        if selector.endswith(_TITLES) or (value == "password" and selector.endswith("type']")):
            found.setdefault(_STEP.sub("", selector), value)
    return found


def _suspect(site: Site, name: str, known: known_settings.Known) -> Suspect | None:
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
    if (kind := patterns.kind_of(site.value)) is not None:
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
