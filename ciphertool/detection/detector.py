"""Whether the value at a place is a secret in clear: by place, by value, by name. Independent of settings."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.detection import command_lists, grammars, hints, known_settings, names, patterns
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.judgement import Name, by_itself, judge, named, none
from ciphertool.detection.names import Strength, strength
from ciphertool.detection.verdicts import Confidence, Outcome, Verdict
from ciphertool.secret import repr_of

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
    "/env-entry-name",
    "/@property",
    "['name']",
    "['key']",
    "['Name']",
    ".name",
    ".key",
)
_TITLE_KEYS = ("name", "key", "id", "Name", "property", "type")
_TITLED = (
    "/@value",
    "/value",
    "/param-value",
    "/env-entry-value",
    "/@content",
    "['value']",
    "['Value']",
    ".value",
    "['default']",
)
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=(?P<value>[^\s=].*)", re.DOTALL)
_STEP = re.compile(r"(?:/@?[^/\[\]]+(?:\[\d+\])?|\[[^\[\]]*\]|\.[^.\[\]]+)$")


class Suspect(NamedTuple):
    """A site whose name is that of a secret or whose value looks like one, with the verdict.

    Its name is left out: if it comes from another value of the document, it may be a secret itself.
    """

    site: Site
    verdict: Verdict
    line: int = 0
    """The line of a secret within a multi-line value, else 0."""
    commented: bool = False
    """Whether the secret is in a comment within the value."""
    at: int | None = None
    """Where in the value to search for it; None if the value is judged as a whole."""

    def __repr__(self) -> str:
        return repr_of(self, "verdict")


class Detector:
    """Finds the suspects of one document. `candidates` are the indexes of the sites that can be suspects.

    `tokenless` is as in `hints.candidates`.
    """

    def __init__(self, path: str, outline: Outline, text: str = "", *, tokenless: bool = False) -> None:
        self._path, self._outline, self._text = path, outline, text
        self._known = known_settings.known(path, outline)
        lasts = names.lasts(outline.keys)
        options = command_lists.items_with_option(outline)
        self._titles = _titles(outline, lasts, options)
        self._operands: dict[str, int] = {}
        for index, at in command_lists.operands(outline, options):
            if at:
                self._operands[outline.selectors[index]] = at
            else:
                self._titles.setdefault(outline.selectors[index], "password")
        self.candidates = hints.candidates(outline.values, tokenless=tokenless) | self._telling(outline, lasts)

    def suspects(self, sites: Iterable[Site]) -> Iterator[Suspect]:
        """Yield the candidates' sites that have a verdict."""
        for site in sites:
            if site.reference is not None:
                continue
            verdict = self._judge(site)
            if verdict is not None and verdict.kind != grammars.REFERENCE:  # a reference is a value of its own
                yield Suspect(site, verdict)

    def _telling(self, outline: Outline, lasts: Sequence[str]) -> set[int]:
        """Return the indexes of all sites whose name or place may mean a secret, by cheap tests of every site."""
        found = names.telling(outline.keys, lasts)
        for index in [index for index, value in enumerate(outline.values) if "=" in value]:
            if (assigned := _ASSIGNED.match(outline.values[index].strip())) and strength(assigned["name"]):
                found.add(index)
        if self._known.secrets is not None and self._known.word in "\n".join(outline.keys):
            search = self._known.secrets.search
            found.update([index for index, key in enumerate(outline.keys) if search(key)])
        if begins := self._known.entries:
            found.update([index for index, selector in enumerate(outline.selectors) if selector.startswith(begins)])
        if pairs := [pair for pair, title in self._titles.items() if strength(title)]:
            titled = {f"{pair}{value}" for pair in pairs for value in ("", *_TITLED)}
            found.update([index for index, selector in enumerate(outline.selectors) if selector in titled])
        if self._operands:
            found.update([index for index, selector in enumerate(outline.selectors) if selector in self._operands])
        return found

    def _title(self, selector: str) -> str | None:
        """Return the name of a site that is one part of a pair."""
        title = self._titles.get(selector)
        if title is None and selector.endswith(_TITLED):
            title = self._titles.get(_STEP.sub("", selector))
        return title

    def _judge(self, site: Site) -> Verdict | None:
        value = site.value.strip()
        if (operand := self._operand(site)) is not None:
            return operand
        names = self._names(site)
        found = [judge(name, value, self._path) for name in names]
        if (
            "=" in value and "\n" not in value and (assigned := _ASSIGNED.fullmatch(value))
        ):  # as in a list of environment variables
            inner = named(assigned["name"])
            if inner.strong and not _CONNECTION.search(value):
                found = [judge(inner, assigned["value"], self._path)]
        verdict = max((each for each in found if each is not None), key=_weight, default=None)
        if verdict is None or verdict.evidence is Evidence.VALUE:
            return verdict
        return self._context(site, names, verdict) if verdict.is_secret else verdict

    def _operand(self, site: Site) -> Verdict | None:
        """Return the verdict on the password of a command in an item of a list, or None if there is none."""
        at = self._operands.get(site.selector)
        if at is None:
            return None
        verdict = judge(Name("password", Strength.PASSWORD, Evidence.VALUE), site.value[at:], self._path)
        is_secret = verdict is not None and verdict.is_secret and verdict.confidence > Confidence.DOUBTFUL
        return by_itself(patterns.COMMAND) if is_secret else verdict

    def _names(self, site: Site) -> list[Name]:
        """Return the names of a site: its key, its title, its place."""
        title = self._title(site.selector) if self._titles else None
        names = [named(site.key), *([named(title)] if title else [])]
        if self._known.is_secret(site):
            names = [Name(site.key, Strength.PASSWORD, Evidence.KNOWN_PLACE)]
        elif _SECRET.search(site.key) and _STEP.sub("", site.selector) in self._clients:
            names[0] = Name(site.key, Strength.PASSWORD)
        return names

    @cached_property
    def _clients(self) -> set[str]:
        """The selectors of all pairs and objects that state the id of a client, of which a `secret` is the password."""
        pairs = zip(self._outline.selectors, self._outline.keys, strict=True)
        return {_STEP.sub("", _ITEM.sub("", selector)) for selector, key in pairs if _CLIENT.search(key)}

    def _context(self, site: Site, names: Sequence[Name], verdict: Verdict) -> Verdict:
        """Return what a value with the name of a secret is in this document, at this place."""
        value = site.value.strip()
        if (harmless := self._known.why_harmless(site.key)) is not None:
            return none(verdict.evidence, harmless.reason, harmless.name, f"known settings/{harmless.name}")
        if names[0].evidence is Evidence.KNOWN_PLACE:
            return self._kept(site, names[0], verdict)
        if (tag := self._tag(site)) and (filled := grammars.read(f"!{tag} {value}", self._path)):
            reason, product = "a product fills it in", filled.product
            return Verdict(Outcome.PLACEHOLDER, verdict.evidence, reason, product, f"grammars/{product}")
        if _MESSAGE.fullmatch(value) and (_CATALOGUE.search(self._path) or (self._reads(value) and self._is_catalogue)):
            return none(verdict.evidence, "a text for people to read", "message", "harmless/message")
        return verdict

    def _kept(self, site: Site, name: Name, verdict: Verdict) -> Verdict:
        """Return the verdict on a value at a place where a product keeps a secret."""
        if self._known.is_about(site):
            reason = "the name of an account, an address or a certificate"
            return none(verdict.evidence, reason, "kubernetes", "known settings/kubernetes")
        value = self._known.decoded(site, site.value.strip())
        if self._known.is_entry(site) and strength(site.key) < Strength.TOKEN:
            if "\n" in site.value.strip():
                reason = "a file, in which each secret is judged"
                return none(verdict.evidence, reason, "kubernetes", "known settings/file")
            as_token = judge(name._replace(strong=Strength.TOKEN), value, self._path) or verdict
            if as_token.is_secret or as_token.kind not in ("word", "words"):
                return as_token
            reason = f"{verdict.reason}, but it may be a word"
            return verdict._replace(reason=reason, confidence=Confidence.DOUBTFUL)
        return judge(name, value, self._path) or verdict

    def _tag(self, site: Site) -> str:
        """Return the YAML tag of a site."""
        before = self._text[max(0, site.start - 60) : site.start]
        return found[1] if "!" in before and (found := _TAG.search(before)) else ""

    def _reads(self, value: str) -> bool:
        """Return whether a value can be a text for people, not a word; in YAML, which has many uses, a sentence."""
        if _YAML.search(self._path):
            return " " in value and value[:1].isupper()
        return " " in value or value[:1].isupper() or not value.isascii()

    @cached_property
    def _is_catalogue(self) -> bool:
        """Whether the document is a catalogue of messages, judging by most of its values."""
        values = [value for value in self._outline.values if value]
        return len(values) >= 8 and sum(map(_is_text, values)) > 0.4 * len(values)


_SECRET = re.compile(r"(?:^|[./@])secret$")
_CLIENT = re.compile(r"(?i)(?:^|[./@])(?:client[_-]?id|consumer[_-]?key|redirect[_-]?uris?(?:\.\d+)?)$")
_CONNECTION = re.compile(r"[;&]\s*\w+=")
_ITEM = re.compile(r"\[(\d+)\]$")
_FLAG = re.compile(r"[A-Za-z0-9][\w.-]*")
_YAML = re.compile(r"\.ya?ml\b")
_TAG = re.compile(r"!([\w:./-]+)[ \t]+(?:\[[^\]\n]*)?$")
_MESSAGE = re.compile(r"[^\d$%&/\\=+*#@<>]+|.* .*", re.DOTALL)
_CATALOGUE = re.compile(
    r"(?i)(?:^|/)(?:[\w.-]*[._-])?(?:messages?|localstrings|i18n|l10n|locales?|translations?|nls|strings)(?:[_.-][\w.-]+)?"
    r"\.(?:properties|json|ya?ml|xml)$|\.resx$|(?:^|/)(?:i18n|l10n|locales?|lang|languages|translations?|nls)/"
)


def _is_text(value: str) -> bool:
    """Return whether a value is more than a word, and neither a script nor a placeholder."""
    return " " in value and "\n" not in value and "{{" not in value


_ORDER = [Outcome.NOT_A_SECRET, Outcome.EXAMPLE, Outcome.PLACEHOLDER, Outcome.UNPROTECTED]


def _weight(verdict: Verdict) -> tuple[int, int, bool]:
    return _ORDER.index(verdict.outcome), verdict.confidence, verdict.evidence is Evidence.VALUE


def _titles(outline: Outline, lasts: Sequence[str], options: Sequence[int]) -> dict[str, str]:
    """Return the names of the values of pairs, by the selectors of the pairs."""
    found: dict[str, str] = {}
    # A key ends as its selector does, and there are few of them.
    ends = {last for last in set(lasts) if last.endswith(_TITLE_KEYS)}
    for index in [index for index, last in enumerate(lasts) if last in ends]:
        selector, value = outline.selectors[index], outline.values[index]
        if selector.endswith(_TITLES) or (value == "password" and selector.endswith("type']")):
            found.setdefault(_STEP.sub("", selector), value)
    _add_flags(found, outline, options)
    if any(selector.startswith("/plist/") for selector in outline.selectors[:1]):
        _add_plist(found, outline)
    return found


def _add_flags(titles: dict[str, str], outline: Outline, options: Sequence[int]) -> None:
    """Add the names of the items of a list that follow a command's flags: ["--admin-password", "x"]."""
    for index in options:
        flag, at = outline.values[index].lstrip("-"), _ITEM.search(outline.selectors[index])
        if at is not None and _FLAG.fullmatch(flag) and strength(flag) >= Strength.TOKEN:
            titles.setdefault(f"{outline.selectors[index][: at.start()]}[{int(at[1]) + 1}]", flag)


def _add_plist(titles: dict[str, str], outline: Outline) -> None:
    """Add the names of the values of a property list: the key before each, in the same dictionary."""
    keys: dict[str, str] = {}
    for selector, value in zip(outline.selectors, outline.values, strict=True):
        parent, _, last = selector.rpartition("/")
        if last.partition("[")[0] == "key":
            keys[parent] = value
        elif key := keys.pop(parent, ""):
            titles[selector] = key
