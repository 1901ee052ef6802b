"""Whether what stands at a place is a secret in clear: by the place, by the value, by the name. Knows no settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.detection import known_settings, names, patterns
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.judgement import judge
from ciphertool.detection.names import Strength, strength
from ciphertool.detection.verdicts import Outcome, Verdict
from ciphertool.secret import showing

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


class Suspect(NamedTuple):
    """A site whose name is that of a secret, or whose value looks like one, and what it is.

    The name that gave it away is not here: where it comes from another value of the document, it may be a secret
    itself.
    """

    site: Site
    verdict: Verdict

    def __repr__(self) -> str:
        return showing(self, "verdict")


class Detector:
    """Finds the suspects of one document. `candidates` are the indexes of the sites that can be one."""

    def __init__(self, path: str, outline: Outline) -> None:
        self._known = known_settings.known(path, outline)
        lasts = names.lasts(outline.keys)
        self._titles = _titles(outline, lasts)
        self.candidates = patterns.candidates(outline.values) | self._telling(outline, lasts)

    def suspects(self, sites: Iterable[Site]) -> Iterator[Suspect]:
        """Yield those of the candidates' sites of which there is something to say, with their verdicts."""
        for site in sites:
            if site.reference is None and (verdict := self._judge(site)) is not None:
                yield Suspect(site, verdict)

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

    def _judge(self, site: Site) -> Verdict | None:
        title = self._title(site.selector) if self._titles else None
        name = site.key if title is None else title
        verdict = _verdict(site, name, self._known)
        if verdict is None or self._known.is_harmless(site):
            return None
        if verdict.is_secret and site.value == name.rpartition(".")[2] and not site.value.islower():
            return Verdict(Outcome.NOT_A_SECRET, Evidence.NAME, "its own name", decided_by="harmless/its own name")
        return verdict


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


def _verdict(site: Site, name: str, known: known_settings.Known) -> Verdict | None:
    value = site.value.strip()
    if "=" in value and (assigned := _ASSIGNED.fullmatch(value)):  # an item of a list of environment variables
        name, value = assigned["name"], assigned["value"]
    if known.is_secret(site):
        return judge(Strength.PASSWORD, value, Evidence.KNOWN_PLACE)
    return judge(strength(name), value)
